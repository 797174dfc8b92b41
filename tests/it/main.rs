//! Behaviour, over HTTP and through domain operations, on both databases.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod claims;
mod crash;
mod faults;
mod harness;
mod secrecy;
mod spine;

//! Behaviour, over HTTP and through domain operations, on both databases.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod cases;
mod claims;
mod crash;
mod faults;
mod harness;
mod reports;
mod secrecy;
mod sign_in;
mod spine;
mod walks;

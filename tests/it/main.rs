//! Behaviour, over HTTP and through domain operations, on both databases.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod api_document;
mod authorisation;
mod bad_acts;
mod bad_input;
mod cases;
mod claims;
mod crash;
mod danger;
mod deliveries;
mod demo;
mod faults;
mod harness;
mod input_echo;
mod later;
mod libraries;
mod matching;
mod operators;
mod outbound;
mod paging;
mod reports;
mod schema;
mod secrecy;
mod sign_in;
mod spine;
mod structure;
mod walks;
mod walls;
mod webhooks;

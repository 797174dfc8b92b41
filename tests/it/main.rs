//! Behaviour, over HTTP and through domain operations, on both databases.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod api_document;
mod authorisation;
mod bad_acts;
mod bad_input;
mod harness;
mod input_echo;
mod schema;
mod spine;
mod structure;
mod walls;

//! Behaviour, over HTTP and through domain operations, on both databases.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod api_document;
mod audit;
mod authorisation;
mod bad_acts;
mod bad_input;
mod browser;
mod cases;
mod claims;
mod crash;
mod danger;
mod declared;
mod deliveries;
mod demo;
mod editions;
mod faults;
mod flow_walks;
mod flows;
mod harness;
mod input_echo;
mod languages;
mod later;
mod libraries;
mod matching;
mod operators;
mod outbound;
mod owed;
mod paging;
mod platform_names;
mod public_pages;
mod publishing;
mod replaced;
mod reports;
mod rights;
mod schema;
mod secrecy;
mod sign_in;
mod spine;
mod starting;
mod structure;
mod tampering;
mod verifying;
mod walks;
mod walls;
mod webhooks;

//! What is written down beside the thing itself: the record, owed work, answers kept under their keys, the platforms' log,
//! rows that are in the way of a job.

pub mod again;
pub mod audit;
pub mod events;
pub mod idempotency;
pub mod outbox;
pub mod seen;
pub mod stumbles;
mod tables;

pub(in crate::domain) use tables::TABLES;

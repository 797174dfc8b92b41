//! Reading: queues, and the case for colleagues.

mod content;
mod pages;
mod parts;
pub mod queues;
mod read;
mod tables;

pub use read::{CaseSummary, CaseView, Page, record, summary, view};
pub(in crate::domain) use tables::TABLES;

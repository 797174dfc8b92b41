//! Reading: queues, and the case for colleagues.

mod content;
pub mod queues;
mod read;

pub use read::{CaseSummary, CaseView, summary, view};

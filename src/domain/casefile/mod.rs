//! Reading: queues, and the case for colleagues.

mod contact;
mod content;
mod kept;
mod pages;
mod parts;
pub mod queues;
mod read;
pub mod related;
mod tables;
pub mod timeline;

pub use contact::{contact, record_contact};
pub use content::ReportInCase;
pub use kept::record_and_keep;
pub use read::{CaseSummary, CaseView, ClockView, Page, RequestInCase, record, summary, view};
pub(in crate::domain) use tables::TABLES;

//! Reading: queues, and the case for colleagues.

mod contact;
mod content;
mod kept;
mod pages;
mod parts;
pub mod queues;
mod read;
pub mod related;
pub mod shared;
mod tables;
pub mod timeline;

pub use contact::{contact, record_contact};
pub use content::ReportInCase;
pub use kept::KeptView;
pub use read::{
    CaseSummary, CaseView, ClockView, Page, RequestInCase, record, record_and_keep, summary, view, view_on_page,
};
pub(in crate::domain) use tables::TABLES;

//! Who may prove to be whom.

pub mod platforms;
pub mod staff;
mod tables;

pub(in crate::domain) use tables::TABLES;

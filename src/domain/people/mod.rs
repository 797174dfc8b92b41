//! Who may prove to be whom.

pub mod door;
pub mod partners;
pub mod platforms;
pub mod staff;
mod tables;
pub mod tokens;

pub(in crate::domain) use tables::TABLES;

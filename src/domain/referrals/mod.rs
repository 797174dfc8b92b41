//! Hand-overs to services: who could help with a case, and what a survivor agreed to.

pub mod consents;
pub mod routing;
mod tables;

pub(in crate::domain) use tables::TABLES;

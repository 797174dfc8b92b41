//! What is noticed across cases, and whether the whole is sound.

pub mod looks;
pub mod matching;
mod naming;
pub mod renewal;
pub mod soundness;
mod tables;
pub mod together;
pub mod waiting;

pub(in crate::domain) use tables::TABLES;

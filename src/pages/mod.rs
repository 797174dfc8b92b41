//! What pages are made of.

pub mod charts;

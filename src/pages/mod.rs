//! What pages are made of. Everything here gets plain values and knows neither cases nor statistics, so that every surface
//! can use it.

pub mod charts;
pub mod fields;
pub mod figures;
pub mod frame;
pub mod shell;
pub mod spans;
pub mod writing;

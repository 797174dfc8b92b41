//! Terms of the field as data: what things are called and how they are written. Nothing here is stored.

pub mod acknowledgement;
pub mod identifiers;
pub mod region;
pub mod taxonomy;
pub mod words;

//! Terms of the field as data: what things are called and how they are written. Nothing here is stored.

pub mod identifiers;

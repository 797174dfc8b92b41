//! Terms of the field as data: what things are called and how they are written. Nothing here is stored.

pub mod acknowledgement;
pub mod contact;
pub mod identifiers;
mod mode;
pub mod periods;
pub mod places;
pub mod region;
pub mod taxonomy;
pub mod words;

pub use mode::Mode;

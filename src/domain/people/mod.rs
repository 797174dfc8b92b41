//! Who may prove to be whom.

pub mod platforms;
pub mod staff;

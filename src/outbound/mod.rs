//! What the service sends out by itself: mail to colleagues, and the operator's pager. What is said in it is decided
//! in the domain; here is only how it leaves.

mod mail;
mod pager;

pub use mail::{Mailer, NotSent, is_address};
pub use pager::{Pager, Ring};

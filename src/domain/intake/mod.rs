//! Reports: what a platform submits, once, and never changes; later words are additions.

mod additions;
pub mod body;
mod chat;
mod contact;
mod dates;
mod facts;
mod found;
mod hint_words;
mod hints;
mod left_out;
mod members;
mod names;
pub mod open;
mod opened;
mod places;
mod read;
mod reader;
mod ready;
mod receipt;
mod renamed;
mod said;
mod subject;
mod submit;
mod tables;
#[cfg(test)]
mod tests;

pub(in crate::domain) use additions::{Added, several as several_additions};
pub use additions::{add, country_of, withdraw};
pub use found::{Found, LeftOut};
pub(in crate::domain) use left_out::of_sources as left_out_of;
pub use opened::{Sent, read_body};
pub use read::{ReportView, find, find_by_reference, list};
pub use reader::{LONGEST, Taken, read_addition, read_report};
pub use ready::{ReadyAddition, ReadyReport, Sender, ready_addition, ready_report};
pub use receipt::{AdditionReceipt, NotAccepted, Receipt};
pub(in crate::domain) use renamed::{Anew, anew};
pub use submit::submit;
pub(in crate::domain) use submit::{IdentityPart, StatementPart};
pub(in crate::domain) use tables::TABLES;

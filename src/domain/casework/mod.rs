//! What colleagues do with a case: claims, notes, priority, acts of two, decisions, links, requests.

pub mod acts;
mod alarms;
mod ask;
pub(in crate::domain) mod claims;
pub mod colleagues;
mod decide;
pub(in crate::domain) mod links;
mod moved;
pub(in crate::domain) mod notes;
pub mod priority;
pub mod requests;
mod review;
pub mod rights;
mod tables;
mod transition;
mod withdrawal;

pub use alarms::{case_of_clock, clocks_to_tell, tell_of_clock};
pub use ask::ask;
pub(in crate::domain) use claims::{LEASE, LONGEST_HOLD, RESERVED, bring_back, write_claim};
pub use claims::{assign, claim, heartbeat, release};
pub use claims::{claims_lapsed, end_hold, holds_ended, lapse};
pub use decide::{Closing, decide};
pub use links::link;
pub(in crate::domain) use links::link_one_pair;
pub use notes::{NewNote, NoteView, Records, write_note};
pub(in crate::domain) use priority::{facts, facts_of, notice, page_if_left};
pub use priority::{mark_unreadable, out_of_queue, place_anew, reassess_failed, without_rules};
pub(in crate::domain) use review::note_reading;
pub(in crate::domain) use tables::TABLES;
pub use transition::{Transition, transition};

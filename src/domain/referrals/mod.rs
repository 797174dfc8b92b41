//! Hand-overs to services: who could help with a case, what a survivor agreed to, and each referral from its draft to its end. None
//! rests without a clock that rings or an end that somebody was told of.

mod answers;
mod board;
pub mod consents;
pub mod counts;
mod drafts;
mod ends;
mod failures;
mod guards;
mod keeping;
mod kept;
mod late;
pub mod notices;
mod others;
pub mod partners;
pub mod routing;
mod shape;
pub mod state;
mod steps;
mod tables;
mod view;

pub use answers::{Answer, ByPhone, by_phone};
pub use board::{OnBoard, Wanted, board};
pub use drafts::{Sending, draft, send, sign};
pub use ends::{Replacement, Withdrawal, replace, share, withdraw};
pub(in crate::domain) use keeping::ends;
pub use keeping::forget_sheets;
pub use late::{note_wish, tell_of_clock};
pub use notices::Notice;
pub use shape::{HandOver, InterpreterNeeded, NewReferral, Place, Sheet, SheetWay};
pub use steps::{By, DeclineReason, Outcome, Said, Step, StepView};
pub(in crate::domain) use tables::TABLES;
pub use view::{ReferralList, ReferralView, Remark, list, record, record_with_consents, to_ring};

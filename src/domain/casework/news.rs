//! Whether a mail that is owed is still worth sending, for those that stand on work with a case; of all others the pager's room
//! says it.

use super::acts;
use super::hand_overs;
use crate::base::id::StaffId;
use crate::domain::paging::{self, Notice};
use crate::domain::unit::Look;
use crate::error::Result;

/// Whether the mail still has something to say to this person.
///
/// # Errors
/// What the database says.
pub fn is_current(rx: &mut Look<'_>, notice: &Notice, to: &StaffId) -> Result<bool> {
    match notice {
        Notice::Second { act } => acts::is_asked(rx, act, to),
        Notice::Offer { case, until } => hand_overs::stands(rx, case, to, *until),
        Notice::HandedOver { case } => hand_overs::is_kept(rx, case, to),
        Notice::Page { .. }
        | Notice::EmptyShift { .. }
        | Notice::Wall
        | Notice::Left
        | Notice::UnsafeContact
        | Notice::OfferOver
        | Notice::NotTaken
        | Notice::Unseen
        | Notice::FactorClosed
        | Notice::FactorOpen
        | Notice::ColleagueShutOut
        | Notice::StaleServices => paging::is_current(rx, notice, to),
    }
}

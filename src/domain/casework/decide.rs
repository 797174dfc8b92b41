//! The decision: how a case ends.

use super::acts::{self, Done};
use super::claims;
use super::moved;
use super::notes::{self, Records};
use super::requests::{self, RequestState};
use super::review;
use super::rights::{self, Cause};
use super::withdrawal;
use crate::base::secret::silent;
use crate::domain::access::{Acting, Decide, Grant};
use crate::domain::case::standing;
use crate::domain::case::{Action, Case, Outcome};
use crate::domain::triage::Priority;
use crate::domain::unit::{Look, Unit};
use crate::error::rules::Casework;
use crate::error::{Conflict, Error, Result};

/// A decision.
pub struct Closing {
    /// How it ends.
    pub outcome: Outcome,
    /// Why, for colleagues.
    pub reason: String,
}

/// Closes a case that its holder has read. What ends help for somebody who may be in danger waits for a second person, and
/// so does "unfounded".
///
/// # Errors
/// `Conflict` when the case cannot be closed from where it stands, or a hand-over is under way that nobody accepted, `Unread` when more was said than was read in this claim;
/// `Invalid` without a reason, and for a withdrawal that nobody may take as one (see [`super::withdrawal`]).
pub fn decide(tx: &mut Unit<'_>, grant: Grant<Decide>, closing: &Closing) -> Result<Done> {
    let (mut case, who) = grant.into_parts();
    claims::require_reason(&closing.reason)?;
    may_close(tx, &case)?;
    may_end_so(tx, &case, closing.outcome)?;
    if waits_for_two(tx, &case, closing.outcome, &who)? {
        let act = acts::propose_closing(tx, &case, &who, closing)?;
        return Ok(Done::Pending(act));
    }
    crate::domain::casework::notes::write_reason(tx, &case.id, &who, &closing.reason)?;
    close(tx, &mut case, closing.outcome)?;
    Ok(Done::Now(Box::new(case)))
}

/// Whether its holder can close the case as it stands, whatever the outcome.
pub(super) fn may_close(rx: &mut Look<'_>, case: &Case) -> Result<()> {
    case.next(Action::Close)?;
    if standing::of(rx, &case.id)?.referral_open {
        return Err(Conflict::ReferralOpen.into());
    }
    review::require_read(case)
}

/// Whether all stands on record that an outcome asks for: the wish and the check of a withdrawal, and what an outcome says of
/// the platform, which must be true because statistics are made of it.
pub(super) fn may_end_so(rx: &mut Look<'_>, case: &Case, outcome: Outcome) -> Result<()> {
    let (states, from, action): (&[RequestState], _, _) = match outcome {
        Outcome::PlatformActed => {
            (&[RequestState::Done, RequestState::PartlyDone], "no answer of the platform", "close as platform_acted")
        }
        Outcome::PlatformRefused => {
            let refused = &[RequestState::Declined, RequestState::PartlyDone];
            (refused, "no refusal of the platform", "close as platform_refused")
        }
        Outcome::PlatformSilent => (&[RequestState::Overdue], "no overdue request", "close as platform_silent"),
        Outcome::Withdrawn => return withdrawal::check(rx, case),
        Outcome::SupportedElsewhere => return is_supported(rx, case),
        Outcome::RecordedOnly | Outcome::UnableToContact | Outcome::Unfounded => return Ok(()),
    };
    let is_true = requests::any_in(rx, &case.id, states)?;
    if is_true { Ok(()) } else { Err(Conflict::Transition { from, action }.into()) }
}

/// Whether help came, as far as anybody put on record: a service accepted a hand-over, or somebody confirmed it.
fn is_supported(rx: &mut Look<'_>, case: &Case) -> Result<()> {
    if standing::of(rx, &case.id)?.referral_accepted || notes::any_recording(rx, &case.id, Records::SupportConfirmed)? {
        return Ok(());
    }
    Err(Error::invalid("/outcome", Casework::NoSupport))
}

/// Whether nobody closes this case so alone: to call a report abuse; to end help for somebody in danger with nothing done;
/// and to say that others help her, or that the platform was silent, where nobody else has read what she said. What the
/// platform answered stands on record.
pub(super) fn waits_for_two(rx: &mut Look<'_>, case: &Case, outcome: Outcome, who: &Acting) -> Result<bool> {
    let urgent = case.gravest() <= Priority::P1;
    match outcome {
        Outcome::Unfounded => Ok(true),
        Outcome::Withdrawn | Outcome::UnableToContact | Outcome::RecordedOnly => Ok(urgent),
        Outcome::SupportedElsewhere | Outcome::PlatformSilent => {
            Ok(urgent && !review::is_known_to_others(rx, case, who)?)
        }
        Outcome::PlatformActed | Outcome::PlatformRefused => Ok(false),
    }
}

/// Closes a case. What its platform was asked stays asked: a late answer is still taken. What waits for a second person does
/// not outlive the case.
pub(super) fn close(tx: &mut Unit<'_>, case: &mut Case, outcome: Outcome) -> Result<()> {
    moved::move_along(tx, case, Action::Close, Some(outcome))?;
    rights::void_all(tx, &case.id, Cause::CaseClosed)?;
    claims::end(tx, case, Cause::CaseClosed.as_str())
}

silent! { Closing }

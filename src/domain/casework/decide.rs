//! The decision: how a case ends.

use super::acts::{self, Done};
use super::claims;
use super::moved;
use super::requests::{self, RequestState};
use super::rights::{self, Cause};
use crate::base::secret::silent;
use crate::domain::access::{Decide, Grant};
use crate::domain::case::{Action, Case, Outcome};
use crate::domain::unit::Unit;
use crate::error::{Conflict, Result};

/// A decision.
pub struct Closing {
    /// How it ends.
    pub outcome: Outcome,
    /// Why, for colleagues.
    pub reason: String,
}

/// Closes a case. "Unfounded" waits for a second person.
///
/// # Errors
/// `Conflict` when the case cannot be closed from where it stands; `Invalid` without a reason.
pub fn decide(tx: &mut Unit<'_>, grant: Grant<Decide>, closing: &Closing) -> Result<Done> {
    let (mut case, who) = grant.into_parts();
    claims::require_reason(&closing.reason)?;
    case.next(Action::Close)?;
    if closing.outcome == Outcome::Unfounded {
        let act = acts::propose_unfounded(tx, &case.id, &who, &closing.reason)?;
        return Ok(Done::Pending(act));
    }
    crate::domain::casework::notes::write_reason(tx, &case.id, &who, &closing.reason)?;
    close(tx, &mut case, closing.outcome)?;
    Ok(Done::Now(Box::new(case)))
}

/// Closes a case. What an outcome says of the platform must be true: statistics are made of it. What it was asked stays
/// asked: a late answer is still taken. What waits for a second person does not outlive the case.
pub(super) fn close(tx: &mut Unit<'_>, case: &mut Case, outcome: Outcome) -> Result<()> {
    let needed: Option<(&[RequestState], _, _)> = match outcome {
        Outcome::PlatformActed => Some((
            &[RequestState::Done, RequestState::PartlyDone],
            "no answer of the platform",
            "close as platform_acted",
        )),
        Outcome::PlatformRefused => Some((
            &[RequestState::Declined, RequestState::PartlyDone],
            "no refusal of the platform",
            "close as platform_refused",
        )),
        Outcome::PlatformSilent => Some((&[RequestState::Overdue], "no overdue request", "close as platform_silent")),
        Outcome::SupportedElsewhere
        | Outcome::RecordedOnly
        | Outcome::Withdrawn
        | Outcome::UnableToContact
        | Outcome::Unfounded => None,
    };
    if let Some((states, from, action)) = needed
        && !requests::any_in(tx, &case.id, states)?
    {
        return Err(Conflict::Transition { from, action }.into());
    }
    moved::move_along(tx, case, Action::Close, Some(outcome))?;
    rights::void_all(tx, &case.id, Cause::CaseClosed)?;
    claims::end(tx, case)
}

silent! { Closing }

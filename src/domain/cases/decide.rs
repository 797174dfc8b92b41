//! The decision: how a case ends.

use super::acts::{self, Done};
use super::{Action, Case, Outcome, claims, store};
use crate::base::secret::silent;
use crate::db::Tx;
use crate::domain::Kit;
use crate::domain::access::{Decide, Grant};
use crate::domain::requests;
use crate::domain::staff::Member;
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
pub fn decide(tx: &mut Tx<'_>, kit: &Kit, grant: Grant<Decide, Case>, who: &Member, closing: &Closing) -> Result<Done> {
    let mut case = grant.into_row();
    claims::require_reason(&closing.reason)?;
    case.next(Action::Close)?;
    if closing.outcome == Outcome::Unfounded {
        let act = acts::propose_unfounded(tx, kit, &case.id, who, &closing.reason)?;
        return Ok(Done::Pending(act));
    }
    super::notes::write_reason(tx, kit, &case.id, who, &closing.reason)?;
    close(tx, &mut case, closing.outcome)?;
    Ok(Done::Now(Box::new(case)))
}

/// Closes a case. What the platform was asked stays asked: a late answer is still taken.
pub(super) fn close(tx: &mut Tx<'_>, case: &mut Case, outcome: Outcome) -> Result<()> {
    if outcome == Outcome::PlatformActed && !requests::any_answered(tx, &case.id)? {
        return Err(
            Conflict::Transition { from: "no answer of the platform", action: "close as platform_acted" }.into()
        );
    }
    store::move_along(tx, case, Action::Close, Some(outcome))?;
    claims::end(tx, case)
}

silent! { Closing }

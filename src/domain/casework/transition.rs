//! What a colleague does with a case by naming an action of the state table.

use super::claims;
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::domain::access::{self, Grant, Read, Reopen, Work};
use crate::domain::case::{Action, Case};
use crate::domain::unit::Unit;
use crate::error::rules::Casework;
use crate::error::{Error, Result};

/// A move that somebody wants.
pub struct Transition {
    /// Which.
    pub action: Action,
    /// Why; required to hold and to reopen.
    pub reason: String,
    /// Until when to hold, at most 72 hours ahead.
    pub until: Option<Timestamp>,
}

/// Moves a case that the colleague may read. Each action asks for a right of its own.
///
/// # Errors
/// What `access` says of that right; `Invalid` for an action that belongs to a request or a decision, and for what the
/// action asks for beside it; `Conflict` when it leads nowhere from where the case stands.
pub fn transition(tx: &mut Unit<'_>, seen: Grant<Read>, wanted: &Transition) -> Result<Case> {
    let (case, who) = seen.into_parts();
    match wanted.action {
        Action::Start => {
            let grant = access::case::<Work>(tx, &who, &case.id)?;
            claims::start(tx, grant)
        }
        Action::Hold => {
            let grant = access::case::<Work>(tx, &who, &case.id)?;
            claims::hold(tx, grant, &wanted.reason, wanted.until)
        }
        Action::Resume => {
            let grant = access::case::<Reopen>(tx, &who, &case.id)?;
            claims::resume(tx, grant)
        }
        Action::Reopen => {
            let grant = access::case::<Reopen>(tx, &who, &case.id)?;
            claims::reopen(tx, grant, &wanted.reason)
        }
        Action::AskPlatform | Action::PlatformAnswered | Action::Close => {
            Err(Error::invalid("/action", Casework::NotATransition))
        }
    }
}

silent! { Transition }

//! A proposal that whoever made it takes back.

use diesel::prelude::*;

use super::{ActKind, ActState};
use crate::base::id::{ActId, StaffId};
use crate::db::schema::acts;
use crate::domain::access::{Grant, Read};
use crate::domain::case::Case;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::people::staff::{self, Member};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::{Conflict, Error, Forbidden, Result};

/// Takes a proposal back. That is for whoever made it, by whichever of their accounts, and for nobody else.
///
/// # Errors
/// `NotFound` when the case has no such act; `Proposer` when somebody else proposed it; `ActDecided`, `ActVoid` or
/// `ActWithdrawn` when it waits no longer.
pub fn withdraw(tx: &mut Unit<'_>, grant: Grant<Read>, id: &ActId) -> Result<Case> {
    let (case, who) = grant.into_parts();
    let kind = may_withdraw(tx, &case, &who, id)?;
    // The case's row is locked, and whoever signs locks it too.
    diesel::update(acts::table.find(id).filter(acts::state.eq(ActState::Pending)))
        .set((acts::state.eq(ActState::Withdrawn), acts::decided_by.eq(&who.id), acts::decided_at.eq(tx.now())))
        .execute(tx.conn())?;
    let event = Event::ActWithdrawn { act: id.clone(), act_kind: kind.as_str() };
    audit::record(tx, Owner::case(&case.id), event)?;
    Ok(case)
}

/// Whether this person may take the act back now. Says which kind it is.
pub(in crate::domain::casework) fn may_withdraw(
    rx: &mut Look<'_>,
    case: &Case,
    who: &Member,
    id: &ActId,
) -> Result<ActKind> {
    let of_case = acts::table.find(id).filter(acts::case_id.eq(&case.id));
    let (kind, state, proposed_by): (ActKind, ActState, StaffId) =
        of_case.select((acts::kind, acts::state, acts::proposed_by)).first(rx.conn())?;
    if staff::person_of(rx, &proposed_by)?.is_none_or(|person| person != who.person) {
        return Err(Error::Forbidden(Forbidden::Proposer));
    }
    match state {
        ActState::Pending => Ok(kind),
        ActState::Approved | ActState::Refused => Err(Conflict::ActDecided.into()),
        ActState::Void => Err(Conflict::ActVoid.into()),
        ActState::Withdrawn => Err(Conflict::ActWithdrawn.into()),
    }
}

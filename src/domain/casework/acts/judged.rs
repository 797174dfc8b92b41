//! Whether a second person may decide now about what waits: asked when they do, and when they are told what is open to them.

use diesel::prelude::*;

use super::super::{decide, priority, requests, review};
use super::{ActKind, ActState, Body, open};
use crate::base::id::{ActId, CaseId, StaffId};
use crate::db::perhaps::readable;
use crate::db::schema::acts;
use crate::domain::access;
use crate::domain::case::{Action, Case};
use crate::domain::people::staff::{self, Member};
use crate::domain::unit::Look;
use crate::domain::vault::{Notes, Sealed};
use crate::error::{Conflict, Error, Forbidden, Result};

/// An act that the second person may decide.
pub(super) struct Judged {
    pub(super) kind: ActKind,
    pub(super) proposed_by: StaffId,
    /// What it does, where it is approved.
    pub(super) body: Option<Body>,
}

/// Whether this person may decide about the act now, so or so.
///
/// # Errors
/// As [`super::sign`].
pub(super) fn judge(rx: &mut Look<'_>, case: &Case, who: &Member, id: &ActId, approve: bool) -> Result<Judged> {
    let (kind, state, proposed_by, sealed): (ActKind, ActState, StaffId, Sealed<Notes>) = acts::table
        .find(id)
        .filter(acts::case_id.eq(&case.id))
        .select((acts::kind, acts::state, acts::proposed_by, acts::body))
        .first(rx.conn())?;
    if staff::person_of(rx, &proposed_by)?.is_some_and(|person| person == who.person) {
        return Err(Error::Forbidden(Forbidden::SecondPerson));
    }
    match state {
        ActState::Pending if access::bar(rx, &proposed_by, case, kind.right())?.is_none() => {}
        // Their right has ended at this very moment.
        ActState::Pending | ActState::Void => return Err(Conflict::ActVoid.into()),
        ActState::Approved | ActState::Refused => return Err(Conflict::ActDecided.into()),
        ActState::Withdrawn => return Err(Conflict::ActWithdrawn.into()),
    }
    if !approve {
        return Ok(Judged { kind, proposed_by, body: None });
    }
    let kept = open(rx, &case.id, id, &sealed)?;
    if kept.content_at != case.content_at {
        return Err(Conflict::ActOutdated.into());
    }
    review::require_known(rx, case, &who.id)?;
    still_stands(rx, case, &kept.body)?;
    Ok(Judged { kind, proposed_by, body: Some(kept.body) })
}

/// Whether this person may decide about the act now, so or so: see [`super::sign`].
pub(in crate::domain::casework) fn may_decide(
    rx: &mut Look<'_>,
    case: &Case,
    who: &Member,
    id: &ActId,
    approve: bool,
) -> Result<()> {
    judge(rx, case, who, id, approve).map(drop)
}

/// The acts of the case that wait, the oldest first.
pub(in crate::domain::casework) fn waiting_in(rx: &mut Look<'_>, case: &CaseId, limit: i64) -> Result<Vec<ActId>> {
    let waiting = acts::table.filter(acts::case_id.eq(case).and(acts::state.eq(ActState::Pending)));
    let ids = waiting.order((acts::proposed_at, acts::id)).limit(limit).select(acts::id).load(rx.conn())?;
    Ok(readable(ids))
}

/// Whether nothing else has come in or was judged since something was proposed, and it can be done.
fn still_stands(rx: &mut Look<'_>, case: &Case, body: &Body) -> Result<()> {
    let newest = priority::newest_seq(rx, &case.id)?;
    match body {
        Body::LowerPriority(lowering) => {
            let stands = newest == lowering.assessed && case.raised_priority == lowering.raised;
            if stands { Ok(()) } else { Err(Conflict::ActOutdated.into()) }
        }
        Body::Close { outcome, assessed, .. } => {
            if newest != *assessed {
                return Err(Conflict::ActOutdated.into());
            }
            case.next(Action::Close)?;
            decide::may_end_so(rx, case, *outcome)
        }
        Body::AskPlatform(request) => requests::may_be_approved(rx, case, request),
    }
}

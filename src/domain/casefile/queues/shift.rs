//! What goes on just now in the cases that a person sees: alarms that ring, the next clocks to pass, and what is set aside. Nobody
//! is counted or ranked by it.

use diesel::prelude::*;

use super::stands_in;
use crate::base::id::{CaseId, StaffId};
use crate::base::time::Timestamp;
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::{alarms, cases as table, clocks};
use crate::domain::access::{self, Act, Acting};
use crate::domain::case;
use crate::domain::case::clocks::ClockKind;
use crate::domain::case::{Case, State};
use crate::domain::terms::Mode;
use crate::domain::triage::Queue;
use crate::domain::unit::Look;
use crate::error::{Error, Forbidden, Result};

/// So many alarms and holds are shown.
const SHOWN: i64 = 50;
/// So many clocks.
const CLOCKS: i64 = 10;

/// What goes on just now.
#[derive(Debug)]
pub struct Shift {
    /// Alarms that ring, the one that began first before the others.
    pub alarms: Vec<Ringing>,
    /// The next clocks to pass.
    pub next: Vec<Next>,
    /// What is set aside, the first to come back before the others.
    pub holds: Vec<Case>,
}

/// An alarm that rings.
#[derive(Debug)]
pub struct Ringing {
    /// Of which case.
    pub case: Case,
    /// Since when.
    pub since: Timestamp,
    /// Whom it told when it rang last.
    pub told: Vec<StaffId>,
    /// How often it has rung.
    pub rings: i64,
}

/// A clock that will pass.
#[derive(Debug)]
pub struct Next {
    /// Of which case.
    pub case: Case,
    /// What is due.
    pub kind: ClockKind,
    /// When.
    pub due_at: Timestamp,
}

/// What goes on in the real cases that this person sees.
///
/// # Errors
/// `Forbidden` for a role that sees no case.
pub fn shift(rx: &mut Look<'_>, who: &Acting) -> Result<Shift> {
    if !access::may_ever(who.role, Act::Read) {
        return Err(Error::Forbidden(Forbidden::Role));
    }
    let queues: Vec<Queue> = Queue::ALL.iter().copied().filter(|queue| access::sees(who, *queue)).collect();
    Ok(Shift { alarms: ringing(rx, who, &queues)?, next: next(rx, who, &queues)?, holds: holds(rx, who, &queues)? })
}

type RingingRow = (Perhaps<CaseId>, Perhaps<Timestamp>, Perhaps<String>, Perhaps<i64>);

fn ringing(rx: &mut Look<'_>, who: &Acting, queues: &[Queue]) -> Result<Vec<Ringing>> {
    let rows: Vec<RingingRow> = alarms::table
        .inner_join(table::table.on(table::id.eq(alarms::case_id)))
        .filter(alarms::closed_at.is_null())
        .filter(table::queue.eq_any(queues.to_vec()).or(stands_in(queues)))
        .filter(diesel::dsl::not(access::walled(&who.id)))
        .order((alarms::opened_at, alarms::case_id))
        .limit(SHOWN)
        .select((alarms::case_id, alarms::opened_at, alarms::told.assume_not_null(), alarms::rings))
        .load(rx.conn())?;
    let cases = cases_of(rx, rows.iter().filter_map(|row| row.0.0.clone()))?;
    let ringing = |(id, since, told, rings): RingingRow| {
        let case = cases.iter().find(|case| Some(&case.id) == id.0.as_ref())?.clone();
        let told = told.0.iter().flat_map(|told| told.split(' ')).filter_map(|id| id.parse().ok()).collect();
        Some(Ringing { case, since: since.0?, told, rings: rings.0? })
    };
    // One that has not rung yet rings nowhere.
    Ok(rows.into_iter().filter_map(ringing).filter(|alarm| alarm.rings > 0).collect())
}

fn next(rx: &mut Look<'_>, who: &Acting, queues: &[Queue]) -> Result<Vec<Next>> {
    let now = rx.now();
    let rows: Vec<(Perhaps<CaseId>, Perhaps<ClockKind>, Perhaps<Timestamp>)> = clocks::table
        .inner_join(table::table.on(table::id.eq(clocks::case_id)))
        .filter(clocks::met_at.is_null().and(clocks::stopped_at.is_null()).and(clocks::due_at.gt(now)))
        .filter(table::mode.eq(Mode::Live).and(table::state.ne(State::Closed)))
        .filter(table::queue.eq_any(queues.to_vec()).or(stands_in(queues)))
        .filter(diesel::dsl::not(access::walled(&who.id)))
        .order((clocks::due_at, clocks::id))
        .limit(CLOCKS)
        .select((clocks::case_id, clocks::kind, clocks::due_at))
        .load(rx.conn())?;
    let cases = cases_of(rx, rows.iter().filter_map(|row| row.0.0.clone()))?;
    let next = |(id, kind, due_at): (Perhaps<CaseId>, Perhaps<ClockKind>, Perhaps<Timestamp>)| {
        let case = cases.iter().find(|case| Some(&case.id) == id.0.as_ref())?.clone();
        Some(Next { case, kind: kind.0?, due_at: due_at.0? })
    };
    Ok(rows.into_iter().filter_map(next).collect())
}

fn holds(rx: &mut Look<'_>, who: &Acting, queues: &[Queue]) -> Result<Vec<Case>> {
    let now = rx.now();
    let ids = table::table
        .filter(table::held_until.gt(now).and(table::mode.eq(Mode::Live)).and(table::state.eq(State::OnHold)))
        .filter(table::queue.eq_any(queues.to_vec()).or(stands_in(queues)))
        .filter(diesel::dsl::not(access::walled(&who.id)))
        .order((table::held_until, table::id))
        .limit(SHOWN)
        .select(table::id);
    let ids: Vec<CaseId> = readable(ids.load(rx.conn())?);
    let mut cases = case::readable(rx, &ids)?;
    cases.sort_by(|one, other| (one.held_until, &one.id).cmp(&(other.held_until, &other.id)));
    Ok(cases)
}

fn cases_of(rx: &mut Look<'_>, ids: impl Iterator<Item = CaseId>) -> Result<Vec<Case>> {
    let ids: Vec<CaseId> = ids.collect();
    case::readable(rx, &ids)
}

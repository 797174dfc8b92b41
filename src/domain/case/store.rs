//! The rows of cases: every statement that changes one stands here.

use std::time::Duration;

use diesel::prelude::*;
use diesel::result::Error as DieselError;

use super::clocks;
use super::keeping;
use super::{Case, Outcome, State, sort_rank};
use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::db::AnyConnection;
use crate::db::dialect::native;
use crate::db::nearest::OrLast;
use crate::db::schema::{case_queues, cases};
use crate::domain::ledger::audit::Head;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

/// The case with this id, whoever asks. Callers outside the domain get cases through `domain::access`.
pub(in crate::domain) fn find(rx: &mut Look<'_>, id: &CaseId) -> Result<Option<Case>> {
    Ok(cases::table.find(id).select(Case::as_select()).first(rx.conn()).optional()?)
}

/// The case with this id, or the next one in the order of ids, or the last one where none is next: a search that finds nothing
/// then reads as much as one that finds a case which must not be told of.
pub(in crate::domain) fn find_or_next(rx: &mut Look<'_>, id: &CaseId) -> Result<Option<Case>> {
    let nearest = cases::table.filter(cases::id.ge(OrLast::of(id.as_str()))).order(cases::id);
    match nearest.select(Case::as_select()).first(rx.conn()).optional() {
        // One that cannot be read stands in nobody's way but its own.
        Err(DieselError::DeserializationError(_)) => find(rx, id),
        found => Ok(found?),
    }
}

/// Those of the cases that can be read.
pub(in crate::domain) fn readable(rx: &mut Look<'_>, ids: &[CaseId]) -> Result<Vec<Case>> {
    let rows = cases::table.filter(cases::id.eq_any(ids.to_vec())).select(Case::as_select()).load(rx.conn());
    match (rows, ids) {
        (Err(DieselError::DeserializationError(_)), [] | [_]) => Ok(Vec::new()),
        (Err(DieselError::DeserializationError(_)), _) => {
            let (some, others) = ids.split_at(ids.len() / 2);
            let mut rows = readable(rx, some)?;
            rows.extend(readable(rx, others)?);
            Ok(rows)
        }
        (rows, _) => Ok(rows?),
    }
}

/// The case with this id, whoever asks, with its row locked until the transaction ends.
pub(in crate::domain) fn find_locked(tx: &mut Unit<'_>, id: &CaseId) -> Result<Option<Case>> {
    if let AnyConnection::Postgres(conn) = tx.conn() {
        let locked = cases::table.find(id).select(Case::as_select()).for_no_key_update();
        return Ok(locked.first(conn).optional()?);
    }
    // Whoever writes there is alone.
    find(tx, id)
}

/// What the row of a new case holds beside what its readers know.
pub(in crate::domain) struct Beside {
    /// The pair of accounts that it stands for.
    pub(in crate::domain) pair: Option<[u8; 32]>,
    /// The keyed hash over all whom it names.
    pub(in crate::domain) names_mac: Vec<u8>,
    /// Where its chain ends.
    pub(in crate::domain) head: Head,
}

/// Inserts the row of a case that is being opened; `false` when the pair of accounts has one by now.
pub(in crate::domain) fn insert(tx: &mut Unit<'_>, case: &Case, beside: Beside) -> Result<bool> {
    let Beside { pair, names_mac, head } = beside;
    let row = (
        (
            cases::id.eq(&case.id),
            cases::platform_id.eq(&case.platform_id),
            cases::mode.eq(case.mode),
            cases::pair_digest.eq(pair.map(|pair| pair.to_vec())),
            cases::category.eq(case.category),
            cases::child.eq(case.child),
            cases::state.eq(case.state),
            cases::queue.eq(case.queue),
        ),
        (
            cases::priority.eq(case.priority),
            cases::priority_source.eq(case.priority_source),
            cases::computed_priority.eq(case.computed_priority),
            cases::next_due_at.eq(case.next_due_at),
            cases::sort_rank.eq(case.sort_rank),
            cases::received_at.eq(case.received_at),
            cases::audit_seq.eq(head.seq),
            cases::audit_head.eq(head.hash),
            cases::version.eq(case.version),
            cases::match_at.eq(case.received_at),
            cases::region.eq(case.region),
            cases::content_at.eq(case.content_at),
            cases::names_mac.eq(names_mac),
        ),
    );
    let added =
        native!(tx.conn(), |c| diesel::insert_into(cases::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(added == 1)
}

/// Sets the pair of accounts that the case stands for. With none, a later report of theirs opens a case anew.
pub(in crate::domain) fn set_pair(tx: &mut Unit<'_>, id: &CaseId, pair: Option<Vec<u8>>) -> Result<()> {
    diesel::update(cases::table.find(id)).set(cases::pair_digest.eq(pair)).execute(tx.conn())?;
    Ok(())
}

/// Sets the keyed hash over all whom the case names.
pub(super) fn set_names_mac(tx: &mut Unit<'_>, id: &CaseId, mac: Vec<u8>) -> Result<()> {
    diesel::update(cases::table.find(id)).set(cases::names_mac.eq(mac)).execute(tx.conn())?;
    Ok(())
}

/// Has the case compared with others again.
pub(in crate::domain) fn compare_again(tx: &mut Unit<'_>, id: &CaseId) -> Result<()> {
    diesel::update(cases::table.find(id)).set(cases::match_at.eq(tx.now())).execute(tx.conn())?;
    Ok(())
}

/// Notes that the case was compared, unless it was to be compared again since.
pub(in crate::domain) fn note_compared(tx: &mut Unit<'_>, id: &str, since: Option<Timestamp>) -> Result<()> {
    diesel::update(cases::table.filter(cases::id.eq(id).and(cases::match_at.eq(since))))
        .set(cases::match_at.eq(None::<Timestamp>))
        .execute(tx.conn())?;
    Ok(())
}

/// Puts the case in its place in the queue again, after its clocks or its priority changed.
pub(in crate::domain) fn requeue(tx: &mut Unit<'_>, case: &mut Case) -> Result<()> {
    let due = clocks::next_due(&clocks::of_case(tx, &case.id)?);
    case.next_due_at = due;
    case.sort_rank = sort_rank(case.priority, due);
    diesel::update(cases::table.find(&case.id))
        .set((cases::next_due_at.eq(due), cases::sort_rank.eq(case.sort_rank)))
        .execute(tx.conn())?;
    if case.also.is_some() { stand(tx, case) } else { Ok(()) }
}

/// Puts the case in its place in the other queues that it stands in, and out of those that it has left.
fn stand(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    diesel::delete(case_queues::table.filter(case_queues::case_id.eq(&case.id))).execute(tx.conn())?;
    for queue in case.queues().into_iter().skip(1) {
        let row = (
            case_queues::case_id.eq(&case.id),
            case_queues::queue.eq(queue),
            case_queues::mode.eq(case.mode),
            case_queues::state.eq(case.state),
            case_queues::category.eq(case.category),
            case_queues::sort_rank.eq(case.sort_rank),
        );
        diesel::insert_into(case_queues::table).values(row).execute(tx.conn())?;
    }
    Ok(())
}

/// Notes the queues of the groups that joined. Where the case stands follows with its place.
pub(in crate::domain) fn set_also(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    diesel::update(cases::table.find(&case.id)).set(cases::also.eq(&case.also)).execute(tx.conn())?;
    Ok(())
}

/// Counts a change that matters to whoever works on the case.
pub(in crate::domain) fn bump(tx: &mut Unit<'_>, case: &mut Case) -> Result<()> {
    case.version += 1;
    diesel::update(cases::table.find(&case.id)).set(cases::version.eq(case.version)).execute(tx.conn())?;
    Ok(())
}

/// Sets where the case stands and how it ended, as of now.
pub(in crate::domain) fn set_state(
    tx: &mut Unit<'_>,
    case: &mut Case,
    to: State,
    outcome: Option<Outcome>,
) -> Result<()> {
    case.state = to;
    case.version += 1;
    case.outcome = outcome;
    case.closed_at = (to == State::Closed).then(|| tx.now());
    if to != State::OnHold {
        case.held_until = None;
    }
    diesel::update(cases::table.find(&case.id))
        .set((
            cases::state.eq(to),
            cases::version.eq(case.version),
            cases::outcome.eq(outcome),
            cases::closed_at.eq(case.closed_at),
            cases::held_until.eq(case.held_until),
        ))
        .execute(tx.conn())?;
    // What is kept is kept for its time from this close.
    match case.closed_at {
        Some(closed_at) => keeping::begin(tx, &case.id, closed_at),
        None => keeping::end(tx, &case.id),
    }
}

/// Sets who holds the case, and until when. Leases are no change of version. What its holder has read and done ends with
/// the claim.
pub(in crate::domain) fn set_holder(tx: &mut Unit<'_>, case: &mut Case) -> Result<()> {
    if case.claimed_until.is_none() {
        case.read_at = None;
        case.acted_at = None;
    }
    diesel::update(cases::table.find(&case.id))
        .set((
            cases::assigned_to.eq(&case.assigned_to),
            cases::claimed_until.eq(case.claimed_until),
            cases::reserved_until.eq(case.reserved_until),
            cases::held_until.eq(case.held_until),
            cases::read_at.eq(case.read_at),
            cases::acted_at.eq(case.acted_at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Notes that more was said in the case: nobody has read all of it yet.
pub(in crate::domain) fn note_content(tx: &mut Unit<'_>, case: &mut Case) -> Result<()> {
    // A clock that is set back, or stands, gives two growths no one instant: what was read of one is not all.
    case.content_at = tx.now().max(case.content_at.plus(Duration::from_millis(1)));
    case.read_at = None;
    case.acted_at = None;
    diesel::update(cases::table.find(&case.id))
        .set((
            cases::content_at.eq(case.content_at),
            cases::read_at.eq(case.read_at),
            cases::acted_at.eq(case.acted_at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Sets the priority in force and where it comes from, with the queue that follows from it.
pub(in crate::domain) fn set_priority(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    diesel::update(cases::table.find(&case.id))
        .set((
            cases::priority.eq(case.priority),
            cases::priority_source.eq(case.priority_source),
            cases::computed_priority.eq(case.computed_priority),
            cases::raised_priority.eq(case.raised_priority),
            cases::lowering_act.eq(&case.lowering_act),
            cases::queue.eq(case.queue),
            cases::child.eq(case.child),
            cases::version.eq(case.version),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// When the case's first deadlines of a kind would come, for reservations.
pub(in crate::domain) const fn earlier(a: Timestamp, b: Timestamp) -> Timestamp {
    if a.micros() <= b.micros() { a } else { b }
}

/// A wish to withdraw is a change for whoever works on the case, and moves nothing: the case and its clocks go on.
pub(in crate::domain) fn note_withdrawal(tx: &mut Unit<'_>, case: &CaseId) -> Result<()> {
    match find(tx, case)? {
        Some(mut case) => bump(tx, &mut case),
        None => Ok(()),
    }
}

//! The rows of cases: every statement that changes one stands here.

use diesel::prelude::*;
use diesel::result::Error as DieselError;

use super::clocks::{self, ClockKind};
use super::{Action, Case, Outcome, State, sort_rank};
use crate::base::id::{CaseId, ReportId};
use crate::base::time::Timestamp;
use crate::db::dialect::{self, Lock};
use crate::db::schema::{case_queues, cases, reports};
use crate::db::{Rx, Tx};
use crate::domain::casework::requests;
use crate::domain::counting;
use crate::domain::intake::{ReportOutcome, Status};
use crate::domain::ledger::audit::{self, Chain, Event};
use crate::domain::ledger::events::{self, EventType, NewEvent};
use crate::domain::paging;
use crate::error::Result;

/// The case with this id, whoever asks. Callers outside the domain get cases through `domain::access`.
pub(in crate::domain) fn find(rx: &mut Rx<'_>, id: &CaseId) -> Result<Option<Case>> {
    Ok(cases::table.find(id).select(Case::as_select()).first(rx.conn()).optional()?)
}

/// Those of the cases that can be read.
pub(in crate::domain) fn readable(rx: &mut Rx<'_>, ids: &[CaseId]) -> Result<Vec<Case>> {
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

/// The same as [`find`], with its row locked until the transaction ends.
pub(in crate::domain) fn find_locked(tx: &mut Tx<'_>, id: &CaseId) -> Result<Option<Case>> {
    dialect::lock(tx.conn(), Lock::Case, id.as_str())?;
    find(tx, id)
}

/// Puts the case in its place in the queue again, after its clocks or its priority changed.
pub(in crate::domain) fn replace_in_queue(tx: &mut Tx<'_>, case: &mut Case) -> Result<()> {
    let due = clocks::next_due(&clocks::of_case(tx, &case.id)?);
    case.next_due_at = due;
    case.sort_rank = sort_rank(case.priority, due);
    diesel::update(cases::table.find(&case.id))
        .set((cases::next_due_at.eq(due), cases::sort_rank.eq(case.sort_rank)))
        .execute(tx.conn())?;
    if case.also.is_some() { stand(tx, case) } else { Ok(()) }
}

/// Puts the case in its place in the other queues that it stands in, and out of those that it has left.
fn stand(tx: &mut Tx<'_>, case: &Case) -> Result<()> {
    diesel::delete(case_queues::table.filter(case_queues::case_id.eq(&case.id))).execute(tx.conn())?;
    for queue in case.queues().into_iter().skip(1) {
        let row = (
            case_queues::case_id.eq(&case.id),
            case_queues::queue.eq(queue),
            case_queues::mode.eq(case.mode),
            case_queues::state.eq(case.state),
            case_queues::sort_rank.eq(case.sort_rank),
        );
        diesel::insert_into(case_queues::table).values(row).execute(tx.conn())?;
    }
    Ok(())
}

/// Notes the queues of the groups that joined. Where the case stands follows with its place.
pub(in crate::domain) fn set_also(tx: &mut Tx<'_>, case: &Case) -> Result<()> {
    diesel::update(cases::table.find(&case.id)).set(cases::also.eq(&case.also)).execute(tx.conn())?;
    Ok(())
}

/// Counts a change that matters to whoever works on the case.
pub(in crate::domain) fn bump(tx: &mut Tx<'_>, case: &mut Case) -> Result<()> {
    case.version += 1;
    diesel::update(cases::table.find(&case.id)).set(cases::version.eq(case.version)).execute(tx.conn())?;
    Ok(())
}

/// Moves a case along the state table, records it, and tells the platform when its view of the reports changes.
///
/// # Errors
/// `Conflict` when the table has no such way.
pub(in crate::domain) fn move_along(
    tx: &mut Tx<'_>,
    case: &mut Case,
    action: Action,
    outcome: Option<Outcome>,
) -> Result<()> {
    let to = case.next(action)?;
    // What has come due is counted as the case stood on that day.
    counting::settle(tx, case)?;
    let from = case.state;
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
    let moved = Event::CaseMoved {
        action: action.as_str(),
        from: from.as_str(),
        to: to.as_str(),
        outcome: outcome.map(Outcome::as_str),
    };
    audit::record(tx, Chain::Case(&case.id), moved)?;
    note_for_the_public(tx, case, action)?;
    if from == State::Received {
        clocks::meet(tx, &case.id, ClockKind::HumanReview, None)?;
    }
    if to == State::Closed {
        clocks::stop_ours(tx, &case.id)?;
        paging::quiet(tx, &case.id)?;
    }
    replace_in_queue(tx, case)?;
    tell_platform(tx, case)
}

/// Counts the case when a person who has read it does something about it, other than call it abuse of the service. To
/// begin reading is none of that.
fn note_for_the_public(tx: &mut Tx<'_>, case: &Case, action: Action) -> Result<()> {
    match (action, case.outcome) {
        (Action::Close, Some(Outcome::Unfounded)) => counting::correct(tx, case),
        (Action::Start | Action::Resume | Action::PlatformAnswered | Action::Reopen, _) => Ok(()),
        (Action::Close | Action::Hold, _) => counting::count(tx, case),
        (Action::AskPlatform, _) => {
            counting::count(tx, case)?;
            counting::forward(tx, case)
        }
    }
}

/// Brings the platform's view of the case's reports up to date, and logs an event for each that changed. A report
/// awaits the platform as long as it was asked about it and has not answered, whatever colleagues do meanwhile.
pub(in crate::domain) fn tell_platform(tx: &mut Tx<'_>, case: &Case) -> Result<()> {
    let rows: Vec<(ReportId, Status, Option<ReportOutcome>, i64)> = reports::table
        .filter(reports::case_id.eq(&case.id))
        .order((reports::received_at, reports::id))
        .select((reports::id, reports::status, reports::outcome, reports::event_seq))
        .load(tx.conn())?;
    let waiting = requests::waiting_reports(tx, &case.id)?;
    let outcome = case.outcome.map(Outcome::as_report_outcome);
    let mut entries = Vec::new();
    for (id, before, outcome_before, told) in rows {
        let status = match case.state {
            State::Closed => Status::Closed,
            _ if waiting.contains(&id) => Status::AwaitingPlatform,
            _ => Status::Received,
        };
        if (status, outcome) == (before, outcome_before) {
            continue;
        }
        diesel::update(reports::table.find(&id))
            .set((
                reports::status.eq(status),
                reports::outcome.eq(outcome),
                reports::event_seq.eq(told + 1),
                reports::version.eq(reports::version + 1),
            ))
            .execute(tx.conn())?;
        let kind = if status == Status::Closed { EventType::ReportClosed } else { EventType::ReportStatusChanged };
        let tenant = (&case.platform_id, case.mode);
        entries.push(NewEvent::new(tenant, kind, told + 1, tx.now(), (id, None)));
    }
    events::insert(tx, &entries)
}

/// Sets who holds the case, and until when. Leases are no change of version.
pub(in crate::domain) fn set_holder(tx: &mut Tx<'_>, case: &Case) -> Result<()> {
    diesel::update(cases::table.find(&case.id))
        .set((
            cases::assigned_to.eq(&case.assigned_to),
            cases::claimed_until.eq(case.claimed_until),
            cases::reserved_until.eq(case.reserved_until),
            cases::held_until.eq(case.held_until),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Sets the priority in force and where it comes from, with the queue that follows from it.
pub(in crate::domain) fn set_priority(tx: &mut Tx<'_>, case: &Case) -> Result<()> {
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
pub(in crate::domain) fn note_withdrawal(tx: &mut Tx<'_>, case: &CaseId) -> Result<()> {
    match find(tx, case)? {
        Some(mut case) => bump(tx, &mut case),
        None => Ok(()),
    }
}

//! The platform's answer, and its silence.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::shape::{AnswerState, NewAnswer, ReasonCode, RequestAction, RequestState};
use super::{Asked, LONGEST_TEXT, find, own, tell, waiting_reports};
use crate::base::id::{CaseId, ReportId, RequestId};
use crate::db::due::{self, DueRow};
use crate::db::schema::requests;
use crate::domain::access::Tenant;
use crate::domain::case;
use crate::domain::case::clocks::{self, ClockKind};
use crate::domain::case::store;
use crate::domain::case::{Action, Case};
use crate::domain::casework;
use crate::domain::casework::moved;
use crate::domain::counting;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::ledger::events::EventType;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Messages, Owner};
use crate::error::rules::Asking;
use crate::error::{Conflict, Error, Result, Violations};

/// Where a request stands that the platform has not answered in time or at all.
const UNANSWERED: [RequestState; 2] = [RequestState::Open, RequestState::Acknowledged];

/// Takes the platform's answer. When nothing is open any more, the case goes back to its advocate.
///
/// # Errors
/// `Conflict` when the request was answered before; `Invalid` when a reason is missing or does not fit.
pub fn answer(tx: &mut Unit<'_>, tenant: &Tenant, id: &RequestId, new: &NewAnswer) -> Result<Asked> {
    let before = own(tx, tenant, id)?;
    Owner::case(&before.case_id).lock(tx)?;
    let before = own(tx, tenant, id)?;
    check_answer(before.action, new)?;
    let refused = Conflict::Transition { from: before.state.as_str(), action: new.state.as_str() };
    let to = before.state.next(new.state).ok_or(Error::Conflict(refused))?;
    let sealed =
        tx.keys(Owner::case(&before.case_id))?.sealing::<Messages>()?.seal("answer", id.as_str(), &new.note)?;
    diesel::update(requests::table.find(id))
        .set((
            requests::state.eq(to),
            requests::reason_code.eq(new.reason_code),
            requests::taken_at.eq(new.taken_at),
            requests::subject_notified.eq(new.subject_notified),
            requests::answered_at.eq(to.is_answered().then(|| tx.now())),
            requests::answer.eq(sealed),
            requests::version.eq(before.version + 1),
        ))
        .execute(tx.conn())?;
    let answered = Event::RequestAnswered { request: id.clone(), state: to.as_str() };
    audit::record(tx, Owner::case(&before.case_id), answered)?;
    if (to.is_answered() || new.note.is_some())
        && let Some(mut case) = case::find(tx, &before.case_id)?
    {
        store::note_content(tx, &mut case)?;
    }
    if to.is_answered() {
        clocks::meet(tx, &before.case_id, ClockKind::Request, Some(id))?;
        counting::answered(tx, &before.case_id)?;
        if before.action == RequestAction::RemoveImage && to != RequestState::PartlyDone {
            clocks::meet_image(tx, &before.report_id)?;
        }
        give_back(tx, &before.case_id)?;
    }
    find(tx, tenant, id)
}

fn check_answer(action: RequestAction, new: &NewAnswer) -> Result<()> {
    let mut v = Violations::default();
    let declined = new.state == AnswerState::Declined;
    v.require(!declined || new.reason_code.is_some(), "/reason_code", Asking::NoDeclineReason);
    if declined && action == RequestAction::RemoveImage {
        let fits = matches!(
            new.reason_code,
            Some(ReasonCode::NotIntimateImage | ReasonCode::NotSubjectOrAgent | ReasonCode::ReportedAsChildMaterial)
        );
        v.require(fits, "/reason_code", Asking::DeclineReason);
    }
    let short = new.note.as_ref().is_none_or(|note| note.chars().count() <= LONGEST_TEXT);
    v.require(short, "/note", Asking::TooLong(LONGEST_TEXT));
    v.into_result()
}

fn give_back(tx: &mut Unit<'_>, case: &CaseId) -> Result<()> {
    let Some(mut case) = case::find(tx, case)? else { return Ok(()) };
    let answered = waiting_reports(tx, &case.id)?.is_empty();
    if answered && case.state.next(Action::PlatformAnswered).is_some() {
        moved::move_along(tx, &mut case, Action::PlatformAnswered, None)?;
        casework::page_if_left(tx, &case, "platform_answered")?;
    }
    moved::tell_platform(tx, &case)?;
    case::requeue(tx, &mut case)
}

/// Reminds the platform of a request that it has not answered and that is due soon.
pub(in crate::domain) fn remind(tx: &mut Unit<'_>, case: &mut Case, id: Option<&RequestId>) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    let waiting = requests::state.eq_any(UNANSWERED);
    let report: Option<ReportId> =
        requests::table.find(id).filter(waiting).select(requests::report_id).first(tx.conn()).optional()?;
    match report {
        Some(report) => tell(tx, case, EventType::RequestDueSoon, report, id.clone()),
        None => Ok(()),
    }
}

/// A few of the requests whose time has passed.
pub fn overdue(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let ((at, id), now) = (due::place(after), rx.now());
    // As a literal: SQLite finds the index of those by the words of its condition.
    let unanswered = UNANSWERED.map(|state| format!("'{}'", state.as_str())).join(", ");
    due::walk(limit, |limit| {
        requests::table
            .filter(requests::due_at.lt(now))
            .filter(sql::<Bool>(&format!("state IN ({unanswered})")))
            .filter(requests::due_at.gt(at).or(requests::due_at.eq(at).and(requests::id.gt(id))))
            .order((requests::due_at, requests::id))
            .limit(limit)
            .select((requests::due_at, requests::id))
            .load(rx.conn())
    })
}

/// Marks a request whose time has passed, and tells its platform.
pub fn mark_overdue(tx: &mut Unit<'_>, id: &str) -> Result<()> {
    let id: RequestId = due::id(id)?;
    let case_id: CaseId = requests::table.find(&id).select(requests::case_id).first(tx.conn())?;
    Owner::case(&case_id).lock(tx)?;
    let changed = diesel::update(requests::table.find(&id).filter(requests::state.eq_any(UNANSWERED)))
        .set((requests::state.eq(RequestState::Overdue), requests::version.eq(requests::version + 1)))
        .execute(tx.conn())?;
    let Some(mut case) = case::find(tx, &case_id)?.filter(|_| changed == 1) else { return Ok(()) };
    let report: ReportId = requests::table.find(&id).select(requests::report_id).first(tx.conn())?;
    audit::record(tx, Owner::case(&case_id), Event::RequestOverdue { request: id.clone() })?;
    tell(tx, &case, EventType::RequestOverdue, report, id)?;
    // Silence is noticed: the case goes back to whoever takes it next.
    if casework::bring_back(tx, &mut case)? {
        casework::page_if_left(tx, &case, "request_overdue")?;
    }
    Ok(())
}

/// The case of a request, as text: what is damaged beside it hides it not.
pub fn case_of(rx: &mut Look<'_>, id: &str) -> Result<String> {
    Ok(requests::table.find(id).select(requests::case_id).first(rx.conn())?)
}

//! The rows of reports: every statement that changes one stands here, and what their platform is told of them.

use diesel::prelude::*;

use super::{Case, Outcome, State};
use crate::base::code::codes;
use crate::base::id::{CaseId, PlatformId, ReportId};
use crate::base::time::Timestamp;
use crate::db::dialect::native;
use crate::db::schema::reports;
use crate::domain::ledger::events::{self, EventType, Log, NewEvent};
use crate::domain::terms::Mode;
use crate::domain::terms::taxonomy::CategoryCode;
use crate::domain::terms::words::{DesiredOutcome, Relation};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Answers, Contact, Identity, Sealed, Statement, Subject};
use crate::error::Result;

codes! {
    /// Where a report stands, in the platform's view. It never changes by anything the survivor does.
    pub enum Status as ReportStatus {
        /// With us.
        Received = "received",
        /// We wait for the platform.
        AwaitingPlatform = "awaiting_platform",
        /// Closed, with an outcome.
        Closed = "closed",
    }
}

codes! {
    /// How a report ended, in the platform's view.
    pub enum ReportOutcome {
        /// The platform did what it was asked.
        PlatformActed = "platform_acted",
        /// The platform declined, or let it pass.
        PlatformDeclined = "platform_declined",
        /// Nothing was asked of the platform.
        NoPlatformActionSought = "no_platform_action_sought",
        /// Help came from elsewhere. No report ends so any more: it would tell an insider that she has help.
        HandledElsewhere = "handled_elsewhere",
    }
}

impl Outcome {
    /// The outcome in the platform's view. Withdrawals and the like look as any case in which nothing was asked.
    const fn as_report_outcome(self) -> ReportOutcome {
        match self {
            Self::PlatformActed => ReportOutcome::PlatformActed,
            Self::PlatformRefused | Self::PlatformSilent => ReportOutcome::PlatformDeclined,
            // That help came from elsewhere would tell whoever works for the platform that she has it.
            Self::SupportedElsewhere
            | Self::RecordedOnly
            | Self::Withdrawn
            | Self::UnableToContact
            | Self::Unfounded => ReportOutcome::NoPlatformActionSought,
        }
    }
}

/// A report that is being taken in. What was said in it is sealed.
#[derive(Insertable)]
#[diesel(table_name = reports)]
pub(in crate::domain) struct NewReport<'a> {
    pub(in crate::domain) id: &'a ReportId,
    pub(in crate::domain) platform_id: &'a PlatformId,
    pub(in crate::domain) mode: Mode,
    pub(in crate::domain) case_id: &'a CaseId,
    pub(in crate::domain) platform_report_ref: String,
    pub(in crate::domain) category: CategoryCode,
    pub(in crate::domain) relation: Relation,
    pub(in crate::domain) desired_outcome: DesiredOutcome,
    pub(in crate::domain) received_at: Timestamp,
    pub(in crate::domain) human_review_by: Timestamp,
    pub(in crate::domain) staffed: bool,
    pub(in crate::domain) body_digest: Vec<u8>,
    pub(in crate::domain) status: Status,
    pub(in crate::domain) outcome: Option<ReportOutcome>,
    pub(in crate::domain) statement: Sealed<Statement>,
    pub(in crate::domain) identity: Sealed<Identity>,
    pub(in crate::domain) answers: Sealed<Answers>,
    pub(in crate::domain) contact: Option<Sealed<Contact>>,
    pub(in crate::domain) subject: Option<Sealed<Subject>>,
    pub(in crate::domain) event_seq: i64,
    pub(in crate::domain) version: i64,
    pub(in crate::domain) contact_barred_at: Option<Timestamp>,
}

/// Stores a report; `false` when its platform has one with this reference by now.
pub(in crate::domain) fn insert(tx: &mut Unit<'_>, row: &NewReport<'_>) -> Result<bool> {
    let added =
        native!(tx.conn(), |c| diesel::insert_into(reports::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(added == 1)
}

/// Brings the platform's view of the case's reports up to date, and logs an event for each that changed. A report
/// awaits the platform as long as it was asked about it and has not answered (`waiting`), whatever colleagues do
/// meanwhile.
pub(in crate::domain) fn tell(tx: &mut Unit<'_>, case: &Case, waiting: &[ReportId]) -> Result<()> {
    let rows: Vec<(ReportId, Status, Option<ReportOutcome>, i64)> = reports::table
        .filter(reports::case_id.eq(&case.id))
        .order((reports::received_at, reports::id))
        .select((reports::id, reports::status, reports::outcome, reports::event_seq))
        .load(tx.conn())?;
    let outcome = case.outcome.map(Outcome::as_report_outcome);
    let mut entries = Vec::new();
    for (id, before, outcome_before, told) in rows {
        let status =
            match case.state {
                State::Closed => Status::Closed,
                State::Received | State::InReview | State::OnHold | State::AwaitingPlatform => {
                    if waiting.contains(&id) { Status::AwaitingPlatform } else { Status::Received }
                }
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
        let log = Log { platform: &case.platform_id, mode: case.mode };
        entries.push(NewEvent::new(log, kind, told + 1, tx.now(), id));
    }
    events::insert(tx, &entries)
}

/// Counts a further event of the report, and says which one it is.
pub(in crate::domain) fn count_event(tx: &mut Unit<'_>, report: &ReportId) -> Result<i64> {
    diesel::update(reports::table.find(report))
        .set(reports::event_seq.eq(reports::event_seq + 1))
        .execute(tx.conn())?;
    Ok(reports::table.find(report).select(reports::event_seq).first(tx.conn())?)
}

/// Notes that more was said. That is a change of the report in the platform's own view.
pub(in crate::domain) fn note_addition(tx: &mut Unit<'_>, report: &ReportId) -> Result<()> {
    diesel::update(reports::table.find(report)).set(reports::version.eq(reports::version + 1)).execute(tx.conn())?;
    Ok(())
}

/// Notes when somebody first asked to withdraw it.
pub(in crate::domain) fn note_withdrawal(tx: &mut Unit<'_>, report: &ReportId) -> Result<()> {
    diesel::update(reports::table.find(report).filter(reports::withdrawn_at.is_null()))
        .set(reports::withdrawn_at.eq(tx.now()))
        .execute(tx.conn())?;
    Ok(())
}

/// Whether nobody may contact the person of this case by any way until somebody has asked her.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn contact_is_barred(rx: &mut Look<'_>, case: &CaseId) -> Result<bool> {
    let barred = reports::case_id.eq(case).and(reports::contact_barred_at.is_not_null());
    let any: Option<String> = reports::table.filter(barred).select(reports::id).first(rx.conn()).optional()?;
    Ok(any.is_some())
}

/// Nobody may contact the person by any way until somebody has asked: what was added to her report may have said so.
pub(in crate::domain) fn bar_contact(tx: &mut Unit<'_>, report: &ReportId) -> Result<()> {
    let barred = reports::contact_barred_at.eq(Some(tx.now()));
    diesel::update(reports::table.find(report)).set(barred).execute(tx.conn())?;
    Ok(())
}

/// Somebody has asked: what she said then counts.
pub(in crate::domain) fn lift_bar(tx: &mut Unit<'_>, case: &CaseId) -> Result<()> {
    let barred = reports::case_id.eq(case).and(reports::contact_barred_at.is_not_null());
    diesel::update(reports::table.filter(barred))
        .set(reports::contact_barred_at.eq(None::<Timestamp>))
        .execute(tx.conn())?;
    Ok(())
}

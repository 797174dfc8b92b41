//! Asking a platform: the guards, and all that a request owes when it is made.

use diesel::prelude::*;

use super::shape::{Agreement, NewRequest, RequestAction, RequestState, SubjectNotice};
use super::{Details, LONGEST_TEXT, tell};
use crate::base::id::{CaseId, ReportId, RequestId, StaffId};
use crate::base::time::Timestamp;
use crate::db::schema::{reports, requests};
use crate::domain::case;
use crate::domain::case::clocks::{self, Clock, ClockKind};
use crate::domain::case::{Action, Case};
use crate::domain::casework;
use crate::domain::casework::moved;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::ledger::events::EventType;
use crate::domain::people::staff::{Member, Role};
use crate::domain::terms::words::{DesiredOutcome, Relation};
use crate::domain::triage::Signal;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Messages, Owner};
use crate::error::rules::Asking;
use crate::error::{Error, Result, Violations};

/// Whether this colleague may ask this of the platform now, alone or with a second person, and about which report.
///
/// # Errors
/// `Invalid` for each guard that does not hold: see [`guard`].
pub(in crate::domain::casework) fn check(
    rx: &mut Look<'_>,
    case: &Case,
    who: &Member,
    new: &NewRequest,
) -> Result<ReportId> {
    let report = report_of(rx, &case.id, new.report_id.as_ref())?;
    guard(rx, new, &report)?;
    let senior = matches!(who.role, Role::Lead | Role::SafeguardingLead);
    if new.action != RequestAction::PreserveEvidence && !senior && is_mirrored(rx, &case.id)? {
        return Err(Error::invalid("/action", Asking::MirrorReports));
    }
    case.next(Action::AskPlatform)?;
    Ok(report.id)
}

/// The report a request is about, with what the reporter wishes by now: the newest report of the case says it, because
/// reports join a case only when they come from the same person.
struct AskedReport {
    id: ReportId,
    desired: DesiredOutcome,
    relation: Relation,
    withdrawn: bool,
}

fn report_of(rx: &mut Look<'_>, case: &CaseId, wanted: Option<&ReportId>) -> Result<AskedReport> {
    type Row = (ReportId, DesiredOutcome, Relation, Option<Timestamp>);
    let rows: Vec<Row> = reports::table
        .filter(reports::case_id.eq(case))
        .order((reports::received_at.desc(), reports::id.desc()))
        .select((reports::id, reports::desired_outcome, reports::relation, reports::withdrawn_at))
        .load(rx.conn())?;
    let unknown = || Error::invalid("/report_id", Asking::UnknownReport);
    let asked = rows.iter().find(|row| wanted.is_none_or(|id| row.0 == *id)).ok_or_else(unknown)?;
    let newest = rows.first().ok_or_else(unknown)?;
    Ok(AskedReport {
        id: asked.0.clone(),
        desired: newest.1,
        relation: newest.2,
        withdrawn: asked.3.is_some() || newest.3.is_some(),
    })
}

/// Whether the subject has reported the reporter as well (TSP-1, O21).
fn is_mirrored(rx: &mut Look<'_>, case: &CaseId) -> Result<bool> {
    Ok(casework::facts(rx, case)?.is_some_and(|facts| facts.signals.contains(&Signal::MirrorReports)))
}

/// The guards of a request: agreement on record, what was wished, nobody tipped off, times in order.
fn guard(rx: &mut Look<'_>, new: &NewRequest, report: &AskedReport) -> Result<()> {
    let now = rx.now();
    let mut v = Violations::default();
    let keeps_only = new.action == RequestAction::PreserveEvidence;
    if !keeps_only {
        agreement(&mut v, new, report);
    }
    let record_only = report.desired == DesiredOutcome::RecordOnly;
    v.require(keeps_only || !record_only, "/action", Asking::RecordOnly);
    let checked = !new.action.may_tip_off() || new.single_contact_check;
    v.require(checked, "/single_contact_check", Asking::SingleContact);
    v.require(new.due_at.is_none_or(|due| due > now), "/due_at", Asking::InThePast);
    let ordered = new.not_before.is_none_or(|from| new.due_at.is_none_or(|due| from < due));
    v.require(ordered, "/not_before", Asking::AfterDue);
    let ahead = new.preserve_until.is_none_or(|until| until > now);
    v.require(ahead, "/preserve_until", Asking::InThePast);
    for (pointer, text) in [("/details", &new.details), ("/agreement_record", &new.agreement_record)] {
        let fits = text.as_ref().is_none_or(|text| text.chars().count() <= LONGEST_TEXT);
        v.require(fits, pointer, Asking::TooLong(LONGEST_TEXT));
    }
    v.into_result()
}

/// Staff ask only with the survivor's agreement on record; a two-person record can stand in. Her own wish, in her own
/// report, that the platform acts is an agreement on record, until someone asked to withdraw: from then on she is asked
/// again, or two people decide.
fn agreement(v: &mut Violations, new: &NewRequest, report: &AskedReport) {
    let recorded = new.agreement_record.as_deref().is_some_and(|text| !text.trim().is_empty());
    let own = report.relation == Relation::SelfReported && !report.withdrawn;
    let wished = own && report.desired == DesiredOutcome::PlatformAction;
    let (holds, pointer, rule) = match new.agreement {
        Some(Agreement::TwoPerson) => (recorded, "/agreement_record", Asking::NoRecordOfTwo),
        Some(Agreement::Survivor) => (recorded || wished, "/agreement_record", Asking::NoAgreementRecord),
        None | Some(Agreement::NotNeeded) => (wished, "/agreement", Asking::NoAgreement),
    };
    v.require(holds, pointer, rule);
}

/// Whether a request that waits for a second person can be made now.
///
/// # Errors
/// As [`check`], but for who may ask.
pub(in crate::domain::casework) fn may_be_approved(rx: &mut Look<'_>, case: &Case, new: &NewRequest) -> Result<()> {
    let report = report_of(rx, &case.id, new.report_id.as_ref())?;
    guard(rx, new, &report)?;
    case.next(Action::AskPlatform).map(drop)
}

/// Makes a request that a second person approved. Its guards are looked at again: time has passed.
pub(in crate::domain::casework) fn make_approved(
    tx: &mut Unit<'_>,
    case: &mut Case,
    by: &StaffId,
    new: &NewRequest,
) -> Result<RequestId> {
    let report = report_of(tx, &case.id, new.report_id.as_ref())?;
    guard(tx, new, &report)?;
    make(tx, case, by, new, report.id)
}

/// Makes the request: row, clock, state, the platform's event.
pub(in crate::domain::casework) fn make(
    tx: &mut Unit<'_>,
    case: &mut Case,
    by: &StaffId,
    new: &NewRequest,
    report: ReportId,
) -> Result<RequestId> {
    moved::move_along(tx, case, Action::AskPlatform, None)?;
    let id = RequestId::random();
    let now = tx.now();
    let usual = now.plus(new.action.usual_span());
    let asked = new.due_at.unwrap_or(usual);
    let due_at = match new.action {
        // The statutory 48 hours run from the receipt of the declarations, however late we ask.
        RequestAction::RemoveImage => asked.min(image_due(tx, &case.id, &report)?.unwrap_or(usual)),
        RequestAction::PreserveEvidence
        | RequestAction::StopContact
        | RequestAction::HideAccount
        | RequestAction::RemoveAccount
        | RequestAction::RestoreEvidence
        | RequestAction::ProvideInformation => asked,
    };
    let agreement = agreement_of(new);
    let details = Details { details: new.details.clone(), agreement_record: new.agreement_record.clone() };
    let sealed = tx.keys(Owner::case(&case.id))?.sealing::<Messages>()?.seal("details", id.as_str(), &details)?;
    let row = (
        (
            requests::id.eq(&id),
            requests::case_id.eq(&case.id),
            requests::report_id.eq(&report),
            requests::platform_id.eq(&case.platform_id),
            requests::mode.eq(case.mode),
            requests::action.eq(new.action),
            requests::state.eq(RequestState::Open),
            requests::made_by.eq(by),
        ),
        (
            requests::made_at.eq(now),
            requests::due_at.eq(due_at),
            requests::not_before.eq(new.not_before),
            requests::preserve_until.eq(new.preserve_until),
            requests::subject_notice.eq(new.subject_notice.unwrap_or(SubjectNotice::None)),
            requests::single_contact_check.eq(new.single_contact_check),
            requests::confidential.eq(new.confidential),
            requests::agreement.eq(agreement),
            requests::details.eq(sealed),
            requests::version.eq(1_i64),
        ),
    );
    diesel::insert_into(requests::table).values(row).execute(tx.conn())?;
    clocks::insert(tx, &[Clock::begin(&case.id, ClockKind::Request, now, due_at).of_request(&id)])?;
    let made = Event::RequestMade { request: id.clone(), action: new.action.as_str(), agreement: agreement.as_str() };
    audit::record(tx, Owner::case(&case.id), made)?;
    moved::tell_platform(tx, case)?;
    tell(tx, case, EventType::RequestCreated, report, id.clone())?;
    case::requeue(tx, case)?;
    Ok(id)
}

/// On what the request stands, as it is recorded: never on an agreement that nobody put on record.
fn agreement_of(new: &NewRequest) -> Agreement {
    let recorded = new.agreement_record.as_deref().is_some_and(|text| !text.trim().is_empty());
    match new.agreement {
        Some(Agreement::TwoPerson) => Agreement::TwoPerson,
        Some(Agreement::Survivor) if recorded => Agreement::Survivor,
        Some(Agreement::Survivor | Agreement::NotNeeded) | None => match new.action {
            RequestAction::PreserveEvidence => Agreement::NotNeeded,
            RequestAction::StopContact
            | RequestAction::HideAccount
            | RequestAction::RemoveAccount
            | RequestAction::RemoveImage
            | RequestAction::RestoreEvidence
            | RequestAction::ProvideInformation => Agreement::Survivor,
        },
    }
}

fn image_due(rx: &mut Look<'_>, case: &CaseId, report: &ReportId) -> Result<Option<Timestamp>> {
    let now = rx.now();
    let clocks = clocks::of_case(rx, case)?;
    let mine = |clock: &&Clock| clock.kind == ClockKind::IntimateImage && clock.report_id.as_ref() == Some(report);
    Ok(clocks.iter().filter(mine).map(|clock| clock.due_at).find(|due| *due > now))
}

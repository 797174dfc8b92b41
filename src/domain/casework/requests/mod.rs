//! Requests: what we ask a platform to do, with the survivor's agreement, and its answer.

mod answer;
mod ask;
mod shape;

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::result::Error as DieselError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(in crate::domain) use answer::remind;
pub use answer::{answer, case_of, mark_overdue, overdue};
pub(super) use ask::{check, make, make_approved, may_be_approved};
pub use shape::{
    Agreement, AnswerState, NewAnswer, NewRequest, ReasonCode, RequestAction, RequestState, SubjectNotice,
};

use crate::base::id::{CaseId, ReportId, RequestId};
use crate::base::page::{Limit, Page, read_cursor};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::perhaps::readable;
use crate::db::schema::{reports, requests};
use crate::domain::access::Tenant;
use crate::domain::case::Case;
use crate::domain::case::report;
use crate::domain::ledger::events::{self, EventType, Log, NewEvent};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Messages, Owner, Sealed};
use crate::error::rules::Parameter;
use crate::error::{Error, Refused, Result};

/// The longest text of a request or an answer, in characters.
const LONGEST_TEXT: usize = 4_000;

/// A request's row.
#[derive(Clone, Debug, Queryable, Selectable)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// The case it belongs to.
    pub case_id: CaseId,
    /// The report it is about.
    pub report_id: ReportId,
    /// What is asked.
    pub action: RequestAction,
    /// Where it stands.
    pub state: RequestState,
    /// When it was made.
    pub made_at: Timestamp,
    /// When an answer is due.
    pub due_at: Timestamp,
    /// Not before this.
    pub not_before: Option<Timestamp>,
    /// Keep evidence until then.
    pub preserve_until: Option<Timestamp>,
    /// Whether the subject may be told.
    pub subject_notice: SubjectNotice,
    /// Whether a person checked for a single contact.
    pub single_contact_check: bool,
    /// Whether to ask us before an access request is answered.
    pub confidential: bool,
    /// On what it stands.
    pub agreement: Agreement,
    /// The platform's reason.
    pub reason_code: Option<ReasonCode>,
    /// When the platform acted.
    pub taken_at: Option<Timestamp>,
    /// Whether the subject was told.
    pub subject_notified: Option<bool>,
    /// When the platform answered.
    pub answered_at: Option<Timestamp>,
    /// Counts its changes.
    pub version: i64,
}

/// What was written about a request, for colleagues.
#[derive(Serialize, ToSchema)]
pub struct Words {
    /// What the platform was told.
    pub details: Option<String>,
    /// How and when she agreed, or why two people act without her. The platform does not read it.
    pub agreement_record: Option<String>,
    /// What the platform wrote with its answer.
    pub answer_note: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Details {
    details: Option<String>,
    agreement_record: Option<String>,
}

/// Logs an event about a request, counted in the report it is about.
fn tell(tx: &mut Unit<'_>, case: &Case, kind: EventType, report: ReportId, request: RequestId) -> Result<()> {
    let sequence = report::count_event(tx, &report)?;
    let log = Log { platform: &case.platform_id, mode: case.mode };
    let event = NewEvent::new(log, kind, sequence, tx.now(), report).about_request(request);
    events::insert(tx, &[event])
}

/// A request as its platform reads it, with our words.
pub struct Asked {
    /// The row.
    pub request: Request,
    /// The platform's own reference of the report.
    pub platform_report_ref: String,
    /// What we wrote to the platform.
    pub details: Option<String>,
}

/// What a request has in an answer beside the texts, in bytes.
const BESIDE_TEXTS: usize = 1_024;

impl Asked {
    /// How long it is in an answer, in bytes.
    fn length(&self) -> usize {
        let texts = serde_json::to_string(&(&self.platform_report_ref, &self.details));
        BESIDE_TEXTS + texts.map_or(0, |texts| texts.len())
    }
}

/// A page of what we asked the platform, the oldest first.
///
/// # Errors
/// `Parameter` for a cursor of another list.
pub fn list(
    rx: &mut Look<'_>,
    tenant: &Tenant,
    state: Option<RequestState>,
    cursor: Option<&str>,
    limit: Limit,
) -> Result<Page<Asked>> {
    let name = format!("requests|{}", state.map_or("", RequestState::as_str));
    let mut query = requests::table
        .filter(requests::platform_id.eq(&tenant.platform).and(requests::mode.eq(tenant.mode)))
        .order((requests::made_at, requests::id))
        .limit(limit.with_probe())
        .select(Request::as_select())
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(requests::state.eq(state));
    }
    if let Some(text) = cursor {
        let (at, id): (i64, RequestId) =
            read_cursor(&name, text).ok_or(Refused::Parameter { name: "cursor", wanted: Parameter::Cursor })?;
        let at = Timestamp::from_micros(at);
        query = query.filter(requests::made_at.ge(at).and(requests::made_at.gt(at).or(requests::id.gt(id))));
    }
    let rows: Vec<Request> = query.load(rx.conn())?;
    let rows = rows.into_iter().map(|request| with_words(rx, request)).collect::<Result<_>>()?;
    let key = |asked: &Asked| (asked.request.made_at.micros(), asked.request.id.clone());
    Ok(Page::cut_short(rows, limit, &name, key, Asked::length))
}

/// One request of the platform.
///
/// # Errors
/// `NotFound` for another platform's.
pub fn find(rx: &mut Look<'_>, tenant: &Tenant, id: &RequestId) -> Result<Asked> {
    let request = own(rx, tenant, id)?;
    with_words(rx, request)
}

fn own(rx: &mut Look<'_>, tenant: &Tenant, id: &RequestId) -> Result<Request> {
    Ok(requests::table
        .find(id)
        .filter(requests::platform_id.eq(&tenant.platform).and(requests::mode.eq(tenant.mode)))
        .select(Request::as_select())
        .first(rx.conn())?)
}

fn with_words(rx: &mut Look<'_>, request: Request) -> Result<Asked> {
    let (sealed, platform_report_ref): (Sealed<Messages>, String) = requests::table
        .inner_join(reports::table.on(reports::id.eq(requests::report_id)))
        .filter(requests::id.eq(&request.id))
        .select((requests::details, reports::platform_report_ref))
        .first(rx.conn())?;
    let words: Option<Details> = match rx.keys(Owner::case(&request.case_id))?.existing::<Messages>() {
        Ok(key) => Some(key.open("details", request.id.as_str(), &sealed)?.into_exposed()),
        Err(Error::Erased) => None,
        Err(error) => return Err(error),
    };
    Ok(Asked { request, platform_report_ref, details: words.and_then(|words| words.details) })
}

/// The reports of a case that its platform was asked about and has not answered, late or not.
pub(super) fn waiting_reports(rx: &mut Look<'_>, case: &CaseId) -> Result<Vec<ReportId>> {
    let waiting = [RequestState::Open, RequestState::Acknowledged, RequestState::Overdue];
    let of_case = requests::table.filter(requests::case_id.eq(case).and(requests::state.eq_any(waiting)));
    Ok(readable(of_case.select(requests::report_id).load(rx.conn())?))
}

/// Whether anything the platform was asked stands in one of these states.
pub(super) fn any_in(rx: &mut Look<'_>, case: &CaseId, states: &[RequestState]) -> Result<bool> {
    let query = requests::table.filter(requests::case_id.eq(case).and(requests::state.eq_any(states.to_vec())));
    Ok(query.select(requests::id).first::<RequestId>(rx.conn()).optional()?.is_some())
}

/// A request beside what was written about it, sealed.
type InCase = (Request, Sealed<Messages>, Option<Sealed<Messages>>);

/// These requests of the case, in one statement, each with what was written about it. Where one of them cannot be read they are
/// read one by one.
pub(in crate::domain) fn several(rx: &mut Look<'_>, ids: &[String]) -> Result<BTreeMap<String, Result<InCase>>> {
    match rows_of(rx, ids) {
        Err(DieselError::DeserializationError(_)) => {
            let mut all = BTreeMap::new();
            for id in ids {
                match rows_of(rx, std::slice::from_ref(id)) {
                    Ok(rows) => all.extend(rows.into_iter().next().map(|row| (id.clone(), Ok(row)))),
                    Err(error) => all.extend([(id.clone(), Err(error.into()))]),
                }
            }
            Ok(all)
        }
        rows => Ok(rows?.into_iter().map(|row| (row.0.id.to_string(), Ok(row))).collect()),
    }
}

fn rows_of(rx: &mut Look<'_>, ids: &[String]) -> QueryResult<Vec<InCase>> {
    let theirs = requests::table.filter(requests::id.eq_any(ids.to_vec()));
    theirs.select((Request::as_select(), requests::details, requests::answer)).load(rx.conn())
}

/// What was written about a request of the case.
///
/// # Errors
/// `Erased` when the case's content was.
pub(in crate::domain) fn words(
    rx: &mut Look<'_>,
    case: &CaseId,
    id: &RequestId,
    details: &Sealed<Messages>,
    answer: Option<&Sealed<Messages>>,
) -> Result<Words> {
    let key = rx.keys(Owner::case(case))?.existing::<Messages>()?;
    let Details { details, agreement_record } = key.open("details", id.as_str(), details)?.into_exposed();
    let answer_note = match answer {
        Some(sealed) => key.open::<Option<String>>("answer", id.as_str(), sealed)?.into_exposed(),
        None => None,
    };
    Ok(Words { details, agreement_record, answer_note })
}

silent! { Details Words Asked }

//! Requests: what we ask a platform to do, with the survivor's agreement, and its answer.

use std::time::Duration;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Kit;
use super::access::{AsPlatform, AskPlatform, Grant, Tenant};
use super::audit::{self, Chain, Event};
use super::cases::acts::{self, Done};
use super::cases::clocks::{self, Clock, ClockKind};
use super::cases::{self, Action, Case};
use super::events::{self, EventType, NewEvent};
use super::reports::body::{DesiredOutcome, Relation};
use super::staff::Member;
use super::vault::{Keys, Messages, Sealed};
use crate::base::code::codes;
use crate::base::id::{CaseId, ReportId, RequestId, StaffId};
use crate::base::page::{Limit, Page, read_cursor};
use crate::base::time::Timestamp;
use crate::db::schema::{reports, requests};
use crate::db::{Rx, Tx};
use crate::error::{Conflict, Error, Refused, Result, Violations};

const DAY: u64 = 24 * 3600;

codes! {
    /// What a platform can be asked.
    pub enum RequestAction {
        /// Keep what is there, before anybody unmatches or deletes.
        PreserveEvidence = "preserve_evidence",
        /// Stop the subject from writing to the survivor.
        StopContact = "stop_contact",
        /// Hide the account while it is looked at.
        HideAccount = "hide_account",
        /// Remove the account.
        RemoveAccount = "remove_account",
        /// Remove an image, and copies of it.
        RemoveImage = "remove_image",
        /// Bring back evidence that was deleted.
        RestoreEvidence = "restore_evidence",
        /// Tell us something.
        ProvideInformation = "provide_information",
    }
}

impl RequestAction {
    /// How long a platform has when nobody says otherwise.
    const fn usual_span(self) -> Duration {
        Duration::from_secs(match self {
            Self::PreserveEvidence | Self::StopContact | Self::HideAccount => DAY,
            Self::RemoveImage => 2 * DAY,
            Self::RemoveAccount | Self::RestoreEvidence => 3 * DAY,
            Self::ProvideInformation => 7 * DAY,
        })
    }

    /// Whether it cuts a contact, so that a subject with a single contact would know who spoke.
    const fn may_tip_off(self) -> bool {
        matches!(self, Self::StopContact | Self::HideAccount | Self::RemoveAccount)
    }
}

codes! {
    /// Where a request stands.
    pub enum RequestState {
        /// Asked.
        Open = "open",
        /// The platform has seen it.
        Acknowledged = "acknowledged",
        /// Done.
        Done = "done",
        /// Done in part.
        PartlyDone = "partly_done",
        /// Declined, with a reason.
        Declined = "declined",
        /// The time has passed; a late answer is still taken.
        Overdue = "overdue",
    }
}

impl RequestState {
    /// The whole life of a request: where the platform's answer leads, or nothing when it is refused.
    #[must_use]
    pub const fn next(self, answer: AnswerState) -> Option<Self> {
        Some(match (self, answer) {
            (Self::Open, AnswerState::Acknowledged) => Self::Acknowledged,
            (Self::Overdue, AnswerState::Acknowledged) => Self::Overdue,
            (Self::Open | Self::Acknowledged | Self::Overdue | Self::PartlyDone, AnswerState::Done) => Self::Done,
            (Self::Open | Self::Acknowledged | Self::Overdue, AnswerState::PartlyDone) => Self::PartlyDone,
            (Self::Open | Self::Acknowledged | Self::Overdue, AnswerState::Declined) => Self::Declined,
            _ => return None,
        })
    }

    /// Whether the platform has said what it did.
    #[must_use]
    pub const fn is_answered(self) -> bool {
        matches!(self, Self::Done | Self::PartlyDone | Self::Declined)
    }
}

codes! {
    /// What a platform can answer.
    pub enum AnswerState {
        /// We have seen it.
        Acknowledged = "acknowledged",
        /// It is done.
        Done = "done",
        /// It is done in part; the note says which.
        PartlyDone = "partly_done",
        /// We do not do it; the reason says why.
        Declined = "declined",
    }
}

codes! {
    /// Why a platform declined, or did only a part.
    pub enum ReasonCode {
        /// There is no such account or content.
        NotFound = "not_found",
        /// It was done before we asked.
        AlreadyDone = "already_done",
        /// There is too little to find it by.
        InsufficientInformation = "insufficient_information",
        /// The platform's rules were not broken.
        PolicyNotBroken = "policy_not_broken",
        /// The law forbids it.
        LegalRestriction = "legal_restriction",
        /// The image is not an intimate one.
        NotIntimateImage = "not_intimate_image",
        /// The reporter is neither in the image nor acts for who is.
        NotSubjectOrAgent = "not_subject_or_agent",
        /// It was reported to the authority for child material; we are told only that.
        ReportedAsChildMaterial = "reported_as_child_material",
        /// Another reason; the note says which.
        Other = "other",
    }
}

codes! {
    /// Whether the platform may tell the subject.
    pub enum SubjectNotice {
        /// It must not.
        None = "none",
        /// It may say that its policy review led to this, and nothing of a report.
        PolicyReview = "policy_review",
    }
}

codes! {
    /// On what a request stands.
    pub enum Agreement {
        /// The survivor agreed, and that is on record.
        Survivor = "survivor",
        /// Two colleagues put on record why it is asked without her.
        TwoPerson = "two_person",
        /// None is needed: keeping evidence only.
        NotNeeded = "not_needed",
    }
}

/// A request to be made.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRequest {
    /// What is asked.
    pub action: RequestAction,
    /// The report it is about; the newest of the case when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub report_id: Option<ReportId>,
    /// On what it stands. `preserve_evidence` needs nothing; otherwise the survivor's agreement, or `two_person`.
    #[serde(default)]
    pub agreement: Option<Agreement>,
    /// How and when she agreed, or why two people act without her. Colleagues read it, the platform does not.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub agreement_record: Option<String>,
    /// When an answer is due; the usual span of the action when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    /// The action must not happen before this, so that it tips nobody off.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub not_before: Option<Timestamp>,
    /// Until when evidence is to be kept.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub preserve_until: Option<Timestamp>,
    /// Whether the subject may be told.
    #[serde(default)]
    pub subject_notice: Option<SubjectNotice>,
    /// For actions that cut a contact: that a person has checked whether the survivor may be the subject's only one.
    #[serde(default)]
    pub single_contact_check: bool,
    /// Ask us before you answer an access request about it.
    #[serde(default = "yes")]
    pub confidential: bool,
    /// What the platform needs to know, in words. Never the survivor's.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub details: Option<String>,
}

const fn yes() -> bool {
    true
}

/// The platform's answer.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAnswer {
    /// What you did.
    pub state: AnswerState,
    /// Why not, or not all; required with `declined`.
    #[serde(default)]
    pub reason_code: Option<ReasonCode>,
    /// When you did it.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub taken_at: Option<Timestamp>,
    /// Whether the subject was told anything.
    #[serde(default)]
    pub subject_notified: Option<bool>,
    /// Anything else, at most 4,000 characters.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub note: Option<String>,
}

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

#[derive(Debug, Serialize, Deserialize)]
struct Details {
    details: Option<String>,
    agreement_record: Option<String>,
}

/// Asks the platform, or proposes it when the request stands on two people's record.
///
/// # Errors
/// `Invalid` for each guard that does not hold: see [`guard`].
pub fn ask(tx: &mut Tx<'_>, kit: &Kit, grant: Grant<AskPlatform, Case>, who: &Member, new: NewRequest) -> Result<Done> {
    let mut case = grant.into_row();
    let report = report_of(tx, &case.id, new.report_id.as_ref())?;
    guard(tx, &new, &report)?;
    case.next(Action::AskPlatform)?;
    if new.agreement == Some(Agreement::TwoPerson) {
        return acts::propose_request(tx, kit, &case.id, who, new).map(Done::Pending);
    }
    make(tx, kit, &mut case, &who.id, &new)?;
    Ok(Done::Now(Box::new(case)))
}

struct AskedReport {
    id: ReportId,
    desired: DesiredOutcome,
    relation: Relation,
}

fn report_of(rx: &mut Rx<'_>, case: &CaseId, wanted: Option<&ReportId>) -> Result<AskedReport> {
    let mut query = reports::table
        .filter(reports::case_id.eq(case))
        .order((reports::received_at.desc(), reports::id.desc()))
        .select((reports::id, reports::desired_outcome, reports::relation))
        .into_boxed();
    if let Some(id) = wanted {
        query = query.filter(reports::id.eq(id));
    }
    let row: Option<(ReportId, DesiredOutcome, Relation)> = query.first(rx.conn()).optional()?;
    let (id, desired, relation) =
        row.ok_or_else(|| Error::invalid("/report_id", "unknown_report", "the case has no such report"))?;
    Ok(AskedReport { id, desired, relation })
}

/// The guards of a request: agreement on record, what was wished, nobody tipped off, times in order.
fn guard(rx: &mut Rx<'_>, new: &NewRequest, report: &AskedReport) -> Result<()> {
    let now = rx.now();
    let mut v = Violations::default();
    let keeps_only = new.action == RequestAction::PreserveEvidence;
    let recorded = new.agreement_record.as_deref().is_some_and(|text| !text.trim().is_empty());
    // Her own wish in the report that the platform acts is an agreement on record.
    let wished = report.relation == Relation::SelfReported && report.desired == DesiredOutcome::PlatformAction;
    if !keeps_only {
        match new.agreement {
            Some(Agreement::TwoPerson) => {
                v.require(recorded, "/agreement_record", "required", "say why two people act without her agreement")
            }
            Some(Agreement::Survivor) => {
                v.require(recorded || wished, "/agreement_record", "required", "say how and when she agreed")
            }
            None | Some(Agreement::NotNeeded) => v.require(
                wished,
                "/agreement",
                "agreement_required",
                "ask only with the survivor's recorded agreement, or on two people's record",
            ),
        }
    }
    let record_only = report.desired == DesiredOutcome::RecordOnly;
    v.require(
        keeps_only || !record_only,
        "/action",
        "record_only",
        "the reporter wants this on record only: evidence may be kept, nothing else asked",
    );
    let checked = !new.action.may_tip_off() || new.single_contact_check;
    v.require(
        checked,
        "/single_contact_check",
        "single_contact_check_required",
        "check first whether the survivor may be the subject's only contact",
    );
    v.require(new.due_at.is_none_or(|due| due > now), "/due_at", "in_the_past", "choose a time ahead");
    let ordered = new.not_before.is_none_or(|from| new.due_at.is_none_or(|due| from < due));
    v.require(ordered, "/not_before", "after_due", "`not_before` lies after `due_at`");
    v.require(
        new.preserve_until.is_none_or(|until| until > now),
        "/preserve_until",
        "in_the_past",
        "choose a time ahead",
    );
    for (pointer, text) in [("/details", &new.details), ("/agreement_record", &new.agreement_record)] {
        let fits = text.as_ref().is_none_or(|text| text.chars().count() <= 4_000);
        v.require(fits, pointer, "too_long", "at most 4000 characters");
    }
    v.into_result()
}

/// Makes the request: row, clock, state, the platform's event.
pub(super) fn make(tx: &mut Tx<'_>, kit: &Kit, case: &mut Case, by: &StaffId, new: &NewRequest) -> Result<RequestId> {
    let report = report_of(tx, &case.id, new.report_id.as_ref())?;
    cases::move_along(tx, case, Action::AskPlatform, None)?;
    let id = RequestId::random();
    let now = tx.now();
    let usual = now.plus(new.action.usual_span());
    let due_at = match (new.action, new.due_at) {
        // The statutory 48 hours run from the receipt of the declarations, however late we ask.
        (RequestAction::RemoveImage, asked) => asked.unwrap_or(usual).min(image_due(tx, &case.id)?.unwrap_or(usual)),
        (_, asked) => asked.unwrap_or(usual),
    };
    let agreement = match new.agreement {
        Some(agreement) => agreement,
        None if new.action == RequestAction::PreserveEvidence => Agreement::NotNeeded,
        None => Agreement::Survivor,
    };
    let mut keys = Keys::load(tx, &kit.keyring, case.id.as_str())?;
    let details = Details { details: new.details.clone(), agreement_record: new.agreement_record.clone() };
    let sealed = keys.sealing::<Messages>()?.seal("details", id.as_str(), &details)?;
    keys.store(tx)?;
    let row = (
        (
            requests::id.eq(&id),
            requests::case_id.eq(&case.id),
            requests::report_id.eq(&report.id),
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
    audit::record(tx, Chain::Case(&case.id), made)?;
    tell(tx, case, EventType::RequestCreated, (report.id, id.clone()))?;
    cases::requeue(tx, case)?;
    Ok(id)
}

fn image_due(rx: &mut Rx<'_>, case: &CaseId) -> Result<Option<Timestamp>> {
    let now = rx.now();
    let clocks = clocks::of_case(rx, case)?;
    Ok(clocks
        .iter()
        .filter(|clock| clock.kind == ClockKind::IntimateImage && clock.due_at > now)
        .map(|clock| clock.due_at)
        .min())
}

fn tell(tx: &mut Tx<'_>, case: &mut Case, kind: EventType, about: (ReportId, RequestId)) -> Result<()> {
    case.event_seq += 1;
    let now = tx.now();
    let tenant = (&case.platform_id, case.mode);
    events::insert(tx, &[NewEvent::new(tenant, kind, case.event_seq, now, (about.0, Some(about.1)))])?;
    cases::set_event_seq(tx, case)
}

/// A request as its platform reads it, with our words.
#[derive(Debug)]
pub struct Asked {
    /// The row.
    pub request: Request,
    /// The platform's own reference of the report.
    pub platform_report_ref: String,
    /// What we wrote to the platform.
    pub details: Option<String>,
}

/// A page of what we asked the platform, newest last.
///
/// # Errors
/// `Parameter` for a cursor of another list.
pub fn list(
    rx: &mut Rx<'_>,
    kit: &Kit,
    grant: &Grant<AsPlatform, Tenant>,
    state: Option<RequestState>,
    (cursor, limit): (Option<&str>, Limit),
) -> Result<Page<Asked>> {
    let tenant = grant.row();
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
        let (at, id): (i64, RequestId) = read_cursor(&name, text).ok_or(Refused::Parameter {
            name: "cursor",
            detail: "this cursor belongs to another list; begin without it",
        })?;
        let at = Timestamp::from_micros(at);
        query = query.filter(requests::made_at.ge(at).and(requests::made_at.gt(at).or(requests::id.gt(id))));
    }
    let rows: Vec<Request> = query.load(rx.conn())?;
    let page = Page::cut(rows, limit, &name, |request| (request.made_at.micros(), request.id.clone()));
    let next = page.next;
    let data = page.data.into_iter().map(|request| with_words(rx, kit, request)).collect::<Result<_>>()?;
    Ok(Page { data, next })
}

/// One request of the platform.
///
/// # Errors
/// `NotFound` for another platform's.
pub fn find(rx: &mut Rx<'_>, kit: &Kit, grant: &Grant<AsPlatform, Tenant>, id: &RequestId) -> Result<Asked> {
    let request = own(rx, grant.row(), id)?;
    with_words(rx, kit, request)
}

fn own(rx: &mut Rx<'_>, tenant: &Tenant, id: &RequestId) -> Result<Request> {
    Ok(requests::table
        .find(id)
        .filter(requests::platform_id.eq(&tenant.platform).and(requests::mode.eq(tenant.mode)))
        .select(Request::as_select())
        .first(rx.conn())?)
}

fn with_words(rx: &mut Rx<'_>, kit: &Kit, request: Request) -> Result<Asked> {
    let (sealed, platform_report_ref): (Sealed<Messages>, String) = requests::table
        .inner_join(reports::table.on(reports::id.eq(requests::report_id)))
        .filter(requests::id.eq(&request.id))
        .select((requests::details, reports::platform_report_ref))
        .first(rx.conn())?;
    let mut keys = Keys::load(rx, &kit.keyring, request.case_id.as_str())?;
    let words: Option<Details> = match keys.existing::<Messages>() {
        Ok(key) => Some(key.open("details", request.id.as_str(), &sealed)?.into_exposed()),
        Err(Error::Erased) => None,
        Err(error) => return Err(error),
    };
    Ok(Asked { request, platform_report_ref, details: words.and_then(|words| words.details) })
}

/// Takes the platform's answer. When nothing is open any more, the case goes back to its advocate.
///
/// # Errors
/// `Conflict` when the request was answered before; `Invalid` when a reason is missing or does not fit.
pub fn answer(
    tx: &mut Tx<'_>,
    kit: &Kit,
    grant: &Grant<AsPlatform, Tenant>,
    id: &RequestId,
    new: &NewAnswer,
) -> Result<Asked> {
    let before = own(tx, grant.row(), id)?;
    crate::db::dialect::lock(tx.conn(), crate::db::dialect::Lock::Case, before.case_id.as_str())?;
    let before = own(tx, grant.row(), id)?;
    check_answer(before.action, new)?;
    let refused = Conflict::Transition { from: before.state.as_str(), action: new.state.as_str() };
    let to = before.state.next(new.state).ok_or(Error::Conflict(refused))?;
    let mut keys = Keys::load(tx, &kit.keyring, before.case_id.as_str())?;
    let sealed = keys.sealing::<Messages>()?.seal("answer", id.as_str(), &new.note)?;
    keys.store(tx)?;
    diesel::update(requests::table.find(id))
        .set((
            requests::state.eq(to),
            requests::reason_code.eq(new.reason_code),
            requests::taken_at.eq(new.taken_at),
            requests::subject_notified.eq(new.subject_notified),
            requests::answered_at.eq(tx.now()),
            requests::answer.eq(sealed),
            requests::version.eq(before.version + 1),
        ))
        .execute(tx.conn())?;
    let answered = Event::RequestAnswered { request: id.clone(), state: to.as_str() };
    audit::record(tx, Chain::Case(&before.case_id), answered)?;
    if to.is_answered() {
        clocks::meet(tx, &before.case_id, ClockKind::Request, Some(id))?;
        if before.action == RequestAction::RemoveImage && to != RequestState::PartlyDone {
            clocks::meet(tx, &before.case_id, ClockKind::IntimateImage, None)?;
        }
        give_back(tx, &before.case_id)?;
    }
    find(tx, kit, grant, id)
}

fn check_answer(action: RequestAction, new: &NewAnswer) -> Result<()> {
    let mut v = Violations::default();
    let declined = new.state == AnswerState::Declined;
    v.require(!declined || new.reason_code.is_some(), "/reason_code", "required", "say why you decline");
    if declined && action == RequestAction::RemoveImage {
        let fits = matches!(
            new.reason_code,
            Some(ReasonCode::NotIntimateImage | ReasonCode::NotSubjectOrAgent | ReasonCode::ReportedAsChildMaterial)
        );
        v.require(
            fits,
            "/reason_code",
            "reason_not_allowed",
            "a removal can be declined only as not_intimate_image or not_subject_or_agent",
        );
    }
    let short = new.note.as_ref().is_none_or(|note| note.chars().count() <= 4_000);
    v.require(short, "/note", "too_long", "at most 4000 characters");
    v.into_result()
}

fn give_back(tx: &mut Tx<'_>, case: &CaseId) -> Result<()> {
    let Some(mut case) = cases::find(tx, case)? else { return Ok(()) };
    let open = open_count(tx, &case.id)?;
    if open == 0 && case.state.next(Action::PlatformAnswered).is_some() {
        cases::move_along(tx, &mut case, Action::PlatformAnswered, None)?;
    }
    cases::requeue(tx, &mut case)
}

fn open_count(rx: &mut Rx<'_>, case: &CaseId) -> Result<i64> {
    let waiting = [RequestState::Open, RequestState::Acknowledged, RequestState::Overdue];
    Ok(requests::table
        .filter(requests::case_id.eq(case).and(requests::state.eq_any(waiting)))
        .count()
        .get_result(rx.conn())?)
}

/// Whether the platform has said of anything that it did it.
pub(super) fn any_answered(rx: &mut Rx<'_>, case: &CaseId) -> Result<bool> {
    let done = [RequestState::Done, RequestState::PartlyDone];
    let query = requests::table.filter(requests::case_id.eq(case).and(requests::state.eq_any(done)));
    Ok(query.select(requests::id).first::<RequestId>(rx.conn()).optional()?.is_some())
}

/// The requests of a case, oldest first.
pub(super) fn of_case(rx: &mut Rx<'_>, case: &CaseId) -> Result<Vec<Request>> {
    Ok(requests::table
        .filter(requests::case_id.eq(case))
        .order((requests::made_at, requests::id))
        .select(Request::as_select())
        .load(rx.conn())?)
}

/// Marks requests whose time has passed, a few at a time, and tells their platforms. Says how many.
pub fn mark_overdue(tx: &mut Tx<'_>, limit: i64) -> Result<usize> {
    let due: Vec<(RequestId, CaseId)> = requests::table
        .filter(requests::due_at.lt(tx.now()))
        .filter(requests::state.eq_any([RequestState::Open, RequestState::Acknowledged]))
        .order(requests::due_at)
        .limit(limit)
        .select((requests::id, requests::case_id))
        .load(tx.conn())?;
    let mut marked = 0;
    for (id, case_id) in due {
        crate::db::dialect::lock(tx.conn(), crate::db::dialect::Lock::Case, case_id.as_str())?;
        let changed = diesel::update(
            requests::table.find(&id).filter(requests::state.eq_any([RequestState::Open, RequestState::Acknowledged])),
        )
        .set((requests::state.eq(RequestState::Overdue), requests::version.eq(requests::version + 1)))
        .execute(tx.conn())?;
        let Some(mut case) = cases::find(tx, &case_id)?.filter(|_| changed == 1) else { continue };
        let report: ReportId = requests::table.find(&id).select(requests::report_id).first(tx.conn())?;
        audit::record(tx, Chain::Case(&case_id), Event::RequestOverdue { request: id.clone() })?;
        tell(tx, &mut case, EventType::RequestOverdue, (report, id))?;
        marked += 1;
    }
    Ok(marked)
}

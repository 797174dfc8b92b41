//! A case as colleagues read it. Every reading is recorded before it is shown; what people said only goes to those whose role may read it.

use serde::Serialize;
use utoipa::ToSchema;

use super::content::{ReportInCase, part};
use super::kept::{self, KeptView};
use super::pages::{self, Entries, Reading};
use super::queues;
use crate::base::id::{CaseId, ReportId, RequestId, StaffId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::domain::access::{self, Act, Acting, Grant, Read, Sight};
use crate::domain::case::clocks::{self, ClockKind, ClockState};
use crate::domain::case::{Case, Outcome, PrioritySource, State};
use crate::domain::casework::acts::{self, ActView};
use crate::domain::casework::notes::NoteView;
use crate::domain::casework::priority;
use crate::domain::casework::requests::{self, Agreement, ReasonCode, RequestAction, RequestState, Words};
use crate::domain::casework::wishes::{self, ContactInForce};
use crate::domain::casework::{self, Marks};
use crate::domain::intake::Added;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::referrals::consents::{self, ConsentStanding};
use crate::domain::terms::Mode;
use crate::domain::terms::taxonomy::CategoryCode;
use crate::domain::triage::{Assessment, Priority, Queue};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::{Error, Forbidden, Result};

/// A case in a list: nothing of what people said.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseSummary {
    /// Its id.
    #[schema(value_type = String, example = "case_00000000000000000000000000")]
    pub id: CaseId,
    /// Where it stands.
    pub state: State,
    /// The queue it waits in.
    pub queue: Queue,
    /// Others that it stands in: reports of their groups have joined it.
    pub also_in: Vec<Queue>,
    /// The priority in force: a screening order that a person decides on, no prediction.
    pub priority: Priority,
    /// Where the priority comes from.
    pub priority_source: PrioritySource,
    /// What the first report is about.
    pub category: CategoryCode,
    /// Whether the child rule holds.
    pub child: bool,
    /// Trial or real life.
    pub mode: Mode,
    /// When its first report came in.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// The next deadline.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_due_at: Option<Timestamp>,
    /// Whose it is.
    #[schema(value_type = Option<String>)]
    pub assigned_to: Option<StaffId>,
    /// Until when the claim holds without a heartbeat.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub claimed_until: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// When what was said in it last grew: by a report, an addition, or an answer of its platform.
    #[schema(value_type = String, format = DateTime)]
    pub content_at: Timestamp,
    /// When whoever holds it read all of that, in this claim; null until then.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub read_at: Option<Timestamp>,
    /// The version that the `ETag` names.
    pub version: i64,
}

/// A clock of a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClockView {
    /// What is due.
    pub kind: ClockKind,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
    /// Where it stands.
    pub state: ClockState,
    /// The request it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub request_id: Option<RequestId>,
    /// The report whose image it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub report_id: Option<ReportId>,
}

/// A request in its case.
#[derive(Serialize, ToSchema)]
pub struct RequestInCase {
    /// Its id.
    #[schema(value_type = String)]
    pub id: RequestId,
    /// The report it is about.
    #[schema(value_type = String)]
    pub report_id: ReportId,
    /// What was asked.
    pub action: RequestAction,
    /// Where it stands.
    pub state: RequestState,
    /// On what it stands.
    pub agreement: Agreement,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
    /// When an answer is due.
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
    /// The platform's reason.
    pub reason_code: Option<ReasonCode>,
    /// When the platform answered.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Timestamp>,
    /// When the platform acted.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub taken_at: Option<Timestamp>,
    /// Whether the subject was told.
    pub subject_notified: Option<bool>,
    /// What was written about it; absent for roles that may not read content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<Words>,
}

/// A case with everything its reader may see.
#[derive(Serialize, ToSchema)]
pub struct CaseView {
    /// What stands in lists too.
    #[serde(flatten)]
    pub summary: CaseSummary,
    /// What the rules say and why; for those who may read answers.
    pub assessment: Option<Assessment>,
    /// Its clocks, in the order they are due; of more than 100 those that run, before others.
    #[schema(max_items = 100)]
    pub clocks: Vec<ClockView>,
    /// When the platform's 48 hours for an intimate image end: those of the next one that it has not decided about.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub intimate_image_clock: Option<Timestamp>,
    /// Whether nobody may contact her by any way: her wishes could not be read, and nobody has asked her yet. A note
    /// with `wishes_asked` lifts it, and so do wishes that she tells live.
    pub contact_barred: bool,
    /// When a wish to withdraw was last made known, in the app or to a colleague: look for coercion.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub withdrawal_wished_at: Option<Timestamp>,
    /// How she may be reached by what is known now; absent for roles that may not read content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_in_force: Option<ContactInForce>,
    /// Its reports: those of this page, as are the four lists below it.
    pub reports: Vec<ReportInCase>,
    /// What came after them; absent for roles that may not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additions: Option<Vec<Added>>,
    /// What the platform was asked.
    pub requests: Vec<RequestInCase>,
    /// What colleagues wrote; absent for roles that may not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<Vec<NoteView>>,
    /// Acts that wait for a second person.
    pub pending: Vec<ActView>,
    /// What became of those that wait no longer, the newest first: at most 20.
    pub acts_ended: Vec<ActView>,
    /// What she agreed that services may be given, and where that stands: the newest 50.
    #[schema(max_items = 50)]
    pub consents: Vec<ConsentStanding>,
    /// Cases that a person linked with it: at most 100.
    #[schema(value_type = Vec<String>, max_items = 100)]
    pub links: Vec<CaseId>,
    /// What is still kept of it since it was closed; null while it is open.
    pub kept: Option<KeptView>,
    /// The `cursor` of the next page, which goes on with what is older; null where there is none.
    pub next_cursor: Option<String>,
    /// Whether a part of it does not open and is absent: whoever runs the service can say more by `recourse check`.
    pub damaged: bool,
}

/// The part of a case that stands in lists.
#[must_use]
pub fn summary(case: &Case) -> CaseSummary {
    let never = clocks::next_due(&[]);
    CaseSummary {
        id: case.id.clone(),
        state: case.state,
        queue: case.queue,
        also_in: case.queues().into_iter().skip(1).collect(),
        priority: case.priority,
        priority_source: case.priority_source,
        category: case.category,
        child: case.child,
        mode: case.mode,
        received_at: case.received_at,
        next_due_at: Some(case.next_due_at).filter(|due| *due < never),
        assigned_to: case.assigned_to.clone(),
        claimed_until: case.claimed_until,
        outcome: case.outcome,
        content_at: case.content_at,
        read_at: case.read_at,
        version: case.version,
    }
}

/// A page of the case, for a colleague: the newest, or what comes behind a cursor. It may be shown when [`record`] has put the
/// reading on record. What does not open is left out, and that is said: whoever was woken for a case must be able to work on it.
///
/// # Errors
/// `Parameter` for a cursor of another case.
pub fn view(rx: &mut Look<'_>, sight: &Sight, after: Option<&str>) -> Result<CaseView> {
    let view = view_on_page(rx, sight, after)?;
    let case = &sight.case().id;
    let consents = consents::standing(rx, case, view.withdrawal_wished_at)?;
    Ok(CaseView { acts_ended: acts::ended(rx, case)?, consents, ..view })
}

/// The same for a page of the console, whose timeline tells what became of acts that wait no longer, and of consents.
///
/// # Errors
/// As [`view`].
pub fn view_on_page(rx: &mut Look<'_>, sight: &Sight, after: Option<&str>) -> Result<CaseView> {
    let (case, who) = (sight.case(), sight.who());
    let content = access::allows(who.role, case.queue, Act::ReadContent);
    let (clocks, image) = clocks_shown(rx, &case.id)?;
    let Entries { reports, additions, requests, notes, pending, next, mut damaged } =
        pages::page(rx, Reading { case: &case.id, content }, after)?;
    let Marks { contact_barred, withdrawal_wished_at } = casework::marks(rx, &case.id)?;
    let in_force = if content { Some(wishes::in_force_of(rx, &case.id, contact_barred)?) } else { None };
    damaged |= in_force.as_ref().is_some_and(|wishes| wishes.unreadable);
    let newest = if content { part(priority::newest(rx, &case.id), &mut damaged)? } else { None };
    Ok(CaseView {
        summary: summary(case),
        assessment: newest.map(|(_, assessed)| assessed.assessment),
        clocks,
        intimate_image_clock: image,
        contact_barred,
        contact_in_force: in_force,
        withdrawal_wished_at,
        reports,
        additions: content.then_some(additions),
        requests,
        notes: content.then_some(notes),
        pending,
        acts_ended: Vec::new(),
        consents: Vec::new(),
        links: queues::linked(rx, &case.id, who)?,
        kept: kept::kept(rx, case)?,
        next_cursor: next,
        damaged,
    })
}

/// Which page of a case somebody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The first, which holds the newest.
    Newest,
    /// One behind a cursor: older than what somebody must have read.
    Older,
}

/// Puts on record that a page of the case is read, with or without content, and gives the page back as it may be shown. Only what
/// the page was made of counts as read: of a case in which more was said meanwhile the newest is unread still.
///
/// # Errors
/// `Forbidden` when the page holds content that they may not read any more.
pub fn record(tx: &mut Unit<'_>, grant: Grant<Read>, page: Page, view: CaseView) -> Result<CaseView> {
    let (mut case, who) = grant.into_parts();
    put_on_record(tx, &mut case, &who, page, view)
}

/// The same for a page of the console: whoever holds the case and asks for a page of it is there, and keeps it. Gives the page as
/// it may be shown, and the case as it stands then.
///
/// # Errors
/// As [`record`].
pub fn record_and_keep(tx: &mut Unit<'_>, grant: Grant<Read>, page: Page, view: CaseView) -> Result<(CaseView, Case)> {
    let (mut case, who) = grant.into_parts();
    let view = put_on_record(tx, &mut case, &who, page, view)?;
    casework::keep(tx, &mut case, &who)?;
    Ok((view, case))
}

fn put_on_record(tx: &mut Unit<'_>, case: &mut Case, who: &Acting, page: Page, mut view: CaseView) -> Result<CaseView> {
    let content = view.notes.is_some();
    if content && !access::allows(who.role, case.queue, Act::ReadContent) {
        return Err(Error::Forbidden(Forbidden::Role));
    }
    audit::record(tx, Owner::case(&case.id), Event::CaseRead { role: who.role.as_str(), content, part: None })?;
    let unmoved = case.version == view.summary.version;
    if content && page == Page::Newest && case.content_at == view.summary.content_at {
        casework::note_reading(tx, case, who)?;
        // To read is a part of the review that was promised of whoever holds the case.
        if unmoved && case.is_held_by(&who.id, tx.now()) {
            (view.clocks, view.intimate_image_clock) = clocks_shown(tx, &case.id)?;
        }
    }
    // A version that names more than the page shows would let somebody act on what they did not see.
    if unmoved {
        view.summary = summary(case);
    }
    Ok(view)
}

/// The clocks of a case as they are shown, and when the platform's time for an intimate image ends.
fn clocks_shown(rx: &mut Look<'_>, id: &CaseId) -> Result<(Vec<ClockView>, Option<Timestamp>)> {
    let (now, clocks) = (rx.now(), clocks::of_case(rx, id)?);
    let clock = |clock: &clocks::Clock| ClockView {
        kind: clock.kind,
        due_at: clock.due_at,
        state: clock.state(now),
        request_id: clock.request_id.clone(),
        report_id: clock.report_id.clone(),
    };
    let images = || clocks.iter().filter(|clock| clock.kind == ClockKind::IntimateImage);
    let image = images().find(|clock| clock.runs()).or_else(|| images().next()).map(|clock| clock.due_at);
    Ok((first_clocks(&clocks).map(clock).collect(), image))
}

/// So many clocks of a case are shown.
const CLOCKS: usize = 100;

/// Of more clocks than are shown those that run; each kind in the order in which they are due.
fn first_clocks(all: &[clocks::Clock]) -> impl Iterator<Item = &clocks::Clock> {
    let is_many = all.len() > CLOCKS;
    let running = all.iter().filter(move |clock| !is_many || clock.runs());
    let others = all.iter().filter(move |clock| is_many && !clock.runs());
    running.chain(others).take(CLOCKS)
}

/// These requests of the case, each with what was written about it where content is shown. One whose row cannot be read is
/// absent.
pub(super) fn requests(
    rx: &mut Look<'_>,
    reading: Reading<'_>,
    ids: &[String],
    damaged: &mut bool,
) -> Result<Vec<RequestInCase>> {
    let mut all = Vec::with_capacity(ids.len());
    for row in requests::several(rx, ids)?.into_values() {
        let Some((row, details, answer)) = part(row, damaged)? else { continue };
        let words = if reading.content {
            part(requests::words(rx, reading.case, &row.id, &details, answer.as_ref()), damaged)?
        } else {
            None
        };
        all.push(with_words(words, row));
    }
    Ok(all)
}

fn with_words(words: Option<Words>, request: requests::Request) -> RequestInCase {
    RequestInCase {
        id: request.id,
        report_id: request.report_id,
        action: request.action,
        state: request.state,
        agreement: request.agreement,
        made_at: request.made_at,
        due_at: request.due_at,
        reason_code: request.reason_code,
        answered_at: request.answered_at,
        taken_at: request.taken_at,
        subject_notified: request.subject_notified,
        words,
    }
}

silent! { RequestInCase CaseView }

//! Acts that wait for a second person: lowering from p0 or p1, an outcome of "unfounded", the outcomes that end help for
//! somebody in danger with nothing done, and a request to a platform without the survivor's recorded agreement.

mod asked;
mod judged;
mod taken_back;
mod view;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

pub use asked::{is_asked, may_sign};
pub(super) use judged::{may_decide, waiting_in};
pub(super) use taken_back::may_withdraw;
pub use taken_back::withdraw;
pub use view::{ActView, Proposal};
pub(in crate::domain) use view::{ended, waiting};

use judged::Judged;

use super::decide::{self, Closing};
use super::priority;
use super::requests::{self, NewRequest};
use super::review;
use crate::base::code::codes;
use crate::base::id::{ActId, CaseId, StaffId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::schema::acts;
use crate::domain::access::{Act, Acting, ChangePriority, Grant, SignSecond};
use crate::domain::case::store;
use crate::domain::case::{Case, Outcome};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::people::staff::Member;
use crate::domain::triage::{Assessment, Priority};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Notes, Owner, Sealed};
use crate::error::rules::Casework;
use crate::error::{Conflict, Error, Result};

codes! {
    /// What waits for a second person.
    pub enum ActKind {
        /// A lower priority.
        LowerPriority = "lower_priority",
        /// Closing as unfounded.
        CloseUnfounded = "close_unfounded",
        /// Closing with another outcome, of a case that is or was p0 or p1.
        CloseUrgent = "close_urgent",
        /// A request to the platform on two people's record.
        AskPlatform = "ask_platform",
    }
}

impl ActKind {
    /// The right that whoever proposes it needs, until it is signed.
    pub(super) const fn right(self) -> Act {
        match self {
            Self::LowerPriority => Act::ChangePriority,
            Self::CloseUnfounded | Self::CloseUrgent => Act::Decide,
            Self::AskPlatform => Act::AskPlatform,
        }
    }
}

codes! {
    /// Where an act stands.
    pub enum ActState {
        /// It waits.
        Pending = "pending",
        /// Done.
        Approved = "approved",
        /// Not done.
        Refused = "refused",
        /// It waits no longer: its case was closed, or whoever proposed it may not work on it any more.
        Void = "void",
        /// Whoever proposed it has taken it back.
        Withdrawn = "withdrawn",
    }
}

codes! {
    /// Why a person changes a priority.
    pub enum PriorityReason {
        /// Something new is known.
        NewInformation = "new_information",
        /// Danger now.
        ImmediateDanger = "immediate_danger",
        /// Their judgement.
        ProfessionalJudgement = "professional_judgement",
        /// The survivor said that they are safe, through a channel confirmed safe.
        SafetyConfirmed = "safety_confirmed",
        /// An answer was entered by mistake.
        EnteredInError = "entered_in_error",
    }
}

/// A lowering, with what it answers.
#[derive(Clone, Serialize, Deserialize)]
pub struct Lowering {
    /// To what.
    pub to: Priority,
    /// Why.
    pub reason_code: PriorityReason,
    /// Why, in words.
    pub text: String,
    /// The floors that had fired.
    pub floors: Vec<String>,
    /// The points that were known.
    pub points: u32,
    /// What a person had raised it to.
    pub raised: Option<Priority>,
    /// The number of the assessment that the proposer saw.
    pub assessed: i64,
}

impl Lowering {
    /// Whether it answers all that the rules say now: a new code or more points voids it (TSP-1, rule 4).
    #[must_use]
    pub fn answers(&self, now: &Assessment) -> bool {
        let new_code = now.floors.iter().any(|floor| !self.floors.contains(&floor.code));
        !new_code && now.points_known <= self.points && now.failure.is_none()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Body {
    LowerPriority(Lowering),
    Close { outcome: Outcome, reason: String, assessed: i64 },
    AskPlatform(Box<NewRequest>),
}

/// A proposal as it is kept: what it would do, and what was said in the case when it was made.
#[derive(Serialize, Deserialize)]
struct Kept {
    content_at: Timestamp,
    body: Body,
}

/// What came of an operation that may need a second person.
#[derive(Debug)]
pub enum Done {
    /// It is done; this is the case now.
    Now(Box<Case>),
    /// It waits for a second person.
    Pending(ActId),
}

/// A change of a priority that a colleague wants.
pub struct Change {
    /// To which.
    pub to: Priority,
    /// Why, as a code.
    pub reason_code: PriorityReason,
    /// Why, in words.
    pub text: String,
}

/// Raises a priority at once, lowers it at once from p2 to p4, and proposes the lowering from p0 and p1.
///
/// # Errors
/// `Invalid` when nothing would change or the reason is missing; `Conflict` when a closed case is to be lowered.
pub fn change_priority(tx: &mut Unit<'_>, grant: Grant<ChangePriority>, change: Change) -> Result<Done> {
    let Change { to, reason_code, text } = change;
    let (mut case, who) = grant.into_parts();
    if text.trim().is_empty() {
        return Err(Error::invalid("/text", Casework::NoReason));
    }
    if to == case.priority {
        return Err(Error::invalid("/priority", Casework::SamePriority));
    }
    if to < case.priority {
        crate::domain::casework::notes::write_reason(tx, &case.id, &who, &text)?;
        review::note_act(tx, &mut case, &who)?;
        priority::raise(tx, &mut case, to)?;
        return Ok(Done::Now(Box::new(case)));
    }
    may_lower(tx, &case, &who)?;
    let (assessed, newest) = priority::newest(tx, &case.id)?;
    let answered = newest.assessment;
    let lowering = Lowering {
        to,
        reason_code,
        text,
        floors: answered.floors.iter().map(|floor| floor.code.clone()).collect(),
        points: answered.points_known,
        raised: case.raised_priority,
        assessed,
    };
    let urgent = waits_to_lower(&case);
    let act = propose(tx, &case, &who, ActKind::LowerPriority, Body::LowerPriority(lowering))?;
    if urgent {
        asked::tell(tx, &case, &who, &act)?;
        return Ok(Done::Pending(act));
    }
    close_act(tx, &case.id, &who, &Decided { act: &act, kind: ActKind::LowerPriority, approved: true })?;
    priority::lower(tx, &mut case, &act)?;
    Ok(Done::Now(Box::new(case)))
}

/// Whether this person can have the case lowered as it stands.
pub(super) fn may_lower(rx: &mut Look<'_>, case: &Case, who: &Member) -> Result<()> {
    can_be_lowered(case)?;
    review::require_known(rx, case, &who.id)
}

/// Whether the case can be lowered as it stands. What waits for a second person must not outlive its case, nor begin after it.
pub(super) fn can_be_lowered(case: &Case) -> Result<()> {
    if case.state.is_open() {
        return Ok(());
    }
    Err(Conflict::Transition { from: case.state.as_str(), action: "lower_priority" }.into())
}

/// Whether a lowering of the case waits for a second person.
pub(super) const fn waits_to_lower(case: &Case) -> bool {
    matches!(case.priority, Priority::P0 | Priority::P1)
}

/// Proposes to close a case.
pub(super) fn propose_closing(tx: &mut Unit<'_>, case: &Case, who: &Acting, closing: &Closing) -> Result<ActId> {
    let Closing { outcome, reason } = closing;
    let kind = if *outcome == Outcome::Unfounded { ActKind::CloseUnfounded } else { ActKind::CloseUrgent };
    let assessed = priority::newest_seq(tx, &case.id)?;
    let act = propose(tx, case, who, kind, Body::Close { outcome: *outcome, reason: reason.clone(), assessed })?;
    asked::tell(tx, case, who, &act)?;
    Ok(act)
}

/// Proposes a request to the platform that stands on two people's record.
pub(super) fn propose_request(tx: &mut Unit<'_>, case: &Case, who: &Acting, request: NewRequest) -> Result<ActId> {
    let act = propose(tx, case, who, ActKind::AskPlatform, Body::AskPlatform(Box::new(request)))?;
    asked::tell(tx, case, who, &act)?;
    Ok(act)
}

fn propose(tx: &mut Unit<'_>, case: &Case, who: &Acting, kind: ActKind, body: Body) -> Result<ActId> {
    let id = ActId::random();
    let kept = Kept { content_at: case.content_at, body };
    let case = &case.id;
    let sealed = tx.keys(Owner::case(case))?.sealing::<Notes>()?.seal("act", id.as_str(), &kept)?;
    let row = (
        acts::id.eq(&id),
        acts::case_id.eq(case),
        acts::kind.eq(kind),
        acts::state.eq(ActState::Pending),
        acts::proposed_by.eq(&who.id),
        acts::proposed_at.eq(tx.now()),
        acts::body.eq(sealed),
    );
    diesel::insert_into(acts::table).values(row).execute(tx.conn())?;
    let event = Event::ActProposed { act: id.clone(), act_kind: kind.as_str() };
    audit::record(tx, Owner::case(case), event)?;
    Ok(id)
}

/// The second person decides. Approving does the act; refusing leaves everything as it is.
///
/// # Errors
/// `SecondPerson` when it is the first one, by whichever account, `Unread` when they approve without having read all of the
/// case, `ActDecided` when somebody was quicker, `ActWithdrawn` when the first one was, `ActVoid` when the case was closed
/// or the first one may not work on it any more, `ActOutdated` when more has come in than the first one saw.
pub fn sign(tx: &mut Unit<'_>, grant: Grant<SignSecond>, id: &ActId, approve: bool) -> Result<Case> {
    let (mut case, who) = grant.into_parts();
    let Judged { kind, proposed_by, body } = judged::judge(tx, &case, &who, id, approve)?;
    close_act(tx, &case.id, &who, &Decided { act: id, kind, approved: approve })?;
    let Some(body) = body else { return Ok(case) };
    carry_out(tx, &mut case, id, &proposed_by, body)?;
    store::find(tx, &case.id)?.ok_or(Error::NotFound)
}

/// Does what was proposed, when it stands.
fn carry_out(tx: &mut Unit<'_>, case: &mut Case, id: &ActId, by: &StaffId, body: Body) -> Result<()> {
    match body {
        Body::LowerPriority(_) => priority::lower(tx, case, id),
        Body::Close { outcome, .. } => decide::close(tx, case, outcome),
        Body::AskPlatform(request) => requests::make_approved(tx, case, by, &request).map(drop),
    }
}

fn open(rx: &mut Look<'_>, case: &CaseId, id: &ActId, sealed: &Sealed<Notes>) -> Result<Kept> {
    let key = rx.keys(Owner::case(case))?.existing::<Notes>()?;
    Ok(key.open::<Kept>("act", id.as_str(), sealed)?.into_exposed())
}

/// What became of an act.
struct Decided<'a> {
    act: &'a ActId,
    kind: ActKind,
    approved: bool,
}

fn close_act(tx: &mut Unit<'_>, case: &CaseId, who: &Member, decided: &Decided<'_>) -> Result<()> {
    let Decided { act: id, kind, approved } = *decided;
    let state = if approved { ActState::Approved } else { ActState::Refused };
    let changed = diesel::update(acts::table.find(id).filter(acts::state.eq(ActState::Pending)))
        .set((acts::state.eq(state), acts::decided_by.eq(&who.id), acts::decided_at.eq(tx.now())))
        .execute(tx.conn())?;
    if changed == 0 {
        return Err(Conflict::ActDecided.into());
    }
    let event = Event::ActDecided { act: id.clone(), act_kind: kind.as_str(), approved };
    audit::record(tx, Owner::case(case), event)
}

/// The lowering that an act holds.
pub(super) fn lowering(rx: &mut Look<'_>, case: &CaseId, id: &ActId) -> Result<Lowering> {
    let sealed: Sealed<Notes> = acts::table.find(id).select(acts::body).first(rx.conn())?;
    match open(rx, case, id, &sealed)?.body {
        Body::LowerPriority(lowering) => Ok(lowering),
        Body::Close { .. } | Body::AskPlatform(_) => Err(Error::Internal(anyhow::anyhow!("act {id} is no lowering"))),
    }
}

silent! { Lowering Body Kept Change }

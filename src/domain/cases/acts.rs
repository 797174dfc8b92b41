//! Acts that wait for a second person: lowering from p0 or p1, an outcome of "unfounded", and a request to a platform
//! without the survivor's recorded agreement.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Case, Outcome, decide, priority, store};
use crate::base::code::codes;
use crate::base::id::{ActId, CaseId, StaffId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::schema::acts;
use crate::db::{Rx, Tx};
use crate::domain::Kit;
use crate::domain::access::{ChangePriority, Grant, SignSecond};
use crate::domain::audit::{self, Chain, Event};
use crate::domain::requests::{self, NewRequest};
use crate::domain::staff::Member;
use crate::domain::triage::{Assessment, Priority};
use crate::domain::vault::{Keys, Notes, Sealed};
use crate::error::{Conflict, Error, Forbidden, Result};

codes! {
    /// What waits for a second person.
    pub enum ActKind {
        /// A lower priority.
        LowerPriority = "lower_priority",
        /// Closing as unfounded.
        CloseUnfounded = "close_unfounded",
        /// A request to the platform on two people's record.
        AskPlatform = "ask_platform",
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
    CloseUnfounded { reason: String },
    AskPlatform(Box<NewRequest>),
}

/// An act as colleagues see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActView {
    /// Its id.
    #[schema(value_type = String, example = "act_00000000000000000000000000")]
    pub id: ActId,
    /// What it would do.
    pub kind: ActKind,
    /// Where it stands.
    pub state: ActState,
    /// Who proposed it.
    #[schema(value_type = String)]
    pub proposed_by: StaffId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub proposed_at: Timestamp,
}

/// What came of an operation that may need a second person.
#[derive(Debug)]
pub enum Done {
    /// It is done; this is the case now.
    Now(Box<Case>),
    /// It waits for a second person.
    Pending(ActId),
}

/// Raises a priority at once, lowers it at once from p2 to p4, and proposes the lowering from p0 and p1.
///
/// # Errors
/// `Invalid` when nothing would change or the reason is missing.
pub fn change_priority(
    tx: &mut Tx<'_>,
    kit: &Kit,
    grant: Grant<ChangePriority, Case>,
    who: &Member,
    change: (Priority, PriorityReason, String),
) -> Result<Done> {
    let (to, reason_code, text) = change;
    let mut case = grant.into_row();
    if text.trim().is_empty() {
        return Err(Error::invalid("/text", "required", "say why; the next colleague reads it"));
    }
    if to == case.priority {
        return Err(Error::invalid("/priority", "unchanged", "the case has this priority already"));
    }
    if to < case.priority {
        super::notes::write_reason(tx, kit, &case.id, who, &text)?;
        priority::raise(tx, kit, &mut case, to)?;
        return Ok(Done::Now(Box::new(case)));
    }
    let mut keys = Keys::load(tx, &kit.keyring, case.id.as_str())?;
    let answered = priority::newest(tx, &mut keys, &case.id)?.map(|(_, assessed)| assessed.assessment);
    let lowering = Lowering {
        to,
        reason_code,
        text,
        floors: answered.iter().flat_map(|a| a.floors.iter().map(|floor| floor.code.clone())).collect(),
        points: answered.map_or(0, |a| a.points_known),
        raised: case.raised_priority,
    };
    let urgent = matches!(case.priority, Priority::P0 | Priority::P1);
    let act = propose(tx, kit, &case.id, who, (ActKind::LowerPriority, Body::LowerPriority(lowering)))?;
    if urgent {
        return Ok(Done::Pending(act));
    }
    close_act(tx, &case.id, &act, ActKind::LowerPriority, (who, true))?;
    priority::lower(tx, kit, &mut case, &act)?;
    Ok(Done::Now(Box::new(case)))
}

/// Proposes to close a case as unfounded.
pub(super) fn propose_unfounded(
    tx: &mut Tx<'_>,
    kit: &Kit,
    case: &CaseId,
    who: &Member,
    reason: &str,
) -> Result<ActId> {
    propose(tx, kit, case, who, (ActKind::CloseUnfounded, Body::CloseUnfounded { reason: reason.to_owned() }))
}

/// Proposes a request to the platform that stands on two people's record.
pub(in crate::domain) fn propose_request(
    tx: &mut Tx<'_>,
    kit: &Kit,
    case: &CaseId,
    who: &Member,
    request: NewRequest,
) -> Result<ActId> {
    propose(tx, kit, case, who, (ActKind::AskPlatform, Body::AskPlatform(Box::new(request))))
}

fn propose(tx: &mut Tx<'_>, kit: &Kit, case: &CaseId, who: &Member, what: (ActKind, Body)) -> Result<ActId> {
    let (kind, body) = what;
    let id = ActId::random();
    let mut keys = Keys::load(tx, &kit.keyring, case.as_str())?;
    let sealed = keys.sealing::<Notes>()?.seal("act", id.as_str(), &body)?;
    keys.store(tx)?;
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
    audit::record(tx, Chain::Case(case), event)?;
    Ok(id)
}

/// The second person decides. Approving does the act; refusing leaves everything as it is.
///
/// # Errors
/// `SecondPerson` when it is the first one, `ActDecided` when somebody was quicker.
pub fn sign(
    tx: &mut Tx<'_>,
    kit: &Kit,
    grant: Grant<SignSecond, Case>,
    who: &Member,
    (id, approve): (&ActId, bool),
) -> Result<Case> {
    let mut case = grant.into_row();
    let (kind, state, proposed_by, sealed): (ActKind, ActState, StaffId, Sealed<Notes>) = acts::table
        .find(id)
        .filter(acts::case_id.eq(&case.id))
        .select((acts::kind, acts::state, acts::proposed_by, acts::body))
        .first(tx.conn())?;
    if proposed_by == who.id {
        return Err(Error::Forbidden(Forbidden::SecondPerson));
    }
    if state != ActState::Pending {
        return Err(Conflict::ActDecided.into());
    }
    close_act(tx, &case.id, id, kind, (who, approve))?;
    if !approve {
        return Ok(case);
    }
    let mut keys = Keys::load(tx, &kit.keyring, case.id.as_str())?;
    match keys.existing::<Notes>()?.open::<Body>("act", id.as_str(), &sealed)?.into_exposed() {
        Body::LowerPriority(lowering) => {
            let newest = priority::newest(tx, &mut keys, &case.id)?;
            let answers_all = newest.is_none_or(|(_, assessed)| lowering.answers(&assessed.assessment));
            if !answers_all || case.raised_priority != lowering.raised {
                return Err(Conflict::ActOutdated.into());
            }
            priority::lower(tx, kit, &mut case, id)?;
        }
        Body::CloseUnfounded { .. } => decide::close(tx, &mut case, Outcome::Unfounded)?,
        Body::AskPlatform(request) => {
            requests::make_approved(tx, kit, &mut case, &proposed_by, &request)?;
        }
    }
    store::find(tx, &case.id)?.ok_or(Error::NotFound)
}

fn close_act(tx: &mut Tx<'_>, case: &CaseId, id: &ActId, kind: ActKind, decided: (&Member, bool)) -> Result<()> {
    let (who, approved) = decided;
    let state = if approved { ActState::Approved } else { ActState::Refused };
    let changed = diesel::update(acts::table.find(id).filter(acts::state.eq(ActState::Pending)))
        .set((acts::state.eq(state), acts::decided_by.eq(&who.id), acts::decided_at.eq(tx.now())))
        .execute(tx.conn())?;
    if changed == 0 {
        return Err(Conflict::ActDecided.into());
    }
    let event = Event::ActDecided { act: id.clone(), act_kind: kind.as_str(), approved };
    audit::record(tx, Chain::Case(case), event)
}

/// The lowering that an act holds.
pub(super) fn lowering(rx: &mut Rx<'_>, keys: &mut Keys<'_>, id: &ActId) -> Result<Lowering> {
    let sealed: Sealed<Notes> = acts::table.find(id).select(acts::body).first(rx.conn())?;
    match keys.existing::<Notes>()?.open::<Body>("act", id.as_str(), &sealed)?.into_exposed() {
        Body::LowerPriority(lowering) => Ok(lowering),
        Body::CloseUnfounded { .. } | Body::AskPlatform(_) => {
            Err(Error::Internal(anyhow::anyhow!("act {id} is no lowering")))
        }
    }
}

/// The acts of a case that wait for a second person.
pub(super) fn pending(rx: &mut Rx<'_>, case: &CaseId) -> Result<Vec<ActView>> {
    let rows: Vec<(ActId, ActKind, ActState, StaffId, Timestamp)> = acts::table
        .filter(acts::case_id.eq(case).and(acts::state.eq(ActState::Pending)))
        .order((acts::proposed_at, acts::id))
        .select((acts::id, acts::kind, acts::state, acts::proposed_by, acts::proposed_at))
        .load(rx.conn())?;
    Ok(rows
        .into_iter()
        .map(|(id, kind, state, proposed_by, proposed_at)| ActView { id, kind, state, proposed_by, proposed_at })
        .collect())
}

silent! { Lowering Body }

//! What moves a hand-over, and all that follows: its clock, its record, what stands beside its case. Whoever moves one goes through
//! here and leaves nothing out.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::kept::{self, Referral};
use super::notices;
use super::state::{Move, State};
use crate::base::code::codes;
use crate::base::id::{CaseId, ReferralId, ReferralMoveId, StaffId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::referral_moves as table;
use crate::domain::case::clocks::{self, Clock, ClockKind};
use crate::domain::case::standing::{self, Standing};
use crate::domain::case::{Case, store};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::triage::Phase;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Damaged, Notes, Owner, Sealed};
use crate::error::{Conflict, Error, Result};

codes! {
    /// Why a service says no.
    pub enum DeclineReason {
        /// It has no room.
        NoCapacity = "no_capacity",
        /// She is not where it helps.
        OutOfArea = "out_of_area",
        /// It does not help with this.
        OutsideRemit = "outside_remit",
        /// Her age.
        Age = "age",
        /// It speaks no language of hers.
        Language = "language",
        /// Somebody there knows somebody in it.
        Conflict = "conflict",
        /// It is not made for a danger like this.
        RiskTooHigh = "risk_too_high",
        /// What it was given does not say that she agreed.
        ConsentMissing = "consent_missing",
        /// It helps her already.
        Duplicate = "duplicate",
        /// Something else; the words say what.
        Other = "other",
    }
}

codes! {
    /// How a service says that it ended.
    pub enum Outcome as ReferralOutcome {
        /// She was helped.
        Supported = "supported",
        /// She did not want it.
        SurvivorDeclined = "survivor_declined",
        /// She was not reached.
        NotReached = "not_reached",
        /// Another service helps her.
        ReferredOn = "referred_on",
        /// Something else; the words say what.
        Other = "other",
    }
}

codes! {
    /// What was done with a hand-over.
    pub enum Step as ReferralStep {
        /// Sent.
        Send = "send",
        /// Received.
        Receive = "receive",
        /// Accepted.
        Accept = "accept",
        /// Declined.
        Decline = "decline",
        /// She was contacted.
        Contacted = "contacted",
        /// She could not be reached.
        UnableToContact = "unable_to_contact",
        /// Done, as the service says.
        Close = "close",
        /// Taken back.
        Withdraw = "withdraw",
        /// Waited for no longer.
        Expire = "expire",
        /// The service said that no copy is left.
        Acknowledge = "acknowledge",
    }
}

impl From<Move> for Step {
    fn from(made: Move) -> Self {
        match made {
            Move::Send => Self::Send,
            Move::Receive => Self::Receive,
            Move::Accept => Self::Accept,
            Move::Decline => Self::Decline,
            Move::Contacted => Self::Contacted,
            Move::UnableToContact => Self::UnableToContact,
            Move::Close => Self::Close,
            Move::Withdraw => Self::Withdraw,
            Move::Expire => Self::Expire,
        }
    }
}

codes! {
    /// Who took a step.
    pub enum By as ReferralBy {
        /// A colleague; of what a service said by telephone too.
        Staff = "staff",
        /// The service itself.
        Service = "service",
        /// This system, because time had passed.
        System = "system",
    }
}

/// Who takes a step.
#[derive(Clone, Copy)]
pub(super) enum Taken<'a> {
    Staff(&'a StaffId),
    /// The service itself, by this credential or account.
    Service(&'a str),
    System,
}

impl Taken<'_> {
    const fn kind(self) -> By {
        match self {
            Self::Staff(_) => By::Staff,
            Self::Service(_) => By::Service,
            Self::System => By::System,
        }
    }

    fn id(self) -> Option<String> {
        match self {
            Self::Staff(id) => Some(id.to_string()),
            Self::Service(client) => Some(client.to_owned()),
            Self::System => None,
        }
    }
}

/// Who takes a step, and what was said with it.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) by: Taken<'a>,
    pub(super) said: &'a Said,
}

impl<'a> Taken<'a> {
    /// A step of theirs, without a word.
    pub(super) const fn silently(self) -> Told<'a> {
        Told { by: self, said: &Said::NOTHING }
    }
}

/// What was said with a step.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Said {
    /// Of a decline: why.
    pub reason: Option<DeclineReason>,
    /// Of an end: how.
    pub outcome: Option<Outcome>,
    /// What was missing.
    pub missing: Option<String>,
    /// What else was said.
    pub words: Option<String>,
    /// Who of the service said it, by telephone.
    pub who: Option<String>,
    /// When they said it, where it is written down later.
    pub at: Option<Timestamp>,
}

silent! { Said }

impl Said {
    const NOTHING: Self = Self { reason: None, outcome: None, missing: None, words: None, who: None, at: None };
}

/// A step, as colleagues see it.
#[derive(Serialize, ToSchema)]
pub struct StepView {
    /// What was done.
    pub step: Step,
    /// When it was written down.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who took it.
    pub by: By,
    /// Which colleague, or which credential or account of the service.
    pub by_id: Option<String>,
    /// Of a decline: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<DeclineReason>,
    /// Of an end: how.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What the service says was missing; absent, as are the next two, for roles that may not read content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// What else was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// Who of the service said it, by telephone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// When they said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub said_at: Option<Timestamp>,
}

silent! { StepView }

/// Moves a hand-over of a case, whose row is locked.
///
/// # Errors
/// `ReferralMoved` where the table has no such way; `Internal` where it does not open.
pub(super) fn take(
    tx: &mut Unit<'_>,
    case: &mut Case,
    referral: &mut Referral,
    made: Move,
    told: Told<'_>,
) -> Result<()> {
    let refused = Conflict::ReferralMoved { state: referral.state.as_str() };
    referral.state = referral.state.next(made).ok_or(Error::Conflict(refused))?;
    let now = tx.now();
    match made {
        Move::Send => referral.sent_at = Some(now),
        Move::Receive => referral.received_at = Some(now),
        Move::Accept | Move::Decline => {
            // Whoever answers has it before them.
            referral.received_at = referral.received_at.or(Some(now));
            referral.answered_at = referral.answered_at.or(Some(now));
        }
        Move::Contacted | Move::UnableToContact | Move::Close | Move::Withdraw | Move::Expire => {}
    }
    if referral.state.has_ended() {
        referral.ended_at = Some(now);
    }
    if let Some(kept) = &mut referral.kept {
        kept.outcome = told.said.outcome.or(kept.outcome);
        if let (Move::Accept, Taken::Service(agent)) = (made, told.by) {
            kept.accepter = Some(agent.to_owned());
        }
    }
    kept::keep(tx, referral)?;
    write(tx, referral, made.into(), told)?;
    match made {
        Move::Send => notices::of_sending(tx, case, referral)?,
        Move::Withdraw if referral.was_read() => notices::of_taking_back(tx, case, referral)?,
        Move::Receive
        | Move::Accept
        | Move::Decline
        | Move::Contacted
        | Move::UnableToContact
        | Move::Close
        | Move::Withdraw
        | Move::Expire => {}
    }
    clocks::meet_referral(tx, &referral.id)?;
    begin_clock(tx, case, referral)?;
    stand(tx, case)?;
    store::bump(tx, case)?;
    store::requeue(tx, case)
}

/// Begins the clock of what a hand-over waits for now, where it waits for anything.
pub(super) fn begin_clock(tx: &mut Unit<'_>, case: &Case, referral: &Referral) -> Result<()> {
    let Some(phase) = referral.state.phase(referral.was_read()) else { return Ok(()) };
    let due_at = due(tx, case, referral, phase);
    let clock = Clock::begin(&case.id, ClockKind::Referral, tx.now(), due_at).of_referral(&referral.id, phase);
    clocks::insert(tx, &[clock])
}

/// When a phase that begins now has passed. An answer is due from the sending on; that no copy is left is said before the time
/// that was agreed with her, if that is sooner.
pub(super) fn due(tx: &Unit<'_>, case: &Case, referral: &Referral, phase: Phase) -> Timestamp {
    let (now, span) = (tx.now(), tx.kit().referrals.span(phase, case.priority));
    let agreed = referral.kept.as_ref().and_then(|kept| kept.agreed_at).filter(|at| *at > now);
    match phase {
        Phase::Answer => referral.sent_at.unwrap_or(now).plus(span),
        Phase::Acknowledgement => agreed.map_or(now.plus(span), |agreed| agreed.min(now.plus(span))),
        Phase::Draft | Phase::Receipt | Phase::Contact | Phase::NextWord => now.plus(span),
    }
}

/// Writes a step down.
pub(super) fn write(tx: &mut Unit<'_>, referral: &Referral, step: Step, told: Told<'_>) -> Result<()> {
    let Told { by, said } = told;
    let (id, owner) = (ReferralMoveId::random(), Owner::case(&referral.case));
    let body = tx.keys(owner.clone())?.sealing::<Notes>()?.seal("referral_move", id.as_str(), said)?;
    let row = (
        (table::id.eq(&id), table::referral_id.eq(&referral.id), table::case_id.eq(&referral.case)),
        table::seq.eq(referral.version),
        (table::at.eq(tx.now()), table::made.eq(step), table::by_kind.eq(by.kind()), table::by_id.eq(by.id())),
        table::body.eq(body),
    );
    diesel::insert_into(table::table).values(row).execute(tx.conn())?;
    let (made, state) = (step.as_str(), referral.state.as_str());
    audit::record(tx, owner, Event::ReferralMoved { referral: referral.id.clone(), made, state })
}

/// Notes beside the case whether a hand-over is under way that nobody accepted, and whether one was accepted.
pub(super) fn stand(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    let all = kept::of_case(tx, &case.id, MOST)?;
    let helped = |one: &Referral| {
        let outcome = one.kept.as_ref().and_then(|kept| kept.outcome);
        one.state == State::Closed && matches!(outcome, Some(Outcome::Supported | Outcome::ReferredOn))
    };
    let standing = standing::of(tx, &case.id)?;
    let referral_open = all.iter().any(|one| one.state.is_open());
    let referral_accepted = all.iter().any(|one| one.state.is_accepted() || helped(one));
    standing::set(tx, &case.id, Standing { referral_open, referral_accepted, ..standing })
}

/// So many hand-overs of a case are looked at: all that it may have.
pub(super) const MOST: i64 = 100;
/// So many steps of each are shown: the newest.
const STEPS: i64 = 20;

/// What became of a hand-over of late, the oldest first. What was said stands in it where content is shown.
pub(super) fn of(rx: &mut Look<'_>, case: &CaseId, referral: &ReferralId, content: bool) -> Result<Vec<StepView>> {
    type Row = (
        Perhaps<ReferralMoveId>,
        Perhaps<Timestamp>,
        Perhaps<Step>,
        Perhaps<By>,
        Perhaps<Option<String>>,
        Perhaps<Vec<u8>>,
    );
    let rows: Vec<Row> = table::table
        .filter(table::referral_id.eq(referral).and(table::case_id.eq(case)))
        .order((table::seq.desc(), table::id.desc()))
        .limit(STEPS)
        .select((table::id, table::at, table::made, table::by_kind, table::by_id, table::body))
        .load(rx.conn())?;
    let mut all = Vec::with_capacity(rows.len());
    for (id, at, step, by, by_id, body) in rows.into_iter().rev() {
        let (Some(id), Some(at), Some(step), Some(by)) = (id.0, at.0, step.0, by.0) else { continue };
        let said = match body.0 {
            Some(body) => open(rx, case, &id, &Sealed::from_stored(body))?,
            None => Said::default(),
        };
        let words = |text: Option<String>| text.filter(|_| content);
        all.push(StepView {
            step,
            at,
            by,
            by_id: by_id.0.flatten(),
            reason: said.reason,
            outcome: said.outcome,
            missing: words(said.missing),
            words: words(said.words),
            who: words(said.who),
            said_at: said.at,
        });
    }
    Ok(all)
}

/// What was said with a step; nothing where it does not open.
fn open(rx: &mut Look<'_>, case: &CaseId, id: &ReferralMoveId, sealed: &Sealed<Notes>) -> Result<Said> {
    let key = rx.keys(Owner::case(case))?.existing::<Notes>();
    match key.and_then(|key| key.open::<Said>("referral_move", id.as_str(), sealed)) {
        Ok(said) => Ok(said.into_exposed()),
        Err(Error::Erased) => Ok(Said::default()),
        Err(error) if Damaged::is(&error) => Ok(Said::default()),
        Err(error) => Err(error),
    }
}

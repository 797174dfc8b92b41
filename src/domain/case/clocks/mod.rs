//! The clocks of a case: rows that say what is due and when. They run in calendar time and never pause because a
//! survivor has not answered.

mod breaches;
mod due;

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::prelude::*;

pub use breaches::{Breaches, breaches};
pub use due::{Due, first};
pub(in crate::domain) use due::{begin_review, longest_standby, tighten, within};

use crate::base::code::codes;
use crate::base::id::{CaseId, ClockId, ReferralId, ReportId, RequestId};
use crate::base::time::Timestamp;
use crate::db::dialect::native;
use crate::db::perhaps::Perhaps;
use crate::db::schema::clocks;
use crate::domain::triage::Phase;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

codes! {
    /// What is due.
    pub enum ClockKind {
        /// A person reads the case.
        HumanReview = "human_review",
        /// A first safe contact, or the recorded reason to wait.
        FirstContactOrStandby = "first_contact_or_standby",
        /// The decision whether to hand over or go to the police.
        EscalationDecision = "escalation_decision",
        /// The next look at the case.
        ReReview = "re_review",
        /// The platform's 48 hours for an intimate image.
        IntimateImage = "intimate_image",
        /// The platform's answer to a request.
        Request = "request",
        /// The next contact that was agreed with the survivor.
        CheckIn = "check_in",
        /// The next look whether contact is safe by now, after somebody has chosen to wait.
        LookAgain = "look_again",
        /// What a service owes of a hand-over, or we before it is sent.
        Referral = "referral",
        /// She is told what became of a hand-over.
        TellSurvivor = "tell_survivor",
        /// Another person looks at what was told to others without her consent.
        DisclosureReview = "disclosure_review",
    }
}

impl ClockKind {
    /// Whether it is we who owe what is due, and owe it for as long as the case is open. What the platform owes, an answer
    /// and the 48 hours of an image, it owes all the same when the case is closed; so does a service, and what we owe of a
    /// hand-over.
    #[must_use]
    pub(in crate::domain) const fn is_ours(self) -> bool {
        match self {
            Self::HumanReview
            | Self::FirstContactOrStandby
            | Self::EscalationDecision
            | Self::ReReview
            | Self::CheckIn
            | Self::LookAgain => true,
            Self::IntimateImage | Self::Request | Self::Referral | Self::TellSurvivor | Self::DisclosureReview => false,
        }
    }
}

codes! {
    /// Where a clock stands.
    pub enum ClockState {
        /// It runs.
        Running = "running",
        /// What was due is done.
        Met = "met",
        /// It has passed and nothing was done.
        Breached = "breached",
        /// It no longer matters.
        Stopped = "stopped",
    }
}

/// A clock.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = clocks)]
pub struct Clock {
    id: ClockId,
    case_id: CaseId,
    /// What is due.
    pub kind: ClockKind,
    /// The request it belongs to.
    pub request_id: Option<RequestId>,
    /// The report it belongs to: each intimate image has its own 48 hours.
    pub report_id: Option<ReportId>,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// When it passes.
    pub due_at: Timestamp,
    met_at: Option<Timestamp>,
    stopped_at: Option<Timestamp>,
    /// When somebody is to be told of it next.
    pub alarm_at: Option<Timestamp>,
    /// The hand-over it belongs to.
    pub referral_id: Option<ReferralId>,
    /// What that waits for.
    pub phase: Option<Phase>,
}

/// When somebody is told that a clock will pass: a quarter of its time ahead, four hours at the most.
fn soon(from: Timestamp, due_at: Timestamp) -> Timestamp {
    const AHEAD: Duration = Duration::from_hours(4);
    due_at.minus((due_at.since(from) / 4).min(AHEAD))
}

impl Clock {
    /// A clock that begins now.
    #[must_use]
    pub fn begin(case: &CaseId, kind: ClockKind, now: Timestamp, due_at: Timestamp) -> Self {
        Self {
            id: ClockId::random(),
            case_id: case.clone(),
            kind,
            request_id: None,
            report_id: None,
            started_at: now,
            due_at,
            met_at: None,
            stopped_at: None,
            alarm_at: Some(soon(now, due_at)),
            referral_id: None,
            phase: None,
        }
    }

    /// This clock, with its first alarm at a time of its own.
    #[must_use]
    pub const fn telling_at(mut self, at: Timestamp) -> Self {
        self.alarm_at = Some(at);
        self
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> &ClockId {
        &self.id
    }

    /// This clock, as that of a request.
    #[must_use]
    pub fn of_request(mut self, request: &RequestId) -> Self {
        self.request_id = Some(request.clone());
        self
    }

    /// This clock, as that of a report.
    #[must_use]
    pub fn of_report(mut self, report: &ReportId) -> Self {
        self.report_id = Some(report.clone());
        self
    }

    /// This clock, as that of a hand-over in one of its phases.
    #[must_use]
    pub fn of_referral(mut self, referral: &ReferralId, phase: Phase) -> Self {
        self.referral_id = Some(referral.clone());
        self.phase = Some(phase);
        self
    }

    /// Where it stands at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> ClockState {
        match (self.met_at, self.stopped_at) {
            (Some(met), _) if met > self.due_at => ClockState::Breached,
            (Some(_), _) => ClockState::Met,
            (None, Some(_)) => ClockState::Stopped,
            (None, None) if now > self.due_at => ClockState::Breached,
            (None, None) => ClockState::Running,
        }
    }

    /// Whether it says that a first contact was made, or that waiting was chosen.
    #[must_use]
    pub fn is_first_contact_made(&self) -> bool {
        self.kind == ClockKind::FirstContactOrStandby && self.met_at.is_some()
    }

    /// Whether it still waits for what is due.
    #[must_use]
    pub const fn runs(&self) -> bool {
        self.met_at.is_none() && self.stopped_at.is_none()
    }
}

/// Adds clocks in one statement.
pub fn insert(tx: &mut Unit<'_>, new: &[Clock]) -> Result<()> {
    if !new.is_empty() {
        native!(tx.conn(), |c| diesel::insert_into(clocks::table).values(new).execute(c))?;
    }
    Ok(())
}

/// The clocks of a case, in the order they are due.
pub fn of_case(rx: &mut Look<'_>, case: &CaseId) -> Result<Vec<Clock>> {
    Ok(clocks::table
        .filter(clocks::case_id.eq(case))
        // One of an unknown kind is due to nobody, and keeps nobody from the case. `recourse check` names it.
        .filter(clocks::kind.eq_any(ClockKind::ALL))
        .order((clocks::due_at, clocks::id))
        .select(Clock::as_select())
        .load(rx.conn())?)
}

/// Whether any clock of the case runs.
pub(in crate::domain) fn any_runs(rx: &mut Look<'_>, case: &CaseId) -> Result<bool> {
    let running = clocks::case_id.eq(case).and(clocks::met_at.is_null()).and(clocks::stopped_at.is_null());
    let first = clocks::table.filter(running).select(clocks::id).first::<String>(rx.conn());
    Ok(first.optional()?.is_some())
}

/// Of each of these cases the clock that will pass next, or passed first and runs on: what is due, and when.
pub fn next_of(rx: &mut Look<'_>, cases: &[CaseId]) -> Result<BTreeMap<CaseId, (ClockKind, Timestamp)>> {
    type Row = (Perhaps<CaseId>, Perhaps<ClockKind>, Perhaps<Timestamp>);
    let rows: Vec<Row> = clocks::table
        .filter(clocks::case_id.eq_any(cases.to_vec()))
        .filter(clocks::met_at.is_null().and(clocks::stopped_at.is_null()))
        .select((clocks::case_id, clocks::kind, clocks::due_at))
        .load(rx.conn())?;
    let mut next: BTreeMap<CaseId, (ClockKind, Timestamp)> = BTreeMap::new();
    for (case, kind, due_at) in rows {
        let (Some(case), Some(kind), Some(due_at)) = (case.0, kind.0, due_at.0) else { continue };
        let first = next.entry(case).or_insert((kind, due_at));
        if due_at < first.1 {
            *first = (kind, due_at);
        }
    }
    Ok(next)
}

/// The next clock that will pass; a case without one stands behind all others of its priority.
#[must_use]
pub(in crate::domain) fn next_due(clocks: &[Clock]) -> Timestamp {
    const NEVER: Timestamp = Timestamp::from_micros(999_999_999_999_999_999);
    clocks.iter().filter(|clock| clock.runs()).map(|clock| clock.due_at).min().unwrap_or(NEVER)
}

/// Notes that what the clock waits for is done.
pub fn meet(tx: &mut Unit<'_>, case: &CaseId, kind: ClockKind, request: Option<&RequestId>) -> Result<()> {
    let running = clocks::case_id
        .eq(case)
        .and(clocks::kind.eq(kind))
        .and(clocks::met_at.is_null())
        .and(clocks::stopped_at.is_null());
    let met = clocks::met_at.eq(tx.now());
    match request {
        Some(request) => diesel::update(clocks::table.filter(running).filter(clocks::request_id.eq(request)))
            .set(met)
            .execute(tx.conn())?,
        None => diesel::update(clocks::table.filter(running)).set(met).execute(tx.conn())?,
    };
    Ok(())
}

/// Notes that what a hand-over waited for has come, or is waited for no longer; what is owed by whom it was taken from stays.
pub(in crate::domain) fn meet_referral(tx: &mut Unit<'_>, referral: &ReferralId) -> Result<()> {
    let running = clocks::referral_id
        .eq(referral)
        .and(clocks::phase.ne(Phase::Acknowledgement))
        .and(clocks::met_at.is_null())
        .and(clocks::stopped_at.is_null());
    diesel::update(clocks::table.filter(running)).set(clocks::met_at.eq(tx.now())).execute(tx.conn())?;
    Ok(())
}

/// Notes that a service has said that no copy is left. Says whether any such word was owed.
pub(in crate::domain) fn meet_acknowledgement(tx: &mut Unit<'_>, referral: &ReferralId) -> Result<bool> {
    let running = clocks::referral_id
        .eq(referral)
        .and(clocks::phase.eq(Phase::Acknowledgement))
        .and(clocks::met_at.is_null())
        .and(clocks::stopped_at.is_null());
    let met = diesel::update(clocks::table.filter(running)).set(clocks::met_at.eq(tx.now())).execute(tx.conn())?;
    Ok(met > 0)
}

/// Of each of these hand-overs what it waits for first, and until when.
pub(in crate::domain) fn of_referrals(
    rx: &mut Look<'_>,
    ids: &[ReferralId],
) -> Result<BTreeMap<ReferralId, (Phase, Timestamp)>> {
    type Row = (Perhaps<Option<ReferralId>>, Perhaps<Option<Phase>>, Perhaps<Timestamp>);
    let rows: Vec<Row> = clocks::table
        .filter(clocks::referral_id.eq_any(ids.to_vec()))
        .filter(clocks::met_at.is_null().and(clocks::stopped_at.is_null()))
        .select((clocks::referral_id, clocks::phase, clocks::due_at))
        .load(rx.conn())?;
    let mut first: BTreeMap<ReferralId, (Phase, Timestamp)> = BTreeMap::new();
    for (id, phase, due_at) in rows {
        let (Some(id), Some(phase), Some(due_at)) = (id.0.flatten(), phase.0.flatten(), due_at.0) else { continue };
        let known = first.entry(id).or_insert((phase, due_at));
        if due_at < known.1 {
            *known = (phase, due_at);
        }
    }
    Ok(first)
}

/// A clock by its id, and the case that it belongs to.
pub(in crate::domain) fn find(rx: &mut Look<'_>, id: &ClockId) -> Result<Option<(CaseId, Clock)>> {
    let clock: Option<Clock> = clocks::table.find(id).select(Clock::as_select()).first(rx.conn()).optional()?;
    Ok(clock.map(|clock| (clock.case_id.clone(), clock)))
}

/// Has a clock told of at this time.
pub(in crate::domain) fn tell_at(tx: &mut Unit<'_>, clock: &ClockId, at: Timestamp) -> Result<()> {
    diesel::update(clocks::table.find(clock)).set(clocks::alarm_at.eq(at)).execute(tx.conn())?;
    Ok(())
}

/// Notes that the platform has decided about the image of a report.
pub(in crate::domain) fn meet_image(tx: &mut Unit<'_>, report: &ReportId) -> Result<()> {
    let running = clocks::report_id
        .eq(report)
        .and(clocks::kind.eq(ClockKind::IntimateImage))
        .and(clocks::met_at.is_null())
        .and(clocks::stopped_at.is_null());
    diesel::update(clocks::table.filter(running)).set(clocks::met_at.eq(tx.now())).execute(tx.conn())?;
    Ok(())
}

/// Stops our own clocks of a case that is closed.
pub(in crate::domain) fn stop_ours(tx: &mut Unit<'_>, case: &CaseId) -> Result<()> {
    let others = ClockKind::ALL.iter().filter(|kind| !kind.is_ours());
    let running = clocks::case_id
        .eq(case)
        .and(clocks::kind.ne_all(others))
        .and(clocks::met_at.is_null())
        .and(clocks::stopped_at.is_null());
    diesel::update(clocks::table.filter(running)).set(clocks::stopped_at.eq(tx.now())).execute(tx.conn())?;
    Ok(())
}

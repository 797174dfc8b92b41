//! The clocks of a case: rows that say what is due and when. They run in calendar time and never pause because a
//! survivor has not answered.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::prelude::*;

use crate::base::code::codes;
use crate::base::id::{CaseId, ClockId, ReportId, RequestId};
use crate::base::time::Timestamp;
use crate::db::dialect::native;
use crate::db::perhaps::Perhaps;
use crate::db::schema::clocks;
use crate::domain::triage::{Priority, Spans};
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
    }
}

impl ClockKind {
    /// Whether it is we who owe what is due, and owe it for as long as the case is open. What the platform owes, an answer
    /// and the 48 hours of an image, it owes all the same when the case is closed.
    #[must_use]
    pub(in crate::domain) const fn is_ours(self) -> bool {
        match self {
            Self::HumanReview
            | Self::FirstContactOrStandby
            | Self::EscalationDecision
            | Self::ReReview
            | Self::CheckIn
            | Self::LookAgain => true,
            Self::IntimateImage | Self::Request => false,
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

/// How much time each clock of a priority gives; the review only until somebody is on shift or not.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    /// Until a person reads the case.
    pub human_review: Duration,
    /// Until a first safe contact.
    pub first_contact: Duration,
    /// Until the decision to escalate, where there is one.
    pub escalation_decision: Option<Duration>,
    /// Until the next look.
    pub re_review: Duration,
    /// Until the next look at whether contact is safe, where somebody chose to wait and the priority bounds that.
    pub look_again: Option<Duration>,
}

/// How long somebody may wait at most before they look again whether contact is safe by now.
#[must_use]
pub(in crate::domain) const fn longest_standby(priority: Priority) -> Option<Duration> {
    match priority {
        Priority::P0 => Some(Duration::from_hours(2)),
        Priority::P1 => Some(Duration::from_hours(24)),
        Priority::P2 | Priority::P3 | Priority::P4 => None,
    }
}

impl Due {
    /// The times of a priority, by its spans.
    #[must_use]
    pub const fn of(priority: Priority, spans: &Spans, staffed: bool) -> Self {
        Self {
            human_review: if staffed { spans.human_review_staffed } else { spans.human_review_unstaffed },
            first_contact: spans.first_contact,
            escalation_decision: spans.escalation_decision,
            re_review: spans.re_review,
            look_again: longest_standby(priority),
        }
    }

    fn of_kind(&self, kind: ClockKind) -> Option<Duration> {
        match kind {
            ClockKind::HumanReview => Some(self.human_review),
            ClockKind::FirstContactOrStandby => Some(self.first_contact),
            ClockKind::EscalationDecision => self.escalation_decision,
            ClockKind::ReReview => Some(self.re_review),
            ClockKind::LookAgain => self.look_again,
            ClockKind::IntimateImage | ClockKind::Request | ClockKind::CheckIn => None,
        }
    }
}

const OF_PRIORITY: [ClockKind; 4] =
    [ClockKind::HumanReview, ClockKind::FirstContactOrStandby, ClockKind::EscalationDecision, ClockKind::ReReview];

/// The clocks of a case that begins now. The review is due by the earlier of its span and what was promised to the
/// reporter (TSP-1, clocks).
#[must_use]
pub fn first(case: &CaseId, now: Timestamp, due: &Due, promised: Timestamp) -> Vec<Clock> {
    OF_PRIORITY
        .iter()
        .filter_map(|kind| {
            let at = now.plus(due.of_kind(*kind)?);
            let at = if *kind == ClockKind::HumanReview { at.min(promised) } else { at };
            Some(Clock::begin(case, *kind, now, at))
        })
        .collect()
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

/// After a raise each running clock is due at the earlier of its old time and the raise plus its new span; a clock
/// that the old priority did not have begins (TSP-1, rule 6).
pub(in crate::domain) fn tighten(tx: &mut Unit<'_>, case: &CaseId, due: &Due) -> Result<()> {
    let now = tx.now();
    let have = of_case(tx, case)?;
    let mut missing = Vec::new();
    for kind in OF_PRIORITY {
        let Some(span) = due.of_kind(kind) else { continue };
        let at = now.plus(span);
        let mut any = false;
        for clock in have.iter().filter(|clock| clock.kind == kind) {
            any = true;
            if clock.runs() && clock.due_at > at {
                advance(tx, clock, at)?;
            }
        }
        if !any {
            missing.push(Clock::begin(case, kind, now, at));
        }
    }
    // Nobody waits longer than they could have chosen to by now.
    let waits = have.iter().filter(|clock| clock.kind == ClockKind::LookAgain && clock.runs());
    for (clock, span) in waits.filter_map(|clock| Some((clock, due.look_again?))) {
        if clock.due_at > now.plus(span) {
            advance(tx, clock, now.plus(span))?;
        }
    }
    insert(tx, &missing)
}

/// Makes a clock due earlier, and has it told of in good time.
fn advance(tx: &mut Unit<'_>, clock: &Clock, due_at: Timestamp) -> Result<()> {
    let alarm_at = soon(tx.now(), due_at);
    diesel::update(clocks::table.find(&clock.id))
        .set((clocks::due_at.eq(due_at), clocks::alarm_at.eq(alarm_at)))
        .execute(tx.conn())?;
    Ok(())
}

/// Something new came in: a person is to read it by then, however often the case was read before.
pub(in crate::domain) fn begin_review(tx: &mut Unit<'_>, case: &CaseId, by: Timestamp) -> Result<()> {
    let have = of_case(tx, case)?;
    let running = have.iter().find(|clock| clock.kind == ClockKind::HumanReview && clock.runs());
    match running {
        Some(clock) if clock.due_at <= by => Ok(()),
        Some(clock) => advance(tx, clock, by),
        None => {
            let clock = Clock::begin(case, ClockKind::HumanReview, tx.now(), by);
            insert(tx, &[clock])
        }
    }
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

/// Mode, queue, and how many clocks have passed there. What cannot be read hides no other.
pub type Breaches = (Perhaps<String>, Perhaps<String>, i64);

/// How many running clocks of open cases have passed, by mode and queue: a row for the cases' own queues, and one for those
/// that they stand in besides. Both as text: a case that cannot be read hides no other.
pub fn breaches(rx: &mut Look<'_>) -> Result<Vec<Breaches>> {
    use crate::db::schema::{case_queues as other, cases};
    let mut all: Vec<Breaches> = clocks::table
        .inner_join(cases::table.on(cases::id.eq(clocks::case_id)))
        .filter(clocks::met_at.is_null().and(clocks::stopped_at.is_null()).and(clocks::due_at.lt(rx.now())))
        .filter(cases::state.ne(crate::domain::case::State::Closed))
        .group_by((cases::mode, cases::queue))
        .select((cases::mode, cases::queue, diesel::dsl::count_star()))
        .load(rx.conn())?;
    let besides: Vec<Breaches> = clocks::table
        .inner_join(other::table.on(other::case_id.eq(clocks::case_id)))
        .filter(clocks::met_at.is_null().and(clocks::stopped_at.is_null()).and(clocks::due_at.lt(rx.now())))
        .filter(other::state.ne(crate::domain::case::State::Closed))
        .group_by((other::mode, other::queue))
        .select((other::mode, other::queue, diesel::dsl::count_star()))
        .load(rx.conn())?;
    all.extend(besides);
    Ok(all)
}

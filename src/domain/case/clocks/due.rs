//! How much time the clocks of a priority give: those of a case that begins, and what a raise does to those that run.

use std::time::Duration;

use diesel::prelude::*;

use super::{Clock, ClockKind, insert, of_case, soon};
use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::db::schema::clocks;
use crate::domain::triage::{PhaseSpans, Priority, Spans};
use crate::domain::unit::Unit;
use crate::error::Result;

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
    /// How long a hand-over may rest in each phase.
    pub phases: PhaseSpans,
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
    pub fn of(priority: Priority, spans: &Spans, phases: PhaseSpans, staffed: bool) -> Self {
        Self {
            human_review: if staffed { spans.human_review_staffed } else { spans.human_review_unstaffed },
            first_contact: spans.first_contact,
            escalation_decision: spans.escalation_decision,
            re_review: spans.re_review,
            look_again: longest_standby(priority),
            phases,
        }
    }

    fn of_kind(&self, kind: ClockKind) -> Option<Duration> {
        match kind {
            ClockKind::HumanReview => Some(self.human_review),
            ClockKind::FirstContactOrStandby => Some(self.first_contact),
            ClockKind::EscalationDecision => self.escalation_decision,
            ClockKind::ReReview => Some(self.re_review),
            ClockKind::LookAgain => self.look_again,
            ClockKind::IntimateImage
            | ClockKind::Request
            | ClockKind::CheckIn
            | ClockKind::Referral
            | ClockKind::TellSurvivor
            | ClockKind::DisclosureReview => None,
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
    // What is owed of a hand-over is owed within the spans of the new priority, from now on.
    for (clock, phase) in have.iter().filter(|clock| clock.runs()).filter_map(|clock| Some((clock, clock.phase?))) {
        let at = now.plus(due.phases.of(phase));
        if clock.due_at > at {
            advance(tx, clock, at)?;
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

/// Something is due within this span: one clock of the kind runs, and passes no later.
pub(in crate::domain) fn within(tx: &mut Unit<'_>, case: &CaseId, kind: ClockKind, span: Duration) -> Result<()> {
    let (now, have) = (tx.now(), of_case(tx, case)?);
    let by = now.plus(span);
    // One that has passed stays so, and another begins.
    match have.iter().find(|clock| clock.kind == kind && clock.runs() && clock.due_at > now) {
        Some(clock) if clock.due_at <= by => Ok(()),
        Some(clock) => advance(tx, clock, by),
        None => insert(tx, &[Clock::begin(case, kind, now, by)]),
    }
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

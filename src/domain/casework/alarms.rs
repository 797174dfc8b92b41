//! Clocks that act: before one passes somebody is told, and when it does.

use std::time::Duration;

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use super::requests;
use crate::base::id::{CaseId, ClockId};
use crate::base::time::Timestamp;
use crate::db::due::{self, DueRow};
use crate::db::schema::{cases, clocks};
use crate::domain::case::clocks::{Clock, ClockKind};
use crate::domain::case::store;
use crate::domain::case::{Case, State};
use crate::domain::paging::{self, Call, Rung};
use crate::domain::triage::{Priority, Signal};
use crate::domain::unit::{Kit, Look, Unit};
use crate::error::Result;

/// From when on an intimate image is told higher up: the platform has twelve hours left, then four.
const IMAGE_LEAD: Duration = Duration::from_hours(36);
const IMAGE_SAFEGUARDING_LEAD: Duration = Duration::from_hours(44);

/// A few of the clocks that are to be told of by now, of cases in which somebody is in danger now.
///
/// # Errors
/// What the database says.
pub fn urgent_clocks_to_tell(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    clocks_to_tell(rx, true, after, limit)
}

/// A few of those of all other cases; also of one whose priority cannot be read.
///
/// # Errors
/// What the database says.
pub fn other_clocks_to_tell(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    clocks_to_tell(rx, false, after, limit)
}

fn clocks_to_tell(rx: &mut Look<'_>, urgent: bool, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let ((at, id), now) = (due::place(after), rx.now());
    due::walk(limit, |limit| {
        let due = clocks::table
            .filter(clocks::met_at.is_null().and(clocks::stopped_at.is_null()).and(clocks::alarm_at.le(now)))
            .filter(clocks::alarm_at.gt(at).or(clocks::alarm_at.eq(at).and(clocks::id.gt(id))))
            .order((clocks::alarm_at, clocks::id))
            .limit(limit)
            .select((clocks::alarm_at.assume_not_null(), clocks::id))
            .into_boxed();
        let of_urgent =
            cases::table.filter(cases::id.eq(clocks::case_id).and(cases::priority.eq(Priority::P0))).select(cases::id);
        let due = if urgent { due.filter(exists(of_urgent)) } else { due.filter(not(exists(of_urgent))) };
        due.load(rx.conn())
    })
}

/// Acts on a clock that is to be told of.
pub fn tell_of_clock(tx: &mut Unit<'_>, id: &str) -> Result<()> {
    let kit = tx.kit();
    let id: ClockId = due::id(id)?;
    let case: CaseId = clocks::table.find(&id).select(clocks::case_id).first(tx.conn())?;
    let Some(mut case) = store::find_locked(tx, &case)? else { return Ok(()) };
    let clock: Clock = clocks::table.find(&id).select(Clock::as_select()).first(tx.conn())?;
    let now = tx.now();
    if !clock.runs() || clock.alarm_at.is_none_or(|at| at > now) {
        return Ok(());
    }
    let next = next_alarm(kit, &clock, now);
    diesel::update(clocks::table.find(&id)).set(clocks::alarm_at.eq(next)).execute(tx.conn())?;
    sound(tx, &mut case, &clock)
}

/// The case of a clock, as text: what is damaged beside it hides it not.
pub fn case_of_clock(rx: &mut Look<'_>, id: &str) -> Result<String> {
    Ok(clocks::table.find(id).select(clocks::case_id).first(rx.conn())?)
}

/// When the clock is told of after now: at each further alarm of an image, and when it passes.
fn next_alarm(kit: &Kit, clock: &Clock, now: Timestamp) -> Option<Timestamp> {
    let alarms: &[Duration] =
        if clock.kind == ClockKind::IntimateImage { kit.triage.rules().intimate_image_alarms() } else { &[] };
    let moments = alarms.iter().map(|span| clock.started_at.plus(*span)).chain([clock.due_at]);
    moments.filter(|at| *at > now).min()
}

fn sound(tx: &mut Unit<'_>, case: &mut Case, clock: &Clock) -> Result<()> {
    let kit = tx.kit();
    let now = tx.now();
    let passed = now >= clock.due_at;
    if clock.kind == ClockKind::Referral && passed {
        // What has passed of a hand-over is told where hand-overs are known.
        return Ok(());
    }
    if clock.kind == ClockKind::Request {
        // When it has passed, the request is overdue, which is told by itself.
        return if passed { Ok(()) } else { requests::remind(tx, case, clock.request_id.as_ref()) };
    }
    if case.state == State::Closed {
        return Ok(());
    }
    let urgent = matches!(case.priority, Priority::P0 | Priority::P1);
    if clock.kind == ClockKind::CheckIn && passed && urgent {
        // Nobody is sent to a door: it is raised, and the lead is told (TSP-1, O20).
        crate::domain::casework::priority::notice(tx, &case.id, Signal::ContactLost)?;
    }
    let reason = match (clock.kind, passed) {
        (ClockKind::IntimateImage, false) => image_reason(kit, clock, now),
        (kind, false) => format!("{}_soon", kind.as_str()),
        (kind, true) => format!("{}_passed", kind.as_str()),
    };
    paging::call(tx, case, Call { reason: &reason, at: now, least: least(clock, passed, now) })
}

/// Which of the image's alarms this is, by its hours.
fn image_reason(kit: &Kit, clock: &Clock, now: Timestamp) -> String {
    let since = now.since(clock.started_at);
    let alarms = kit.triage.rules().intimate_image_alarms();
    let hours = alarms.iter().filter(|span| **span <= since).max().map_or(0, |span| span.as_secs() / 3_600);
    format!("intimate_image_{hours}h")
}

/// What has passed is the lead's to know, whoever holds the case; an image goes higher as its time runs out.
fn least(clock: &Clock, passed: bool, now: Timestamp) -> Rung {
    let since = now.since(clock.started_at);
    let by_kind = match clock.kind {
        ClockKind::IntimateImage if since >= IMAGE_SAFEGUARDING_LEAD => Rung::SafeguardingLead,
        ClockKind::IntimateImage if since >= IMAGE_LEAD => Rung::Lead,
        ClockKind::IntimateImage
        | ClockKind::HumanReview
        | ClockKind::FirstContactOrStandby
        | ClockKind::EscalationDecision
        | ClockKind::ReReview
        | ClockKind::Request
        | ClockKind::CheckIn
        | ClockKind::LookAgain
        | ClockKind::Referral
        | ClockKind::TellSurvivor
        | ClockKind::DisclosureReview => Rung::OnCall,
    };
    if passed { by_kind.max(Rung::Lead) } else { by_kind }
}

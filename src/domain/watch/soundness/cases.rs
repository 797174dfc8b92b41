//! Cases that contradict their clocks, their holder, their state, their priority or their queue, and alarms that are
//! missing.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::prelude::*;

use super::Finding;
use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::db::perhaps::readable;
use crate::db::schema::{alarms, case_queues, cases, clocks};
use crate::domain::access::{self, Act};
use crate::domain::case::clocks::{Clock, ClockKind, next_due};
use crate::domain::case::{Case, PrioritySource, State, sort_rank};
use crate::domain::casework::{LEASE, LONGEST_HOLD, RESERVED};
use crate::domain::paging::Ladder;
use crate::domain::terms::Mode;
use crate::domain::unit::{Kit, Look};
use crate::error::Result;

/// How far clocks of several machines may be apart, and how late a tick may come.
const GRACE: Duration = Duration::from_mins(2);

/// An alarm: when it rings next, and when it ended.
type Alarm = (Timestamp, Option<Timestamp>);

/// A case with what hangs on it.
struct Looked<'a> {
    case: &'a Case,
    clocks: Vec<&'a Clock>,
    alarms: Vec<Alarm>,
    /// The queues besides its own in whose lists it stands.
    listed: BTreeSet<&'a str>,
    /// Whether whoever has it may not.
    barred: bool,
    now: Timestamp,
}

type Wrong = (bool, &'static str, &'static str);

/// Cases after `after`, in order of their ids, that contradict themselves or what hangs on them; and the last case that
/// was looked at.
///
/// # Errors
/// What the database says.
pub fn contradictions(rx: &mut Look<'_>, after: &str, limit: i64) -> Result<(Vec<Finding>, Option<String>)> {
    let behind = cases::table.filter(cases::id.gt(after)).order(cases::id).limit(limit);
    let ids: Vec<String> = readable(behind.select(cases::id).load(rx.conn())?);
    Ok((looked_at(rx, &ids)?, ids.last().cloned()))
}

/// What is wrong with these cases. One that cannot be read, or on which something hangs that cannot, is named elsewhere,
/// and hides no other.
fn looked_at(rx: &mut Look<'_>, ids: &[String]) -> Result<Vec<Finding>> {
    match (wrong(rx, ids), ids) {
        (Err(error), [] | [_]) if error.is_of_a_row() => Ok(Vec::new()),
        (Err(error), _) if error.is_of_a_row() => {
            let (some, others) = ids.split_at(ids.len() / 2);
            let mut found = looked_at(rx, some)?;
            found.extend(looked_at(rx, others)?);
            Ok(found)
        }
        (looked, _) => looked,
    }
}

fn wrong(rx: &mut Look<'_>, ids: &[String]) -> Result<Vec<Finding>> {
    let kit = rx.kit();
    let some: Vec<Case> =
        cases::table.filter(cases::id.eq_any(ids)).order(cases::id).select(Case::as_select()).load(rx.conn())?;
    let known = clocks::case_id.eq_any(ids).and(clocks::kind.eq_any(ClockKind::ALL));
    let all: Vec<(CaseId, Clock)> =
        clocks::table.filter(known).select((clocks::case_id, Clock::as_select())).load(rx.conn())?;
    let rung: Vec<(CaseId, Timestamp, Option<Timestamp>)> = alarms::table
        .filter(alarms::case_id.eq_any(ids))
        .select((alarms::case_id, alarms::next_at, alarms::closed_at))
        .load(rx.conn())?;
    let listed: Vec<(CaseId, String)> = case_queues::table
        .filter(case_queues::case_id.eq_any(ids))
        .select((case_queues::case_id, case_queues::queue))
        .load(rx.conn())?;
    let now = rx.now();
    let mut found = Vec::new();
    for case in &some {
        let clocks = all.iter().filter(|(id, _)| *id == case.id).map(|(_, clock)| clock).collect();
        let alarms = rung.iter().filter(|(id, ..)| *id == case.id).map(|(_, next, closed)| (*next, *closed)).collect();
        let listed = listed.iter().filter(|(id, _)| *id == case.id).map(|(_, queue)| queue.as_str()).collect();
        let barred = is_barred(rx, case)?;
        let looked = Looked { case, clocks, alarms, listed, barred, now };
        let wrong = looked.time().into_iter().chain(looked.words(kit)).chain(looked.alarms(kit));
        found.extend(wrong.filter(|(holds, ..)| *holds).map(|(_, code, detail)| Finding {
            code,
            table: "cases",
            id: case.id.to_string(),
            detail,
        }));
    }
    Ok(found)
}

/// Whether whoever has an open case has no right to it.
fn is_barred(rx: &mut Look<'_>, case: &Case) -> Result<bool> {
    let Some(holder) = case.assigned_to.as_ref().filter(|_| case.state.is_open()) else { return Ok(false) };
    match access::bar(rx, holder, case, Act::Work) {
        Ok(bar) => Ok(bar.is_some()),
        // The account is named by itself.
        Err(error) if error.is_of_a_row() => Ok(false),
        Err(error) => Err(error),
    }
}

impl Looked<'_> {
    /// What its clocks, its claim and its hold say.
    fn time(&self) -> [Wrong; 8] {
        let Self { case, now, .. } = self;
        let open = case.state.is_open();
        let own: Vec<Clock> = self.clocks.iter().map(|clock| (*clock).clone()).collect();
        let beyond =
            |until: Option<Timestamp>, span: Duration| until.is_some_and(|until| until.since(*now) > span + GRACE);
        let claimed = case.claimed_until.is_some_and(|until| until > *now);
        let works = !matches!(case.state, State::OnHold | State::Closed);
        [
            (
                open && !own.iter().any(Clock::runs),
                "no_clock",
                "the case is open and nothing in it is ever due: take it by hand, and write a note with a re-review",
            ),
            (
                case.next_due_at != next_due(&own) || case.sort_rank != sort_rank(case.priority, case.next_due_at),
                "out_of_place",
                "its place in the queue is not what its clocks and its priority say: take it by hand; any change mends it",
            ),
            (
                claimed && case.assigned_to.is_none(),
                "claim_without_holder",
                "nobody holds the claim that keeps others off: it ends by itself; look at the case then",
            ),
            (
                beyond(case.claimed_until, LEASE),
                "claim_without_end",
                "its claim holds longer than any claim may, and keeps others off: have its holder release it, or close \
                 their account",
            ),
            (
                beyond(case.held_until, LONGEST_HOLD),
                "hold_without_end",
                "it is set aside for longer than any case may be: resume it",
            ),
            (
                beyond(case.reserved_until, RESERVED),
                "reserved_without_end",
                "it is kept for one person for longer than any case may be: hand it to somebody anew",
            ),
            (
                claimed && !works,
                "claim_contradicts",
                "it is claimed, and set aside or closed at once: its claim ends by itself; look at the case then",
            ),
            (
                (case.state == State::OnHold) != case.held_until.is_some(),
                "hold_contradicts",
                "it is on hold without an end, or has an end without being on hold: resume or hold it again",
            ),
        ]
    }

    /// What its state, its priority and its queue say.
    fn words(&self, kit: &Kit) -> [Wrong; 4] {
        let Self { case, barred, .. } = self;
        let open = case.state.is_open();
        let queue = kit.triage.rules().queue(case.child, case.priority, case.category.group());
        let others = case.queues();
        let listed: BTreeSet<&str> = others.iter().skip(1).map(|queue| queue.as_str()).collect();
        let priority = match case.priority_source {
            PrioritySource::Rules | PrioritySource::Failure => case.computed_priority == case.priority,
            PrioritySource::Raised => case.raised_priority == Some(case.priority),
            PrioritySource::Lowered => case.lowering_act.is_some(),
        };
        [
            (
                *barred,
                "holder_without_right",
                "it is somebody's who may not work on it (their account, role or queues, or a wall), and kept from those who \
                 may: hand it to somebody else now",
            ),
            (
                open == case.closed_at.is_some() || open == case.outcome.is_some(),
                "state_contradicts",
                "its state, its outcome and the time of its end contradict each other: compare its audit chain with a backup",
            ),
            (
                !priority,
                "priority_contradicts",
                "its priority is not what it is said to come from: raise it to what it should be, and compare its audit \
                 chain with a backup",
            ),
            (
                open && (case.queue != queue || listed != self.listed),
                "wrong_queue",
                "it stands in another queue than its category and its priority say, where those who should may not see it: \
                 any change of its priority mends it, and so does a start of the jobs after [queues] of the rule file changed",
            ),
        ]
    }

    /// Whether somebody is, or will be, told of what its clocks and its priority call for.
    fn alarms(&self, kit: &Kit) -> [Wrong; 3] {
        let Self { case, clocks, alarms, now, .. } = self;
        let told_of = case.mode == Mode::Live && case.state.is_open();
        let rings = |(_, closed): &Alarm| closed.is_none();
        // Of an image and of a request their platform is told; and both may have passed while the case was closed.
        let ours = |clock: &&&Clock| clock.runs() && clock.kind.is_ours();
        let unheard = |clock: &&Clock| {
            clock.due_at < *now
                && clock.alarm_at.is_none()
                && !alarms.iter().any(|(_, closed)| closed.is_none_or(|at| at >= clock.due_at))
        };
        let silent =
            |clock: &&Clock| clock.runs() && clock.due_at > *now && clock.alarm_at.is_none_or(|at| at > clock.due_at);
        let spans = kit.triage.rules().clocks(case.priority);
        // Whoever had it and let it lapse has it no longer. The tick that tells of that may come a moment later.
        let runs = |until: Option<Timestamp>| until.is_some_and(|until| until.plus(GRACE) > *now);
        let kept = case.assigned_to.is_some() && (runs(case.claimed_until) || runs(case.reserved_until));
        let left = told_of && spans.page_first.is_some() && case.state.is_claimable() && !kept;
        let longest = Ladder::of(case.priority, spans).repeat.max(spans.page_first.unwrap_or_default());
        [
            (
                (left && !alarms.iter().any(rings)) || (told_of && clocks.iter().filter(ours).any(unheard)),
                "alarm_missing",
                "its priority, or a clock that has passed, calls for somebody, and no alarm rings: take it by hand now",
            ),
            (
                told_of && clocks.iter().any(silent),
                "clock_without_alarm",
                "a clock of it runs and nobody will be told before it passes: take it by hand, and look at its next_due_at",
            ),
            (
                told_of
                    && alarms.iter().filter(|alarm| rings(alarm)).any(|(next, _)| next.since(*now) > longest + GRACE),
                "alarm_asleep",
                "its alarm rings next later than any alarm of its priority may: take it by hand now",
            ),
        ]
    }
}

//! Whether reports can be taken, and what the operator must look after meanwhile.
//!
//! Anybody may ask, so a reason names loops of ours at the most: no count, and nothing that comes or goes with a case. Owed work
//! is told of in the metrics and by `recourse check`, and so is a row that a job steps over. Whether pages leave is known here
//! from a probe, which goes their way whether or not there is one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::App;
use crate::base::time::Timestamp;
use crate::db::Share;
use crate::domain::vault;
use crate::domain::watch::looks::{self, Watched};
use crate::error::Error;

/// How long an answer is believed: whoever asks often must not crowd out those who report.
const KEPT: Duration = Duration::from_secs(2);
/// How long the probe may be owed: a mail server may be away for a minute.
const LATE: Duration = Duration::from_mins(2);
/// How long nobody may have counted the queues, and a loop may give no sign of life beyond the beat that is due.
const AWAY: Duration = Duration::from_mins(1);
/// A loop that comes round at least this often counts as part of the tick.
const OFTEN: Duration = Duration::from_secs(5);
/// How far two clocks may be apart.
const APART: Duration = Duration::from_secs(5);

/// Something that needs the operator while reports are taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// For machines.
    pub code: &'static str,
    /// What to do, for a person.
    pub detail: Cow<'static, str>,
}

impl Reason {
    const fn new(code: &'static str, detail: &'static str) -> Self {
        Self { code, detail: Cow::Borrowed(detail) }
    }

    /// A reason that lies with these loops.
    fn of_loops(code: &'static str, what: &str, loops: &[&str]) -> Self {
        Self {
            code,
            detail: Cow::Owned(format!("{what}: {}. See the log, then run `recourse check`.", loops.join(", "))),
        }
    }
}

const RULES: Reason = Reason::new(
    "rules_broken",
    "The rule file cannot be used, and every new case is p1. Mend rules_file and start again.",
);
const ROUTING: Reason = Reason::new(
    "routing_broken",
    "The rule file of routing cannot be used, and the built-in rules are in force. Mend routing_file and start again.",
);
const REFERRALS: Reason = Reason::new(
    "referrals_broken",
    "The file of the spans of referrals cannot be used, and the built-in spans are in force. Mend referrals_file and start again.",
);
const PERIODS: Reason = Reason::new(
    "periods_broken",
    "The file of periods cannot be used, and nothing that was closed is destroyed. Mend periods_file and start again.",
);
const PROBE_LATE: Reason = Reason::new(
    "probe_late",
    "A probe that goes the way of every page has not arrived for two minutes: what does owed work hangs, or the mail server or \
     the pager takes nothing. `recourse admin outbox status` says why.",
);
const JOBS_LATE: Reason = Reason::new(
    "jobs_late",
    "The clock-driven jobs have not run for a minute: nobody is paged. Start `recourse serve` or `work`.",
);
const HANG: &str = "Jobs of this process have shown no sign of life for a minute beyond their beat";
const FAIL: &str = "Jobs of this process failed when they last ran, and run again";
const EDITIONS_STUCK: Reason = Reason::new(
    "editions_stuck",
    "No edition can be committed to; a quarter that ends so is never published. See the log, then run `recourse \
             check`.",
);
const CLOCK_DIFFERS: Reason = Reason::new(
    "clock_differs",
    "This machine's clock and the database server's are more than five seconds apart. Set them right.",
);
const CLOCK_LEAPT_BACK: Reason = Reason::new(
    "clock_leapt_back",
    "Rows were written at a time that has not come yet: this machine's clock leapt back. Set it right.",
);
const NO_WAY_TO_PAGE: Reason = Reason::new(
    "no_way_to_page",
    "Neither mail.url nor pager.url is set: pages stand in the log only, and somebody must watch it.",
);

/// What this process knows of itself, and what it saw of the database last.
#[derive(Debug)]
pub(super) struct Pulse {
    opened_at: Timestamp,
    state: Mutex<State>,
    /// Held while the database is asked: whoever comes meanwhile shares the answer and no connection.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// The loops of the jobs that ran in this process, by name.
    loops: BTreeMap<&'static str, Loop>,
    /// Whether the last look at what is to be committed to failed.
    editions_stuck: bool,
    seen: Option<(Timestamp, Vec<Reason>)>,
}

/// A loop of a job.
#[derive(Clone, Copy, Debug)]
struct Loop {
    /// How often it comes round, where this process is to see to it.
    span: Option<Duration>,
    /// When it came round last, or a call of it to the database came back; that it was begun counts, too.
    lived_at: Timestamp,
    /// Whether the job failed as a whole when it last came round.
    failed: bool,
}

impl Loop {
    /// Whether it has missed a beat, and a minute.
    fn is_late(&self, now: Timestamp) -> bool {
        self.span.is_some_and(|span| now.since(self.lived_at) > span + span.max(AWAY))
    }
}

impl Pulse {
    pub(super) fn begin(opened_at: Timestamp) -> Self {
        Self { opened_at, state: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// This process runs the jobs from now on: their loops by name, and how often each comes round.
    pub fn jobs_begin(&self, loops: impl Iterator<Item = (&'static str, Duration)>) {
        let lived_at = self.clock.now();
        let begun = loops.map(|(job, span)| (job, Loop { span: Some(span), lived_at, failed: false }));
        self.pulse.state().loops = begun.collect();
    }

    /// A job has done something, well or not.
    pub fn job_lives(&self, job: &'static str) {
        let now = self.clock.now();
        if let Some(of) = self.pulse.state().loops.get_mut(job) {
            of.lived_at = now;
        }
    }

    /// A job has run to its end, and failed as a whole or did not.
    pub fn job_came_round(&self, job: &'static str, well: bool) {
        let now = self.clock.now();
        let mut state = self.pulse.state();
        let of = state.loops.entry(job).or_insert(Loop { span: None, lived_at: now, failed: false });
        (of.lived_at, of.failed) = (now, !well);
        if well {
            self.metrics.job_beat(job, now);
        }
        let often = state.loops.values().filter(|of| of.span.is_none_or(|span| span <= OFTEN));
        self.metrics.ticked(often.map(|of| of.lived_at).min().unwrap_or(now));
    }

    /// This process has committed to what was due, or could not.
    pub fn committed(&self, well: bool) {
        self.pulse.state().editions_stuck = !well;
    }

    /// What needs the operator, if reports can be taken at all: nobody can report to a database that only reads.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer, or takes no writes.
    pub async fn check_ready(&self) -> Result<Vec<Reason>, Error> {
        let _turn = self.pulse.asking.lock().await;
        self.read(|rx| vault::sealed_rows_exist(rx).map(|_| ())).await?;
        let before = self.clock.now();
        if let Some((at, reasons)) = &self.pulse.state().seen
            && *at <= before
            && before < at.plus(KEPT)
        {
            return Ok(reasons.clone());
        }
        self.db.write(&Share::house(), vault::probe_writing).await?;
        let asked = self.clock.now();
        let seen = self.read(looks::look).await?;
        let reasons = self.reasons(&seen, asked);
        self.pulse.state().seen = Some((before, reasons.clone()));
        Ok(reasons)
    }

    /// `asked` is when the look began: the server's clock was read between then and now.
    fn reasons(&self, seen: &Watched, asked: Timestamp) -> Vec<Reason> {
        let now = self.clock.now();
        let away = |at: Timestamp| now.since(at) > AWAY;
        let late = seen.probe_owed_at.is_some_and(|at| now.since(at) > LATE);
        let (is_ours, late_loops, failed_loops, editions_stuck) = {
            let state = self.pulse.state();
            let named = |is: &dyn Fn(&Loop) -> bool| -> Vec<&'static str> {
                state.loops.iter().filter(|(_, of)| is(of)).map(|(job, _)| *job).collect()
            };
            let is_ours = state.loops.values().any(|of| of.span.is_some());
            (is_ours, named(&|of| of.is_late(now)), named(&|of| of.failed), state.editions_stuck)
        };
        let nobody = !is_ours && away(seen.counted_at.map_or(self.pulse.opened_at, |at| at.max(self.pulse.opened_at)));
        let differs = seen.server_now.is_some_and(|at| asked.since(at) > APART || at.since(now) > APART);
        let leapt = seen.newest_at.is_some_and(|at| at.since(now) > APART);
        let unheard = self.mailer.is_none() && self.pager.is_none();
        let all = [
            (self.kit.triage.failure().is_some(), RULES),
            (self.routing.failure().is_some(), ROUTING),
            (self.kit.referrals.failure().is_some(), REFERRALS),
            (self.kit.periods.failure().is_some(), PERIODS),
            (late, PROBE_LATE),
            (nobody, JOBS_LATE),
            (!late_loops.is_empty(), Reason::of_loops(JOBS_LATE.code, HANG, &late_loops)),
            (!failed_loops.is_empty(), Reason::of_loops("jobs_stumble", FAIL, &failed_loops)),
            (editions_stuck, EDITIONS_STUCK),
            (differs, CLOCK_DIFFERS),
            (leapt, CLOCK_LEAPT_BACK),
            (unheard, NO_WAY_TO_PAGE),
        ];
        all.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason).collect()
    }
}

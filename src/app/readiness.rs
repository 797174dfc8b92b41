//! Whether reports can be taken, and what the operator must look after meanwhile.
//!
//! Anybody may ask, so a reason is a sentence that never changes: no count, and nothing that comes and goes with a case.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::App;
use crate::base::time::Timestamp;
use crate::domain::vault;
use crate::domain::watch::looks::{self, Watched};
use crate::error::Error;

/// How long an answer is believed: whoever asks often must not crowd out those who report.
const KEPT: Duration = Duration::from_secs(2);
/// How late the oldest due job may be.
const LATE: Duration = Duration::from_mins(2);
/// How long the tick may be away.
const AWAY: Duration = Duration::from_mins(1);
/// How far two clocks may be apart.
const APART: Duration = Duration::from_secs(5);

/// Something that needs the operator while reports are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// For machines.
    pub code: &'static str,
    /// What to do, for a person.
    pub detail: &'static str,
}

const RULES: Reason = Reason {
    code: "rules_broken",
    detail: "The rule file cannot be used, and every new case is p1. Mend rules_file and start again.",
};
const OUTBOX_LATE: Reason = Reason {
    code: "outbox_late",
    detail: "Owed work, such as pages, is more than two minutes late. Look at the log of whatever runs the jobs.",
};
const OUTBOX_DEAD: Reason = Reason {
    code: "outbox_dead",
    detail: "Owed work was given up. See `recourse admin outbox status`; when mended: `recourse admin outbox replay`.",
};
const OUTBOX_FAILING: Reason = Reason {
    code: "outbox_failing",
    detail: "Owed work, such as pages, fails and is tried again. `recourse admin outbox status` says why.",
};
const JOBS_LATE: Reason = Reason {
    code: "jobs_late",
    detail: "The clock-driven jobs have not run for a minute: nobody is paged. Start `recourse serve` or `work`.",
};
const JOBS_STUMBLE: Reason = Reason {
    code: "jobs_stumble",
    detail: "A job fails, or steps over a row that it cannot work on. See the log, then run `recourse check`.",
};
const EDITIONS_STUCK: Reason = Reason {
    code: "editions_stuck",
    detail: "No edition can be committed to; a quarter that ends so is never published. See the log, then run `recourse \
             check`.",
};
const CLOCK_DIFFERS: Reason = Reason {
    code: "clock_differs",
    detail: "This machine's clock and the database server's are more than five seconds apart. Set them right.",
};
const CLOCK_LEAPT_BACK: Reason = Reason {
    code: "clock_leapt_back",
    detail: "Rows were written at a time that has not come yet: this machine's clock leapt back. Set it right.",
};
const NO_WAY_TO_PAGE: Reason = Reason {
    code: "no_way_to_page",
    detail: "Pages are owed, and neither mail.url nor pager.url is set: they stand in the log only.",
};

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
    /// When this process last ran its tick; the begin of the jobs counts as one.
    ticked_at: Option<Timestamp>,
    /// Whether a job of the last tick failed, or stepped over a row.
    stumbles: bool,
    /// Whether the last look at what is to be committed to failed.
    editions_stuck: bool,
    seen: Option<(Timestamp, Vec<Reason>)>,
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
    /// This process runs the jobs from now on.
    pub fn jobs_begin(&self) {
        self.pulse.state().ticked_at = Some(self.clock.now());
    }

    /// A tick of this process is done, each of its jobs well or not.
    pub fn ticked(&self, well: bool) {
        let now = self.clock.now();
        let mut state = self.pulse.state();
        state.ticked_at = state.ticked_at.map(|_| now);
        state.stumbles = !well || !self.stumbles.is_empty();
        self.metrics.ticked(now);
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
        self.db.read(|rx| vault::sealed_rows_exist(rx).map(|_| ())).await?;
        let before = self.clock.now();
        if let Some((at, reasons)) = &self.pulse.state().seen
            && *at <= before
            && before < at.plus(KEPT)
        {
            return Ok(reasons.clone());
        }
        self.db.write(vault::probe_writing).await?;
        let asked = self.clock.now();
        let seen = self.db.read(looks::look).await?;
        let reasons = self.reasons(&seen, asked);
        self.pulse.state().seen = Some((before, reasons.clone()));
        Ok(reasons)
    }

    /// `asked` is when the look began: the server's clock was read between then and now.
    fn reasons(&self, seen: &Watched, asked: Timestamp) -> Vec<Reason> {
        let now = self.clock.now();
        let away = |at: Timestamp| now.since(at) > AWAY;
        let late = seen.oldest_due_at.is_some_and(|at| now.since(at) > LATE);
        let nobody = away(seen.counted_at.map_or(self.pulse.opened_at, |at| at.max(self.pulse.opened_at)));
        let (not_us, stumbles, editions_stuck) = {
            let state = self.pulse.state();
            (state.ticked_at.is_some_and(away), state.stumbles, state.editions_stuck)
        };
        let differs = seen.server_now.is_some_and(|at| asked.since(at) > APART || at.since(now) > APART);
        let leapt = seen.newest_at.is_some_and(|at| at.since(now) > APART);
        let unheard = seen.ever_alarmed && self.mailer.is_none() && self.pager.is_none();
        let all = [
            (self.kit.triage.failure().is_some(), RULES),
            (late, OUTBOX_LATE),
            (seen.dead > 0, OUTBOX_DEAD),
            (seen.failing, OUTBOX_FAILING),
            (nobody || not_us, JOBS_LATE),
            (stumbles, JOBS_STUMBLE),
            (editions_stuck, EDITIONS_STUCK),
            (differs, CLOCK_DIFFERS),
            (leapt, CLOCK_LEAPT_BACK),
            (unheard, NO_WAY_TO_PAGE),
        ];
        all.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason).collect()
    }
}

//! Work that nobody waits for: what the clock makes due, owed jobs of the outbox, deliveries, tidying. Each job has a loop
//! of its own: one that fails, panics or hangs keeps no other waiting.
//!
//! Everything here may run in several processes at once and may be killed at any moment: leases and conditional
//! updates decide who does what, and what was not finished is done again.

mod alarms;
mod beat;
mod cases;
mod clerk;
mod counts;
mod deliveries;
pub mod editions;
mod keeping;
mod mails;
mod outbox;
mod pace;
mod renewal;
mod rows;
mod services;
mod tidy;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;

use crate::app::App;
use crate::base::secret::{hex, random_bytes};
use crate::error::{Error, Result};
use beat::Job;
use beat::When::{AtStart, Due, Each};

pub use clerk::{Clerk, work_off};
pub use deliveries::Courier;

/// How often an alarm that is due is looked for: whatever made it, it need not wait for a round of what makes alarms.
const RING: Duration = Duration::from_secs(1);
/// How often the clock-driven jobs look. Queue counts promise to be at most ten seconds old.
const TICK: Duration = Duration::from_secs(5);
/// How often names are looked for that older rules made.
const RENEW: Duration = Duration::from_secs(5);
/// How often tables are looked for of which a server knows nothing.
const LEARN: Duration = Duration::from_secs(5);
/// How often a probe goes the way of every page.
const PROBE: Duration = Duration::from_mins(1);
/// How often old rows are forgotten.
const TIDY: Duration = Duration::from_hours(1);
/// How often it is looked for what is kept no longer.
const ERASE: Duration = Duration::from_hours(1);
/// How often somebody looks whether an edition is to be committed to.
const COMMIT: Duration = Duration::from_mins(5);
/// How often the audit heads are signed.
const SIGN: Duration = Duration::from_hours(24);

/// The jobs, each with its name, when it runs, and what it does. What the clock makes due stands in the order in which
/// [`tick`] does it. Beside them work a [`Clerk`] and a [`Courier`], who wait for work of their own.
static JOBS: [Job; 28] = [
    Job { name: "end_claims", when: Due(TICK), work: |beat| alarms::end_claims(beat).boxed_local() },
    Job { name: "end_offers", when: Due(TICK), work: |beat| alarms::end_offers(beat).boxed_local() },
    Job { name: "tell_of_clocks", when: Due(TICK), work: |beat| alarms::tell_of_clocks(beat).boxed_local() },
    Job {
        name: "tell_of_other_clocks",
        when: Due(TICK),
        work: |beat| alarms::tell_of_other_clocks(beat).boxed_local(),
    },
    Job { name: "end_holds", when: Due(TICK), work: |beat| cases::end_holds(beat).boxed_local() },
    Job { name: "mark_overdue", when: Due(TICK), work: |beat| cases::mark_overdue(beat).boxed_local() },
    Job { name: "compare", when: Due(TICK), work: |beat| cases::compare(beat).boxed_local() },
    Job { name: "end_unfit", when: Due(TICK), work: |beat| cases::end_unfit(beat).boxed_local() },
    Job { name: "ring", when: Due(RING), work: |beat| alarms::ring(beat).boxed_local() },
    Job { name: "look_for_walls", when: Due(TICK), work: |beat| alarms::look_for_walls(beat).boxed_local() },
    Job { name: "look_at_shifts", when: Due(TICK), work: |beat| alarms::look_at_shifts(beat).boxed_local() },
    Job { name: "find_unseen", when: Due(TICK), work: |beat| alarms::find_unseen(beat).boxed_local() },
    Job { name: "look_at_services", when: Due(TICK), work: |beat| alarms::look_at_services(beat).boxed_local() },
    Job { name: "note_refusals", when: Due(TICK), work: |beat| alarms::note_refusals(beat).boxed_local() },
    Job { name: "settle", when: Due(TICK), work: |beat| counts::settle(beat).boxed_local() },
    Job { name: "count", when: Due(TICK), work: |beat| counts::count(beat).boxed_local() },
    Job { name: "look", when: Due(TICK), work: |beat| counts::look(beat).boxed_local() },
    Job { name: "try_anew", when: AtStart, work: |beat| cases::try_anew(beat).boxed_local() },
    Job { name: "reassess", when: AtStart, work: |beat| cases::reassess(beat).boxed_local() },
    Job { name: "requeue", when: AtStart, work: |beat| cases::requeue(beat).boxed_local() },
    Job { name: "learn", when: Each(LEARN), work: |beat| tidy::learn(beat).boxed_local() },
    Job { name: "look_at_referrals", when: Each(PROBE), work: |beat| counts::look_at_referrals(beat).boxed_local() },
    Job { name: "probe", when: Each(PROBE), work: |beat| counts::probe(beat).boxed_local() },
    Job { name: "renewal", when: Each(RENEW), work: |beat| renewal::renew(beat).boxed_local() },
    Job { name: "editions", when: Each(COMMIT), work: |beat| editions::commit(beat).boxed_local() },
    Job { name: "tidy", when: Each(TIDY), work: |beat| tidy::tidy(beat).boxed_local() },
    Job { name: "erase", when: Each(ERASE), work: |beat| keeping::erase(beat).boxed_local() },
    Job { name: "sign", when: Each(SIGN), work: |beat| tidy::sign(beat).boxed_local() },
];

/// The jobs of this house, and the two workers beside them.
pub fn names() -> impl Iterator<Item = &'static str> {
    JOBS.iter().map(|job| job.name).chain([clerk::LOOP.0, deliveries::LOOP.0])
}

/// From now on this process is to run all of it: whoever asks for readiness hears when a loop does not come round.
pub fn begin(app: &App) {
    let spans = JOBS.iter().filter_map(|job| Some((job.name, job.span()?)));
    app.jobs_begin(spans.chain([clerk::LOOP, deliveries::LOOP]));
}

/// Runs all jobs until the process ends.
pub async fn run(app: Arc<App>) {
    let worker = format!("{}-{}", std::process::id(), hex(&random_bytes::<4>()));
    tracing::info!(worker, "jobs begin");
    begin(&app);
    let at_start = async {
        for job in JOBS.iter().filter(|job| job.when == AtStart) {
            let _ = job.once(&app).await;
        }
    };
    tokio::join!(loops(&JOBS, &app), Clerk::new(&app, &worker).run(), Courier::new(&app, &worker).run(), at_start);
}

/// Runs each of these in a loop of its own.
async fn loops(jobs: &[Job], app: &Arc<App>) {
    join_all(jobs.iter().map(|job| job.run(app))).await;
}

/// Runs each job once that does what the clock makes due, one after the other.
///
/// # Errors
/// That of the first job that failed, once all have run.
pub async fn tick(app: Arc<App>) -> Result<()> {
    let mut all = Ok(());
    for job in JOBS.iter().filter(|job| matches!(job.when, Due(_))) {
        all = all.and(job.once(&app).await);
    }
    all
}

/// Runs the job of this name once.
///
/// # Errors
/// Why it failed as a whole; also when there is no such job.
pub async fn once(app: &Arc<App>, name: &str) -> Result<()> {
    match JOBS.iter().find(|job| job.name == name) {
        Some(job) => job.once(app).await,
        None => Err(Error::Internal(anyhow::anyhow!("there is no such job"))),
    }
}

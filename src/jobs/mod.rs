//! Work that nobody waits for: owed jobs of the outbox, deliveries, holds that end, requests that are overdue, counts, tidying.
//!
//! Everything here may run in several processes at once and may be killed at any moment: leases and conditional
//! updates decide who does what, and what was not finished is done again.

mod deliveries;
pub mod editions;
mod outbox;
mod tidy;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::base::secret::{hex, random_bytes};
use crate::db::Tx;
use crate::domain::cases::rights;
use crate::domain::{cases, flows, matching, paging, queues, requests, watch, webhooks};
use crate::error::Result;

pub use deliveries::Courier;
pub use outbox::work_off;
pub use tidy::{sign_audit, tidy};

/// How often the clock-driven jobs look. Queue counts promise to be at most ten seconds old.
const TICK: Duration = Duration::from_secs(5);
/// How often old rows are forgotten.
const TIDY: Duration = Duration::from_hours(1);
/// How often the audit heads are signed.
const SIGN: Duration = Duration::from_hours(24);
/// How many rows one transaction of a job touches at the most, so that intake never waits long behind it.
const BATCH: i64 = 50;

/// Runs all jobs until the process ends.
pub async fn run(app: Arc<App>) {
    let worker = format!("{}-{}", std::process::id(), hex(&random_bytes::<4>()));
    tracing::info!(worker, "jobs begin");
    app.jobs_begin();
    if let Err(error) = reassess_failed(&app).await {
        tracing::error!(%error, "cases without rules could not be assessed again; they stay p1");
    }
    tokio::join!(
        each(TICK, &app, "tick", tick),
        each(TIDY, &app, "tidy", tidy),
        each(SIGN, &app, "sign", sign_audit),
        each(TIDY, &app, "editions", commit_due),
        owed(&app, &worker),
        Courier::new(&app, &worker).run()
    );
}

async fn each<F>(span: Duration, app: &Arc<App>, name: &'static str, job: impl Fn(Arc<App>) -> F)
where
    F: Future<Output = Result<()>>,
{
    let mut ticks = interval(span);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = job(Arc::clone(app)).await {
            tracing::error!(job = name, %error, "a job failed and will run again");
        }
    }
}

/// Works the outbox off whenever something is owed, and looks once a tick for what others left behind.
async fn owed(app: &Arc<App>, worker: &str) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut owed = app.db.owed();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = owed.changed() => {}
        }
        if let Err(error) = work_off(app, worker).await {
            tracing::error!(%error, "the outbox could not be worked off");
        }
    }
}

/// Assesses again what came in while the rules were broken. Done once, at start: that is when rules are read.
///
/// # Errors
/// What the database says.
pub async fn reassess_failed(app: &Arc<App>) -> Result<()> {
    let mut after = None;
    loop {
        let kit = Arc::clone(app);
        after = app.db.write(move |tx| cases::reassess_failed(tx, &kit.kit, after.as_ref(), BATCH)).await?;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Commits to the edition of the quarter that runs.
async fn commit_due(app: Arc<App>) -> Result<()> {
    Ok(editions::commit_due(&app).await?)
}

/// Compares what came in with what is there.
async fn compare(app: &Arc<App>) -> Result<()> {
    loop {
        let shared = Arc::clone(app);
        let found = app.db.read(move |rx| matching::compare_waiting(rx, &shared.kit, BATCH)).await?;
        if found.is_empty() {
            return Ok(());
        }
        let shared = Arc::clone(app);
        app.db.write(move |tx| matching::take_in(tx, &shared.kit, &found)).await?;
    }
}

/// Takes cases from those whose right to them ended at the very moment in which they took them.
async fn end_unfit(app: &Arc<App>) -> Result<()> {
    let unfit = app.db.read(rights::unfit).await?;
    if unfit.is_empty() {
        return Ok(());
    }
    let shared = Arc::clone(app);
    app.db.write(move |tx| rights::end_unfit(tx, &shared.kit, &unfit)).await
}

/// Does a job in transactions of a few rows each, until nothing is left to do.
async fn batches(app: &Arc<App>, job: fn(&mut Tx<'_>, &App) -> Result<usize>) -> Result<()> {
    loop {
        let shared = Arc::clone(app);
        if app.db.write(move |tx| job(tx, &shared)).await? == 0 {
            return Ok(());
        }
    }
}

/// What the clock makes due: holds that end, requests that are overdue, clocks to be told of, alarms, fresh counts.
///
/// # Errors
/// What the database says; the next tick tries again.
pub async fn tick(app: Arc<App>) -> Result<()> {
    batches(&app, |tx, app| cases::resume_due(tx, &app.kit, BATCH)).await?;
    batches(&app, |tx, app| requests::mark_overdue(tx, &app.kit, BATCH)).await?;
    compare(&app).await?;
    end_unfit(&app).await?;
    batches(&app, |tx, app| cases::sound_due(tx, &app.kit, BATCH)).await?;
    batches(&app, |tx, app| paging::ring_due(tx, &app.kit, BATCH)).await?;
    batches(&app, |tx, _| flows::settle_due(tx, BATCH)).await?;
    batches(&app, |tx, _| flows::add_up(tx, 10 * BATCH)).await?;
    let look = app.db.read(|rx| Ok((queues::count(rx)?, watch::look(rx)?, webhooks::counts(rx)?)));
    let (counts, seen, hooks) = look.await?;
    let kept = counts.clone();
    app.db.write(move |tx| queues::keep_counts(tx, &kept)).await?;
    app.ticked(&counts, &seen, &hooks);
    Ok(())
}

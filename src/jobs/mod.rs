//! Work that nobody waits for: owed jobs of the outbox, deliveries, holds that end, requests that are overdue, counts, tidying.
//!
//! Everything here may run in several processes at once and may be killed at any moment: leases and conditional
//! updates decide who does what, and what was not finished is done again.

mod clerk;
mod deliveries;
pub mod editions;
mod outbox;
mod renewal;
mod rows;
mod tidy;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::base::secret::{hex, random_bytes};
use crate::db::Rx;
use crate::domain::casefile::queues;
use crate::domain::casework;
use crate::domain::casework::requests;
use crate::domain::casework::rights;
use crate::domain::counting;
use crate::domain::ledger::outbox as domain_outbox;
use crate::domain::paging;
use crate::domain::paging::unseen;
use crate::domain::watch::looks;
use crate::domain::watch::matching;
use crate::domain::webhooks;
use crate::error::{Error, Result};
use rows::{Work, each_row, or_else};

pub use clerk::{Clerk, work_off};
pub use deliveries::Courier;
pub use renewal::renew;
pub use tidy::{sign_audit, tidy};

/// How often the clock-driven jobs look. Queue counts promise to be at most ten seconds old.
const TICK: Duration = Duration::from_secs(5);
/// How often old rows are forgotten.
const TIDY: Duration = Duration::from_hours(1);
/// How often somebody looks whether an edition is to be committed to.
const COMMIT: Duration = Duration::from_mins(5);
/// How often the audit heads are signed.
const SIGN: Duration = Duration::from_hours(24);
/// How many rows a job finds at a time.
const BATCH: i64 = 50;

/// Runs all jobs until the process ends.
pub async fn run(app: Arc<App>) {
    let worker = format!("{}-{}", std::process::id(), hex(&random_bytes::<4>()));
    tracing::info!(worker, "jobs begin");
    app.jobs_begin();
    if !app.db.is_shared() {
        // Whoever held a job before this process is gone: nobody waits for a minute after a restart.
        let _ = alone(&app, "take_over", app.db.write(domain_outbox::take_over)).await;
    }
    // What cannot be assessed again stays p1.
    let _ = alone(&app, "reassess", reassess_failed(&app)).await;
    let _ = alone(&app, "requeue", requeue(&app)).await;
    tokio::join!(
        each(TICK, &app, "tick", tick),
        each(TIDY, &app, "tidy", tidy),
        each(SIGN, &app, "sign", sign_audit),
        each(TICK, &app, "renewal", renew),
        each(COMMIT, &app, "editions", commit_due),
        Clerk::new(&app, &worker).run(),
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
        // The failure has been told.
        let _ = alone(app, name, job(Arc::clone(app))).await;
    }
}

/// Assesses again what came in while the rules were broken. Done once, at start: that is when rules are read.
///
/// # Errors
/// What the database says.
pub async fn reassess_failed(app: &Arc<App>) -> Result<()> {
    let work = |app: Arc<App>, id: String| async move { write(&app, id, casework::reassess_failed).await };
    each_row(app, "reassess", casework::without_rules, work).await.map(drop)
}

/// Puts open cases where the rule file in force wants them. Done once, at start: that is when rules are read.
///
/// # Errors
/// What the database says.
pub async fn requeue(app: &Arc<App>) -> Result<()> {
    const LOOKED_AT: i64 = 500;
    // Without rules nobody knows where a case belongs.
    let mut next = app.kit.triage.failure().is_none().then(String::new);
    while let Some(after) = next {
        let kit = Arc::clone(app);
        let (wrong, last) = app.db.read(move |rx| casework::out_of_queue(rx, &kit.kit, &after, LOOKED_AT)).await?;
        next = last;
        for case in wrong {
            if let Err(error) = write(app, case.clone(), casework::place_anew).await {
                tracing::error!(%error, case, "a case could not be put into the queue of the rules");
            }
        }
    }
    Ok(())
}

/// Commits to the edition of the quarter that runs. A quarter that nobody committed to has no edition, so whoever asks for
/// readiness hears of a failure.
///
/// # Errors
/// What the database or the file system says.
pub async fn commit_due(app: Arc<App>) -> Result<()> {
    let done = editions::commit_due(&app).await;
    match &done {
        // Told of in another way, and no fault of the editions.
        Err(error) if matches!(error.downcast_ref(), Some(Error::Unavailable(_))) => {}
        done => app.committed(done.is_ok()),
    }
    Ok(done.map(drop)?)
}

/// Works on one row in a transaction of its own.
async fn write(app: &Arc<App>, id: String, work: Work) -> Result<()> {
    let kit = Arc::clone(app);
    app.db.write(move |tx| work(tx, &kit.kit, &id)).await
}

/// Rings the alarms that are due. One whose case cannot be read rings at every lead.
async fn ring(app: &Arc<App>) -> Result<()> {
    let blind = async |app: Arc<App>, case| write(&app, case, paging::ring_unreadable).await;
    let work = |app, case| or_else(app, case, paging::ring_case, blind);
    each_row(app, "ring", paging::due, work).await.map(drop)
}

async fn end_holds(app: &Arc<App>) -> Result<()> {
    let call = async |app: Arc<App>, case| write(&app, case, paging::call_for_unreadable).await;
    let work = |app, case| or_else(app, case, casework::end_hold, call);
    each_row(app, "end_holds", casework::holds_ended, work).await.map(drop)
}

/// Ends claims that ran out in silence, and has somebody told.
async fn end_claims(app: &Arc<App>) -> Result<()> {
    let call = async |app: Arc<App>, case| write(&app, case, paging::call_for_unreadable).await;
    let work = |app, case| or_else(app, case, casework::lapse, call);
    each_row(app, "end_claims", casework::claims_lapsed, work).await.map(drop)
}

async fn mark_overdue(app: &Arc<App>) -> Result<()> {
    let call = async |app: Arc<App>, request: String| {
        let case = app.db.read(move |rx| requests::case_of(rx, &request)).await?;
        write(&app, case, paging::call_for_unreadable).await
    };
    let work = |app, request| or_else(app, request, requests::mark_overdue, call);
    each_row(app, "mark_overdue", requests::overdue, work).await.map(drop)
}

async fn tell_of_clocks(app: &Arc<App>) -> Result<()> {
    let call = async |app: Arc<App>, clock: String| {
        let case = app.db.read(move |rx| casework::case_of_clock(rx, &clock)).await?;
        write(&app, case, paging::call_for_unreadable).await
    };
    let work = |app, clock| or_else(app, clock, casework::tell_of_clock, call);
    each_row(app, "tell_of_clocks", casework::clocks_to_tell, work).await.map(drop)
}

/// Compares what came in with what is there.
async fn compare(app: &Arc<App>) -> Result<()> {
    let work = |app: Arc<App>, case: String| async move {
        let (kit, id) = (Arc::clone(&app), case.clone());
        let found = app.db.read(move |rx| matching::compare(rx, &kit.kit, &id)).await?;
        let kit = Arc::clone(&app);
        app.db.write(move |tx| matching::take_in(tx, &kit.kit, &case, &found)).await
    };
    each_row(app, "compare", matching::waiting, work).await.map(drop)
}

/// Takes cases from those whose right to them ended at the very moment in which they took them.
async fn end_unfit(app: &Arc<App>) -> Result<()> {
    let work = |app: Arc<App>, case: String| async move {
        let id = case.clone();
        if app.db.read(move |rx| rights::is_unfit(rx, &id)).await? {
            write(&app, case, rights::end_unfit).await?;
        }
        Ok(())
    };
    each_row(app, "end_unfit", rights::kept, work).await.map(drop)
}

/// Looks for cases that nobody may work on, and has them told.
async fn find_unseen(app: &Arc<App>) -> Result<()> {
    let look = |rx: &mut Rx<'_>| {
        let (found, known) = (unseen::find(rx)?, unseen::known(rx)?);
        Ok(unseen::is_news(&found, &known, rx.now()).then_some(found))
    };
    match app.db.read(look).await? {
        Some(found) => app.db.write(move |tx| unseen::keep(tx, &found)).await,
        None => Ok(()),
    }
}

/// Counts for the public what has come due, and adds up the totals. Says how many cases are in the way of it.
///
/// # Errors
/// What the database says.
async fn settle(app: &Arc<App>) -> Result<usize> {
    let work = |app: Arc<App>, case: String| async move { write(&app, case, counting::settle_case).await };
    let responses = each_row(app, "settle_responses", counting::responses_due, work).await?;
    let outcomes = each_row(app, "settle_outcomes", counting::outcomes_due, work).await?;
    while app.db.write(|tx| counting::add_up(tx, 10 * BATCH)).await? > 0 {}
    Ok(responses + outcomes)
}

/// Counts the queues.
async fn count(app: &Arc<App>) -> Result<()> {
    let counts = app.db.read(queues::count).await?;
    let kept = counts.clone();
    app.db.write(move |tx| queues::keep_counts(tx, &kept)).await?;
    app.metrics.keep_queues(&counts, app.clock.now());
    Ok(())
}

/// Looks at what the operator watches.
async fn look(app: &Arc<App>) -> Result<()> {
    let (seen, hooks) = app.db.read(|rx| Ok((looks::look(rx)?, webhooks::counts(rx)?))).await?;
    app.metrics.keep_work(&seen, app.clock.now());
    app.metrics.keep_hooks(&hooks, app.clock.now());
    Ok(())
}

/// Runs a job so that its failure, or a fault that ends it, is told and stops nothing else.
async fn alone(app: &Arc<App>, job: &'static str, work: impl Future<Output = Result<()>>) -> Result<()> {
    let done = AssertUnwindSafe(work).catch_unwind().await;
    let done = done.unwrap_or_else(|_| Err(Error::Internal(anyhow::anyhow!("the job panicked"))));
    if let Err(error) = &done {
        tracing::error!(job, %error, "a job failed, and will run again");
        app.metrics.job_failed(job);
    }
    done
}

/// What the clock makes due: clocks to be told of, alarms, holds that end, requests that are overdue, comparisons, fresh
/// counts. Alarms come first, with the clocks that make them, and once more at the end. No job fails for another.
///
/// # Errors
/// That of the first job that failed, once all have run; the next tick tries again.
pub async fn tick(app: Arc<App>) -> Result<()> {
    let app = &app;
    let all = [
        alone(app, "end_claims", end_claims(app)).await,
        alone(app, "tell_of_clocks", tell_of_clocks(app)).await,
        alone(app, "ring", ring(app)).await,
        alone(app, "end_holds", end_holds(app)).await,
        alone(app, "mark_overdue", mark_overdue(app)).await,
        alone(app, "compare", compare(app)).await,
        alone(app, "end_unfit", end_unfit(app)).await,
        alone(app, "ring", ring(app)).await,
        alone(app, "find_unseen", find_unseen(app)).await,
        alone(app, "settle", async { settle(app).await.map(drop) }).await,
        alone(app, "count", count(app)).await,
        alone(app, "look", look(app)).await,
    ];
    app.ticked(all.iter().all(Result::is_ok));
    all.into_iter().collect()
}

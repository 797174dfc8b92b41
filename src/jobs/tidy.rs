//! Forgetting what is no longer kept, having a server count its tables, and signing the audit heads.

use std::sync::Arc;
use std::time::Duration;

use super::beat::Beat;
use crate::db::planning;
use crate::domain::casework;
use crate::domain::ledger::audit::{self, HeadsDigest};
use crate::domain::ledger::events;
use crate::domain::ledger::idempotency;
use crate::domain::ledger::outbox;
use crate::domain::people::partners::accounts;
use crate::domain::people::staff;
use crate::domain::referrals;
use crate::domain::unit::Unit;
use crate::domain::webhooks;
use crate::error::Result;

/// How long a finished job is kept for whoever asks what happened.
const DONE_KEPT: Duration = Duration::from_hours(7 * 24);
/// How many rows one transaction forgets, so that a day's worth of them keeps no report waiting.
const ROWS: i64 = 300;
/// How many chains are read at a time.
const CHAINS: i64 = 2_000;

/// Forgets old keys, events, jobs and sessions, and ends endpoints that nobody holds.
pub(super) async fn tidy(beat: &Beat) -> Result<()> {
    let keys = all(beat, move |tx| idempotency::forget_old(tx, ROWS)).await;
    let deliveries = beat.write(webhooks::forget_old).await;
    let events = all(beat, |tx| events::forget_old(tx, ROWS)).await;
    let done = all(beat, |tx| {
        let before = tx.now().minus(DONE_KEPT);
        outbox::forget_done(tx, before, ROWS)
    });
    let jobs = done.await;
    let sessions = all(beat, |tx| staff::forget_old_sessions(tx, ROWS)).await;
    let readers = all(beat, |tx| accounts::forget_old_sessions(tx, ROWS)).await;
    let passes = all(beat, |tx| casework::forget_passes(tx, ROWS)).await;
    let sheets = all(beat, |tx| referrals::forget_sheets(tx, ROWS)).await;
    let unheld = end_unheld(beat).await;
    // None of them waits for another that fails; the first failure is told.
    let (keys, deliveries, events, jobs, sessions, unheld) = (keys?, deliveries?, events?, jobs?, sessions?, unheld?);
    let (readers, passes, sheets) = (readers?, passes?, sheets?);
    tracing::debug!(
        keys,
        deliveries,
        events,
        jobs,
        sessions,
        readers,
        passes,
        sheets,
        unheld,
        "forgot what is no longer kept"
    );
    Ok(())
}

/// Ends the endpoints that nobody holds, platform by platform. How many.
async fn end_unheld(beat: &Beat) -> Result<usize> {
    let mut all = Ok(0);
    for (platform, mode) in beat.read(webhooks::owners).await? {
        match (beat.write(move |tx| webhooks::end_unheld(tx, &platform, mode)).await, &mut all) {
            (Ok(ended), Ok(total)) => *total += ended,
            (Err(error), Ok(_)) => all = Err(error),
            (_, Err(_)) => {}
        }
    }
    all
}

/// Forgets a batch in each transaction until nothing is left, and says how many rows there were.
async fn all<F>(beat: &Beat, forget: F) -> Result<usize>
where
    F: Fn(&mut Unit<'_>) -> Result<usize> + Clone + Send + 'static,
{
    let mut total = 0;
    loop {
        let gone = beat.write(forget.clone()).await?;
        total += gone;
        if gone == 0 {
            return Ok(total);
        }
    }
}

/// Has a server count the tables of which it knows nothing yet.
pub(super) async fn learn(beat: &Beat) -> Result<()> {
    let mut all = Ok(());
    for table in beat.read(|rx| planning::uncounted(rx)).await? {
        let name = table.name().to_owned();
        match beat.write(move |tx| planning::count(tx, &table)).await {
            Ok(()) => tracing::info!(table = name, "the server had never counted this table, and has done so now"),
            // It keeps none of the others waiting.
            Err(error) => all = Err(error),
        }
    }
    all
}

/// Signs a digest of all chain heads, and keeps them until the next.
pub(super) async fn sign(beat: &Beat) -> Result<()> {
    let mut digest = HeadsDigest::begin(beat.app.clock.now());
    let mut after = String::new();
    loop {
        let from = after.clone();
        let heads = beat.read(move |rx| audit::heads(rx, &from, CHAINS)).await?;
        let Some((last, _)) = heads.last() else { break };
        after.clone_from(last);
        let page = digest.take(&heads)?;
        beat.write(move |tx| audit::keep_heads(tx, &page)).await?;
    }
    let app = Arc::clone(&beat.app);
    beat.write(move |tx| digest.sign(tx, &app.kit.keyring)).await?;
    beat.app.raise_high_water().await
}

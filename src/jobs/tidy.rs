//! Forgetting what is no longer kept, and signing the audit heads.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::domain::audit::{self, HeadsDigest};
use crate::domain::{events, idempotency, outbox, staff, webhooks};
use crate::error::Result;

/// How long a finished job is kept for whoever asks what happened.
const DONE_KEPT: Duration = Duration::from_hours(7 * 24);
/// How many chains are read at a time.
const CHAINS: i64 = 2_000;

/// Forgets old keys, events, jobs and sessions.
///
/// # Errors
/// What the database says.
pub async fn tidy(app: Arc<App>) -> Result<()> {
    let kit = Arc::clone(&app);
    let keys = app.db.write(move |tx| idempotency::forget_old(tx, &kit.kit)).await?;
    let events = app.db.write(|tx| {
        webhooks::forget_old(tx)?;
        events::forget_old(tx)
    });
    let events = events.await?;
    let jobs = app.db.write(|tx| {
        let before = tx.now().minus(DONE_KEPT);
        outbox::forget_done(tx, before)
    });
    let jobs = jobs.await?;
    let sessions = app.db.write(staff::forget_old_sessions).await?;
    tracing::debug!(keys, events, jobs, sessions, "forgot what is no longer kept");
    Ok(())
}

/// Signs a digest of all chain heads.
///
/// # Errors
/// What the database says.
pub async fn sign_audit(app: Arc<App>) -> Result<()> {
    let mut digest = HeadsDigest::default();
    let mut after = String::new();
    loop {
        let from = after.clone();
        let heads = app.db.read(move |rx| audit::heads(rx, &from, CHAINS)).await?;
        let Some((last, _)) = heads.last() else { break };
        after.clone_from(last);
        digest.take(&heads);
    }
    let kit = Arc::clone(&app);
    app.db.write(move |tx| digest.sign(tx, &kit.kit.keyring)).await
}

//! The worker of the outbox.

use std::sync::Arc;

use super::BATCH;
use crate::app::App;
use crate::domain::audit::{self, Chain, Event};
use crate::domain::outbox::{self, Job, Leased};
use crate::error::Result;

/// Leases what is due and does it, until nothing is left. Says how many jobs were done.
///
/// # Errors
/// What the database says.
pub async fn work_off(app: &Arc<App>, worker: &str) -> Result<usize> {
    let mut done = 0;
    loop {
        let name = worker.to_owned();
        let leased = app.db.write(move |tx| outbox::lease(tx, &name, BATCH)).await?;
        if leased.is_empty() {
            return Ok(done);
        }
        for job in leased {
            done += usize::from(finish(app, worker, job).await?);
        }
    }
}

/// Does one job. The log is the pager that is always there; each page is an entry of the case's record, written in the
/// transaction that finishes the job, so that a worker killed between the two pages again and never pages nobody.
async fn finish(app: &Arc<App>, worker: &str, leased: Leased) -> Result<bool> {
    match &leased.job {
        Job::PageOnCall { case, reason } => {
            tracing::warn!(target: "on_call", case = %case, reason, "page the on-call");
        }
        Job::TellOfWall { case } => {
            tracing::warn!(target: "on_call", case = %case, "a colleague met a wall: tell the safeguarding lead");
        }
        Job::EndpointFailing { endpoint } => {
            tracing::warn!(target: "webhooks", endpoint = %endpoint, "an endpoint has taken nothing for a day");
        }
        Job::EndpointDisabled { endpoint } => {
            tracing::warn!(target: "webhooks", endpoint = %endpoint, "an endpoint is no longer called");
        }
    }
    let worker = worker.to_owned();
    app.db
        .write(move |tx| {
            if !outbox::finish(tx, &leased.id, &worker)? {
                return Ok(false);
            }
            if let Job::PageOnCall { case, reason } = &leased.job {
                audit::record(tx, Chain::Case(case), Event::OnCallPaged { reason: reason.clone() })?;
            }
            Ok(true)
        })
        .await
}

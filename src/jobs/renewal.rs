//! Making names anew after the rules of identifiers have changed: a case in each transaction, so that intake and colleagues
//! wait for none of it, and one that cannot be read stops no other.

use super::beat::Beat;
use crate::base::id::CaseId;
use crate::domain::watch::renewal;
use crate::error::{Error, Result};

/// How many cases are noted as passed at a time; a process that is killed does as many again.
const SOME: i64 = 50;
/// How many that could not be made anew are tried again at the end.
const AGAIN: i64 = 500;
/// How often the log says how far the run has come.
const SAID: i64 = 1_000;

/// Goes on with the run to the rules in force until it has ended.
pub(super) async fn renew(beat: &Beat) -> Result<()> {
    let mut run = beat.read(renewal::run).await?;
    if run.is_none() {
        beat.write(renewal::begin).await?;
        run = beat.read(renewal::run).await?;
        if run.as_ref().is_some_and(|run| run.ended_at.is_none()) {
            tracing::info!("the rules of identifiers have changed: names are made anew");
        }
    }
    while let Some(now) = run.as_ref().filter(|run| run.ended_at.is_none()) {
        if beat.write(move |tx| renewal::declarations(tx, SOME)).await? == 0 {
            some(beat, &now.after_case).await?;
        }
        run = beat.read(renewal::run).await?;
        let Some(run) = &run else { break };
        beat.app.metrics.show_renewal(run);
        if run.ended_at.is_some() || run.looked_at % SAID < SOME {
            tracing::info!(
                cases = run.looked_at,
                failed = run.failed,
                ended = run.ended_at.is_some(),
                "names made anew"
            );
        }
    }
    Ok(())
}

/// The next few cases behind `after`, or the end.
async fn some(beat: &Beat, after: &str) -> Result<()> {
    let from = after.to_owned();
    let some = beat.read(move |rx| renewal::next(rx, &from, SOME)).await?;
    if some.is_empty() {
        // A row that somebody had locked may be free by now.
        let left = beat.read(|rx| renewal::older(rx, AGAIN)).await?;
        each(beat, &left).await?;
        return beat.write(renewal::end).await;
    }
    let failed = each(beat, &some).await?;
    let from = after.to_owned();
    beat.write(move |tx| renewal::pass(tx, &from, &some, failed)).await
}

/// Makes each of the cases anew. Says how many could not be.
///
/// # Errors
/// `Unavailable` when the database did none of it.
async fn each(beat: &Beat, some: &[CaseId]) -> Result<i64> {
    let (mut failed, mut away) = (0, 0);
    for id in some {
        let case = id.clone();
        if let Err(error) = beat.write(move |tx| renewal::renew(tx, &case)).await {
            away += usize::from(matches!(error, Error::Unavailable(_)));
            failed += 1;
            tracing::error!(%error, case = %id, "the names of a case could not be made anew; they stay as they are");
        }
    }
    if away > 0 && away == some.len() {
        return Err(Error::Unavailable("the database does not do its work".into()));
    }
    Ok(failed)
}

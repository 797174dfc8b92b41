//! Counts: for the public, for the lists of queues, and for the operator.

use super::beat::Beat;
use super::rows::each_row;
use crate::domain::casefile::queues;
use crate::domain::counting;
use crate::domain::paging::owed;
use crate::domain::referrals;
use crate::domain::watch::looks;
use crate::domain::webhooks;
use crate::error::Result;

/// How many acts are added up at a time.
const ACTS: i64 = 500;

/// Counts for the public what has come due, and adds up the totals.
pub(super) async fn settle(beat: &Beat) -> Result<()> {
    settle_all(beat).await.map(drop)
}

/// Counts for the public what has come due, and adds up the totals. Says how many cases stand in the way of it.
pub(super) async fn settle_all(beat: &Beat) -> Result<usize> {
    let work = async |case: &str| beat.write_row(case, counting::settle_case).await;
    let responses = each_row(&beat.over("settle_responses"), counting::responses_due, work).await?;
    let outcomes = each_row(&beat.over("settle_outcomes"), counting::outcomes_due, work).await?;
    while beat.write(|tx| counting::add_up(tx, ACTS)).await? > 0 {}
    Ok(responses + outcomes)
}

/// Counts the queues.
pub(super) async fn count(beat: &Beat) -> Result<()> {
    let counts = beat.read(queues::count).await?;
    let kept = counts.clone();
    beat.write(move |tx| queues::write_counts(tx, &kept)).await?;
    beat.app.metrics.show_queues(&counts, beat.app.clock.now());
    Ok(())
}

/// Owes a probe: whether or not there is a case, what hangs on the way of a page shows.
pub(super) async fn probe(beat: &Beat) -> Result<()> {
    beat.write(owed::owe_probe).await
}

/// Looks at what the operator watches.
pub(super) async fn look(beat: &Beat) -> Result<()> {
    let (seen, hooks) = beat.read(|rx| Ok((looks::look(rx)?, webhooks::counts(rx)?))).await?;
    beat.app.metrics.show_work(&seen, beat.app.clock.now());
    beat.app.metrics.show_hooks(&hooks, beat.app.clock.now());
    Ok(())
}

/// Looks how referrals stand.
pub(super) async fn look_at_referrals(beat: &Beat) -> Result<()> {
    let counts = beat.read(referrals::counts::count).await?;
    beat.app.metrics.referrals(&counts, beat.app.clock.now());
    Ok(())
}

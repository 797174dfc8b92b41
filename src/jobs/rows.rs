//! Rows that a job works on one by one: each in a transaction of its own, so that one that is damaged, or that somebody
//! holds a lock on, keeps no other waiting.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::beat::{Beat, Work, caught};
use crate::app::App;
use crate::db::due::DueRow;
use crate::domain::unit::Look;
use crate::error::{Error, Result};

/// How many rows a job finds at a time.
const BATCH: i64 = 50;

/// How many rows of one job are worked on side by side: on `SQLite` they share a commit; on `PostgreSQL` each takes a
/// connection, and all jobs together must leave some to those who report.
const SHARING_A_COMMIT: usize = 16;
const WITH_A_CONNECTION: usize = 2;
/// After how many failures in a row of all that is tried at once the database is believed to be away.
const AWAY: u32 = 3;

/// Finds a few of the rows that are due, behind the given one.
pub(super) type Find = fn(&mut Look<'_>, Option<&DueRow>, i64) -> Result<Vec<DueRow>>;

/// Works on each row that is due. Says how many are in the way: those that could not be worked on, now or lately.
///
/// # Errors
/// `Unavailable` when the database is away; what it says when it cannot find what is due.
pub(super) async fn each_row(beat: &Beat, find: Find, work: impl AsyncFn(&str) -> Result<()>) -> Result<usize> {
    let (app, job) = (&beat.app, beat.rows);
    let at_once = if app.db.is_shared() { WITH_A_CONNECTION } else { SHARING_A_COMMIT };
    let (mut after, mut all_resting, mut away) = (None::<DueRow>, BTreeSet::new(), 0);
    loop {
        let from = after.clone();
        let some = beat.read(move |rx| find(rx, from.as_ref(), BATCH)).await?;
        let Some(last) = some.last() else { break };
        after = Some(last.clone());
        let now = app.clock.now();
        let (resting, awake): (Vec<String>, Vec<String>) =
            some.into_iter().map(|(_, id)| id).partition(|id| app.stumbles.rests(job, id, now));
        all_resting.extend(resting);
        for few in awake.chunks(at_once) {
            let done = join_all(few.iter().map(|id| caught(work(id)))).await;
            // A database that is away is in the way of all; of one that does its work, a row that somebody has locked.
            let is_away = done.iter().all(|done| matches!(done, Err(Error::Unavailable(_))));
            away = if is_away { away + 1 } else { 0 };
            if away >= AWAY {
                return Err(Error::Unavailable("the database does not do its work".into()));
            }
            for (id, done) in few.iter().zip(done) {
                match done {
                    Ok(()) => app.stumbles.mend(job, id),
                    Err(_) if is_away => {}
                    Err(error) => stumble(app, job, id, &error),
                }
            }
        }
    }
    let count = app.stumbles.count(job, &all_resting, app.clock.now());
    app.metrics.rows_in_the_way(job, count);
    Ok(count)
}

fn stumble(app: &App, job: &'static str, row: &str, error: &Error) {
    let times = app.stumbles.note(job, row, app.clock.now());
    if times.is_power_of_two() {
        tracing::error!(job, row, times, %error, "a row cannot be worked on, and is stepped over: run `recourse check`");
    }
}

/// Works on a row in one transaction. When that fails for a reason that stays, a person is told of its case in another.
pub(super) async fn or_else(
    beat: &Beat,
    row: &str,
    work: Work,
    otherwise: impl AsyncFn(&str) -> Result<()>,
) -> Result<()> {
    let done = beat.write_row(row, work).await;
    if let Err(error) = &done
        && !matches!(error, Error::Unavailable(_))
        && let Err(error) = otherwise(row).await
    {
        tracing::error!(%error, "nobody could be told of a case that cannot be worked on");
    }
    done
}

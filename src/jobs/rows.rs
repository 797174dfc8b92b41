//! Rows that a job works on one by one: each in a transaction of its own, so that one that is damaged, or that somebody
//! holds a lock on, keeps no other waiting.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::beat::{Beat, Work, caught};
use super::pace::rest;
use crate::base::time::Timestamp;
use crate::db::due::DueRow;
use crate::domain::ledger::stumbles::{self, Stumble, Why};
use crate::domain::unit::{Look, Unit};
use crate::domain::watch::waiting::Places;
use crate::error::{Error, Result};

/// How many rows a job finds at a time.
const BATCH: i64 = 50;
/// How many of each platform, where they take turns.
const OF_EACH: i64 = 16;
/// How many rows are enough for a beat, where they do.
const ENOUGH: usize = 1_000;
/// How many rows of one job are worked on side by side: on `SQLite` they share a commit; on `PostgreSQL` each takes a
/// connection, and all jobs together must leave some to those who report.
const SHARING_A_COMMIT: usize = 16;
const WITH_A_CONNECTION: usize = 2;

/// How many rows of a job that rests are worked on in a beat before it does, after how many it rests then, and how much longer it
/// rests than it worked.
const WITHOUT_REST: usize = 64;
const BETWEEN_RESTS: usize = 16;
const REST: u32 = 10;
/// The longest rest: thousands that are due must not wait for hours behind a database that is slow.
const LONGEST_REST: Duration = Duration::from_secs(2);

/// Finds a few of the rows that are due, behind the given one.
pub(super) type Find = fn(&mut Look<'_>, Option<&DueRow>, i64) -> Result<Vec<DueRow>>;
/// Finds a few of each platform's, behind the given places, and moves those on.
pub(super) type FindInTurn = fn(&mut Look<'_>, &mut Places, i64) -> Result<Vec<DueRow>>;

/// Works on each row that is due. Says how many are in the way: those that could not be worked on, now or lately.
///
/// # Errors
/// `Unavailable` when the database is away; what it says when it cannot find what is due.
pub(super) async fn each_row(beat: &Beat, find: Find, work: impl AsyncFn(&str) -> Result<()>) -> Result<usize> {
    walk(beat, find, work, None).await
}

/// The same of what can wait, where very many may be due at once: after a few it rests after each further few, so that they take
/// little of what everybody else waits for.
///
/// # Errors
/// As [`each_row`].
pub(super) async fn each_row_resting(beat: &Beat, find: Find, work: impl AsyncFn(&str) -> Result<()>) -> Result<usize> {
    walk(beat, find, work, Some(WITHOUT_REST)).await
}

async fn walk(
    beat: &Beat,
    find: Find,
    work: impl AsyncFn(&str) -> Result<()>,
    rests_after: Option<usize>,
) -> Result<usize> {
    let mut after = None::<DueRow>;
    let next = async |_| {
        let from = after.clone();
        let some = beat.read(move |rx| find(rx, from.as_ref(), BATCH)).await?;
        after = some.last().cloned();
        Ok(some)
    };
    work_on(beat, next, work, rests_after).await
}

/// The same, a few of each platform in its turn: rows that come while others are worked on do not wait for all of those. After
/// very many it leaves the rest to the job's next beat, which also meets what came in behind a place.
///
/// # Errors
/// As [`each_row`].
pub(super) async fn each_row_in_turn(
    beat: &Beat,
    find: FindInTurn,
    work: impl AsyncFn(&str) -> Result<()>,
) -> Result<usize> {
    let mut places = Places::new();
    let next = async |done| {
        if done >= ENOUGH {
            return Ok(Vec::new());
        }
        let mut from = std::mem::take(&mut places);
        let (some, from) = beat.read(move |rx| Ok((find(rx, &mut from, OF_EACH)?, from))).await?;
        places = from;
        Ok(some)
    };
    work_on(beat, next, work, None).await
}

/// Works on what is next, which is told how many rows were done, until there is no more; after so many of them with rests.
async fn work_on(
    beat: &Beat,
    mut next: impl AsyncFnMut(usize) -> Result<Vec<DueRow>>,
    work: impl AsyncFn(&str) -> Result<()>,
    rests_after: Option<usize>,
) -> Result<usize> {
    let app = &beat.app;
    let at_once = if app.db.is_shared() { WITH_A_CONNECTION } else { SHARING_A_COMMIT };
    let (mut all_done, mut in_the_way) = (0, InTheWay::known(beat).await?);
    let (mut worked, mut spent) = (0, Duration::ZERO);
    loop {
        let some = next(all_done).await?;
        if some.is_empty() {
            break;
        }
        let now = app.clock.now();
        let awake: Vec<String> = some.into_iter().map(|(_, id)| id).filter(|id| !in_the_way.rests(id, now)).collect();
        for few in awake.chunks(at_once) {
            let since = Instant::now();
            let done = join_all(few.iter().map(|id| caught(work(id)))).await;
            (worked, spent) = (worked + done.len(), spent + since.elapsed());
            if rests_after.is_some_and(|count| all_done >= count) && worked >= BETWEEN_RESTS {
                rest(spent.saturating_mul(REST), LONGEST_REST).await;
                (worked, spent) = (0, Duration::ZERO);
            }
            all_done += done.iter().filter(|one| one.is_ok()).count();
            in_the_way.note(beat, few, done).await?;
        }
    }
    in_the_way.forget(beat).await?;
    let count = in_the_way.0.len();
    app.metrics.rows_in_the_way(beat.rows, count);
    Ok(count)
}

/// The rows that are in the way of a job.
struct InTheWay(BTreeMap<String, Stumble>);

impl InTheWay {
    /// Those that any process has noted. What is written of them may be damaged as well; then all are tried.
    async fn known(beat: &Beat) -> Result<Self> {
        let rows = beat.rows;
        let known = beat.read(move |rx| stumbles::of_job(rx, rows)).await.or_else(|error| without(beat, error))?;
        Ok(Self(known.into_iter().map(|stumble| (stumble.row.clone(), stumble)).collect()))
    }

    fn rests(&self, row: &str, now: Timestamp) -> bool {
        self.0.get(row).is_some_and(|stumble| stumble.rests(now))
    }

    /// Takes what became of some rows. To note it is the proof that the database does its work, so that what stands in the
    /// way is the row: one that somebody has locked, and not all.
    async fn note(&mut self, beat: &Beat, rows: &[String], done: Vec<Result<()>>) -> Result<()> {
        let (mut failed, mut done_again) = (Vec::new(), Vec::new());
        for (row, done) in rows.iter().zip(done) {
            match done {
                Err(error) => failed.push((row.clone(), Why::of(&error), error)),
                Ok(()) if self.0.contains_key(row) => done_again.push(row.clone()),
                Ok(()) => {}
            }
        }
        if failed.is_empty() && done_again.is_empty() {
            return Ok(());
        }
        let mut why: Vec<(String, Why)> = failed.iter().map(|(row, why, _)| (row.clone(), *why)).collect();
        // In one order in every process.
        why.sort_unstable();
        let (job, gone) = (beat.rows, done_again.clone());
        let note = move |tx: &mut Unit<'_>| {
            stumbles::forget(tx, job, &gone)?;
            why.iter().map(|(row, why)| stumbles::note(tx, job, row, *why)).collect()
        };
        let noted: Vec<Stumble> = beat.write(note).await.or_else(|error| without(beat, error))?;
        self.0.retain(|row, _| !done_again.contains(row));
        self.0.extend(noted.into_iter().map(|stumble| (stumble.row.clone(), stumble)));
        for (row, _, error) in failed {
            let now = beat.app.clock.now();
            let times = self.0.entry(row.clone()).or_insert_with(|| Stumble::over(&row, 1, now)).attempts;
            if times.count_ones() == 1 {
                tracing::error!(job, row, times, %error, "a row cannot be worked on, and is stepped over: run `recourse check`");
            }
        }
        Ok(())
    }

    /// Forgets those that the job has not met for a while: they are due no more.
    async fn forget(&mut self, beat: &Beat) -> Result<()> {
        let (job, now) = (beat.rows, beat.app.clock.now());
        let over: Vec<String> =
            self.0.iter().filter(|(_, stumble)| stumble.is_over(now)).map(|(row, _)| row.clone()).collect();
        if over.is_empty() {
            return Ok(());
        }
        self.0.retain(|_, stumble| !stumble.is_over(now));
        beat.write(move |tx| stumbles::forget(tx, job, &over)).await.or_else(|error| without(beat, error))
    }
}

/// Goes on although nothing can be kept of the rows in the way, unless the database is away.
fn without<T: Default>(beat: &Beat, error: Error) -> Result<T> {
    if matches!(error, Error::Unavailable(_)) {
        return Err(error);
    }
    tracing::error!(job = beat.rows, %error, "what is known of the rows in the way cannot be read or kept");
    Ok(T::default())
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

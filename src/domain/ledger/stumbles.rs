//! Rows that a job could not work on. Each is tried again, ever more seldom, and stands here until it is worked on or is due
//! no more; all processes that run the jobs share what is known of it, and `recourse check` names it.

use std::time::Duration;

use diesel::prelude::*;

use crate::base::code::codes;
use crate::base::time::Timestamp;
use crate::db::dialect::native;
use crate::db::perhaps::Perhaps;
use crate::db::schema::stumbles;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Damaged;
use crate::error::{Error, Result};

/// After how long a row is tried again at the earliest, and at the latest.
const SOON: Duration = Duration::from_secs(10);
const LATE: Duration = Duration::from_mins(5);
/// How long a row that is not met any more is told of: a job may have put it off.
const TOLD: Duration = Duration::from_mins(10);

codes! {
    /// Why a row could not be worked on.
    pub enum Why {
        /// Somebody had it locked, or the database was away.
        Locked = "locked",
        /// Something sealed in it, or beside it, does not open.
        Damaged = "damaged",
        /// It cannot be read, or the job met a fault over it.
        Fault = "fault",
    }
}

impl Why {
    /// What the error of a job means for the row.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        if let Error::Unavailable(_) = error {
            Self::Locked
        } else if Damaged::is(error) {
            Self::Damaged
        } else {
            Self::Fault
        }
    }
}

/// A row that is in the way of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stumble {
    /// The row's id.
    pub row: String,
    /// How often it was tried in vain.
    pub attempts: i64,
    failed_at: Timestamp,
    next_at: Timestamp,
}

impl Stumble {
    /// What stands of a row that was tried in vain just now, for this many times. It rests twice as long each time.
    #[must_use]
    pub fn over(row: &str, attempts: i64, now: Timestamp) -> Self {
        let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
        let rest = SOON.saturating_mul(2_u32.saturating_pow(doublings)).min(LATE);
        Self { row: row.to_owned(), attempts, failed_at: now, next_at: now.plus(rest) }
    }

    /// Whether the job is to leave the row alone for a while.
    #[must_use]
    pub fn rests(&self, now: Timestamp) -> bool {
        now < self.next_at
    }

    /// Whether the job has not met it for so long that it is due no more.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.since(self.failed_at) >= TOLD
    }
}

/// The rows that are in the way of the job, as far as they can be read.
///
/// # Errors
/// What the database says.
pub fn of_job(rx: &mut Look<'_>, job: &str) -> Result<Vec<Stumble>> {
    type Loaded = (Perhaps<String>, Perhaps<i64>, Perhaps<Timestamp>, Perhaps<Timestamp>);
    let all: Vec<Loaded> = stumbles::table
        .filter(stumbles::job.eq(job))
        .select((stumbles::row_id, stumbles::attempts, stumbles::failed_at, stumbles::next_at))
        .load(rx.conn())?;
    let read = |(row, attempts, failed_at, next_at): Loaded| {
        Some(Stumble { row: row.0?, attempts: attempts.0?, failed_at: failed_at.0?, next_at: next_at.0? })
    };
    Ok(all.into_iter().filter_map(read).collect())
}

/// Notes that the job could not work on the row, which rests from now on.
///
/// # Errors
/// What the database says.
pub fn note(tx: &mut Unit<'_>, job: &str, row: &str, why: Why) -> Result<Stumble> {
    let (now, place) = (tx.now(), stumbles::table.find((job, row)));
    let before: Option<Perhaps<i64>> = place.select(stumbles::attempts).first(tx.conn()).optional()?;
    let attempts = before.as_ref().and_then(|before| before.0).unwrap_or(0).saturating_add(1);
    let stumble = Stumble::over(row, attempts, now);
    let noted = (
        stumbles::failed_at.eq(now),
        stumbles::attempts.eq(attempts),
        stumbles::next_at.eq(stumble.next_at),
        stumbles::reason.eq(why),
    );
    if before.is_some() {
        diesel::update(place).set(noted).execute(tx.conn())?;
    } else {
        let new = (stumbles::job.eq(job), stumbles::row_id.eq(row), stumbles::since.eq(now), noted);
        // Another process may have met it at the same moment.
        native!(tx.conn(), |c| diesel::insert_into(stumbles::table).values(new).on_conflict_do_nothing().execute(c))?;
    }
    Ok(stumble)
}

/// Forgets rows that the job has worked on, or that are due no more.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Unit<'_>, job: &str, rows: &[String]) -> Result<()> {
    let gone = stumbles::table.filter(stumbles::job.eq(job).and(stumbles::row_id.eq_any(rows)));
    diesel::delete(gone).execute(tx.conn())?;
    Ok(())
}

/// Has every row tried once more, as is done when the jobs begin: what stood in the way may be mended. Forgets those that
/// nothing has met for long, such as those of a job that is no more.
///
/// # Errors
/// What the database says.
pub fn begin_anew(tx: &mut Unit<'_>) -> Result<()> {
    let now = tx.now();
    diesel::delete(stumbles::table.filter(stumbles::failed_at.le(now.minus(TOLD)))).execute(tx.conn())?;
    diesel::update(stumbles::table).set(stumbles::next_at.eq(now)).execute(tx.conn())?;
    Ok(())
}

/// Every row that is in the way of a job: the job, the row, and why, the first by name; `limit` of them at the most.
///
/// # Errors
/// What the database says.
pub fn all(rx: &mut Look<'_>, limit: i64) -> Result<Vec<(String, String, Why)>> {
    let all: Vec<(Perhaps<String>, Perhaps<String>, Perhaps<Why>)> = stumbles::table
        .order((stumbles::job, stumbles::row_id))
        .limit(limit)
        .select((stumbles::job, stumbles::row_id, stumbles::reason))
        .load(rx.conn())?;
    Ok(all.into_iter().filter_map(|(job, row, why)| Some((job.0?, row.0?, why.0?))).collect())
}

//! Rows that a job of this process could not work on. They are tried again, ever more seldom, and told of in the log and
//! in the metrics; `recourse check` says what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::base::time::Timestamp;

/// After how long a row is tried again at the earliest, and at the latest.
const SOON: Duration = Duration::from_secs(10);
const LATE: Duration = Duration::from_mins(5);
/// How long a row that is not met any more is told of: a job may have put it off.
const TOLD: Duration = Duration::from_mins(10);

/// The rows, each with the job that stumbled over it.
#[derive(Debug, Default)]
pub struct Stumbles(Mutex<BTreeMap<(&'static str, String), Stumble>>);

#[derive(Clone, Copy, Debug)]
struct Stumble {
    times: u32,
    at: Timestamp,
    again_at: Timestamp,
}

impl Stumbles {
    fn rows(&self) -> std::sync::MutexGuard<'_, BTreeMap<(&'static str, String), Stumble>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the job is to leave the row alone for a while.
    #[must_use]
    pub fn rests(&self, job: &'static str, row: &str, now: Timestamp) -> bool {
        self.rows().get(&(job, row.to_owned())).is_some_and(|stumble| now < stumble.again_at)
    }

    /// The job stumbled over the row. Says for how many times: a log that tells of the first and of each doubling tells
    /// enough.
    pub fn note(&self, job: &'static str, row: &str, now: Timestamp) -> u32 {
        let mut rows = self.rows();
        let stumble = rows.entry((job, row.to_owned())).or_insert(Stumble { times: 0, at: now, again_at: now });
        stumble.times = stumble.times.saturating_add(1);
        let wait = SOON.saturating_mul(2_u32.saturating_pow(stumble.times - 1)).min(LATE);
        (stumble.at, stumble.again_at) = (now, now.plus(wait));
        stumble.times
    }

    /// The job has worked on the row.
    pub fn mend(&self, job: &'static str, row: &str) {
        self.rows().remove(&(job, row.to_owned()));
    }

    /// Forgets the job's rows that it has not met for a while, beside those that rest. Says how many are in its way.
    pub fn count(&self, job: &'static str, resting: &BTreeSet<String>, now: Timestamp) -> usize {
        let mut rows = self.rows();
        rows.retain(|(of, row), stumble| *of != job || resting.contains(row) || now.since(stumble.at) < TOLD);
        rows.keys().filter(|(of, _)| *of == job).count()
    }

    /// Whether no row is in the way of any job.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows().is_empty()
    }
}

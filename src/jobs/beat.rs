//! A job and its beat: it runs again and again in a loop of its own, and what becomes of one is nothing to another.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::pace::{LONGEST_REST, rest};
use crate::app::App;
use crate::db::Share;
use crate::domain::unit::{Caller, Look, Unit};
use crate::error::{Error, Result};

/// Works on one row.
pub(super) type Work = fn(&mut Unit<'_>, &str) -> Result<()>;

/// A job that nobody waits for.
#[derive(Clone, Copy)]
pub(super) struct Job {
    /// Its name in the log, in the metrics and in what readiness says.
    pub(super) name: &'static str,
    pub(super) when: When,
    /// Runs it once.
    pub(super) work: for<'a> fn(&'a Beat) -> LocalBoxFuture<'a, Result<()>>,
}

/// When a job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// As the jobs begin, and not again.
    AtStart,
    /// Does what the clock makes due, and looks for it this often.
    Due(Duration),
    /// This often, and by nobody's clock.
    Each(Duration),
}

impl Job {
    /// How long after it began it begins again, if it does.
    pub(super) const fn span(&self) -> Option<Duration> {
        match self.when {
            When::AtStart => None,
            When::Due(span) | When::Each(span) => Some(span),
        }
    }

    /// Runs it once. A failure, or a fault that ends it, has been told.
    ///
    /// # Errors
    /// Why it failed as a whole.
    pub(super) async fn once(&self, app: &Arc<App>) -> Result<()> {
        let beat = Beat::new(app, self.name);
        let done = caught((self.work)(&beat)).await;
        if self.when == When::AtStart {
            told(app, self.name, &done);
        } else {
            came_round(app, self.name, &done);
        }
        done
    }

    /// Runs it at each beat, until the process ends.
    pub(super) async fn run(&self, app: &Arc<App>) {
        let Some(span) = self.span() else { return };
        let mut beats = interval(span);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beats.tick().await;
            let _ = self.once(app).await;
        }
    }
}

/// One run of a job: what it works with, and under whose name.
#[derive(Clone, Debug)]
pub(super) struct Beat {
    pub(super) app: Arc<App>,
    /// The job's name.
    pub(super) job: &'static str,
    /// What its rows are told of as: the job's name, unless it works on several lists of them.
    pub(super) rows: &'static str,
}

impl Beat {
    pub(super) fn new(app: &Arc<App>, job: &'static str) -> Self {
        Self { app: Arc::clone(app), job, rows: job }
    }

    /// This run over one of several lists of rows, whose stumbles are noted under `rows`.
    pub(super) fn over(&self, rows: &'static str) -> Self {
        Self { rows, ..self.clone() }
    }

    /// Reads for the job. Whatever comes of it, the job lives.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Look<'_>) -> Result<T> + Send + 'static,
    {
        let read = self.app.read(work).await;
        self.app.job_lives(self.job);
        read
    }

    /// Reads for a job that nobody waits for, and leaves the processors to whoever calls meanwhile. Where several platforms are connected
    /// it rests afterwards as long as that took.
    pub(super) async fn read_patiently<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Look<'_>) -> Result<T> + Send + 'static,
    {
        let since = Instant::now();
        let read = self.app.read_for(&Share::giving_way(self.job), work).await;
        self.app.job_lives(self.job);
        if self.app.serves_several() {
            rest(since.elapsed(), LONGEST_REST).await;
        }
        read
    }

    /// Writes for the job. Whatever comes of it, the job lives.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Unit<'_>) -> Result<T> + Send + 'static,
    {
        let written = self.app.write(Caller::Job(self.job), work).await;
        self.app.job_lives(self.job);
        written
    }

    /// Works on one row in a transaction of its own.
    pub(super) async fn write_row(&self, row: &str, work: Work) -> Result<()> {
        let row = row.to_owned();
        self.write(move |tx| work(tx, &row)).await
    }
}

/// What the work came to, also when a fault ended it.
pub(super) async fn caught<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.unwrap_or_else(|_| Err(Error::Internal(anyhow::anyhow!("the job panicked"))))
}

/// A loop has come round: tells how it went.
pub(super) fn came_round<T>(app: &Arc<App>, job: &'static str, done: &Result<T>) {
    told(app, job, done);
    app.job_came_round(job, done.is_ok());
}

fn told<T>(app: &Arc<App>, job: &'static str, done: &Result<T>) {
    if let Err(error) = done {
        tracing::error!(job, %error, "a job failed as a whole");
        app.metrics.job_failed(job);
    }
}

//! Threads that give way to all others: what takes long anyhow must not take the processors from those who bring a few lines.

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// How far they give way where the system knows no more than steps of `nice`: they get a tenth of a processor that others want.
#[cfg(target_os = "linux")]
const GIVES_WAY: i32 = 10;

/// Such threads.
#[derive(Debug)]
pub(crate) struct Patient(Option<Runtime>);

impl Patient {
    /// As many as `most`, begun when they are needed.
    ///
    /// # Errors
    /// When the system has nothing to make them with.
    pub(crate) fn new(most: usize) -> std::io::Result<Self> {
        let mut builder = Builder::new_current_thread();
        builder.max_blocking_threads(most).thread_name("patient").on_thread_start(give_way);
        builder.build().map(|threads| Self(Some(threads)))
    }

    /// Does `work` on one of them, when one is free.
    pub(crate) fn spawn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        match &self.0 {
            Some(threads) => threads.spawn_blocking(work),
            // Only while it is being dropped.
            None => tokio::task::spawn_blocking(work),
        }
    }
}

impl Drop for Patient {
    fn drop(&mut self) {
        // Whoever drops it may be a thread that must not wait.
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}

/// On Linux a thread has a priority of its own; elsewhere the whole process would give way. One that runs only when nothing else
/// wants its processor (`SCHED_IDLE`) leaves it at once to whoever wakes up, where `nice` lets it finish its slice: milliseconds,
/// for each step of a report. Between services and sessions Linux shares out before it looks at this: what else is busy on the machine does
/// not starve them.
fn give_way() {
    #[cfg(target_os = "linux")]
    {
        use preempt_rt::sched::{Pid, Scheduler, SchedulerParams, set_scheduler};

        let Err(error) = set_scheduler(Pid::current_thread(), Scheduler::SCHED_IDLE, SchedulerParams { priority: 0 })
        else {
            return;
        };
        tracing::debug!(%error, "a thread gives way by its priority alone");
        if let Err(error) = rustix::process::nice(GIVES_WAY) {
            tracing::debug!(%error, "a thread keeps its priority");
        }
    }
}

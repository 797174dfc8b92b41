//! Threads that give way to all others: what takes long anyhow must not take the processors from those who bring a few lines.

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// How far they give way in the steps of `nice`: they get a tenth of a processor that others want.
#[cfg(target_os = "linux")]
const GIVES_WAY: i32 = 10;

/// How far such threads give way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GivesWay {
    /// They run only while nothing else of the service wants their processor.
    Wholly,
    /// They have a tenth of it also then: somebody waits for them.
    InPart,
}

/// Such threads.
#[derive(Debug)]
pub(crate) struct Patient(Option<Runtime>);

impl Patient {
    /// As many as `most`, begun when they are needed, which give way so far.
    ///
    /// # Errors
    /// When the system has nothing to make them with.
    pub(crate) fn new(most: usize, gives_way: GivesWay) -> std::io::Result<Self> {
        let mut builder = Builder::new_current_thread();
        builder.max_blocking_threads(most).thread_name("patient").on_thread_start(move || give_way(gives_way));
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

/// Has this thread give way, for as long as it lives.
///
/// On Linux a thread has a priority of its own; elsewhere the whole process would give way. One that runs only when nothing else
/// wants its processor (`SCHED_IDLE`) leaves it at once to whoever wakes up, where `nice` lets it finish its slice: milliseconds,
/// for each step of a report. Between services and sessions Linux shares out before it looks at this: what else is busy on the
/// machine does not starve them.
#[cfg_attr(not(target_os = "linux"), expect(unused_variables, reason = "there is no way to give there"))]
pub(crate) fn give_way(gives_way: GivesWay) {
    #[cfg(target_os = "linux")]
    {
        use preempt_rt::sched::{Pid, Scheduler, SchedulerParams, set_scheduler};

        let idle = SchedulerParams { priority: 0 };
        if gives_way == GivesWay::Wholly {
            match set_scheduler(Pid::current_thread(), Scheduler::SCHED_IDLE, idle) {
                Ok(()) => return,
                Err(error) => tracing::debug!(%error, "a thread gives way in part only"),
            }
        }
        if let Err(error) = rustix::process::nice(GIVES_WAY) {
            tracing::debug!(%error, "a thread keeps its priority");
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use preempt_rt::sched::{Pid, Scheduler, get_scheduler};
    use rustix::process::getpriority_process;

    use super::*;

    #[tokio::test]
    async fn whoever_is_waited_for_keeps_a_part_of_the_processor() {
        let own = || (get_scheduler(Pid::current_thread()).unwrap(), getpriority_process(None).unwrap());
        let (_, here) = own();
        let in_part = Patient::new(1, GivesWay::InPart).unwrap().spawn(own).await.unwrap();
        // There is a lowest.
        assert_eq!(in_part, (Scheduler::SCHED_NORMAL, (here + GIVES_WAY).min(19)));
        let wholly = Patient::new(1, GivesWay::Wholly).unwrap().spawn(own).await.unwrap();
        assert_eq!(wholly.0, Scheduler::SCHED_IDLE);
    }
}

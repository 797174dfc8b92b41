//! Bodies are read, and names are made of them, aside: of a hostile one that takes long, and neither a thread that serves
//! calls nor the one that writes waits for it. Turns go round among those who call, and nobody has more than a share of
//! them, of the places to wait and of the memory: whoever sends much waits for themselves.

use std::sync::Arc;

use tracing::Instrument;

use super::turns::{Bounds, Held, Turns};
use crate::base::patient::{GivesWay, Patient};
use crate::error::{Error, Result};

/// A body that is longer is read aside.
pub(super) const SHORT: usize = 16 * 1024;
/// One that is longer takes long: of those, a caller has one turn at a time.
const LONG: usize = 64 * 1024;

/// What is read of a body takes several times its memory, so few are under way at once; four of the largest batches of one
/// caller are in memory, while they arrive, wait and are worked on.
const BOUNDS: Bounds = Bounds {
    at_once: 16,
    at_once_each: 2,
    long_each: 1,
    beside_others: 2,
    waiting: 8_192,
    waiting_each: 2_048,
    held: 256 * 1024 * 1024,
    held_each: 32 * 1024 * 1024,
};

/// Turns for such work, and threads for what takes long.
#[derive(Clone)]
pub(crate) struct Aside {
    turns: Turns,
    patient: Arc<Patient>,
}

impl Aside {
    /// # Errors
    /// When there can be no threads.
    pub(super) fn new() -> std::io::Result<Self> {
        Self::with(BOUNDS)
    }

    fn with(bounds: Bounds) -> std::io::Result<Self> {
        Ok(Self { turns: Turns::new(bounds), patient: Arc::new(Patient::new(bounds.at_once, GivesWay::Wholly)?) })
    }

    /// Does `work` on `length` bytes of `whose`, on a thread that may take long, in its turn. What panics there is a fault of
    /// this call alone.
    ///
    /// # Errors
    /// `Unavailable` when too many wait already; what `work` says.
    pub(super) async fn run<T, F>(&self, whose: &str, length: usize, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T> + Send + 'static,
    {
        let is_long = length > LONG;
        let turn = self.turns.take(whose, is_long).await?;
        let work = move || {
            let _held = turn;
            work()
        };
        let done = if is_long { self.patient.spawn(work) } else { tokio::task::spawn_blocking(work) };
        done.await.map_err(|error| Error::Internal(anyhow::Error::new(error).context("reading a body panicked")))?
    }

    /// Room for the body of `whose` that is about to arrive.
    pub(super) fn room(&self, whose: &str) -> Held {
        self.turns.room(whose)
    }
}

/// What is wrong with a body is told within the transaction, after who calls and the replay. Passing trouble is told at once:
/// within a transaction it would be taken for trouble of the database, and all who commit together would be sent home.
///
/// # Errors
/// `Unavailable` when that is what `made` is.
pub(super) fn unless_passing<T>(made: Result<T>) -> Result<Result<T>> {
    match made {
        Err(passing @ Error::Unavailable(_)) => Err(passing),
        told_inside => Ok(told_inside),
    }
}

/// Does a call to its end, also when the connection of whoever sent it breaks meanwhile: what was read of a body is taken
/// in, though nobody hears of it.
pub(super) async fn to_its_end<T: 'static>(call: impl Future<Output = Result<T>> + 'static) -> Result<T> {
    let done = actix_web::rt::spawn(call.in_current_span()).await;
    done.map_err(|error| Error::Internal(anyhow::Error::new(error).context("a call panicked")))?
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::mpsc;

    use actix_web::rt::System;
    use futures_util::future::{join, join_all, ready, select};
    use tokio::sync::oneshot;

    use super::*;

    const FEW: Bounds = Bounds {
        at_once: 1,
        at_once_each: 1,
        long_each: 1,
        beside_others: 1,
        waiting: 2,
        waiting_each: 1,
        held: 100,
        held_each: 60,
    };

    /// Lets everything that can begin do so.
    async fn begin<F: Future>(waiting: &mut Pin<Box<F>>)
    where
        F::Output: Unpin,
    {
        select(waiting, ready(())).await;
    }

    fn held(go: mpsc::Receiver<()>) -> impl FnOnce() -> Result<&'static str> + Send {
        move || {
            go.recv().map_err(|error| Error::Internal(error.into()))?;
            Ok("first")
        }
    }

    #[test]
    fn who_comes_when_all_places_are_taken_hears_so_and_those_who_wait_are_served() {
        System::new().block_on(async {
            let aside = Aside::with(FEW).unwrap();
            let (go, gone) = mpsc::channel::<()>();
            let first = aside.run("a", 1, held(gone));
            let mut both = Box::pin(join(first, aside.run("a", 1, || Ok("second"))));
            begin(&mut both).await;
            // Their own places are taken, those of others are not.
            let third = aside.run("a", 1, || Ok("third")).await;
            assert!(matches!(third, Err(Error::Unavailable(_))), "{third:?}");
            let mut other = Box::pin(aside.run("b", 1, || Ok("other")));
            begin(&mut other).await;
            assert!(matches!(aside.run("c", 1, || Ok("c")).await, Err(Error::Unavailable(_))));
            go.send(()).unwrap();
            let ((first, second), other) = join(both, other).await;
            assert_eq!((first.unwrap(), second.unwrap(), other.unwrap()), ("first", "second", "other"));
            assert_eq!(aside.run("a", 1, || Ok("fourth")).await.unwrap(), "fourth");
            assert!(aside.turns.are_idle());
        });
    }

    #[test]
    fn turns_go_round_and_a_caller_has_one_long_body_at_a_time() {
        System::new().block_on(async {
            let bounds =
                Bounds { at_once: 2, at_once_each: 2, beside_others: 2, waiting: 100, waiting_each: 50, ..FEW };
            let aside = Aside::with(bounds).unwrap();
            let (go, gone) = mpsc::channel::<()>();
            let (told, order) = mpsc::channel::<&'static str>();
            let say = |word: &'static str| {
                let told = told.clone();
                move || told.send(word).map_err(|error| Error::Internal(error.into()))
            };
            let mut first = Box::pin(aside.run("many", LONG + 1, held(gone)));
            begin(&mut first).await;
            let mut rest = Box::pin(join_all([
                aside.run("many", LONG + 1, say("long")),
                aside.run("many", LONG + 1, say("long")),
            ]));
            begin(&mut rest).await;
            // One long body is under way, and a short one of the same caller does not wait for it; nor does another's.
            aside.run("many", 1, say("short")).await.unwrap();
            aside.run("one", LONG + 1, say("other")).await.unwrap();
            go.send(()).unwrap();
            first.await.unwrap();
            rest.await;
            drop(told);
            assert_eq!(order.iter().collect::<Vec<_>>(), ["short", "other", "long", "long"]);
            assert!(aside.turns.are_idle());
        });
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_takes_long_gives_way_and_what_does_not_keeps_its_priority() {
        use preempt_rt::sched::{Pid, Scheduler, get_scheduler};

        System::new().block_on(async {
            let aside = Aside::with(FEW).unwrap();
            let own = || get_scheduler(Pid::current_thread()).map_err(|error| Error::Internal(error.into()));
            assert_eq!(aside.run("a", LONG + 1, own).await.unwrap(), Scheduler::SCHED_IDLE);
            assert_eq!(aside.run("a", LONG, own).await.unwrap(), own().unwrap());
        });
    }

    #[test]
    fn whoever_gave_up_waiting_holds_up_nobody() {
        System::new().block_on(async {
            let aside = Aside::with(FEW).unwrap();
            let (go, gone) = mpsc::channel::<()>();
            let mut first = Box::pin(aside.run("a", 1, held(gone)));
            begin(&mut first).await;
            let mut gives_up = Box::pin(aside.run("a", 1, || Ok(())));
            begin(&mut gives_up).await;
            drop(gives_up);
            let mut other = Box::pin(aside.run("b", 1, || Ok("other")));
            begin(&mut other).await;
            go.send(()).unwrap();
            assert_eq!((first.await.unwrap(), other.await.unwrap()), ("first", "other"));
            assert!(aside.turns.are_idle());
        });
    }

    #[test]
    fn memory_is_shared_out() {
        let aside = Aside::with(FEW).unwrap();
        let (mut a, mut b) = (aside.room("a"), aside.room("b"));
        a.grow(60).unwrap();
        assert!(matches!(a.grow(1), Err(Error::Unavailable(_))));
        b.grow(40).unwrap();
        assert!(matches!(b.grow(1), Err(Error::Unavailable(_))));
        drop(a);
        b.grow(20).unwrap();
        drop(b);
        assert!(aside.turns.are_idle());
    }

    #[test]
    fn a_fault_in_one_body_is_a_fault_of_its_call_alone() {
        System::new().block_on(async {
            let aside = Aside::with(FEW).unwrap();
            let fault = aside.run("a", 1, || -> Result<()> { panic!("a fault") }).await;
            assert!(matches!(fault, Err(Error::Internal(_))));
            assert_eq!(aside.run("a", 1, || Ok(1)).await.unwrap(), 1);
        });
    }

    #[test]
    fn a_call_is_done_to_its_end_though_nobody_waits_for_it_any_more() {
        System::new().block_on(async {
            let (go, held) = oneshot::channel::<()>();
            let (tell, told) = oneshot::channel();
            let mut call = Box::pin(to_its_end(async move {
                held.await.map_err(|error| Error::Internal(error.into()))?;
                tell.send(()).map_err(|()| Error::NotFound)
            }));
            begin(&mut call).await;
            drop(call);
            go.send(()).unwrap();
            told.await.unwrap();
        });
    }
}

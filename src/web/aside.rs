//! Bodies are read, and names are made of them, aside: of a hostile one that takes long, and neither a thread that serves
//! calls nor the one that writes waits for it.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tracing::Instrument;

use crate::error::{Error, Result};

/// So many bodies are under way at once, as many as a pool has connections for: what is read of a body takes several times
/// its memory. A new one shares the processors with those, and does not wait behind a few that take long.
const AT_ONCE: usize = 16;
/// So many may wait for their turn, as many as may wait for the one that writes. Each holds its body in memory.
const WAITING: usize = 8_192;

/// Turns for such work.
#[derive(Clone)]
pub(crate) struct Aside {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Aside {
    fn default() -> Self {
        Self::with(AT_ONCE, WAITING)
    }
}

impl Aside {
    /// So many turns at once, and so many places to wait for one.
    fn with(turns: usize, waiting: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(turns)), places: Arc::new(Semaphore::new(turns + waiting)) }
    }

    /// Does `work` on a thread that may take long, in its turn. What panics there is a fault of this call alone.
    ///
    /// # Errors
    /// `Unavailable` when too many wait already; what `work` says.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T> + Send + 'static,
    {
        let full = |_| Error::Unavailable("too many bodies are waiting to be read".into());
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(full)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|error| Error::Internal(error.into()))?;
        let done = tokio::task::spawn_blocking(move || {
            let _held = (place, turn);
            work()
        });
        done.await.map_err(|error| Error::Internal(anyhow::Error::new(error).context("reading a body panicked")))?
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
    use std::sync::mpsc;

    use actix_web::rt::System;
    use futures_util::future::{join, ready, select};
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn who_comes_when_all_places_are_taken_hears_so_and_those_who_wait_are_served() {
        System::new().block_on(async {
            let aside = Aside::with(1, 1);
            let (go, held) = mpsc::channel::<()>();
            let first = aside.run(move || {
                held.recv().map_err(|error| Error::Internal(error.into()))?;
                Ok("first")
            });
            let mut both = Box::pin(join(first, aside.run(|| Ok("second"))));
            select(&mut both, ready(())).await;
            let third = aside.run(|| Ok("third")).await;
            assert!(matches!(third, Err(Error::Unavailable(_))), "{third:?}");
            go.send(()).unwrap();
            let (first, second) = both.await;
            assert_eq!((first.unwrap(), second.unwrap()), ("first", "second"));
            assert_eq!(aside.run(|| Ok("fourth")).await.unwrap(), "fourth");
        });
    }

    #[test]
    fn a_fault_in_one_body_is_a_fault_of_its_call_alone() {
        System::new().block_on(async {
            let aside = Aside::with(1, 0);
            let fault = aside.run(|| -> Result<()> { panic!("a fault") }).await;
            assert!(matches!(fault, Err(Error::Internal(_))));
            assert_eq!(aside.run(|| Ok(1)).await.unwrap(), 1);
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
            select(&mut call, ready(())).await;
            drop(call);
            go.send(()).unwrap();
            told.await.unwrap();
        });
    }
}

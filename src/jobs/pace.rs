//! How much of the processors the deliveries of one platform may take, and what nobody waits for. What deliveries read and write
//! here, they do one after the other where several platforms are connected, and after each comes a rest as long as it took: an
//! endpoint that answers at once, and a replay of ten thousand events to ten of them, would otherwise fill what all others report
//! with. Receivers are waited for side by side.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::base::id::PlatformId;

/// For each two processors, so much of one platform at once.
const OF_PROCESSORS: usize = 2;
/// The longest rest of those that rest as long as they worked: a write may have waited for a database that was away.
pub(super) const LONGEST_REST: Duration = Duration::from_secs(1);

/// Turns of the platforms' deliveries.
#[derive(Debug)]
pub(super) struct Pace {
    at_once: usize,
    /// There is one for each platform that was ever delivered to: as many as there are.
    turns: Mutex<HashMap<PlatformId, Arc<Semaphore>>>,
}

impl Default for Pace {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { at_once: (processors / OF_PROCESSORS).max(1), turns: Mutex::default() }
    }
}

impl Pace {
    /// Does `work` for a platform in its turn, if it `is_shared`: if there are others. The turn comes again after a rest.
    pub(super) async fn take<T>(&self, whose: &PlatformId, is_shared: bool, work: impl Future<Output = T>) -> T {
        // It is never closed; work would be done without a turn if it were.
        let turn = if is_shared { self.turns(whose).acquire_owned().await.ok() } else { None };
        let since = Instant::now();
        let done = work.await;
        if let Some(turn) = turn {
            let spent = since.elapsed();
            tokio::spawn(async move {
                rest(spent, LONGEST_REST).await;
                drop(turn);
            });
        }
        done
    }

    fn turns(&self, whose: &PlatformId) -> Arc<Semaphore> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(whose.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.at_once))))
    }
}

/// Rests so long, and no longer than that. Whoever rests as long as they worked takes half a processor at most beside others, also where a
/// database server does it, which knows nothing of threads that give way.
pub(super) async fn rest(span: Duration, longest: Duration) {
    #[expect(clippy::disallowed_methods, reason = "the rest is the point; nothing follows from its length")]
    sleep(span.min(longest)).await;
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::future::{FutureExt, join};
    use futures_util::poll;
    use tokio::time::timeout;

    use super::*;

    /// Takes a while. When it began and when it ended.
    async fn long() -> (Instant, Instant) {
        let began = Instant::now();
        timeout(Duration::from_millis(20), pending::<()>()).await.unwrap_err();
        (began, Instant::now())
    }

    #[tokio::test]
    async fn the_deliveries_of_a_platform_take_turns_and_rest_where_there_are_others() {
        let pace = Pace { at_once: 1, turns: Mutex::default() };
        let (one, other) = (PlatformId::random(), PlatformId::random());
        let mut first = Box::pin(pace.take(&one, true, long()));
        assert!(poll!(&mut first).is_pending());
        let mut second = Box::pin(pace.take(&one, true, long()));
        assert!(poll!(&mut second).is_pending());
        // Neither another's nor those of one that is alone wait for it.
        assert_eq!(pace.take(&other, true, async { 1 }).now_or_never(), Some(1));
        assert_eq!(pace.take(&one, false, async { 2 }).now_or_never(), Some(2));
        let ((began, ended), (next, _)) = join(first, second).await;
        assert!(next.duration_since(ended) >= ended.duration_since(began));
    }
}

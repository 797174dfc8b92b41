//! How many calls of one caller are worked on at a time. Whoever calls on a hundred connections has their others wait, read but not begun:
//! before the few threads that serve all they stand like one who calls on a few. Where several platforms are connected, a caller has
//! one call under way for each two processors, and rests after each as long as it took: what else it could do is left to others.
//! Whether those call just now changes nothing: it would tell an app when somebody else reports, or a colleague acts.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::turns::{Bounds, Turn, Turns};
use crate::app::App;
use crate::error::Result;

/// For each processor, so many calls of one caller are under way.
const EACH: usize = 2;
/// And so many where there are few: writes of one caller share commits.
const FEWEST: usize = 4;
/// How long a call by itself may take before another begins beside it: what it waits for, as a row that somebody has locked, need not
/// keep others waiting.
const LATE: Duration = Duration::from_millis(500);
/// The longest rest: a call may have waited for a database that was away.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// Turns for calls.
#[derive(Clone)]
pub(crate) struct Calls(Turns);

impl Default for Calls {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let at_once_each = (EACH * processors).max(FEWEST);
        // What a waiting call has in memory counts where its body is read.
        Self(Turns::new(Bounds {
            at_once: 4_096,
            at_once_each,
            long_each: at_once_each / 2,
            beside_others: (processors / 2).max(1),
            waiting: 8_192,
            waiting_each: 2_048,
            held: 0,
            held_each: 0,
        }))
    }
}

impl Calls {
    /// Those of a service.
    pub(super) fn of(app: &App) -> Self {
        let calls = Self::default();
        calls.0.share(app.serves_several());
        calls
    }

    /// Looks now and then whether several platforms are connected.
    pub(super) async fn follow(self, app: Arc<App>) {
        app.follow_platforms(|are_several| self.0.share(are_several)).await;
    }

    /// A turn for a call of `whose`, when it comes. It lasts until it is dropped. Half of them may be long, as batches are: a report
    /// by itself waits for none of those that the same platform sends again.
    ///
    /// # Errors
    /// `Unavailable` when too many wait already, or when one before could not be served.
    pub(super) async fn begin(&self, whose: &str, is_long: bool) -> Result<UnderWay> {
        let turn = Arc::new(Mutex::new(Some(self.0.take(whose, is_long).await?)));
        let watched = Arc::clone(&turn);
        let watch = (!is_long).then(|| tokio::spawn(late(watched)).abort_handle());
        Ok(UnderWay { turn, watch, since: Instant::now() })
    }

    /// After a call that could not be served: whoever waited behind it has waited long enough, and would otherwise wait as long
    /// again, for the same thing.
    pub(super) fn send_home(&self, whose: &str) {
        self.0.send_home(whose);
    }
}

/// A call that is under way until this is dropped. The turn may rest before another has it.
pub(super) struct UnderWay {
    turn: Arc<Mutex<Option<Turn>>>,
    watch: Option<AbortHandle>,
    since: Instant,
}

/// Says of a call that is still under way after a while that it takes long.
async fn late(turn: Arc<Mutex<Option<Turn>>>) {
    #[expect(clippy::disallowed_methods, reason = "the wait is the point; nothing follows from its length")]
    tokio::time::sleep(LATE).await;
    if let Some(turn) = turn.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        turn.is_late();
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Outside a runtime, as when the service ends, nobody waits for it.
        let (Some(turn), Ok(runtime)) = (turn, Handle::try_current()) else { return };
        if turn.is_shared() {
            let rest = self.since.elapsed().min(LONGEST_REST);
            runtime.spawn(async move {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the rest is the point; nothing follows from its length"
                )]
                tokio::time::sleep(rest).await;
                drop(turn);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::rt::System;
    use futures_util::FutureExt;
    use futures_util::future::join_all;

    use super::*;
    use crate::error::Error;

    /// As many calls as begin at once.
    fn begin_all(calls: &Calls, whose: &str, is_long: bool) -> Vec<UnderWay> {
        let mut begun = Vec::new();
        while let Some(turn) = Box::pin(calls.begin(whose, is_long)).now_or_never() {
            begun.push(turn.unwrap());
            assert!(begun.len() <= 1_000, "nothing bounds them");
        }
        begun
    }

    /// Waits until all have rested.
    async fn rested(calls: &Calls) {
        while !calls.0.are_idle() {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn beside_others_a_caller_has_one_call_and_one_batch_and_rests_after_each() {
        System::new().block_on(async {
            let calls = Calls::default();
            let mut all = begin_all(&calls, "flood", false);
            let short = all.len();
            all.extend(begin_all(&calls, "flood", true));
            let each = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) / 2;
            assert_eq!((short, all.len() - short), (each.max(1), each.max(1)));
            drop(all);
            let next = calls.begin("flood", false).now_or_never();
            assert!(next.is_none(), "it rests first");
            rested(&calls).await;
            assert!(calls.begin("flood", false).now_or_never().is_some());
        });
    }

    /// Turns for a service with one platform.
    fn alone() -> Calls {
        let calls = Calls::default();
        calls.0.share(false);
        calls
    }

    #[test]
    fn whoever_calls_on_many_connections_has_a_few_calls_under_way_and_another_begins_at_once() {
        System::new().block_on(async {
            let calls = alone();
            let begun = begin_all(&calls, "flood", false);
            assert!(begun.len() >= FEWEST, "{}", begun.len());
            assert!(calls.begin("quiet", false).now_or_never().is_some_and(|turn| turn.is_ok()));
            let waiting = join_all((0..3).map(|_| async { calls.begin("flood", false).await.map(drop) }));
            drop(begun);
            assert!(waiting.await.iter().all(Result::is_ok));
            rested(&calls).await;
        });
    }

    #[test]
    fn a_report_by_itself_waits_for_no_batch() {
        System::new().block_on(async {
            let calls = alone();
            let batches = begin_all(&calls, "one", true);
            let mut more = Box::pin(calls.begin("one", true));
            assert!(more.as_mut().now_or_never().is_none());
            assert!(calls.begin("one", false).now_or_never().is_some_and(|turn| turn.is_ok()));
            drop(batches);
            assert!(more.await.is_ok());
            assert!(calls.0.are_idle());
        });
    }

    #[test]
    fn whoever_waits_behind_one_that_could_not_be_served_is_sent_home_and_comes_again() {
        System::new().block_on(async {
            let calls = alone();
            let begun = begin_all(&calls, "one", false);
            let mut waiting = Box::pin(join_all((0..3).map(|_| calls.begin("one", false))));
            assert!(waiting.as_mut().now_or_never().is_none());
            calls.send_home("one");
            assert!(waiting.await.iter().all(|turn| matches!(turn, Err(Error::Unavailable(_)))));
            let again = join_all((0..3).map(|_| calls.begin("one", false)));
            drop(begun);
            assert!(again.await.iter().all(Result::is_ok));
            assert!(calls.0.are_idle());
        });
    }
}

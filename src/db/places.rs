//! Who may have a connection. There are as many places as connections; nobody has more than a few of them, and what is theirs
//! waits in a line of its own for the next, outside any thread.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::lines::{Bounds, Lines, Share};
use crate::error::{Error, Result};

/// How long a caller waits for its turn before it is told to come again: less long than for a lock, so that nobody takes the
/// place of one that could not be served, to wait as long again.
const PATIENCE: Duration = Duration::from_millis(4_500);
/// How many may wait.
const WAITING: Bounds = Bounds { each: 1_024, all: 8_192 };

/// The places.
pub(super) struct Places {
    state: Mutex<State>,
    /// How many one may have at a time.
    of_one: usize,
    /// How many of these for what only reads.
    for_reading: usize,
}

struct State {
    free: usize,
    taken: HashMap<Arc<str>, Taken>,
    lines: Lines<oneshot::Sender<Place>>,
}

/// What one has at a time.
#[derive(Clone, Copy, Default)]
struct Taken {
    all: usize,
    reading: usize,
}

/// A place that somebody has. Dropping it makes room for the next.
pub(super) struct Place {
    of: Arc<Places>,
    share: Share,
    since: Instant,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.of.state();
        state.free += 1;
        state.lines.charge(&self.share, self.since.elapsed());
        if let Some(taken) = state.taken.get_mut(self.share.whose()) {
            taken.all -= 1;
            taken.reading -= usize::from(self.share.reads());
            if taken.all == 0 {
                state.taken.remove(self.share.whose());
            }
        }
        drop(state);
        self.of.give();
    }
}

impl Places {
    /// So many places, where all that comes only reads. The service's own share may have all of them, any other a quarter, and
    /// two at least.
    pub(super) fn of_readers(size: u32) -> Arc<Self> {
        Self::with(size, 0)
    }

    /// So many places, for readers and writers. One of those that somebody may have is kept from their readers: a report must not
    /// wait for lists of the same platform.
    pub(super) fn of_all(size: u32) -> Arc<Self> {
        Self::with(size, 1)
    }

    fn with(size: u32, for_writing: usize) -> Arc<Self> {
        let size = usize::try_from(size).unwrap_or(1).max(1);
        let of_one = size.div_ceil(4).max(2).min(size);
        let for_reading = of_one.saturating_sub(for_writing).max(1);
        let state = State { free: size, taken: HashMap::new(), lines: Lines::with(WAITING) };
        Arc::new(Self { state: Mutex::new(state), of_one, for_reading })
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// `Unavailable` when too many of this share wait already, or the turn does not come.
    pub(super) async fn take(self: &Arc<Self>, share: &Share) -> Result<Place> {
        let (send, turn) = oneshot::channel();
        // Whoever is sent home hears it by losing the other end.
        drop(self.state().lines.push(share, send));
        self.give();
        match tokio::time::timeout(PATIENCE, turn).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) => Err(Error::Unavailable("too many calls are waiting for the database".into())),
            Err(_) => Err(Error::Unavailable("no database connection is free".into())),
        }
    }

    /// Gives free places to those who are next.
    fn give(self: &Arc<Self>) {
        while let Some((share, to)) = self.next() {
            #[expect(
                clippy::disallowed_methods,
                reason = "measures how long a place is held, not when things happened"
            )]
            let since = Instant::now();
            // Whoever has gone away meanwhile leaves it to the next.
            let _ = to.send(Place { of: Arc::clone(self), share, since });
        }
    }

    /// Who is next, with the place taken for them.
    fn next(&self) -> Option<(Share, oneshot::Sender<Place>)> {
        let state = &mut *self.state();
        loop {
            if state.free == 0 {
                return None;
            }
            let taken = &state.taken;
            let (share, to) = state.lines.pop(|share| self.may(share, taken))?;
            if !to.is_closed() {
                state.free -= 1;
                let taken = state.taken.entry(Arc::clone(share.whose())).or_default();
                taken.all += 1;
                taken.reading += usize::from(share.reads());
                return Some((share, to));
            }
        }
    }

    /// Whether a share may have one more.
    fn may(&self, share: &Share, taken: &HashMap<Arc<str>, Taken>) -> bool {
        let Taken { all, reading } = taken.get(share.whose()).copied().unwrap_or_default();
        share.is_house() || (all < self.of_one && (!share.reads() || reading < self.for_reading))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::rt::System;
    use futures_util::FutureExt;
    use futures_util::future::{join_all, select};

    use super::*;

    #[test]
    fn one_share_has_a_few_places_and_the_others_are_free_for_others() {
        System::new().block_on(async {
            let places = Places::of_all(16);
            let (flood, quiet) = (Share::of("flood"), Share::of("quiet"));
            let held = join_all((0..4).map(|_| places.take(&flood))).await;
            let mut fifth = Box::pin(places.take(&flood));
            assert!(fifth.as_mut().now_or_never().is_none(), "a fifth waits");
            assert!(places.take(&quiet).await.is_ok());
            drop(held);
            assert!(fifth.await.is_ok());
        });
    }

    #[test]
    fn whoever_has_several_lines_has_the_places_of_one_and_readers_leave_one_to_writers() {
        System::new().block_on(async {
            let places = Places::of_all(16);
            let (live, test) = (Share::part_of("plt", "live"), Share::part_of("plt", "test"));
            let (reading, trying) = (live.reading(), test.reading());
            let _held = (places.take(&reading).await, places.take(&trying).await, places.take(&trying).await);
            for more in [&reading, &trying] {
                assert!(Box::pin(places.take(more)).now_or_never().is_none(), "a fourth reader waits");
            }
            let report = places.take(&live).await;
            assert!(Box::pin(places.take(&test)).now_or_never().is_none(), "a fifth waits");
            drop(report);
            assert!(places.take(&live).await.is_ok());
            assert!(places.take(&Share::of("other").reading()).await.is_ok());
        });
    }

    #[test]
    fn whoever_goes_away_leaves_their_place_to_the_next() {
        System::new().block_on(async {
            let places = Places::of_all(1);
            let (gone, late) = (Share::of("gone"), Share::of("late"));
            let held = places.take(&Share::of("a")).await.unwrap();
            for _ in 0..50 {
                let gone = Box::pin(places.take(&gone));
                let _ = select(gone, std::future::ready(())).await;
            }
            let mut next = Box::pin(places.take(&late));
            assert!(next.as_mut().now_or_never().is_none());
            drop(held);
            drop(next.await.unwrap());
            assert!(places.take(&Share::house()).await.is_ok());
        });
    }

    #[test]
    fn a_line_that_is_full_is_full_for_its_share_alone() {
        System::new().block_on(async {
            let places = Places::of_all(4);
            let flood = Share::of("flood");
            let _held = join_all((0..2).map(|_| places.take(&flood))).await;
            let mut waiting: Vec<_> = (0..WAITING.each).map(|_| Box::pin(places.take(&flood))).collect();
            for one in &mut waiting {
                assert!(one.as_mut().now_or_never().is_none());
            }
            assert!(matches!(places.take(&flood).await, Err(Error::Unavailable(_))));
            assert!(places.take(&Share::of("quiet")).await.is_ok());
        });
    }
}

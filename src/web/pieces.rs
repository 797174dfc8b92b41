//! Long bodies come a piece at a time: however many connections of a caller bring them at once, the threads that serve all read no
//! more of them than so much in a second.

use std::time::Duration;

use super::turns::{Bounds, Turns};
use crate::error::Result;

/// So much of a body comes, or goes by, as quickly as it is sent: as much as honest batches have. What is behind it rests after
/// each piece: whoever sends very much at once takes no processor from others.
const QUICKLY: usize = 512 * 1024;
/// How much is such a piece at least: rests of less than some milliseconds are as long as the timer has them.
const PIECE: usize = 64 * 1024;
/// How long, for each byte of the piece: sixteen megabytes a second of one caller come or go by.
const REST: Duration = Duration::from_nanos(60);

/// Turns for the pieces of long bodies: one of a caller rests at a time, so that many connections bring no more through, and hold up
/// nobody else's.
pub(super) fn pieces() -> Turns {
    Turns::new(Bounds {
        at_once: 8_192,
        at_once_each: 1,
        long_each: 1,
        beside_others: 1,
        waiting: 8_192,
        waiting_each: 2_048,
        held: 0,
        held_each: 0,
    })
}

/// Where the pieces of a caller's long bodies wait.
pub(super) struct Queue<'a> {
    pub(super) pieces: &'a Turns,
    pub(super) whose: &'a str,
}

impl Queue<'_> {
    /// Takes the next piece in turn with what else this thread serves, however quickly it comes; behind the first half megabyte also
    /// in turn with the caller's other pieces, and after a rest.
    pub(super) async fn rest_after(&self, piece: usize, so_far: usize) -> Result<()> {
        let is_within = so_far / PIECE == so_far.saturating_sub(piece) / PIECE;
        if so_far < QUICKLY || is_within {
            tokio::task::yield_now().await;
            return Ok(());
        }
        let _turn = self.pieces.take(self.whose, false).await?;
        let rest = REST.saturating_mul(u32::try_from(piece.max(PIECE)).unwrap_or(u32::MAX));
        #[expect(clippy::disallowed_methods, reason = "the wait is the point; nothing follows from its length")]
        tokio::time::sleep(rest).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn long_bodies_of_one_caller_come_piece_after_piece_and_keep_nobody_elses_waiting() {
        let turns = pieces();
        let first = turns.take("flood", false).now_or_never();
        assert!(first.as_ref().is_some_and(Result::is_ok));
        assert!(turns.take("flood", false).now_or_never().is_none());
        assert!(turns.take("quiet", false).now_or_never().is_some_and(|turn| turn.is_ok()));
        drop(first);
        assert!(turns.take("flood", false).now_or_never().is_some_and(|turn| turn.is_ok()));
    }
}

//! When a failed delivery is tried again.

use std::time::Duration;

use crate::base::id::DeliveryId;
use crate::base::secret::sha256;
use crate::base::time::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Seconds before each attempt, counted from the one before: about three days in all.
const STEPS: [u64; 10] =
    [0, 5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

/// How often a delivery is tried.
pub const ATTEMPTS: i64 = 10;

/// A receiver that asks for patience is left alone at least this long.
const BREATHER: Duration = Duration::from_mins(1);
/// How far beyond its step a receiver may put off the next attempt.
const FURTHEST: Duration = Duration::from_hours(1);

/// How long to wait after the failed attempt number `attempt`; nothing when it was the last.
///
/// The step is moved by up to a fifth either way, so that what failed together does not come back together. How far is
/// drawn from delivery and attempt: the same on every machine, and known to a test. `asked` is the receiver's
/// `Retry-After`; `strained` says that it told us to slow down or did not answer in time.
#[must_use]
pub fn wait(delivery: &DeliveryId, attempt: i64, asked: Option<Duration>, strained: bool) -> Option<Duration> {
    let step = usize::try_from(attempt).ok().and_then(|attempt| STEPS.get(attempt).copied())?;
    let [a, b, ..] = sha256(format!("{delivery}|{attempt}").as_bytes());
    let thousandths = 800 + u64::from(u16::from_be_bytes([a, b])) * 401 / 65_536;
    let base = Duration::from_millis(step * thousandths);
    let wait = asked.map_or(base, |asked| asked.clamp(base, FURTHEST.max(base * 2)));
    Some(if strained { wait.max(BREATHER) } else { wait })
}

/// Reads a `Retry-After`: seconds, or a date.
#[must_use]
pub fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text.trim()).ok()?;
    let seconds = at.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    let now = u64::try_from(now.seconds()).ok()?;
    Some(Duration::from_secs(seconds.saturating_sub(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_moved_by_a_fifth_at_the_most_and_end_after_ten_attempts() {
        for _ in 0..200 {
            let id = DeliveryId::random();
            for (attempt, step) in (1..).zip(&STEPS[1..]) {
                let waited = wait(&id, attempt, None, false).unwrap();
                let (least, most) = (Duration::from_millis(step * 800), Duration::from_millis(step * 1_200));
                assert!(waited >= least && waited <= most, "{attempt}: {waited:?}");
                assert_eq!(wait(&id, attempt, None, false), Some(waited), "drawn once");
            }
            assert_eq!(wait(&id, ATTEMPTS, None, false), None);
        }
        let seconds: u64 = STEPS.iter().sum();
        assert!((75..77).contains(&(seconds / HOUR)), "{seconds}");
    }

    #[test]
    fn what_a_receiver_asks_for_is_kept_within_reason() {
        let id = DeliveryId::random();
        let base = wait(&id, 1, None, false).unwrap();
        assert_eq!(wait(&id, 1, Some(Duration::ZERO), false), Some(base));
        assert_eq!(wait(&id, 1, Some(Duration::from_mins(2)), false), Some(Duration::from_mins(2)));
        assert_eq!(wait(&id, 1, Some(Duration::MAX), false), Some(FURTHEST));
        assert_eq!(wait(&id, 1, None, true), Some(BREATHER));
        let late = wait(&id, 7, None, false).unwrap();
        assert_eq!(wait(&id, 7, Some(Duration::MAX), false), Some(late * 2));
    }

    #[test]
    fn both_forms_of_the_header_are_read() {
        let now = Timestamp::parse("2026-11-21T19:04:02Z").unwrap();
        assert_eq!(retry_after("120", now), Some(Duration::from_mins(2)));
        assert_eq!(retry_after("Sat, 21 Nov 2026 19:05:02 GMT", now), Some(Duration::from_mins(1)));
        assert_eq!(retry_after("Sat, 21 Nov 2020 19:05:02 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }
}

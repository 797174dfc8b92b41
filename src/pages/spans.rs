//! How pages write times: by the clock of the place, and how far away they are.

use crate::base::time::Timestamp;
use crate::base::zone::{Local, Zone};

/// A time on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// For the browser, as an RFC 3339 time.
    pub machine: String,
    /// For people: `03:27` of the same day, otherwise `Sat 28 Nov 03:27`, and the year where it is another.
    pub clock: String,
    /// How far away it is: `in 12 min`, `3 h 20 min ago`.
    pub span: String,
    /// The same of a deadline: `passed 4 min ago`.
    pub due: String,
    /// Whether it has passed.
    pub is_past: bool,
}

/// Writes times as they are read at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Writer {
    /// The zone of those who read.
    pub zone: Zone,
    /// The present moment.
    pub now: Timestamp,
}

impl Writer {
    /// A time, as it is written.
    #[must_use]
    pub fn write(&self, at: Timestamp) -> Moment {
        let (there, here) = (self.zone.local(at), self.zone.local(self.now));
        Moment {
            machine: at.to_string(),
            clock: clock(&there, &here),
            span: span(self.now, at),
            due: due(self.now, at),
            is_past: at <= self.now,
        }
    }

    /// The zone by its name, such as `Europe/London (GMT)`.
    #[must_use]
    pub fn zone(&self) -> String {
        format!("{} ({})", self.zone, self.zone.local(self.now).zone)
    }
}

fn clock(there: &Local, here: &Local) -> String {
    // The zone stands beside a time only where it is another than now: the hour that comes twice in October.
    let zone = if there.zone == here.zone { String::new() } else { format!(" {}", there.zone) };
    if there.is_day_of(here) {
        return format!("{}{zone}", there.clock);
    }
    let day = if there.is_year_of(here) { &there.short_day } else { &there.day };
    format!("{day} {}{zone}", there.clock)
}

/// How far away a time is, in words that are short and exact enough: minutes up to an hour and a half, then hours, then days.
#[must_use]
pub fn span(now: Timestamp, at: Timestamp) -> String {
    // Whole minutes, rounded down: nobody is told that more is left than is.
    let ahead = at > now;
    let minutes = if ahead { at.since(now) } else { now.since(at) }.as_secs() / 60;
    match (ahead, minutes) {
        (_, 0) => "now".to_owned(),
        (true, minutes) => format!("in {}", length(minutes)),
        (false, minutes) => format!("{} ago", length(minutes)),
    }
}

/// How far away a deadline is: one that has passed says so.
fn due(now: Timestamp, at: Timestamp) -> String {
    match span(now, at) {
        ago if at > now => ago,
        ago if ago == "now" => "just passed".to_owned(),
        ago => format!("passed {ago}"),
    }
}

fn length(minutes: u64) -> String {
    let two = |large: u64, unit: &str, small: u64, rest: &str| {
        if small == 0 { format!("{large} {unit}") } else { format!("{large} {unit} {small} {rest}") }
    };
    match minutes {
        0..=90 => format!("{minutes} min"),
        91..=1_439 => two(minutes / 60, "h", minutes % 60, "min"),
        _ => two(minutes / 1_440, "d", minutes % 1_440 / 60, "h"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn spans_are_minutes_then_hours_then_days() {
        let now = Timestamp::parse("2026-11-28T03:12:04.000007Z").unwrap();
        let mins = |minutes: u64| Duration::from_mins(minutes);
        let told: Vec<String> =
            [1, 12, 90, 91, 200, 1_439, 1_440, 2_880, 3_130].map(|m| span(now, now.plus(mins(m)))).into();
        insta::assert_snapshot!(told.join(" | "), @"in 1 min | in 12 min | in 90 min | in 1 h 31 min | in 3 h 20 min | in 23 h 59 min | in 1 d | in 2 d | in 2 d 4 h");
        assert_eq!(span(now, now), "now");
        assert_eq!(span(now, now.plus(Duration::from_secs(59))), "now");
        assert_eq!(
            (due(now, now), due(now, now.minus(mins(4)))),
            ("just passed".to_owned(), "passed 4 min ago".to_owned())
        );
        assert_eq!(due(now, now.plus(mins(4))), "in 4 min");
        assert_eq!(span(now, now.minus(mins(64))), "64 min ago");
    }

    #[test]
    fn a_time_says_its_day_and_zone_where_they_are_others() {
        let write = |now: &str, at: &str| {
            let writer = Writer { zone: Zone::default(), now: Timestamp::parse(now).unwrap() };
            writer.write(Timestamp::parse(at).unwrap()).clock
        };
        assert_eq!(write("2026-11-28T03:12:04Z", "2026-11-28T03:27:00Z"), "03:27");
        assert_eq!(write("2026-11-28T03:12:04Z", "2026-11-27T22:22:00Z"), "Fri 27 Nov 22:22");
        assert_eq!(write("2026-01-02T03:12:04Z", "2025-12-31T22:22:00Z"), "Wed 31 Dec 2025 22:22");
        // The last Sunday of October: half past one comes twice.
        assert_eq!(write("2026-10-25T02:10:00Z", "2026-10-25T00:30:00Z"), "01:30 BST");
        assert_eq!(write("2026-10-25T02:10:00Z", "2026-10-25T01:30:00Z"), "01:30");
    }
}

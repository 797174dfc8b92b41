//! Instants and the clock that gives them. Nothing else in the crate may ask the machine for the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Datelike as _, SecondsFormat, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::BigInt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MICROS: i64 = 1_000_000;

/// An instant in UTC, in microseconds since 1970. Both databases keep it as a 64-bit integer, so that it comes back
/// exactly as it went in. On the wire and in files it is RFC 3339 with `Z` and every digit that it has, so that what is
/// told, read again, is what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = BigInt)]
pub struct Timestamp(i64);

/// How far the clocks of others may be ahead of ours.
const AHEAD: Duration = Duration::from_mins(2);

impl Timestamp {
    /// The instant that lies `micros` microseconds after 1970 began.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970 began.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970 began.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// This instant moved later.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This instant moved earlier.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// An instant that somebody says has come, at `now`: theirs, or ours where their clock is ahead of it by no more than two minutes.
    #[must_use]
    pub fn by_another_clock(self, now: Self) -> Self {
        if self > now && self.since(now) <= AHEAD { now } else { self }
    }

    /// How long after `earlier` this instant lies; nothing when it does not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The begin of this instant's day in UTC.
    #[must_use]
    pub const fn day(self) -> Self {
        Self(self.0 - self.0.rem_euclid(24 * 3_600 * MICROS))
    }

    /// The begin of a day in UTC; 1970 for one that does not exist.
    #[must_use]
    pub fn at_day(year: i32, month: u32, day: u32) -> Self {
        let date = chrono::NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
        Self(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros())
    }

    /// Year and month (1 to 12) in UTC.
    #[must_use]
    pub fn year_and_month(self) -> (i32, u32) {
        let at = DateTime::<Utc>::from_timestamp_micros(self.0).unwrap_or_default();
        (at.year(), at.month())
    }

    /// The day of the week in UTC, from 1 for Monday to 7 for Sunday.
    #[must_use]
    pub fn weekday(self) -> u32 {
        DateTime::<Utc>::from_timestamp_micros(self.0).unwrap_or_default().weekday().number_from_monday()
    }

    /// Reads an RFC 3339 time with any offset. What is finer than a microsecond is cut off.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|at| Self(at.timestamp_micros()))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = DateTime::<Utc>::from_timestamp_micros(self.0).unwrap_or_default();
        // Never fewer digits than there are: what was cut here could not be found again in the database.
        f.write_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 time"))
    }
}

impl<DB: Backend> ToSql<BigInt, DB> for Timestamp
where
    i64: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB: Backend> FromSql<BigInt, DB> for Timestamp
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(i64::from_sql(bytes)?))
    }
}

/// Where the crate's time comes from: the machine, or a hand that tests move.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Machine,
    Hand(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub const fn machine() -> Self {
        Self(Source::Machine)
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    #[must_use]
    pub fn standing_at(at: Timestamp) -> Self {
        Self(Source::Hand(Arc::new(AtomicI64::new(at.0))))
    }

    /// The present instant. The machine's clock ticks in whole milliseconds: no finer time is needed anywhere, and it is
    /// as much as a program in JavaScript can keep of what it was told.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
            Source::Machine => Timestamp(Utc::now().timestamp_millis() * 1_000),
            Source::Hand(at) => Timestamp(at.load(Ordering::SeqCst)),
        }
    }

    /// Sets a standing clock back, as somebody does who finds it ahead.
    pub fn set_back(&self, span: Duration) {
        if let Source::Hand(at) = &self.0 {
            at.store(Timestamp(at.load(Ordering::SeqCst)).minus(span).0, Ordering::SeqCst);
        }
    }

    /// Moves a standing clock; the machine's clock cannot be moved and stays as it is.
    pub fn advance(&self, span: Duration) {
        if let Source::Hand(at) = &self.0 {
            at.store(Timestamp(at.load(Ordering::SeqCst)).plus(span).0, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_is_rfc_3339_in_utc() {
        let at = Timestamp::parse("2026-11-21T20:04:02+01:00").unwrap();
        assert_eq!(at.to_string(), "2026-11-21T19:04:02Z");
        assert_eq!(Timestamp::from_micros(at.micros() + 123_000).to_string(), "2026-11-21T19:04:02.123Z");
        assert!(Timestamp::parse("2026-11-21").is_none());
    }

    #[test]
    fn what_is_told_is_what_is_kept() {
        let begin = Timestamp::parse("2026-11-21T19:04:02Z").unwrap().micros();
        // Either side of 1970, and every kind of last digit.
        for base in [begin, 0, -begin] {
            for odd in [0, 1, 9, 10, 999, 1_000, 1_001, 123_457, 500_000, 999_999] {
                let at = Timestamp::from_micros(base + odd);
                assert_eq!(Timestamp::parse(&at.to_string()), Some(at), "{at}");
            }
        }
        assert_eq!(Clock::machine().now().micros() % 1_000, 0);
    }
}

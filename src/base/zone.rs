//! Time zones, by their IANA names: how an instant is shown to people, with the changes of summer and winter.

use std::fmt;

use chrono::{DateTime, Datelike as _, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Utc};
use chrono_tz::{OffsetName as _, Tz};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::time::Timestamp;

/// A time zone, such as `Europe/London`, which is the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

impl Default for Zone {
    fn default() -> Self {
        Self(Tz::Europe__London)
    }
}

/// An instant as the clocks of a zone show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// The day, such as `Sun 25 Oct 2026`.
    pub day: String,
    /// The same without the year, such as `Sun 25 Oct`.
    pub short_day: String,
    /// Hour and minute, such as `01:30`.
    pub clock: String,
    /// What the zone is called at this instant, such as `BST`: an hour that comes twice is told apart by it.
    pub zone: String,
    date: (i32, u32),
}

impl Local {
    /// Whether both are of one day.
    #[must_use]
    pub fn is_day_of(&self, other: &Self) -> bool {
        self.date == other.date
    }

    /// Whether both are of one year.
    #[must_use]
    pub const fn is_year_of(&self, other: &Self) -> bool {
        self.date.0 == other.date.0
    }
}

impl Zone {
    /// What the clocks of this zone show at an instant.
    #[must_use]
    pub fn wall(self, at: Timestamp) -> NaiveDateTime {
        let utc = DateTime::<Utc>::from_timestamp_micros(at.micros()).unwrap_or_default();
        utc.with_timezone(&self.0).naive_local()
    }

    /// When the clocks of this zone show that: the first time, where they do twice; when they go on again, where they leave
    /// it out.
    #[must_use]
    pub fn instant(self, wall: NaiveDateTime) -> Timestamp {
        let there = |wall: NaiveDateTime| self.0.from_local_datetime(&wall).earliest();
        let at = there(wall).or_else(|| there(wall.checked_add_signed(TimeDelta::hours(1))?));
        at.map_or(Timestamp::from_micros(0), |at| Timestamp::from_micros(at.timestamp_micros()))
    }

    /// The instant in this zone.
    #[must_use]
    pub fn local(self, at: Timestamp) -> Local {
        let utc = DateTime::<Utc>::from_timestamp_micros(at.micros()).unwrap_or_default();
        let local = utc.with_timezone(&self.0);
        let offset = local.offset();
        // A zone without a name of its own is told by how far it lies from UTC.
        let zone = match offset.abbreviation() {
            Some(name) if name.chars().all(|letter| letter.is_ascii_alphabetic()) => name.to_owned(),
            Some(_) | None => format!("UTC{}", offset.fix()),
        };
        Local {
            day: local.format("%a %-d %b %Y").to_string(),
            short_day: local.format("%a %-d %b").to_string(),
            clock: local.format("%H:%M").to_string(),
            zone,
            date: (local.year(), local.ordinal()),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let zone = name.parse::<Tz>();
        zone.map(Self).map_err(|_| serde::de::Error::custom("no time zone of the IANA database, such as Europe/London"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(zone: &str, at: &str) -> String {
        let zone: Zone = serde_json::from_value(zone.into()).unwrap();
        let Local { day, clock, zone, .. } = zone.local(Timestamp::parse(at).unwrap());
        format!("{day}, {clock} {zone}")
    }

    #[test]
    fn the_hour_that_comes_twice_is_told_apart() {
        assert_eq!(shown("Europe/London", "2026-10-25T00:30:00Z"), "Sun 25 Oct 2026, 01:30 BST");
        assert_eq!(shown("Europe/London", "2026-10-25T01:30:00.000001Z"), "Sun 25 Oct 2026, 01:30 GMT");
    }

    #[test]
    fn a_zone_without_a_name_says_how_far_it_is_from_utc() {
        assert_eq!(shown("Asia/Kathmandu", "2026-03-01T20:00:00Z"), "Mon 2 Mar 2026, 01:45 UTC+05:45");
        assert_eq!(shown("America/Sao_Paulo", "2026-03-01T01:00:00Z"), "Sat 28 Feb 2026, 22:00 UTC-03:00");
    }

    #[test]
    fn what_clocks_show_is_an_instant_also_where_they_are_moved() {
        let london = Zone::default();
        let at = |wall: &str| london.instant(wall.parse().unwrap()).to_string();
        assert_eq!(at("2026-10-25T01:30:00"), "2026-10-25T00:30:00Z", "twice: the first");
        assert_eq!(at("2026-03-29T01:30:00"), "2026-03-29T01:30:00Z", "never: an hour on");
        let now = Timestamp::parse("2026-07-01T08:00:00.000001Z").unwrap();
        assert_eq!(london.instant(london.wall(now)), now);
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        assert!(serde_json::from_value::<Zone>("Europe/Lundon".into()).is_err());
        assert_eq!(serde_json::to_value(Zone::default()).unwrap(), "Europe/London");
    }
}

//! When a service can be reached: the text of `opening_hours` as OpenStreetMap has it, in a zone of the IANA database.

use std::sync::Arc;

use chrono::{NaiveDateTime, TimeDelta};
use opening_hours::localization::Country;
use opening_hours::{Context, ContextHolidays, OpeningHours, RuleKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::code::codes;
use crate::base::time::Timestamp;
use crate::base::zone::Zone;

/// Hours as an entry has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ServiceHours)]
pub struct Hours {
    /// Such as `Mo-Fr 09:30-16:00; PH off`, or `24/7`.
    pub text: String,
    /// The zone of those hours.
    #[schema(value_type = String, example = "Europe/London")]
    pub zone: Zone,
}

/// The longest text that is read.
const LONGEST: usize = 400;
/// How far ahead it is looked for the next opening. What opens later than that has no hours.
const AHEAD: TimeDelta = TimeDelta::days(60);

codes! {
    /// Whether somebody can be reached now.
    pub enum Open as ServiceOpen is "Whether somebody can be reached now. On a public holiday of which the hours say nothing it is `unknown`: ring first." {
        /// Yes.
        Yes = "yes",
        /// No.
        No = "no",
        /// Nobody knows.
        Unknown = "unknown",
    }
}

/// How it stands at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ServiceOpening)]
pub struct Opening {
    /// Whether it is open.
    pub now: Open,
    /// Whether it is open at every hour.
    pub always: bool,
    /// When that ends, where it is open and not always.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closes_at: Option<Timestamp>,
    /// When it opens next, where it is not open and anybody knows.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub opens_at: Option<Timestamp>,
}

impl Opening {
    /// Of what has no hours.
    pub const UNKNOWN: Self = Self { now: Open::Unknown, always: false, closes_at: None, opens_at: None };
}

/// Hours, ready to be asked.
#[derive(Clone, Debug)]
pub struct Timetable {
    hours: OpeningHours,
    holidays: ContextHolidays,
    zone: Zone,
    always: bool,
    speaks_of_holidays: bool,
}

impl Timetable {
    /// Reads hours, for the holidays of a country: those of all of it and those of parts of it, so that on a day on which
    /// some are closed nobody is said to be open by mistake.
    #[must_use]
    pub fn of(hours: &Hours, country: Option<&str>) -> Option<Self> {
        if hours.text.chars().count() > LONGEST {
            return None;
        }
        let read: OpeningHours = hours.text.parse().ok()?;
        let holidays = country.and_then(|code| code.parse().ok()).map(all_holidays).unwrap_or_default();
        let context = Context::default().with_holidays(holidays.clone());
        let context = context.approx_bound_interval_size(TimeDelta::days(400));
        let text = hours.text.trim();
        let speaks_of_holidays = text.contains("PH") || text.contains("SH");
        let always = text == "24/7";
        Some(Self { hours: read.with_context(context), holidays, zone: hours.zone, always, speaks_of_holidays })
    }

    /// Whether it is open at every hour.
    #[must_use]
    pub const fn is_always_open(&self) -> bool {
        self.always
    }

    /// Whether somebody can be reached at an instant.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> Open {
        if self.always {
            return Open::Yes;
        }
        let wall = self.zone.wall(at);
        match self.hours.state(wall).0 {
            RuleKind::Open if self.is_silent_on(wall) => Open::Unknown,
            RuleKind::Open => Open::Yes,
            RuleKind::Closed => Open::No,
            RuleKind::Unknown => Open::Unknown,
        }
    }

    /// How it stands at an instant.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Opening {
        let (now, wall) = (self.is_open(at), self.zone.wall(at));
        if self.always {
            return Opening { now, always: true, closes_at: None, opens_at: None };
        }
        let mut stretches = self.hours.iter_range(wall, wall + AHEAD);
        if now == Open::Yes {
            let end = stretches.take_while(|stretch| stretch.kind == RuleKind::Open).last();
            let closes_at = end.map(|stretch| stretch.range.end).filter(|end| *end < wall + AHEAD);
            return Opening {
                now,
                always: false,
                closes_at: closes_at.map(|end| self.zone.instant(end)),
                opens_at: None,
            };
        }
        let opens = stretches.find(|stretch| stretch.kind == RuleKind::Open && !self.is_silent_on(stretch.range.start));
        let opens_at = opens.map(|stretch| self.zone.instant(stretch.range.start)).filter(|opens| *opens > at);
        Opening { now, always: false, closes_at: None, opens_at }
    }

    /// Whether this is a public holiday, and the hours say nothing of those.
    fn is_silent_on(&self, wall: NaiveDateTime) -> bool {
        !self.speaks_of_holidays && self.holidays.get_public().contains(wall.date())
    }
}

/// The public holidays of a country and of its parts.
fn all_holidays(country: Country) -> ContextHolidays {
    let national = country.holidays();
    let mut all = national.get_public().clone();
    for day in country.holidays_regional().get_public().iter() {
        all.insert(day);
    }
    ContextHolidays::new(Arc::new(all), Arc::new(national.get_school().clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, zone: &str, country: &str, when: &str) -> (Open, Option<String>, Option<String>) {
        let zone = serde_json::from_value(zone.into()).unwrap();
        let table = Timetable::of(&Hours { text: text.to_owned(), zone }, Some(country)).unwrap();
        let Opening { now, closes_at, opens_at, .. } = table.at(Timestamp::parse(when).unwrap());
        (now, closes_at.map(|at| at.to_string()), opens_at.map(|at| at.to_string()))
    }

    #[test]
    fn hours_are_those_of_the_zone_in_summer_and_in_winter() {
        let weekdays = |when| at("Mo-Fr 09:30-16:00", "Europe/London", "GB", when);
        assert_eq!(weekdays("2026-07-01T08:29:59.999999Z").0, Open::No, "Wednesday, 09:29 in summer");
        assert_eq!(weekdays("2026-07-01T08:30:00Z"), (Open::Yes, Some("2026-07-01T15:00:00Z".to_owned()), None));
        assert_eq!(weekdays("2026-12-02T09:00:00Z"), (Open::No, None, Some("2026-12-02T09:30:00Z".to_owned())));
        // From Friday evening over the night in which clocks are set forward.
        let after = weekdays("2026-03-27T18:00:00.000007Z");
        assert_eq!(after, (Open::No, None, Some("2026-03-30T08:30:00Z".to_owned())));
    }

    #[test]
    fn over_midnight_and_at_every_hour() {
        let nights = |when| at("Mo-Su 20:00-04:00", "Europe/Paris", "FR", when);
        assert_eq!(nights("2026-06-10T01:59:00Z").0, Open::Yes);
        assert_eq!(nights("2026-06-10T02:00:00Z").0, Open::No);
        assert_eq!(at("24/7", "Europe/London", "GB", "2026-12-25T03:00:00Z"), (Open::Yes, None, None));
    }

    #[test]
    fn on_a_holiday_that_is_not_spoken_of_nobody_knows() {
        // Easter Monday is a holiday of parts of the country alone.
        let monday = "2026-04-06T10:00:00Z";
        assert_eq!(at("Mo-Fr 09:00-17:00; PH off", "Europe/London", "GB", monday).0, Open::No);
        let silent = at("Mo-Fr 09:00-17:00", "Europe/London", "GB", monday);
        assert_eq!(silent, (Open::Unknown, None, Some("2026-04-07T08:00:00Z".to_owned())));
        let before = at("Mo-Fr 09:00-17:00", "Europe/London", "GB", "2026-04-02T20:00:00Z");
        assert_eq!(before.2.as_deref(), Some("2026-04-07T08:00:00Z"), "Good Friday and Easter Monday are left out");
        assert_eq!(at("Mo-Su,PH 09:00-17:00", "Europe/London", "GB", monday).0, Open::Yes);
    }

    #[test]
    fn what_is_no_hours_is_refused() {
        for text in ["weekdays nine to five", "Mo-Fr 25:99-27:00 foo", &"Mo 10:00-11:00; ".repeat(60)] {
            assert!(Timetable::of(&Hours { text: text.to_owned(), zone: Zone::default() }, None).is_none(), "{text}");
        }
    }
}

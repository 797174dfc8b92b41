//! Dates and times of a report. People and apps mix them, so both are compared as what they can mean.

use chrono::{DateTime, Days, Duration, NaiveDate, Utc};

use super::body::{Occurred, Precision};
use super::found::Found;
use super::members::{Codes, Members, Read};
use crate::base::json::Json;
use crate::error::rules::Form;

/// What a date or time says: an instant, or the days of somebody's calendar, wherever they were.
#[derive(Clone, Copy)]
enum When {
    Instant(DateTime<Utc>),
    Days(NaiveDate, NaiveDate),
}

impl When {
    fn parse(text: &str) -> Option<Self> {
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Some(Self::Instant(at.to_utc()));
        }
        if !text.is_ascii() {
            return None;
        }
        if text.len() == 7 {
            let first = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok()?;
            return Some(Self::Days(first, first.checked_add_months(chrono::Months::new(1))?.pred_opt()?));
        }
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10)?;
        Some(Self::Days(day, day))
    }

    /// The first and the last instant that it can mean: a day begins at UTC+14 first and ends at UTC−12 last.
    fn span(self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        match self {
            Self::Instant(at) => Some((at, at)),
            Self::Days(first, last) => {
                let begin = first.and_hms_opt(0, 0, 0)?.and_utc().checked_sub_signed(Duration::hours(14))?;
                let end = last.checked_add_days(Days::new(1))?.and_hms_opt(0, 0, 0)?.and_utc();
                Some((begin, end.checked_add_signed(Duration::hours(12))?))
            }
        }
    }

    /// Whether the other surely lies before this.
    fn is_after(self, other: Self) -> bool {
        match (self, other) {
            // Two dates are of one calendar.
            (Self::Days(first, _), Self::Days(_, last)) => first > last,
            _ => matches!((self.span(), other.span()), (Some((begin, _)), Some((_, end))) if begin > end),
        }
    }
}

/// An RFC 3339 time.
pub(super) fn time(members: &mut Members, name: &str, found: &mut Found) -> Option<String> {
    of_form(members, name, found, &Form::Time, |text| DateTime::parse_from_rfc3339(text).is_ok())
}

/// A date, a month or a time.
pub(super) fn date(members: &mut Members, name: &str, found: &mut Found) -> Option<String> {
    of_form(members, name, found, &Form::Date, |text| When::parse(text).is_some())
}

fn of_form(
    members: &mut Members,
    name: &str,
    found: &mut Found,
    rule: &Form,
    right: fn(&str) -> bool,
) -> Option<String> {
    let place = members.place(name);
    let value = members.take(name, found)?;
    match &value {
        Json::Null => None,
        Json::Text(text) if text.trim().is_empty() => None,
        Json::Text(text) if right(text) => Some(text.clone()),
        Json::Text(text) if right(text.trim()) => {
            found.read_anyway(&place, rule);
            Some(text.trim().to_owned())
        }
        Json::Text(_) | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
            found.leave_out(&place, rule, &value);
            None
        }
    }
}

/// When it happened. Without a beginning that can be read there is none, and all of it goes to the advocate.
pub(super) fn occurred(members: &mut Members, found: &mut Found) -> Option<Occurred> {
    let place = members.place("occurred");
    let whole = members.take("occurred", found)?;
    let mut inner = match crate::domain::intake::members::object(whole.clone(), &place, found) {
        Read::Is(inner) => inner,
        Read::Absent | Read::Unusable => return None,
    };
    let begins = inner.has("from");
    let from = date(&mut inner, "from", found);
    let to = date(&mut inner, "to", found);
    let precision = inner.code("precision", Codes(Precision::ALL, Precision::as_str), found).known();
    inner.finish(found);
    let Some(from) = from else {
        // What was wrong with `from` was noted already, when it was there.
        let rule = if begins { &Form::Date } else { &Form::NoBeginning };
        if whole.is_nothing() {
            found.read_anyway(&place, &Form::Object);
        } else {
            found.leave_out(&place, rule, &whole);
        }
        return None;
    };
    if let (Some(begin), Some(end)) = (When::parse(&from), to.as_deref().and_then(When::parse))
        && begin.is_after(end)
    {
        // Both stand as they were told: nothing is decided by them.
        found.read_anyway("/occurred/to", &Form::Reversed);
    }
    Some(Occurred { from, to, precision })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_day_in_two_ways_is_not_reversed() {
        let reversed = |from: &str, to: &str| When::parse(from).unwrap().is_after(When::parse(to).unwrap());
        for (from, to, expected) in [
            ("2026-11-02T20:30:00-08:00", "2026-11-02", false),
            ("2026-11-03", "2026-11-03T07:00:00+13:00", false),
            ("2026-10-31T23:30:00-07:00", "2026-10", false),
            ("2026-12-31T23:30:00-10:00", "2026-12-31", false),
            ("2026-11-02", "2026-11-02", false),
            ("2026-11", "2026-11-02", false),
            ("2026-11-02", "2026-11", false),
            ("2026-11-02T10:00:00+02:00", "2026-11-02T08:00:00Z", false),
            ("2026-11-03", "2026-11-02", true),
            ("2026-12", "2026-11", true),
            ("2026-12", "2026-11-30", true),
            ("2026-11-02T10:00:00+02:00", "2026-11-02T07:59:59Z", true),
            ("2026-11-05T12:00:00Z", "2026-11-03", true),
            ("2026-11-05", "2026-11-03T12:00:00Z", true),
        ] {
            assert_eq!(reversed(from, to), expected, "{from} {to}");
        }
        for text in
            ["", "2026", "2026-13", "2026-02-30", "last week", "2026-1-1", "20261102", "٢٠٢٦-١١", "2026-11-02T20:30"]
        {
            assert!(When::parse(text).is_none(), "{text}");
        }
        // The ends of the calendar are no fault.
        for text in ["9999-12", "0000-01-01", "9999-12-31T23:59:59Z"] {
            assert!(When::parse(text).is_some_and(|when| when.span().is_some()), "{text}");
        }
    }
}

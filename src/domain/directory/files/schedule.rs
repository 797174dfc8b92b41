//! Hours of HSDS, which has rules of RFC 5545 for them: those of every week are read, and nothing else is guessed at.

use serde::Deserialize;

/// One stretch of hours, as HSDS has it. Its `timezone` is an offset from UTC and is not read.
#[derive(Deserialize)]
pub(super) struct Schedule {
    #[serde(default)]
    freq: Option<String>,
    #[serde(default)]
    interval: Option<f64>,
    #[serde(default)]
    byday: Option<String>,
    #[serde(default)]
    byweekno: Option<String>,
    #[serde(default)]
    opens_at: Option<String>,
    #[serde(default)]
    closes_at: Option<String>,
}

/// The hours as OpenStreetMap writes them; nothing where there are none, or one of them does not come every week: half of the
/// hours would be wrong hours.
pub(super) fn text(schedules: &[Schedule]) -> Option<String> {
    let weekly = schedules.iter().filter(|one| one.opens_at.is_some()).map(Schedule::weekly);
    let parts: Vec<String> = weekly.collect::<Option<_>>()?;
    (!parts.is_empty()).then(|| parts.join(", "))
}

impl Schedule {
    fn weekly(&self) -> Option<String> {
        let every_week = self.freq.as_deref() == Some("WEEKLY")
            && self.interval.is_none_or(|interval| (interval - 1.0).abs() < f64::EPSILON)
            && self.byweekno.is_none();
        let days: Vec<&str> = self.byday.as_deref()?.split(',').map(|day| name(day.trim())).collect::<Option<_>>()?;
        let (opens, closes) = (clock(self.opens_at.as_deref()?)?, clock(self.closes_at.as_deref()?)?);
        every_week.then(|| format!("{} {opens}-{closes}", days.join(",")))
    }
}

fn name(day: &str) -> Option<&'static str> {
    Some(match day {
        "MO" => "Mo",
        "TU" => "Tu",
        "WE" => "We",
        "TH" => "Th",
        "FR" => "Fr",
        "SA" => "Sa",
        "SU" => "Su",
        _ => return None,
    })
}

/// Hour and minute. An offset behind them is not read: the hours are those of the zone.
fn clock(text: &str) -> Option<&str> {
    let clock = text.get(..5)?;
    let (hour, minute) = clock.split_once(':')?;
    let digits = |part: &str, most: u8| part.len() == 2 && part.parse::<u8>().is_ok_and(|number| number <= most);
    (digits(hour, 24) && digits(minute, 59)).then_some(clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<String> {
        text(&serde_json::from_str::<Vec<Schedule>>(json).unwrap())
    }

    #[test]
    fn hours_of_every_week_are_read_and_no_others() {
        let week = r#"{"freq": "WEEKLY", "interval": 1, "byday": "TH,FR", "timezone": 3, "opens_at": "10:00:00", "closes_at": "18:00Z"}"#;
        let second = r#"{"freq": "WEEKLY", "byday": "MO", "opens_at": "09:00", "closes_at": "12:00"}"#;
        assert_eq!(read(&format!("[{week}, {second}]")).as_deref(), Some("Th,Fr 10:00-18:00, Mo 09:00-12:00"));
        assert_eq!(read(r#"[{"description": "ring us"}]"#), None);
        for odd in [
            r#"{"freq": "MONTHLY", "byday": "2MO", "opens_at": "09:00", "closes_at": "12:00"}"#,
            r#"{"freq": "WEEKLY", "interval": 2, "byday": "MO", "opens_at": "09:00", "closes_at": "12:00"}"#,
            r#"{"freq": "WEEKLY", "byday": "MO", "opens_at": "nine", "closes_at": "12:00"}"#,
        ] {
            assert_eq!(read(&format!("[{week}, {odd}]")), None, "{odd}");
        }
    }
}

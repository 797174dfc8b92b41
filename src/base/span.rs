//! Spans of time as files write them: `15m`, `48h`, `7d`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A span of time: a whole number of minutes, hours or days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    number: u32,
    unit: char,
}

impl Span {
    /// Reads `15m`, `48h` or `7d`; nothing for what is none, or more than a year.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let unit = text.chars().last().filter(|unit| "mhd".contains(*unit))?;
        let number = text.strip_suffix(unit)?;
        let number: u32 = number.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse().ok())??;
        let span = Self { number, unit };
        (number > 0 && span.duration() <= Duration::from_hours(366 * 24)).then_some(span)
    }

    /// How long it is.
    #[must_use]
    pub fn duration(self) -> Duration {
        let number = u64::from(self.number);
        match self.unit {
            'm' => Duration::from_mins(number),
            'h' => Duration::from_hours(number),
            _ => Duration::from_hours(number * 24),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("use a whole number and m, h or d, such as \"48h\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_reads_back() {
        for (text, minutes) in [("15m", 15), ("48h", 48 * 60), ("7d", 7 * 24 * 60)] {
            let span = Span::parse(text).unwrap();
            assert_eq!((span.duration(), span.to_string()), (Duration::from_mins(minutes), text.to_owned()));
        }
        for bad in ["", "m", "0h", "-1h", "+1h", "1.5h", "15 m", "15M", "367d", "99999999999m", "٤h"] {
            assert_eq!(Span::parse(bad), None, "{bad}");
        }
    }
}

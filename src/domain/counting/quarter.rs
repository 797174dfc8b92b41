//! Quarters of the calendar, in UTC: what an edition tells of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::time::Timestamp;

/// A quarter of a year, written `2026-q3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quarter {
    year: i32,
    /// 1 to 4.
    number: u32,
}

impl Quarter {
    /// The quarter that this instant lies in.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let (year, month) = at.year_and_month();
        Self { year, number: (month - 1) / 3 + 1 }
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.year
    }

    /// Whether it ends its year.
    #[must_use]
    pub const fn is_last_of_year(self) -> bool {
        self.number == 4
    }

    /// The first quarter of the same year.
    #[must_use]
    pub const fn first_of_year(self) -> Self {
        Self { year: self.year, number: 1 }
    }

    /// The next quarter.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.number == 4 {
            Self { year: self.year + 1, number: 1 }
        } else {
            Self { year: self.year, number: self.number + 1 }
        }
    }

    /// When it begins.
    #[must_use]
    pub fn from(self) -> Timestamp {
        Timestamp::at_day(self.year, (self.number - 1) * 3 + 1, 1)
    }

    /// When it is over: the next one's begin.
    #[must_use]
    pub fn until(self) -> Timestamp {
        self.next().from()
    }

    /// Its months in words: `July to September 2026`.
    #[must_use]
    pub fn in_words(self) -> String {
        let months = match self.number {
            1 => "January to March",
            2 => "April to June",
            3 => "July to September",
            _ => "October to December",
        };
        format!("{months} {}", self.year)
    }
}

impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-q{}", self.year, self.number)
    }
}

/// The text names no quarter.
#[derive(Debug, thiserror::Error)]
#[error("write a quarter as 2026-q3")]
pub struct BadQuarter;

impl FromStr for Quarter {
    type Err = BadQuarter;

    fn from_str(text: &str) -> Result<Self, BadQuarter> {
        let (year, number) = text.split_once("-q").ok_or(BadQuarter)?;
        let digits = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
        let year: i32 = year.parse().map_err(|_| BadQuarter)?;
        match number {
            "1" | "2" | "3" | "4" if digits && year >= 1970 => {
                Ok(Self { year, number: number.parse().map_err(|_| BadQuarter)? })
            }
            _ => Err(BadQuarter),
        }
    }
}

impl Serialize for Quarter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quarter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_follow_each_other_without_a_gap() {
        let mut quarter: Quarter = "2024-q4".parse().unwrap();
        for _ in 0..40 {
            assert_eq!(Quarter::of(quarter.from()), quarter);
            assert_eq!(Quarter::of(Timestamp::from_micros(quarter.until().micros() - 1)), quarter);
            assert_eq!(Quarter::of(quarter.until()), quarter.next());
            assert_eq!(quarter.to_string().parse::<Quarter>().unwrap(), quarter);
            quarter = quarter.next();
        }
        assert_eq!("2026-q3".parse::<Quarter>().unwrap().from().to_string(), "2026-07-01T00:00:00Z");
        for bad in ["", "2026", "2026-q0", "2026-q5", "26-q1", "2026-Q1", "2026-q11", "+026-q1", "../x-q1"] {
            assert!(bad.parse::<Quarter>().is_err(), "{bad}");
        }
    }
}

//! Response times, from the published kind of figure alone: a group's eight noised buckets. A true time beside noised
//! counts would let the counts be recovered, so the types give this room none.
//!
//! Shares and quantiles are made with the four operations and square roots of IEEE 754 only, which are the same on every
//! machine: an auditor's rebuild gives the same bytes.

use super::{Gates, Noised, TableRule};
use crate::domain::counting::Response;

/// 97.5 % of the normal distribution.
const Z: f64 = 1.96;

/// The noised buckets of a group, in order; the last is "none by day 30".
#[derive(Clone, Debug)]
pub struct Histogram {
    buckets: Vec<Noised>,
    /// The variance of the noise of one bucket.
    variance: f64,
    gates: Gates,
}

/// A share in whole percent, with its 95 % range: chance and noise together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The share.
    pub value: i64,
    /// The lower end.
    pub low: i64,
    /// The upper end.
    pub high: i64,
}

/// A time in whole hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Time {
    /// About so many hours; 1 stands for an hour or less.
    Hours(i64),
    /// Not by day 30.
    AfterDay30,
}

impl Time {
    /// Of a published number of hours.
    #[must_use]
    pub const fn of_hours(hours: f64) -> Self {
        Self::Hours(whole(hours))
    }
}

/// A time with its 95 % range: chance and noise together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeInterval {
    /// The time.
    pub value: Time,
    /// The lower end.
    pub low: Time,
    /// The upper end.
    pub high: Time,
}

/// What is said of a group's response times. What its size does not carry is absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseTimes {
    /// Answered within 24 hours.
    pub within_24h: Option<Interval>,
    /// Within 72 hours.
    pub within_72h: Option<Interval>,
    /// Within 7 days.
    pub within_7d: Option<Interval>,
    /// Within 30 days.
    pub within_30d: Option<Interval>,
    /// The time within which half were answered.
    pub median: Option<TimeInterval>,
    /// The time within which nine in ten were answered.
    pub p90: Option<TimeInterval>,
}

impl Histogram {
    /// The buckets of a group, as a table's cells give them.
    #[must_use]
    pub fn new(buckets: Vec<Noised>, table: &TableRule, gates: Gates) -> Self {
        // The variance of the discrete Laplace distribution, 2a/(1-a)^2 with a = exp(-epsilon), at both epsilons.
        let variance = if table.epsilon_hundredths >= 50 { 7.835 } else { 31.834 };
        Self { buckets, variance, gates }
    }

    /// What can be said of it.
    #[must_use]
    pub fn response_times(&self) -> ResponseTimes {
        let total = self.total();
        let share = |buckets| (total >= self.gates.share).then(|| self.share(buckets));
        let quantile = |gate: i64, percent| (total >= gate).then(|| self.quantile(percent));
        ResponseTimes {
            within_24h: share(3),
            within_72h: share(4),
            within_7d: share(5),
            within_30d: share(7),
            median: quantile(self.gates.median, 0.5),
            p90: quantile(self.gates.p90, 0.9),
        }
    }

    fn total(&self) -> i64 {
        self.buckets.iter().map(|bucket| bucket.value()).sum()
    }

    /// The part of all that lies in the first buckets.
    fn part(&self, buckets: usize) -> f64 {
        let first: i64 = self.buckets.iter().take(buckets).map(|bucket| bucket.value()).sum();
        (number(first) / number(self.total())).clamp(0.0, 1.0)
    }

    /// The variance that the noise gives to a part made of the first `buckets` of all.
    fn noise(&self, part: f64, buckets: usize) -> f64 {
        let (first, all) = (count(buckets), count(self.buckets.len()));
        let spread = first * (1.0 - part) * (1.0 - part) + (all - first) * part * part;
        self.variance * spread / (number(self.total()) * number(self.total()))
    }

    /// A share with its range: the Wilson interval of chance, widened by the noise.
    fn share(&self, buckets: usize) -> Interval {
        let (part, n) = (self.part(buckets), number(self.total()));
        let noise = Z * Z * self.noise(part, buckets);
        let centre = (part + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half = Z * (part * (1.0 - part) / n + Z * Z / (4.0 * n * n)).sqrt() / (1.0 + Z * Z / n);
        let below = part - (centre - half).min(part);
        let above = (centre + half).max(part) - part;
        let percent = |share: f64| whole(share.clamp(0.0, 1.0) * 100.0);
        Interval {
            value: percent(part),
            low: percent(part - (below * below + noise).sqrt()),
            high: percent(part + (above * above + noise).sqrt()),
        }
    }

    fn quantile(&self, wanted: f64) -> TimeInterval {
        let n = number(self.total());
        let buckets = self.bucket_of(wanted);
        let half = Z * (wanted * (1.0 - wanted) / n + self.noise(wanted, buckets)).sqrt();
        TimeInterval {
            value: self.time_of(wanted),
            low: self.time_of(wanted - half),
            high: self.time_of(wanted + half),
        }
    }

    /// How many of the first buckets it takes to reach the part.
    fn bucket_of(&self, wanted: f64) -> usize {
        (1..=self.buckets.len()).find(|first| self.part(*first) >= wanted).unwrap_or(self.buckets.len())
    }

    /// When the part was reached, between the ends of its bucket on a logarithmic scale.
    fn time_of(&self, wanted: f64) -> Time {
        let first = self.bucket_of(wanted);
        let Some(to) = first.checked_sub(1).and_then(|at| Response::HOURS.get(at)) else { return Time::AfterDay30 };
        let Some(from) = first.checked_sub(2).and_then(|at| Response::HOURS.get(at)) else { return Time::Hours(1) };
        let (before, reached) = (self.part(first - 1), self.part(first));
        let within = if reached > before { ((wanted - before) / (reached - before)).clamp(0.0, 1.0) } else { 1.0 };
        let ratio = f64::from(*to) / f64::from(*from);
        Time::Hours(whole(f64::from(*from) * power(ratio, within)))
    }
}

/// `base` to a power between 0 and 1, by square roots: exact to a thousandth, and the same on every machine.
fn power(base: f64, exponent: f64) -> f64 {
    let (mut root, mut rest, mut result) = (base, exponent, 1.0);
    if exponent >= 1.0 {
        return base;
    }
    for _ in 0..12 {
        root = root.sqrt();
        rest *= 2.0;
        if rest >= 1.0 {
            result *= root;
            rest -= 1.0;
        }
    }
    result
}

/// The nearest whole number of a size that fits.
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "percents and hours of a month")]
const fn whole(number: f64) -> i64 {
    number.round() as i64
}

/// Counts of an edition are far below 2^53.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "counts of an edition are far below 2^53")]
const fn number(count: i64) -> f64 {
    count as f64
}

fn count(buckets: usize) -> f64 {
    number(i64::try_from(buckets).unwrap_or(0))
}

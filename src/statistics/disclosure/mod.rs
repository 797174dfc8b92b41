//! How a count becomes a published figure: noise once, then "fewer than" and the nearest five. There is no way from a
//! [`Count`] to a page but through [`Drawer::noise`], and response times are made of noised figures alone.
//!
//! Source: the method in docs/transparency.md. Nothing here knows the database, the clock or a file.

mod draw;
mod guess;
mod histogram;
mod rules;
#[cfg(test)]
mod tests;

pub use draw::{Drawer, EditionSecret, Perturbation};
pub use guess::{Guesses, right_of_hundred};
pub use histogram::{Histogram, Interval, ResponseTimes, Time, TimeInterval};
pub use rules::{
    Cadence, Dimension, DimensionRule, Gates, Release, Rules, TableRule, ValueRule, params_sha256, perturbation_sha256,
    rules,
};

/// How many cases there truly are. It cannot be printed, and nothing is published of it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Count(i64);

crate::base::secret::silent! { Count }

impl Count {
    /// Of a cell of the finest counts.
    #[must_use]
    pub const fn new(cases: i64) -> Self {
        Self(cases)
    }

    /// What is left when the other is taken away; below zero where corrections take more away than they add.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

/// A count that was moved at random. It may be negative; whatever is made of it protects as well as it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noised(i64);

impl Noised {
    /// The moved count, for what is computed of it and for the auditor.
    #[must_use]
    pub const fn value(self) -> i64 {
        self.0
    }

    /// As it is published: below the threshold as "fewer than", otherwise as the nearest multiple.
    #[must_use]
    pub const fn figure(self, table: &TableRule) -> Figure {
        let size = self.0.abs();
        // A correction may go either way; of a count below zero the size says nothing.
        if size < table.threshold || (self.0 < 0 && !table.is_signed()) {
            return Figure::Low;
        }
        let rounded = (size + table.round_to / 2) / table.round_to * table.round_to;
        Figure::Value(if self.0 < 0 { -rounded } else { rounded })
    }
}

/// A figure as it is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Fewer than the table's threshold, none among them.
    Low,
    /// About so many.
    Value(i64),
}

impl Figure {
    /// The number; nothing below the threshold.
    #[must_use]
    pub const fn value(self) -> Option<i64> {
        match self {
            Self::Low => None,
            Self::Value(value) => Some(value),
        }
    }
}

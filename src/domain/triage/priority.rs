//! The five priorities. Knows nothing of how one is found.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How urgent a case is; `P0` is the most urgent and the smallest, so the most urgent of several is their minimum.
#[derive(
    Copy,
    Clone,
    Eq,
    PartialEq,
    Ord,
    PartialOrd,
    Hash,
    Debug,
    Serialize,
    Deserialize,
    ToSchema,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Someone is paged within two minutes; only a floor or a person gives it.
    P0,
    /// Someone is paged; also the answer when the rules fail.
    P1,
    /// Read within a day.
    P2,
    /// Read within days.
    P3,
    /// Read within a week.
    P4,
}

crate::base::code::stored_as_text!(Priority);

impl Priority {
    /// Every priority, the most urgent first.
    pub const ALL: [Self; 5] = [Self::P0, Self::P1, Self::P2, Self::P3, Self::P4];

    /// The name in the API and in storage: `p0` to `p4`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P0 => "p0",
            Self::P1 => "p1",
            Self::P2 => "p2",
            Self::P3 => "p3",
            Self::P4 => "p4",
        }
    }

    /// The priority of that name, or `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.as_str() == text)
    }

    /// 0 to 4, for storage that sorts by it.
    #[must_use]
    pub const fn level(self) -> i64 {
        match self {
            Self::P0 => 0,
            Self::P1 => 1,
            Self::P2 => 2,
            Self::P3 => 3,
            Self::P4 => 4,
        }
    }

    /// The priority of that level, or `None` outside 0 to 4.
    #[must_use]
    pub fn from_level(level: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.level() == level)
    }

    /// One level more urgent; `P0` stays.
    #[must_use]
    pub const fn one_up(self) -> Self {
        match self {
            Self::P0 | Self::P1 => Self::P0,
            Self::P2 => Self::P1,
            Self::P3 => Self::P2,
            Self::P4 => Self::P3,
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

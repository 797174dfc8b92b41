//! The five priorities. Knows nothing of how one is found.

use crate::base::code::codes;

codes! {
    pub enum Priority is "How urgent a case is; `P0` is the most urgent and the smallest, so the most urgent of several \
        is their minimum." {
        /// Someone is paged within two minutes; only a floor or a person gives it.
        P0 = "p0",
        /// Someone is paged; also the answer when the rules fail.
        P1 = "p1",
        /// Read within a day.
        P2 = "p2",
        /// Read within days.
        P3 = "p3",
        /// Read within a week.
        P4 = "p4",
    }
}

impl Priority {
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
        Self::ALL.iter().copied().find(|priority| priority.level() == level)
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

//! What is counted for the public. Each case stands once in each flow: when a person has read it and does not call it
//! abuse of the service, thirty days after its platform was told of it, and ninety days after. Rows are appended in
//! the transaction of the act, and nothing that was counted changes afterwards.
//!
//! Intake never comes here: a report alone is not counted, so nobody who sends one makes a number move.

mod count;
mod cube;
mod quarter;
mod tables;
mod totals;

pub use count::{NewFlow, append_all, close, outcomes_due, responses_due, settle_case};
pub(in crate::domain) use count::{answered, correct, count, forward, settle};
pub use cube::{CubeCell, cube};
pub use quarter::Quarter;
pub(in crate::domain) use tables::TABLES;
pub use totals::{add_up, agree, capped};

use std::time::Duration;

use super::terms::taxonomy::{CategoryCode, Group};
use crate::base::code::codes;

codes! {
    /// What is counted.
    pub enum FlowKind {
        /// A case that a person has read.
        Intake = "intake",
        /// How soon the platform answered, on day 30.
        Response = "response",
        /// Where the case stood on day 90.
        Outcome = "outcome",
        /// A case that was counted and turned out to be abuse of the service.
        Correction = "correction",
        /// A case that is not counted, because enough of the same account were. It stands in no table.
        Capped = "capped",
    }
}

codes! {
    /// How soon a platform's first answer of substance came: done, partly done or declined. To acknowledge is none.
    pub enum Response {
        /// Within an hour.
        Within1h = "within_1h",
        /// Within six hours.
        Within6h = "within_6h",
        /// Within a day.
        Within24h = "within_24h",
        /// Within three days.
        Within72h = "within_72h",
        /// Within a week.
        Within7d = "within_7d",
        /// Within two weeks.
        Within14d = "within_14d",
        /// Within thirty days.
        Within30d = "within_30d",
        /// Not by day 30: slow and silent platforms cannot vanish from the figures.
        NoneByDay30 = "none_by_day_30",
    }
}

impl Response {
    /// The upper end of each bucket but the last, in hours.
    pub const HOURS: [u32; 7] = [1, 6, 24, 72, 168, 336, 720];

    /// The bucket of an answer that took so long, or of none.
    #[must_use]
    pub fn of(took: Option<Duration>) -> Self {
        let Some(took) = took else { return Self::NoneByDay30 };
        let within = |hours: &u32| took <= Duration::from_hours(u64::from(*hours));
        Self::HOURS.iter().position(within).and_then(|at| Self::ALL.get(at).copied()).unwrap_or(Self::NoneByDay30)
    }
}

codes! {
    /// Where a case stood on day 90, as it is published.
    pub enum Standing {
        /// The platform did what it was asked.
        PlatformActed = "platform_acted",
        /// It declined.
        PlatformRefused = "platform_refused",
        /// It never answered.
        PlatformSilent = "platform_silent",
        /// Help came from a service or the police.
        SupportedElsewhere = "supported_elsewhere",
        /// Kept on record; withdrawn, not reached and unfounded are among these, so that none of them can be told.
        RecordedOnly = "recorded_only",
        /// Not closed.
        OpenAtDay90 = "open_at_day_90",
    }
}

impl Standing {
    /// How an outcome is published (TSP-1, states of a case).
    #[must_use]
    pub const fn of(outcome: Option<crate::domain::case::Outcome>) -> Self {
        use super::case::Outcome;
        match outcome {
            None => Self::OpenAtDay90,
            Some(Outcome::PlatformActed) => Self::PlatformActed,
            Some(Outcome::PlatformRefused) => Self::PlatformRefused,
            Some(Outcome::PlatformSilent) => Self::PlatformSilent,
            Some(Outcome::SupportedElsewhere) => Self::SupportedElsewhere,
            Some(Outcome::RecordedOnly | Outcome::Withdrawn | Outcome::UnableToContact | Outcome::Unfounded) => {
                Self::RecordedOnly
            }
        }
    }
}

/// The group that a category is counted in. Complaints are about services and not about harm by a person, and welfare
/// leaves in no statistic: neither is counted.
#[must_use]
pub(in crate::domain) fn counted_in(category: CategoryCode) -> Option<Group> {
    let exported = category.category().is_some_and(|category| category.exported);
    Some(category.group()).filter(|group| exported && *group != Group::Complaint)
}

//! Hand-overs as their service has them: which there are, where each stands, what is shown of one, and what the service says of it.
//! Another service's is not there, nor is one before which a wall stands, whatever is looked up for it.

mod held;
mod list;
mod said;

use std::collections::BTreeMap;

use diesel::dsl::count;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::kept::Referral;
use super::state::State;
use super::steps::Step;
use crate::base::code::codes;
use crate::base::id::{PartnerAccountId, ReferralId};
use crate::base::time::Timestamp;
use crate::db::schema::{referral_moves, referrals};
use crate::domain::case::Case;
use crate::domain::triage::{Phase, Priority};
use crate::domain::unit::Look;
use crate::error::Result;

pub(in crate::domain) use held::{Shown, held};
pub use held::{check, standing};
pub use list::{Asked, list};
pub use said::answer;
pub(in crate::domain) use said::record;

/// How many referrals that are under way this account has taken on: whoever coordinates at the service sees to them when it is closed.
///
/// # Errors
/// What the database says.
pub fn taken_on_by(rx: &mut Look<'_>, account: &PartnerAccountId) -> Result<i64> {
    let under_way = [State::Accepted, State::Contacted, State::UnableToContact];
    let theirs = referral_moves::table
        .inner_join(referrals::table.on(referrals::id.eq(referral_moves::referral_id)))
        .filter(referral_moves::made.eq(Step::Accept).and(referral_moves::by_id.eq(account.as_str())))
        .filter(referrals::state.eq_any(under_way));
    Ok(theirs.select(count(referrals::id).aggregate_distinct()).first(rx.conn())?)
}

codes! {
    /// How soon somebody is to look at it.
    pub enum Urgency as ReferralUrgency {
        /// Somebody may be in danger now.
        Now = "now",
        /// Today.
        Today = "today",
        /// Within the week.
        ThisWeek = "this_week",
        /// When it is its turn.
        Routine = "routine",
    }
}

impl From<Priority> for Urgency {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::P0 => Self::Now,
            Priority::P1 => Self::Today,
            Priority::P2 => Self::ThisWeek,
            Priority::P3 | Priority::P4 => Self::Routine,
        }
    }
}

/// A hand-over in its service's list. No word of anybody stands in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PartnerReferral)]
pub struct Handed {
    /// Its id.
    #[schema(value_type = String, example = "ref_00000000000000000000000000")]
    pub id: ReferralId,
    /// Where it stands.
    pub state: State,
    /// How soon somebody is to look at it.
    pub urgency: Urgency,
    /// When it was sent.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sent_at: Option<Timestamp>,
    /// When somebody of yours first read it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub received_at: Option<Timestamp>,
    /// When you said yes or no.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// What is expected of you next.
    pub next: Option<Phase>,
    /// By when.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_by: Option<Timestamp>,
    /// The version that the `ETag` names.
    pub version: i64,
}

impl Handed {
    fn of(case: &Case, referral: &Referral) -> Self {
        Self {
            id: referral.id.clone(),
            state: referral.state,
            urgency: case.priority.into(),
            sent_at: referral.sent_at,
            received_at: referral.received_at,
            answered_at: referral.answered_at,
            ended_at: referral.ended_at,
            next: None,
            next_by: None,
            version: referral.version,
        }
    }

    fn expect(&mut self, due: &BTreeMap<ReferralId, (Phase, Timestamp)>) {
        if let Some((phase, at)) = due.get(&self.id) {
            (self.next, self.next_by) = (Some(*phase), Some(*at));
        }
    }
}

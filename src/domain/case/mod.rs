//! Cases: the unit of an advocate's work. One reporter and one subject; reports join it, people decide it.

pub mod clocks;
pub(in crate::domain) mod contacts;
pub mod holds;
pub(in crate::domain) mod keeping;
pub mod named;
pub mod report;
pub(in crate::domain) mod standing;
pub mod state;
pub(in crate::domain) mod store;
mod tables;

pub use state::{Action, State};
pub(in crate::domain) use store::{find, find_locked, find_or_next, note_withdrawal, readable, requeue};
pub(in crate::domain) use tables::TABLES;

use diesel::prelude::*;

use super::terms::Mode;
use super::terms::region::Region;
use super::terms::taxonomy::CategoryCode;
use super::triage::{Priority, Queue};
use crate::base::code::codes;
use crate::base::id::{ActId, CaseId, PlatformId, StaffId};
use crate::base::time::Timestamp;
use crate::db::schema::cases;
use crate::error::{Conflict, Error, Result};

codes! {
    /// How a case ended.
    pub enum Outcome as CaseOutcome {
        /// The platform did what it was asked.
        PlatformActed = "platform_acted",
        /// It declined.
        PlatformRefused = "platform_refused",
        /// It never answered.
        PlatformSilent = "platform_silent",
        /// Help came from a service or the police.
        SupportedElsewhere = "supported_elsewhere",
        /// Kept on record, as wished.
        RecordedOnly = "recorded_only",
        /// Withdrawn.
        Withdrawn = "withdrawn",
        /// They could not be reached safely.
        UnableToContact = "unable_to_contact",
        /// Found to be untrue, by two people.
        Unfounded = "unfounded",
    }
}

codes! {
    /// Where the priority in force comes from.
    pub enum PrioritySource {
        /// The rules.
        Rules = "rules",
        /// The rules failed: people must look.
        Failure = "failure",
        /// A person raised it.
        Raised = "raised",
        /// Two people lowered it.
        Lowered = "lowered",
    }
}

/// A case's row. What people said stands elsewhere, sealed.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = cases)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// The platform it came from.
    pub platform_id: PlatformId,
    /// Trial or real life.
    pub mode: Mode,
    /// The category of the report that opened it.
    pub category: CategoryCode,
    /// Whether the child rule holds.
    pub child: bool,
    /// Where it stands.
    pub state: State,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The queue it waits in.
    pub queue: Queue,
    /// The queues of the groups of reports that joined later, by their names.
    pub(super) also: Option<String>,
    /// The priority in force.
    pub priority: Priority,
    /// Where that comes from.
    pub priority_source: PrioritySource,
    /// What the rules say.
    pub computed_priority: Priority,
    /// What a person raised it to.
    pub raised_priority: Option<Priority>,
    /// The approved lowering in force.
    pub lowering_act: Option<ActId>,
    /// The next clock that will pass.
    pub next_due_at: Timestamp,
    /// Its place in a queue: priority first, then the next deadline.
    pub sort_rank: i64,
    /// Whose it is.
    pub assigned_to: Option<StaffId>,
    /// Until when the claim holds without a heartbeat.
    pub claimed_until: Option<Timestamp>,
    /// Until when only the assigned person is offered it.
    pub reserved_until: Option<Timestamp>,
    /// Until when it is set aside.
    pub held_until: Option<Timestamp>,
    /// When its first report came in.
    pub received_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Where the person harmed lives, as coarse as it is published.
    pub region: Option<Region>,
    /// Counts changes that matter to whoever works on it.
    pub version: i64,
    /// When what was said in it last grew: by a report, an addition or an answer of its platform. Each growth has an
    /// instant of its own, later than the one before, whatever the clock says.
    pub content_at: Timestamp,
    /// When whoever holds it now read all that was said, in this claim.
    pub read_at: Option<Timestamp>,
    /// When they first did something about it, in this claim: began, wrote a note, raised it or asked the platform.
    pub acted_at: Option<Timestamp>,
}

impl Case {
    /// The queues it stands in: whoever works one of them may see it. A child's case stands in the children's queue
    /// alone, and a p0 in that of emergencies: what joins them widens no circle.
    #[must_use]
    pub fn queues(&self) -> Vec<Queue> {
        let mut all = vec![self.queue];
        if !self.child && self.priority != Priority::P0 {
            all.extend(self.also().filter(|queue| *queue != self.queue));
        }
        all
    }

    pub(in crate::domain) fn also(&self) -> impl Iterator<Item = Queue> {
        self.also.iter().flat_map(|also| also.split(' ')).filter_map(Queue::parse)
    }

    /// Whether `staff` holds the claim at `now`.
    #[must_use]
    pub fn is_held_by(&self, staff: &StaffId, now: Timestamp) -> bool {
        self.assigned_to.as_ref() == Some(staff) && self.claimed_until.is_some_and(|until| until > now)
    }

    /// Whether whoever holds the claim at `now` has read all that was said, and done something about it.
    #[must_use]
    pub fn is_attended(&self, now: Timestamp) -> bool {
        let is_held = self.claimed_until.is_some_and(|until| until > now);
        is_held && self.read_at.is_some() && self.acted_at.is_some()
    }

    /// The most urgent that it ever was by the rules or is by anybody's judgement. What was lowered yesterday is closed
    /// today with the care that it had before.
    #[must_use]
    pub fn gravest(&self) -> Priority {
        [Some(self.computed_priority), self.raised_priority].into_iter().flatten().fold(self.priority, Ord::min)
    }

    /// Whether somebody else holds the claim at `now`.
    #[must_use]
    pub fn is_held_by_other(&self, staff: &StaffId, now: Timestamp) -> bool {
        self.assigned_to.as_ref() != Some(staff) && self.claimed_until.is_some_and(|until| until > now)
    }

    /// Whether it is free for `staff` to take at `now`: nobody holds it, it is kept for nobody else, and it neither is on hold
    /// nor waits.
    #[must_use]
    pub fn is_free_for(&self, staff: &StaffId, now: Timestamp) -> bool {
        let lapsed = |until: Option<Timestamp>| until.is_none_or(|until| until <= now);
        let is_kept = !lapsed(self.reserved_until) && self.assigned_to.as_ref() != Some(staff);
        self.state.is_claimable() && lapsed(self.claimed_until) && !is_kept
    }

    /// Where `action` leads from here.
    ///
    /// # Errors
    /// The conflict that names the state and the action.
    pub fn next(&self, action: Action) -> Result<State> {
        let refused = Conflict::Transition { from: self.state.as_str(), action: action.as_str() };
        self.state.next(action).ok_or(Error::Conflict(refused))
    }
}

/// The place of a case in its queue: the more urgent priority first, then the earlier deadline.
#[must_use]
pub fn sort_rank(priority: Priority, next_due_at: Timestamp) -> i64 {
    // Microseconds since 1970 stay below this until the year 33658.
    const PRIORITY: i64 = 1_000_000_000_000_000_000;
    priority.level().saturating_mul(PRIORITY).saturating_add(next_due_at.micros().clamp(0, PRIORITY - 1))
}

//! The queues advocates work from. Knows nothing of who may see one.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::priority::Priority;
use crate::domain::terms::taxonomy::Group;

/// A queue of cases.
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
#[serde(rename_all = "snake_case")]
pub enum Queue {
    /// Everything at p0 that is not about a child.
    Emergency,
    /// Every case for which the child rule holds.
    Children,
    /// Stalking and violence.
    StalkingViolence,
    /// Sexual harm.
    SexualHarm,
    /// Intimate images.
    ImageAbuse,
    /// Fraud.
    Fraud,
    /// Complaints about platforms and services.
    Complaints,
    /// Everything else.
    Other,
}

crate::base::code::stored_as_text!(Queue);

impl Queue {
    /// Every queue, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Emergency,
        Self::Children,
        Self::StalkingViolence,
        Self::SexualHarm,
        Self::ImageAbuse,
        Self::Fraud,
        Self::Complaints,
        Self::Other,
    ];

    /// The name in the API and in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Children => "children",
            Self::StalkingViolence => "stalking_violence",
            Self::SexualHarm => "sexual_harm",
            Self::ImageAbuse => "image_abuse",
            Self::Fraud => "fraud",
            Self::Complaints => "complaints",
            Self::Other => "other",
        }
    }

    /// The queue of that name, or `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|queue| queue.as_str() == text)
    }
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which queue a case goes to, as the rule file says it.
#[derive(Clone, Debug)]
pub(super) struct Queues {
    pub(super) child_rule: Queue,
    pub(super) p0: Queue,
    pub(super) groups: BTreeMap<Group, Queue>,
}

impl Queues {
    pub(super) fn queue(&self, child: bool, priority: Priority, main_group: Group) -> Queue {
        if child {
            self.child_rule
        } else if priority == Priority::P0 {
            self.p0
        } else {
            // Each group has a queue, checked when the file is read; with no rules at all, the queue most watched.
            self.groups.get(&main_group).copied().unwrap_or(self.p0)
        }
    }
}

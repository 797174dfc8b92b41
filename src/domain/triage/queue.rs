//! The queues advocates work from. Knows nothing of who may see one.

use std::collections::BTreeMap;

use super::priority::Priority;
use crate::base::code::codes;
use crate::domain::terms::taxonomy::Group;

codes! {
    pub enum Queue is "A queue of cases." {
        /// Everything at p0 that is not about a child.
        Emergency = "emergency",
        /// Every case for which the child rule holds.
        Children = "children",
        /// Stalking and violence.
        StalkingViolence = "stalking_violence",
        /// Sexual harm.
        SexualHarm = "sexual_harm",
        /// Intimate images.
        ImageAbuse = "image_abuse",
        /// Fraud.
        Fraud = "fraud",
        /// Complaints about platforms and services.
        Complaints = "complaints",
        /// Everything else.
        Other = "other",
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

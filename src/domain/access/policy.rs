//! The policy for cases: which role may do what, where. One row for each act, and no default.

use super::acts::Act;
use crate::domain::people::staff::{Member, Role};
use crate::domain::triage::Queue;

/// Whether a role may do an act.
#[derive(Clone, Copy)]
enum Right {
    /// In every queue on their list.
    Yes,
    /// In every queue but the children's.
    NoChild,
    /// In none.
    No,
}

/// By whom of those who may.
#[derive(Clone, Copy)]
enum By {
    /// By the holder of the claim alone.
    Holder,
    /// By each of them.
    Anyone,
}

/// The whole policy for cases: for an advocate, a lead, a safeguarding lead, an auditor and an administrator. Nothing
/// follows by default: an act that is added has no row here until somebody has decided for each role, and for the claim.
#[expect(clippy::match_same_arms, reason = "each act is decided by itself")]
const fn policy(act: Act) -> ([Right; 5], By) {
    use By::{Anyone, Holder};
    use Right::{No, NoChild, Yes};
    match act {
        Act::Read => ([Yes, Yes, Yes, Yes, No], Anyone),
        Act::ReadContent => ([Yes, Yes, Yes, No, No], Anyone),
        Act::Claim => ([Yes, Yes, Yes, No, No], Anyone),
        Act::Work => ([Yes, Yes, Yes, No, No], Holder),
        Act::WriteNote => ([Yes, Yes, Yes, No, No], Anyone),
        Act::ChangePriority => ([Yes, Yes, Yes, No, No], Anyone),
        Act::AskPlatform => ([Yes, Yes, Yes, No, No], Holder),
        Act::Refer => ([Yes, Yes, Yes, No, No], Holder),
        Act::Decide => ([Yes, Yes, Yes, No, No], Holder),
        Act::Reopen => ([Yes, Yes, Yes, No, No], Anyone),
        Act::Link => ([Yes, Yes, Yes, No, No], Anyone),
        Act::Assign => ([No, Yes, Yes, No, No], Anyone),
        Act::HandOver => ([Yes, Yes, Yes, No, No], Holder),
        // A second signature on a child's case is the safeguarding lead's.
        Act::SignSecond => ([No, NoChild, Yes, No, No], Anyone),
    }
}

impl Act {
    /// Whether only the holder of the claim may do it.
    #[must_use]
    pub const fn needs_claim(self) -> bool {
        matches!(policy(self).1, By::Holder)
    }
}

/// What a role may do in a queue that stands on the person's list.
#[must_use]
pub const fn allows(role: Role, queue: Queue, act: Act) -> bool {
    let ([advocate, lead, safeguarding_lead, auditor, administrator], _) = policy(act);
    let right = match role {
        Role::Advocate => advocate,
        Role::Lead => lead,
        Role::SafeguardingLead => safeguarding_lead,
        Role::Auditor => auditor,
        Role::Administrator => administrator,
    };
    match right {
        Right::Yes => true,
        Right::NoChild => !matches!(queue, Queue::Children),
        Right::No => false,
    }
}

/// Whether the role may do this in any queue at all.
#[must_use]
pub fn may_ever(role: Role, act: Act) -> bool {
    Queue::ALL.iter().any(|queue| allows(role, *queue, act))
}

/// Whether any case is ever theirs to take: by their role, and by a queue on their list.
#[must_use]
pub fn takes_cases(who: &Member) -> bool {
    who.queues.iter().any(|queue| allows(who.role, *queue, Act::Claim))
}

/// The policy as text: a row for each role and kind of queue, a column for each act.
#[must_use]
pub fn table() -> String {
    let row = |first: &str, cells: Vec<&str>| {
        let cells = cells.iter().map(|cell| format!("{cell:<16}")).collect::<Vec<_>>().concat();
        format!("{first:<32}{cells}").trim_end().to_owned()
    };
    let mut lines = vec![row("", Act::ALL.iter().map(|act| act.as_str()).collect())];
    for role in Role::ALL {
        for (name, queue) in [("children", Queue::Children), ("any other", Queue::Other)] {
            let cells = Act::ALL.iter().map(|act| if allows(*role, queue, *act) { "yes" } else { "-" });
            lines.push(row(&format!("{} / {name}", role.as_str()), cells.collect()));
        }
    }
    lines.join("\n")
}

/// What a role may do with cases of a queue, by the names of the policy.
#[must_use]
pub fn rights(role: Role, queue: Queue) -> Vec<String> {
    Act::ALL.iter().filter(|act| allows(role, queue, **act)).map(|act| act.as_str().to_owned()).collect()
}

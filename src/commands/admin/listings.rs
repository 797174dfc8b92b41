//! Listings for scripts: one JSON object each, whose members stay (docs/operating.md).

use recourse::base::output::say;
use recourse::domain::access;
use recourse::domain::people::staff::{Member, Role};
use recourse::domain::triage::Queue;
use recourse::error::Error;
use serde::Serialize;

/// A listing as `--json` prints it: one object, as lists of the API are.
#[derive(Serialize)]
pub(super) struct Listing<T> {
    pub(super) data: Vec<T>,
}

/// An account, as `--json` prints it.
#[derive(Serialize)]
pub(super) struct Account {
    username: String,
    id: String,
    role: Role,
    queues: Vec<Queue>,
    /// The human behind it, by the id of their first account.
    person: String,
}

/// A row of the table of rights, as `--json` prints it.
#[derive(Serialize)]
struct Rights {
    role: Role,
    /// `children`, or `other` for any other.
    queue: Queue,
    may: Vec<String>,
}

impl From<Member> for Account {
    fn from(member: Member) -> Self {
        let (id, person) = (member.id.to_string(), member.person.to_string());
        Self { username: member.username, id, role: member.role, queues: member.queues, person }
    }
}

/// Prints a listing as one JSON object.
pub(crate) fn say_json(listing: &impl Serialize) -> Result<(), Error> {
    Ok(say(serde_json::to_string_pretty(listing).map_err(anyhow::Error::new)?)?)
}

/// The table of roles, queues and rights.
pub(super) fn roles(json: bool) -> Result<(), Error> {
    if !json {
        return Ok(say(access::table())?);
    }
    let rows = Role::ALL.iter().flat_map(|role| [Queue::Children, Queue::Other].map(|queue| (*role, queue)));
    let data = rows.map(|(role, queue)| Rights { role, queue, may: access::rights(role, queue) }).collect();
    say_json(&Listing { data })
}

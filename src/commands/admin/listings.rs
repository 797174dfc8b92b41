//! Listings for scripts: one JSON object each, whose members stay (docs/operating.md).

use recourse::base::output::say;
use recourse::base::time::Timestamp;
use recourse::domain::access;
use recourse::domain::people::staff::{Carrier, Living, Member, Role};
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
    second_factor_closed_at: Option<Timestamp>,
}

/// A session, as `--json` prints it.
#[derive(Serialize)]
pub(super) struct Session {
    id: String,
    created_at: Timestamp,
    seen_at: Timestamp,
    expires_at: Timestamp,
    kind: Carrier,
}

impl From<Living> for Session {
    fn from(session: Living) -> Self {
        let Living { id, created_at, seen_at, expires_at, carrier } = session;
        Self { id: id.to_string(), created_at, seen_at, expires_at, kind: carrier }
    }
}

/// A row of the table of rights, as `--json` prints it.
#[derive(Serialize)]
struct Rights {
    role: Role,
    /// `children`, or `other` for any other.
    queue: Queue,
    may: Vec<String>,
}

impl Account {
    /// The account, and since when its second factor is closed, if it is.
    pub(super) fn of(closed_at: Option<Timestamp>, member: Member) -> Self {
        let Member { id, username, role, queues, person, .. } = member;
        let (id, person) = (id.to_string(), person.to_string());
        Self { username, id, role, queues, person, second_factor_closed_at: closed_at }
    }
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let queues: Vec<&str> = self.queues.iter().map(|queue| queue.as_str()).collect();
        write!(f, "{} {} {} {}", self.username, self.id, self.role.as_str(), queues.join(","))?;
        match self.second_factor_closed_at {
            Some(at) => write!(f, " (second factor closed since {at})"),
            None => Ok(()),
        }
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

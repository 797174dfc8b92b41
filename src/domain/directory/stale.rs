//! Entries that expire soon, and agreements that end soon: leads and operator hear a fortnight ahead.

use std::time::Duration;

use diesel::prelude::*;

use super::book::{Book, Service};
use super::row;
use crate::base::id::ServiceId;
use crate::base::time::Timestamp;
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::staff as accounts;
use crate::domain::paging::owed::{self, Job};
use crate::domain::paging::{Notice, write_to};
use crate::domain::people::staff::Role;
use crate::domain::unit::Unit;
use crate::error::Result;

/// How long ahead of the end it is told.
const AHEAD: Duration = Duration::from_hours(14 * 24);

impl Service {
    /// When it ends next that somebody can be led or referred there: the entry expires, or the agreement does.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        let agreed = self.entry.agreement.as_ref().map(|agreement| agreement.until);
        agreed.map_or_else(|| self.entry.expires_at(), |until| until.min(self.entry.expires_at()))
    }

    /// Whether it ends within a fortnight, or has.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.ends_at() <= now.plus(AHEAD)
    }
}

/// How many services there are, and how they stand: each state with its number.
#[must_use]
pub fn counts(book: &Book, now: Timestamp) -> [(&'static str, usize); 4] {
    let all = book.services();
    let count = |is: &dyn Fn(&Service) -> bool| all.iter().filter(|service| is(service)).count();
    [
        ("all", all.len()),
        ("open", count(&|service| service.doubts(now).is_empty())),
        ("expired", count(&|service| service.is_expired(now))),
        ("ending", count(&|service| service.is_stale(now) && !service.is_expired(now))),
    ]
}

/// Those that end within a fortnight, or have, and of which nobody was told.
#[must_use]
pub fn untold(book: &Book, now: Timestamp) -> Vec<(ServiceId, Timestamp)> {
    let services = book.services().iter().filter(|service| service.is_stale(now));
    let ends = services.map(|service| (service, service.ends_at()));
    ends.filter(|(service, ends_at)| service.told_for != Some(*ends_at))
        .map(|(service, ends_at)| (service.id.clone(), ends_at))
        .collect()
}

/// Tells leads and operator of these: one mail to each, however many there are.
///
/// # Errors
/// What the database says.
pub fn tell(tx: &mut Unit<'_>, stale: &[(ServiceId, Timestamp)]) -> Result<()> {
    let mut is_news = false;
    for (id, ends_at) in stale {
        is_news |= row::set_told(tx, id, *ends_at)?;
    }
    if !is_news {
        return Ok(());
    }
    let leads: Vec<Perhaps<crate::base::id::StaffId>> = accounts::table
        .filter(accounts::active.eq(true))
        .filter(accounts::role.eq_any([Role::Lead, Role::SafeguardingLead]))
        .select(accounts::id)
        .load(tx.conn())?;
    for lead in readable(leads) {
        write_to(tx, &lead, Notice::StaleServices, None)?;
    }
    let now = tx.now();
    owed::owe(tx, &Job::TellOperatorOfStaleServices, now, None)
}

//! The platforms' log, by what became of its entries on their way to the endpoints.

use diesel::prelude::*;

use super::DeliveryState;
use crate::base::id::EventId;
use crate::base::page::Limit;
use crate::db::schema::{deliveries, events as entries};
use crate::domain::access::Tenant;
use crate::domain::ledger::events::{self, Event, Filter, Log, Stretch};
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

/// Which entries of the log are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// By what they say.
    pub entries: Filter,
    /// Only with a delivery that stands so.
    pub delivery: Option<DeliveryState>,
}

/// A page of the log.
#[derive(Debug)]
pub struct Found {
    /// The entries, one more than the page's length when there are more.
    pub entries: Vec<Event>,
    /// After which entry to go on where fewer were found than fit and the log is longer than was looked at.
    pub last: Option<EventId>,
}

/// Whether entries of the platform's log wait for their places: they are in no list until they have them.
///
/// # Errors
/// What the database says.
pub fn has_unplaced(rx: &mut Look<'_>, who: &Tenant) -> Result<bool> {
    events::has_unplaced(rx, Log { platform: &who.platform, mode: who.mode })
}

/// Gives some of them their places. Says whether there are more.
///
/// # Errors
/// What the database says.
pub fn place(tx: &mut Unit<'_>, who: &Tenant) -> Result<bool> {
    events::place(tx, Log { platform: &who.platform, mode: who.mode })
}

/// The entries after `after` in the order of the log.
///
/// # Errors
/// `Invalid` when `after` is no entry of this platform's log any more.
pub fn list_events(
    rx: &mut Look<'_>,
    who: &Tenant,
    after: Option<&EventId>,
    wanted: &Wanted,
    limit: Limit,
) -> Result<Found> {
    let log = Log { platform: &who.platform, mode: who.mode };
    let Stretch { mut unread, last } = events::list(rx, log, after, &wanted.entries, limit)?;
    if let Some(state) = wanted.delivery {
        let ways = deliveries::table.filter(deliveries::event_id.eq(entries::id).and(deliveries::state.eq(state)));
        unread = unread.filter(diesel::dsl::exists(ways));
    }
    Ok(Found { entries: unread.load(rx.conn())?, last })
}

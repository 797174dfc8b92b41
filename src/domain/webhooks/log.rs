//! The platforms' log, by what became of its entries on their way to the endpoints.

use diesel::prelude::*;

use super::DeliveryState;
use crate::base::id::EventId;
use crate::base::page::Limit;
use crate::db::schema::{deliveries, events as entries};
use crate::domain::access::Tenant;
use crate::domain::ledger::events::{self, Event, Filter, Log};
use crate::domain::unit::Unit;
use crate::error::Result;

/// Which entries of the log are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// By what they say.
    pub entries: Filter,
    /// Only with a delivery that stands so.
    pub delivery: Option<DeliveryState>,
}

/// The entries after `after` in the order of the log, one more than `limit` when there are more.
///
/// # Errors
/// `Invalid` when `after` is no entry of this platform's log any more.
pub fn list_events(
    tx: &mut Unit<'_>,
    who: &Tenant,
    after: Option<&EventId>,
    wanted: &Wanted,
    limit: Limit,
) -> Result<Vec<Event>> {
    let mut unread = events::list(tx, Log { platform: &who.platform, mode: who.mode }, after, &wanted.entries, limit)?;
    if let Some(state) = wanted.delivery {
        let ways = deliveries::table.filter(deliveries::event_id.eq(entries::id).and(deliveries::state.eq(state)));
        unread = unread.filter(diesel::dsl::exists(ways));
    }
    Ok(unread.load(tx.conn())?)
}

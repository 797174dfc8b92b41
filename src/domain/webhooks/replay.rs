//! What was tried, and trying one event again. A replay has the id of its event, so that a receiver knows it.

use diesel::prelude::*;

use super::DeliveryState;
use super::fan_out::{self, NewDelivery};
use super::replays;
use crate::base::id::{EndpointId, EventId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::schema::{deliveries, events as log};
use crate::domain::access::Tenant;
use crate::domain::ledger::events::{self, Event, Log};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Owner, Sealed, Secret};
use crate::error::Result;

/// An event's way to an endpoint, as the platform sees it.
pub struct Attempted {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// When the endpoint took it.
    pub delivered_at: Option<Timestamp>,
    /// The last HTTP status.
    pub last_status: Option<i64>,
    /// What went wrong last, in a word of ours.
    pub last_error: Option<String>,
    /// The beginning of what the endpoint answered last.
    pub last_response: Option<String>,
}

silent! { Attempted }

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct Row {
    id: crate::base::id::DeliveryId,
    endpoint_id: EndpointId,
    state: DeliveryState,
    attempts: i64,
    next_at: Option<Timestamp>,
    delivered_at: Option<Timestamp>,
    last_status: Option<i64>,
    last_error: Option<String>,
    last_response: Option<Sealed<Secret>>,
}

/// An event of the platform with its ways to the endpoints.
///
/// # Errors
/// `NotFound` when the platform's log has no such event.
pub fn of_event(rx: &mut Look<'_>, who: &Tenant, id: &EventId) -> Result<(Event, Vec<Attempted>)> {
    let Tenant { platform, mode, .. } = who;
    let event = events::find(rx, Log { platform, mode: *mode }, id)?;
    let rows: Vec<Row> = deliveries::table
        .filter(deliveries::event_id.eq(id))
        .order(deliveries::endpoint_id)
        .select(Row::as_select())
        .load(rx.conn())?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let last_response = match &row.last_response {
            Some(sealed) => Some(
                rx.keys(Owner::platform(platform))?
                    .existing::<Secret>()?
                    .open("response", row.id.as_str(), sealed)?
                    .into_exposed(),
            ),
            None => None,
        };
        all.push(Attempted {
            endpoint: row.endpoint_id,
            state: row.state,
            attempts: row.attempts,
            next_at: row.next_at,
            delivered_at: row.delivered_at,
            last_status: row.last_status,
            last_error: row.last_error,
            last_response,
        });
    }
    Ok((event, all))
}

/// Sends one event again, to every endpoint that wants it. To how many.
///
/// # Errors
/// As [`of_event`].
pub fn replay(tx: &mut Unit<'_>, who: &Tenant, id: &EventId) -> Result<usize> {
    let event = events::find(tx, Log { platform: &who.platform, mode: who.mode }, id)?;
    Owner::platform(&who.platform).lock(tx)?;
    let mut count = 0;
    for (endpoint, types) in replays::endpoints(tx, who)? {
        let only = event.endpoint_id.as_ref();
        if only.map_or_else(|| fan_out::wants(&types, &event.kind), |only| *only == endpoint) {
            count += again(tx, &endpoint, std::slice::from_ref(&event.id))?;
        }
    }
    tx.owe();
    Ok(count)
}

/// A delivery that begins anew. What came of the last attempt stays to be seen until the next one.
#[derive(AsChangeset)]
#[diesel(table_name = deliveries)]
#[diesel(treat_none_as_null = true)]
pub(super) struct Fresh {
    state: DeliveryState,
    attempts: i64,
    next_at: Option<Timestamp>,
    lease_until: Option<Timestamp>,
    first_attempt_at: Option<Timestamp>,
    delivered_at: Option<Timestamp>,
    dead_at: Option<Timestamp>,
}

impl Fresh {
    pub(super) const fn at(now: Timestamp) -> Self {
        Self {
            state: DeliveryState::Pending,
            attempts: 0,
            next_at: Some(now),
            lease_until: None,
            first_attempt_at: None,
            delivered_at: None,
            dead_at: None,
        }
    }
}

/// Puts a few events on their way to an endpoint once more. An attempt that is under way goes on, and counts. How many there
/// are to make.
///
/// # Errors
/// What the database says.
pub(super) fn again(tx: &mut Unit<'_>, endpoint: &EndpointId, some: &[EventId]) -> Result<usize> {
    let now = tx.now();
    let free = deliveries::lease_until.is_null().or(deliveries::lease_until.lt(now));
    let old = deliveries::endpoint_id.eq(endpoint).and(deliveries::event_id.eq_any(some));
    let renewed = diesel::update(deliveries::table.filter(old.and(free))).set(Fresh::at(now)).execute(tx.conn())?;
    let new: Vec<_> = some.iter().map(|id| NewDelivery::new(id.clone(), endpoint, now)).collect();
    Ok(renewed + fan_out::insert(tx, &new)?)
}

/// Forgets deliveries of events that are older than the log is kept.
pub fn forget_old(tx: &mut Unit<'_>) -> Result<usize> {
    let before = tx.now().minus(events::KEPT);
    let old = log::table.filter(log::created_at.lt(before)).select(log::id);
    Ok(diesel::delete(deliveries::table.filter(deliveries::event_id.eq_any(old))).execute(tx.conn())?)
}

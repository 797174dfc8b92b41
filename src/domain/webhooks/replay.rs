//! What was tried, and trying it again. A replay has the id of its event, so that a receiver knows it.

use diesel::prelude::*;

use super::DeliveryState;
use super::endpoints::parse_types;
use super::fan_out::{self, NewDelivery};
use crate::base::id::{EndpointId, EventId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::schema::{deliveries, events as log, webhook_endpoints};
use crate::domain::access::Tenant;
use crate::domain::ledger::events::{self, Event, EventType, Log};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Owner, Sealed, Secret};
use crate::error::rules::Hooks;
use crate::error::{Error, Result};

/// How many events one replay may reach.
const REACH: usize = 10_000;

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

/// A stretch of time whose events are replayed.
#[derive(Clone, Debug)]
pub struct Range {
    /// From this instant on.
    pub since: Timestamp,
    /// Before this instant.
    pub until: Timestamp,
    /// Only of these types; none stands for all.
    pub types: Vec<EventType>,
}

/// Sends one event again, to every endpoint that wants it. To how many.
///
/// # Errors
/// As [`of_event`].
pub fn replay(tx: &mut Unit<'_>, who: &Tenant, id: &EventId) -> Result<usize> {
    let event = events::find(tx, Log { platform: &who.platform, mode: who.mode }, id)?;
    let only = event.endpoint_id;
    again(tx, who, &[(event.id, event.kind)], only.as_ref())
}

/// Sends the events of a stretch of time again. How many deliveries that makes.
///
/// # Errors
/// `Invalid` when the stretch holds too many events for one call.
pub fn replay_range(tx: &mut Unit<'_>, who: &Tenant, range: &Range) -> Result<usize> {
    let Tenant { platform, mode, .. } = who;
    let mut query = log::table
        .filter(log::platform_id.eq(platform).and(log::mode.eq(*mode)))
        .filter(log::created_at.ge(range.since.max(tx.now().minus(events::KEPT))).and(log::created_at.lt(range.until)))
        .filter(log::type_.ne(EventType::WebhookTest.as_str()))
        .order((log::created_at, log::id))
        .limit(i64::try_from(REACH).unwrap_or(i64::MAX) + 1)
        .select((log::id, log::type_))
        .into_boxed();
    if !range.types.is_empty() {
        query = query.filter(log::type_.eq_any(range.types.iter().map(|kind| kind.as_str())));
    }
    let found: Vec<(EventId, String)> = query.load(tx.conn())?;
    if found.len() > REACH {
        return Err(Error::invalid("/since", Hooks::RangeTooWide(REACH)));
    }
    again(tx, who, &found, None)
}

/// Sends everything again that failed for good. How much.
pub fn replay_failed(tx: &mut Unit<'_>, who: &Tenant) -> Result<usize> {
    Owner::platform(&who.platform).lock(tx)?;
    let mut count = 0;
    for (endpoint, ..) in endpoints(tx, who)? {
        let dead = deliveries::endpoint_id.eq(endpoint).and(deliveries::dead_at.is_not_null());
        count += diesel::update(deliveries::table.filter(dead)).set(Fresh::at(tx.now())).execute(tx.conn())?;
    }
    tx.owe();
    Ok(count)
}

/// A delivery that begins anew. What came of the last attempt stays to be seen until the next one.
#[derive(AsChangeset)]
#[diesel(table_name = deliveries)]
#[diesel(treat_none_as_null = true)]
struct Fresh {
    state: DeliveryState,
    attempts: i64,
    next_at: Option<Timestamp>,
    lease_until: Option<Timestamp>,
    first_attempt_at: Option<Timestamp>,
    delivered_at: Option<Timestamp>,
    dead_at: Option<Timestamp>,
}

impl Fresh {
    const fn at(now: Timestamp) -> Self {
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

fn endpoints(rx: &mut Look<'_>, who: &Tenant) -> Result<Vec<(EndpointId, String)>> {
    let Tenant { platform, mode, .. } = who;
    Ok(webhook_endpoints::table
        .filter(webhook_endpoints::platform_id.eq(platform).and(webhook_endpoints::mode.eq(*mode)))
        .select((webhook_endpoints::id, webhook_endpoints::types))
        .load(rx.conn())?)
}

/// Puts events on their way once more. An attempt that is under way goes on, and counts.
fn again(tx: &mut Unit<'_>, who: &Tenant, found: &[(EventId, String)], only: Option<&EndpointId>) -> Result<usize> {
    Owner::platform(&who.platform).lock(tx)?;
    let now = tx.now();
    let mut count = 0;
    for (endpoint, types) in endpoints(tx, who)? {
        let types = parse_types(&types);
        let mine = |kind: &str| only.map_or_else(|| fan_out::wants(&types, kind), |only| *only == endpoint);
        let wanted: Vec<&EventId> = found.iter().filter(|(_, kind)| mine(kind)).map(|(id, _)| id).collect();
        for some in wanted.chunks(500) {
            let free = deliveries::lease_until.is_null().or(deliveries::lease_until.lt(now));
            let old = deliveries::endpoint_id.eq(&endpoint).and(deliveries::event_id.eq_any(some.iter().copied()));
            count += diesel::update(deliveries::table.filter(old.and(free))).set(Fresh::at(now)).execute(tx.conn())?;
            let new: Vec<_> = some.iter().map(|id| NewDelivery::new((*id).clone(), &endpoint, now)).collect();
            count += fan_out::insert(tx, &new)?;
        }
    }
    tx.owe();
    Ok(count)
}

/// Forgets deliveries of events that are older than the log is kept.
pub fn forget_old(tx: &mut Unit<'_>) -> Result<usize> {
    let before = tx.now().minus(events::KEPT);
    let old = log::table.filter(log::created_at.lt(before)).select(log::id);
    Ok(diesel::delete(deliveries::table.filter(deliveries::event_id.eq_any(old))).execute(tx.conn())?)
}

//! From the log to the endpoints. Each endpoint has a place in its platform's log; what lies behind that place becomes
//! deliveries, and the place moves on in the same transaction. So each event becomes one delivery for each endpoint that
//! wants it, whatever is killed, and the transaction that causes an event knows nothing of endpoints.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::endpoints::{Endpoint, parse_types};
use super::{DeliveryState, EndpointState};
use crate::base::id::{DeliveryId, EndpointId, EventId, PlatformId};
use crate::base::time::Timestamp;
use crate::db::dialect::insert_new;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{deliveries, events as log, webhook_endpoints};
use crate::domain::ledger::events::{self, EventType, Log, NewEvent};
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::Result;

/// How many events one transaction makes deliveries of.
const PAGE: i64 = 250;

/// A delivery to be made.
#[derive(Insertable)]
#[diesel(table_name = deliveries)]
pub(super) struct NewDelivery {
    id: DeliveryId,
    event_id: EventId,
    endpoint_id: EndpointId,
    state: DeliveryState,
    attempts: i64,
    next_at: Timestamp,
}

impl NewDelivery {
    pub(super) fn new(event: EventId, endpoint: &EndpointId, next_at: Timestamp) -> Self {
        Self {
            id: DeliveryId::random(),
            event_id: event,
            endpoint_id: endpoint.clone(),
            state: DeliveryState::Pending,
            attempts: 0,
            next_at,
        }
    }
}

/// Makes deliveries, save where there is one already. How many were made.
pub(super) fn insert(tx: &mut Unit<'_>, new: &[NewDelivery]) -> Result<usize> {
    let mut made = 0;
    for some in new.chunks(500) {
        made += insert_new!(tx.conn(), deliveries::table, some)?;
    }
    Ok(made)
}

/// An endpoint that the log has gone past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Its platform.
    pub platform: PlatformId,
    /// Its mode.
    pub mode: Mode,
}

/// The active endpoints whose platform has events that they were not asked about yet.
pub fn behind(rx: &mut Look<'_>) -> Result<Vec<Behind>> {
    let own = || {
        log::table
            .filter(log::platform_id.eq(webhook_endpoints::platform_id).and(log::mode.eq(webhook_endpoints::mode)))
    };
    let unplaced = exists(own().filter(log::position.is_null()));
    let further = exists(own().filter(log::position.gt(webhook_endpoints::cursor.nullable())));
    let all: Vec<(Perhaps<EndpointId>, Perhaps<PlatformId>, Mode)> = webhook_endpoints::table
        .filter(webhook_endpoints::state.eq(EndpointState::Active))
        // A row that cannot be read hides no other.
        .filter(webhook_endpoints::mode.eq_any(Mode::ALL))
        .filter(unplaced.or(further))
        .select((webhook_endpoints::id, webhook_endpoints::platform_id, webhook_endpoints::mode))
        .load(rx.conn())?;
    let behind = |(endpoint, platform, mode): (Perhaps<EndpointId>, Perhaps<PlatformId>, Mode)| {
        Some(Behind { endpoint: endpoint.0?, platform: platform.0?, mode })
    };
    Ok(all.into_iter().filter_map(behind).collect())
}

/// Makes the next page of an endpoint's deliveries. Says whether there may be more.
pub fn catch_up(tx: &mut Unit<'_>, who: &Behind) -> Result<bool> {
    type Loaded = (Perhaps<EventId>, Perhaps<String>, Timestamp, Option<i64>);
    Owner::platform(&who.platform).lock(tx)?;
    let unplaced = events::place(tx, Log { platform: &who.platform, mode: who.mode })?;
    let row: Option<(EndpointState, i64, String)> = webhook_endpoints::table
        .find(&who.endpoint)
        .select((webhook_endpoints::state, webhook_endpoints::cursor, webhook_endpoints::types))
        .first(tx.conn())
        .optional()?;
    let Some((EndpointState::Active, cursor, types)) = row else { return Ok(false) };
    let page: Vec<Loaded> = log::table
        .filter(log::platform_id.eq(&who.platform).and(log::mode.eq(who.mode)).and(log::position.gt(cursor)))
        .order(log::position)
        .limit(PAGE)
        .select((log::id, log::type_, log::created_at, log::position))
        .load(tx.conn())?;
    let Some(last) = page.last().and_then(|(.., position)| *position) else { return Ok(unplaced) };
    let more = page.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
    let wanted = parse_types(&types);
    // A due time of the event's own age lets the oldest go first.
    let new: Vec<NewDelivery> = page
        .into_iter()
        .filter_map(|(event, kind, at, _)| Some((event.0?, kind.0?, at)))
        .filter(|(_, kind, _)| wants(&wanted, kind))
        .map(|(event, _, at)| NewDelivery::new(event, &who.endpoint, at))
        .collect();
    insert(tx, &new)?;
    diesel::update(webhook_endpoints::table.find(&who.endpoint))
        .set(webhook_endpoints::cursor.eq(last))
        .execute(tx.conn())?;
    Ok(more || unplaced)
}

/// Whether an endpoint that asked for these types hears of this one. A trial or challenge goes to its own endpoint when it is made.
pub(super) fn wants(types: &[EventType], kind: &str) -> bool {
    let kind = EventType::parse(kind);
    !kind.is_some_and(EventType::is_of_endpoint) && (types.is_empty() || kind.is_some_and(|kind| types.contains(&kind)))
}

/// Puts a trial or challenge into the log and on its way to the endpoint.
pub(super) fn send_to(tx: &mut Unit<'_>, endpoint: &Endpoint, kind: EventType) -> Result<EventId> {
    let now = tx.now();
    let log = Log { platform: &endpoint.platform_id, mode: endpoint.mode };
    let event = NewEvent::of_endpoint(log, kind, now, endpoint.id.clone());
    let id = event.id().clone();
    events::insert(tx, &[event])?;
    insert(tx, &[NewDelivery::new(id.clone(), &endpoint.id, now)])?;
    Ok(id)
}

//! Sending many events again. What was asked for stands in a row for each endpoint and is worked off in pages, so that nobody
//! waits for it; the row goes with the last page, or with its endpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use diesel::prelude::*;

use super::EndpointState;
use super::endpoints::parse_types;
use super::fan_out;
use super::replay::{Fresh, again};
use crate::base::id::{DeliveryId, EndpointId, EventId, PlatformId, ReplayId};
use crate::base::time::Timestamp;
use crate::db::perhaps::{Perhaps, first_readable};
use crate::db::schema::{deliveries, events as log, replays, webhook_endpoints};
use crate::domain::access::Tenant;
use crate::domain::ledger::events::{self, EventType};
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::rules::Hooks;
use crate::error::{Error, Result};

/// How many events one replay may reach.
const REACH: i64 = 10_000;
/// How many events, or deliveries that failed, one transaction sends again.
const PAGE: i64 = 25;
/// How many replays may be under way to one endpoint.
const AT_ONCE: i64 = 4;
/// After how long a further one is worth a try.
const LATER: Duration = Duration::from_secs(10);

/// What is to be sent again.
#[derive(Clone, Debug)]
pub enum Wished {
    /// The events of a stretch of time.
    Range {
        /// From this instant on.
        since: Timestamp,
        /// Before this instant.
        until: Timestamp,
        /// Only of these types; none stands for all.
        types: Vec<EventType>,
    },
    /// All deliveries that failed for good.
    Failed,
}

/// What an endpoint is to be sent again.
#[derive(Debug, Insertable)]
#[diesel(table_name = replays)]
pub struct NewReplay {
    id: ReplayId,
    endpoint_id: EndpointId,
    types: String,
    since: Timestamp,
    after: String,
    until: Option<Timestamp>,
    owed: i64,
    created_at: Timestamp,
}

/// What a replay would owe, an entry for each endpoint to which there is something. It reads much, so it is made before the
/// transaction that takes it on.
///
/// # Errors
/// `Invalid` when the stretch holds too many events for one call.
pub fn reckon(rx: &mut Look<'_>, who: &Tenant, wished: &Wished) -> Result<Vec<NewReplay>> {
    let now = rx.now();
    let owed = |endpoint_id, owed| NewReplay {
        id: ReplayId::random(),
        endpoint_id,
        types: String::new(),
        since: now,
        after: String::new(),
        until: None,
        owed,
        created_at: now,
    };
    let all: Vec<NewReplay> = match wished {
        Wished::Failed => {
            let mut all = Vec::new();
            for (endpoint, _) in endpoints(rx, who)? {
                let dead = deliveries::endpoint_id.eq(&endpoint).and(deliveries::dead_at.le(now));
                let count: i64 = deliveries::table.filter(dead).count().get_result(rx.conn())?;
                all.push(owed(endpoint, count));
            }
            all
        }
        Wished::Range { since, until, types } => {
            let since = (*since).max(now.minus(events::KEPT));
            let counts = counts(rx, who, since, *until)?;
            let chosen = |kind: &str| types.is_empty() || types.iter().any(|one| one.as_str() == kind);
            let sum = |own: &[EventType]| {
                counts
                    .iter()
                    .filter(|(kind, _)| chosen(kind) && fan_out::wants(own, kind))
                    .map(|(_, count)| count)
                    .sum()
            };
            let text = types.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" ");
            let of = |(endpoint, own): (EndpointId, Vec<EventType>)| NewReplay {
                types: text.clone(),
                since,
                until: Some(*until),
                ..owed(endpoint, sum(&own))
            };
            endpoints(rx, who)?.into_iter().map(of).collect()
        }
    };
    Ok(all.into_iter().filter(|one| one.owed > 0).collect())
}

/// How many events of each type there are in a stretch of a log.
fn counts(rx: &mut Look<'_>, who: &Tenant, since: Timestamp, until: Timestamp) -> Result<Vec<(String, i64)>> {
    let within = || {
        log::table
            .filter(log::platform_id.eq(&who.platform).and(log::mode.eq(who.mode)).and(log::position.is_not_null()))
            .filter(log::created_at.ge(since).and(log::created_at.lt(until)))
    };
    let beyond = within().order(log::created_at).offset(REACH).limit(1).select(log::created_at);
    if beyond.first::<Timestamp>(rx.conn()).optional()?.is_some() {
        let most = usize::try_from(REACH).unwrap_or(usize::MAX);
        return Err(Error::invalid("/since", Hooks::RangeTooWide(most)));
    }
    let all: Vec<(Perhaps<String>, i64)> =
        within().group_by(log::type_).select((log::type_, diesel::dsl::count_star())).load(rx.conn())?;
    Ok(all.into_iter().filter_map(|(kind, count)| Some((kind.0?, count))).collect())
}

/// The endpoints of a platform and mode with what each wants.
pub(super) fn endpoints(rx: &mut Look<'_>, who: &Tenant) -> Result<Vec<(EndpointId, Vec<EventType>)>> {
    let Tenant { platform, mode, .. } = who;
    let all: Vec<(EndpointId, String)> = webhook_endpoints::table
        .filter(webhook_endpoints::platform_id.eq(platform).and(webhook_endpoints::mode.eq(*mode)))
        .select((webhook_endpoints::id, webhook_endpoints::types))
        .load(rx.conn())?;
    Ok(all.into_iter().map(|(endpoint, types)| (endpoint, parse_types(&types))).collect())
}

/// Takes a replay on. How many deliveries it owes at the most: one that is under way is not begun anew.
///
/// # Errors
/// `Throttled` while as many as may be are under way to one of the endpoints.
pub fn begin(tx: &mut Unit<'_>, who: &Tenant, owed: &[NewReplay]) -> Result<i64> {
    Owner::platform(&who.platform).lock(tx)?;
    let mut count = 0;
    // One that was removed since it was reckoned is owed nothing.
    let living: BTreeSet<EndpointId> = endpoints(tx, who)?.into_iter().map(|(endpoint, _)| endpoint).collect();
    for one in owed.iter().filter(|one| living.contains(&one.endpoint_id)) {
        let under_way = replays::table.filter(replays::endpoint_id.eq(&one.endpoint_id)).count();
        if under_way.get_result::<i64>(tx.conn())? >= AT_ONCE {
            return Err(Error::Throttled { policy: "replays", retry_after: LATER });
        }
        diesel::insert_into(replays::table).values(one).execute(tx.conn())?;
        count += one.owed;
    }
    tx.owe();
    Ok(count)
}

/// How much is still to be put on its way to an endpoint again.
///
/// # Errors
/// What the database says.
pub(super) fn left(rx: &mut Look<'_>, endpoint: &EndpointId) -> Result<i64> {
    let all: Vec<i64> =
        replays::table.filter(replays::endpoint_id.eq(endpoint)).select(replays::owed).load(rx.conn())?;
    Ok(all.into_iter().sum())
}

/// Forgets what an endpoint is owed. It ends with the endpoint.
///
/// # Errors
/// What the database says.
pub(super) fn end(tx: &mut Unit<'_>, endpoint: &EndpointId) -> Result<()> {
    diesel::delete(replays::table.filter(replays::endpoint_id.eq(endpoint))).execute(tx.conn())?;
    Ok(())
}

/// A replay that is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaying {
    /// The replay.
    pub replay: ReplayId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Its platform.
    pub platform: PlatformId,
}

/// The replays of each platform, the oldest first. Those to an endpoint that is switched off wait with all that is owed to it.
///
/// # Errors
/// What the database says.
pub fn replaying(rx: &mut Look<'_>) -> Result<Vec<Vec<Replaying>>> {
    let all: Vec<(Perhaps<ReplayId>, Perhaps<EndpointId>, Perhaps<PlatformId>)> = replays::table
        .inner_join(webhook_endpoints::table)
        .filter(webhook_endpoints::state.ne(EndpointState::Disabled))
        .order((replays::created_at, replays::id))
        .select((replays::id, replays::endpoint_id, webhook_endpoints::platform_id))
        .load(rx.conn())?;
    let mut of_each: BTreeMap<String, Vec<Replaying>> = BTreeMap::new();
    let of = |(replay, endpoint, platform): (Perhaps<ReplayId>, Perhaps<EndpointId>, Perhaps<PlatformId>)| {
        Some(Replaying { replay: replay.0?, endpoint: endpoint.0?, platform: platform.0? })
    };
    for one in all.into_iter().filter_map(of) {
        of_each.entry(one.platform.to_string()).or_default().push(one);
    }
    Ok(of_each.into_values().collect())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = replays)]
struct Row {
    types: String,
    since: Timestamp,
    after: String,
    until: Option<Timestamp>,
    owed: i64,
}

/// Puts the next page of a replay on its way. Says whether there is more.
///
/// # Errors
/// What the database says.
pub fn page(tx: &mut Unit<'_>, one: &Replaying) -> Result<bool> {
    Owner::platform(&one.platform).lock(tx)?;
    let row: Option<Row> = replays::table.find(&one.replay).select(Row::as_select()).first(tx.conn()).optional()?;
    let Some(row) = row else { return Ok(false) };
    let more = match row.until {
        Some(until) => events_again(tx, one, &row, until)?,
        None => failed_again(tx, one, &row)?,
    };
    if !more {
        diesel::delete(replays::table.find(&one.replay)).execute(tx.conn())?;
    }
    tx.owe();
    Ok(more)
}

fn events_again(tx: &mut Unit<'_>, one: &Replaying, row: &Row, until: Timestamp) -> Result<bool> {
    type Loaded = (Perhaps<EventId>, Perhaps<String>, Timestamp);
    let (mode, own): (Mode, String) = webhook_endpoints::table
        .find(&one.endpoint)
        .select((webhook_endpoints::mode, webhook_endpoints::types))
        .first(tx.conn())?;
    let (own, chosen) = (parse_types(&own), parse_types(&row.types));
    let found = first_readable(PAGE, |limit| {
        let behind = log::created_at.gt(row.since).or(log::id.gt(&row.after));
        let loaded: Vec<Loaded> = log::table
            .filter(log::platform_id.eq(&one.platform).and(log::mode.eq(mode)).and(log::position.is_not_null()))
            .filter(log::created_at.ge(row.since).and(log::created_at.lt(until)).and(behind))
            .order((log::created_at, log::id))
            .limit(limit)
            .select((log::id, log::type_, log::created_at))
            .load(tx.conn())?;
        Ok(loaded.into_iter().map(|(id, kind, at)| Some((id.0?, kind.0?, at))).collect())
    })?;
    let Some((last, _, at)) = found.last().cloned() else { return Ok(false) };
    let is_chosen = |kind: &str| chosen.is_empty() || chosen.iter().any(|one| one.as_str() == kind);
    let wanted: Vec<EventId> = found
        .into_iter()
        .filter(|(_, kind, _)| is_chosen(kind) && fan_out::wants(&own, kind))
        .map(|(id, ..)| id)
        .collect();
    again(tx, &one.endpoint, &wanted)?;
    let left = (row.owed - i64::try_from(wanted.len()).unwrap_or(0)).max(0);
    diesel::update(replays::table.find(&one.replay))
        .set((replays::since.eq(at), replays::after.eq(last.as_str()), replays::owed.eq(left)))
        .execute(tx.conn())?;
    Ok(true)
}

fn failed_again(tx: &mut Unit<'_>, one: &Replaying, row: &Row) -> Result<bool> {
    let some: Vec<DeliveryId> = first_readable(PAGE, |limit| {
        let dead = deliveries::endpoint_id.eq(&one.endpoint).and(deliveries::dead_at.le(row.since));
        let ids: Vec<Perhaps<DeliveryId>> =
            deliveries::table.filter(dead).limit(limit).select(deliveries::id).load(tx.conn())?;
        Ok(ids.into_iter().map(|id| id.0).collect())
    })?;
    if some.is_empty() {
        return Ok(false);
    }
    let fresh = Fresh::at(tx.now());
    diesel::update(deliveries::table.filter(deliveries::id.eq_any(&some))).set(fresh).execute(tx.conn())?;
    let left = (row.owed - i64::try_from(some.len()).unwrap_or(0)).max(0);
    diesel::update(replays::table.find(&one.replay)).set(replays::owed.eq(left)).execute(tx.conn())?;
    Ok(true)
}

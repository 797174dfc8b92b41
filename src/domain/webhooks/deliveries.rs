//! One attempt: taken by a lease, made outside any transaction, and noted in a new one. At least once, under the
//! event's own id.

use std::collections::HashMap;
use std::time::Duration;

use diesel::dsl::exists;
use diesel::prelude::*;

use super::endpoints::{self, Endpoint};
use super::{ATTEMPTS, DeliveryState, EndpointState, Payload, health, proof, schedule};
use crate::base::code::codes;
use crate::base::id::{DeliveryId, EndpointId, EventId, PlatformId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::perhaps::{Perhaps, first_readable};
use crate::db::schema::{deliveries, events, webhook_endpoints};
use crate::domain::ledger::events::{Event, EventType};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{DataKey, Owner, Secret};
use crate::error::Result;

/// How long a worker may work before another may take over.
const LEASE: Duration = Duration::from_mins(1);
/// How many attempts a worker may have under way at one endpoint.
pub const AT_ONCE: usize = 4;
/// How many at all endpoints of a platform.
const OF_TENANT: usize = 16;
/// A delivery that was taken this often and never finished has taken its workers down with it.
const TAKEN: i64 = ATTEMPTS + 2;

/// An endpoint to which something is due.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Due {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Its platform.
    pub platform: PlatformId,
}

/// A delivery that this worker holds.
#[derive(Clone, Debug)]
pub struct Leased {
    /// The delivery.
    pub id: DeliveryId,
    /// What is delivered.
    pub event: EventId,
    /// Where to.
    pub to: Due,
    /// Which attempt this is, from 1.
    pub attempt: i64,
}

/// What is to be posted.
pub struct Post {
    /// Where to.
    pub url: String,
    /// `webhook-timestamp`.
    pub timestamp: i64,
    /// `webhook-signature`.
    pub signature: String,
    /// The body.
    pub body: String,
    /// The word that the receiver must repeat, where it is asked to show that it wants events.
    pub challenge: Option<String>,
    /// Seals what the receiver answers.
    pub key: DataKey<Secret>,
}

codes! {
    /// What came of an attempt.
    pub enum Verdict {
        /// The receiver took it.
        Taken = "taken",
        /// It did not.
        Failed = "failed",
        /// It did not, and asks for patience by its status or its silence.
        Strained = "strained",
        /// It wants to hear of this event no more.
        Unwanted = "unwanted",
        /// It is gone for good.
        Gone = "gone",
    }
}

/// An attempt that was made.
pub struct Outcome {
    /// What came of it.
    pub verdict: Verdict,
    /// The HTTP status, when there was one.
    pub status: Option<u16>,
    /// Our word for what went wrong.
    pub error: Option<&'static str>,
    /// What the receiver asked for in `Retry-After`.
    pub asked: Option<Duration>,
    /// The beginning of what it answered.
    pub response: Option<crate::domain::vault::Sealed<Secret>>,
}

silent! { Post Outcome }

/// The endpoints to which something is due that nobody holds: anything to the active ones, challenges to the unproved.
pub fn due(rx: &mut Look<'_>) -> Result<Vec<Due>> {
    let now = rx.now();
    let free = deliveries::lease_until.is_null().or(deliveries::lease_until.lt(now));
    let waiting = deliveries::table
        .filter(deliveries::endpoint_id.eq(webhook_endpoints::id))
        .filter(deliveries::next_at.le(now).and(free));
    let asked = waiting.filter(exists(challenge()));
    let all: Vec<(Perhaps<EndpointId>, Perhaps<PlatformId>)> = webhook_endpoints::table
        .filter(
            (webhook_endpoints::state.eq(EndpointState::Active).and(exists(waiting)))
                .or(webhook_endpoints::state.eq(EndpointState::Unproved).and(exists(asked))),
        )
        // Those that take what they are sent come first.
        .order(webhook_endpoints::failing_since.is_not_null())
        .select((webhook_endpoints::id, webhook_endpoints::platform_id))
        .load(rx.conn())?;
    let due = |(endpoint, platform): (Perhaps<EndpointId>, Perhaps<PlatformId>)| {
        Some(Due { endpoint: endpoint.0?, platform: platform.0? })
    };
    Ok(all.into_iter().filter_map(due).collect())
}

/// The event of a delivery, where it is a challenge.
#[diesel::dsl::auto_type(no_type_alias)]
fn challenge() -> _ {
    let kind: &'static str = EventType::WebhookChallenge.as_str();
    events::table.filter(events::id.eq(deliveries::event_id)).filter(events::type_.eq(kind))
}

/// Leases what is due to an endpoint, within the bounds of the endpoint and of its platform.
pub fn lease(tx: &mut Unit<'_>, to: &Due, worker: &str, most: usize) -> Result<Vec<Leased>> {
    // Whoever leases for this platform waits here, so that no delivery is leased twice and the bounds hold.
    Owner::platform(&to.platform).lock(tx)?;
    let now = tx.now();
    let row: Option<(EndpointState, Option<Timestamp>)> = webhook_endpoints::table
        .find(&to.endpoint)
        .select((webhook_endpoints::state, webhook_endpoints::failing_since))
        .first(tx.conn())
        .optional()?;
    let room = match row {
        // One that fails is tried one by one, so that many of them do not take every hand.
        Some((EndpointState::Active, Some(_)) | (EndpointState::Unproved, _)) => room(tx, to, worker, 1)?.min(most),
        Some((EndpointState::Active, None)) => room(tx, to, worker, AT_ONCE)?.min(most),
        Some((EndpointState::Disabled, _)) | None => 0,
    };
    let is_unproved = matches!(row, Some((EndpointState::Unproved, _)));
    if room == 0 {
        return Ok(Vec::new());
    }
    let free = deliveries::lease_until.is_null().or(deliveries::lease_until.lt(now));
    let rows: Vec<(DeliveryId, EventId, i64, Option<Timestamp>)> =
        first_readable(i64::try_from(room).unwrap_or(1), |limit| {
            type Loaded = (Perhaps<DeliveryId>, Perhaps<EventId>, i64, Option<Timestamp>);
            let mut due = deliveries::table
                .filter(deliveries::endpoint_id.eq(&to.endpoint).and(deliveries::next_at.le(now)).and(free))
                .order((deliveries::next_at, deliveries::id))
                .limit(limit)
                .select((deliveries::id, deliveries::event_id, deliveries::attempts, deliveries::first_attempt_at))
                .into_boxed();
            if is_unproved {
                due = due.filter(exists(challenge()));
            }
            let loaded: Vec<Loaded> = due.load(tx.conn())?;
            Ok(loaded.into_iter().map(|(id, event, tried, first)| Some((id.0?, event.0?, tried, first))).collect())
        })?;
    let mut leased = Vec::with_capacity(rows.len());
    // Where none of a few can be read, more are asked for.
    for (id, event, attempts, first) in rows.into_iter().take(room) {
        if attempts >= TAKEN {
            lay_aside(tx, &id, "no_worker_finished")?;
            continue;
        }
        diesel::update(deliveries::table.find(&id))
            .set((
                deliveries::lease_until.eq(now.plus(LEASE)),
                deliveries::lease_by.eq(worker),
                deliveries::attempts.eq(attempts + 1),
                deliveries::first_attempt_at.eq(first.unwrap_or(now)),
            ))
            .execute(tx.conn())?;
        leased.push(Leased { id, event, to: to.clone(), attempt: attempts + 1 });
    }
    Ok(leased)
}

/// How many more attempts this worker may have under way. Others' leases do not count: those of a worker that died
/// would keep its endpoints waiting until they end.
fn room(rx: &mut Look<'_>, to: &Due, worker: &str, at_once: usize) -> Result<usize> {
    let siblings =
        webhook_endpoints::table.filter(webhook_endpoints::platform_id.eq(&to.platform)).select(webhook_endpoints::id);
    let under_way: Vec<(Perhaps<EndpointId>, i64)> = deliveries::table
        .filter(deliveries::endpoint_id.eq_any(siblings).and(deliveries::lease_until.ge(rx.now())))
        .filter(deliveries::lease_by.eq(worker))
        .group_by(deliveries::endpoint_id)
        .select((deliveries::endpoint_id, diesel::dsl::count_star()))
        .load(rx.conn())?;
    let under_way: HashMap<EndpointId, usize> = under_way
        .into_iter()
        .filter_map(|(endpoint, count)| Some((endpoint.0?, usize::try_from(count).unwrap_or(AT_ONCE))))
        .collect();
    let here = under_way.get(&to.endpoint).copied().unwrap_or(0);
    let all: usize = under_way.values().sum();
    Ok(at_once.saturating_sub(here).min(OF_TENANT.saturating_sub(all)))
}

/// What a leased delivery posts, signed for this moment by every living key.
pub fn prepare(rx: &mut Look<'_>, leased: &Leased) -> Result<Post> {
    let event: Event = events::table.find(&leased.event).select(Event::as_select()).first(rx.conn())?;
    let endpoint: Endpoint =
        webhook_endpoints::table.find(&leased.to.endpoint).select(Endpoint::as_select()).first(rx.conn())?;
    let url = endpoints::url(rx.keys(Owner::platform(&endpoint.platform_id))?, &endpoint)?.into_exposed();
    let (body, challenge) = match proof::render(rx, &event)? {
        Some((body, word)) => (body, Some(word)),
        None => (Payload::render(&event)?, None),
    };
    let now = rx.now();
    let signers = endpoints::signers(rx, &endpoint)?;
    let signatures = signers.iter().map(|signer| signer.sign(&event.id, now, &body)).collect::<Result<Vec<_>>>()?;
    let key = rx.keys(Owner::platform(&endpoint.platform_id))?.existing::<Secret>()?;
    Ok(Post { url, timestamp: now.seconds(), signature: signatures.join(" "), body, challenge, key })
}

/// Notes what came of an attempt. Says whether the lease was still ours; otherwise somebody else tries again.
pub fn finish(tx: &mut Unit<'_>, leased: &Leased, worker: &str, outcome: Outcome) -> Result<bool> {
    Owner::platform(&leased.to.platform).lock(tx)?;
    let now = tx.now();
    let taken = outcome.verdict == Verdict::Taken;
    let strained = outcome.verdict == Verdict::Strained;
    let again = match outcome.verdict {
        Verdict::Taken | Verdict::Unwanted => None,
        Verdict::Failed | Verdict::Strained | Verdict::Gone => {
            schedule::wait(&leased.id, leased.attempt, outcome.asked, strained)
        }
    };
    let state = match again {
        Some(_) => DeliveryState::Pending,
        None if taken => DeliveryState::Delivered,
        None => DeliveryState::Failed,
    };
    let held = deliveries::table
        .find(&leased.id)
        .filter(deliveries::lease_by.eq(worker).and(deliveries::attempts.eq(leased.attempt)))
        .filter(deliveries::next_at.is_not_null());
    let noted = diesel::update(held)
        .set((
            deliveries::state.eq(state),
            deliveries::next_at.eq(again.map(|wait| now.plus(wait))),
            deliveries::lease_until.eq(None::<Timestamp>),
            deliveries::delivered_at.eq(taken.then_some(now)),
            deliveries::dead_at.eq((state == DeliveryState::Failed).then_some(now)),
            deliveries::last_status.eq(outcome.status.map(i64::from)),
            deliveries::last_error.eq(outcome.error),
            deliveries::last_response.eq(outcome.response),
        ))
        .execute(tx.conn())?;
    if noted == 1 {
        health::note(tx, &leased.to, outcome.verdict)?;
        if taken {
            proof::taken(tx, leased)?;
        }
    }
    Ok(noted == 1)
}

fn lay_aside(tx: &mut Unit<'_>, id: &DeliveryId, why: &str) -> Result<()> {
    diesel::update(deliveries::table.find(id))
        .set((
            deliveries::state.eq(DeliveryState::Failed),
            deliveries::next_at.eq(None::<Timestamp>),
            deliveries::lease_until.eq(None::<Timestamp>),
            deliveries::dead_at.eq(tx.now()),
            deliveries::last_error.eq(why),
        ))
        .execute(tx.conn())?;
    Ok(())
}

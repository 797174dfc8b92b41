//! Endpoints that fail: when their platform is told, and when they are no longer called.

use std::time::Duration;

use diesel::prelude::*;

use super::{DisabledReason, Due, EndpointState, Verdict};
use crate::base::id::EndpointId;
use crate::base::time::Timestamp;
use crate::db::schema::{deliveries, webhook_endpoints};
use crate::domain::ledger::audit::{self, Event as Audited};
use crate::domain::paging::owed::{self, Job};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::Result;

/// After how long of nothing but failures somebody is told.
const TELL: Duration = Duration::from_hours(24);
/// After how long of nothing but failures an endpoint is no longer called.
const GIVE_UP: Duration = Duration::from_hours(120);

/// Notes for the endpoint what came of an attempt.
pub(super) fn note(tx: &mut Unit<'_>, to: &Due, verdict: Verdict) -> Result<()> {
    if verdict == Verdict::Taken { recover(tx, &to.endpoint) } else { fail(tx, to, verdict) }
}

fn recover(tx: &mut Unit<'_>, endpoint: &EndpointId) -> Result<()> {
    let row = webhook_endpoints::table.find(endpoint);
    let none = None::<Timestamp>;
    diesel::update(row.filter(webhook_endpoints::failing_since.is_not_null()))
        .set((webhook_endpoints::failing_since.eq(none), webhook_endpoints::notified_at.eq(none)))
        .execute(tx.conn())?;
    Ok(())
}

fn fail(tx: &mut Unit<'_>, to: &Due, verdict: Verdict) -> Result<()> {
    let now = tx.now();
    let row: (EndpointState, Option<Timestamp>, Option<Timestamp>) = webhook_endpoints::table
        .find(&to.endpoint)
        .select((webhook_endpoints::state, webhook_endpoints::failing_since, webhook_endpoints::notified_at))
        .first(tx.conn())?;
    let (state, since, notified) = row;
    if state == EndpointState::Disabled {
        return Ok(());
    }
    let since = since.unwrap_or(now);
    let failing = now.since(since);
    let reason = match verdict {
        Verdict::Gone => Some(DisabledReason::Gone),
        Verdict::Taken | Verdict::Failed | Verdict::Strained | Verdict::Unwanted => {
            (failing >= GIVE_UP).then_some(DisabledReason::Failing)
        }
    };
    if let Some(reason) = reason {
        return disable(tx, to, since, reason);
    }
    let tell = failing >= TELL && notified.is_none();
    let notified = if tell { Some(now) } else { notified };
    diesel::update(webhook_endpoints::table.find(&to.endpoint))
        .set((webhook_endpoints::failing_since.eq(since), webhook_endpoints::notified_at.eq(notified)))
        .execute(tx.conn())?;
    if tell {
        owed::owe(tx, &Job::EndpointFailing { endpoint: to.endpoint.clone() }, now, None)?;
    }
    Ok(())
}

fn disable(tx: &mut Unit<'_>, to: &Due, since: Timestamp, reason: DisabledReason) -> Result<()> {
    let failing = webhook_endpoints::failing_since.eq(since);
    diesel::update(webhook_endpoints::table.find(&to.endpoint)).set(failing).execute(tx.conn())?;
    switch_off(tx, to, reason)
}

/// Switches an endpoint off. What is owed to it waits, and whoever runs the service is told.
pub(super) fn switch_off(tx: &mut Unit<'_>, to: &Due, reason: DisabledReason) -> Result<()> {
    let now = tx.now();
    let row = webhook_endpoints::table.find(&to.endpoint);
    diesel::update(row)
        .set((
            webhook_endpoints::state.eq(EndpointState::Disabled),
            webhook_endpoints::disabled_at.eq(now),
            webhook_endpoints::disabled_reason.eq(reason),
            webhook_endpoints::version.eq(webhook_endpoints::version + 1),
        ))
        .execute(tx.conn())?;
    let disabled = Audited::EndpointDisabled { endpoint: to.endpoint.clone(), reason: reason.as_str() };
    audit::record(tx, Owner::platform(&to.platform), disabled)?;
    owed::owe(tx, &Job::EndpointDisabled { endpoint: to.endpoint.clone() }, now, None)
}

/// How endpoints and deliveries stand, for whoever runs the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Endpoints.
    pub endpoints: i64,
    /// Of these, disabled.
    pub disabled: i64,
    /// Of these, asked to show that they want events, and sent nothing else yet.
    pub unproved: i64,
    /// Of these, called and failing.
    pub failing: i64,
    /// Deliveries that are to be tried.
    pub pending: i64,
    /// Deliveries that failed for good.
    pub failed: i64,
    /// When the delivery that waits longest at a called endpoint was due; it may lie ahead.
    pub oldest_due_at: Option<Timestamp>,
}

/// Counts them.
pub fn counts(rx: &mut Look<'_>) -> Result<Counts> {
    let disabled = webhook_endpoints::state.eq(EndpointState::Disabled);
    let unproved = webhook_endpoints::state.eq(EndpointState::Unproved);
    let active = webhook_endpoints::state.eq(EndpointState::Active);
    let failing = active.and(webhook_endpoints::failing_since.is_not_null());
    let called = deliveries::table
        .inner_join(webhook_endpoints::table)
        .filter(active.and(deliveries::next_at.is_not_null()))
        .select(diesel::dsl::min(deliveries::next_at));
    Ok(Counts {
        endpoints: webhook_endpoints::table.count().get_result(rx.conn())?,
        disabled: webhook_endpoints::table.filter(disabled).count().get_result(rx.conn())?,
        unproved: webhook_endpoints::table.filter(unproved).count().get_result(rx.conn())?,
        failing: webhook_endpoints::table.filter(failing).count().get_result(rx.conn())?,
        pending: deliveries::table.filter(deliveries::next_at.is_not_null()).count().get_result(rx.conn())?,
        failed: deliveries::table.filter(deliveries::dead_at.is_not_null()).count().get_result(rx.conn())?,
        oldest_due_at: called.first(rx.conn())?,
    })
}

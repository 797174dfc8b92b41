//! Who holds an endpoint: a platform is told of its events for as long as it has a credential that could manage endpoints
//! or read what they are sent. Without one its endpoints are switched off; and whoever runs the service sees every
//! endpoint, and can switch one off that is not the platform's.

use diesel::prelude::*;
use serde::Serialize;

use super::endpoints::parse_types;
use super::health::switch_off;
use super::{DisabledReason, Due, EndpointState};
use crate::base::id::{EndpointId, PlatformId};
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{platform_clients, platforms, webhook_endpoints};
use crate::domain::ledger::events::EventType;
use crate::domain::people::platforms::{Scope, parse_scopes};
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::{Error, Result};

/// With any of these a credential can change endpoints, or read what they are sent.
const HOLDS: [Scope; 3] = [Scope::WebhooksManage, Scope::ReportsRead, Scope::RequestsWrite];

/// An endpoint for whoever runs the service: where it is by its host alone, since a path may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its id.
    pub id: EndpointId,
    /// The short name of its platform.
    pub platform: String,
    /// Trial or real life.
    pub mode: Mode,
    /// Whether it is called.
    pub state: EndpointState,
    /// Its host.
    pub host: String,
    /// What it is sent; everything when empty.
    pub types: Vec<EventType>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when every attempt has failed.
    pub failing_since: Option<Timestamp>,
    /// Since when it is not called.
    pub disabled_at: Option<Timestamp>,
    /// Why it is not called.
    pub disabled_reason: Option<DisabledReason>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhook_endpoints)]
struct Row {
    id: EndpointId,
    mode: Mode,
    state: EndpointState,
    host: String,
    types: String,
    created_at: Timestamp,
    failing_since: Option<Timestamp>,
    disabled_at: Option<Timestamp>,
    disabled_reason: Option<DisabledReason>,
}

/// The endpoints of all platforms, or of the one with this short name, the oldest of each first.
///
/// # Errors
/// What the database says.
pub fn listed(rx: &mut Look<'_>, platform: Option<&str>) -> Result<Vec<Listed>> {
    let mut query = webhook_endpoints::table
        .inner_join(platforms::table.on(platforms::id.eq(webhook_endpoints::platform_id)))
        .order((platforms::slug, webhook_endpoints::created_at, webhook_endpoints::id))
        .select((platforms::slug, Row::as_select()))
        .into_boxed();
    if let Some(slug) = platform {
        query = query.filter(platforms::slug.eq(slug));
    }
    let rows: Vec<(String, Row)> = query.load(rx.conn())?;
    let listed = |(platform, row): (String, Row)| Listed {
        platform,
        types: parse_types(&row.types),
        id: row.id,
        mode: row.mode,
        state: row.state,
        host: row.host,
        created_at: row.created_at,
        failing_since: row.failing_since,
        disabled_at: row.disabled_at,
        disabled_reason: row.disabled_reason,
    };
    Ok(rows.into_iter().map(listed).collect())
}

/// The endpoints of a platform and mode that are called, each with its host.
fn called(rx: &mut Look<'_>, platform: &PlatformId, mode: Mode) -> Result<Vec<(EndpointId, String)>> {
    let mine = webhook_endpoints::platform_id.eq(platform).and(webhook_endpoints::mode.eq(mode));
    Ok(webhook_endpoints::table
        .filter(mine.and(webhook_endpoints::state.ne(EndpointState::Disabled)))
        .order((webhook_endpoints::created_at, webhook_endpoints::id))
        .select((webhook_endpoints::id, webhook_endpoints::host))
        .load(rx.conn())?)
}

/// How the endpoints of a platform and mode stand after one of its credentials has changed, each with its host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Those that were switched off with it.
    pub ended: Vec<(EndpointId, String)>,
    /// Those that still are called.
    pub called: Vec<(EndpointId, String)>,
}

/// Ends what no credential holds any more, and says what is left.
///
/// # Errors
/// What the database says.
pub(super) fn after_change(tx: &mut Unit<'_>, platform: &PlatformId, mode: Mode) -> Result<Standing> {
    let ended = end_unheld_of(tx, platform, mode)?;
    Ok(Standing { ended, called: called(tx, platform, mode)? })
}

/// Switches an endpoint off for whoever runs the service. Says whether it was called until now.
///
/// # Errors
/// `NotFound` when there is none with the id.
pub fn disable(tx: &mut Unit<'_>, id: &EndpointId) -> Result<bool> {
    let row = || webhook_endpoints::table.find(id);
    let owner: Option<PlatformId> = row().select(webhook_endpoints::platform_id).first(tx.conn()).optional()?;
    let platform = owner.ok_or(Error::NotFound)?;
    Owner::platform(&platform).lock(tx)?;
    let state: Option<EndpointState> = row().select(webhook_endpoints::state).first(tx.conn()).optional()?;
    if state.ok_or(Error::NotFound)? == EndpointState::Disabled {
        return Ok(false);
    }
    switch_off(tx, &Due { endpoint: id.clone(), platform }, DisabledReason::ByOperator)?;
    Ok(true)
}

/// Switches the endpoints of a platform and mode off when no credential is left that holds them. Those that ended.
fn end_unheld_of(tx: &mut Unit<'_>, platform: &PlatformId, mode: Mode) -> Result<Vec<(EndpointId, String)>> {
    Owner::platform(platform).lock(tx)?;
    if is_held(tx, platform, mode)? {
        return Ok(Vec::new());
    }
    let ended = called(tx, platform, mode)?;
    for (endpoint, _) in &ended {
        let to = Due { endpoint: endpoint.clone(), platform: platform.clone() };
        switch_off(tx, &to, DisabledReason::NoCredential)?;
    }
    Ok(ended)
}

fn is_held(rx: &mut Look<'_>, platform: &PlatformId, mode: Mode) -> Result<bool> {
    let living = platform_clients::platform_id.eq(platform).and(platform_clients::mode.eq(mode));
    let scopes: Vec<Perhaps<String>> = platform_clients::table
        .filter(living.and(platform_clients::revoked_at.is_null()))
        .select(platform_clients::scopes)
        .load(rx.conn())?;
    let holds = |text: &String| parse_scopes(text).unwrap_or_default().iter().any(|scope| HOLDS.contains(scope));
    // Nothing ends for a credential that is damaged.
    Ok(scopes.iter().any(|scopes| scopes.0.as_ref().is_none_or(holds)))
}

/// Whose endpoints are called.
///
/// # Errors
/// What the database says.
pub fn owners(rx: &mut Look<'_>) -> Result<Vec<(PlatformId, Mode)>> {
    let owners: Vec<(Perhaps<PlatformId>, Mode)> = webhook_endpoints::table
        .filter(webhook_endpoints::state.ne(EndpointState::Disabled))
        // A row that cannot be read hides no other.
        .filter(webhook_endpoints::mode.eq_any(Mode::ALL))
        .select((webhook_endpoints::platform_id, webhook_endpoints::mode))
        .distinct()
        .order((webhook_endpoints::platform_id, webhook_endpoints::mode))
        .load(rx.conn())?;
    Ok(owners.into_iter().filter_map(|(platform, mode)| Some((platform.0?, mode))).collect())
}

/// Switches off the endpoints of a platform and mode if nobody holds them: its credentials may have ended in an earlier
/// version, which left them. How many.
///
/// # Errors
/// What the database says.
pub fn end_unheld(tx: &mut Unit<'_>, platform: &PlatformId, mode: Mode) -> Result<usize> {
    if is_held(tx, platform, mode)? { Ok(0) } else { Ok(end_unheld_of(tx, platform, mode)?.len()) }
}

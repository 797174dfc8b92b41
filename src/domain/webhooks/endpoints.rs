//! A platform's endpoints: where its events are sent, and the keys that sign them.

use std::time::Duration;

use diesel::prelude::*;

use super::sign::{KeyText, Signer, new_secrets};
use super::{DisabledReason, EndpointState, MOST, fan_out, proof, replays};
use crate::base::id::{EndpointId, EventId, PlatformId, SigningId};
use crate::base::secret::{Sensitive, silent};
use crate::base::time::Timestamp;
use crate::db::schema::{deliveries, webhook_endpoints, webhook_secrets};
use crate::domain::access::Tenant;
use crate::domain::ledger::audit::{self, Event as Audited};
use crate::domain::ledger::events::{self, EventType, Log};
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Keys, Owner, Scope, Sealed, Secret};
use crate::error::rules::Hooks;
use crate::error::{Conflict, Error, Result};

/// How many generations of keys may sign at a time: so many signatures go into one header. Every living key signs, so
/// a rotation that would make more is refused.
const GENERATIONS: i64 = 8;

/// An endpoint's row.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = webhook_endpoints)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Whose it is.
    pub platform_id: PlatformId,
    /// Trial or real life.
    pub mode: Mode,
    url: Sealed<Secret>,
    types: String,
    /// Whether it is called.
    pub state: EndpointState,
    /// Since when not.
    pub disabled_at: Option<Timestamp>,
    /// Why not.
    pub disabled_reason: Option<DisabledReason>,
    /// Since when every attempt has failed.
    pub failing_since: Option<Timestamp>,
    /// When it showed that it wants events.
    pub verified_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the platform's changes to it.
    pub version: i64,
}

impl Endpoint {
    /// The types it wants; none stands for all.
    #[must_use]
    pub fn types(&self) -> Vec<EventType> {
        parse_types(&self.types)
    }
}

/// The types of a stored list.
pub(super) fn parse_types(text: &str) -> Vec<EventType> {
    text.split(' ').filter_map(EventType::parse).collect()
}

/// A key that checks signatures.
#[derive(Debug, Queryable)]
pub struct PublicKey {
    /// `whpk_…`.
    pub public_key: String,
    /// Since when it signs.
    pub created_at: Timestamp,
    /// Until when it signs.
    pub expires_at: Option<Timestamp>,
}

/// An endpoint as its platform sees it.
pub struct Details {
    /// The row.
    pub endpoint: Endpoint,
    /// Where it is.
    pub url: String,
    /// The keys that sign at present, the newest first.
    pub keys: Vec<PublicKey>,
    /// How many deliveries of replays are still to be put on their way.
    pub replays_owed: i64,
}

/// An endpoint to be made.
pub struct NewEndpoint {
    /// Where it is.
    pub url: String,
    /// What it wants; none stands for all.
    pub types: Vec<EventType>,
}

/// An endpoint that was made.
pub struct Created {
    /// The endpoint.
    pub details: Details,
    /// Its secret, shown this once.
    pub secret: Sensitive<String>,
}

/// New keys after a rotation.
pub type Rotated = Created;

silent! { Details NewEndpoint Created }

/// Makes an endpoint, and asks it to show that it wants events. When it has, it hears of all that happened from now on.
///
/// # Errors
/// `Invalid` when the URL may not be called, or there are too many endpoints already.
pub fn create(tx: &mut Unit<'_>, who: &Tenant, new: &NewEndpoint) -> Result<Created> {
    let kit = tx.kit();
    let Tenant { platform, mode, .. } = who;
    let target = kit.outbound.target(&new.url).map_err(|refusal| Error::invalid("/url", refusal))?;
    Owner::platform(platform).lock(tx)?;
    let mine = webhook_endpoints::platform_id.eq(platform).and(webhook_endpoints::mode.eq(*mode));
    let count: i64 = webhook_endpoints::table.filter(mine).count().get_result(tx.conn())?;
    if usize::try_from(count).unwrap_or(MOST) >= MOST {
        return Err(Error::invalid("", Hooks::TooManyEndpoints));
    }
    let id = EndpointId::random();
    // Answers are kept for the platform under this key as well, by callers who do not wait for its lock.
    let keys = tx.stored_keys(Owner::platform(platform), Scope::Secret)?;
    let url = keys.existing::<Secret>()?.seal("url", id.as_str(), &new.url)?;
    // Whoever makes endpoints has had places given to what came before.
    let log = Log { platform, mode: *mode };
    events::place(tx, log)?;
    let cursor = events::end(tx, log)?;
    let mut types: Vec<&str> = new.types.iter().map(|kind| kind.as_str()).collect();
    types.sort_unstable();
    types.dedup();
    let row = (
        webhook_endpoints::id.eq(&id),
        webhook_endpoints::platform_id.eq(platform),
        webhook_endpoints::mode.eq(*mode),
        webhook_endpoints::url.eq(url),
        webhook_endpoints::host.eq(target.host()),
        webhook_endpoints::types.eq(types.join(" ")),
        webhook_endpoints::state.eq(EndpointState::Unproved),
        webhook_endpoints::cursor.eq(cursor),
        webhook_endpoints::created_at.eq(tx.now()),
        webhook_endpoints::version.eq(1_i64),
    );
    diesel::insert_into(webhook_endpoints::table).values(row).execute(tx.conn())?;
    let secret = add_secrets(tx, platform, &id)?;
    audit::record(tx, Owner::platform(platform), Audited::EndpointAdded { endpoint: id.clone() })?;
    let endpoint = locked(tx, who, &id)?;
    proof::ask(tx, &endpoint)?;
    Ok(Created { details: details(tx, endpoint)?, secret })
}

/// New keys that sign from now on. Their shared secret.
fn add_secrets(tx: &mut Unit<'_>, platform: &PlatformId, endpoint: &EndpointId) -> Result<Sensitive<String>> {
    let (id, new) = (SigningId::random(), new_secrets());
    let key = tx.keys(Owner::platform(platform))?.sealing::<Secret>()?;
    let row = (
        webhook_secrets::id.eq(&id),
        webhook_secrets::endpoint_id.eq(endpoint),
        webhook_secrets::hmac.eq(key.seal("hmac", id.as_str(), &new.hmac)?),
        webhook_secrets::ed25519.eq(key.seal("ed25519", id.as_str(), &new.ed25519)?),
        webhook_secrets::public_key.eq(new.public_key()?),
        webhook_secrets::created_at.eq(tx.now()),
    );
    diesel::insert_into(webhook_secrets::table).values(row).execute(tx.conn())?;
    Ok(new.secret())
}

/// What signs for an endpoint at present, the newest first.
pub(super) fn signers(rx: &mut Look<'_>, endpoint: &Endpoint) -> Result<Vec<Signer>> {
    let rows: Vec<(SigningId, Sealed<Secret>, Sealed<Secret>)> = webhook_secrets::table
        .filter(webhook_secrets::endpoint_id.eq(&endpoint.id))
        .filter(webhook_secrets::expires_at.is_null().or(webhook_secrets::expires_at.gt(rx.now())))
        .order((webhook_secrets::expires_at.is_null().desc(), webhook_secrets::created_at.desc()))
        .select((webhook_secrets::id, webhook_secrets::hmac, webhook_secrets::ed25519))
        .load(rx.conn())?;
    let key = rx.keys(Owner::platform(&endpoint.platform_id))?.existing::<Secret>()?;
    let open = |id: &SigningId, field, sealed| key.open::<KeyText>(field, id.as_str(), sealed);
    rows.iter()
        .map(|(id, hmac, ed25519)| {
            let (hmac, ed25519) = (open(id, "hmac", hmac)?, open(id, "ed25519", ed25519)?);
            Ok(Signer { hmac: hmac.into_exposed(), ed25519: ed25519.into_exposed() })
        })
        .collect()
}

fn details(rx: &mut Look<'_>, endpoint: Endpoint) -> Result<Details> {
    let url = url(rx.keys(Owner::platform(&endpoint.platform_id))?, &endpoint)?;
    let keys = webhook_secrets::table
        .filter(webhook_secrets::endpoint_id.eq(&endpoint.id))
        .filter(webhook_secrets::expires_at.is_null().or(webhook_secrets::expires_at.gt(rx.now())))
        .order((webhook_secrets::expires_at.is_null().desc(), webhook_secrets::created_at.desc()))
        .select((webhook_secrets::public_key, webhook_secrets::created_at, webhook_secrets::expires_at))
        .load(rx.conn())?;
    let replays_owed = replays::left(rx, &endpoint.id)?;
    Ok(Details { endpoint, url: url.into_exposed(), keys, replays_owed })
}

/// Where an endpoint is.
pub(super) fn url(keys: &mut Keys<'_>, endpoint: &Endpoint) -> Result<Sensitive<String>> {
    keys.existing::<Secret>()?.open("url", endpoint.id.as_str(), &endpoint.url)
}

/// A platform's endpoints, the oldest first.
pub fn list(rx: &mut Look<'_>, who: &Tenant) -> Result<Vec<Details>> {
    let Tenant { platform, mode, .. } = who;
    let mine = webhook_endpoints::platform_id.eq(platform).and(webhook_endpoints::mode.eq(*mode));
    let rows: Vec<Endpoint> = webhook_endpoints::table
        .filter(mine)
        .order((webhook_endpoints::created_at, webhook_endpoints::id))
        .select(Endpoint::as_select())
        .load(rx.conn())?;
    rows.into_iter().map(|row| details(rx, row)).collect()
}

/// One endpoint.
///
/// # Errors
/// `NotFound` when this platform and mode have none with the id.
pub fn find(rx: &mut Look<'_>, who: &Tenant, id: &EndpointId) -> Result<Details> {
    let row = own(rx, who, id)?;
    details(rx, row)
}

fn own(rx: &mut Look<'_>, who: &Tenant, id: &EndpointId) -> Result<Endpoint> {
    let Tenant { platform, mode, .. } = who;
    let mine = webhook_endpoints::platform_id.eq(platform).and(webhook_endpoints::mode.eq(*mode));
    let row = webhook_endpoints::table.find(id).filter(mine).select(Endpoint::as_select());
    row.first(rx.conn()).optional()?.ok_or(Error::NotFound)
}

/// One endpoint, to be changed: nobody else changes endpoints or deliveries of its platform meanwhile.
///
/// # Errors
/// As [`find`].
pub fn locked(tx: &mut Unit<'_>, who: &Tenant, id: &EndpointId) -> Result<Endpoint> {
    Owner::platform(&who.platform).lock(tx)?;
    own(tx, who, id)
}

/// Removes an endpoint with its keys and all that is still owed to it.
pub fn remove(tx: &mut Unit<'_>, endpoint: &Endpoint) -> Result<()> {
    let id = &endpoint.id;
    replays::end(tx, id)?;
    diesel::delete(deliveries::table.filter(deliveries::endpoint_id.eq(id))).execute(tx.conn())?;
    diesel::delete(webhook_secrets::table.filter(webhook_secrets::endpoint_id.eq(id))).execute(tx.conn())?;
    diesel::delete(webhook_endpoints::table.find(id)).execute(tx.conn())?;
    audit::record(tx, Owner::platform(&endpoint.platform_id), Audited::EndpointRemoved { endpoint: id.clone() })
}

/// Gives an endpoint new keys. The old ones sign beside them for `overlap`, so that no receiver needs to be changed at
/// the same moment.
///
/// # Errors
/// `Invalid` when more keys would sign than a message can carry.
pub fn rotate(tx: &mut Unit<'_>, who: &Tenant, endpoint: Endpoint, overlap: Duration) -> Result<Rotated> {
    let (id, now) = (endpoint.id, tx.now());
    let of_endpoint = || webhook_secrets::table.filter(webhook_secrets::endpoint_id.eq(&id));
    let until = now.plus(overlap);
    let running_on = webhook_secrets::expires_at.is_null().or(webhook_secrets::expires_at.gt(until));
    diesel::update(of_endpoint().filter(running_on)).set(webhook_secrets::expires_at.eq(until)).execute(tx.conn())?;
    diesel::delete(of_endpoint().filter(webhook_secrets::expires_at.le(now))).execute(tx.conn())?;
    let living: i64 = of_endpoint().count().get_result(tx.conn())?;
    if living >= GENERATIONS {
        return Err(Error::invalid("/overlap_hours", Hooks::TooManyKeys));
    }
    let secret = add_secrets(tx, &endpoint.platform_id, &id)?;
    diesel::update(webhook_endpoints::table.find(&id))
        .set(webhook_endpoints::version.eq(endpoint.version + 1))
        .execute(tx.conn())?;
    audit::record(tx, Owner::platform(&endpoint.platform_id), Audited::EndpointRotated { endpoint: id.clone() })?;
    let endpoint = own(tx, who, &id)?;
    Ok(Created { details: details(tx, endpoint)?, secret })
}

/// Sends a trial to an endpoint, or asks it once more to show that it wants events. The event's id.
///
/// # Errors
/// `Conflict` when it is disabled: the trial would lie there.
pub fn test(tx: &mut Unit<'_>, endpoint: &Endpoint) -> Result<EventId> {
    match endpoint.state {
        EndpointState::Disabled => Err(Conflict::EndpointDisabled.into()),
        EndpointState::Unproved => proof::ask(tx, endpoint),
        EndpointState::Active => fan_out::send_to(tx, endpoint, EventType::WebhookTest),
    }
}

/// Switches an endpoint on again. What waited for it is sent, once it has shown that it wants events; who did is not asked again.
pub fn enable(tx: &mut Unit<'_>, who: &Tenant, endpoint: Endpoint) -> Result<Details> {
    if endpoint.state != EndpointState::Disabled {
        return details(tx, endpoint);
    }
    let is_proved = endpoint.verified_at.is_some();
    let state = if is_proved { EndpointState::Active } else { EndpointState::Unproved };
    diesel::update(webhook_endpoints::table.find(&endpoint.id))
        .set((
            webhook_endpoints::state.eq(state),
            webhook_endpoints::disabled_at.eq(None::<Timestamp>),
            webhook_endpoints::disabled_reason.eq(None::<DisabledReason>),
            webhook_endpoints::failing_since.eq(None::<Timestamp>),
            webhook_endpoints::notified_at.eq(None::<Timestamp>),
            webhook_endpoints::version.eq(endpoint.version + 1),
        ))
        .execute(tx.conn())?;
    let enabled = Audited::EndpointEnabled { endpoint: endpoint.id.clone() };
    audit::record(tx, Owner::platform(&endpoint.platform_id), enabled)?;
    tx.owe();
    let endpoint = own(tx, who, &endpoint.id)?;
    if !is_proved {
        proof::ask(tx, &endpoint)?;
    }
    details(tx, endpoint)
}

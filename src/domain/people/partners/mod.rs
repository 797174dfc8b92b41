//! Services' ways in. Here are their credentials: a machine of theirs that reads and answers what was handed over to them; in
//! `accounts`, people of theirs. A credential belongs to one service and one mode; its secret is stored as a keyed hash, and its epoch, compared in every transaction, makes a revocation
//! hold at once.

pub mod accounts;
mod row;

use crate::base::code::codes;
use crate::base::id::{PartnerClientId, ServiceId};
use crate::base::secret::{Sensitive, looks_like_token, new_token, same};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::{Error, Result};

pub use row::PartnerClient;

codes! {
    /// What a service's credential may ask for.
    pub enum PartnerScope {
        /// Read what was handed over.
        ReferralsRead = "referrals:read",
        /// Answer it, and say whether there is room.
        ReferralsWrite = "referrals:write",
    }
}

/// The scopes of a space-separated list; nothing when one of them is unknown.
#[must_use]
pub fn parse_scopes(text: &str) -> Option<Vec<PartnerScope>> {
    text.split(' ').filter(|word| !word.is_empty()).map(PartnerScope::parse).collect()
}

/// A space-separated list of scopes.
#[must_use]
pub fn scope_text(scopes: &[PartnerScope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

/// A new credential. The secret is shown once and stored nowhere.
#[derive(Debug)]
pub struct NewPartner {
    /// The `client_id`.
    pub client: PartnerClientId,
    /// The `client_secret`.
    pub secret: Sensitive<String>,
}

const fn secret_prefix(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "rcp_live",
        Mode::Test => "rcp_test",
    }
}

/// Makes a credential for a service.
///
/// # Errors
/// What the database says.
pub fn add(tx: &mut Unit<'_>, service: &ServiceId, mode: Mode, scopes: &[PartnerScope]) -> Result<NewPartner> {
    let new = NewPartner { client: PartnerClientId::random(), secret: new_token(secret_prefix(mode)) };
    let client = PartnerClient {
        id: new.client.clone(),
        service_id: service.clone(),
        mode,
        secret_hash: row::secret_hash(&tx.kit().keyring, &new.client, &new.secret),
        scopes: scope_text(scopes),
        epoch: 1,
        created_at: tx.now(),
        revoked_at: None,
    };
    row::insert(tx, &client)?;
    let added = Event::PartnerAdded { client: client.id, mode: mode.as_str(), scopes: client.scopes };
    audit::record(tx, Owner::service(service), added)?;
    Ok(new)
}

/// Replaces a credential's secret. The old one and every token made with it are void at once.
///
/// # Errors
/// `NotFound` when there is no such credential, or it was revoked.
pub fn rotate(tx: &mut Unit<'_>, id: &PartnerClientId) -> Result<NewPartner> {
    let mut client = living(tx, id)?;
    let new = NewPartner { client: id.clone(), secret: new_token(secret_prefix(client.mode)) };
    client.secret_hash = row::secret_hash(&tx.kit().keyring, id, &new.secret);
    client.epoch += 1;
    row::update(tx, &client)?;
    audit::record(tx, Owner::service(&client.service_id), Event::PartnerRotated { client: id.clone() })?;
    Ok(new)
}

/// Gives a credential of an older database the secret back that it has had since, by its keyed hash, and its epoch. Each time
/// that the secret was replaced is on record then.
///
/// # Errors
/// `NotFound` when there is no such credential, or it was revoked.
pub fn bring_back_secret(tx: &mut Unit<'_>, id: &PartnerClientId, epoch: i64, secret_hash: Vec<u8>) -> Result<()> {
    let mut client = living(tx, id)?;
    while client.epoch < epoch {
        client.epoch += 1;
        audit::record(tx, Owner::service(&client.service_id), Event::PartnerRotated { client: id.clone() })?;
    }
    client.secret_hash = secret_hash;
    row::update(tx, &client)
}

/// Voids a credential and every token made with it, at once.
///
/// # Errors
/// `NotFound` when there is no such credential.
pub fn revoke(tx: &mut Unit<'_>, id: &PartnerClientId) -> Result<()> {
    let service = row::to_revoke(tx, id)?.ok_or(Error::NotFound)?.service_id;
    Owner::service(&service).lock(tx)?;
    let mut client = row::to_revoke(tx, id)?.ok_or(Error::NotFound)?;
    client.revoked_at = Some(tx.now());
    client.epoch += 1;
    row::update(tx, &client)?;
    audit::record(tx, Owner::service(&client.service_id), Event::PartnerRevoked { client: id.clone() })
}

/// Voids all credentials of a service, whoever wrote their rows.
pub(in crate::domain) fn revoke_all(tx: &mut Unit<'_>, service: &ServiceId) -> Result<()> {
    for id in row::ids_of(tx, service)? {
        match row::to_revoke(tx, &id)? {
            Some(client) if client.revoked_at.is_none() => revoke(tx, &id)?,
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// A credential that was not revoked, after whoever changes another of the service.
fn living(tx: &mut Unit<'_>, id: &PartnerClientId) -> Result<PartnerClient> {
    let service = row::find(tx, id)?.ok_or(Error::NotFound)?.service_id;
    Owner::service(&service).lock(tx)?;
    row::find(tx, id)?.filter(|client| client.revoked_at.is_none()).ok_or(Error::NotFound)
}

/// A credential's row. One that was changed outside the service is none.
pub fn client(rx: &mut Look<'_>, id: &PartnerClientId) -> Result<Option<PartnerClient>> {
    row::find(rx, id)
}

/// The credentials of a service, the oldest first.
pub fn of_service(rx: &mut Look<'_>, service: &ServiceId) -> Result<Vec<PartnerClient>> {
    row::of_service(rx, service)
}

/// Every credential that is as the service wrote it, revoked or not.
pub fn every(rx: &mut Look<'_>) -> Result<Vec<PartnerClient>> {
    row::every(rx)
}

/// Credentials whose rows are not as the service wrote them.
pub(in crate::domain) fn unproved(rx: &mut Look<'_>) -> Result<Vec<String>> {
    row::unproved(rx)
}

/// Whether a machine of the service can read and answer what is handed over to it.
pub(in crate::domain) fn receives(rx: &mut Look<'_>, service: &ServiceId, mode: Mode) -> Result<bool> {
    let can = |client: &PartnerClient| {
        let scopes = client.scopes();
        let both = PartnerScope::ALL.iter().all(|scope| scopes.contains(scope));
        client.revoked_at.is_none() && client.mode == mode && both
    };
    Ok(of_service(rx, service)?.iter().any(can))
}

/// The client that this id and secret prove, unless it was revoked.
pub fn authenticate(rx: &mut Look<'_>, id: &str, secret: &Sensitive<String>) -> Result<Option<PartnerClient>> {
    let Ok(id) = id.parse::<PartnerClientId>() else { return Ok(None) };
    let (found, keyring) = (client(rx, &id)?, &rx.kit().keyring);
    Ok(found.filter(|client| {
        let shaped = looks_like_token(secret_prefix(client.mode), secret.expose());
        let right = same(&row::secret_hash(keyring, &client.id, secret), &client.secret_hash);
        shaped && right && client.revoked_at.is_none()
    }))
}

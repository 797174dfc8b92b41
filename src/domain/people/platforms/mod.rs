//! Platforms and their credentials. A client belongs to one platform and one mode; its secret is stored as a keyed hash,
//! and its epoch, compared in every transaction, makes a revocation hold at once.

mod name;
mod row;

use std::collections::BTreeMap;

use diesel::prelude::*;

pub use name::shown;

use crate::base::code::codes;
use crate::base::id::{ClientId, PlatformId};
use crate::base::secret::{Sensitive, looks_like_token, new_token, same};
use crate::base::sheet::is_value;
use crate::base::time::Timestamp;
use crate::db::Rx;
use crate::db::dialect;
use crate::db::schema::{platform_clients, platforms};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::rules::Names;
use crate::error::{Conflict, Error, Result};

codes! {
    /// What a client may ask for.
    pub enum Scope {
        /// Submit and add to reports.
        ReportsWrite = "reports:write",
        /// Read own reports and events.
        ReportsRead = "reports:read",
        /// Read and answer requests.
        RequestsWrite = "requests:write",
        /// Manage webhook endpoints.
        WebhooksManage = "webhooks:manage",
        /// Read own metrics.
        MetricsRead = "metrics:read",
    }
}

/// The scopes of a space-separated list; nothing when one of them is unknown.
#[must_use]
pub fn parse_scopes(text: &str) -> Option<Vec<Scope>> {
    text.split(' ').filter(|word| !word.is_empty()).map(Scope::parse).collect()
}

/// A space-separated list of scopes.
#[must_use]
pub fn scope_text(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

/// A dating app that is a tenant.
#[derive(Clone, Debug, Queryable, Selectable)]
pub struct Platform {
    /// Its id.
    pub id: PlatformId,
    /// Its short name in addresses and commands.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
}

/// A credential's row, as the service wrote it.
#[derive(Clone, Debug, Insertable, AsChangeset)]
#[diesel(table_name = platform_clients, treat_none_as_null = true)]
pub struct Client {
    /// Its id: the `client_id`.
    #[diesel(skip_update)]
    pub id: ClientId,
    /// Whose it is.
    pub platform_id: PlatformId,
    /// Trial or real life.
    pub mode: Mode,
    secret_hash: Vec<u8>,
    scopes: String,
    /// Tokens of earlier epochs no longer count.
    pub epoch: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it is void.
    pub revoked_at: Option<Timestamp>,
}

impl Client {
    /// The keyed hash of its secret.
    #[must_use]
    pub fn stored_secret(&self) -> &[u8] {
        &self.secret_hash
    }

    /// What it may ask for.
    #[must_use]
    pub fn scopes(&self) -> Vec<Scope> {
        parse_scopes(&self.scopes).unwrap_or_default()
    }
}

/// A new credential. The secret is shown once and stored nowhere.
#[derive(Debug)]
pub struct NewCredential {
    /// The `client_id`.
    pub client: ClientId,
    /// The `client_secret`.
    pub secret: Sensitive<String>,
}

const fn secret_prefix(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "rcs_live",
        Mode::Test => "rcs_test",
    }
}

/// Adds a platform.
///
/// # Errors
/// `NameTaken` when the slug is in use; `Invalid` when it is not 2 to 40 characters of `a-z 0-9 -`, or the name is one that
/// nobody can see, a spreadsheet would calculate, or people would take for another's.
pub fn add(tx: &mut Unit<'_>, slug: &str, name: &str) -> Result<Platform> {
    let plain = slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !plain || !(2..=40).contains(&slug.len()) || slug.starts_with('-') {
        return Err(Error::invalid("/slug", Names::Slug));
    }
    if is_value(slug) {
        return Err(Error::invalid("/slug", Names::SlugIsValue));
    }
    let name = name::checked(name)?;
    // Of two that are added at once the second sees the first.
    dialect::bar_platforms(tx.conn())?;
    if find(tx, slug)?.is_some() {
        return Err(Conflict::NameTaken.into());
    }
    if let Some(other) = alike(tx, &name)? {
        let rule = Names::LookAlike { slug: other.slug, id: other.id.to_string() };
        return Err(Error::invalid("/name", rule));
    }
    let (id, created_at) = (PlatformId::random(), tx.now());
    let platform = Platform { id, slug: slug.to_owned(), name, created_at };
    let added = Event::PlatformAdded { platform: platform.id.clone() };
    let head = audit::begin(tx, &Owner::platform(&platform.id), &[added])?;
    let row = (
        platforms::id.eq(&platform.id),
        platforms::slug.eq(&platform.slug),
        platforms::name.eq(&platform.name),
        platforms::created_at.eq(platform.created_at),
        platforms::audit_seq.eq(head.seq),
        platforms::audit_head.eq(head.hash),
    );
    diesel::insert_into(platforms::table).values(row).execute(tx.conn()).map_err(Error::taken)?;
    Ok(platform)
}

/// A platform whose name people could take for this one. None ever goes: what is published keeps all of them.
fn alike(rx: &mut Look<'_>, name: &str) -> Result<Option<Platform>> {
    let all: Vec<Platform> = platforms::table.order(platforms::slug).select(Platform::as_select()).load(rx.conn())?;
    Ok(all.into_iter().find(|other| name::are_alike(name, &shown(&other.name, &other.slug))))
}

/// The platform with this slug.
pub fn find(rx: &mut Look<'_>, slug: &str) -> Result<Option<Platform>> {
    let query = platforms::table.filter(platforms::slug.eq(slug)).select(Platform::as_select());
    Ok(query.first(rx.conn()).optional()?)
}

/// All platforms by slug, each with its credentials.
pub fn list(rx: &mut Look<'_>) -> Result<Vec<(Platform, Vec<Client>)>> {
    let all: Vec<Platform> = platforms::table.order(platforms::slug).select(Platform::as_select()).load(rx.conn())?;
    all.into_iter()
        .map(|platform| {
            let clients = row::of_platform(rx, &platform.id)?;
            Ok((platform, clients))
        })
        .collect()
}

/// The names of all platforms for people, by their ids.
///
/// # Errors
/// What the database says.
pub fn names(rx: &mut Look<'_>) -> Result<BTreeMap<PlatformId, String>> {
    let all: Vec<Platform> = platforms::table.select(Platform::as_select()).load(rx.conn())?;
    Ok(all.into_iter().map(|platform| (platform.id.clone(), shown(&platform.name, &platform.slug))).collect())
}

/// Whether more than one platform has a credential that holds.
///
/// # Errors
/// When the database refuses.
pub fn are_several(rx: &mut Look<'_>) -> Result<bool> {
    let holds = |(_, clients): &(Platform, Vec<Client>)| clients.iter().any(|client| client.revoked_at.is_none());
    Ok(list(rx)?.iter().filter(|one| holds(one)).count() > 1)
}

/// Makes a credential for a platform.
pub fn add_client(tx: &mut Unit<'_>, platform: &Platform, mode: Mode, scopes: &[Scope]) -> Result<NewCredential> {
    let new = NewCredential { client: ClientId::random(), secret: new_token(secret_prefix(mode)) };
    let client = Client {
        id: new.client.clone(),
        platform_id: platform.id.clone(),
        mode,
        secret_hash: row::secret_hash(&tx.kit().keyring, &new.client, &new.secret),
        scopes: scope_text(scopes),
        epoch: 1,
        created_at: tx.now(),
        revoked_at: None,
    };
    row::insert(tx, &client)?;
    let added = Event::ClientAdded { client: new.client.clone(), mode: mode.as_str() };
    audit::record(tx, Owner::platform(&platform.id), added)?;
    Ok(new)
}

/// Replaces a credential's secret. The old one and every token made with it are void at once.
///
/// # Errors
/// `NotFound` when there is no such credential, or it was revoked.
pub(in crate::domain) fn rotate_client(tx: &mut Unit<'_>, id: &ClientId) -> Result<(Client, NewCredential)> {
    let mut client = living(tx, id)?;
    let new = NewCredential { client: id.clone(), secret: new_token(secret_prefix(client.mode)) };
    client.secret_hash = row::secret_hash(&tx.kit().keyring, id, &new.secret);
    client.epoch += 1;
    row::update(tx, &client)?;
    audit::record(tx, Owner::platform(&client.platform_id), Event::ClientRotated { client: id.clone() })?;
    Ok((client, new))
}

/// Gives a credential of an older database the secret back that it has had since, by its keyed hash, and its epoch. Each time
/// that the secret was replaced is on record then.
///
/// # Errors
/// `NotFound` when there is no such credential, or it was revoked.
pub(in crate::domain) fn bring_back_secret(
    tx: &mut Unit<'_>,
    id: &ClientId,
    epoch: i64,
    secret_hash: Vec<u8>,
) -> Result<Client> {
    let mut client = living(tx, id)?;
    while client.epoch < epoch {
        client.epoch += 1;
        audit::record(tx, Owner::platform(&client.platform_id), Event::ClientRotated { client: id.clone() })?;
    }
    client.secret_hash = secret_hash;
    row::update(tx, &client)?;
    Ok(client)
}

/// Changes what a credential may ask for. Its tokens lose at once what was taken away; what was added comes with the
/// next token.
///
/// # Errors
/// `NotFound` when there is no such credential, or it was revoked.
pub(in crate::domain) fn set_scopes(tx: &mut Unit<'_>, id: &ClientId, scopes: &[Scope]) -> Result<Client> {
    let mut client = living(tx, id)?;
    client.scopes = scope_text(scopes);
    row::update(tx, &client)?;
    let changed = Event::ClientScopesChanged { client: id.clone(), scopes: client.scopes.clone() };
    audit::record(tx, Owner::platform(&client.platform_id), changed)?;
    Ok(client)
}

/// Voids a credential and every token made with it, at once.
///
/// # Errors
/// `NotFound` when there is no such credential.
pub(in crate::domain) fn revoke_client(tx: &mut Unit<'_>, id: &ClientId) -> Result<Client> {
    let platform = row::to_revoke(tx, id)?.ok_or(Error::NotFound)?.platform_id;
    Owner::platform(&platform).lock(tx)?;
    let mut client = row::to_revoke(tx, id)?.ok_or(Error::NotFound)?;
    client.revoked_at = Some(tx.now());
    client.epoch += 1;
    row::update(tx, &client)?;
    audit::record(tx, Owner::platform(&client.platform_id), Event::ClientRevoked { client: id.clone() })?;
    Ok(client)
}

/// A credential's row. One that was changed outside the service is none.
pub fn client(rx: &mut Look<'_>, id: &ClientId) -> Result<Option<Client>> {
    row::find(rx, id)
}

/// Whether there is any platform.
pub fn is_any(rx: &mut Rx<'_>) -> Result<bool> {
    Ok(platforms::table.count().get_result::<i64>(rx.conn())? > 0)
}

/// Whether there is a credential of this id, whoever wrote its row and whether it holds or not.
pub fn is_known(rx: &mut Rx<'_>, id: &ClientId) -> Result<bool> {
    Ok(platform_clients::table.find(id).count().get_result::<i64>(rx.conn())? > 0)
}

/// A credential that was not revoked, after whoever changes another of the platform.
fn living(tx: &mut Unit<'_>, id: &ClientId) -> Result<Client> {
    let platform = client(tx, id)?.ok_or(Error::NotFound)?.platform_id;
    Owner::platform(&platform).lock(tx)?;
    client(tx, id)?.filter(|client| client.revoked_at.is_none()).ok_or(Error::NotFound)
}

/// Every credential that is as the service wrote it, revoked or not.
pub fn every_client(rx: &mut Look<'_>) -> Result<Vec<Client>> {
    row::every(rx)
}

/// Credentials whose rows are not as the service wrote them.
pub(in crate::domain) fn unproved(rx: &mut Look<'_>) -> Result<Vec<String>> {
    row::unproved(rx)
}

/// The client that this id and secret prove, unless it was revoked.
pub fn authenticate(rx: &mut Look<'_>, id: &str, secret: &Sensitive<String>) -> Result<Option<Client>> {
    let Ok(id) = id.parse::<ClientId>() else { return Ok(None) };
    let (found, keyring) = (client(rx, &id)?, &rx.kit().keyring);
    Ok(found.filter(|client| {
        let shaped = looks_like_token(secret_prefix(client.mode), secret.expose());
        let right = same(&row::secret_hash(keyring, &client.id, secret), &client.secret_hash);
        shaped && right && client.revoked_at.is_none()
    }))
}

/// The platform with this id.
pub fn get(rx: &mut Look<'_>, id: &PlatformId) -> Result<Option<Platform>> {
    Ok(platforms::table.find(id).select(Platform::as_select()).first(rx.conn()).optional()?)
}

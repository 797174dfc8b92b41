//! Accounts of people at services: who reads and answers in the inbox what was handed over, with a password and a second factor of
//! their own. An account belongs to one service, and is of real life: trials are for machines.

mod row;
mod session_row;
mod sessions;

use crate::base::id::{PartnerAccountId, ServiceId};
use crate::base::secret::{Sensitive, silent};
use crate::base::time::Timestamp;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::people::door::{self, Attempt, Holder, Tried, typed};
use crate::domain::unit::{Actor, Entry, Look, Unit};
use crate::domain::vault::{Owner, Sealed, Secret};
use crate::error::rules::Names;
use crate::error::{Conflict, Error, Result};

pub use sessions::{Opened, Session, forget_old_sessions, looks_like_session};
pub(in crate::domain) use sessions::{end as end_session, session_of, touch};

/// An open account, without its secrets.
#[derive(Clone)]
pub struct Account {
    /// Its id.
    pub id: PartnerAccountId,
    /// Its service.
    pub service: ServiceId,
    /// The name to sign in with.
    pub username: String,
    /// Whether they open again what somebody else at the service took on.
    pub coordinates: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When they said whom they know, be it nobody.
    pub declared_at: Option<Timestamp>,
    /// Keyed hashes of whom they know.
    pub(in crate::domain) walls: Option<Vec<u8>>,
}

silent! { Account }

/// What a new account needs. The password comes hashed: hashing is too slow for a transaction.
pub struct NewAccount {
    /// Its service.
    pub service: ServiceId,
    /// The name to sign in with: of the letters that names of colleagues are of.
    pub username: String,
    /// Whether they open again what somebody else at the service took on.
    pub coordinates: bool,
    /// The password as an Argon2id PHC string.
    pub password_hash: String,
    /// Whether they have the password from somebody: it ends at their first sign-in, with which they choose one.
    pub is_given: bool,
    /// The second factor's secret.
    pub totp_secret: Sensitive<Vec<u8>>,
}

silent! { NewAccount }

/// Makes an account.
///
/// # Errors
/// `NameTaken`, or `Invalid` for a name that cannot be typed safely.
pub fn add(tx: &mut Unit<'_>, new: NewAccount) -> Result<PartnerAccountId> {
    let username = typed::name(&new.username);
    if !typed::is_new_name(&username) {
        return Err(Error::invalid("/username", Names::Username));
    }
    Owner::service(&new.service).lock(tx)?;
    if row::id_named(tx, &username)?.is_some() {
        return Err(Conflict::NameTaken.into());
    }
    let id = PartnerAccountId::random();
    let row = row::Row {
        id: id.clone(),
        service_id: new.service.clone(),
        username,
        password_hash: new.password_hash,
        totp_secret: seal(tx, &new.service, &id, &new.totp_secret)?,
        coordinates: new.coordinates,
        epoch: 1,
        active: true,
        created_at: tx.now(),
        walls: None,
        declared_at: None,
    };
    row::insert(tx, &row)?;
    door::begin(tx, &row.holder(), new.is_given)?;
    let added = Event::PartnerAccountAdded { account: id.clone(), coordinates: new.coordinates };
    audit::record(tx, Owner::service(&new.service), added)?;
    Ok(id)
}

fn seal(
    tx: &mut Unit<'_>,
    service: &ServiceId,
    id: &PartnerAccountId,
    secret: &Sensitive<Vec<u8>>,
) -> Result<Sealed<Secret>> {
    tx.keys(Owner::service(service))?.sealing::<Secret>()?.seal("totp", id.as_str(), secret.expose())
}

/// The stored hash of the password of the open account with this name, as people type it.
pub fn password_hash(rx: &mut Look<'_>, username: &str) -> Result<Option<(PartnerAccountId, String)>> {
    Ok(typed_row(rx, username)?.map(|row| (row.id, row.password_hash)))
}

/// No account has the other names, and they are looked for all the same: time must not tell.
fn typed_row(rx: &mut Look<'_>, username: &str) -> Result<Option<row::Row>> {
    let username = typed::name(username);
    row::named(rx, if typed::is_name(&username) { &username } else { "" })
}

/// The open account with this name.
///
/// # Errors
/// `NotFound` when there is none.
pub fn named(rx: &mut Look<'_>, username: &str) -> Result<Account> {
    Ok(typed_row(rx, username)?.ok_or(Error::NotFound)?.account())
}

/// The open account with this id.
pub fn find(rx: &mut Look<'_>, id: &PartnerAccountId) -> Result<Option<Account>> {
    Ok(row::find(rx, id)?.filter(|row| row.active).map(row::Row::account))
}

/// The open accounts of a service, the oldest first.
pub fn of_service(rx: &mut Look<'_>, service: &ServiceId) -> Result<Vec<Account>> {
    Ok(row::of_service(rx, service)?.into_iter().map(row::Row::account).collect())
}

/// Since when the second factors of these accounts are closed of which they are.
pub fn closed_factors(rx: &mut Look<'_>) -> Result<Vec<(PartnerAccountId, Timestamp)>> {
    let of_partner = |(holder, at): (Holder, Timestamp)| match holder {
        Holder::Partner { account, .. } => Some((account, at)),
        Holder::Staff(_) => None,
    };
    Ok(door::closed(rx)?.into_iter().filter_map(of_partner).collect())
}

/// The accounts of a service that can come in: they are open, and so is their second factor.
///
/// # Errors
/// What the database says.
pub fn who_can_come_in(rx: &mut Look<'_>, service: &ServiceId) -> Result<Vec<Account>> {
    let closed = closed_factors(rx)?;
    let open = of_service(rx, service)?.into_iter();
    Ok(open.filter(|account| !closed.iter().any(|(id, _)| *id == account.id)).collect())
}

/// Somebody at the door: a session when name, password and code are right.
///
/// # Errors
/// What the database says.
pub fn come_in(entry: &mut Entry<'_>, attempt: &Attempt) -> Result<Tried<Opened>> {
    let tx = entry.open(Actor::unknown());
    let found = typed_row(tx, &attempt.username)?;
    let arriving = found.as_ref().map(row::Row::arriving);
    door::prove(tx, arriving.as_ref(), attempt)?.and(|()| {
        let row = found.ok_or_else(|| anyhow::anyhow!("the door proved nobody"))?;
        if let Some(chosen) = &attempt.chosen {
            row::change(tx, &row.id, |row| chosen.clone_into(&mut row.password_hash))?;
            let chosen = Event::PartnerPasswordChosen { account: row.id.clone() };
            audit::record(tx, Owner::service(&row.service_id), chosen)?;
        }
        sessions::open(tx, &row)
    })
}

/// Gives an account a new password and second factor; its sessions end.
///
/// # Errors
/// `NotFound` for an unknown account.
pub fn reset(tx: &mut Unit<'_>, username: &str, hash: &str, totp: &Sensitive<Vec<u8>>) -> Result<()> {
    let row = typed_row(tx, username)?.ok_or(Error::NotFound)?;
    door::lock(tx, &row.holder())?;
    let sealed = seal(tx, &row.service_id, &row.id, totp)?;
    row::change(tx, &row.id, |row| {
        hash.clone_into(&mut row.password_hash);
        row.totp_secret = sealed;
        row.epoch += 1;
    })?;
    sessions::end_all(tx, &row.id)?;
    door::renew(tx, &row.holder())?;
    audit::record(tx, Owner::service(&row.service_id), Event::PartnerAccountReset { account: row.id })
}

/// Opens the second factor of an account again. Says whether it was closed.
///
/// # Errors
/// `NotFound` for an unknown account.
pub fn open_second_factor(tx: &mut Unit<'_>, username: &str) -> Result<bool> {
    let holder = typed_row(tx, username)?.ok_or(Error::NotFound)?.holder();
    door::open_again(tx, &holder)
}

/// Closes an account and its sessions.
///
/// # Errors
/// `NotFound` for an unknown account.
pub fn close(tx: &mut Unit<'_>, username: &str) -> Result<()> {
    let id = row::id_named(tx, &typed::name(username))?.ok_or(Error::NotFound)?;
    close_one(tx, &id)
}

/// Closes an account that was closed before and is open in a database that was put back. Says whether it was.
///
/// # Errors
/// What the database says.
pub fn close_again(tx: &mut Unit<'_>, id: &PartnerAccountId) -> Result<bool> {
    let is_open = row::find(tx, id)?.is_some_and(|row| row.active);
    if is_open {
        close_one(tx, id)?;
    }
    Ok(is_open)
}

/// Closes all accounts of a service, whoever wrote their rows.
pub(in crate::domain) fn close_all(tx: &mut Unit<'_>, service: &ServiceId) -> Result<()> {
    for id in row::ids_of(tx, service)? {
        close_one(tx, &id)?;
    }
    Ok(())
}

fn close_one(tx: &mut Unit<'_>, id: &PartnerAccountId) -> Result<()> {
    let service = row::close(tx, id)?;
    sessions::end_all(tx, id)?;
    match service {
        Some(service) => {
            audit::record(tx, Owner::service(&service), Event::PartnerAccountClosed { account: id.clone() })
        }
        None => Ok(()),
    }
}

/// Closed accounts.
pub fn closed(rx: &mut Look<'_>) -> Result<Vec<PartnerAccountId>> {
    Ok(row::closed(rx)?.into_iter().map(|row| row.id).collect())
}

/// Keeps whom somebody says that they know, as keyed hashes, and that they said so.
pub(in crate::domain) fn set_walls(
    tx: &mut Unit<'_>,
    of: &Account,
    walls: Option<Vec<u8>>,
    people: usize,
) -> Result<()> {
    let now = tx.now();
    row::change(tx, &of.id, |row| {
        row.walls = walls;
        row.declared_at = row.declared_at.or(Some(now));
    })?;
    audit::record(tx, Owner::service(&of.service), Event::PartnerDeclared { account: of.id.clone(), people })
}

/// Accounts whose rows are not as the service wrote them.
pub(in crate::domain) fn unproved(rx: &mut Look<'_>) -> Result<Vec<String>> {
    row::unproved(rx)
}

/// Sessions whose rows are not as the service wrote them.
pub(in crate::domain) fn unproved_sessions(rx: &mut Look<'_>) -> Result<Vec<String>> {
    session_row::unproved(rx)
}

/// Open accounts whose row at the door is gone or was changed outside the service: nobody signs in with them.
pub(in crate::domain) fn changed_doors(rx: &mut Look<'_>) -> Result<Vec<String>> {
    let mut changed = Vec::new();
    for row in row::every(rx)? {
        if !door::holds_of(rx, &row.holder())? {
            changed.push(row.id.into_text());
        }
    }
    Ok(changed)
}

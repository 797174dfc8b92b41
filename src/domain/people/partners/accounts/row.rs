//! The row of an account: the one door to what it grants. Reading proves the row, and a change is made to a row that was proved and
//! sealed again. Whoever adds a column that grants something adds it to [`Row`], to its `covered` and to [`Read`].

use diesel::prelude::*;

use super::Account;
use crate::base::id::{PartnerAccountId, ServiceId};
use crate::base::time::Timestamp;
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::partner_accounts as table;
use crate::domain::people::door::{Arriving, Holder};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Covered, Keyring, Owner, Proved, Sealed, Secret, refuse};
use crate::error::{Error, Result};

/// What an account's row grants.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = table, treat_none_as_null = true)]
pub(super) struct Row {
    #[diesel(skip_update)]
    pub(super) id: PartnerAccountId,
    pub(super) service_id: ServiceId,
    pub(super) username: String,
    pub(super) password_hash: String,
    pub(super) totp_secret: Sealed<Secret>,
    /// Whether they open again what somebody else at the service took on.
    pub(super) coordinates: bool,
    pub(super) epoch: i64,
    pub(super) active: bool,
    pub(super) created_at: Timestamp,
    /// Keyed hashes of whom they know.
    pub(super) walls: Option<Vec<u8>>,
    /// When they said so, be it that they know nobody.
    pub(super) declared_at: Option<Timestamp>,
}

/// The row as it stands, damaged or not.
#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
pub(super) struct Read {
    id: Perhaps<String>,
    service_id: Perhaps<ServiceId>,
    username: Perhaps<String>,
    password_hash: Perhaps<String>,
    totp_secret: Perhaps<Sealed<Secret>>,
    coordinates: Perhaps<bool>,
    epoch: Perhaps<i64>,
    active: Perhaps<bool>,
    created_at: Perhaps<Timestamp>,
    walls: Perhaps<Option<Vec<u8>>>,
    declared_at: Perhaps<Option<Timestamp>>,
    mac: Perhaps<Vec<u8>>,
}

impl Row {
    fn covered(&self) -> Covered {
        let declared_at = self.declared_at.map(|at| at.micros().to_be_bytes());
        Covered::by("partner_accounts")
            .and(self.id.as_str())
            .and(self.service_id.as_str())
            .and(&self.username)
            .and(&self.password_hash)
            .and(self.totp_secret.stored())
            .number(self.coordinates)
            .number(self.epoch)
            .number(self.active)
            .number(self.created_at.micros())
            .perhaps(self.walls.as_deref())
            .perhaps(declared_at.as_ref().map(<[u8; 8]>::as_slice))
    }

    /// Whose door it is.
    pub(super) fn holder(&self) -> Holder {
        Holder::Partner { account: self.id.clone(), service: self.service_id.clone() }
    }

    /// Who it is.
    pub(super) fn account(self) -> Account {
        Account {
            id: self.id,
            service: self.service_id,
            username: self.username,
            coordinates: self.coordinates,
            created_at: self.created_at,
            declared_at: self.declared_at,
            walls: self.walls,
        }
    }

    /// What is compared at the door.
    pub(super) fn arriving(&self) -> Arriving<'_> {
        Arriving { holder: self.holder(), password_hash: &self.password_hash, totp_secret: &self.totp_secret }
    }
}

impl Read {
    /// The row, when the service wrote it so. Nothing, which is told, when it was changed or cannot be read.
    pub(super) fn proved(self, keyring: &Keyring) -> Option<Row> {
        let id = self.id.0.clone().unwrap_or_default();
        let mac = self.mac.0.clone().unwrap_or_default();
        let row = self.readable().filter(|row| row.covered().fits(keyring, &mac));
        if row.is_none() {
            refuse(keyring, Proved::PartnerAccount, &id);
        }
        row
    }

    fn readable(self) -> Option<Row> {
        Some(Row {
            id: self.id.0?.parse().ok()?,
            service_id: self.service_id.0?,
            username: self.username.0?,
            password_hash: self.password_hash.0?,
            totp_secret: self.totp_secret.0?,
            coordinates: self.coordinates.0?,
            epoch: self.epoch.0?,
            active: self.active.0?,
            created_at: self.created_at.0?,
            walls: self.walls.0?,
            declared_at: self.declared_at.0?,
        })
    }
}

/// The row of this account, open or closed.
pub(super) fn find(rx: &mut Look<'_>, id: &PartnerAccountId) -> Result<Option<Row>> {
    let keyring = &rx.kit().keyring;
    let read = table::table.find(id).select(Read::as_select()).first(rx.conn()).optional()?;
    Ok(read.and_then(|read: Read| read.proved(keyring)))
}

/// The row of the open account with this name.
pub(super) fn named(rx: &mut Look<'_>, username: &str) -> Result<Option<Row>> {
    let keyring = &rx.kit().keyring;
    let open = table::table.filter(table::username.eq(username).and(table::active.eq(true)));
    let read = open.select(Read::as_select()).first(rx.conn()).optional()?;
    Ok(read.and_then(|read: Read| read.proved(keyring)))
}

/// The id of the open account with this name, whoever wrote its row: for closing it.
pub(super) fn id_named(rx: &mut Look<'_>, username: &str) -> Result<Option<PartnerAccountId>> {
    let open = table::table.filter(table::username.eq(username).and(table::active.eq(true)));
    Ok(open.select(table::id).first(rx.conn()).optional()?)
}

/// The ids of a service's open accounts, whoever wrote their rows.
pub(super) fn ids_of(rx: &mut Look<'_>, service: &ServiceId) -> Result<Vec<PartnerAccountId>> {
    let open = table::table.filter(table::service_id.eq(service).and(table::active.eq(true)));
    Ok(readable(open.select(table::id).load(rx.conn())?))
}

/// A service's open accounts, the oldest first.
pub(super) fn of_service(rx: &mut Look<'_>, service: &ServiceId) -> Result<Vec<Row>> {
    let keyring = &rx.kit().keyring;
    let open = table::table.filter(table::service_id.eq(service).and(table::active.eq(true)));
    let read: Vec<Read> = open.order((table::created_at, table::id)).select(Read::as_select()).load(rx.conn())?;
    Ok(read.into_iter().filter_map(|read| read.proved(keyring)).collect())
}

/// Closed accounts that were closed by the service: one that somebody else wrote is remembered nowhere.
pub(super) fn closed(rx: &mut Look<'_>) -> Result<Vec<Row>> {
    let keyring = &rx.kit().keyring;
    let closed = table::table.filter(table::active.eq(false));
    let read: Vec<Read> = closed.select(Read::as_select()).load(rx.conn())?;
    Ok(read.into_iter().filter_map(|read| read.proved(keyring)).collect())
}

/// Writes the row of a new account.
///
/// # Errors
/// `NameTaken` where an open one has the name.
pub(super) fn insert(tx: &mut Unit<'_>, row: &Row) -> Result<()> {
    let mac = row.covered().proof(&tx.kit().keyring);
    diesel::insert_into(table::table).values((row, table::mac.eq(mac))).execute(tx.conn()).map_err(Error::taken)?;
    Ok(())
}

/// Changes a row that is as the service wrote it, and seals it again. Its service is locked until the transaction ends.
///
/// # Errors
/// `NotFound` when there is no such row, or somebody else wrote it: what they wrote is not made good by a change.
pub(super) fn change(tx: &mut Unit<'_>, id: &PartnerAccountId, change: impl FnOnce(&mut Row)) -> Result<()> {
    let service = find(tx, id)?.ok_or(Error::NotFound)?.service_id;
    Owner::service(&service).lock(tx)?;
    let mut row = find(tx, id)?.ok_or(Error::NotFound)?;
    change(&mut row);
    write(tx, &row)
}

fn write(tx: &mut Unit<'_>, row: &Row) -> Result<()> {
    let mac = row.covered().proof(&tx.kit().keyring);
    diesel::update(table::table.find(&row.id)).set((row, table::mac.eq(mac))).execute(tx.conn())?;
    Ok(())
}

/// Closes an account, whoever wrote its row: what is taken away needs no proof, and a closed row grants nothing. Says whose it was,
/// where that can be read.
pub(super) fn close(tx: &mut Unit<'_>, id: &PartnerAccountId) -> Result<Option<ServiceId>> {
    // The service first, as whoever changes an account does.
    if let Some(row) = readable_row(tx, id)? {
        Owner::service(&row.service_id).lock(tx)?;
    }
    if let Some(mut row) = readable_row(tx, id)? {
        row.active = false;
        row.epoch += 1;
        write(tx, &row)?;
        return Ok(Some(row.service_id));
    }
    let ended = (table::active.eq(false), table::epoch.eq(table::epoch + 1));
    diesel::update(table::table.find(id)).set(ended).execute(tx.conn())?;
    Ok(None)
}

fn readable_row(rx: &mut Look<'_>, id: &PartnerAccountId) -> Result<Option<Row>> {
    let read: Option<Read> = table::table.find(id).select(Read::as_select()).first(rx.conn()).optional()?;
    Ok(read.and_then(Read::readable))
}

/// The ids of open accounts whose rows are not as the service wrote them. One whose id cannot be read is named for that.
pub(super) fn unproved(rx: &mut Look<'_>) -> Result<Vec<String>> {
    let keyring = &rx.kit().keyring;
    let open = table::table.filter(table::active.eq(true)).order(table::id);
    let rows: Vec<(Perhaps<String>, Read)> = open.select((table::id, Read::as_select())).load(rx.conn())?;
    let unproved = |(id, read): (Perhaps<String>, Read)| match read.proved(keyring) {
        Some(_) => None,
        None => id.0,
    };
    Ok(rows.into_iter().filter_map(unproved).collect())
}

/// Every open account.
pub(super) fn every(rx: &mut Look<'_>) -> Result<Vec<Row>> {
    let keyring = &rx.kit().keyring;
    let open = table::table.filter(table::active.eq(true)).order(table::id);
    let read: Vec<Read> = open.select(Read::as_select()).load(rx.conn())?;
    Ok(read.into_iter().filter_map(|read| read.proved(keyring)).collect())
}

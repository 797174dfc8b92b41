//! The row of a service's credential: the one door to what it grants. Reading proves the row, and a change is made to a row that
//! was proved and sealed again. Whoever adds a column that grants something adds it to [`PartnerClient`], to its `covered` and to
//! [`Read`].

use diesel::prelude::*;

use super::{PartnerScope, parse_scopes};
use crate::base::id::{PartnerClientId, ServiceId};
use crate::base::secret::Sensitive;
use crate::base::time::Timestamp;
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::partner_clients;
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Covered, Keyring, Proved, refuse};
use crate::error::Result;

/// A credential's row, as the service wrote it.
#[derive(Clone, Debug, Insertable, AsChangeset)]
#[diesel(table_name = partner_clients, treat_none_as_null = true)]
pub struct PartnerClient {
    /// Its id: the `client_id`.
    #[diesel(skip_update)]
    pub id: PartnerClientId,
    /// Whose it is.
    pub service_id: ServiceId,
    /// Trial or real life.
    pub mode: Mode,
    pub(super) secret_hash: Vec<u8>,
    pub(super) scopes: String,
    /// Tokens of earlier epochs no longer count.
    pub epoch: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it is void.
    pub revoked_at: Option<Timestamp>,
}

/// The row as it stands, damaged or not.
#[derive(Queryable, Selectable)]
#[diesel(table_name = partner_clients)]
struct Read {
    id: Perhaps<String>,
    service_id: Perhaps<ServiceId>,
    mode: Perhaps<Mode>,
    secret_hash: Perhaps<Vec<u8>>,
    scopes: Perhaps<String>,
    epoch: Perhaps<i64>,
    created_at: Perhaps<Timestamp>,
    revoked_at: Perhaps<Option<Timestamp>>,
    mac: Perhaps<Vec<u8>>,
}

/// A secret as it is kept. The key is the keyring's, so that nobody else can make the hash of a secret of their own.
pub(super) fn secret_hash(keyring: &Keyring, id: &PartnerClientId, secret: &Sensitive<String>) -> Vec<u8> {
    keyring.keyed("partner-secret", &[id.as_str().as_bytes(), secret.expose().as_bytes()]).to_vec()
}

impl PartnerClient {
    /// The keyed hash of its secret.
    #[must_use]
    pub fn stored_secret(&self) -> &[u8] {
        &self.secret_hash
    }

    /// What it may ask for.
    #[must_use]
    pub fn scopes(&self) -> Vec<PartnerScope> {
        parse_scopes(&self.scopes).unwrap_or_default()
    }

    fn covered(&self) -> Covered {
        let revoked_at = self.revoked_at.map(|at| at.micros().to_be_bytes());
        Covered::by("partner_clients")
            .and(self.id.as_str())
            .and(self.service_id.as_str())
            .and(self.mode.as_str())
            .and(&self.secret_hash)
            .and(&self.scopes)
            .number(self.epoch)
            .number(self.created_at.micros())
            .perhaps(revoked_at.as_ref().map(<[u8; 8]>::as_slice))
    }
}

impl Read {
    /// The row, when the service wrote it so. Nothing, which is told, when it was changed or cannot be read.
    fn proved(self, keyring: &Keyring) -> Option<PartnerClient> {
        let id = self.id.0.clone().unwrap_or_default();
        let mac = self.mac.0.clone().unwrap_or_default();
        let client = self.readable().filter(|client| client.covered().fits(keyring, &mac));
        if client.is_none() {
            refuse(keyring, Proved::PartnerCredential, &id);
        }
        client
    }

    fn readable(self) -> Option<PartnerClient> {
        Some(PartnerClient {
            id: self.id.0?.parse().ok()?,
            service_id: self.service_id.0?,
            mode: self.mode.0?,
            secret_hash: self.secret_hash.0?,
            scopes: self.scopes.0?,
            epoch: self.epoch.0?,
            created_at: self.created_at.0?,
            revoked_at: self.revoked_at.0?,
        })
    }
}

/// A credential's row.
pub(super) fn find(rx: &mut Look<'_>, id: &PartnerClientId) -> Result<Option<PartnerClient>> {
    let keyring = &rx.kit().keyring;
    let read = partner_clients::table.find(id).select(Read::as_select()).first(rx.conn()).optional()?;
    Ok(read.and_then(|read: Read| read.proved(keyring)))
}

/// A credential's row whoever wrote it: for revoking it, since what is taken away needs no proof.
pub(super) fn to_revoke(rx: &mut Look<'_>, id: &PartnerClientId) -> Result<Option<PartnerClient>> {
    let read = partner_clients::table.find(id).select(Read::as_select()).first(rx.conn()).optional()?;
    Ok(read.and_then(Read::readable))
}

/// The ids of a service's credentials, whoever wrote their rows.
pub(super) fn ids_of(rx: &mut Look<'_>, service: &ServiceId) -> Result<Vec<PartnerClientId>> {
    let theirs = partner_clients::table.filter(partner_clients::service_id.eq(service));
    Ok(readable(theirs.select(partner_clients::id).load(rx.conn())?))
}

/// A service's credentials, the oldest first.
pub(super) fn of_service(rx: &mut Look<'_>, service: &ServiceId) -> Result<Vec<PartnerClient>> {
    let keyring = &rx.kit().keyring;
    let theirs = partner_clients::table.filter(partner_clients::service_id.eq(service));
    let oldest_first = theirs.order((partner_clients::created_at, partner_clients::id));
    let read: Vec<Read> = oldest_first.select(Read::as_select()).load(rx.conn())?;
    Ok(read.into_iter().filter_map(|read| read.proved(keyring)).collect())
}

/// The credentials of all services.
pub(super) fn every(rx: &mut Look<'_>) -> Result<Vec<PartnerClient>> {
    let keyring = &rx.kit().keyring;
    let read: Vec<Read> = partner_clients::table.select(Read::as_select()).load(rx.conn())?;
    Ok(read.into_iter().filter_map(|read| read.proved(keyring)).collect())
}

/// Writes the row of a new credential.
pub(super) fn insert(tx: &mut Unit<'_>, client: &PartnerClient) -> Result<()> {
    let mac = client.covered().proof(&tx.kit().keyring);
    diesel::insert_into(partner_clients::table).values((client, partner_clients::mac.eq(mac))).execute(tx.conn())?;
    Ok(())
}

/// Writes what has changed of a row that [`find`] has proved, and seals it again.
pub(super) fn update(tx: &mut Unit<'_>, client: &PartnerClient) -> Result<()> {
    let mac = client.covered().proof(&tx.kit().keyring);
    diesel::update(partner_clients::table.find(&client.id))
        .set((client, partner_clients::mac.eq(mac)))
        .execute(tx.conn())?;
    Ok(())
}

/// The ids of credentials whose rows are not as the service wrote them. One whose id cannot be read is named for that.
pub(super) fn unproved(rx: &mut Look<'_>) -> Result<Vec<String>> {
    let keyring = &rx.kit().keyring;
    let rows: Vec<(Perhaps<String>, Read)> = partner_clients::table
        .order(partner_clients::id)
        .select((partner_clients::id, Read::as_select()))
        .load(rx.conn())?;
    let unproved = |(id, read): (Perhaps<String>, Read)| match read.proved(keyring) {
        Some(_) => None,
        None => id.0,
    };
    Ok(rows.into_iter().filter_map(unproved).collect())
}

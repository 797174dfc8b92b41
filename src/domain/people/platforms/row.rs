//! The row of a credential: the one door to what it grants. Reading proves the row, and a change is made to a row that was
//! proved and sealed again. Whoever adds a column that grants something adds it to [`Client`], to its `covered` and to
//! [`Read`].

use diesel::prelude::*;

use super::Client;
use crate::base::id::{ClientId, PlatformId};
use crate::base::secret::Sensitive;
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::platform_clients;
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Covered, Keyring, Proved, refuse};
use crate::error::Result;

/// The row as it stands, damaged or not.
#[derive(Queryable, Selectable)]
#[diesel(table_name = platform_clients)]
struct Read {
    id: Perhaps<String>,
    platform_id: Perhaps<PlatformId>,
    mode: Perhaps<Mode>,
    secret_hash: Perhaps<Vec<u8>>,
    scopes: Perhaps<String>,
    epoch: Perhaps<i64>,
    created_at: Perhaps<Timestamp>,
    revoked_at: Perhaps<Option<Timestamp>>,
    mac: Perhaps<Vec<u8>>,
}

/// A secret as it is kept. The key is the keyring's, so that nobody else can make the hash of a secret of their own.
pub(super) fn secret_hash(keyring: &Keyring, id: &ClientId, secret: &Sensitive<String>) -> Vec<u8> {
    keyring.keyed("client-secret", &[id.as_str().as_bytes(), secret.expose().as_bytes()]).to_vec()
}

impl Client {
    fn covered(&self) -> Covered {
        let revoked_at = self.revoked_at.map(|at| at.micros().to_be_bytes());
        Covered::by("platform_clients")
            .and(self.id.as_str())
            .and(self.platform_id.as_str())
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
    fn proved(self, keyring: &Keyring) -> Option<Client> {
        let id = self.id.0.clone().unwrap_or_default();
        let mac = self.mac.0.clone().unwrap_or_default();
        let client = self.readable().filter(|client| client.covered().fits(keyring, &mac));
        if client.is_none() {
            refuse(keyring, Proved::Credential, &id);
        }
        client
    }

    fn readable(self) -> Option<Client> {
        Some(Client {
            id: self.id.0?.parse().ok()?,
            platform_id: self.platform_id.0?,
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
pub(super) fn find(rx: &mut Look<'_>, id: &ClientId) -> Result<Option<Client>> {
    let keyring = &rx.kit().keyring;
    let read = platform_clients::table.find(id).select(Read::as_select()).first(rx.conn()).optional()?;
    Ok(read.and_then(|read: Read| read.proved(keyring)))
}

/// A credential's row whoever wrote it: for revoking it, since what is taken away needs no proof.
pub(super) fn to_revoke(rx: &mut Look<'_>, id: &ClientId) -> Result<Option<Client>> {
    let read = platform_clients::table.find(id).select(Read::as_select()).first(rx.conn()).optional()?;
    Ok(read.and_then(Read::readable))
}

/// A platform's credentials, the oldest first.
pub(super) fn of_platform(rx: &mut Look<'_>, platform: &PlatformId) -> Result<Vec<Client>> {
    let keyring = &rx.kit().keyring;
    let theirs = platform_clients::table.filter(platform_clients::platform_id.eq(platform));
    let read: Vec<Read> = theirs.order(platform_clients::created_at).select(Read::as_select()).load(rx.conn())?;
    Ok(read.into_iter().filter_map(|read| read.proved(keyring)).collect())
}

/// The credentials of all platforms.
pub(super) fn every(rx: &mut Look<'_>) -> Result<Vec<Client>> {
    let keyring = &rx.kit().keyring;
    let read: Vec<Read> = platform_clients::table.select(Read::as_select()).load(rx.conn())?;
    Ok(read.into_iter().filter_map(|read| read.proved(keyring)).collect())
}

/// Writes the row of a new credential.
pub(super) fn insert(tx: &mut Unit<'_>, client: &Client) -> Result<()> {
    let mac = client.covered().proof(&tx.kit().keyring);
    diesel::insert_into(platform_clients::table).values((client, platform_clients::mac.eq(mac))).execute(tx.conn())?;
    Ok(())
}

/// Writes what has changed of a row that [`find`] has proved, and seals it again.
pub(super) fn update(tx: &mut Unit<'_>, client: &Client) -> Result<()> {
    let mac = client.covered().proof(&tx.kit().keyring);
    diesel::update(platform_clients::table.find(&client.id))
        .set((client, platform_clients::mac.eq(mac)))
        .execute(tx.conn())?;
    Ok(())
}

/// The ids of credentials whose rows are not as the service wrote them. One whose id cannot be read is named for that.
pub(super) fn unproved(rx: &mut Look<'_>) -> Result<Vec<String>> {
    let keyring = &rx.kit().keyring;
    let rows: Vec<(Perhaps<String>, Read)> = platform_clients::table
        .order(platform_clients::id)
        .select((platform_clients::id, Read::as_select()))
        .load(rx.conn())?;
    let unproved = |(id, read): (Perhaps<String>, Read)| match read.proved(keyring) {
        Some(_) => None,
        None => id.0,
    };
    Ok(rows.into_iter().filter_map(unproved).collect())
}

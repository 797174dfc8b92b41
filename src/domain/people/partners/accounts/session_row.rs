//! The row of a session: the one door to what it grants. Whoever adds a column that grants something adds it to [`Row`], to its
//! `covered` and to [`Read`].

use diesel::prelude::*;

use crate::base::id::{PartnerAccountId, SessionId};
use crate::base::secret::Sensitive;
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::partner_sessions as table;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Covered, Keyring, Proved, refuse};
use crate::error::Result;

/// What a session's row grants. When it was last used is not covered: that changes with each minute, and only keeps it from going
/// idle before it ends.
#[derive(Insertable)]
#[diesel(table_name = table)]
pub(super) struct Row {
    pub(super) id: SessionId,
    pub(super) token_hash: Vec<u8>,
    pub(super) account_id: PartnerAccountId,
    pub(super) epoch: i64,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

/// The row as it stands, damaged or not.
#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
pub(super) struct Read {
    id: Perhaps<String>,
    token_hash: Perhaps<Vec<u8>>,
    account_id: Perhaps<PartnerAccountId>,
    epoch: Perhaps<i64>,
    created_at: Perhaps<Timestamp>,
    expires_at: Perhaps<Timestamp>,
    mac: Perhaps<Vec<u8>>,
}

/// A token as it is kept. The key is the keyring's, so that nobody else can make the hash of a token of their own.
pub(super) fn token_hash(keyring: &Keyring, token: &Sensitive<String>) -> Vec<u8> {
    keyring.keyed("inbox-token", &[token.expose().as_bytes()]).to_vec()
}

impl Row {
    fn covered(&self) -> Covered {
        Covered::by("partner_sessions")
            .and(self.id.as_str())
            .and(&self.token_hash)
            .and(self.account_id.as_str())
            .number(self.epoch)
            .number(self.created_at.micros())
            .number(self.expires_at.micros())
    }
}

impl Read {
    /// The row, when the service wrote it so. Nothing, which is told, when it was changed or cannot be read.
    pub(super) fn proved(self, keyring: &Keyring) -> Option<Row> {
        let id = self.id.0.clone().unwrap_or_default();
        let mac = self.mac.0.clone().unwrap_or_default();
        let row = self.readable().filter(|row| row.covered().fits(keyring, &mac));
        if row.is_none() {
            refuse(keyring, Proved::PartnerSession, &id);
        }
        row
    }

    fn readable(self) -> Option<Row> {
        Some(Row {
            id: self.id.0?.parse().ok()?,
            token_hash: self.token_hash.0?,
            account_id: self.account_id.0?,
            epoch: self.epoch.0?,
            created_at: self.created_at.0?,
            expires_at: self.expires_at.0?,
        })
    }
}

/// Writes the row of a session that begins now.
pub(super) fn insert(tx: &mut Unit<'_>, row: &Row) -> Result<()> {
    let mac = row.covered().proof(&tx.kit().keyring);
    let rest = (table::seen_at.eq(tx.now()), table::mac.eq(mac));
    diesel::insert_into(table::table).values((row, rest)).execute(tx.conn())?;
    Ok(())
}

/// The ids of sessions whose rows are not as the service wrote them. One whose id cannot be read is named for that.
pub(super) fn unproved(rx: &mut Look<'_>) -> Result<Vec<String>> {
    let keyring = &rx.kit().keyring;
    let rows: Vec<(Perhaps<String>, Read)> =
        table::table.order(table::id).select((table::id, Read::as_select())).load(rx.conn())?;
    let unproved = |(id, read): (Perhaps<String>, Read)| match read.proved(keyring) {
        Some(_) => None,
        None => id.0,
    };
    Ok(rows.into_iter().filter_map(unproved).collect())
}

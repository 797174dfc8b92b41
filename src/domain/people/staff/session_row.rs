//! The row of a session: the one door to what it grants. Whoever adds a column that grants something adds it to [`Row`], to
//! its [`Row::covered`] and to [`Read`].

use diesel::prelude::*;

use crate::base::code::codes;
use crate::base::id::{SessionId, StaffId};
use crate::base::secret::{Sensitive, looks_like_token};
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::staff_sessions;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Covered, Keyring, Proved, refuse};
use crate::error::Result;

codes! {
    /// What carries a session. A token of one is nothing to the other: what a page leaves in a browser opens no API, and a
    /// tool's token in a cookie opens no page.
    pub enum Carrier {
        /// A tool, with a bearer token.
        Api = "api",
        /// A browser, with a cookie.
        Page = "page",
    }
}

impl Carrier {
    /// What its tokens begin with.
    pub(super) const fn prefix(self) -> &'static str {
        if matches!(self, Self::Page) { "rcs_page" } else { "rcs_staff" }
    }

    /// The carrier whose tokens have the form of this text.
    pub(super) fn of(token: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|carrier| looks_like_token(carrier.prefix(), token))
    }
}

/// What a session's row grants. When it was last used is not covered: that changes with each minute, and only keeps it
/// from going idle before it ends.
#[derive(Insertable)]
#[diesel(table_name = staff_sessions)]
pub(super) struct Row {
    pub(super) id: SessionId,
    pub(super) token_hash: Vec<u8>,
    pub(super) staff_id: StaffId,
    pub(super) epoch: i64,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) kind: Carrier,
}

/// The row as it stands, damaged or not.
#[derive(Queryable, Selectable)]
#[diesel(table_name = staff_sessions)]
pub(super) struct Read {
    id: Perhaps<String>,
    token_hash: Perhaps<Vec<u8>>,
    staff_id: Perhaps<StaffId>,
    epoch: Perhaps<i64>,
    created_at: Perhaps<Timestamp>,
    expires_at: Perhaps<Timestamp>,
    kind: Perhaps<Carrier>,
    mac: Perhaps<Vec<u8>>,
}

/// A token as it is kept. The key is the keyring's, so that nobody else can make the hash of a token of their own.
pub(super) fn token_hash(keyring: &Keyring, token: &Sensitive<String>) -> Vec<u8> {
    keyring.keyed("session-token", &[token.expose().as_bytes()]).to_vec()
}

impl Row {
    fn covered(&self) -> Covered {
        let covered = Covered::by("staff_sessions")
            .and(self.id.as_str())
            .and(&self.token_hash)
            .and(self.staff_id.as_str())
            .number(self.epoch)
            .number(self.created_at.micros())
            .number(self.expires_at.micros());
        match self.kind {
            // As it was before there were others, so that sessions outlive a new version of the program.
            Carrier::Api => covered,
            Carrier::Page => covered.and(self.kind.as_str()),
        }
    }
}

impl Read {
    /// The row, when the service wrote it so. Nothing, which is told, when it was changed or cannot be read.
    pub(super) fn proved(self, keyring: &Keyring) -> Option<Row> {
        let id = self.id.0.clone().unwrap_or_default();
        let mac = self.mac.0.clone().unwrap_or_default();
        let row = self.readable().filter(|row| row.covered().fits(keyring, &mac));
        if row.is_none() {
            refuse(keyring, Proved::Session, &id);
        }
        row
    }

    fn readable(self) -> Option<Row> {
        Some(Row {
            id: self.id.0?.parse().ok()?,
            token_hash: self.token_hash.0?,
            staff_id: self.staff_id.0?,
            epoch: self.epoch.0?,
            created_at: self.created_at.0?,
            expires_at: self.expires_at.0?,
            kind: self.kind.0?,
        })
    }
}

/// Writes the row of a session that begins now.
pub(super) fn insert(tx: &mut Unit<'_>, row: &Row) -> Result<()> {
    let mac = row.covered().proof(&tx.kit().keyring);
    let rest = (staff_sessions::seen_at.eq(tx.now()), staff_sessions::mac.eq(mac));
    diesel::insert_into(staff_sessions::table).values((row, rest)).execute(tx.conn())?;
    Ok(())
}

/// The ids of sessions whose rows are not as the service wrote them. One whose id cannot be read is named for that.
pub(super) fn unproved(rx: &mut Look<'_>) -> Result<Vec<String>> {
    let keyring = &rx.kit().keyring;
    let rows: Vec<(Perhaps<String>, Read)> = staff_sessions::table
        .order(staff_sessions::id)
        .select((staff_sessions::id, Read::as_select()))
        .load(rx.conn())?;
    let unproved = |(id, read): (Perhaps<String>, Read)| match read.proved(keyring) {
        Some(_) => None,
        None => id.0,
    };
    Ok(rows.into_iter().filter_map(unproved).collect())
}

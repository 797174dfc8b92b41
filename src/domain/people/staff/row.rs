//! The row of an account: the one door to what it grants. Reading proves the row, and a change is made to a row that was
//! proved and sealed again. Whoever adds a column that grants something adds it to [`Row`], to its [`Row::covered`] and to
//! [`Read`].

use diesel::prelude::*;

use super::{Member, Role, queue_list};
use crate::base::id::StaffId;
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::staff;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Covered, Keyring, Owner, Proved, Sealed, Secret, refuse};
use crate::error::{Error, Result};

/// What an account's row grants.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = staff, treat_none_as_null = true)]
pub(super) struct Row {
    #[diesel(skip_update)]
    pub(super) id: StaffId,
    pub(super) username: String,
    pub(super) role: Role,
    pub(super) queues: String,
    pub(super) password_hash: String,
    pub(super) totp_secret: Sealed<Secret>,
    pub(super) epoch: i64,
    pub(super) active: bool,
    pub(super) created_at: Timestamp,
    pub(super) mail: Option<Sealed<Secret>>,
    pub(super) person: StaffId,
    /// The keyed hash over what they declared.
    pub(super) declared_mac: Vec<u8>,
}

/// The row as it stands, damaged or not.
#[derive(Queryable, Selectable)]
#[diesel(table_name = staff)]
pub(super) struct Read {
    id: Perhaps<String>,
    username: Perhaps<String>,
    role: Perhaps<Role>,
    queues: Perhaps<String>,
    password_hash: Perhaps<String>,
    totp_secret: Perhaps<Sealed<Secret>>,
    epoch: Perhaps<i64>,
    active: Perhaps<bool>,
    created_at: Perhaps<Timestamp>,
    mail: Perhaps<Option<Sealed<Secret>>>,
    person: Perhaps<String>,
    declared_mac: Perhaps<Vec<u8>>,
    mac: Perhaps<Vec<u8>>,
}

impl Row {
    fn covered(&self) -> Covered {
        Covered::by("staff")
            .and(self.id.as_str())
            .and(&self.username)
            .and(self.role.as_str())
            .and(&self.queues)
            .and(&self.password_hash)
            .and(self.totp_secret.stored())
            .number(self.epoch)
            .number(self.active)
            .number(self.created_at.micros())
            .perhaps(self.mail.as_ref().map(Sealed::stored))
            .and(self.person.as_str())
            .and(&self.declared_mac)
    }

    /// Who it is, for whoever shows them cases: nobody whose walls do not stand as they were declared has a queue.
    pub(super) fn behind_walls(&self, keyring: &Keyring, stands: &[u8]) -> Member {
        let mut member = self.member();
        if self.declared_mac != stands {
            refuse(keyring, Proved::Declared, self.id.as_str());
            member.queues.clear();
        }
        member
    }

    /// Who it is.
    pub(super) fn member(&self) -> Member {
        let (id, username, person) = (self.id.clone(), self.username.clone(), self.person.clone());
        Member { id, username, role: self.role, queues: queue_list(&self.queues), person }
    }
}

impl Read {
    /// The row, when the service wrote it so. Nothing, which is told, when it was changed or cannot be read: one such row
    /// keeps nobody else from their work.
    pub(super) fn proved(self, keyring: &Keyring) -> Option<Row> {
        let id = self.id.0.clone().unwrap_or_default();
        let mac = self.mac.0.clone().unwrap_or_default();
        let row = self.readable().filter(|row| row.covered().fits(keyring, &mac));
        if row.is_none() {
            refuse(keyring, Proved::Account, &id);
        }
        row
    }

    fn readable(self) -> Option<Row> {
        Some(Row {
            id: self.id.0?.parse().ok()?,
            username: self.username.0?,
            role: self.role.0?,
            queues: self.queues.0?,
            password_hash: self.password_hash.0?,
            totp_secret: self.totp_secret.0?,
            epoch: self.epoch.0?,
            active: self.active.0?,
            created_at: self.created_at.0?,
            mail: self.mail.0?,
            person: self.person.0?.parse().ok()?,
            declared_mac: self.declared_mac.0?,
        })
    }
}

/// The row of this account, open or closed.
pub(super) fn find(rx: &mut Look<'_>, id: &StaffId) -> Result<Option<Row>> {
    let keyring = &rx.kit().keyring;
    let read = staff::table.find(id).select(Read::as_select()).first(rx.conn()).optional()?;
    Ok(read.and_then(|read: Read| read.proved(keyring)))
}

/// The row of the open account with this name.
pub(super) fn named(rx: &mut Look<'_>, username: &str) -> Result<Option<Row>> {
    let keyring = &rx.kit().keyring;
    let open = staff::table.filter(staff::username.eq(username).and(staff::active.eq(true)));
    let read = open.select(Read::as_select()).first(rx.conn()).optional()?;
    Ok(read.and_then(|read: Read| read.proved(keyring)))
}

/// Writes the row of a new account, with the head of its chain.
pub(super) fn insert(tx: &mut Unit<'_>, row: &Row, head: &crate::domain::ledger::audit::Head) -> Result<()> {
    let mac = row.covered().proof(&tx.kit().keyring);
    let rest = (staff::audit_seq.eq(head.seq), staff::audit_head.eq(&head.hash), staff::mac.eq(mac));
    diesel::insert_into(staff::table).values((row, rest)).execute(tx.conn()).map_err(Error::taken)?;
    Ok(())
}

/// Changes a row that is as the service wrote it, and seals it again. The row is locked until the transaction ends.
///
/// # Errors
/// `NotFound` when there is no such row, or somebody else wrote it: what they wrote is not made good by a change.
pub(super) fn change(tx: &mut Unit<'_>, id: &StaffId, change: impl FnOnce(&mut Row)) -> Result<()> {
    Owner::staff(id).lock(tx)?;
    let mut row = find(tx, id)?.ok_or(Error::NotFound)?;
    change(&mut row);
    write(tx, &row)
}

fn write(tx: &mut Unit<'_>, row: &Row) -> Result<()> {
    let mac = row.covered().proof(&tx.kit().keyring);
    diesel::update(staff::table.find(&row.id)).set((row, staff::mac.eq(mac))).execute(tx.conn())?;
    Ok(())
}

/// Closes an account, whoever wrote its row: what is taken away needs no proof, and a closed row grants nothing.
pub(super) fn close(tx: &mut Unit<'_>, id: &StaffId) -> Result<()> {
    Owner::staff(id).lock(tx)?;
    let read: Option<Read> = staff::table.find(id).select(Read::as_select()).first(tx.conn()).optional()?;
    if let Some(mut row) = read.and_then(Read::readable) {
        row.active = false;
        row.epoch += 1;
        return write(tx, &row);
    }
    let ended = (staff::active.eq(false), staff::epoch.eq(staff::epoch + 1));
    diesel::update(staff::table.find(id)).set(ended).execute(tx.conn())?;
    Ok(())
}

/// The ids of open accounts whose rows are not as the service wrote them. One whose id cannot be read is named for that.
pub(super) fn unproved(rx: &mut Look<'_>) -> Result<Vec<String>> {
    let keyring = &rx.kit().keyring;
    let open = staff::table.filter(staff::active.eq(true)).order(staff::id);
    let rows: Vec<(Perhaps<String>, Read)> = open.select((staff::id, Read::as_select())).load(rx.conn())?;
    let unproved = |(id, read): (Perhaps<String>, Read)| match read.proved(keyring) {
        Some(_) => None,
        None => id.0,
    };
    Ok(rows.into_iter().filter_map(unproved).collect())
}

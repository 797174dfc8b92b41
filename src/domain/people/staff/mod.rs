//! Staff accounts: who works here, in which role, with which queues, and what they declared about themselves so that
//! they never meet a case of their own.

mod coming_in;
mod declarations;
mod declared_set;
mod names;
mod row;
mod session_row;
mod sessions;

use std::collections::BTreeSet;

use diesel::prelude::*;

pub use coming_in::closed_factors;
pub(in crate::domain) use coming_in::{changed_doors, lock_door, open_second_factor, prove, shut_out, sign_in};
pub(in crate::domain) use declarations::{
    Declaration, declare, declare_case, drop_first, fallen_walls, is_left_by_anybody, renew as renew_declarations,
    stand_on_first_rules, to_declare_again,
};
pub use declarations::{count_declared, declared};
pub use names::{every_name, names};
pub use session_row::Carrier;
pub use sessions::{
    Account, Living, Opened, Session, Sitting, Which, account, account_of, forget_old_sessions, looks_like_session,
    open_session, sessions_of,
};
pub(in crate::domain) use sessions::{
    end_session, end_sessions, is_signed_in, session_of, set_letter_keys, touch, was_here_since,
};

use crate::base::code::codes;
use crate::base::id::StaffId;
use crate::base::secret::Sensitive;
use crate::base::time::Timestamp;
use crate::db::Rx;
use crate::db::schema::{staff, staff_sessions};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::people::door::typed;
use crate::domain::triage::Queue;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Owner, Sealed, Secret};
use crate::error::rules::Names;
use crate::error::{Conflict, Error, Result};

codes! {
    /// What a colleague does here. The rights of each are the table in `domain::access`.
    pub enum Role {
        /// Triages the queues on their list.
        Advocate = "advocate",
        /// Also hands out cases and signs as the second person.
        Lead = "lead",
        /// As a lead; also answers for children and for walls.
        SafeguardingLead = "safeguarding_lead",
        /// Reads what was done, never what people said.
        Auditor = "auditor",
        /// Keeps accounts; sees no case.
        Administrator = "administrator",
    }
}

/// A staff account without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: StaffId,
    /// The name to sign in with.
    pub username: String,
    /// What they do here.
    pub role: Role,
    /// The queues on their list.
    pub queues: Vec<Queue>,
    /// The human behind it, by the id of their first account: who has two is one person wherever two are asked for.
    pub person: StaffId,
}

/// What a new account needs. The password comes hashed: hashing is too slow for a transaction.
#[derive(Debug)]
pub struct NewMember {
    /// 2 to 60 characters of `a-z 0-9 . - _ @`, the first a letter or digit; capitals are taken for small letters.
    pub username: String,
    /// What they will do here.
    pub role: Role,
    /// Their queues; leads see all, so an empty list means the usual ones of the role.
    pub queues: Vec<Queue>,
    /// The password as an Argon2id PHC string.
    pub password_hash: String,
    /// Whether they have the password from somebody: it ends at their first sign-in, with which they choose one.
    pub is_given: bool,
    /// The second factor's secret, 20 random bytes.
    pub totp_secret: Sensitive<Vec<u8>>,
    /// An open account of the same human; none when this is their first.
    pub same_person_as: Option<String>,
}

/// The queues of an account that was given none: children only for those whose role answers for them.
#[must_use]
fn usual_queues(role: Role) -> Vec<Queue> {
    Queue::ALL
        .iter()
        .copied()
        .filter(|queue| match role {
            Role::Advocate => *queue != Queue::Children,
            Role::Lead | Role::SafeguardingLead | Role::Auditor => true,
            Role::Administrator => false,
        })
        .collect()
}

/// Makes an account.
///
/// # Errors
/// `NameTaken`, `Invalid` for a name that cannot be typed safely, or `NotFound` when nobody has the account of the same
/// human.
pub fn add(tx: &mut Unit<'_>, new: NewMember) -> Result<Member> {
    let username = typed::name(&new.username);
    if !typed::is_new_name(&username) {
        return Err(Error::invalid("/username", Names::Username));
    }
    if account(tx, &username)?.is_some() {
        return Err(Conflict::NameTaken.into());
    }
    let before = free_name(tx, &username)?;
    let id = StaffId::random();
    let queues = if new.queues.is_empty() { usual_queues(new.role) } else { new.queues };
    let sealed = seal_totp(tx, &id, &new.totp_secret)?;
    let person = match &new.same_person_as {
        Some(name) => account(tx, name)?.ok_or(Error::NotFound)?.member.person,
        None => id.clone(),
    };
    let added = Event::StaffAdded { role: new.role.as_str(), person: person.clone() };
    let head = audit::begin(tx, &Owner::staff(&id), &[added])?;
    let row = row::Row {
        id: id.clone(),
        username: username.clone(),
        role: new.role,
        queues: queue_text(&queues),
        password_hash: new.password_hash,
        totp_secret: sealed,
        epoch: 1,
        active: true,
        created_at: tx.now(),
        mail: None,
        person: person.clone(),
        declared_mac: declared_set::of_nothing(&tx.kit().keyring, &id),
    };
    row::insert(tx, &row, &head)?;
    coming_in::begin(tx, &id, new.is_given)?;
    if let Some(before) = before {
        declarations::hand_on(tx, &before, &id)?;
    }
    Ok(Member { id, username, role: new.role, queues, person })
}

/// Takes the name from a closed account that has it yet, and says which one that was. Its record stands under its id and
/// stays as it is.
fn free_name(tx: &mut Unit<'_>, username: &str) -> Result<Option<StaffId>> {
    let closed = staff::table.filter(staff::username.eq(username).and(staff::active.eq(false)));
    let id: Option<StaffId> = closed.select(staff::id).first(tx.conn()).optional()?;
    if let Some(id) = &id {
        // Nobody can type this, so it is nobody's.
        let put_by = format!("{username}#{id}");
        match row::change(tx, id, |row| row.username.clone_from(&put_by)) {
            // What somebody else wrote is not made good by this, and keeps the name from nobody.
            Err(Error::NotFound) => {
                diesel::update(staff::table.find(id)).set(staff::username.eq(&put_by)).execute(tx.conn())?;
            }
            changed => changed?,
        }
    }
    Ok(id)
}

fn seal_totp(tx: &mut Unit<'_>, id: &StaffId, secret: &Sensitive<Vec<u8>>) -> Result<Sealed<Secret>> {
    let sealed = tx.keys(Owner::staff(id))?.sealing::<Secret>()?.seal("totp", id.as_str(), secret.expose())?;
    Ok(sealed)
}

/// Gives an account a new password and second factor; its sessions no longer count. Its door is locked.
pub(in crate::domain) fn set_credentials(
    tx: &mut Unit<'_>,
    found: &Account,
    hash: &str,
    totp: &Sensitive<Vec<u8>>,
) -> Result<()> {
    let id = &found.member.id;
    let sealed = seal_totp(tx, id, totp)?;
    row::change(tx, id, |row| {
        hash.clone_into(&mut row.password_hash);
        row.totp_secret = sealed;
        row.epoch += 1;
    })?;
    coming_in::renew(tx, id)?;
    audit::record(tx, Owner::staff(id), Event::StaffCredentialsReset)
}

/// Closes an account and its sessions.
pub(in crate::domain) fn close(tx: &mut Unit<'_>, id: &StaffId) -> Result<()> {
    row::close(tx, id)?;
    diesel::delete(staff_sessions::table.filter(staff_sessions::staff_id.eq(id))).execute(tx.conn())?;
    audit::record(tx, Owner::staff(id), Event::StaffClosed)
}

/// The open account with this name, whoever wrote its row: for closing it.
pub(in crate::domain) fn to_close(rx: &mut Look<'_>, username: &str) -> Result<Option<StaffId>> {
    let open = staff::table.filter(staff::username.eq(typed::name(username)).and(staff::active.eq(true)));
    Ok(open.select(staff::id).first(rx.conn()).optional()?)
}

/// Whether the account is open, whoever wrote its row.
pub(in crate::domain) fn is_open(rx: &mut Look<'_>, id: &StaffId) -> Result<bool> {
    let open = staff::table.find(id).filter(staff::active.eq(true));
    Ok(open.count().get_result::<i64>(rx.conn())? > 0)
}

/// Closed accounts that the service closed: one that somebody else wrote is remembered nowhere.
pub fn closed(rx: &mut Look<'_>) -> Result<Vec<StaffId>> {
    let keyring = &rx.kit().keyring;
    let closed = staff::table.filter(staff::active.eq(false)).order(staff::id);
    let rows: Vec<row::Read> = closed.select(row::Read::as_select()).load(rx.conn())?;
    Ok(rows.into_iter().filter_map(|read| Some(read.proved(keyring)?.id)).collect())
}

/// Open accounts whose walls do not stand as they were declared: they have no queue until they do.
pub(in crate::domain) fn walls_changed(rx: &mut Look<'_>) -> Result<Vec<StaffId>> {
    let open = staff::table.filter(staff::active.eq(true)).order(staff::id);
    let rows = open.select(row::Read::as_select()).load(rx.conn())?;
    let changed = with_walls(rx, rows)?.into_iter().filter(|(row, walls)| row.declared_mac != *walls);
    Ok(changed.map(|(row, _)| row.id).collect())
}

/// Open accounts whose rows are not as the service wrote them.
pub(in crate::domain) fn unproved(rx: &mut Look<'_>) -> Result<Vec<String>> {
    row::unproved(rx)
}

/// Sessions whose rows are not as the service wrote them.
pub(in crate::domain) fn unproved_sessions(rx: &mut Look<'_>) -> Result<Vec<String>> {
    session_row::unproved(rx)
}

/// Changes an account's queues.
pub(in crate::domain) fn set_queues(tx: &mut Unit<'_>, of: &Member, queues: &[Queue]) -> Result<()> {
    row::change(tx, &of.id, |row| row.queues = queue_text(queues))?;
    audit::record(tx, Owner::staff(&of.id), Event::StaffChanged { role: of.role.as_str() })
}

/// Changes what an account does here. Its list of queues stays as it is.
pub(in crate::domain) fn set_role(tx: &mut Unit<'_>, of: &Member, role: Role) -> Result<()> {
    row::change(tx, &of.id, |row| row.role = role)?;
    audit::record(tx, Owner::staff(&of.id), Event::StaffChanged { role: role.as_str() })
}

/// Sets where an account's pages go; nothing takes the address away.
///
/// # Errors
/// `NotFound` for an unknown account.
pub fn set_mail(tx: &mut Unit<'_>, username: &str, address: Option<&str>) -> Result<()> {
    let found = account(tx, username)?.ok_or(Error::NotFound)?;
    let id = found.member.id;
    let sealed = match address {
        Some(address) => Some(tx.keys(Owner::staff(&id))?.sealing::<Secret>()?.seal("mail", id.as_str(), &address)?),
        None => None,
    };
    row::change(tx, &id, |row| row.mail = sealed)?;
    audit::record(tx, Owner::staff(&id), Event::StaffChanged { role: found.member.role.as_str() })
}

/// Where an open account's pages go.
pub fn mail_of(rx: &mut Look<'_>, id: &StaffId) -> Result<Option<Sensitive<String>>> {
    let row = row::find(rx, id)?.filter(|row| row.active);
    let Some(sealed) = row.and_then(|row| row.mail) else { return Ok(None) };
    let address: String =
        rx.keys(Owner::staff(id))?.existing::<Secret>()?.open("mail", id.as_str(), &sealed)?.into_exposed();
    Ok(Some(Sensitive::new(address)))
}

/// Whose open accounts have an address that pages go to.
pub(in crate::domain) fn with_mail(rx: &mut Look<'_>) -> Result<BTreeSet<String>> {
    let reachable = staff::active.eq(true).and(staff::mail.is_not_null());
    let ids: Vec<String> = staff::table.filter(reachable).select(staff::id).load(rx.conn())?;
    Ok(ids.into_iter().collect())
}

/// All open accounts, by name. One that is damaged must not keep the others from being paged.
pub fn list(rx: &mut Look<'_>) -> Result<Vec<Member>> {
    let open = staff::table.filter(staff::active.eq(true)).order(staff::username);
    let rows = open.select(row::Read::as_select()).load(rx.conn())?;
    members(rx, rows)
}

/// The accounts of these rows, each behind its walls.
fn members(rx: &mut Look<'_>, rows: Vec<row::Read>) -> Result<Vec<Member>> {
    let keyring = &rx.kit().keyring;
    Ok(with_walls(rx, rows)?.into_iter().map(|(row, walls)| row.behind_walls(keyring, &walls)).collect())
}

/// Rows that the service wrote, each with the keyed hash over what stands declared for it. It is one statement, however many there are:
/// each report that comes in asks who is at work.
fn with_walls(rx: &mut Look<'_>, rows: Vec<row::Read>) -> Result<Vec<(row::Row, Vec<u8>)>> {
    let keyring = &rx.kit().keyring;
    let proved: Vec<row::Row> = rows.into_iter().filter_map(|read| read.proved(keyring)).collect();
    let mut sets = declared_set::of_those(rx, proved.iter().map(|row| &row.id))?;
    let with_its_own = |row: row::Row| {
        let walls = sets.remove(&row.id).unwrap_or_else(|| declared_set::of_nothing(keyring, &row.id));
        (row, walls)
    };
    Ok(proved.into_iter().map(with_its_own).collect())
}

/// Whether there is any account, whoever wrote it.
pub fn is_anybody(rx: &mut Rx<'_>) -> Result<bool> {
    Ok(staff::table.count().get_result::<i64>(rx.conn())? > 0)
}

/// The open account with this id.
pub fn find(rx: &mut Look<'_>, id: &StaffId) -> Result<Option<Member>> {
    let Some(row) = row::find(rx, id)?.filter(|row| row.active) else { return Ok(None) };
    let walls = declared_set::of(rx, id)?;
    Ok(Some(row.behind_walls(&rx.kit().keyring, &walls)))
}

/// The human behind an account, open or closed; nobody when there is none that the service wrote.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn person_of(rx: &mut Look<'_>, id: &StaffId) -> Result<Option<StaffId>> {
    Ok(row::find(rx, id)?.map(|row| row.person))
}

/// The colleagues who acted since then. A row that cannot be read, or that the service did not write, is nobody's.
pub(in crate::domain) fn acting_since(rx: &mut Look<'_>, since: Timestamp) -> Result<Vec<Member>> {
    // Nobody acted in the future: the clock was set back since.
    let now = rx.now();
    let acted = staff::active.eq(true).and(staff::acted_at.between(since, now));
    let rows = staff::table.filter(acted).select(row::Read::as_select()).load(rx.conn())?;
    members(rx, rows)
}

/// Notes that a colleague is at work. Written at most once a minute, so that reading a queue stays cheap.
pub(in crate::domain) fn note_acting(tx: &mut Unit<'_>, id: &StaffId) -> Result<()> {
    let stale = tx.now().minus(std::time::Duration::from_mins(1));
    let due = staff::acted_at.is_null().or(staff::acted_at.lt(stale)).or(staff::acted_at.gt(tx.now()));
    diesel::update(staff::table.find(id).filter(due)).set(staff::acted_at.eq(tx.now())).execute(tx.conn())?;
    Ok(())
}

/// Each queue once, in the order in which it was named.
fn queue_text(queues: &[Queue]) -> String {
    let mut once: Vec<&str> = Vec::with_capacity(queues.len());
    for queue in queues {
        if !once.contains(&queue.as_str()) {
            once.push(queue.as_str());
        }
    }
    once.join(" ")
}

fn queue_list(text: &str) -> Vec<Queue> {
    text.split(' ').filter_map(Queue::parse).collect()
}

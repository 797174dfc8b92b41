//! Signing in, and the sessions that follow. A session's token is random and stored as a hash; each one-time code
//! works once.

use std::time::Duration;

use diesel::prelude::*;

use super::typed;
use super::{Member, Role, to_member, totp};
use crate::base::id::{SessionId, StaffId};
use crate::base::secret::{Sensitive, looks_like_token, new_token, sha256};
use crate::base::time::Timestamp;
use crate::db::schema::{staff, staff_sessions};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::unit::{Actor, Entry, Look, Unit};
use crate::domain::vault::{Owner, Sealed, Secret};
use crate::error::Result;

/// How long a session lasts at the most.
const LIFETIME: Duration = Duration::from_hours(12);
/// How long it lasts without a call.
const IDLE: Duration = Duration::from_mins(30);
const PREFIX: &str = "rcs_staff";

/// An account with what a sign-in compares.
#[derive(Debug)]
pub struct Account {
    /// Who it is.
    pub member: Member,
    /// The stored password hash.
    pub password_hash: String,
    /// Sessions of earlier epochs no longer count.
    pub epoch: i64,
    totp_secret: Sealed<Secret>,
    totp_step: i64,
}

/// A new session. The token is shown once.
#[derive(Debug)]
pub struct Opened {
    /// The bearer token.
    pub token: Sensitive<String>,
    /// When the session ends at the latest.
    pub expires_at: Timestamp,
    /// Whose it is.
    pub member: Member,
}

type SessionRow = (SessionId, Timestamp, StaffId, String, Role, String);
type AccountRow = (StaffId, String, Role, String, String, i64, Sealed<Secret>, i64);

/// The open account with this name, as people type it.
pub fn account(rx: &mut Look<'_>, username: &str) -> Result<Option<Account>> {
    let username = typed::name(username);
    if !typed::is_name(&username) {
        return Ok(None);
    }
    let row: Option<AccountRow> = staff::table
        .filter(staff::username.eq(username).and(staff::active.eq(true)))
        .select((
            staff::id,
            staff::username,
            staff::role,
            staff::queues,
            staff::password_hash,
            staff::epoch,
            staff::totp_secret,
            staff::totp_step,
        ))
        .first(rx.conn())
        .optional()?;
    Ok(row.map(|(id, username, role, queues, password_hash, epoch, totp_secret, totp_step)| Account {
        member: to_member(id, username, role, &queues),
        password_hash,
        epoch,
        totp_secret,
        totp_step,
    }))
}

/// Opens a session when `code` is the account's present one-time code and was not used before. The password was
/// checked outside. Nothing when the code does not hold.
pub fn sign_in(entry: &mut Entry<'_>, username: &str, code: &str) -> Result<Option<Opened>> {
    let tx = entry.open(Actor::unknown());
    let Some(account) = account(tx, username)? else { return Ok(None) };
    let id = account.member.id.clone();
    let secret: Sensitive<Vec<u8>> =
        tx.keys(Owner::staff(&id))?.existing::<Secret>()?.open("totp", id.as_str(), &account.totp_secret)?;
    let now = u64::try_from(tx.now().seconds()).unwrap_or(0);
    let step = totp(&secret)?.check(&typed::code(code), now).and_then(|step| i64::try_from(step).ok());
    let fresh = step.filter(|step| *step > account.totp_step);
    // The comparison stands in the UPDATE too: of two sign-ins with one code at once, one wins.
    let used = match fresh {
        None => 0,
        Some(step) => diesel::update(staff::table.find(&id).filter(staff::totp_step.lt(step)))
            .set(staff::totp_step.eq(step))
            .execute(tx.conn())?,
    };
    if used == 0 {
        audit::record(tx, Owner::staff(&id), Event::SignInFailed)?;
        return Ok(None);
    }
    open_session(tx, account).map(Some)
}

/// Opens a session for an account. For a person at the door, [`sign_in`] decides first.
pub fn open_session(tx: &mut Unit<'_>, account: Account) -> Result<Opened> {
    let id = account.member.id.clone();
    tx.act_as(Actor::staff(id.as_str()));
    let token = new_token(PREFIX);
    let expires_at = tx.now().plus(LIFETIME);
    let row = (
        staff_sessions::id.eq(SessionId::random()),
        staff_sessions::token_hash.eq(sha256(token.expose().as_bytes()).to_vec()),
        staff_sessions::staff_id.eq(&id),
        staff_sessions::epoch.eq(account.epoch),
        staff_sessions::created_at.eq(tx.now()),
        staff_sessions::expires_at.eq(expires_at),
        staff_sessions::seen_at.eq(tx.now()),
    );
    diesel::insert_into(staff_sessions::table).values(row).execute(tx.conn())?;
    audit::record(tx, Owner::staff(&id), Event::SignedIn)?;
    Ok(Opened { token, expires_at, member: account.member })
}

/// Notes a sign-in with a wrong password on the account's record.
pub fn sign_in_failed(entry: &mut Entry<'_>, username: &str) -> Result<()> {
    let tx = entry.open(Actor::unknown());
    match account(tx, username)? {
        Some(account) => audit::record(tx, Owner::staff(&account.member.id), Event::SignInFailed),
        None => Ok(()),
    }
}

/// Whether the text has the form of a session's token. Whether a session lives is for the transaction to say.
#[must_use]
pub fn looks_like_session(text: &str) -> bool {
    looks_like_token(PREFIX, text)
}

/// A living session.
#[derive(Debug)]
pub struct Session {
    /// Whose it is.
    pub member: Member,
    id: SessionId,
    /// Whether its last call was so long ago that this one should be noted.
    pub is_stale: bool,
}

/// The living session of this token.
pub(in crate::domain) fn session_of(rx: &mut Look<'_>, token: &Sensitive<String>) -> Result<Option<Session>> {
    if !looks_like_token(PREFIX, token.expose()) {
        return Ok(None);
    }
    let now = rx.now();
    let hash = sha256(token.expose().as_bytes()).to_vec();
    let row: Option<SessionRow> = staff_sessions::table
        .inner_join(staff::table)
        .filter(staff_sessions::token_hash.eq(hash))
        .filter(staff_sessions::expires_at.gt(now).and(staff_sessions::seen_at.gt(now.minus(IDLE))))
        .filter(staff::active.eq(true).and(staff::epoch.eq(staff_sessions::epoch)))
        .select((staff_sessions::id, staff_sessions::seen_at, staff::id, staff::username, staff::role, staff::queues))
        .first(rx.conn())
        .optional()?;
    Ok(row.map(|(session, seen_at, id, username, role, queues)| Session {
        member: to_member(id, username, role, &queues),
        id: session,
        is_stale: seen_at < now.minus(Duration::from_mins(1)),
    }))
}

/// Keeps a session from going idle.
pub(in crate::domain) fn touch(tx: &mut Unit<'_>, session: &Session) -> Result<()> {
    diesel::update(staff_sessions::table.find(&session.id))
        .set(staff_sessions::seen_at.eq(tx.now()))
        .execute(tx.conn())?;
    Ok(())
}

/// Ends the session of this token. Says whether they have another one.
pub(in crate::domain) fn end_session(tx: &mut Unit<'_>, who: &StaffId, token: &Sensitive<String>) -> Result<bool> {
    let hash = sha256(token.expose().as_bytes()).to_vec();
    diesel::delete(staff_sessions::table.filter(staff_sessions::token_hash.eq(hash))).execute(tx.conn())?;
    let now = tx.now();
    let another = staff_sessions::table
        .inner_join(staff::table)
        .filter(staff_sessions::staff_id.eq(who).and(staff::epoch.eq(staff_sessions::epoch)))
        .filter(staff_sessions::expires_at.gt(now).and(staff_sessions::seen_at.gt(now.minus(IDLE))))
        .select(staff_sessions::id);
    Ok(another.first::<SessionId>(tx.conn()).optional()?.is_some())
}

/// Forgets sessions that have ended: `limit` of them at the most. How many there were.
pub fn forget_old_sessions(tx: &mut Unit<'_>, limit: i64) -> Result<usize> {
    // By their age alone, so that one that cannot be read is forgotten as well.
    let ended = staff_sessions::table.filter(staff_sessions::expires_at.lt(tx.now()));
    let last: Option<Timestamp> = ended
        .order(staff_sessions::expires_at)
        .offset(limit - 1)
        .select(staff_sessions::expires_at)
        .first(tx.conn())
        .optional()?;
    let upto = last.unwrap_or(tx.now());
    Ok(diesel::delete(ended.filter(staff_sessions::expires_at.le(upto))).execute(tx.conn())?)
}

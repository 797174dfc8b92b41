//! Signing in, and the sessions that follow. A session's token is random and stored as a keyed hash; each
//! one-time code works once.

use std::time::Duration;

use diesel::prelude::*;

use super::typed;
use super::{Member, declared_set, row, session_row, totp};
use crate::base::id::{SessionId, StaffId};
use crate::base::secret::{Sensitive, looks_like_token, new_token};
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
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

/// The open account with this name, as people type it.
pub fn account(rx: &mut Look<'_>, username: &str) -> Result<Option<Account>> {
    let username = typed::name(username);
    if !typed::is_name(&username) {
        return Ok(None);
    }
    let Some(row) = row::named(rx, &username)? else { return Ok(None) };
    let totp_step = staff::table.find(&row.id).select(staff::totp_step).first(rx.conn())?;
    Ok(Some(Account {
        member: row.member(),
        password_hash: row.password_hash,
        epoch: row.epoch,
        totp_secret: row.totp_secret,
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
    let row = session_row::Row {
        id: SessionId::random(),
        token_hash: session_row::token_hash(&tx.kit().keyring, &token),
        staff_id: id.clone(),
        epoch: account.epoch,
        created_at: tx.now(),
        expires_at,
    };
    session_row::insert(tx, &row)?;
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
    let (now, keyring) = (rx.now(), &rx.kit().keyring);
    let row: Option<(session_row::Read, row::Read, Perhaps<Timestamp>)> = staff_sessions::table
        .inner_join(staff::table)
        .filter(staff_sessions::token_hash.eq(session_row::token_hash(keyring, token)))
        .filter(staff_sessions::expires_at.gt(now).and(staff_sessions::seen_at.gt(now.minus(IDLE))))
        .filter(staff::active.eq(true).and(staff::epoch.eq(staff_sessions::epoch)))
        .select((session_row::Read::as_select(), row::Read::as_select(), staff_sessions::seen_at))
        .first(rx.conn())
        .optional()?;
    let Some((session, account, Perhaps(Some(seen_at)))) = row else { return Ok(None) };
    let (Some(session), Some(account)) = (session.proved(keyring), account.proved(keyring)) else { return Ok(None) };
    let is_stale = seen_at < now.minus(Duration::from_mins(1));
    let walls = declared_set::of(rx, &account.id)?;
    Ok(Some(Session { member: account.behind_walls(&walls), id: session.id, is_stale }))
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
    let hash = session_row::token_hash(&tx.kit().keyring, token);
    diesel::delete(staff_sessions::table.filter(staff_sessions::token_hash.eq(hash))).execute(tx.conn())?;
    let now = tx.now();
    let another = staff_sessions::table
        .inner_join(staff::table)
        .filter(staff_sessions::staff_id.eq(who).and(staff::epoch.eq(staff_sessions::epoch)))
        .filter(staff_sessions::expires_at.gt(now).and(staff_sessions::seen_at.gt(now.minus(IDLE))))
        .select(staff_sessions::id);
    Ok(another.first::<SessionId>(tx.conn()).optional()?.is_some())
}

/// Whether somebody has been signed in at some moment since then, or was shortly before and has not signed out.
pub(in crate::domain) fn was_here_since(rx: &mut Look<'_>, who: &StaffId, since: Timestamp) -> Result<bool> {
    let theirs = staff_sessions::table
        .filter(staff_sessions::staff_id.eq(who).and(staff_sessions::seen_at.gt(since.minus(IDLE))))
        .count();
    Ok(theirs.get_result::<i64>(rx.conn())? > 0)
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

//! Accounts as they are looked up at the door, and the sessions that follow. A session's token is random and stored as a
//! keyed hash.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::prelude::*;

use super::session_row::Carrier;
use super::{Member, declared_set, row, session_row};
use crate::base::id::{SessionId, StaffId};
use crate::base::secret::{Sensitive, new_token};
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{staff, staff_identifiers, staff_sessions};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::people::door::typed;
use crate::domain::unit::{Actor, Look, Unit};
use crate::domain::vault::{Owner, Sealed, Secret};
use crate::error::{Error, Result};

/// How long a session lasts at the most.
const LIFETIME: Duration = Duration::from_hours(12);
/// How long it lasts without a call.
const IDLE: Duration = Duration::from_mins(30);
/// How far ahead of the clock a session may have begun: as far as clocks are set back by mistake. One from further ahead was
/// opened while the clock was wrong, and would outlive its time.
const AHEAD: Duration = Duration::from_hours(2);
/// How many sessions of a colleague live at once. The next one ends the oldest.
const AT_ONCE: usize = 10;
/// How old the last call is before the next one is noted.
const STALE: Duration = Duration::from_mins(1);

/// An account with what a sign-in compares.
#[derive(Debug)]
pub struct Account {
    /// Who it is.
    pub member: Member,
    /// The stored password hash.
    pub password_hash: String,
    /// Sessions of earlier epochs no longer count.
    pub epoch: i64,
    pub(super) totp_secret: Sealed<Secret>,
}

impl Account {
    fn of(row: row::Row) -> Self {
        let member = row.member();
        Self { member, password_hash: row.password_hash, epoch: row.epoch, totp_secret: row.totp_secret }
    }
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
    // No account has the other names, and they are looked for all the same: time must not tell.
    let username = if typed::is_name(&username) { username } else { String::new() };
    let Some(row) = row::named(rx, &username)? else { return Ok(None) };
    Ok(Some(Account::of(row)))
}

/// The open account with this id.
pub fn account_of(rx: &mut Look<'_>, id: &StaffId) -> Result<Option<Account>> {
    Ok(row::find(rx, id)?.filter(|row| row.active).map(Account::of))
}

/// Opens a session for an account. For a person at the door, [`super::coming_in`] decides first.
pub fn open_session(tx: &mut Unit<'_>, account: Account, carrier: Carrier) -> Result<Opened> {
    let id = account.member.id.clone();
    tx.act_as(Actor::staff(id.as_str()));
    end_oldest(tx, &id)?;
    let token = new_token(carrier.prefix());
    let expires_at = tx.now().plus(LIFETIME);
    let row = session_row::Row {
        id: SessionId::random(),
        token_hash: session_row::token_hash(&tx.kit().keyring, &token),
        staff_id: id.clone(),
        epoch: account.epoch,
        created_at: tx.now(),
        expires_at,
        kind: carrier,
    };
    session_row::insert(tx, &row)?;
    audit::record(tx, Owner::staff(&id), Event::SignedIn)?;
    Ok(Opened { token, expires_at, member: account.member })
}

/// Whether the text has the form of a token for this carrier. Whether a session lives is for the transaction to say.
#[must_use]
pub fn looks_like_session(text: &str, carrier: Carrier) -> bool {
    Carrier::of(text) == Some(carrier)
}

/// A session as its owner sees it.
#[derive(Clone, Debug)]
pub struct Living {
    /// Its id.
    pub id: SessionId,
    /// When they signed in.
    pub created_at: Timestamp,
    /// Its last call, to the minute.
    pub seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// What carries it.
    pub carrier: Carrier,
}

impl Living {
    fn of(row: session_row::Row, seen_at: Timestamp) -> Self {
        Self { id: row.id, created_at: row.created_at, seen_at, expires_at: row.expires_at, carrier: row.kind }
    }

    fn lives(&self, now: Timestamp) -> bool {
        let begun = self.created_at <= now.plus(AHEAD);
        begun && self.expires_at > now && self.seen_at > now.minus(IDLE)
    }

    /// Whether its last call is to be noted anew: it was long ago, or lies ahead since the clock was set back.
    fn is_stale(&self, now: Timestamp) -> bool {
        self.seen_at < now.minus(STALE) || self.seen_at > now.plus(STALE)
    }
}

/// A living session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Whose it is.
    pub member: Member,
    /// Its id.
    pub id: SessionId,
    /// Whether its last call was so long ago that this one should be noted.
    pub is_stale: bool,
    /// What its pages go by.
    pub sitting: Sitting,
    /// What its colleague declared, as it is compared.
    pub(in crate::domain) declared: BTreeSet<Vec<u8>>,
}

/// How long somebody sits here, and what they like of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sitting {
    /// When their session ends at the latest.
    pub expires_at: Timestamp,
    /// When it ends, unless they do something after this.
    pub idle_at: Timestamp,
    /// Whether letters are keys of pages.
    pub letter_keys: bool,
}

/// A session with its account, as they stand: also when it was used last, whether letters are keys, and one hash of what its
/// colleague declared.
type Found = (session_row::Read, row::Read, Perhaps<Timestamp>, Perhaps<bool>, OfDeclared);

/// A hash of what a colleague declared, and the declaration that it stands for; neither where they declared nothing.
type OfDeclared = (Perhaps<Option<Vec<u8>>>, Perhaps<Option<String>>);

/// The hashes that were read.
fn hashes(read: impl Iterator<Item = OfDeclared>) -> Vec<declared_set::Hash> {
    let any = |(digest, declaration): OfDeclared| match digest.0 {
        Some(None) => None,
        Some(Some(digest)) => Some((Perhaps(Some(digest)), declaration)),
        None => Some((Perhaps(None), declaration)),
    };
    read.filter_map(any).collect()
}

/// The living session of this token.
pub(in crate::domain) fn session_of(rx: &mut Look<'_>, token: &Sensitive<String>) -> Result<Option<Session>> {
    let Some(carrier) = Carrier::of(token.expose()) else { return Ok(None) };
    let (now, keyring) = (rx.now(), &rx.kit().keyring);
    // What they declared comes along: who is proved is proved with their walls.
    let rows: Vec<Found> = staff_sessions::table
        .inner_join(staff::table)
        .left_join(staff_identifiers::table.on(staff_identifiers::staff_id.eq(staff::id)))
        .filter(staff_sessions::token_hash.eq(session_row::token_hash(keyring, token)))
        .filter(staff::active.eq(true).and(staff::epoch.eq(staff_sessions::epoch)))
        .select((
            session_row::Read::as_select(),
            row::Read::as_select(),
            staff_sessions::seen_at,
            staff::letter_keys,
            (staff_identifiers::digest.nullable(), staff_identifiers::declaration_id.nullable()),
        ))
        .load(rx.conn())?;
    let mut rows = rows.into_iter();
    let Some((session, account, Perhaps(Some(seen_at)), letter_keys, first)) = rows.next() else { return Ok(None) };
    let declared = hashes(std::iter::once(first).chain(rows.map(|row| row.4)));
    let (Some(session), Some(account)) = (session.proved(keyring), account.proved(keyring)) else { return Ok(None) };
    if session.kind != carrier {
        return Ok(None);
    }
    let session = Living::of(session, seen_at);
    let walls = declared_set::of_read(keyring, &account.id, declared.clone());
    let found = Session {
        member: account.behind_walls(keyring, &walls),
        is_stale: session.is_stale(now),
        sitting: Sitting {
            expires_at: session.expires_at,
            idle_at: if session.is_stale(now) { now.plus(IDLE) } else { session.seen_at.plus(IDLE) },
            // What cannot be read is as it is at first.
            letter_keys: letter_keys.0.unwrap_or(true),
        },
        id: session.id.clone(),
        declared: declared.into_iter().filter_map(|(digest, _)| digest.0).collect(),
    };
    Ok(session.lives(now).then_some(found))
}

/// The living sessions of a colleague, the oldest first.
pub fn sessions_of(rx: &mut Look<'_>, who: &StaffId) -> Result<Vec<Living>> {
    let (now, keyring) = (rx.now(), &rx.kit().keyring);
    let all: Vec<(session_row::Read, Perhaps<Timestamp>)> = staff_sessions::table
        .inner_join(staff::table)
        .filter(staff_sessions::staff_id.eq(who))
        .filter(staff::active.eq(true).and(staff::epoch.eq(staff_sessions::epoch)))
        .order((staff_sessions::created_at, staff_sessions::id))
        .select((session_row::Read::as_select(), staff_sessions::seen_at))
        .load(rx.conn())?;
    let whole = all.into_iter().filter_map(|(row, seen_at)| Some(Living::of(row.proved(keyring)?, seen_at.0?)));
    Ok(whole.filter(|session| session.lives(now)).collect())
}

/// Keeps a session from going idle.
pub(in crate::domain) fn touch(tx: &mut Unit<'_>, session: &Session) -> Result<()> {
    diesel::update(staff_sessions::table.find(&session.id))
        .set(staff_sessions::seen_at.eq(tx.now()))
        .execute(tx.conn())?;
    Ok(())
}

/// Whether letters are keys of the pages that this colleague works with.
pub(in crate::domain) fn set_letter_keys(tx: &mut Unit<'_>, who: &StaffId, are_on: bool) -> Result<()> {
    diesel::update(staff::table.find(who)).set(staff::letter_keys.eq(are_on)).execute(tx.conn())?;
    Ok(())
}

/// Ends the session of this token. Says whether they have another one.
pub(in crate::domain) fn end_session(tx: &mut Unit<'_>, who: &StaffId, token: &Sensitive<String>) -> Result<bool> {
    let hash = session_row::token_hash(&tx.kit().keyring, token);
    diesel::delete(staff_sessions::table.filter(staff_sessions::token_hash.eq(hash))).execute(tx.conn())?;
    is_signed_in(tx, who)
}

/// Whether any session of theirs lives.
pub(in crate::domain) fn is_signed_in(rx: &mut Look<'_>, who: &StaffId) -> Result<bool> {
    Ok(!sessions_of(rx, who)?.is_empty())
}

/// Which sessions are to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// This one.
    This(SessionId),
    /// All but this one.
    AllBut(SessionId),
    /// All.
    All,
}

/// Ends living sessions of a colleague, and puts it on record. Says how many there were.
///
/// # Errors
/// `NotFound` when the one that is named is none of theirs, or has ended.
pub(in crate::domain) fn end_sessions(tx: &mut Unit<'_>, who: &StaffId, which: &Which) -> Result<usize> {
    Owner::staff(who).lock(tx)?;
    let ends = |session: &SessionId| match which {
        Which::This(this) => this == session,
        Which::AllBut(this) => this != session,
        Which::All => true,
    };
    let living = sessions_of(tx, who)?.into_iter().map(|session| session.id);
    let ended: Vec<SessionId> = living.filter(|id| ends(id)).collect();
    if ended.is_empty() {
        return if matches!(which, Which::This(_)) { Err(Error::NotFound) } else { Ok(0) };
    }
    let sessions = ended.len();
    diesel::delete(staff_sessions::table.filter(staff_sessions::id.eq_any(ended))).execute(tx.conn())?;
    audit::record(tx, Owner::staff(who), Event::SessionsEnded { sessions })?;
    Ok(sessions)
}

/// Makes room for one more session of theirs.
fn end_oldest(tx: &mut Unit<'_>, who: &StaffId) -> Result<()> {
    Owner::staff(who).lock(tx)?;
    let living = sessions_of(tx, who)?;
    let too_many = (living.len() + 1).saturating_sub(AT_ONCE);
    let oldest: Vec<SessionId> = living.into_iter().take(too_many).map(|session| session.id).collect();
    if !oldest.is_empty() {
        diesel::delete(staff_sessions::table.filter(staff_sessions::id.eq_any(oldest))).execute(tx.conn())?;
    }
    Ok(())
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

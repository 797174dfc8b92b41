//! Sessions of people at services. A session's token is random and stored as a keyed hash; it opens the inbox and nothing else.

use std::time::Duration;

use diesel::prelude::*;

use super::{Account, row, session_row};
use crate::base::id::{PartnerAccountId, SessionId};
use crate::base::secret::{Sensitive, looks_like_token, new_token};
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{partner_accounts, partner_sessions as table};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::people::staff::Sitting;
use crate::domain::unit::{Actor, Look, Unit};
use crate::domain::vault::Owner;
use crate::error::Result;

/// How long a session lasts at the most.
const LIFETIME: Duration = Duration::from_hours(12);
/// How long it lasts without a call: a volunteer's desk is a shared one.
const IDLE: Duration = Duration::from_mins(15);
/// How far ahead of the clock a session may have begun: as far as clocks are set back by mistake.
const AHEAD: Duration = Duration::from_hours(2);
/// How many sessions of an account live at once. The next one ends the oldest.
const AT_ONCE: usize = 5;
/// How old the last call is before the next one is noted.
const STALE: Duration = Duration::from_mins(1);
/// What its tokens begin with.
const PREFIX: &str = "rcs_inbox";

/// A new session. The token is shown once.
#[derive(Debug)]
pub struct Opened {
    /// The token.
    pub token: Sensitive<String>,
    /// Whose it is.
    pub account: PartnerAccountId,
}

/// A living session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Whose it is.
    pub account: Account,
    /// Its id.
    pub id: SessionId,
    /// Whether its last call was so long ago that this one should be noted.
    pub is_stale: bool,
    /// What its pages go by.
    pub sitting: Sitting,
}

/// Whether the text has the form of such a token. Whether a session lives is for the transaction to say.
#[must_use]
pub fn looks_like_session(text: &str) -> bool {
    looks_like_token(PREFIX, text)
}

/// Opens a session for an account whose door was passed.
pub(super) fn open(tx: &mut Unit<'_>, of: &row::Row) -> Result<Opened> {
    let id = &of.id;
    tx.act_as(Actor::service(id.as_str()));
    Owner::service(&of.service_id).lock(tx)?;
    end_oldest(tx, id)?;
    let token = new_token(PREFIX);
    let row = session_row::Row {
        id: SessionId::random(),
        token_hash: session_row::token_hash(&tx.kit().keyring, &token),
        account_id: id.clone(),
        epoch: of.epoch,
        created_at: tx.now(),
        expires_at: tx.now().plus(LIFETIME),
    };
    session_row::insert(tx, &row)?;
    audit::record(tx, Owner::service(&of.service_id), Event::PartnerSignedIn { account: id.clone() })?;
    Ok(Opened { token, account: id.clone() })
}

/// Makes room for one more session of theirs: the oldest go, whatever state they are in.
fn end_oldest(tx: &mut Unit<'_>, id: &PartnerAccountId) -> Result<()> {
    let theirs = table::table.filter(table::account_id.eq(id)).order((table::created_at.desc(), table::id.desc()));
    let all: Vec<Perhaps<String>> = theirs.select(table::id).load(tx.conn())?;
    let oldest: Vec<String> = all.into_iter().skip(AT_ONCE - 1).filter_map(|id| id.0).collect();
    if !oldest.is_empty() {
        diesel::delete(table::table.filter(table::id.eq_any(oldest))).execute(tx.conn())?;
    }
    Ok(())
}

/// The living session of this token.
pub(in crate::domain) fn session_of(rx: &mut Look<'_>, token: &Sensitive<String>) -> Result<Option<Session>> {
    if !looks_like_session(token.expose()) {
        return Ok(None);
    }
    let (now, keyring) = (rx.now(), &rx.kit().keyring);
    let found: Option<(session_row::Read, row::Read, Perhaps<Timestamp>)> = table::table
        .inner_join(partner_accounts::table)
        .filter(table::token_hash.eq(session_row::token_hash(keyring, token)))
        .filter(partner_accounts::active.eq(true).and(partner_accounts::epoch.eq(table::epoch)))
        .select((session_row::Read::as_select(), row::Read::as_select(), table::seen_at))
        .first(rx.conn())
        .optional()?;
    let Some((session, account, Perhaps(Some(seen_at)))) = found else { return Ok(None) };
    let (Some(session), Some(account)) = (session.proved(keyring), account.proved(keyring)) else { return Ok(None) };
    let begun = session.created_at <= now.plus(AHEAD);
    if !begun || session.expires_at <= now || seen_at <= now.minus(IDLE) || session.account_id != account.id {
        return Ok(None);
    }
    let is_stale = seen_at < now.minus(STALE) || seen_at > now.plus(STALE);
    let idle_at = if is_stale { now.plus(IDLE) } else { seen_at.plus(IDLE) };
    let sitting = Sitting { expires_at: session.expires_at, idle_at, letter_keys: false };
    Ok(Some(Session { account: account.account(), id: session.id, is_stale, sitting }))
}

/// Keeps a session from going idle.
pub(in crate::domain) fn touch(tx: &mut Unit<'_>, session: &SessionId) -> Result<()> {
    diesel::update(table::table.find(session)).set(table::seen_at.eq(tx.now())).execute(tx.conn())?;
    Ok(())
}

/// Ends the session of this token.
pub(in crate::domain) fn end(tx: &mut Unit<'_>, token: &Sensitive<String>) -> Result<()> {
    let hash = session_row::token_hash(&tx.kit().keyring, token);
    diesel::delete(table::table.filter(table::token_hash.eq(hash))).execute(tx.conn())?;
    Ok(())
}

/// Ends all sessions of an account.
pub(super) fn end_all(tx: &mut Unit<'_>, id: &PartnerAccountId) -> Result<()> {
    diesel::delete(table::table.filter(table::account_id.eq(id))).execute(tx.conn())?;
    Ok(())
}

/// Forgets sessions that have ended: `limit` of them at the most. How many there were.
pub fn forget_old_sessions(tx: &mut Unit<'_>, limit: i64) -> Result<usize> {
    // By their age alone, so that one that cannot be read is forgotten as well.
    let ended = table::table.filter(table::expires_at.lt(tx.now()));
    let last: Option<Timestamp> =
        ended.order(table::expires_at).offset(limit - 1).select(table::expires_at).first(tx.conn()).optional()?;
    let upto = last.unwrap_or(tx.now());
    Ok(diesel::delete(ended.filter(table::expires_at.le(upto))).execute(tx.conn())?)
}

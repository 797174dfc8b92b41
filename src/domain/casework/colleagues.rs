//! Changes of accounts, with all that ends with a right: the one door to them for whoever keeps the accounts.

use std::collections::BTreeMap;

use super::rights::{self, Ended};
use crate::base::id::StaffId;
use crate::base::page::{Limit, Page, read_cursor};
use crate::base::secret::Sensitive;
use crate::base::time::Timestamp;
use crate::domain::access::{self, Act, Acting, Sight};
use crate::domain::directory;
use crate::domain::paging::{self, rota};
use crate::domain::people::door::{Attempt, Tried};
use crate::domain::people::staff::{self, Account, Carrier, Declaration, Member, Opened, Role, Which};
use crate::domain::terms::identifiers::Identifier;
use crate::domain::triage::Queue;
use crate::domain::unit::{Actor, Entry, Look, Unit};
use crate::error::rules::Parameter;
use crate::error::{Error, Forbidden, Refused, Result};

fn account(rx: &mut Look<'_>, username: &str) -> Result<Account> {
    staff::account(rx, username)?.ok_or(Error::NotFound)
}

/// Gives an account a new password and second factor, and ends its sessions: what it had claimed is free at once.
///
/// # Errors
/// `NotFound` for an unknown account.
pub fn reset(tx: &mut Unit<'_>, username: &str, hash: &str, totp: &Sensitive<Vec<u8>>) -> Result<Ended> {
    let found = account(tx, username)?;
    let id = &found.member.id;
    staff::lock_door(tx, id)?;
    let mut ended = rights::change(tx, id, |tx| staff::set_credentials(tx, &found, hash, totp))?;
    ended.cases += rights::leave(tx, id)?;
    Ok(ended)
}

/// Closes an account, its sessions and all that stood on its rights at once. What it did stays on record.
///
/// # Errors
/// `NotFound` for an unknown account.
pub fn close(tx: &mut Unit<'_>, username: &str) -> Result<Ended> {
    let id = staff::to_close(tx, username)?.ok_or(Error::NotFound)?;
    rights::change(tx, &id, |tx| staff::close(tx, &id))
}

/// Closes an account that was closed before and is open in a database that was put back. Says whether it was.
///
/// # Errors
/// What the database says.
pub fn close_again(tx: &mut Unit<'_>, id: &StaffId) -> Result<bool> {
    let is_open = staff::is_open(tx, id)?;
    if is_open {
        rights::change(tx, id, |tx| staff::close(tx, id))?;
    }
    Ok(is_open)
}

/// Changes an account's queues, and ends what stood on those that went.
///
/// # Errors
/// `NotFound` for an unknown account.
pub fn set_queues(tx: &mut Unit<'_>, username: &str, queues: &[Queue]) -> Result<Ended> {
    let member = account(tx, username)?.member;
    rights::change(tx, &member.id, |tx| staff::set_queues(tx, &member, queues))
}

/// Changes what an account does here, and ends what the new role has no right to. Its list of queues stays as it is.
///
/// # Errors
/// `NotFound` for an unknown account.
pub fn set_role(tx: &mut Unit<'_>, username: &str, role: Role) -> Result<(Member, Ended)> {
    let member = account(tx, username)?.member;
    let ended = rights::change(tx, &member.id, |tx| staff::set_role(tx, &member, role))?;
    Ok((Member { role, ..member }, ended))
}

/// Declares an identifier of a colleague or of someone close to them. What they have of a case behind the wall ends.
///
/// # Errors
/// `NotFound` for an unknown account; `Invalid` for what cannot be compared, such as a telephone number without its
/// country, and for what stands for nobody.
pub fn declare(tx: &mut Unit<'_>, username: &str, identifier: &Identifier) -> Result<Ended> {
    let declaration = Declaration::of_identifier(identifier)?;
    wall_off(tx, username, &declaration)
}

/// Declares an account of a colleague, or of someone close to them, on a platform, which is named by its slug: in real
/// life and in its trials. What they have of a case behind the wall ends.
///
/// # Errors
/// `NotFound` for an unknown account, or when there is no such platform; `Invalid` for a word that stands for nobody.
pub fn declare_account(tx: &mut Unit<'_>, username: &str, slug: &str, account: &str) -> Result<Ended> {
    let declaration = Declaration::of_account(tx, slug, account)?;
    wall_off(tx, username, &declaration)
}

/// Declares a service at which a colleague, or someone close to them, works: they refer no case there.
///
/// # Errors
/// `NotFound` for an unknown account, or when the directory has no such service.
pub fn declare_service(tx: &mut Unit<'_>, username: &str, slug: &str) -> Result<Ended> {
    let service = directory::id_of(tx, slug)?;
    wall_off(tx, username, &Declaration::Service { service })
}

fn wall_off(tx: &mut Unit<'_>, username: &str, declaration: &Declaration) -> Result<Ended> {
    let id = account(tx, username)?.member.id;
    rights::change(tx, &id, |tx| staff::declare(tx, &id, declaration))
}

/// Somebody at the door. Whom ten wrong codes shut out hears of it, and so do the safeguarding leads and the operator; where
/// no session of theirs lives, what was told to them alone is told to the next ones now.
///
/// # Errors
/// What the database says.
pub fn sign_in(entry: &mut Entry<'_>, attempt: &Attempt, carrier: Carrier) -> Result<Tried<Opened>> {
    let tx = entry.open(Actor::unknown());
    let (tried, whose) = staff::sign_in(tx, attempt, carrier)?;
    if let (Tried::ClosedNow, Some(id)) = (&tried, &whose) {
        shut(tx, id)?;
    }
    Ok(tried)
}

/// A colleague who is signed in chooses another password: by the present one and a code. Their other sessions end.
///
/// # Errors
/// `Unauthenticated` when the session has ended.
pub fn choose_password(entry: &mut Entry<'_>, bearer: &Sensitive<String>, attempt: &Attempt) -> Result<Tried<()>> {
    let (tx, who, session) = access::member_with_session(entry, bearer)?;
    let found = staff::account_of(tx, &who.id)?;
    let tried = staff::prove(tx, found, attempt)?;
    if matches!(tried, Tried::ClosedNow) {
        shut(tx, &who.id)?;
    }
    tried.and(|_| staff::end_sessions(tx, &who.id, &Which::AllBut(session)).map(drop))
}

fn shut(tx: &mut Unit<'_>, id: &StaffId) -> Result<()> {
    paging::tell_of_closed_factor(tx, id)?;
    rights::stand_aside(tx, id)
}

/// A colleague, and since when their second factor is closed, if it is.
#[derive(Debug)]
pub struct Colleague {
    /// Who.
    pub member: Member,
    /// Since when nobody signs in with their password; nothing while the second factor is open.
    pub closed_at: Option<Timestamp>,
}

fn is_lead(who: &Acting) -> Result<()> {
    let leads = matches!(who.role, Role::Lead | Role::SafeguardingLead);
    if leads { Ok(()) } else { Err(Error::Forbidden(Forbidden::Role)) }
}

/// The colleagues with open accounts, by name, for a lead.
///
/// # Errors
/// `Forbidden` for whoever is no lead; `Parameter` for a cursor of another list.
pub fn list(rx: &mut Look<'_>, who: &Acting, from: Option<&str>, limit: Limit) -> Result<Page<Colleague>> {
    const NAME: &str = "colleagues";
    is_lead(who)?;
    let after: Option<String> = match from {
        None => None,
        Some(text) => {
            Some(read_cursor(NAME, text).ok_or(Refused::Parameter { name: "cursor", wanted: Parameter::Cursor })?)
        }
    };
    let closed: BTreeMap<StaffId, Timestamp> = staff::closed_factors(rx)?.into_iter().collect();
    let mut all = staff::list(rx)?;
    // By their bytes, as the cursor compares them.
    all.sort_by(|one, other| one.username.cmp(&other.username));
    let rest = all.into_iter().filter(|who| after.as_ref().is_none_or(|after| who.username > *after));
    let some: Vec<Member> = rest.take(limit.get() + 1).collect();
    let page = Page::cut(some, limit, NAME, |member| member.username.clone());
    Ok(page.map(|member| Colleague { closed_at: closed.get(&member.id).copied(), member }))
}

/// A colleague to whom a case could be handed.
#[derive(Debug)]
pub struct Taker {
    /// Who.
    pub member: Member,
    /// Whether they are at work: a p0 or p1 is handed over to nobody else.
    pub on_shift: bool,
}

/// Those who may take the case and do not hold it, by name. The walls of all are looked at together, so whoever is left out
/// leaves no trace.
///
/// # Errors
/// `Parameter` for a cursor of another list.
pub fn takers(rx: &mut Look<'_>, sight: &Sight, from: Option<&str>, limit: Limit) -> Result<Page<Taker>> {
    let (case, now) = (sight.case(), rx.now());
    let name = format!("takers|{}", case.id);
    let after: Option<String> = match from {
        None => None,
        Some(text) => {
            Some(read_cursor(&name, text).ok_or(Refused::Parameter { name: "cursor", wanted: Parameter::Cursor })?)
        }
    };
    let at_work = paging::ids_at_work(rx)?;
    let mut all = rota::able(rx, case, Act::Claim)?;
    all.retain(|who| !case.is_held_by(&who.id, now));
    all.sort_by(|one, other| one.username.cmp(&other.username));
    let rest = all.into_iter().filter(|who| after.as_ref().is_none_or(|after| who.username > *after));
    let some: Vec<Member> = rest.take(limit.get() + 1).collect();
    let page = Page::cut(some, limit, &name, |member| member.username.clone());
    Ok(page.map(|member| Taker { on_shift: at_work.contains(&member.id), member }))
}

/// A lead opens the second factor of a colleague again, whose voice they have heard. What is wrong with the id is told to
/// leads alone.
///
/// # Errors
/// `Forbidden` for whoever is no lead, and for one's own; `NotFound` when there is no such open account.
pub fn open_second_factor(tx: &mut Unit<'_>, who: &Acting, id: Result<StaffId>) -> Result<Colleague> {
    is_lead(who)?;
    let member = staff::find(tx, &id?)?.ok_or(Error::NotFound)?;
    // Whoever has two accounts is one person.
    if member.person == who.person {
        return Err(Error::Forbidden(Forbidden::SecondPerson));
    }
    open_again(tx, &member.id)?;
    Ok(Colleague { member, closed_at: None })
}

/// Whoever keeps the accounts opens a second factor again. Says whether it was closed.
///
/// # Errors
/// `NotFound` for an unknown account.
pub fn open_second_factor_of(tx: &mut Unit<'_>, username: &str) -> Result<bool> {
    let id = account(tx, username)?.member.id;
    open_again(tx, &id)
}

fn open_again(tx: &mut Unit<'_>, id: &StaffId) -> Result<bool> {
    let was_closed = staff::open_second_factor(tx, id)?;
    if was_closed {
        paging::tell_of_open_factor(tx, id)?;
    }
    Ok(was_closed)
}

/// Whoever keeps the accounts ends sessions of a colleague; with the last one, what they had claimed is free.
///
/// # Errors
/// `NotFound` for an unknown account, and for a session that is none of theirs.
pub fn end_sessions_of(tx: &mut Unit<'_>, username: &str, which: &Which) -> Result<usize> {
    let id = account(tx, username)?.member.id;
    end_sessions(tx, &id, which)
}

/// Ends sessions of a colleague. With the last one, what they had claimed is free at once.
///
/// # Errors
/// `NotFound` for a session that is none of theirs.
pub(in crate::domain) fn end_sessions(tx: &mut Unit<'_>, who: &StaffId, which: &Which) -> Result<usize> {
    staff::lock_door(tx, who)?;
    let ended = staff::end_sessions(tx, who, which)?;
    if ended > 0 && !staff::is_signed_in(tx, who)? {
        rights::leave(tx, who)?;
        rights::stand_aside(tx, who)?;
    }
    Ok(ended)
}

/// Ends the session of this token. With the last one of a colleague, what they had claimed is free at once: whoever
/// works on at another device keeps it.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn sign_out(tx: &mut Unit<'_>, who: &StaffId, token: &Sensitive<String>) -> Result<()> {
    if staff::end_session(tx, who, token)? {
        return Ok(());
    }
    rights::leave(tx, who)?;
    rights::stand_aside(tx, who)
}

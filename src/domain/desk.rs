//! The desk: the one door by which colleagues come, whatever surface they come from. A surface says which act it is, on
//! which case, what the caller has seen of it, the key of the call, and what is done with the grant. Here the session is
//! proved, the key taken or the kept answer given, the version compared, the grant asked for, and it is noted that
//! somebody is at work. Nothing else proves a session for a handler.
//!
//! A "not found" may be a wall. The transaction that met it is rolled back, so a note is made in another one, by
//! [`note_turned_away`], which whoever runs the desk runs after each of them.

use super::access::{self, Acting, CaseAct, Grant, Sight};
use super::casework::colleagues;
use super::ledger::idempotency::{self, Answer, Answered, Keyed, Reply};
use super::ledger::seen::Seen;
use super::paging;
use super::people::staff::{self, Living, Session, Sitting, Which};
use super::unit::{Entry, Look, Unit};
use super::vault::Owner;
use crate::base::id::{CaseId, SessionId};
use crate::base::secret::Sensitive;
use crate::error::{Error, Result};

/// What a colleague comes with, when the answer is kept.
#[derive(Debug)]
pub struct Visit {
    /// The token of their session.
    pub bearer: Sensitive<String>,
    /// The key of the call, or what is wrong with it: told when it is known who comes.
    pub keyed: Result<Keyed>,
}

/// The case that they come for.
#[derive(Debug)]
pub struct At {
    /// Which.
    pub case: CaseId,
    /// What they saw of it.
    pub seen: Seen,
}

/// Does an act on a case, once for each key, and keeps the answer under the keys of the case.
///
/// # Errors
/// `Unauthenticated` when the session has ended; then what is wrong with the key, and what [`idempotency::once`] says;
/// then what `access` says of the act and the case; then what [`Seen::holds`] says of its version; then what `work` says.
/// For an answer that is kept, `NotFound` when they may not see the case any more.
pub fn on_case<A: CaseAct>(
    entry: &mut Entry<'_>,
    visit: Visit,
    at: &At,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>) -> Result<Answer>,
) -> Result<Answered> {
    at_case(entry, visit, at, work, |_, _| Ok(Owner::case(&at.case)))
}

/// Does an act by which a colleague leaves a case, once for each key. They may see no more of it afterwards, so the answer says
/// nothing of it, and is kept under their own keys: whoever repeats the call hears the same.
///
/// # Errors
/// As [`on_case`].
pub fn leaving<A: CaseAct>(
    entry: &mut Entry<'_>,
    visit: Visit,
    at: &At,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>) -> Result<Answer>,
) -> Result<Answered> {
    at_case(entry, visit, at, work, |_, who| Ok(Owner::staff(&who.id)))
}

/// Does an act that may move a case out of a colleague's queues, once for each key. While they see it, the answer is kept as that of
/// any act is; of a case that has left them, under their own keys: whoever repeats the call hears the same.
///
/// # Errors
/// As [`on_case`].
pub fn moving<A: CaseAct>(
    entry: &mut Entry<'_>,
    visit: Visit,
    at: &At,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>) -> Result<Answer>,
) -> Result<Answered> {
    at_case(entry, visit, at, work, |tx, who| match access::check_sight(tx, who, &at.case) {
        Err(Error::NotFound) => Ok(Owner::staff(&who.id)),
        seen => seen.map(|()| Owner::case(&at.case)),
    })
}

/// An act on a case, once for each key. Under whose keys its answer is kept is asked when it is done.
fn at_case<A: CaseAct>(
    entry: &mut Entry<'_>,
    visit: Visit,
    at: &At,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>) -> Result<Answer>,
    kept_for: impl FnOnce(&mut Unit<'_>, &Acting) -> Result<Owner>,
) -> Result<Answered> {
    once(entry, visit, |tx, who| {
        let grant = access::case::<A>(tx, who, &at.case)?;
        at.seen.holds(grant.case().version)?;
        let answer = work(tx, grant)?;
        Ok(Reply::of(kept_for(tx, who)?, answer))
    })
}

/// Does an act on two cases, once for each key, and keeps the answer under the keys of the first. What is wrong with the name
/// of the `other` is told to those only who may know of the first.
///
/// # Errors
/// As [`on_case`], for the first case before the other.
pub fn on_two<A: CaseAct>(
    entry: &mut Entry<'_>,
    visit: Visit,
    at: &At,
    other: Result<CaseId>,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>, Grant<A>) -> Result<Answer>,
) -> Result<Answered> {
    once(entry, visit, |tx, who| {
        let other = match other {
            Ok(other) => other,
            Err(wrong) => return access::case::<A>(tx, who, &at.case).and(Err(wrong)),
        };
        let (one, two) = access::two_cases::<A>(tx, who, &at.case, &other)?;
        at.seen.holds(one.case().version)?;
        Ok(Reply::of(Owner::case(&at.case), work(tx, one, two)?))
    })
}

/// Does what names no case, once for each key, such as taking the next one of a queue.
///
/// # Errors
/// As [`on_case`], but for the case.
pub fn once(
    entry: &mut Entry<'_>,
    visit: Visit,
    work: impl FnOnce(&mut Unit<'_>, &Acting) -> Result<Reply>,
) -> Result<Answered> {
    let (tx, who) = access::member(entry, &visit.bearer)?;
    let attempt = visit.keyed?.of(who.id.as_str());
    let may_repeat = |tx: &mut Unit<'_>, owner: &Owner| match owner {
        Owner::Case(case) => access::check_sight(tx, &who, case),
        Owner::Platform(_) | Owner::Staff(_) | Owner::Service(_) => Ok(()),
    };
    idempotency::once(tx, &attempt, may_repeat, |tx| {
        let reply = work(tx, &who)?;
        staff::note_acting(tx, &who.id)?;
        Ok(reply)
    })
}

/// Does an act on a case that may be done again and again, and whose answer nobody keeps, such as a heartbeat.
///
/// # Errors
/// `Unauthenticated` when the session has ended; then what `access` says of the act and the case, and what `work` says.
pub fn unkeyed<A: CaseAct, T>(
    entry: &mut Entry<'_>,
    bearer: &Sensitive<String>,
    case: &CaseId,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>) -> Result<T>,
) -> Result<T> {
    look(entry, bearer, case, |tx, grant| {
        let who = grant.who().id.clone();
        let done = work(tx, grant)?;
        staff::note_acting(tx, &who)?;
        Ok(done)
    })
}

/// Reads a case in a transaction that only reads. What was read is shown when [`look`] has put that on record.
///
/// # Errors
/// `Unauthenticated` when the session has ended; then what `access` says of the case, and what `work` says.
pub fn shown<T>(
    rx: &mut Look<'_>,
    bearer: &Sensitive<String>,
    case: &CaseId,
    work: impl FnOnce(&mut Look<'_>, &Sight) -> Result<T>,
) -> Result<T> {
    let (who, _) = access::reading(rx, bearer)?;
    let sight = access::sight(rx, &who, case)?;
    work(rx, &sight)
}

/// Puts on record that somebody reads a case. Who reads is not yet at work.
///
/// # Errors
/// As [`unkeyed`].
pub fn look<A: CaseAct, T>(
    entry: &mut Entry<'_>,
    bearer: &Sensitive<String>,
    case: &CaseId,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>) -> Result<T>,
) -> Result<T> {
    let (tx, who) = access::member(entry, bearer)?;
    let grant = access::case::<A>(tx, &who, case)?;
    work(tx, grant)
}

/// What was read, and the session that is to be kept awake by [`keep_awake`], if it is.
#[derive(Debug)]
pub struct WasRead<T> {
    /// What was read.
    pub answer: T,
    /// A session whose last call is so long ago that this one should be noted.
    pub stale: Option<Session>,
}

/// Reads what no record is kept of: lists and counts. Those who only read do not wait behind those who write.
///
/// # Errors
/// `Unauthenticated` when the session has ended; what `work` says.
pub fn reading<T>(
    rx: &mut Look<'_>,
    bearer: &Sensitive<String>,
    work: impl FnOnce(&mut Look<'_>, &Acting) -> Result<T>,
) -> Result<WasRead<T>> {
    let (who, session) = access::reading(rx, bearer)?;
    let answer = work(rx, &who)?;
    Ok(WasRead { answer, stale: Some(session).filter(|session| session.is_stale) })
}

/// Reads something about a case of which no record is kept, such as who may take it.
///
/// # Errors
/// As [`reading`], and what `access` says of the case.
pub fn reading_of<T>(
    rx: &mut Look<'_>,
    bearer: &Sensitive<String>,
    case: &CaseId,
    work: impl FnOnce(&mut Look<'_>, &Sight) -> Result<T>,
) -> Result<WasRead<T>> {
    reading(rx, bearer, |rx, who| {
        let sight = access::sight(rx, who, case)?;
        work(rx, &sight)
    })
}

/// Notes that a session is in use, after a reading that wrote nothing.
///
/// # Errors
/// What the database says.
pub fn keep_awake(entry: &mut Entry<'_>, session: &Session) -> Result<()> {
    access::keep_awake(entry, session)
}

/// Keeps a session awake for a person who is there and asks for nothing else, and says how long it lasts now.
///
/// # Errors
/// `Unauthenticated` when it has ended.
pub fn stay(entry: &mut Entry<'_>, bearer: &Sensitive<String>) -> Result<Sitting> {
    let (_, who) = access::member(entry, bearer)?;
    Ok(*who.sitting())
}

/// Reads for a page that stands open and that nobody has asked for just now: it keeps no session awake.
///
/// # Errors
/// `Unauthenticated` when the session has ended; what `work` says.
pub fn unnoticed<T>(
    rx: &mut Look<'_>,
    bearer: &Sensitive<String>,
    work: impl FnOnce(&mut Look<'_>, &Acting) -> Result<T>,
) -> Result<T> {
    let (who, _) = access::reading(rx, bearer)?;
    work(rx, &who)
}

/// Has letters be keys of a colleague's pages, or not.
///
/// # Errors
/// `Unauthenticated` when the session has ended.
pub fn set_letter_keys(entry: &mut Entry<'_>, bearer: &Sensitive<String>, are_on: bool) -> Result<()> {
    let (tx, who) = access::member(entry, bearer)?;
    staff::set_letter_keys(tx, &who.id, are_on)
}

/// Ends a session, and with the last one what its colleague had claimed.
///
/// # Errors
/// `Unauthenticated` when it has ended already.
pub fn sign_out(entry: &mut Entry<'_>, bearer: &Sensitive<String>) -> Result<()> {
    let (tx, who) = access::member(entry, bearer)?;
    colleagues::sign_out(tx, &who.id, bearer)
}

/// The living sessions of who comes, the oldest first, and the id of the one by which they come.
///
/// # Errors
/// `Unauthenticated` when the session has ended.
pub fn sessions(rx: &mut Look<'_>, bearer: &Sensitive<String>) -> Result<(Vec<Living>, SessionId)> {
    let (who, session) = access::reading(rx, bearer)?;
    Ok((staff::sessions_of(rx, &who.id)?, session.id))
}

/// Ends one of the sessions of who comes; where none is named, all but the one by which they come.
///
/// # Errors
/// `Unauthenticated` when the session has ended; `NotFound` when the one that is named is none of theirs.
pub fn end_sessions(entry: &mut Entry<'_>, bearer: &Sensitive<String>, named: Option<SessionId>) -> Result<()> {
    let (tx, who, session) = access::member_with_session(entry, bearer)?;
    let which = named.map_or(Which::AllBut(session), Which::This);
    colleagues::end_sessions(tx, &who.id, &which).map(drop)
}

/// After a "not found" before these cases: notes that it was said. A job looks afterwards whether a wall was the reason, so
/// that time tells nothing. A colleague who was turned away learns nothing; the safeguarding lead does.
///
/// # Errors
/// What the database says.
pub fn note_turned_away(entry: &mut Entry<'_>, bearer: &Sensitive<String>, cases: &[CaseId]) -> Result<()> {
    paging::note_turned_away(entry, bearer, cases)
}

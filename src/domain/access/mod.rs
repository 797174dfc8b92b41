//! Who may do what: the one table, and the only way to a row. A [`Grant`] proves that the row was found through here;
//! operations take grants and not ids.

mod acting;
mod acts;
mod partners;
mod policy;
mod walls;

use std::marker::PhantomData;
use std::ops::Deref;

pub use acting::Acting;
pub use acts::*;
pub use partners::{
    Agent, Partner, PresentedPartner, Reader, partner, partner_acting, reader, reader_acting, reader_leaves,
};
pub use policy::{allows, may_ever, rights, table, takes_cases};
pub(in crate::domain) use walls::{Walls, is_walled, kept_off, walled};

use super::case;
use super::case::Case;
use super::people::platforms::{self, Client, Scope};
use super::people::staff::{self, Member, Session};
use super::people::tokens::AccessToken;
use super::terms::Mode;
use super::triage::Queue;
use crate::base::code::codes;
use crate::base::id::{CaseId, ClientId, PlatformId, SessionId, StaffId};
use crate::base::secret::Sensitive;
use crate::base::time::Timestamp;
use crate::db::dialect;
use crate::domain::unit::{Actor, Entry, Look, Unit};
use crate::domain::vault::Owner;
use crate::error::{Conflict, Error, Forbidden, Result, Unauthenticated};

/// Proof that a colleague may do the act `A` with this case. It names them; nothing outside this module can make one.
#[derive(Debug)]
pub struct Grant<A> {
    case: Case,
    who: Acting,
    act: PhantomData<fn() -> A>,
}

/// Proof that a colleague may read a case in a transaction that only reads. Nothing outside this module can make one.
#[derive(Debug)]
pub struct Sight {
    case: Case,
    who: Acting,
}

impl Sight {
    /// The case, as it stands in this transaction.
    #[must_use]
    pub const fn case(&self) -> &Case {
        &self.case
    }

    /// Who reads it.
    #[must_use]
    pub const fn who(&self) -> &Acting {
        &self.who
    }
}

impl<A> Grant<A> {
    const fn new(case: Case, who: Acting) -> Self {
        Self { case, who, act: PhantomData }
    }

    /// The case.
    #[must_use]
    pub const fn case(&self) -> &Case {
        &self.case
    }

    /// Who holds the grant.
    #[must_use]
    pub const fn who(&self) -> &Acting {
        &self.who
    }

    /// The case, and who holds the grant.
    #[must_use]
    pub fn into_parts(self) -> (Case, Acting) {
        (self.case, self.who)
    }
}

/// Whether the person sees the queue.
#[must_use]
pub fn sees(who: &Member, queue: Queue) -> bool {
    who.queues.contains(&queue) && allows(who.role, queue, Act::Read)
}

/// Whether the person may do this with the case, walls aside: by any of the queues that it stands in.
#[must_use]
pub fn may(who: &Member, case: &Case, act: Act) -> bool {
    case.queues().into_iter().any(|queue| who.queues.contains(&queue) && allows(who.role, queue, act))
}

codes! {
    /// What bars somebody from a case.
    pub enum Bar {
        /// There is no open account of theirs.
        AccountClosed = "account_closed",
        /// Their role has no right to it.
        Role = "role",
        /// It stands in no queue of their list.
        Queue = "queue",
        /// It names somebody whom they declared.
        Wall = "wall",
    }
}

/// What bars this person from doing this with the case; nothing when they may.
///
/// # Errors
/// What the database says.
pub fn bar(rx: &mut Look<'_>, id: &StaffId, case: &Case, act: Act) -> Result<Option<Bar>> {
    let Some(who) = staff::find(rx, id)? else { return Ok(Some(Bar::AccountClosed)) };
    if !may(&who, case, act) {
        let listed = case.queues().into_iter().any(|queue| who.queues.contains(&queue));
        return Ok(Some(if listed { Bar::Role } else { Bar::Queue }));
    }
    Ok(is_walled(rx, id, &case.id)?.then_some(Bar::Wall))
}

/// A platform's client whose token counts in this transaction, within its scope. Nothing outside this module can make one.
#[derive(Clone, Debug)]
pub struct Tenant {
    _proved: Proved,
    /// The credential.
    pub client: ClientId,
    /// The platform.
    pub platform: PlatformId,
    /// Trial or real life.
    pub mode: Mode,
    /// What its token was granted and the credential still may ask for.
    pub scopes: Vec<Scope>,
}

/// What only this module can say.
#[derive(Clone, Debug)]
struct Proved;

/// A token as it comes to an operation: what its signature proves, and the scope that the operation asks for. Whether it
/// still counts is for [`platform`] to say.
#[derive(Clone, Debug)]
pub struct Presented {
    token: AccessToken,
    scope: Option<Scope>,
}

impl Presented {
    /// A token before an operation that asks for `scope`, or for any token where there is none.
    #[must_use]
    pub const fn new(token: AccessToken, scope: Option<Scope>) -> Self {
        Self { token, scope }
    }

    /// Whether the token itself carries the scope. Where it does not, [`platform`] refuses it whatever the database says.
    ///
    /// # Errors
    /// `Forbidden` when the scope was not granted.
    pub(super) fn carries_scope(&self) -> Result<()> {
        match self.scope.filter(|scope| !self.token.scopes.contains(scope)) {
            Some(scope) => Err(Error::Forbidden(Forbidden::Scope(scope.as_str()))),
            None => Ok(()),
        }
    }
}

impl Deref for Presented {
    type Target = AccessToken;

    fn deref(&self) -> &AccessToken {
        &self.token
    }
}

/// Lets a platform in: its token's epoch must be the credential's present one, which makes a revocation hold at once. Platform,
/// mode and scopes are those of the credential's row; a token that says otherwise does not count.
///
/// # Errors
/// `Unauthenticated` for a revoked or outdated token, and for one of another platform or mode than its credential; `Forbidden` when the scope was not granted, or was taken away since.
pub fn platform(rx: &mut Look<'_>, presented: &Presented) -> Result<Tenant> {
    let Presented { token, scope } = presented;
    let alive = |client: &Client| {
        let current = client.revoked_at.is_none() && client.epoch == token.epoch;
        current && client.mode == token.mode && client.platform_id == token.platform
    };
    let Some(client) = platforms::client(rx, &token.client)?.filter(alive) else {
        return Err(Error::Unauthenticated(Unauthenticated::Invalid));
    };
    let mut scopes = client.scopes();
    scopes.retain(|scope| token.scopes.contains(scope));
    if let Some(scope) = scope.filter(|scope| !scopes.contains(scope)) {
        return Err(Error::Forbidden(Forbidden::Scope(scope.as_str())));
    }
    let Client { id, platform_id, mode, .. } = client;
    Ok(Tenant { _proved: Proved, client: id, platform: platform_id, mode, scopes })
}

/// Lets a platform into a transaction that writes, by the rules of [`platform`]: from here on the client acts.
///
/// # Errors
/// As [`platform`].
pub fn platform_acting<'e, 'u>(entry: &'e mut Entry<'u>, presented: &Presented) -> Result<(&'e mut Unit<'u>, Tenant)> {
    let tenant = platform(entry, presented)?;
    let tx = entry.open(Actor::platform(tenant.client.as_str()));
    Ok((tx, tenant))
}

/// The colleague behind a bearer token: from here on they act.
///
/// # Errors
/// `Unauthenticated` when the session has ended.
pub(super) fn member<'e, 'u>(
    entry: &'e mut Entry<'u>,
    bearer: &Sensitive<String>,
) -> Result<(&'e mut Unit<'u>, Acting)> {
    let session = session(entry, bearer)?;
    let tx = entry.open(Actor::staff(session.member.id.as_str()));
    if session.is_stale {
        staff::touch(tx, &session)?;
    }
    Ok((tx, Acting::of(session)))
}

/// The same, with the session by which they come.
///
/// # Errors
/// As [`member`].
pub(super) fn member_with_session<'e, 'u>(
    entry: &'e mut Entry<'u>,
    bearer: &Sensitive<String>,
) -> Result<(&'e mut Unit<'u>, Acting, SessionId)> {
    let id = session(entry, bearer)?.id;
    let (tx, who) = member(entry, bearer)?;
    Ok((tx, who, id))
}

/// The colleague behind a bearer token, for reading what no record is kept of, and their session.
///
/// # Errors
/// `Unauthenticated` when the session has ended.
pub(super) fn reading(rx: &mut Look<'_>, bearer: &Sensitive<String>) -> Result<(Acting, Session)> {
    let session = session(rx, bearer)?;
    Ok((Acting::of(session.clone()), session))
}

/// Notes that a session is in use, after a reading that wrote nothing.
///
/// # Errors
/// What the database says.
pub(super) fn keep_awake(entry: &mut Entry<'_>, session: &Session) -> Result<()> {
    staff::touch(entry.open(Actor::staff(session.member.id.as_str())), session)
}

fn session(rx: &mut Look<'_>, bearer: &Sensitive<String>) -> Result<Session> {
    staff::session_of(rx, bearer)?.ok_or(Error::Unauthenticated(Unauthenticated::Invalid))
}

/// A case for an act of a colleague. Its row is locked until the transaction ends; one that they must not know of is not, and
/// nobody waits for whoever works on it: a lock takes time, and that must not be what tells.
///
/// # Errors
/// `NotFound` when there is no such case, it lies in a queue they do not see, or a wall stands between them and it;
/// `Forbidden` when their role has no right to the act; `ClaimLost` when the act needs a claim they do not hold.
pub(super) fn case<A: CaseAct>(tx: &mut Unit<'_>, who: &Acting, id: &CaseId) -> Result<Grant<A>> {
    let mut case = in_sight(tx, who, id)?;
    if dialect::locks_rows(tx.conn()) {
        // Whoever had it locked may have changed it, whom it names, or what this person declared: by leaving it themselves.
        let locked = case::find_locked(tx, id)?;
        let hidden = is_walled(tx, &who.id, id)?;
        case = locked.filter(|case| !hidden && may(who, case, Act::Read)).ok_or(Error::NotFound)?;
    }
    check(who, &case, A::ACT, tx.now())?;
    Ok(Grant::new(case, who.clone()))
}

/// Whether the person may do this with a case that they see: by their role, and by the claim where it needs one.
///
/// # Errors
/// `Forbidden` and `ClaimLost` as in [`case`].
pub(in crate::domain) fn check(who: &Member, case: &Case, act: Act, now: Timestamp) -> Result<()> {
    if !may(who, case, act) {
        return Err(Error::Forbidden(Forbidden::Role));
    }
    if act.needs_claim() && !case.is_held_by(&who.id, now) {
        return Err(Conflict::ClaimLost.into());
    }
    Ok(())
}

/// Two cases for one act. They are locked in the order of their ids, whichever is named first: two people who link the
/// same cases crosswise then wait for each other in turn, and never both at once.
///
/// # Errors
/// As [`case`], for `one` before `other`.
pub(super) fn two_cases<A: CaseAct>(
    tx: &mut Unit<'_>,
    who: &Acting,
    one: &CaseId,
    other: &CaseId,
) -> Result<(Grant<A>, Grant<A>)> {
    // Both are looked up before either is refused.
    let (first, second) = (look(tx, who, one)?, look(tx, who, other)?);
    if [first, second].iter().all(Option::is_some) {
        for id in [one.min(other), one.max(other)] {
            Owner::case(id).lock(tx)?;
        }
    }
    Ok((case(tx, who, one)?, case(tx, who, other)?))
}

/// Whether the person may still see the case: what a repeated answer asks before it is given again.
///
/// # Errors
/// `NotFound` as in [`case`].
pub(super) fn check_sight(rx: &mut Look<'_>, who: &Acting, id: &CaseId) -> Result<()> {
    in_sight(rx, who, id).map(|_| ())
}

/// A case for reading in a transaction that only reads: nothing is locked.
///
/// # Errors
/// `NotFound` as in [`case`].
pub(super) fn sight(rx: &mut Look<'_>, who: &Acting, id: &CaseId) -> Result<Sight> {
    Ok(Sight { case: in_sight(rx, who, id)?, who: who.clone() })
}

fn in_sight(rx: &mut Look<'_>, who: &Acting, id: &CaseId) -> Result<Case> {
    look(rx, who, id)?.ok_or(Error::NotFound)
}

/// The case, if it lies in a queue that they see and no wall stands before it. A row is read and its names are compared
/// whatever comes of it, another case's where there is none with this id: time does not tell a wall from a case that is
/// not there.
fn look(rx: &mut Look<'_>, who: &Acting, id: &CaseId) -> Result<Option<Case>> {
    let found = case::find_or_next(rx, id)?;
    let read = found.as_ref().map_or(id, |case| &case.id);
    let hidden = who.walls().stand_before(rx, read)?;
    Ok(found.filter(|case| case.id == *id && !hidden && may(who, case, Act::Read)))
}

/// The unit of a colleague who was turned away, and who they are; nobody without a living session.
pub(super) fn turned_away<'e, 'u>(
    entry: &'e mut Entry<'u>,
    bearer: &Sensitive<String>,
) -> Result<Option<(&'e mut Unit<'u>, StaffId)>> {
    let Some(session) = staff::session_of(entry, bearer)? else { return Ok(None) };
    let tx = entry.open(Actor::staff(session.member.id.as_str()));
    staff::touch(tx, &session)?;
    Ok(Some((tx, session.member.id)))
}

/// Whether a wall stands between a colleague and a case that lies in a queue which they see.
pub(super) fn meets_wall(rx: &mut Look<'_>, id: &StaffId, case: &CaseId) -> Result<bool> {
    let (Some(who), Some(case)) = (staff::find(rx, id)?, case::find(rx, case)?) else { return Ok(false) };
    Ok(may(&who, &case, Act::Read) && is_walled(rx, id, &case.id)?)
}

/// Whether the person's own list lets them claim from the queue at all.
///
/// # Errors
/// `NotFound` for a queue they do not see, `Forbidden` for a role that claims nothing.
pub(super) fn queue(who: &Acting, queue: Queue, act: Act) -> Result<()> {
    if !may_ever(who.role, Act::Read) {
        return Err(Error::Forbidden(Forbidden::Role));
    }
    if !sees(who, queue) {
        return Err(Error::NotFound);
    }
    if allows(who.role, queue, act) { Ok(()) } else { Err(Error::Forbidden(Forbidden::Role)) }
}

/// The claim of a case that [`crate::domain::casefile::queues`] chose under a lock, with the same rules. Nothing when its
/// names are not those that the service wrote down, so that no wall was seen.
pub(super) fn chosen(rx: &mut Look<'_>, who: &Acting, case: Case) -> Result<Option<Grant<Claim>>> {
    if !may(who, &case, Act::Claim) {
        return Err(Error::NotFound);
    }
    let hidden = who.walls().stand_before(rx, &case.id)?;
    Ok(if hidden { None } else { Some(Grant::new(case, who.clone())) })
}

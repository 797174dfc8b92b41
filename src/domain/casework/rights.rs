//! What ends with a right to a case: claims, holds, hand-overs, offers, alarms that only the wrong people heard, and proposals.
//! All of it ends in the transaction that ends the right, and the next person hears at once.

use std::collections::BTreeSet;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::acts::{ActKind, ActState};
use super::claims;
use super::hand_overs;
use super::priority;
use crate::base::code::codes;
use crate::base::id::{ActId, CaseId, StaffId};
use crate::db::due::{self, DueRow};
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::{acts, cases};
use crate::domain::access::{self, Act, Bar};
use crate::domain::case::store;
use crate::domain::case::{Case, State};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::paging;
use crate::domain::paging::shown;
use crate::domain::people::staff;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::{Error, Result};

codes! {
    /// Why something that stood on a right to a case has ended.
    pub enum Cause {
        /// The account was closed.
        AccountClosed = "account_closed",
        /// The role has no right to it any more.
        Role = "role",
        /// The case stands in no queue of their list any more.
        Queue = "queue",
        /// It names somebody whom they declared.
        Wall = "wall",
        /// They signed out, or all their sessions were ended.
        SessionEnded = "session_ended",
        /// The case was closed.
        CaseClosed = "case_closed",
    }
}

impl From<Bar> for Cause {
    fn from(bar: Bar) -> Self {
        match bar {
            Bar::AccountClosed => Self::AccountClosed,
            Bar::Role => Self::Role,
            Bar::Queue => Self::Queue,
            Bar::Wall => Self::Wall,
        }
    }
}

/// How much has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Cases that are nobody's now.
    pub cases: usize,
    /// Proposals that are void.
    pub acts: usize,
}

/// Changes what a colleague may do, and ends all that no longer has a right to stand on. `change` writes the account's
/// rows. The cases are locked before them, in the order of their ids, as whoever acts on a case does.
///
/// # Errors
/// What `change` says, and the database.
pub(super) fn change(
    tx: &mut Unit<'_>,
    who: &StaffId,
    change: impl FnOnce(&mut Unit<'_>) -> Result<()>,
) -> Result<Ended> {
    let mut hanging = standing_on(tx, who)?;
    for id in &hanging {
        Owner::case(id).lock(tx)?;
    }
    change(tx)?;
    shown::follow_rights(tx, who)?;
    // And what they took while this waited for them.
    hanging.extend(standing_on(tx, who)?);
    let mut ended = Ended::default();
    for id in hanging {
        let mut case = match store::find_locked(tx, &id) {
            Ok(Some(case)) => case,
            Ok(None) => continue,
            Err(error @ Error::Unavailable(_)) => return Err(error),
            Err(error) => {
                // A case that cannot be read must not keep an account open.
                tracing::error!(case = %id, %error, "nothing can be taken from a case that cannot be read");
                paging::call_for_unreadable(tx, id.as_str())?;
                continue;
            }
        };
        let here = look_again(tx, &mut case)?;
        ended = Ended { cases: ended.cases + here.cases, acts: ended.acts + here.acts };
    }
    Ok(ended)
}

/// The open cases that are this person's, wait on a proposal of theirs, were last told to them, or are offered to them.
fn standing_on(tx: &mut Unit<'_>, who: &StaffId) -> Result<BTreeSet<CaseId>> {
    let held: Vec<CaseId> = cases::table
        .filter(cases::assigned_to.eq(who).and(cases::state.ne(State::Closed)))
        .select(cases::id)
        .load(tx.conn())?;
    let proposed: Vec<CaseId> = acts::table
        // As a literal: SQLite finds the index of those that wait by the words of its condition.
        .filter(acts::proposed_by.eq(who).and(sql::<Bool>(&format!("state = '{}'", ActState::Pending.as_str()))))
        .select(acts::case_id)
        .load(tx.conn())?;
    let told = paging::told_last(tx, who)?;
    let offered = hand_overs::offered_to(tx, who)?;
    Ok(held.into_iter().chain(proposed).chain(told).chain(offered).collect())
}

/// Looks whether what stands on rights to this case still does: its holder's, those of who proposed an act, and those
/// of whom its alarm told. Its row is locked. What lost its right ends, and the next person hears at once.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn look_again(tx: &mut Unit<'_>, case: &mut Case) -> Result<Ended> {
    let mut ended = Ended::default();
    if !case.state.is_open() {
        return Ok(ended);
    }
    if let Some(holder) = case.assigned_to.clone()
        && let Some(bar) = access::bar(tx, &holder, case, Act::Work)?
    {
        take_from(tx, case, holder, bar.into())?;
        ended.cases += 1;
    }
    hand_overs::end_unfit(tx, case)?;
    for (id, kind, by) in waiting(tx, &case.id)? {
        if let Some(bar) = access::bar(tx, &by, case, kind.right())? {
            void(tx, &case.id, &id, kind, bar.into())?;
            ended.acts += 1;
        }
    }
    paging::pass_on(tx, case)?;
    Ok(ended)
}

/// Takes the case from whoever has it, and wakes the next person when it is urgent.
fn take_from(tx: &mut Unit<'_>, case: &mut Case, staff: StaffId, why: Cause) -> Result<()> {
    let kit = tx.kit();
    let now = tx.now();
    let what = if case.state == State::OnHold {
        "hold"
    } else if case.claimed_until.is_some_and(|until| until > now) {
        "claim"
    } else if case.reserved_until.is_some_and(|until| until > now) {
        "hand_over"
    } else {
        "lapsed_claim"
    };
    case.assigned_to = None;
    claims::end(tx, case, why.as_str())?;
    audit::record(tx, Owner::case(&case.id), Event::ClaimEnded { staff, what, cause: why.as_str() })?;
    if case.state == State::OnHold {
        claims::bring_back(tx, case)?;
    }
    if priority::is_urgent(kit, case.priority) { priority::call_now(tx, case, "holder_gone") } else { Ok(()) }
}

/// The person is at none of their devices any more. They keep their rights; what nobody else can take meanwhile ends:
/// claims, and hand-overs of what has somebody woken. Says how many cases are free.
///
/// # Errors
/// What the database says.
pub(super) fn leave(tx: &mut Unit<'_>, who: &StaffId) -> Result<usize> {
    let kit = tx.kit();
    let now = tx.now();
    let kept = cases::claimed_until.gt(now).or(cases::reserved_until.gt(now));
    let mut ids: Vec<CaseId> = cases::table
        .filter(cases::assigned_to.eq(who).and(cases::state.ne(State::Closed)))
        .filter(kept)
        .select(cases::id)
        .load(tx.conn())?;
    // Cases are locked in the order of their ids, as in every batch.
    ids.sort();
    let mut free = 0;
    for id in ids {
        let Some(mut case) = store::find_locked(tx, &id)? else { continue };
        let urgent = priority::is_urgent(kit, case.priority);
        let kept_urgent = urgent && case.reserved_until.is_some_and(|until| until > now);
        let stands = case.is_held_by(who, now) || (kept_urgent && case.assigned_to.as_ref() == Some(who));
        if stands && case.state != State::OnHold {
            take_from(tx, &mut case, who.clone(), Cause::SessionEnded)?;
            free += 1;
        }
    }
    Ok(free)
}

/// Whose second factor is closed, and who has no living session, hears of nothing: what nobody else can take meanwhile ends,
/// and what was told to them alone is told to the next ones now.
///
/// # Errors
/// What the database says.
pub(super) fn stand_aside(tx: &mut Unit<'_>, who: &StaffId) -> Result<()> {
    if !staff::shut_out(tx)?.contains(who) {
        return Ok(());
    }
    leave(tx, who)?;
    let mut told = paging::told_last(tx, who)?;
    told.extend(hand_overs::offered_to(tx, who)?);
    // Cases are locked in the order of their ids, as in every batch.
    told.sort();
    told.dedup();
    for id in told {
        match store::find_locked(tx, &id) {
            Ok(Some(case)) => {
                hand_overs::end_unfit(tx, &case)?;
                paging::pass_on(tx, &case)?;
            }
            Ok(None) => {}
            Err(error @ Error::Unavailable(_)) => return Err(error),
            // Its alarm rings at every lead.
            Err(error) => tracing::error!(case = %id, %error, "nothing can be passed on of a case that cannot be read"),
        }
    }
    Ok(())
}

/// The cases that somebody has, holds back or was offered, by index and all at once: one that cannot be read hides no
/// other.
///
/// # Errors
/// What the database says.
pub fn kept(rx: &mut Look<'_>, after: Option<&DueRow>, _: i64) -> Result<Vec<DueRow>> {
    const LOOKED_AT: i64 = 1_000;
    if after.is_some() {
        return Ok(Vec::new());
    }
    let now = rx.now();
    let claimed = cases::table.filter(cases::claimed_until.gt(now)).limit(LOOKED_AT).select(cases::id);
    let mut all: Vec<Perhaps<String>> = claimed.load(rx.conn())?;
    let reserved = cases::table.filter(cases::reserved_until.gt(now)).limit(LOOKED_AT).select(cases::id);
    all.extend(reserved.load::<Perhaps<String>>(rx.conn())?);
    let held = cases::table.filter(cases::held_until.is_not_null()).limit(LOOKED_AT).select(cases::id);
    all.extend(held.load::<Perhaps<String>>(rx.conn())?);
    let all: BTreeSet<String> = readable(all).into_iter().collect();
    Ok(all.into_iter().map(|id| (0, id)).collect())
}

/// Whether somebody has this case without a right to it. There is none but for a moment: two transactions that run side
/// by side on `PostgreSQL`, a claim and the end of the right to it, do not see each other.
///
/// # Errors
/// What the database says.
pub fn is_unfit(rx: &mut Look<'_>, id: &str) -> Result<bool> {
    let Some(case) = store::find(rx, &due::id(id)?)? else { return Ok(false) };
    let Some(holder) = &case.assigned_to else { return Ok(false) };
    Ok(access::bar(rx, holder, &case, Act::Work)?.is_some())
}

/// Takes the case from whoever has no right to it.
///
/// # Errors
/// What the database says.
pub fn end_unfit(tx: &mut Unit<'_>, id: &str) -> Result<()> {
    if let Some(mut case) = store::find_locked(tx, &due::id(id)?)? {
        look_again(tx, &mut case)?;
    }
    Ok(())
}

/// The acts of the case that wait for a second person, and who proposed them.
fn waiting(tx: &mut Unit<'_>, case: &CaseId) -> Result<Vec<(ActId, ActKind, StaffId)>> {
    Ok(acts::table
        .filter(acts::case_id.eq(case).and(acts::state.eq(ActState::Pending)))
        .order((acts::proposed_at, acts::id))
        .select((acts::id, acts::kind, acts::proposed_by))
        .load(tx.conn())?)
}

/// Voids all that waits for a second person in this case.
pub(super) fn void_all(tx: &mut Unit<'_>, case: &CaseId, why: Cause) -> Result<()> {
    for (id, kind, _) in waiting(tx, case)? {
        void(tx, case, &id, kind, why)?;
    }
    Ok(())
}

/// Voids an act that waits, and records why.
pub(super) fn void(tx: &mut Unit<'_>, case: &CaseId, id: &ActId, kind: ActKind, why: Cause) -> Result<()> {
    diesel::update(acts::table.find(id).filter(acts::state.eq(ActState::Pending)))
        .set((acts::state.eq(ActState::Void), acts::void_cause.eq(why), acts::decided_at.eq(tx.now())))
        .execute(tx.conn())?;
    let event = Event::ActVoided { act: id.clone(), act_kind: kind.as_str(), cause: why.as_str() };
    audit::record(tx, Owner::case(case), event)
}

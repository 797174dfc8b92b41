//! Giving a case back because it is not one for oneself. Nobody says why, and nobody is counted: a case is, that several people
//! gave back. Whoever knows somebody in a case leaves it for good.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::prelude::*;

use super::claims;
use super::priority;
use super::rights;
use crate::base::id::{CaseId, StaffId};
use crate::base::time::Timestamp;
use crate::db::dialect::native;
use crate::db::perhaps::readable;
use crate::db::schema::case_passes;
use crate::domain::access::{Act, Acting, Grant, Read, Work};
use crate::domain::case::Case;
use crate::domain::case::named::{self, Named};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::paging::{self, Call, Rung, rota};
use crate::domain::people::staff;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::Result;

/// How long the queue does not offer a case to whoever gave it back: until a night and its morning are over.
const NOT_OFFERED: Duration = Duration::from_hours(12);
/// When so many people have given a case back within that time, a lead hears of it.
const SEVERAL: usize = 3;

/// Gives the case back without a reason. The queue does not offer it to this person for twelve hours; by its name it stays
/// theirs to open and to take. Says until when.
///
/// # Errors
/// What the database says.
pub fn pass(tx: &mut Unit<'_>, grant: Grant<Work>) -> Result<Timestamp> {
    let (mut case, who) = grant.into_parts();
    let until = note(tx, &case.id, &who)?;
    audit::record(tx, Owner::case(&case.id), Event::Passed { wall: false })?;
    claims::give_back(tx, &mut case, &who, "passed")?;
    look_who_is_left(tx, &case)?;
    Ok(until)
}

/// Leaves a case in which the person knows somebody: a wall stands between them and this case at once, without a reason, and
/// what they had of it ends. A safeguarding lead is told.
///
/// # Errors
/// What the database says.
pub fn leave(tx: &mut Unit<'_>, grant: Grant<Read>) -> Result<()> {
    let (mut case, who) = grant.into_parts();
    if case.is_held_by(&who.id, tx.now()) {
        note(tx, &case.id, &who)?;
    }
    audit::record(tx, Owner::case(&case.id), Event::Passed { wall: true })?;
    let itself = Named::case_itself(&tx.kit().keyring, &case.id);
    named::add(tx, &case.id, &[itself])?;
    // Whoever has two accounts knows them by both.
    let mut theirs: Vec<StaffId> =
        staff::list(tx)?.into_iter().filter(|one| one.person == who.person).map(|one| one.id).collect();
    theirs.sort();
    for account in theirs {
        staff::declare_case(tx, &account, &case.id)?;
    }
    rights::look_again(tx, &mut case)?;
    paging::owe_word_of_left(tx, &case)?;
    look_who_is_left(tx, &case)
}

/// Notes that the person gave the case back.
fn note(tx: &mut Unit<'_>, case: &CaseId, who: &Acting) -> Result<Timestamp> {
    let until = tx.now().plus(NOT_OFFERED);
    let row = (case_passes::staff_id.eq(&who.id), case_passes::case_id.eq(case), case_passes::until.eq(until));
    native!(tx.conn(), |c| diesel::insert_into(case_passes::table)
        .values(row)
        .on_conflict((case_passes::staff_id, case_passes::case_id))
        .do_update()
        .set(case_passes::until.eq(until))
        .execute(c))?;
    Ok(until)
}

/// The accounts whose owners gave the case back within twelve hours.
fn passed_by(rx: &mut Look<'_>, case: &CaseId) -> Result<BTreeSet<StaffId>> {
    let of_case = case_passes::table.filter(case_passes::case_id.eq(case).and(case_passes::until.gt(rx.now())));
    Ok(readable(of_case.select(case_passes::staff_id).load(rx.conn())?).into_iter().collect())
}

/// Has a lead told of an open case that nobody holds when several people have given it back; and of a p0 or p1 when nobody is
/// at work any more who could take it and has not given it back.
fn look_who_is_left(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    let (kit, now) = (tx.kit(), tx.now());
    if !case.state.is_open() || case.claimed_until.is_some_and(|until| until > now) {
        return Ok(());
    }
    let accounts = passed_by(tx, &case.id)?;
    let mut people = BTreeSet::new();
    for account in &accounts {
        people.extend(staff::person_of(tx, account)?);
    }
    let nobody = priority::is_urgent(kit, case.priority) && !is_anybody_left(tx, case, &people)?;
    let reason = match (nobody, people.len() >= SEVERAL) {
        (true, _) => "passed_by_all",
        (false, true) => "passed_by_several",
        (false, false) => return Ok(()),
    };
    paging::call(tx, case, Call { reason, at: now, least: Rung::Lead })
}

fn is_anybody_left(rx: &mut Look<'_>, case: &Case, passed: &BTreeSet<StaffId>) -> Result<bool> {
    let at_work = paging::ids_at_work(rx)?;
    let able = rota::able(rx, case, Act::Claim)?;
    Ok(able.iter().any(|who| at_work.contains(&who.id) && !passed.contains(&who.person)))
}

/// Forgets some of what has ended. Says how many rows there were. None is read: one that is damaged goes with the others.
///
/// # Errors
/// What the database says.
pub fn forget_passes(tx: &mut Unit<'_>, rows: i64) -> Result<usize> {
    let ended = case_passes::until.le(tx.now());
    let first = case_passes::table.filter(ended).order(case_passes::until).limit(rows).select(case_passes::until);
    let Some(last) = first.load::<Timestamp>(tx.conn())?.pop() else { return Ok(0) };
    Ok(diesel::delete(case_passes::table.filter(case_passes::until.le(last))).execute(tx.conn())?)
}

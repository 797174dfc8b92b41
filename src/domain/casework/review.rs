//! Whether what was said in a case has been read, and whether whoever holds it does something about it. Nobody ends, sets
//! aside or lowers what they have not read; and a claim is no help: only who reads the case and acts on it meets the human
//! review and ends the alarm of a p0 or p1.

use diesel::prelude::*;

use crate::base::id::StaffId;
use crate::base::time::Timestamp;
use crate::db::dialect::native;
use crate::db::schema::readings;
use crate::domain::access::Acting;
use crate::domain::case::Case;
use crate::domain::case::clocks::{self, ClockKind};
use crate::domain::case::store;
use crate::domain::paging;
use crate::domain::people::staff;
use crate::domain::unit::{Look, Unit};
use crate::error::{Conflict, Error, Result};

/// Notes that somebody has read all that was said in a case, whose row is locked: for what they sign, and when they hold it
/// for their claim.
pub(in crate::domain) fn note_reading(tx: &mut Unit<'_>, case: &mut Case, who: &Acting) -> Result<()> {
    let now = tx.now();
    let read = (readings::content_at.eq(case.content_at), readings::read_at.eq(now));
    let row = (readings::case_id.eq(&case.id), readings::staff_id.eq(&who.id), read);
    native!(tx.conn(), |c| diesel::insert_into(readings::table)
        .values(row)
        .on_conflict((readings::case_id, readings::staff_id))
        .do_update()
        .set(read)
        .execute(c))?;
    if !case.is_held_by(&who.id, now) {
        return Ok(());
    }
    let before = case.is_attended(now);
    case.read_at = case.read_at.or(Some(now));
    store::set_holder(tx, case)?;
    settle(tx, case, before)
}

/// Notes that somebody did something about a case that counts as work when they hold it: began, wrote a note, raised it or
/// asked the platform.
pub(in crate::domain) fn note_act(tx: &mut Unit<'_>, case: &mut Case, who: &Acting) -> Result<()> {
    let now = tx.now();
    if !case.is_held_by(&who.id, now) {
        return Ok(());
    }
    let before = case.is_attended(now);
    case.acted_at = case.acted_at.or(Some(now));
    store::set_holder(tx, case)?;
    settle(tx, case, before)
}

/// Meets the review that was promised, and ends the alarm, when the holder has both read and acted. `before` is whether
/// they had already: an alarm that has begun since is told to them, and ends by itself.
fn settle(tx: &mut Unit<'_>, case: &mut Case, before: bool) -> Result<()> {
    if !case.is_attended(tx.now()) {
        return Ok(());
    }
    clocks::meet(tx, &case.id, ClockKind::HumanReview, None)?;
    if !before {
        paging::attend(tx, &case.id)?;
    }
    store::requeue(tx, case)
}

/// Refuses an act of the holder of the claim who has not read all that was said, in this claim.
///
/// # Errors
/// `Unread`, since when all of it is there.
pub(super) fn require_read(case: &Case) -> Result<()> {
    match case.read_at {
        Some(_) => Ok(()),
        None => Err(unread(case)),
    }
}

/// Refuses an act of somebody who has not read all that was said, whoever holds the case.
///
/// # Errors
/// `Unread`, since when all of it is there.
pub(in crate::domain) fn require_known(rx: &mut Look<'_>, case: &Case, who: &StaffId) -> Result<()> {
    let read: Option<Timestamp> =
        readings::table.find((&case.id, who)).select(readings::content_at).first(rx.conn()).optional()?;
    if read == Some(case.content_at) { Ok(()) } else { Err(unread(case)) }
}

fn unread(case: &Case) -> Error {
    Conflict::Unread { since: case.content_at.to_string() }.into()
}

/// Whether another person than this one has read all that was said.
pub(super) fn is_known_to_others(rx: &mut Look<'_>, case: &Case, who: &Acting) -> Result<bool> {
    let read = readings::table.filter(readings::case_id.eq(&case.id).and(readings::content_at.eq(case.content_at)));
    let readers: Vec<StaffId> = read.select(readings::staff_id).load(rx.conn())?;
    for reader in readers {
        if staff::person_of(rx, &reader)?.is_some_and(|person| person != who.person) {
            return Ok(true);
        }
    }
    Ok(false)
}

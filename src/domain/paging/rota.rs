//! The rota: who is planned to be at work when, and who is told of a case.

use std::time::Duration;

use diesel::prelude::*;

use super::{Rung, shown};
use crate::base::id::{CaseId, ShiftId, StaffId};
use crate::base::time::Timestamp;
use crate::db::perhaps::readable;
use crate::db::schema::{shifts, staff as accounts};
use crate::domain::access::{self, Act};
use crate::domain::case::Case;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::people::staff::{self, Member, Role};
use crate::domain::triage::Queue;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::rules::Shifts;
use crate::error::{Error, Result};

/// A stretch of somebody's time.
#[derive(Clone, Debug, Queryable)]
pub struct Shift {
    /// Its id.
    pub id: ShiftId,
    /// Whose.
    pub username: String,
    /// Whether that account is open.
    pub active: bool,
    /// From when on.
    pub starts_at: Timestamp,
    /// Until when, itself not in it.
    pub ends_at: Timestamp,
}

/// Someone is on shift when a colleague acted this recently (TSP-1, clocks).
pub const SHIFT: Duration = Duration::from_mins(15);
/// How long a shift may be: a month of standing by.
const LONGEST_DAYS: u64 = 31;
const LONGEST: Duration = Duration::from_hours(LONGEST_DAYS * 24);
/// How far ahead it may begin. Beyond it a year was mistyped.
const AHEAD: Duration = Duration::from_hours(2 * 366 * 24);

/// Adds a shift, unless the account has the very same already. Shifts may overlap: all who are at work are told of cases at
/// once; reporters are told of it from the next full hour.
///
/// # Errors
/// `NotFound` for an unknown account; `Invalid` for one that takes no cases and so is never told of any, and when the
/// shift ends before it begins, has ended already, is longer than a month or begins more than two years ahead.
pub fn add(tx: &mut Unit<'_>, username: &str, starts_at: Timestamp, ends_at: Timestamp) -> Result<Option<ShiftId>> {
    let account = staff::account(tx, username)?.ok_or(Error::NotFound)?;
    let same = shifts::table
        .filter(shifts::staff_id.eq(&account.member.id))
        .filter(shifts::starts_at.eq(starts_at).and(shifts::ends_at.eq(ends_at)))
        .filter(shifts::removed_at.is_null())
        .select(shifts::id);
    if same.first::<ShiftId>(tx.conn()).optional()?.is_some() {
        return Ok(None);
    }
    if !access::takes_cases(&account.member) {
        return Err(Error::invalid("/username", Shifts::TakesNoCases));
    }
    let now = tx.now();
    if ends_at <= starts_at || ends_at <= now {
        return Err(Error::invalid("/until", Shifts::Over));
    }
    if ends_at.since(starts_at) > LONGEST {
        return Err(Error::invalid("/until", Shifts::TooLong(LONGEST_DAYS)));
    }
    if starts_at.since(now) > AHEAD {
        return Err(Error::invalid("/from", Shifts::TooFarAhead));
    }
    let id = ShiftId::random();
    let row = (
        shifts::id.eq(&id),
        shifts::staff_id.eq(&account.member.id),
        shifts::starts_at.eq(starts_at),
        shifts::ends_at.eq(ends_at),
        shifts::shown_from.eq(shown::next_hour(now)),
    );
    diesel::insert_into(shifts::table).values(row).execute(tx.conn())?;
    audit::record(tx, Owner::staff(&account.member.id), Event::ShiftAdded { from: starts_at, until: ends_at })?;
    Ok(Some(id))
}

/// Takes a shift off the rota. Nobody is paged by it any more; reporters are told so from the next full hour.
///
/// # Errors
/// `NotFound` when there is none of this id.
pub fn remove(tx: &mut Unit<'_>, id: &ShiftId) -> Result<()> {
    let there = shifts::table.find(id).filter(shifts::removed_at.is_null());
    let owner: StaffId = there.select(shifts::staff_id).first(tx.conn())?;
    diesel::update(there).set(shifts::removed_at.eq(tx.now())).execute(tx.conn())?;
    shown::hide(tx, id)?;
    audit::record(tx, Owner::staff(&owner), Event::ShiftRemoved)
}

/// The shifts that have not ended, the next first.
pub fn list(rx: &mut Look<'_>) -> Result<Vec<Shift>> {
    Ok(shifts::table
        .inner_join(accounts::table.on(accounts::id.eq(shifts::staff_id)))
        .filter(shifts::ends_at.gt(rx.now()).and(shifts::removed_at.is_null()))
        .order((shifts::starts_at, shifts::id))
        .select((shifts::id, accounts::username, accounts::active, shifts::starts_at, shifts::ends_at))
        .load(rx.conn())?)
}

/// How many shifts have not ended that nobody works, because this account is closed or takes no cases.
///
/// # Errors
/// What the database says.
pub fn unworked(rx: &mut Look<'_>, id: &StaffId) -> Result<i64> {
    if staff::find(rx, id)?.is_some_and(|who| access::takes_cases(&who)) {
        return Ok(0);
    }
    let theirs = shifts::table.filter(shifts::staff_id.eq(id).and(shifts::ends_at.gt(rx.now())));
    Ok(theirs.filter(shifts::removed_at.is_null()).count().get_result(rx.conn())?)
}

/// Whether anybody who takes cases stands on the rota now. What reporters are told of it is [`shown::is_staffed`].
pub fn is_covered(rx: &mut Look<'_>) -> Result<bool> {
    let on_shift = on_shift_now(rx)?;
    Ok(staff::list(rx)?.iter().any(|who| access::takes_cases(who) && on_shift.iter().any(|id| id == who.id.as_str())))
}

/// Whether there is a rota: a shift that has not ended.
///
/// # Errors
/// What the database says.
pub fn is_there(rx: &mut Look<'_>) -> Result<bool> {
    let ahead = shifts::table.filter(shifts::ends_at.gt(rx.now()).and(shifts::removed_at.is_null()));
    Ok(ahead.count().get_result::<i64>(rx.conn())? > 0)
}

/// Whether someone is on shift who may work on one of the queues. Who cannot come in any more is not, however lately they
/// acted.
pub(in crate::domain) fn is_on_shift(rx: &mut Look<'_>, queues_of_case: &[Queue]) -> Result<bool> {
    let since = rx.now().minus(SHIFT);
    let works = |who: &Member| {
        queues_of_case.iter().any(|queue| who.queues.contains(queue) && access::allows(who.role, *queue, Act::Claim))
    };
    let mut acting = staff::acting_since(rx, since)?;
    acting.retain(works);
    if acting.is_empty() {
        return Ok(false);
    }
    let shut_out = staff::shut_out(rx)?;
    Ok(acting.iter().any(|who| !shut_out.contains(&who.id)))
}

/// Who may do this with the case, in the order of their names: their role and queues allow it, and no wall stands before them.
/// The walls of all are looked at together, whoever is left out.
pub(in crate::domain) fn able(rx: &mut Look<'_>, case: &Case, act: Act) -> Result<Vec<Member>> {
    let kept_off = access::kept_off(rx, &case.id)?;
    let mut all = staff::list(rx)?;
    all.retain(|who| access::may(who, case, act) && !kept_off.contains(&who.id));
    Ok(all)
}

/// Whom an alarm about the case reaches, in no order: each rung with those below it. Where nobody stands on a rung, the
/// next one up is told at once; where nobody stands on any, everybody who may work on the case. Nobody is told of a case
/// that they may not see. Who has no mail address stands on no rung while anybody has one: they would hear nothing. Whose second factor
/// is closed, and who has no living session, stands on none for that time.
pub(super) fn reached(rx: &mut Look<'_>, case: &Case, up_to: Rung) -> Result<Vec<StaffId>> {
    let on_shift = on_shift_now(rx)?;
    let shut_out = staff::shut_out(rx)?;
    let kept_off = access::kept_off(rx, &case.id)?;
    let there = staff::list(rx)?.into_iter().filter(|who| !shut_out.contains(&who.id) && !kept_off.contains(&who.id));
    let mut able: Vec<Member> = there.filter(|who| access::may(who, case, Act::Claim)).collect();
    let with_mail = staff::with_mail(rx)?;
    if able.iter().any(|who| with_mail.contains(who.id.as_str())) {
        able.retain(|who| with_mail.contains(who.id.as_str()));
    }
    let is_on_shift =
        |who: &&Member| on_shift.iter().any(|id| id == who.id.as_str()) || case.assigned_to.as_ref() == Some(&who.id);
    let of_role = |role: Role| able.iter().filter(move |who| who.role == role);
    let mut told: Vec<StaffId> = able.iter().filter(is_on_shift).map(|who| who.id.clone()).collect();
    for (rung, role) in [(Rung::Lead, Role::Lead), (Rung::SafeguardingLead, Role::SafeguardingLead)] {
        if rung <= up_to || told.is_empty() {
            told.extend(of_role(role).map(|who| who.id.clone()));
        }
    }
    if told.is_empty() {
        // Neither a shift nor a lead: then whoever may work on it, rather than nobody.
        told = able.into_iter().map(|who| who.id).collect();
    }
    told.sort();
    told.dedup();
    Ok(told)
}

/// All who are on a rung above the rota, and may see the case whatever its queue is.
pub(super) fn leads(rx: &mut Look<'_>, case: &CaseId) -> Result<Vec<StaffId>> {
    let shut_out = staff::shut_out(rx)?;
    let kept_off = access::kept_off(rx, case)?;
    let there = staff::list(rx)?.into_iter().filter(|who| !shut_out.contains(&who.id) && !kept_off.contains(&who.id));
    let leads = there.filter(|who| matches!(who.role, Role::Lead | Role::SafeguardingLead));
    Ok(leads.map(|who| who.id).collect())
}

/// Whose shift it is, as text: one that cannot be read hides no other.
pub(super) fn on_shift_now(rx: &mut Look<'_>) -> Result<Vec<String>> {
    let now = rx.now();
    let on_shift = shifts::table.filter(shifts::starts_at.le(now).and(shifts::ends_at.gt(now)));
    let on_shift = on_shift.filter(shifts::removed_at.is_null());
    Ok(readable(on_shift.select(shifts::staff_id).load(rx.conn())?))
}

//! Shifts that began and that nobody works: reporters are told that somebody is planned to be at work, so a lead must hear.

use std::time::Duration;

use diesel::prelude::*;

use super::owed::{self, Job, Notice};
use super::rota;
use crate::base::id::{ShiftId, StaffId};
use crate::base::time::Timestamp;
use crate::db::due::{self, DueRow};
use crate::db::schema::shifts;
use crate::domain::access;
use crate::domain::people::staff::{self, Role};
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

/// How long after the begin of a shift somebody of it must have signed in.
const GRACE: Duration = Duration::from_mins(15);

/// A few of the shifts that began a quarter of an hour ago, and that nobody has looked at.
pub fn begun(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let ((at, id), now) = (due::place(after), rx.now());
    due::walk(limit, |limit| {
        shifts::table
            .filter(shifts::starts_at.le(now.minus(GRACE)).and(shifts::ends_at.gt(now)))
            .filter(shifts::removed_at.is_null().and(shifts::looked_at.is_null()))
            .filter(shifts::starts_at.gt(at).or(shifts::starts_at.eq(at).and(shifts::id.gt(id))))
            .order((shifts::starts_at, shifts::id))
            .limit(limit)
            .select((shifts::starts_at, shifts::id))
            .load(rx.conn())
    })
}

/// Looks, once for each shift, whether anybody of it has signed in, and owes the leads a page when nobody has. Shifts that
/// begin together are one.
///
/// # Errors
/// What the database says.
pub fn look_at_shift(tx: &mut Unit<'_>, row: &str) -> Result<()> {
    let now = tx.now();
    let unseen = shifts::table.find(row).filter(shifts::looked_at.is_null());
    // Of two processes that look at once, one tells.
    if diesel::update(unseen).set(shifts::looked_at.eq(now)).execute(tx.conn())? == 0 {
        return Ok(());
    }
    let id: ShiftId = due::id(row)?;
    let Some(began) = nobody_of(tx, &id)? else { return Ok(()) };
    let key = format!("shift:{}", began.micros());
    owed::owe(tx, &Job::TellOfEmptyShift { shift: id }, now, Some(&key))
}

/// When this shift began, if it runs, and nobody who stands on the rota now has signed in since.
fn nobody_of(rx: &mut Look<'_>, id: &ShiftId) -> Result<Option<Timestamp>> {
    let now = rx.now();
    let runs = shifts::table.find(id).filter(shifts::ends_at.gt(now).and(shifts::removed_at.is_null()));
    let began: Option<Timestamp> = runs.select(shifts::starts_at).first(rx.conn()).optional()?;
    let Some(began) = began else { return Ok(None) };
    let on_shift = rota::on_shift_now(rx)?;
    for who in staff::list(rx)? {
        let is_theirs = on_shift.iter().any(|id| id == who.id.as_str());
        if is_theirs && access::takes_cases(&who) && staff::was_here_since(rx, &who.id, began)? {
            return Ok(None);
        }
    }
    Ok(Some(began))
}

/// Whether the leads are still to be told: the shift runs, and still nobody of it has signed in.
///
/// # Errors
/// What the database says.
pub fn is_empty(rx: &mut Look<'_>, id: &ShiftId) -> Result<bool> {
    Ok(nobody_of(rx, id)?.is_some())
}

/// Owes a mail to each lead who has an address, else to each safeguarding lead, else to the operator.
///
/// # Errors
/// What the database says.
pub fn tell_leads(tx: &mut Unit<'_>, shift: &ShiftId, key: &str) -> Result<()> {
    let (now, with_mail, all) = (tx.now(), staff::with_mail(tx)?, staff::list(tx)?);
    let reached = |role: Role| -> Vec<StaffId> {
        let able = all.iter().filter(|who| who.role == role && with_mail.contains(who.id.as_str()));
        able.map(|who| who.id.clone()).collect()
    };
    let mut told = reached(Role::Lead);
    if told.is_empty() {
        told = reached(Role::SafeguardingLead);
    }
    if told.is_empty() {
        return tell_operator(tx, shift);
    }
    for staff in told {
        let key = format!("{key}:{staff}");
        let mail = Job::Mail { staff, notice: Notice::EmptyShift { shift: shift.clone() } };
        owed::owe(tx, &mail, now, Some(&key))?;
    }
    Ok(())
}

/// Owes a mail to the operator, once for each shift.
pub(super) fn tell_operator(tx: &mut Unit<'_>, shift: &ShiftId) -> Result<()> {
    let now = tx.now();
    let key = format!("shift:{shift}:operator");
    owed::owe(tx, &Job::TellOperatorOfEmptyShift { shift: shift.clone() }, now, Some(&key))
}

/// Owes the operator word that there is no rota, if there is none: then nobody is planned to be at work, and whoever reports
/// is told so. Whether there is one.
///
/// # Errors
/// What the database says.
pub fn tell_when_no_rota(tx: &mut Unit<'_>) -> Result<bool> {
    let now = tx.now();
    if rota::is_there(tx)? {
        return Ok(true);
    }
    owed::owe(tx, &Job::TellOperatorOfNoRota, now, None)?;
    Ok(false)
}

//! What a claim does to the alarm of a case that wakes somebody: it stills it for a while, and no more.

use std::time::Duration;

use diesel::prelude::*;

use super::{Call, Rung, call, ids, open_of, quiet};
use crate::base::id::{CaseId, StaffId};
use crate::db::schema::alarms;
use crate::domain::case::Case;
use crate::domain::terms::Mode;
use crate::domain::unit::Unit;
use crate::error::Result;

/// How long the claim of a case that wakes somebody stills its alarm.
const STILL: Duration = Duration::from_mins(5);

/// Stills the alarm of such a case, which this person has taken and whose row is locked: it rings on in five minutes, unless
/// they have read the case and done something by then. Each person stills it once, with whichever account, so that nobody
/// keeps it quiet by taking the case again and again. What is about to be told higher up is told all the same. Where nothing
/// rings, an alarm begins: a claim alone is no help.
pub(in crate::domain) fn still(tx: &mut Unit<'_>, case: &Case, person: &StaffId) -> Result<()> {
    if case.mode == Mode::Test {
        return Ok(());
    }
    let until = tx.now().plus(STILL);
    match open_of(tx, &case.id)? {
        None => call(tx, case, Call { reason: "claimed", at: until, least: Rung::OnCall })?,
        Some(alarm) => {
            if alarm.is_due_above(tx.now()) || ids(alarm.stilled_by.as_ref()).contains(person) {
                return Ok(());
            }
            diesel::update(alarms::table.find(&alarm.id)).set(alarms::next_at.eq(until)).execute(tx.conn())?;
        }
    }
    note_stilled(tx, &case.id, person)
}

/// Notes that this person's claims still the alarm of a case no more.
pub(in crate::domain) fn note_stilled(tx: &mut Unit<'_>, case: &CaseId, person: &StaffId) -> Result<()> {
    let Some(alarm) = open_of(tx, case)? else { return Ok(()) };
    let mut all = ids(alarm.stilled_by.as_ref());
    if !all.contains(person) {
        all.push(person.clone());
    }
    let text = all.iter().map(StaffId::as_str).collect::<Vec<_>>().join(" ");
    diesel::update(alarms::table.find(&alarm.id)).set(alarms::stilled_by.eq(text)).execute(tx.conn())?;
    Ok(())
}

/// Ends the alarm of a case that whoever holds it has read and does something about. What is about to be told higher up is
/// told first.
pub(in crate::domain) fn attend(tx: &mut Unit<'_>, case: &CaseId) -> Result<()> {
    match open_of(tx, case)? {
        Some(alarm) if !alarm.is_due_above(tx.now()) => quiet(tx, case),
        Some(_) | None => Ok(()),
    }
}

//! Alarms of cases that cannot be worked on, because a row was damaged. Nothing is read of the case but what an alarm
//! cannot do without, and nothing is written into its record, which may be what is damaged: the log tells of it.

use std::time::Duration;

use diesel::prelude::*;

use super::{Alarm, Ring, Rung, Urgency, open_of, owe, quiet, rota};
use crate::base::id::{AlarmId, CaseId, StaffId};
use crate::db::due;
use crate::db::schema::{alarms, cases};
use crate::domain::case::State;
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::Result;

/// What such an alarm says of itself.
const REASON: &str = "unreadable";
/// How often it rings: as often as the most urgent one, since nobody knows what the case is about.
const REPEAT: Duration = Duration::from_mins(5);
/// How long a case that a job stumbles over again and again is not called for anew.
const CALLED: Duration = Duration::from_hours(24);

/// Rings the alarm of a case that [`super::ring_case`] could not ring: every lead is told at once.
pub fn ring_unreadable(tx: &mut Unit<'_>, case: &str) -> Result<()> {
    let id: CaseId = due::id(case)?;
    Owner::case(&id).lock(tx)?;
    let now = tx.now();
    let Some(alarm) = open_of(tx, &id)?.filter(|alarm| alarm.next_at <= now) else { return Ok(()) };
    if !is_live_and_open(tx, &id)? {
        return quiet(tx, &id);
    }
    let people = rota::leads(tx, &id)?;
    let alarm = Alarm { reason: REASON.to_owned(), ..alarm };
    let ring = Ring { case: &id, alarm: &alarm, rung: Rung::SafeguardingLead, urgency: Urgency::Now, last: false };
    owe(tx, &ring, &people)?;
    diesel::update(alarms::table.find(&alarm.id))
        .set((
            alarms::rings.eq(alarm.rings + 1),
            alarms::next_at.eq(now.plus(REPEAT)),
            alarms::told.eq(people.iter().map(StaffId::as_str).collect::<Vec<_>>().join(" ")),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Has somebody told of a case that a job cannot work on: by the alarm that rings for it, or by a new one.
pub fn call_for_unreadable(tx: &mut Unit<'_>, case: &str) -> Result<()> {
    let id: CaseId = due::id(case)?;
    Owner::case(&id).lock(tx)?;
    let now = tx.now();
    let lately = alarms::reason.eq(REASON).and(alarms::opened_at.gt(now.minus(CALLED)));
    let rings = alarms::table.filter(alarms::case_id.eq(&id).and(alarms::closed_at.is_null().or(lately)));
    let rings: Option<String> = rings.select(alarms::id).first(tx.conn()).optional()?;
    if rings.is_some() || !is_live_and_open(tx, &id)? {
        return Ok(());
    }
    let row = (
        alarms::id.eq(AlarmId::random()),
        alarms::case_id.eq(&id),
        alarms::reason.eq(REASON),
        alarms::least_rung.eq(Rung::Lead.level()),
        alarms::opened_at.eq(now),
        alarms::rings.eq(0_i64),
        alarms::next_at.eq(now),
    );
    diesel::insert_into(alarms::table).values(row).execute(tx.conn())?;
    Ok(())
}

/// Trials wake nobody, and what is closed waits for nobody. A word that cannot be read is neither.
fn is_live_and_open(rx: &mut Look<'_>, case: &CaseId) -> Result<bool> {
    let row: Option<(String, String)> =
        cases::table.find(case).select((cases::mode, cases::state)).first(rx.conn()).optional()?;
    Ok(row.is_some_and(|(mode, state)| mode != Mode::Test.as_str() && state != State::Closed.as_str()))
}

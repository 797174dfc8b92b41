//! Rings that no mail reaches anybody with: the operator is the last who can call somebody.

use diesel::prelude::*;

use super::owed::{self, Job, RingOf};
use super::rings_yet;
use crate::db::schema::alarms;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

/// How often the operator is told at the most, in seconds: as often as the most urgent alarm rings, however many ring.
const AGAIN: i64 = 300;

/// Owes the operator word of a ring, unless it was owed within the same five minutes.
pub(super) fn tell(tx: &mut Unit<'_>, of: RingOf) -> Result<()> {
    let now = tx.now();
    let key = format!("unheard:{}", now.seconds() / AGAIN);
    owed::owe(tx, &Job::TellOperatorUnheard { of }, now, Some(&key))
}

/// Whether the operator is still to be told: the ring was its alarm's newest, or that alarm has ended and another rings,
/// which stood behind the same word.
///
/// # Errors
/// What the database says.
pub fn is_current(rx: &mut Look<'_>, of: &RingOf) -> Result<bool> {
    if rings_yet(rx, of)? {
        return Ok(true);
    }
    let open = || alarms::table.filter(alarms::closed_at.is_null());
    let goes_on: i64 = open().filter(alarms::id.eq(&of.alarm)).count().get_result(rx.conn())?;
    let any: i64 = open().count().get_result(rx.conn())?;
    Ok(goes_on == 0 && any > 0)
}

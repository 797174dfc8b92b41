//! What reporters are told of the rota: whether somebody is planned to be at work. It comes from the rota alone, and a change of
//! the rota shows from the next full hour, so that neither a case nor anybody's act moves it: whoever asks again and again
//! must not see that somebody has begun to read.

use std::time::Duration;

use diesel::prelude::*;

use crate::base::id::{ShiftId, StaffId};
use crate::base::time::Timestamp;
use crate::db::schema::shifts;
use crate::domain::access;
use crate::domain::people::staff;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

/// From when on a change of the rota shows.
const HOUR: Duration = Duration::from_hours(1);

/// The full hour that comes next; from a full hour, the one after it.
pub(super) fn next_hour(now: Timestamp) -> Timestamp {
    let hour = i64::try_from(HOUR.as_micros()).unwrap_or(i64::MAX);
    let begun = now.micros().div_euclid(hour).saturating_mul(hour);
    Timestamp::from_micros(begun).plus(HOUR)
}

/// Whether reporters are told that somebody is planned to be at work: the same for every report, platform and mode. No row but
/// those of shifts is read, so what becomes of an account in between does not show.
///
/// # Errors
/// What the database says.
pub fn is_staffed(rx: &mut Look<'_>) -> Result<bool> {
    let now = rx.now();
    let planned = shifts::table
        .filter(shifts::starts_at.le(now).and(shifts::ends_at.gt(now)))
        .filter(shifts::shown_from.le(now))
        .filter(shifts::shown_until.is_null().or(shifts::shown_until.gt(now)));
    Ok(planned.count().get_result::<i64>(rx.conn())? > 0)
}

/// Tells reporters of a shift no more, from the next full hour.
pub(super) fn hide(tx: &mut Unit<'_>, id: &ShiftId) -> Result<()> {
    let until = next_hour(tx.now());
    let shown = shifts::table.find(id).filter(shifts::shown_until.is_null());
    diesel::update(shown).set(shifts::shown_until.eq(until)).execute(tx.conn())?;
    Ok(())
}

/// Takes in that somebody's rights have changed: of the shifts of those who take no cases, reporters are told no more, and again
/// when they take some; each from the next full hour.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn follow_rights(tx: &mut Unit<'_>, id: &StaffId) -> Result<()> {
    let (now, hour) = (tx.now(), next_hour(tx.now()));
    let theirs = shifts::staff_id.eq(id).and(shifts::ends_at.gt(now)).and(shifts::removed_at.is_null());
    if staff::find(tx, id)?.is_some_and(|who| access::takes_cases(&who)) {
        // Before the hour has come, nothing has changed.
        let still = shifts::table.filter(theirs).filter(shifts::shown_until.gt(now));
        diesel::update(still).set(shifts::shown_until.eq(None::<Timestamp>)).execute(tx.conn())?;
        let hidden = shifts::table.filter(theirs).filter(shifts::shown_until.le(now));
        let again = (shifts::shown_from.eq(hour), shifts::shown_until.eq(None::<Timestamp>));
        diesel::update(hidden).set(again).execute(tx.conn())?;
        return Ok(());
    }
    let shown = shifts::table.filter(theirs).filter(shifts::shown_until.is_null());
    diesel::update(shown).set(shifts::shown_until.eq(hour)).execute(tx.conn())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_shows_from_the_next_full_hour() {
        for (now, then) in [
            ("2026-11-27T10:00:00Z", "2026-11-27T11:00:00Z"),
            ("2026-11-27T10:00:00.000001Z", "2026-11-27T11:00:00Z"),
            ("2026-11-27T10:59:59.999999Z", "2026-11-27T11:00:00Z"),
            ("2026-12-31T23:30:00Z", "2027-01-01T00:00:00Z"),
        ] {
            let read = |text: &str| Timestamp::parse(text).unwrap();
            assert_eq!(next_hour(read(now)), read(then), "{now}");
        }
    }
}

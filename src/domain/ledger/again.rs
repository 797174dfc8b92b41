//! Owed work that has one row for good, and is owed again and again.

use diesel::prelude::*;

use super::outbox::enqueue;
use crate::base::time::Timestamp;
use crate::db::schema::outbox;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

/// Owes the job with this key, anew as soon as it was done. Since when it is owed never goes back, so that the row keeps the
/// newest time at which this was.
///
/// # Errors
/// What the database says.
pub fn owe(tx: &mut Unit<'_>, kind: &str, payload: &str, key: &str) -> Result<()> {
    let now = tx.now();
    enqueue(tx, kind, payload, now, Some(key))?;
    let known = outbox::table.filter(outbox::dedupe_key.eq(key));
    let newest: Timestamp = known.select(outbox::created_at).first(tx.conn())?;
    let anew = (
        outbox::created_at.eq(newest.max(now)),
        outbox::run_at.eq(now),
        outbox::attempts.eq(0_i64),
        outbox::done_at.eq(None::<Timestamp>),
        outbox::lease_until.eq(None::<Timestamp>),
        outbox::last_error.eq(None::<String>),
    );
    diesel::update(known.filter(outbox::done_at.is_not_null())).set(anew).execute(tx.conn())?;
    // One that was laid aside is tried again, and stays as late as it is.
    let again = (outbox::run_at.eq(now), outbox::attempts.eq(0_i64), outbox::dead_at.eq(None::<Timestamp>));
    diesel::update(known.filter(outbox::dead_at.is_not_null())).set(again).execute(tx.conn())?;
    tx.owe();
    Ok(())
}

/// Since when the job with this key is owed, and whether it is done; nothing when it never was.
///
/// # Errors
/// What the database says.
pub fn standing_of(rx: &mut Look<'_>, key: &str) -> Result<Option<(Timestamp, bool)>> {
    let known = outbox::table.filter(outbox::dedupe_key.eq(key));
    Ok(known.select((outbox::created_at, outbox::done_at.is_not_null())).first(rx.conn()).optional()?)
}

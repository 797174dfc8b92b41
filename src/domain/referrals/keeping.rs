//! What is destroyed of a hand-over after its end, and when: the contact sheet, which is of no use any more and dangerous.

use diesel::prelude::*;

use crate::db::perhaps::readable;
use crate::db::schema::referrals as table;
use crate::domain::unit::Unit;
use crate::domain::vault::{Contact, Sealed};
use crate::error::Result;

/// Destroys the contact sheets of hand-overs that ended so long ago that their period has passed (`sheet_kept` of the file of spans;
/// domain.md 5.6): so many at the most. How many there were. By the rows alone, so that one that does not open is destroyed too.
///
/// # Errors
/// What the database says.
pub fn forget_sheets(tx: &mut Unit<'_>, limit: i64) -> Result<usize> {
    let before = tx.now().minus(tx.kit().referrals.sheet_kept());
    let ended = table::ended_at.is_not_null().and(table::ended_at.le(before));
    let due =
        table::table.filter(table::sheet.is_not_null().and(ended)).order((table::ended_at, table::id)).limit(limit);
    let ids: Vec<String> = readable(due.select(table::id).load(tx.conn())?);
    let gone = diesel::update(table::table.filter(table::id.eq_any(ids)));
    Ok(gone.set(table::sheet.eq(None::<Sealed<Contact>>)).execute(tx.conn())?)
}

//! What is still kept of a closed case. A row begins when a case is closed, and ends when it is opened again.

use diesel::prelude::*;

use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::db::schema::case_keepings as table;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

/// Of a closed case: since when, and what goes and has gone of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = table)]
#[expect(clippy::struct_field_names, reason = "they are called as their columns are")]
pub(in crate::domain) struct Keeping {
    pub(in crate::domain) closed_at: Timestamp,
    /// When something of it will be destroyed, since its period has passed.
    pub(in crate::domain) erase_at: Option<Timestamp>,
    /// When it was destroyed how she may be reached.
    pub(in crate::domain) contact_erased_at: Option<Timestamp>,
    /// When all that was said in it was destroyed.
    pub(in crate::domain) erased_at: Option<Timestamp>,
    /// When the events of its record went.
    pub(in crate::domain) record_ended_at: Option<Timestamp>,
}

/// What is kept of a case; nothing of one that is open.
pub(in crate::domain) fn of(rx: &mut Look<'_>, case: &CaseId) -> Result<Option<Keeping>> {
    Ok(table::table.find(case).select(Keeping::as_select()).first(rx.conn()).optional()?)
}

/// A case is closed.
pub(in crate::domain) fn begin(tx: &mut Unit<'_>, case: &CaseId, closed_at: Timestamp) -> Result<()> {
    end(tx, case)?;
    let row = (table::case_id.eq(case), table::closed_at.eq(closed_at));
    diesel::insert_into(table::table).values(row).execute(tx.conn())?;
    Ok(())
}

/// It is open again.
pub(in crate::domain) fn end(tx: &mut Unit<'_>, case: &CaseId) -> Result<()> {
    diesel::delete(table::table.find(case)).execute(tx.conn())?;
    Ok(())
}

/// Sets what goes and has gone of it.
pub(in crate::domain) fn set(tx: &mut Unit<'_>, case: &CaseId, kept: Keeping) -> Result<()> {
    let Keeping { erase_at, contact_erased_at, erased_at, record_ended_at, closed_at: _ } = kept;
    diesel::update(table::table.find(case))
        .set((
            table::erase_at.eq(erase_at),
            table::contact_erased_at.eq(contact_erased_at),
            table::erased_at.eq(erased_at),
            table::record_ended_at.eq(record_ended_at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

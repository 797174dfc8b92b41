//! What stands on the rows of a case and asks for care, whatever page of it is read: in one statement.

use diesel::dsl::{exists, max};
use diesel::prelude::*;

use super::notes::Records;
use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{notes, reports};
use crate::domain::unit::Look;
use crate::error::Result;

/// What asks for care.
#[derive(Clone, Copy, Debug)]
pub(in crate::domain) struct Marks {
    /// Whether nobody may contact her by any way: her wishes could not be read, and nobody has asked her yet.
    pub contact_barred: bool,
    /// When a wish to withdraw was last made known to us: in the app, or to a colleague.
    pub withdrawal_wished_at: Option<Timestamp>,
}

/// What asks for care in a case.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn marks(rx: &mut Look<'_>, case: &CaseId) -> Result<Marks> {
    let barred = reports::table.filter(reports::case_id.eq(case).and(reports::contact_barred_at.is_not_null()));
    let asked = reports::table.filter(reports::case_id.eq(case)).select(max(reports::withdrawn_at));
    let told = notes::table.filter(notes::case_id.eq(case).and(notes::records.eq(Records::WithdrawalTold)));
    let told = told.select(max(notes::at));
    let (contact_barred, asked, told): (bool, Perhaps<Option<Timestamp>>, Perhaps<Option<Timestamp>>) =
        diesel::select((exists(barred), asked.single_value(), told.single_value())).get_result(rx.conn())?;
    Ok(Marks { contact_barred, withdrawal_wished_at: asked.0.flatten().max(told.0.flatten()) })
}

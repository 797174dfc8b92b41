//! A case on a page: whoever holds it and asks for a page of it is there, and keeps it.

use super::read::{CaseView, Page, record};
use crate::domain::access::{self, Grant, Read};
use crate::domain::case::Case;
use crate::domain::casework;
use crate::domain::unit::Unit;
use crate::error::Result;

/// Puts on record that a page of the case is read, as [`record`] does, and renews the claim of whoever holds it. Gives the page as
/// it may be shown, and the case as it stands then.
///
/// # Errors
/// As [`record`].
pub fn record_and_keep(tx: &mut Unit<'_>, grant: Grant<Read>, page: Page, view: CaseView) -> Result<(CaseView, Case)> {
    let (id, who) = (grant.case().id.clone(), grant.who().clone());
    let view = record(tx, grant, page, view)?;
    let again = access::case::<Read>(tx, &who, &id)?;
    Ok((view, casework::keep_if_held(tx, again)?))
}

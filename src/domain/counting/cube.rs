//! The finest counts of a period: everything published is made of these.

use diesel::prelude::*;

use super::FlowKind;
use crate::base::time::Timestamp;
use crate::db::schema::flows;
use crate::domain::terms::region::Region;
use crate::domain::unit::Look;
use crate::error::Result;

/// How many cases of a flow agree in everything that is published.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Queryable)]
pub struct CubeCell {
    /// The platform's id.
    pub platform_id: String,
    /// The category group.
    pub category: String,
    /// Where the person harmed lives.
    pub region: Region,
    /// The response or standing.
    pub value: String,
    /// How many.
    pub cases: i64,
}

crate::base::secret::silent! { CubeCell }

/// Counts the cases of a flow from one day until another, by everything that is published. Cells without a case are
/// absent.
///
/// # Errors
/// What the database says.
pub fn cube(rx: &mut Look<'_>, flow: FlowKind, from: Timestamp, until: Timestamp) -> Result<Vec<CubeCell>> {
    let finest = (flows::platform_id, flows::category, flows::region, flows::value);
    let mut cells: Vec<CubeCell> = flows::table
        .filter(flows::flow.eq(flow).and(flows::at.ge(from)).and(flows::at.lt(until)))
        .group_by(finest)
        .select((flows::platform_id, flows::category, flows::region, flows::value, diesel::dsl::count_star()))
        .load(rx.conn())?;
    cells.sort();
    Ok(cells)
}

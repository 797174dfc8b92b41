//! By which names colleagues are known to each other.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::base::id::StaffId;
use crate::db::perhaps::Perhaps;
use crate::db::schema::staff;
use crate::domain::unit::Look;
use crate::error::Result;

/// The names of these accounts, open or closed, as far as they can be read.
///
/// # Errors
/// What the database says.
pub fn names(rx: &mut Look<'_>, ids: &[StaffId]) -> Result<BTreeMap<StaffId, String>> {
    let theirs = staff::table.filter(staff::id.eq_any(ids.to_vec()));
    let rows: Vec<(Perhaps<StaffId>, Perhaps<String>)> = theirs.select((staff::id, staff::username)).load(rx.conn())?;
    let named = |(id, name): (Perhaps<StaffId>, Perhaps<String>)| Some((id.0?, as_given(&name.0?)));
    Ok(rows.into_iter().filter_map(named).collect())
}

/// The name as somebody had it: a closed account's was put by when another one took it.
fn as_given(name: &str) -> String {
    name.split('#').next().unwrap_or_default().to_owned()
}

/// The names of all accounts, open or closed: colleagues are few.
///
/// # Errors
/// What the database says.
pub fn every_name(rx: &mut Look<'_>) -> Result<BTreeMap<StaffId, String>> {
    let rows: Vec<(Perhaps<StaffId>, Perhaps<String>)> =
        staff::table.select((staff::id, staff::username)).load(rx.conn())?;
    let named = |(id, name): (Perhaps<StaffId>, Perhaps<String>)| Some((id.0?, as_given(&name.0?)));
    Ok(rows.into_iter().filter_map(named).collect())
}

//! Walls: between a colleague and a case that names somebody whom they declared. Whoever declared anything stands behind one
//! too where the names of a case are not those that the service wrote down: the name that is missing may be theirs.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::base::id::{CaseId, StaffId};
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::{blind_indexes, staff_identifiers};
use crate::domain::case::named;
use crate::domain::unit::Look;
use crate::error::Result;

/// What a colleague declared, as it is compared.
pub(in crate::domain) struct Walls {
    declared: BTreeSet<Vec<u8>>,
}

impl Walls {
    /// Those of a colleague.
    pub(in crate::domain) fn of(rx: &mut Look<'_>, id: &StaffId) -> Result<Self> {
        let theirs = staff_identifiers::table.filter(staff_identifiers::staff_id.eq(id));
        let declared = readable(theirs.select(staff_identifiers::digest).load(rx.conn())?);
        Ok(Self { declared: declared.into_iter().collect() })
    }

    /// Whether one stands before the case. The same is read and compared whether it does or not.
    pub(in crate::domain) fn stand_before(&self, rx: &mut Look<'_>, case: &CaseId) -> Result<bool> {
        if self.declared.is_empty() {
            return Ok(false);
        }
        Ok(self.meet(&named::of(rx, case)?))
    }

    fn meet(&self, names: &named::Names) -> bool {
        let met = names.all.iter().filter(|name| self.declared.contains(&name.digest)).count();
        !self.declared.is_empty() && (met > 0 || !names.fit)
    }
}

/// Whether a wall stands between a colleague and the case.
pub(in crate::domain) fn is_walled(rx: &mut Look<'_>, id: &StaffId, case: &CaseId) -> Result<bool> {
    Walls::of(rx, id)?.stand_before(rx, case)
}

/// All whom a wall keeps from the case.
pub(in crate::domain) fn kept_off(rx: &mut Look<'_>, case: &CaseId) -> Result<BTreeSet<StaffId>> {
    let rows: Vec<(Perhaps<StaffId>, Perhaps<Vec<u8>>)> =
        staff_identifiers::table.select((staff_identifiers::staff_id, staff_identifiers::digest)).load(rx.conn())?;
    let mut all: BTreeMap<StaffId, Walls> = BTreeMap::new();
    for (id, digest) in rows {
        if let (Some(id), Some(digest)) = (id.0, digest.0) {
            all.entry(id).or_insert_with(|| Walls { declared: BTreeSet::new() }).declared.insert(digest);
        }
    }
    if all.is_empty() {
        return Ok(BTreeSet::new());
    }
    let names = named::of(rx, case)?;
    Ok(all.into_iter().filter(|(_, walls)| walls.meet(&names)).map(|(id, _)| id).collect())
}

/// The cases that name anyone whom this colleague declared.
pub(in crate::domain) fn walled_cases(rx: &mut Look<'_>, id: &StaffId) -> Result<Vec<CaseId>> {
    Ok(readable(
        blind_indexes::table
            .filter(blind_indexes::digest.eq_any(
                staff_identifiers::table.filter(staff_identifiers::staff_id.eq(id)).select(staff_identifiers::digest),
            ))
            .select(blind_indexes::case_id)
            .distinct()
            .limit(10_000)
            .load(rx.conn())?,
    ))
}

//! Walls: between a colleague and a case that names somebody whom they declared. Whoever declared anything stands behind one
//! too where the names of a case are not those that the service wrote down: the name that is missing may be theirs.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::base::id::{CaseId, StaffId};
use crate::base::secret::silent;
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::{blind_indexes, cases, staff_identifiers};
use crate::domain::case::named;
use crate::domain::unit::Look;
use crate::error::Result;

/// What a colleague declared, as it is compared.
#[derive(Clone)]
pub(in crate::domain) struct Walls {
    declared: BTreeSet<Vec<u8>>,
}

silent! { Walls }

impl Walls {
    /// Those of whom a session was proved, by what was read with it; and those of a service, by its row.
    pub(in crate::domain) const fn of_declared(declared: BTreeSet<Vec<u8>>) -> Self {
        Self { declared }
    }

    /// Those of a colleague.
    pub(in crate::domain) fn of(rx: &mut Look<'_>, id: &StaffId) -> Result<Self> {
        let theirs = staff_identifiers::table.filter(staff_identifiers::staff_id.eq(id));
        let declared = readable(theirs.select(staff_identifiers::digest).load(rx.conn())?);
        Ok(Self { declared: declared.into_iter().collect() })
    }

    /// Whether nothing was declared.
    pub(in crate::domain) fn is_empty(&self) -> bool {
        self.declared.is_empty()
    }

    /// Whether this was declared.
    pub(in crate::domain) fn hold(&self, digest: &[u8]) -> bool {
        self.declared.contains(digest)
    }

    /// Whether one stands before the case. The same is read and compared whether it does or not.
    pub(in crate::domain) fn stand_before(&self, rx: &mut Look<'_>, case: &CaseId) -> Result<bool> {
        if self.declared.is_empty() {
            return Ok(false);
        }
        Ok(self.meet(&named::of(rx, case)?))
    }

    /// Those of the cases before which none stands, in their order. The same is read and compared of each.
    pub(in crate::domain) fn leave(&self, rx: &mut Look<'_>, mut cases: Vec<CaseId>) -> Result<Vec<CaseId>> {
        if !self.declared.is_empty() {
            let names = named::of_several(rx, &cases)?;
            cases.retain(|case| !names.get(case).is_none_or(|names| self.meet(names)));
        }
        Ok(cases)
    }

    /// Whether one stands before the case that names these.
    pub(in crate::domain) fn meet(&self, names: &named::Names) -> bool {
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

/// Whether a wall stands between a colleague and the case of the row. Asked from what the colleague declared, which is little or
/// nothing, and not from all that the cases of a page name; and case by case, for no index leads from a name to all whom it keeps off.
#[diesel::dsl::auto_type(no_type_alias)]
pub(in crate::domain) fn walled(who: &StaffId) -> _ {
    let id: StaffId = who.clone();
    let names = blind_indexes::table
        .filter(blind_indexes::case_id.eq(cases::id))
        .filter(blind_indexes::digest.eq(staff_identifiers::digest));
    diesel::dsl::exists(
        staff_identifiers::table.filter(staff_identifiers::staff_id.eq(id)).filter(diesel::dsl::exists(names)),
    )
}

//! What a colleague declared, as one set: a keyed hash over all of it stands on the row of the account, so that a wall which
//! somebody took away past the service shows. Whose set does not fit has no queue until it does: a case that nobody shows them
//! is the smaller harm than their own.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::row;
use crate::base::id::StaffId;
use crate::db::perhaps::Perhaps;
use crate::db::schema::staff_identifiers;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Covered, Keyring};
use crate::error::Result;

/// The hashes that stand, each with the declaration that it stands for.
type Set = Vec<(Vec<u8>, Option<String>)>;

/// A hash as it is read, and the declaration that it stands for.
pub(super) type Hash = (Perhaps<Vec<u8>>, Perhaps<Option<String>>);

/// The keyed hash over a set.
fn proof(keyring: &Keyring, id: &StaffId, mut set: Set) -> Vec<u8> {
    set.sort();
    let mut covered = Covered::by("staff_identifiers").and(id.as_str());
    for (digest, declaration) in set {
        covered = covered.and(digest).perhaps(declaration.as_deref().map(str::as_bytes));
    }
    covered.proof(keyring)
}

/// That of somebody who declared nothing.
pub(super) fn of_nothing(keyring: &Keyring, id: &StaffId) -> Vec<u8> {
    proof(keyring, id, Vec::new())
}

/// That of what stands for this account. What cannot be read is a part of no set.
pub(super) fn of(rx: &mut Look<'_>, id: &StaffId) -> Result<Vec<u8>> {
    let keyring = &rx.kit().keyring;
    let set: Vec<Hash> = staff_identifiers::table
        .filter(staff_identifiers::staff_id.eq(id))
        .select((staff_identifiers::digest, staff_identifiers::declaration_id))
        .load(rx.conn())?;
    Ok(of_read(keyring, id, set))
}

/// That of what was read for this account. What cannot be read is a part of no set.
pub(super) fn of_read(keyring: &Keyring, id: &StaffId, set: Vec<Hash>) -> Vec<u8> {
    let readable = set.into_iter().filter_map(|(digest, declaration)| Some((digest.0?, declaration.0?)));
    proof(keyring, id, readable.collect())
}

/// Those of the ones among these accounts who declared anything.
pub(super) fn of_those<'a>(
    rx: &mut Look<'_>,
    ids: impl Iterator<Item = &'a StaffId>,
) -> Result<BTreeMap<StaffId, Vec<u8>>> {
    type OfSomebody = (Perhaps<StaffId>, Perhaps<Vec<u8>>, Perhaps<Option<String>>);
    let keyring = &rx.kit().keyring;
    let all: Vec<OfSomebody> = staff_identifiers::table
        .filter(staff_identifiers::staff_id.eq_any(ids))
        .select((staff_identifiers::staff_id, staff_identifiers::digest, staff_identifiers::declaration_id))
        .load(rx.conn())?;
    let mut sets: BTreeMap<StaffId, Set> = BTreeMap::new();
    for hash in all {
        if let (Some(id), Some(digest), Some(declaration)) = (hash.0.0, hash.1.0, hash.2.0) {
            sets.entry(id).or_default().push((digest, declaration));
        }
    }
    let proved = sets.into_iter().map(|(id, set)| {
        let mac = proof(keyring, &id, set);
        (id, mac)
    });
    Ok(proved.collect())
}

/// Makes the keyed hash over what stands now: for somebody who keeps the accounts and has it declared.
pub(super) fn seal(tx: &mut Unit<'_>, id: &StaffId) -> Result<()> {
    let mac = of(tx, id)?;
    row::change(tx, id, |row| row.declared_mac = mac)
}

/// Changes what stands for a reason of the service's own. What did not fit before is not made good by it.
pub(super) fn change(tx: &mut Unit<'_>, id: &StaffId, change: impl FnOnce(&mut Unit<'_>) -> Result<()>) -> Result<()> {
    let before = of(tx, id)?;
    let fitted = row::find(tx, id)?.is_some_and(|row| row.declared_mac == before);
    change(tx)?;
    if fitted { seal(tx, id) } else { Ok(()) }
}

//! Whether everybody whom cases name, and everybody whom colleagues declared, can be met at a wall.

use super::Finding;
use crate::base::id::{BadId, CaseId};
use crate::domain::case::named;
use crate::domain::people::staff;
use crate::domain::unit::Look;
use crate::domain::vault::{Damaged, Owner};
use crate::domain::watch::renewal::{self, Whole};
use crate::error::{Error, Result};

/// Cases and declarations of these owners whose keyed hashes are not those that their content makes. What does not open,
/// or cannot be read, is named by itself.
///
/// # Errors
/// What the database says.
pub fn names(rx: &mut Look<'_>, owners: &[String]) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for owner in owners {
        match owner.parse() {
            Ok(Owner::Case(case)) => {
                found.extend(of_case(rx, &case)?);
            }
            Ok(Owner::Staff(who)) => {
                for declaration in known(staff::fallen_walls(rx, &who))?.unwrap_or_default() {
                    let detail = "the wall of what was declared does not stand, so whoever declared it meets those cases: \
                                  have it declared again now (admin staff declare), or restore staff_identifiers from a backup";
                    let id = format!("{who} {declaration}");
                    found.push(Finding { code: "wall_missing", table: "declarations", id, detail });
                }
            }
            Ok(Owner::Platform(_) | Owner::Service(_)) | Err(BadId) => {}
        }
    }
    Ok(found)
}

/// What is wrong with whom a case names.
fn of_case(rx: &mut Look<'_>, case: &CaseId) -> Result<Vec<Finding>> {
    let fit = known(named::fit(rx, case))?.unwrap_or(true);
    let whole = known(renewal::is_whole(rx, case))?.unwrap_or(Whole { names: true, pair: true });
    let wrong = [
        (
            !fit,
            "names_changed",
            "its names were changed outside the service, so it is shown to nobody who declared anything: have them made anew \
             from what is sealed (recourse admin case names), or restore its rows of blind_indexes from a backup",
        ),
        (
            !whole.names,
            "names_missing",
            "somebody whom it names can be met by no wall and no match. Have its names made anew from what is sealed (recourse \
             admin case names), or restore its rows of blind_indexes from a backup",
        ),
        (
            !whole.pair,
            "pair_changed",
            "the two accounts whose reports join it are not those that its own report names: reports of others come to whoever \
             works on it. Look at its newest reports, and restore pair_digest from a backup",
        ),
    ];
    let wrong = wrong.into_iter().filter(|(is_wrong, ..)| *is_wrong);
    Ok(wrong.map(|(_, code, detail)| Finding { code, table: "cases", id: case.to_string(), detail }).collect())
}

/// What was found; nothing where something does not open or cannot be read.
fn known<T>(looked: Result<T>) -> Result<Option<T>> {
    match looked {
        Ok(found) => Ok(Some(found)),
        Err(Error::Erased) => Ok(None),
        Err(error) if Damaged::is(&error) || error.is_of_a_row() => Ok(None),
        Err(error) => Err(error),
    }
}

//! Whether everybody whom cases name, and everybody whom colleagues declared, can be met at a wall.

use super::Finding;
use crate::base::id::BadId;
use crate::domain::people::staff;
use crate::domain::unit::Look;
use crate::domain::vault::{Damaged, Owner};
use crate::domain::watch::renewal;
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
                if let Some(false) = known(renewal::is_whole(rx, &case))? {
                    let detail = "somebody whom it names can be met by no wall and no match: whoever declared them sees it. \
                                  Restore its rows of blind_indexes from a backup";
                    found.push(Finding { code: "names_missing", table: "cases", id: owner.clone(), detail });
                }
            }
            Ok(Owner::Staff(who)) => {
                for declaration in known(staff::fallen_walls(rx, &who))?.unwrap_or_default() {
                    let detail = "the wall of what was declared does not stand, so whoever declared it meets those cases: \
                                  have it declared again now (admin staff declare), or restore staff_identifiers from a backup";
                    let id = format!("{who} {declaration}");
                    found.push(Finding { code: "wall_missing", table: "declarations", id, detail });
                }
            }
            Ok(Owner::Platform(_)) | Err(BadId) => {}
        }
    }
    Ok(found)
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

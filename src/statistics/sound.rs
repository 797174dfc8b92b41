//! Whether the secrets of editions open, and whether what the database says is published is what stands in the folder, and
//! the other way round.

use std::collections::BTreeMap;

use super::editions::{self, Calendar, Committed, EditionId, Flaw, Shelf, Store};
use super::tables::TABLES;
use crate::domain::unit::Look;
use crate::domain::vault::stated::Table;
use crate::domain::watch::soundness::{self, Finding, Seals};
use crate::error::{Error, Result};

/// Every table there is: those of the domain, and those of editions.
#[must_use]
pub fn tables() -> Vec<&'static Table> {
    soundness::tables().into_iter().chain(TABLES).collect()
}

/// Tries the secrets of editions and their keys. Of what was published the auditor alone has the secret: its key is
/// destroyed, and it is not tried. Neither is that of an edition that stands in its place and is not on record.
///
/// # Errors
/// What the database says.
pub fn seals(rx: &mut Look<'_>, store: &Store, counts: &mut BTreeMap<&'static str, Seals>) -> Result<Vec<Finding>> {
    let secret = editions::unpublished(rx)?.into_iter().filter(|id| !store.published(*id).is_dir());
    let names: Vec<String> = secret.map(|id| id.to_string()).collect();
    let tables: Vec<&Table> = TABLES.iter().collect();
    soundness::seals(rx, &tables, &names, counts)
}

/// Compares the record with the shelf, on which stands what verifies. `flaws` are of editions that do not.
///
/// # Errors
/// What the database says.
pub fn published(rx: &mut Look<'_>, shelf: &Shelf, flaws: &[Flaw]) -> Result<Vec<Finding>> {
    let all: BTreeMap<EditionId, Committed> =
        editions::all(rx)?.into_iter().map(|committed| (committed.entry.edition, committed)).collect();
    let mut found = Vec::new();
    let is_told = |id: EditionId| {
        let name = id.to_string();
        flaws.iter().any(|flaw| flaw.place.split('/').next() == Some(name.as_str()))
    };
    for (id, committed) in &all {
        if committed.published_at.is_some() && shelf.edition(*id).is_none() && !is_told(*id) {
            let detail = "it was published and is not in the folder; put it back from a backup of the folder";
            found.push(finding("edition_missing", *id, detail));
        }
    }
    for edition in shelf.editions() {
        let wrong = match all.get(&edition.id) {
            None => {
                Some(("edition_unknown", "nobody committed to it: restore a newer database, or find out who made it"))
            }
            Some(committed) if committed.published_at.is_none() => Some((
                "edition_unrecorded",
                "it is in the folder and not on record as published: recourse edition publish notes it",
            )),
            Some(_) => match editions::is_on_record(rx, &edition.manifest) {
                Ok(()) => None,
                Err(Error::Invalid(_)) => Some((
                    "edition_differs",
                    "it is signed, and is not what is on record: restore a newer database, or find out who made it",
                )),
                Err(error) => return Err(error),
            },
        };
        found.extend(wrong.map(|(code, detail)| finding(code, edition.id, detail)));
    }
    found.extend(calendar(shelf.calendar(), &all));
    Ok(found)
}

/// Whether the public calendar has committed to something else, or to more.
fn calendar(told: &Calendar, all: &BTreeMap<EditionId, Committed>) -> Vec<Finding> {
    let all: Vec<Committed> = all.values().cloned().collect();
    let forgotten = editions::forgotten(told, &all);
    let detail =
        "it was announced after the database was copied: the service notes it again, or recourse edition commit";
    let mut found: Vec<Finding> =
        forgotten.iter().map(|entry| finding("replacement_unrecorded", entry.edition, detail)).collect();
    let kept = all.into_iter().map(|committed| committed.entry).chain(forgotten).collect();
    let detail =
        "the public calendar committed to it, and the database did not, or otherwise: restore a newer database";
    let broken = told.broken_by(&Calendar { public_key: String::new(), editions: kept });
    found.extend(broken.map(|id| finding("calendar_differs", id, detail)));
    found
}

fn finding(code: &'static str, id: EditionId, detail: &'static str) -> Finding {
    Finding { code, table: "editions", id: id.to_string(), detail }
}

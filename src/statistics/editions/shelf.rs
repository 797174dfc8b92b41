//! The shelf: every published edition, read once into memory and checked. What does not verify is not put on it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::EditionId;
use super::bundle::Past;
use super::calendar::Calendar;
use super::csv;
use super::manifest::{self, Flaw, Manifest, PublicKey};
use super::storage;

/// A published edition.
#[derive(Clone, Debug)]
pub struct Edition {
    /// Which.
    pub id: EditionId,
    /// Its manifest.
    pub manifest: Manifest,
    /// The manifest's SHA-256.
    pub manifest_sha256: String,
    /// Every file, by its path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The figures of each table.
    tables: BTreeMap<String, Vec<PublishedFigure>>,
    /// The names of the platforms for people, by their short names, in the order of the tables.
    pub platforms: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct PublishedTable {
    cells: Vec<PublishedCell>,
}

#[derive(Deserialize)]
struct PublishedCell {
    key: BTreeMap<String, String>,
    value: Option<i64>,
}

/// What a published cell is about, and its figure; absent below the threshold.
pub type PublishedFigure = (BTreeMap<String, String>, Option<i64>);

impl Edition {
    /// The figures of a table, as published: cell by cell, absent below the threshold.
    #[must_use]
    pub fn figures(&self, table: &str) -> &[PublishedFigure] {
        self.tables.get(table).map(Vec::as_slice).unwrap_or_default()
    }

    fn past(&self) -> Past {
        let of_platform = |(key, value): &PublishedFigure| Some((key.get("platform")?.clone(), *value));
        Past {
            edition: self.id,
            national: self.figures("national").iter().find_map(|(_, value)| *value),
            platforms: self.figures("platforms").iter().filter_map(of_platform).collect(),
        }
    }
}

/// All of them, in the order in which they were published, and what was committed to.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    editions: Vec<Edition>,
    calendar: Calendar,
}

impl Shelf {
    /// Reads the editions of a folder, and says what is wrong with it. A folder that is not there yet is an empty shelf.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn read(folder: &Path, key: &PublicKey) -> std::io::Result<(Self, Vec<Flaw>)> {
        let (found, mut flaws) = match manifest::read_all(folder, key) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Self::default(), Vec::new())),
            read => read?,
        };
        let mut editions = Vec::with_capacity(found.len());
        for read in found {
            let id = read.manifest.edition;
            match edition(read) {
                Ok(edition) => editions.push(edition),
                Err(path) => flaws.push(Flaw { place: format!("{id}/{path}"), what: "it cannot be read" }),
            }
        }
        let calendar = storage::read_calendar(folder).unwrap_or_else(|_| {
            flaws.push(Flaw { place: storage::CALENDAR.to_owned(), what: "it cannot be read" });
            Calendar::default()
        });
        Ok((Self { editions, calendar }, flaws))
    }

    /// Every edition, the first published first.
    #[must_use]
    pub fn editions(&self) -> &[Edition] {
        &self.editions
    }

    /// The edition of this name.
    #[must_use]
    pub fn edition(&self, id: EditionId) -> Option<&Edition> {
        self.editions.iter().find(|edition| edition.id == id)
    }

    /// One edition for each quarter, the oldest quarter first: its replacement where there is one.
    #[must_use]
    pub fn in_force(&self) -> impl DoubleEndedIterator<Item = &Edition> {
        let mut all: BTreeMap<_, &Edition> = BTreeMap::new();
        for edition in &self.editions {
            let held = all.entry(edition.id.quarter()).or_insert(edition);
            if edition.id.is_replacement() {
                *held = edition;
            }
        }
        all.into_values()
    }

    /// The newest quarter's edition.
    #[must_use]
    pub fn latest(&self) -> Option<&Edition> {
        self.in_force().next_back()
    }

    /// What was committed to.
    #[must_use]
    pub const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The manifest that the next one follows.
    #[must_use]
    pub fn last_manifest_sha256(&self) -> Option<String> {
        self.editions.last().map(|edition| edition.manifest_sha256.clone())
    }

    /// The figures of the quarters before `id`, seven at the most: with its own they make two years.
    #[must_use]
    pub fn history(&self, id: EditionId) -> Vec<Past> {
        let before: Vec<Past> =
            self.in_force().filter(|edition| edition.id.quarter() < id.quarter()).map(Edition::past).collect();
        before.get(before.len().saturating_sub(7)..).unwrap_or_default().to_vec()
    }
}

/// An edition with its tables. Fails with the path of the one that cannot be read.
fn edition(read: manifest::Read) -> Result<Edition, String> {
    let manifest::Read { manifest, hash, files } = read;
    let mut tables = BTreeMap::new();
    for name in manifest.plan.keys() {
        let path = format!("{name}.json");
        let bytes = files.get(&path).map(Vec::as_slice).unwrap_or_default();
        let table: PublishedTable = serde_json::from_slice(bytes).map_err(|_| path)?;
        tables.insert(name.clone(), table.cells.into_iter().map(|cell| (cell.key, cell.value)).collect());
    }
    let platforms = names(files.get("platforms.csv").map(Vec::as_slice).unwrap_or_default());
    Ok(Edition { id: manifest.edition, manifest, manifest_sha256: hash, files, tables, platforms })
}

/// The short names and names of the platforms, as their table lists them.
fn names(csv: &[u8]) -> Vec<(String, String)> {
    let mut reader = ::csv::Reader::from_reader(csv);
    let rows = reader.records().flatten();
    rows.filter_map(|row| Some((row.get(0)?.to_owned(), csv::meant(row.get(1)?).to_owned()))).collect()
}

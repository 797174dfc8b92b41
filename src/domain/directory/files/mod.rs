//! The directory as files: our own form in TOML, and HSDS 3.1 as JSON, which other directories read and write.

mod hsds;
mod schedule;

use serde::{Deserialize, Serialize};

pub use hsds::{Assumed, Skipped};

use super::book::Book;
use super::entry::Entry;
use crate::error::rules::Directory;
use crate::error::{Error, Result};

/// The format of our own files that this program reads.
const FORMAT: u32 = 1;
/// The longest file that is read, in bytes.
pub const LONGEST_FILE: u64 = 32 * 1024 * 1024;
/// How many services there may be in it.
const MOST: usize = 20_000;

/// The entries of `domain.md` 6.1 with their marks: what this program ships.
const SHIPPED: &str = include_str!("../shipped.toml");

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    #[serde(default)]
    service: Vec<Entry>,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Contents {
    /// Its entries, in order.
    pub entries: Vec<Entry>,
    /// What of it is not taken, and why.
    pub skipped: Vec<Skipped>,
}

/// The entries that this program ships.
///
/// # Errors
/// Never: a test reads them.
pub fn shipped() -> Result<Vec<Entry>> {
    read_toml(SHIPPED)
}

/// Reads a file, whichever of the two forms it has.
///
/// # Errors
/// `Invalid` when it is neither, holds too many, or leaves out what nobody `assumed`.
pub fn read(text: &str, assumed: &Assumed) -> Result<Contents> {
    let text = text.trim_start_matches('\u{feff}');
    let contents = if text.trim_start().starts_with(['{', '[']) && !text.trim_start().starts_with("[[") {
        hsds::read(text, assumed)?
    } else {
        Contents { entries: read_toml(text)?, skipped: Vec::new() }
    };
    if contents.entries.len() > MOST {
        return Err(refused(format!("it holds more than {MOST} services: divide it")));
    }
    Ok(contents)
}

fn read_toml(text: &str) -> Result<Vec<Entry>> {
    let file: File = toml::from_str(text).map_err(|error| refused(error.to_string().trim_end().to_owned()))?;
    if file.format != FORMAT {
        return Err(refused(format!("it says format {}, and this program reads format {FORMAT}", file.format)));
    }
    Ok(file.service)
}

/// The directory in our own form.
///
/// # Errors
/// A fault of ours.
pub fn write_toml(book: &Book) -> Result<String> {
    let file = File { format: FORMAT, service: entries(book).collect() };
    Ok(toml::to_string(&file).map_err(anyhow::Error::new)?)
}

/// The directory as HSDS 3.1.
///
/// # Errors
/// A fault of ours.
pub fn write_hsds(book: &Book) -> Result<String> {
    hsds::write(entries(book).collect())
}

/// Every entry with its id.
fn entries(book: &Book) -> impl Iterator<Item = Entry> + '_ {
    let with_id = |service: &std::sync::Arc<super::book::Service>| Entry {
        id: Some(service.id.clone()),
        ..service.entry.clone()
    };
    book.services().iter().map(with_id)
}

fn refused(reason: String) -> Error {
    Error::invalid("/file", Directory::File(reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Timestamp;
    use crate::domain::directory::{Evidence, WayIn, check_all};

    #[test]
    fn what_is_shipped_is_whole_and_opens_no_way_in() {
        let all = shipped().unwrap();
        check_all(&all, Timestamp::at_day(2026, 11, 27)).unwrap();
        assert!(all.len() >= 60, "{}", all.len());
        for entry in &all {
            assert_eq!((&entry.ways_in, &entry.agreement), (&vec![WayIn::None], &None), "{}", entry.slug);
            assert_ne!(entry.evidence, Evidence::Imported, "{}", entry.slug);
        }
    }

    #[test]
    fn the_text_of_an_entry_reads_back() {
        let file = File { format: FORMAT, service: shipped().unwrap() };
        let text = toml::to_string(&file).unwrap();
        assert_eq!(read_toml(&text).unwrap(), file.service);
    }

    #[test]
    fn what_is_neither_form_is_refused_in_words() {
        let assumed = Assumed {
            kind: crate::domain::directory::Kind::Helpline,
            helps_with: Vec::new(),
            areas: Vec::new(),
            zone: None,
        };
        let refused = |text: &str| match read(text, &assumed) {
            Err(Error::Invalid(violations)) => format!("{:?}", violations.named),
            other => panic!("{other:?}"),
        };
        assert!(refused("{\"contents\": 3}").contains("no list of services of HSDS 3.1"));
        assert!(refused("format = 2").contains("this program reads format 1"));
        assert!(refused("format = 1\n[[service]]\nslug = \"x\"\nrefuge = \"y\"").contains("refuge"));
    }
}

//! An edition that was replaced, or is to be, says so wherever it is read. Its signed files never change: what is served
//! at its addresses are these files with a notice, and the signed bytes stand beside them.

use super::EditionId;
use super::csv;
use super::label;
use super::manifest::{MANIFEST, SIGNATURE};
use super::shelf::{Edition, Shelf};
use crate::base::time::Timestamp;
use crate::pages::charts;
use crate::pages::writing;

/// What follows the opening of every page's content.
const CONTENT: &str = "<main id=\"main\">\n";
/// What every JSON of figures says while nothing replaces it.
const NOT_REPLACED: &str = "\"replaced_by\": null";

/// The edition that stands, or will stand, for another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    /// Which.
    pub edition: EditionId,
    /// Since when, or from when on.
    pub from: Timestamp,
    /// Why.
    pub reason: String,
    /// Whether it is published; otherwise it is announced.
    pub is_out: bool,
}

impl Successor {
    /// Of an edition; nothing while it is the one in force and nothing else is announced.
    #[must_use]
    pub fn of(shelf: &Shelf, id: EditionId) -> Option<Self> {
        let edition = id.replacement();
        if id.is_replacement() {
            return None;
        }
        if let Some(out) = shelf.edition(edition) {
            let reason = out.manifest.supersedes.as_ref().map(|before| before.reason.clone()).unwrap_or_default();
            return Some(Self { edition, from: out.manifest.published_at, reason, is_out: true });
        }
        let announced = shelf.calendar().editions.iter().find(|entry| entry.edition == edition)?;
        let reason = announced.reason.clone().unwrap_or_default();
        Some(Self { edition, from: announced.release_at, reason, is_out: false })
    }

    /// Where a file, or a page by its path within the edition, stands in the replacement; the edition itself where it
    /// has no such file, or none yet.
    #[must_use]
    pub fn place(&self, found: &Shelf, path: &str) -> String {
        let within = format!("/transparency/{}", self.edition);
        let same = found.edition(self.edition).is_some_and(|out| out.files.contains_key(path));
        match path.strip_suffix(".html").unwrap_or(path) {
            _ if !self.is_out => "/transparency/changes".to_owned(),
            "index" => within,
            page if same => format!("{within}/{page}"),
            _ => within,
        }
    }

    /// A file of the edition that it replaces, with the notice. What is there for verifying stays as it was signed.
    ///
    /// # Errors
    /// When a file is no text or no table.
    pub fn noted(&self, found: &Shelf, path: &str, signed: &[u8]) -> anyhow::Result<Vec<u8>> {
        let text = || std::str::from_utf8(signed);
        let kind = path.rsplit_once('.').map_or("", |(_, ending)| ending);
        Ok(match kind {
            _ if path == MANIFEST || path == SIGNATURE || path.starts_with("schemas/") => signed.to_vec(),
            "html" => {
                let notice = self.notice(&self.place(found, path));
                text()?.replacen(CONTENT, &format!("{CONTENT}{notice}"), 1).into_bytes()
            }
            "json" if path.ends_with(".csv-metadata.json") => {
                let link = format!("{{\n  \"dc:isReplacedBy\": {{\"@id\": \"/transparency/{}\"}},", self.edition);
                text()?.replacen('{', &link, 1).into_bytes()
            }
            "json" => {
                let told = serde_json::json!({
                    "edition": self.edition, "published_at": self.from, "reason": self.reason,
                });
                with_member(text()?, &format!("\"{}\": {told}", label::REPLACED_BY)).into_bytes()
            }
            "csv" => csv::with_last(signed, label::REPLACED_BY, &self.edition.to_string())?,
            "svg" => charts::captioned(text()?, &self.words()).into_bytes(),
            _ => signed.to_vec(),
        })
    }

    fn words(&self) -> String {
        let day = writing::day(self.from);
        if self.is_out {
            format!("Replaced by edition {} on {day}. Do not use these figures.", self.edition)
        } else {
            // It may be late, and this stands there until it is out.
            format!(
                "These figures are wrong by a fault of ours. Edition {} replaces them, not before {day}.",
                self.edition
            )
        }
    }

    fn notice(&self, place: &str) -> String {
        let link = if self.is_out { "The figures that hold" } else { "What has changed" };
        format!(
            "<p class=\"notice\"><strong>{}</strong> {} <a href=\"{place}\">{link}</a></p>\n",
            writing::escaped(&self.words()),
            writing::escaped(&self.reason),
        )
    }
}

/// A JSON of figures with this member. Editions of earlier versions have no room for it.
fn with_member(text: &str, member: &str) -> String {
    if text.contains(NOT_REPLACED) {
        text.replacen(NOT_REPLACED, member, 1)
    } else {
        text.replacen('{', &format!("{{\n  {member},"), 1)
    }
}

/// The edition that one replaces, if it does.
#[must_use]
pub fn predecessor(edition: &Edition) -> Option<EditionId> {
    edition.manifest.supersedes.as_ref().map(|before| before.edition)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of editions that earlier versions made have no room for a notice, and get it all the same.
    #[test]
    fn a_file_without_room_for_the_notice_says_so_too() {
        let edition = "2026-q4-r".parse().unwrap();
        let from = Timestamp::at_day(2027, 3, 8);
        let next = Successor { edition, from, reason: "A \"fault\" & more.".to_owned(), is_out: true };
        let noted = |path: &str, text: &str| {
            String::from_utf8(next.noted(&Shelf::default(), path, text.as_bytes()).unwrap()).unwrap()
        };
        let told: serde_json::Value =
            serde_json::from_str(&noted("a.json", "{\n  \"edition\": \"2026-q4\"\n}\n")).unwrap();
        assert_eq!(told["replaced_by"]["reason"], "A \"fault\" & more.");
        assert_eq!(told["edition"], "2026-q4");
        let table = noted("a.csv", "platform,cases\r\napp,5\r\n\"b, c\",\r\n");
        assert_eq!(table, "\u{feff}platform,cases,replaced_by\r\napp,5,2026-q4-r\r\n\"b, c\",,2026-q4-r\r\n");
        let page = noted("a.html", "<main id=\"main\">\n<h1>x</h1>");
        assert!(page.contains("A &quot;fault&quot; &amp; more."), "{page}");
        assert!(next.noted(&Shelf::default(), "a.html", &[0xff]).is_err());
    }
}

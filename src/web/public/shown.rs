//! What is shown, by path: every file of every edition, and the pages around them.

use std::collections::HashMap;

use actix_web::http::header::HeaderValue;

use super::served::{Manner, Served};
use super::site::site_pages;
use crate::base::time::Timestamp;
use crate::statistics::editions::{self, Edition, EditionId, PublicKey, Shelf, Successor};

/// What is served, by path.
#[derive(Debug, Default)]
pub(super) struct Pages {
    by_path: HashMap<String, Served>,
    latest: Option<EditionId>,
    /// The values of each dimension of a table: `2026-q3/platform-category` → dimension, codes.
    filters: HashMap<String, Vec<(String, Vec<String>)>>,
}

/// Where a filter leads.
pub(super) enum Chosen {
    /// Nothing was chosen.
    Nothing,
    /// To this page.
    Page(String),
    /// To none: only existing cells have one.
    NoSuchValue,
}

impl Pages {
    /// Of what stands on the shelf.
    pub(super) fn of(shelf: &Shelf, key: &PublicKey, now: Timestamp) -> anyhow::Result<Self> {
        let mut pages = Self { latest: shelf.latest().map(|edition| edition.id), ..Self::default() };
        for file in site_pages(shelf, key, now)? {
            pages.by_path.insert(file.path.clone(), Served::new(&file.path, file.bytes));
        }
        for edition in shelf.editions() {
            let within = format!("/transparency/{}", edition.id);
            for (path, bytes) in &edition.files {
                // One file that cannot say what it must is left out, and stands in nobody's way.
                if let Err(error) = pages.add(shelf, edition, path, bytes) {
                    tracing::error!(edition = %edition.id, path, %error, "a file of a replaced edition is not shown");
                }
            }
            for table in edition.manifest.plan.keys() {
                pages.filters.insert(format!("{within}/{table}"), dimensions(edition, table));
            }
        }
        Ok(pages)
    }

    /// A file of an edition: where it is read, with a notice if the edition was replaced, and as it was signed.
    fn add(&mut self, found: &Shelf, edition: &Edition, path: &str, signed: &[u8]) -> anyhow::Result<()> {
        let within = format!("/transparency/{}", edition.id);
        let at = match path.strip_suffix(".html") {
            Some("index") => within.clone(),
            Some(page) => format!("{within}/{page}"),
            None => format!("{within}/{path}"),
        };
        let successor = Successor::of(found, edition.id);
        let served = Served::new(path, signed.to_vec());
        let read = match &successor {
            Some(successor) => Served::new(path, successor.noted(found, path, signed)?),
            None => served.clone(),
        };
        let link = match (&successor, editions::predecessor(edition)) {
            (Some(next), _) if next.is_out => link(&next.place(found, path), "successor-version"),
            (_, Some(before)) => link(&format!("/transparency/{before}"), "predecessor-version"),
            _ => None,
        };
        let manner = Manner { forever: edition.id.is_replacement(), to_keep: false, link };
        self.by_path.insert(at, read.sent(manner));
        let manner = Manner { forever: true, to_keep: true, link: None };
        self.by_path.insert(format!("{within}/signed/{path}"), served.sent(manner));
        Ok(())
    }

    /// What stands at a path.
    pub(super) fn at(&self, path: &str) -> Option<&Served> {
        self.by_path.get(path)
    }

    /// The newest quarter's edition.
    pub(super) const fn latest(&self) -> Option<EditionId> {
        self.latest
    }

    /// Reads a filter: it leads to the page of the value that was chosen, and within it to the other one.
    pub(super) fn chosen(&self, path: &str, query: &str) -> Chosen {
        let dimensions = if query.is_empty() { None } else { self.filters.get(path) };
        let Some(dimensions) = dimensions else { return Chosen::Nothing };
        let mut all: Vec<(&str, String)> = Vec::new();
        for (name, code) in url::form_urlencoded::parse(query.as_bytes()) {
            // What is no filter of the table changes nothing.
            let Some((known, codes)) = dimensions.iter().find(|(known, _)| *known == name) else {
                return Chosen::Nothing;
            };
            if code.is_empty() {
                continue;
            }
            if !codes.iter().any(|known| *known == code) {
                return Chosen::NoSuchValue;
            }
            all.push((known, code.into_owned()));
        }
        Chosen::Page(match all.as_slice() {
            [] => path.to_owned(),
            [(name, code)] => format!("{path}/{name}/{code}"),
            [(name, code), (_, other), ..] => format!("{path}/{name}/{code}#{other}"),
        })
    }
}

/// A link to a version before or after. Paths of editions always make a header.
fn link(place: &str, relation: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("<{place}>; rel=\"{relation}\"")).ok()
}

/// The dimensions of a published table with their values.
fn dimensions(edition: &Edition, table: &str) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for (key, _) in edition.figures(table) {
        for (name, code) in key {
            match all.iter_mut().find(|(known, _)| known == name) {
                Some((_, codes)) if codes.contains(code) => {}
                Some((_, codes)) => codes.push(code.clone()),
                None => all.push((name.clone(), vec![code.clone()])),
            }
        }
    }
    all
}

//! What has changed: editions that were replaced or will be, and every attempt to build one.

use askama::Template;

use super::site::head;
use crate::pages::frame::Head;
use crate::pages::writing;
use crate::statistics::editions::{EditionId, Shelf};

struct Replaced {
    before: EditionId,
    after: EditionId,
    day: String,
    reason: String,
}

struct Attempts {
    edition: EditionId,
    made: usize,
    counts: usize,
}

#[derive(Template)]
#[template(path = "public/changes.html")]
struct Changes {
    head: Head,
    replaced: Vec<Replaced>,
    announced: Vec<Replaced>,
    attempts: Vec<Attempts>,
}

/// The page.
pub(super) fn page(shelf: &Shelf) -> anyhow::Result<String> {
    let replaced = shelf.editions().iter().filter_map(|edition| {
        let supersedes = edition.manifest.supersedes.as_ref()?;
        Some(Replaced {
            before: supersedes.edition,
            after: edition.id,
            day: writing::day(edition.manifest.published_at),
            reason: supersedes.reason.clone(),
        })
    });
    let announced = shelf.calendar().editions.iter().filter_map(|entry| {
        let reason = entry.reason.clone().filter(|_| shelf.edition(entry.edition).is_none())?;
        let before = EditionId::of(entry.edition.quarter());
        Some(Replaced { before, after: entry.edition, day: writing::day(entry.release_at), reason })
    });
    let attempts = shelf.editions().iter().rev().map(|edition| {
        let builds = &edition.manifest.build_attempts;
        let mut counts: Vec<&str> = builds.iter().map(|build| build.snapshot_commitment.as_str()).collect();
        counts.sort_unstable();
        counts.dedup();
        Attempts { edition: edition.id, made: builds.len(), counts: counts.len() }
    });
    let words = "Editions that were replaced, with the reason, and every attempt to build one.";
    Ok(Changes {
        head: head("Changes", words, "/transparency/changes"),
        replaced: replaced.collect(),
        announced: announced.collect(),
        attempts: attempts.collect(),
    }
    .render()?)
}

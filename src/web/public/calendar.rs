//! When the next editions come, and when those before came.

use askama::Template;

use super::site::head;
use crate::base::time::Timestamp;
use crate::domain::counting::Quarter;
use crate::pages::frame::Head;
use crate::pages::writing;
use crate::statistics::disclosure::rules;
use crate::statistics::editions::{self, CalendarEntry, EditionId, Shelf};

/// How many editions ahead the calendar shows: twelve months.
const AHEAD: usize = 4;

/// A line of the calendar.
struct Line {
    edition: EditionId,
    period: String,
    day: String,
    commitment: String,
    replaced_by: Option<EditionId>,
}

#[derive(Template)]
#[template(path = "public/calendar.html")]
struct CalendarPage {
    head: Head,
    coming: Vec<Line>,
    published: Vec<Line>,
}

/// The page.
pub(super) fn page(shelf: &Shelf, now: Timestamp) -> anyhow::Result<String> {
    let line = |edition: EditionId, at: Timestamp, commitment: &str| Line {
        edition,
        period: edition.quarter().in_words(),
        day: writing::day(at),
        commitment: commitment.to_owned(),
        replaced_by: Some(edition.replacement())
            .filter(|next| !edition.is_replacement() && shelf.edition(*next).is_some()),
    };
    let open = |entry: &&CalendarEntry| shelf.edition(entry.edition).is_none();
    let mut coming: Vec<Line> = shelf
        .calendar()
        .editions
        .iter()
        .filter(open)
        .map(|entry| line(entry.edition, entry.release_at, &entry.key_commitment))
        .collect();
    let mut quarter = Quarter::of(now);
    for _ in 0..AHEAD {
        let edition = EditionId::of(quarter);
        if coming.iter().all(|line| line.edition != edition) {
            coming.push(line(edition, editions::release_at(rules(), quarter), ""));
        }
        quarter = quarter.next();
    }
    let published = shelf
        .editions()
        .iter()
        .rev()
        .map(|edition| line(edition.id, edition.manifest.published_at, &edition.manifest.key_commitment))
        .collect();
    let words = "The days on which the next editions are published, and the hashes of their secrets.";
    Ok(CalendarPage { head: head("Calendar", words, "/transparency/calendar"), coming, published }.render()?)
}

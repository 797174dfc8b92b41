//! The pages around the editions: what this is, how figures are made, when the next come, and each platform over time.
//! They are made in memory of what stands on the shelf, and of nothing else.

use askama::Template;

use super::EditionId;
use super::calendar::{self, CalendarEntry};
use super::files::{File, STYLE};
use super::manifest::PublicKey;
use super::pages::{Head, Section};
use super::platform_page;
use super::prose;
use super::shelf::{Edition, Shelf};
use crate::base::time::Timestamp;
use crate::domain::counting::{FlowKind, Quarter};
use crate::statistics::disclosure::rules;
use crate::statistics::disclosure::{Cadence, Guesses, Rules};

/// How many editions ahead the calendar shows: twelve months.
const AHEAD: usize = 4;

#[derive(Template)]
#[template(path = "public/home.html")]
struct Home {
    head: Head,
    latest: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "public/method.html")]
struct Method {
    head: Head,
    rules: &'static Rules,
    guesses: Guesses,
}

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

struct Spent {
    edition: EditionId,
    spent: Vec<String>,
}

#[derive(Template)]
#[template(path = "public/budget.html")]
struct Budget {
    head: Head,
    tables: Vec<&'static str>,
    lines: Vec<Spent>,
    lifetime: f64,
    guesses: Guesses,
}

#[derive(Template)]
#[template(path = "public/verify.html")]
struct Verify {
    head: Head,
    key: String,
    manifests: Vec<(EditionId, String)>,
}

#[derive(Template)]
#[template(path = "public/platform.html")]
struct PlatformPage {
    head: Head,
    name: String,
    summary: String,
    sections: Vec<Section>,
    links: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "public/empty.html")]
struct Empty {
    head: Head,
    title: &'static str,
    words: &'static str,
}

/// Every page around the editions, by its path on the site.
///
/// # Errors
/// When a page cannot be written.
pub fn pages(shelf: &Shelf, key: &PublicKey, now: Timestamp) -> anyhow::Result<Vec<File>> {
    let mut files = vec![
        File::new("/", home(shelf)?),
        File::new("/transparency/method", method()?),
        File::new("/transparency/calendar", calendar_page(shelf, now)?),
        File::new("/transparency/changes", changes(shelf)?),
        File::new("/transparency/budget", budget(shelf)?),
        File::new("/transparency/verify", verify(shelf, key)?),
        File::new("/transparency/style.css", STYLE),
        File::new("/transparency/calendar.json", serde_json::to_string_pretty(shelf.calendar())? + "\n"),
        File::new(
            "/transparency",
            empty(
                "No edition has been published yet",
                "The first one comes with the calendar. Until then there is no number to see, live or otherwise.",
            )?,
        ),
        File::new(
            "/404",
            empty("There is no such page", "The address may be mistyped, or the edition or table does not exist.")?,
        ),
    ];
    if let Some(latest) = shelf.latest() {
        for (slug, name) in &latest.platforms {
            let (summary, sections, links) = platform_page::content(shelf, slug, name);
            let page = PlatformPage {
                head: head(name, &format!("{name}: {summary}"), &format!("/transparency/platforms/{slug}")),
                name: name.clone(),
                summary,
                sections,
                links,
            };
            files.push(File::new(format!("/transparency/platforms/{slug}"), page.render()?));
        }
    }
    Ok(files)
}

fn head(title: &str, description: &str, path: &str) -> Head {
    Head {
        title: title.to_owned(),
        description: description.to_owned(),
        style: "/transparency/style.css".to_owned(),
        data: None,
        path: path.to_owned(),
        replaces: None,
    }
}

fn home(shelf: &Shelf) -> anyhow::Result<String> {
    let about = |edition: &Edition| {
        let national = edition.figures("national").iter().find_map(|(_, value)| *value)?;
        let words =
            format!("About {} cases were counted from {}", prose::thousands(national), edition.id.quarter().in_words());
        Some((format!("/transparency/{}", edition.id), words))
    };
    let words = "Where dating apps send reports of abuse, and where what came of them is published.";
    Ok(Home {
        head: head("Reports from dating apps, turned into help", words, "/"),
        latest: shelf.latest().and_then(about),
    }
    .render()?)
}

fn method() -> anyhow::Result<String> {
    let words = "How each figure is counted, moved at random, rounded and published.";
    let head = head("How the figures are made", words, "/transparency/method");
    Ok(Method { head, rules: rules(), guesses: Guesses::of(rules()) }.render()?)
}

fn calendar_page(shelf: &Shelf, now: Timestamp) -> anyhow::Result<String> {
    let line = |edition: EditionId, at: Timestamp, commitment: &str| Line {
        edition,
        period: edition.quarter().in_words(),
        day: prose::day(at),
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
            coming.push(line(edition, calendar::release_at(rules(), quarter), ""));
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

fn changes(shelf: &Shelf) -> anyhow::Result<String> {
    let replaced = shelf.editions().iter().filter_map(|edition| {
        let supersedes = edition.manifest.supersedes.as_ref()?;
        Some(Replaced {
            before: supersedes.edition,
            after: edition.id,
            day: prose::day(edition.manifest.published_at),
            reason: supersedes.reason.clone(),
        })
    });
    let announced = shelf.calendar().editions.iter().filter_map(|entry| {
        let reason = entry.reason.clone().filter(|_| shelf.edition(entry.edition).is_none())?;
        let before = EditionId::of(entry.edition.quarter());
        Some(Replaced { before, after: entry.edition, day: prose::day(entry.release_at), reason })
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

fn budget(shelf: &Shelf) -> anyhow::Result<String> {
    let tables: Vec<&'static str> = rules().tables.iter().map(|table| table.name.as_str()).collect();
    let line = |edition: &Edition| Spent {
        edition: edition.id,
        spent: tables
            .iter()
            .map(|table| edition.manifest.budget.get(*table).map_or_else(|| "–".to_owned(), ToString::to_string))
            .collect(),
    };
    let lines = shelf.editions().iter().rev().map(line).collect();
    let flows = |table: &&crate::statistics::disclosure::TableRule| table.flow != FlowKind::Correction;
    let hundredths: u32 = rules().tables.iter().filter(flows).map(|table| table.epsilon_hundredths).sum();
    let words = "How much each edition may have told of any one case.";
    Ok(Budget {
        head: head("Budget", words, "/transparency/budget"),
        tables,
        lines,
        lifetime: f64::from(hundredths) / 100.0,
        guesses: Guesses::of(rules()),
    }
    .render()?)
}

fn verify(shelf: &Shelf, key: &PublicKey) -> anyhow::Result<String> {
    let manifests =
        shelf.editions().iter().rev().map(|edition| (edition.id, edition.manifest_sha256.clone())).collect();
    let words = "How to verify that nobody changed, dropped or slipped in an edition.";
    Ok(Verify { head: head("How to verify", words, "/transparency/verify"), key: key.to_string(), manifests }
        .render()?)
}

fn empty(title: &'static str, words: &'static str) -> anyhow::Result<String> {
    Ok(Empty { head: head(title, words, "/transparency"), title, words }.render()?)
}

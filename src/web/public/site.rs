//! Every page around the editions, by its path. They are made in memory of what stands on the shelf and of
//! data files, and of nothing else.

use askama::Template;

use super::{budget, calendar, changes, help, home, method, platform, verify};
use crate::base::time::Timestamp;
use crate::pages::frame::{Head, STYLE};
use crate::statistics::editions::{File, PublicKey, Shelf};

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
pub fn site_pages(shelf: &Shelf, key: &PublicKey, now: Timestamp) -> anyhow::Result<Vec<File>> {
    let mut files = vec![
        File::new("/", home::page(shelf)?),
        File::new(Head::HELP, help::page()?),
        File::new("/transparency/method", method::page()?),
        File::new("/transparency/calendar", calendar::page(shelf, now)?),
        File::new("/transparency/changes", changes::page(shelf)?),
        File::new("/transparency/budget", budget::page(shelf)?),
        File::new("/transparency/verify", verify::page(shelf, key)?),
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
            files.push(File::new(platform::path(slug), platform::page(shelf, slug, name)?));
        }
    }
    Ok(files)
}

/// What the head of one of these pages holds.
pub(super) fn head(title: &str, description: &str, path: &str) -> Head {
    Head {
        title: title.to_owned(),
        description: description.to_owned(),
        style: "/transparency/style.css".to_owned(),
        data: None,
        path: path.to_owned(),
        site: None,
    }
}

fn empty(title: &'static str, words: &'static str) -> anyhow::Result<String> {
    Ok(Empty { head: head(title, words, "/transparency"), title, words }.render()?)
}

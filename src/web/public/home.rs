//! What this is, the principles and where each is kept, and the ways in.

use askama::Template;

use super::site::head;
use crate::pages::frame::Head;
use crate::pages::writing;
use crate::statistics::editions::{Edition, Shelf};

#[derive(Template)]
#[template(path = "public/home.html")]
struct Home {
    head: Head,
    latest: Option<(String, String)>,
}

/// The page.
pub(super) fn page(shelf: &Shelf) -> anyhow::Result<String> {
    let about = |edition: &Edition| {
        let national = edition.figures("national").iter().find_map(|(_, value)| *value)?;
        let words = format!(
            "About {} cases were counted from {}",
            writing::thousands(national),
            edition.id.quarter().in_words()
        );
        Some((format!("/transparency/{}", edition.id), words))
    };
    let words = "Where dating apps send reports of abuse, and where what came of them is published.";
    Ok(Home {
        head: head("Reports from dating apps, turned into help", words, "/"),
        latest: shelf.latest().and_then(about),
    }
    .render()?)
}

//! A platform over time: its figures of every edition in force, with what each cannot say.

use askama::Template;

use super::site::head;
use crate::pages::frame::Head;
use crate::statistics::editions::{PlatformRecord, Shelf};

#[derive(Template)]
#[template(path = "public/platform.html")]
struct PlatformPage<'p> {
    head: Head,
    name: &'p str,
    record: PlatformRecord,
}

/// The page.
pub(super) fn page(shelf: &Shelf, slug: &str, name: &str) -> anyhow::Result<String> {
    let record = PlatformRecord::of(shelf, slug, name);
    let head = head(name, &format!("{name}: {}", record.summary), &path(slug));
    Ok(PlatformPage { head, name, record }.render()?)
}

/// Where the page of a platform stands.
pub(super) fn path(slug: &str) -> String {
    format!("/transparency/platforms/{slug}")
}

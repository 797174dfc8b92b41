//! How to verify that nobody changed the figures.

use askama::Template;

use super::site::head;
use crate::pages::frame::Head;
use crate::statistics::editions::{EditionId, PublicKey, Shelf};

#[derive(Template)]
#[template(path = "public/verify.html")]
struct Verify {
    head: Head,
    key: String,
    manifests: Vec<(EditionId, String)>,
}

/// The page.
pub(super) fn page(shelf: &Shelf, key: &PublicKey) -> anyhow::Result<String> {
    let manifests =
        shelf.editions().iter().rev().map(|edition| (edition.id, edition.manifest_sha256.clone())).collect();
    let words = "How to verify that nobody changed, dropped or slipped in an edition.";
    Ok(Verify { head: head("How to verify", words, "/transparency/verify"), key: key.to_string(), manifests }
        .render()?)
}

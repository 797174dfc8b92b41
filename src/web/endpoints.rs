//! Every endpoint in one table, put together from the rows that stand beside the handlers. Routing is made from it, the
//! gate enforces it, the API document tells of it, and the tests that walk all operations compare the two.

use std::collections::BTreeMap;
use std::sync::LazyLock;

pub use super::row::{Body, Caching, Caller, Precondition, Reader, Row};
use super::{catalogue, console, health, inbox, openapi, partner, platform, public, triage};

static OPERATIONS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let rooms = [
        health::rows(),
        openapi::rows(),
        catalogue::rows(),
        public::services::rows(),
        platform::rows(),
        partner::rows(),
        triage::rows(),
    ];
    rooms.into_iter().flatten().collect()
});

static PAGES: LazyLock<Vec<Row>> = LazyLock::new(public::rows);

static CONSOLE: LazyLock<Vec<Row>> = LazyLock::new(console::rows);

static INBOX: LazyLock<Vec<Row>> = LazyLock::new(inbox::rows);

/// The operations of the API.
#[must_use]
pub fn all() -> &'static [Row] {
    &OPERATIONS
}

/// The public pages. They are no operations of the API: published editions are files (docs/transparency.md).
#[must_use]
pub fn pages() -> &'static [Row] {
    &PAGES
}

/// The pages for colleagues, and what their script asks for.
#[must_use]
pub fn console() -> &'static [Row] {
    &CONSOLE
}

/// The pages for people of services, and what their script asks for.
#[must_use]
pub fn inbox() -> &'static [Row] {
    &INBOX
}

/// The rows by path, in the order in which paths must be tried.
pub(super) fn by_path() -> BTreeMap<&'static str, Vec<&'static Row>> {
    // `/v1/reports/batch` sorts before `/v1/reports/{id}`: a letter comes before a brace.
    all().iter().chain(pages()).chain(console()).chain(inbox()).fold(BTreeMap::new(), |mut paths, row| {
        paths.entry(row.path.as_str()).or_insert_with(Vec::new).push(row);
        paths
    })
}

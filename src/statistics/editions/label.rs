//! What every file of figures says of itself: its edition, the days that it tells of, and what it replaces. Two tables of
//! one name may differ by a factor of four, because one tells of a quarter and the other of a year.

use serde::Serialize;
use serde_json::Value;

use super::bundle::Imprint;
use super::csv;
use super::manifest::Supersedes;
use super::{EditionId, Span};
use crate::base::time::Timestamp;

const DAY: std::time::Duration = std::time::Duration::from_hours(24);

/// The last columns of every CSV.
pub(super) const COLUMNS: [&str; 6] = ["edition", "span", "first_day", "last_day", "replaces", REPLACED_BY];
/// Empty in what is signed. What is served of an edition that was replaced since names the other one here.
pub(super) const REPLACED_BY: &str = "replaced_by";

/// The first members of every JSON of figures.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Label {
    edition: EditionId,
    span: Span,
    first_day: String,
    last_day: String,
    replaces: Option<Supersedes>,
    replaced_by: Option<()>,
}

impl Label {
    /// Of a table with this span.
    pub(super) fn of(imprint: &Imprint, span: Span) -> Self {
        let (first_day, last_day) = days(imprint.edition, span);
        let replaces = imprint.replaces.clone().map(|(edition, reason)| Supersedes { edition, reason });
        Self { edition: imprint.edition, span, first_day, last_day, replaces, replaced_by: None }
    }

    /// Its cells in every row of a CSV, in the order of [`COLUMNS`].
    pub(super) fn cells(&self) -> [String; 6] {
        let replaces = self.replaces.as_ref().map(|before| before.edition.to_string()).unwrap_or_default();
        let (first_day, last_day) = (self.first_day.clone(), self.last_day.clone());
        [self.edition.to_string(), self.span.as_str().to_owned(), first_day, last_day, replaces, String::new()]
    }
}

/// What the last columns of a CSV mean.
pub(super) fn columns() -> Vec<Value> {
    let about = [
        ("The edition", "string", true),
        ("How much time the figure tells of: quarter, or year", "string", true),
        ("The first day that it tells of", "date", true),
        ("The last day that it tells of", "date", true),
        ("The edition that this one replaces, if any", "string", false),
        ("The edition that this one is replaced by, if any: do not use these figures then", "string", false),
    ];
    let column = |(name, (about, datatype, required))| csv::column(name, about, datatype, required);
    COLUMNS.into_iter().zip(about).map(column).collect()
}

/// The first and the last day, as `2026-10-01`, of what a table of an edition tells of.
pub(super) fn days(edition: EditionId, span: Span) -> (String, String) {
    let quarter = edition.quarter();
    let first = match span {
        Span::Quarter => quarter.from(),
        Span::Year => quarter.first_of_year().from(),
    };
    let day = |at: Timestamp| at.to_string().split('T').next().unwrap_or_default().to_owned();
    (day(first), day(quarter.until().minus(DAY)))
}

//! What each edition may have told of any one case.

use askama::Template;

use super::site::head;
use crate::domain::counting::FlowKind;
use crate::pages::frame::Head;
use crate::statistics::disclosure::{Guesses, TableRule, rules};
use crate::statistics::editions::{Edition, EditionId, Shelf};

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

/// The page.
pub(super) fn page(shelf: &Shelf) -> anyhow::Result<String> {
    let tables: Vec<&'static str> = rules().tables.iter().map(|table| table.name.as_str()).collect();
    let line = |edition: &Edition| Spent {
        edition: edition.id,
        spent: tables
            .iter()
            .map(|table| edition.manifest.budget.get(*table).map_or_else(|| "–".to_owned(), ToString::to_string))
            .collect(),
    };
    let lines = shelf.editions().iter().rev().map(line).collect();
    let flows = |table: &&TableRule| table.flow != FlowKind::Correction;
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

//! A figure of a page: charts, and the table beside them that says the same (`templates/pages/figures.html`).

use crate::pages::charts::Shown;

/// A chart, or several, with the table beside.
#[derive(Clone, Debug)]
pub struct Section {
    /// Over it; empty where the page's own heading says it.
    pub heading: String,
    /// A sentence before it, or nothing.
    pub note: String,
    /// The charts as SVG.
    pub charts: Vec<String>,
    /// The table.
    pub grid: Grid,
}

/// A table of a page.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    /// What it holds.
    pub caption: String,
    /// Over the first column.
    pub corner: String,
    /// The heads of the other columns.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<GridRow>,
}

/// A row.
#[derive(Clone, Debug)]
pub struct GridRow {
    /// For links to it.
    pub id: String,
    /// Its head.
    pub title: String,
    /// Where its own page stands.
    pub link: Option<String>,
    /// Its figures.
    pub cells: Vec<GridCell>,
}

/// A figure in a table.
#[derive(Clone, Debug)]
pub struct GridCell {
    /// What it is about: the codes of its dimensions.
    pub key: String,
    /// The number, `low` or `none`, as the mark of the chart says.
    pub value: String,
    /// For people.
    pub text: String,
    /// How dark it is shaded, from 0 to 5. The text says all of it.
    pub shade: i64,
}

impl GridCell {
    /// Of a figure, shaded by its part of the largest one beside it; `most` is nought where nothing is compared.
    #[must_use]
    pub fn of(key: &str, shown: Shown, most: i64) -> Self {
        let shade = match shown {
            Shown::Value(value) => (value.abs() * 5).checked_div(most).unwrap_or(0).clamp(1, 5),
            Shown::Low { .. } | Shown::Nothing => 0,
        };
        Self { key: key.to_owned(), value: shown.mark(), text: shown.words(), shade }
    }
}

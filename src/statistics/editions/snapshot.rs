//! The snapshot of an edition: the finest counts that its tables are made of, in one order and one form, so that their
//! digest is the same wherever they are counted.

use serde::{Deserialize, Serialize};

use crate::base::code::codes;
use crate::base::secret::{hex, sha256};
use crate::domain::counting::FlowKind;
use crate::domain::terms::region::Region;

codes! {
    /// How much time a table tells of.
    pub enum Span {
        /// The edition's quarter.
        Quarter = "quarter",
        /// The year that the quarter ends.
        Year = "year",
    }
}

/// How many cases agree in everything that is published of them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// The flow.
    pub flow: FlowKind,
    /// The span that was counted.
    pub span: Span,
    /// The platform's short name.
    pub platform: String,
    /// The category group.
    pub category: String,
    /// Where the person harmed lives.
    pub region: Region,
    /// The response or standing; empty where the flow has none.
    pub value: String,
    /// How many.
    pub cases: i64,
}

crate::base::secret::silent! { Cell }

impl Cell {
    /// Everything but how many.
    fn names(&self) -> [&str; 6] {
        let Self { flow, span, platform, category, region, value, .. } = self;
        [flow.as_str(), span.as_str(), platform, category, region.as_str(), value]
    }
}

/// All of them, sorted. Cells without a case are absent, so that a platform without cases changes no draw but its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Snapshot(Vec<Cell>);

impl Snapshot {
    /// Puts the cells in order, and adds up those that agree.
    #[must_use]
    pub fn new(mut cells: Vec<Cell>) -> Self {
        cells.sort();
        cells.dedup_by(|later, kept| {
            let same = later.names() == kept.names();
            if same {
                kept.cases += later.cases;
            }
            same
        });
        cells.retain(|cell| cell.cases != 0);
        Self(cells)
    }

    /// The cells.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.0
    }

    /// SHA-256 of the canonical form: a line for each cell, its members set apart by tabs.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut text = String::new();
        for cell in &self.0 {
            text.push_str(&cell.names().join("\t"));
            text.push('\t');
            text.push_str(&cell.cases.to_string());
            text.push('\n');
        }
        sha256(text.as_bytes())
    }

    /// What is published of it. It could be tried out if counts were guessed, so the edition's secret goes in.
    #[must_use]
    pub fn commitment(&self, secret: &[u8; 32]) -> String {
        hex(&crate::base::secret::keyed(secret, "edition-snapshot", &[&self.digest()]))
    }
}

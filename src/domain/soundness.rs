//! Whether what is stored is whole: every sealed value opens, every row has its owner, every case stands where its
//! clocks say, and somebody can be paged. Reads only, a few owners at a time.

mod editions;
mod people;
mod rows;
mod sealed;

use serde::Serialize;

pub use editions::published;
pub use people::{old_walls, out_of_sight, reachable};
pub use rows::{contradictions, orphans};
pub use sealed::{Seals, owners, seals};

/// Something that is wrong, by where it stands. Never by what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is wrong, for machines.
    pub code: &'static str,
    /// The table.
    pub table: &'static str,
    /// The row.
    pub id: String,
    /// What is wrong and what to do, for a person.
    pub detail: &'static str,
}

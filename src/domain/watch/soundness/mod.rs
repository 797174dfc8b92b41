//! Whether what is stored is whole: every sealed value opens, every row has its owner, every case stands where its
//! clocks say, and somebody can be paged. Reads only, a few owners at a time.

mod cases;
mod codes;
mod digests;
mod names;
mod pairs;
mod people;
mod proofs;
mod recorded;
mod records;
mod rows;
mod sealed;
mod shape;
mod stumbles;

use diesel::QueryableByName;
use diesel::sql_types::Text;
use serde::Serialize;

use crate::db::perhaps::Perhaps;
use crate::domain::vault::stated::Table;
use crate::domain::{
    case, casefile, casework, counting, directory, intake, ledger, paging, referrals, vault, webhooks,
};

pub use cases::contradictions;
pub use codes::unknown_codes;
pub use digests::{Signed, digests};
pub use names::names;
pub use pairs::pairs;
pub use people::{no_rota, old_walls, on_rota, out_of_sight, reachable};
pub use proofs::proofs;
pub use records::records;
pub use rows::{orphans, unreadable};
pub(in crate::domain) use sealed::values;
pub use sealed::{Seals, seals};
pub use shape::shape;
pub use stumbles::stepped_over;

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

/// The tables of the domain, room by room. What stands above it has tables of its own.
#[must_use]
pub fn tables() -> Vec<&'static Table> {
    let rooms = [
        vault::TABLES,
        ledger::TABLES,
        crate::domain::people::TABLES,
        case::TABLES,
        counting::TABLES,
        paging::TABLES,
        directory::TABLES,
        casework::TABLES,
        referrals::TABLES,
        intake::TABLES,
        casefile::TABLES,
        webhooks::TABLES,
        super::TABLES,
    ];
    rooms.into_iter().flatten().collect()
}

/// As many rows of one kind as are named. There is no use in a list that nobody reads to its end.
const NAMED: usize = 100;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    id: Perhaps<String>,
}

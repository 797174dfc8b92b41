//! Columns that hold one of a closed list of codes. A word that is on no list cannot be read, and its row then stops what
//! reads it; here it is named.

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{Finding, NAMED};
use crate::db::dialect::native;
use crate::db::perhaps::Perhaps;
use crate::domain::ledger::outbox;
use crate::domain::paging::owed::Job;
use crate::domain::unit::Look;
use crate::domain::vault::stated::{Codes, Holds, Table};
use crate::error::Result;

#[derive(QueryableByName)]
struct Words {
    #[diesel(sql_type = Text)]
    id: Perhaps<String>,
    #[diesel(sql_type = Text)]
    words: Perhaps<String>,
}

impl Words {
    /// Both, where both can be read.
    fn both(self) -> Option<(String, String)> {
        self.id.0.zip(self.words.0)
    }
}

/// Rows of these tables with a word in a column that is on no list of codes.
///
/// # Errors
/// What the database says.
pub fn unknown_codes(rx: &mut Look<'_>, tables: &[&'static Table]) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for table in tables {
        found.extend(of_one_code(rx, table)?);
        for (column, holds) in table.columns {
            if let Holds::Codes(codes) = holds {
                found.extend(of_codes(rx, table, column, &codes())?);
            }
        }
    }
    let owed = outbox::unreadable(rx, |payload| Job::read(payload).is_some(), NAMED)?;
    found.extend(owed.iter().map(|id| unknown("outbox", id, "payload")));
    Ok(found)
}

/// In the columns that hold one word.
fn of_one_code(rx: &mut Look<'_>, table: &Table) -> Result<Vec<Finding>> {
    let coded = table
        .columns
        .iter()
        .filter_map(|(column, holds)| if let Holds::Code(codes) = holds { Some((*column, codes())) } else { None });
    let coded: Vec<(&str, Codes)> = coded.collect();
    if coded.is_empty() {
        return Ok(Vec::new());
    }
    // Names and codes of the statements, and nothing else, stand in it: one look at each table.
    let wrong = |(column, codes): &(&str, Codes)| format!("{column} NOT IN ('{}')", codes.join("', '"));
    let cases: Vec<String> = coded.iter().map(|of| format!("WHEN {} THEN '{}'", wrong(of), of.0)).collect();
    let any: Vec<String> = coded.iter().map(wrong).collect();
    let statement = format!(
        "SELECT DISTINCT CAST({} AS TEXT) AS id, CASE {} END AS words FROM {} WHERE {} ORDER BY 1 LIMIT {NAMED}",
        table.row,
        cases.join(" "),
        table.name,
        any.join(" OR ")
    );
    let rows: Vec<Words> = native!(rx.conn(), |c| diesel::sql_query(statement).load(c))?;
    let rows = rows.into_iter().filter_map(Words::both);
    Ok(rows.map(|(id, column)| unknown(table.name, &id, &column)).collect())
}

/// In a column that holds several, one after the other.
fn of_codes(rx: &mut Look<'_>, table: &Table, column: &str, codes: &Codes) -> Result<Vec<Finding>> {
    let statement = format!(
        "SELECT CAST({} AS TEXT) AS id, {column} AS words FROM {} WHERE {column} IS NOT NULL ORDER BY 1",
        table.row, table.name
    );
    let rows: Vec<Words> = native!(rx.conn(), |c| diesel::sql_query(statement).load(c))?;
    let is_known = |word: &str| word.is_empty() || codes.contains(&word);
    let rows = rows.into_iter().filter_map(Words::both);
    let wrong = rows.filter(|(_, words)| !words.split([',', ' ']).all(is_known));
    Ok(wrong.take(NAMED).map(|(id, _)| unknown(table.name, &id, column)).collect())
}

/// The row and the column are named, and not the word: it may be anything.
fn unknown(table: &'static str, id: &str, column: &str) -> Finding {
    let detail = "the column holds a word that this version does not know, so nothing can read the row: put the row back \
                  from a backup, or use the version that wrote it";
    Finding { code: "unknown_code", table, id: format!("{id} {column}"), detail }
}

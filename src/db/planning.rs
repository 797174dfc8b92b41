//! What `PostgreSQL` knows of its tables. Of one that it has not counted it guesses, and it may take what many rows share for the shorter
//! way to one of them; of a database that was restored from a dump it knows nothing. By itself it counts what grows, a minute later or more.
//! `SQLite` keeps no such knowledge here.

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{AnyConnection, Rx};
use crate::error::Result;

/// Tables that hold more than a few rows, were never counted, and are ours to count.
const NEVER_COUNTED: &str = "
    SELECT s.relname::text AS name
    FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
    WHERE s.schemaname = current_schema() AND s.n_live_tup > 100
      AND s.last_analyze IS NULL AND s.last_autoanalyze IS NULL AND pg_has_role(c.relowner, 'USAGE')
    ORDER BY s.relname";

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

/// A table that the server has never counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncounted(String);

impl Uncounted {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// Those of this database that hold more than a few rows.
///
/// # Errors
/// What the database says.
pub fn uncounted(rx: &mut Rx<'_>) -> Result<Vec<Uncounted>> {
    let AnyConnection::Postgres(conn) = rx.conn() else { return Ok(Vec::new()) };
    let tables: Vec<Table> = diesel::sql_query(NEVER_COUNTED).load(conn)?;
    Ok(tables.into_iter().map(|table| Uncounted(table.name)).collect())
}

/// Has the server count one of them, within a transaction that may write. It reads some pages of it, and neither readers nor writers wait.
///
/// # Errors
/// What the database says.
pub fn count(within: &mut Rx<'_>, table: &Uncounted) -> Result<()> {
    if let AnyConnection::Postgres(conn) = within.conn() {
        let name = table.name().replace('"', "\"\"");
        diesel::sql_query(format!("ANALYZE \"{name}\"")).execute(conn)?;
    }
    Ok(())
}

//! Whether a database has the tables, columns, keys and indexes that the migrations make. Both databases are held against
//! the same picture: what the embedded migrations make of an empty `SQLite` database in memory.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_migrations::MigrationHarness;

use super::{AnyConnection, Rx, migrate};
use crate::error::Result;

/// Something that the migrations make.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A column, or with it its whole table.
    Column(String),
    /// An index, a primary key or another key.
    Index(String),
    /// A column that refers to another table.
    Reference(String),
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    owner: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    columns: String,
    #[diesel(sql_type = BigInt)]
    flag: i64,
}

/// `flag`: of a column, that it may be absent; of an index, that it keeps doubles out (1) and that it covers some rows
/// only (2).
const SQLITE: &str = "\
SELECT 'column' AS kind, m.name AS owner, c.name AS name, '' AS columns, 1 - c.\"notnull\" AS flag
FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'
UNION ALL
SELECT 'index', m.name, CASE WHEN i.origin = 'c' THEN i.name ELSE '' END,
(SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)),
i.\"unique\" + 2 * i.partial
FROM sqlite_master m JOIN pragma_index_list(m.name) i WHERE m.type = 'table'
UNION ALL
SELECT 'reference', m.name, f.\"from\", f.\"table\", 0
FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'";

const POSTGRES: &str = "\
SELECT 'column'::text AS kind, t.relname::text AS owner, a.attname::text AS name, ''::text AS columns,
(NOT a.attnotnull)::int::bigint AS flag
FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid
WHERE t.relkind = 'r' AND t.relnamespace = to_regnamespace(current_schema()::text) AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'index', t.relname, CASE WHEN k.oid IS NULL THEN i.relname::text ELSE '' END,
(SELECT string_agg(a.attname, ',' ORDER BY n.place) FROM unnest(x.indkey) WITH ORDINALITY n (att, place)
 JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = n.att),
x.indisunique::int + 2 * (x.indpred IS NOT NULL)::int
FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_constraint k ON k.conindid = i.oid AND k.contype IN ('p', 'u')
WHERE t.relnamespace = to_regnamespace(current_schema()::text) AND x.indisvalid AND x.indisready
UNION ALL
SELECT 'reference', t.relname, a.attname, o.relname, 0
FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class o ON o.oid = k.confrelid
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[1]
WHERE k.contype = 'f' AND t.relnamespace = to_regnamespace(current_schema()::text)";

impl From<Row> for Part {
    fn from(Row { kind, owner, name, columns, flag }: Row) -> Self {
        match kind.as_str() {
            "column" => Self::Column(format!("{owner}.{name}{}", if flag == 0 { "" } else { " (may be absent)" })),
            "index" => {
                let unique = if flag % 2 == 1 { "unique " } else { "" };
                let some = if flag >= 2 { " for some rows" } else { "" };
                let named = if name.is_empty() { "key".to_owned() } else { format!("index {name}") };
                Self::Index(format!("{unique}{named} of {owner} ({columns}){some}"))
            }
            _ => Self::Reference(format!("{owner}.{name} to {columns}")),
        }
    }
}

/// What the migrations make and this database does not have, or not so.
///
/// # Errors
/// What the database says.
pub fn missing(rx: &mut Rx<'_>) -> Result<Vec<Part>> {
    missing_in(rx.conn())
}

/// What the migrations make and the database behind this connection does not have, for whoever has no transaction yet.
pub(super) fn missing_in(conn: &mut AnyConnection) -> Result<Vec<Part>> {
    let rows: Vec<Row> = diesel::sql_query(SQLITE).load(&mut picture()?)?;
    let ours = rows.into_iter().filter(|row| row.owner != "__diesel_schema_migrations");
    let wanted: BTreeSet<Part> = ours.map(Part::from).collect();
    let rows: Vec<Row> = match conn {
        AnyConnection::Sqlite(conn) => diesel::sql_query(SQLITE).load(conn)?,
        AnyConnection::Postgres(conn) => diesel::sql_query(POSTGRES).load(conn)?,
    };
    let found: BTreeSet<Part> = rows.into_iter().map(Part::from).collect();
    Ok(wanted.difference(&found).cloned().collect())
}

/// A database in memory with what the migrations of this version make.
pub(super) fn picture() -> Result<SqliteConnection> {
    let mut conn = SqliteConnection::establish(":memory:").map_err(anyhow::Error::new)?;
    conn.run_pending_migrations(migrate::SQLITE).map_err(|error| anyhow::anyhow!(error))?;
    Ok(conn)
}

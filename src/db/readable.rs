//! Rows that nobody can read: `SQLite` keeps any bytes in any column, and on either database a constraint can be dropped
//! and an id rewritten. Whatever reads such a row fails, so the database itself is asked, table by table.

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};

use super::{AnyConnection, Rx, shape};
use crate::base::id::pattern;
use crate::error::Result;

/// A table that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Looked {
    /// Its name.
    pub name: &'static str,
    /// How its ids begin, where they are ours.
    pub prefix: Option<&'static str>,
}

/// What stands between the texts of a row that are looked at together.
const BETWEEN: u8 = 0x1f;

/// A row that nobody can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its table.
    pub table: &'static str,
    /// Its id where that can be read, otherwise the place by which the database's own tool finds it.
    pub row: String,
    /// The first column that holds what it cannot hold.
    pub column: String,
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    owner: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    required: i64,
    /// Its place in the primary key, from 1.
    #[diesel(sql_type = BigInt)]
    key: i64,
    #[diesel(sql_type = BigInt)]
    has_rowid: i64,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Text)]
    wrong: String,
    #[diesel(sql_type = Binary)]
    words: Vec<u8>,
}

const COLUMNS: &str = "\
SELECT m.name AS owner, c.name AS name, upper(c.type) AS kind, c.\"notnull\" OR c.pk > 0 AS required, c.pk AS key,
m.sql NOT LIKE '%WITHOUT ROWID%' AS has_rowid
FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.cid";
const THERE: &str = "\
SELECT t.relname::text AS owner, a.attname::text AS name, ''::text AS kind, 0::bigint AS required, 0::bigint AS key,
0::bigint AS has_rowid
FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid
WHERE t.relkind = 'r' AND t.relnamespace = to_regnamespace(current_schema()::text) AND a.attnum > 0 AND NOT a.attisdropped";

/// Rows of these tables that nobody can read, up to `limit` of each.
///
/// # Errors
/// What the database says.
pub fn unreadable(rx: &mut Rx<'_>, tables: &[Looked], limit: usize) -> Result<Vec<Unreadable>> {
    let made: Vec<Column> = diesel::sql_query(COLUMNS).load(&mut shape::picture()?)?;
    let there: Vec<Column> = match rx.conn() {
        AnyConnection::Sqlite(conn) => diesel::sql_query(COLUMNS).load(conn)?,
        AnyConnection::Postgres(conn) => diesel::sql_query(THERE).load(conn)?,
    };
    // What is missing is told by itself.
    let is_there = |one: &&Column| there.iter().any(|other| other.owner == one.owner && other.name == one.name);
    let mut all = Vec::new();
    for &Looked { name: table, prefix } in tables {
        let columns: Vec<&Column> = made.iter().filter(|one| one.owner == table).filter(is_there).collect();
        let Some(key) = columns.iter().min_by_key(|one| if one.key == 0 { i64::MAX } else { one.key }) else {
            continue;
        };
        let texts: Vec<&str> = columns.iter().filter(|one| one.kind == "TEXT").map(|one| one.name.as_str()).collect();
        let mut keep = |found: Found| {
            let column = if found.wrong.is_empty() { broken(&found.words, &texts) } else { Some(found.wrong) };
            all.extend(column.map(|column| Unreadable { table, row: found.place, column }));
            all.iter().filter(|one| one.table == table).count() < limit
        };
        match rx.conn() {
            AnyConnection::Sqlite(conn) => {
                let statement = on_sqlite(table, prefix, &columns, key);
                for found in diesel::sql_query(statement).load_iter::<Found, DefaultLoadingMode>(conn)? {
                    if !keep(found?) {
                        break;
                    }
                }
            }
            AnyConnection::Postgres(conn) => {
                let Some(statement) = on_postgres(table, prefix, &columns, key) else { continue };
                let rows: Vec<Found> = diesel::sql_query(format!("{statement} LIMIT {limit}")).load(conn)?;
                for found in rows {
                    keep(found);
                }
            }
        }
    }
    Ok(all)
}

/// The first of the texts that is no text; nothing when all are.
fn broken(words: &[u8], texts: &[&str]) -> Option<String> {
    let place = words.split(|byte| *byte == BETWEEN).position(|text| std::str::from_utf8(text).is_err())?;
    Some(texts.get(place).map_or_else(|| "a text".to_owned(), |name| (*name).to_owned()))
}

/// What a column is when it holds what it cannot hold: what each names, and the condition.
type Wrong<'a> = (&'a str, String);

/// The statement's begin: what names a row, and its first wrong column. Names of the schema, and nothing else, stand in
/// it.
fn select(table: &str, name: &str, wrong: &[Wrong<'_>], words: &str) -> String {
    let cases: Vec<String> = wrong.iter().map(|(column, is)| format!("WHEN {is} THEN '{column}'")).collect();
    format!("SELECT {name} AS place, CASE {} ELSE '' END AS wrong, {words} AS words FROM {table}", cases.join(" "))
}

fn on_sqlite(table: &str, prefix: Option<&str>, columns: &[&Column], key: &Column) -> String {
    let mut wrong: Vec<Wrong<'_>> = Vec::new();
    for Column { name, kind, required, .. } in columns {
        let stored = match kind.as_str() {
            "TEXT" => "text",
            "BLOB" => "blob",
            _ => "integer",
        };
        let or_null = if *required == 0 { ", 'null'" } else { "" };
        wrong.push((name, format!("typeof({name}) NOT IN ('{stored}'{or_null})")));
    }
    if let Some(prefix) = prefix {
        let begin = prefix.len() + 1;
        wrong.push((
            "id",
            format!(
                "length(id) <> {} OR substr(id, 1, {begin}) <> '{prefix}_' OR substr(id, {}) GLOB '*[^{}]*'",
                begin + 26,
                begin + 1,
                ALPHABET
            ),
        ));
    }
    let texts: Vec<&str> = columns.iter().filter(|one| one.kind == "TEXT").map(|one| one.name.as_str()).collect();
    // A text of plain letters is read by itself; of the others it is looked here whether they are UTF-8.
    let odd: Vec<String> = texts.iter().map(|name| format!("{name} GLOB '*[^ -~]*'")).collect();
    let all: Vec<String> = texts.iter().map(|name| format!("coalesce({name}, '')")).collect();
    let words =
        if all.is_empty() { "x''".to_owned() } else { format!("CAST({} AS BLOB)", all.join(" || char(31) || ")) };
    let place =
        if key.has_rowid == 1 { "'rowid ' || rowid".to_owned() } else { format!("'hex ' || hex({})", key.name) };
    let name = format!(
        "CASE WHEN typeof({key}) IN ('text', 'integer') AND {key} <> '' AND {key} NOT GLOB '*[^!-~]*' \
         THEN CAST({key} AS TEXT) ELSE {place} END",
        key = key.name
    );
    let any: Vec<String> = wrong.iter().map(|(_, is)| format!("({is})")).chain(odd).collect();
    format!("{} WHERE {}", select(table, &name, &wrong, &words), any.join(" OR "))
}

/// Only what a constraint that was dropped lets in: the server itself keeps kinds and texts.
fn on_postgres(table: &str, prefix: Option<&str>, columns: &[&Column], key: &Column) -> Option<String> {
    let required = columns.iter().filter(|one| one.required != 0);
    let mut wrong: Vec<Wrong<'_>> = required.map(|one| (one.name.as_str(), format!("{} IS NULL", one.name))).collect();
    wrong.extend(prefix.map(|prefix| ("id", format!("id !~ '{}'", pattern(prefix)))));
    let name =
        format!("CASE WHEN {key}::text ~ '^[!-~]+$' THEN {key}::text ELSE 'ctid ' || ctid::text END", key = key.name);
    let any: Vec<&str> = wrong.iter().map(|(_, is)| is.as_str()).collect();
    let any = any.join(" OR ");
    (!any.is_empty()).then(|| format!("{} WHERE {any}", select(table, &name, &wrong, "''::bytea")))
}

/// The letters of ids, as a class of `GLOB`.
const ALPHABET: &str = "0-9a-hjkmnp-tv-z";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::is_base32;

    #[test]
    fn the_letters_of_ids_are_those_of_ids() {
        let within = |range: &str, c: char| {
            let mut letters = range.chars();
            letters.next() <= Some(c) && Some(c) <= letters.last()
        };
        for c in ' '..='~' {
            let is_one = ["0-9", "a-h", "j-k", "m-n", "p-t", "v-z"].iter().any(|range| within(range, c));
            assert_eq!(is_one, is_base32(&c.to_string()), "{c}");
        }
        assert_eq!(ALPHABET, "0-9a-hjkmnp-tv-z");
    }
}

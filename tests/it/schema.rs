//! The two databases have the same tables, and the code's picture of them is right.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use recourse::db::Place;
use recourse::db::migrate;
use recourse::domain::vault::stated::{Holds, OpenedBy};
use recourse::statistics::sound;

use crate::harness::process::Service;
use crate::harness::{Database, databases, fresh_database};

/// Table and column, with the kind of value and whether it may be absent.
type Columns = BTreeMap<(String, String), (&'static str, bool)>;

/// What `src/db/schema.rs` and the files beside it say.
fn drawn() -> Columns {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/db/schema")).unwrap();
    let beside = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let text: String = beside.chain([include_str!("../../src/db/schema.rs").to_owned()]).collect();
    let mut columns = Columns::new();
    for table in text.split("diesel::table! {").skip(1) {
        let (head, body) = table.split_once("{\n").unwrap();
        let name = head.split('(').next().unwrap().trim().to_owned();
        let mut renamed = None;
        for line in body.lines().take_while(|line| !line.trim().starts_with('}')) {
            if let Some(name) = line.trim().strip_prefix("#[sql_name = \"") {
                renamed = name.split('"').next();
            }
            let Some((column, kind)) = line.split_once("->") else { continue };
            let column = renamed.take().unwrap_or(column.trim());
            let kind = kind.trim().trim_end_matches(',');
            let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
            let plain = match inner.unwrap_or(kind) {
                "Text" => "text",
                "BigInt" => "integer",
                "Binary" => "bytes",
                "Bool" => "bool",
                other => panic!("{name}: a column of kind {other} is not known to this test"),
            };
            columns.insert((name.clone(), column.to_owned()), (plain, inner.is_some()));
        }
    }
    columns
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    nullable: i64,
}

const SQLITE: &str = "SELECT m.name AS table_name, c.name AS column_name, lower(c.type) AS kind, \
     CASE WHEN c.\"notnull\" = 1 THEN 0 ELSE 1 END AS nullable \
     FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
const POSTGRES: &str = "SELECT table_name::text, column_name::text, data_type::text AS kind, \
     CASE WHEN is_nullable = 'YES' THEN 1 ELSE 0 END::bigint AS nullable \
     FROM information_schema.columns WHERE table_schema = 'public'";

/// What the database says.
fn found(place: &Place) -> Columns {
    let rows: Vec<Row> = match place {
        Place::Sqlite(path) => {
            let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            diesel::sql_query(SQLITE).load(&mut conn).unwrap()
        }
        Place::Postgres(url) => {
            let mut conn = PgConnection::establish(url).unwrap();
            diesel::sql_query(POSTGRES).load(&mut conn).unwrap()
        }
    };
    let ours = rows.into_iter().filter(|row| row.table_name != "__diesel_schema_migrations");
    ours.map(|row| {
        let kind = match row.kind.as_str() {
            "text" => "text",
            "integer" | "bigint" => "integer",
            "blob" | "bytea" => "bytes",
            "boolean" => "bool",
            other => panic!("{}.{}: a column of kind {other}", row.table_name, row.column_name),
        };
        ((row.table_name, row.column_name), (kind, row.nullable == 1))
    })
    .collect()
}

/// An empty place of each database.
fn places(dir: &std::path::Path) -> Vec<(&'static str, Place)> {
    let place = |database: &Database| match database {
        Database::Sqlite => Place::Sqlite(dir.join("test.db")),
        Database::Postgres => Place::Postgres(fresh_database()),
    };
    databases().iter().map(|database| (database.name(), place(database))).collect()
}

#[test]
fn the_migrations_of_both_databases_have_the_same_names() {
    let (sqlite, postgres) = migrate::embedded();
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, postgres);
    let mut sorted = sqlite.clone();
    sorted.sort();
    assert_eq!(sqlite, sorted);
}

#[test]
fn migrating_makes_a_data_directory_that_nobody_else_may_look_into() {
    let service = Service::new(None);
    assert_eq!(service.run(&["migrate"]).status.code(), Some(0));
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&service.data()), 0o700);
    assert_eq!(mode(&service.data().join("recourse.sqlite3")), 0o600);
}

#[test]
fn migrations_go_up_and_down_and_up_again() {
    let dir = tempfile::tempdir().unwrap();
    for (name, place) in places(dir.path()) {
        migrate::up(&place).unwrap();
        let first = found(&place);
        assert!(migrate::pending(&place).unwrap().is_empty(), "{name}");
        assert!(migrate::up(&place).unwrap().is_empty(), "{name}: going up twice does nothing");
        assert_eq!(migrate::down(&place).unwrap().len(), migrate::embedded().0.len(), "{name}");
        assert_eq!(found(&place), Columns::new(), "{name}: something is left after going down");
        assert_eq!(migrate::pending(&place).unwrap().len(), migrate::embedded().0.len(), "{name}");
        migrate::up(&place).unwrap();
        assert_eq!(found(&place), first, "{name}");
    }
}

#[test]
fn the_drawn_tables_are_those_of_both_databases() {
    let dir = tempfile::tempdir().unwrap();
    let drawn = drawn();
    assert!(drawn.keys().map(|(table, _)| table).collect::<BTreeSet<_>>().len() > 15, "{drawn:?}");
    for (name, place) in places(dir.path()) {
        migrate::up(&place).unwrap();
        let found = found(&place);
        let differs: Vec<String> = drawn
            .keys()
            .chain(found.keys())
            .filter(|column| drawn.get(*column) != found.get(*column))
            .map(|column| format!("{column:?}: drawn {:?}, found {:?}", drawn.get(column), found.get(column)))
            .collect();
        assert!(differs.is_empty(), "{name}: {differs:#?}");
    }
}

const SQLITE_REFERENCES: &str = "SELECT m.name AS table_name, f.\"from\" AS column_name, f.\"table\" AS kind, 0 AS nullable \
     FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'";
const POSTGRES_REFERENCES: &str = "SELECT t.relname::text AS table_name, a.attname::text AS column_name, \
     o.relname::text AS kind, 0::bigint AS nullable FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid \
     JOIN pg_class o ON o.oid = k.confrelid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[1] \
     WHERE k.contype = 'f'";

/// The columns that the database itself keeps to rows of another table: table, column, that table.
fn references(place: &Place) -> BTreeSet<(String, String, String)> {
    let rows: Vec<Row> = match place {
        Place::Sqlite(path) => {
            let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            diesel::sql_query(SQLITE_REFERENCES).load(&mut conn).unwrap()
        }
        Place::Postgres(url) => {
            let mut conn = PgConnection::establish(url).unwrap();
            diesel::sql_query(POSTGRES_REFERENCES).load(&mut conn).unwrap()
        }
    };
    rows.into_iter().map(|row| (row.table_name, row.column_name, row.kind)).collect()
}

/// A room that forgets a column keeps `recourse check` from looking at it.
#[test]
fn the_rooms_state_every_column_as_both_databases_have_it() {
    let dir = tempfile::tempdir().unwrap();
    let tables = sound::tables();
    let mut stated = BTreeMap::new();
    for table in &tables {
        for (column, holds) in table.columns {
            let twice = stated.insert((table.name.to_owned(), (*column).to_owned()), holds);
            assert!(twice.is_none(), "{}.{column} is stated twice", table.name);
        }
    }
    for (name, place) in places(dir.path()) {
        migrate::up(&place).unwrap();
        let found = found(&place);
        let names: BTreeSet<&str> = found.keys().map(|(table, _)| table.as_str()).collect();
        assert_eq!(tables.iter().map(|table| table.name).collect::<BTreeSet<_>>(), names, "{name}");
        assert_eq!(tables.len(), names.len(), "{name}: a table is stated twice");
        let kind_of =
            |table: &str, column: &str| found.get(&(table.to_owned(), column.to_owned())).map(|(kind, _)| *kind);
        for table in &tables {
            assert!(kind_of(table.name, table.row).is_some(), "{name}: {} has no {}", table.name, table.row);
            if let OpenedBy::Parent { column, table: parent, owner } = table.opened_by {
                let both = (kind_of(table.name, column), kind_of(parent, owner));
                assert_eq!(both, (Some("text"), Some("text")), "{name}: {}", table.name);
            }
            let is_sealed = table.columns.iter().any(|(_, holds)| matches!(holds, Holds::Sealed(_)));
            assert_eq!(is_sealed, !matches!(table.opened_by, OpenedBy::Nobody), "{name}: {}", table.name);
        }
        for (place, (kind, _)) in &found {
            let is_right = match stated.get(place) {
                None => matches!(*kind, "integer" | "bool"),
                Some(Holds::Sealed(_) | Holds::Digest(_)) => *kind == "bytes",
                Some(_) => *kind == "text",
            };
            assert!(is_right, "{name}: {place:?} is {kind}, and stated as {:?}", stated.get(place));
        }
        assert_eq!(stated.keys().filter(|place| !found.contains_key(*place)).collect::<Vec<_>>(), Vec::<&_>::new());
        for (table, column, to) in references(&place) {
            let holds = stated.get(&(table.clone(), column.clone()));
            let refers = matches!(holds, Some(Holds::Refers(tables)) if **tables == [to.as_str()]);
            assert!(refers, "{name}: {table}.{column} refers to {to}, and is stated as {holds:?}");
        }
    }
}

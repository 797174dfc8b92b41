//! The two databases have the same tables, and the code's picture of them is right.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use recourse::db::Place;
use recourse::db::migrate;

use crate::harness::process::Service;
use crate::harness::{Database, databases, fresh_database};

/// Table and column, with the kind of value and whether it may be absent.
type Columns = BTreeMap<(String, String), (&'static str, bool)>;

/// What `src/db/schema.rs` says.
fn drawn() -> Columns {
    let text = concat!(
        include_str!("../../src/db/schema.rs"),
        include_str!("../../src/db/schema/intake.rs"),
        include_str!("../../src/db/schema/statistics.rs"),
        include_str!("../../src/db/schema/names.rs"),
        include_str!("../../src/db/schema/paging.rs"),
        include_str!("../../src/db/schema/webhooks.rs")
    );
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

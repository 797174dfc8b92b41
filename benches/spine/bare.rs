//! The bare database: the statements of a report without service, crypto or HTTP.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::sqlite::Sqlite;
use diesel::{Connection as _, prelude::*};
use recourse::db::Place;

use crate::http::unique;
use crate::statements::{Common, Value, id_prefix, numbered};

/// As the service opens it.
const SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; \
     PRAGMA wal_autocheckpoint = 4000;";

/// A statement cut at its values.
struct Template {
    pieces: Vec<String>,
    names: Vec<String>,
}

impl Template {
    fn new(text: &str) -> Self {
        let (mut pieces, mut names) = (vec![String::new()], Vec::new());
        let mut quoted = false;
        let mut rest = text.chars().peekable();
        while let Some(char) = rest.next() {
            quoted ^= char == '\'';
            if char == ':' && !quoted {
                let mut name = String::new();
                while let Some(next) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(next);
                }
                names.push(name);
                pieces.push(String::new());
            } else {
                pieces.last_mut().unwrap().push(char);
            }
        }
        Self { pieces, names }
    }

    /// The text with each name replaced.
    fn render(&self, mut replace: impl FnMut(&str) -> String) -> String {
        let mut text = self.pieces[0].clone();
        for (name, piece) in self.names.iter().zip(&self.pieces[1..]) {
            text.push_str(&replace(name));
            text.push_str(piece);
        }
        text
    }
}

/// A statement with its values, which diesel prepares once and keeps.
struct Bound<'a> {
    template: &'a Template,
    values: Vec<Value>,
}

impl QueryId for Bound<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Sqlite> for Bound<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let mut pieces = self.template.pieces.iter();
        out.push_sql(pieces.next().map_or("", String::as_str));
        for (value, piece) in self.values.iter().zip(pieces) {
            match value {
                Value::Text(text) => out.push_bind_param::<Text, str>(text)?,
                Value::Int(number) => out.push_bind_param::<BigInt, i64>(number)?,
                Value::Blob(bytes) => out.push_bind_param::<Binary, [u8]>(bytes)?,
            }
            out.push_sql(piece);
        }
        Ok(())
    }
}

impl RunQueryDsl<SqliteConnection> for Bound<'_> {}

/// The loop on `SQLite`.
pub(crate) struct Loop {
    conn: SqliteConnection,
    templates: Vec<Template>,
    common: Common,
}

impl Loop {
    pub(crate) fn open(place: &Place, statements: &[String], common: Common) -> Self {
        let Place::Sqlite(path) = place else { panic!("the loop is SQLite's") };
        let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        conn.batch_execute(SETTINGS).unwrap();
        Self { conn, templates: statements.iter().map(|text| Template::new(text)).collect(), common }
    }

    /// Reports a second, with so many in each commit.
    pub(crate) fn run(&mut self, span: Duration, in_a_commit: usize) -> f64 {
        let (began, mut done) = (Instant::now(), 0_usize);
        while began.elapsed() < span {
            self.conn.batch_execute("BEGIN IMMEDIATE").unwrap();
            for _ in 0..in_a_commit {
                self.report();
            }
            self.conn.batch_execute("COMMIT").unwrap();
            done += in_a_commit;
        }
        done as f64 / began.elapsed().as_secs_f64()
    }

    fn report(&mut self) {
        let number = unique();
        for template in &self.templates {
            let values = template.names.iter().map(|name| self.common.value(name, number)).collect();
            Bound { template, values }.execute(&mut self.conn).unwrap();
        }
    }
}

/// On the path, or where Debian keeps it; the newest first.
fn installed_pgbench() -> Option<std::path::PathBuf> {
    let mut places: Vec<std::path::PathBuf> = vec!["pgbench".into()];
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut beside: Vec<_> = versions.map(|version| version.path().join("bin/pgbench")).collect();
    beside.sort();
    places.extend(beside.into_iter().rev());
    let works = |program: &std::path::PathBuf| {
        Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    places.into_iter().find(works)
}

/// `pgbench` on a database of the cluster.
pub(crate) struct PgBench {
    command: Vec<String>,
    program: std::path::PathBuf,
    script: tempfile::NamedTempFile,
}

impl PgBench {
    /// Nothing when the installation has no `pgbench`.
    pub(crate) fn find(place: &Place, statements: &[String], common: &Common) -> Option<Self> {
        let Place::Postgres(url) = place else { panic!("pgbench is PostgreSQL's") };
        let program = installed_pgbench()?;
        let mut script = String::from("\\set r random(1, 9000000000000000000)\nBEGIN;\n");
        for text in statements {
            script.push_str(&Template::new(text).render(expression));
            script.push_str(";\n");
        }
        script.push_str("COMMIT;\n");
        let file = tempfile::Builder::new().prefix("recourse-spine.").tempfile().unwrap();
        std::fs::write(file.path(), script).unwrap();
        let mut command: Vec<String> = ["-n", "-M", "prepared", "-c", "16", "-j", "2"].map(str::to_owned).into();
        for name in ["platform", "client", "scope"] {
            if let Value::Text(text) = common.value(name, 0) {
                command.push(format!("-D{name}={text}"));
            }
        }
        command.push(format!("-Dnow={}", common.now));
        for (name, size) in common.sizes.blobs() {
            // The report's own number stands before a name's bytes.
            let size = usize::try_from(size).unwrap() - if is_own(name) { 9 } else { 0 };
            command.push(format!("-D{name}=\\x{}", "a5".repeat(size)));
        }
        command.extend(["-f".to_owned(), file.path().display().to_string()]);
        command.push(url.clone());
        Some(Self { command, program, script: file })
    }

    /// Reports a second.
    pub(crate) fn run(&self, span: Duration) -> f64 {
        assert!(self.script.path().exists());
        let seconds = span.as_secs_f64().ceil().to_string();
        let output = Command::new(&self.program).args(["-T", &seconds]).args(&self.command).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "pgbench: {errors}");
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.unwrap_or_else(|| panic!("pgbench: {text}{errors}"))
    }
}

/// Whether the value is another for every report.
fn is_own(name: &str) -> bool {
    matches!(name, "pair" | "digest" | "name")
}

/// A name in `pgbench`'s language, where `:r` is the report's number.
fn expression(name: &str) -> String {
    let id = |prefix: &str, length: u32| format!("('{prefix}' || lpad(:r::bigint::text, {length}, '0'))");
    match name {
        "platform" | "client" | "scope" => format!(":{name}::text"),
        "now" => ":now::bigint".to_owned(),
        "clock" => id("lk_", 25),
        "assessment_id" => id("asm_", 26),
        _ => match id_prefix(name) {
            Some(prefix) => id(prefix, 26),
            None => match numbered(name) {
                (stem, place) if is_own(stem) => {
                    format!("(int8send(:r::bigint) || '\\x{place:02x}'::bytea || :{stem}::bytea)")
                }
                (stem, _) => format!(":{stem}::bytea"),
            },
        },
    }
}

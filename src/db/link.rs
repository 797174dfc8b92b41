//! Opening one connection and setting it up: the only place that knows pragmas and session settings.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::connection::{CacheSize, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel::{Connection, PgConnection, SqliteConnection};

use super::{AnyConnection, refusal};
use crate::error::{Error, Result};

/// Where a database is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// A connection URL, which may hold a password: never print it.
    Postgres(String),
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    ReadWrite,
    ReadOnly,
}

/// Whose session on a `PostgreSQL` server a connection works in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Session {
    /// Its own for as long as it is open: settings are made once, and prepared statements stay.
    Own,
    /// One that a pooler lends it for each transaction: nothing may be left in it, and nothing is there from before. It
    /// works in a session of one's own as well, a little slower.
    Lent,
}

/// `FULL` makes each commit reach the disk before it returns: a 201 promises that. The mmap and cache sizes bound memory. A thread
/// copies the log beside the writer (`checkpoint`); a commit does it only where the log is 64 MB long, so that it never
/// grows without end, and then finds most of it done.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; \
     PRAGMA wal_autocheckpoint = 16000;";

/// How long a statement waits for a lock that somebody else holds; the setting below says the same.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// A statement that waits longer than this has met a fault; the caller gets 503 and may come again. `synchronous_commit`
/// is set here too, so that a server with a lax default still keeps the promise of a 201.
const POSTGRES_SETTINGS: [(&str, &str); 6] = [
    ("timezone", "UTC"),
    ("synchronous_commit", "on"),
    ("lock_timeout", "5s"),
    ("statement_timeout", "15s"),
    ("idle_in_transaction_session_timeout", "30s"),
    ("client_min_messages", "warning"),
];

/// What keeps a connection from waiting without end for a server that is gone, or for a wall between that forgot it.
const BOUNDS: [(&str, &str); 5] = [
    ("connect_timeout", "10"),
    ("tcp_user_timeout", "20000"),
    ("keepalives_idle", "30"),
    ("keepalives_interval", "10"),
    ("keepalives_count", "3"),
];

/// The settings of a session, or those of a transaction.
fn settings(word: &str) -> String {
    let all: Vec<String> = POSTGRES_SETTINGS.iter().map(|(name, value)| format!("{word} {name} = '{value}'")).collect();
    all.join("; ")
}

/// What begins a transaction, by the statement that opens it. What a session does not keep is said each time, in the
/// same message.
pub(super) fn begin(session: Session, statement: &str) -> String {
    match session {
        Session::Own => statement.to_owned(),
        Session::Lent => format!("{statement}; {}", settings("SET LOCAL")),
    }
}

/// Opens a connection ready for work.
pub(super) fn open(place: &Place, access: Access, session: Session) -> Result<AnyConnection> {
    match place {
        Place::Sqlite(path) => {
            create_for_owner(path);
            let path = path.to_str().ok_or_else(|| Error::Unavailable("the database path is not UTF-8".into()))?;
            let mut conn = SqliteConnection::establish(path).map_err(|told| unreachable_database(&told))?;
            conn.batch_execute(SQLITE_SETTINGS)?;
            if access == Access::ReadOnly {
                conn.batch_execute("PRAGMA query_only = ON;")?;
            }
            Ok(AnyConnection::Sqlite(conn))
        }
        Place::Postgres(url) => {
            let mut conn = connect(url).map_err(|told| unreachable_database(&refusal::driver(url, &told)))?;
            match session {
                Session::Own => conn.batch_execute(&settings("SET"))?,
                Session::Lent => conn.set_prepared_statement_cache_size(CacheSize::Disabled),
            }
            Ok(AnyConnection::Postgres(conn))
        }
    }
}

/// A connection to a server, as it comes.
pub(super) fn connect(url: &str) -> ConnectionResult<PgConnection> {
    PgConnection::establish(&bounded(url))
}

/// The URL with those bounds that it does not set itself.
fn bounded(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    // A password may hold a question mark: it ends with the first `@`, if that comes before any slash.
    let target = match rest.split_once('@') {
        Some((user, target)) if !user.contains('/') => target,
        _ => rest,
    };
    let missing = BOUNDS.iter().filter(|(name, _)| !target.contains(&format!("{name}=")));
    let missing: Vec<String> = missing.map(|(name, value)| format!("{name}={value}")).collect();
    match (missing.is_empty(), target.contains('?')) {
        (true, _) => url.to_owned(),
        (false, true) => format!("{url}&{}", missing.join("&")),
        (false, false) => format!("{url}?{}", missing.join("&")),
    }
}

/// Whose session connections to `url` work in. Two that are open at once never share a session of their own, and none
/// changes it from one transaction to the next; behind a pooler that lends sessions they do. Asked a few times, for
/// others may use the same pooler.
pub(super) fn session(url: &str) -> Result<Session> {
    let open = || connect(url).map_err(|told| unreachable_database(&refusal::driver(url, &told)));
    let (mut one, mut other) = (open()?, open()?);
    for _ in 0..5 {
        let (first, beside, again) = (process(&mut one)?, process(&mut other)?, process(&mut one)?);
        if first == beside || first != again {
            return Ok(Session::Lent);
        }
    }
    Ok(Session::Own)
}

/// The server's process that answers.
fn process(conn: &mut PgConnection) -> QueryResult<i32> {
    diesel::select(diesel::dsl::sql::<Integer>("pg_backend_pid()")).get_result(conn)
}

/// A new file is its owner's alone, whatever directory it stands in; `SQLite` gives the files beside it the same mode.
/// What goes wrong here goes wrong again, and is told, when the file is opened.
fn create_for_owner(path: &Path) {
    let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
}

/// `told` holds no password.
fn unreachable_database(told: &dyn std::fmt::Display) -> Error {
    let told = format!("the database cannot be reached: {told}");
    tracing::warn!("{told}");
    Error::Unavailable(told.into())
}

#[cfg(test)]
mod tests {
    use diesel::sql_types::Text;

    use super::*;

    #[derive(QueryableByName)]
    struct Compiled {
        #[diesel(sql_type = Text)]
        name: String,
    }

    #[test]
    fn a_url_gets_the_bounds_that_it_does_not_set() {
        let all: Vec<String> = BOUNDS.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let all = all.join("&");
        for plain in ["postgres://h/d", "postgres://u:p?w@h:1/d", "postgres:///d", "postgresql://u@h"] {
            assert_eq!(bounded(plain), format!("{plain}?{all}"));
        }
        for asked in ["postgres://u@h/d?sslmode=disable", "postgres:///d?host=/run/postgresql"] {
            assert_eq!(bounded(asked), format!("{asked}&{all}"));
        }
        let own = bounded("postgres://u@h/d?connect_timeout=60");
        assert_eq!(own.matches("connect_timeout").count(), 1, "{own}");
        assert!(own.contains("connect_timeout=60&tcp_user_timeout="), "{own}");
    }

    #[test]
    fn sqlite_plans_a_statement_once_and_not_for_each_value_that_is_bound() {
        let options = diesel::sql_query("SELECT compile_options AS name FROM pragma_compile_options")
            .load::<Compiled>(&mut SqliteConnection::establish(":memory:").unwrap());
        assert!(
            options.unwrap().iter().any(|option| option.name == "ENABLE_QPSG"),
            ".cargo/config.toml was not heeded"
        );
    }

    #[test]
    fn a_lent_session_is_told_its_settings_with_each_transaction() {
        assert_eq!(begin(Session::Own, "BEGIN"), "BEGIN");
        let lent = begin(Session::Lent, "BEGIN");
        assert!(lent.starts_with("BEGIN; SET LOCAL timezone = 'UTC'; SET LOCAL synchronous_commit = 'on'"), "{lent}");
        assert_eq!(lent.matches("SET LOCAL").count(), POSTGRES_SETTINGS.len());
    }
}

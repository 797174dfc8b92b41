//! What stands where the settings say that the database is, found out without making anything: commands that look must
//! not leave a world behind, and a start that fails says why.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use url::Url;

use super::{Place, link, migrate, refusal};

/// What stands at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No file, or a database in which Recourse was never set up.
    Nothing,
    /// A database of Recourse.
    Ours {
        /// The migrations that this version has and the database does not.
        pending: Vec<String>,
        /// How many migrations the database has of which this version knows nothing.
        unknown: usize,
    },
}

impl fmt::Display for Place {
    /// Where it is, for a person: never with the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "the database file {}", path.display()),
            Self::Postgres(url) => match Url::parse(url) {
                Ok(url) => {
                    let (host, port) = (url.host_str().unwrap_or_default(), url.port().unwrap_or(5_432));
                    write!(f, "the PostgreSQL database{} at {host}:{port}", url.path().replacen('/', " ", 1))
                }
                Err(_) => f.write_str("the PostgreSQL database of database_url"),
            },
        }
    }
}

/// Looks at a place. Nothing is made, and nothing changed.
///
/// # Errors
/// A sentence that says what is wrong and what to do.
pub fn look_at(place: &Place) -> Result<Standing, String> {
    match place {
        Place::Sqlite(path) => look_at_file(path).map_err(|cause| format!("{place} {cause}")),
        Place::Postgres(url) => look_at_server(url).map_err(|cause| format!("{place} cannot be reached: {cause}")),
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

const VERSIONS: &str = "SELECT version FROM __diesel_schema_migrations";

fn look_at_file(path: &Path) -> Result<Standing, String> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Standing::Nothing),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err("lies below a file: name a directory with --data, or a file in one".to_owned());
        }
        Err(error) => return Err(format!("cannot be looked at: {error}; run this as the service's own user")),
        Ok(about) if about.is_dir() => return Err("is a directory: name a file in it".to_owned()),
        Ok(about) if about.len() == 0 => return Ok(Standing::Nothing),
        Ok(about) => may_use(path, about.uid())?,
    }
    let damaged = |told: &dyn fmt::Display| {
        tracing::debug!(%told, "a database file cannot be read");
        "is damaged or in use by a program that bars it, and cannot be read: stop that program, or put it back from a \
         backup"
            .to_owned()
    };
    let name = path.to_str().ok_or("has a name that is not UTF-8: choose another")?;
    let mut conn = SqliteConnection::establish(name).map_err(|told| unusable_folder(path, &told))?;
    // Another process may close the file at this moment, and bars it for that.
    conn.batch_execute("PRAGMA busy_timeout = 5000").map_err(|told| damaged(&told))?;
    let ours = "SELECT count(*) AS count FROM sqlite_master WHERE name = '__diesel_schema_migrations'";
    let ours: Count = diesel::sql_query(ours).get_result(&mut conn).map_err(|told| match told.to_string() {
        told if told.contains("unable to open") || told.contains("readonly") => unusable_folder(path, &told),
        told => damaged(&told),
    })?;
    if ours.count == 0 {
        return Ok(Standing::Nothing);
    }
    let versions: Vec<Version> = diesel::sql_query(VERSIONS).load(&mut conn).map_err(|told| damaged(&told))?;
    Ok(standing(&versions, &migrate::embedded().0))
}

/// Whether this process may read and write the file, and whether it is one of `SQLite`'s.
fn may_use(path: &Path, owner: u32) -> Result<(), String> {
    let opened = OpenOptions::new().read(true).write(true).open(path);
    let mut file: File = opened.map_err(|error| {
        if error.kind() == ErrorKind::PermissionDenied {
            format!(
                "may not be read and written by this user: it belongs to the user with the number {owner}; run this as \
                 that user, or give it over with chown, with the files beside it"
            )
        } else if error.kind() == ErrorKind::ReadOnlyFilesystem {
            "stands on a disk that is read-only: mount it for writing".to_owned()
        } else {
            format!("cannot be opened: {error}")
        }
    })?;
    let mut head = [0; 16];
    match file.read_exact(&mut head) {
        Ok(()) if head == *b"SQLite format 3\0" => Ok(()),
        _ => Err("is no SQLite database: name another file, or put it back from a backup".to_owned()),
    }
}

fn unusable_folder(path: &Path, told: &dyn fmt::Display) -> String {
    let folder = path.parent().unwrap_or(path).display();
    format!("cannot be opened: {told}; SQLite makes files beside it, so this user must be allowed to write in {folder}")
}

fn look_at_server(url: &str) -> Result<Standing, String> {
    let mut conn = link::connect(url).map_err(|told| refusal::explain(url, &told))?;
    let told = |error: diesel::result::Error| {
        tracing::debug!(%error, "a server does not answer");
        "it lets us in, and does not answer which migrations it has: may the role read its own tables?".to_owned()
    };
    let ours = "SELECT count(*) AS count FROM pg_class WHERE oid = to_regclass('__diesel_schema_migrations')";
    let ours: Count = diesel::sql_query(ours).get_result(&mut conn).map_err(told)?;
    if ours.count == 0 {
        return Ok(Standing::Nothing);
    }
    let versions: Vec<Version> = diesel::sql_query(VERSIONS).load(&mut conn).map_err(told)?;
    Ok(standing(&versions, &migrate::embedded().1))
}

/// Compares what was applied with what this version has. A version is the digits at the begin of a migration's name.
fn standing(applied: &[Version], known: &[String]) -> Standing {
    let version = |name: &str| name.split('_').next().unwrap_or(name).replace('-', "");
    let is_applied = |name: &&String| applied.iter().any(|row| row.version == version(name));
    if applied.is_empty() {
        return Standing::Nothing;
    }
    let pending: Vec<String> = known.iter().filter(|name| !is_applied(name)).cloned().collect();
    let unknown = applied.iter().filter(|row| !known.iter().any(|name| version(name) == row.version)).count();
    Standing::Ours { pending, unknown }
}

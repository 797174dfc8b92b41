//! One connection type for both databases. Alone in its module, because the derive exports names of its own.

use diesel::{PgConnection, SqliteConnection};

/// A connection to whichever database the settings name.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// SQLite inside the process.
    Sqlite(SqliteConnection),
    /// A PostgreSQL server.
    Postgres(PgConnection),
}

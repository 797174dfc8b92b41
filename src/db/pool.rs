//! Connections that are handed out one by one, and transactions on them.

use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::r2d2::{self, ManageConnection, PooledConnection};

use super::AnyConnection;
use super::link::{self, Access, Place, Session};
use super::trouble;
use crate::error::{Error, Result};

/// How long a caller waits for a free connection before it is told to come again.
const PATIENCE: Duration = Duration::from_secs(5);

type Manager = <AnyConnection as Connection>::TransactionManager;

/// How long one statement of a reader may take on a server. `SQLite` has no such bound: what callers read there is bounded by
/// the rows that an operation looks at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Patience {
    /// As long as any statement may.
    Long,
    /// As long as whoever called waits.
    Short,
}

/// How a transaction begins on a server, and what is set for it alone, after what a lent session is told.
#[derive(Clone, Copy)]
struct Beginning {
    statement: &'static str,
    settings: &'static str,
}

impl Patience {
    const fn snapshot(self) -> Beginning {
        let settings = match self {
            Self::Long => "",
            Self::Short => "; SET LOCAL statement_timeout = '5s'",
        };
        Beginning { statement: "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", settings }
    }
}

#[derive(Clone)]
pub(super) struct Pool {
    links: r2d2::Pool<Opener>,
    session: Session,
}

/// A connection that remembers a failure, because diesel cannot tell a dead server from a refused statement.
struct Link {
    conn: AnyConnection,
    broken: bool,
}

struct Opener {
    place: Place,
    access: Access,
    session: Session,
}

impl ManageConnection for Opener {
    type Connection = Link;
    type Error = r2d2::Error;

    fn connect(&self) -> std::result::Result<Link, r2d2::Error> {
        match link::open(&self.place, self.access, self.session) {
            Ok(conn) => Ok(Link { conn, broken: false }),
            Err(_) => {
                Err(r2d2::Error::ConnectionError(diesel::ConnectionError::BadConnection("database unreachable".into())))
            }
        }
    }

    fn is_valid(&self, _: &mut Link) -> std::result::Result<(), r2d2::Error> {
        Ok(())
    }

    fn has_broken(&self, link: &mut Link) -> bool {
        link.broken || Manager::is_broken_transaction_manager(&mut link.conn)
    }
}

impl Pool {
    pub(super) fn open(place: &Place, size: u32, access: Access, session: Session) -> Result<Self> {
        let links = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .connection_timeout(PATIENCE)
            .test_on_check_out(false)
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .build(Opener { place: place.clone(), access, session })
            .map_err(|_| Error::Unavailable("the database cannot be reached".into()))?;
        Ok(Self { links, session })
    }

    /// Runs `work` on one snapshot that nothing changes.
    pub(super) fn snapshot<T>(
        &self,
        patience: Patience,
        work: impl FnOnce(&mut AnyConnection) -> Result<T>,
    ) -> Result<T> {
        self.run(patience.snapshot(), work)
    }

    /// Runs `work` between begin and commit; any error rolls back.
    pub(super) fn transaction<T>(&self, work: impl FnOnce(&mut AnyConnection) -> Result<T>) -> Result<T> {
        // Said, so that a server's own default cannot be another: late readers must see what was closed meanwhile.
        self.run(Beginning { statement: "BEGIN ISOLATION LEVEL READ COMMITTED", settings: "" }, work)
    }

    fn run<T>(&self, postgres: Beginning, work: impl FnOnce(&mut AnyConnection) -> Result<T>) -> Result<T> {
        let mut link = self.begin(postgres)?;
        let is_postgres = matches!(link.conn, AnyConnection::Postgres(_));
        #[expect(clippy::disallowed_methods, reason = "measures how long the work took, not when things happened")]
        let since = Instant::now();
        let mut answer = finish(&mut link.conn, work);
        if is_postgres {
            answer = answer.map_err(|error| trouble::weigh(error, since.elapsed()));
        }
        link.broken = matches!(answer, Err(Error::Unavailable(_)));
        answer
    }

    /// A connection that has begun a transaction. One that cannot was ended while nobody used it, by a server that was
    /// started anew or by whoever keeps connections from standing idle: nothing has run on it yet, so it is thrown away
    /// and the next one is tried. There are no more to throw away than the pool holds.
    fn begin(&self, postgres: Beginning) -> Result<PooledConnection<Opener>> {
        let (mut stale, postgres) = (0, link::begin(self.session, postgres.statement) + postgres.settings);
        loop {
            let mut link = self.links.get().map_err(|_| Error::Unavailable("no database connection is free".into()))?;
            let begun = match &mut link.conn {
                AnyConnection::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN"),
                AnyConnection::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(conn, &postgres),
            };
            match begun {
                Ok(()) => return Ok(link),
                Err(error) if stale == self.links.max_size() => {
                    link.broken = true;
                    return Err(Error::not_done(&error));
                }
                Err(_) => link.broken = true,
            }
            stale += 1;
        }
    }
}

fn finish<T>(conn: &mut AnyConnection, work: impl FnOnce(&mut AnyConnection) -> Result<T>) -> Result<T> {
    match work(conn) {
        Ok(value) => {
            Manager::commit_transaction(conn)?;
            Ok(value)
        }
        Err(error) => {
            // The caller's error is the one that counts; a failed rollback marks the connection broken by itself.
            let _ = Manager::rollback_transaction(conn);
            Err(error)
        }
    }
}

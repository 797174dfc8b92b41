//! The unit of work on both databases. Only [`Db::write`] makes a [`Tx`], only [`Db::read`] makes an [`Rx`], and
//! neither closure can await, so that no mail or HTTP call ever happens inside a transaction.

pub mod among;
pub mod dialect;
pub mod due;
pub mod migrate;
pub mod nearest;
pub mod perhaps;
pub mod planning;
pub mod readable;
pub mod schema;
pub mod shape;
pub mod standing;
pub mod together;
pub mod trouble;
pub mod written;

mod checkpoint;
mod connection;
mod lines;
mod link;
mod places;
mod pool;
mod refusal;
mod writer;

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

pub use connection::AnyConnection;
pub use lines::Share;
pub use link::Place;

use crate::base::patient::{GivesWay, Patient};
use crate::base::time::{Clock, Timestamp};
use crate::error::{Error, Result};
use link::{Access, Session};
use places::Places;
use pool::Patience;

/// The database. Cloning it shares the same connections.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    clock: Clock,
    owed: Arc<watch::Sender<()>>,
    chain_key: Arc<ChainKey>,
    writes: Arc<AtomicUsize>,
    patient: Patient,
}

/// How many readers that give way read at a time.
const GIVING_WAY: usize = 2;

/// Counts a write for as long as it waits or runs.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn begin(writes: &Arc<AtomicUsize>) -> Self {
        writes.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(writes))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

enum Engine {
    /// One thread owns the writing connection and commits what waits as a group; reads go beside it.
    Sqlite { writer: writer::Writer, readers: pool::Pool, places: Arc<Places> },
    /// Closures run side by side, a connection each.
    Postgres { pool: pool::Pool, places: Arc<Places> },
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Db({})", self.kind())
    }
}

/// How many connections each engine may hold.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Reading connections beside `SQLite`'s one writer.
    pub sqlite_readers: u32,
    /// Connections to `PostgreSQL`.
    pub postgres: u32,
}

/// The key of the record's chains. This room knows no more of it: it is carried in every [`Tx`], from whoever opened
/// the keyring to whoever writes the record.
pub struct ChainKey(Zeroizing<[u8; 32]>);

impl ChainKey {
    /// Wraps the key.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// The key, for the one place that makes links with it.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Looks into the database at `place` once, before there is a [`Db`].
///
/// # Errors
/// What `work` returned, or `Unavailable`.
pub async fn look<T, F>(place: &Place, clock: &Clock, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&mut Rx<'_>) -> Result<T> + Send + 'static,
{
    let (place, now) = (place.clone(), clock.now());
    blocking(move || {
        let pool = pool::Pool::open(&place, 1, Access::ReadOnly, Session::Lent)?;
        pool.snapshot(Patience::Long, |conn| work(&mut Rx { conn, now }))
    })
    .await
}

impl Db {
    /// Opens the database at `place`, which must be migrated already.
    ///
    /// # Errors
    /// `Unavailable` when no connection can be had.
    pub fn open(place: &Place, sizes: Sizes, clock: Clock, chain_key: ChainKey) -> Result<Self> {
        let owed = Arc::new(watch::Sender::new(()));
        let engine = match place {
            Place::Sqlite(_) => Engine::Sqlite {
                writer: writer::Writer::start(place.clone(), clock.clone(), Arc::clone(&owed))?,
                readers: pool::Pool::open(place, sizes.sqlite_readers, Access::ReadOnly, Session::Own)?,
                places: Places::of_readers(sizes.sqlite_readers),
            },
            Place::Postgres(url) => {
                let session = link::session(url)?;
                if session == Session::Lent {
                    tracing::info!("a pooler lends sessions for each transaction: statements are not kept prepared");
                }
                let pool = pool::Pool::open(place, sizes.postgres, Access::ReadWrite, session)?;
                Engine::Postgres { pool, places: Places::of_all(sizes.postgres) }
            }
        };
        let (chain_key, writes) = (Arc::new(chain_key), Arc::default());
        let patient = Patient::new(GIVING_WAY, GivesWay::Wholly).map_err(|error| Error::Internal(error.into()))?;
        Ok(Self { inner: Arc::new(Inner { engine, clock, owed, chain_key, writes, patient }) })
    }

    /// Runs `work` in one transaction and commits it durably, or leaves no trace. It waits in the line of its share.
    ///
    /// # Errors
    /// What `work` returned, or `Unavailable` when the database could not do it or too much of this share waits; then nothing
    /// was stored.
    pub async fn write<T, F>(&self, share: &Share, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let _under_way = UnderWay::begin(&self.inner.writes);
        let chain_key = Arc::clone(&self.inner.chain_key);
        match &self.inner.engine {
            Engine::Sqlite { writer, .. } => writer.run(share, chain_key, work).await,
            Engine::Postgres { pool, places } => {
                let place = places.take(share).await?;
                let (pool, clock, owed) = (pool.clone(), self.inner.clock.clone(), Arc::clone(&self.inner.owed));
                blocking(move || {
                    let _held = place;
                    let (answer, left_work) = pool.transaction(|conn| {
                        let mut tx = Tx::new(conn, clock.now(), &chain_key);
                        work(&mut tx).map(|value| (value, tx.owes))
                    })?;
                    if left_work {
                        owed.send_replace(());
                    }
                    Ok(answer)
                })
                .await
            }
        }
    }

    /// Runs `work` on one consistent snapshot. It waits in the line of its share.
    ///
    /// # Errors
    /// What `work` returned, or `Unavailable`.
    pub async fn read<T, F>(&self, share: &Share, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Rx<'_>) -> Result<T> + Send + 'static,
    {
        let (pool, places) = match &self.inner.engine {
            Engine::Sqlite { readers, places, .. } => (readers.clone(), places),
            Engine::Postgres { pool, places } => (pool.clone(), places),
        };
        let patience = if share.is_house() || share.gives_way() { Patience::Long } else { Patience::Short };
        let place = places.take(&share.reading()).await?;
        let now = self.inner.clock.now();
        let read = move || {
            let _held = place;
            pool.snapshot(patience, |conn| work(&mut Rx { conn, now }))
        };
        if share.gives_way() { done(self.inner.patient.spawn(read)).await } else { blocking(read).await }
    }

    /// Changes whenever a committed transaction left work for a job. Each worker has a view of its own, which keeps a
    /// change until it is looked at.
    #[must_use]
    pub fn owed(&self) -> watch::Receiver<()> {
        self.inner.owed.subscribe()
    }

    /// How many writes of this process wait or run.
    #[must_use]
    pub fn writes_under_way(&self) -> usize {
        self.inner.writes.load(Ordering::Relaxed)
    }

    /// Says whether several platforms are connected: on `SQLite` what one brings is then committed a little at a time.
    pub fn serve_several(&self, are_several: bool) {
        if let Engine::Sqlite { writer, .. } = &self.inner.engine {
            writer.serve_several(are_several);
        }
    }

    /// The database's kind, for people: `SQLite` or `PostgreSQL`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.inner.engine {
            Engine::Sqlite { .. } => "SQLite",
            Engine::Postgres { .. } => "PostgreSQL",
        }
    }

    /// Whether other processes may work on the same database.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.inner.engine, Engine::Postgres { .. })
    }
}

/// Runs what blocks on a thread that may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    done(tokio::task::spawn_blocking(work)).await
}

async fn done<T>(thread: JoinHandle<Result<T>>) -> Result<T> {
    match thread.await {
        Ok(result) => result,
        Err(error) => Err(Error::Internal(anyhow::Error::new(error).context("a database closure panicked"))),
    }
}

/// A reading transaction: one snapshot and one instant.
pub struct Rx<'c> {
    conn: &'c mut AnyConnection,
    now: Timestamp,
}

impl Rx<'_> {
    /// This transaction, lent to a unit of work.
    pub const fn lend(&mut self) -> Rx<'_> {
        Rx { conn: &mut *self.conn, now: self.now }
    }

    /// The connection, for queries.
    pub fn conn(&mut self) -> &mut AnyConnection {
        self.conn
    }

    /// The transaction's one instant.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }
}

/// A writing transaction. It reads like an [`Rx`].
pub struct Tx<'c> {
    rx: Rx<'c>,
    chain_key: &'c ChainKey,
    owes: bool,
}

impl<'c> Tx<'c> {
    fn new(conn: &'c mut AnyConnection, now: Timestamp, chain_key: &'c ChainKey) -> Self {
        Self { rx: Rx { conn, now }, chain_key, owes: false }
    }

    /// What a unit of work is made of: the transaction's connection and instant, and the key of the record's chains.
    pub const fn lend(&mut self) -> (Rx<'_>, &'c ChainKey) {
        (self.rx.lend(), self.chain_key)
    }

    /// Notes that the transaction leaves work for a job, so that the workers wake after the commit.
    pub const fn owe(&mut self) {
        self.owes = true;
    }
}

impl<'c> Deref for Tx<'c> {
    type Target = Rx<'c>;

    fn deref(&self) -> &Rx<'c> {
        &self.rx
    }
}

impl<'c> DerefMut for Tx<'c> {
    fn deref_mut(&mut self) -> &mut Rx<'c> {
        &mut self.rx
    }
}

/// The place a database URL names: `postgres://…`, `sqlite://path`, or, when there is none, a file in the data directory.
///
/// # Errors
/// A sentence that says which forms are known.
pub fn place(url: Option<&str>, data: &Path) -> std::result::Result<Place, String> {
    match url {
        None => Ok(Place::Sqlite(data.join("recourse.sqlite3"))),
        Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            let is_escape = |rest: &str| rest.get(..2).is_some_and(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
            if !url.split('%').skip(1).all(is_escape) {
                return Err(
                    "the database URL has a % that begins no escape: in a password write % itself as %25".to_owned()
                );
            }
            Ok(Place::Postgres(url.to_owned()))
        }
        Some(url) => match url.strip_prefix("sqlite://") {
            Some(path) if !path.is_empty() => Ok(Place::Sqlite(path.into())),
            _ => Err("the database URL must begin with postgres:// or sqlite://".to_owned()),
        },
    }
}

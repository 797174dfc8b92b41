//! The one thread that writes to `SQLite`. It takes the closures that wait, each share's in its turn, runs each in a savepoint,
//! commits once and then answers them all: a commit to disk is the dear part, and a group shares it.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use tokio::sync::{oneshot, watch};

use super::lines::{Bounds, Lines, Share};
use super::link::{self, Access, Place, Session};
use super::{AnyConnection, ChainKey, Tx, checkpoint};
use crate::base::time::{Clock, Timestamp};
use crate::error::{Error, Result};

/// How many closures may wait before callers are told to come again.
const WAITING: Bounds = Bounds { each: 1_024, all: 8_192 };
/// How many closures share a commit at the most.
const GROUP: usize = 256;
/// How long a group may gather work while its first member waits.
const GATHER: Duration = Duration::from_millis(20);
/// How long where several platforms are connected, for whoever comes while a group is committed waits for all that it has written;
/// or where several shares are in it. Then it ends sooner, when each that waits has had a turn in it: who brings little does not
/// wait for all that another brings.
const GATHER_TOGETHER: Duration = Duration::from_millis(4);

type Manager = <AnyConnection as Connection>::TransactionManager;
/// Runs one closure on the connection and keeps its answer back until the group's commit is known.
type Work = Box<dyn FnOnce(&mut AnyConnection, Timestamp) -> Held + Send>;

/// An answer that waits for the commit.
struct Held {
    /// Whether the savepoint was left as diesel expects; otherwise the group cannot be trusted.
    sound: bool,
    owes: bool,
    send: Box<dyn FnOnce(bool) + Send>,
}

/// What waits for the writing thread.
struct Queue {
    state: Mutex<Waiting>,
    more: Condvar,
    /// Whether several platforms are connected.
    serves_several: AtomicBool,
}

struct Waiting {
    lines: Lines<Work>,
    /// Nobody will come any more.
    closed: bool,
}

impl Waiting {
    fn next(&mut self, may: impl Fn(&Share) -> bool) -> Option<Turn> {
        self.lines.pop(may).map(|(share, work)| Turn { share, work })
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is next; waits for it. Nothing when the last handle has gone and all is done.
    fn wait(&self) -> Option<Turn> {
        let mut state = self.state();
        loop {
            let next = state.next(|_| true);
            if next.is_some() || state.closed {
                return next;
            }
            state = self.more.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What is next of the shares that may have more, if anything waits, after work of `share` took so long.
    fn after(&self, share: &Share, took: Duration, may: impl Fn(&Share) -> bool) -> Option<Turn> {
        let mut state = self.state();
        state.lines.charge(share, took);
        state.next(may)
    }
}

/// A closure whose turn it is.
struct Turn {
    share: Share,
    work: Work,
}

/// Hands closures to the writing thread. The thread ends when the last handle goes, and with it the connection: whoever
/// opens the file next finds it closed.
pub(super) struct Writer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.state().closed = true;
        self.queue.more.notify_all();
        // A closure may hold the last handle, on the thread itself.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != std::thread::current().id()) {
            let _ = thread.join();
        }
    }
}

impl Writer {
    pub(super) fn start(place: Place, clock: Clock, owed: Arc<watch::Sender<()>>) -> Result<Self> {
        let conn = link::open(&place, Access::ReadWrite, Session::Own)?;
        let waiting = Waiting { lines: Lines::with(WAITING), closed: false };
        let queue =
            Arc::new(Queue { state: Mutex::new(waiting), more: Condvar::new(), serves_several: AtomicBool::new(true) });
        let taken = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || work_off(&taken, &place, conn, &clock, &owed))
            .map_err(|error| Error::Internal(error.into()))?;
        Ok(Self { queue, thread: Some(thread) })
    }

    /// Says whether several platforms are connected.
    pub(super) fn serve_several(&self, are_several: bool) {
        self.queue.serves_several.store(are_several, Ordering::Relaxed);
    }

    pub(super) async fn run<T, F>(&self, share: &Share, chain_key: Arc<ChainKey>, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let (send, answer) = oneshot::channel();
        let work: Work = Box::new(move |conn, now| hold(conn, now, &chain_key, work, send));
        // What is sent home tells its caller by going; not under the lock, for it may hold the last handle.
        let home = self.queue.state().lines.push(share, work);
        drop(home);
        self.queue.more.notify_one();
        answer.await.unwrap_or_else(|_| Err(Error::Unavailable("too many writes are waiting".into())))
    }
}

/// Runs `work` in a savepoint and packs its answer.
fn hold<T, F>(
    conn: &mut AnyConnection,
    now: Timestamp,
    chain_key: &ChainKey,
    work: F,
    send: oneshot::Sender<Result<T>>,
) -> Held
where
    T: Send + 'static,
    F: FnOnce(&mut Tx<'_>) -> Result<T>,
{
    let depth = depth(conn);
    let mut owes = false;
    #[expect(clippy::disallowed_methods, reason = "the savepoint of one closure in the group")]
    let answer = conn.transaction(|conn| {
        let mut tx = Tx::new(conn, now, chain_key);
        let answer = catch_unwind(AssertUnwindSafe(|| work(&mut tx)));
        owes = tx.owes;
        answer.unwrap_or_else(|_| Err(Error::Internal(anyhow::anyhow!("a database closure panicked"))))
    });
    let sound = depth.is_some() && self::depth(conn) == depth && !matches!(answer, Err(Error::Unavailable(_)));
    let send = Box::new(move |committed: bool| {
        let answer = match answer {
            Ok(_) if !committed => Err(Error::Unavailable("the database did not commit".into())),
            answer => answer,
        };
        // A caller that has gone away no longer wants the answer.
        let _ = send.send(answer);
    });
    Held { sound, owes, send }
}

/// How deep the connection stands in transactions; nothing when it has lost count.
fn depth(conn: &mut AnyConnection) -> Option<u32> {
    Manager::transaction_manager_status_mut(conn).transaction_depth().ok().flatten().map(std::num::NonZeroU32::get)
}

/// What the writing thread works with.
struct Writing<'w> {
    queue: &'w Queue,
    place: &'w Place,
    clock: &'w Clock,
    owed: &'w watch::Sender<()>,
    committed: SyncSender<()>,
}

/// Writes until nobody will come any more, with a thread beside it that copies what was committed out of the log.
fn work_off(queue: &Queue, place: &Place, first: AnyConnection, clock: &Clock, owed: &watch::Sender<()>) {
    let (committed, news) = sync_channel(1);
    std::thread::scope(|scope| {
        let beside = std::thread::Builder::new().name("sqlite-log".to_owned());
        if let Err(error) = beside.spawn_scoped(scope, move || checkpoint::work_off(place, &news)) {
            // Commits copy it then, once it is long.
            tracing::warn!(%error, "nobody copies the database's log");
        }
        Writing { queue, place, clock, owed, committed }.work_off(first);
    });
}

impl Writing<'_> {
    fn work_off(self, first: AnyConnection) {
        let Self { queue, place, clock, owed, committed } = self;
        let mut conn = Some(first);
        while let Some(first) = queue.wait() {
            if conn.is_none() {
                conn = link::open(place, Access::ReadWrite, Session::Own).ok();
            }
            let Some(open) = conn.as_mut() else {
                abandon(first, queue);
                continue;
            };
            if let Err(error) = begin(open) {
                tracing::warn!(%error, "the database gave no write lock");
                conn = None;
                abandon(first, queue);
                continue;
            }
            let (held, mut sound) = run_group(open, first, queue, clock.now());
            sound = sound && Manager::commit_transaction(open).is_ok();
            if !sound {
                tracing::error!(abandoned = held.len(), "a group of writes was not committed");
                // Closing the connection rolls back whatever is left of the group.
                conn = None;
            }
            // A word that waits already says the same.
            let _ = committed.try_send(());
            if sound && held.iter().any(|held| held.owes) {
                owed.send_replace(());
            }
            for held in held {
                (held.send)(sound);
            }
        }
    }
}

/// Takes the write lock. This waits for another process that holds it, up to the connection's patience.
fn begin(conn: &mut AnyConnection) -> diesel::QueryResult<()> {
    match conn {
        AnyConnection::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
        AnyConnection::Postgres(_) => Ok(()),
    }
}

/// Gives up the work and all that waits behind it: whoever came while the database was waited for has waited long
/// enough, and would otherwise wait for each of the others once more. Dropping work answers its caller with 503.
fn abandon(first: Turn, queue: &Queue) {
    drop(first);
    // Not under the lock: what is dropped may hold the last handle.
    let all = queue.state().lines.clear();
    drop(all);
}

/// Runs `first` and takes in what else waits. The answer says whether the group may be committed.
fn run_group(conn: &mut AnyConnection, first: Turn, queue: &Queue, now: Timestamp) -> (Vec<Held>, bool) {
    let mut held = Vec::new();
    #[expect(clippy::disallowed_methods, reason = "measures how long a group gathers, not when things happened")]
    let since = Instant::now();
    let mut shares = HashSet::new();
    let serves_several = queue.serves_several.load(Ordering::Relaxed);
    let (mut next, mut before) = (Some(first), Duration::ZERO);
    while let Some(Turn { share, work }) = next {
        shares.insert(share.clone());
        let answer = work(conn, now);
        let sound = answer.sound;
        held.push(answer);
        let gathered = since.elapsed();
        let took = gathered.saturating_sub(std::mem::replace(&mut before, gathered));
        let is_of_several = shares.len() > 1;
        let long = if is_of_several || serves_several { GATHER_TOGETHER } else { GATHER };
        if !sound || held.len() >= GROUP || gathered >= long {
            queue.state().lines.charge(&share, took);
            return (held, sound);
        }
        next = queue.after(&share, took, |next| !is_of_several || !shares.contains(next));
    }
    (held, true)
}

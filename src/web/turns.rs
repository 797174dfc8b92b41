//! Whose turn it is: the lines in which callers wait, and what each takes of what there is.

mod book;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) use self::book::Bounds;
use self::book::{Book, Next, Waiter};
use crate::error::{Error, Result};

/// Turns, places to wait for one, and memory.
#[derive(Clone)]
pub(super) struct Turns(Arc<Mutex<Book>>);

impl Turns {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Mutex::new(Book::new(bounds))))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // Nothing panics under the lock that would leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A turn for `whose`, when it comes.
    ///
    /// # Errors
    /// `Unavailable` when too many wait already, or when all who wait are sent home.
    pub(super) async fn take(&self, whose: &str, is_long: bool) -> Result<Turn> {
        let coming = match self.book().ask(whose, is_long) {
            Next::Now => return Ok(Turn { turns: self.clone(), whose: whose.to_owned(), is_long, is_late: false }),
            Next::Later(coming) => coming,
            Next::Full => return Err(Error::Unavailable("too many wait for a turn".into())),
        };
        coming.await.map_err(|_| Error::Unavailable("those who waited for a turn were sent home".into()))
    }

    /// Says whether there are others; until it is said there are.
    pub(super) fn share(&self, is_shared: bool) {
        self.book().share(is_shared);
    }

    /// Gives turns to those whose they are; not under the lock, for whoever waited and is gone meanwhile gives the turn on by dropping it.
    fn tell(&self, next: Vec<Waiter>) {
        for Waiter { whose, is_long, tell } in next {
            drop(tell.send(Turn { turns: self.clone(), whose, is_long, is_late: false }));
        }
    }

    /// Sends home all of `whose` that wait for a turn.
    pub(super) fn send_home(&self, whose: &str) {
        self.book().send_home(whose);
    }

    /// Room in memory for what `whose` brings.
    pub(super) fn room(&self, whose: &str) -> Held {
        Held { turns: self.clone(), whose: whose.to_owned(), bytes: 0 }
    }

    /// Whether nobody takes or waits for anything.
    #[cfg(test)]
    pub(super) fn are_idle(&self) -> bool {
        let book = self.book();
        book.is_idle()
    }
}

/// A turn, until it is dropped.
pub(super) struct Turn {
    turns: Turns,
    whose: String,
    is_long: bool,
    is_late: bool,
}

impl Turn {
    /// It takes long: another of the same caller may begin beside it.
    pub(super) fn is_late(&mut self) {
        self.is_late = true;
        let next = self.turns.book().is_late(&self.whose);
        self.turns.tell(next);
    }

    /// Whether there are others beside whose turn it is.
    pub(super) fn is_shared(&self) -> bool {
        self.turns.book().is_shared()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = self.turns.book().end(&self.whose, self.is_long, self.is_late);
        self.turns.tell(next);
    }
}

/// Memory that something takes, until it is dropped.
pub(super) struct Held {
    turns: Turns,
    whose: String,
    bytes: usize,
}

impl Held {
    /// So many bytes more.
    ///
    /// # Errors
    /// `Unavailable` when what this caller holds, or what all hold, is too much already.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<()> {
        if !self.turns.book().hold(&self.whose, bytes) {
            return Err(Error::Unavailable("too many bodies are in memory".into()));
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.turns.book().let_go(&self.whose, self.bytes);
    }
}

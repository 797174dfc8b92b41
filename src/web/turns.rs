//! Whose turn it is: the lines in which callers wait, and what each takes of what there is.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot::{Receiver, Sender, channel};

use crate::error::{Error, Result};

/// Bounds of all callers together, and of each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// So many turns at once.
    pub(super) at_once: usize,
    /// So many of one caller.
    pub(super) at_once_each: usize,
    /// So many of these may be long.
    pub(super) long_each: usize,
    /// So many wait for their turn.
    pub(super) waiting: usize,
    /// So many of one caller.
    pub(super) waiting_each: usize,
    /// So many bytes are held in memory.
    pub(super) held: usize,
    /// So many by one caller.
    pub(super) held_each: usize,
}

/// Turns, places to wait for one, and memory.
#[derive(Clone)]
pub(super) struct Turns(Arc<Mutex<Book>>);

impl Turns {
    pub(super) fn new(bounds: Bounds) -> Self {
        let book = Book { bounds, running: 0, waiting: 0, held: 0, lines: HashMap::new(), round: VecDeque::new() };
        Self(Arc::new(Mutex::new(book)))
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
            Next::Now => return Ok(Turn { turns: self.clone(), whose: whose.to_owned(), is_long }),
            Next::Later(coming) => coming,
            Next::Full => return Err(Error::Unavailable("too many wait for a turn".into())),
        };
        coming.await.map_err(|_| Error::Unavailable("those who waited for a turn were sent home".into()))
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
        let is_nothing = [book.running, book.waiting, book.held] == [0, 0, 0];
        is_nothing && book.lines.is_empty() && book.round.is_empty()
    }
}

/// A turn, until it is dropped.
pub(super) struct Turn {
    turns: Turns,
    whose: String,
    is_long: bool,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = self.turns.book().end(&self.whose, self.is_long);
        if let Some(Waiter { whose, is_long, tell }) = next {
            // Whoever waited and is gone meanwhile gives the turn on by dropping it.
            drop(tell.send(Self { turns: self.turns.clone(), whose, is_long }));
        }
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

/// Who takes what, and who waits.
struct Book {
    bounds: Bounds,
    running: usize,
    waiting: usize,
    held: usize,
    lines: HashMap<String, Line>,
    /// Those who wait, in the order in which they come to a turn.
    round: VecDeque<String>,
}

/// What one caller takes, and who waits in its line.
#[derive(Default)]
struct Line {
    running: usize,
    running_long: usize,
    held: usize,
    short: VecDeque<Sender<Turn>>,
    long: VecDeque<Sender<Turn>>,
}

/// What comes of asking for a turn.
enum Next {
    /// It is counted as taken.
    Now,
    /// It comes.
    Later(Receiver<Turn>),
    /// All places to wait are taken.
    Full,
}

/// Whose turn is next. It is counted as taken.
struct Waiter {
    whose: String,
    is_long: bool,
    tell: Sender<Turn>,
}

impl Line {
    fn waiting(&self) -> usize {
        self.short.len() + self.long.len()
    }

    fn is_idle(&self) -> bool {
        self.running == 0 && self.held == 0 && self.waiting() == 0
    }

    const fn may_begin(&self, is_long: bool, bounds: &Bounds) -> bool {
        self.running < bounds.at_once_each && !(is_long && self.running_long >= bounds.long_each)
    }

    fn begin(&mut self, is_long: bool) {
        self.running += 1;
        self.running_long += usize::from(is_long);
    }

    /// The first who still waits and may begin: short bodies before long ones.
    fn first(&mut self, bounds: &Bounds, gone: &mut usize) -> Option<(bool, Sender<Turn>)> {
        for is_long in [false, true] {
            while self.may_begin(is_long, bounds) {
                let line = if is_long { &mut self.long } else { &mut self.short };
                let Some(waiter) = line.pop_front() else { break };
                *gone += 1;
                if !waiter.is_closed() {
                    return Some((is_long, waiter));
                }
            }
        }
        None
    }
}

impl Book {
    /// Asks for a turn.
    fn ask(&mut self, whose: &str, is_long: bool) -> Next {
        let bounds = self.bounds;
        let Bounds { at_once, waiting, waiting_each, .. } = bounds;
        let line = self.lines.entry(whose.to_owned()).or_default();
        // Nobody waits who could begin, but those of the same line: their own wait before.
        let is_first = if is_long { line.long.is_empty() } else { line.short.is_empty() };
        if self.running < at_once && is_first && line.may_begin(is_long, &bounds) {
            line.begin(is_long);
            self.running += 1;
            return Next::Now;
        }
        if self.waiting >= waiting || line.waiting() >= waiting_each {
            self.forget(whose);
            return Next::Full;
        }
        let (tell, told) = channel();
        if line.waiting() == 0 {
            self.round.push_back(whose.to_owned());
        }
        if is_long {
            line.long.push_back(tell);
        } else {
            line.short.push_back(tell);
        }
        self.waiting += 1;
        Next::Later(told)
    }

    /// Ends a turn. Whose is next, if anybody waits who may begin.
    fn end(&mut self, whose: &str, is_long: bool) -> Option<Waiter> {
        self.running = self.running.saturating_sub(1);
        if let Some(line) = self.lines.get_mut(whose) {
            line.running = line.running.saturating_sub(1);
            line.running_long = line.running_long.saturating_sub(usize::from(is_long));
        }
        let next = self.next();
        self.forget(whose);
        next
    }

    fn next(&mut self) -> Option<Waiter> {
        for _ in 0..self.round.len() {
            let whose = self.round.pop_front()?;
            let Some(line) = self.lines.get_mut(&whose) else { continue };
            let mut gone = 0;
            let first = line.first(&self.bounds, &mut gone);
            self.waiting = self.waiting.saturating_sub(gone);
            if line.waiting() > 0 {
                self.round.push_back(whose.clone());
            }
            if let Some((is_long, tell)) = first {
                line.begin(is_long);
                self.running += 1;
                return Some(Waiter { whose, is_long, tell });
            }
            self.forget(&whose);
        }
        None
    }

    fn send_home(&mut self, whose: &str) {
        if let Some(line) = self.lines.get_mut(whose) {
            self.waiting = self.waiting.saturating_sub(line.waiting());
            line.short.clear();
            line.long.clear();
            self.round.retain(|other| other != whose);
        }
        self.forget(whose);
    }

    /// Takes memory for a body, if there is as much.
    fn hold(&mut self, whose: &str, bytes: usize) -> bool {
        let line = self.lines.entry(whose.to_owned()).or_default();
        let fits = line.held + bytes <= self.bounds.held_each && self.held + bytes <= self.bounds.held;
        if fits {
            line.held += bytes;
            self.held += bytes;
        }
        self.forget(whose);
        fits
    }

    /// Gives memory back.
    fn let_go(&mut self, whose: &str, bytes: usize) {
        self.held = self.held.saturating_sub(bytes);
        if let Some(line) = self.lines.get_mut(whose) {
            line.held = line.held.saturating_sub(bytes);
        }
        self.forget(whose);
    }

    /// A line in which nothing happens takes no room.
    fn forget(&mut self, whose: &str) {
        if self.lines.get(whose).is_some_and(Line::is_idle) {
            self.lines.remove(whose);
        }
    }
}

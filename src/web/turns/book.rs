//! Who takes what of the turns and the memory, and who waits for it.

use std::collections::{HashMap, VecDeque};

use tokio::sync::oneshot::{Receiver, Sender, channel};

use super::Turn;

/// Bounds of all callers together, and of each.
#[derive(Clone, Copy, Debug)]
pub(in crate::web) struct Bounds {
    /// So many turns at once.
    pub(in crate::web) at_once: usize,
    /// So many of one caller.
    pub(in crate::web) at_once_each: usize,
    /// So many of these may be long.
    pub(in crate::web) long_each: usize,
    /// Where there are others, so many short ones of one caller at once, and as many long ones.
    pub(in crate::web) beside_others: usize,
    /// So many wait for their turn.
    pub(in crate::web) waiting: usize,
    /// So many of one caller.
    pub(in crate::web) waiting_each: usize,
    /// So many bytes are held in memory.
    pub(in crate::web) held: usize,
    /// So many by one caller.
    pub(in crate::web) held_each: usize,
}

/// Who takes what, and who waits.
pub(super) struct Book {
    bounds: Bounds,
    running: usize,
    waiting: usize,
    held: usize,
    lines: HashMap<String, Line>,
    /// Those who wait, in the order in which they come to a turn.
    round: VecDeque<String>,
    /// Whether there are others: who is alone has more.
    is_shared: bool,
}

/// What one caller takes, and who waits in its line.
#[derive(Default)]
struct Line {
    running: usize,
    running_long: usize,
    /// Short ones that take long all the same.
    running_late: usize,
    held: usize,
    short: VecDeque<Sender<Turn>>,
    long: VecDeque<Sender<Turn>>,
}

/// What comes of asking for a turn.
pub(super) enum Next {
    /// It is counted as taken.
    Now,
    /// It comes.
    Later(Receiver<Turn>),
    /// All places to wait are taken.
    Full,
}

/// Whose turn is next. It is counted as taken.
pub(super) struct Waiter {
    pub(super) whose: String,
    pub(super) is_long: bool,
    pub(super) tell: Sender<Turn>,
}

impl Line {
    fn waiting(&self) -> usize {
        self.short.len() + self.long.len()
    }

    fn is_idle(&self) -> bool {
        self.running == 0 && self.held == 0 && self.waiting() == 0
    }

    const fn may_begin(&self, is_long: bool, bounds: &Bounds) -> bool {
        let in_time = self.running.saturating_sub(self.running_long + self.running_late);
        let like_it = if is_long { self.running_long } else { in_time };
        let most_like_it = if is_long { bounds.long_each } else { bounds.at_once_each };
        self.running < bounds.at_once_each && like_it < most_like_it && like_it < bounds.beside_others
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
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, running: 0, waiting: 0, held: 0, lines: HashMap::new(), round: VecDeque::new(), is_shared: true }
    }

    pub(super) const fn is_shared(&self) -> bool {
        self.is_shared
    }

    pub(super) const fn share(&mut self, is_shared: bool) {
        self.is_shared = is_shared;
    }

    /// The bounds as they stand now.
    const fn bounds(&self) -> Bounds {
        if self.is_shared { self.bounds } else { Bounds { beside_others: usize::MAX, ..self.bounds } }
    }

    /// Asks for a turn.
    pub(super) fn ask(&mut self, whose: &str, is_long: bool) -> Next {
        let bounds = self.bounds();
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

    /// A short one takes long. Who is next: what it waits for need not keep those behind it waiting.
    pub(super) fn is_late(&mut self, whose: &str) -> Vec<Waiter> {
        if let Some(line) = self.lines.get_mut(whose) {
            line.running_late += 1;
        }
        self.next()
    }

    /// Ends a turn. Who is next, of those who wait and may begin.
    pub(super) fn end(&mut self, whose: &str, is_long: bool, was_late: bool) -> Vec<Waiter> {
        self.running = self.running.saturating_sub(1);
        if let Some(line) = self.lines.get_mut(whose) {
            line.running = line.running.saturating_sub(1);
            line.running_late = line.running_late.saturating_sub(usize::from(was_late));
            line.running_long = line.running_long.saturating_sub(usize::from(is_long));
        }
        let next = self.next();
        self.forget(whose);
        next
    }

    /// All who wait and may begin now.
    fn next(&mut self) -> Vec<Waiter> {
        let bounds = self.bounds();
        std::iter::from_fn(|| self.first(&bounds)).collect()
    }

    /// The first of them, one line after the other.
    fn first(&mut self, bounds: &Bounds) -> Option<Waiter> {
        for _ in 0..self.round.len() {
            if self.running >= bounds.at_once {
                return None;
            }
            let whose = self.round.pop_front()?;
            let Some(line) = self.lines.get_mut(&whose) else { continue };
            let mut gone = 0;
            let first = line.first(bounds, &mut gone);
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

    pub(super) fn send_home(&mut self, whose: &str) {
        if let Some(line) = self.lines.get_mut(whose) {
            self.waiting = self.waiting.saturating_sub(line.waiting());
            line.short.clear();
            line.long.clear();
            self.round.retain(|other| other != whose);
        }
        self.forget(whose);
    }

    /// Takes memory for a body, if there is as much.
    pub(super) fn hold(&mut self, whose: &str, bytes: usize) -> bool {
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
    pub(super) fn let_go(&mut self, whose: &str, bytes: usize) {
        self.held = self.held.saturating_sub(bytes);
        if let Some(line) = self.lines.get_mut(whose) {
            line.held = line.held.saturating_sub(bytes);
        }
        self.forget(whose);
    }

    /// Whether nobody takes or waits for anything.
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        let is_nothing = [self.running, self.waiting, self.held] == [0, 0, 0];
        is_nothing && self.lines.is_empty() && self.round.is_empty()
    }

    /// A line in which nothing happens takes no room.
    fn forget(&mut self, whose: &str) {
        if self.lines.get(whose).is_some_and(Line::is_idle) {
            self.lines.remove(whose);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        at_once: 100,
        at_once_each: 4,
        long_each: 2,
        beside_others: 1,
        waiting: 100,
        waiting_each: 100,
        held: 0,
        held_each: 0,
    };

    /// As many of such calls as begin at once, and one that waits.
    fn begin_all(book: &mut Book, whose: &str, is_long: bool) -> (usize, Next) {
        let mut begun = 0;
        loop {
            match book.ask(whose, is_long) {
                Next::Now => begun += 1,
                waits @ (Next::Later(_) | Next::Full) => return (begun, waits),
            }
        }
    }

    #[test]
    fn a_caller_has_less_at_once_where_there_are_others() {
        for (is_shared, most) in [(true, 1), (false, 2)] {
            let mut book = Book::new(BOUNDS);
            book.share(is_shared);
            let (long, _waits) = begin_all(&mut book, "flood", true);
            let (short, _waits_too) = begin_all(&mut book, "flood", false);
            assert_eq!((long, short), (most, most));
            // And nobody has less because of it.
            assert!(matches!(book.ask("quiet", false), Next::Now));
        }
    }

    #[test]
    fn whoever_waited_has_all_turns_once_they_are_alone() {
        let mut book = Book::new(BOUNDS);
        let waiting: Vec<Next> = (0..6).map(|_| book.ask("flood", false)).collect();
        assert_eq!(waiting.iter().filter(|next| matches!(next, Next::Now)).count(), 1);
        assert_eq!(book.end("flood", false, false).len(), 1);
        book.share(false);
        assert_eq!(book.end("flood", false, false).len(), 4);
    }

    #[test]
    fn a_call_that_waits_for_long_keeps_no_other_of_its_caller_waiting() {
        let mut book = Book::new(BOUNDS);
        let waiting: Vec<Next> = (0..6).map(|_| book.ask("one", false)).collect();
        assert!(matches!(waiting[0], Next::Now) && matches!(waiting[1], Next::Later(_)));
        assert_eq!(book.is_late("one").len(), 1);
        // Those that wait are four at the most.
        assert_eq!([book.is_late("one").len(), book.is_late("one").len(), book.is_late("one").len()], [1, 1, 0]);
        assert_eq!(book.end("one", false, true).len(), 1);
        assert_eq!(book.end("one", false, false).len(), 1);
    }

    #[test]
    fn beside_others_a_long_call_waits_for_the_long_ones_that_are_under_way() {
        let mut book = Book::new(BOUNDS);
        book.share(false);
        let (begun, _waits) = begin_all(&mut book, "flood", true);
        assert_eq!(begun, 2);
        book.share(true);
        assert!(matches!(book.ask("flood", false), Next::Now));
        assert!(book.end("flood", true, false).is_empty());
        let next = book.end("flood", true, false);
        assert!(next.len() == 1 && next[0].is_long && next[0].whose == "flood");
    }
}

//! Who is served next. Work waits in a line for each share of the database, and the share that has had the least of its time is
//! next: so nobody's work, however much and however long, makes another wait for more than what runs at that moment.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Whose work it is: a platform, a colleague, a network, a job. This room knows no more of it than that two are the same.
/// Whoever has several lines has the places for them together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Share {
    whose: Arc<str>,
    line: Arc<str>,
    reads: bool,
    gives_way: bool,
}

impl Share {
    /// The share of the one with this name, which holds an id and nothing that anybody said.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let name: Arc<str> = name.into();
        Self { whose: Arc::clone(&name), line: name, reads: false, gives_way: false }
    }

    /// One of the lines of somebody who has several.
    #[must_use]
    pub fn part_of(whose: &str, line: &str) -> Self {
        Self { whose: whose.into(), line: line.into(), reads: false, gives_way: false }
    }

    /// The service's own, for what commands and jobs read.
    #[must_use]
    pub fn house() -> Self {
        Self::of(HOUSE)
    }

    /// The share of a job that nobody waits for: what it reads leaves the processors to whoever calls.
    #[must_use]
    pub fn giving_way(name: &str) -> Self {
        Self { gives_way: true, ..Self::of(name) }
    }

    /// The line of what only reads, beside that of what writes.
    pub(super) fn reading(&self) -> Self {
        Self { reads: true, ..self.clone() }
    }

    pub(super) const fn reads(&self) -> bool {
        self.reads
    }

    pub(super) const fn whose(&self) -> &Arc<str> {
        &self.whose
    }

    pub(super) const fn gives_way(&self) -> bool {
        self.gives_way
    }

    pub(super) fn is_house(&self) -> bool {
        *self.whose == *HOUSE
    }
}

const HOUSE: &str = "house";

/// How many may wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// In one line.
    pub(super) each: usize,
    /// Of all.
    pub(super) all: usize,
}

/// What waits, in a line for each share.
pub(super) struct Lines<W> {
    of: HashMap<Share, Line<W>>,
    bounds: Bounds,
    waiting: usize,
    /// How many have come, to tell who came first.
    came: u64,
    /// What those who are served have had by now: whoever comes anew begins here, so that nobody saves up.
    level: Duration,
}

struct Line<W> {
    had: Duration,
    works: VecDeque<(u64, W)>,
}

impl<W> Lines<W> {
    pub(super) fn with(bounds: Bounds) -> Self {
        Self { of: HashMap::new(), bounds, waiting: 0, came: 0, level: Duration::ZERO }
    }

    /// Puts work into the line of its share. What finds no room comes back: this work, when its line is full; and when too much
    /// waits in all, what came last of those who have most waiting, so that nobody is sent home for the many of another.
    #[must_use]
    pub(super) fn push(&mut self, share: &Share, work: W) -> Option<W> {
        if self.waiting == 0 {
            // Nobody competes with anybody: what each has had is of no account any more.
            self.of.clear();
            self.level = Duration::ZERO;
        } else if self.of.len() >= self.bounds.all {
            self.of.retain(|_, line| !line.works.is_empty());
        }
        let (level, bounds) = (self.level, self.bounds);
        let line = self.of.entry(share.clone()).or_insert(Line { had: level, works: VecDeque::new() });
        if line.works.len() >= bounds.each {
            return Some(work);
        }
        if line.works.is_empty() {
            line.had = line.had.max(level);
        }
        self.came += 1;
        line.works.push_back((self.came, work));
        self.waiting += 1;
        if self.waiting > bounds.all { self.send_home() } else { None }
    }

    /// Takes out what came last in the longest line of whoever has most waiting.
    fn send_home(&mut self) -> Option<W> {
        let mut all: HashMap<&str, usize> = HashMap::new();
        for (share, line) in &self.of {
            *all.entry(share.whose()).or_default() += line.works.len();
        }
        let whose = Arc::<str>::from(all.into_iter().max_by_key(|(_, waiting)| *waiting)?.0);
        let theirs = self.of.iter_mut().filter(|(share, _)| *share.whose() == whose);
        let (_, longest) = theirs.max_by_key(|(_, line)| line.works.len())?;
        let (_, work) = longest.works.pop_back()?;
        self.waiting -= 1;
        Some(work)
    }

    /// The work that is next among the shares that may have more: of the share that has had the least; of two alike, of the one
    /// that waits longer.
    pub(super) fn pop(&mut self, may: impl Fn(&Share) -> bool) -> Option<(Share, W)> {
        let first = |line: &Line<W>| line.works.front().map(|(came, _)| (line.had, *came));
        let waiting = self.of.iter().filter_map(|(share, line)| Some((first(line)?, share)));
        let share = waiting.filter(|(_, share)| may(share)).min_by_key(|(first, _)| *first)?.1.clone();
        let line = self.of.get_mut(&share)?;
        let (_, work) = line.works.pop_front()?;
        self.level = self.level.max(line.had);
        self.waiting -= 1;
        Some((share, work))
    }

    /// Notes how much of the database's time work of a share took.
    pub(super) fn charge(&mut self, share: &Share, took: Duration) {
        let level = self.level;
        self.of.entry(share.clone()).or_insert(Line { had: level, works: VecDeque::new() }).had += took;
    }

    /// Takes out all that waits.
    pub(super) fn clear(&mut self) -> Vec<W> {
        self.waiting = 0;
        self.of.values_mut().flat_map(|line| line.works.drain(..)).map(|(_, work)| work).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { each: 100, all: 150 };

    fn lines(works: &[(&str, u32)]) -> Lines<u32> {
        let mut lines = Lines::with(BOUNDS);
        for (share, work) in works {
            assert_eq!(lines.push(&Share::of(share), *work), None);
        }
        lines
    }

    /// Serves all that waits, each taking so long, and names whose it was in order.
    fn served(lines: &mut Lines<u32>, took: impl Fn(u32) -> u64) -> Vec<u32> {
        let mut all = Vec::new();
        while let Some((share, work)) = lines.pop(|_| true) {
            lines.charge(&share, Duration::from_millis(took(work)));
            all.push(work);
        }
        all
    }

    #[test]
    fn who_comes_behind_a_long_line_of_another_is_served_in_turn() {
        let mut many: Vec<(&str, u32)> = (0..90).map(|n| ("flood", n)).collect();
        many.extend([("quiet", 1_000), ("quiet", 1_001), ("other", 2_000)]);
        let order = served(&mut lines(&many), |_| 1);
        let place = |work: u32| order.iter().position(|one| *one == work).unwrap();
        assert!(place(1_000) <= 2 && place(2_000) <= 2 && place(1_001) <= 5, "{order:?}");
        let own: Vec<u32> = order.iter().copied().filter(|work| *work < 90).collect();
        assert_eq!(own, (0..90).collect::<Vec<_>>(), "each line keeps its order");
    }

    #[test]
    fn what_takes_long_counts_for_as_much_as_it_takes() {
        let mut many: Vec<(&str, u32)> = (0..10).map(|n| ("long", n)).collect();
        many.extend((100..150).map(|n| ("short", n)));
        let order = served(&mut lines(&many), |work| if work < 100 { 50 } else { 1 });
        let between = order.iter().skip_while(|work| **work != 0).skip(1).take_while(|work| **work >= 100).count();
        assert_eq!(between, 50, "fifty short ones for a long one: {order:?}");
    }

    #[test]
    fn nobody_saves_up_and_nobody_owes_for_ever() {
        let mut lines = lines(&[("a", 0), ("a", 1), ("a", 2), ("a", 3)]);
        for _ in 0..2 {
            let (share, _) = lines.pop(|_| true).unwrap();
            lines.charge(&share, Duration::from_secs(100));
        }
        // One that never came before is next, and then stands beside the one that was served all the time, not before it.
        for n in 10..14 {
            assert_eq!(lines.push(&Share::of("b"), n), None);
        }
        let order = served(&mut lines, |_| 100_000);
        assert_eq!(order.iter().take(4).filter(|work| **work < 10).count(), 2, "{order:?}");
        // When nobody waits, nothing is owed.
        assert_eq!(lines.push(&Share::of("a"), 1), None);
        assert_eq!(lines.push(&Share::of("b"), 11), None);
        assert_eq!(served(&mut lines, |_| 1), [1, 11]);
    }

    #[test]
    fn a_full_line_is_full_for_its_share_alone_and_all_have_a_bound() {
        let mut lines = lines(&[]);
        for n in 0..100 {
            assert_eq!(lines.push(&Share::of("a"), n), None);
        }
        assert_eq!(lines.push(&Share::of("a"), 100), Some(100));
        for n in 100..150 {
            assert_eq!(lines.push(&Share::of("b"), n), None);
        }
        assert_eq!(lines.push(&Share::of("c"), 150), Some(99), "whoever has most waiting is sent home");
        assert_eq!(lines.pop(|share| *share == Share::of("c")).map(|(_, work)| work), Some(150));
        assert_eq!(lines.clear().len(), 149);
        assert!(lines.push(&Share::of("a"), 1).is_none() && lines.pop(|_| true).is_some());
    }

    #[test]
    fn who_has_many_lines_is_sent_home_before_who_has_one() {
        let mut lines = lines(&[("quiet", 1_000), ("quiet", 1_001), ("quiet", 1_002)]);
        let strangers = |n: u32| Share::part_of("strangers", &format!("network {n}"));
        for n in 0..147 {
            assert_eq!(lines.push(&strangers(n), n), None);
        }
        for n in 147..200 {
            assert!(lines.push(&strangers(n), n).is_some_and(|gone| gone < 1_000));
        }
        assert_eq!(lines.push(&Share::of("quiet"), 1_003).filter(|gone| *gone >= 1_000), None);
        let order = served(&mut lines, |_| 1);
        assert_eq!(order.iter().filter(|work| **work >= 1_000).count(), 4, "{order:?}");
    }

    #[test]
    fn shares_that_have_gone_are_forgotten_also_while_others_wait() {
        let mut lines = lines(&[("flood", 0); 100]);
        for n in 0..10_000 {
            assert_eq!(lines.push(&Share::of(&format!("network {n}")), n + 1), None);
            let (share, _) = lines.pop(|share| *share != Share::of("flood")).unwrap();
            lines.charge(&share, Duration::from_millis(1));
        }
        assert!(lines.of.len() <= BOUNDS.all, "{}", lines.of.len());
    }
}

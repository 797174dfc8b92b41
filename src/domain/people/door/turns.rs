//! Turns at what is dear, served network by network: whoever floods from one waits behind themselves, and everybody else
//! waits for one turn of each network that has somebody in the line.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot::{Sender, channel};

/// How long anybody waits for a turn.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many of one network wait; the next of it is turned away at once.
const OF_ONE_NETWORK: usize = 32;
/// How many wait in all. Past it the network with the longest line loses its last.
const OF_ALL: usize = 1_024;

/// A number of turns, and who waits for them.
#[derive(Clone)]
pub(super) struct Turns(Arc<Mutex<Line>>);

/// A turn. When it is dropped, the next one has it.
pub(super) struct Turn(Turns);

struct Line {
    free: usize,
    /// The networks that wait, the next one first, each with its people in the order in which they came.
    networks: VecDeque<(String, VecDeque<Sender<Turn>>)>,
}

impl Turns {
    /// As many turns at once.
    pub(super) fn new(at_once: usize) -> Self {
        Self(Arc::new(Mutex::new(Line { free: at_once, networks: VecDeque::new() })))
    }

    /// A turn for somebody of this network; nothing when too many wait, or when it took too long.
    pub(super) async fn take(&self, network: &str) -> Option<Turn> {
        let waiting = {
            let mut line = self.line();
            if line.free > 0 {
                line.free -= 1;
                return Some(Turn(self.clone()));
            }
            let (sender, receiver) = channel();
            line.join(network, sender).then_some(receiver)?
        };
        tokio::time::timeout(PATIENCE, waiting).await.ok()?.ok()
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut line = self.0.line();
            let next = line.next();
            line.free += usize::from(next.is_none());
            next
        };
        if let Some(next) = next {
            // Whoever left in this very moment drops it, and it goes on to the next.
            drop(next.send(Self(self.0.clone())));
        }
    }
}

impl Line {
    /// Takes somebody into the line. Says whether they are in it.
    fn join(&mut self, network: &str, sender: Sender<Turn>) -> bool {
        for (_, people) in &mut self.networks {
            people.retain(|waiting| !waiting.is_closed());
        }
        self.networks.retain(|(_, people)| !people.is_empty());
        let of_network = self.networks.iter().find(|(of, _)| of == network).map_or(0, |(_, people)| people.len());
        if of_network >= OF_ONE_NETWORK {
            return false;
        }
        if self.networks.iter().map(|(_, people)| people.len()).sum::<usize>() >= OF_ALL {
            let longest = self.networks.iter_mut().max_by_key(|(_, people)| people.len());
            match longest {
                Some((_, people)) if people.len() > of_network => drop(people.pop_back()),
                Some(_) | None => return false,
            }
        }
        match self.networks.iter_mut().find(|(of, _)| of == network) {
            Some((_, people)) => people.push_back(sender),
            None => self.networks.push_back((network.to_owned(), VecDeque::from([sender]))),
        }
        true
    }

    /// Who is next: the first of the network whose turn it is, which then goes behind the others.
    fn next(&mut self) -> Option<Sender<Turn>> {
        while let Some((network, mut people)) = self.networks.pop_front() {
            let next = std::iter::from_fn(|| people.pop_front()).find(|waiting| !waiting.is_closed());
            if !people.is_empty() {
                self.networks.push_back((network, people));
            }
            if next.is_some() {
                return next;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who waits, each by a name that `order` says when they are served.
    struct Queue {
        turns: Turns,
        order: Arc<Mutex<Vec<String>>>,
        waiting: Vec<tokio::task::JoinHandle<()>>,
    }

    impl Queue {
        fn new(turns: &Turns) -> Self {
            Self { turns: turns.clone(), order: Arc::default(), waiting: Vec::new() }
        }

        /// Has `count` people of a network wait, and comes back when they stand in the line.
        async fn come(&mut self, network: &'static str, count: usize) {
            for _ in 0..count {
                let (turns, order) = (self.turns.clone(), Arc::clone(&self.order));
                self.waiting.push(tokio::task::spawn_local(async move {
                    let turn = turns.take(network).await;
                    let said = if turn.is_some() { network.to_owned() } else { format!("{network} away") };
                    order.lock().unwrap().push(said);
                }));
                tokio::task::yield_now().await;
            }
        }

        async fn order(self) -> Vec<String> {
            for waiting in self.waiting {
                waiting.await.unwrap();
            }
            self.order.lock().unwrap().clone()
        }
    }

    async fn of(test: impl AsyncFnOnce()) {
        tokio::task::LocalSet::new().run_until(test()).await;
    }

    #[tokio::test]
    async fn a_flood_of_one_network_keeps_others_waiting_for_one_turn_each() {
        of(async || {
            let turns = Turns::new(1);
            let held = turns.take("held").await.unwrap();
            let mut queue = Queue::new(&turns);
            queue.come("flood", 30).await;
            queue.come("home", 1).await;
            queue.come("office", 2).await;
            drop(held);
            let order = queue.order().await;
            assert_eq!(order[..6], ["flood", "home", "office", "flood", "office", "flood"]);
            assert_eq!(order.len(), 33, "and nobody is forgotten");
            assert!(order.iter().all(|who| !who.ends_with("away")), "{order:?}");
            assert!(turns.line().free == 1 && turns.line().networks.is_empty());
        })
        .await;
    }

    #[tokio::test]
    async fn a_network_has_a_bound_and_its_flood_takes_nobodys_place() {
        of(async || {
            let turns = Turns::new(1);
            let held = turns.take("held").await.unwrap();
            let mut queue = Queue::new(&turns);
            queue.come("flood", OF_ONE_NETWORK + 8).await;
            assert_eq!(queue.order.lock().unwrap().len(), 8, "the rest hear at once that too many wait");
            queue.come("home", 1).await;
            drop(held);
            let order = queue.order().await;
            assert_eq!(order[8..10], ["flood", "home"]);
        })
        .await;
    }

    #[tokio::test]
    async fn when_all_places_are_taken_the_longest_line_gives_one_up() {
        of(async || {
            let turns = Turns::new(1);
            let held = turns.take("held").await.unwrap();
            let mut queue = Queue::new(&turns);
            let names = (0..OF_ALL / OF_ONE_NETWORK).map(|n| &*format!("flood-{n}").leak());
            for name in names {
                queue.come(name, OF_ONE_NETWORK).await;
            }
            queue.come("home", 1).await;
            tokio::task::yield_now().await;
            assert_eq!(queue.order.lock().unwrap().len(), 1, "one of the flood is turned away");
            drop(held);
            let order = queue.order().await;
            assert!(order.iter().any(|who| who == "home"), "and not the one who came");
        })
        .await;
    }

    #[tokio::test]
    async fn who_goes_away_keeps_no_turn() {
        of(async || {
            let turns = Turns::new(1);
            let held = turns.take("held").await.unwrap();
            let mut queue = Queue::new(&turns);
            queue.come("gone", 3).await;
            queue.come("home", 1).await;
            for gone in queue.waiting.drain(..3) {
                gone.abort();
            }
            tokio::task::yield_now().await;
            drop(held);
            assert_eq!(queue.order().await, ["home"]);
            assert_eq!(turns.line().free, 1);
        })
        .await;
    }
}

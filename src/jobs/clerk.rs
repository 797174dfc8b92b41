//! The worker of the outbox.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval};

use super::beat::{came_round, caught};
use super::outbox as errands;
use crate::app::App;
use crate::base::id::StaffId;
use crate::domain::ledger::outbox::{self, DueJob, Full};
use crate::domain::paging::owed::{self, Job};
use crate::domain::unit::Caller;
use crate::error::Result;

/// Its name among the loops, and how often it looks for what others left behind.
pub(super) const LOOP: (&str, Duration) = ("outbox", Duration::from_secs(5));
/// How many mails are on their way at once, and how many of them to one recipient: a server that hangs for one of them
/// keeps nobody else waiting, and a fresh page has room beside one that is tried again.
const MAILS: usize = 32;
const TO_ONE: usize = 2;
/// How many of the mails have failed before: those for whom a server hangs again and again leave room for the others.
const AGAIN: usize = 16;
/// How many calls of the pager are under way at once. It is one place, which may hang as a whole.
const CALLS: usize = 32;
/// How many mails to services: a server that hangs keeps no page of a colleague waiting.
const SERVICES: usize = 8;
/// How many jobs of all other kinds.
const OTHERS: usize = 8;
/// How many are looked at when there is room.
const LOOKED_AT: i64 = 64;

/// What a job waits for, when it waits.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Lane {
    Mail { to: StaffId, again: bool },
    Pager,
    Probe,
    Service,
    Other,
}

impl Lane {
    fn of(job: &Job, again: bool) -> Self {
        match job {
            Job::Mail { staff, .. } => Self::Mail { to: staff.clone(), again },
            Job::Pager { .. } | Job::Offer { .. } | Job::TellOfEmptyShift { .. } => Self::Pager,
            Job::Probe => Self::Probe,
            Job::TellService { .. } => Self::Service,
            Job::TellOfWall { .. }
            | Job::TellOfLeft { .. }
            | Job::TellOfUnseen { .. }
            | Job::TellOperatorOfUnseen
            | Job::TellOperatorOfWall
            | Job::TellOfUnsafeContact { .. }
            | Job::TellOfDisclosure { .. }
            | Job::WishCame { .. }
            | Job::TellOperatorOfUnsafeContact
            | Job::TellOperatorUnheard { .. }
            | Job::TellOperatorOfEmptyShift { .. }
            | Job::TellOperatorOfNoRota
            | Job::TellOperatorOfClosedFactor { .. }
            | Job::TellOperatorOfStaleServices
            | Job::EndpointFailing { .. }
            | Job::EndpointDisabled { .. } => Self::Other,
        }
    }
}

/// One worker with the jobs that are under way. Each is a task of its own, and whatever ends makes room at once: a
/// pager or a recipient that hangs holds up its own jobs alone.
#[derive(Debug)]
pub struct Clerk {
    app: Arc<App>,
    worker: Arc<str>,
    hands: JoinSet<bool>,
    lanes: BTreeMap<Id, Lane>,
    done: usize,
}

impl Clerk {
    /// A worker with this name, under which it holds its leases.
    #[must_use]
    pub fn new(app: &Arc<App>, worker: &str) -> Self {
        Self { app: Arc::clone(app), worker: worker.into(), hands: JoinSet::new(), lanes: BTreeMap::new(), done: 0 }
    }

    /// Works whenever something is owed, and looks now and then for what others left behind, until the process ends.
    pub async fn run(mut self) {
        if !self.app.db.is_shared() {
            // Whoever held a job before this process is gone: nobody waits for a minute after a restart.
            let freed = caught(self.app.write(Caller::Job(LOOP.0), outbox::take_over)).await;
            came_round(&self.app, LOOP.0, &freed);
        }
        let mut ticks = interval(LOOP.1);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (app, mut owed) = (Arc::clone(&self.app), self.app.db.owed());
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = owed.changed() => {}
                Some(ended) = self.hands.join_next_with_id() => self.ended(ended),
            }
            came_round(&app, LOOP.0, &caught(self.begin_all()).await);
        }
    }

    /// Does all that is due at this moment, and says how many jobs were done.
    ///
    /// # Errors
    /// What the database says.
    pub async fn work_off(mut self) -> Result<usize> {
        loop {
            self.begin_all().await?;
            match self.hands.join_next_with_id().await {
                Some(ended) => self.ended(ended),
                None => return Ok(self.done),
            }
        }
    }

    /// Begins what is due, as far as there is room.
    async fn begin_all(&mut self) -> Result<()> {
        loop {
            while let Some(ended) = self.hands.try_join_next_with_id() {
                self.ended(ended);
            }
            let full = self.full();
            let due = self.app.read(move |rx| outbox::due(rx, &full, LOOKED_AT)).await?;
            let some = self.fitting(due);
            if some.is_empty() {
                return Ok(());
            }
            let worker = Arc::clone(&self.worker);
            for job in self.app.write(Caller::Job(LOOP.0), move |tx| owed::lease(tx, &worker, &some)).await? {
                let lane = Lane::of(&job.job, job.lease.attempt > 1);
                let task = self.hands.spawn(errands::one(Arc::clone(&self.app), job));
                self.lanes.insert(task.id(), lane);
            }
        }
    }

    /// Forgets a task that has ended, and counts it when its job was done.
    fn ended(&mut self, ended: std::result::Result<(Id, bool), JoinError>) {
        let (id, done) = match ended {
            Ok(ended) => ended,
            // Its lease ends, and it is tried again.
            Err(error) => (error.id(), false),
        };
        self.lanes.remove(&id);
        self.done += usize::from(done);
    }

    fn full(&self) -> Full {
        let under_way: Vec<&Lane> = self.lanes.values().collect();
        Full {
            kinds: outbox::MANY.into_iter().filter(|kind| room(&under_way, kind) == 0).collect(),
            recipients: under_way
                .iter()
                .filter_map(|lane| if let Lane::Mail { to, .. } = lane { Some(to) } else { None })
                .filter(|staff| to_one(&under_way, staff) >= TO_ONE)
                .cloned()
                .collect(),
        }
    }

    /// Those of the jobs for which there is room beside each other. What cannot be read is laid aside by whoever takes it.
    fn fitting(&self, due: Vec<DueJob>) -> Vec<DueJob> {
        let mut under_way: Vec<Lane> = self.lanes.values().cloned().collect();
        let mut fits = |job: &DueJob| {
            let Some(what) = Job::read(job.payload()) else { return true };
            let (lane, all) = (Lane::of(&what, job.is_retry()), under_way.iter().collect::<Vec<_>>());
            let tried = all.iter().filter(|lane| matches!(lane, Lane::Mail { again: true, .. })).count();
            let fits = match &lane {
                Lane::Mail { to, again } => {
                    room(&all, "mail") > 0 && to_one(&all, to) < TO_ONE && !(*again && tried >= AGAIN)
                }
                Lane::Pager => room(&all, "pager") > 0,
                // There is one.
                Lane::Probe => true,
                Lane::Service => room(&all, "tell_service") > 0,
                Lane::Other => room(&all, "other") > 0,
            };
            if fits {
                under_way.push(lane);
            }
            fits
        };
        due.into_iter().filter(|job| fits(job)).collect()
    }
}

/// How many more of a kind may be begun.
fn room(under_way: &[&Lane], kind: &str) -> usize {
    let count = |is: fn(&Lane) -> bool| under_way.iter().filter(|lane| is(lane)).count();
    match kind {
        "mail" => MAILS.saturating_sub(count(|lane| matches!(lane, Lane::Mail { .. }))),
        "tell_service" => SERVICES.saturating_sub(count(|lane| *lane == Lane::Service)),
        "pager" => CALLS.saturating_sub(count(|lane| *lane == Lane::Pager)),
        _ => OTHERS.saturating_sub(count(|lane| *lane == Lane::Other)),
    }
}

fn to_one(under_way: &[&Lane], staff: &StaffId) -> usize {
    under_way.iter().filter(|lane| matches!(lane, Lane::Mail { to, .. } if to == staff)).count()
}

/// Does all that is due at this moment, and says how many jobs were done.
///
/// # Errors
/// What the database says.
pub async fn work_off(app: &Arc<App>, worker: &str) -> Result<usize> {
    Clerk::new(app, worker).work_off().await
}

//! One measure: a service that begins anew, somebody beside it, and the other tenant.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::Plan;
use crate::child::{Beside, Counts, Task};
use crate::kinds::Kind;
use crate::other::{self, Heard};
use crate::postgres::Cluster;
use crate::proc;
use crate::site::Site;

/// Reports before the measured ones: two seconds.
const WARM_UP: usize = 40;
/// How long after an abuse the memory is looked at.
const CALM: Duration = Duration::from_secs(3);

/// What was measured.
pub(crate) struct Measure {
    /// What the other tenant heard.
    pub(crate) heard: Heard,
    /// How much of a processor whoever stood beside used.
    pub(crate) beside: f64,
    /// How many processors the service used.
    pub(crate) service: f64,
    /// What whoever stood beside heard a second.
    pub(crate) rate: f64,
    pub(crate) counts: Counts,
    pub(crate) memory: Memory,
}

/// The service's memory, in MiB.
pub(crate) struct Memory {
    pub(crate) before: u64,
    pub(crate) peak: u64,
    pub(crate) after: u64,
    /// How much more it was at most in the second half than in the first.
    pub(crate) growth: u64,
}

/// An abuse, and the idle client of equal processor use.
pub(crate) struct Pair {
    pub(crate) abused: Measure,
    pub(crate) idle: Measure,
}

impl Pair {
    pub(crate) fn measure(cluster: Option<&Cluster>, kind: &Kind, plan: &Plan) -> Self {
        let site = Site::start(cluster, kind, plan.log);
        let abuse = Task::Abuse(site.given.clone());
        let abused = measure(&site, &abuse, plan.reports);
        drop(site);
        let site = Site::start(cluster, kind, plan.log);
        let idle = measure(&site, &Task::Burn(abused.beside, site.given.clone()), plan.reports);
        Self { abused, idle }
    }

    /// How many times as long the 99th percentile is under the abuse.
    pub(crate) fn factor(&self) -> f64 {
        self.abused.quantile(0.99).as_secs_f64() / self.idle.quantile(0.99).as_secs_f64()
    }
}

impl Measure {
    /// The time within which so many of the other tenant's reports were answered.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let at = (self.heard.times.len() as f64 * share) as usize;
        self.heard.times[at.min(self.heard.times.len() - 1)]
    }
}

fn measure(site: &Site, task: &Task, reports: usize) -> Measure {
    let service = site.serving.process();
    other::report(site.address, &site.other, WARM_UP);
    let before = proc::memory(service);
    let processor = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) - 1;
    let mut beside = Beside::start(task, processor);
    other::report(site.address, &site.other, WARM_UP);
    let (first, begin) = (beside.counts(), Instant::now());
    let used = [beside.processor_time(), proc::processor_time(service)];
    let stop = AtomicBool::new(false);
    let (mut heard, seen) = std::thread::scope(|scope| {
        let watch = scope.spawn(|| proc::watch(service, &stop));
        let heard = other::report(site.address, &site.other, reports);
        stop.store(true, Ordering::Relaxed);
        (heard, watch.join().unwrap())
    });
    let span = begin.elapsed().as_secs_f64();
    let [beside_used, service_used] = [beside.processor_time() - used[0], proc::processor_time(service) - used[1]];
    let mut counts = beside.counts();
    for (status, count) in first {
        *counts.entry(status).or_default() -= count;
    }
    let peak = proc::peak(service);
    drop(beside);
    std::thread::sleep(CALM);
    let most = |part: &[u64]| part.iter().copied().max().unwrap_or(0);
    let (early, late) = seen.split_at(seen.len() / 2);
    let growth = most(late).saturating_sub(most(early));
    heard.times.sort_unstable();
    Measure {
        heard,
        beside: beside_used / span,
        service: service_used / span,
        rate: counts.values().sum::<u64>() as f64 / span,
        counts,
        memory: Memory { before, peak, after: proc::memory(service), growth },
    }
}

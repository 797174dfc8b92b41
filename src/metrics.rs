//! What the operator's monitoring reads. Labels are closed lists: modes, queues, rungs, routes, codes. Never an id, and
//! nothing that a caller could make up. Whatever comes from the database was kept by the last tick, so that asking for
//! the metrics asks the database for nothing.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::base::time::Timestamp;
use crate::domain::casefile::queues::Count;
use crate::domain::paging::owed::Job;
use crate::domain::referrals::counts::Waiting;
use crate::domain::terms::Mode;
use crate::domain::triage::Engine;
use crate::domain::vault::Proved;
use crate::domain::watch::looks::Watched;
use crate::domain::watch::renewal::Run;
use crate::domain::webhooks::{Counts, Verdict};

type Labels<const N: usize> = [(&'static str, &'static str); N];
type Route = [(&'static str, String); 2];

/// From a millisecond to ten seconds: intake promises to answer within one.
const SECONDS: [f64; 12] = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Counters, gauges and durations of this process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    reports: Family<Labels<1>, Counter>,
    refused: Family<Labels<1>, Counter>,
    refused_rows: Family<Labels<1>, Counter>,
    durations: Family<Route, Histogram, fn() -> Histogram>,
    queues: Queues,
    work: Work,
    hooks: Hooks,
    writes: Gauge,
}

/// What becomes of webhooks. The log and the answers to the platform say which endpoint it is; a label would be an id.
#[derive(Debug, Default)]
struct Hooks {
    attempts: Family<Labels<1>, Counter>,
    endpoints: Family<Labels<1>, Gauge>,
    deliveries: Family<Labels<1>, Gauge>,
    oldest_due: Gauge,
}

/// What the tick counted of the queues.
#[derive(Debug, Default)]
struct Queues {
    depth: Family<Labels<2>, Gauge>,
    oldest: Family<Labels<2>, Gauge>,
    breaches: Family<Labels<2>, Gauge>,
}

/// Owed work and pages.
#[derive(Debug, Default)]
struct Work {
    jobs: Family<Labels<1>, Gauge>,
    oldest_due: Gauge,
    attempts: Family<Labels<2>, Counter>,
    mails: Family<Labels<1>, Counter>,
    rings: Family<Labels<1>, Counter>,
    open_alarms: Gauge,
    unseen: Gauge,
    services: Family<Labels<1>, Gauge>,
    referrals: Family<Labels<1>, Gauge>,
    oldest_referral: Gauge,
    renewed: Family<Labels<1>, Gauge>,
    ticked_at: Gauge,
    beats: Family<Labels<1>, Gauge>,
    failures: Family<Labels<1>, Counter>,
    stepped_over: Family<Labels<1>, Gauge>,
}

impl Metrics {
    /// Nothing counted yet, and the rules as they are read at the start.
    #[must_use]
    pub fn new(rules: &Engine) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("recourse"),
            reports: Family::default(),
            refused: Family::default(),
            refused_rows: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            queues: Queues::default(),
            work: Work::default(),
            hooks: Hooks::default(),
            writes: Gauge::default(),
        };
        metrics.register();
        metrics.register_rules(rules);
        metrics
    }

    fn register(&mut self) {
        let (all, queues, work) = (&mut self.registry, &self.queues, &self.work);
        all.register("reports", "Reports taken in, by mode", self.reports.clone());
        all.register("refused", "Calls and reports of batches refused, by problem code", self.refused.clone());
        let rows =
            "Rows refused because they were changed outside the service, each time that one was to be used, by table";
        all.register("refused_rows", rows, self.refused_rows.clone());
        all.register("request_seconds", "How long answers took, by route", self.durations.clone());
        all.register("queue_depth", "Open cases, by mode and queue", queues.depth.clone());
        all.register("queue_oldest_seconds", "How long the oldest open case has been here", queues.oldest.clone());
        all.register("queue_breaches", "Clocks of open cases that have passed", queues.breaches.clone());
        all.register("outbox_jobs", "Owed jobs: waiting, failing (of those that wait), dead", work.jobs.clone());
        all.register(
            "outbox_oldest_due_seconds",
            "How late the oldest due job is, however often it was tried",
            work.oldest_due.clone(),
        );
        all.register("outbox_attempts", "Jobs tried: done, later, never", work.attempts.clone());
        all.register("mails", "Mails: sent, later, refused", work.mails.clone());
        all.register("alarm_rings", "Rings of alarms, by rung", work.rings.clone());
        all.register("alarms_open", "Alarms that nobody has taken", work.open_alarms.clone());
        all.register("cases_unseen", "Open cases that nobody may work on", work.unseen.clone());
        let services = "Services of the directory: open to referrals, expired, ending within a fortnight, in all";
        all.register("services", services, work.services.clone());
        let referrals =
            "Real referrals that have not ended: by state, late, and those of which a mail was not delivered";
        all.register("referrals", referrals, work.referrals.clone());
        all.register(
            "referrals_oldest_seconds",
            "How long ago the oldest real referral was drafted that no service has accepted",
            work.oldest_referral.clone(),
        );
        all.register("names_renewed", "Cases whose names were made anew: looked_at, failed", work.renewed.clone());
        all.register(
            "tick_timestamp_seconds",
            "When the slowest of the jobs that look often last showed a sign of life",
            work.ticked_at.clone(),
        );
        let beat = "When a job of this process last ran to its end and did not fail, by job";
        all.register("job_beat_timestamp_seconds", beat, work.beats.clone());
        all.register("job_failures", "Jobs that failed as a whole, by job", work.failures.clone());
        let over = "Rows that a job cannot work on and steps over, by job";
        all.register("job_rows_stepped_over", over, work.stepped_over.clone());
        let hooks = &self.hooks;
        let outcomes = "Attempts at webhooks: taken, failed, strained, unwanted, gone";
        all.register("webhook_attempts", outcomes, hooks.attempts.clone());
        all.register("webhook_endpoints", "Endpoints: unproved, well, failing, disabled", hooks.endpoints.clone());
        all.register("webhook_deliveries", "Deliveries: pending, failed", hooks.deliveries.clone());
        all.register("webhook_oldest_due_seconds", "How late the oldest due delivery is", hooks.oldest_due.clone());
        all.register("writes_under_way", "Writes to the database that wait or run", self.writes.clone());
    }

    fn register_rules(&mut self, rules: &Engine) {
        let failed = rules.failure().is_some();
        let version = if failed { "none".to_owned() } else { rules.rules().version().to_owned() };
        let in_force = Family::<[(&'static str, String); 1], Gauge>::default();
        in_force.get_or_create(&[("version", version)]).set(1);
        self.registry.register("rules", "The rule set in force", in_force);
        let broken = Gauge::<f64, AtomicU64>::default();
        broken.set(if failed { 1.0 } else { 0.0 });
        self.registry.register("rules_failed", "Whether the rule file cannot be used: every case is p1", broken);
    }

    /// A report was stored.
    pub fn report_taken(&self, mode: Mode) {
        self.reports.get_or_create(&[("mode", mode.as_str())]).inc();
    }

    /// A call, or a report of a batch, was refused.
    pub fn refused(&self, code: &'static str) {
        self.refused.get_or_create(&[("code", code)]).inc();
    }

    /// A call was answered. `route` is a pattern of ours; a method that we do not know counts as `other`.
    pub fn answered(&self, method: &str, route: &str, took: Duration) {
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
        let method = if known.contains(&method) { method } else { "other" };
        let labels = [("method", method.to_owned()), ("route", route.to_owned())];
        self.durations.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// A job of the outbox was tried: `done`, `later` or `never`.
    pub fn tried(&self, job: &Job, outcome: &'static str) {
        if let (Job::Pager { rung, .. }, "done") = (job, outcome) {
            self.work.rings.get_or_create(&[("rung", rung.as_str())]).inc();
        }
        let kind = job.kind();
        self.work.attempts.get_or_create(&[("kind", kind), ("outcome", outcome)]).inc();
    }

    /// A mail met its server: `sent`, `later` or `refused`.
    pub fn mail(&self, outcome: &'static str) {
        self.work.mails.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// An attempt at a webhook was made.
    pub fn attempted(&self, verdict: Verdict) {
        self.hooks.attempts.get_or_create(&[("outcome", verdict.as_str())]).inc();
    }

    /// What a tick counted of the webhooks.
    pub fn show_hooks(&self, counts: &Counts, now: Timestamp) {
        let well = counts.endpoints - counts.disabled - counts.unproved - counts.failing;
        let endpoints =
            [("unproved", counts.unproved), ("well", well), ("failing", counts.failing), ("disabled", counts.disabled)];
        for (state, count) in endpoints {
            self.hooks.endpoints.get_or_create(&[("state", state)]).set(count);
        }
        self.hooks.deliveries.get_or_create(&[("state", "pending")]).set(counts.pending);
        self.hooks.deliveries.get_or_create(&[("state", "failed")]).set(counts.failed);
        self.hooks.oldest_due.set(counts.oldest_due_at.map_or(0, |at| seconds(now.since(at))));
    }

    /// How far names were made anew.
    pub fn show_renewal(&self, run: &Run) {
        self.work.renewed.get_or_create(&[("state", "looked_at")]).set(run.looked_at);
        self.work.renewed.get_or_create(&[("state", "failed")]).set(run.failed);
    }

    /// What a tick counted of the queues.
    pub fn show_queues(&self, counts: &[Count], now: Timestamp) {
        for count in counts {
            let labels = [("mode", count.mode.as_str()), ("queue", count.queue.as_str())];
            self.queues.depth.get_or_create(&labels).set(count.depth);
            self.queues.oldest.get_or_create(&labels).set(count.oldest_at.map_or(0, |at| seconds(now.since(at))));
            self.queues.breaches.get_or_create(&labels).set(count.breaches);
        }
    }

    /// What a tick saw of owed work.
    pub fn show_work(&self, seen: &Watched, now: Timestamp) {
        self.work.jobs.get_or_create(&[("state", "waiting")]).set(seen.waiting);
        self.work.jobs.get_or_create(&[("state", "failing")]).set(seen.failing);
        self.work.jobs.get_or_create(&[("state", "dead")]).set(seen.dead);
        self.work.oldest_due.set(seen.oldest_due_at.map_or(0, |at| seconds(now.since(at))));
        self.work.open_alarms.set(seen.open_alarms);
        self.work.unseen.set(seen.unseen);
    }

    /// Each of the jobs that look often has shown a sign of life since.
    pub fn ticked(&self, since: Timestamp) {
        self.work.ticked_at.set(since.seconds());
    }

    /// A job ran to its end and did not fail.
    pub fn job_beat(&self, job: &'static str, now: Timestamp) {
        self.work.beats.get_or_create(&[("job", job)]).set(now.seconds());
    }

    /// A job failed as a whole.
    pub fn job_failed(&self, job: &'static str) {
        self.work.failures.get_or_create(&[("job", job)]).inc();
    }

    /// How many services there are in the directory, and how they stand.
    pub fn services(&self, counts: &[(&'static str, usize)]) {
        for (state, count) in counts {
            let gauge = self.work.services.get_or_create(&[("state", state)]);
            gauge.set(i64::try_from(*count).unwrap_or(i64::MAX));
        }
    }

    /// How referrals stand.
    pub fn referrals(&self, counts: &Waiting, now: Timestamp) {
        for (state, count) in &counts.by_state {
            self.work.referrals.get_or_create(&[("state", state)]).set(*count);
        }
        let age = counts.oldest.map_or(0, |oldest| i64::try_from(now.since(oldest).as_secs()).unwrap_or(i64::MAX));
        self.work.oldest_referral.set(age);
    }

    /// How many rows a job cannot work on, and steps over.
    pub fn rows_in_the_way(&self, job: &'static str, count: usize) {
        self.work.stepped_over.get_or_create(&[("job", job)]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// All of it in the text form of `OpenMetrics`: with how many writes are under way, and how often rows were refused since
    /// the process began.
    #[must_use]
    pub fn text(&self, writes: usize, refused: &[(Proved, u64)]) -> String {
        self.writes.set(i64::try_from(writes).unwrap_or(i64::MAX));
        for (proved, count) in refused {
            let counter = self.refused_rows.get_or_create(&[("table", proved.as_str())]);
            counter.inc_by(count.saturating_sub(counter.get()));
        }
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}

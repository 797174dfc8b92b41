//! The worker of webhooks: finds what is due, posts it, and notes what came of it. Each attempt is a task of its own, so
//! that a receiver that is slow keeps only its own few tasks waiting.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue, RETRY_AFTER};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::beat::{came_round, caught};
use super::pace::Pace;
use crate::app::App;
use crate::domain::unit::Caller;
use crate::domain::webhooks::{self, Due, Leased, Outcome, Post, Replaying, Verdict};
use crate::error::{Error, Result};
use crate::outbound::{Answer, Trouble};

/// Its name among the loops, and how often it looks for what the clock has made due.
pub(super) const LOOP: (&str, Duration) = ("deliveries", Duration::from_secs(1));
/// The shortest time between two looks: what comes in within it is found together, and intake is not slowed by looking.
const PACE: Duration = Duration::from_millis(20);
/// How long after a page of replays comes the next: they are put on their way no quicker than they can be sent, and keep a part of the
/// writer for whoever reports.
const BETWEEN_PAGES: Duration = Duration::from_millis(100);
/// How many attempts one process makes at a time.
const HANDS: usize = 256;
/// How many endpoints are looked after side by side, so that they share a commit.
const SIDE_BY_SIDE: usize = 16;

/// One worker with the attempts that are under way. Dropping it ends them; what they held is taken over by others.
#[derive(Debug)]
pub struct Courier {
    app: Arc<App>,
    worker: Arc<str>,
    hands: JoinSet<usize>,
    pace: Arc<Pace>,
    /// How long after a page of replays comes the next, and when that may be.
    between_pages: Duration,
    next_page: Option<Instant>,
}

impl Courier {
    /// A worker with this name, under which it holds its leases.
    #[must_use]
    pub fn new(app: &Arc<App>, worker: &str) -> Self {
        Self {
            app: Arc::clone(app),
            worker: worker.into(),
            hands: JoinSet::new(),
            pace: Arc::default(),
            between_pages: BETWEEN_PAGES,
            next_page: None,
        }
    }

    /// Delivers as things come due, until the process ends.
    pub async fn run(mut self) {
        let (mut ticks, mut pace) = (interval(LOOP.1), interval(PACE));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut owed = self.app.db.owed();
        let mut more = false;
        loop {
            if !more {
                tokio::select! {
                    _ = ticks.tick() => {}
                    _ = owed.changed() => {}
                    // Room for others of the same platform.
                    Some(_) = self.hands.join_next() => {}
                }
            }
            // A worker that ran for a year would otherwise keep what came of each attempt.
            while self.hands.try_join_next().is_some() {}
            pace.tick().await;
            let looked = caught(self.look()).await;
            came_round(&self.app, LOOP.0, &looked);
            more = looked.unwrap_or(false);
        }
    }

    /// Delivers all that is due at this moment, and says how many attempts that took.
    ///
    /// # Errors
    /// What the database says.
    pub async fn work_off(mut self) -> Result<usize> {
        let mut made = 0;
        self.between_pages = Duration::ZERO;
        loop {
            while self.look().await? {}
            match self.hands.join_next().await {
                Some(count) => made += count.unwrap_or(0),
                None => return Ok(made),
            }
        }
    }

    /// Turns new events into deliveries, a page for each endpoint, and sets to work on what is due. Says whether there
    /// are more pages.
    async fn look(&mut self) -> Result<bool> {
        let mut more = false;
        for some in self.app.read(webhooks::behind).await?.chunks(SIDE_BY_SIDE) {
            let pages = some
                .iter()
                .cloned()
                .map(|one| self.app.write(Caller::Job("deliveries"), move |tx| webhooks::catch_up(tx, &one)));
            for (one, page) in some.iter().zip(join_all(pages).await) {
                match page {
                    Ok(page) => more |= page,
                    Err(error @ Error::Unavailable(_)) => return Err(error),
                    // One endpoint's trouble is not another's.
                    Err(error) => tracing::error!(endpoint = %one.endpoint, %error, "an endpoint cannot catch up"),
                }
            }
        }
        more |= self.replay().await?;
        for some in self.app.read(webhooks::due).await?.chunks(SIDE_BY_SIDE) {
            if self.hands.len() < HANDS {
                self.lease(some).await?;
            }
        }
        Ok(more)
    }

    /// Puts a page of a replay of each platform on its way. Says whether there may be more.
    async fn replay(&mut self) -> Result<bool> {
        if self.next_page.is_some_and(|next| Instant::now() < next) {
            return Ok(true);
        }
        let mut more = false;
        for some in self.app.read(webhooks::replaying).await?.chunks(SIDE_BY_SIDE) {
            for went_on in join_all(some.iter().map(|of_one| self.go_on(of_one))).await {
                more |= went_on?;
            }
        }
        self.next_page = more.then(|| Instant::now() + self.between_pages);
        Ok(more)
    }

    /// Puts a page of the oldest of these replays on its way, and of the next one where that cannot go on. In a line of its own,
    /// so that no delivery waits behind it. Says whether one went on.
    async fn go_on(&self, of_one: &[Replaying]) -> Result<bool> {
        for one in of_one.iter().cloned() {
            let endpoint = one.endpoint.clone();
            match self.app.write(Caller::Job("replays"), move |tx| webhooks::replay_page(tx, &one)).await {
                Ok(_) => return Ok(true),
                Err(error @ Error::Unavailable(_)) => return Err(error),
                Err(error) => tracing::error!(%endpoint, %error, "a replay cannot go on"),
            }
        }
        Ok(false)
    }

    /// Leases what is due to these endpoints, and sets to work on it.
    async fn lease(&mut self, some: &[Due]) -> Result<()> {
        let leases = some.iter().cloned().map(|to| {
            let worker = Arc::clone(&self.worker);
            self.app.write(Caller::Job("deliveries"), move |tx| webhooks::lease(tx, &to, &worker, webhooks::AT_ONCE))
        });
        let mut failed = None;
        for (to, taken) in some.iter().zip(join_all(leases).await) {
            match taken {
                Ok(all) => {
                    for first in all {
                        self.hands.spawn(work(
                            Arc::clone(&self.app),
                            Arc::clone(&self.worker),
                            Arc::clone(&self.pace),
                            first,
                        ));
                    }
                }
                // What the others leased is worked on all the same.
                Err(error @ Error::Unavailable(_)) => failed = Some(error),
                // One endpoint's trouble is not another's.
                Err(error) => {
                    tracing::error!(endpoint = %to.endpoint, %error, "what is due to an endpoint cannot be taken");
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

/// Makes an attempt, and then the next at the same endpoint, as long as there is one. How many were made.
async fn work(app: Arc<App>, worker: Arc<str>, pace: Arc<Pace>, first: Leased) -> usize {
    let (mut held, mut made) = (Some(first), 0);
    while let Some(leased) = held.take() {
        let Some(outcome) = attempt(&app, &pace, &leased).await else { return made };
        made += 1;
        app.metrics.attempted(outcome.verdict);
        let worker = Arc::clone(&worker);
        let platform = leased.to.platform.clone();
        let noted = app.write(Caller::Job("deliveries"), move |tx| {
            webhooks::finish(tx, &leased, &worker, outcome)?;
            Ok(webhooks::lease(tx, &leased.to, &worker, 1)?.pop())
        });
        held = match pace.take(&platform, app.serves_several(), noted).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "an attempt could not be noted; it will be made again");
                None
            }
        };
    }
    made
}

/// Makes one attempt. Nothing comes of it when the database cannot be read or the endpoint was removed meanwhile.
async fn attempt(app: &Arc<App>, pace: &Pace, leased: &Leased) -> Option<Outcome> {
    let held = leased.clone();
    let prepared = app.read(move |rx| webhooks::prepare(rx, &held));
    let post = match pace.take(&leased.to.platform, app.serves_several(), prepared).await {
        Ok(post) => post,
        Err(Error::NotFound | Error::Unavailable(_)) => return None,
        Err(error) => {
            tracing::error!(%error, endpoint = %leased.to.endpoint, "a delivery cannot be prepared");
            return Some(failed(Verdict::Failed, "internal"));
        }
    };
    let Ok(headers) = headers(leased, &post) else { return Some(failed(Verdict::Failed, "internal")) };
    let answer = app.outbound.post(&post.url, headers, post.body.clone()).await;
    let outcome = match answer {
        Ok(answer) => judge(app, leased, &post, &answer),
        Err(Trouble::Timeout) => failed(Verdict::Strained, Trouble::Timeout.as_str()),
        Err(trouble) => failed(Verdict::Failed, trouble.as_str()),
    };
    tracing::debug!(
        endpoint = %leased.to.endpoint, event = %leased.event, attempt = leased.attempt, status = outcome.status,
        error = outcome.error, "an attempt was made"
    );
    Some(outcome)
}

const fn failed(verdict: Verdict, error: &'static str) -> Outcome {
    Outcome { verdict, status: None, error: Some(error), asked: None, response: None }
}

fn headers(leased: &Leased, post: &Post) -> std::result::Result<HeaderMap, InvalidHeaderValue> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(HeaderName::from_static("webhook-id"), leased.event.as_str().parse()?);
    headers.insert(HeaderName::from_static("webhook-timestamp"), post.timestamp.into());
    headers.insert(HeaderName::from_static("webhook-signature"), post.signature.parse()?);
    Ok(headers)
}

/// What an answer means. Only 2xx is success; the words of the answer are kept, and read where they must repeat a challenge.
fn judge(app: &Arc<App>, leased: &Leased, post: &Post, answer: &Answer) -> Outcome {
    let header = |name: HeaderName| answer.headers.get(name).and_then(|value| value.to_str().ok());
    let unwanted = header(HeaderName::from_static("webhook-delivery")) == Some("abort-message");
    let is_proof = post.challenge.as_ref().is_none_or(|word| webhooks::repeats(&answer.body, word));
    let (verdict, error) = match answer.status {
        200..=299 if is_proof => (Verdict::Taken, None),
        200..=299 => (Verdict::Failed, Some("challenge_not_repeated")),
        410 => (Verdict::Gone, Some("gone")),
        _ if unwanted => (Verdict::Unwanted, Some("not_wanted")),
        300..=399 => (Verdict::Failed, Some("redirect")),
        429 | 502 | 504 => (Verdict::Strained, Some("status")),
        _ => (Verdict::Failed, Some("status")),
    };
    let asked = header(RETRY_AFTER).and_then(|text| webhooks::retry_after(text, app.clock.now()));
    let words = String::from_utf8_lossy(&answer.body);
    let sealed = || post.key.seal("response", leased.id.as_str(), &words).ok();
    let response = if answer.body.is_empty() { None } else { sealed() };
    Outcome { verdict, status: Some(answer.status), error, asked, response }
}

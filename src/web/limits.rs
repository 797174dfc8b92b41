//! Limits: requests a second for each credential, by named policy, and the headers that tell of them
//! (draft-ietf-httpapi-ratelimit-headers-10).

use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::base::code::codes;
use crate::config::Limits;
use crate::error::Error;

codes! {
    /// A named limit.
    pub enum Policy {
        /// Calls that bring reports in.
        Ingest = "ingest",
        /// Calls that read.
        Read = "read",
        /// Batches.
        Bulk = "bulk",
        /// Token and sign-in calls.
        Token = "token",
        /// Calls of a colleague.
        Staff = "staff",
        /// Calls without a credential.
        Portal = "portal",
        /// Public pages.
        Public = "public",
        /// Token and sign-in calls of a whole network: names that are made up do not get round [`Self::Token`].
        Network = "network",
        /// Answers 401 to a network: whoever guesses credentials is slowed down, whatever they call.
        Refusals = "refusals",
    }
}

type Keyed = RateLimiter<String, DashMapStateStore<String>, DefaultClock, StateInformationMiddleware>;

struct Lane {
    quota: u32,
    state: Keyed,
}

/// Counts requests in this process.
pub struct Limiter {
    ingest: Lane,
    read: Lane,
    bulk: Lane,
    token: Lane,
    staff: Lane,
    portal: Lane,
    public: Lane,
    network: Lane,
    refusals: Lane,
    clock: DefaultClock,
}

impl std::fmt::Debug for Limiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Limiter")
    }
}

/// What a check found, for the headers of the answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verdict {
    policy: Policy,
    quota: u32,
    remaining: u32,
    /// Until a request passes again; nothing while requests pass.
    wait: Option<Duration>,
    /// Whether only the caller's own requests were counted.
    is_own: bool,
}

impl Limiter {
    /// A limiter with these quotas.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let lane = |quota: u32| {
            let each = NonZeroU32::new(quota).unwrap_or(NonZeroU32::MIN);
            let state = RateLimiter::dashmap(Quota::per_second(each)).with_middleware();
            Lane { quota: each.get(), state }
        };
        Self {
            ingest: lane(limits.ingest),
            read: lane(limits.read),
            bulk: lane(limits.bulk),
            token: lane(limits.token),
            staff: lane(limits.staff),
            portal: lane(limits.portal),
            public: lane(limits.public),
            // Of a network: many colleagues or servers may stand behind one address.
            network: lane(limits.token.saturating_mul(10)),
            refusals: lane(limits.portal.saturating_mul(10)),
            clock: DefaultClock::default(),
        }
    }

    const fn lane(&self, policy: Policy) -> &Lane {
        match policy {
            Policy::Ingest => &self.ingest,
            Policy::Read => &self.read,
            Policy::Bulk => &self.bulk,
            Policy::Token => &self.token,
            Policy::Staff => &self.staff,
            Policy::Portal => &self.portal,
            Policy::Public => &self.public,
            Policy::Network => &self.network,
            Policy::Refusals => &self.refusals,
        }
    }

    /// Counts a request of `key`.
    pub(super) fn check(&self, policy: Policy, key: &str) -> Verdict {
        let lane = self.lane(policy);
        let (remaining, wait) = match lane.state.check_key(&key.to_owned()) {
            Ok(snapshot) => (snapshot.remaining_burst_capacity(), None),
            Err(until) => (0, Some(until.wait_time_from(self.clock.now()))),
        };
        Verdict { policy, quota: lane.quota, remaining, wait, is_own: false }
    }

    /// Forgets who has not called for a while.
    pub fn forget_idle(&self) {
        let of_networks = [&self.portal, &self.public, &self.network, &self.refusals];
        for lane in [&self.ingest, &self.read, &self.bulk, &self.token, &self.staff].into_iter().chain(of_networks) {
            lane.state.retain_recent();
        }
    }
}

impl Verdict {
    /// The same, of a key that is the caller's own credential.
    pub(super) const fn of_own(self) -> Self {
        Self { is_own: true, ..self }
    }

    /// The same, of a key that others may share.
    pub(super) const fn of_others(self) -> Self {
        Self { is_own: false, ..self }
    }

    /// The refusal, when the request does not pass.
    pub(super) fn into_result(self) -> Result<(), Error> {
        match self.wait {
            None => Ok(()),
            Some(wait) => Err(Error::Throttled { policy: self.policy.as_str(), retry_after: wait }),
        }
    }

    /// Tells of the limit in the answer's headers. What is left of it is told to those alone whose own calls use it up: a
    /// number that a whole network shares would tell one reader behind a proxy what the others read, and a number that a
    /// name shares, when somebody signs in.
    pub(super) fn write(self, headers: &mut HeaderMap) {
        let name = self.policy.as_str();
        let wait = self.wait.map_or(1, whole_seconds);
        let policy = ("ratelimit-policy", format!("\"{name}\";q={};w=1", self.quota));
        let state = ("ratelimit", format!("\"{name}\";r={};t={wait}", self.remaining));
        for (header, value) in [Some(policy), Some(state).filter(|_| self.is_own)].into_iter().flatten() {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(header), value);
            }
        }
    }
}

/// Seconds for `Retry-After`: at least one, rounded up.
pub(super) fn whole_seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0).max(u64::from(span.as_secs() == 0))
}

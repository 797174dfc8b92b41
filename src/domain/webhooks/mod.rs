//! Telling platforms of their events: endpoints, what is signed and sent, when it is tried again, and what came of it.

mod credentials;
mod deliveries;
mod endpoints;
mod fan_out;
mod health;
mod held;
mod log;
mod payload;
mod proof;
mod replay;
mod replays;
mod schedule;
mod sign;
mod tables;

use crate::base::code::codes;

pub use credentials::{bring_back_secret, revoke_client, rotate_client, set_scopes};
pub use deliveries::{AT_ONCE, Due, Leased, Outcome, Post, Verdict, due, finish, lease, prepare};
pub use endpoints::{
    Created, Details, Endpoint, NewEndpoint, PublicKey, Rotated, create, enable, find, list, locked, remove, rotate,
    test,
};
pub use fan_out::{Behind, behind, catch_up};
pub use health::{Counts, counts};
pub use held::{Listed, Standing, disable, end_unheld, listed, owners};
pub use log::{Found, Wanted, has_unplaced, list_events, place};
pub use payload::{EventData, Payload};
pub use proof::{Challenge, ChallengeData, repeats};
pub use replay::{Attempted, forget_old, of_event, replay};
pub use replays::{NewReplay, Replaying, Wished, begin as begin_replay, page as replay_page, reckon, replaying};
pub use schedule::{ATTEMPTS, retry_after, wait};
pub(in crate::domain) use tables::TABLES;

/// How many endpoints a platform may have in each mode.
pub const MOST: usize = 10;

codes! {
    /// Whether an endpoint is called.
    pub enum EndpointState {
        /// It has not shown yet that it wants events: it is asked to, and sent nothing else.
        Unproved = "unproved",
        /// It is.
        Active = "active",
        /// It is not, until it is switched on again. What is owed to it waits.
        Disabled = "disabled",
    }
}

codes! {
    /// Why an endpoint is not called any more.
    pub enum DisabledReason {
        /// It answered 410.
        Gone = "gone",
        /// Nothing but failures for five days.
        Failing = "failing",
        /// No credential is left that could manage it or read events.
        NoCredential = "no_credential",
        /// Whoever runs the service switched it off.
        ByOperator = "by_operator",
    }
}

codes! {
    /// Where an event's way to an endpoint stands.
    pub enum DeliveryState {
        /// It will be tried, or tried again.
        Pending = "pending",
        /// The endpoint took it.
        Delivered = "delivered",
        /// Every attempt failed. It can be replayed.
        Failed = "failed",
    }
}

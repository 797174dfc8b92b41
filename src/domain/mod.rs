//! What Recourse exists for. Each room owns its types, rules, tables and queries; none of them knows HTTP.

pub mod access;
pub mod acknowledgement;
pub mod audit;
pub mod cases;
pub mod charts;
pub mod disclosure;
pub mod due;
pub mod editions;
pub mod events;
pub mod flows;
pub mod idempotency;
pub mod matching;
pub mod outbox;
pub mod paging;
pub mod platforms;
pub mod queues;
pub mod renewal;
pub mod reports;
pub mod requests;
pub mod soundness;
pub mod staff;
pub mod taxonomy;
pub mod terms;
pub mod triage;
pub mod vault;
pub mod watch;
pub mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use triage::Engine;
use vault::Keyring;

use crate::outbound::Rules;

/// What the operations work with beside the transaction.
#[derive(Debug)]
pub struct Kit {
    /// Seals, opens and indexes.
    pub keyring: Keyring,
    /// The triage rules in force.
    pub triage: Engine,
    /// How long the answers of idempotent calls are kept.
    pub idempotency_kept: Duration,
    /// Which URLs may be called.
    pub outbound: Arc<Rules>,
}

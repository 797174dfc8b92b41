//! What a unit of work carries.

use std::sync::Arc;
use std::time::Duration;

use super::triage::Engine;
use super::vault::Keyring;
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

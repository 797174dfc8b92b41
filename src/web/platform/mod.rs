//! The platform API: what a dating app's server calls.

mod batch;
mod events;
mod reports;
mod requests;
mod status;
mod token;
mod webhooks;

use super::idempotent::Scoped;
use super::row::Row;
use crate::base::id::CaseId;
use crate::domain::access::{self, Presented, Tenant};
use crate::domain::ledger::events::EventType;
use crate::domain::unit::{Entry, Unit};
use crate::error::rules::Form;
use crate::error::{Error, Result};

impl Scoped for Tenant {
    fn scope(&self) -> String {
        format!("{}:{}", self.platform, self.mode.as_str())
    }

    /// A platform's own reports stay its own.
    fn check_sight(&self, _: &mut Unit<'_>, _: &CaseId) -> Result<()> {
        Ok(())
    }
}

/// What platforms call.
pub(super) fn rows() -> Vec<Row> {
    let rooms = [
        token::rows(),
        status::rows(),
        reports::rows(),
        batch::rows(),
        requests::rows(),
        events::rows(),
        webhooks::rows(),
    ];
    rooms.into_iter().flatten().collect()
}

/// Lets the platform behind a token in.
fn enter(token: Presented) -> impl for<'e, 'u> FnOnce(&'e mut Entry<'u>) -> Result<(&'e mut Unit<'u>, Tenant)> + Send {
    move |entry| access::platform_acting(entry, &token)
}

/// So many types may be named.
const MOST_TYPES: usize = 100;

/// Refuses a list of types that names some again and again.
fn few(types: &[EventType]) -> Result<()> {
    if types.len() <= MOST_TYPES { Ok(()) } else { Err(Error::invalid("/types", Form::TooMany(MOST_TYPES))) }
}

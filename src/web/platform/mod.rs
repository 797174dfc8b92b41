//! The platform API: what a dating app's server calls.

mod batch;
mod events;
mod once;
mod reports;
mod requests;
mod status;
mod token;
mod webhooks;

use super::row::Row;
use crate::domain::ledger::events::EventType;
use crate::error::rules::Form;
use crate::error::{Error, Result};

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

/// So many types may be named.
const MOST_TYPES: usize = 100;

/// Refuses a list of types that names some again and again.
fn few_types(types: &[EventType]) -> Result<()> {
    if types.len() <= MOST_TYPES { Ok(()) } else { Err(Error::invalid("/types", Form::TooMany(MOST_TYPES))) }
}

//! What a platform is asked: at once, or when a second person has signed.

use super::acts::{self, Done};
use super::requests::{self, Agreement, NewRequest};
use super::review;
use crate::domain::access::{AskPlatform, Grant};
use crate::domain::unit::Unit;
use crate::error::Result;

/// Asks the platform, or proposes it when the request stands on two people's record.
///
/// # Errors
/// `Invalid` for each guard of a request that does not hold.
pub fn ask(tx: &mut Unit<'_>, grant: Grant<AskPlatform>, new: NewRequest) -> Result<Done> {
    let (mut case, who) = grant.into_parts();
    let report = requests::check(tx, &case, &who, &new)?;
    if new.agreement == Some(Agreement::TwoPerson) {
        // The second person approves what the first one saw: this report, whatever joins meanwhile.
        let new = NewRequest { report_id: Some(report), ..new };
        return acts::propose_request(tx, &case, &who, new).map(Done::Pending);
    }
    requests::make(tx, &mut case, &who.id, &new, report)?;
    review::note_act(tx, &mut case, &who)?;
    Ok(Done::Now(Box::new(case)))
}

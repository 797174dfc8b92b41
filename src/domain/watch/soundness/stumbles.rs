//! Rows that a job steps over because it cannot work on them.

use super::Finding;
use crate::domain::ledger::stumbles::{self, Why};
use crate::domain::unit::Look;
use crate::error::Result;

/// How many are named.
const NAMED: i64 = 100;

/// Rows that are in the way of a job.
///
/// # Errors
/// What the database says.
pub fn stepped_over(rx: &mut Look<'_>) -> Result<Vec<Finding>> {
    let finding = |(job, row, why): (String, String, Why)| Finding {
        code: "stepped_over",
        table: "stumbles",
        id: format!("{job} {row}"),
        detail: match why {
            Why::Locked => {
                "the job met it locked, or the database away or full: look for a session that does not end, and for room \
                 on its disk; the job tries it again, after five minutes at the latest"
            }
            Why::Damaged => {
                "something sealed in it does not open, so the job cannot work on it: put it back from a backup; the job \
                 tries it again, after five minutes at the latest"
            }
            Why::Fault => {
                "the job cannot work on it: mend what else is named here of it, and where nothing is, the log says why; \
                 the job tries it again, after five minutes at the latest"
            }
        },
    };
    Ok(stumbles::all(rx, NAMED)?.into_iter().map(finding).collect())
}

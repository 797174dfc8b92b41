//! What was told to others without her consent: the safeguarding lead hears of it now.

use super::owed::{self, Job};
use super::{Call, Rung, call};
use crate::base::id::NoteId;
use crate::domain::case::Case;
use crate::domain::terms::Mode;
use crate::domain::unit::Unit;
use crate::error::Result;

/// Rings for the safeguarding lead, and owes word by mail besides, since a claim ends an alarm before it has rung. Trials wake
/// nobody.
pub(in crate::domain) fn tell_of_disclosure(tx: &mut Unit<'_>, case: &Case, note: &NoteId) -> Result<()> {
    if case.mode == Mode::Test {
        return Ok(());
    }
    let now = tx.now();
    call(tx, case, Call { reason: "emergency_disclosure", at: now, least: Rung::SafeguardingLead })?;
    owed::owe(tx, &Job::TellOfDisclosure { case: case.id.clone() }, now, Some(&format!("disclosure:{note}")))
}

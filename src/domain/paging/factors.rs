//! Second factors that were closed: who is told. None of it says more than that somebody cannot sign in.

use super::owed::{self, Job, Notice, write_to};
use crate::base::id::StaffId;
use crate::domain::people::staff::{self, Role};
use crate::domain::unit::Unit;
use crate::error::Result;

/// Owes word to whoever it is, to the safeguarding leads and to the operator: somebody has typed ten wrong codes after the
/// right password, and only they know whether it was they.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn tell_of_closed_factor(tx: &mut Unit<'_>, id: &StaffId) -> Result<()> {
    write_to(tx, id, Notice::FactorClosed, None)?;
    let leads = staff::list(tx)?.into_iter().filter(|who| who.role == Role::SafeguardingLead && who.id != *id);
    for lead in leads {
        write_to(tx, &lead.id, Notice::ColleagueShutOut, None)?;
    }
    let now = tx.now();
    let key = format!("factor:{id}:{}:operator", now.micros());
    owed::owe(tx, &Job::TellOperatorOfClosedFactor { staff: id.clone() }, now, Some(&key))
}

/// Owes word to whoever it is: if they have asked nobody to open it, somebody else has.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn tell_of_open_factor(tx: &mut Unit<'_>, id: &StaffId) -> Result<()> {
    write_to(tx, id, Notice::FactorOpen, None)
}

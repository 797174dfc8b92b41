//! Walls that somebody met: who is told.

use super::owed::{self, Job, Notice};
use crate::base::id::CaseId;
use crate::base::secret::Sensitive;
use crate::domain::access;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::people::staff;
use crate::domain::unit::{Entry, Unit};
use crate::domain::vault::Owner;
use crate::error::Result;

/// Owes word to the safeguarding lead when somebody was turned away from a case by a wall. Called after a "not found", in
/// a transaction of its own, because the first one was rolled back; it changes nothing that the caller sees.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn note_wall(entry: &mut Entry<'_>, bearer: &Sensitive<String>, id: &CaseId) -> Result<()> {
    let Some((tx, staff)) = access::walled(entry, bearer, id)? else { return Ok(()) };
    let (now, key) = (tx.now(), format!("wall:{staff}:{id}"));
    audit::record(tx, Owner::case(id), Event::WallMet { staff })?;
    owed::owe(tx, &Job::TellOfWall { case: id.clone() }, now, Some(&key))
}

/// Owes word of a wall that was met: to the safeguarding leads who may know of the case, else to the operator. To hear
/// of it would tell whoever it names that there is such a case.
///
/// # Errors
/// What the database says.
pub fn tell_of_wall(tx: &mut Unit<'_>, case: &CaseId, key: &str) -> Result<()> {
    let (now, with_mail) = (tx.now(), staff::with_mail(tx)?);
    let mut nobody = true;
    for who in staff::list(tx)?.into_iter().filter(|who| who.role == staff::Role::SafeguardingLead) {
        if with_mail.contains(who.id.as_str()) && !staff::is_walled(tx, &who.id, case)? {
            nobody = false;
            let mail = Job::Mail { staff: who.id.clone(), notice: Notice::Wall };
            owed::owe(tx, &mail, now, Some(&format!("{key}:{}", who.id)))?;
        }
    }
    if nobody {
        owed::owe(tx, &Job::TellOperatorOfWall, now, Some(&format!("{key}:operator")))?;
    }
    Ok(())
}

//! An urgent case that one colleague offers to another: who is offered it is called as an alarm would call them.

use super::owed::{self, Job, Notice};
use super::{Event, Owner, Rung, audit};
use crate::base::id::{CaseId, StaffId};
use crate::base::time::Timestamp;
use crate::domain::people::staff;
use crate::domain::unit::Unit;
use crate::error::Result;

/// Owes the pager of an offer, and a mail where they have an address. Whom it calls stands in the case's record.
pub(in crate::domain) fn call_for_offer(
    tx: &mut Unit<'_>,
    case: &CaseId,
    to: &StaffId,
    until: Timestamp,
) -> Result<()> {
    let (now, case) = (tx.now(), case.clone());
    let told = i64::from(staff::with_mail(tx)?.contains(to.as_str()));
    owed::owe(tx, &Job::Offer { case: case.clone(), staff: to.clone(), until, told }, now, None)?;
    owed::write_to(tx, to, Notice::Offer { case: case.clone(), until }, None)?;
    let (reason, people) = ("handed_over".to_owned(), vec![to.clone()]);
    audit::record(tx, Owner::case(&case), Event::OnCallPaged { reason, rung: Rung::OnCall.as_str(), people })
}

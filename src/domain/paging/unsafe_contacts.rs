//! Contact that was made by a way that was not known to be safe: the safeguarding lead hears of it now.

use super::owed::{self, Job, Notice};
use super::{Call, Rung, call};
use crate::base::id::{CaseId, NoteId};
use crate::domain::access::{self, Act};
use crate::domain::case::{self, Case};
use crate::domain::people::staff::{self, Role};
use crate::domain::terms::Mode;
use crate::domain::unit::Unit;
use crate::error::{Error, Result};

/// Rings for the safeguarding lead, and owes word by mail besides: a claim, or the end of the case, ends an alarm before it
/// has rung, and a case that is closed has none. Trials wake nobody.
pub(in crate::domain) fn tell_of_unsafe_contact(tx: &mut Unit<'_>, case: &Case, note: &NoteId) -> Result<()> {
    if case.mode == Mode::Test {
        return Ok(());
    }
    let now = tx.now();
    if case.state.is_open() {
        call(tx, case, Call { reason: "unsafe_contact", at: now, least: Rung::SafeguardingLead })?;
    }
    owed::owe(tx, &Job::TellOfUnsafeContact { case: case.id.clone() }, now, Some(&format!("unsafe_contact:{note}")))
}

/// Owes the mails: to the safeguarding leads who may know of the case, else to the operator.
///
/// # Errors
/// What the database says.
pub fn write_of_unsafe_contact(tx: &mut Unit<'_>, case: &CaseId, key: &str) -> Result<()> {
    let (now, with_mail) = (tx.now(), staff::with_mail(tx)?);
    let kept_off = access::kept_off(tx, case)?;
    let found = match case::find(tx, case) {
        Err(error @ Error::Unavailable(_)) => return Err(error),
        // What cannot be read is told all the same.
        found => found.unwrap_or_default(),
    };
    let may_know = |who: &staff::Member| {
        !kept_off.contains(&who.id) && found.as_ref().is_none_or(|case| access::may(who, case, Act::Read))
    };
    let mut nobody = true;
    for who in staff::list(tx)?.into_iter().filter(|who| who.role == Role::SafeguardingLead && may_know(who)) {
        if with_mail.contains(who.id.as_str()) {
            nobody = false;
            let mail = Job::Mail { staff: who.id.clone(), notice: Notice::UnsafeContact };
            owed::owe(tx, &mail, now, Some(&format!("{key}:{}", who.id)))?;
        }
    }
    if nobody {
        owed::owe(tx, &Job::TellOperatorOfUnsafeContact, now, Some(&format!("{key}:operator")))?;
    }
    Ok(())
}

//! How she may be reached, for a form by which a contact is recorded.

use crate::domain::access::{self, Act, Grant, Read, Sight};
use crate::domain::case::Case;
use crate::domain::casework::{self, ContactInForce, wishes};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::{Error, Forbidden, Result};

/// How she may be reached by what is known now. It may be shown when [`record_contact`] has put the look on record.
///
/// # Errors
/// `Forbidden` for roles that read nothing of what people said.
pub fn contact(rx: &mut Look<'_>, sight: &Sight) -> Result<ContactInForce> {
    if !access::allows(sight.who().role, sight.case().queue, Act::ReadContent) {
        return Err(Error::Forbidden(Forbidden::Role));
    }
    wishes::in_force(rx, &sight.case().id)
}

/// Puts on record that somebody reads how she may be reached, and renews the claim of whoever holds the case. Nobody has read by it
/// all that was said.
///
/// # Errors
/// `Forbidden` as [`contact`].
pub fn record_contact(tx: &mut Unit<'_>, grant: Grant<Read>) -> Result<Case> {
    let (case, who) = (grant.case(), grant.who());
    if !access::allows(who.role, case.queue, Act::ReadContent) {
        return Err(Error::Forbidden(Forbidden::Role));
    }
    let event = Event::CaseRead { role: who.role.as_str(), content: true, part: Some("contact") };
    audit::record(tx, Owner::case(&case.id), event)?;
    casework::keep_if_held(tx, grant)
}

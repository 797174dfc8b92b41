//! What the form of a case is made of: read once for each time that it is shown.

use std::collections::BTreeMap;

use super::super::seat::Seated;
use super::Leaf;
use super::referrals::Handed;
use crate::base::id::{NoteId, StaffId};
use crate::base::page::Limit;
use crate::base::time::Timestamp;
use crate::domain::access::{Act, Grant, Read, Sight, allows};
use crate::domain::case::Case;
use crate::domain::casefile::{self, timeline};
use crate::domain::casework::colleagues::{self, Taker};
use crate::domain::casework::offers::{self, OfferView};
use crate::domain::casework::owed_words::OwedWordView;
use crate::domain::casework::{self, ContactInForce};
use crate::domain::people::{platforms, staff};
use crate::domain::referrals;
use crate::domain::unit::{Look, Unit};
use crate::error::{Error, Forbidden, Result};

/// A case as a form knows it.
pub(super) struct Facts {
    pub(super) seated: Seated,
    pub(super) case: Case,
    pub(super) names: BTreeMap<StaffId, String>,
    pub(super) platform: String,
    /// How she may be reached, for the form that asks by which way somebody was in contact.
    pub(super) contact: Option<ContactInForce>,
    /// To whom it can be handed, for the form that asks that.
    pub(super) takers: Vec<Taker>,
    /// Which outcomes are true now, and why not the others, for the form that closes.
    pub(super) outcomes: Vec<OfferView>,
    /// What was told to others without her consent, and nobody else has looked at, for the form that says that somebody has.
    pub(super) disclosures: Vec<(NoteId, Timestamp)>,
    /// What she is owed to know and was not told, for the form that says that she was.
    pub(super) owed: Vec<OwedWordView>,
    /// What is handed over, and what she agreed to, for the forms of that.
    pub(super) handed: Option<Handed>,
    /// What happened since the form was made, and the number of the record's last event.
    pub(super) since: timeline::TimelineList,
}

/// Reads it. `seen` is the number of the last event that the form was made with; nothing when it is made now.
///
/// # Errors
/// `Forbidden` for roles that do nothing with cases: they may leave one all the same, in which they know somebody.
pub(super) fn read(rx: &mut Look<'_>, sight: &Sight, leaf: Leaf, seen: Option<i64>) -> Result<Facts> {
    let (case, who) = (sight.case().clone(), sight.who());
    if leaf != Leaf::Pass && !allows(who.role, case.queue, Act::WriteNote) {
        return Err(Error::Forbidden(Forbidden::Role));
    }
    let platform = platforms::get(rx, &case.platform_id)?;
    let contact = if leaf == Leaf::Contact { Some(casefile::contact(rx, sight)?) } else { None };
    let disclosures = if leaf == Leaf::Note { casework::unreviewed_disclosures(rx, &case.id)? } else { Vec::new() };
    let owed = if leaf == Leaf::Contact { referrals::list(rx, sight)?.to_tell } else { Vec::new() };
    let takers = if leaf == Leaf::HandOver {
        colleagues::takers(rx, sight, None, Limit::coerce(Some(100)))?.data
    } else {
        Vec::new()
    };
    let outcomes = if leaf == Leaf::Decide { offers::offers(rx, sight)?.data } else { Vec::new() };
    Ok(Facts {
        seated: Seated::of(rx, who),
        names: staff::every_name(rx)?,
        platform: platform.map_or_else(String::new, |platform| platforms::shown(&platform.name, &platform.slug)),
        since: timeline::since(rx, sight, seen.unwrap_or(i64::MAX))?,
        handed: None,
        disclosures,
        owed: owed.into_iter().filter(|one| one.told_at.is_none()).collect(),
        contact,
        takers,
        outcomes,
        case,
    })
}

/// Keeps the claim of whoever holds the case, and puts on record what was read of what she said.
pub(super) fn record(tx: &mut Unit<'_>, grant: Grant<Read>, facts: Facts) -> Result<Facts> {
    let case =
        if facts.contact.is_some() { casefile::record_contact(tx, grant)? } else { casework::keep_if_held(tx, grant)? };
    Ok(Facts { case, ..facts })
}

//! A consent at the moment of its use: what of it holds, by its row and by the record. Whoever can write to the database alone
//! can take away a row that says what she took back; the record of the case says it all the same.

use std::collections::BTreeSet;

use super::kept::{self, Consent};
use super::{ConsentState, Share};
use crate::base::id::{CaseId, ConsentId, ServiceId};
use crate::base::time::Timestamp;
use crate::domain::casework;
use crate::domain::ledger::audit;
use crate::domain::terms::words::YesNoUnknown;
use crate::domain::unit::Look;
use crate::domain::vault::Owner;
use crate::error::Result;

/// What of a consent holds now.
pub(in crate::domain::referrals) struct Used {
    /// To which service she gave it.
    pub(in crate::domain::referrals) service: ServiceId,
    /// Which may be asked in its place, in order.
    pub(in crate::domain::referrals) fallbacks: Vec<ServiceId>,
    /// What may be given.
    pub(in crate::domain::referrals) scopes: Vec<Share>,
    /// When she gave it.
    pub(in crate::domain::referrals) given_at: Timestamp,
    /// Whether she was alone.
    pub(in crate::domain::referrals) alone: YesNoUnknown,
}

impl Used {
    /// Whether the service may be given it: the one that she named first, or one that may be asked in its place.
    pub(in crate::domain::referrals) fn covers(&self, service: &ServiceId) -> bool {
        self.service == *service || self.fallbacks.contains(service)
    }
}

/// A consent of a case, if it holds now.
///
/// # Errors
/// What the database says.
pub(in crate::domain::referrals) fn in_force(rx: &mut Look<'_>, case: &CaseId, id: &ConsentId) -> Result<Option<Used>> {
    let wished_at = casework::marks(rx, case)?.withdrawal_wished_at;
    standing(rx, case, id, wished_at)
}

/// A consent of a case, if she has not taken it back and it has not expired: what a wish of hers that came through an app does not
/// end. A service that has it already is told to check before any contact.
///
/// # Errors
/// What the database says.
pub(in crate::domain::referrals) fn in_force_whatever_is_wished(
    rx: &mut Look<'_>,
    case: &CaseId,
    id: &ConsentId,
) -> Result<Option<Used>> {
    standing(rx, case, id, None)
}

fn standing(rx: &mut Look<'_>, case: &CaseId, id: &ConsentId, wished_at: Option<Timestamp>) -> Result<Option<Used>> {
    let now = rx.now();
    let Some(consent) = kept::find(rx, case, id)? else { return Ok(None) };
    let standing = consent.standing(wished_at, now);
    if standing.state != ConsentState::InForce {
        return Ok(None);
    }
    let Some(scopes) = left_by_record(rx, case, id, standing.scopes)? else { return Ok(None) };
    Ok(used(&consent, scopes))
}

fn used(consent: &Consent, scopes: Vec<Share>) -> Option<Used> {
    let kept = consent.kept()?;
    Some(Used {
        service: kept.service().clone(),
        fallbacks: kept.fallbacks().to_vec(),
        scopes,
        given_at: kept.given_at(),
        alone: kept.alone(),
    })
}

/// What the record leaves of these scopes; nothing where it says that she took back all of it.
fn left_by_record(
    rx: &mut Look<'_>,
    case: &CaseId,
    id: &ConsentId,
    mut scopes: Vec<Share>,
) -> Result<Option<Vec<Share>>> {
    for event in audit::of_kinds(rx, &Owner::case(case), &["consent_narrowed", "consent_withdrawn"])? {
        let of = |member: &str| event.details.get(member).and_then(|value| value.as_str());
        if of("consent") != Some(id.as_str()) {
            continue;
        }
        if event.kind == "consent_withdrawn" {
            return Ok(None);
        }
        let left: BTreeSet<&str> = of("scopes").unwrap_or_default().split(' ').collect();
        scopes.retain(|scope| left.contains(scope.as_str()));
    }
    Ok(Some(scopes).filter(|scopes| !scopes.is_empty()))
}

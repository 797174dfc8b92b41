//! What stands in the way of a hand-over: looked at when it is drafted, and all of it again in the transaction that sends it.

use super::consents::{self, Share, Used};
use super::kept::{Basis, Kept};
use super::shape::{Sheet, forbidden};
use crate::base::id::{ConsentId, ServiceId};
use crate::base::time::Timestamp;
use crate::domain::access::Acting;
use crate::domain::case::Case;
use crate::domain::casework;
use crate::domain::casework::wishes;
use crate::domain::directory::{self, Doubt, Kind, Mark, Open, Service, WayIn};
use crate::domain::people::partners::{self, accounts};
use crate::domain::people::staff::Role;
use crate::domain::terms::Mode;
use crate::domain::terms::identifiers::service_wall_digest;
use crate::domain::triage::{Phase, Priority, Signal};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Damaged;
use crate::error::rules::Referring;
use crate::error::{Conflict, Error, Result};

/// The consent on which a hand-over to this service rests, as it holds now.
pub(super) fn consent(rx: &mut Look<'_>, case: &Case, consent: &ConsentId, service: &ServiceId) -> Result<Used> {
    let used = consents::in_force(rx, &case.id, consent)?.filter(|used| used.covers(service));
    used.ok_or_else(|| Error::invalid("/consent_id", Referring::NotInForce))
}

/// A service that can be given this case now.
///
/// # Errors
/// `Invalid` at `/service_id`.
pub(super) fn service(rx: &mut Look<'_>, case: &Case, id: &ServiceId) -> Result<Service> {
    let refused = |rule| Err(Error::invalid("/service_id", rule));
    let found = directory::find(rx, id)?.filter(|service| service.entry.kind != Kind::SelfConcern);
    let Some(service) = found else { return refused(Referring::UnknownService) };
    let now = rx.now();
    if service.doubts(now).iter().any(|doubt| matches!(doubt, Doubt::NoWayIn)) {
        return refused(Referring::NobodyReceives);
    }
    if !service.doubts(now).is_empty() {
        return refused(Referring::NotReferable);
    }
    if !receives(rx, case, &service)? {
        return refused(Referring::NobodyReceives);
    }
    if service.declared.stand_before(rx, &case.id)? {
        return refused(Referring::Conflict);
    }
    if service.is_full(now) {
        return refused(Referring::Full);
    }
    let trained = service.entry.has(Mark::TrainedForChildren) && service.entry.ages.meet(0, 17);
    let fits = if case.child { trained } else { service.entry.kind != Kind::Child };
    if fits { Ok(service) } else { refused(Referring::NotForHer) }
}

/// Whether this colleague declared that they, or somebody close to them, work there.
pub(super) fn knows_nobody_there(rx: &Look<'_>, who: &Acting, service: &ServiceId) -> Result<()> {
    if who.walls().hold(&service_wall_digest(&rx.kit().keyring, service)) {
        return Err(Error::invalid("/service_id", Referring::Conflict));
    }
    Ok(())
}

/// Whether somebody of the service can receive a hand-over: who is rung, a machine of theirs with a credential that counts, or
/// somebody there with an account that can come in. Trials are for machines alone.
pub(super) fn receives(rx: &mut Look<'_>, case: &Case, service: &Service) -> Result<bool> {
    let has = |way: WayIn| service.entry.ways_in.contains(&way);
    if has(WayIn::Phone) || has(WayIn::Api) && partners::receives(rx, &service.id, case.mode)? {
        return Ok(true);
    }
    let by_inbox = has(WayIn::Inbox) && case.mode == Mode::Live;
    // Whoever said whom they know by older rules is shown nothing.
    Ok(by_inbox && accounts::who_can_come_in(rx, &service.id)?.iter().any(|one| !directory::is_outdated(one)))
}

/// Whether the contact sheet is one to rely on now.
pub(super) fn sheet(rx: &mut Look<'_>, case: &Case, kept: &Kept, sheet: &Sheet) -> Result<()> {
    let now = rx.now();
    if !sheet.is_fresh(now) {
        let hours = super::shape::CONFIRMED.as_secs() / 3_600;
        return Err(Error::invalid("/sheet/confirmed_at", Referring::Confirmed(hours)));
    }
    let wishes = wishes::in_force(rx, &case.id)?;
    let is_forbidden = !kept.she_changed_this && !forbidden(sheet, &wishes, &kept.place.country).is_empty();
    if is_forbidden { Err(Error::invalid("/sheet/channels", Referring::Forbidden)) } else { Ok(()) }
}

/// Whether nobody is there until after the answer is due, of what cannot wait.
pub(super) fn is_closed_till_late(rx: &Look<'_>, case: &Case, service: &Service) -> bool {
    let now = rx.now();
    let due = now.plus(rx.kit().referrals.span(Phase::Answer, case.priority));
    let opening = service.opening(now);
    case.priority <= Priority::P1 && opening.now == Open::No && opening.opens_at.is_none_or(|at| at > due)
}

/// Whether the two have reported each other, as far as anybody knows; where nobody can say, they have.
pub(super) fn is_mirrored(rx: &mut Look<'_>, case: &Case) -> Result<bool> {
    match casework::facts(rx, &case.id) {
        Ok(facts) => Ok(facts.is_some_and(|facts| facts.signals.contains(&Signal::MirrorReports))),
        Err(error) if Damaged::is(&error) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Whether this colleague may send what the two have reported each other for.
pub(super) fn may_send_mirrored(rx: &mut Look<'_>, case: &Case, who: &Acting) -> Result<()> {
    let is_lead = matches!(who.role, Role::Lead | Role::SafeguardingLead);
    if is_lead || !is_mirrored(rx, case)? {
        return Ok(());
    }
    Err(Error::invalid("/service_id", Referring::MirrorReports))
}

/// Whether the settings name the documents without which nothing real is sent.
pub(super) fn policy(tx: &Unit<'_>, case: &Case) -> Result<()> {
    if case.mode == Mode::Live && !tx.kit().policy_is_named { Err(Conflict::NoPolicy.into()) } else { Ok(()) }
}

/// On what a sending stands (domain.md 5.6): of a child safeguarding, of an adult support and counselling; and what is said of
/// somebody's crimes on the prevention of them.
pub(super) fn basis(case: &Case, scopes: &[Share]) -> Basis {
    let (general, special) = if case.child {
        ("recognised_legitimate_interest_safeguarding", "schedule_1_paragraph_18_safeguarding")
    } else {
        ("legitimate_interests", "schedule_1_paragraph_17_counselling")
    };
    let accuses = scopes.iter().any(|scope| matches!(scope, Share::Statement | Share::Answers | Share::Subject));
    let criminal = if accuses { "schedule_1_paragraph_10_unlawful_acts" } else { "none" };
    Basis { general: general.to_owned(), special: special.to_owned(), criminal: criminal.to_owned() }
}

/// Whether nothing of the case has come in since then.
pub(super) fn is_unchanged_since(case: &Case, at: Timestamp) -> bool {
    case.content_at <= at
}

//! One hand-over of a service: whether it is there for it, and what of it is shown now.

use diesel::dsl::max;
use diesel::prelude::*;

use super::super::consents::{self, Share};
use super::super::kept::{self, Referral};
use super::super::shape::{HandOver, Place, Sheet};
use super::super::state::State;
use super::Handed;
use crate::base::id::{CaseId, PartnerClientId, ReferralId, ServiceId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::referrals as table;
use crate::domain::access::{Agent, Partner};
use crate::domain::case;
use crate::domain::case::{Case, clocks};
use crate::domain::casework;
use crate::domain::directory::{self, Service};
use crate::domain::ledger::audit;
use crate::domain::people::partners::{self, accounts};
use crate::domain::terms::Mode;
use crate::domain::triage::Phase;
use crate::domain::unit::{Look, Unit};
use crate::error::{Error, Forbidden, Result};

/// After its end a service sees for so long what was closed.
const AFTER_CLOSE: std::time::Duration = std::time::Duration::from_hours(14 * 24);

/// A hand-over that its service may have, and its case. Nothing outside this room can make one.
pub(in crate::domain) struct Held {
    pub(in crate::domain) case: Case,
    pub(super) referral: Referral,
    service: Service,
}

/// What of a hand-over its service is shown now.
pub(in crate::domain) struct Shown {
    /// What she agrees to at this moment.
    pub(in crate::domain) scopes: Vec<Share>,
    /// What had come in by then, by the ids of reports and additions.
    pub(in crate::domain) shared: Vec<String>,
    pub(in crate::domain) shared_until: Timestamp,
    /// Whether it cannot wait for the next working day.
    pub(in crate::domain) time_critical: bool,
    /// Who makes the first contact.
    pub(in crate::domain) handover: HandOver,
    /// The word that she says.
    pub(in crate::domain) word: Option<String>,
    /// Where she says she is.
    pub(in crate::domain) place: Place,
    pub(in crate::domain) sheet: Option<Sheet>,
    pub(in crate::domain) summary: Option<String>,
}

silent! { Held Shown }

/// A hand-over as its row says: the place in the order of ids nearest to the one that was asked for.
struct Near {
    id: ReferralId,
    case: CaseId,
    service: ServiceId,
    mode: Mode,
    is_sent: bool,
}

type NearRow = (Perhaps<ReferralId>, Perhaps<CaseId>, Perhaps<ServiceId>, Perhaps<Mode>, Perhaps<Option<Timestamp>>);

/// The case of a hand-over of this service. A row is read and its case's names are compared whatever comes of it, another's where
/// there is none with this id: time does not tell a wall, or another service's, from one that is not there.
fn case_of(rx: &mut Look<'_>, who: &Partner, service: &Service, id: &ReferralId) -> Result<CaseId> {
    let last: Perhaps<Option<ReferralId>> = table::table.select(max(table::id)).first(rx.conn())?;
    let place = last.0.flatten().filter(|last| last < id).unwrap_or_else(|| id.clone());
    let near: Option<NearRow> = table::table
        .filter(table::id.ge(place))
        .order(table::id)
        .select((table::id, table::case_id, table::service_id, table::mode, table::sent_at))
        .first(rx.conn())
        .optional()?;
    let near = near.and_then(|(id, case, service, mode, sent_at)| {
        let is_sent = sent_at.0?.is_some();
        Some(Near { id: id.0?, case: case.0?, service: service.0?, mode: mode.0?, is_sent })
    });
    let Some(near) = near else { return Err(Error::NotFound) };
    let hidden = service.declared.stand_before(rx, &near.case)?;
    let is_theirs = near.id == *id && near.service == who.service && near.mode == who.mode && near.is_sent;
    if is_theirs && !hidden { Ok(near.case) } else { Err(Error::NotFound) }
}

/// The service with its walls, and those of whoever comes from there. What was handed over is read by nobody who has not said whom they
/// know.
///
/// # Errors
/// `DeclareFirst`; `NotFound` for a service that there is not.
pub(super) fn service_of(rx: &mut Look<'_>, who: &Partner) -> Result<Service> {
    let mut service = directory::find(rx, &who.service)?.ok_or(Error::NotFound)?;
    if let Agent::Person(account) = &who.agent {
        if account.declared_at.is_none() {
            return Err(Error::Forbidden(Forbidden::DeclareFirst));
        }
        service.declared = service.declared.and(account);
    }
    Ok(service)
}

/// A hand-over of this service, for reading.
///
/// # Errors
/// `DeclareFirst` for somebody who has not said whom they know; `NotFound` where there is none of this id for this service and mode, or a wall stands before it.
pub(in crate::domain) fn held(rx: &mut Look<'_>, who: &Partner, id: &ReferralId) -> Result<Held> {
    let service = service_of(rx, who)?;
    let case = case_of(rx, who, &service, id)?;
    let case = case::find(rx, &case)?.ok_or(Error::NotFound)?;
    of(rx, who, id, case, service)
}

/// Where a hand-over of this service stands: no word of anybody.
///
/// # Errors
/// As [`held`].
pub fn standing(rx: &mut Look<'_>, who: &Partner, id: &ReferralId) -> Result<Handed> {
    held(rx, who, id)?.handed(rx)
}

/// The same for changing it: its case is locked until the transaction ends.
pub(super) fn locked(tx: &mut Unit<'_>, who: &Partner, id: &ReferralId) -> Result<Held> {
    let service = service_of(tx, who)?;
    let case = case_of(tx, who, &service, id)?;
    let case = case::find_locked(tx, &case)?.ok_or(Error::NotFound)?;
    // Whoever had it locked may have added a name.
    if service.declared.stand_before(tx, &case.id)? {
        return Err(Error::NotFound);
    }
    of(tx, who, id, case, service)
}

fn of(rx: &mut Look<'_>, who: &Partner, id: &ReferralId, case: Case, service: Service) -> Result<Held> {
    let found = kept::find(rx, &case.id, id)?;
    // What is sealed of it counts: a row that somebody moved to another service, mode or state opens to nobody.
    let is_theirs = |referral: &Referral| {
        let is_sent = referral.sent_at.is_some() && referral.service == who.service;
        is_sent && referral.mode == who.mode && case.mode == who.mode && referral.kept.is_some()
    };
    let referral = found.filter(is_theirs).ok_or(Error::NotFound)?;
    Ok(Held { case, referral, service })
}

/// Whether the service may still have it: what a repeated answer asks before it is given again.
///
/// # Errors
/// As [`held`].
pub fn check(rx: &mut Look<'_>, who: &Partner, id: &ReferralId) -> Result<()> {
    held(rx, who, id).map(drop)
}

impl Held {
    /// It, as it stands in the list.
    pub(in crate::domain) fn handed(&self, rx: &mut Look<'_>) -> Result<Handed> {
        let mut handed = Handed::of(&self.case, &self.referral);
        let due = clocks::of_referrals(rx, std::slice::from_ref(&handed.id))?;
        handed.expect(&due);
        Ok(handed)
    }

    /// Whether the service owes the word that no copy is left: of all of it, or of what she took back.
    pub(in crate::domain) fn owes_acknowledgement(&self, rx: &mut Look<'_>) -> Result<bool> {
        let all = clocks::of_case(rx, &self.case.id)?;
        let mine = |clock: &&clocks::Clock| clock.referral_id.as_ref() == Some(&self.referral.id) && clock.runs();
        Ok(all.iter().filter(mine).any(|clock| clock.phase == Some(Phase::Acknowledgement)))
    }

    /// Whether what may be her wish to withdraw has come in since it was sent, and the service may yet contact her.
    pub(in crate::domain) fn is_wished_back(&self, rx: &mut Look<'_>) -> Result<bool> {
        let wished = casework::marks(rx, &self.case.id)?.withdrawal_wished_at;
        let since = self.referral.sent_at.is_some_and(|sent| wished.is_some_and(|at| at >= sent));
        Ok(since && self.referral.state.is_living())
    }

    fn is_agreed(&self, now: Timestamp) -> bool {
        self.service.entry.agreement.as_ref().is_some_and(|agreement| now < agreement.until)
    }

    /// Whether it is for them: nobody has taken it on yet, or they may open what was.
    pub(in crate::domain) fn is_for(&self, rx: &mut Look<'_>, who: &Partner) -> Result<bool> {
        let accepter = self.referral.kept.as_ref().and_then(|kept| kept.accepter.as_deref());
        match accepter.filter(|_| !self.referral.state.is_open()) {
            Some(accepter) => may_open(rx, who, accepter),
            None => Ok(true),
        }
    }

    /// Whether they are who took it on: the person, or the machine, of whichever credential.
    pub(super) fn is_accepted_by(&self, who: &Partner) -> bool {
        let accepter = self.referral.kept.as_ref().and_then(|kept| kept.accepter.as_deref());
        let both_machines =
            |accepter: &str| accepter.parse::<PartnerClientId>().is_ok() && matches!(who.agent, Agent::Machine(_));
        accepter.is_none_or(|accepter| accepter == who.agent.id() || both_machines(accepter))
    }

    /// What is shown of it now: nothing after a decline, an expiry or a withdrawal, nothing without a living agreement or what she
    /// agreed to, and after its close for fourteen days.
    pub(in crate::domain) fn shown(&self, rx: &mut Look<'_>, who: &Partner) -> Result<Option<Shown>> {
        let (referral, now) = (&self.referral, rx.now());
        let is_open = match referral.state {
            State::Sent | State::Received | State::Accepted | State::Contacted | State::UnableToContact => true,
            State::Closed => referral.ended_at.is_some_and(|at| now < at.plus(AFTER_CLOSE)),
            State::Drafted | State::Withdrawn | State::Declined | State::Expired => false,
        };
        let Some(kept) = referral.kept.clone().filter(|_| is_open && self.is_agreed(now)) else { return Ok(None) };
        if !self.is_for(rx, who)? {
            return Ok(None);
        }
        // What she took back stands in the record of her case: one that somebody changed says nothing of it.
        if !audit::is_whole(rx, self.case.id.as_str())? {
            tracing::error!(case = %self.case.id, "the record of a case was changed, and nothing of it is shown to a service");
            return Ok(None);
        }
        let Some(used) = consents::in_force_whatever_is_wished(rx, &self.case.id, &referral.consent)? else {
            return Ok(None);
        };
        if !used.covers(&referral.service) {
            return Ok(None);
        }
        let has = |scope: Share| used.scopes.contains(&scope);
        Ok(Some(Shown {
            shared: kept.shared,
            shared_until: kept.shared_until,
            sheet: if has(Share::Identity) || has(Share::Contact) { referral.sheet(rx)? } else { None },
            summary: if has(Share::Statement) { referral.summary(rx)? } else { None },
            scopes: used.scopes,
            time_critical: kept.time_critical,
            handover: kept.handover,
            word: kept.word,
            place: kept.place,
        }))
    }
}

/// Whether they may open what somebody at their service has taken on: whoever took it on, and whoever coordinates. Another may when
/// neither can come in any more, so that nobody who was promised help is left with nobody who can read it.
fn may_open(rx: &mut Look<'_>, who: &Partner, accepter: &str) -> Result<bool> {
    let by_machine = accepter.parse::<PartnerClientId>().is_ok();
    let is_theirs = match &who.agent {
        Agent::Machine(_) => by_machine,
        Agent::Person(account) => account.coordinates || account.id.as_str() == accepter,
    };
    if is_theirs {
        return Ok(true);
    }
    let there = accounts::who_can_come_in(rx, &who.service)?;
    let is_there = if by_machine {
        partners::receives(rx, &who.service, who.mode)?
    } else {
        there.iter().any(|account| account.id.as_str() == accepter)
    };
    Ok(!is_there && !there.iter().any(|account| account.coordinates))
}

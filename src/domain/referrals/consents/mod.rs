//! The ledger of consents: what a survivor agreed that a service may be given, and what she took back. A row is added and never
//! changed. What holds is asked at the moment of use: scopes that she has left, a time that has not passed, and no wish to withdraw
//! since. It is no lawful basis by itself, lowers nothing, and whoever refuses loses nothing.

mod kept;
mod shape;
mod used;

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use self::kept::{Change, Kept};
pub use shape::{Given, Giver, Interpreter, Narrowing, NewConsent, Share, Told, Withdrawing};
pub(in crate::domain::referrals) use used::{Used, in_force, in_force_whatever_is_wished};

use super::ends;
use crate::base::code::codes;
use crate::base::id::{CaseId, ConsentChangeId, ConsentId, ServiceId, StaffId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::schema::{consent_changes, consents};
use crate::domain::access::{self, Act, Acting, Grant, Read, Refer, Sight, WriteNote};
use crate::domain::case::{Case, store};
use crate::domain::casework;
use crate::domain::directory;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::terms::words::{Answer, YesNoUnknown};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Notes, Owner, Statement};
use crate::error::rules::Consents;
use crate::error::{Conflict, Error, Forbidden, Result};

codes! {
    /// Where a consent stands.
    pub enum ConsentState {
        /// It holds.
        InForce = "in_force",
        /// Its time has passed.
        Expired = "expired",
        /// She took it back.
        Withdrawn = "withdrawn",
        /// She wished to withdraw after she gave it: ask her again.
        BeforeAWish = "before_a_wish",
        /// It does not open: whoever runs the service can say more by `recourse check`.
        Unreadable = "unreadable",
    }
}

/// What she took back.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConsentChange {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// To whom she said it.
    #[schema(value_type = String)]
    pub heard_by: StaffId,
    /// What the service may still be given; empty where she took back all of it.
    pub scopes: Vec<Share>,
    /// By which way she said so.
    pub asked_how: Given,
    /// Whether she was alone.
    pub alone: Answer,
}

/// A consent, as colleagues see it.
#[derive(Serialize, ToSchema)]
pub struct ConsentView {
    /// Its id.
    #[schema(value_type = String, example = "con_00000000000000000000000000")]
    pub id: ConsentId,
    /// To which service.
    #[schema(value_type = String)]
    pub service_id: ServiceId,
    /// Where it stands now.
    pub state: ConsentState,
    /// What the service may be given now; empty unless it is in force.
    pub scopes: Vec<Share>,
    /// What it could be given at first.
    pub given_scopes: Vec<Share>,
    /// Who gave it; null where it does not open, as are the members below.
    pub given_by: Option<Giver>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub given_at: Option<Timestamp>,
    /// By which way.
    pub how: Option<Given>,
    /// Whether she was alone.
    pub alone: Option<YesNoUnknown>,
    /// Who spoke between.
    pub interpreter: Option<Interpreter>,
    /// Until when it holds.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Services that may be asked in its place, in order.
    #[schema(value_type = Vec<String>)]
    pub fallbacks: Vec<ServiceId>,
    /// Who recorded it.
    #[schema(value_type = String)]
    pub recorded_by: StaffId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    /// What she took back, the oldest first.
    pub changes: Vec<ConsentChange>,
    /// Why it is not known whether she was alone; absent, as are the next two, for roles that may not read content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alone_reason: Option<String>,
    /// Of a child: what she understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub understood: Option<String>,
    /// What she said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// The consents of a case, the newest first.
#[derive(Serialize, ToSchema)]
pub struct ConsentList {
    /// The newest 50.
    #[schema(max_items = 50)]
    pub data: Vec<ConsentView>,
    /// Whether there are more.
    pub has_more: bool,
    /// Whether they hold what people said.
    #[serde(skip)]
    content: bool,
}

silent! { ConsentView ConsentList }

impl ConsentList {
    /// Whether they hold what people said.
    #[must_use]
    pub(in crate::domain) const fn holds_content(&self) -> bool {
        self.content
    }
}

/// How many are shown.
const SHOWN: usize = 50;

/// Records a consent.
///
/// # Errors
/// `Invalid` with everything that makes it none.
pub fn give(tx: &mut Unit<'_>, grant: Grant<Refer>, new: &NewConsent) -> Result<ConsentView> {
    let (mut case, who) = grant.into_parts();
    let mut services = Vec::new();
    for id in [&new.service_id].into_iter().chain(&new.fallbacks) {
        services.push(directory::find(tx, id)?);
    }
    let now = tx.now();
    let new = &NewConsent { given_at: new.given_at.by_another_clock(now), ..new.clone() };
    let wished_at = casework::marks(tx, &case.id)?.withdrawal_wished_at;
    new.check(&case, &services, wished_at, now)?;
    let id = ConsentId::random();
    let kept = Kept::of(new);
    let keys = tx.keys(Owner::case(&case.id))?;
    let body = keys.sealing::<Notes>()?.seal("consent", id.as_str(), &kept)?;
    let words = match &new.words {
        Some(words) => Some(keys.sealing::<Statement>()?.seal("consent_words", id.as_str(), words)?),
        None => None,
    };
    let row = (
        (consents::id.eq(&id), consents::case_id.eq(&case.id), consents::service_id.eq(&new.service_id)),
        (consents::recorded_by.eq(&who.id), consents::recorded_at.eq(now)),
        (consents::body.eq(body), consents::words.eq(words)),
    );
    diesel::insert_into(consents::table).values(row).execute(tx.conn())?;
    let scopes = kept::names(&new.scopes);
    let given = Event::ConsentGiven { consent: id.clone(), service: new.service_id.clone(), scopes };
    audit::record(tx, Owner::case(&case.id), given)?;
    casework::note_act(tx, &mut case, &who)?;
    store::bump(tx, &mut case)?;
    one(tx, &case, &id)
}

/// To which service a consent of this case was given; nothing when the case has none of this id.
///
/// # Errors
/// What the database says.
pub fn service_of(rx: &mut Look<'_>, grant: &Grant<Refer>, id: &ConsentId) -> Result<Option<ServiceId>> {
    Ok(kept::find(rx, &grant.case().id, id)?.and_then(|consent| consent.kept_service()))
}

/// Notes that she took back a part of a consent. It needs no claim, and holds from the commit on.
///
/// # Errors
/// `NotFound` when the case has none of this id; `ConsentEnded` when there is nothing left to take back; `Invalid` when what is
/// left is not less.
pub fn narrow(tx: &mut Unit<'_>, grant: Grant<WriteNote>, id: &ConsentId, new: &Narrowing) -> Result<ConsentView> {
    let left = living(tx, grant.case(), id)?;
    let is_less =
        !new.scopes.is_empty() && new.scopes.len() < left.len() && new.scopes.iter().all(|one| left.contains(one));
    let distinct = new.scopes.iter().enumerate().all(|(at, one)| !new.scopes.iter().take(at).any(|other| other == one));
    if !is_less || !distinct {
        return Err(Error::invalid("/scopes", Consents::NothingTakenBack));
    }
    let event = Event::ConsentNarrowed { consent: id.clone(), scopes: kept::names(&new.scopes) };
    let change = Change { scopes: new.scopes.clone(), asked_how: new.asked_how, alone: new.alone };
    let (mut case, who) = changed(tx, grant, id, &change, event)?;
    ends::narrow_with_consent(tx, &mut case, id)?;
    close(tx, case, &who, id)
}

/// Notes that she took back all of a consent. It needs no claim, and holds from the commit on.
///
/// # Errors
/// `NotFound` when the case has none of this id; `ConsentEnded` when she has already.
pub fn withdraw(tx: &mut Unit<'_>, grant: Grant<WriteNote>, id: &ConsentId, new: &Withdrawing) -> Result<ConsentView> {
    living(tx, grant.case(), id)?;
    let event = Event::ConsentWithdrawn { consent: id.clone() };
    let change = Change { scopes: Vec::new(), asked_how: new.asked_how, alone: new.alone };
    let (mut case, who) = changed(tx, grant, id, &change, event)?;
    ends::end_with_consent(tx, &mut case, id, &who.id)?;
    close(tx, case, &who, id)
}

/// What is left of a consent that she has not taken back, whether or not its time has passed.
fn living(tx: &mut Unit<'_>, case: &Case, id: &ConsentId) -> Result<Vec<Share>> {
    let consent = kept::find(tx, &case.id, id)?.ok_or(Error::NotFound)?;
    if consent.is_withdrawn() { Err(Conflict::ConsentEnded.into()) } else { Ok(consent.left()) }
}

fn changed(
    tx: &mut Unit<'_>,
    grant: Grant<WriteNote>,
    consent: &ConsentId,
    change: &Change,
    event: Event,
) -> Result<(Case, Acting)> {
    let (case, who) = grant.into_parts();
    let (id, now) = (ConsentChangeId::random(), tx.now());
    let body = tx.keys(Owner::case(&case.id))?.sealing::<Notes>()?.seal("consent_change", id.as_str(), change)?;
    let row = (
        (consent_changes::id.eq(&id), consent_changes::case_id.eq(&case.id), consent_changes::consent_id.eq(consent)),
        (consent_changes::changed_by.eq(&who.id), consent_changes::at.eq(now), consent_changes::body.eq(body)),
    );
    diesel::insert_into(consent_changes::table).values(row).execute(tx.conn())?;
    audit::record(tx, Owner::case(&case.id), event)?;
    Ok((case, who))
}

/// What remains to be noted when she has taken something back.
fn close(tx: &mut Unit<'_>, mut case: Case, who: &Acting, consent: &ConsentId) -> Result<ConsentView> {
    casework::note_act(tx, &mut case, who)?;
    store::bump(tx, &mut case)?;
    one(tx, &case, consent)
}

/// One of them, as it stands now.
fn one(rx: &mut Look<'_>, case: &Case, id: &ConsentId) -> Result<ConsentView> {
    let wished_at = casework::marks(rx, &case.id)?.withdrawal_wished_at;
    let found = kept::find(rx, &case.id, id)?.ok_or(Error::NotFound)?;
    let now = rx.now();
    found.view(rx, wished_at, now, true)
}

/// The consents of a case. They may be shown when [`record`] has put the reading on record.
///
/// # Errors
/// What the database says.
pub fn list(rx: &mut Look<'_>, sight: &Sight) -> Result<ConsentList> {
    let (case, now) = (sight.case(), rx.now());
    let content = access::allows(sight.who().role, case.queue, Act::ReadContent);
    let wished_at = casework::marks(rx, &case.id)?.withdrawal_wished_at;
    let mut all = kept::of_case(rx, &case.id, SHOWN + 1)?;
    let has_more = all.len() > SHOWN;
    all.truncate(SHOWN);
    let mut data = Vec::with_capacity(all.len());
    for consent in all {
        data.push(consent.view(rx, wished_at, now, content)?);
    }
    Ok(ConsentList { data, has_more, content })
}

/// Puts on record that somebody looks at the consents of a case, and gives them back as they may be shown.
///
/// # Errors
/// `Forbidden` when they hold words that they may not read any more.
pub fn record(tx: &mut Unit<'_>, grant: Grant<Read>, list: ConsentList) -> Result<ConsentList> {
    let (case, who) = grant.into_parts();
    let content = list.content;
    if content && !access::allows(who.role, case.queue, Act::ReadContent) {
        return Err(Error::Forbidden(Forbidden::Role));
    }
    let read = Event::CaseRead { role: who.role.as_str(), content, part: Some("consents") };
    audit::record(tx, Owner::case(&case.id), read)?;
    Ok(list)
}

/// Where the consents of a case stand, the newest first, without what was said: for the case itself.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn standing(
    rx: &mut Look<'_>,
    case: &CaseId,
    wished_at: Option<Timestamp>,
) -> Result<Vec<ConsentStanding>> {
    let now = rx.now();
    let all = kept::of_case(rx, case, SHOWN)?;
    Ok(all.iter().map(|consent| consent.standing(wished_at, now)).collect())
}

/// Where a consent stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConsentStanding {
    /// Its id.
    #[schema(value_type = String, example = "con_00000000000000000000000000")]
    pub id: ConsentId,
    /// To which service.
    #[schema(value_type = String)]
    pub service_id: ServiceId,
    /// Where it stands now.
    pub state: ConsentState,
    /// What the service may be given now; empty unless it is in force.
    pub scopes: Vec<Share>,
    /// Until when it holds; null where it does not open.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

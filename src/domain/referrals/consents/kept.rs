//! Consents as they are kept. All that counts of one stands sealed under the case's keys, so that nobody who can write to the
//! database alone gives one, widens one, or moves one to another service.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::shape::{Given, Giver, Interpreter, NewConsent, Share};
use super::{ConsentChange, ConsentStanding, ConsentState, ConsentView};
use crate::base::id::{CaseId, ConsentChangeId, ConsentId, ServiceId, StaffId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{consent_changes, consents};
use crate::domain::terms::words::{Answer, YesNoUnknown};
use crate::domain::unit::Look;
use crate::domain::vault::{Damaged, Notes, Owner, Sealed, Statement};
use crate::error::{Error, Result};

/// What counts of a consent.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    service: ServiceId,
    scopes: Vec<Share>,
    given_by: Giver,
    given_at: Timestamp,
    how: Given,
    alone: YesNoUnknown,
    alone_reason: Option<String>,
    interpreter: Interpreter,
    understood: Option<String>,
    expires_at: Timestamp,
    fallbacks: Vec<ServiceId>,
    name_may_be_said: bool,
}

impl Kept {
    pub(super) fn of(new: &NewConsent) -> Self {
        Self {
            service: new.service_id.clone(),
            scopes: new.scopes.clone(),
            given_by: new.given_by,
            given_at: new.given_at,
            how: new.how,
            alone: new.alone,
            alone_reason: new.alone_reason.clone(),
            interpreter: new.interpreter,
            understood: new.understood.clone(),
            expires_at: new.expires_at(),
            fallbacks: new.fallbacks.clone(),
            name_may_be_said: new.name_may_be_said,
        }
    }

    pub(super) const fn service(&self) -> &ServiceId {
        &self.service
    }

    pub(super) fn fallbacks(&self) -> &[ServiceId] {
        &self.fallbacks
    }

    pub(super) const fn given_at(&self) -> Timestamp {
        self.given_at
    }

    pub(super) const fn alone(&self) -> YesNoUnknown {
        self.alone
    }
}

/// What is left of a consent after she took something back: nothing where she took back all of it.
#[derive(Serialize, Deserialize)]
pub(super) struct Change {
    pub(super) scopes: Vec<Share>,
    pub(super) asked_how: Given,
    pub(super) alone: Answer,
}

silent! { Kept Change }

/// A change that opens, or one that does not: then nothing is left.
struct Changed {
    at: Timestamp,
    by: Option<StaffId>,
    change: Option<Change>,
}

/// A consent with what became of it.
pub(super) struct Consent {
    id: ConsentId,
    case: CaseId,
    service: ServiceId,
    recorded_by: StaffId,
    recorded_at: Timestamp,
    words: Option<Sealed<Statement>>,
    kept: Option<Kept>,
    changes: Vec<Changed>,
}

impl Consent {
    /// To which service it was given; nothing where it does not open.
    pub(super) fn kept_service(&self) -> Option<ServiceId> {
        self.kept.as_ref().map(|kept| kept.service().clone())
    }
}

/// The scopes as one text.
pub(super) fn names(scopes: &[Share]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

type Row = (
    Perhaps<ConsentId>,
    Perhaps<ServiceId>,
    Perhaps<StaffId>,
    Perhaps<Timestamp>,
    Perhaps<Vec<u8>>,
    Perhaps<Option<Vec<u8>>>,
);
type ChangeRow = (Perhaps<ConsentChangeId>, Perhaps<ConsentId>, Perhaps<StaffId>, Perhaps<Timestamp>, Perhaps<Vec<u8>>);

type Columns =
    (consents::id, consents::service_id, consents::recorded_by, consents::recorded_at, consents::body, consents::words);
const COLUMNS: Columns =
    (consents::id, consents::service_id, consents::recorded_by, consents::recorded_at, consents::body, consents::words);

/// A consent of a case.
pub(super) fn find(rx: &mut Look<'_>, case: &CaseId, id: &ConsentId) -> Result<Option<Consent>> {
    let of_it = consents::table.filter(consents::case_id.eq(case).and(consents::id.eq(id)));
    let rows: Vec<Row> = of_it.select(COLUMNS).load(rx.conn())?;
    Ok(opened(rx, case, rows)?.pop())
}

/// The consents of a case, the newest first: so many at the most.
pub(super) fn of_case(rx: &mut Look<'_>, case: &CaseId, most: usize) -> Result<Vec<Consent>> {
    let rows: Vec<Row> = consents::table
        .filter(consents::case_id.eq(case))
        .order((consents::recorded_at.desc(), consents::id.desc()))
        .limit(i64::try_from(most).unwrap_or(i64::MAX))
        .select(COLUMNS)
        .load(rx.conn())?;
    opened(rx, case, rows)
}

/// These rows with what became of them. One that cannot be read at all is absent.
fn opened(rx: &mut Look<'_>, case: &CaseId, rows: Vec<Row>) -> Result<Vec<Consent>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut changes = changes_of(rx, case)?;
    let mut all = Vec::with_capacity(rows.len());
    for (id, service, recorded_by, recorded_at, body, words) in rows {
        let (Some(id), Some(service), Some(recorded_by)) = (id.0, service.0, recorded_by.0) else { continue };
        let kept = match body.0 {
            Some(body) => open::<Kept>(rx, case, "consent", id.as_str(), &Sealed::from_stored(body))?,
            None => None,
        };
        // What counts is what is sealed: a row that names another service than its own is none.
        let kept = kept.filter(|kept| kept.service == service);
        all.push(Consent {
            changes: changes.remove(&id).unwrap_or_default(),
            case: case.clone(),
            service,
            recorded_by,
            recorded_at: recorded_at.0.unwrap_or_else(|| Timestamp::from_micros(0)),
            words: words.0.flatten().map(Sealed::from_stored),
            kept,
            id,
        });
    }
    Ok(all)
}

/// What she took back in a case, by consent, the oldest first.
fn changes_of(rx: &mut Look<'_>, case: &CaseId) -> Result<BTreeMap<ConsentId, Vec<Changed>>> {
    let rows: Vec<ChangeRow> = consent_changes::table
        .filter(consent_changes::case_id.eq(case))
        .order((consent_changes::at, consent_changes::id))
        .select((
            consent_changes::id,
            consent_changes::consent_id,
            consent_changes::changed_by,
            consent_changes::at,
            consent_changes::body,
        ))
        .load(rx.conn())?;
    let mut all: BTreeMap<ConsentId, Vec<Changed>> = BTreeMap::new();
    for (id, consent, by, at, body) in rows {
        let Some(consent) = consent.0 else { continue };
        let change = match (id.0, body.0) {
            (Some(id), Some(body)) => open(rx, case, "consent_change", id.as_str(), &Sealed::from_stored(body))?,
            _ => None,
        };
        let at = at.0.unwrap_or_else(|| Timestamp::from_micros(0));
        all.entry(consent).or_default().push(Changed { at, by: by.0, change });
    }
    Ok(all)
}

/// What is sealed there; nothing where it does not open or was erased.
fn open<T: serde::de::DeserializeOwned>(
    rx: &mut Look<'_>,
    case: &CaseId,
    field: &str,
    row: &str,
    sealed: &Sealed<Notes>,
) -> Result<Option<T>> {
    let key = rx.keys(Owner::case(case))?.existing::<Notes>();
    match key.and_then(|key| key.open::<T>(field, row, sealed)) {
        Ok(open) => Ok(Some(open.into_exposed())),
        Err(Error::Erased) => Ok(None),
        Err(error) if Damaged::is(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Consent {
    /// What counts of it, where it opens.
    pub(super) const fn kept(&self) -> Option<&Kept> {
        self.kept.as_ref()
    }

    /// Whether she took back all of it. A change that does not open may have been that.
    pub(super) fn is_withdrawn(&self) -> bool {
        let ends = |one: &Changed| one.change.as_ref().is_none_or(|change| change.scopes.is_empty());
        self.changes.iter().any(ends)
    }

    /// What she has not taken back.
    pub(super) fn left(&self) -> Vec<Share> {
        if self.is_withdrawn() {
            return Vec::new();
        }
        let mut left = self.kept.as_ref().map(|kept| kept.scopes.clone()).unwrap_or_default();
        for change in self.changes.iter().filter_map(|one| one.change.as_ref()) {
            left.retain(|scope| change.scopes.contains(scope));
        }
        left
    }

    fn state(&self, wished_at: Option<Timestamp>, now: Timestamp) -> ConsentState {
        match &self.kept {
            None => ConsentState::Unreadable,
            Some(_) if self.is_withdrawn() => ConsentState::Withdrawn,
            Some(kept) if wished_at.is_some_and(|wish| kept.given_at <= wish) => ConsentState::BeforeAWish,
            Some(kept) if kept.expires_at <= now => ConsentState::Expired,
            Some(_) => ConsentState::InForce,
        }
    }

    /// Where it stands.
    pub(super) fn standing(&self, wished_at: Option<Timestamp>, now: Timestamp) -> ConsentStanding {
        let state = self.state(wished_at, now);
        ConsentStanding {
            id: self.id.clone(),
            service_id: self.service.clone(),
            state,
            scopes: if state == ConsentState::InForce { self.left() } else { Vec::new() },
            expires_at: self.kept.as_ref().map(|kept| kept.expires_at),
        }
    }

    /// As colleagues see it, with what was said where they may read that.
    pub(super) fn view(
        self,
        rx: &mut Look<'_>,
        wished_at: Option<Timestamp>,
        now: Timestamp,
        content: bool,
    ) -> Result<ConsentView> {
        let ConsentStanding { state, scopes, expires_at, .. } = self.standing(wished_at, now);
        let words = match &self.words {
            Some(sealed) if content => self.said(rx, sealed)?,
            Some(_) | None => None,
        };
        let changes = self.changes.iter().filter_map(|one| {
            let Change { scopes, asked_how, alone, .. } = one.change.as_ref()?;
            let scopes = scopes.clone();
            Some(ConsentChange { at: one.at, heard_by: one.by.clone()?, scopes, asked_how: *asked_how, alone: *alone })
        });
        let changes = changes.collect();
        let kept = self.kept;
        let of = |get: fn(&Kept) -> Option<String>| kept.as_ref().filter(|_| content).and_then(get);
        Ok(ConsentView {
            alone_reason: of(|kept| kept.alone_reason.clone()),
            understood: of(|kept| kept.understood.clone()),
            given_by: kept.as_ref().map(|kept| kept.given_by),
            given_at: kept.as_ref().map(|kept| kept.given_at),
            how: kept.as_ref().map(|kept| kept.how),
            alone: kept.as_ref().map(|kept| kept.alone),
            interpreter: kept.as_ref().map(|kept| kept.interpreter),
            fallbacks: kept.as_ref().map(|kept| kept.fallbacks.clone()).unwrap_or_default(),
            given_scopes: kept.map(|kept| kept.scopes).unwrap_or_default(),
            id: self.id,
            service_id: self.service,
            state,
            scopes,
            expires_at,
            recorded_by: self.recorded_by,
            recorded_at: self.recorded_at,
            changes,
            words,
        })
    }

    fn said(&self, rx: &mut Look<'_>, sealed: &Sealed<Statement>) -> Result<Option<String>> {
        let key = rx.keys(Owner::case(&self.case))?.existing::<Statement>();
        match key.and_then(|key| key.open::<String>("consent_words", self.id.as_str(), sealed)) {
            Ok(words) => Ok(Some(words.into_exposed())),
            Err(Error::Erased) => Ok(None),
            Err(error) if Damaged::is(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

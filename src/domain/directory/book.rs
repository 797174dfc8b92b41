//! The directory in memory: all services, by country, each with its hours and places ready to be asked. It is read anew when
//! the database says another revision than the one that was read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::areas::Places;
use super::codes::{Evidence, WayIn};
use super::declared::Declared;
use super::entry::Entry;
use super::hours::{Opening, Timetable};
use super::row::{self, Kept};
use crate::base::code::codes;
use crate::base::id::ServiceId;
use crate::base::time::Timestamp;
use crate::domain::unit::Look;
use crate::error::Result;

/// A service, ready to be asked.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its id.
    pub id: ServiceId,
    /// Its version for callers.
    pub version: i64,
    /// What is known of it.
    pub entry: Entry,
    /// Until when it takes nobody.
    pub full_until: Option<Timestamp>,
    /// For which time of expiry leads and operator were told.
    pub told_for: Option<Timestamp>,
    pub(in crate::domain) declared: Declared,
    places: Places,
    timetable: Option<Timetable>,
}

codes! {
    /// Why nobody is referred to a service, and its number is to be checked.
    pub enum Doubt as ServiceDoubt {
        /// Nobody has looked it up for too long.
        Expired = "expired",
        /// Nobody has looked it up at its source.
        GeneralKnowledge = "general_knowledge",
        /// It comes from another directory, and nobody here has looked it up.
        Imported = "imported",
        /// There is no agreement with it, or it has ended.
        NoAgreement = "no_agreement",
        /// It takes no referrals.
        NoWayIn = "no_way_in",
    }
}

impl Doubt {
    /// Whether its number may be wrong, so that whoever sees it should check.
    #[must_use]
    pub const fn asks_to_check(self) -> bool {
        match self {
            Self::Expired | Self::GeneralKnowledge | Self::Imported | Self::NoAgreement => true,
            Self::NoWayIn => false,
        }
    }
}

impl Service {
    pub(super) fn of(kept: Kept) -> Self {
        let Kept { id, entry, full_until, told_for, version, declared, .. } = kept;
        let places = Places::of(&entry.areas);
        let country = entry.country();
        let timetable = entry.hours.as_ref().and_then(|hours| Timetable::of(hours, country.as_deref()));
        Self { id, version, entry, full_until, told_for, declared, places, timetable }
    }

    /// Where it helps.
    #[must_use]
    pub const fn places(&self) -> &Places {
        &self.places
    }

    /// Its hours, where it has any.
    #[must_use]
    pub const fn timetable(&self) -> Option<&Timetable> {
        self.timetable.as_ref()
    }

    /// How it stands at an instant.
    #[must_use]
    pub fn opening(&self, at: Timestamp) -> Opening {
        self.timetable.as_ref().map_or(Opening::UNKNOWN, |timetable| timetable.at(at))
    }

    /// Whether it takes nobody at an instant.
    #[must_use]
    pub fn is_full(&self, at: Timestamp) -> bool {
        self.full_until.is_some_and(|until| at < until)
    }

    /// Whether it has expired by then.
    #[must_use]
    pub fn is_expired(&self, at: Timestamp) -> bool {
        self.entry.expires_at() <= at
    }

    /// Why nobody is referred there at an instant; nothing where somebody may be.
    #[must_use]
    pub fn doubts(&self, at: Timestamp) -> Vec<Doubt> {
        let entry = &self.entry;
        let agreed = entry.agreement.as_ref().is_some_and(|agreement| at < agreement.until);
        let all = [
            (Doubt::Expired, self.is_expired(at)),
            (Doubt::GeneralKnowledge, entry.evidence == Evidence::GeneralKnowledge),
            (Doubt::Imported, entry.evidence == Evidence::Imported),
            (Doubt::NoAgreement, !agreed),
            (Doubt::NoWayIn, entry.ways_in.contains(&WayIn::None)),
        ];
        all.into_iter().filter(|(_, holds)| *holds).map(|(doubt, _)| doubt).collect()
    }

    /// The next instant at which what is said of it changes by itself.
    #[must_use]
    pub fn changes_after(&self, at: Timestamp) -> Option<Timestamp> {
        let agreed = self.entry.agreement.as_ref().map(|agreement| agreement.until);
        let all = [Some(self.entry.expires_at()), agreed, self.full_until];
        all.into_iter().flatten().filter(|then| *then > at).min()
    }
}

/// All services of one revision.
#[derive(Debug, Default)]
pub struct Book {
    /// Which revision it is.
    pub revision: i64,
    services: Vec<Arc<Service>>,
    by_country: BTreeMap<String, Vec<Arc<Service>>>,
}

impl Book {
    /// Reads all services.
    pub(super) fn read(rx: &mut Look<'_>) -> Result<Self> {
        let revision = row::revision(rx)?.unwrap_or(-1);
        let services: Vec<Arc<Service>> = row::all(rx)?.into_iter().map(|kept| Arc::new(Service::of(kept))).collect();
        let mut by_country: BTreeMap<String, Vec<Arc<Service>>> = BTreeMap::new();
        for service in &services {
            for country in service.places().countries() {
                by_country.entry(country.to_owned()).or_default().push(Arc::clone(service));
            }
        }
        Ok(Self { revision, services, by_country })
    }

    /// All of them, by their short names.
    #[must_use]
    pub fn services(&self) -> &[Arc<Service>] {
        &self.services
    }

    /// Those that help in a country, or in a part of it.
    #[must_use]
    pub fn in_country(&self, country: &str) -> &[Arc<Service>] {
        self.by_country.get(country).map(Vec::as_slice).unwrap_or_default()
    }

    /// The one of this id.
    #[must_use]
    pub fn find(&self, id: &ServiceId) -> Option<&Arc<Service>> {
        self.services.iter().find(|service| service.id == *id)
    }
}

/// How often it is looked whether the directory has changed, where nobody needs to know, in microseconds.
const LOOK: u64 = 1_000_000;

/// The directory as this process has read it.
#[derive(Debug, Default)]
pub struct Books {
    known: RwLock<Option<Arc<Book>>>,
    /// When somebody last looked whether it has changed, who did not need to.
    looked_at: AtomicI64,
}

impl Books {
    /// The directory as it stands in this transaction.
    ///
    /// # Errors
    /// What the database says.
    pub fn now(&self, rx: &mut Look<'_>) -> Result<Arc<Book>> {
        let revision = row::revision(rx)?;
        if let Some(known) = self.known().filter(|known| Some(known.revision) == revision) {
            return Ok(known);
        }
        let read = Arc::new(Book::read(rx)?);
        let mut kept = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // Whoever reads in an older snapshot takes nothing newer away.
        if revision.is_none() || kept.as_ref().is_none_or(|kept| kept.revision <= read.revision) {
            *kept = Some(Arc::clone(&read));
        }
        drop(kept);
        Ok(read)
    }

    /// The directory as it was read last, without asking the database; nothing before it was read for the first time.
    #[must_use]
    pub fn known(&self) -> Option<Arc<Book>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it is time to look whether it has changed, for the one who is told so.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let before = self.looked_at.load(Ordering::Relaxed);
        let is_due = now.micros().abs_diff(before) >= LOOK;
        let exchanged = || self.looked_at.compare_exchange(before, now.micros(), Ordering::Relaxed, Ordering::Relaxed);
        is_due && exchanged().is_ok()
    }
}

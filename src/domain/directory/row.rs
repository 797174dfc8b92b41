//! The row of a service: the one door to it. Reading proves the row, so that nobody who can write to the database alone
//! leads survivors anywhere; a change is made to a row that was proved, and sealed again with a revision of its own.

use diesel::prelude::*;

use super::declared::Declared;
use super::entry::Entry;
use crate::base::id::ServiceId;
use crate::base::time::Timestamp;
use crate::db::dialect;
use crate::db::perhaps::Perhaps;
use crate::db::schema::services;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Covered, Keyring, Owner, Proved, refuse};
use crate::error::{Error, Result};

/// A service as it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its id.
    pub id: ServiceId,
    /// What is known of it. It has neither an id of its own nor a time to expire that nobody named.
    pub entry: Entry,
    /// Until when it takes nobody.
    pub full_until: Option<Timestamp>,
    /// Since when it is out of the directory.
    pub retired_at: Option<Timestamp>,
    /// For which time of expiry leads and operator were told.
    pub told_for: Option<Timestamp>,
    /// Its version for callers.
    pub version: i64,
    /// Whom its people know.
    pub(super) declared: Declared,
}

/// The row as it stands, damaged or not.
#[derive(Queryable, Selectable)]
#[diesel(table_name = services)]
struct Read {
    id: Perhaps<String>,
    slug: Perhaps<String>,
    document: Perhaps<String>,
    full_until: Perhaps<Option<Timestamp>>,
    retired_at: Perhaps<Option<Timestamp>>,
    told_for: Perhaps<Option<Timestamp>>,
    version: Perhaps<i64>,
    mac: Perhaps<Vec<u8>>,
    walls: Perhaps<Option<Vec<u8>>>,
}

fn covered(kept: &Kept, document: &str) -> Covered {
    let micros = |at: Option<Timestamp>| at.map(|at| at.micros().to_be_bytes());
    let (full, retired) = (micros(kept.full_until), micros(kept.retired_at));
    let covered = Covered::by("services")
        .and(kept.id.as_str())
        .and(&kept.entry.slug)
        .and(document)
        .perhaps(full.as_ref().map(<[u8; 8]>::as_slice))
        .perhaps(retired.as_ref().map(<[u8; 8]>::as_slice))
        .number(kept.version);
    // Rows of before there were any are as they were.
    match kept.declared.written() {
        Some(walls) => covered.and("walls").and(walls),
        None => covered,
    }
}

impl Read {
    /// The row, when the service wrote it so. Nothing, which is told, when it was changed or cannot be read.
    fn proved(self, keyring: &Keyring) -> Option<Kept> {
        let id = self.id.0.clone().unwrap_or_default();
        let kept = self.fitting(keyring);
        if kept.is_none() {
            refuse(keyring, Proved::Service, &id);
        }
        kept
    }

    fn fitting(self, keyring: &Keyring) -> Option<Kept> {
        let document = self.document.0?;
        let entry: Entry = serde_json::from_str(&document).ok()?;
        let kept = Kept {
            id: self.id.0?.parse().ok()?,
            entry,
            full_until: self.full_until.0?,
            retired_at: self.retired_at.0?,
            told_for: self.told_for.0?,
            version: self.version.0?,
            declared: Declared::read(self.walls.0?)?,
        };
        let fits = covered(&kept, &document).fits(keyring, &self.mac.0?) && self.slug.0? == kept.entry.slug;
        fits.then_some(kept)
    }
}

fn document(entry: &Entry) -> Result<String> {
    Ok(serde_json::to_string(entry).map_err(anyhow::Error::new)?)
}

/// The newest revision: another one says that something has changed. Nothing where a damaged row hides it.
pub(super) fn revision(rx: &mut Look<'_>) -> Result<Option<i64>> {
    let newest = services::table.select(diesel::dsl::max(services::revision));
    let newest: Perhaps<Option<i64>> = newest.first(rx.conn())?;
    Ok(newest.0.map(Option::unwrap_or_default))
}

/// One later than all before it.
fn next_revision(tx: &mut Unit<'_>) -> Result<i64> {
    let now = tx.now().micros();
    Ok(revision(tx)?.map_or(now, |newest| newest.saturating_add(1)))
}

/// Those of the directory, by their short names.
pub(super) fn all(rx: &mut Look<'_>) -> Result<Vec<Kept>> {
    let keyring = &rx.kit().keyring;
    let there = services::table.filter(services::retired_at.is_null()).order(services::slug);
    let read: Vec<Read> = there.select(Read::as_select()).load(rx.conn())?;
    Ok(read.into_iter().filter_map(|read| read.proved(keyring)).collect())
}

/// The service of this id, retired or not.
pub(super) fn find(rx: &mut Look<'_>, id: &ServiceId) -> Result<Option<Kept>> {
    let keyring = &rx.kit().keyring;
    let read = services::table.find(id).select(Read::as_select()).first(rx.conn()).optional()?;
    Ok(read.and_then(|read: Read| read.proved(keyring)))
}

/// The service of this short name, retired or not.
pub(super) fn find_by_slug(rx: &mut Look<'_>, slug: &str) -> Result<Option<Kept>> {
    let keyring = &rx.kit().keyring;
    let there = services::table.filter(services::slug.eq(slug));
    let read = there.select(Read::as_select()).first(rx.conn()).optional()?;
    Ok(read.and_then(|read: Read| read.proved(keyring)))
}

/// From here on until the transaction ends, nobody else changes the directory.
pub(super) fn bar(tx: &mut Unit<'_>) -> Result<()> {
    Ok(dialect::bar_services(tx.conn())?)
}

/// Adds a service. The directory is barred for others.
pub(super) fn insert(tx: &mut Unit<'_>, kept: &Kept) -> Result<()> {
    let (now, revision, document) = (tx.now(), next_revision(tx)?, document(&kept.entry)?);
    let head = audit::begin(tx, &Owner::service(&kept.id), &[Event::ServiceAdded { service: kept.id.clone() }])?;
    let row = (
        (services::id.eq(&kept.id), services::slug.eq(&kept.entry.slug), services::document.eq(&document)),
        (services::full_until.eq(kept.full_until), services::retired_at.eq(kept.retired_at)),
        (services::revision.eq(revision), services::version.eq(kept.version), services::created_at.eq(now)),
        (services::audit_seq.eq(head.seq), services::audit_head.eq(head.hash)),
        (
            services::walls.eq(kept.declared.written()),
            services::mac.eq(covered(kept, &document).proof(&tx.kit().keyring)),
        ),
    );
    diesel::insert_into(services::table).values(row).execute(tx.conn()).map_err(Error::taken)?;
    Ok(())
}

/// Writes what has changed of a service, as its next version, and puts it on record. The directory is barred for others.
pub(super) fn update(tx: &mut Unit<'_>, kept: &mut Kept, event: Event) -> Result<()> {
    kept.version += 1;
    let (revision, document) = (next_revision(tx)?, document(&kept.entry)?);
    let row = (
        (services::slug.eq(&kept.entry.slug), services::document.eq(&document)),
        (services::full_until.eq(kept.full_until), services::retired_at.eq(kept.retired_at)),
        (services::revision.eq(revision), services::version.eq(kept.version)),
        (
            services::walls.eq(kept.declared.written()),
            services::mac.eq(covered(kept, &document).proof(&tx.kit().keyring)),
        ),
    );
    diesel::update(services::table.find(&kept.id)).set(row).execute(tx.conn()).map_err(Error::taken)?;
    audit::record(tx, Owner::service(&kept.id), event)
}

/// Notes that leads and operator were told that it expires then; says whether nobody had noted it.
pub(super) fn set_told(tx: &mut Unit<'_>, id: &ServiceId, expires_at: Timestamp) -> Result<bool> {
    let other = services::told_for.is_null().or(services::told_for.ne(expires_at));
    let untold = services::table.find(id).filter(other);
    Ok(diesel::update(untold).set(services::told_for.eq(expires_at)).execute(tx.conn())? > 0)
}

/// The ids of services whose rows are not as the service wrote them.
pub(super) fn unproved(rx: &mut Look<'_>) -> Result<Vec<String>> {
    let keyring = &rx.kit().keyring;
    let rows: Vec<(Perhaps<String>, Read)> =
        services::table.order(services::id).select((services::id, Read::as_select())).load(rx.conn())?;
    let unproved = |(id, read): (Perhaps<String>, Read)| match read.proved(keyring) {
        Some(_) => None,
        None => id.0,
    };
    Ok(rows.into_iter().filter_map(unproved).collect())
}

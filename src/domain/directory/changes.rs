//! Changes of the directory: what files bring, what a colleague has looked up, and what was agreed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::book::Service;
use super::codes::{Evidence, WayIn};
use super::declared::Declared;
use super::entry::{Agreement, Entry};
use super::row::{self, Kept};
use crate::base::id::ServiceId;
use crate::base::time::Timestamp;
use crate::domain::access::{Acting, Partner, Reader};
use crate::domain::ledger::audit::Event;
use crate::domain::people::partners;
use crate::domain::people::partners::accounts::{self, Account};
use crate::domain::people::staff::{Declaration, Role};
use crate::domain::terms::Mode;
use crate::domain::terms::identifiers::Identifier;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::rules::{Directory, Form};
use crate::error::{Error, Forbidden, Result, Violations};

/// How far ahead an agreement may end, and how long a service may say that it is full.
const AGREED_DAYS: u64 = 3 * 366;
const FULL_DAYS: u64 = 90;
/// So many hashes of those whom its people know a service has at most.
const DECLARED: usize = 5_000;

/// What became of the entries of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// How many were new.
    pub added: usize,
    /// How many said something else than before.
    pub changed: usize,
    /// How many stood there already.
    pub unchanged: usize,
    /// Those that brought a way in or an agreement that does not stand here, by their short names.
    pub left_closed: Vec<String>,
}

impl Imported {
    /// Adds what became of others.
    pub fn absorb(&mut self, other: Self) {
        self.added += other.added;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.left_closed.extend(other.left_closed);
    }
}

/// Looks at all entries of a file together, before any of them is stored.
///
/// # Errors
/// `Invalid` with everything that is wrong, each by its number in the file, from 1.
pub fn check_all(entries: &[Entry], now: Timestamp) -> Result<()> {
    let (mut wrong, mut slugs, mut ids) = (Violations::default(), BTreeSet::new(), BTreeSet::new());
    for (at, entry) in entries.iter().enumerate() {
        let place = format!("/service {} ({})", at + 1, entry.slug);
        if let Err(Error::Invalid(found)) = entry.check(now) {
            wrong.more += found.more;
            for one in found.named {
                wrong.add(format!("{place}{}", one.pointer), one.rule);
            }
        }
        if !slugs.insert(&entry.slug) {
            wrong.add(format!("{place}/slug"), Directory::SlugTwice);
        }
        if entry.id.as_ref().is_some_and(|id| !ids.insert(id)) {
            wrong.add(format!("{place}/id"), Directory::IdTwice);
        }
    }
    wrong.into_result()
}

/// Takes some entries over, which were looked at. One that is known keeps its ways in and its agreement, and a new one has none:
/// a file opens no way.
///
/// # Errors
/// `Invalid` for an entry whose short name belongs to another id; nothing of these is stored then.
pub fn import(tx: &mut Unit<'_>, entries: Vec<Entry>) -> Result<Imported> {
    row::bar(tx)?;
    let mut done = Imported::default();
    for entry in entries {
        import_one(tx, entry, &mut done)?;
    }
    Ok(done)
}

fn import_one(tx: &mut Unit<'_>, mut entry: Entry, done: &mut Imported) -> Result<()> {
    let id = entry.id.take();
    entry.expires_at = Some(entry.expires_at());
    let by_id = match &id {
        Some(id) => row::find(tx, id)?,
        None => None,
    };
    let known = match by_id {
        Some(kept) => Some(kept),
        None => row::find_by_slug(tx, &entry.slug)?,
    };
    // Who has the short name is somebody else, if both have ids and they differ.
    if let (Some(kept), Some(id)) = (&known, &id)
        && kept.id != *id
    {
        let place = ["/service (", &entry.slug, ")/slug"].concat();
        return Err(Error::invalid(&place, Directory::SlugTwice));
    }
    let stands = known.as_ref().map(|kept| (kept.entry.ways_in.clone(), kept.entry.agreement.clone()));
    let (ways_in, agreement) = stands.unwrap_or_else(|| (vec![WayIn::None], None));
    if (&entry.ways_in, &entry.agreement) != (&ways_in, &agreement) {
        done.left_closed.push(entry.slug.clone());
    }
    (entry.ways_in, entry.agreement) = (ways_in, agreement);
    match known {
        None => {
            let id = id.unwrap_or_else(ServiceId::random);
            let kept = Kept {
                id,
                entry,
                full_until: None,
                retired_at: None,
                told_for: None,
                version: 1,
                declared: Declared::default(),
            };
            row::insert(tx, &kept)?;
            done.added += 1;
        }
        Some(kept) if kept.entry == entry && kept.retired_at.is_none() => done.unchanged += 1,
        Some(mut kept) => {
            (kept.entry, kept.retired_at) = (entry, None);
            row::update(tx, &mut kept, Event::ServiceChanged)?;
            done.changed += 1;
        }
    }
    Ok(())
}

/// A colleague has looked the service up at its source just now: what stands here is right.
#[derive(Clone, Debug)]
pub struct Check {
    /// Where, if not where it was read before.
    pub source: Option<String>,
    /// From when on it is not relied on, if sooner than after 90 days.
    pub expires_at: Option<Timestamp>,
}

/// Notes that a lead has looked a service up.
///
/// # Errors
/// `Forbidden` for whoever is no lead; `NotFound` when it is not in the directory; `Invalid` when it expires too late, or
/// nobody has said where it was read.
pub fn check(tx: &mut Unit<'_>, who: &Acting, id: &ServiceId, check: Check) -> Result<Service> {
    if !matches!(who.role, Role::Lead | Role::SafeguardingLead) {
        return Err(Error::Forbidden(Forbidden::Role));
    }
    row::bar(tx)?;
    let mut kept = living(row::find(tx, id)?)?;
    looked_up(tx, &mut kept, check)?;
    Ok(Service::of(kept))
}

/// Notes that whoever runs the service has looked one up.
///
/// # Errors
/// As [`check`].
pub fn check_by_operator(tx: &mut Unit<'_>, slug: &str, check: Check) -> Result<()> {
    row::bar(tx)?;
    let mut kept = named(tx, slug)?;
    looked_up(tx, &mut kept, check)
}

fn looked_up(tx: &mut Unit<'_>, kept: &mut Kept, check: Check) -> Result<()> {
    let now = tx.now();
    let entry = &mut kept.entry;
    if let Some(source) = check.source
        && !entry.sources.contains(&source)
    {
        entry.sources.insert(0, source);
    }
    (entry.checked_at, entry.evidence, entry.expires_at) = (now, Evidence::Read, check.expires_at);
    entry.expires_at = Some(entry.expires_at());
    entry.check(now)?;
    row::update(tx, kept, Event::ServiceChecked)
}

/// Opens ways in to a service, by an agreement.
///
/// # Errors
/// `NotFound` when it is not in the directory; `Invalid` for no way, an agreement by nobody, past or too far ahead, and for
/// a service that nobody has looked up.
pub fn open(tx: &mut Unit<'_>, slug: &str, ways_in: Vec<WayIn>, agreement: Agreement) -> Result<()> {
    row::bar(tx)?;
    let mut kept = named(tx, slug)?;
    let now = tx.now();
    if agreement.until <= now || agreement.until.since(now) > days(AGREED_DAYS) {
        return Err(Error::invalid("/until", Directory::AgreementOutOfRange(AGREED_DAYS)));
    }
    if ways_in.is_empty() || ways_in.contains(&WayIn::None) {
        return Err(Error::invalid("/way", Directory::Nothing));
    }
    if kept.entry.evidence != Evidence::Read {
        return Err(Error::invalid("/slug", Directory::NotRead));
    }
    let names = ways_in.iter().map(|way| way.as_str()).collect::<Vec<_>>().join(" ");
    let until = agreement.until;
    (kept.entry.ways_in, kept.entry.agreement) = (ways_in, Some(agreement));
    kept.entry.check(now)?;
    row::update(tx, &mut kept, Event::ServiceOpened { ways_in: names, until })
}

/// Closes every way in to a service, and ends what was agreed.
///
/// # Errors
/// `NotFound` when it is not in the directory.
pub fn close(tx: &mut Unit<'_>, slug: &str) -> Result<()> {
    row::bar(tx)?;
    let mut kept = named(tx, slug)?;
    (kept.entry.ways_in, kept.entry.agreement) = (vec![WayIn::None], None);
    row::update(tx, &mut kept, Event::ServiceClosed)
}

/// Says until when a service takes nobody; nothing, that it does.
///
/// # Errors
/// `NotFound` when it is not in the directory; `Invalid` when that is past or too far ahead.
pub fn set_full(tx: &mut Unit<'_>, slug: &str, until: Option<Timestamp>) -> Result<()> {
    row::bar(tx)?;
    let kept = named(tx, slug)?;
    fill(tx, kept, until)
}

/// The same, as the service itself says it. In a trial it is looked at, and nothing changes.
///
/// # Errors
/// As [`set_full`].
pub fn set_capacity(tx: &mut Unit<'_>, who: &Partner, until: Option<Timestamp>) -> Result<()> {
    check_full(until, tx.now())?;
    if who.mode != Mode::Live {
        return Ok(());
    }
    row::bar(tx)?;
    let kept = living(row::find(tx, &who.service)?)?;
    fill(tx, kept, until)
}

fn check_full(until: Option<Timestamp>, now: Timestamp) -> Result<()> {
    if until.is_some_and(|until| until <= now || until.since(now) > days(FULL_DAYS)) {
        return Err(Error::invalid("/full_until", Directory::FullOutOfRange(FULL_DAYS)));
    }
    Ok(())
}

fn fill(tx: &mut Unit<'_>, mut kept: Kept, until: Option<Timestamp>) -> Result<()> {
    check_full(until, tx.now())?;
    if kept.full_until == until {
        return Ok(());
    }
    kept.full_until = until;
    row::update(tx, &mut kept, Event::ServiceFull { until })
}

/// Declares somebody whom people of a service know: from now on no case that names them goes there.
///
/// # Errors
/// `NotFound` when it is not in the directory; `Invalid` for what cannot be compared, and when there are too many.
pub fn declare(tx: &mut Unit<'_>, slug: &str, identifier: &Identifier) -> Result<()> {
    let declaration = Declaration::of_identifier(identifier)?;
    row::bar(tx)?;
    let mut kept = named(tx, slug)?;
    kept.declared.add(&declaration.digests(tx.kit()));
    if kept.declared.len() > DECLARED {
        return Err(Error::invalid("/value", Form::TooMany(DECLARED)));
    }
    row::update(tx, &mut kept, Event::ServiceWallDeclared { identifier: declaration.kind() })
}

/// Until when the service takes nobody, as it said; nothing, when it takes people.
///
/// # Errors
/// `NotFound` when it is not in the directory.
pub fn capacity(rx: &mut Look<'_>, who: &Partner) -> Result<Option<Timestamp>> {
    let now = rx.now();
    Ok(living(row::find(rx, &who.service)?)?.full_until.filter(|until| *until > now))
}

/// Somebody at a service says whom they know, be it nobody: from now on they are shown nothing that names those.
///
/// # Errors
/// `Invalid` for what cannot be compared, and when there are too many.
pub fn declare_own(tx: &mut Unit<'_>, who: &Reader, known: Option<&Identifier>) -> Result<()> {
    let account = who.account();
    let digests = match known {
        Some(identifier) => Declaration::of_identifier(identifier)?.digests(tx.kit()),
        None => Vec::new(),
    };
    // Whoever says something else at the same time says it before or afterwards.
    Owner::service(&account.service).lock(tx)?;
    let account = accounts::find(tx, &account.id)?.ok_or(Error::NotFound)?;
    let mut declared = Declared::read(account.walls.clone()).ok_or(Error::NotFound)?;
    if known.is_some() {
        declared.add(&digests);
    }
    if declared.len() > DECLARED {
        return Err(Error::invalid("/value", Form::TooMany(DECLARED)));
    }
    accounts::set_walls(tx, &account, declared.written(), usize::from(known.is_some()))
}

/// How many keyed hashes there are of whom somebody said that they know.
#[must_use]
pub fn declared_of(account: &Account) -> usize {
    Declared::read(account.walls.clone()).map_or(0, |declared| declared.len())
}

/// Whether what somebody said of whom they know is of older rules: nothing opens to them until their account is made anew.
#[must_use]
pub fn is_outdated(account: &Account) -> bool {
    Declared::default().and(account).hides_all()
}

/// Takes a service out of the directory, voids its credentials and closes its accounts. Its record stays.
///
/// # Errors
/// `NotFound` when it is not in the directory.
pub fn retire(tx: &mut Unit<'_>, slug: &str) -> Result<()> {
    row::bar(tx)?;
    let mut kept = named(tx, slug)?;
    kept.retired_at = Some(tx.now());
    (kept.entry.ways_in, kept.entry.agreement) = (vec![WayIn::None], None);
    partners::revoke_all(tx, &kept.id)?;
    accounts::close_all(tx, &kept.id)?;
    row::update(tx, &mut kept, Event::ServiceRetired)
}

fn named(tx: &mut Unit<'_>, slug: &str) -> Result<Kept> {
    living(row::find_by_slug(tx, slug)?)
}

fn living(kept: Option<Kept>) -> Result<Kept> {
    kept.filter(|kept| kept.retired_at.is_none()).ok_or(Error::NotFound)
}

const fn days(days: u64) -> Duration {
    Duration::from_hours(days * 24)
}

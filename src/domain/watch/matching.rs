//! What the system notices across cases, in a job after the commit: independent reporters of one subject (O17) and
//! mirror reports (O21). It compares keyed hashes, never names; it only ever raises, and no date or answer that a
//! reporter or a platform reads depends on it.
//!
//! Each of two cases that come in at the same moment waits for its comparison from the moment it commits. Whichever is
//! compared last finds the other, and both are raised; so it does not matter that the first one found nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use diesel::prelude::*;

use super::naming::{Digest, named_by, shared};
use super::together::{Beside, Shared, Together};
use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::db::due;
use crate::db::schema::{blind_indexes, cases as table, reports};
use crate::domain::case::named::{COMPARED, is_one_person};
use crate::domain::case::store;
use crate::domain::casework;
use crate::domain::terms::Mode;
use crate::domain::terms::identifiers::Use;
use crate::domain::terms::taxonomy::{CategoryCode, Group};
use crate::domain::triage::{Facts, Signal};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Damaged;
use crate::error::Result;

/// So many first reports of one subject, each soon after the last, are a burst and count as one reporter.
const BURST: usize = 4;
/// How soon after the last one.
const BURST_GAP: Duration = Duration::from_mins(2);
/// So many accounts that report so many others with one device, payment or network do not share a person: the value
/// stands for an app's every user, or for a carrier's.
const CROWD: usize = 20;

/// What the comparison knows of a case.
struct Known {
    id: CaseId,
    received_at: Timestamp,
    /// Since when it waits for its own comparison.
    since: Option<Timestamp>,
    subjects: BTreeSet<Digest>,
    reporters: BTreeSet<Digest>,
    /// Those of both that are accounts.
    accounts: BTreeSet<Digest>,
}

impl Known {
    fn is_of_themselves(&self) -> bool {
        is_one_person(&self.subjects, &self.reporters, &self.accounts)
    }
}

/// What a comparison found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compared {
    since: Option<Timestamp>,
    // In the order of the ids, so that two workers never wait for each other.
    raised: BTreeSet<(CaseId, Signal)>,
    unreadable: BTreeSet<CaseId>,
}

/// Compares a case that waits for it. Reads only, so that nobody who writes waits for it. What was found of its whole group in this
/// run is not looked for again.
pub fn compare(rx: &mut Look<'_>, case: &str, together: &mut Together) -> Result<Compared> {
    let id: CaseId = due::id(case)?;
    let mut found = Compared::default();
    let row: Option<(Mode, Option<Timestamp>)> =
        table::table.find(&id).select((table::mode, table::match_at)).first(rx.conn()).optional()?;
    let Some((mode, since)) = row else { return Ok(found) };
    found.since = since;
    if is_unreadable(rx, &id)? {
        found.unreadable.insert(id.clone());
    }
    let Some(one) = known(rx, std::slice::from_ref(&id))?.pop() else { return Ok(found) };
    let mirrored = mirrors(rx, &one, mode)?;
    raise_anew(rx, mirrored, &mut found)?;
    let subject = Shared { mode, names: shared(rx, "subject", &id, &one.subjects)? };
    if since.is_some_and(|since| together.has(&subject, &id, since)) {
        return Ok(found);
    }
    let before = found.raised.len();
    let (noticed, beside) = of_one_subject(rx, one, mode, &mut found.unreadable)?;
    raise_anew(rx, noticed, &mut found)?;
    // While something is to be written of them, it may fail: then each that waits says it again.
    if found.raised.len() == before && found.unreadable.is_empty() {
        together.remember(subject, beside);
    }
    Ok(found)
}

/// Adds what was noticed, without what was raised before: of very many that name one subject that is most, and nobody who writes
/// waits for those to be looked at again.
fn raise_anew(rx: &mut Look<'_>, noticed: Vec<(CaseId, Signal)>, found: &mut Compared) -> Result<()> {
    let known = casework::facts_of(rx, noticed.iter().map(|(id, _)| id))?;
    for (raise, facts) in noticed.into_iter().zip(known) {
        if !is_raised(facts, raise.1)? {
            found.raised.insert(raise);
        }
    }
    Ok(())
}

/// Whether what is known of a case holds the signal already. What cannot be opened holds none.
fn is_raised(facts: Result<Option<Facts>>, signal: Signal) -> Result<bool> {
    match facts {
        Ok(facts) => Ok(facts.is_some_and(|facts| facts.signals.contains(&signal))),
        Err(error) if Damaged::is(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Raises what the comparison found, and has its case wait no longer.
pub fn raise(tx: &mut Unit<'_>, case: &str, compared: &Compared) -> Result<()> {
    let unreadable = compared.unreadable.iter().map(|id| (id, None));
    let mut all: Vec<_> = unreadable.chain(compared.raised.iter().map(|(id, signal)| (id, Some(*signal)))).collect();
    all.sort();
    for (id, signal) in all {
        match signal {
            Some(signal) => casework::notice(tx, id, signal)?,
            None => casework::mark_unreadable(tx, id)?,
        }
    }
    // A case that names somebody else meanwhile waits on.
    store::note_compared(tx, case, compared.since)
}

fn is_unreadable(rx: &mut Look<'_>, id: &CaseId) -> Result<bool> {
    match casework::facts(rx, id) {
        Ok(_) => Ok(false),
        Err(error) if Damaged::is(&error) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Which cases several report independently of each other, of those that name this one's subject; and which it was put beside.
fn of_one_subject(
    rx: &mut Look<'_>,
    one: Known,
    mode: Mode,
    unreadable: &mut BTreeSet<CaseId>,
) -> Result<(Vec<(CaseId, Signal)>, Beside)> {
    let same_subject = named_by(rx, mode, "subject", &one.subjects)?;
    let others = known(rx, &same_subject.into_iter().filter(|other| *other != one.id).collect::<Vec<_>>())?;
    if others.is_empty() {
        return Ok((Vec::new(), Beside::new()));
    }
    let beside = others.iter().map(|case| (case.id.clone(), case.since)).collect();
    // Whoever reports himself is no reporter beside another.
    let by_others = |case: &Known| !case.reporters.is_empty() && !case.is_of_themselves();
    let mut grave: Vec<Known> = others.into_iter().chain([one]).filter(by_others).collect();
    let of_them = casework::facts_of(rx, grave.iter().map(|case| &case.id))?;
    grave = kept_if_grave(rx, grave, of_them, unreadable)?;
    forget_crowds(rx, mode, &mut grave)?;
    let raised = if independent(&grave) > 1 { grave } else { Vec::new() };
    Ok((raised.into_iter().map(|case| (case.id, Signal::IndependentReporters)).collect(), beside))
}

/// The cases that a comparison puts beside this one and that were not raised together yet, and by which floor.
pub(super) fn beside(rx: &mut Look<'_>, id: &CaseId, mode: Mode) -> Result<Vec<(CaseId, &'static str)>> {
    let Some(one) = known(rx, std::slice::from_ref(id))?.pop() else { return Ok(Vec::new()) };
    let mirrored = mirrors(rx, &one, mode)?;
    let (mut found, _) = of_one_subject(rx, one, mode, &mut BTreeSet::new())?;
    found.extend(mirrored);
    let mut beside = Vec::new();
    for (signal, code) in [(Signal::IndependentReporters, "O17"), (Signal::MirrorReports, "O21")] {
        let of_it: Vec<&CaseId> = found.iter().filter(|(_, other)| *other == signal).map(|(case, _)| case).collect();
        if !of_it.contains(&id) {
            continue;
        }
        let others = casework::facts_of(rx, of_it.iter().copied())?;
        let raised = is_raised(casework::facts(rx, id), signal)?;
        for (other, facts) in of_it.into_iter().zip(others).filter(|(other, _)| *other != id) {
            if !(raised && is_raised(facts, signal)?) {
                beside.push((other.clone(), code));
            }
        }
    }
    Ok(beside)
}

/// The case and those in which its subject has reported its reporter; nothing when there is none.
fn mirrors(rx: &mut Look<'_>, one: &Known, mode: Mode) -> Result<Vec<(CaseId, Signal)>> {
    if one.is_of_themselves() {
        return Ok(Vec::new());
    }
    let reported = named_by(rx, mode, "subject", &one.reporters)?;
    let mut mirrored: Vec<CaseId> = known(rx, &reported)?
        .into_iter()
        .filter(|other| other.id != one.id && !other.is_of_themselves() && !other.reporters.is_disjoint(&one.subjects))
        .map(|other| other.id)
        .collect();
    if !mirrored.is_empty() {
        mirrored.push(one.id.clone());
    }
    Ok(mirrored.into_iter().map(|id| (id, Signal::MirrorReports)).collect())
}

/// Whom each of the cases names.
fn known(rx: &mut Look<'_>, ids: &[CaseId]) -> Result<Vec<Known>> {
    type Row = (CaseId, (Timestamp, Option<Timestamp>), String, String, Digest);
    let since = rx.now().minus(COMPARED);
    let rows: Vec<Row> = blind_indexes::table
        .inner_join(table::table.on(table::id.eq(blind_indexes::case_id)))
        .filter(blind_indexes::case_id.eq_any(ids.to_vec()).and(blind_indexes::created_at.ge(since)))
        .filter(blind_indexes::used.ne(Use::Wall))
        .select((
            blind_indexes::case_id,
            (table::received_at, table::match_at),
            blind_indexes::role,
            blind_indexes::kind,
            blind_indexes::digest,
        ))
        .load(rx.conn())?;
    let mut all: BTreeMap<CaseId, Known> = BTreeMap::new();
    for (id, (received_at, since), role, kind, digest) in rows {
        let known = all.entry(id.clone()).or_insert_with(|| Known {
            id,
            received_at,
            since,
            subjects: BTreeSet::new(),
            reporters: BTreeSet::new(),
            accounts: BTreeSet::new(),
        });
        if kind == "account" {
            known.accounts.insert(digest.clone());
        }
        let names = if role == "subject" { &mut known.subjects } else { &mut known.reporters };
        names.insert(digest);
    }
    Ok(all.into_values().collect())
}

/// Takes out what reporters share with a crowd: it tells nobody apart.
fn forget_crowds(rx: &mut Look<'_>, mode: Mode, cases: &mut [Known]) -> Result<()> {
    let mut seen: BTreeMap<&Digest, usize> = BTreeMap::new();
    for digest in cases.iter().flat_map(|case| case.reporters.difference(&case.accounts)) {
        *seen.entry(digest).or_default() += 1;
    }
    let shared: Vec<Digest> =
        seen.into_iter().filter(|(_, count)| *count > 1).map(|(digest, _)| digest.clone()).collect();
    for digest in shared {
        if is_of_a_crowd(rx, mode, &digest)? {
            for case in cases.iter_mut() {
                case.reporters.remove(&digest);
            }
        }
    }
    Ok(())
}

/// Whether very many accounts report very many others with it.
fn is_of_a_crowd(rx: &mut Look<'_>, mode: Mode, digest: &Digest) -> Result<bool> {
    let ids = named_by(rx, mode, "reporter", &BTreeSet::from([digest.clone()]))?;
    let all = known(rx, &ids)?;
    let distinct = |names: fn(&Known) -> &BTreeSet<Digest>| {
        let accounts = |case: &Known| names(case).intersection(&case.accounts).next().cloned();
        all.iter().filter_map(accounts).collect::<BTreeSet<_>>().len()
    };
    Ok(distinct(|case| &case.reporters).min(distinct(|case| &case.subjects)) >= CROWD)
}

/// Those of the cases of which a report is about violence or sexual harm. Where that cannot be opened, the reports' categories
/// say it as they came in.
fn kept_if_grave(
    rx: &mut Look<'_>,
    cases: Vec<Known>,
    known: Vec<Result<Option<Facts>>>,
    unreadable: &mut BTreeSet<CaseId>,
) -> Result<Vec<Known>> {
    let is_grave = |code: &CategoryCode| matches!(code.group(), Group::Violence | Group::Sexual);
    let mut kept = Vec::new();
    for (case, facts) in cases.into_iter().zip(known) {
        let told: Vec<CategoryCode> = match facts {
            Ok(facts) => facts.unwrap_or_default().categories.into_iter().collect(),
            Err(error) if Damaged::is(&error) => {
                unreadable.insert(case.id.clone());
                let of_case = reports::table.filter(reports::case_id.eq(&case.id)).select(reports::category);
                of_case.load(rx.conn())?
            }
            Err(error) => return Err(error),
        };
        if told.iter().any(is_grave) {
            kept.push(case);
        }
    }
    Ok(kept)
}

/// How many of the cases' reporters are independent of each other: they share no account, contact, device, payment or
/// network, and are no burst.
fn independent(cases: &[Known]) -> usize {
    // Every case begins as a group of its own; what they share joins groups.
    let mut group: Vec<usize> = (0..cases.len()).collect();
    let join = |group: &mut Vec<usize>, one: usize, other: usize| {
        let (from, to) = (group.get(one).copied(), group.get(other).copied());
        if let (Some(from), Some(to)) = (from, to) {
            group.iter_mut().filter(|member| **member == from).for_each(|member| *member = to);
        }
    };
    for (i, one) in cases.iter().enumerate() {
        for (j, other) in cases.iter().enumerate().skip(i + 1) {
            if !one.reporters.is_disjoint(&other.reporters) {
                join(&mut group, i, j);
            }
        }
    }
    let mut by_time: Vec<usize> = (0..cases.len()).collect();
    by_time.sort_by_key(|i| cases.get(*i).map(|case| case.received_at));
    let soon_after = |one: &usize, other: &usize| match (cases.get(*one), cases.get(*other)) {
        (Some(one), Some(other)) => other.received_at.since(one.received_at) <= BURST_GAP,
        _ => false,
    };
    for run in by_time.chunk_by(soon_after).filter(|run| run.len() >= BURST) {
        for pair in run.windows(2) {
            if let [one, other] = pair {
                join(&mut group, *one, *other);
            }
        }
    }
    group.into_iter().collect::<BTreeSet<usize>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(seconds: i64, reporters: &[u8]) -> Known {
        Known {
            id: CaseId::random(),
            received_at: Timestamp::from_micros(seconds * 1_000_000),
            since: None,
            subjects: BTreeSet::new(),
            reporters: reporters.iter().map(|byte| vec![*byte]).collect(),
            accounts: BTreeSet::new(),
        }
    }

    #[test]
    fn what_reporters_share_makes_them_one() {
        assert_eq!(independent(&[case(0, &[1]), case(0, &[2])]), 2);
        assert_eq!(independent(&[case(0, &[1, 9]), case(900, &[2, 9])]), 1);
        // One shares a device with the second, who shares a network with the third.
        assert_eq!(independent(&[case(0, &[1, 8]), case(900, &[2, 8, 9]), case(1_800, &[3, 9])]), 1);
        assert_eq!(independent(&[case(0, &[1, 8]), case(900, &[2, 8]), case(1_800, &[3])]), 2);
    }

    #[test]
    fn a_burst_is_one_reporter_and_two_at_once_are_no_burst() {
        let burst: Vec<Known> = (0..5).map(|n| case(i64::from(n) * 100, &[n])).collect();
        assert_eq!(independent(&burst), 1);
        let slow: Vec<Known> = (0..5).map(|n| case(i64::from(n) * 130, &[n])).collect();
        assert_eq!(independent(&slow), 5);
        let mut with_another = burst;
        with_another.push(case(86_400, &[77]));
        assert_eq!(independent(&with_another), 2);
    }
}

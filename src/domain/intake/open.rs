//! Where a report lands: in a case of its own, or in the case of the same two accounts.

use diesel::prelude::*;

use crate::base::id::{CaseId, PlatformId, ReportId};
use crate::base::time::Timestamp;
use crate::db::schema::cases;
use crate::domain::case::clocks::{self, Clock, ClockKind};
use crate::domain::case::named::{self, Named};
use crate::domain::case::store::{self, Beside};
use crate::domain::case::{Case, PrioritySource, State, sort_rank};
use crate::domain::casework::priority::{self, Assessed};
use crate::domain::casework::{self, claims};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::paging;
use crate::domain::terms::Mode;
use crate::domain::terms::region::Region;
use crate::domain::terms::taxonomy::CategoryCode;
use crate::domain::triage::{Facts, Priority, Queue, merge_answers};
use crate::domain::unit::{Kit, Look, Unit};
use crate::domain::vault::{Answers, Damaged, Keys, Notes, Owner};
use crate::error::{Conflict, Error, Result};

/// What a case needs to know of a report that comes in.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// The report's id.
    pub report: ReportId,
    /// Whose it is.
    pub platform: PlatformId,
    /// Trial or real life.
    pub mode: Mode,
    /// What it is about, first of all.
    pub category: CategoryCode,
    /// A keyed hash of both accounts, when the survivor herself reports and both are known.
    pub pair: Option<[u8; 32]>,
    /// What the rules work on.
    pub facts: Facts,
    /// Whether the five declarations about an intimate image were made.
    pub image_clock: bool,
    /// When the reporter was promised a human review.
    pub promised: Timestamp,
    /// Keyed hashes of whom the report names.
    pub names: &'a [Named],
    /// Where the person harmed lives.
    pub region: Region,
}

/// Joins the report to the case of the same pair, or opens a case for it.
///
/// Both must be from the survivor herself, on the same platform and mode, and name both accounts; anything else opens
/// its own case, and people link cases.
///
/// # Errors
/// `InFlight` when a twin of the pair opens its case at this moment and is gone when looked for.
pub(in crate::domain) fn land(tx: &mut Unit<'_>, incoming: &Incoming<'_>) -> Result<Case> {
    if let Some(case) = of_pair(tx, incoming)? {
        return join(tx, case, incoming);
    }
    if let Some(case) = open(tx, incoming)? {
        return Ok(case);
    }
    // Another transaction opened the pair's case between the look and the insert, and has committed.
    match of_pair(tx, incoming)? {
        Some(case) => join(tx, case, incoming),
        None => Err(Conflict::InFlight.into()),
    }
}

/// The pair's case. One that was erased, or whose keys are damaged, gives up the pair: a later report opens
/// a case anew.
fn of_pair(tx: &mut Unit<'_>, incoming: &Incoming<'_>) -> Result<Option<Case>> {
    let Some(pair) = incoming.pair else { return Ok(None) };
    let id: Option<CaseId> = cases::table
        .filter(cases::pair_digest.eq(pair.to_vec()))
        .filter(cases::platform_id.eq(&incoming.platform).and(cases::mode.eq(incoming.mode)))
        .select(cases::id)
        .first(tx.conn())
        .optional()?;
    let Some(id) = id else { return Ok(None) };
    let Some(case) = store::find_locked(tx, &id)? else { return Ok(None) };
    let locked = !tx.keys(Owner::case(&id))?.unopenable().is_empty();
    if locked {
        // Nothing can be sealed for it: the report is taken all the same, and a person looks at what was before.
        priority::mark_unreadable(tx, &id)?;
    }
    if locked || is_erased(&case, tx.keys(Owner::case(&id))?)? {
        store::set_pair(tx, &id, None)?;
        return Ok(None);
    }
    Ok(Some(case))
}

/// Whether nobody can read any more what a further report is weighed with: the assessments, and the lowering in force.
fn is_erased(case: &Case, keys: &mut Keys<'_>) -> Result<bool> {
    let assessments = keys.existing::<Answers>().map(drop);
    let lowering = if case.lowering_act.is_some() { keys.existing::<Notes>().map(drop) } else { Ok(()) };
    match assessments.and(lowering) {
        Err(Error::Erased) => Ok(true),
        readable => readable.map(|()| false),
    }
}

/// Opens a case; nothing when the pair has one by now.
fn open(tx: &mut Unit<'_>, incoming: &Incoming<'_>) -> Result<Option<Case>> {
    let kit = tx.kit();
    let assessment = kit.triage.assess(&incoming.facts);
    let now = tx.now();
    let id = CaseId::random();
    let child = incoming.facts.is_child();
    let queue = kit.triage.rules().queue(child, assessment.priority, incoming.category.group());
    let due = priority::due_for(tx, assessment.priority, &[queue])?;
    let mut running = clocks::first(&id, now, &due, incoming.promised);
    if incoming.image_clock {
        running.push(image_clock(kit, &id, &incoming.report, now));
    }
    let next_due_at = clocks::next_due(&running);
    let failed = assessment.failure.is_some();
    let case = Case {
        id: id.clone(),
        platform_id: incoming.platform.clone(),
        mode: incoming.mode,
        category: incoming.category,
        child,
        state: State::Received,
        outcome: None,
        queue,
        also: None,
        priority: assessment.priority,
        priority_source: if failed { PrioritySource::Failure } else { PrioritySource::Rules },
        computed_priority: assessment.priority,
        raised_priority: None,
        lowering_act: None,
        next_due_at,
        sort_rank: sort_rank(assessment.priority, next_due_at),
        assigned_to: None,
        claimed_until: None,
        reserved_until: None,
        held_until: None,
        received_at: now,
        closed_at: None,
        region: Some(incoming.region),
        version: 1,
        content_at: now,
        read_at: None,
        acted_at: None,
    };
    let opened =
        Event::CaseOpened { report: incoming.report.clone(), queue: queue.as_str(), priority: assessment.priority };
    let alarm = priority::first_call(tx, &case, failed);
    let mut events = vec![opened];
    events.extend(alarm.map(|call| Event::AlarmOpened { reason: call.reason.to_owned() }));
    let head = audit::begin(tx, &Owner::case(&id), &events)?;
    let names = named::of_new(incoming.names, now);
    let beside = Beside { pair: incoming.pair, names_mac: named::proof(&kit.keyring, &id, &names), head };
    if !store::insert(tx, &case, beside)? {
        audit::undo_begin(tx, &id)?;
        return Ok(None);
    }
    clocks::insert(tx, &running)?;
    named::insert(tx, &id, &names)?;
    tx.keys_of_new(&Owner::case(&id));
    priority::store_assessment(tx, &id, 1, &Assessed { facts: incoming.facts.clone(), assessment })?;
    if let Some(call) = alarm {
        paging::begin(tx, &case, call)?;
    }
    Ok(Some(case))
}

/// The platform's 48 hours run from the report's receipt, which is immutable, for each report by itself.
fn image_clock(kit: &Kit, case: &CaseId, report: &ReportId, now: Timestamp) -> Clock {
    let rules = kit.triage.rules();
    let due = now.plus(rules.intimate_image_span());
    let first = rules.intimate_image_alarms().first().map_or(due, |span| now.plus(*span));
    Clock::begin(case, ClockKind::IntimateImage, now, due).of_report(report).telling_at(first)
}

/// Takes a further report of the same two accounts into their case. A closed case opens again.
fn join(tx: &mut Unit<'_>, mut case: Case, incoming: &Incoming<'_>) -> Result<Case> {
    let kit = tx.kit();
    audit::record(tx, Owner::case(&case.id), Event::ReportJoined { report: incoming.report.clone() })?;
    if incoming.image_clock {
        let clock = image_clock(kit, &case.id, &incoming.report, tx.now());
        clocks::insert(tx, &[clock])?;
    }
    join_queue(tx, &mut case, incoming.category)?;
    take_in(tx, &mut case, &incoming.facts, incoming.names, Some(incoming.promised))?;
    Ok(case)
}

/// Puts the case in the queue of a joining report's group as well: whoever works that group is to see it.
fn join_queue(tx: &mut Unit<'_>, case: &mut Case, category: CategoryCode) -> Result<()> {
    let kit = tx.kit();
    let of = |category: CategoryCode| kit.triage.rules().queue(false, Priority::P4, category.group());
    let (joins, own) = (of(category), of(case.category));
    if joins == own || case.also().any(|queue| queue == joins) {
        return Ok(());
    }
    let also: Vec<&str> = case.also().chain([joins]).map(Queue::as_str).collect();
    case.also = Some(also.join(" "));
    store::set_also(tx, case)
}

/// What every addition and every joining report does to a case: it is taken up, its names are kept, it is to be read,
/// the rules are run again, and whoever is on call learns of it when it is urgent and nobody holds it.
fn take_in(
    tx: &mut Unit<'_>,
    case: &mut Case,
    new: &Facts,
    names: &[Named],
    promised: Option<Timestamp>,
) -> Result<()> {
    let before = case.priority;
    store::note_content(tx, case)?;
    if case.state == State::Closed {
        claims::open_again(tx, case)?;
    } else {
        claims::bring_back(tx, case)?;
        // What it says itself it may see the answer to, as of any case that was closed.
        casework::show_platform(tx, case)?;
    }
    if named::add(tx, &case.id, names)? || !new.categories.is_empty() {
        // It is compared with others again.
        store::compare_again(tx, &case.id)?;
    }
    let combined = combined(tx, &case.id, new);
    // Of what was destroyed since the case was closed nobody knows how grave it was.
    let unreadable = combined.as_ref().is_err_and(|error| Damaged::is(error) || matches!(error, Error::Erased));
    let facts = if unreadable { new.clone() } else { combined? };
    begin_review(tx, case, promised)?;
    priority::reassess(tx, case, facts, new)?;
    if unreadable {
        // What was known before is not in the new assessment.
        priority::suppose_the_worst(tx, case)?;
    }
    // A rise has paged already.
    if case.priority < before { Ok(()) } else { priority::page_if_left(tx, case, "more_came_in") }
}

/// Has what came in read by a person: by the earlier of the priority's span and what was promised to the reporter.
fn begin_review(tx: &mut Unit<'_>, case: &Case, promised: Option<Timestamp>) -> Result<()> {
    let due = priority::due_for(tx, case.priority, &case.queues())?;
    let by = tx.now().plus(due.human_review);
    clocks::begin_review(tx, &case.id, promised.map_or(by, |promised| promised.min(by)))
}

/// All that is known of the case: a yes sticks, otherwise the latest answer counts.
fn combined(rx: &mut Look<'_>, case: &CaseId, later: &Facts) -> Result<Facts> {
    let (_, Assessed { mut facts, .. }) = priority::newest(rx, case)?;
    merge_answers(&mut facts.answers, &later.answers);
    facts.categories.extend(&later.categories);
    facts.signals.extend(&later.signals);
    facts.child |= later.child;
    facts.doubtful_no |= later.doubtful_no;
    Ok(facts)
}

/// Takes more answers and names into a case. A closed case opens again; also one whose content was destroyed meanwhile, whose
/// content is then what came now.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn take_in_addition(
    tx: &mut Unit<'_>,
    case: &CaseId,
    event: Event,
    facts: &Facts,
    names: &[Named],
) -> Result<()> {
    let Some(mut case) = store::find_locked(tx, case)? else { return Err(Error::NotFound) };
    audit::record(tx, Owner::case(&case.id), event)?;
    take_in(tx, &mut case, facts, names, None)
}

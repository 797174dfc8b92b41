//! The priority in force: what the rules say, what people raised, and what two people lowered. Nothing else subtracts.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::alias;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::acts;
use super::claims;
use super::rights;
use crate::base::id::{ActId, AssessmentId, CaseId};
use crate::db::due::{self, DueRow};
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::{assessments, cases};
use crate::domain::case::clocks::{self, Due};
use crate::domain::case::store;
use crate::domain::case::{Case, PrioritySource, State};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::paging::{self, Call, Rung, rota};
use crate::domain::terms::Mode;
use crate::domain::terms::taxonomy::CategoryCode;
use crate::domain::triage::{Assessment, Facts, Priority, Queue, Signal};
use crate::domain::unit::{Kit, Look, Unit};
use crate::domain::vault::{self, Answers, Damaged, Owner, Scope, Sealed};
use crate::error::{Error, Result};

/// An assessment with the facts it was made of, as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Assessed {
    /// What was known.
    pub facts: Facts,
    /// What the rules said.
    pub assessment: Assessment,
}

/// Stores an assessment. Only its priority and rule set stand in the clear.
pub(in crate::domain) fn store_assessment(
    tx: &mut Unit<'_>,
    case: &CaseId,
    seq: i64,
    assessed: &Assessed,
) -> Result<()> {
    let id = AssessmentId::random();
    let body = tx.keys(Owner::case(case))?.sealing::<Answers>()?.seal("assessment", id.as_str(), assessed)?;
    let row = (
        assessments::id.eq(&id),
        assessments::case_id.eq(case),
        assessments::seq.eq(seq),
        assessments::at.eq(tx.now()),
        assessments::ruleset.eq(&assessed.assessment.ruleset),
        assessments::priority.eq(assessed.assessment.priority),
        assessments::body.eq(body),
    );
    diesel::insert_into(assessments::table).values(row).execute(tx.conn())?;
    Ok(())
}

/// The newest assessment of a case, with its number.
///
/// # Errors
/// `Erased` when its content was; `Internal` when it does not open, or is gone: every case has one.
pub fn newest(rx: &mut Look<'_>, case: &CaseId) -> Result<(i64, Assessed)> {
    let row: Option<(AssessmentId, i64, Sealed<Answers>)> = assessments::table
        .filter(assessments::case_id.eq(case))
        .order(assessments::seq.desc())
        .select((assessments::id, assessments::seq, assessments::body))
        .first(rx.conn())
        .optional()?;
    let Some((id, seq, body)) = row else {
        // Who an erased case is about cannot be read either.
        let lost = || Damaged::error("a case has no assessment".to_owned());
        return Err(if vault::is_erased(rx, &Owner::case(case))? { Error::Erased } else { lost() });
    };
    Ok((seq, opened(rx, case, &id, &body)?))
}

fn opened(rx: &mut Look<'_>, case: &CaseId, id: &AssessmentId, body: &Sealed<Answers>) -> Result<Assessed> {
    let key = rx.keys(Owner::case(case))?.existing::<Answers>()?;
    Ok(key.open::<Assessed>("assessment", id.as_str(), body)?.into_exposed())
}

/// The number of the newest assessment of a case, which grows with all that comes in; 0 when there is none.
pub(super) fn newest_seq(rx: &mut Look<'_>, case: &CaseId) -> Result<i64> {
    let of_case = assessments::table.filter(assessments::case_id.eq(case));
    let newest: Option<i64> = of_case.select(diesel::dsl::max(assessments::seq)).first(rx.conn())?;
    Ok(newest.unwrap_or(0))
}

/// Runs the rules on all that is known now, keeps the result, and puts the case where it belongs. `new` is what came
/// in, alone.
pub(in crate::domain) fn reassess(tx: &mut Unit<'_>, case: &mut Case, facts: Facts, new: &Facts) -> Result<()> {
    let kit = tx.kit();
    let seq = newest_seq(tx, &case.id)? + 1;
    let assessed = Assessed { assessment: kit.triage.assess(&facts), facts };
    store_assessment(tx, &case.id, seq, &assessed)?;
    let assessment = &assessed.assessment;
    let event = Event::Assessed {
        ruleset: assessment.ruleset.clone(),
        priority: assessment.priority,
        failed: assessment.failure.is_some(),
    };
    audit::record(tx, Owner::case(&case.id), event)?;
    let alone = kit.triage.assess(new).priority;
    void_answered_lowering(tx, case, assessment, alone)?;
    let before = case.priority;
    // A case is never lowered by rules: not by new ones, and not by running them again.
    case.computed_priority = case.computed_priority.min(assessment.priority);
    case.child = case.child || assessed.facts.is_child();
    put_in_force(tx, case, before, assessment.failure.is_some())?;
    if assessment.failure.is_some() {
        call_now(tx, case, "triage_failed")?;
    }
    rights::look_again(tx, case).map(drop)
}

/// Voids a lowering that no longer answers what the rules say, or that lies below what has come in now, alone: the same
/// danger reported again is a new danger, although no new code fires.
fn void_answered_lowering(tx: &mut Unit<'_>, case: &mut Case, now: &Assessment, alone: Priority) -> Result<()> {
    let Some(act) = case.lowering_act.clone() else { return Ok(()) };
    let holds = match acts::lowering(tx, &case.id, &act) {
        Ok(lowering) => lowering.answers(now) && alone >= lowering.to,
        // What nobody can read any more holds nothing down.
        Err(Error::Erased) => false,
        Err(error) if Damaged::is(&error) => false,
        Err(error) => return Err(error),
    };
    if !holds {
        // The lowered priority no longer holds; the caller computes the one in force.
        case.lowering_act = None;
    }
    Ok(())
}

/// Computes the priority in force and writes it down with all that follows: queue, clocks, page.
fn put_in_force(tx: &mut Unit<'_>, case: &mut Case, before: Priority, failed: bool) -> Result<()> {
    let kit = tx.kit();
    let lowered = match &case.lowering_act {
        Some(act) => {
            match acts::lowering(tx, &case.id, act) {
                Ok(lowering) => Some(lowering.to),
                // Nobody knows any more what was lowered to what, so nothing is.
                Err(Error::Erased) => None,
                Err(error) if Damaged::is(&error) => None,
                Err(error) => return Err(error),
            }
        }
        None => None,
    };
    if lowered.is_none() {
        case.lowering_act = None;
    }
    let base = lowered.unwrap_or(case.computed_priority);
    let raised = case.raised_priority.filter(|raised| *raised < base);
    case.priority = raised.unwrap_or(base);
    case.priority_source = match (raised, lowered) {
        (Some(_), _) => PrioritySource::Raised,
        (None, Some(_)) => PrioritySource::Lowered,
        (None, None) if failed => PrioritySource::Failure,
        (None, None) => PrioritySource::Rules,
    };
    case.queue = kit.triage.rules().queue(case.child, case.priority, case.category.group());
    case.version += 1;
    store::set_priority(tx, case)?;
    if case.priority != before {
        let changed = Event::PriorityChanged { from: before, to: case.priority, source: case.priority_source.as_str() };
        audit::record(tx, Owner::case(&case.id), changed)?;
    }
    if case.priority < before && case.state.is_open() {
        let due = due_for(tx, case.priority, &case.queues())?;
        clocks::tighten(tx, &case.id, &due)?;
        // Nothing that has become more urgent stays set aside, or kept for somebody who may be away.
        claims::bring_back(tx, case)?;
        case.reserved_until = None;
        store::set_holder(tx, case)?;
        page_if_urgent(tx, case, case.priority.as_str())?;
    }
    store::requeue(tx, case)
}

/// The spans of a priority, as they are while someone is on shift for the queue or nobody is.
pub(in crate::domain) fn due_for(tx: &mut Unit<'_>, priority: Priority, queues: &[Queue]) -> Result<Due> {
    let kit = tx.kit();
    let spans = kit.triage.rules().clocks(priority);
    let differs = spans.human_review_staffed != spans.human_review_unstaffed;
    let staffed = differs && rota::is_on_shift(tx, queues)?;
    Ok(Due::of(priority, spans, kit.referrals.of(priority), staffed))
}

/// Whether the rules have somebody woken for cases of this priority.
pub(super) fn is_urgent(kit: &Kit, priority: Priority) -> bool {
    kit.triage.rules().clocks(priority).page_first.is_some()
}

/// Has somebody paged when the rules say so for the case's priority, unless it is taken before their span has passed.
pub(super) fn page_if_urgent(tx: &mut Unit<'_>, case: &Case, reason: &str) -> Result<()> {
    let kit = tx.kit();
    let Some(span) = kit.triage.rules().clocks(case.priority).page_first else { return Ok(()) };
    let at = tx.now().plus(span);
    paging::call(tx, case, Call { reason, at, least: Rung::OnCall })
}

/// Has somebody paged at once when the rules say that a case of its priority wakes somebody.
pub(super) fn page_now_if_urgent(tx: &mut Unit<'_>, case: &Case, reason: &str) -> Result<()> {
    let kit = tx.kit();
    if is_urgent(kit, case.priority) { call_now(tx, case, reason) } else { Ok(()) }
}

/// Whom a case wakes that is being opened: at once when the rules failed, and nobody when it is a trial.
pub(in crate::domain) fn first_call(rx: &Look<'_>, case: &Case, failed: bool) -> Option<Call<'static>> {
    let kit = rx.kit();
    let span = kit.triage.rules().clocks(case.priority).page_first;
    let (reason, span) = if failed { ("triage_failed", Duration::ZERO) } else { (case.priority.as_str(), span?) };
    let call = Call { reason, at: rx.now().plus(span), least: Rung::OnCall };
    (case.mode == Mode::Live).then_some(call)
}

/// Has somebody paged at once, whatever the priority.
pub(super) fn call_now(tx: &mut Unit<'_>, case: &Case, reason: &str) -> Result<()> {
    let at = tx.now();
    paging::call(tx, case, Call { reason, at, least: Rung::OnCall })
}

/// Has somebody paged when the rules say so for the case's priority, unless somebody holds it at this moment and sees by
/// themselves what has come.
pub(in crate::domain) fn page_if_left(tx: &mut Unit<'_>, case: &Case, reason: &str) -> Result<()> {
    let held = case.claimed_until.is_some_and(|until| until > tx.now());
    if held { Ok(()) } else { page_if_urgent(tx, case, reason) }
}

/// Raises the priority by a person's judgement (TSP-1, O19). Never lowers.
pub(super) fn raise(tx: &mut Unit<'_>, case: &mut Case, to: Priority) -> Result<()> {
    let before = case.priority;
    case.raised_priority = Some(case.raised_priority.map_or(to, |raised| raised.min(to)));
    put_in_force(tx, case, before, false)?;
    rights::look_again(tx, case).map(drop)
}

/// Puts an approved lowering in force: it replaces what the rules and earlier raises said.
pub(super) fn lower(tx: &mut Unit<'_>, case: &mut Case, act: &ActId) -> Result<()> {
    let before = case.priority;
    case.raised_priority = None;
    case.lowering_act = Some(act.clone());
    put_in_force(tx, case, before, false)?;
    rights::look_again(tx, case).map(drop)
}

/// A few of the open cases for which the rules had failed.
pub fn without_rules(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let (_, id) = due::place(after);
    let ids: Vec<Perhaps<String>> = cases::table
        .filter(cases::priority_source.eq(PrioritySource::Failure).and(cases::state.ne(State::Closed)))
        .filter(cases::id.gt(id))
        .order(cases::id)
        .limit(limit)
        .select(cases::id)
        .load(rx.conn())?;
    Ok(readable(ids).into_iter().map(|id| (0, id)).collect())
}

/// Runs the rules again on such a case: one that the rules call p0 must not stay p1 because it came in while the rule
/// file was broken.
pub fn reassess_failed(tx: &mut Unit<'_>, id: &str) -> Result<()> {
    let kit = tx.kit();
    if kit.triage.failure().is_some() {
        return Ok(());
    }
    let Some(mut case) = store::find_locked(tx, &due::id(id)?)? else { return Ok(()) };
    let Some(facts) = facts(tx, &case.id)? else { return Ok(()) };
    reassess(tx, &mut case, facts.clone(), &facts)?;
    Ok(())
}

/// Open cases behind `after` that stand in another queue than the rules say, as after a change of the rule file, and the
/// last of those that were looked at; `None` when that was the end.
///
/// # Errors
/// What the database says.
pub fn out_of_queue(rx: &mut Look<'_>, after: &str, limit: i64) -> Result<(Vec<String>, Option<String>)> {
    type Row = (Perhaps<String>, Perhaps<String>, bool, Perhaps<String>, Perhaps<String>);
    let kit = rx.kit();
    let open = cases::table.filter(cases::state.ne(State::Closed)).filter(cases::id.gt(after));
    // As texts: a row that cannot be read hides no other, and is told of elsewhere.
    let said = (cases::id, cases::queue, cases::child, cases::priority, cases::category);
    let mut last = None;
    let mut wrong = Vec::new();
    for row in open.order(cases::id).limit(limit).select(said).load::<Row>(rx.conn())? {
        let (Perhaps(Some(id)), Perhaps(queue), child, Perhaps(priority), Perhaps(category)) = row else { continue };
        last = Some(id.clone());
        let priority = priority.and_then(|code| Priority::parse(&code));
        let category = category.and_then(|code| CategoryCode::parse(&code));
        let (Some(queue), Some(priority), Some(category)) = (queue, priority, category) else { continue };
        if kit.triage.rules().queue(child, priority, category.group()).as_str() != queue {
            wrong.push(id);
        }
    }
    Ok((wrong, last))
}

/// Puts such a case where the rules say. Whoever worked on it and may not in its new queue loses it, and the next person
/// hears at once.
///
/// # Errors
/// What the database says.
pub fn place_anew(tx: &mut Unit<'_>, id: &str) -> Result<()> {
    let kit = tx.kit();
    let Some(mut case) = store::find_locked(tx, &due::id(id)?)?.filter(|case| case.state.is_open()) else {
        return Ok(());
    };
    let from = case.queue;
    if kit.triage.rules().queue(case.child, case.priority, case.category.group()) == from {
        return Ok(());
    }
    let (before, failed) = (case.priority, case.priority_source == PrioritySource::Failure);
    put_in_force(tx, &mut case, before, failed)?;
    audit::record(tx, Owner::case(&case.id), Event::QueueChanged { from, to: case.queue })?;
    rights::look_again(tx, &mut case).map(drop)
}

/// What is known of the case cannot be opened: it is p1 at least, and a person is told, once.
pub fn mark_unreadable(tx: &mut Unit<'_>, id: &CaseId) -> Result<()> {
    match store::find_locked(tx, id)? {
        Some(mut case) if case.state.is_open() => suppose_the_worst(tx, &mut case),
        Some(_) | None => Ok(()),
    }
}

/// The careful direction where something that the rules work on cannot be opened. What two people lowered they lowered
/// knowing what is unreadable now, so it no longer holds.
pub(in crate::domain) fn suppose_the_worst(tx: &mut Unit<'_>, case: &mut Case) -> Result<()> {
    let supposed = case.computed_priority <= Priority::P1 && case.lowering_act.is_none();
    if supposed && matches!(case.priority_source, PrioritySource::Failure | PrioritySource::Raised) {
        return Ok(());
    }
    let before = case.priority;
    case.computed_priority = case.computed_priority.min(Priority::P1);
    case.lowering_act = None;
    put_in_force(tx, case, before, true)?;
    call_now(tx, case, "unreadable")?;
    rights::look_again(tx, case).map(drop)
}

/// Takes in something that the system has noticed across cases. It only raises; noticed again, it changes nothing.
pub(in crate::domain) fn notice(tx: &mut Unit<'_>, id: &CaseId, signal: Signal) -> Result<()> {
    let Some(mut case) = store::find_locked(tx, id)? else { return Ok(()) };
    let mut facts = match facts(tx, id) {
        Ok(Some(facts)) => facts,
        Ok(None) => return Ok(()),
        Err(error) if Damaged::is(&error) => return mark_unreadable(tx, id),
        Err(error) => return Err(error),
    };
    if !facts.signals.insert(signal) {
        return Ok(());
    }
    let new = Facts { signals: [signal].into(), ..Facts::default() };
    reassess(tx, &mut case, facts, &new)?;
    Ok(())
}

/// All that is known of a case; nothing when that was erased.
pub(in crate::domain) fn facts(rx: &mut Look<'_>, id: &CaseId) -> Result<Option<Facts>> {
    unless_erased(newest(rx, id).map(|(_, assessed)| assessed))
}

fn unless_erased(assessed: Result<Assessed>) -> Result<Option<Facts>> {
    match assessed {
        Ok(assessed) => Ok(Some(assessed.facts)),
        Err(Error::Erased) => Ok(None),
        Err(error) => Err(error),
    }
}

/// All that is known of each of these cases, as [`facts`] says it of one: with two statements in place of two for each.
pub(in crate::domain) fn facts_of<'c>(
    rx: &mut Look<'_>,
    ids: impl Iterator<Item = &'c CaseId> + Clone,
) -> Result<Vec<Result<Option<Facts>>>> {
    type Row = (Perhaps<CaseId>, Perhaps<AssessmentId>, Perhaps<Sealed<Answers>>);
    if ids.clone().next().is_none() {
        return Ok(Vec::new());
    }
    let later = alias!(assessments as later);
    let of_same = later.field(assessments::case_id).eq(assessments::case_id);
    let last = later.filter(of_same).select(diesel::dsl::max(later.field(assessments::seq))).single_value();
    let newest: Vec<Row> = assessments::table
        .filter(assessments::case_id.eq_any(ids.clone()).and(assessments::seq.nullable().eq(last)))
        .select((assessments::case_id, assessments::id, assessments::body))
        .load(rx.conn())?;
    let read = newest.into_iter().filter_map(|(case, id, body)| Some((case.0?, (id.0?, body.0?))));
    let newest: BTreeMap<CaseId, (AssessmentId, Sealed<Answers>)> = read.collect();
    rx.load_keys(ids.clone().map(Owner::case), Scope::Answers)?;
    let one = |id: &CaseId| match newest.get(id) {
        Some((assessment, body)) => unless_erased(opened(rx, id, assessment, body)),
        // It says what is the matter.
        None => facts(rx, id),
    };
    Ok(ids.map(one).collect())
}

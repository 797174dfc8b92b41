//! Routing: which services are proposed for a case, and why. Nothing is stored, and nobody is referred by it: a colleague reads it
//! with the survivor's wishes beside it. The rules are a file; what holds for children, under honour-based abuse and for what she
//! did not tell stands in `person`.

mod asked;
mod person;
mod rules;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use asked::{Access, Ask, Care, Conflicts, Emergency, Label, LeftOut, Place, Proposal, Proposed, Question, Told};
pub use rules::Rules;

pub(super) use self::person::keeps_away;
use self::person::{Age, Fit, Person};
use crate::base::id::ServiceId;
use crate::base::time::Timestamp;
use crate::domain::access::{self, Act, Sight};
use crate::domain::case::named;
use crate::domain::casework;
use crate::domain::directory::{Book, Kind, Mark, Open, Service};
use crate::domain::terms::acknowledgement;
use crate::domain::terms::identifiers::service_wall_digest;
use crate::domain::triage::{Facts, Priority};
use crate::domain::unit::Look;
use crate::domain::vault::Damaged;
use crate::error::Result;

/// How many services are shown.
const SHOWN: usize = 3;
/// How many for one group are shown beside them, and how many that are left out.
const FOR_ONE_GROUP: usize = 10;
const LEFT_OUT: usize = 20;
/// Of how many it is asked whether they are open: those that fit best without that.
const ASKED: usize = 60;

/// A service that may be proposed.
struct Candidate<'r> {
    fit: Fit,
    labels: Vec<Label>,
    service: Arc<Service>,
    rule: Option<&'r rules::Rule>,
}

/// Proposes services for a case.
///
/// # Errors
/// `Forbidden` for whoever may not read what was said in the case; then what is wrong with the question; what the database
/// says.
pub fn propose(
    rx: &mut Look<'_>,
    sight: &Sight,
    book: &Book,
    rules: &Rules,
    question: impl FnOnce() -> Result<Question>,
) -> Result<Proposal> {
    let (case, now) = (sight.case(), rx.now());
    access::check(sight.who(), case, Act::ReadContent, now)?;
    let question = &question()?;
    // What cannot be read makes nobody less careful.
    let known = match casework::facts(rx, &case.id) {
        Err(error) if Damaged::is(&error) => None,
        known => known?,
    };
    let away = known.as_ref().is_none_or(keeps_away);
    let facts = known.unwrap_or_else(|| Facts { categories: [case.category].into(), ..Facts::default() });
    let age = Age::of(&question.told, case.child || facts.is_child());
    let known =
        Known { facts: &facts, priority: case.priority, age, away, now, walled: walled(rx, sight, book, question)? };
    Ok(proposal(&known, book, rules, question))
}

/// The services of which somebody knows somebody in the case, and those that whoever asks has declared.
fn walled(rx: &mut Look<'_>, sight: &Sight, book: &Book, question: &Question) -> Result<BTreeSet<ServiceId>> {
    let services = || book.in_country(question.place.country.as_deref().unwrap_or_default()).iter();
    let walls = sight.who().walls();
    let keyring = &rx.kit().keyring;
    let own = services().filter(|one| !walls.is_empty() && walls.hold(&service_wall_digest(keyring, &one.id)));
    let mut walled: BTreeSet<ServiceId> = own.map(|service| service.id.clone()).collect();
    let mut declared = services().filter(|service| !service.declared.is_empty()).peekable();
    if declared.peek().is_some() {
        let names = named::of(rx, &sight.case().id)?;
        walled.extend(declared.filter(|service| service.declared.meet(&names)).map(|service| service.id.clone()));
    }
    Ok(walled)
}

/// What is known of a case and of now.
struct Known<'f> {
    facts: &'f Facts,
    priority: Priority,
    age: Age,
    away: bool,
    now: Timestamp,
    walled: BTreeSet<ServiceId>,
}

fn proposal(known: &Known<'_>, book: &Book, rules: &Rules, question: &Question) -> Proposal {
    let Known { age, away, now, .. } = *known;
    let (mut candidates, mut left_out) = (Vec::new(), Vec::new());
    if let Some(country) = question.place.country.as_deref() {
        let region = question.place.region.as_deref();
        let person = Person { age, keeps_away: away, country, region, question, now, walled: &known.walled };
        (candidates, left_out) = weighed(&person, known, book, rules);
    }
    let ask = to_ask(question, age, &candidates);
    let mut proposal = Proposal {
        rules: rules.version().to_owned(),
        emergency: emergency(question, away),
        ask,
        services: Vec::new(),
        for_one_group: Vec::new(),
        through_safeguarding_lead: Vec::new(),
        left_out,
        more_left_out: 0,
    };
    choose(candidates, now, &mut proposal);
    proposal.more_left_out = proposal.left_out.len().saturating_sub(LEFT_OUT);
    proposal.left_out.truncate(LEFT_OUT);
    proposal
}

type LeftOutServices = Vec<(Arc<Service>, LeftOut)>;

/// All services that a rule proposes, the best first; and those that it would and that are left out.
fn weighed<'r>(
    person: &Person<'_>,
    known: &Known<'_>,
    book: &Book,
    rules: &'r Rules,
) -> (Vec<Candidate<'r>>, LeftOutServices) {
    let holding = rules.holding(known.facts, known.priority, person.region);
    let (mut candidates, mut left_out) = (Vec::new(), Vec::new());
    for service in book.in_country(person.country) {
        let by_rule = holding.iter().find(|(_, rule)| rule.offers(service));
        // A centre for sexual assault is there whatever the case is about: not all of it is told at once.
        let is_centre = service.entry.has(Mark::SexualAssaultReferralCentre);
        let (at, rule) = match by_rule {
            Some((at, rule)) => (*at, Some(*rule)),
            None if is_centre => (usize::MAX, None),
            None => continue,
        };
        match person.fit(service, at) {
            None => {}
            Some(Err(why)) => left_out.push((Arc::clone(service), why)),
            Some(Ok((fit, labels))) => {
                candidates.push(Candidate { fit, labels, service: Arc::clone(service), rule });
            }
        }
    }
    candidates.sort_by(|one, other| {
        one.fit.cmp(&other.fit).then_with(|| one.service.entry.slug.cmp(&other.service.entry.slug))
    });
    // Among those that fit alike, who is there now comes first; it is asked of the best alone, because it takes long to say.
    let best = candidates.len().min(ASKED);
    if let Some(best) = candidates.get_mut(..best) {
        best.sort_by_cached_key(|one| (one.fit.clone(), is_closed(one, person.now), one.service.entry.slug.clone()));
    }
    (candidates, left_out)
}

fn is_closed(of: &Candidate<'_>, now: Timestamp) -> bool {
    of.service.timetable().is_none_or(|timetable| timetable.is_open(now) != Open::Yes)
}

/// Chooses what is shown.
fn choose(candidates: Vec<Candidate<'_>>, now: Timestamp, proposal: &mut Proposal) {
    let mut of_rule = std::collections::BTreeMap::<usize, usize>::new();
    let mut waiting: Vec<Candidate<'_>> = Vec::new();
    let mut shown: Vec<Candidate<'_>> = Vec::new();
    for candidate in candidates {
        if candidate.labels.contains(&Label::ThroughSafeguardingLead) {
            aside(candidate, SHOWN, &mut proposal.through_safeguarding_lead, &mut proposal.left_out, now);
            continue;
        }
        if candidate.labels.contains(&Label::ForOneGroup) {
            aside(candidate, FOR_ONE_GROUP, &mut proposal.for_one_group, &mut proposal.left_out, now);
            continue;
        }
        let count = of_rule.entry(candidate.fit.rule).or_default();
        let most = candidate.rule.map_or(1, |rule| rule.most);
        if shown.len() < SHOWN && *count < most {
            *count += 1;
            shown.push(candidate);
        } else {
            waiting.push(candidate);
        }
    }
    // A place that a rule left free is taken by the next one, whichever rule is its.
    while shown.len() < SHOWN && !waiting.is_empty() {
        shown.push(waiting.remove(0));
    }
    somebody_is_there(&mut shown, &mut waiting, now);
    proposal.left_out.extend(waiting.into_iter().map(|one| (one.service, LeftOut::NoRoom)));
    proposal.services = shown.into_iter().map(|candidate| proposed(candidate, now)).collect();
}

/// Puts a service on a list beside those that are shown, where there is room.
fn aside(
    candidate: Candidate<'_>,
    room: usize,
    list: &mut Vec<Proposed>,
    left_out: &mut LeftOutServices,
    now: Timestamp,
) {
    if list.len() < room {
        list.push(proposed(candidate, now));
    } else {
        left_out.push((candidate.service, LeftOut::NoRoom));
    }
}

/// Where nobody of those shown is there now and somebody else is, they take the last place.
fn somebody_is_there<'r>(shown: &mut Vec<Candidate<'r>>, waiting: &mut Vec<Candidate<'r>>, now: Timestamp) {
    if shown.len() < SHOWN || shown.iter().any(|one| !is_closed(one, now)) {
        return;
    }
    let there = waiting.iter().take(ASKED).position(|one| !is_closed(one, now));
    let is_centre = |one: &Candidate<'_>| one.service.entry.has(Mark::SexualAssaultReferralCentre);
    if let Some(at) = there
        && let Some(last) = shown.iter().rposition(|one| !is_centre(one))
    {
        let comes = waiting.remove(at);
        let goes = shown.remove(last);
        waiting.insert(0, goes);
        shown.push(comes);
    }
}

fn proposed(candidate: Candidate<'_>, now: Timestamp) -> Proposed {
    let Candidate { labels, service, rule, .. } = candidate;
    let centre =
        ("assault_centre", "If there is more to tell: a centre for sexual assault, whatever the case is about.");
    let (code, why) = rule.map_or(centre, |rule| (rule.code.as_str(), rule.text.as_str()));
    Proposed {
        rule: code.to_owned(),
        why: why.to_owned(),
        labels,
        opening: service.opening(now),
        doubts: service.doubts(now),
        service,
    }
}

/// The line of the country that she says she is in; where she has not said it now, several, each with its country.
fn emergency(question: &Question, away: bool) -> Vec<Emergency> {
    let place = &question.place;
    let of_country = acknowledgement::emergency(place.country.as_deref());
    let mut lines = of_country;
    if !place.said_now {
        for line in acknowledgement::emergency(None) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    let mut care = Vec::new();
    if away {
        care.push(Care::HerChoice);
    }
    if question.conflicts.kinds.contains(&Kind::Police) {
        care.push(Care::AskForAnotherForce);
    }
    lines.into_iter().map(|line| Emergency::of(line, care.clone())).collect()
}

/// What would change the answer.
fn to_ask(question: &Question, age: Age, candidates: &[Candidate<'_>]) -> Vec<Ask> {
    let place = &question.place;
    let in_parts = || candidates.iter().any(|one| one.labels.contains(&Label::PartOfCountry));
    let by_age = || candidates.iter().any(|one| one.labels.contains(&Label::AskAge));
    let all = [
        (Ask::Country, place.country.is_none() || !place.said_now),
        (Ask::Region, place.country.is_some() && place.region.is_none() && in_parts()),
        (Ask::Age, age.is_open() || by_age()),
        (Ask::Conflicts, !question.conflicts.asked),
    ];
    all.into_iter().filter(|(_, asks)| *asks).map(|(ask, _)| ask).collect()
}

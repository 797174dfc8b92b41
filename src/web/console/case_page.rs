//! What the page of a case shows, in its order: where it stands, how she may be reached, what stands out, clocks, her words.

use std::collections::BTreeMap;

use askama::Template;

use super::case_words::{self, Said};
use super::seat::Seated;
use super::{contact_words, events, queues, words};
use crate::base::id::StaffId;
use crate::domain::access::{self, Act, Grant, Read, Sight};
use crate::domain::case::clocks::ClockState;
use crate::domain::case::{Case, PrioritySource, State};
use crate::domain::casefile::timeline::{self, Part, TimelineEntry, TimelineList};
use crate::domain::casefile::{self, CaseView, Page};
use crate::domain::casework;
use crate::domain::people::{platforms, staff};
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;
use crate::pages::shell::Shell;
use crate::pages::spans::{Moment, Writer};
use crate::web::extract::Call;

/// What was read for the page.
pub(super) struct Reading {
    pub(super) seated: Seated,
    pub(super) case: Case,
    pub(super) view: CaseView,
    pub(super) names: BTreeMap<StaffId, String>,
    pub(super) platform: String,
    pub(super) timeline: TimelineList,
}

/// Reads the case. It may be shown when [`record`] has put that on record.
pub(super) fn read(rx: &mut Look<'_>, sight: &Sight, cursor: Option<&str>, entries: Option<&str>) -> Result<Reading> {
    let case = sight.case().clone();
    let platform = platforms::get(rx, &case.platform_id)?;
    Ok(Reading {
        seated: Seated::of(rx, sight.who()),
        view: casefile::view(rx, sight, cursor)?,
        names: staff::every_name(rx)?,
        platform: platform.map_or_else(String::new, |platform| platforms::shown(&platform.name, &platform.slug)),
        timeline: timeline::timeline(rx, sight, &Part::From(entries.map(str::to_owned)))?,
        case,
    })
}

/// Puts the reading on record, and keeps the claim of whoever holds the case.
pub(super) fn record(tx: &mut Unit<'_>, grant: Grant<Read>, which: Page, reading: Reading) -> Result<Reading> {
    let (view, case) = casefile::record_and_keep(tx, grant, which, reading.view)?;
    Ok(Reading { case, view, ..reading })
}

/// A floor of the rules, and why it fired.
struct Floor {
    code: String,
    text: String,
}

/// What stands out.
struct Banner {
    title: &'static str,
    text: String,
    class: &'static str,
}

/// A clock.
struct Clock {
    what: &'static str,
    at: Moment,
    is_passed: bool,
    note: Option<&'static str>,
}

/// Something that is done by a button alone.
struct Press {
    leaf: &'static str,
    key: &'static str,
    label: &'static str,
}

/// What is done by a button alone, as far as it can be done now.
fn presses(claim: bool, start: bool) -> Vec<Press> {
    let take = Press { leaf: "claim", key: "c", label: "Take this case" };
    let begin = Press { leaf: "start", key: "s", label: "Start the review" };
    [claim.then_some(take), start.then_some(begin)].into_iter().flatten().collect()
}

/// Whether the case is nobody's, and can be taken.
fn can_claim(case: &Case, who: &StaffId, writer: Writer) -> bool {
    let is_held = case.claimed_until.is_some_and(|until| until > writer.now);
    let is_kept = case.reserved_until.is_some_and(|until| until > writer.now) && case.assigned_to.as_ref() != Some(who);
    !is_held && !is_kept && case.state.is_open() && case.state != State::OnHold
}

/// Something that can be done now, by a link.
struct Way {
    leaf: &'static str,
    key: &'static str,
    label: &'static str,
}

/// A request to the platform.
struct Request {
    what: String,
    made: Moment,
    stands: String,
    due: Moment,
    words: Vec<String>,
}

/// Something that waits for a second person.
struct Waiting {
    id: String,
    what: String,
    who: String,
    at: Moment,
}

/// What a colleague wrote, or did.
struct Entry {
    at: Moment,
    who: String,
    what: String,
    text: Option<String>,
}

#[derive(Template)]
#[template(path = "console/case.html")]
pub(super) struct CasePage {
    shell: Shell,
    path: String,
    id: String,
    category: String,
    queue: &'static str,
    platform: String,
    region: String,
    waiting: Moment,
    priority: String,
    level: &'static str,
    source: &'static str,
    computed: Option<String>,
    state: String,
    outcome: Option<&'static str>,
    holder: String,
    claim: Option<Moment>,
    floors: Vec<Floor>,
    points: Option<(u32, u32)>,
    ruleset: String,
    failure: bool,
    content: bool,
    contact: case_words::Contact,
    banners: Vec<Banner>,
    clocks: Vec<Clock>,
    said: Vec<Said>,
    told: Vec<(String, &'static str)>,
    unknowns: Vec<String>,
    requests: Vec<Request>,
    pending: Vec<Waiting>,
    timeline: Vec<Entry>,
    earlier: Option<String>,
    links: Vec<String>,
    next: Option<String>,
    damaged: bool,
    presses: Vec<Press>,
    ways: Vec<Way>,
    key: String,
    version: i64,
    seen: i64,
}

/// The page.
pub(super) fn page(call: &Call, reading: Reading, done: &str) -> CasePage {
    let Reading { seated, case, view, names, platform, timeline } = reading;
    let writer = seated.writer(call);
    let mut shell = seated.shell(call, "Case", "");
    shell.is_trial = case.mode == Mode::Test;
    shell.done = said_of(done).map(str::to_owned);
    let is_mine = case.is_held_by(&seated.member.id, writer.now);
    let works = access::allows(seated.member.role, case.queue, Act::Work);
    let assessment = view.assessment.as_ref();
    let content = view.notes.is_some();
    CasePage {
        path: format!("/console/cases/{}", case.id),
        id: case.id.to_string(),
        category: words::category(case.category),
        queue: words::queue(case.queue),
        region: case.region.map_or_else(|| "region not known".to_owned(), |region| words::plain(region.as_str())),
        waiting: writer.write(case.received_at),
        priority: words::priority(case.priority),
        level: case.priority.as_str(),
        source: words::source(case.priority_source),
        computed: (case.priority_source != PrioritySource::Rules).then(|| words::priority(case.computed_priority)),
        state: words::plain(words::state(case.state)),
        outcome: case.outcome.map(words::outcome),
        holder: queues::holder(&names, writer, &case),
        claim: case.claimed_until.filter(|_| is_mine).map(|until| writer.write(until)),
        floors: assessment.map(floors).unwrap_or_default(),
        points: assessment.map(|assessed| (assessed.points_known, assessed.points_if_unknown_yes)),
        ruleset: assessment.map(|assessed| assessed.ruleset.clone()).unwrap_or_default(),
        failure: case.priority_source == PrioritySource::Failure
            || assessment.is_some_and(|assessed| assessed.failure.is_some()),
        contact: contact_words::contact(&view, writer),
        banners: banners(&view, &case),
        clocks: clocks(&view, writer),
        said: case_words::said(&view, writer),
        told: case_words::told(&view),
        unknowns: assessment
            .map(|assessed| assessed.critical_unknowns.iter().map(|key| words::question(key)).collect())
            .unwrap_or_default(),
        requests: requests(&view, writer),
        pending: pending(&view, &names, writer),
        timeline: entries(&timeline, writer),
        earlier: timeline.next_cursor.clone(),
        seen: timeline.seen,
        links: view.links.iter().map(ToString::to_string).collect(),
        next: view.next_cursor.clone(),
        damaged: view.damaged,
        presses: presses(
            works && can_claim(&case, &seated.member.id, writer),
            is_mine && case.state == State::Received,
        ),
        ways: ways(works, access::allows(seated.member.role, case.queue, Act::Assign), is_mine, case.state),
        key: seated.key(call),
        version: view.summary.version,
        content,
        platform,
        shell,
    }
}

/// One sentence of what was done just now.
fn said_of(done: &str) -> Option<&'static str> {
    Some(match done {
        "taken" => "You took this case.",
        "started" => "The review has begun.",
        "noted" => "The note is kept.",
        "held" => "The case is on hold, and your claim has ended.",
        "resumed" => "The case is in review again. Take it if you go on.",
        "reopened" => "The case is open again. Take it if you go on.",
        "reprioritised" => "The priority is changed.",
        "proposed" => "It waits for a second person. Nothing has changed until they sign.",
        "asked" => "The platform is asked.",
        "closed" => "The case is closed.",
        "contacted" => "It is recorded.",
        "told" => "How she may be reached is recorded.",
        "handed" => "The case is handed over.",
        "offered" => "It is offered. You keep it until it is taken.",
        "linked" => "The cases are linked.",
        "signed" => "You have signed, and it is done.",
        "refused" => "You have refused it. Everything is as it was.",
        "withdrawn" => "You have taken it back.",
        _ => return None,
    })
}

fn floors(assessed: &crate::domain::triage::Assessment) -> Vec<Floor> {
    assessed.floors.iter().map(|floor| Floor { code: floor.code.clone(), text: floor.text.clone() }).collect()
}

/// What stands out of a case: what asks for care before anything is done.
fn banners(view: &CaseView, case: &Case) -> Vec<Banner> {
    let mut all = Vec::new();
    if view.reports.iter().any(|report| report.withdrawal_asked_at.is_some()) {
        let text = "Look for coercion. Speak with her live and alone before anything is decided; the app is not such a way. A wish closes nothing.";
        all.push(Banner { title: "Somebody asked in the app to withdraw", text: text.to_owned(), class: "grave-note" });
    }
    if case.child {
        let text = "The child rule holds: she or he is under 18, or may be. The safeguarding lead decides what is shared, and signs.";
        all.push(Banner { title: "A child", text: text.to_owned(), class: "warn" });
    }
    let newest = view.reports.last().map(|report| report.desired_outcome);
    if newest == Some(crate::domain::terms::words::DesiredOutcome::RecordOnly) {
        let text = "She wishes nothing to be done at the platform. It may be asked to keep evidence, and nothing else.";
        all.push(Banner { title: "Only on record", text: text.to_owned(), class: "warn" });
    }
    all
}

fn clocks(view: &CaseView, writer: Writer) -> Vec<Clock> {
    let shown = |clock: &casefile::ClockView| {
        let (is_passed, note) = match clock.state {
            ClockState::Running => (false, None),
            ClockState::Breached => (true, None),
            ClockState::Met => (false, Some("met")),
            ClockState::Stopped => (false, Some("stopped")),
        };
        Clock { what: words::clock(clock.kind), at: writer.write(clock.due_at), is_passed, note }
    };
    view.clocks.iter().map(shown).collect()
}

fn requests(view: &CaseView, writer: Writer) -> Vec<Request> {
    let shown = |request: &casefile::RequestInCase| Request {
        what: words::plain(request.action.as_str()),
        made: writer.write(request.made_at),
        stands: words::plain(request.state.as_str()),
        due: writer.write(request.due_at),
        words: request.words.iter().flat_map(case_words::of_request).collect(),
    };
    view.requests.iter().rev().map(shown).collect()
}

fn pending(view: &CaseView, names: &BTreeMap<StaffId, String>, writer: Writer) -> Vec<Waiting> {
    let shown = |act: &casework::acts::ActView| Waiting {
        id: act.id.to_string(),
        what: words::act(act.kind).to_owned(),
        who: names.get(&act.proposed_by).cloned().unwrap_or_default(),
        at: writer.write(act.proposed_at),
    };
    view.pending.iter().map(shown).collect()
}

fn entries(timeline: &TimelineList, writer: Writer) -> Vec<Entry> {
    let shown = |entry: &TimelineEntry| Entry {
        at: writer.write(entry.at),
        who: events::who(entry),
        what: events::what(entry, &timeline.colleagues),
        text: entry.note.as_ref().map(|note| note.text.clone()),
    };
    timeline.data.iter().map(shown).collect()
}

/// What can be done by a form. Who tries what is not open to them reads why on the form.
fn ways(works: bool, assigns: bool, is_mine: bool, state: State) -> Vec<Way> {
    let way = |leaf, key, label| Way { leaf, key, label };
    if !works {
        return Vec::new();
    }
    let mut all = vec![way("note", "w", "Write a note")];
    all.extend([way("contact", "t", "Record a contact"), way("wishes", "", "Record how she may be reached")]);
    if is_mine {
        all.push(way("hold", "h", "Put on hold"));
    }
    if is_mine || assigns {
        all.push(way("hand-over", "o", "Hand over"));
    }
    match state {
        State::OnHold | State::AwaitingPlatform => all.push(way("resume", "", "Take it up again")),
        State::Closed => all.push(way("reopen", "", "Reopen it")),
        State::Received | State::InReview => {}
    }
    all.push(way("priority", "p", "Change the priority"));
    if is_mine {
        all.extend([way("ask", "a", "Ask the platform"), way("decide", "d", "Decide")]);
    }
    all.push(way("link", "l", "Link with another case"));
    all.push(way("related", "e", "Look for related cases"));
    all.push(way("pass", "x", "Give it back"));
    all
}

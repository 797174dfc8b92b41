//! What the page of a case shows, in its order: where it stands, how she may be reached, what stands out, clocks, her words.

use std::collections::BTreeMap;

use askama::Template;

use super::case_notes::{self, Banner};
use super::case_ways::{NotNow, Press, Way, presses, ways};
use super::case_words::{self, Said};
use super::seat::Seated;
use super::{contact_words, events, queues, words};
use crate::base::id::StaffId;
use crate::domain::access::{self, Act, Grant, Read, Sight};
use crate::domain::case::clocks::{ClockKind, ClockState};
use crate::domain::case::{Case, PrioritySource};
use crate::domain::casefile::timeline::{self, Beside, TimelineEntry, TimelineList};
use crate::domain::casefile::{self, CaseView, Page};
use crate::domain::casework;
use crate::domain::casework::offers::{self, OfferView};
use crate::domain::directory::Called;
use crate::domain::people::platforms;
use crate::domain::referrals;
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
    pub(super) platform: String,
    pub(super) timeline: TimelineList,
    pub(super) offers: Vec<OfferView>,
    /// Services that are to be rung.
    pub(super) to_ring: Vec<Called>,
}

/// Reads the case. It may be shown when [`record`] has put that on record.
pub(super) fn read(rx: &mut Look<'_>, sight: &Sight, cursor: Option<&str>, entries: Option<&str>) -> Result<Reading> {
    let case = sight.case().clone();
    let mut view = casefile::view_on_page(rx, sight, cursor)?;
    // A page behind the first may hold none of the reports.
    let platform = match view.reports.first() {
        Some(report) => report.platform_name.clone(),
        None => platforms::get(rx, &case.platform_id)?
            .map_or_else(String::new, |platform| platforms::shown(&platform.name, &platform.slug)),
    };
    let is_silent =
        |clock: &casefile::ClockView| clock.kind == ClockKind::Referral && clock.state == ClockState::Breached;
    let to_ring = if view.clocks.iter().any(is_silent) { referrals::to_ring(rx, sight)? } else { Vec::new() };
    let holder = case.assigned_to.iter();
    let beside = Beside {
        named: holder.chain(view.pending.iter().map(|act| &act.proposed_by)).cloned().collect(),
        // They stand in the timeline.
        notes: view.notes.as_mut().map(std::mem::take).unwrap_or_default(),
        links: Some(view.links.clone()),
    };
    Ok(Reading {
        seated: Seated::of(rx, sight.who()),
        view,
        platform,
        timeline: timeline::beside(rx, sight, entries, beside)?,
        offers: offers::of_page(rx, sight)?,
        to_ring,
        case,
    })
}

/// Puts the reading on record, and keeps the claim of whoever holds the case.
pub(super) fn record(tx: &mut Unit<'_>, grant: Grant<Read>, which: Page, reading: Reading) -> Result<Reading> {
    let (view, case) = casefile::record_and_keep(tx, grant, which, reading.view)?;
    Ok(Reading { case, view, ..reading })
}

/// A floor of the rules, and why it fired.
pub(super) struct Floor {
    pub(super) code: String,
    pub(super) text: String,
}

/// A clock.
struct Clock {
    what: &'static str,
    at: Moment,
    is_passed: bool,
    note: Option<&'static str>,
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
    region: &'static str,
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
    not_now: Vec<NotNow>,
    key: String,
    version: i64,
    seen: i64,
}

/// The page.
pub(super) fn page(call: &Call, reading: Reading, done: &str) -> CasePage {
    let Reading { seated, case, view, platform, timeline, offers, to_ring } = reading;
    let writer = seated.writer(call);
    let mut shell = seated.shell(call, "Case", "");
    shell.is_trial = case.mode == Mode::Test;
    shell.done = said_of(done).map(str::to_owned);
    let is_mine = case.is_held_by(&seated.member.id, writer.now);
    let (ways, not_now) = ways(&offers);
    let rules = call.shared.app.kit.triage.rules();
    let is_lead = access::allows(seated.member.role, case.queue, Act::Assign);
    let assessment = view.assessment.as_ref();
    let content = view.notes.is_some();
    CasePage {
        path: format!("/console/cases/{}", case.id),
        id: case.id.to_string(),
        category: words::category(case.category),
        queue: words::queue(case.queue),
        region: words::region(case.region),
        waiting: writer.write(case.received_at),
        priority: words::priority(case.priority),
        level: case.priority.as_str(),
        source: words::source(case.priority_source),
        computed: (case.priority_source != PrioritySource::Rules).then(|| words::priority(case.computed_priority)),
        state: words::plain(words::state(case.state)),
        outcome: case.outcome.map(words::outcome),
        holder: queues::holder(&timeline.colleagues, writer, &case),
        claim: case.claimed_until.filter(|_| is_mine).map(|until| writer.write(until)),
        floors: case_notes::floors(&view, rules, is_lead),
        points: assessment.map(|assessed| (assessed.points_known, assessed.points_if_unknown_yes)),
        ruleset: assessment.map(|assessed| assessed.ruleset.clone()).unwrap_or_default(),
        failure: case.priority_source == PrioritySource::Failure
            || assessment.is_some_and(|assessed| assessed.failure.is_some()),
        contact: contact_words::contact(&view, writer),
        banners: to_ring
            .iter()
            .map(case_notes::to_ring)
            .chain(case_notes::banners(&view, &case, rules, is_lead, writer))
            .collect(),
        clocks: clocks(&view, writer),
        said: case_words::said(&view, writer),
        told: case_words::told(&view),
        unknowns: assessment
            .map(|assessed| assessed.critical_unknowns.iter().map(|key| words::question(key)).collect())
            .unwrap_or_default(),
        requests: requests(&view, writer),
        pending: pending(&view, &timeline.colleagues, writer),
        timeline: entries(&timeline, writer),
        earlier: timeline.next_cursor.clone(),
        seen: timeline.seen,
        links: view.links.iter().map(ToString::to_string).collect(),
        next: view.next_cursor.clone(),
        damaged: view.damaged,
        presses: presses(&offers, is_mine),
        ways,
        not_now,
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
        "disclosed" => "It is recorded. The safeguarding lead hears of it now.",
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

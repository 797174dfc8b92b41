//! The first page: what waits in one's queues, and taking the most urgent of it.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::Method;
use askama::Template;
use serde::Deserialize;

use super::seat::Seated;
use super::{page, words};
use crate::base::id::{CaseId, PlatformId, StaffId};
use crate::base::page::Limit;
use crate::base::time::Timestamp;
use crate::domain::access::Acting;
use crate::domain::case::clocks::{self, ClockKind};
use crate::domain::case::{Case, State};
use crate::domain::casefile::queues::{self, Count, Filter, Holder};
use crate::domain::ledger::idempotency::{Answer, Answered, Reply};
use crate::domain::people::platforms;
use crate::domain::people::staff::{self, Role};
use crate::domain::terms::Mode;
use crate::domain::terms::taxonomy::taxonomy;
use crate::domain::triage::{Priority, Queue};
use crate::domain::unit::Look;
use crate::domain::vault::Owner;
use crate::error::{Error, Result};
use crate::pages::fields::{Choice, Field, Kind};
use crate::pages::shell::Shell;
use crate::pages::spans::{Moment, Writer};
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::form_calls::visit;
use crate::web::forms::{Form, LONGEST};
use crate::web::idempotent::render;
use crate::web::row::{Body, Caller, Row};

/// What of the queues is shown: named as in the API. What is empty asks for all, as a form sends it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    queue: String,
    state: String,
    priority: String,
    category: String,
    assigned_to: String,
    mode: String,
    cursor: String,
    done: String,
    /// The cases that stand on the page, for its script.
    pub(super) shown: String,
}

impl Wanted {
    pub(super) fn of(call: &Call) -> Self {
        serde_urlencoded::from_str(call.request().query_string()).unwrap_or_default()
    }

    fn mode(&self) -> Mode {
        if self.mode == "test" { Mode::Test } else { Mode::Live }
    }

    fn filter(&self, who: &Acting) -> Filter {
        Filter {
            mode: self.mode(),
            queue: Queue::parse(&self.queue),
            state: State::parse(&self.state),
            priority: Priority::parse(&self.priority),
            category: taxonomy()
                .categories()
                .iter()
                .map(|known| known.code)
                .find(|code| code.as_str() == self.category),
            assigned_to: match self.assigned_to.as_str() {
                "me" => Some(Holder::One(who.id.clone())),
                "nobody" => Some(Holder::Nobody),
                _ => None,
            },
            platform_report_ref: None,
        }
    }

    /// The query that asks for the same, with these further parts.
    fn query(&self, more: &[(&str, &str)]) -> String {
        let own = [
            ("queue", self.queue.as_str()),
            ("state", &self.state),
            ("priority", &self.priority),
            ("category", &self.category),
            ("assigned_to", &self.assigned_to),
            ("mode", &self.mode),
        ];
        let all = own.iter().chain(more).filter(|(_, value)| !value.is_empty());
        let pairs: Vec<(&str, &str)> = all.copied().collect();
        serde_urlencoded::to_string(pairs).unwrap_or_default()
    }
}

/// What was read for the page.
pub(super) struct Read {
    pub(super) seated: Seated,
    counts: Vec<Count>,
    pub(super) cases: Vec<Case>,
    next_cursor: Option<String>,
    names: BTreeMap<StaffId, String>,
    platforms: BTreeMap<PlatformId, String>,
    due: BTreeMap<CaseId, (ClockKind, Timestamp)>,
    wanted: Wanted,
}

pub(super) fn read(rx: &mut Look<'_>, who: &Acting, wanted: Wanted) -> Result<Read> {
    let cursor = Some(wanted.cursor.as_str()).filter(|cursor| !cursor.is_empty());
    let found = queues::list(rx, who, &wanted.filter(who), cursor, Limit::coerce(None))?;
    let ids: Vec<CaseId> = found.data.iter().map(|case| case.id.clone()).collect();
    Ok(Read {
        seated: Seated::of(rx, who),
        counts: queues::counts(rx, who, wanted.mode())?,
        names: staff::every_name(rx)?,
        platforms: platforms::names(rx)?,
        due: clocks::next_of(rx, &ids)?,
        cases: found.data,
        next_cursor: found.next,
        wanted,
    })
}

/// A case in the list. No words and no floors: those are answers, and readings are on record.
pub(super) struct Line {
    id: String,
    short: String,
    pub(super) priority: String,
    level: &'static str,
    source: &'static str,
    category: String,
    is_child: bool,
    pub(super) state: &'static str,
    pub(super) clock_words: String,
    pub(super) clock: Option<Moment>,
    waiting: Moment,
    region: &'static str,
    platform: String,
    pub(super) holder: String,
}

pub(super) fn line(read: &Read, writer: Writer, case: &Case) -> Line {
    let due = read.due.get(&case.id).map(|(kind, at)| (words::clock(*kind), writer.write(*at)));
    let id = case.id.to_string();
    let tail = id.len().saturating_sub(5);
    Line {
        short: id.get(tail..).unwrap_or_default().to_owned(),
        id,
        priority: words::priority(case.priority),
        level: case.priority.as_str(),
        source: words::source(case.priority_source),
        category: words::category(case.category),
        is_child: case.child,
        state: words::state(case.state),
        clock_words: due.as_ref().map_or_else(|| "none runs".to_owned(), |(kind, at)| format!("{kind}, {}", at.clock)),
        clock: due.map(|(_, at)| at),
        waiting: writer.write(case.received_at),
        region: words::region(case.region),
        platform: read.platforms.get(&case.platform_id).cloned().unwrap_or_default(),
        holder: holder(&read.names, writer, case),
    }
}

/// Who has the case, in words.
pub(super) fn holder(names: &BTreeMap<StaffId, String>, writer: Writer, case: &Case) -> String {
    let name = case.assigned_to.as_ref().and_then(|id| names.get(id));
    let (Some(name), now) = (name, writer.now) else { return "nobody".to_owned() };
    match (case.claimed_until, case.reserved_until, case.held_until) {
        (Some(until), _, _) if until > now => format!("{name}, until {}", writer.write(until).clock),
        (_, Some(until), _) if until > now => format!("kept for {name}, until {}", writer.write(until).clock),
        (_, _, Some(until)) if until > now => format!("set aside by {name}, until {}", writer.write(until).clock),
        (Some(_) | None, Some(_) | None, Some(_) | None) => "nobody".to_owned(),
    }
}

/// What is said where nothing is to be taken.
struct Nothing {
    title: &'static str,
    /// When the next of the holds on the page ends.
    hold: Option<Moment>,
}

fn nothing(read: &Read, writer: Writer) -> Option<Nothing> {
    let wanted = &read.wanted;
    let is_whole = read.next_cursor.is_none() && wanted.query(&[("cursor", &wanted.cursor)]).is_empty();
    let (who, now) = (&read.seated.member.id, read.seated.now);
    let title = match (read.cases.is_empty(), wanted.query(&[]).is_empty()) {
        (true, true) => "Nothing waits in your queues",
        (true, false) => "Nothing in your queues is as you asked",
        (false, _) if is_whole && !read.cases.iter().any(|case| case.is_free_for(who, now)) => {
            "Nothing in your queues is free to take"
        }
        (false, _) => return None,
    };
    let holds = read.cases.iter().filter(|case| case.state == State::OnHold).filter_map(|case| case.held_until);
    Some(Nothing { title, hold: holds.min().map(|at| writer.write(at)) })
}

/// A queue above the list.
struct Depth {
    code: &'static str,
    name: &'static str,
    waiting: i64,
    oldest: Option<Moment>,
    passed: i64,
}

#[derive(Template)]
#[template(path = "console/queues.html")]
struct QueuesPage {
    shell: Shell,
    key: String,
    mode: &'static str,
    depths: Vec<Depth>,
    as_of: Option<Moment>,
    filters: Vec<Field>,
    is_filtered: bool,
    nothing: Option<Nothing>,
    lines: Vec<Line>,
    made: Moment,
    refresh: String,
    again: String,
    next: Option<String>,
    can_take: bool,
    letter_keys: bool,
}

async fn show(call: Call) -> Result<HttpResponse> {
    let wanted = Wanted::of(&call);
    let bearer = call.bearer()?;
    let seated = desk::unnoticed(&call, bearer.clone(), |rx, who| Ok(Seated::of(rx, who))).await?;
    if seated.member.role == Role::Administrator {
        return super::account::administrator(&call, bearer).await;
    }
    let read = desk::read(&call, bearer, move |rx, who| read(rx, who, wanted)).await?;
    page(&queues_page(&call, &read))
}

fn queues_page(call: &Call, read: &Read) -> QueuesPage {
    let (wanted, writer) = (&read.wanted, read.seated.writer(call));
    let shown: Vec<String> = read.cases.iter().map(|case| case.id.to_string()).collect();
    let mut shell = read.seated.shell(call, "Queues", "/console");
    shell.is_trial = wanted.mode() == Mode::Test;
    shell.done = done(&wanted.done);
    let depth = |count: &Count| Depth {
        code: count.queue.as_str(),
        name: words::queue(count.queue),
        waiting: count.depth,
        oldest: count.oldest_at.map(|at| writer.write(at)),
        passed: count.breaches,
    };
    let path = |query: String| if query.is_empty() { "/console".to_owned() } else { format!("/console?{query}") };
    QueuesPage {
        shell,
        key: read.seated.key(call),
        mode: wanted.mode().as_str(),
        depths: read.counts.iter().map(depth).collect(),
        as_of: read.counts.iter().map(|count| count.as_of).min().map(|at| writer.write(at)),
        filters: filters(wanted, &read.counts),
        nothing: nothing(read, writer),
        is_filtered: !wanted.query(&[]).is_empty(),
        lines: read.cases.iter().map(|case| line(read, writer, case)).collect(),
        made: writer.write(writer.now),
        refresh: format!("/console/rows?{}", wanted.query(&[("cursor", &wanted.cursor), ("shown", &shown.join("."))])),
        again: path(wanted.query(&[])),
        next: read.next_cursor.as_deref().map(|cursor| path(wanted.query(&[("cursor", cursor)]))),
        can_take: read.seated.member.role != Role::Auditor,
        letter_keys: read.seated.sitting.letter_keys,
    }
}

fn done(code: &str) -> Option<String> {
    let said = match code {
        "nothing" => "Nothing in your queues is free to take just now.",
        "gone" => "It has left your queues.",
        "passed" => "You gave it back. You are not offered it for twelve hours.",
        "known" => "You have left it, and it is closed to you from now on. The safeguarding lead is told.",
        _ => return None,
    };
    Some(said.to_owned())
}

/// The fields of the form that filters, named as in the API.
fn filters(wanted: &Wanted, counts: &[Count]) -> Vec<Field> {
    let list = |name: &str, label: &str, any: &str, chosen: &str, choices: Vec<(&'static str, String)>| {
        let first = std::iter::once(("", any.to_owned()));
        let choice = |(value, label): (&str, String)| Choice::of(value, label, Some(chosen));
        Field::of(name, label, Kind::List(first.chain(choices).map(choice).collect()))
    };
    let queues = counts.iter().map(|count| (count.queue.as_str(), words::queue(count.queue).to_owned()));
    let states = State::ALL.iter().map(|state| (state.as_str(), words::plain(words::state(*state))));
    let priorities = Priority::ALL.iter().map(|priority| (priority.as_str(), words::priority(*priority)));
    let categories = taxonomy().categories().iter();
    let categories = categories.map(|category| (category.code.as_str(), category.label.clone()));
    let holders = [("nobody", "Nobody: free to take".to_owned()), ("me", "Me".to_owned())];
    vec![
        list("queue", "Queue", "All of mine", &wanted.queue, queues.collect()),
        list("priority", "Priority", "Any", &wanted.priority, priorities.collect()),
        list("state", "State", "Any open", &wanted.state, states.collect()),
        list("category", "Category", "Any", &wanted.category, categories.collect()),
        list("assigned_to", "Held by", "Anybody", &wanted.assigned_to, holders.to_vec()),
    ]
}

/// Takes the most urgent case of one's queues that nobody holds, and leads to it.
async fn take(call: Call, raw: Raw) -> Result<HttpResponse> {
    let form = Form::read(&raw.0)?;
    match taken(&call, &form).await {
        Ok(answered) => Ok(render(answered)),
        Err(error @ Error::Unauthenticated(_)) => Err(error),
        Err(error) => Ok(super::acts::trouble(&call, &form, &error)),
    }
}

async fn taken(call: &Call, form: &Form) -> Result<Answered> {
    let mode = if form.text("mode") == "test" { Mode::Test } else { Mode::Live };
    desk::once(call, visit(call, form)?, move |tx, who| {
        Ok(match queues::claim_any(tx, who, mode)? {
            Some(case) => Reply::of(Owner::case(&case.id), to(format!("/console/cases/{}?done=taken", case.id))),
            None => Reply::of(Owner::staff(&who.id), to(format!("/console?done=nothing&mode={}", mode.as_str()))),
        })
    })
    .await
}

/// The page of a case that has left one's queues.
#[derive(Template)]
#[template(path = "console/moved.html")]
struct MovedPage {
    shell: Shell,
    queue: &'static str,
}

/// Says where a case went that somebody raised out of their own queues. It names no case.
async fn moved(call: Call) -> Result<HttpResponse> {
    let wanted = Wanted::of(&call);
    let queue = Queue::parse(&wanted.queue).ok_or(Error::NotFound)?;
    let seated = desk::read(&call, call.bearer()?, |rx, who| Ok(Seated::of(rx, who))).await?;
    let mut shell = seated.shell(&call, "It has moved on", "/console");
    shell.is_trial = wanted.mode() == Mode::Test;
    page(&MovedPage { shell, queue: words::queue(queue) })
}

/// The way on, as an answer that is kept.
pub(super) fn to(path: String) -> Answer {
    Answer { status: 303, headers: vec![("location".to_owned(), path)], body: String::new() }
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::page("/console", Method::GET, show, Caller::Browser),
        Row::page("/console/moved", Method::GET, moved, Caller::Browser),
        Row::page("/console/take", Method::POST, take, Caller::Browser).reading(Body::Words(LONGEST)),
    ]
}

//! One hand-over, as it is shown now, with what can be said of it.

use actix_web::HttpResponse;
use actix_web::http::Method;
use askama::Template;
use serde::Deserialize;

use super::answers::Leaf;
use super::seat::Seated;
use super::{calls, words};
use crate::base::id::ReferralKind;
use crate::domain::casefile::shared::{
    self, Shared, SharedCare, SharedContent, SharedEntry, SharedIdentity, SharedSheet,
};
use crate::domain::referrals::state::State;
use crate::domain::terms::words::Channel;
use crate::error::Result;
use crate::pages::shell::Shell;
use crate::pages::spans::{Moment, Writer};
use crate::web::extract::Call;
use crate::web::named;
use crate::web::page::page;
use crate::web::row::{Caller, Row};

/// Which part of it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Which part of the entries, from 1.
    part: Option<usize>,
    /// What was done just now.
    done: Option<String>,
}

/// What is said of something, by what it is called.
type Fact = (&'static str, String);

struct Entry {
    title: String,
    at: Option<Moment>,
    statement: Option<String>,
    facts: Vec<(String, String)>,
}

/// What was handed over.
struct Content {
    scopes: String,
    is_critical: bool,
    hand_over: &'static str,
    word: Option<String>,
    identity: Vec<Fact>,
    contact: Vec<Fact>,
    summary: Option<String>,
    entries: Vec<Entry>,
    number: usize,
    of: usize,
    until: Moment,
}

struct Way {
    leaf: &'static str,
    label: &'static str,
}

#[derive(Template)]
#[template(path = "inbox/one.html")]
struct OnePage {
    shell: Shell,
    path: String,
    urgency: &'static str,
    level: &'static str,
    state: &'static str,
    sent: Option<Moment>,
    next: Option<(&'static str, Moment)>,
    keep_no_copy: bool,
    check_first: bool,
    content: Option<Content>,
    /// Why nothing is shown.
    empty: &'static str,
    may_accept: bool,
    ways: Vec<Way>,
    key: String,
}

async fn show(call: Call) -> Result<HttpResponse> {
    let id = call.id::<ReferralKind>("id")?;
    let Query { part, done } = call.query()?;
    let bearer = call.bearer()?;
    let shown =
        calls::read(&call, bearer.clone(), move |rx, who| shared::read(rx, who, &id, part.unwrap_or(1))).await?;
    let (seated, shared) =
        calls::write(&call, bearer, move |tx, who| Ok((Seated::of(tx, who), shared::record(tx, who, shown)?))).await?;
    let mut shell = seated.shell(&call, "One of them", "");
    shell.done = done.as_deref().and_then(Leaf::parse).map(|leaf| said_of(leaf).to_owned());
    let writer = seated.writer(&call);
    let Shared { handed, care, is_theirs, content } = shared;
    let owes = care.contains(&SharedCare::KeepNoCopy);
    let ways = ways(handed.state, owes).into_iter().filter(|leaf| is_theirs || *leaf == Leaf::Acknowledge);
    page(&OnePage {
        shell,
        path: format!("/inbox/{}", handed.id),
        urgency: words::urgency(handed.urgency),
        level: words::level(handed.urgency),
        state: words::state(handed.state),
        sent: handed.sent_at.map(|at| writer.write(at)),
        next: handed.next.zip(handed.next_by).map(|(phase, by)| (words::next(phase), writer.write(by))),
        keep_no_copy: owes,
        check_first: care.contains(&SharedCare::CheckBeforeAnyContact),
        empty: why_empty(handed.state),
        may_accept: content.is_some() && matches!(handed.state, State::Sent | State::Received),
        content: content.map(|content| content_of(content, writer)),
        ways: ways.map(|leaf| Way { leaf: leaf.as_str(), label: leaf.label() }).collect(),
        key: seated.key(&call),
    })
}

/// What can be said of it beside a yes.
fn ways(state: State, owes: bool) -> Vec<Leaf> {
    let mut all = match state {
        State::Sent | State::Received => vec![Leaf::Decline],
        State::Accepted => vec![Leaf::Contacted, Leaf::UnableToContact, Leaf::Close, Leaf::Decline],
        State::Contacted => vec![Leaf::UnableToContact, Leaf::Close, Leaf::Decline],
        State::UnableToContact => vec![Leaf::Contacted, Leaf::Close, Leaf::Decline],
        State::Drafted | State::Withdrawn | State::Declined | State::Closed | State::Expired => Vec::new(),
    };
    if owes {
        all.insert(0, Leaf::Acknowledge);
    }
    all
}

const fn said_of(leaf: Leaf) -> &'static str {
    match leaf {
        Leaf::Accept => "You have taken it on.",
        Leaf::Decline => "You have said no. Somebody else is asked.",
        Leaf::Contacted => "It is noted that you were in contact.",
        Leaf::UnableToContact => "It is noted that you could not reach her. Whoever sent it hears of it.",
        Leaf::Close => "It is noted that you are done.",
        Leaf::Acknowledge => "It is noted that no copy is left.",
    }
}

const fn why_empty(state: State) -> &'static str {
    match state {
        State::Withdrawn => "It was taken back. Nothing of it is shown any more.",
        State::Declined => "You said no. Nothing of it is shown any more.",
        State::Expired => "It was not answered in time, and somebody else was asked.",
        State::Closed => {
            "It is closed. What was handed over opens for fourteen days after that, to whoever took it on and whoever coordinates."
        }
        State::Accepted | State::Contacted | State::UnableToContact => {
            "It opens to whoever took it on, and to whoever coordinates at your service, and they go on with it; and to nobody when what it rests on has ended."
        }
        State::Drafted | State::Sent | State::Received => {
            "What it rests on has ended: the agreement with your service, or what she agreed to. Nothing of it is shown."
        }
    }
}

fn content_of(content: SharedContent, writer: Writer) -> Content {
    Content {
        scopes: content.scopes.iter().map(|scope| words::scope(*scope)).collect::<Vec<_>>().join(", "),
        is_critical: content.time_critical,
        hand_over: words::hand_over(content.handover),
        word: content.word,
        identity: content.identity.map(identity).unwrap_or_default(),
        contact: content.contact.map(|sheet| contact(sheet, writer)).unwrap_or_default(),
        summary: content.summary,
        entries: content.entries.into_iter().map(|one| entry(one, writer)).collect(),
        number: content.part.number,
        of: content.part.of,
        until: writer.write(content.shared_until),
    }
}

fn identity(of: SharedIdentity) -> Vec<Fact> {
    let place = of.region.map_or_else(|| of.country.clone(), |region| format!("{} ({region})", of.country));
    let mut facts = Vec::new();
    facts.extend(of.name_to_use.map(|name| ("Call her", name)));
    facts.extend(of.age_band.map(|age| ("Age", words::age(age).to_owned())));
    facts.push(("Where she says she is", place));
    facts
}

fn contact(sheet: SharedSheet, writer: Writer) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    for way in sheet.channels {
        let voicemail = match way.voicemail {
            Some(true) => ", a voicemail may be left",
            Some(false) => ", leave no voicemail",
            None => "",
        };
        facts.push((channel(way.channel), format!("{}{voicemail}", way.value)));
    }
    facts.push(("Safe times", format!("{} (by the clocks of {})", sheet.safe_times, sheet.zone)));
    facts.extend(sheet.agreed_at.map(|at| ("Agreed with her", writer.write(at).clock)));
    facts.push(("If somebody else answers", sheet.if_somebody_else));
    facts.push(("Who shares her device", sheet.shared_with));
    facts.push(("Never contact", sheet.never_contact));
    let interpreter = sheet.interpreter.map(|one| format!("{}; not from: {}", one.language, one.not_from));
    facts.extend(interpreter.map(|text| ("Interpreter", text)));
    facts.extend(sheet.access_needs.map(|needs| ("What she needs", needs)));
    facts.push(("She confirmed this", writer.write(sheet.confirmed_at).clock));
    facts
}

const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Phone => "Telephone",
        Channel::Sms => "Text message",
        Channel::Email => "Mail",
        Channel::Portal | Channel::Platform => "Another way",
    }
}

fn entry(of: SharedEntry, writer: Writer) -> Entry {
    let title = match (of.category, of.relation) {
        (Some(category), Some(relation)) => format!("{}, {}", named::category(category), named::relation(relation)),
        (Some(category), None) => named::category(category),
        (None, _) => "What was added".to_owned(),
    };
    let mut facts: Vec<(String, String)> = Vec::new();
    facts.extend(of.occurred.map(|when| {
        let span = when.to.map_or_else(|| when.from.clone(), |to| format!("{} to {to}", when.from));
        ("When".to_owned(), span)
    }));
    facts.extend(of.answers.iter().map(|(key, answer)| (named::question(key), named::answer(*answer).to_owned())));
    facts.extend(of.subject_name.map(|name| ("Whom she reported".to_owned(), name)));
    let identifiers = of.subject_identifiers.into_iter();
    facts.extend(identifiers.map(|one| (words::identifier(one.kind).to_owned(), one.value)));
    Entry { title, at: of.received_at.map(|at| writer.write(at)), statement: of.statement, facts }
}

pub(super) fn rows() -> Vec<Row> {
    vec![Row::page("/inbox/{id}", Method::GET, show, Caller::Reader).recorded().refused_with(&["409"])]
}

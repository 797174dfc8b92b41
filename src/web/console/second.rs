//! What waits for a second person: the list, one proposal, and signing or refusing it.

use actix_web::HttpResponse;
use actix_web::http::Method;
use askama::Template;

use super::queues::to;
use super::seat::Seated;
use super::{acts, case_page, door, page, words};
use crate::base::id::{ActId, ActKind, CaseKind, StaffId};
use crate::base::page::Limit;
use crate::domain::access::{self, Acting, Sight, SignSecond};
use crate::domain::casefile::queues::{self, ActSummary, ActsWanted};
use crate::domain::casefile::{self};
use crate::domain::casework::acts::{ActState, ActView, sign, withdraw};
use crate::domain::desk::At;
use crate::domain::ledger::idempotency::Answered;
use crate::domain::ledger::seen::Seen;
use crate::domain::people::staff;
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::error::{Error, Result};
use crate::pages::shell::Shell;
use crate::pages::spans::{Moment, Writer};
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::form_calls::{at, visit};
use crate::web::forms::{Form, LONGEST};
use crate::web::idempotent::render;
use crate::web::row::{Body, Caller, Row};
use std::collections::BTreeMap;

/// A proposal in the list.
struct Line {
    path: String,
    what: &'static str,
    priority: String,
    level: &'static str,
    queue: &'static str,
    who: String,
    at: Moment,
    may_sign: bool,
}

#[derive(Template)]
#[template(path = "console/second.html")]
struct SecondPage {
    shell: Shell,
    theirs: Vec<Line>,
    mine: Vec<Line>,
    is_more: bool,
}

type Read = (Seated, Vec<ActSummary>, BTreeMap<StaffId, String>, bool);

fn read(rx: &mut Look<'_>, who: &Acting, mode: Mode) -> Result<Read> {
    let wanted = ActsWanted { mode, state: ActState::Pending };
    let found = queues::acts(rx, who, &wanted, None, Limit::coerce(Some(100)))?;
    Ok((Seated::of(rx, who), found.data, staff::every_name(rx)?, found.next.is_some()))
}

async fn list(call: Call) -> Result<HttpResponse> {
    let mode = if call.request().query_string() == "mode=test" { Mode::Test } else { Mode::Live };
    let (seated, acts, names, is_more) = desk::read(&call, call.bearer()?, move |rx, who| read(rx, who, mode)).await?;
    let writer = seated.writer(&call);
    let line = |one: &ActSummary| Line {
        path: format!("/console/cases/{}/second/{}", one.case_id, one.act.id),
        what: words::act(one.act.kind),
        priority: words::priority(one.priority),
        level: one.priority.as_str(),
        queue: words::queue(one.queue),
        who: names.get(&one.act.proposed_by).cloned().unwrap_or_default(),
        at: writer.write(one.act.proposed_at),
        may_sign: one.may_sign,
    };
    let (mine, theirs): (Vec<_>, Vec<_>) = acts.iter().partition(|one| one.is_yours);
    let mut shell = seated.shell(&call, "Second person", "/console/second");
    shell.is_trial = mode == Mode::Test;
    let (theirs, mine) = (theirs.into_iter().map(line).collect(), mine.into_iter().map(line).collect());
    page(&SecondPage { shell, theirs, mine, is_more })
}

/// A proposal, for whoever is to sign it: nobody signs what they cannot read.
#[derive(Template)]
#[template(path = "console/proposal.html")]
struct ProposalPage {
    shell: Shell,
    path: String,
    category: String,
    priority: String,
    level: &'static str,
    what: &'static str,
    who: String,
    at: Moment,
    to: Option<String>,
    reason: Option<String>,
    text: Option<String>,
    asks: Vec<(&'static str, String)>,
    floors: Vec<(String, String)>,
    points: Option<u32>,
    is_outdated: bool,
    is_mine: bool,
    act: String,
    key: String,
    content: bool,
}

async fn show(call: Call) -> Result<HttpResponse> {
    let (id, act) = (call.id::<CaseKind>("id")?, call.id::<ActKind>("act")?);
    let read = |rx: &mut Look<'_>, sight: &Sight| case_page::read(rx, sight, None, None);
    // Not all that was said is shown here, so nobody has read it by this.
    let record = |tx: &mut Unit<'_>, grant, reading: case_page::Reading| {
        case_page::record(tx, grant, casefile::Page::Older, reading)
    };
    let reading = desk::look(&call, call.bearer()?, id, read, record).await?;
    let found = reading.view.pending.iter().find(|waiting| waiting.id == act).ok_or(Error::NotFound)?;
    let writer = reading.seated.writer(&call);
    page(&proposal(&call, &reading, found, writer))
}

fn proposal(call: &Call, reading: &case_page::Reading, act: &ActView, writer: Writer) -> ProposalPage {
    let case = &reading.case;
    let proposed = act.proposal.as_ref();
    let request = proposed.and_then(|proposed| proposed.request.as_ref());
    let mut asks = Vec::new();
    if let Some(request) = request {
        asks.push(("Asked for", words::plain(request.action.as_str())));
        asks.extend(request.agreement_record.iter().map(|text| ("Why two of us act without her", text.clone())));
        asks.extend(request.details.iter().map(|text| ("What the platform reads", text.clone())));
    }
    let assessment = reading.view.assessment.as_ref();
    let floors = assessment.iter().flat_map(|assessed| assessed.floors.iter());
    let mut shell = reading.seated.shell(call, "A proposal", "/console/second");
    shell.is_trial = case.mode == Mode::Test;
    ProposalPage {
        shell,
        path: format!("/console/cases/{}", case.id),
        category: words::category(case.category),
        priority: words::priority(case.priority),
        level: case.priority.as_str(),
        what: words::act(act.kind),
        who: reading.timeline.colleagues.get(&act.proposed_by).cloned().unwrap_or_default(),
        at: writer.write(act.proposed_at),
        to: proposed.and_then(|proposed| {
            let priority = proposed.priority.map(words::priority);
            priority.or_else(|| proposed.outcome.map(|outcome| words::outcome(outcome).to_owned()))
        }),
        reason: proposed.and_then(|proposed| proposed.reason_code).map(|code| words::plain(code.as_str())),
        text: proposed.and_then(|proposed| proposed.text.clone()),
        asks,
        floors: floors.map(|floor| (floor.code.clone(), floor.text.clone())).collect(),
        points: assessment.map(|assessed| assessed.points_known),
        is_outdated: case.content_at > act.proposed_at,
        is_mine: act.proposed_by == reading.seated.member.id,
        act: act.id.to_string(),
        key: reading.seated.key(call),
        content: reading.view.notes.is_some(),
    }
}

async fn approve(call: Call, raw: Raw) -> Result<HttpResponse> {
    decide(call, raw, Word::Approve).await
}

async fn refuse(call: Call, raw: Raw) -> Result<HttpResponse> {
    decide(call, raw, Word::Refuse).await
}

async fn take_back(call: Call, raw: Raw) -> Result<HttpResponse> {
    decide(call, raw, Word::TakeBack).await
}

/// What somebody says of a proposal.
#[derive(Clone, Copy, Debug)]
enum Word {
    Approve,
    Refuse,
    TakeBack,
}

async fn decide(call: Call, raw: Raw, word: Word) -> Result<HttpResponse> {
    let form = Form::read(&raw.0)?;
    if call.bearer().is_err() {
        return door::with_words(&call, &form);
    }
    let act = call.id::<ActKind>("act")?;
    match signed(&call, &form, act, word).await {
        Ok(answered) => Ok(render(answered)),
        Err(Error::Unauthenticated(_)) => door::with_words(&call, &form),
        Err(error) => Ok(acts::trouble(&call, &form, &error)),
    }
}

async fn signed(call: &Call, form: &Form, act: ActId, word: Word) -> Result<Answered> {
    let (visit, at) = (visit(call, form)?, at(call, form)?);
    let case = at.case.clone();
    let at = At { seen: Seen::Unasked, ..at };
    let done = |done: &str| to(format!("/console/cases/{case}?done={done}"));
    let answer = match word {
        Word::Approve => done("signed"),
        Word::Refuse => done("refused"),
        Word::TakeBack => done("withdrawn"),
    };
    match word {
        Word::Approve | Word::Refuse => {
            let is_approved = matches!(word, Word::Approve);
            desk::on_case::<SignSecond>(call, visit, at, move |tx, grant| {
                sign(tx, grant, &act, is_approved)?;
                Ok(answer)
            })
            .await
        }
        Word::TakeBack => {
            desk::on_case::<access::Read>(call, visit, at, move |tx, grant| {
                withdraw(tx, grant, &act)?;
                Ok(answer)
            })
            .await
        }
    }
}

pub(super) fn rows() -> Vec<Row> {
    let act = "/console/cases/{id}/second/{act}";
    let form = || Body::Words(LONGEST);
    vec![
        Row::page("/console/second", Method::GET, list, Caller::Browser),
        Row::page(act, Method::GET, show, Caller::Browser).recorded(),
        Row::page(&format!("{act}/approve"), Method::POST, approve, Caller::Browser).reading(form()),
        Row::page(&format!("{act}/refuse"), Method::POST, refuse, Caller::Browser).reading(form()),
        Row::page(&format!("{act}/withdraw"), Method::POST, take_back, Caller::Browser).reading(form()),
    ]
}

//! What came, the newest first. No word of anybody stands in it.

use actix_web::HttpResponse;
use actix_web::http::Method;
use askama::Template;
use serde::Deserialize;

use super::seat::Seated;
use super::{calls, words};
use crate::base::page::{Limit, Page};
use crate::domain::directory;
use crate::domain::referrals::partners::{self, Asked, Handed};
use crate::domain::referrals::state::State;
use crate::error::Result;
use crate::pages::shell::Shell;
use crate::pages::spans::{Moment, Writer};
use crate::web::extract::Call;
use crate::web::page::page;
use crate::web::row::{Caller, Row};

/// Which of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Those that stand here.
    state: Option<State>,
    /// Where the last page ended.
    cursor: Option<String>,
}

/// The parts of the list: what each is called, and where those stand that are in it.
const PARTS: [(&str, Option<State>); 6] = [
    ("Everything", None),
    ("New", Some(State::Sent)),
    ("To answer", Some(State::Received)),
    ("Taken on", Some(State::Accepted)),
    ("In contact", Some(State::Contacted)),
    ("Taken back", Some(State::Withdrawn)),
];

struct Line {
    path: String,
    urgency: &'static str,
    level: &'static str,
    state: &'static str,
    sent: Option<Moment>,
    next: Option<(&'static str, Moment)>,
}

struct Part {
    path: String,
    name: &'static str,
    is_here: bool,
}

#[derive(Template)]
#[template(path = "inbox/list.html")]
struct ListPage {
    shell: Shell,
    parts: Vec<Part>,
    lines: Vec<Line>,
    older: Option<String>,
    /// Whether they have yet to say whom they know.
    must_say: bool,
    /// Whether what they said is of older rules.
    is_outdated: bool,
}

async fn show(call: Call) -> Result<HttpResponse> {
    let Query { state, cursor } = call.query()?;
    let (seated, found) = calls::read(&call, call.bearer()?, move |rx, who| {
        let found = partners::list(rx, who, &Asked { state, cursor }, Limit::coerce(None))?;
        Ok((Seated::of(rx, who), found))
    })
    .await?;
    let writer = seated.writer(&call);
    let Page { data, next } = found;
    page(&ListPage {
        shell: seated.shell(&call, "What came", "/inbox"),
        parts: PARTS.iter().map(|(name, of)| part(name, *of, state)).collect(),
        lines: data.iter().map(|handed| line(handed, writer)).collect(),
        older: next.map(|cursor| path(state, Some(&cursor))),
        must_say: seated.account.declared_at.is_none(),
        is_outdated: directory::is_outdated(&seated.account),
    })
}

fn path(state: Option<State>, cursor: Option<&str>) -> String {
    let state = state.map(|state| format!("state={}", state.as_str()));
    let all: Vec<String> = state.into_iter().chain(cursor.map(|cursor| format!("cursor={cursor}"))).collect();
    if all.is_empty() { "/inbox".to_owned() } else { format!("/inbox?{}", all.join("&")) }
}

fn part(name: &'static str, of: Option<State>, here: Option<State>) -> Part {
    Part { path: path(of, None), name, is_here: of == here }
}

fn line(handed: &Handed, writer: Writer) -> Line {
    Line {
        path: format!("/inbox/{}", handed.id),
        urgency: words::urgency(handed.urgency),
        level: words::level(handed.urgency),
        state: words::state(handed.state),
        sent: handed.sent_at.map(|at| writer.write(at)),
        next: handed.next.zip(handed.next_by).map(|(phase, by)| (words::next(phase), writer.write(by))),
    }
}

pub(super) fn rows() -> Vec<Row> {
    vec![Row::page("/inbox", Method::GET, show, Caller::Reader)]
}

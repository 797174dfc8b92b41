//! The leads' board: the referrals of all cases that they see, the oldest first. No word of anybody stands on it.

use actix_web::HttpResponse;
use actix_web::http::Method;
use askama::Template;
use serde::Deserialize;

use super::page;
use super::referral_words as words;
use super::seat::Seated;
use crate::base::page::{Limit, Page};
use crate::domain::directory;
use crate::domain::referrals::state::State;
use crate::domain::referrals::{self, OnBoard, Wanted};
use crate::domain::terms::Mode;
use crate::error::Result;
use crate::pages::shell::Shell;
use crate::pages::spans::{Moment, Writer};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::row::{Caller, Row};

/// Which of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    state: Option<State>,
    late: Option<bool>,
    cursor: Option<String>,
}

/// The parts of the board: what each is called, and what is in it.
const PARTS: [(&str, Option<State>, Option<bool>); 6] = [
    ("Late", None, Some(true)),
    ("Everything", None, None),
    ("Drafted", Some(State::Drafted), None),
    ("Sent", Some(State::Sent), None),
    ("Received", Some(State::Received), None),
    ("Accepted", Some(State::Accepted), None),
];

struct Part {
    path: String,
    name: &'static str,
    is_here: bool,
}

struct Line {
    path: String,
    service: String,
    state: &'static str,
    is_trial: bool,
    made: Moment,
    next: Option<(&'static str, Moment)>,
    is_late: bool,
}

#[derive(Template)]
#[template(path = "console/board.html")]
struct BoardPage {
    shell: Shell,
    parts: Vec<Part>,
    lines: Vec<Line>,
    next: Option<String>,
}

async fn show(call: Call) -> Result<HttpResponse> {
    let Query { state, late, cursor } = call.query()?;
    let wanted = Wanted { state, late, cursor };
    let (seated, found) = desk::read(&call, call.bearer()?, move |rx, who| {
        let Page { data, next } = referrals::board(rx, who, &wanted, Limit::coerce(Some(50)))?;
        let mut named = Vec::with_capacity(data.len());
        for one in data {
            let service = directory::called(rx, &one.service_id)?;
            named.push((one, service.map(|service| service.name)));
        }
        Ok((Seated::of(rx, who), Page { data: named, next }))
    })
    .await?;
    let writer = seated.writer(&call);
    let part = |(name, of, is_late): &(&'static str, Option<State>, Option<bool>)| Part {
        path: path(*of, *is_late, None),
        name,
        is_here: (*of, *is_late) == (state, late),
    };
    page(&BoardPage {
        shell: seated.shell(&call, "Referrals", "/console/referrals"),
        parts: PARTS.iter().map(part).collect(),
        lines: found.data.into_iter().map(|(one, service)| line(&one, service, writer)).collect(),
        next: found.next.map(|cursor| path(state, late, Some(&cursor))),
    })
}

fn path(state: Option<State>, late: Option<bool>, cursor: Option<&str>) -> String {
    let state = state.map(|state| format!("state={}", state.as_str()));
    let late = late.map(|late| format!("late={late}"));
    let cursor = cursor.map(|cursor| format!("cursor={cursor}"));
    let all: Vec<String> = [state, late, cursor].into_iter().flatten().collect();
    if all.is_empty() { "/console/referrals".to_owned() } else { format!("/console/referrals?{}", all.join("&")) }
}

fn line(one: &OnBoard, service: Option<String>, writer: Writer) -> Line {
    Line {
        path: format!("/console/cases/{}/referrals#{}", one.case_id, one.id),
        service: service.unwrap_or_else(|| "A service that is not in the directory".to_owned()),
        state: words::state(one.state),
        is_trial: one.mode == Mode::Test,
        made: writer.write(one.made_at),
        next: one.phase.zip(one.due_at).map(|(phase, at)| (words::phase(phase), writer.write(at))),
        is_late: one.late,
    }
}

pub(super) fn rows() -> Vec<Row> {
    vec![Row::page("/console/referrals", Method::GET, show, Caller::Browser)]
}

//! The shift: who is at work, what rings, what passes next, and what is set aside.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::Method;
use askama::Template;

use super::seat::{self, Seated};
use super::{page, queues as lists, words};
use crate::base::id::StaffId;
use crate::domain::access::Acting;
use crate::domain::case::Case;
use crate::domain::casefile::queues::{self, Shift};
use crate::domain::paging::{self, AtWork, shown};
use crate::domain::people::staff;
use crate::domain::unit::Look;
use crate::error::Result;
use crate::pages::shell::Shell;
use crate::pages::spans::{Moment, Writer};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::row::{Caller, Row};

struct Read {
    seated: Seated,
    at_work: Vec<AtWork>,
    is_staffed: bool,
    shift: Shift,
    names: BTreeMap<StaffId, String>,
}

fn read(rx: &mut Look<'_>, who: &Acting) -> Result<Read> {
    Ok(Read {
        seated: Seated::of(rx, who),
        at_work: paging::at_work(rx)?,
        is_staffed: shown::is_staffed(rx)?,
        shift: queues::shift(rx, who)?,
        names: staff::every_name(rx)?,
    })
}

/// Somebody who is at work.
struct On {
    name: String,
    role: &'static str,
    how: String,
}

/// A case, with what is told of it here.
struct Line {
    id: String,
    category: String,
    priority: String,
    level: &'static str,
    what: String,
    at: Moment,
    who: String,
}

#[derive(Template)]
#[template(path = "console/shift.html")]
struct ShiftPage {
    shell: Shell,
    made: Moment,
    on: Vec<On>,
    is_staffed: bool,
    alarms: Vec<Line>,
    next: Vec<Line>,
    holds: Vec<Line>,
}

async fn show(call: Call) -> Result<HttpResponse> {
    let read = desk::read(&call, call.bearer()?, read).await?;
    let writer = read.seated.writer(&call);
    let on = read.at_work.iter().map(|who| On {
        name: who.member.username.clone(),
        role: seat::role(who.member.role),
        how: match (who.until, who.is_acting) {
            (Some(until), true) => format!("on the rota until {}, and at work", writer.write(until).clock),
            (Some(until), false) => format!("on the rota until {}", writer.write(until).clock),
            (None, _) => "at work, not on the rota".to_owned(),
        },
    });
    let named = |ids: &[StaffId]| {
        let names: Vec<&str> = ids.iter().filter_map(|id| read.names.get(id)).map(String::as_str).collect();
        if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
    };
    let alarms =
        read.shift.alarms.iter().map(|alarm| line(writer, &alarm.case, String::new(), alarm.since, named(&alarm.told)));
    let next = read.shift.next.iter().map(|next| {
        let holder = lists::holder(&read.names, writer, &next.case);
        line(writer, &next.case, words::clock(next.kind).to_owned(), next.due_at, holder)
    });
    let holds = read.shift.holds.iter().map(|case| {
        let holder: Vec<StaffId> = case.assigned_to.iter().cloned().collect();
        line(writer, case, String::new(), case.held_until.unwrap_or(writer.now), named(&holder))
    });
    page(&ShiftPage {
        made: writer.write(writer.now),
        on: on.collect(),
        is_staffed: read.is_staffed,
        alarms: alarms.collect(),
        next: next.collect(),
        holds: holds.collect(),
        shell: read.seated.shell(&call, "Shift", "/console/shift"),
    })
}

fn line(writer: Writer, case: &Case, what: String, at: crate::base::time::Timestamp, who: String) -> Line {
    Line {
        id: case.id.to_string(),
        category: words::category(case.category),
        priority: words::priority(case.priority),
        level: case.priority.as_str(),
        what,
        at: writer.write(at),
        who,
    }
}

/// Every key with its button.
#[derive(Template)]
#[template(path = "console/keys.html")]
struct KeysPage {
    shell: Shell,
    letter_keys: bool,
}

async fn keys(call: Call) -> Result<HttpResponse> {
    let seated = desk::read(&call, call.bearer()?, |rx, who| Ok(Seated::of(rx, who))).await?;
    let letter_keys = seated.sitting.letter_keys;
    page(&KeysPage { shell: seated.shell(&call, "Keys", "/console/keys"), letter_keys })
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::page("/console/shift", Method::GET, show, Caller::Browser),
        Row::page("/console/keys", Method::GET, keys, Caller::Browser),
    ]
}

//! What the script of the list asks for while the page stands open: the words of its rows, and how many are new.

use std::collections::BTreeMap;

use actix_web::http::Method;
use actix_web::{HttpResponse, http::header};
use serde::Serialize;

use super::queues::{Line, Read, Wanted, line, read};
use crate::base::secret::{base64_url, sha256};
use crate::base::time::Timestamp;
use crate::domain::case::Case;
use crate::domain::triage::Priority;
use crate::error::Result;
use crate::pages::spans::Writer;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::row::{Caller, Row};
use crate::web::tags::Tags;

/// What the list's script is told of each row that stands on the page; of one that left the list, nothing.
#[derive(Serialize)]
struct Refreshed {
    as_of: Timestamp,
    rows: BTreeMap<String, Option<Said>>,
    /// How many stand in the list now that do not stand on the page.
    new: usize,
    /// How many of those are p0.
    new_p0: usize,
}

#[derive(Serialize)]
struct Said {
    holder: String,
    clock: Option<String>,
    clock_words: String,
    priority: String,
    state: &'static str,
}

/// The words of the rows of a page that stands open. Nobody has asked for it: it keeps no session awake, and is no work.
async fn rows_now(call: Call) -> Result<HttpResponse> {
    let wanted = Wanted::of(&call);
    let shown: Vec<String> = wanted.shown.split('.').filter(|id| !id.is_empty()).take(100).map(str::to_owned).collect();
    let read = desk::unnoticed(&call, call.bearer()?, move |rx, who| read(rx, who, wanted)).await?;
    let writer = read.seated.writer(&call);
    let now: BTreeMap<String, Said> =
        read.cases.iter().map(|case| (case.id.to_string(), words_of(&read, writer, case))).collect();
    let new: Vec<&Case> = read.cases.iter().filter(|case| !shown.contains(&case.id.to_string())).collect();
    let (count, urgent) = (new.len(), new.iter().filter(|case| case.priority == Priority::P0).count());
    let mut now = now;
    let rows: BTreeMap<String, Option<Said>> = shown
        .into_iter()
        .map(|id| {
            let words = now.remove(&id);
            (id, words)
        })
        .collect();
    // What it says besides the moment is what tells whether anything has changed.
    let said = serde_json::to_vec(&(&rows, count, urgent)).map_err(anyhow::Error::new)?;
    let tag = base64_url(&sha256(&said));
    if Tags::of(call.request().headers(), header::IF_NONE_MATCH).name(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, format!("\"{tag}\""))).finish());
    }
    let body = Refreshed { as_of: read.seated.now, rows, new: count, new_p0: urgent };
    Ok(HttpResponse::Ok().insert_header((header::ETAG, format!("\"{tag}\""))).json(body))
}

fn words_of(read: &Read, writer: Writer, case: &Case) -> Said {
    let Line { holder, clock, clock_words, priority, state, .. } = line(read, writer, case);
    Said { holder, clock: clock.map(|at| at.machine), clock_words, priority, state }
}

pub(super) fn rows() -> Vec<Row> {
    vec![Row::page("/console/rows", Method::GET, rows_now, Caller::Browser).for_script()]
}

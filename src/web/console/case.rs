//! The page of a case, and what is done with it by a button alone: taking it, beginning, and keeping the claim.

use actix_web::HttpResponse;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};

use super::case_page::{self, Reading};
use super::queues::to;
use super::{acts, door, page};
use crate::base::id::CaseKind;
use crate::base::time::Timestamp;
use crate::domain::access::{Claim, Read, Sight, Work};
use crate::domain::case::Action;
use crate::domain::casefile;
use crate::domain::casework::{self, Transition};
use crate::domain::desk::At;
use crate::domain::ledger::idempotency::Answered;
use crate::domain::ledger::seen::Seen;
use crate::domain::unit::{Look, Unit};
use crate::error::{Error, Result};
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::form_calls::{at, visit};
use crate::web::forms::{Form, LONGEST};
use crate::web::idempotent::render;
use crate::web::row::{Body, Caller, Row};

/// Which page of the case is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    /// Where the last page ended.
    cursor: String,
    /// Where the last page of the timeline ended.
    entries: String,
    /// What was done just now.
    done: String,
}

/// Shows the case. The reading is on record before anything is shown, and whoever holds the case keeps it.
async fn show(call: Call) -> Result<HttpResponse> {
    let id = call.id::<CaseKind>("id")?;
    let Wanted { cursor, entries, done } =
        serde_urlencoded::from_str(call.request().query_string()).unwrap_or_default();
    let (cursor, entries) =
        (Some(cursor).filter(|text| !text.is_empty()), Some(entries).filter(|text| !text.is_empty()));
    let which = if cursor.is_none() { casefile::Page::Newest } else { casefile::Page::Older };
    let read =
        move |rx: &mut Look<'_>, sight: &Sight| case_page::read(rx, sight, cursor.as_deref(), entries.as_deref());
    let record = move |tx: &mut Unit<'_>, grant, reading: Reading| case_page::record(tx, grant, which, reading);
    let reading = desk::look(&call, call.bearer()?, id, read, record).await?;
    page(&case_page::page(&call, reading, &done))
}

/// Takes the case.
async fn claim(call: Call, raw: Raw) -> Result<HttpResponse> {
    press(call, raw, Button::Claim).await
}

/// Begins the work.
async fn start(call: Call, raw: Raw) -> Result<HttpResponse> {
    press(call, raw, Button::Start).await
}

/// What is done by a button alone.
#[derive(Clone, Copy, Debug)]
enum Button {
    Claim,
    Start,
}

/// Does what a button says. Nothing is written in its form, so what goes wrong is said on a page of its own.
async fn press(call: Call, raw: Raw, button: Button) -> Result<HttpResponse> {
    let form = Form::read(&raw.0)?;
    if call.bearer().is_err() {
        return door::with_words(&call, &form);
    }
    match pressed(&call, &form, button).await {
        Ok(answered) => Ok(render(answered)),
        Err(Error::Unauthenticated(_)) => door::with_words(&call, &form),
        Err(error) => Ok(acts::trouble(&call, &form, &error)),
    }
}

async fn pressed(call: &Call, form: &Form, button: Button) -> Result<Answered> {
    let (visit, at) = (visit(call, form)?, at(call, form)?);
    let case = at.case.clone();
    match button {
        Button::Claim => {
            let at = At { seen: Seen::Unasked, ..at };
            desk::on_case::<Claim>(call, visit, at, move |tx, grant| {
                casework::claim(tx, grant)?;
                Ok(to(format!("/console/cases/{case}?done=taken")))
            })
            .await
        }
        Button::Start => {
            desk::on_case::<Read>(call, visit, at, move |tx, seen| {
                let wanted = Transition { action: Action::Start, reason: String::new(), until: None };
                casework::transition(tx, seen, &wanted)?;
                Ok(to(format!("/console/cases/{case}?done=started")))
            })
            .await
        }
    }
}

/// Until when the claim holds.
#[derive(Serialize)]
struct Held {
    until: Option<Timestamp>,
}

/// Keeps the claim of somebody who is there.
async fn heartbeat(call: Call, raw: Raw) -> Result<HttpResponse> {
    drop(raw);
    let id = call.id::<CaseKind>("id")?;
    let case = desk::unkeyed::<Work, _>(&call, call.bearer()?, id, casework::heartbeat).await?;
    Ok(HttpResponse::Ok().json(Held { until: case.claimed_until }))
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::page("/console/cases/{id}", Method::GET, show, Caller::Browser).recorded(),
        Row::page("/console/cases/{id}/claim", Method::POST, claim, Caller::Browser).reading(Body::Words(LONGEST)),
        Row::page("/console/cases/{id}/start", Method::POST, start, Caller::Browser).reading(Body::Words(LONGEST)),
        Row::page("/console/cases/{id}/heartbeat", Method::POST, heartbeat, Caller::Browser)
            .reading(Body::Words(1_024))
            .for_script(),
    ]
}

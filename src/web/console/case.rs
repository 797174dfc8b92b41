//! The page of a case, and keeping the claim of whoever works on it.

use actix_web::HttpResponse;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};

use super::case_page::{self, Reading};
use super::page;
use crate::base::id::CaseKind;
use crate::base::time::Timestamp;
use crate::domain::access::{Sight, Work};
use crate::domain::casefile;
use crate::domain::casework;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
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
        Row::page("/console/cases/{id}/heartbeat", Method::POST, heartbeat, Caller::Browser)
            .reading(Body::Words(1_024))
            .for_script(),
    ]
}

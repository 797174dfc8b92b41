//! Reading beside the case itself: what happened in it, and what else may be about the same people, and what one may do.

use actix_web::HttpResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::base::id::{CaseId, CaseKind};
use crate::domain::access::Sight;
use crate::domain::casefile::related::{self, RelatedCaseList};
use crate::domain::casefile::timeline::{self, Part, TimelineList};
use crate::domain::casework::offers::{self, OfferList};
use crate::domain::unit::{Look, Unit};
use crate::error::Result;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::limits::Policy;
use crate::web::row::{Caller, Row};

/// Which part of what happened.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct TimelineQuery {
    /// Where the last page ended.
    #[param(max_length = 512, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
    /// Only what happened since this number, which `seen` told, readings and the words of notes aside: the newest 50. With it
    /// `cursor` says nothing.
    #[param(minimum = 0, maximum = 2_147_483_647)]
    since: Option<u32>,
}

/// `GET /v1/triage/cases/{id}/timeline`.
#[utoipa::path(get, path = "/v1/triage/cases/{id}/timeline", tag = "triage", operation_id = "get_timeline",
    summary = "What happened in a case, the newest first",
    description = "The case's record and its notes as one, 50 events a page. The reading is recorded, but counts as no reading of what was said in the case.",
    params(("id" = inline(CaseId), Path, description = "The case's id"), TimelineQuery),
    responses((status = 200, description = "What happened", body = TimelineList)))]
async fn timeline_of(call: Call) -> Result<HttpResponse> {
    let id = call.id::<CaseKind>("id")?;
    let TimelineQuery { cursor, since } = call.query()?;
    let wanted = since.map_or(Part::From(cursor), |seq| Part::Since(seq.into()));
    let read = move |rx: &mut Look<'_>, sight: &Sight| timeline::timeline(rx, sight, &wanted);
    let record = |tx: &mut Unit<'_>, grant, view| timeline::record(tx, grant, view);
    Ok(HttpResponse::Ok().json(desk::look(&call, call.bearer()?, id, read, record).await?))
}

/// `GET /v1/triage/cases/{id}/related`.
#[utoipa::path(get, path = "/v1/triage/cases/{id}/related", tag = "triage", operation_id = "list_related",
    summary = "Cases that may be about the same people",
    description = "Of those that you may see, the newest 200: cases of the same platform that name the same subject; for leads also mirrors, in which the subject has reported this reporter; for safeguarding leads also those of other platforms. A match of spellings is no proof that it is the same person. Each look is recorded.",
    params(("id" = inline(CaseId), Path, description = "The case's id")),
    responses((status = 200, description = "The cases", body = RelatedCaseList)))]
async fn related_to(call: Call) -> Result<HttpResponse> {
    let id = call.id::<CaseKind>("id")?;
    let record = |tx: &mut Unit<'_>, grant, view| related::record(tx, grant, view);
    Ok(HttpResponse::Ok().json(desk::look_around(&call, call.bearer()?, id, related::related, record).await?))
}

/// `GET /v1/triage/cases/{id}/offers`.
#[utoipa::path(get, path = "/v1/triage/cases/{id}/offers", tag = "triage", operation_id = "list_offers",
    summary = "Which acts are open to you now, and why not the others",
    description = "As the operations themselves would say it of the case as it stands. What hangs on the words of a call, such as a reason that is missing, is not asked.",
    params(("id" = inline(CaseId), Path, description = "The case's id")),
    responses((status = 200, description = "The acts", body = OfferList)))]
async fn offers_on(call: Call) -> Result<HttpResponse> {
    let id = call.id::<CaseKind>("id")?;
    Ok(HttpResponse::Ok().json(desk::read_of(&call, call.bearer()?, id, offers::offers).await?))
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_timeline_of, timeline_of, Caller::Staff, Policy::Staff).recorded(),
        Row::of(__path_related_to, related_to, Caller::Staff, Policy::Staff).recorded(),
        Row::of(__path_offers_on, offers_on, Caller::Staff, Policy::Staff),
    ]
}

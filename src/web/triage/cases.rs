//! Cases: finding, reading, claiming, moving along.

use actix_web::HttpResponse;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{act, case_answer};
use crate::base::id::{CaseId, CaseKind};
use crate::base::page::Limit;
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::domain::access::{Acting, Claim, Read, Sight, Work};
use crate::domain::case::{Action, State};
use crate::domain::casefile;
use crate::domain::casefile::queues::{self, Filter, Holder};
use crate::domain::casefile::{CaseSummary, CaseView, Page};
use crate::domain::casework::{self, Transition};
use crate::domain::terms::Mode;
use crate::domain::terms::taxonomy::CategoryCode;
use crate::domain::triage::{Priority, Queue};
use crate::domain::unit::{Look, Unit};
use crate::error::rules::Parameter;
use crate::error::{Error, Refused, Result};
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::limits::Policy;
use crate::web::lists::{List, list_response};
use crate::web::row::{Caller, Precondition, Row};
use crate::web::tags::etag;

/// Which cases to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct CasesQuery {
    /// One queue; all you see when absent.
    queue: Option<Queue>,
    /// One state; all open ones when absent.
    state: Option<State>,
    /// One priority.
    priority: Option<Priority>,
    /// What the first report is about.
    #[param(value_type = Option<String>, max_length = 64, example = "stalking_offline")]
    category: Option<CategoryCode>,
    /// One colleague's, by id; `me` for your own; `nobody` for what is free to take: nobody holds it, it is kept for nobody
    /// else, and it is neither on hold nor waiting for its platform.
    #[param(max_length = 40, pattern = "^(me|nobody|stf_[0-9a-hjkmnp-tv-z]{26})$")]
    assigned_to: Option<String>,
    /// The cases of a platform's reference.
    #[param(min_length = 1, max_length = 255)]
    platform_report_ref: Option<String>,
    /// `live`, or a platform's trials; live when absent.
    mode: Option<Mode>,
    /// How many entries, 1 to 100; more is coerced.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u64>,
    /// Where the last page ended.
    #[param(max_length = 512, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

type CaseList = List<CaseSummary>;

/// `GET /v1/triage/cases`.
#[utoipa::path(get, path = "/v1/triage/cases", tag = "triage", operation_id = "list_cases",
    summary = "Cases, the most urgent first, then by the next deadline",
    description = "Those of the queues on your list. Cases that name you are in no list.", params(CasesQuery),
    responses((status = 200, description = "A page", body = CaseList)))]
async fn list(call: Call) -> Result<HttpResponse> {
    let query: CasesQuery = call.query()?;
    let is_search = query.platform_report_ref.is_some();
    let look = move |rx: &mut Look<'_>, who: &Acting| {
        let bad = Refused::Parameter { name: "assigned_to", wanted: Parameter::Colleague };
        let assigned_to = match query.assigned_to.as_deref() {
            None => None,
            Some("me") => Some(Holder::One(who.id.clone())),
            Some("nobody") => Some(Holder::Nobody),
            Some(id) => Some(Holder::One(id.parse().map_err(|_| Error::Refused(bad))?)),
        };
        let filter = Filter {
            mode: query.mode.unwrap_or(Mode::Live),
            queue: query.queue,
            state: query.state,
            priority: query.priority,
            category: query.category,
            assigned_to,
            platform_report_ref: query.platform_report_ref,
        };
        queues::list(rx, who, &filter, query.cursor.as_deref(), Limit::coerce(query.limit))
    };
    let bearer = call.bearer()?;
    let page =
        if is_search { desk::search(&call, bearer, look).await? } else { desk::read(&call, bearer, look).await? };
    Ok(list_response(call.request(), page.map(|case| casefile::summary(&case))))
}

/// Which page of a case.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct CaseQuery {
    /// Where the last page ended.
    #[param(max_length = 512, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// `GET /v1/triage/cases/{id}`.
#[utoipa::path(get, path = "/v1/triage/cases/{id}", tag = "triage", operation_id = "get_case", summary = "One case",
    description = "The reading is recorded, and the survivor can see that it happened. The newest comes first: a case of more than 256 KiB goes on at `next_cursor`, where the lists hold what is older. Within a page they run from old to new.",
    params(("id" = inline(CaseId), Path, description = "The case's id"), CaseQuery),
    responses((status = 200, description = "The case", body = CaseView, headers(("ETag" = String, description = "Its version")))))]
async fn view(call: Call) -> Result<HttpResponse> {
    let id = call.id::<CaseKind>("id")?;
    let CaseQuery { cursor } = call.query()?;
    let page = if cursor.is_none() { Page::Newest } else { Page::Older };
    let read = move |rx: &mut Look<'_>, sight: &Sight| casefile::view(rx, sight, cursor.as_deref());
    let record = move |tx: &mut Unit<'_>, grant, view| casefile::record(tx, grant, page, view);
    let view = desk::look(&call, call.bearer()?, id, read, record).await?;
    let tag = etag(view.summary.version);
    Ok(HttpResponse::Ok().insert_header(("etag", tag)).json(view))
}

/// `POST /v1/triage/cases/{id}/claim`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/claim", tag = "triage", operation_id = "claim_case", summary = "Take this case", description = "A heartbeat renews the claim. The alarm of a p0 or p1 is still for five minutes, and rings on higher up unless you have read the case and begun, written a note, raised it or asked the platform.",
    params(("id" = inline(CaseId), Path, description = "The case's id")),
    responses((status = 200, description = "You hold it for 15 minutes", body = CaseSummary)))]
async fn claim(call: Call, raw: Raw) -> Result<HttpResponse> {
    act::<Claim>(&call, &raw, |tx, grant| case_answer(&casework::claim(tx, grant)?)).await
}

/// `POST /v1/triage/cases/{id}/heartbeat`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/heartbeat", tag = "triage", operation_id = "keep_claim", summary = "Hold it for another 15 minutes",
    description = "For the tool to send while somebody works on the case.",
    params(("id" = inline(CaseId), Path, description = "The case's id")),
    responses((status = 200, description = "You hold it still", body = CaseSummary)))]
async fn heartbeat(call: Call) -> Result<HttpResponse> {
    let id = call.id::<CaseKind>("id")?;
    let case = desk::unkeyed::<Work, _>(&call, call.bearer()?, id, casework::heartbeat).await?;
    Ok(HttpResponse::Ok().insert_header(("etag", etag(case.version))).json(casefile::summary(&case)))
}

/// `POST /v1/triage/cases/{id}/release`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/release", tag = "triage", operation_id = "release_case", summary = "Give it back to its queue",
    description = "The next one who claims from the queue is offered it. A p0 or p1 that you did nothing about rings at once.",
    params(("id" = inline(CaseId), Path, description = "The case's id")),
    responses((status = 200, description = "Nobody holds it", body = CaseSummary)))]
async fn release(call: Call, raw: Raw) -> Result<HttpResponse> {
    act::<Work>(&call, &raw, |tx, grant| case_answer(&casework::release(tx, grant)?)).await
}

/// A move along the state table.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct TransitionBody {
    /// `start`, `hold`, `resume` or `reopen`. The others belong to requests and decisions.
    action: Action,
    /// Why; required to hold and to reopen.
    #[serde(default)]
    #[schema(max_length = 20000)]
    reason: String,
    /// Until when to hold, at most 72 hours ahead.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// `POST /v1/triage/cases/{id}/transitions`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/transitions", tag = "triage", operation_id = "move_case", summary = "Start, hold, resume or reopen",
    description = "Which moves each state allows stands in the state table. Who sets a case aside has read all of it (409 `unread`).",
    params(("id" = inline(CaseId), Path, description = "The case's id")), request_body = TransitionBody,
    responses((status = 200, description = "Moved", body = CaseSummary)))]
async fn transition(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<TransitionBody>(&call).await?;
    act::<Read>(&call, &raw, move |tx, seen| {
        let TransitionBody { action, reason, until } = body?;
        case_answer(&casework::transition(tx, seen, &Transition { action, reason, until })?)
    })
    .await
}

silent! { TransitionBody }

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_list, list, Caller::Staff, Policy::Staff).refused_with(&["404"]),
        Row::of(__path_view, view, Caller::Staff, Policy::Staff).recorded(),
        Row::of(__path_claim, claim, Caller::Staff, Policy::Staff).json().keyed(),
        Row::of(__path_heartbeat, heartbeat, Caller::Staff, Policy::Staff).refused_with(&["409"]),
        Row::of(__path_release, release, Caller::Staff, Policy::Staff).json().keyed(),
        Row::of(__path_transition, transition, Caller::Staff, Policy::Staff)
            .json()
            .keyed()
            .asking_for(Precondition::Required),
    ]
}

//! What we ask the platform to do, and its answer.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::once::once;
use super::reports::conditional;
use crate::base::id::{ReportId, RequestId, RequestKind};
use crate::base::page::Limit;
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::domain::access;
use crate::domain::casework::requests::{
    self, Asked, NewAnswer, ReasonCode, RequestAction, RequestState, SubjectNotice,
};
use crate::domain::ledger::idempotency::Reply;
use crate::domain::people::platforms::Scope;
use crate::domain::vault::Owner;
use crate::error::Result;
use crate::web::body::Raw;
use crate::web::extract::Call;
use crate::web::idempotent::{json, tagged};
use crate::web::limits::Policy;
use crate::web::lists::{List, list_response};
use crate::web::row::{Caller, Precondition, Row};

const ANSWERER: Caller = Caller::with(Scope::RequestsWrite);

/// A request in the platform's view.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct RequestView {
    /// Its id.
    #[schema(value_type = String, example = "req_00000000000000000000000000")]
    id: RequestId,
    /// The report it is about.
    #[schema(value_type = String, example = "rep_00000000000000000000000000")]
    report_id: ReportId,
    /// Your own reference of that report.
    platform_report_ref: String,
    /// What is asked.
    action: RequestAction,
    /// Where it stands.
    state: RequestState,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When an answer is due.
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
    /// Do nothing before this, so that it tips nobody off.
    #[schema(value_type = Option<String>, format = DateTime)]
    not_before: Option<Timestamp>,
    /// Keep evidence until then.
    #[schema(value_type = Option<String>, format = DateTime)]
    preserve_until: Option<Timestamp>,
    /// What the subject may be told.
    subject_notice: SubjectNotice,
    /// Whether a person checked that the survivor is not the subject's only contact.
    single_contact_check: bool,
    /// Ask us before you answer an access request about it.
    confidential: bool,
    /// What you need to know, in words.
    details: Option<String>,
    /// Your reason.
    reason_code: Option<ReasonCode>,
    /// When you acted.
    #[schema(value_type = Option<String>, format = DateTime)]
    taken_at: Option<Timestamp>,
    /// Whether the subject was told anything.
    subject_notified: Option<bool>,
    /// When you answered.
    #[schema(value_type = Option<String>, format = DateTime)]
    answered_at: Option<Timestamp>,
}

impl From<Asked> for RequestView {
    fn from(asked: Asked) -> Self {
        let request = asked.request;
        Self {
            id: request.id,
            report_id: request.report_id,
            platform_report_ref: asked.platform_report_ref,
            action: request.action,
            state: request.state,
            created_at: request.made_at,
            due_at: request.due_at,
            not_before: request.not_before,
            preserve_until: request.preserve_until,
            subject_notice: request.subject_notice,
            single_contact_check: request.single_contact_check,
            confidential: request.confidential,
            details: asked.details,
            reason_code: request.reason_code,
            taken_at: request.taken_at,
            subject_notified: request.subject_notified,
            answered_at: request.answered_at,
        }
    }
}

type RequestList = List<RequestView>;

/// A page of requests.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct RequestsQuery {
    /// Only requests in this state.
    state: Option<RequestState>,
    /// How many entries, 1 to 100; more is coerced.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u64>,
    /// Where the last page ended.
    #[param(max_length = 512, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// `GET /v1/requests`.
#[utoipa::path(get, path = "/v1/requests", tag = "platform", operation_id = "list_requests", summary = "What we ask you to do, the oldest first",
    description = "Ask for `state=open` often, and have a person look at what it brings.",
    params(RequestsQuery), responses((status = 200, description = "A page", body = RequestList)))]
async fn list(call: Call) -> Result<HttpResponse> {
    let query: RequestsQuery = call.query()?;
    let token = call.token()?;
    let app = std::sync::Arc::clone(&call.shared.app);
    let page = app
        .clone()
        .read_for(&call.share(), move |rx| {
            let grant = access::platform(rx, &token)?;
            requests::list(rx, &grant, query.state, query.cursor.as_deref(), Limit::coerce(query.limit))
        })
        .await?;
    Ok(list_response(call.request(), page.map(RequestView::from)))
}

/// `GET /v1/requests/{id}`.
#[utoipa::path(get, path = "/v1/requests/{id}", tag = "platform", operation_id = "get_request", summary = "One request", description = "What is asked, by when, and what you answered.",
    params(("id" = inline(RequestId), Path, description = "The request's id")),
    responses((status = 200, description = "The request", body = RequestView, headers(("ETag" = String))), (status = 304, description = "Unchanged", headers(("ETag" = String)))))]
async fn find(call: Call) -> Result<HttpResponse> {
    let id = call.id::<RequestKind>("id")?;
    let token = call.token()?;
    let app = std::sync::Arc::clone(&call.shared.app);
    let asked = app
        .clone()
        .read_for(&call.share(), move |rx| {
            let grant = access::platform(rx, &token)?;
            requests::find(rx, &grant, &id)
        })
        .await?;
    Ok(conditional(&call, asked.request.version, &RequestView::from(asked)))
}

/// `POST /v1/requests/{id}/response`.
#[utoipa::path(post, path = "/v1/requests/{id}/response", tag = "platform", operation_id = "answer_request",
    summary = "Answer a request",
    description = "Acknowledge at once, and answer again when it is done or declined. A late answer is still taken.",
    params(("id" = inline(RequestId), Path, description = "The request's id")), request_body = NewAnswer,
    responses((status = 200, description = "Taken", body = RequestView, headers(("ETag" = String, description = "Its version")))))]
async fn answer(call: Call, raw: Raw) -> Result<HttpResponse> {
    let id = call.id::<RequestKind>("id")?;
    let token = call.token()?;
    let precondition = call.if_match()?;
    let body = raw.parse::<NewAnswer>(&call).await?;
    once(&call, &raw, token, move |tx, who| {
        let known = requests::find(tx, &who, &id)?.request;
        precondition.holds(known.version)?;
        let asked = requests::answer(tx, &who, &id, &body?)?;
        let (case, version) = (asked.request.case_id.clone(), asked.request.version);
        Ok(Reply::of(Owner::case(&case), tagged(version, json(StatusCode::OK, &RequestView::from(asked))?)))
    })
    .await
}

silent! { RequestView }

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_list, list, ANSWERER, Policy::Read),
        Row::of(__path_find, find, ANSWERER, Policy::Read),
        Row::of(__path_answer, answer, ANSWERER, Policy::Ingest)
            .json()
            .keyed()
            .asking_for(Precondition::Optional)
            .example(include_str!("../examples/answer.json")),
    ]
}

//! What is decided about a case: notes, priority, requests to the platform, links, the end.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{PendingAnswer, act, case_answer, done_answer, visit};
use crate::base::id::CaseId;
use crate::base::secret::silent;
use crate::domain::access::{AskPlatform, ChangePriority, Decide, Link, WriteNote};
use crate::domain::case::Outcome;
use crate::domain::casefile::CaseSummary;
use crate::domain::casework;
use crate::domain::casework::acts::{self, Change, PriorityReason};
use crate::domain::casework::requests::NewRequest;
use crate::domain::casework::{Closing, ContactInForce, NewNote, NewWishes, NoteView};
use crate::domain::triage::Priority;
use crate::error::Result;
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::idempotent::{json, render, tagged};
use crate::web::limits::Policy;
use crate::web::row::{Caller, Precondition, Row};

/// `POST /v1/triage/cases/{id}/notes`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/notes", tag = "triage", operation_id = "write_note", summary = "Write a note, and record what it says was done",
    description = "For colleagues. What it records meets the clock that called for it.",
    params(("id" = inline(CaseId), Path, description = "The case's id")), request_body = NewNote,
    responses((status = 201, description = "Written", body = NoteView)))]
async fn note(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<NewNote>(&call).await?;
    act::<WriteNote>(&call, &raw, move |tx, grant| json(StatusCode::CREATED, &casework::write_note(tx, grant, &body?)?))
        .await
}

/// `POST /v1/triage/cases/{id}/wishes`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/wishes", tag = "triage", operation_id = "record_wishes", summary = "Record how she told you live that she may be reached",
    description = "It replaces all that was said before, and lifts a bar on contact. What comes through a platform afterwards takes ways away and opens none.",
    params(("id" = inline(CaseId), Path, description = "The case's id")), request_body = NewWishes,
    responses((status = 200, description = "What is in force now", body = ContactInForce)))]
async fn wishes(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<NewWishes>(&call).await?;
    act::<WriteNote>(&call, &raw, move |tx, grant| {
        let (case, in_force) = casework::record_wishes(tx, grant, &body?)?;
        Ok(tagged(case.version, json(StatusCode::OK, &in_force)?))
    })
    .await
}

/// Another priority.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct PriorityBody {
    /// To which.
    priority: Priority,
    /// Why.
    reason_code: PriorityReason,
    /// Why, in words.
    #[schema(min_length = 1, max_length = 20000)]
    text: String,
}

/// `POST /v1/triage/cases/{id}/priority`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/priority", tag = "triage", operation_id = "change_priority", summary = "Raise or lower the priority",
    description = "A raise holds at once; where it moves the case out of your queues, a repeated call hears the same answer all the same. Lowering from p0 or p1 waits for a lead or safeguarding lead. Whoever lowers has read all of it (409 `unread`).",
    params(("id" = inline(CaseId), Path, description = "The case's id")), request_body = PriorityBody,
    responses((status = 200, description = "Changed", body = CaseSummary), (status = 202, description = "Waits for a second person", body = PendingAnswer)))]
async fn priority(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<PriorityBody>(&call).await?;
    let (at, visit) = (call.at()?, visit(&call, &raw)?);
    let answered = desk::moving::<ChangePriority>(&call, visit, at, move |tx, grant| {
        let PriorityBody { priority: to, reason_code, text } = body?;
        done_answer(acts::change_priority(tx, grant, Change { to, reason_code, text })?)
    });
    Ok(render(answered.await?))
}

/// How a case ends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct DecisionBody {
    /// The outcome. `unfounded` waits for a second person; so do `withdrawn`, `unable_to_contact` and `recorded_only` of what
    /// is or was p0 or p1, and there `supported_elsewhere` and `platform_silent` while nobody else has read the case.
    /// `withdrawn` needs a wish and a `coercion_check` after it.
    outcome: Outcome,
    /// Why, for colleagues.
    #[schema(min_length = 1, max_length = 20000)]
    reason: String,
}

/// `POST /v1/triage/cases/{id}/decision`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/decision", tag = "triage", operation_id = "decide_case", summary = "Close the case with an outcome",
    description = "You have read all of it in this claim (409 `unread`). The platform reads the outcome and nothing more.",
    params(("id" = inline(CaseId), Path, description = "The case's id")), request_body = DecisionBody,
    responses((status = 200, description = "Closed", body = CaseSummary), (status = 202, description = "Waits for a second person", body = PendingAnswer)))]
async fn decide(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<DecisionBody>(&call).await?;
    act::<Decide>(&call, &raw, move |tx, grant| {
        let DecisionBody { outcome, reason } = body?;
        done_answer(casework::decide(tx, grant, &Closing { outcome, reason })?)
    })
    .await
}

/// `POST /v1/triage/cases/{id}/platform-requests`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/platform-requests", tag = "triage", operation_id = "ask_platform", summary = "Ask the platform to act",
    description = "Only with the survivor's recorded agreement, or on two people's record; keeping evidence needs neither.",
    params(("id" = inline(CaseId), Path, description = "The case's id")), request_body = NewRequest,
    responses((status = 200, description = "Asked", body = CaseSummary), (status = 202, description = "Waits for a second person", body = PendingAnswer)))]
async fn ask(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<NewRequest>(&call).await?;
    act::<AskPlatform>(&call, &raw, move |tx, grant| done_answer(casework::ask(tx, grant, body?)?)).await
}

/// Which case to link with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct LinkBody {
    /// The other case.
    #[schema(value_type = String, example = "case_00000000000000000000000000", pattern = "^case_[0-9a-hjkmnp-tv-z]{26}$")]
    case_id: CaseId,
}

/// `POST /v1/triage/cases/{id}/links`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/links", tag = "triage", operation_id = "link_cases", summary = "Link it with another case",
    description = "Both stay cases of their own.",
    params(("id" = inline(CaseId), Path, description = "The case's id")), request_body = LinkBody,
    responses((status = 200, description = "Linked", body = CaseSummary)))]
async fn link(call: Call, raw: Raw) -> Result<HttpResponse> {
    let other = raw.parse::<LinkBody>(&call).await?.map(|body| body.case_id);
    let (at, visit) = (call.at()?, visit(&call, &raw)?);
    let answered =
        desk::on_two::<Link>(&call, visit, at, other, |tx, one, two| case_answer(&casework::link(tx, one, two)?));
    Ok(render(answered.await?))
}

silent! { PriorityBody DecisionBody }

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_note, note, Caller::Staff, Policy::Staff).json().keyed(),
        Row::of(__path_wishes, wishes, Caller::Staff, Policy::Staff).json().keyed().asking_for(Precondition::Required),
        Row::of(__path_priority, priority, Caller::Staff, Policy::Staff)
            .json()
            .keyed()
            .asking_for(Precondition::Required),
        Row::of(__path_decide, decide, Caller::Staff, Policy::Staff).json().keyed().asking_for(Precondition::Required),
        Row::of(__path_ask, ask, Caller::Staff, Policy::Staff)
            .json()
            .keyed()
            .example(include_str!("../examples/platform_request.json")),
        Row::of(__path_link, link, Caller::Staff, Policy::Staff).json().keyed(),
    ]
}

//! Giving a case back that is not one for oneself.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::visit;
use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::domain::access::{Read, Work};
use crate::domain::casework;
use crate::error::Result;
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::idempotent::{json, render};
use crate::web::limits::Policy;
use crate::web::row::{Caller, Row};

/// How to leave a case.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct PassBody {
    /// Whether you know somebody in it. Nobody asks whom.
    #[serde(default)]
    knows_somebody: bool,
}

/// What it means for the colleague.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct PassAnswer {
    /// From when on the queue offers it to you again; null when never.
    #[schema(value_type = Option<String>, format = DateTime)]
    offered_again_at: Option<Timestamp>,
}

/// `POST /v1/triage/cases/{id}/pass`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/pass", tag = "triage", operation_id = "pass_case",
    summary = "Give it back: not this one",
    description = "Nobody says why, and nobody is counted. The queue does not offer it to you for 12 hours; you may open it and take \
                   it by its id. When you know somebody in it, a wall stands between you and this case at once, whether you hold \
                   it or not, and a safeguarding lead is told.",
    params(("id" = inline(CaseId), Path, description = "The case's id")), request_body = PassBody,
    responses((status = 200, description = "You have it no more", body = PassAnswer)))]
async fn pass(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<PassBody>(&call).await?;
    let (at, visit) = (call.at()?, visit(&call, &raw)?);
    let knows_somebody = body.as_ref().is_ok_and(|body| body.knows_somebody);
    let answered = if knows_somebody {
        desk::leaving::<Read>(&call, visit, at, |tx, grant| {
            casework::leave(tx, grant)?;
            json(StatusCode::OK, &PassAnswer { offered_again_at: None })
        })
        .await
    } else {
        desk::leaving::<Work>(&call, visit, at, |tx, grant| {
            body?;
            let until = casework::pass(tx, grant)?;
            json(StatusCode::OK, &PassAnswer { offered_again_at: Some(until) })
        })
        .await
    };
    Ok(render(answered?))
}

pub(super) fn rows() -> Vec<Row> {
    vec![Row::of(__path_pass, pass, Caller::Staff, Policy::Staff).json().keyed()]
}

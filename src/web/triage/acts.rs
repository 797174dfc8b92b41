//! The second person.

use actix_web::HttpResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{act, case_answer};
use crate::base::id::{ActId, ActKind, CaseId};
use crate::base::page::Limit;
use crate::domain::access::{Read, SignSecond};
use crate::domain::casefile::CaseSummary;
use crate::domain::casefile::queues::{self, ActSummary, ActsWanted};
use crate::domain::casework::acts::{self, ActState, sign};
use crate::domain::terms::Mode;
use crate::error::Result;
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::limits::Policy;
use crate::web::lists::{List, list_response};
use crate::web::row::{Caller, Row};

/// Which acts to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct ActsQuery {
    /// Where they stand; those that wait when absent.
    state: Option<ActState>,
    /// `live`, or a platform's trials; live when absent.
    mode: Option<Mode>,
    /// How many entries, 1 to 100; more is coerced.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u64>,
    /// Where the last page ended.
    #[param(max_length = 512, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

type ActList = List<ActSummary>;

/// `GET /v1/triage/pending`.
#[utoipa::path(get, path = "/v1/triage/pending", tag = "triage", operation_id = "list_acts",
    summary = "Acts that wait for a second person, the oldest first", params(ActsQuery),
    description = "Of the cases that you see. What each would do stands in its case. `may_sign` says of what waits whether you may be the second person; `is_yours`, whether you may take it back.",
    responses((status = 200, description = "A page", body = ActList)))]
async fn list(call: Call) -> Result<HttpResponse> {
    let query: ActsQuery = call.query()?;
    let wanted = ActsWanted { mode: query.mode.unwrap_or(Mode::Live), state: query.state.unwrap_or(ActState::Pending) };
    let page = desk::read(&call, call.bearer()?, move |rx, who| {
        queues::acts(rx, who, &wanted, query.cursor.as_deref(), Limit::coerce(query.limit))
    })
    .await?;
    Ok(list_response(call.request(), page))
}

/// `POST /v1/triage/cases/{id}/pending/{act}/approve`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/pending/{act}/approve", tag = "triage", operation_id = "approve_act", summary = "Approve as the second person",
    description = "Who proposed the act cannot approve it, by whichever account. Whoever approves has read all of the case (409 `unread`).",
    params(("id" = inline(CaseId), Path, description = "The case's id"), ("act" = inline(ActId), Path, description = "The act's id")),
    responses((status = 200, description = "Done", body = CaseSummary)))]
async fn approve(call: Call, raw: Raw) -> Result<HttpResponse> {
    decide(call, raw, true).await
}

/// `POST /v1/triage/cases/{id}/pending/{act}/refuse`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/pending/{act}/refuse", tag = "triage", operation_id = "refuse_act", summary = "Refuse as the second person",
    description = "Who proposed the act cannot refuse it, by whichever account.",
    params(("id" = inline(CaseId), Path, description = "The case's id"), ("act" = inline(ActId), Path, description = "The act's id")),
    responses((status = 200, description = "Not done; everything is as it was", body = CaseSummary)))]
async fn refuse(call: Call, raw: Raw) -> Result<HttpResponse> {
    decide(call, raw, false).await
}

/// `POST /v1/triage/cases/{id}/pending/{act}/withdraw`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/pending/{act}/withdraw", tag = "triage", operation_id = "withdraw_act", summary = "Take back what you proposed",
    description = "For whoever proposed it, by whichever account (else 403 `not_the_proposer`).",
    params(("id" = inline(CaseId), Path, description = "The case's id"), ("act" = inline(ActId), Path, description = "The act's id")),
    responses((status = 200, description = "It waits no longer; everything is as it was", body = CaseSummary)))]
async fn withdraw(call: Call, raw: Raw) -> Result<HttpResponse> {
    let id = call.id::<ActKind>("act")?;
    act::<Read>(&call, &raw, move |tx, grant| case_answer(&acts::withdraw(tx, grant, &id)?)).await
}

async fn decide(call: Call, raw: Raw, approve: bool) -> Result<HttpResponse> {
    let id = call.id::<ActKind>("act")?;
    act::<SignSecond>(&call, &raw, move |tx, grant| case_answer(&sign(tx, grant, &id, approve)?)).await
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_list, list, Caller::Staff, Policy::Staff),
        Row::of(__path_approve, approve, Caller::Staff, Policy::Staff).json().keyed(),
        Row::of(__path_refuse, refuse, Caller::Staff, Policy::Staff).json().keyed(),
        Row::of(__path_withdraw, withdraw, Caller::Staff, Policy::Staff).json().keyed(),
    ]
}

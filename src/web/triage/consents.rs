//! What a survivor agreed that a service may be given, and what she took back.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::act;
use crate::base::id::{CaseId, CaseKind, ConsentId, ConsentKind};
use crate::domain::access::{Refer, WriteNote};
use crate::domain::referrals::consents::{self, ConsentList, ConsentView, Narrowing, NewConsent, Withdrawing};
use crate::domain::unit::Unit;
use crate::error::Result;
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::idempotent::json;
use crate::web::limits::Policy;
use crate::web::row::{Caller, Row};

/// `GET /v1/triage/cases/{id}/consents`.
#[utoipa::path(get, path = "/v1/triage/cases/{id}/consents", tag = "triage", operation_id = "list_consents", summary = "What she agreed to, the newest first",
    description = "Each with what she took back, and where it stands now. The reading is recorded.",
    params(("id" = inline(CaseId), Path, description = "The case's id")),
    responses((status = 200, description = "The consents", body = ConsentList)))]
async fn list(call: Call) -> Result<HttpResponse> {
    let id = call.id::<CaseKind>("id")?;
    let record = |tx: &mut Unit<'_>, grant, list| consents::record(tx, grant, list);
    Ok(HttpResponse::Ok().json(desk::look(&call, call.bearer()?, id, consents::list, record).await?))
}

/// `POST /v1/triage/cases/{id}/consents`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/consents", tag = "triage", operation_id = "record_consent", summary = "Record that she agreed",
    description = "For whoever holds the case: to one service, for some scopes, until a day. She gave it herself, was not seen to be beside somebody, and was told all that `told` names. It is no lawful basis by itself, and lowers nothing.",
    params(("id" = inline(CaseId), Path, description = "The case's id")), request_body = NewConsent,
    responses((status = 201, description = "Recorded", body = ConsentView)))]
async fn give(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<NewConsent>(&call).await?;
    act::<Refer>(&call, &raw, move |tx, grant| json(StatusCode::CREATED, &consents::give(tx, grant, &body?)?)).await
}

/// `POST /v1/triage/cases/{id}/consents/{con}/narrow`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/consents/{con}/narrow", tag = "triage", operation_id = "narrow_consent", summary = "Record that she took back a part",
    description = "Needs no claim, and holds at once.",
    params(("id" = inline(CaseId), Path, description = "The case's id"), ("con" = inline(ConsentId), Path, description = "The consent's id")), request_body = Narrowing,
    responses((status = 200, description = "What is left", body = ConsentView)))]
async fn narrow(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<Narrowing>(&call).await?;
    let consent = call.id::<ConsentKind>("con");
    act::<WriteNote>(&call, &raw, move |tx, grant| {
        json(StatusCode::OK, &consents::narrow(tx, grant, &consent?, &body?)?)
    })
    .await
}

/// `POST /v1/triage/cases/{id}/consents/{con}/withdraw`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/consents/{con}/withdraw", tag = "triage", operation_id = "withdraw_consent", summary = "Record that she took back all of it",
    description = "Needs no claim, and holds at once.",
    params(("id" = inline(CaseId), Path, description = "The case's id"), ("con" = inline(ConsentId), Path, description = "The consent's id")), request_body = Withdrawing,
    responses((status = 200, description = "Nothing is left", body = ConsentView)))]
async fn withdraw(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<Withdrawing>(&call).await?;
    let consent = call.id::<ConsentKind>("con");
    act::<WriteNote>(&call, &raw, move |tx, grant| {
        json(StatusCode::OK, &consents::withdraw(tx, grant, &consent?, &body?)?)
    })
    .await
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_list, list, Caller::Staff, Policy::Staff).recorded(),
        Row::of(__path_give, give, Caller::Staff, Policy::Staff).json().keyed(),
        Row::of(__path_narrow, narrow, Caller::Staff, Policy::Staff).json().keyed(),
        Row::of(__path_withdraw, withdraw, Caller::Staff, Policy::Staff).json().keyed(),
    ]
}

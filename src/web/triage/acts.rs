//! The second person.

use actix_web::HttpResponse;

use super::{case_reply, on_case};
use crate::base::id::{ActKind, CaseKind};
use crate::domain::access::{self, SignSecond};
use crate::domain::cases::CaseSummary;
use crate::domain::cases::acts::sign;
use crate::error::Result;
use crate::web::body::Raw;
use crate::web::extract::Call;

/// `POST /v1/triage/cases/{id}/pending/{act}/approve`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/pending/{act}/approve", tag = "triage", operation_id = "approve_act", summary = "Approve as the second person",
    description = "Who proposed the act cannot approve it.",
    params(("id" = String, Path, description = "The case's id"), ("act" = String, Path, description = "The act's id")),
    responses((status = 200, description = "Done", body = CaseSummary)))]
pub(in crate::web) async fn approve(call: Call, raw: Raw) -> Result<HttpResponse> {
    decide(call, raw, true).await
}

/// `POST /v1/triage/cases/{id}/pending/{act}/refuse`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/pending/{act}/refuse", tag = "triage", operation_id = "refuse_act", summary = "Refuse as the second person",
    description = "Who proposed the act cannot refuse it.",
    params(("id" = String, Path, description = "The case's id"), ("act" = String, Path, description = "The act's id")),
    responses((status = 200, description = "Not done; everything is as it was", body = CaseSummary)))]
pub(in crate::web) async fn refuse(call: Call, raw: Raw) -> Result<HttpResponse> {
    decide(call, raw, false).await
}

async fn decide(call: Call, raw: Raw, approve: bool) -> Result<HttpResponse> {
    let id = call.id::<CaseKind>("id")?;
    let act = call.id::<ActKind>("act")?;
    let case = id.clone();
    on_case(&call, &raw, &id, move |tx, kit, who| {
        let grant = access::case::<SignSecond>(tx, &who, &case)?;
        case_reply(&sign(tx, kit, grant, &who, (&act, approve))?)
    })
    .await
}

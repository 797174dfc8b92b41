//! Hand-overs of a case to services, and the board of leads.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{act, visit};
use crate::base::id::{CaseId, CaseKind, ReferralId, ReferralKind};
use crate::base::page::Limit;
use crate::domain::access::{CaseAct, Grant, Refer, SignSecond, WriteNote};
use crate::domain::desk::At;
use crate::domain::ledger::idempotency::Answer;
use crate::domain::ledger::seen::Seen;
use crate::domain::referrals::state::State;
use crate::domain::referrals::{
    self, ByPhone, NewReferral, OnBoard, ReferralList, ReferralView, Replacement, Sending, Wanted, Withdrawal,
};
use crate::domain::unit::Unit;
use crate::error::Result;
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::idempotent::{json, render, tagged};
use crate::web::limits::Policy;
use crate::web::lists::{List, list_response};
use crate::web::row::{Caller, Precondition, Row};

/// A referral with its version.
fn answer(status: StatusCode, view: &ReferralView) -> Result<Answer> {
    Ok(tagged(view.version, json(status, view)?))
}

/// Does an act on a referral of the case, of which the caller saw a version.
async fn on_seen<A: CaseAct>(
    call: &Call,
    raw: &Raw,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>, &ReferralId, Seen) -> Result<ReferralView> + Send + 'static,
) -> Result<HttpResponse> {
    let At { case, seen } = call.at()?;
    let at = At { case, seen: Seen::Unasked };
    let (id, visit) = (call.id::<ReferralKind>("ref"), visit(call, raw)?);
    let done = desk::on_case::<A>(call, visit, at, move |tx, grant| {
        let id = id?;
        answer(StatusCode::OK, &work(tx, grant, &id, seen)?)
    });
    Ok(render(done.await?))
}

/// `GET /v1/triage/cases/{id}/referrals`.
#[utoipa::path(get, path = "/v1/triage/cases/{id}/referrals", tag = "triage", operation_id = "list_referrals", summary = "The referrals of a case, the newest first",
    description = "Each with what it waits for and what became of it, and what she is owed to know of them (`to_tell`). The reading is recorded.",
    params(("id" = inline(CaseId), Path, description = "The case's id")),
    responses((status = 200, description = "The referrals", body = ReferralList)))]
async fn list(call: Call) -> Result<HttpResponse> {
    let id = call.id::<CaseKind>("id")?;
    let record = |tx: &mut Unit<'_>, grant, list| referrals::record(tx, grant, list);
    Ok(HttpResponse::Ok().json(desk::look(&call, call.bearer()?, id, referrals::list, record).await?))
}

/// `POST /v1/triage/cases/{id}/referrals`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/referrals", tag = "triage", operation_id = "draft_referral", summary = "Draft a referral",
    description = "For whoever holds the case and has read all of it. Nothing leaves until it is sent; a clock runs until then.",
    params(("id" = inline(CaseId), Path, description = "The case's id")), request_body = NewReferral,
    responses((status = 201, description = "Drafted", body = ReferralView)))]
async fn draft(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<NewReferral>(&call).await?;
    act::<Refer>(&call, &raw, move |tx, grant| answer(StatusCode::CREATED, &referrals::draft(tx, grant, &body?)?)).await
}

/// How a referral is sent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::web) struct SendReferralBody {
    /// That you know that nobody is there until the answer is due: for a p0 or p1 to a service that opens later.
    knowing_closed: bool,
}

/// `POST /v1/triage/cases/{id}/referrals/{ref}/send`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/referrals/{ref}/send", tag = "triage", operation_id = "send_referral", summary = "Send a referral",
    description = "Everything is looked at again: the claim, the consent, a wish to withdraw, the contact sheet, the service. On a child's case it is asked for, and waits for the safeguarding lead; `about.remarks` says so. After mirror reports a lead sends.",
    params(("id" = inline(CaseId), Path, description = "The case's id"), ("ref" = inline(ReferralId), Path, description = "The referral's id")), request_body = SendReferralBody,
    responses((status = 200, description = "Sent, or asked for", body = ReferralView)))]
async fn send(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<SendReferralBody>(&call).await?;
    on_seen::<Refer>(&call, &raw, move |tx, grant, id, seen| {
        let SendReferralBody { knowing_closed } = body?;
        referrals::send(tx, grant, id, &Sending { seen, knowing_closed })
    })
    .await
}

/// `POST /v1/triage/cases/{id}/referrals/{ref}/sign`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/referrals/{ref}/sign", tag = "triage", operation_id = "sign_referral", summary = "Sign a child's referral",
    description = "For the safeguarding lead, who is not the one who asked. It goes out by it.",
    params(("id" = inline(CaseId), Path, description = "The case's id"), ("ref" = inline(ReferralId), Path, description = "The referral's id")),
    responses((status = 200, description = "Sent", body = ReferralView)))]
async fn sign(call: Call, raw: Raw) -> Result<HttpResponse> {
    on_seen::<SignSecond>(&call, &raw, |tx, grant, id, seen| referrals::sign(tx, grant, id, &seen)).await
}

/// `POST /v1/triage/cases/{id}/referrals/{ref}/withdraw`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/referrals/{ref}/withdraw", tag = "triage", operation_id = "withdraw_referral", summary = "Take a referral back",
    description = "Needs no claim, and holds at once. A service that has read it says that no copy is left.",
    params(("id" = inline(CaseId), Path, description = "The case's id"), ("ref" = inline(ReferralId), Path, description = "The referral's id")), request_body = Withdrawal,
    responses((status = 200, description = "Taken back", body = ReferralView)))]
async fn withdraw(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<Withdrawal>(&call).await?;
    on_seen::<WriteNote>(&call, &raw, move |tx, grant, id, _| referrals::withdraw(tx, grant, id, &body?)).await
}

/// `POST /v1/triage/cases/{id}/referrals/{ref}/by-phone`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/referrals/{ref}/by-phone", tag = "triage", operation_id = "answer_referral_by_phone", summary = "Write down what a service said by telephone",
    description = "Step by step, with who said it and when. Needs no claim: whoever hears it writes it down.",
    params(("id" = inline(CaseId), Path, description = "The case's id"), ("ref" = inline(ReferralId), Path, description = "The referral's id")), request_body = ByPhone,
    responses((status = 200, description = "Written down", body = ReferralView)))]
async fn by_phone(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<ByPhone>(&call).await?;
    on_seen::<WriteNote>(&call, &raw, move |tx, grant, id, _| referrals::by_phone(tx, grant, id, &body?)).await
}

/// `POST /v1/triage/cases/{id}/referrals/{ref}/replace`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/referrals/{ref}/replace", tag = "triage", operation_id = "replace_referral", summary = "Send another service what one did not take",
    description = "With the same contact sheet and summary, after every check of a sending. She is owed to know of it.",
    params(("id" = inline(CaseId), Path, description = "The case's id"), ("ref" = inline(ReferralId), Path, description = "The id of the one that is replaced")), request_body = Replacement,
    responses((status = 200, description = "The one that takes its place", body = ReferralView)))]
async fn replace(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<Replacement>(&call).await?;
    on_seen::<Refer>(&call, &raw, move |tx, grant, id, seen| referrals::replace(tx, grant, id, &seen, &body?)).await
}

/// `POST /v1/triage/cases/{id}/referrals/{ref}/share`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/referrals/{ref}/share", tag = "triage", operation_id = "share_with_referral", summary = "Let a service see what has come in since",
    description = "By the consent as it holds now. Until then a later report stays unseen.",
    params(("id" = inline(CaseId), Path, description = "The case's id"), ("ref" = inline(ReferralId), Path, description = "The referral's id")),
    responses((status = 200, description = "It is shared", body = ReferralView)))]
async fn share(call: Call, raw: Raw) -> Result<HttpResponse> {
    on_seen::<Refer>(&call, &raw, |tx, grant, id, seen| referrals::share(tx, grant, id, &seen)).await
}

/// Which referrals, and which part of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct BoardQuery {
    /// Those that stand here.
    state: Option<State>,
    /// `true`: those of which something that was due has passed; `false`: none of those.
    late: Option<bool>,
    /// How many entries, 1 to 100; more is coerced.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u64>,
    /// Where the last page ended.
    #[param(max_length = 512, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

type ReferralBoardList = List<OnBoard>;

/// `GET /v1/triage/referrals`.
#[utoipa::path(get, path = "/v1/triage/referrals", tag = "triage", operation_id = "list_all_referrals", summary = "The board of referrals",
    description = "For leads: those of all cases that they see, the oldest first. No word of anybody stands on it.",
    params(BoardQuery), responses((status = 200, description = "A page", body = ReferralBoardList)))]
async fn board(call: Call) -> Result<HttpResponse> {
    let BoardQuery { state, late, limit, cursor } = call.query()?;
    let limit = Limit::coerce(limit);
    let page = desk::read(&call, call.bearer()?, move |rx, who| {
        referrals::board(rx, who, &Wanted { state, late, cursor }, limit)
    });
    Ok(list_response(call.request(), page.await?))
}

pub(super) fn rows() -> Vec<Row> {
    let staff = (Caller::Staff, Policy::Staff);
    vec![
        Row::of(__path_board, board, staff.0, staff.1),
        Row::of(__path_list, list, staff.0, staff.1).recorded(),
        Row::of(__path_draft, draft, staff.0, staff.1).json().keyed(),
        Row::of(__path_send, send, staff.0, staff.1).json().keyed().asking_for(Precondition::Required),
        Row::of(__path_sign, sign, staff.0, staff.1).json().keyed().asking_for(Precondition::Required),
        Row::of(__path_withdraw, withdraw, staff.0, staff.1).json().keyed(),
        Row::of(__path_by_phone, by_phone, staff.0, staff.1).json().keyed(),
        Row::of(__path_replace, replace, staff.0, staff.1).json().keyed().asking_for(Precondition::Required),
        Row::of(__path_share, share, staff.0, staff.1).json().keyed().asking_for(Precondition::Required),
    ]
}

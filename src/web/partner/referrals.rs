//! What was handed over to a service, and what it says of it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::base::id::{ReferralId, ReferralKind};
use crate::base::page::Limit;
use crate::base::secret::silent;
use crate::domain::access;
use crate::domain::casefile::shared::{self, Shared};
use crate::domain::ledger::idempotency::{self, Reply};
use crate::domain::people::partners::PartnerScope;
use crate::domain::referrals::partners::{self, Asked, Handed};
use crate::domain::referrals::state::State;
use crate::domain::referrals::{Answer, DeclineReason, Outcome, Said};
use crate::domain::unit::Unit;
use crate::domain::vault::Owner;
use crate::error::Result;
use crate::web::body::Raw;
use crate::web::extract::Call;
use crate::web::idempotent::{json, keyed_aside, render, tagged};
use crate::web::limits::Policy;
use crate::web::lists::{List, list_response};
use crate::web::row::{Caller, Row};
use crate::web::tags::etag;

const READER: Caller = Caller::Partner(PartnerScope::ReferralsRead);
const ANSWERER: Caller = Caller::Partner(PartnerScope::ReferralsWrite);

/// Which referrals, and which part of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct ReferralsQuery {
    /// Those that stand here.
    state: Option<State>,
    /// How many entries, 1 to 100; more is coerced.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u64>,
    /// Where the last page ended.
    #[param(max_length = 512, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

type PartnerReferralList = List<Handed>;

/// `GET /v1/partner/referrals`.
#[utoipa::path(get, path = "/v1/partner/referrals", tag = "partner", operation_id = "list_partner_referrals", summary = "What was handed over to you, the newest first",
    description = "No word of anybody stands in it. Ask for `state=sent` often: those wait for you to read them.",
    params(ReferralsQuery), responses((status = 200, description = "A page", body = PartnerReferralList)))]
async fn list(call: Call) -> Result<HttpResponse> {
    let ReferralsQuery { state, limit, cursor } = call.query()?;
    let (token, limit) = (call.partner()?, Limit::coerce(limit));
    let app = &call.shared.app;
    let page = app
        .read_for(&call.share(), move |rx| {
            let who = access::partner(rx, &token)?;
            partners::list(rx, &who, &Asked { state, cursor }, limit)
        })
        .await?;
    Ok(list_response(call.request(), page))
}

/// Which part of it.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct PartQuery {
    /// Which part of the entries, from 1: `content.part.of` says how many there are.
    #[param(minimum = 1, maximum = 100, default = 1)]
    part: Option<usize>,
}

/// `GET /v1/partner/referrals/{id}`.
#[utoipa::path(get, path = "/v1/partner/referrals/{id}", tag = "partner", operation_id = "read_partner_referral", summary = "Read one",
    description = "What she agrees to at this moment, and nothing else. The first reading is the receipt; each is put on record.",
    params(("id" = inline(ReferralId), Path, description = "The referral's id"), PartQuery),
    responses((status = 200, description = "The referral", body = Shared)))]
async fn read(call: Call) -> Result<HttpResponse> {
    let id = call.id::<ReferralKind>("id")?;
    let PartQuery { part } = call.query()?;
    let token = call.partner()?;
    let app = &call.shared.app;
    let reader = token.clone();
    let shared = app
        .read_for(&call.share(), move |rx| {
            let who = access::partner(rx, &reader)?;
            shared::read(rx, &who, &id, part.unwrap_or(1))
        })
        .await?;
    let shared = app
        .enter(&call.share(), move |entry| {
            let (tx, who) = access::partner_acting(entry, &token)?;
            shared::record(tx, &who, shared)
        })
        .await?;
    let mut response = HttpResponse::Ok().json(&shared);
    if let Ok(tag) = HeaderValue::try_from(etag(shared.handed.version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// Takes an answer, once for each key. What is answered holds no word of the case.
async fn answered(call: &Call, raw: &Raw, answer: Answer, said: Result<Said>) -> Result<HttpResponse> {
    let (id, token) = (call.id::<ReferralKind>("id"), call.partner()?);
    let keyed = keyed_aside(call, raw).await?;
    let share = call.share();
    let done = call.shared.app.enter(&share, move |entry| {
        let (tx, who) = access::partner_acting(entry, &token)?;
        let attempt = keyed?.of(&format!("{}:{}", who.service, who.mode.as_str()));
        let id = id?;
        let may_repeat = |tx: &mut Unit<'_>, _: &Owner| partners::check(tx, &who, &id);
        idempotency::once(tx, &attempt, may_repeat, |tx| {
            let (case, handed) = partners::answer(tx, &who, &id, answer, said)?;
            Ok(Reply::of(Owner::case(&case), tagged(handed.version, json(StatusCode::OK, &handed)?)))
        })
    });
    Ok(render(done.await?))
}

/// What is said beside an answer.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::web) struct PartnerWords {
    /// What whoever sent it should know.
    #[schema(min_length = 1, max_length = 1000)]
    words: Option<String>,
}

/// Why it cannot be taken on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct PartnerDecline {
    /// Why. She is never told.
    reason: DeclineReason,
    /// What was missing in what you were sent.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    missing: Option<String>,
    /// What whoever sent it should know.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    words: Option<String>,
}

/// How it ended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct PartnerClose {
    /// How.
    outcome: Outcome,
    /// What was missing in what you were sent.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    missing: Option<String>,
    /// What whoever sent it should know.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    words: Option<String>,
}

silent! { PartnerWords PartnerDecline PartnerClose }

impl From<PartnerWords> for Said {
    fn from(body: PartnerWords) -> Self {
        Self { words: body.words, ..Self::default() }
    }
}

impl From<PartnerDecline> for Said {
    fn from(body: PartnerDecline) -> Self {
        Self { reason: Some(body.reason), missing: body.missing, words: body.words, ..Self::default() }
    }
}

impl From<PartnerClose> for Said {
    fn from(body: PartnerClose) -> Self {
        Self { outcome: Some(body.outcome), missing: body.missing, words: body.words, ..Self::default() }
    }
}

/// `POST /v1/partner/referrals/{id}/accept`.
#[utoipa::path(post, path = "/v1/partner/referrals/{id}/accept", tag = "partner", operation_id = "accept_partner_referral", summary = "Take it on",
    description = "From now on she counts on you. A late yes is taken while nobody else was asked; the same answer twice changes nothing.",
    params(("id" = inline(ReferralId), Path, description = "The referral's id")), request_body = PartnerWords,
    responses((status = 200, description = "Taken on", body = Handed)))]
async fn accept(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<PartnerWords>(&call).await?;
    answered(&call, &raw, Answer::Accept, body.map(Said::from)).await
}

/// `POST /v1/partner/referrals/{id}/decline`.
#[utoipa::path(post, path = "/v1/partner/referrals/{id}/decline", tag = "partner", operation_id = "decline_partner_referral", summary = "Say that you cannot take it on, or not go on with it",
    description = "Say so early: somebody else is asked then. Nothing of it is shown to you afterwards.",
    params(("id" = inline(ReferralId), Path, description = "The referral's id")), request_body = PartnerDecline,
    responses((status = 200, description = "Declined", body = Handed)))]
async fn decline(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<PartnerDecline>(&call).await?;
    answered(&call, &raw, Answer::Decline, body.map(Said::from)).await
}

/// `POST /v1/partner/referrals/{id}/contacted`.
#[utoipa::path(post, path = "/v1/partner/referrals/{id}/contacted", tag = "partner", operation_id = "contacted_partner_referral", summary = "Say that you were in contact with her",
    description = "After your yes. A next word is expected in time: `next_by` says when.",
    params(("id" = inline(ReferralId), Path, description = "The referral's id")), request_body = PartnerWords,
    responses((status = 200, description = "Noted", body = Handed)))]
async fn contacted(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<PartnerWords>(&call).await?;
    answered(&call, &raw, Answer::Contacted, body.map(Said::from)).await
}

/// `POST /v1/partner/referrals/{id}/unable-to-contact`.
#[utoipa::path(post, path = "/v1/partner/referrals/{id}/unable-to-contact", tag = "partner", operation_id = "unable_to_contact_partner_referral", summary = "Say that you could not reach her",
    description = "Whoever sent it hears at once, and may know another way.",
    params(("id" = inline(ReferralId), Path, description = "The referral's id")), request_body = PartnerWords,
    responses((status = 200, description = "Noted", body = Handed)))]
async fn unable_to_contact(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<PartnerWords>(&call).await?;
    answered(&call, &raw, Answer::UnableToContact, body.map(Said::from)).await
}

/// `POST /v1/partner/referrals/{id}/close`.
#[utoipa::path(post, path = "/v1/partner/referrals/{id}/close", tag = "partner", operation_id = "close_partner_referral", summary = "Say that you are done",
    description = "You see what was handed over for fourteen days more.",
    params(("id" = inline(ReferralId), Path, description = "The referral's id")), request_body = PartnerClose,
    responses((status = 200, description = "Closed", body = Handed)))]
async fn close(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<PartnerClose>(&call).await?;
    answered(&call, &raw, Answer::Close, body.map(Said::from)).await
}

/// `POST /v1/partner/referrals/{id}/acknowledge`.
#[utoipa::path(post, path = "/v1/partner/referrals/{id}/acknowledge", tag = "partner", operation_id = "acknowledge_partner_referral", summary = "Say that no copy is left with you",
    description = "Of one that was taken back, or of what she took back of it (`care: keep_no_copy`).",
    params(("id" = inline(ReferralId), Path, description = "The referral's id")), request_body = PartnerWords,
    responses((status = 200, description = "Noted", body = Handed)))]
async fn acknowledge(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<PartnerWords>(&call).await?;
    answered(&call, &raw, Answer::Acknowledge, body.map(Said::from)).await
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_list, list, READER, Policy::Read),
        Row::of(__path_read, read, READER, Policy::Bulk).recorded().refused_with(&["409"]),
        Row::of(__path_accept, accept, ANSWERER, Policy::Read).json().keyed(),
        Row::of(__path_decline, decline, ANSWERER, Policy::Read).json().keyed(),
        Row::of(__path_contacted, contacted, ANSWERER, Policy::Read).json().keyed(),
        Row::of(__path_unable_to_contact, unable_to_contact, ANSWERER, Policy::Read).json().keyed(),
        Row::of(__path_close, close, ANSWERER, Policy::Read).json().keyed(),
        Row::of(__path_acknowledge, acknowledge, ANSWERER, Policy::Read).json().keyed(),
    ]
}

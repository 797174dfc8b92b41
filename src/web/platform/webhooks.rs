//! Webhook endpoints: make, look at, try, rotate, switch on again, remove.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::ETAG;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::events::placed;
use super::once::once;
use super::{MOST_TYPES, few_types};
use crate::base::id::{EndpointId, EndpointKind, EventId};
use crate::base::json::few;
use crate::base::page::Page;
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::domain::access;
use crate::domain::ledger::events::{EventName, EventType};
use crate::domain::ledger::idempotency::Reply;
use crate::domain::people::platforms::Scope;
use crate::domain::vault::Owner;
use crate::domain::webhooks::{self, Created, Details, DisabledReason, EndpointState, NewEndpoint};
use crate::error::rules::Hooks;
use crate::error::{Error, Result};
use crate::web::body::Raw;
use crate::web::extract::Call;
use crate::web::idempotent::{json, tagged};
use crate::web::limits::Policy;
use crate::web::lists::{List, list_response};
use crate::web::row::{Caller, Precondition, Row};
use crate::web::tags::etag;

const MANAGER: Caller = Caller::with(Scope::WebhooksManage);

/// The longest time that old keys sign beside new ones, in hours.
const LONGEST_OVERLAP: u64 = 168;

/// An endpoint to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct EndpointBody {
    /// Where to send: https, port 443, a name of the public internet.
    #[schema(example = "https://hooks.spark-dating.com/recourse", max_length = 2048)]
    url: String,
    /// What to send; everything when absent or empty.
    #[serde(default, deserialize_with = "few::<_, _, MOST_TYPES>")]
    #[schema(max_items = 100)]
    types: Vec<EventType>,
}

/// How to rotate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct RotateBody {
    /// For how many hours the old keys sign beside the new ones.
    #[serde(default = "a_day")]
    #[schema(minimum = 0, maximum = 168, default = 24, example = 24)]
    overlap_hours: u64,
}

const fn a_day() -> u64 {
    24
}

/// An endpoint.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct EndpointView {
    /// Its id.
    #[schema(value_type = String, example = "whe_00000000000000000000000000")]
    id: EndpointId,
    /// Where it is.
    url: String,
    /// What it is sent; everything when empty.
    #[schema(value_type = Vec<EventName>)]
    types: Vec<EventType>,
    /// Whether it is called: `unproved` until it has repeated a challenge.
    state: EndpointState,
    /// When it showed that it wants events, by repeating a `webhook.challenge`.
    #[schema(value_type = Option<String>, format = DateTime)]
    verified_at: Option<Timestamp>,
    /// Since when every attempt has failed.
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Timestamp>,
    /// Since when it is not called.
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled_at: Option<Timestamp>,
    /// Why it is not called.
    disabled_reason: Option<DisabledReason>,
    /// The keys that sign at present, the newest first.
    public_keys: Vec<PublicKeyView>,
    /// How many deliveries of replays are still to be put on their way to it.
    #[schema(minimum = 0)]
    replays_owed: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

type EndpointList = List<EndpointView>;

/// A key that checks the `v1a` signatures.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct PublicKeyView {
    /// `whpk_` and the key in base64.
    public_key: String,
    /// Since when it signs.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Until when it signs; null for the newest.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// An endpoint with its new secret.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct NewEndpointView {
    /// The endpoint.
    #[serde(flatten)]
    endpoint: EndpointView,
    /// `whsec_` and the shared secret in base64: it checks the `v1` signatures, and is shown this once.
    #[schema(example = "whsec_…")]
    secret: String,
    /// `whpk_` and the public key in base64: it checks the `v1a` signatures.
    #[schema(example = "whpk_…")]
    public_key: String,
}

/// A trial that is on its way.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct TestView {
    /// The event: its deliveries tell what came of it.
    #[schema(value_type = String, example = "evt_00000000000000000000000000")]
    event_id: EventId,
}

silent! { EndpointBody EndpointView PublicKeyView NewEndpointView TestView }

impl From<Details> for EndpointView {
    fn from(details: Details) -> Self {
        let Details { endpoint, url, keys, replays_owed } = details;
        let key = |key: webhooks::PublicKey| PublicKeyView {
            public_key: key.public_key,
            created_at: key.created_at,
            expires_at: key.expires_at,
        };
        Self {
            url,
            types: endpoint.types(),
            id: endpoint.id,
            state: endpoint.state,
            verified_at: endpoint.verified_at,
            failing_since: endpoint.failing_since,
            disabled_at: endpoint.disabled_at,
            disabled_reason: endpoint.disabled_reason,
            public_keys: keys.into_iter().map(key).collect(),
            replays_owed,
            created_at: endpoint.created_at,
        }
    }
}

impl From<Created> for NewEndpointView {
    fn from(created: Created) -> Self {
        let endpoint = EndpointView::from(created.details);
        let public_key = endpoint.public_keys.first().map(|key| key.public_key.clone()).unwrap_or_default();
        Self { endpoint, secret: created.secret.into_exposed(), public_key }
    }
}

/// `POST /v1/webhook-endpoints`.
#[utoipa::path(post, path = "/v1/webhook-endpoints", tag = "platform", operation_id = "create_webhook_endpoint",
    summary = "Have events sent to you",
    description = "A signed `webhook.challenge` is sent at once. The endpoint is `unproved`, and sent nothing else, until a 2xx answer repeats `data.challenge` in its JSON; then it is sent what happened since it was made. At most ten in each mode. The secret is shown this once.",
    request_body = EndpointBody,
    responses((status = 201, description = "Made", body = NewEndpointView, headers(("ETag" = String, description = "Its version"), ("Location" = String, description = "The endpoint")))))]
async fn create(call: Call, raw: Raw) -> Result<HttpResponse> {
    let token = call.token()?;
    let body = raw.parse::<EndpointBody>(&call).await?;
    // It hears of what happens from now on, so all that happened before has its place by then.
    placed(&call, &token, usize::MAX).await?;
    once(&call, &raw, token, move |tx, who| {
        let EndpointBody { url, types } = body?;
        few_types(&types)?;
        let created = webhooks::create(tx, &who, &NewEndpoint { url, types })?;
        let (place, version) =
            (format!("/v1/webhook-endpoints/{}", created.details.endpoint.id), created.details.endpoint.version);
        let view = NewEndpointView::from(created);
        let answer = tagged(version, json(StatusCode::CREATED, &view)?).with_header("location", place);
        Ok(Reply::of(Owner::platform(&who.platform), answer))
    })
    .await
}

/// `GET /v1/webhook-endpoints`.
#[utoipa::path(get, path = "/v1/webhook-endpoints", tag = "platform", operation_id = "list_webhook_endpoints", summary = "Your endpoints", description = "Those of this mode, with the keys that sign at present.",
    responses((status = 200, description = "All of them", body = EndpointList)))]
async fn list(call: Call) -> Result<HttpResponse> {
    let token = call.token()?;
    let app = std::sync::Arc::clone(&call.shared.app);
    let all = app
        .clone()
        .read_for(&call.share(), move |rx| {
            let who = access::platform(rx, &token)?;
            webhooks::list(rx, &who)
        })
        .await?;
    let data = all.into_iter().map(EndpointView::from).collect();
    Ok(list_response(call.request(), Page { data, next: None }))
}

/// `GET /v1/webhook-endpoints/{id}`.
#[utoipa::path(get, path = "/v1/webhook-endpoints/{id}", tag = "platform", operation_id = "get_webhook_endpoint", summary = "One endpoint", description = "Whether it is called, since when it fails, and its keys.",
    params(("id" = inline(EndpointId), Path, description = "The endpoint's id")),
    responses((status = 200, description = "The endpoint", body = EndpointView, headers(("ETag" = String, description = "Its version")))))]
async fn find(call: Call) -> Result<HttpResponse> {
    let id = call.id::<EndpointKind>("id")?;
    let token = call.token()?;
    let app = std::sync::Arc::clone(&call.shared.app);
    let details = app
        .clone()
        .read_for(&call.share(), move |rx| {
            let who = access::platform(rx, &token)?;
            webhooks::find(rx, &who, &id)
        })
        .await?;
    // Its health changes without its version, so it is always sent in full.
    let tag = etag(details.endpoint.version);
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).json(EndpointView::from(details)))
}

/// `DELETE /v1/webhook-endpoints/{id}`.
#[utoipa::path(delete, path = "/v1/webhook-endpoints/{id}", tag = "platform", operation_id = "delete_webhook_endpoint",
    summary = "Have no more events sent there", description = "What is still owed to it is dropped, replays with it; the event log keeps the events.",
    params(("id" = inline(EndpointId), Path, description = "The endpoint's id")),
    responses((status = 204, description = "Removed")))]
async fn remove(call: Call) -> Result<HttpResponse> {
    let id = call.id::<EndpointKind>("id")?;
    let token = call.token()?;
    let precondition = call.if_match()?;
    let app = std::sync::Arc::clone(&call.shared.app);
    app.enter(&call.share(), move |tx| {
        let (tx, who) = access::platform_acting(tx, &token)?;
        let endpoint = webhooks::locked(tx, &who, &id)?;
        precondition.holds(endpoint.version)?;
        webhooks::remove(tx, &endpoint)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /v1/webhook-endpoints/{id}/rotate`.
#[utoipa::path(post, path = "/v1/webhook-endpoints/{id}/rotate", tag = "platform", operation_id = "rotate_webhook_endpoint",
    summary = "New keys", description = "Old and new keys all sign until the overlap ends: eight of them at the most. The new secret is shown this once.",
    params(("id" = inline(EndpointId), Path, description = "The endpoint's id")), request_body = RotateBody,
    responses((status = 200, description = "Rotated", body = NewEndpointView, headers(("ETag" = String, description = "Its version")))))]
async fn rotate(call: Call, raw: Raw) -> Result<HttpResponse> {
    let id = call.id::<EndpointKind>("id")?;
    let token = call.token()?;
    let precondition = call.if_match()?;
    let body = raw.parse::<RotateBody>(&call).await?;
    once(&call, &raw, token, move |tx, who| {
        let endpoint = webhooks::locked(tx, &who, &id)?;
        precondition.holds(endpoint.version)?;
        let hours = body?.overlap_hours;
        if hours > LONGEST_OVERLAP {
            return Err(Error::invalid("/overlap_hours", Hooks::Overlap(LONGEST_OVERLAP)));
        }
        let overlap = std::time::Duration::from_secs(hours * 3600);
        let rotated = webhooks::rotate(tx, &who, endpoint, overlap)?;
        let version = rotated.details.endpoint.version;
        let view = NewEndpointView::from(rotated);
        Ok(Reply::of(Owner::platform(&who.platform), tagged(version, json(StatusCode::OK, &view)?)))
    })
    .await
}

/// `POST /v1/webhook-endpoints/{id}/test`.
#[utoipa::path(post, path = "/v1/webhook-endpoints/{id}/test", tag = "platform", operation_id = "test_webhook_endpoint",
    summary = "Send a trial", description = "A `webhook.test` is sent to this endpoint; one that is `unproved` is sent its `webhook.challenge` at once. What came of it stands at `GET /v1/events/{id}`.",
    params(("id" = inline(EndpointId), Path, description = "The endpoint's id")),
    responses((status = 202, description = "On its way", body = TestView)))]
async fn test(call: Call, raw: Raw) -> Result<HttpResponse> {
    let id = call.id::<EndpointKind>("id")?;
    let token = call.token()?;
    once(&call, &raw, token, move |tx, who| {
        let endpoint = webhooks::locked(tx, &who, &id)?;
        let view = TestView { event_id: webhooks::test(tx, &endpoint)? };
        Ok(Reply::of(Owner::platform(&who.platform), json(StatusCode::ACCEPTED, &view)?))
    })
    .await
}

/// `POST /v1/webhook-endpoints/{id}/enable`.
#[utoipa::path(post, path = "/v1/webhook-endpoints/{id}/enable", tag = "platform", operation_id = "enable_webhook_endpoint",
    summary = "Switch an endpoint on again", description = "What waited for it is sent. One that never repeated a challenge is `unproved`, and asked again. One that is switched on stays as it is.",
    params(("id" = inline(EndpointId), Path, description = "The endpoint's id")),
    responses((status = 200, description = "Switched on", body = EndpointView, headers(("ETag" = String, description = "Its version")))))]
async fn enable(call: Call, raw: Raw) -> Result<HttpResponse> {
    let id = call.id::<EndpointKind>("id")?;
    let token = call.token()?;
    once(&call, &raw, token, move |tx, who| {
        let endpoint = webhooks::locked(tx, &who, &id)?;
        let details = webhooks::enable(tx, &who, endpoint)?;
        let version = details.endpoint.version;
        let view = EndpointView::from(details);
        Ok(Reply::of(Owner::platform(&who.platform), tagged(version, json(StatusCode::OK, &view)?)))
    })
    .await
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_create, create, MANAGER, Policy::Ingest)
            .json()
            .keyed()
            .example(include_str!("../examples/webhook_endpoint.json")),
        Row::of(__path_list, list, MANAGER, Policy::Read),
        Row::of(__path_find, find, MANAGER, Policy::Read),
        Row::of(__path_remove, remove, MANAGER, Policy::Ingest).asking_for(Precondition::Required),
        Row::of(__path_rotate, rotate, MANAGER, Policy::Ingest).json().keyed().asking_for(Precondition::Required),
        Row::of(__path_test, test, MANAGER, Policy::Ingest).json().keyed(),
        Row::of(__path_enable, enable, MANAGER, Policy::Ingest).json().keyed(),
    ]
}

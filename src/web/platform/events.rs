//! The event log.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::once::once;
use super::{MOST_TYPES, few_types};
use crate::base::id::{EndpointId, EventId, EventKind, ReportId};
use crate::base::json::few;
use crate::base::page::{Limit, Page};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::domain::access::{self, Presented};
use crate::domain::ledger::events::{Event, EventName, EventType, Filter};
use crate::domain::ledger::idempotency::Reply;
use crate::domain::people::platforms::Scope;
use crate::domain::unit::{Entry, Look};
use crate::domain::vault::Owner;
use crate::domain::webhooks::{self, Attempted, DeliveryState, EventData, Found, Wanted, Wished};
use crate::error::rules::{Hooks, Parameter};
use crate::error::{Error, Refused, Result};
use crate::web::aside::unless_passing;
use crate::web::body::Raw;
use crate::web::extract::Call;
use crate::web::idempotent::json;
use crate::web::limits::Policy;
use crate::web::lists::{List, list_response};
use crate::web::row::{Caller, Row};

const READER: Caller = Caller::with(Scope::ReportsRead);

/// A stretch of the log.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct EventsQuery {
    /// Only what came after this event.
    #[param(pattern = "^evt_[0-9a-hjkmnp-tv-z]{26}$")]
    after: Option<String>,
    /// The same, as lists of other things call it. Where both are given, this one counts.
    #[param(pattern = "^evt_[0-9a-hjkmnp-tv-z]{26}$")]
    cursor: Option<String>,
    /// Only events of this type.
    #[serde(rename = "type")]
    #[param(rename = "type", value_type = Option<EventType>)]
    kind: Option<String>,
    /// Only events about this report.
    #[param(value_type = Option<String>, pattern = "^rep_[0-9a-hjkmnp-tv-z]{26}$")]
    report_id: Option<ReportId>,
    /// Only events from this instant on.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only events before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Only events with a delivery to an endpoint that stands so.
    delivery: Option<DeliveryState>,
    /// How many entries, 1 to 100; more is coerced.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u64>,
}

/// A thin entry: what changed, and the ids to look it up by.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct EventView {
    /// Its id, stable for ever.
    #[schema(value_type = String, example = "evt_00000000000000000000000000")]
    id: EventId,
    /// What changed.
    #[serde(rename = "type")]
    #[schema(value_type = EventName)]
    kind: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// The ids.
    data: EventData,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        let data = EventData::from(&event);
        Self { id: event.id, kind: event.kind, timestamp: event.created_at, data }
    }
}

type EventList = List<EventView>;

/// An entry with its ways to the endpoints.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct EventDetails {
    /// The entry.
    #[serde(flatten)]
    event: EventView,
    /// One for each endpoint that it was, or is to be, sent to: of more than a hundred, the first.
    #[schema(max_items = 100)]
    deliveries: Vec<DeliveryView>,
}

/// So many ways of an event are shown.
const MOST_WAYS: usize = 100;
/// So many bytes of the answer are for what endpoints answered.
const ANSWERS: usize = 40 * 1024;

/// The beginning of a text that has at most so many bytes as JSON: control characters take six times their room there.
fn beginning(text: &str, most: usize) -> String {
    let taken = |used: &mut usize, c: char| {
        *used += if c.is_control() || c == '"' || c == '\\' { 6 } else { c.len_utf8() };
        Some(c).filter(|_| *used <= most)
    };
    text.chars().scan(0, taken).collect()
}

/// An event's way to an endpoint.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct DeliveryView {
    /// The endpoint.
    #[schema(value_type = String, example = "whe_00000000000000000000000000")]
    endpoint_id: EndpointId,
    /// Where it stands.
    state: DeliveryState,
    /// How often it was tried.
    attempts: i64,
    /// When it is tried next.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
    /// When the endpoint took it.
    #[schema(value_type = Option<String>, format = DateTime)]
    delivered_at: Option<Timestamp>,
    /// The HTTP status of the last attempt.
    last_status: Option<i64>,
    /// What went wrong at the last attempt: `status`, `redirect`, `gone`, `not_wanted`, `timeout`, `no_connection`, `no_address`, `address_not_allowed`, `url_not_allowed`, `broken_answer`, `internal` or `no_worker_finished`.
    last_error: Option<String>,
    /// The first 4 KiB of what the endpoint answered to the last attempt, or less where several endpoints answered at length.
    last_response: Option<String>,
}

impl From<Attempted> for DeliveryView {
    fn from(way: Attempted) -> Self {
        Self {
            endpoint_id: way.endpoint,
            state: way.state,
            attempts: way.attempts,
            next_at: way.next_at,
            delivered_at: way.delivered_at,
            last_status: way.last_status,
            last_error: way.last_error,
            last_response: way.last_response,
        }
    }
}

/// What to send again: a stretch of time, or everything that failed for good.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct ReplayBody {
    /// Events from this instant on.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Events before this instant.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Only events of these types; every type when absent or empty.
    #[serde(default, deserialize_with = "few::<_, _, MOST_TYPES>")]
    #[schema(max_items = 100)]
    types: Vec<EventType>,
    /// True, and nothing else, for everything that failed for good.
    #[serde(default)]
    failed: bool,
}

/// What a replay owes.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ReplayView {
    /// How many deliveries are owed again at the most: one that is under way is not begun anew.
    deliveries: i64,
}

silent! { EventDetails DeliveryView }

/// How often entries get places for one page of the log: more of them than were looked at for it.
const SOME: usize = 10;

/// Gives places to entries of the caller's log that have none, in short transactions, at the most so many of them. Nothing is
/// written where all have theirs.
///
/// # Errors
/// What `access` says of the token.
pub(super) async fn placed(call: &Call, token: &Presented, at_most: usize) -> Result<()> {
    let (app, share, asked) = (&call.shared.app, call.share(), token.clone());
    let wait = move |rx: &mut Look<'_>| {
        let tenant = access::platform(rx, &asked)?;
        webhooks::has_unplaced(rx, &tenant)
    };
    let mut more = app.read_for(&share, wait).await?;
    for _ in 0..at_most {
        if !more {
            break;
        }
        let token = token.clone();
        let place = move |entry: &mut Entry<'_>| {
            let (tx, tenant) = access::platform_acting(entry, &token)?;
            webhooks::place(tx, &tenant)
        };
        more = app.enter(&share, place).await?;
    }
    Ok(())
}

/// `GET /v1/events`.
#[utoipa::path(get, path = "/v1/events", tag = "platform", operation_id = "list_events", summary = "What changed, in order, for 30 days",
    description = "Keep the id of the last event you have seen and ask for what came after it. For one page so many entries of the log are looked at: with a filter it may hold fewer than `limit`, or none, and more stand behind it. Follow `next_cursor` while `has_more` is true.",
    params(EventsQuery), responses((status = 200, description = "A page", body = EventList)))]
async fn list(call: Call) -> Result<HttpResponse> {
    let query: EventsQuery = call.query()?;
    let token = call.token()?;
    let bad = |name, wanted| Refused::Parameter { name, wanted };
    let after: Option<EventId> = match query.cursor.or(query.after) {
        Some(text) => Some(text.parse().map_err(|_| bad("after", Parameter::Event))?),
        None => None,
    };
    let kind = match query.kind {
        Some(text) => Some(EventType::parse(&text).ok_or_else(|| bad("type", Parameter::EventType))?),
        None => None,
    };
    let entries = Filter { kind, report: query.report_id, since: query.since, until: query.until };
    let wanted = Wanted { entries, delivery: query.delivery };
    let limit = Limit::coerce(query.limit);
    placed(&call, &token, SOME).await?;
    let list = move |rx: &mut Look<'_>| {
        let tenant = access::platform(rx, &token)?;
        webhooks::list_events(rx, &tenant, after.as_ref(), &wanted, limit)
    };
    let Found { entries, last } = call.shared.app.read_for(&call.share(), list).await?;
    let mut page = Page::cut(entries, limit, "events", |event| event.id.clone());
    // The mark of this list is the id itself, which callers keep anyway.
    page.next = match page.next {
        Some(_) => page.data.last().map(|event| event.id.to_string()),
        None => last.map(|id| id.to_string()),
    };
    Ok(list_response(call.request(), page.map(EventView::from)))
}

/// `GET /v1/events/{id}`.
#[utoipa::path(get, path = "/v1/events/{id}", tag = "platform", operation_id = "get_event", summary = "One event, and what came of sending it",
    description = "Its deliveries, one for each endpoint that it was, or is to be, sent to.",
    params(("id" = inline(EventId), Path, description = "The event's id")),
    responses((status = 200, description = "The event", body = EventDetails)))]
async fn find(call: Call) -> Result<HttpResponse> {
    let id = call.id::<EventKind>("id")?;
    let token = call.token()?;
    let app = std::sync::Arc::clone(&call.shared.app);
    let (event, ways) = app
        .clone()
        .read_for(&call.share(), move |rx| {
            let who = access::platform(rx, &token)?;
            webhooks::of_event(rx, &who, &id)
        })
        .await?;
    let share = ANSWERS / ways.len().clamp(1, MOST_WAYS);
    let mut deliveries: Vec<DeliveryView> = ways.into_iter().take(MOST_WAYS).map(DeliveryView::from).collect();
    for way in &mut deliveries {
        way.last_response = way.last_response.as_deref().map(|text| beginning(text, share));
    }
    Ok(HttpResponse::Ok().json(EventDetails { event: EventView::from(event), deliveries }))
}

/// `POST /v1/events/{id}/replay`.
#[utoipa::path(post, path = "/v1/events/{id}/replay", tag = "platform", operation_id = "replay_event",
    summary = "Send one event again", description = "To every endpoint that wants it, under the same `webhook-id`.",
    params(("id" = inline(EventId), Path, description = "The event's id")),
    responses((status = 202, description = "On its way", body = ReplayView)))]
async fn replay(call: Call, raw: Raw) -> Result<HttpResponse> {
    let id = call.id::<EventKind>("id")?;
    let token = call.token()?;
    once(&call, &raw, token, move |tx, who| {
        let view = ReplayView { deliveries: i64::try_from(webhooks::replay(tx, &who, &id)?).unwrap_or(0) };
        Ok(Reply::of(Owner::platform(&who.platform), json(StatusCode::ACCEPTED, &view)?))
    })
    .await
}

/// `POST /v1/events/replay`.
#[utoipa::path(post, path = "/v1/events/replay", tag = "platform", operation_id = "replay_events",
    summary = "Send many events again", description = "Those of a stretch of time that holds up to 10,000 of them, or with `failed` all deliveries that failed for good. They are put on their way little by little: `replays_owed` of each endpoint tells how many are still to come. Four replays to one endpoint may be under way; the next is 429.",
    request_body = ReplayBody,
    responses((status = 202, description = "Owed", body = ReplayView)))]
async fn replay_many(call: Call, raw: Raw) -> Result<HttpResponse> {
    let token = call.token()?;
    let wished = raw.parse::<ReplayBody>(&call).await?.and_then(wished);
    // Reckoned among the readers; what is wrong is told only after the replay was looked for.
    let owed = match wished {
        Ok(wished) => {
            let asked = token.clone();
            let reckon = move |rx: &mut Look<'_>| {
                let who = access::platform(rx, &asked)?;
                webhooks::reckon(rx, &who, &wished)
            };
            unless_passing(call.shared.app.read_for(&call.share(), reckon).await)?
        }
        Err(refused) => Err(refused),
    };
    once(&call, &raw, token, move |tx, who| {
        let view = ReplayView { deliveries: webhooks::begin_replay(tx, &who, &owed?)? };
        Ok(Reply::of(Owner::platform(&who.platform), json(StatusCode::ACCEPTED, &view)?))
    })
    .await
}

fn wished(body: ReplayBody) -> Result<Wished> {
    few_types(&body.types)?;
    match body {
        ReplayBody { failed: true, since: None, until: None, types } if types.is_empty() => Ok(Wished::Failed),
        ReplayBody { failed: false, since: Some(since), until: Some(until), types } if since < until => {
            Ok(Wished::Range { since, until, types })
        }
        _ => Err(Error::invalid("/since", Hooks::Range)),
    }
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_list, list, READER, Policy::Read).refused_with(&["422"]),
        Row::of(__path_find, find, READER, Policy::Read),
        Row::of(__path_replay, replay, READER, Policy::Ingest).json().keyed(),
        Row::of(__path_replay_many, replay_many, READER, Policy::Bulk)
            .json()
            .keyed()
            .example(include_str!("../examples/replay.json")),
    ]
}

//! The event log.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{List, list_response};
use crate::base::id::{EventId, ReportId, RequestId};
use crate::base::page::{Limit, Page};
use crate::base::time::Timestamp;
use crate::domain::access;
use crate::domain::events::{self, Event, EventType};
use crate::domain::platforms::Scope;
use crate::error::{Refused, Result};
use crate::web::extract::Call;

/// A stretch of the log.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct EventsQuery {
    /// Only what came after this event.
    after: Option<String>,
    /// The same, as lists of other things call it. Where both are given, this one counts.
    cursor: Option<String>,
    /// Only events of this type.
    #[serde(rename = "type")]
    #[param(rename = "type", value_type = Option<EventType>)]
    kind: Option<String>,
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
    #[schema(value_type = EventType)]
    kind: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// The ids.
    data: EventData,
}

/// The ids of an event.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct EventData {
    /// The thing that changed: the request where there is one, otherwise the report.
    id: Option<String>,
    /// Counts the events of this report, those of its requests among them, from 1, so that late ones can be told.
    sequence: i64,
    /// The report.
    #[schema(value_type = Option<String>)]
    report_id: Option<ReportId>,
    /// The request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    request_id: Option<RequestId>,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        let request = event.request_id.as_ref().map(ToString::to_string);
        let id = request.or_else(|| event.report_id.as_ref().map(ToString::to_string));
        let data = EventData { id, sequence: event.sequence, report_id: event.report_id, request_id: event.request_id };
        Self { id: event.id, kind: event.kind, timestamp: event.created_at, data }
    }
}

/// `GET /v1/events`.
#[utoipa::path(get, path = "/v1/events", tag = "platform", operation_id = "list_events", summary = "What changed, in order, for 30 days",
    description = "Keep the id of the last event you have seen and ask for what came after it.",
    params(EventsQuery), responses((status = 200, description = "A page", body = List<EventView>)))]
pub(in crate::web) async fn list(call: Call) -> Result<HttpResponse> {
    let query: EventsQuery = call.query()?;
    let token = call.token()?;
    let bad = |name, detail| Refused::Parameter { name, detail };
    let after: Option<EventId> = match query.cursor.or(query.after) {
        Some(text) => Some(text.parse().map_err(|_| bad("after", "use the id of an event"))?),
        None => None,
    };
    let kind = match query.kind {
        Some(text) => Some(EventType::parse(&text).ok_or_else(|| bad("type", "use a type of the API document"))?),
        None => None,
    };
    let limit = Limit::coerce(query.limit);
    let found = call
        .shared
        .app
        .db
        .write(move |tx| {
            let tenant = access::platform(tx, &token, Some(Scope::ReportsRead))?.into_row();
            events::list(tx, (&tenant.platform, tenant.mode), after.as_ref(), kind, limit)
        })
        .await?;
    let mut page = Page::cut(found, limit, "events", |event| event.id.clone());
    // The mark of this list is the id itself, which callers keep anyway.
    page.next = page.next.and(page.data.last().map(|event| event.id.to_string()));
    Ok(list_response(call.request(), page.map(EventView::from)))
}

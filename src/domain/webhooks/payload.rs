//! What is sent: what changed, when, and the ids to look it up by. The same event makes the same bytes, always.

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::id::{ReportId, RequestId};
use crate::base::time::Timestamp;
use crate::domain::ledger::events::{Event, EventName};
use crate::error::Result;

/// The ids of an event.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventData {
    /// The thing that changed: the request where there is one, otherwise the report; for a trial the endpoint.
    pub id: Option<String>,
    /// Counts the events of this report, those of its requests among them, from 1, so that late ones can be told.
    pub sequence: i64,
    /// The report.
    #[schema(value_type = Option<String>)]
    pub report_id: Option<ReportId>,
    /// The request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub request_id: Option<RequestId>,
}

impl From<&Event> for EventData {
    fn from(event: &Event) -> Self {
        let request = event.request_id.as_ref().map(ToString::to_string);
        let report = || event.report_id.as_ref().map(ToString::to_string);
        let endpoint = || event.endpoint_id.as_ref().map(ToString::to_string);
        Self {
            id: request.or_else(report).or_else(endpoint),
            sequence: event.sequence,
            report_id: event.report_id.clone(),
            request_id: event.request_id.clone(),
        }
    }
}

/// The body of a webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookPayload)]
pub struct Payload {
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

impl Payload {
    /// The bytes that are signed and sent.
    ///
    /// # Errors
    /// `Internal` when it cannot be written as JSON.
    pub fn render(event: &Event) -> Result<String> {
        let payload = Self { kind: event.kind.clone(), timestamp: event.created_at, data: event.into() };
        Ok(serde_json::to_string(&payload).map_err(anyhow::Error::new)?)
    }
}

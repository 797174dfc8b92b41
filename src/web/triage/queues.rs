//! The queues: how full they are, and taking the most urgent case.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{case_answer, visit};
use crate::base::time::Timestamp;
use crate::domain::access::Acting;
use crate::domain::case::Case;
use crate::domain::casefile::queues::{self, Count};
use crate::domain::ledger::idempotency::Reply;
use crate::domain::terms::Mode;
use crate::domain::triage::Queue;
use crate::domain::vault::Owner;
use crate::error::{Error, Result};
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::idempotent::{empty, render};
use crate::web::limits::Policy;
use crate::web::row::{Caller, Row};

/// Which life.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct ModeQuery {
    /// `live`, or a platform's trials; live when absent.
    mode: Option<Mode>,
}

/// A queue as a job last counted it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct QueueView {
    /// The queue.
    queue: Queue,
    /// How many open cases.
    depth: i64,
    /// When the oldest of them came in.
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest_received_at: Option<Timestamp>,
    /// How many of their clocks have passed.
    breaches: i64,
    /// When this was counted.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
}

impl From<Count> for QueueView {
    fn from(count: Count) -> Self {
        Self {
            queue: count.queue,
            depth: count.depth,
            oldest_received_at: count.oldest_at,
            breaches: count.breaches,
            as_of: count.as_of,
        }
    }
}

/// The queues that a colleague sees.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueueList)]
pub(in crate::web) struct Queues {
    /// One for each queue on their list.
    data: Vec<QueueView>,
}

/// `GET /v1/triage/queues`.
#[utoipa::path(get, path = "/v1/triage/queues", tag = "triage", operation_id = "list_queues", summary = "The queues on your list",
    description = "With their depth and breaches as a job last counted them.",
    params(ModeQuery), responses((status = 200, description = "The queues", body = Queues)))]
async fn list(call: Call) -> Result<HttpResponse> {
    let query: ModeQuery = call.query()?;
    let mode = query.mode.unwrap_or(Mode::Live);
    let counts = desk::read(&call, call.bearer()?, move |rx, who| queues::counts(rx, who, mode)).await?;
    Ok(HttpResponse::Ok().json(Queues { data: counts.into_iter().map(QueueView::from).collect() }))
}

/// `POST /v1/triage/queues/{queue}/claim`.
#[utoipa::path(post, path = "/v1/triage/queues/{queue}/claim", tag = "triage", operation_id = "claim_next",
    summary = "Take the most urgent case that nobody holds",
    description = "Cases that somebody reserved for others, and those that name you, are passed over.",
    params(("queue" = Queue, Path, description = "The queue"), ModeQuery),
    responses((status = 200, description = "You hold this case for 15 minutes; a heartbeat renews that", body = crate::domain::casefile::CaseSummary), (status = 204, description = "There is none")))]
async fn claim(call: Call, raw: Raw) -> Result<HttpResponse> {
    let query: ModeQuery = call.query()?;
    let queue = call.request().match_info().get("queue").and_then(Queue::parse).ok_or(Error::NotFound)?;
    let mode = query.mode.unwrap_or(Mode::Live);
    raw.says_nothing(&call).await?;
    let answered =
        desk::once(&call, visit(&call, &raw)?, move |tx, who| taken(who, queues::claim(tx, who, queue, mode)?)).await;
    Ok(render(answered?))
}

/// `POST /v1/triage/claim`.
#[utoipa::path(post, path = "/v1/triage/claim", tag = "triage", operation_id = "claim_most_urgent",
    summary = "Take the most urgent case of all your queues that nobody holds",
    description = "As `claim_next`, of whichever queue on your list has it.",
    params(ModeQuery),
    responses((status = 200, description = "You hold this case for 15 minutes; a heartbeat renews that", body = crate::domain::casefile::CaseSummary), (status = 204, description = "There is none")))]
async fn claim_any(call: Call, raw: Raw) -> Result<HttpResponse> {
    let query: ModeQuery = call.query()?;
    let mode = query.mode.unwrap_or(Mode::Live);
    raw.says_nothing(&call).await?;
    let answered =
        desk::once(&call, visit(&call, &raw)?, move |tx, who| taken(who, queues::claim_any(tx, who, mode)?)).await;
    Ok(render(answered?))
}

/// The case that somebody took. That there was none is nobody's but theirs.
fn taken(who: &Acting, case: Option<Case>) -> Result<Reply> {
    Ok(match case {
        Some(case) => Reply::of(Owner::case(&case.id), case_answer(&case)?),
        None => Reply::of(Owner::staff(&who.id), empty()),
    })
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_list, list, Caller::Staff, Policy::Staff),
        Row::of(__path_claim, claim, Caller::Staff, Policy::Staff).json().keyed(),
        Row::of(__path_claim_any, claim_any, Caller::Staff, Policy::Staff).json().keyed().refused_with(&["404"]),
    ]
}

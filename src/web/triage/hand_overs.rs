//! Handing a case to somebody, and what is offered.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{act, case_answer};
use crate::base::id::{CaseId, StaffId};
use crate::base::page::Page;
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::domain::access::{Assign, HandOver};
use crate::domain::casefile::{self, CaseSummary};
use crate::domain::casework::{self, HandedOver, Offered};
use crate::domain::triage::{Priority, Queue};
use crate::error::Result;
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::idempotent::{json, tagged};
use crate::web::limits::Policy;
use crate::web::lists::{List, list_response};
use crate::web::row::{Caller, Precondition, Row};

/// Whom to hand a case to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct AssignBody {
    /// The colleague's id.
    #[schema(value_type = String, example = "stf_00000000000000000000000000", pattern = "^stf_[0-9a-hjkmnp-tv-z]{26}$")]
    staff_id: StaffId,
    /// What they must know; a note of the case.
    #[serde(default)]
    #[schema(max_length = 20000)]
    note: Option<String>,
}

/// `POST /v1/triage/cases/{id}/assign`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/assign", tag = "triage", operation_id = "assign_case", summary = "Hand it to a colleague",
    description = "For leads. It is offered to them alone until the next deadline, for eight hours at most, and they get a mail.",
    params(("id" = inline(CaseId), Path, description = "The case's id")), request_body = AssignBody,
    responses((status = 200, description = "Handed over", body = CaseSummary)))]
async fn assign(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<AssignBody>(&call).await?;
    act::<Assign>(&call, &raw, move |tx, grant| {
        let AssignBody { staff_id, note } = body?;
        case_answer(&casework::assign(tx, grant, &staff_id, note.as_deref())?)
    })
    .await
}

/// Whom to hand on what one holds.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct HandOverBody {
    /// The colleague's id.
    #[schema(value_type = String, example = "stf_00000000000000000000000000", pattern = "^stf_[0-9a-hjkmnp-tv-z]{26}$")]
    staff_id: StaffId,
    /// What they must know; a note of the case.
    #[schema(min_length = 1, max_length = 20000)]
    note: String,
}

/// The case, and whether it is an offer.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct HandOverAnswer {
    /// The case.
    #[serde(flatten)]
    case: CaseSummary,
    /// Until when it is offered, and yours until they take it; null when it is theirs.
    #[schema(value_type = Option<String>, format = DateTime)]
    offered_until: Option<Timestamp>,
}

/// `POST /v1/triage/cases/{id}/hand-over`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/hand-over", tag = "triage", operation_id = "hand_over_case", summary = "Hand on what you hold",
    description = "It is kept for them until the next deadline, for eight hours at most, and they get a mail. A p0 or p1 goes to a colleague \
                   alone who is at work (422 `not_on_shift`), and is an offer: they are called as by an alarm, and you keep it until they \
                   take it. Untaken after 5 minutes (p1: 30) the offer lapses, and both hear.",
    params(("id" = inline(CaseId), Path, description = "The case's id")), request_body = HandOverBody,
    responses((status = 200, description = "Handed over, or offered", body = HandOverAnswer)))]
async fn hand_over(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<HandOverBody>(&call).await?;
    act::<HandOver>(&call, &raw, move |tx, grant| {
        let HandOverBody { staff_id, note } = body?;
        let HandedOver { case, until } = casework::hand_over(tx, grant, &staff_id, &note)?;
        let answer = HandOverAnswer { case: casefile::summary(&case), offered_until: until };
        Ok(tagged(case.version, json(StatusCode::OK, &answer)?))
    })
    .await
}

/// An urgent case that is offered.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct HandOverOffer {
    /// The case.
    #[schema(value_type = String, example = "case_00000000000000000000000000")]
    case_id: CaseId,
    /// The queue that it waits in.
    queue: Queue,
    /// Its priority now.
    priority: Priority,
    /// To whom it is offered.
    #[schema(value_type = String)]
    to: StaffId,
    /// By whom, who has it until then.
    #[schema(value_type = String)]
    from: StaffId,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

impl From<Offered> for HandOverOffer {
    fn from(of: Offered) -> Self {
        let Offered { case, queue, priority, to, from, until } = of;
        Self { case_id: case, queue, priority, to, from, until }
    }
}

type HandOverList = List<HandOverOffer>;

/// `GET /v1/triage/hand-overs`.
#[utoipa::path(get, path = "/v1/triage/hand-overs", tag = "triage", operation_id = "list_hand_overs",
    summary = "What is offered to you, and what you offer", description = "The next to lapse first. Take what is offered to you by claiming it.",
    responses((status = 200, description = "All of it", body = HandOverList)))]
async fn list(call: Call) -> Result<HttpResponse> {
    let all = desk::read(&call, call.bearer()?, casework::offered).await?;
    let page = Page { data: all.into_iter().map(HandOverOffer::from).collect(), next: None };
    Ok(list_response(call.request(), page))
}

silent! { AssignBody HandOverBody }

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_list, list, Caller::Staff, Policy::Staff),
        Row::of(__path_assign, assign, Caller::Staff, Policy::Staff).json().keyed().asking_for(Precondition::Required),
        Row::of(__path_hand_over, hand_over, Caller::Staff, Policy::Staff)
            .json()
            .keyed()
            .asking_for(Precondition::Required),
    ]
}

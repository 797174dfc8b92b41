//! Colleagues, as leads see them: who cannot sign in.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::visit;
use crate::base::id::{CaseId, StaffId, StaffKind};
use crate::base::page::Limit;
use crate::base::time::Timestamp;
use crate::domain::access::Sight;
use crate::domain::casework::colleagues::{self, Colleague, Taker};
use crate::domain::ledger::idempotency::Reply;
use crate::domain::people::staff::{Member, Role};
use crate::domain::unit::Look;
use crate::domain::vault::Owner;
use crate::error::Result;
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::idempotent::{json, render};
use crate::web::limits::Policy;
use crate::web::lists::{List, list_response};
use crate::web::row::{Caller, Row};

/// Which part of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct ColleaguesQuery {
    /// A case: then those who may take it, for whoever may read it.
    #[param(value_type = Option<String>, pattern = "^case_[0-9a-hjkmnp-tv-z]{26}$")]
    case_id: Option<CaseId>,
    /// How many entries, 1 to 100; more is coerced.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u64>,
    /// Where the last page ended.
    #[param(max_length = 512, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// A colleague.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ColleagueView {
    /// The account's id.
    #[schema(value_type = String, example = "stf_00000000000000000000000000")]
    id: StaffId,
    /// The name to sign in with.
    #[schema(example = "amina")]
    username: String,
    /// What they do here.
    role: Role,
    /// Since when their second factor is closed; null while it is open, absent where `case_id` was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    second_factor_closed_at: Option<ClosedAt>,
    /// Where `case_id` was named: whether they stand on the rota or acted within 15 minutes, and can come in.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_shift: Option<bool>,
}

/// A time that is null where there is none, and not absent.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct ClosedAt(Option<Timestamp>);

impl From<Colleague> for ColleagueView {
    fn from(of: Colleague) -> Self {
        let Colleague { member, closed_at } = of;
        let Member { id, username, role, .. } = member;
        Self { id, username, role, second_factor_closed_at: Some(ClosedAt(closed_at)), on_shift: None }
    }
}

impl From<Taker> for ColleagueView {
    fn from(of: Taker) -> Self {
        let Taker { member, on_shift } = of;
        let Member { id, username, role, .. } = member;
        Self { id, username, role, second_factor_closed_at: None, on_shift: Some(on_shift) }
    }
}

type ColleagueList = List<ColleagueView>;

/// `GET /v1/triage/colleagues`.
#[utoipa::path(get, path = "/v1/triage/colleagues", tag = "triage", operation_id = "list_colleagues",
    summary = "Colleagues, by name", description = "For leads: who cannot sign in, because their second factor is closed. With `case_id`, for whoever may read the case: to whom it can be handed.",
    params(ColleaguesQuery), responses((status = 200, description = "A page", body = ColleagueList)))]
async fn list(call: Call) -> Result<HttpResponse> {
    let query: ColleaguesQuery = call.query()?;
    let limit = Limit::coerce(query.limit);
    if let Some(case) = query.case_id {
        let work =
            move |rx: &mut Look<'_>, sight: &Sight| colleagues::takers(rx, sight, query.cursor.as_deref(), limit);
        let page = desk::read_of(&call, call.bearer()?, case, work).await?;
        return Ok(list_response(call.request(), page.map(ColleagueView::from)));
    }
    let page =
        desk::read(&call, call.bearer()?, move |rx, who| colleagues::list(rx, who, query.cursor.as_deref(), limit));
    Ok(list_response(call.request(), page.await?.map(ColleagueView::from)))
}

/// `POST /v1/triage/colleagues/{id}/open-second-factor`.
#[utoipa::path(post, path = "/v1/triage/colleagues/{id}/open-second-factor", tag = "triage",
    operation_id = "open_second_factor", summary = "Open a colleague's second factor again",
    description = "For leads, once they have heard their colleague's voice. Nobody opens their own. It is on record, and the \
                   colleague hears of it.",
    params(("id" = inline(StaffId), Path, description = "The account's id")),
    responses((status = 200, description = "It is open", body = ColleagueView)))]
async fn open(call: Call, raw: Raw) -> Result<HttpResponse> {
    let id = call.id::<StaffKind>("id");
    let answered = desk::once(&call, visit(&call, &raw)?, move |tx, who| {
        let opened = colleagues::open_second_factor(tx, who, id)?;
        let owner = Owner::staff(&opened.member.id);
        Ok(Reply::of(owner, json(StatusCode::OK, &ColleagueView::from(opened))?))
    });
    Ok(render(answered.await?))
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_list, list, Caller::Staff, Policy::Staff).refused_with(&["404"]),
        Row::of(__path_open, open, Caller::Staff, Policy::Staff).json().keyed(),
    ]
}

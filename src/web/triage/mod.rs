//! The triage API: what advocates' tools call. The console will use the same operations.

mod acts;
mod cases;
mod colleagues;
mod consents;
mod decisions;
mod hand_overs;
mod late_matches;
mod passes;
mod queues;
mod reading;
mod referrals;
mod services;
mod sessions;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::Raw;
use super::desk;
use super::extract::Call;
use super::idempotent::{json, keyed, render, tagged};
use super::row::Row;
use crate::base::id::ActId;
use crate::domain::access::{CaseAct, Grant};
use crate::domain::case::Case;
use crate::domain::casefile::summary;
use crate::domain::casework::acts::Done;
use crate::domain::desk::Visit;
use crate::domain::ledger::idempotency::Answer;
use crate::domain::unit::Unit;
use crate::error::Result;

/// What advocates' tools call.
pub(super) fn rows() -> Vec<Row> {
    let rooms = [
        sessions::rows(),
        colleagues::rows(),
        queues::rows(),
        late_matches::rows(),
        cases::rows(),
        hand_overs::rows(),
        passes::rows(),
        reading::rows(),
        decisions::rows(),
        acts::rows(),
        services::rows(),
        consents::rows(),
        referrals::rows(),
    ];
    rooms.into_iter().flatten().collect()
}

/// An act that waits for a second person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PendingAnswer {
    /// The act.
    pending: PendingAct,
}

/// Which act waits.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PendingAct {
    /// Its id.
    #[schema(value_type = String, example = "act_00000000000000000000000000")]
    id: ActId,
}

/// Who comes with this call, and its key.
fn visit(call: &Call, raw: &Raw) -> Result<Visit> {
    Ok(Visit { bearer: call.bearer()?, keyed: keyed(call, raw) })
}

/// Does an act on the case of the path, once for each key.
async fn act<A: CaseAct>(
    call: &Call,
    raw: &Raw,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>) -> Result<Answer> + Send + 'static,
) -> Result<HttpResponse> {
    let (at, visit) = (call.at()?, visit(call, raw)?);
    Ok(render(desk::on_case(call, visit, at, work).await?))
}

/// The case as an answer.
fn case_answer(case: &Case) -> Result<Answer> {
    Ok(tagged(case.version, json(StatusCode::OK, &summary(case))?))
}

/// The case, or the act that waits.
fn done_answer(done: Done) -> Result<Answer> {
    match done {
        Done::Now(case) => case_answer(&case),
        Done::Pending(id) => json(StatusCode::ACCEPTED, &PendingAnswer { pending: PendingAct { id } }),
    }
}

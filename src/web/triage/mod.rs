//! The triage API: what advocates' tools call. The console will use the same operations.

mod acts;
mod cases;
mod decisions;
mod late_matches;
mod queues;
mod sessions;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::Raw;
use super::extract::Call;
use super::idempotent::{Reply, Scoped, once};
use super::row::Row;
use crate::base::id::{ActId, CaseId};
use crate::base::secret::Sensitive;
use crate::domain::access::{self, Acting};
use crate::domain::case::Case;
use crate::domain::casefile::summary;
use crate::domain::casework::acts::Done;
use crate::domain::paging;
use crate::domain::people::staff;
use crate::domain::unit::{Entry, Look, Unit};
use crate::domain::vault::Owner;
use crate::error::{Error, Result};

impl Scoped for Acting {
    fn scope(&self) -> String {
        self.id.to_string()
    }

    fn check_sight(&self, tx: &mut Unit<'_>, case: &CaseId) -> Result<()> {
        access::check_sight(tx, self, case)
    }
}

/// What advocates' tools call.
pub(super) fn rows() -> Vec<Row> {
    let rooms =
        [sessions::rows(), queues::rows(), late_matches::rows(), cases::rows(), decisions::rows(), acts::rows()];
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

/// Lets a colleague in.
fn enter(
    bearer: Sensitive<String>,
) -> impl for<'e, 'u> FnOnce(&'e mut Entry<'u>) -> Result<(&'e mut Unit<'u>, Acting)> + Send {
    move |entry| access::member(entry, &bearer)
}

/// Reads what no record is kept of: lists and counts. Those who only read must not wait behind those who write.
async fn read_as<T, W>(call: &Call, work: W) -> Result<T>
where
    T: Send + 'static,
    W: FnOnce(&mut Look<'_>, &Acting) -> Result<T> + Send + 'static,
{
    let bearer = call.bearer()?;
    let app = &call.shared.app;
    let (answer, session) = app
        .read(move |rx| {
            let (who, session) = access::reading(rx, &bearer)?;
            Ok((work(rx, &who)?, session))
        })
        .await?;
    if session.is_stale {
        app.enter(move |entry| access::keep_awake(entry, &session)).await?;
    }
    Ok(answer)
}

/// Runs an operation on a case once for each key. A colleague who was turned away by a wall learns nothing; the
/// safeguarding lead does.
async fn on_case<W>(call: &Call, raw: &Raw, id: &CaseId, work: W) -> Result<HttpResponse>
where
    W: FnOnce(&mut Unit<'_>, Acting) -> Result<Reply> + Send + 'static,
{
    let answer = once(call, raw, enter(call.bearer()?), move |tx, who| {
        let id = who.id.clone();
        let reply = work(tx, who)?;
        staff::note_acting(tx, &id)?;
        Ok(reply)
    })
    .await;
    if matches!(answer, Err(Error::NotFound)) {
        tell_of_wall(call, id).await?;
    }
    answer
}

/// After a "not found": whether a wall was the reason is looked up in every such case, so that time tells nothing.
async fn tell_of_wall(call: &Call, id: &CaseId) -> Result<()> {
    let (bearer, id) = (call.bearer()?, id.clone());
    call.shared.app.enter(move |tx| paging::note_wall(tx, &bearer, &id)).await
}

/// The case as an answer.
fn case_reply(case: &Case) -> Result<Reply> {
    Ok(Reply::new(StatusCode::OK, Owner::case(&case.id), &summary(case))?.tagged(case.version))
}

/// The case, or the act that waits.
fn done_reply(case: &CaseId, done: Done) -> Result<Reply> {
    match done {
        Done::Now(case) => case_reply(&case),
        Done::Pending(id) => {
            Reply::new(StatusCode::ACCEPTED, Owner::case(case), &PendingAnswer { pending: PendingAct { id } })
        }
    }
}

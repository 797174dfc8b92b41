//! How colleagues' calls come to the desk, from every surface: in one transaction each. After a "not found" it is noted in
//! another one whether a wall was the reason, so nobody else runs the desk.

use crate::app::App;
use crate::base::id::{CaseId, StaffId};
use crate::base::secret::Sensitive;
use crate::domain::access::{Acting, CaseAct, Grant};
use crate::domain::desk::{self, At, Visit, WasRead};
use crate::domain::ledger::idempotency::{Answer, Answered, Reply};
use crate::domain::unit::{Entry, Look, Unit};
use crate::error::{Error, Result};

/// Does an act on a case, once for each key.
pub(super) async fn on_case<A: CaseAct>(
    app: &App,
    visit: Visit,
    at: At,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>) -> Result<Answer> + Send + 'static,
) -> Result<Answered> {
    let (bearer, cases) = (visit.bearer.clone(), vec![at.case.clone()]);
    noting_walls(app, bearer, cases, move |entry, _| desk::on_case(entry, visit, &at, work)).await
}

/// Does an act on two cases, once for each key. The wall may stand before either.
pub(super) async fn on_two<A: CaseAct>(
    app: &App,
    visit: Visit,
    at: At,
    other: Result<CaseId>,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>, Grant<A>) -> Result<Answer> + Send + 'static,
) -> Result<Answered> {
    let bearer = visit.bearer.clone();
    let cases = [Some(&at.case), other.as_ref().ok()].into_iter().flatten().cloned().collect();
    noting_walls(app, bearer, cases, move |entry, _| desk::on_two(entry, visit, &at, other, work)).await
}

/// Does what names no case, once for each key.
pub(super) async fn once(
    app: &App,
    visit: Visit,
    work: impl FnOnce(&mut Unit<'_>, &Acting) -> Result<Reply> + Send + 'static,
) -> Result<Answered> {
    app.enter(move |entry| desk::once(entry, visit, work)).await
}

/// Does an act on a case whose answer nobody keeps.
pub(super) async fn unkeyed<A: CaseAct, T: Send + 'static>(
    app: &App,
    bearer: Sensitive<String>,
    case: CaseId,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let cases = vec![case.clone()];
    noting_walls(app, bearer, cases, move |entry, bearer| desk::unkeyed(entry, bearer, &case, work)).await
}

/// Reads of a case what is put on record.
pub(super) async fn look<A: CaseAct, T: Send + 'static>(
    app: &App,
    bearer: Sensitive<String>,
    case: CaseId,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let cases = vec![case.clone()];
    noting_walls(app, bearer, cases, move |entry, bearer| desk::look(entry, bearer, &case, work)).await
}

/// Reads what no record is kept of: lists and counts.
pub(super) async fn read<T: Send + 'static>(
    app: &App,
    bearer: Sensitive<String>,
    work: impl FnOnce(&mut Look<'_>, &Acting) -> Result<T> + Send + 'static,
) -> Result<T> {
    let WasRead { answer, stale } = app.read(move |rx| desk::reading(rx, &bearer, work)).await?;
    if let Some(session) = stale {
        app.enter(move |entry| desk::keep_awake(entry, &session)).await?;
    }
    Ok(answer)
}

/// Whose living session this is.
pub(super) async fn holder(app: &App, bearer: Sensitive<String>) -> Result<StaffId> {
    let read = app.read(move |rx| desk::reading(rx, &bearer, |_, who| Ok(who.id.clone()))).await?;
    Ok(read.answer)
}

/// Ends a session.
pub(super) async fn sign_out(app: &App, bearer: Sensitive<String>) -> Result<()> {
    app.enter(move |entry| desk::sign_out(entry, &bearer)).await
}

/// Runs `work`, and after a "not found" looks at each of the cases for a wall, whatever the reason was.
async fn noting_walls<T: Send + 'static>(
    app: &App,
    bearer: Sensitive<String>,
    cases: Vec<CaseId>,
    work: impl FnOnce(&mut Entry<'_>, &Sensitive<String>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let visitor = bearer.clone();
    let answer = app.enter(move |entry| work(entry, &visitor)).await;
    if matches!(answer, Err(Error::NotFound)) {
        for case in cases {
            let bearer = bearer.clone();
            app.enter(move |entry| desk::note_wall(entry, &bearer, &case)).await?;
        }
    }
    answer
}

//! How colleagues' calls come to the desk, from every surface: in one transaction each. After a "not found" it is noted in
//! another one that somebody was turned away, and the answer waits for its beat, so nobody else runs the desk.

use std::time::{Duration, Instant};

use super::extract::Call;
use crate::app::App;
use crate::base::id::{CaseId, SessionId, StaffId};
use crate::base::secret::Sensitive;
use crate::db::Share;
use crate::domain::access::{Acting, CaseAct, Grant, Read, Sight};
use crate::domain::desk::{self, At, Visit, WasRead};
use crate::domain::ledger::idempotency::{Answer, Answered, Reply};
use crate::domain::people::staff::{Living, Sitting};
use crate::domain::unit::{Entry, Look, Unit};
use crate::error::{Error, Result};

/// Does an act on a case, once for each key.
pub(super) async fn on_case<A: CaseAct>(
    call: &Call,
    visit: Visit,
    at: At,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>) -> Result<Answer> + Send + 'static,
) -> Result<Answered> {
    at_case(call, visit, at, move |entry, visit, at| desk::on_case(entry, visit, at, work)).await
}

/// Does an act by which a colleague leaves a case, once for each key.
pub(super) async fn leaving<A: CaseAct>(
    call: &Call,
    visit: Visit,
    at: At,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>) -> Result<Answer> + Send + 'static,
) -> Result<Answered> {
    at_case(call, visit, at, move |entry, visit, at| desk::leaving(entry, visit, at, work)).await
}

/// Does an act that may move a case out of a colleague's queues, once for each key.
pub(super) async fn moving<A: CaseAct>(
    call: &Call,
    visit: Visit,
    at: At,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>) -> Result<Answer> + Send + 'static,
) -> Result<Answered> {
    at_case(call, visit, at, move |entry, visit, at| desk::moving(entry, visit, at, work)).await
}

/// Comes to the desk for one case.
async fn at_case(
    call: &Call,
    visit: Visit,
    at: At,
    work: impl FnOnce(&mut Entry<'_>, Visit, &At) -> Result<Answered> + Send + 'static,
) -> Result<Answered> {
    let (bearer, cases, share) = (visit.bearer.clone(), vec![at.case.clone()], call.share());
    let done = call.shared.app.enter(&share, move |entry| work(entry, visit, &at));
    turning_away(call, bearer, cases, done).await
}

/// Does an act on two cases, once for each key. The wall may stand before either.
pub(super) async fn on_two<A: CaseAct>(
    call: &Call,
    visit: Visit,
    at: At,
    other: Result<CaseId>,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>, Grant<A>) -> Result<Answer> + Send + 'static,
) -> Result<Answered> {
    let (bearer, share) = (visit.bearer.clone(), call.share());
    let cases = [Some(&at.case), other.as_ref().ok()].into_iter().flatten().cloned().collect();
    let done = call.shared.app.enter(&share, move |entry| desk::on_two(entry, visit, &at, other, work));
    turning_away(call, bearer, cases, done).await
}

/// Does what names no case, once for each key.
pub(super) async fn once(
    call: &Call,
    visit: Visit,
    work: impl FnOnce(&mut Unit<'_>, &Acting) -> Result<Reply> + Send + 'static,
) -> Result<Answered> {
    call.shared.app.enter(&call.share(), move |entry| desk::once(entry, visit, work)).await
}

/// Does an act on a case whose answer nobody keeps.
pub(super) async fn unkeyed<A: CaseAct, T: Send + 'static>(
    call: &Call,
    bearer: Sensitive<String>,
    case: CaseId,
    work: impl FnOnce(&mut Unit<'_>, Grant<A>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (visitor, cases, share) = (bearer.clone(), vec![case.clone()], call.share());
    let done = call.shared.app.enter(&share, move |entry| desk::unkeyed(entry, &visitor, &case, work));
    turning_away(call, bearer, cases, done).await
}

/// Reads a case among the readers, however long that takes, and then puts it on record in a short write. What was read is
/// answered when both are done: nothing is shown that is not on record, and nothing counts as read that was not.
pub(super) async fn look<T: Send + 'static>(
    call: &Call,
    bearer: Sensitive<String>,
    case: CaseId,
    read: impl FnOnce(&mut Look<'_>, &Sight) -> Result<T> + Send + 'static,
    record: impl FnOnce(&mut Unit<'_>, Grant<Read>, T) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (app, share, cases) = (&call.shared.app, call.share(), vec![case.clone()]);
    let (reader, recorder, named) = (bearer.clone(), bearer.clone(), case.clone());
    let done = async {
        let was_read = app.read_for(&share, move |rx| desk::shown(rx, &reader, &named, read)).await?;
        let note = move |tx: &mut Unit<'_>, grant| record(tx, grant, was_read);
        app.enter(&share, move |entry| desk::look(entry, &recorder, &case, note)).await
    };
    turning_away(call, bearer, cases, done).await
}

/// The same as [`look`] for what is found by whom a case names: whatever is left out, the answer leaves at its beat.
pub(super) async fn look_around<T: Send + 'static>(
    call: &Call,
    bearer: Sensitive<String>,
    case: CaseId,
    read: impl FnOnce(&mut Look<'_>, &Sight) -> Result<T> + Send + 'static,
    record: impl FnOnce(&mut Unit<'_>, Grant<Read>, T) -> Result<T> + Send + 'static,
) -> Result<T> {
    let since = heard();
    let found = look(call, bearer, case, read, record).await;
    if found.is_ok() {
        keep_beat(since).await;
    }
    found
}

/// Reads what no record is kept of: lists and counts.
pub(super) async fn read<T: Send + 'static>(
    call: &Call,
    bearer: Sensitive<String>,
    work: impl FnOnce(&mut Look<'_>, &Acting) -> Result<T> + Send + 'static,
) -> Result<T> {
    let WasRead { answer, stale } =
        call.shared.app.read_for(&call.share(), move |rx| desk::reading(rx, &bearer, work)).await?;
    if let Some(session) = stale {
        call.shared.app.enter(&call.share(), move |entry| desk::keep_awake(entry, &session)).await?;
    }
    Ok(answer)
}

/// Reads something about a case of which no record is kept.
pub(super) async fn read_of<T: Send + 'static>(
    call: &Call,
    bearer: Sensitive<String>,
    case: CaseId,
    work: impl FnOnce(&mut Look<'_>, &Sight) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (app, share, cases, visitor) = (&call.shared.app, call.share(), vec![case.clone()], bearer.clone());
    let done = async {
        let was_read = app.read_for(&share, move |rx| desk::reading_of(rx, &visitor, &case, work)).await?;
        if let Some(session) = was_read.stale {
            app.enter(&share, move |entry| desk::keep_awake(entry, &session)).await?;
        }
        Ok(was_read.answer)
    };
    turning_away(call, bearer, cases, done).await
}

/// Reads what is found by words of somebody else's, such as a platform's reference: whether there is nothing or a wall, the
/// answer leaves at its beat.
pub(super) async fn search<T: Send + 'static>(
    call: &Call,
    bearer: Sensitive<String>,
    work: impl FnOnce(&mut Look<'_>, &Acting) -> Result<T> + Send + 'static,
) -> Result<T> {
    let since = heard();
    let found = read(call, bearer, work).await;
    keep_beat(since).await;
    found
}

/// Whose living session this is.
pub(super) async fn holder(app: &App, share: &Share, bearer: Sensitive<String>) -> Result<StaffId> {
    let read = app.read_for(share, move |rx| desk::reading(rx, &bearer, |_, who| Ok(who.id.clone()))).await?;
    Ok(read.answer)
}

/// Keeps a session awake for a person who is there, and says how long it lasts now.
pub(super) async fn stay(call: &Call, bearer: Sensitive<String>) -> Result<Sitting> {
    call.shared.app.enter(&call.share(), move |entry| desk::stay(entry, &bearer)).await
}

/// Reads for a page that stands open: it keeps no session awake.
pub(super) async fn unnoticed<T: Send + 'static>(
    call: &Call,
    bearer: Sensitive<String>,
    work: impl FnOnce(&mut Look<'_>, &Acting) -> Result<T> + Send + 'static,
) -> Result<T> {
    call.shared.app.read_for(&call.share(), move |rx| desk::unnoticed(rx, &bearer, work)).await
}

/// Has letters be keys of a colleague's pages, or not.
pub(super) async fn set_letter_keys(call: &Call, bearer: Sensitive<String>, are_on: bool) -> Result<()> {
    call.shared.app.enter(&call.share(), move |entry| desk::set_letter_keys(entry, &bearer, are_on)).await
}

/// Ends a session.
pub(super) async fn sign_out(call: &Call, bearer: Sensitive<String>) -> Result<()> {
    call.shared.app.enter(&call.share(), move |entry| desk::sign_out(entry, &bearer)).await
}

/// The living sessions of who comes, and the id of the one by which they come.
pub(super) async fn sessions(call: &Call, bearer: Sensitive<String>) -> Result<(Vec<Living>, SessionId)> {
    call.shared.app.read_for(&call.share(), move |rx| desk::sessions(rx, &bearer)).await
}

/// Ends one of the sessions of who comes; where none is named, all but the one by which they come.
pub(super) async fn end_sessions(call: &Call, bearer: Sensitive<String>, named: Option<SessionId>) -> Result<()> {
    call.shared.app.enter(&call.share(), move |entry| desk::end_sessions(entry, &bearer, named)).await
}

/// Answers that say nothing of a case leave at a multiple of this since the call was heard. What was done for them takes
/// single milliseconds, and which it was must not be what tells.
const BEAT: Duration = Duration::from_millis(25);

/// When the call was heard.
fn heard() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "measures how long an answer took, not when it was given")]
    Instant::now()
}

/// Waits for the next beat.
async fn keep_beat(since: Instant) {
    let took = since.elapsed();
    let beats = took.as_micros() / BEAT.as_micros() + 1;
    let whole = BEAT.saturating_mul(u32::try_from(beats).unwrap_or(u32::MAX));
    #[expect(clippy::disallowed_methods, reason = "the event that is waited for is a moment")]
    tokio::time::sleep(whole.saturating_sub(took)).await;
}

/// Waits for what is done, and after a "not found" notes of each of the cases that it was said, whatever the reason was.
async fn turning_away<T>(
    call: &Call,
    bearer: Sensitive<String>,
    cases: Vec<CaseId>,
    done: impl Future<Output = Result<T>>,
) -> Result<T> {
    let (since, app, share) = (heard(), &call.shared.app, call.share());
    let answer = done.await;
    match &answer {
        Err(Error::NotFound) => {
            let noted = app.enter(&share, move |entry| desk::note_turned_away(entry, &bearer, &cases)).await;
            keep_beat(since).await;
            noted?;
        }
        // Whom a case cannot be handed to: somebody who does not exist, or somebody whom it names.
        Err(Error::Invalid(_)) => keep_beat(since).await,
        Ok(_) | Err(_) => {}
    }
    answer
}

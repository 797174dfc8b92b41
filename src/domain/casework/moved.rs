//! All that follows from a move of a case: the one list, so that whoever moves one leaves nothing out.

use super::requests;
use crate::domain::case::clocks;
use crate::domain::case::report;
use crate::domain::case::standing::{self, Standing};
use crate::domain::case::store;
use crate::domain::case::{Action, Case, Outcome, State};
use crate::domain::counting;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::paging;
use crate::domain::unit::Unit;
use crate::domain::vault::Owner;
use crate::error::Result;

/// Moves a case along the state table, records it, counts it for the public, stops its clocks and ends its alarm
/// when it is closed, puts it in its place in the queue, and tells the platform when its view of the reports changes.
///
/// # Errors
/// `Conflict` when the table has no such way.
pub(super) fn move_along(tx: &mut Unit<'_>, case: &mut Case, action: Action, outcome: Option<Outcome>) -> Result<()> {
    step(tx, case, action, outcome)?;
    if matches!(action, Action::Reopen | Action::AskPlatform) {
        show_platform(tx, case)
    } else {
        tell_platform(tx, case)
    }
}

/// Takes a closed case up again without a word to its platform, whose view of the reports stays as it is until it is asked
/// again, or says more.
pub(super) fn reopen_unseen(tx: &mut Unit<'_>, case: &mut Case) -> Result<()> {
    step(tx, case, Action::Reopen, None)?;
    let woken_at = Some(tx.now());
    let standing = standing::of(tx, &case.id)?;
    standing::set(tx, &case.id, Standing { woken_at, ..standing })
}

fn step(tx: &mut Unit<'_>, case: &mut Case, action: Action, outcome: Option<Outcome>) -> Result<()> {
    let (from, to) = (case.state, case.next(action)?);
    // What has come due is counted as the case stood on that day.
    counting::settle(tx, case)?;
    store::set_state(tx, case, to, outcome)?;
    let moved = Event::CaseMoved {
        action: action.as_str(),
        from: from.as_str(),
        to: to.as_str(),
        outcome: outcome.map(Outcome::as_str),
    };
    audit::record(tx, Owner::case(&case.id), moved)?;
    note_for_the_public(tx, case, action)?;
    if to == State::Closed {
        clocks::stop_ours(tx, &case.id)?;
        paging::quiet(tx, &case.id)?;
    }
    store::requeue(tx, case)
}

/// From now on the platform sees again how its reports of this case stand.
pub(in crate::domain) fn show_platform(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    let standing = standing::of(tx, &case.id)?;
    if standing.woken_at.is_some() {
        standing::set(tx, &case.id, Standing { woken_at: None, ..standing })?;
    }
    tell(tx, case)
}

/// Counts the case when a person who has read it does something about it, other than call it abuse of the service. To
/// begin reading is none of that.
fn note_for_the_public(tx: &mut Unit<'_>, case: &Case, action: Action) -> Result<()> {
    match action {
        Action::Start | Action::Resume | Action::PlatformAnswered | Action::Reopen => Ok(()),
        Action::Hold => counting::count(tx, case),
        Action::AskPlatform => {
            counting::count(tx, case)?;
            counting::forward(tx, case)
        }
        Action::Close => match case.outcome {
            Some(Outcome::Unfounded) => counting::correct(tx, case),
            Some(
                Outcome::PlatformActed
                | Outcome::PlatformRefused
                | Outcome::PlatformSilent
                | Outcome::SupportedElsewhere
                | Outcome::RecordedOnly
                | Outcome::Withdrawn
                | Outcome::UnableToContact,
            )
            | None => counting::count(tx, case),
        },
    }
}

/// Tells the platform how its reports of this case stand, where that has changed and is for it to know.
pub(super) fn tell_platform(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    if standing::of(tx, &case.id)?.woken_at.is_some() {
        return Ok(());
    }
    tell(tx, case)
}

fn tell(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    let waiting = requests::waiting_reports(tx, &case.id)?;
    report::tell(tx, case, &waiting)
}

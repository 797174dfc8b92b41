//! All that follows from a move of a case: the one list, so that whoever moves one leaves nothing out.

use super::requests;
use crate::domain::case::clocks;
use crate::domain::case::report;
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
    store::requeue(tx, case)?;
    tell_platform(tx, case)
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

/// Tells the platform how its reports of this case stand, where that has changed.
pub(super) fn tell_platform(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    let waiting = requests::waiting_reports(tx, &case.id)?;
    report::tell(tx, case, &waiting)
}

//! The end of what is kept: some time after a case was closed it is destroyed how she may be reached, and much later all that was
//! said in it (domain.md 5.6, `periods.toml`). Each is announced in the record a while before, so that somebody can place a legal
//! hold; a clock that leapt destroys nothing on its own day.
//!
//! What goes is what is sealed: each value gives way to a word that it was destroyed, and the keys go. The stub stays, as its platform
//! sees it: ids, category, states and times. So do the keyed hashes of whom it named, on which walls stand.

mod due;
mod erase;

use due::Going;
pub use due::{Leaving, announced, leaving, with_contact, with_content, with_record};

use crate::base::code::codes;
use crate::base::id::CaseId;
use crate::db::due::id as id_of;
use crate::domain::case;
use crate::domain::case::keeping::{self, Keeping};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::unit::Unit;
use crate::domain::vault::Owner;
use crate::error::Result;

codes! {
    /// What goes.
    pub enum Part as ErasedPart {
        /// How she may be reached.
        Contact = "contact",
        /// All that was said.
        Content = "content",
        /// What happened in it.
        Record = "record",
    }
}

/// Looks at a closed case of which something may have to go: announces it, waits, or destroys it. What is to be kept after all, since
/// a hold was placed or the case was opened again, is.
///
/// # Errors
/// `Internal` when its record is not whole, or says something else than its row: then nothing goes.
pub fn step(tx: &mut Unit<'_>, row: &str) -> Result<()> {
    let id: CaseId = id_of(row)?;
    let Some(periods) = tx.kit().periods.in_force() else { return Ok(()) };
    let Some(case) = case::find_locked(tx, &id)? else { return Ok(()) };
    let Some(kept) = keeping::of(tx, &id)? else { return Ok(()) };
    let now = tx.now();
    let going = due::going(tx, &case, kept, &periods)?.filter(|going| going.at.minus(periods.notice) <= now);
    let Some(going) = going else {
        let is_announced = kept.erase_at.is_some();
        return if is_announced { keeping::set(tx, &id, Keeping { erase_at: None, ..kept }) } else { Ok(()) };
    };
    match kept.erase_at {
        None => announce(tx, &id, kept, Going { at: going.at.max(now.plus(periods.notice)), ..going }),
        // The periods are longer than they were when it was announced.
        Some(at) if at < going.at => announce(tx, &id, kept, going),
        Some(at) if at > now => Ok(()),
        Some(_) => erase::erase(tx, &id, kept, going.part),
    }
}

fn announce(tx: &mut Unit<'_>, case: &CaseId, kept: Keeping, Going { part, at }: Going) -> Result<()> {
    keeping::set(tx, case, Keeping { erase_at: Some(at), ..kept })?;
    if part == Part::Record {
        // It is no news for a record that itself ends.
        return Ok(());
    }
    audit::record(tx, Owner::case(case), Event::CaseErasing { part: part.as_str(), at })
}

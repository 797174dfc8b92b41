//! Legal holds: what is said in a case is not destroyed while one stands, whatever the periods say. Whether one stands is read from
//! the record, which nobody writes who has the database alone; the rows are for lists.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::keeping::{self, Keeping};
use super::store;
use crate::base::code::codes;
use crate::base::id::{CaseId, HoldId};
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::legal_holds as table;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::rules::Casework;
use crate::error::{Error, Result};

codes! {
    /// For what something is kept beyond its period.
    pub enum HoldReason {
        /// Proceedings before a court, under way or to be expected.
        Proceedings = "proceedings",
        /// The police have asked that it be kept.
        Preservation = "preservation",
        /// Somebody claims something, or defends themselves.
        Claim = "claim",
        /// A court has ordered it.
        CourtOrder = "court_order",
        /// A regulator asks.
        Regulator = "regulator",
        /// A complaint about the service is not decided yet.
        Complaint = "complaint",
    }
}

/// A hold, for lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Of which case.
    pub case_id: CaseId,
    /// For what.
    pub why: HoldReason,
    /// Since when.
    pub placed_at: Timestamp,
    /// Until when, if that is known.
    pub until: Option<Timestamp>,
    /// When somebody ended it.
    pub ended_at: Option<Timestamp>,
}

/// How a case stands by its record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether a hold stands.
    pub in_force: bool,
    /// When the last one ended that does not stand any more.
    pub ended_at: Option<Timestamp>,
}

/// The longest that a hold lasts by its own word: whoever needs it longer says so again.
const LONGEST: std::time::Duration = std::time::Duration::from_hours(24 * 366 * 10);

/// Places a hold: what was to be destroyed is not.
///
/// # Errors
/// `NotFound` when there is no such case; `Invalid` when nothing is left to be held, and for an end that is past or more than ten
/// years ahead.
pub fn place(tx: &mut Unit<'_>, id: &CaseId, why: HoldReason, until: Option<Timestamp>) -> Result<HoldId> {
    let now = tx.now();
    if until.is_some_and(|until| until <= now || until.since(now) > LONGEST) {
        return Err(Error::invalid("/until", Casework::HoldEnds));
    }
    store::find_locked(tx, id)?.ok_or(Error::NotFound)?;
    let kept = keeping::of(tx, id)?;
    if kept.is_some_and(|kept| kept.erased_at.is_some()) {
        return Err(Error::invalid("/case", Casework::NothingLeft));
    }
    let hold = Hold { id: HoldId::random(), case_id: id.clone(), why, placed_at: now, until, ended_at: None };
    write(tx, &hold)?;
    if let Some(kept) = kept {
        keeping::set(tx, id, Keeping { erase_at: None, ..kept })?;
    }
    Ok(hold.id)
}

/// Places a hold again that an older database does not know any more. Says whether it did.
///
/// # Errors
/// What the database says.
pub fn place_again(tx: &mut Unit<'_>, hold: &Hold) -> Result<bool> {
    let known = table::table.find(&hold.id).select(table::id).first::<String>(tx.conn()).optional()?;
    if known.is_some() || store::find_locked(tx, &hold.case_id)?.is_none() {
        return Ok(false);
    }
    write(tx, hold)?;
    Ok(true)
}

fn write(tx: &mut Unit<'_>, hold: &Hold) -> Result<()> {
    let Hold { id, case_id, why, placed_at, until, .. } = hold;
    let row = (
        (table::id.eq(id), table::case_id.eq(case_id), table::why.eq(why)),
        (table::placed_at.eq(placed_at), table::until.eq(until)),
    );
    diesel::insert_into(table::table).values(row).execute(tx.conn())?;
    let placed = Event::HoldPlaced { hold: id.clone(), why: why.as_str(), until: *until };
    audit::record(tx, Owner::case(case_id), placed)
}

/// Ends a hold. The case of it.
///
/// # Errors
/// `NotFound` when there is none that stands.
pub fn end(tx: &mut Unit<'_>, hold: &HoldId) -> Result<CaseId> {
    let case: CaseId =
        table::table.find(hold).select(table::case_id).first(tx.conn()).optional()?.ok_or(Error::NotFound)?;
    store::find_locked(tx, &case)?.ok_or(Error::NotFound)?;
    let now = tx.now();
    let standing = table::table.filter(table::id.eq(hold).and(table::ended_at.is_null()));
    if diesel::update(standing).set(table::ended_at.eq(now)).execute(tx.conn())? == 0 {
        return Err(Error::NotFound);
    }
    audit::record(tx, Owner::case(&case), Event::HoldEnded { hold: hold.clone() })?;
    Ok(case)
}

/// How a case stands, by its record alone.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn standing(rx: &mut Look<'_>, case: &CaseId) -> Result<Standing> {
    let now = rx.now();
    let past = audit::of_kinds(rx, &Owner::case(case), &["hold_placed", "hold_ended"])?;
    let ended = |hold: &str| {
        let end = past.iter().find(|event| event.kind == "hold_ended" && event.text("hold") == Some(hold));
        end.map(|event| event.at)
    };
    let mut all = Standing::default();
    for placed in past.iter().filter(|event| event.kind == "hold_placed") {
        let until = placed.text("until").and_then(Timestamp::parse);
        let ends = placed.text("hold").and_then(ended).into_iter().chain(until).min();
        match ends.filter(|end| *end <= now) {
            Some(end) => all.ended_at = all.ended_at.max(Some(end)),
            None => all.in_force = true,
        }
    }
    Ok(all)
}

/// All holds, the oldest first.
///
/// # Errors
/// What the database says.
pub fn every(rx: &mut Look<'_>) -> Result<Vec<Hold>> {
    type Row = (
        Perhaps<HoldId>,
        Perhaps<CaseId>,
        Perhaps<HoldReason>,
        Perhaps<Timestamp>,
        Perhaps<Option<Timestamp>>,
        Perhaps<Option<Timestamp>>,
    );
    let rows: Vec<Row> = table::table
        .order((table::placed_at, table::id))
        .select((table::id, table::case_id, table::why, table::placed_at, table::until, table::ended_at))
        .load(rx.conn())?;
    let hold = |(id, case_id, why, placed_at, until, ended_at): Row| {
        Some(Hold {
            id: id.0?,
            case_id: case_id.0?,
            why: why.0?,
            placed_at: placed_at.0?,
            until: until.0?,
            ended_at: ended_at.0?,
        })
    };
    Ok(rows.into_iter().filter_map(hold).collect())
}

impl Hold {
    /// Whether it stands, by its row.
    #[must_use]
    pub fn stands(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && self.until.is_none_or(|until| until > now)
    }
}

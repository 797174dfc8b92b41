//! Handing a case to somebody. One that wakes nobody is kept for them for a while. A p0 or p1 must not lie between two people: it
//! is an offer to somebody at work, and whoever has the case keeps it until they take it.

use std::time::Duration;

use diesel::prelude::*;

use super::claims;
use super::notes;
use super::priority;
use crate::base::id::{CaseId, StaffId};
use crate::base::time::Timestamp;
use crate::db::due::{self, DueRow};
use crate::db::schema::{case_offers, case_passes};
use crate::domain::access::{self, Act, Acting, Assign, Grant, HandOver};
use crate::domain::case;
use crate::domain::case::Case;
use crate::domain::case::store;
use crate::domain::ledger::audit::{self, Event};
use crate::domain::paging::{self, Notice, write_to};
use crate::domain::people::staff::{self, Member};
use crate::domain::terms::Mode;
use crate::domain::triage::{Priority, Queue};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::rules::{Casework, Form};
use crate::error::{Conflict, Error, Forbidden, Result};

/// How long an offer stands: as long as a p0 may be still, and as a p1 may wait to be read.
const OFFERED_P0: Duration = Duration::from_mins(5);
const OFFERED: Duration = Duration::from_mins(30);
/// So many offers of one person are shown.
const SHOWN: i64 = 100;

/// An offer, as its row has it.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = case_offers)]
struct Row {
    staff_id: StaffId,
    given_by: StaffId,
    until: Timestamp,
}

/// A case that is offered to somebody.
#[derive(Debug)]
pub struct Offered {
    /// Which.
    pub case: CaseId,
    /// The queue it waits in.
    pub queue: Queue,
    /// Its priority now.
    pub priority: Priority,
    /// To whom.
    pub to: StaffId,
    /// By whom, who has it until then.
    pub from: StaffId,
    /// Until when.
    pub until: Timestamp,
}

/// A case that was handed over.
#[derive(Debug)]
pub struct HandedOver {
    /// As it stands now.
    pub case: Case,
    /// Until when it is offered, while who gave it has it; nothing when it is the other's already.
    pub until: Option<Timestamp>,
}

/// A lead hands the case to somebody, whom it is offered to alone for a while. Whoever is handed an urgent one is told, with
/// those on call.
///
/// # Errors
/// `Invalid` when nobody has this id or they may not take the case, in one word for both; `ClaimedByOther` while a third
/// person holds a living claim.
pub fn assign(tx: &mut Unit<'_>, grant: Grant<Assign>, to: &StaffId, note: Option<&str>) -> Result<Case> {
    let (mut case, by) = grant.into_parts();
    let to = receiver(tx, &case, to)?;
    let now = tx.now();
    if case.is_held_by_other(&by.id, now) && case.is_held_by_other(&to.id, now) {
        return Err(Conflict::ClaimedByOther.into());
    }
    if let Some(note) = note.filter(|note| !note.trim().is_empty()) {
        write_note(tx, &case, &by, note)?;
    }
    // Taken and left undone, it has waited long enough.
    let idle = case.claimed_until.is_some_and(|until| until > now) && !case.is_attended(now);
    end_for(tx, &case, &to.id, "assigned")?;
    give(tx, &mut case, &to)?;
    audit::record(tx, Owner::case(&case.id), Event::Assigned { to: to.id.clone() })?;
    tell_receiver(tx, &case, &by, &to.id)?;
    if case.state.is_open() && idle {
        priority::page_now_if_urgent(tx, &case, "handed_over")?;
    } else if case.state.is_open() {
        priority::page_if_urgent(tx, &case, "handed_over")?;
    }
    Ok(case)
}

/// Whoever holds the case hands it to somebody, with a note. What has somebody woken goes to somebody at work alone, and is
/// offered: the pager calls them, and who gives it keeps it until they take it.
///
/// # Errors
/// `Invalid` without a note, for oneself, as [`assign`] for who may not take the case, and for an urgent one when they are not
/// at work.
pub fn hand_over(tx: &mut Unit<'_>, grant: Grant<HandOver>, to: &StaffId, note: &str) -> Result<HandedOver> {
    let (mut case, by) = grant.into_parts();
    if note.trim().is_empty() {
        return Err(Error::invalid("/note", Casework::NoHandOverNote));
    }
    let to = receiver(tx, &case, to)?;
    if to.id == by.id {
        return Err(Error::invalid("/staff_id", Casework::TheirsAlready));
    }
    let urgent = priority::is_urgent(tx.kit(), case.priority);
    if urgent && !paging::ids_at_work(tx)?.contains(&to.id) {
        return Err(Error::invalid("/staff_id", Casework::NotOnShift));
    }
    write_note(tx, &case, &by, note)?;
    end_for(tx, &case, &to.id, "handed_over")?;
    let until = if urgent { Some(offer(tx, &case, &by, &to.id)?) } else { None };
    if !urgent {
        give(tx, &mut case, &to)?;
        tell_receiver(tx, &case, &by, &to.id)?;
    }
    audit::record(tx, Owner::case(&case.id), Event::HandedOver { to: to.id, until })?;
    Ok(HandedOver { case, until })
}

/// Who is to have the case. The wall holds for whoever is handed a case too, and says no more than "nobody of this id".
fn receiver(rx: &mut Look<'_>, case: &Case, id: &StaffId) -> Result<Member> {
    let unknown = || Error::invalid("/staff_id", Casework::UnknownColleague);
    let to = staff::find(rx, id)?.ok_or_else(unknown)?;
    if access::bar(rx, &to.id, case, Act::Claim)?.is_some() {
        return Err(unknown());
    }
    Ok(to)
}

fn write_note(tx: &mut Unit<'_>, case: &Case, by: &Acting, note: &str) -> Result<()> {
    if note.chars().count() > notes::LONGEST {
        return Err(Error::invalid("/note", Form::TooLong(notes::LONGEST)));
    }
    notes::write_reason(tx, &case.id, by, note)
}

/// Makes the case theirs to take, for a while theirs alone. What they gave back once they are offered again.
fn give(tx: &mut Unit<'_>, case: &mut Case, to: &Member) -> Result<()> {
    let passed = case_passes::table.filter(case_passes::staff_id.eq(&to.id).and(case_passes::case_id.eq(&case.id)));
    diesel::delete(passed).execute(tx.conn())?;
    case.assigned_to = Some(to.id.clone());
    case.claimed_until = None;
    case.reserved_until = Some(claims::reserved(tx.now(), case.next_due_at));
    store::set_holder(tx, case)?;
    store::bump(tx, case)
}

fn tell_receiver(tx: &mut Unit<'_>, case: &Case, by: &Acting, to: &StaffId) -> Result<()> {
    if case.mode == Mode::Test || *to == by.id {
        return Ok(());
    }
    write_to(tx, to, Notice::HandedOver { case: case.id.clone() }, None)
}

/// Offers the case, and has its receiver called. Says until when.
fn offer(tx: &mut Unit<'_>, case: &Case, by: &Acting, to: &StaffId) -> Result<Timestamp> {
    let span = if case.priority == Priority::P0 { OFFERED_P0 } else { OFFERED };
    let until = tx.now().plus(span);
    let row = (
        case_offers::case_id.eq(&case.id),
        case_offers::staff_id.eq(to),
        case_offers::given_by.eq(&by.id),
        case_offers::until.eq(until),
    );
    diesel::insert_into(case_offers::table).values(row).execute(tx.conn())?;
    if case.mode == Mode::Live {
        paging::call_for_offer(tx, &case.id, to, until)?;
    }
    Ok(until)
}

fn find(rx: &mut Look<'_>, case: &CaseId) -> Result<Option<Row>> {
    Ok(case_offers::table.find(case).select(Row::as_select()).first(rx.conn()).optional()?)
}

/// Whether the case is offered to this person now, by who holds it.
pub(super) fn is_offered(rx: &mut Look<'_>, case: &Case, to: &StaffId) -> Result<bool> {
    let now = rx.now();
    let stands = |row: Row| row.staff_id == *to && row.until > now && case.is_held_by(&row.given_by, now);
    Ok(find(rx, &case.id)?.is_some_and(stands))
}

/// Ends the offer of a case, whose row is locked, because this person has taken the case.
pub(super) fn end_by_claim(tx: &mut Unit<'_>, case: &Case, who: &StaffId) -> Result<()> {
    end_for(tx, case, who, "lapsed")
}

/// Ends the offer of a case, whose row is locked, for the good of this person: when it was made to them, nobody need hear.
fn end_for(tx: &mut Unit<'_>, case: &Case, who: &StaffId, why: &'static str) -> Result<()> {
    match find(tx, &case.id)? {
        Some(row) if row.staff_id == *who => delete(tx, &case.id),
        Some(_) => end(tx, case, why),
        None => Ok(()),
    }
}

/// Ends the offer of a case, whose row is locked, with the claim of who made it. Whoever was called hears that there is nothing
/// to take.
pub(super) fn end(tx: &mut Unit<'_>, case: &Case, why: &'static str) -> Result<()> {
    let Some(row) = find(tx, &case.id)? else { return Ok(()) };
    close(tx, case, &row, why)?;
    tell(tx, case, &row.staff_id, Notice::OfferOver)
}

/// Ends the offer of a case, whose row is locked, when whoever it was made to may not take it any more, or cannot come in. Who
/// made it has the case still, and hears.
pub(super) fn end_unfit(tx: &mut Unit<'_>, case: &Case) -> Result<()> {
    let Some(row) = find(tx, &case.id)? else { return Ok(()) };
    let why = match access::bar(tx, &row.staff_id, case, Act::Claim)? {
        Some(bar) => bar.as_str(),
        None if staff::shut_out(tx)?.contains(&row.staff_id) => "session_ended",
        None => return Ok(()),
    };
    close(tx, case, &row, why)?;
    tell(tx, case, &row.given_by, Notice::NotTaken)
}

fn close(tx: &mut Unit<'_>, case: &Case, row: &Row, why: &'static str) -> Result<()> {
    delete(tx, &case.id)?;
    let event = Event::ClaimEnded { staff: row.staff_id.clone(), what: "offer", cause: why };
    audit::record(tx, Owner::case(&case.id), event)
}

fn delete(tx: &mut Unit<'_>, case: &CaseId) -> Result<()> {
    diesel::delete(case_offers::table.find(case)).execute(tx.conn())?;
    Ok(())
}

fn tell(tx: &mut Unit<'_>, case: &Case, who: &StaffId, notice: Notice) -> Result<()> {
    if case.mode == Mode::Test { Ok(()) } else { write_to(tx, who, notice, None) }
}

/// The cases that are offered to this person.
pub(super) fn offered_to(rx: &mut Look<'_>, who: &StaffId) -> Result<Vec<CaseId>> {
    Ok(case_offers::table.filter(case_offers::staff_id.eq(who)).select(case_offers::case_id).load(rx.conn())?)
}

/// A few of the offers that nobody took.
///
/// # Errors
/// What the database says.
pub fn offers_lapsed(rx: &mut Look<'_>, after: Option<&DueRow>, limit: i64) -> Result<Vec<DueRow>> {
    let ((at, id), now) = (due::place(after), rx.now());
    due::walk(limit, |limit| {
        let further = case_offers::until.gt(at).or(case_offers::until.eq(at).and(case_offers::case_id.gt(id)));
        case_offers::table
            .filter(case_offers::until.le(now).and(further))
            .order((case_offers::until, case_offers::case_id))
            .limit(limit)
            .select((case_offers::until, case_offers::case_id))
            .load(rx.conn())
    })
}

/// Ends such an offer. Both hear: who was called, and who has the case still.
///
/// # Errors
/// What the database says.
pub fn lapse_offer(tx: &mut Unit<'_>, id: &str) -> Result<()> {
    let Some(case) = store::find_locked(tx, &due::id(id)?)? else { return Ok(()) };
    let Some(row) = find(tx, &case.id)?.filter(|row| row.until <= tx.now()) else { return Ok(()) };
    close(tx, &case, &row, "lapsed")?;
    tell(tx, &case, &row.staff_id, Notice::OfferOver)?;
    if case.is_held_by(&row.given_by, tx.now()) { tell(tx, &case, &row.given_by, Notice::NotTaken) } else { Ok(()) }
}

/// Whether this very offer stands.
///
/// # Errors
/// What the database says.
pub fn stands(rx: &mut Look<'_>, case: &CaseId, to: &StaffId, until: Timestamp) -> Result<bool> {
    let now = rx.now();
    let is_it = |row: Row| row.staff_id == *to && row.until == until && until > now;
    Ok(find(rx, case)?.is_some_and(is_it))
}

/// Whether the case was handed to this person, and is kept for them.
pub(super) fn is_kept(rx: &mut Look<'_>, case: &CaseId, for_whom: &StaffId) -> Result<bool> {
    let Some(case) = case::find(rx, case)? else { return Ok(false) };
    let is_theirs = case.assigned_to.as_ref() == Some(for_whom);
    Ok(is_theirs && access::bar(rx, for_whom, &case, Act::Claim)?.is_none())
}

/// What is offered to this person now, and what they offer, the next to lapse first: of the cases that they see.
///
/// # Errors
/// `Forbidden` for a role that sees no case.
pub fn offered(rx: &mut Look<'_>, who: &Acting) -> Result<Vec<Offered>> {
    if !access::may_ever(who.role, Act::Read) {
        return Err(Error::Forbidden(Forbidden::Role));
    }
    let theirs = case_offers::staff_id.eq(&who.id).or(case_offers::given_by.eq(&who.id));
    let rows: Vec<(CaseId, Row)> = case_offers::table
        .filter(theirs.and(case_offers::until.gt(rx.now())))
        .order((case_offers::until, case_offers::case_id))
        .limit(SHOWN)
        .select((case_offers::case_id, Row::as_select()))
        .load(rx.conn())?;
    let ids: Vec<CaseId> = rows.iter().map(|(id, _)| id.clone()).collect();
    let (cases, walls) = (case::readable(rx, &ids)?, who.walls());
    let mut all = Vec::with_capacity(rows.len());
    for (id, Row { staff_id, given_by, until }) in rows {
        let Some(case) = cases.iter().find(|case| case.id == id) else { continue };
        if access::may(who, case, Act::Read) && !walls.stand_before(rx, &id)? {
            let (queue, priority) = (case.queue, case.priority);
            all.push(Offered { case: id, queue, priority, to: staff_id, from: given_by, until });
        }
    }
    Ok(all)
}

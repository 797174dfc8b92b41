//! The queues: what waits, in which order, and taking the most urgent case.
//!
//! Every list walks one index from a place: a queue, what else is wanted, the priority with the next deadline, the id. So
//! the first page and a page a million cases later cost the same. A case that stands in further queues has a row for each
//! (`case_queues`), which a list of that queue walks in the same way beside its own.

mod counts;
mod linked;
mod lists;
mod reference;
mod shift;
mod waiting;

use diesel::prelude::*;

pub use counts::{Count, count, counts, write_counts};
pub(super) use linked::{known, linked};
pub use lists::{Filter, Holder, list};
pub use shift::{Next, Ringing, Shift, shift};
pub use waiting::{ActSummary, Wanted as ActsWanted, acts};

use crate::base::id::{CaseId, StaffId};
use crate::base::time::Timestamp;
use crate::db::AnyConnection;
use crate::db::perhaps::Perhaps;
use crate::db::schema::cases as table;
use crate::db::schema::{case_offers, case_passes, case_queues};
use crate::domain::access::{self, Act, Acting};
use crate::domain::case;
use crate::domain::case::{Case, State};
use crate::domain::casework;
use crate::domain::terms::Mode;
use crate::domain::triage::Queue;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

/// Whether any case stands in more than one queue.
fn any_other(rx: &mut Look<'_>, mode: Mode) -> Result<bool> {
    let first = case_queues::table.filter(case_queues::mode.eq(mode)).select(case_queues::case_id);
    Ok(first.first::<Perhaps<CaseId>>(rx.conn()).optional()?.is_some())
}

/// Whether the case of the row stands in one of the queues besides its own.
#[diesel::dsl::auto_type(no_type_alias)]
pub(in crate::domain::casefile) fn stands_in(queues: &[Queue]) -> _ {
    let queues: Vec<Queue> = queues.to_vec();
    diesel::dsl::exists(
        case_queues::table.filter(case_queues::case_id.eq(table::id)).filter(case_queues::queue.eq_any(queues)),
    )
}

/// Whether the queue offers the case of the row to the person: nobody holds it, it is kept for nobody else, and they have not
/// given it back as none for them; or whoever holds it offers it to them.
#[diesel::dsl::auto_type(no_type_alias)]
fn free(who: &Acting, now: Timestamp) -> _ {
    let id: StaffId = who.id.clone();
    let theirs: StaffId = who.id.clone();
    let passed = case_passes::table
        .filter(case_passes::staff_id.eq(theirs).and(case_passes::case_id.eq(table::id)))
        .filter(case_passes::until.gt(now));
    let unclaimed = table::claimed_until.is_null().or(table::claimed_until.le(now));
    let unreserved = table::reserved_until.is_null().or(table::reserved_until.le(now)).or(table::assigned_to.eq(id));
    let receiver: StaffId = who.id.clone();
    let offered = case_offers::table
        .filter(case_offers::case_id.eq(table::id).and(case_offers::staff_id.eq(receiver)))
        .filter(case_offers::until.gt(now).and(case_offers::given_by.nullable().eq(table::assigned_to)));
    let left = unclaimed.and(unreserved).and(diesel::dsl::not(diesel::dsl::exists(passed)));
    left.or(diesel::dsl::exists(offered))
}

/// Takes the most urgent case of the queue that nobody holds; nothing when there is none.
///
/// # Errors
/// As [`access::queue`].
pub fn claim(tx: &mut Unit<'_>, who: &Acting, queue: Queue, mode: Mode) -> Result<Option<Case>> {
    access::queue(who, queue, Act::Claim)?;
    claim_of(tx, who, &[queue], mode)
}

/// Takes the most urgent case of all the person's queues that nobody holds; nothing when there is none.
///
/// # Errors
/// `Forbidden` for a role that claims nothing.
pub fn claim_any(tx: &mut Unit<'_>, who: &Acting, mode: Mode) -> Result<Option<Case>> {
    let is_theirs = |queue: &Queue| access::queue(who, *queue, Act::Claim).is_ok();
    let queues: Vec<Queue> = Queue::ALL.iter().copied().filter(is_theirs).collect();
    if queues.is_empty() {
        return Err(crate::error::Error::Forbidden(crate::error::Forbidden::Role));
    }
    claim_of(tx, who, &queues, mode)
}

fn claim_of(tx: &mut Unit<'_>, who: &Acting, queues: &[Queue], mode: Mode) -> Result<Option<Case>> {
    let others = any_other(tx, mode)?;
    let mut stretches = Vec::new();
    for queue in queues.iter().copied() {
        for state in [State::Received, State::InReview] {
            stretches.push(Stretch { queue, mode, state, from: i64::MIN, first: first_free });
            if others {
                stretches.push(Stretch { queue, mode, state, from: i64::MIN, first: first_other });
            }
        }
    }
    // A look without a lock decides in which stretch the more urgent case waits; locking a candidate of each would hide
    // the other one from whoever claims at this moment.
    while let Some(at) = most_urgent(tx, who, &stretches)? {
        let Some(stretch) = stretches.get_mut(at) else { break };
        let Some((rank, id)) = (stretch.first)(tx, who, stretch, true)? else {
            stretches.remove(at);
            continue;
        };
        let ids: Vec<CaseId> = id.0.into_iter().collect();
        let grant = match case::readable(tx, &ids)?.pop() {
            None => None,
            Some(found) => access::chosen(tx, who, found)?,
        };
        let Some(grant) = grant else {
            // It rings for the leads, and keeps nobody from the next one.
            let Some(next) = rank.checked_add(1) else { break };
            stretch.from = next;
            continue;
        };
        let mut case = grant.into_parts().0;
        casework::write_claim(tx, &mut case, who)?;
        return Ok(Some(case));
    }
    Ok(None)
}

/// A stretch of the index: the cases of one state that stand in a queue, from a rank on.
struct Stretch {
    queue: Queue,
    mode: Mode,
    state: State,
    from: i64,
    /// Looks for its first case.
    first: First,
}

/// The first case of a stretch: its rank and id.
type First = fn(&mut Unit<'_>, &Acting, &Stretch, bool) -> Result<Option<(i64, Perhaps<CaseId>)>>;

/// Which of the stretches has the most urgent free case; nothing when none has any.
fn most_urgent(tx: &mut Unit<'_>, who: &Acting, stretches: &[Stretch]) -> Result<Option<usize>> {
    let mut best: Option<(i64, usize)> = None;
    for (at, stretch) in stretches.iter().enumerate() {
        if let Some((rank, _)) = (stretch.first)(tx, who, stretch, false)? {
            best = best.into_iter().chain([(rank, at)]).min();
        }
    }
    Ok(best.map(|(_, at)| at))
}

/// The first case of a stretch that is free for this person. With `lock` its row is locked, and rows that others have
/// locked are passed over, so that many claimers never wait for each other.
fn first_free(
    tx: &mut Unit<'_>,
    who: &Acting,
    stretch: &Stretch,
    lock: bool,
) -> Result<Option<(i64, Perhaps<CaseId>)>> {
    let Stretch { queue, mode, state, from, .. } = *stretch;
    let query = table::table
        .filter(table::mode.eq(mode).and(table::queue.eq(queue)).and(table::state.eq(state)))
        .filter(table::sort_rank.ge(from))
        .filter(free(who, tx.now()))
        .filter(diesel::dsl::not(access::walled(&who.id)))
        .order((table::sort_rank, table::id))
        .limit(1)
        .select((table::sort_rank, table::id));
    Ok(match tx.conn() {
        AnyConnection::Postgres(conn) if lock => query.for_no_key_update().skip_locked().first(conn).optional()?,
        AnyConnection::Postgres(conn) => query.first(conn).optional()?,
        AnyConnection::Sqlite(conn) => query.first(conn).optional()?,
    })
}

/// The first case that is free for this person among those that stand in the queue besides their own; `lock` as in
/// [`first_free`].
fn first_other(
    tx: &mut Unit<'_>,
    who: &Acting,
    stretch: &Stretch,
    lock: bool,
) -> Result<Option<(i64, Perhaps<CaseId>)>> {
    use case_queues as other;
    let Stretch { queue, mode, state, from, .. } = *stretch;
    let query = other::table
        .inner_join(table::table)
        .filter(other::mode.eq(mode).and(other::queue.eq(queue)).and(other::state.eq(state)))
        .filter(other::sort_rank.ge(from))
        .filter(table::state.eq(state))
        .filter(free(who, tx.now()))
        .filter(diesel::dsl::not(access::walled(&who.id)))
        .order((other::sort_rank, other::case_id))
        .limit(1)
        .select((other::sort_rank, other::case_id));
    Ok(match tx.conn() {
        AnyConnection::Postgres(conn) if lock => query.for_no_key_update().skip_locked().first(conn).optional()?,
        AnyConnection::Postgres(conn) => query.first(conn).optional()?,
        AnyConnection::Sqlite(conn) => query.first(conn).optional()?,
    })
}

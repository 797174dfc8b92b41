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
use diesel::sql_types::{BigInt, Text};

pub use counts::{Count, count, counts, write_counts};
pub(super) use linked::{are_all, known, linked};
pub use lists::{Filter, Holder, list};
pub use shift::{Next, Ringing, Shift, shift};
pub use waiting::{ActSummary, Wanted as ActsWanted, acts};

use crate::base::id::{CaseId, StaffId};
use crate::base::time::Timestamp;
use crate::db::AnyConnection;
use crate::db::among::{Each, Line, Search};
use crate::db::perhaps::Perhaps;
use crate::db::schema::cases as table;
use crate::db::schema::{case_offers, case_passes, case_queues};
use crate::db::written::written;
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
    let (to, receiver): (StaffId, StaffId) = (who.id.clone(), who.id.clone());
    // Of the cases that others hold, few are offered to anybody: that is asked once, and of those alone how they are offered.
    let offers = case_offers::table.filter(case_offers::staff_id.eq(to)).select(case_offers::case_id);
    let offered = case_offers::table
        .filter(case_offers::case_id.eq(table::id).and(case_offers::staff_id.eq(receiver)))
        .filter(case_offers::until.gt(now).and(case_offers::given_by.nullable().eq(table::assigned_to)));
    let left = unclaimed.and(unreserved).and(diesel::dsl::not(diesel::dsl::exists(passed)));
    left.or(table::id.eq_any(offers).and(diesel::dsl::exists(offered)))
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
            stretches.push(Stretch { queue, mode, state, from: i64::MIN, besides: false });
            if others {
                stretches.push(Stretch { queue, mode, state, from: i64::MIN, besides: true });
            }
        }
    }
    // A look without a lock decides in which stretch the more urgent case waits; locking a candidate of each would hide
    // the other one from whoever claims at this moment.
    while let Some(at) = most_urgent(tx, who, mode, &stretches)? {
        let Some(stretch) = stretches.get_mut(at) else { break };
        let Some((rank, id)) = first_locked(tx, who, stretch)? else {
            // Others have locked all that is left of it. It stays, behind its end: the statement is the same.
            stretch.from = i64::MAX;
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
    /// Whether it is of those that stand in the queue besides their own.
    besides: bool,
}

/// The first case of a stretch that is free for this person: a query without what it selects, of which each gets its own type. What
/// the stretch is, is a value or a column.
macro_rules! first_free {
    ($who:expr, $now:expr, $mode:expr, $queue:expr, $state:expr, $from:expr) => {
        table::table
            .filter(table::mode.eq($mode).and(table::queue.eq($queue)).and(table::state.eq($state)))
            .filter(table::sort_rank.ge($from))
            .filter(free($who, $now))
            .filter(diesel::dsl::not(access::walled(&$who.id)))
            .order((table::sort_rank, table::id))
            .limit(1)
    };
}

/// The same among those that stand in the queue besides their own.
macro_rules! first_other {
    ($who:expr, $now:expr, $mode:expr, $queue:expr, $state:expr, $from:expr) => {
        case_queues::table
            .inner_join(table::table)
            .filter(case_queues::mode.eq($mode).and(case_queues::queue.eq($queue)))
            .filter(case_queues::state.eq($state).and(case_queues::sort_rank.ge($from)))
            .filter(table::state.eq($state))
            .filter(free($who, $now))
            .filter(diesel::dsl::not(access::walled(&$who.id)))
            .order((case_queues::sort_rank, case_queues::case_id))
            .limit(1)
    };
}

/// Which of the stretches has the most urgent free case; nothing when none has any. In one statement, whatever their number:
/// an advocate has sixteen.
fn most_urgent(tx: &mut Unit<'_>, who: &Acting, mode: Mode, stretches: &[Stretch]) -> Result<Option<usize>> {
    let now = tx.now();
    let lines = |besides: bool| -> Vec<Line> {
        let some = (0..).zip(stretches).filter(|(_, stretch)| stretch.besides == besides);
        let line = |(number, Stretch { queue, state, from, .. }): (i64, &Stretch)| Line {
            number,
            queue: queue.as_str(),
            state: state.as_str(),
            from: *from,
        };
        some.map(line).collect()
    };
    let (queue, state, from) =
        (written::<Text>("stretch.queue"), written::<Text>("stretch.state"), written::<BigInt>("stretch.start"));
    let own = first_free!(who, now, mode, queue.clone(), state.clone(), from.clone()).select(table::sort_rank);
    let other = first_other!(who, now, mode, queue, state.clone(), from).select(case_queues::sort_rank);
    let (own, other): (Search, Search) = (Box::new(own), Box::new(other));
    let of_each = Each::of([(lines(false), own), (lines(true), other)]);
    let found: Vec<(Option<i64>, i64)> = of_each.load(tx.conn())?;
    let first = found.into_iter().filter_map(|(rank, number)| rank.map(|rank| (rank, number))).min();
    Ok(first.and_then(|(_, number)| usize::try_from(number).ok()))
}

/// The first case of a stretch that is free for this person: its rank and id. Its row is locked, and rows that others have
/// locked are passed over, so that many claimers never wait for each other.
fn first_locked(tx: &mut Unit<'_>, who: &Acting, stretch: &Stretch) -> Result<Option<(i64, Perhaps<CaseId>)>> {
    let (now, Stretch { queue, mode, state, from, besides }) = (tx.now(), stretch);
    if *besides {
        let query = first_other!(who, now, *mode, *queue, *state, *from);
        let query = query.select((case_queues::sort_rank, case_queues::case_id));
        return Ok(match tx.conn() {
            AnyConnection::Postgres(conn) => query.for_no_key_update().skip_locked().first(conn).optional()?,
            AnyConnection::Sqlite(conn) => query.first(conn).optional()?,
        });
    }
    let query = first_free!(who, now, *mode, *queue, *state, *from).select((table::sort_rank, table::id));
    Ok(match tx.conn() {
        AnyConnection::Postgres(conn) => query.for_no_key_update().skip_locked().first(conn).optional()?,
        AnyConnection::Sqlite(conn) => query.first(conn).optional()?,
    })
}

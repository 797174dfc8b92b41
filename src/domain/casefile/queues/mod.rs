//! The queues: what waits, in which order, and taking the most urgent case.
//!
//! Every list walks one index from a place: a queue and state, the priority with the next deadline, the id. So the
//! first page and a page a million cases later cost the same. A case that stands in further queues has a row for each
//! (`case_queues`), which a list of that queue walks in the same way beside its own.

mod counts;
mod linked;
mod reference;
mod waiting;

use diesel::prelude::*;
use diesel::result::Error as DieselError;
use serde::{Deserialize, Serialize};

pub use counts::{Count, count, counts, write_counts};
pub(super) use linked::linked;
pub use waiting::{ActSummary, Wanted as ActsWanted, acts};

use crate::base::id::{CaseId, StaffId};
use crate::base::page::{Limit, Page, read_cursor};
use crate::base::time::Timestamp;
use crate::db::AnyConnection;
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::case_queues;
use crate::db::schema::cases as table;
use crate::domain::access::{self, Act, Acting};
use crate::domain::case;
use crate::domain::case::{Case, State};
use crate::domain::casework;
use crate::domain::terms::Mode;
use crate::domain::triage::{Priority, Queue};
use crate::domain::unit::{Look, Unit};
use crate::error::rules::Parameter;
use crate::error::{Error, Refused, Result};

/// What a list of cases shall hold.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Trial or real life.
    pub mode: Mode,
    /// One queue, or all the person sees.
    pub queue: Option<Queue>,
    /// One state, or all open ones.
    pub state: Option<State>,
    /// One priority.
    pub priority: Option<Priority>,
    /// One person's.
    pub assigned_to: Option<StaffId>,
    /// The cases of a platform's reference.
    pub platform_report_ref: Option<String>,
}

impl Filter {
    /// The list's name in its cursors: a cursor continues the list it came from and no other.
    fn name(&self) -> String {
        let queue = self.queue.map_or("", Queue::as_str);
        let state = self.state.map_or("", State::as_str);
        let priority = self.priority.map_or("", Priority::as_str);
        let holder = self.assigned_to.as_ref().map_or("", |id| id.as_str());
        let reference = self.platform_report_ref.as_deref().unwrap_or_default();
        format!("cases|{}|{queue}|{state}|{priority}|{holder}|{reference}", self.mode.as_str())
    }

    /// The ranks of the wanted priority, from and up to.
    fn ranks(&self) -> (i64, i64) {
        let Some(priority) = self.priority else { return (0, i64::MAX) };
        let below = Priority::from_level(priority.level() + 1);
        let end = below.map_or(i64::MAX, |next| case::sort_rank(next, Timestamp::from_micros(0)));
        (case::sort_rank(priority, Timestamp::from_micros(0)), end)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place(i64, CaseId);

/// Which cases a page has: those that the person sees, that the filter wants, behind the mark.
struct Sight<'a> {
    who: &'a Acting,
    filter: &'a Filter,
    after: Option<&'a Place>,
}

/// A page of the cases that the person sees: the most urgent first, then the next deadline.
///
/// # Errors
/// `Parameter` for a cursor of another list; `NotFound` for a queue they do not see.
pub fn list(
    rx: &mut Look<'_>,
    who: &Acting,
    filter: &Filter,
    cursor: Option<&str>,
    limit: Limit,
) -> Result<Page<Case>> {
    if let Some(queue) = filter.queue {
        access::queue(who, queue, Act::Read)?;
    } else if !access::may_ever(who.role, Act::Read) {
        return Err(Error::Forbidden(crate::error::Forbidden::Role));
    }
    let name = filter.name();
    let after = match cursor {
        None => None,
        Some(text) => Some(
            read_cursor::<Place>(&name, text)
                .ok_or(Refused::Parameter { name: "cursor", wanted: Parameter::Cursor })?,
        ),
    };
    let queues: Vec<Queue> = Queue::ALL
        .iter()
        .copied()
        .filter(|q| filter.queue.is_none_or(|wanted| wanted == *q) && access::sees(who, *q))
        .collect();
    let sight = Sight { who, filter, after: after.as_ref() };
    let mut rows = Vec::new();
    if let Some(reference) = &filter.platform_report_ref {
        rows = reference::of_reference(rx, who, filter, &queues, reference)?;
        rows.retain(|case| after.as_ref().is_none_or(|p| (case.sort_rank, &case.id) > (p.0, &p.1)));
    } else if filter.assigned_to.is_some() {
        rows = walk(rx, &sight, &queues, None, limit)?;
    } else {
        let states =
            filter.state.map_or_else(|| State::ALL.iter().copied().filter(|s| s.is_open()).collect(), |s| vec![s]);
        let others = any_other(rx, filter.mode)?;
        for queue in queues {
            for state in &states {
                rows.extend(walk(rx, &sight, &[queue], Some(*state), limit)?);
                if others {
                    rows.extend(walk_others(rx, &sight, queue, *state, limit)?);
                }
            }
        }
    }
    rows.sort_by(|a, b| (a.sort_rank, &a.id).cmp(&(b.sort_rank, &b.id)));
    rows.dedup_by(|a, b| a.id == b.id);
    Ok(Page::cut(rows, limit, &name, |case| Place(case.sort_rank, case.id.clone())))
}

/// Walks one stretch of the index.
fn walk(
    rx: &mut Look<'_>,
    sight: &Sight<'_>,
    queues: &[Queue],
    state: Option<State>,
    limit: Limit,
) -> Result<Vec<Case>> {
    let Sight { who, filter, after } = *sight;
    let (from, to) = filter.ranks();
    let build = |limit| {
        let mut query = table::table
            .filter(table::mode.eq(filter.mode))
            .filter(table::sort_rank.ge(from.max(after.map_or(0, |place| place.0))).and(table::sort_rank.lt(to)))
            .filter(diesel::dsl::not(access::walled(&who.id)))
            .order((table::sort_rank, table::id))
            .limit(limit)
            .into_boxed();
        query = match queues {
            [queue] if filter.assigned_to.is_none() => query.filter(table::queue.eq(*queue)),
            queues => query.filter(table::queue.eq_any(queues.to_vec()).or(stands_in(queues))),
        };
        if let Some(Place(rank, id)) = after {
            // Together with the bound above: what lies behind the mark. Said without an OR, which cost SQLite a fifth of
            // a page's time when it was measured.
            query = query.filter(diesel::dsl::not(table::sort_rank.eq(*rank).and(table::id.le(id))));
        }
        if let Some(state) = state.or(filter.state) {
            query = query.filter(table::state.eq(state));
        } else {
            query = query.filter(table::state.ne(State::Closed));
        }
        match &filter.assigned_to {
            Some(holder) => query.filter(table::assigned_to.eq(holder)),
            None => query,
        }
    };
    match build(limit.with_probe()).select(Case::as_select()).load(rx.conn()) {
        Err(DieselError::DeserializationError(_)) => {
            whole(rx, limit, |rx, limit| build(limit).select(table::id).load(rx.conn()))
        }
        rows => Ok(rows?),
    }
}

/// A page's cases where one of them cannot be read: it hides no other. `ids` finds so many of those that stand there.
fn whole(
    rx: &mut Look<'_>,
    limit: Limit,
    ids: impl Fn(&mut Look<'_>, i64) -> QueryResult<Vec<Perhaps<CaseId>>>,
) -> Result<Vec<Case>> {
    let mut asked = limit.with_probe();
    loop {
        let found = ids(rx, asked)?;
        let is_all = i64::try_from(found.len()).is_ok_and(|count| count < asked);
        let rows = case::readable(rx, &readable(found))?;
        if is_all || rows.len() > limit.get() {
            return Ok(rows);
        }
        asked = asked.saturating_mul(4);
    }
}

/// Walks one stretch of the cases that stand in the queue besides their own.
fn walk_others(rx: &mut Look<'_>, sight: &Sight<'_>, queue: Queue, state: State, limit: Limit) -> Result<Vec<Case>> {
    use case_queues as other;
    let Sight { who, filter, after } = *sight;
    let (from, to) = filter.ranks();
    let from = from.max(after.map_or(0, |place| place.0));
    let build = |limit| {
        let query = other::table
            .inner_join(table::table)
            .filter(other::mode.eq(filter.mode).and(other::queue.eq(queue)).and(other::state.eq(state)))
            .filter(other::sort_rank.ge(from).and(other::sort_rank.lt(to)))
            .filter(diesel::dsl::not(access::walled(&who.id)))
            .order((other::sort_rank, other::case_id))
            .limit(limit)
            .into_boxed();
        match after {
            Some(Place(rank, id)) => {
                query.filter(diesel::dsl::not(other::sort_rank.eq(*rank).and(other::case_id.le(id))))
            }
            None => query,
        }
    };
    match build(limit.with_probe()).select(Case::as_select()).load(rx.conn()) {
        Err(DieselError::DeserializationError(_)) => {
            whole(rx, limit, |rx, limit| build(limit).select(table::id).load(rx.conn()))
        }
        rows => Ok(rows?),
    }
}

/// Whether any case stands in more than one queue.
fn any_other(rx: &mut Look<'_>, mode: Mode) -> Result<bool> {
    let first = case_queues::table.filter(case_queues::mode.eq(mode)).select(case_queues::case_id);
    Ok(first.first::<Perhaps<CaseId>>(rx.conn()).optional()?.is_some())
}

/// Whether the case of the row stands in one of the queues besides its own.
#[diesel::dsl::auto_type(no_type_alias)]
fn stands_in(queues: &[Queue]) -> _ {
    let queues: Vec<Queue> = queues.to_vec();
    diesel::dsl::exists(
        case_queues::table.filter(case_queues::case_id.eq(table::id)).filter(case_queues::queue.eq_any(queues)),
    )
}

/// Whether the person may take the case of the row: nobody holds it, and it is kept for nobody else.
#[diesel::dsl::auto_type(no_type_alias)]
fn free(who: &Acting, now: Timestamp) -> _ {
    let id: StaffId = who.id.clone();
    let unclaimed = table::claimed_until.is_null().or(table::claimed_until.le(now));
    let unreserved = table::reserved_until.is_null().or(table::reserved_until.le(now)).or(table::assigned_to.eq(id));
    unclaimed.and(unreserved)
}

/// Takes the most urgent case of the queue that nobody holds; nothing when there is none.
///
/// # Errors
/// As [`access::queue`].
pub fn claim(tx: &mut Unit<'_>, who: &Acting, queue: Queue, mode: Mode) -> Result<Option<Case>> {
    access::queue(who, queue, Act::Claim)?;
    let others = any_other(tx, mode)?;
    let mut stretches = Vec::new();
    for state in [State::Received, State::InReview] {
        stretches.push(Stretch { queue, mode, state, from: i64::MIN, first: first_free });
        if others {
            stretches.push(Stretch { queue, mode, state, from: i64::MIN, first: first_other });
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

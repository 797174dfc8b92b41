//! Lists of cases, in pages.

use diesel::prelude::*;
use diesel::result::Error as DieselError;
use diesel::sql_types::Bool;
use serde::{Deserialize, Serialize};

use super::{any_other, free, reference, stands_in};
use crate::base::id::{CaseId, StaffId};
use crate::base::page::{Limit, Page, read_cursor};
use crate::base::time::Timestamp;
use crate::db::among::{Among, Search};
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::case_queues as other;
use crate::db::schema::cases as table;
use crate::db::written::written;
use crate::domain::access::{self, Act, Acting};
use crate::domain::case;
use crate::domain::case::{Case, State};
use crate::domain::terms::Mode;
use crate::domain::terms::taxonomy::CategoryCode;
use crate::domain::triage::{Priority, Queue};
use crate::domain::unit::Look;
use crate::error::rules::Parameter;
use crate::error::{Error, Forbidden, Refused, Result};

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
    /// What the first report is about.
    pub category: Option<CategoryCode>,
    /// One person's, or nobody's.
    pub assigned_to: Option<Holder>,
    /// The cases of a platform's reference.
    pub platform_report_ref: Option<String>,
}

/// Whose cases a list shall hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// What is free for the person to take: nobody holds it, it is kept for nobody else, and it neither is on hold nor waits.
    Nobody,
    /// One person's.
    One(StaffId),
}

impl Holder {
    fn name(&self) -> &str {
        match self {
            Self::Nobody => "nobody",
            Self::One(id) => id.as_str(),
        }
    }
}

impl Filter {
    /// The list's name in its cursors: a cursor continues the list it came from and no other.
    fn name(&self) -> String {
        let queue = self.queue.map_or("", Queue::as_str);
        let state = self.state.map_or("", State::as_str);
        let priority = self.priority.map_or("", Priority::as_str);
        let category = self.category.map_or("", CategoryCode::as_str);
        let holder = self.assigned_to.as_ref().map_or("", Holder::name);
        let reference = self.platform_report_ref.as_deref().unwrap_or_default();
        format!("cases|{}|{queue}|{state}|{priority}|{category}|{holder}|{reference}", self.mode.as_str())
    }

    /// The ranks of the wanted priority, from and up to.
    pub(super) fn ranks(&self) -> (i64, i64) {
        let Some(priority) = self.priority else { return (0, i64::MAX) };
        let below = Priority::from_level(priority.level() + 1);
        let end = below.map_or(i64::MAX, |next| case::sort_rank(next, Timestamp::from_micros(0)));
        (case::sort_rank(priority, Timestamp::from_micros(0)), end)
    }

    /// The states that are walked one by one; nothing where all open ones are one walk.
    fn states(&self) -> Option<Vec<State>> {
        let wanted = |state: &State| self.state.is_none_or(|one| one == *state);
        let all = State::ALL.iter().copied().filter(wanted);
        match (&self.assigned_to, self.state, self.category) {
            (Some(Holder::Nobody), _, _) => Some(all.filter(|state| state.is_claimable()).collect()),
            // The index of categories has the states before the order, so that the closed ones have it too.
            (_, None, Some(_)) => Some(all.filter(|state| state.is_open()).collect()),
            (_, Some(_), _) => Some(all.collect()),
            (_, None, None) => None,
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place(i64, CaseId);

/// Which cases a page has: those that the person sees, that the filter wants, behind the mark.
struct Sight<'a> {
    who: &'a Acting,
    filter: &'a Filter,
    after: Option<&'a Place>,
    now: Timestamp,
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
        return Err(Error::Forbidden(Forbidden::Role));
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
    let sight = Sight { who, filter, after: after.as_ref(), now: rx.now() };
    let mut rows = if let Some(reference) = &filter.platform_report_ref {
        let mut rows = reference::of_reference(rx, who, filter, &queues, reference)?;
        rows.retain(|case| after.as_ref().is_none_or(|p| (case.sort_rank, &case.id) > (p.0, &p.1)));
        rows
    } else if let Some(Holder::One(holder)) = &filter.assigned_to {
        of_holder(rx, &sight, holder, &queues, limit)?
    } else {
        of_queues(rx, &sight, &queues, limit)?
    };
    rows.sort_by(|a, b| (a.sort_rank, &a.id).cmp(&(b.sort_rank, &b.id)));
    Ok(Page::cut(rows, limit, &name, |case| Place(case.sort_rank, case.id.clone())))
}

/// Walks the cases of one person.
fn of_holder(
    rx: &mut Look<'_>,
    sight: &Sight<'_>,
    holder: &StaffId,
    queues: &[Queue],
    limit: Limit,
) -> Result<Vec<Case>> {
    let Sight { who, filter, after, .. } = *sight;
    let (from, to) = filter.ranks();
    let build = |limit| {
        let mut query = table::table
            .filter(table::mode.eq(filter.mode).and(table::assigned_to.eq(holder)))
            .filter(table::sort_rank.ge(from.max(after.map_or(0, |place| place.0))).and(table::sort_rank.lt(to)))
            .filter(table::queue.eq_any(queues.to_vec()).or(stands_in(queues)))
            .filter(diesel::dsl::not(access::walled(&who.id)))
            .order((table::sort_rank, table::id))
            .limit(limit)
            .into_boxed();
        if let Some(Place(rank, id)) = after {
            query = query.filter(diesel::dsl::not(table::sort_rank.eq(*rank).and(table::id.le(id))));
        }
        if let Some(category) = filter.category {
            query = query.filter(table::category.eq(category));
        }
        match filter.state {
            Some(state) => query.filter(table::state.eq(state)),
            None => query.filter(table::state.ne(State::Closed)),
        }
    };
    match build(limit.with_probe()).select(Case::as_select()).load(rx.conn()) {
        Err(DieselError::DeserializationError(_)) => {
            whole(rx, limit, |rx, limit| build(limit).select(table::id).load(rx.conn()))
        }
        rows => Ok(rows?),
    }
}

/// Walks the queues, all in one statement: what is found in one is not shown by what is written a moment later.
fn of_queues(rx: &mut Look<'_>, sight: &Sight<'_>, queues: &[Queue], limit: Limit) -> Result<Vec<Case>> {
    let others = any_other(rx, sight.filter.mode)?;
    let states = sight.filter.states().map_or_else(|| vec![None], |some| some.into_iter().map(Some).collect());
    let build = |limit| {
        let mut searches: Vec<Search> = Vec::new();
        for queue in queues.iter().copied() {
            for state in states.iter().copied() {
                searches.push(walk(sight, queue, state, limit));
                if others {
                    searches.push(walk_others(sight, queue, state, limit));
                }
            }
        }
        let first = Among::first(searches, limit, others);
        table::table.filter(first).order((table::sort_rank, table::id)).limit(limit)
    };
    match build(limit.with_probe()).select(Case::as_select()).load(rx.conn()) {
        Err(DieselError::DeserializationError(_)) => {
            whole(rx, limit, |rx, limit| build(limit).select(table::id).load(rx.conn()))
        }
        rows => Ok(rows?),
    }
}

/// Walks one stretch of the index.
fn walk(sight: &Sight<'_>, queue: Queue, state: Option<State>, limit: i64) -> Search {
    let Sight { who, filter, after, now } = *sight;
    let (from, to) = filter.ranks();
    let mut query = table::table
        .filter(table::mode.eq(filter.mode).and(table::queue.eq(queue)))
        .filter(table::sort_rank.ge(from.max(after.map_or(0, |place| place.0))).and(table::sort_rank.lt(to)))
        .filter(diesel::dsl::not(access::walled(&who.id)))
        .order((table::sort_rank, table::id))
        .limit(limit)
        .select((table::id, table::sort_rank))
        .into_boxed();
    if let Some(Place(rank, id)) = after.cloned() {
        // Together with the bound above: what lies behind the mark. Said without an OR, which cost SQLite a fifth of
        // a page's time when it was measured.
        query = query.filter(diesel::dsl::not(table::sort_rank.eq(rank).and(table::id.le(id))));
    }
    query = match state {
        Some(state) => query.filter(table::state.eq(state)),
        // As the condition of the index stands: SQLite compares it with what is written, and sees no bound value.
        None => query.filter(written::<Bool>("cases.state <> 'closed'")),
    };
    match (filter.category, filter.assigned_to == Some(Holder::Nobody)) {
        (None, false) => {}
        (Some(category), false) => query = query.filter(table::category.eq(category)),
        (None, true) => query = query.filter(free(who, now)),
        (Some(category), true) => {
            // Asked of the row by its id: where the walk itself needs a row, SQLite takes the index without categories for
            // as good.
            let row = diesel::alias!(table as row);
            let (held, kept) = (row.field(table::claimed_until), row.field(table::reserved_until));
            let is_free = held.is_null().or(held.le(now));
            let is_theirs = kept.is_null().or(kept.le(now)).or(row.field(table::assigned_to).eq(who.id.clone()));
            let own = row.filter(row.field(table::id).eq(table::id)).filter(is_free).filter(is_theirs);
            query = query.filter(table::category.eq(category)).filter(diesel::dsl::exists(own));
        }
    }
    Box::new(query)
}

/// Walks one stretch of the cases that stand in the queue besides their own.
fn walk_others(sight: &Sight<'_>, queue: Queue, state: Option<State>, limit: i64) -> Search {
    let Sight { who, filter, after, now } = *sight;
    let (from, to) = filter.ranks();
    let mut query = other::table
        .inner_join(table::table)
        .filter(other::mode.eq(filter.mode).and(other::queue.eq(queue)))
        .filter(other::sort_rank.ge(from.max(after.map_or(0, |place| place.0))).and(other::sort_rank.lt(to)))
        .filter(diesel::dsl::not(access::walled(&who.id)))
        .order((other::sort_rank, other::case_id))
        .limit(limit)
        .select((table::id, table::sort_rank))
        .into_boxed();
    if let Some(Place(rank, id)) = after.cloned() {
        query = query.filter(diesel::dsl::not(other::sort_rank.eq(rank).and(other::case_id.le(id))));
    }
    query = match state {
        Some(state) => query.filter(other::state.eq(state)),
        None => query.filter(written::<Bool>("case_queues.state <> 'closed'")),
    };
    if let Some(category) = filter.category {
        query = query.filter(other::category.eq(category));
    }
    if filter.assigned_to == Some(Holder::Nobody) {
        query = query.filter(free(who, now));
    }
    Box::new(query)
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

//! Acts that wait for a second person, across cases.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde::Serialize;
use utoipa::ToSchema;

use super::stands_in;
use crate::base::id::{ActId, CaseId, StaffId};
use crate::base::page::{Limit, Page, read_cursor};
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{acts as table, cases};
use crate::db::written::written;
use crate::domain::access::{self, Act, Acting};
use crate::domain::case;
use crate::domain::case::Case;
use crate::domain::casework::acts::{ActKind, ActState, ActView, may_sign};
use crate::domain::casework::rights::Cause;
use crate::domain::people::staff;
use crate::domain::terms::Mode;
use crate::domain::triage::{Priority, Queue};
use crate::domain::unit::Look;
use crate::error::rules::Parameter;
use crate::error::{Error, Forbidden, Refused, Result};

/// An act in a list, with the case it is about. What it would do stands in the case.
#[derive(Serialize, ToSchema)]
pub struct ActSummary {
    /// The case.
    #[schema(value_type = String, example = "case_00000000000000000000000000")]
    pub case_id: CaseId,
    /// The queue that the case waits in.
    pub queue: Queue,
    /// Its priority now.
    pub priority: Priority,
    /// Whether you proposed it, by whichever of your accounts: then you may take it back while it waits.
    pub is_yours: bool,
    /// Whether it waits and you may sign it.
    pub may_sign: bool,
    /// The act.
    #[serde(flatten)]
    pub act: ActView,
}

/// Which acts a list has.
pub struct Wanted {
    /// Of real cases, or of trials.
    pub mode: Mode,
    /// In this state.
    pub state: ActState,
}

type Row = (ActId, CaseId, ActKind, StaffId, Timestamp, Option<Timestamp>, Option<StaffId>, Option<Cause>);

/// A row as it is read: what it is, and what came of it.
type Read = (
    (Perhaps<ActId>, Perhaps<CaseId>, Perhaps<ActKind>, Perhaps<StaffId>, Perhaps<Timestamp>),
    (Perhaps<Option<Timestamp>>, Perhaps<Option<StaffId>>, Perhaps<Option<Cause>>),
);

fn whole(read: Read) -> Option<Row> {
    let ((id, case, kind, by, at), (ended_at, decided_by, void_cause)) = read;
    Some((id.0?, case.0?, kind.0?, by.0?, at.0?, ended_at.0?, decided_by.0?, void_cause.0?))
}

/// A page of the acts in this state, of cases that the person sees, the oldest first. A row that cannot be read, or whose case
/// cannot, hides no other.
///
/// # Errors
/// `Parameter` for a cursor of another list; `Forbidden` for a role that sees no case.
pub fn acts(
    rx: &mut Look<'_>,
    who: &Acting,
    wanted: &Wanted,
    cursor: Option<&str>,
    limit: Limit,
) -> Result<Page<ActSummary>> {
    let Wanted { mode, state } = *wanted;
    if !access::may_ever(who.role, Act::Read) {
        return Err(Error::Forbidden(Forbidden::Role));
    }
    let name = format!("acts|{}|{}", mode.as_str(), state.as_str());
    // From the first of them, where there is no mark: a walk along the index begins somewhere.
    let mut from = (0_i64, None::<ActId>);
    if let Some(text) = cursor {
        let mark: (i64, ActId) =
            read_cursor(&name, text).ok_or(Refused::Parameter { name: "cursor", wanted: Parameter::Cursor })?;
        from = (mark.0, Some(mark.1));
    }
    let queues: Vec<Queue> = Queue::ALL.iter().copied().filter(|queue| access::sees(who, *queue)).collect();
    let load = |rx: &mut Look<'_>, limit: i64| -> Result<Vec<Read>> {
        let (at, after) = (Timestamp::from_micros(from.0), from.1.clone());
        let mut query = table::table
            .inner_join(cases::table)
            .filter(table::proposed_at.ge(at).and(cases::mode.eq(mode)))
            .filter(cases::queue.eq_any(queues.clone()).or(stands_in(&queues)))
            .filter(diesel::dsl::not(access::walled(&who.id)))
            .order((table::proposed_at, table::id))
            .limit(limit)
            .select((
                (table::id, table::case_id, table::kind, table::proposed_by, table::proposed_at),
                (table::decided_at, table::decided_by, table::void_cause),
            ))
            .into_boxed();
        query = if state == ActState::Pending {
            // As a literal: SQLite finds the index of those that wait by the words of its condition.
            query.filter(written::<Bool>(&format!("acts.state = '{}'", ActState::Pending.as_str())))
        } else {
            query.filter(table::state.eq(state))
        };
        if let Some(id) = after {
            query = query.filter(table::proposed_at.gt(at).or(table::id.gt(id)));
        }
        Ok(query.load(rx.conn())?)
    };
    let mut asked = limit.with_probe();
    let rows: Vec<Row> = loop {
        let read = load(rx, asked)?;
        let is_all = i64::try_from(read.len()).is_ok_and(|count| count < asked);
        let rows: Vec<Row> = read.into_iter().filter_map(whole).collect();
        if is_all || rows.len() > limit.get() {
            break rows;
        }
        asked = asked.saturating_mul(4);
    };
    let page = Page::cut(rows, limit, &name, |row| (row.4.micros(), row.0.clone()));
    summaries(rx, who, state, page)
}

/// The entries of a page, each with what the person may do about it.
fn summaries(rx: &mut Look<'_>, who: &Acting, state: ActState, page: Page<Row>) -> Result<Page<ActSummary>> {
    let ids: Vec<CaseId> = page.data.iter().map(|row| row.1.clone()).collect();
    let cases: BTreeMap<CaseId, Case> =
        case::readable(rx, &ids)?.into_iter().map(|case| (case.id.clone(), case)).collect();
    let people: BTreeMap<StaffId, StaffId> =
        staff::list(rx)?.into_iter().map(|member| (member.id, member.person)).collect();
    let summary = |(id, case_id, kind, proposed_by, proposed_at, ended_at, decided_by, void_cause): Row| {
        let case = cases.get(&case_id)?;
        // What somebody proposed whose account is closed is void at this moment.
        let person = people.get(&proposed_by);
        let may_sign = state == ActState::Pending && person.is_some_and(|person| may_sign(who, case, person));
        let is_yours = person == Some(&who.person);
        let act =
            ActView { id, kind, state, proposed_by, proposed_at, proposal: None, ended_at, decided_by, void_cause };
        Some(ActSummary { queue: case.queue, priority: case.priority, is_yours, may_sign, act, case_id })
    };
    Ok(Page { data: page.data.into_iter().filter_map(summary).collect(), next: page.next })
}

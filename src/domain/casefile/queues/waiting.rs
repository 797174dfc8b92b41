//! Acts that wait for a second person, across cases.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::stands_in;
use crate::base::id::{ActId, CaseId, StaffId};
use crate::base::page::{Limit, Page, read_cursor};
use crate::base::time::Timestamp;
use crate::db::schema::{acts as table, cases};
use crate::domain::access::{self, Act, Acting};
use crate::domain::casework::acts::{ActKind, ActState, ActView};
use crate::domain::casework::rights::Cause;
use crate::domain::terms::Mode;
use crate::domain::triage::Queue;
use crate::domain::unit::Look;
use crate::error::rules::Parameter;
use crate::error::{Error, Forbidden, Refused, Result};

/// An act in a list, with the case it is about. What it would do stands in the case.
#[derive(Serialize, ToSchema)]
pub struct ActSummary {
    /// The case.
    #[schema(value_type = String, example = "case_00000000000000000000000000")]
    pub case_id: CaseId,
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

/// A page of the acts in this state, of cases that the person sees, the oldest first.
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
    let queues: Vec<Queue> = Queue::ALL.iter().copied().filter(|queue| access::sees(who, *queue)).collect();
    let mut query = table::table
        .inner_join(cases::table)
        .filter(table::state.eq(state).and(cases::mode.eq(mode)))
        .filter(cases::queue.eq_any(queues.clone()).or(stands_in(&queues)))
        .filter(diesel::dsl::not(access::walled(&who.id)))
        .order((table::proposed_at, table::id))
        .limit(limit.with_probe())
        .select((
            table::id,
            table::case_id,
            table::kind,
            table::proposed_by,
            table::proposed_at,
            table::decided_at,
            table::decided_by,
            table::void_cause,
        ))
        .into_boxed();
    if let Some(text) = cursor {
        let (at, id): (i64, ActId) =
            read_cursor(&name, text).ok_or(Refused::Parameter { name: "cursor", wanted: Parameter::Cursor })?;
        let at = Timestamp::from_micros(at);
        query = query.filter(table::proposed_at.ge(at).and(table::proposed_at.gt(at).or(table::id.gt(id))));
    }
    let rows: Vec<Row> = query.load(rx.conn())?;
    let page = Page::cut(rows, limit, &name, |row| (row.4.micros(), row.0.clone()));
    Ok(page.map(|(id, case_id, kind, proposed_by, proposed_at, ended_at, decided_by, void_cause)| ActSummary {
        case_id,
        act: ActView { id, kind, state, proposed_by, proposed_at, proposal: None, ended_at, decided_by, void_cause },
    }))
}

//! The cases of a platform's reference.

use diesel::prelude::*;

use super::{Filter, Holder, stands_in};
use crate::base::id::CaseId;
use crate::db::perhaps::readable;
use crate::db::schema::cases as table;
use crate::db::schema::reports;
use crate::domain::access::{self, Acting};
use crate::domain::case;
use crate::domain::case::Case;
use crate::domain::triage::Queue;
use crate::domain::unit::Look;
use crate::error::Result;

/// The cases of a platform's reference: a handful at the most.
pub(super) fn of_reference(
    rx: &mut Look<'_>,
    who: &Acting,
    filter: &Filter,
    queues: &[Queue],
    text: &str,
) -> Result<Vec<Case>> {
    let of_reports = reports::table
        .filter(reports::platform_report_ref.eq(text).and(reports::mode.eq(filter.mode)))
        .select(reports::case_id);
    // In one statement: how many were found before queues and walls were looked at must not be what takes time.
    let seen = table::table
        .filter(table::id.eq_any(of_reports))
        .filter(table::queue.eq_any(queues.to_vec()).or(stands_in(queues)))
        .filter(diesel::dsl::not(access::walled(&who.id)));
    let ids: Vec<CaseId> = readable(seen.select(table::id).limit(1_000).load(rx.conn())?);
    let rows = case::readable(rx, &ids)?;
    let (from, to) = filter.ranks();
    let now = rx.now();
    let is_whose = |case: &Case| match &filter.assigned_to {
        None => true,
        Some(Holder::One(id)) => case.assigned_to.as_ref() == Some(id),
        Some(Holder::Nobody) => case.is_free_for(&who.id, now),
    };
    let wanted = |case: &Case| {
        case.queues().iter().any(|queue| queues.contains(queue))
            && filter.state.is_none_or(|state| case.state == state)
            && (from..to).contains(&case.sort_rank)
            && filter.category.is_none_or(|category| case.category == category)
            && is_whose(case)
    };
    Ok(rows.into_iter().filter(wanted).collect())
}

//! The cases that people linked with one.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::stands_in;
use crate::base::id::CaseId;
use crate::db::perhaps::readable;
use crate::db::schema::{case_links, cases};
use crate::domain::access::{self, Acting};
use crate::domain::triage::Queue;
use crate::domain::unit::Look;
use crate::error::Result;

/// So many links of a case are shown.
const SHOWN: i64 = 100;

/// The cases linked with this one that the person may know of: the first of them. In one statement, as in
/// [`super::reference::of_reference`]: a link that is left out must not be what takes time.
pub(in crate::domain::casefile) fn linked(rx: &mut Look<'_>, case: &CaseId, who: &Acting) -> Result<Vec<CaseId>> {
    let queues: Vec<Queue> = Queue::ALL.iter().copied().filter(|queue| access::sees(who, *queue)).collect();
    let seen = case_links::table
        .inner_join(cases::table.on(cases::id.eq(case_links::other_id)))
        .filter(case_links::case_id.eq(case))
        .filter(cases::queue.eq_any(queues.clone()).or(stands_in(&queues)))
        .filter(diesel::dsl::not(access::walled(&who.id)))
        .order((case_links::linked_at, case_links::other_id))
        .limit(SHOWN)
        .select(case_links::other_id);
    let seen = readable(seen.load(rx.conn())?);
    // Of those that are shown, whether their names are as they were written down.
    who.walls().leave(rx, seen)
}

/// Whether these, as [`linked`] gives them, are all that the person may know of.
pub(in crate::domain::casefile) fn are_all(links: &[CaseId]) -> bool {
    i64::try_from(links.len()).is_ok_and(|count| count < SHOWN)
}

/// Those of the cases that the person may know of, whatever they are linked with. In one statement, as above.
pub(in crate::domain::casefile) fn known(rx: &mut Look<'_>, ids: &[CaseId], who: &Acting) -> Result<BTreeSet<CaseId>> {
    let queues: Vec<Queue> = Queue::ALL.iter().copied().filter(|queue| access::sees(who, *queue)).collect();
    let seen = cases::table
        .filter(cases::id.eq_any(ids.to_vec()))
        .filter(cases::queue.eq_any(queues.clone()).or(stands_in(&queues)))
        .filter(diesel::dsl::not(access::walled(&who.id)))
        .select(cases::id);
    let seen = readable(seen.load(rx.conn())?);
    Ok(who.walls().leave(rx, seen)?.into_iter().collect())
}

//! How many clocks have passed, for the operator's monitoring.

use diesel::prelude::*;

use crate::db::perhaps::Perhaps;
use crate::db::schema::clocks;
use crate::domain::unit::Look;
use crate::error::Result;

/// Mode, queue, and how many clocks have passed there. What cannot be read hides no other.
pub type Breaches = (Perhaps<String>, Perhaps<String>, i64);

/// How many running clocks of open cases have passed, by mode and queue: a row for the cases' own queues, and one for those
/// that they stand in besides. Both as text: a case that cannot be read hides no other.
pub fn breaches(rx: &mut Look<'_>) -> Result<Vec<Breaches>> {
    use crate::db::schema::{case_queues as other, cases};
    let mut all: Vec<Breaches> = clocks::table
        .inner_join(cases::table.on(cases::id.eq(clocks::case_id)))
        .filter(clocks::met_at.is_null().and(clocks::stopped_at.is_null()).and(clocks::due_at.lt(rx.now())))
        .filter(cases::state.ne(crate::domain::case::State::Closed))
        .group_by((cases::mode, cases::queue))
        .select((cases::mode, cases::queue, diesel::dsl::count_star()))
        .load(rx.conn())?;
    let besides: Vec<Breaches> = clocks::table
        .inner_join(other::table.on(other::case_id.eq(clocks::case_id)))
        .filter(clocks::met_at.is_null().and(clocks::stopped_at.is_null()).and(clocks::due_at.lt(rx.now())))
        .filter(other::state.ne(crate::domain::case::State::Closed))
        .group_by((other::mode, other::queue))
        .select((other::mode, other::queue, diesel::dsl::count_star()))
        .load(rx.conn())?;
    all.extend(besides);
    Ok(all)
}

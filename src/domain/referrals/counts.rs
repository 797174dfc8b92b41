//! What the operator watches of hand-overs, of real life alone. Only those that have not ended are looked at, however many there are.

use diesel::dsl::min;
use diesel::prelude::*;

use super::notices::Notice;
use super::state::State;
use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{clocks, referrals as table};
use crate::domain::terms::Mode;
use crate::domain::unit::Look;
use crate::error::Result;

/// How hand-overs stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// How many stand where, of those that have not ended; how many are `late`, and of how many a mail was `not_delivered`.
    pub by_state: Vec<(&'static str, i64)>,
    /// Since when the oldest is drafted that no service has accepted.
    pub oldest: Option<Timestamp>,
}

/// Counts them.
///
/// # Errors
/// What the database says.
pub fn count(rx: &mut Look<'_>) -> Result<Waiting> {
    let now = rx.now();
    let mut by_state = Vec::new();
    let mut oldest: Option<Timestamp> = None;
    for state in State::ALL.iter().copied().filter(|state| !state.has_ended()) {
        let there = table::table.filter(table::state.eq(state).and(table::mode.eq(Mode::Live)));
        by_state.push((state.as_str(), there.count().get_result(rx.conn())?));
        if state.is_open() {
            let first: Perhaps<Option<Timestamp>> = there.select(min(table::made_at)).first(rx.conn())?;
            oldest = [oldest, first.0.flatten()].into_iter().flatten().min();
        }
    }
    let late = clocks::table
        .inner_join(table::table.on(clocks::referral_id.eq(table::id.nullable())))
        .filter(clocks::met_at.is_null().and(clocks::stopped_at.is_null()).and(clocks::due_at.lt(now)))
        .filter(table::mode.eq(Mode::Live));
    by_state.push(("late", late.count().get_result(rx.conn())?));
    let living: Vec<State> = State::ALL.iter().copied().filter(|state| !state.has_ended()).collect();
    let not_delivered = table::table.filter(
        table::notice.eq(Notice::NotDelivered).and(table::state.eq_any(living)).and(table::mode.eq(Mode::Live)),
    );
    by_state.push((Notice::NotDelivered.as_str(), not_delivered.count().get_result(rx.conn())?));
    Ok(Waiting { by_state, oldest })
}

//! How full the queues are, as a job counts them.

use diesel::prelude::*;

use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{case_queues, cases as table, queue_counts};
use crate::domain::access::{self, Act, Acting};
use crate::domain::case;
use crate::domain::case::State;
use crate::domain::terms::Mode;
use crate::domain::triage::Queue;
use crate::domain::unit::{Look, Unit};
use crate::error::{Error, Forbidden, Result};

/// What waits in a queue, as a job last counted it.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = queue_counts, treat_none_as_null = true)]
pub struct Count {
    /// Trial or real life.
    pub mode: Mode,
    /// The queue.
    pub queue: Queue,
    /// How many open cases.
    pub depth: i64,
    /// When the oldest of them came in.
    pub oldest_at: Option<Timestamp>,
    /// How many of their clocks have passed.
    pub breaches: i64,
    /// When this was counted.
    pub as_of: Timestamp,
}

/// The counts of the queues that the person sees.
///
/// # Errors
/// `Forbidden` for a role without queues.
pub fn counts(rx: &mut Look<'_>, who: &Acting, mode: Mode) -> Result<Vec<Count>> {
    if !access::may_ever(who.role, Act::Read) {
        return Err(Error::Forbidden(Forbidden::Role));
    }
    let counted: Vec<Count> =
        queue_counts::table.filter(queue_counts::mode.eq(mode)).select(Count::as_select()).load(rx.conn())?;
    let as_of = rx.now();
    let of = |queue: Queue| {
        let found = counted.iter().find(|count| count.queue == queue).cloned();
        found.unwrap_or(Count { mode, queue, depth: 0, oldest_at: None, breaches: 0, as_of })
    };
    Ok(Queue::ALL.iter().copied().filter(|queue| access::sees(who, *queue)).map(of).collect())
}

/// Counts all queues. A case counts in each that it stands in. Reads only; [`write_counts`] writes the result down.
pub fn count(rx: &mut Look<'_>) -> Result<Vec<Count>> {
    type Row = (Perhaps<String>, Perhaps<String>, i64, Option<Timestamp>);
    let rows: Vec<Row> = table::table
        .filter(table::state.ne(State::Closed))
        .group_by((table::mode, table::queue))
        .select((table::mode, table::queue, diesel::dsl::count_star(), diesel::dsl::min(table::received_at)))
        .load(rx.conn())?;
    let also: Vec<Row> = case_queues::table
        .inner_join(table::table)
        .filter(case_queues::state.ne(State::Closed))
        .group_by((case_queues::mode, case_queues::queue))
        .select((
            case_queues::mode,
            case_queues::queue,
            diesel::dsl::count_star(),
            diesel::dsl::min(table::received_at),
        ))
        .load(rx.conn())?;
    let rows: Vec<Row> = rows.into_iter().chain(also).collect();
    let breaches = case::clocks::breaches(rx)?;
    let as_of = rx.now();
    let mut counts = Vec::new();
    for mode in Mode::ALL.iter().copied() {
        for queue in Queue::ALL.iter().copied() {
            let is = |row_mode: &Perhaps<String>, row_queue: &Perhaps<String>| {
                row_mode.0.as_deref() == Some(mode.as_str()) && row_queue.0.as_deref() == Some(queue.as_str())
            };
            let of_rows = || rows.iter().filter(|row| is(&row.0, &row.1));
            let broken = breaches.iter().filter(|row| is(&row.0, &row.1));
            counts.push(Count {
                mode,
                queue,
                depth: of_rows().map(|row| row.2).sum(),
                oldest_at: of_rows().filter_map(|row| row.3).min(),
                breaches: broken.map(|row| row.2).sum(),
                as_of,
            });
        }
    }
    Ok(counts)
}

/// Writes counts down.
pub fn write_counts(tx: &mut Unit<'_>, counts: &[Count]) -> Result<()> {
    for count in counts {
        let changed =
            diesel::update(queue_counts::table.find((count.mode, count.queue))).set(count).execute(tx.conn())?;
        if changed == 0 {
            crate::db::dialect::native!(tx.conn(), |c| diesel::insert_into(queue_counts::table)
                .values(count)
                .on_conflict_do_nothing()
                .execute(c))?;
        }
    }
    Ok(())
}

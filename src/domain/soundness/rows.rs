//! Rows without their owner, and cases that contradict their clocks.

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::Finding;
use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::db::Rx;
use crate::db::dialect::native;
use crate::db::schema::{cases, clocks};
use crate::domain::cases::{Case, State, clocks::Clock, clocks::next_due, sort_rank};
use crate::error::Result;

/// A column that names an owner in another table, and what names its row: `table, id, column, owner`.
const OWNED: [(&str, &str, &str, &str); 41] = [
    ("reports", "id", "case_id", "cases"),
    ("reports", "id", "platform_id", "platforms"),
    ("cases", "id", "platform_id", "platforms"),
    ("cases", "id", "assigned_to", "staff"),
    ("additions", "id", "case_id", "cases"),
    ("additions", "id", "report_id", "reports"),
    ("left_out", "source", "case_id", "cases"),
    ("left_out", "source", "source", "reports, additions"),
    ("assessments", "id", "case_id", "cases"),
    ("clocks", "id", "case_id", "cases"),
    ("clocks", "id", "request_id", "requests"),
    ("clocks", "id", "report_id", "reports"),
    ("notes", "id", "case_id", "cases"),
    ("acts", "id", "case_id", "cases"),
    ("requests", "id", "case_id", "cases"),
    ("requests", "id", "report_id", "reports"),
    ("alarms", "id", "case_id", "cases"),
    ("unseen_cases", "case_id", "case_id", "cases"),
    ("case_queues", "case_id", "case_id", "cases"),
    ("case_links", "case_id", "case_id", "cases"),
    ("case_links", "case_id", "other_id", "cases"),
    ("blind_indexes", "case_id", "case_id", "cases"),
    ("late_matches", "case_id", "case_id", "cases"),
    ("late_matches", "case_id", "other_id", "cases"),
    ("events", "id", "platform_id", "platforms"),
    ("events", "id", "report_id", "reports"),
    ("events", "id", "request_id", "requests"),
    ("platform_clients", "id", "platform_id", "platforms"),
    ("staff_sessions", "id", "staff_id", "staff"),
    ("staff_identifiers", "staff_id", "staff_id", "staff"),
    ("staff_identifiers", "staff_id", "declaration_id", "declarations"),
    ("declarations", "id", "staff_id", "staff"),
    ("shifts", "id", "staff_id", "staff"),
    ("webhook_endpoints", "id", "platform_id", "platforms"),
    ("webhook_secrets", "id", "endpoint_id", "webhook_endpoints"),
    ("deliveries", "id", "endpoint_id", "webhook_endpoints"),
    ("idempotency", "owner", "owner", "cases, platforms, staff"),
    ("key_wraps", "owner", "owner", "cases, platforms, staff, editions"),
    ("forwards", "case_id", "case_id", "cases"),
    ("edition_builds", "edition_id", "edition_id", "editions"),
    ("audit_events", "chain", "chain", "cases, platforms, staff"),
];

/// As many rows of one kind as are named. There is no use in a list that nobody reads to its end.
const NAMED: usize = 100;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    id: String,
}

/// Rows whose owner exists nowhere.
///
/// # Errors
/// What the database says.
pub fn orphans(rx: &mut Rx<'_>) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for (table, id, column, owners) in OWNED {
        // Names from the list above, and nothing else, stand in the statement.
        let nowhere: Vec<String> = owners
            .split(", ")
            .map(|owner| {
                // The key of a replacement is made with its edition, before there is any.
                let next = if owner == "editions" { format!(" OR p.id || '-r' = c.{column}") } else { String::new() };
                format!("NOT EXISTS (SELECT 1 FROM {owner} p WHERE p.id = c.{column}{next})")
            })
            .collect();
        let statement = format!(
            "SELECT DISTINCT c.{id} AS id FROM {table} c WHERE c.{column} IS NOT NULL AND {} ORDER BY 1 LIMIT {NAMED}",
            nowhere.join(" AND ")
        );
        let rows: Vec<Row> = native!(rx.conn(), |c| diesel::sql_query(statement).load(c))?;
        found.extend(rows.into_iter().map(|row| Finding {
            code: "orphan",
            table,
            id: row.id,
            detail: "its owner is gone: somebody changed rows outside the service; compare with a backup",
        }));
    }
    Ok(found)
}

/// Cases after `after`, in order of their ids, that contradict their clocks, their holder or their state; and the last
/// case that was looked at.
///
/// # Errors
/// What the database says.
pub fn contradictions(rx: &mut Rx<'_>, after: &str, limit: i64) -> Result<(Vec<Finding>, Option<String>)> {
    let some: Vec<Case> = cases::table
        .filter(cases::id.gt(after))
        .order(cases::id)
        .limit(limit)
        .select(Case::as_select())
        .load(rx.conn())?;
    let ids: Vec<&CaseId> = some.iter().map(|case| &case.id).collect();
    let all: Vec<(CaseId, Clock)> = clocks::table
        .filter(clocks::case_id.eq_any(ids))
        .select((clocks::case_id, Clock::as_select()))
        .load(rx.conn())?;
    let mut found = Vec::new();
    for case in &some {
        let own: Vec<Clock> = all.iter().filter(|(id, _)| *id == case.id).map(|(_, clock)| clock.clone()).collect();
        let wrong = wrongs(case, &own, rx.now()).into_iter().filter(|(holds, _, _)| *holds);
        found.extend(wrong.map(|(_, code, detail)| Finding { code, table: "cases", id: case.id.to_string(), detail }));
    }
    Ok((found, some.last().map(|case| case.id.to_string())))
}

fn wrongs(case: &Case, own: &[Clock], now: Timestamp) -> [(bool, &'static str, &'static str); 5] {
    let open = case.state != State::Closed;
    let claimed = case.claimed_until.is_some_and(|until| until > now);
    let out_of_place =
        case.next_due_at != next_due(own) || case.sort_rank != sort_rank(case.priority, case.next_due_at);
    [
        (
            open && !own.iter().any(Clock::runs),
            "no_clock",
            "the case is open and nothing in it is ever due: take it by hand, and write a note with a re-review",
        ),
        (
            out_of_place,
            "out_of_place",
            "its place in the queue is not what its clocks and its priority say: take it by hand; any change mends it",
        ),
        (
            claimed && case.assigned_to.is_none(),
            "claim_without_holder",
            "nobody holds the claim that keeps others off: it ends by itself; look at the case then",
        ),
        (
            open == case.closed_at.is_some(),
            "state_contradicts",
            "its state and the time of its end contradict each other: compare its audit chain with a backup",
        ),
        (
            (case.state == State::OnHold) != case.held_until.is_some(),
            "hold_contradicts",
            "it is on hold without an end, or has an end without being on hold: resume or hold it again",
        ),
    ]
}

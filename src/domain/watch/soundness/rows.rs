//! Rows that nobody can read, and rows without their owner.

use diesel::prelude::*;

use super::{Finding, NAMED, Row};
use crate::db::dialect::native;
use crate::db::readable;
use crate::domain::unit::Look;
use crate::error::Result;

/// A column that names an owner in another table, and what names its row: `table, id, column, owner`.
const OWNED: [(&str, &str, &str, &str); 46] = [
    ("reports", "id", "case_id", "cases"),
    ("reports", "id", "platform_id", "platforms"),
    ("cases", "id", "platform_id", "platforms"),
    ("cases", "id", "assigned_to", "staff"),
    ("cases", "id", "lowering_act", "acts"),
    ("additions", "id", "case_id", "cases"),
    ("additions", "id", "report_id", "reports"),
    ("left_out", "source", "case_id", "cases"),
    ("left_out", "source", "source", "reports, additions"),
    ("assessments", "id", "case_id", "cases"),
    ("clocks", "id", "case_id", "cases"),
    ("clocks", "id", "request_id", "requests"),
    ("clocks", "id", "report_id", "reports"),
    ("notes", "id", "case_id", "cases"),
    ("notes", "id", "author", "staff"),
    ("acts", "id", "case_id", "cases"),
    ("acts", "id", "proposed_by", "staff"),
    ("acts", "id", "decided_by", "staff"),
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
    ("deliveries", "id", "event_id", "events"),
    ("idempotency", "owner", "owner", "cases, platforms, staff"),
    ("key_wraps", "owner", "owner", "cases, platforms, staff, editions"),
    ("forwards", "case_id", "case_id", "cases"),
    ("edition_builds", "edition_id", "edition_id", "editions"),
    ("audit_events", "chain", "chain", "cases, platforms, staff"),
];

/// Rows that nobody can read.
///
/// # Errors
/// What the database says.
pub fn unreadable(rx: &mut Look<'_>) -> Result<Vec<Finding>> {
    let detail = "the column holds what the service never writes there, so nothing can read the row, and nothing works on \
                  it: put the row back from a backup";
    let finding = |one: readable::Unreadable| Finding {
        code: "unreadable_row",
        table: one.table,
        id: format!("{} {}", one.row, one.column),
        detail,
    };
    Ok(readable::unreadable(rx, NAMED)?.into_iter().map(finding).collect())
}

/// Rows whose owner exists nowhere.
///
/// # Errors
/// What the database says.
pub fn orphans(rx: &mut Look<'_>) -> Result<Vec<Finding>> {
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
        found.extend(rows.into_iter().filter_map(|row| row.id.0).map(|id| Finding {
            code: "orphan",
            table,
            id,
            detail: "its owner is gone: somebody changed rows outside the service; compare with a backup",
        }));
    }
    Ok(found)
}

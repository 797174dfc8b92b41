//! Columns that hold one of a closed list of codes. A word that is on no list cannot be read, and its row then stops what
//! reads it; here it is named.

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{Finding, NAMED};
use crate::db::dialect::native;
use crate::db::perhaps::Perhaps;
use crate::domain::case::clocks::ClockKind;
use crate::domain::case::report::{ReportOutcome, Status};
use crate::domain::case::{Outcome, PrioritySource, State};
use crate::domain::casework::Records;
use crate::domain::casework::acts::{ActKind, ActState};
use crate::domain::casework::requests::{Agreement, ReasonCode, RequestAction, RequestState, SubjectNotice};
use crate::domain::casework::rights::Cause;
use crate::domain::counting::FlowKind;
use crate::domain::intake::body::{DesiredOutcome, Relation};
use crate::domain::ledger::events::EventType;
use crate::domain::ledger::outbox;
use crate::domain::ledger::stumbles;
use crate::domain::paging::owed::Job;
use crate::domain::people::platforms;
use crate::domain::people::staff::Role;
use crate::domain::terms::Mode;
use crate::domain::terms::region::Region;
use crate::domain::terms::taxonomy::{Category, taxonomy};
use crate::domain::triage::{Priority, Queue};
use crate::domain::unit::Look;
use crate::domain::vault;
use crate::domain::webhooks::{DeliveryState, DisabledReason, EndpointState};
use crate::error::Result;

type Codes = Vec<&'static str>;

/// A table, what names a row of it, and its columns with the codes that each may hold.
type Table = (&'static str, &'static str, Vec<(&'static str, Codes)>);

/// The codes of a list.
fn all<T: Copy>(list: &[T], code: impl Fn(T) -> &'static str) -> Codes {
    list.iter().map(|value| code(*value)).collect()
}

fn mode() -> (&'static str, Codes) {
    ("mode", all(Mode::ALL, Mode::as_str))
}

fn category() -> (&'static str, Codes) {
    ("category", taxonomy().categories().iter().map(|category: &Category| category.code.as_str()).collect())
}

fn of_cases() -> Vec<Table> {
    let priorities = || all(&Priority::ALL, Priority::as_str);
    let case = vec![
        mode(),
        category(),
        ("state", all(State::ALL, State::as_str)),
        ("outcome", all(Outcome::ALL, Outcome::as_str)),
        ("queue", all(&Queue::ALL, Queue::as_str)),
        ("priority", priorities()),
        ("priority_source", all(PrioritySource::ALL, PrioritySource::as_str)),
        ("computed_priority", priorities()),
        ("raised_priority", priorities()),
        ("region", all(Region::ALL, Region::as_str)),
    ];
    let report = vec![
        mode(),
        category(),
        ("relation", all(Relation::ALL, Relation::as_str)),
        ("desired_outcome", all(DesiredOutcome::ALL, DesiredOutcome::as_str)),
        ("status", all(Status::ALL, Status::as_str)),
        ("outcome", all(ReportOutcome::ALL, ReportOutcome::as_str)),
    ];
    let request = vec![
        mode(),
        ("action", all(RequestAction::ALL, RequestAction::as_str)),
        ("state", all(RequestState::ALL, RequestState::as_str)),
        ("subject_notice", all(SubjectNotice::ALL, SubjectNotice::as_str)),
        ("agreement", all(Agreement::ALL, Agreement::as_str)),
        ("reason_code", all(ReasonCode::ALL, ReasonCode::as_str)),
    ];
    let act = vec![
        ("kind", all(ActKind::ALL, ActKind::as_str)),
        ("state", all(ActState::ALL, ActState::as_str)),
        ("void_cause", all(Cause::ALL, Cause::as_str)),
    ];
    vec![
        ("cases", "id", case),
        ("reports", "id", report),
        ("requests", "id", request),
        ("acts", "id", act),
        ("assessments", "id", vec![("priority", priorities())]),
        ("clocks", "id", vec![("kind", all(ClockKind::ALL, ClockKind::as_str))]),
        ("notes", "id", vec![("records", all(Records::ALL, Records::as_str))]),
        ("case_queues", "case_id", vec![mode(), ("queue", all(&Queue::ALL, Queue::as_str))]),
        ("flows", "case_id", vec![("flow", all(FlowKind::ALL, FlowKind::as_str))]),
    ]
}

fn of_the_others() -> Vec<Table> {
    let endpoint = vec![
        mode(),
        ("state", all(EndpointState::ALL, EndpointState::as_str)),
        ("disabled_reason", all(DisabledReason::ALL, DisabledReason::as_str)),
    ];
    vec![
        ("staff", "id", vec![("role", all(Role::ALL, Role::as_str))]),
        ("platform_clients", "id", vec![mode()]),
        ("events", "id", vec![mode(), ("type", all(&EventType::ALL, EventType::as_str))]),
        ("event_cursors", "platform_id", vec![mode()]),
        ("webhook_endpoints", "id", endpoint),
        ("deliveries", "id", vec![("state", all(DeliveryState::ALL, DeliveryState::as_str))]),
        ("key_wraps", "owner", vec![("scope", all(&vault::Scope::ALL, vault::Scope::as_str))]),
        ("stumbles", "row_id", vec![("reason", all(stumbles::Why::ALL, stumbles::Why::as_str))]),
        ("queue_counts", "queue", vec![mode(), ("queue", all(&Queue::ALL, Queue::as_str))]),
    ]
}

/// Columns that hold several codes of a list, one after the other.
fn lists() -> [(&'static str, &'static str, Codes); 4] {
    [
        ("cases", "also", all(&Queue::ALL, Queue::as_str)),
        ("staff", "queues", all(&Queue::ALL, Queue::as_str)),
        ("platform_clients", "scopes", all(platforms::Scope::ALL, platforms::Scope::as_str)),
        ("webhook_endpoints", "types", all(&EventType::ALL, EventType::as_str)),
    ]
}

#[derive(QueryableByName)]
struct Words {
    #[diesel(sql_type = Text)]
    id: Perhaps<String>,
    #[diesel(sql_type = Text)]
    words: Perhaps<String>,
}

impl Words {
    /// Both, where both can be read.
    fn both(self) -> Option<(String, String)> {
        self.id.0.zip(self.words.0)
    }
}

/// Rows with a word in a column that is on no list of codes.
///
/// # Errors
/// What the database says.
pub fn unknown_codes(rx: &mut Look<'_>) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for (table, id, columns) in of_cases().into_iter().chain(of_the_others()) {
        // Names and codes of the lists above, and nothing else, stand in the statement: one look at each table.
        let wrong = |(column, codes): &(&str, Codes)| format!("{column} NOT IN ('{}')", codes.join("', '"));
        let cases: Vec<String> = columns.iter().map(|of| format!("WHEN {} THEN '{}'", wrong(of), of.0)).collect();
        let any: Vec<String> = columns.iter().map(wrong).collect();
        let statement = format!(
            "SELECT DISTINCT {id} AS id, CASE {} END AS words FROM {table} WHERE {} ORDER BY 1 LIMIT {NAMED}",
            cases.join(" "),
            any.join(" OR ")
        );
        let rows: Vec<Words> = native!(rx.conn(), |c| diesel::sql_query(statement).load(c))?;
        found.extend(rows.into_iter().filter_map(Words::both).map(|(id, column)| unknown(table, &id, &column)));
    }
    for (table, column, codes) in lists() {
        let statement = format!("SELECT id, {column} AS words FROM {table} WHERE {column} IS NOT NULL ORDER BY 1");
        let rows: Vec<Words> = native!(rx.conn(), |c| diesel::sql_query(statement).load(c))?;
        let is_known = |word: &str| word.is_empty() || codes.contains(&word);
        let rows = rows.into_iter().filter_map(Words::both);
        let wrong = rows.filter(|(_, words)| !words.split([',', ' ']).all(is_known));
        found.extend(wrong.take(NAMED).map(|(id, _)| unknown(table, &id, column)));
    }
    found.extend(
        outbox::unreadable(rx, |payload| Job::read(payload).is_some(), NAMED)?
            .iter()
            .map(|id| unknown("outbox", id, "payload")),
    );
    Ok(found)
}

/// The row and the column are named, and not the word: it may be anything.
fn unknown(table: &'static str, id: &str, column: &str) -> Finding {
    let detail = "the column holds a word that this version does not know, so nothing can read the row: put the row back \
                  from a backup, or use the version that wrote it";
    Finding { code: "unknown_code", table, id: format!("{id} {column}"), detail }
}

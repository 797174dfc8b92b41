//! Cases by the million, written past the service: of twenty one is open. Each has what the service wrote of one that it
//! opened itself, and no two have the same names.

use diesel::sql_types::Text;
use diesel::{Connection as _, prelude::*};
use recourse::db::Place;
use recourse::domain::triage::Queue;

use crate::http::{Connection, Request, report_body, unique};
use crate::service::Service;

/// The category that the fewest open cases have, whatever the size: a page of 25 and a few more.
pub(crate) const RAREST: &str = "honour_based_abuse";

/// Of a hundred open cases so many are in each queue, of this category.
pub(crate) const SPREAD: [(Queue, u64, &str); 8] = [
    (Queue::Emergency, 1, "physical_assault"),
    (Queue::Children, 6, "grooming"),
    (Queue::StalkingViolence, 30, "stalking_offline"),
    (Queue::SexualHarm, 15, "sexual_assault"),
    (Queue::ImageAbuse, 10, "intimate_image_shared"),
    (Queue::Fraud, 25, "romance_fraud"),
    (Queue::Complaints, 3, "platform_failed_to_act"),
    (Queue::Other, 10, "not_sure"),
];

/// Where this one of a hundred cases stands.
pub(crate) fn queue_of(number: u64) -> Queue {
    let mut below = 0;
    let place = SPREAD.iter().find(|(_, share, _)| {
        below += share;
        number * 7_919 % 100 < below
    });
    place.unwrap().0
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = Text)]
    id: String,
}

/// Has the service open a case, and adds others like it until there are so many.
pub(crate) fn upto(service: &Service, cases: u64) {
    let mut report = Request::post("/v1/reports", &service.database.token, &report_body());
    let mut connection = Connection::open(service.address);
    let (status, answer) = connection.call(report.number(unique()));
    assert_eq!(status, 201, "{answer}");
    let query = diesel::sql_query("SELECT id FROM cases");
    let Id { id } = match &service.database.place {
        Place::Sqlite(path) => {
            query.get_result(&mut SqliteConnection::establish(path.to_str().unwrap()).unwrap()).unwrap()
        }
        Place::Postgres(url) => query.get_result(&mut PgConnection::establish(url).unwrap()).unwrap(),
    };
    // Only the filling is careless; the measured connections are the service's own.
    let (begin, end) = if is_sqlite(service) {
        let begin = "PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; PRAGMA wal_autocheckpoint = 100000";
        // Without ANALYZE: the service has SQLite plan by what the schema says.
        (begin, ["PRAGMA wal_checkpoint(TRUNCATE)"].as_slice())
    } else {
        let begin = "SET session_replication_role = replica; SET synchronous_commit = off; SET work_mem = '256MB'";
        // As autovacuum would have done while they came in.
        (begin, ["VACUUM ANALYZE", "CHECKPOINT"].as_slice())
    };
    for statements in [vec![new_cases(&id, service, cases)], like(&id, service)].concat() {
        service.database.batch(&format!("{begin}; BEGIN; {statements}; COMMIT"));
    }
    for statement in end {
        service.database.batch(statement);
    }
    let app = std::sync::Arc::clone(&service.database.app);
    service.database.block_on(async move { recourse::jobs::once(&app, "count").await }).unwrap();
}

fn is_sqlite(service: &Service) -> bool {
    matches!(service.database.place, Place::Sqlite(_))
}

/// How each database says it: numbers from 1 on, letters of an id, bytes of a hash.
struct Dialect {
    numbers: String,
    id: &'static str,
    digest: &'static str,
}

impl Dialect {
    fn of(service: &Service, upto: u64) -> Self {
        if is_sqlite(service) {
            Self {
                numbers: format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {upto})"),
                id: "lower(hex(randomblob(13)))",
                digest: "randomblob(32)",
            }
        } else {
            Self {
                numbers: format!("WITH n(i) AS (SELECT generate_series(1::bigint, {upto}))"),
                id: "substr(md5(random()::text), 1, 26)",
                digest: "decode(md5(random()::text) || md5(random()::text), 'hex')",
            }
        }
    }
}

/// What adds the rows of the cases. Of the rarest category thirty are open, and a hundredth of the closed ones.
fn new_cases(like: &str, service: &Service, upto: u64) -> String {
    let (now, day) = (service.database.app.clock.now().micros(), 86_400_000_000_i64);
    let Dialect { numbers, id, .. } = Dialect::of(service, upto);
    let mut below = 0;
    let of_each = SPREAD.map(|(queue, share, category)| {
        below += share;
        [queue.as_str(), category].map(|word| format!("WHEN place < {below} THEN '{word}'"))
    });
    let [queues, categories] =
        [0, 1].map(|at| of_each.iter().map(|both| both[at].as_str()).collect::<Vec<_>>().join(" "));
    // Due times lie in no order between two hours ago and a week ahead; ranks follow priority, then due time. Nothing is due of what is
    // closed.
    format!(
        "{numbers}, c(i, is_open, is_rare, level, due, pick, place) AS (SELECT i, i % 20 = 0, \
         i % 100 = 7 OR (i % 20 = 0 AND i <= 600), CASE WHEN i * 31 % 101 < 2 THEN 0 WHEN i * 31 % 101 < 12 THEN 1 \
         WHEN i * 31 % 101 < 40 THEN 2 WHEN i * 31 % 101 < 80 THEN 3 ELSE 4 END, \
         CASE WHEN i % 20 = 0 THEN {now} - {day} / 12 + i * 2654435761 % ({day} * 7) ELSE 999999999999999999 END, \
         i * 13 % 11, i / 20 * 7919 % 100 FROM n) \
         INSERT INTO cases (id, platform_id, mode, category, child, state, outcome, queue, priority, priority_source, \
         computed_priority, next_due_at, sort_rank, received_at, closed_at, audit_seq, audit_head, version, content_at, \
         names_mac, region) \
         SELECT 'case_' || {id}, it.platform_id, it.mode, CASE WHEN is_rare THEN '{RAREST}' {categories} END, it.child, \
         CASE WHEN NOT is_open THEN 'closed' WHEN pick < 6 THEN 'received' WHEN pick < 8 THEN 'in_review' \
         WHEN pick < 9 THEN 'awaiting_platform' ELSE 'on_hold' END, \
         CASE WHEN NOT is_open THEN 'platform_acted' END, \
         CASE WHEN is_rare THEN 'stalking_violence' {queues} END, 'p' || level, 'rules', 'p' || level, due, \
         level * 1000000000000000000 + due, CASE WHEN is_open THEN {now} - {day} * (i % 7) ELSE {now} - {day} * 90 END, \
         CASE WHEN NOT is_open THEN {now} - {day} * 30 END, it.audit_seq, it.audit_head, it.version, {now} - {day} * 7, \
         it.names_mac, it.region FROM c CROSS JOIN cases it WHERE it.id = '{like}'",
    )
}

/// What gives each case the rows that the service wrote of this one: its report, keys, names, clocks, assessment and record.
fn like(id: &str, service: &Service) -> Vec<String> {
    let Dialect { digest, .. } = Dialect::of(service, 0);
    // In the order of ids, so that what is written next to each other lies next to each other.
    let copy = |table: &str, column: &str, columns: &str, values: &str| {
        // A key opens in one case alone. Whoever takes one without gets a new one, which stays.
        let has_own = if table == "key_wraps" { " AND c.state = 'closed'" } else { "" };
        format!(
            "CREATE TEMP TABLE it AS SELECT * FROM {table} WHERE {column} = '{id}'; INSERT INTO {table} ({columns}) \
             SELECT {values} FROM cases c CROSS JOIN it WHERE c.id <> '{id}'{has_own} ORDER BY c.id; DROP TABLE it"
        )
    };
    let reports = copy(
        "reports",
        "case_id",
        "id, platform_id, mode, case_id, platform_report_ref, category, relation, desired_outcome, received_at, \
         human_review_by, body_digest, status, statement, identity, answers, contact, subject, event_seq, version, staffed",
        &format!(
            "'rep_' || substr(c.id, 6), it.platform_id, it.mode, c.id, 'FILL-' || substr(c.id, 6), c.category, it.relation, \
             it.desired_outcome, c.received_at, c.received_at, {digest}, CASE WHEN c.state = 'closed' THEN 'closed' \
             ELSE 'received' END, it.statement, it.identity, it.answers, it.contact, it.subject, it.event_seq, it.version, \
             it.staffed"
        ),
    );
    let wraps = "owner, scope, recipient_kind, recipient, wrapped, created_at";
    let names = "digest, case_id, role, kind, created_at, used, rules";
    let events = "chain, seq, at, actor_kind, actor, kind, details, hash";
    vec![
        reports,
        copy("key_wraps", "owner", wraps, "c.id, it.scope, it.recipient_kind, it.recipient, it.wrapped, c.received_at"),
        copy(
            "blind_indexes",
            "case_id",
            names,
            &format!("{digest}, c.id, it.role, it.kind, c.received_at, it.used, it.rules"),
        ),
        copy(
            "clocks",
            "case_id",
            "id, case_id, kind, started_at, due_at, met_at",
            "'clk_' || (SELECT count(*) FROM it other WHERE other.id < it.id) || substr(c.id, 7), c.id, it.kind, \
             c.received_at, CASE WHEN c.closed_at IS NOT NULL THEN c.closed_at ELSE \
             c.next_due_at + it.due_at - (SELECT min(other.due_at) FROM it other) END, c.closed_at",
        ),
        copy(
            "assessments",
            "case_id",
            "id, case_id, seq, at, ruleset, priority, body",
            "'asm_' || substr(c.id, 6), c.id, it.seq, c.received_at, it.ruleset, c.priority, it.body",
        ),
        copy(
            "audit_events",
            "chain",
            events,
            "c.id, it.seq, c.received_at, it.actor_kind, it.actor, it.kind, it.details, it.hash",
        ),
    ]
}

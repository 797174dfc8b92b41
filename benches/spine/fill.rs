//! Open cases by the million, written past the service.

use recourse::db::Place;
use recourse::domain::triage::Queue;

use crate::service::Database;

/// Of a hundred open cases so many are in each queue.
const SPREAD: [(Queue, u32); 8] = [
    (Queue::Emergency, 1),
    (Queue::Children, 6),
    (Queue::StalkingViolence, 30),
    (Queue::SexualHarm, 15),
    (Queue::ImageAbuse, 10),
    (Queue::Fraud, 25),
    (Queue::Complaints, 3),
    (Queue::Other, 10),
];

/// Adds open cases until there are `upto`, each with two running clocks and two people it names. One clock in fifty
/// has passed.
pub(crate) fn upto(database: &Database, from: u64, upto: u64) {
    let sqlite = matches!(database.place, Place::Sqlite(_));
    let work = statements(database, from, upto);
    // Only the filling is careless; the measured connections are the service's own.
    let (begin, end) = if sqlite {
        (
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; \
             PRAGMA wal_autocheckpoint = 100000; BEGIN",
            "COMMIT; PRAGMA wal_checkpoint(TRUNCATE); ANALYZE",
        )
    } else {
        (
            "SET session_replication_role = replica; SET synchronous_commit = off; SET work_mem = '256MB'",
            "VACUUM ANALYZE",
        )
    };
    if sqlite {
        database.batch(&format!("{begin}; {}; {end}", work.join("; ")));
    } else {
        for statement in work {
            database.batch(&format!("{begin}; {statement}"));
        }
        database.batch(end);
    }
}

/// What adds the cases, their clocks and the people they name.
fn statements(database: &Database, from: u64, upto: u64) -> [String; 5] {
    let now = database.app.clock.now().micros();
    let sqlite = matches!(database.place, Place::Sqlite(_));
    let (numbers, random_id, random_digest, random) = if sqlite {
        (
            format!("WITH RECURSIVE n(i) AS (SELECT {} UNION ALL SELECT i + 1 FROM n WHERE i < {upto})", from + 1),
            "lower(hex(randomblob(13)))",
            "randomblob(32)",
            "abs(random() / 2)",
        )
    } else {
        (
            format!("WITH n(i) AS (SELECT generate_series({}::bigint, {upto}))", from + 1),
            "substr(md5(random()::text), 1, 26)",
            "decode(md5(random()::text) || md5(random()::text), 'hex')",
            "(random() * 4000000000000000000)::bigint",
        )
    };
    let mut below = 0;
    let queues: Vec<String> = SPREAD
        .iter()
        .map(|(queue, share)| {
            below += share;
            format!("WHEN i * 7919 % 100 < {below} THEN '{}'", queue.as_str())
        })
        .collect();
    let queues = queues.join(" ");
    // The due times lie between two hours ago and a week ahead; ranks follow priority, then due time.
    let day = 86_400_000_000_i64;
    let cases = format!(
        "{numbers}, c(i, level, due, pick) AS (SELECT i, CASE WHEN i * 31 % 101 < 2 THEN 0 WHEN i * 31 % 101 < 12 \
         THEN 1 WHEN i * 31 % 101 < 40 THEN 2 WHEN i * 31 % 101 < 80 THEN 3 ELSE 4 END, {now} - {day} / 12 + \
         {random} % ({day} * 7), i * 13 % 11 FROM n) \
         INSERT INTO cases (id, platform_id, mode, category, child, state, queue, priority, priority_source, \
         computed_priority, next_due_at, sort_rank, received_at, audit_seq, audit_head, version, names_mac) \
         SELECT 'case_' || {random_id}, '{platform}', 'live', 'stalking_offline', FALSE, CASE WHEN pick < 6 THEN \
         'received' WHEN pick < 8 THEN 'in_review' WHEN pick < 9 THEN 'awaiting_platform' ELSE 'on_hold' END, \
         CASE {queues} END, 'p' || level, 'rules', 'p' || level, due, level * 1000000000000000000 + due, \
         {now} - i, 0, {empty}, {upto}, {empty} FROM c",
        platform = database.platform,
        empty = if sqlite { "x''" } else { "''::bytea" },
    );
    let new = format!("FROM cases WHERE version = {upto}");
    let clock = |letter: &str, kind: &str, later: i64| {
        format!(
            "INSERT INTO clocks (id, case_id, kind, started_at, due_at) SELECT 'clk_{letter}' || substr(id, 7), id, \
             '{kind}', received_at, next_due_at + {later} {new}"
        )
    };
    let name = |role: &str| {
        format!(
            "INSERT INTO blind_indexes (digest, case_id, role, kind, created_at) SELECT {random_digest}, id, \
             '{role}', 'account', received_at {new}"
        )
    };
    [
        cases,
        clock("a", "human_review", 0),
        clock("b", "first_contact_or_standby", day),
        name("subject"),
        name("reporter"),
    ]
}

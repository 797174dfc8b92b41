//! Referrals by the million, written past the service: each like one that the service wrote itself.

use recourse::db::Place;

use crate::service::Service;

/// Whose they are, where they stand, and how many.
pub(crate) struct Copies<'a> {
    pub(crate) like: &'a str,
    pub(crate) service: &'a str,
    pub(crate) state: &'a str,
    pub(crate) count: u64,
    /// When the clock of each is due, in microseconds; without one, none runs.
    pub(crate) due: Option<i64>,
}

/// Adds them.
pub(crate) fn add(service: &Service, copies: &Copies<'_>) {
    let Copies { like, service: of, state, count, due } = copies;
    let is_sqlite = matches!(service.database.place, Place::Sqlite(_));
    let (numbers, id, begin, end) = if is_sqlite {
        (
            format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"),
            "'0' || substr(lower(hex(randomblob(13))), 2)",
            "PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; PRAGMA wal_autocheckpoint = 100000",
            "PRAGMA wal_checkpoint(TRUNCATE)",
        )
    } else {
        (
            format!("WITH n(i) AS (SELECT generate_series(1::bigint, {count}))"),
            "'0' || substr(md5(random()::text), 2, 25)",
            "SET session_replication_role = replica; SET synchronous_commit = off",
            // As autovacuum would have done while they came in.
            "VACUUM ANALYZE",
        )
    };
    let rows = format!(
        "{numbers} INSERT INTO referrals (id, case_id, service_id, consent_id, mode, state, made_by, made_at, sent_at, version, \
         body, summary, sheet) SELECT 'ref_' || {id}, it.case_id, '{of}', it.consent_id, it.mode, '{state}', it.made_by, \
         it.made_at - i, it.sent_at - i, it.version, it.body, it.summary, it.sheet FROM n CROSS JOIN referrals it \
         WHERE it.id = '{like}'"
    );
    let clocks = due.map(|due| {
        format!(
            "INSERT INTO clocks (id, case_id, kind, started_at, due_at, referral_id, phase) SELECT 'clk_' || substr(id, 5), \
             case_id, 'referral', made_at, {due}, id, 'answer' FROM referrals WHERE state = '{state}' AND id <> '{like}'"
        )
    });
    let statements = [Some(rows), clocks].into_iter().flatten().collect::<Vec<_>>().join("; ");
    service.database.batch(&format!("{begin}; BEGIN; {statements}; COMMIT"));
    service.database.batch(end);
}

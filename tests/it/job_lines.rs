//! What each job is tried with, and the kinds of damage that must stop nothing but themselves.

/// What a job is tried with.
pub(crate) struct Line {
    pub(crate) job: &'static str,
    /// Makes a case due for the job: a sound one, and one for each kind of damage.
    pub(crate) due: &'static str,
    /// Breaks rows that are nobody's case; the second on `SQLite` alone, which keeps any bytes in any column.
    pub(crate) broken: &'static [&'static str],
    pub(crate) on_sqlite: &'static [&'static str],
    /// Counts something once the job has done its work on the sound case.
    pub(crate) done: &'static str,
}

/// A line without more than it says.
const NOTHING: Line = Line { job: "", due: "", broken: &[], on_sqlite: &[], done: "SELECT count(*) AS n FROM cases" };

/// A time that never comes.
pub(crate) const FAR: &str = "99999999999999999";

/// One of each job. `{case}` is the case, `{bad}` are those that are damaged, `{request}` is a new id, `{auditor}` and `{lead}`
/// are colleagues, `{far}` never comes.
pub(crate) const LINES: [Line; 30] = [
    Line {
        job: "end_claims",
        due: "UPDATE cases SET claimed_until = 1, assigned_to = '{lead}' WHERE id = '{case}'",
        done: "SELECT count(*) AS n FROM cases WHERE id = '{case}' AND claimed_until IS NULL",
        ..NOTHING
    },
    Line {
        job: "end_offers",
        due: "INSERT INTO case_offers (case_id, staff_id, given_by, until) VALUES ('{case}', '{lead}', '{lead}', 1)",
        broken: &[
            "INSERT INTO case_offers (case_id, staff_id, given_by, until) VALUES ('nonsense', 'nobody', 'nobody', 1)",
        ],
        on_sqlite: &["INSERT INTO case_offers (case_id, staff_id, given_by, until) VALUES (x'ff', x'ff', x'ff', 1)"],
        done: "SELECT 1 - count(*) AS n FROM case_offers WHERE case_id = '{case}'",
    },
    Line {
        job: "tell_of_clocks",
        due: "UPDATE clocks SET alarm_at = 1 WHERE case_id = '{case}'",
        done: "SELECT count(*) AS n FROM clocks WHERE case_id = '{case}' AND alarm_at > 1",
        ..NOTHING
    },
    Line {
        job: "tell_of_other_clocks",
        due: "UPDATE cases SET priority = 'p1' WHERE id = '{case}'; UPDATE clocks SET alarm_at = 1 WHERE case_id = '{case}'",
        done: "SELECT count(*) AS n FROM clocks WHERE case_id = '{case}' AND alarm_at > 1",
        ..NOTHING
    },
    Line {
        job: "end_holds",
        due: "UPDATE cases SET state = 'on_hold', held_until = 1 WHERE id = '{case}'",
        done: "SELECT count(*) AS n FROM cases WHERE id = '{case}' AND state = 'in_review'",
        ..NOTHING
    },
    Line {
        job: "mark_overdue",
        due: "INSERT INTO requests (id, case_id, report_id, platform_id, mode, action, state, made_by, made_at, due_at, \
              subject_notice, single_contact_check, confidential, agreement, details, version) SELECT '{request}', case_id, \
              id, platform_id, mode, 'preserve_evidence', 'open', '{lead}', 1, 2, 'not_before_contact', TRUE, TRUE, \
              'not_needed', statement, 1 FROM reports WHERE case_id = '{case}'",
        done: "SELECT count(*) AS n FROM requests WHERE case_id = '{case}' AND state = 'overdue'",
        ..NOTHING
    },
    Line {
        job: "compare",
        due: "UPDATE cases SET match_at = 1 WHERE id = '{case}'",
        done: "SELECT count(*) AS n FROM cases WHERE id = '{case}' AND match_at IS NULL",
        ..NOTHING
    },
    Line {
        job: "end_unfit",
        due: "UPDATE cases SET claimed_until = {far}, assigned_to = '{auditor}' WHERE id = '{case}'",
        done: "SELECT count(*) AS n FROM cases WHERE id = '{case}' AND claimed_until IS NULL",
        ..NOTHING
    },
    Line {
        job: "ring",
        due: "UPDATE alarms SET next_at = 1 WHERE case_id = '{case}'",
        done: "SELECT count(*) AS n FROM alarms WHERE case_id = '{case}' AND rings = 1",
        ..NOTHING
    },
    Line {
        job: "look_for_walls",
        due: "INSERT INTO turned_away (id, staff_id, case_id, at) VALUES ('{case}', '{lead}', '{case}', 1)",
        broken: &["INSERT INTO turned_away (id, staff_id, case_id, at) VALUES ('nonsense', 'nobody', 'nothing', 1)"],
        done: "SELECT 1 - count(*) AS n FROM turned_away WHERE id = '{case}'",
        ..NOTHING
    },
    Line {
        job: "look_at_shifts",
        due: "INSERT INTO shifts (id, staff_id, starts_at, ends_at, shown_from) \
              VALUES (replace('{case}', 'case_', 'shf_'), '{lead}', 1, {far}, 0)",
        broken: &["INSERT INTO shifts (id, staff_id, starts_at, ends_at, shown_from) \
                   VALUES ('nonsense', 'nobody', 1, {far}, 0)"],
        done: "SELECT count(*) AS n FROM shifts WHERE id = replace('{case}', 'case_', 'shf_') AND looked_at IS NOT \
               NULL",
        ..NOTHING
    },
    Line {
        job: "find_unseen",
        due: "UPDATE cases SET queue = 'fraud' WHERE id = '{case}'",
        broken: &["INSERT INTO unseen_cases (case_id, since, told_at) VALUES ('nonsense', 1, 1)"],
        done: "SELECT count(*) AS n FROM unseen_cases WHERE case_id = '{case}'",
        ..NOTHING
    },
    Line {
        job: "look_at_services",
        broken: &["UPDATE services SET document = 'nonsense' WHERE slug = 'nightline'"],
        on_sqlite: &["UPDATE services SET revision = x'ff', version = x'ff', slug = x'ff' WHERE slug = 'nightline'"],
        done: "SELECT count(*) AS n FROM services WHERE slug = 'lantern' AND told_for IS NOT NULL",
        ..NOTHING
    },
    Line {
        job: "note_refusals",
        due: "UPDATE sign_ins SET refused = 3, refused_since = 1 WHERE staff_id = '{lead}'",
        broken: &[
            "UPDATE sign_ins SET refused = 2, refused_since = 1, staff_id = 'nonsense' WHERE staff_id = '{auditor}'",
        ],
        on_sqlite: &["UPDATE sign_ins SET staff_id = x'ff' WHERE staff_id = 'nonsense'"],
        done: "SELECT count(*) AS n FROM audit_events WHERE chain = '{lead}' AND kind = 'sign_in_failed' AND details LIKE '%3%'",
    },
    Line {
        job: "settle",
        due: "INSERT INTO forwards (case_id, forwarded_at, response_due_at, outcome_due_at) VALUES ('{case}', 1, 2, 2); \
              INSERT INTO flows (case_id, flow, at, platform_id, category, region, value, totalled) \
              VALUES ('{case}', 'capped', 1, 'p', 'c', 'london', '', FALSE)",
        on_sqlite: &["UPDATE flows SET value = x'ff' WHERE case_id IN {bad}"],
        done: "SELECT count(*) AS n FROM forwards, flows WHERE forwards.case_id = '{case}' AND response_due_at IS NULL \
               AND outcome_due_at IS NULL AND flows.case_id = '{case}' AND totalled",
        ..NOTHING
    },
    Line {
        job: "count",
        on_sqlite: &["UPDATE cases SET mode = x'ff' WHERE id IN {bad}", "UPDATE case_queues SET queue = x'fe'"],
        done: "SELECT count(*) AS n FROM queue_counts WHERE queue = 'emergency' AND mode = 'live' AND depth > 0",
        ..NOTHING
    },
    Line { job: "look", ..NOTHING },
    Line {
        job: "try_anew",
        due: "INSERT INTO stumbles (job, row_id, since, failed_at, attempts, next_at, reason) \
              VALUES ('count', '{case}', 1, {far}, 1, {far}, 'fault')",
        broken: &["INSERT INTO stumbles (job, row_id, since, failed_at, attempts, next_at, reason) \
                   VALUES ('nothing', 'nonsense', 1, {far}, 1, 1, 'whatever')"],
        on_sqlite: &["UPDATE stumbles SET reason = x'ff', attempts = 'often' WHERE row_id <> '{case}'"],
        done: "SELECT count(*) AS n FROM stumbles WHERE row_id = '{case}' AND next_at < {far}",
    },
    Line {
        job: "reassess",
        due: "UPDATE cases SET priority = 'p1', priority_source = 'failure' WHERE id = '{case}'",
        done: "SELECT count(*) AS n FROM cases WHERE id = '{case}' AND priority = 'p0'",
        ..NOTHING
    },
    Line {
        job: "requeue",
        due: "UPDATE cases SET queue = 'fraud' WHERE id = '{case}'",
        on_sqlite: &["UPDATE cases SET priority = x'ff' WHERE id IN {bad}"],
        done: "SELECT count(*) AS n FROM cases WHERE id = '{case}' AND queue = 'emergency'",
        ..NOTHING
    },
    Line { job: "learn", ..NOTHING },
    Line { job: "look_at_referrals", ..NOTHING },
    Line { job: "probe", done: "SELECT count(*) AS n FROM outbox WHERE kind = 'probe'", ..NOTHING },
    Line {
        job: "renewal",
        due: "UPDATE blind_indexes SET rules = 1 WHERE case_id = '{case}'",
        broken: &[
            "DELETE FROM renewals; UPDATE declarations SET rules = 1",
            "UPDATE key_wraps SET wrapped = (SELECT body FROM assessments LIMIT 1) WHERE owner = '{auditor}'",
        ],
        on_sqlite: &["UPDATE declarations SET staff_id = x'ff' WHERE staff_id = '{auditor}'"],
        done: "SELECT count(*) AS n FROM declarations, renewals WHERE staff_id = '{lead}' AND declarations.rules > 1 AND \
               ended_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM blind_indexes WHERE case_id = '{case}' AND rules = 1)",
    },
    Line { job: "editions", done: "SELECT count(*) AS n FROM editions", ..NOTHING },
    Line {
        job: "tidy",
        due: "UPDATE events SET created_at = 1 WHERE report_id IN (SELECT id FROM reports WHERE case_id = '{case}'); \
              INSERT INTO case_passes (staff_id, case_id, until) VALUES ('{lead}', '{case}', 1)",
        broken: &[
            "UPDATE idempotency SET created_at = 1; UPDATE staff_sessions SET expires_at = 1",
            "INSERT INTO case_passes (staff_id, case_id, until) VALUES ('nobody', 'nothing', 1)",
            "UPDATE events SET mode = 'maybe', type = 'nothing' WHERE id = (SELECT max(id) FROM events WHERE created_at = 1)",
        ],
        on_sqlite: &[
            "UPDATE events SET id = x'ff' WHERE id = (SELECT min(id) FROM events WHERE created_at = 1)",
            "UPDATE idempotency SET scope = x'ff' WHERE scope = (SELECT min(scope) FROM idempotency)",
            "UPDATE staff_sessions SET id = x'ff' WHERE id = (SELECT min(id) FROM staff_sessions)",
            "INSERT INTO case_passes (staff_id, case_id, until) VALUES (x'ff', x'ff', 1)",
            "UPDATE platform_clients SET scopes = x'ff'",
            "UPDATE webhook_endpoints SET platform_id = x'ff' WHERE id = (SELECT min(id) FROM webhook_endpoints)",
        ],
        done: "SELECT count(*) AS n FROM platforms WHERE NOT EXISTS (SELECT 1 FROM events WHERE created_at = 1) AND NOT EXISTS \
               (SELECT 1 FROM idempotency WHERE created_at = 1) AND NOT EXISTS (SELECT 1 FROM staff_sessions) AND NOT EXISTS \
               (SELECT 1 FROM case_passes WHERE case_id = '{case}')",
    },
    Line {
        job: "erase",
        due: "UPDATE cases SET state = 'closed', closed_at = 1 WHERE id = '{case}'; \
              UPDATE clocks SET stopped_at = 1 WHERE case_id = '{case}'; \
              INSERT INTO case_keepings (case_id, closed_at) VALUES ('{case}', 1)",
        broken: &["INSERT INTO case_keepings (case_id, closed_at) VALUES ('nonsense', 1)"],
        on_sqlite: &["INSERT INTO case_keepings (case_id, closed_at, erase_at) VALUES (x'ff', x'ff', x'ff')"],
        done: "SELECT count(*) AS n FROM case_keepings WHERE case_id = '{case}' AND erase_at IS NOT NULL",
    },
    Line { job: "sign", done: "SELECT count(*) AS n FROM audit_digests", ..NOTHING },
    Line {
        job: "outbox",
        due: "INSERT INTO outbox (id, kind, payload, created_at, run_at, attempts) SELECT 'job' || substr(id, 5), 'tell_of_wall', \
              '{\"kind\":\"tell_of_wall\",\"payload\":{\"case\":\"{case}\"}}', 1, 1, 0 FROM cases WHERE id = '{case}'",
        broken: &[
            "UPDATE outbox SET payload = 'nonsense' WHERE id = (SELECT min(id) FROM outbox WHERE done_at IS NULL AND payload \
             NOT LIKE '%{case}%')",
        ],
        on_sqlite: &[
            "UPDATE outbox SET dedupe_key = x'ff', payload = x'ff', run_at = 1 WHERE id = (SELECT min(id) FROM \
                      outbox WHERE done_at IS NULL AND payload NOT LIKE '%{case}%')",
        ],
        done: "SELECT count(*) AS n FROM outbox WHERE payload LIKE '%tell_of_wall%{case}%' AND done_at IS NOT NULL",
    },
    Line {
        job: "deliveries",
        due: "UPDATE deliveries SET next_at = 1, attempts = 0, dead_at = NULL, state = 'pending' WHERE event_id IN (SELECT \
              events.id FROM events JOIN reports ON report_id = reports.id WHERE case_id = '{case}')",
        broken: &[
            "UPDATE webhook_endpoints SET types = 'nothing', url = (SELECT identity FROM reports LIMIT 1) WHERE id = (SELECT \
             min(id) FROM webhook_endpoints)",
            "UPDATE webhook_secrets SET hmac = (SELECT identity FROM reports LIMIT 1) WHERE endpoint_id = (SELECT min(id) FROM \
             webhook_endpoints)",
        ],
        on_sqlite: &[
            "UPDATE deliveries SET id = x'ff' WHERE id = (SELECT min(id) FROM deliveries WHERE endpoint_id = (SELECT min(id) \
             FROM webhook_endpoints))",
            "UPDATE webhook_secrets SET public_key = x'ff' WHERE endpoint_id = (SELECT min(id) FROM webhook_endpoints)",
        ],
        done: "SELECT count(*) AS n FROM deliveries WHERE attempts = 1 AND event_id IN (SELECT events.id FROM events JOIN \
               reports ON report_id = reports.id WHERE case_id = '{case}')",
    },
];

/// Kinds of damage to a case, and to what stands beside it.
pub(crate) const DAMAGES: [&str; 12] = [
    "UPDATE cases SET category = 'gone' WHERE id = '{case}'",
    "UPDATE cases SET priority = 'p9' WHERE id = '{case}'",
    "UPDATE cases SET mode = 'maybe' WHERE id = '{case}'",
    "UPDATE cases SET state = 'limbo' WHERE id = '{case}'",
    "UPDATE cases SET queue = 'nowhere', region = 'moon' WHERE id = '{case}'",
    // The chain of its record goes on where it has been already.
    "UPDATE cases SET audit_seq = 0 WHERE id = '{case}'",
    "UPDATE assessments SET body = (SELECT identity FROM reports LIMIT 1) WHERE case_id = '{case}'",
    "UPDATE key_wraps SET wrapped = (SELECT body FROM assessments LIMIT 1) WHERE owner = '{case}'",
    "UPDATE blind_indexes SET kind = 'nothing', role = 'nobody' WHERE case_id = '{case}'",
    "UPDATE clocks SET kind = 'cuckoo' WHERE case_id = '{case}'; UPDATE alarms SET id = 'x' || id WHERE case_id = '{case}'",
    "UPDATE reports SET category = 'gone', relation = 'nobody', identity = statement WHERE case_id = '{case}'",
    "UPDATE cases SET id = 'x' || id WHERE id = '{case}'",
];
/// The same, where any bytes stand in any column.
pub(crate) const ON_SQLITE: [&str; 3] = [
    "UPDATE cases SET queue = x'ff' WHERE id = '{case}'",
    "UPDATE cases SET category = CAST(x'c328' AS TEXT) WHERE id = '{case}'",
    "UPDATE reports SET platform_id = x'ff' WHERE case_id = '{case}'; UPDATE assessments SET id = x'ff' || id WHERE case_id = '{case}'",
];

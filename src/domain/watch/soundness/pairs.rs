//! Columns of one row, or of a row and its owner, that contradict each other.

use diesel::prelude::*;

use super::{Finding, NAMED, Row};
use crate::db::dialect::native;
use crate::domain::unit::Look;
use crate::error::Result;

/// What must not be: the table, its condition, a code for it, and what to do. `r` is the row.
const WRONG: [(&str, &str, &str, &str); 24] = [
    (
        "requests",
        "r.state IN ('done', 'partly_done', 'declined') AND (r.answered_at IS NULL OR r.answer IS NULL)",
        "answer_missing",
        "it is said to be answered and holds no answer: ask the platform what it did, and compare with a backup",
    ),
    (
        "requests",
        "r.answered_at IS NOT NULL AND r.state NOT IN ('done', 'partly_done', 'declined')",
        "answer_contradicts",
        "it has the time of an answer and is said to be open: compare with a backup",
    ),
    (
        "requests",
        "r.state = 'declined' AND r.reason_code IS NULL",
        "reason_missing",
        "it is declined without the reason that every refusal has: compare with a backup",
    ),
    (
        "acts",
        "(r.state = 'pending') <> (r.decided_at IS NULL) OR (r.state IN ('approved', 'refused') AND r.decided_by IS NULL)",
        "act_contradicts",
        "whether it is decided, when and by whom contradict each other: compare with the case's audit chain",
    ),
    (
        "acts",
        "(r.state = 'void') <> (r.void_cause IS NOT NULL)",
        "act_contradicts",
        "it is void without a cause, or has a cause without being void: compare with the case's audit chain",
    ),
    (
        "acts",
        "r.state = 'pending' AND EXISTS (SELECT 1 FROM cases c WHERE c.id = r.case_id AND c.state = 'closed' AND \
         c.closed_at > r.proposed_at)",
        "act_outlives",
        "it waits for a second person, and its case was closed since: refuse it, or compare with a backup",
    ),
    (
        "reports",
        "EXISTS (SELECT 1 FROM cases c WHERE c.id = r.case_id AND (c.state = 'closed') <> (r.status = 'closed')) AND \
         NOT EXISTS (SELECT 1 FROM case_standings s WHERE s.case_id = r.case_id AND s.woken_at IS NOT NULL)",
        "status_contradicts",
        "its platform reads another end than its case has: any change of the case's state mends it",
    ),
    (
        "cases",
        "EXISTS (SELECT 1 FROM case_queues q WHERE q.case_id = r.id AND (q.state <> r.state OR q.mode <> r.mode OR \
         q.sort_rank <> r.sort_rank))",
        "out_of_place",
        "its place in the queue of a group that joined it is another than in its own: take it by hand; any change mends it",
    ),
    (
        "cases",
        "NOT EXISTS (SELECT 1 FROM assessments a WHERE a.case_id = r.id) AND \
         EXISTS (SELECT 1 FROM key_wraps k WHERE k.owner = r.id AND k.scope = 'identity')",
        "assessment_missing",
        "what the rules said of it and why is gone, so nothing weighs what comes in for it with what was known: take it by \
         hand now, and restore its rows of assessments from a backup",
    ),
    (
        "clocks",
        "r.met_at IS NOT NULL AND r.stopped_at IS NOT NULL",
        "clock_contradicts",
        "it is met and stopped at once: compare with a backup",
    ),
    (
        "clocks",
        "(r.kind = 'request') <> (r.request_id IS NOT NULL) OR (r.kind = 'intimate_image' AND r.report_id IS NULL)",
        "clock_contradicts",
        "it does not say what it waits for: compare with a backup",
    ),
    (
        "clocks",
        "r.kind NOT IN ('request', 'intimate_image', 'referral', 'tell_survivor', 'disclosure_review') AND r.met_at IS NULL AND r.stopped_at IS NULL AND \
         EXISTS (SELECT 1 FROM cases c WHERE c.id = r.case_id AND c.state = 'closed')",
        "clock_outlives",
        "it runs and its case is closed: reopen the case and close it again",
    ),
    (
        "clocks",
        "(r.kind = 'referral') <> (r.referral_id IS NOT NULL) OR (r.referral_id IS NULL) <> (r.phase IS NULL)",
        "clock_contradicts",
        "it does not say which referral it is of, or what that waits for: compare with a backup",
    ),
    (
        "referrals",
        "r.state IN ('drafted', 'sent', 'received', 'accepted', 'contacted', 'unable_to_contact') AND NOT EXISTS \
         (SELECT 1 FROM clocks c WHERE c.referral_id = r.id AND c.met_at IS NULL AND c.stopped_at IS NULL)",
        "referral_without_clock",
        "it waits for something, and nothing rings when that does not come: look at its case now, and ring the service",
    ),
    (
        "referrals",
        "NOT EXISTS (SELECT 1 FROM audit_ends n WHERE n.chain = r.case_id) AND \
         NOT EXISTS (SELECT 1 FROM audit_events e WHERE e.chain = r.case_id AND e.kind = 'referral_drafted' AND e.details = \
         '{\"consent\":\"' || r.consent_id || '\",\"referral\":\"' || r.id || '\",\"service\":\"' || r.service_id || '\"}')",
        "row_changed",
        "the record knows another service or consent of it, or nothing: somebody changed it outside the service. Nothing is \
         sent by it; withdraw it, and find out who can write to the database",
    ),
    (
        "referrals",
        "NOT EXISTS (SELECT 1 FROM audit_ends n WHERE n.chain = r.case_id) AND \
         ((r.state <> 'drafted' AND NOT EXISTS (SELECT 1 FROM audit_events e WHERE e.chain = r.case_id AND e.kind = 'referral_moved' \
         AND e.details LIKE '%\"referral\":\"' || r.id || '\",\"state\":\"' || r.state || '\"}' AND NOT EXISTS (SELECT 1 FROM \
         audit_events l WHERE l.chain = r.case_id AND l.kind = 'referral_moved' AND l.seq > e.seq AND l.details LIKE \
         '%\"referral\":\"' || r.id || '\"%'))) OR (r.state = 'drafted' AND EXISTS (SELECT 1 FROM audit_events e WHERE e.chain = \
         r.case_id AND e.kind = 'referral_moved' AND e.details LIKE '%\"referral\":\"' || r.id || '\"%')))",
        "row_changed",
        "the record says that it stands elsewhere: somebody changed it outside the service. Nothing is done with it, and its \
         service sees nothing of it; compare with a backup",
    ),
    (
        "referrals",
        "r.state IN ('drafted', 'sent', 'received') AND NOT EXISTS (SELECT 1 FROM case_standings s WHERE s.case_id = r.case_id \
         AND s.referral_open)",
        "standing_contradicts",
        "it is under way, and its case could be closed over it: any step of it mends that",
    ),
    (
        "alarms",
        "r.closed_at IS NULL AND EXISTS (SELECT 1 FROM cases c WHERE c.id = r.case_id AND c.state = 'closed')",
        "alarm_outlives",
        "it is open and its case is closed: it ends by itself at its next ring",
    ),
    (
        "webhook_endpoints",
        "NOT EXISTS (SELECT 1 FROM webhook_secrets s WHERE s.endpoint_id = r.id AND s.expires_at IS NULL)",
        "no_secret",
        "no key signs for it, so nothing reaches its platform: restore webhook_secrets from a backup, or have the platform \
         make a new endpoint",
    ),
    (
        "webhook_endpoints",
        "(r.state = 'disabled') <> (r.disabled_at IS NOT NULL) OR (r.state = 'disabled') <> (r.disabled_reason IS NOT NULL)",
        "state_contradicts",
        "whether it is called, and since when and why not, contradict each other: have the platform enable it",
    ),
    (
        "webhook_endpoints",
        "r.state = 'active' AND r.verified_at IS NULL OR r.state = 'unproved' AND r.verified_at IS NOT NULL",
        "proof_contradicts",
        "whether it is sent events and whether it showed that it wants them contradict each other: have the platform remove \
         it and make a new endpoint",
    ),
    (
        "deliveries",
        "(r.state = 'pending') <> (r.next_at IS NOT NULL) OR (r.state = 'delivered') <> (r.delivered_at IS NOT NULL) OR \
         (r.state = 'failed') <> (r.dead_at IS NOT NULL)",
        "state_contradicts",
        "where it stands and its times contradict each other: replay its event (GET /v1/events?delivery=failed)",
    ),
    (
        "outbox",
        "r.done_at IS NOT NULL AND r.dead_at IS NOT NULL",
        "state_contradicts",
        "it is done and given up at once: see its last_error",
    ),
    (
        "shifts",
        "r.ends_at <= r.starts_at",
        "shift_backwards",
        "it ends before it begins, so nobody is on the rota then: remove it and add it again",
    ),
];

/// Rows that contradict themselves or their owner.
///
/// # Errors
/// What the database says.
pub fn pairs(rx: &mut Look<'_>) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for (table, condition, code, detail) in WRONG {
        // Conditions of the list above, and nothing else, stand in the statement.
        let statement = format!("SELECT r.id AS id FROM {table} r WHERE {condition} ORDER BY 1 LIMIT {NAMED}");
        let rows: Vec<Row> = native!(rx.conn(), |c| diesel::sql_query(statement).load(c))?;
        found.extend(rows.into_iter().filter_map(|row| row.id.0).map(|id| Finding { code, table, id, detail }));
    }
    Ok(found)
}

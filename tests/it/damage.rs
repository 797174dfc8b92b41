//! Rows that are damaged: whatever cannot be read keeps nothing else from being done, and errs towards more care.

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use recourse::base::id::{ClockId, JobId, RequestId};
use recourse::db::schema::outbox as jobs_table;
use recourse::domain::ledger::audit;
use recourse::domain::people::staff::Role;
use recourse::jobs;
use serde_json::{Value, json};

use crate::harness::client::{Staff, full, small};
use crate::harness::{World, on_both};

/// More than a job finds at a time.
const MANY: usize = 55;

pub(crate) fn urgent(reference: &str) -> Value {
    let mut body = full(reference);
    body["answers"] = json!({"not_safe_now": "yes"});
    body["reporter"]["platform_account_ref"] = json!(format!("of-{reference}"));
    body
}

/// Submits many reports, each of a case of its own.
async fn submit_many(world: &World, prefix: &str, of: impl Fn(&str) -> Value) {
    let spark = world.platform("spark").await;
    let all: Vec<Value> = (0..MANY).map(|n| of(&format!("{prefix}-{n}"))).collect();
    let done = spark.caller.post("/v1/reports/batch", &json!({"reports": all})).await.expect(207).json();
    assert!(done["results"].as_array().unwrap().iter().all(|one| one["status"] == 201), "{done}");
}

/// The cases of these reports, in SQL.
fn of(prefix: &str) -> String {
    format!("(SELECT case_id FROM reports WHERE platform_report_ref LIKE '{prefix}-%')")
}

/// Why somebody was paged for a case, as its record has it.
pub(crate) async fn paged(world: &World, case: &str) -> Vec<String> {
    let chain = case.to_owned();
    let events = world.app.read(move |rx| audit::list(rx, &chain)).await.unwrap();
    let reason = |details: &str| serde_json::from_str::<Value>(details).unwrap()["reason"].as_str().unwrap().to_owned();
    events.iter().filter(|event| event.kind == "on_call_paged").map(|event| reason(&event.details)).collect()
}

/// How many calls of the pager are owed or done for this reason.
async fn rung(world: &World, reason: &str) -> usize {
    let reason = format!("%\"reason\":\"{reason}\"%");
    let query = jobs_table::table.filter(jobs_table::kind.eq("pager"));
    let count = world
        .app
        .read(move |rx| Ok(query.filter(jobs_table::payload.like(reason)).count().get_result::<i64>(rx.conn())?));
    usize::try_from(count.await.unwrap()).unwrap()
}

/// A lead, and an urgent case that must ring whatever else is damaged. It came in last.
async fn unrelated(world: &World) -> (Staff, String) {
    let lead = world.staff(Role::Lead).await;
    world.pass(1);
    world.platform("spark").await.submit(&urgent("GOOD")).await;
    let case = lead.case_of("GOOD").await;
    (lead, case)
}

#[test]
fn an_assessment_that_does_not_open_makes_its_case_p1_and_rings_and_is_in_the_way_of_none() {
    on_both(|world| async move {
        submit_many(&world, "BAD", small).await;
        let (lead, good) = unrelated(&world).await;
        let bad = of("BAD");
        world.tamper(&format!(
            "UPDATE assessments SET body = (SELECT identity FROM reports LIMIT 1) WHERE case_id IN {bad}"
        ));
        world.pass(120);
        world.run_jobs().await;
        assert_eq!(paged(&world, &good).await, ["p0"]);
        assert_eq!(rung(&world, "unreadable").await, MANY);
        let case = lead.case_of("BAD-7").await;
        let (seen, _) = lead.case(&case).await;
        assert_eq!((&seen["priority"], &seen["priority_source"]), (&json!("p1"), &json!("failure")));
        // Whoever is woken can work on it, and is told that something is missing.
        assert_eq!((&seen["damaged"], &seen["assessment"]), (&json!(true), &Value::Null));
        assert!(seen["reports"][0]["content"]["statement"].is_string(), "{seen}");
        lead.take(&case).await;
        assert_eq!(lead.case(&good).await.0["damaged"], false);
        // Told once, and not at each tick.
        world.run_jobs().await;
        assert_eq!(rung(&world, "unreadable").await, MANY);
        // A start of the jobs assesses anew what it can.
        jobs::once(&world.app, "reassess").await.unwrap();
        assert_eq!(lead.case(&case).await.0["priority"], "p1");
    });
}

#[test]
fn a_damaged_byte_of_another_case_of_the_same_man_stops_no_comparison() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let of_reporter = |n: usize| {
            let mut body = small(&format!("M-{n}"));
            body["category"] = json!("physical_assault");
            body["reporter"]["platform_account_ref"] = json!(format!("reporter-{n}"));
            body["subject"] = json!({"platform_account_ref": "he"});
            body
        };
        spark.submit(&of_reporter(1)).await;
        world.tamper("UPDATE assessments SET body = (SELECT identity FROM reports LIMIT 1)");
        world.pass(300);
        spark.submit(&of_reporter(2)).await;
        world.run_jobs().await;
        let lead = world.staff(Role::Lead).await;
        let (second, _) = lead.case(&lead.case_of("M-2").await).await;
        let floors = second["assessment"]["floors"].as_array().unwrap();
        assert!(floors.iter().any(|floor| floor["code"] == "O17"), "the other report counts as what it said: {second}");
        let (first, _) = lead.case(&lead.case_of("M-1").await).await;
        assert_eq!(first["priority_source"], "failure");
    });
}

#[test]
fn what_comes_in_for_a_case_that_does_not_open_is_taken_and_pages() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let report = spark.submit(&small("J-1")).await;
        let pair = |reference: &str| {
            let mut body = small(reference);
            body["reporter"]["platform_account_ref"] = json!("she");
            body["subject"] = json!({"platform_account_ref": "he"});
            body
        };
        spark.submit(&pair("J-2")).await;
        spark.submit(&pair("J-3")).await;
        let case = lead.case_of("J-2").await;
        world.run_jobs().await;
        world.tamper("UPDATE assessments SET body = (SELECT identity FROM reports LIMIT 1)");
        let more = json!({"statement": "He stands outside."});
        spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
        spark.submit(&pair("J-4")).await;
        world.run_jobs().await;
        for case in [lead.case_of("J-1").await, case.clone()] {
            let (seen, _) = lead.case(&case).await;
            assert_eq!((&seen["priority"], &seen["priority_source"]), (&json!("p1"), &json!("failure")), "{seen}");
            assert_eq!(paged(&world, &case).await, ["unreadable"]);
        }
        // A key that does not open seals nothing: the report opens a case of its own, and a person looks at the old one.
        spark.caller.post("/v1/reports", &small("J-5")).await.expect(201);
        let old = lead.case_of("J-2").await;
        world.tamper(&format!("UPDATE key_wraps SET wrapped = (SELECT body FROM assessments LIMIT 1) WHERE owner = '{old}' AND scope = 'statement'"));
        spark.submit(&pair("J-6")).await;
        assert_ne!(lead.case_of("J-6").await, old);
    });
}

#[test]
fn a_lowering_that_does_not_open_holds_no_longer() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let report = spark.submit(&urgent("L-1")).await;
        let lead = world.staff(Role::Lead).await;
        let case = lead.case_of("L-1").await;
        lead.take(&case).await;
        let lower = json!({"priority": "p3", "reason_code": "safety_confirmed", "text": "At her sister's."});
        let act = lead.act_seen(&case, "priority", &lower).await.expect(202).json();
        let act = act["pending"]["id"].as_str().unwrap();
        world.staff(Role::Lead).await.approve(&case, act).await.expect(200);
        assert_eq!(lead.case(&case).await.0["priority"], "p3");
        world.tamper("UPDATE acts SET body = (SELECT identity FROM reports LIMIT 1)");
        let more = json!({"statement": "All quiet."});
        spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
        assert_eq!(lead.case(&case).await.0["priority"], "p0");
    });
}

#[test]
fn a_case_is_read_and_worked_on_although_rows_beside_it_cannot_be_read() {
    on_both(|world| async move {
        for n in 0..3 {
            world.platform("spark").await.submit(&urgent(&format!("BAD-{n}"))).await;
        }
        let lead = world.staff(Role::Lead).await;
        world.tamper(&strange_rows().join(";"));
        for n in 0..3 {
            let case = lead.case_of(&format!("BAD-{n}")).await;
            let (seen, _) = lead.case(&case).await;
            assert!(seen["requests"].as_array().unwrap().is_empty() && seen["clocks"].as_array().unwrap().len() > 1);
            lead.take(&case).await;
        }
    });
}

/// Statements that put many damaged rows beside what is there, into each table that a job of the tick reads.
pub(crate) fn strange_rows() -> Vec<String> {
    let bad = of("BAD");
    let many = |make: &dyn Fn(usize) -> String| (0..MANY).map(make).collect::<Vec<_>>();
    let ends = [
        many(&|_| {
            let (id, case) = (ClockId::random(), format!("(SELECT min(id) FROM cases WHERE id IN {bad})"));
            format!(
                "INSERT INTO clocks (id, case_id, kind, started_at, due_at, alarm_at) \
                 VALUES ('{id}', {case}, 'cuckoo', 1, 2, 1)"
            )
        }),
        many(&|_| {
            let id = RequestId::random();
            format!(
                "INSERT INTO requests (id, case_id, report_id, platform_id, mode, action, state, made_by, made_at, \
                 due_at, subject_notice, single_contact_check, confidential, agreement, details, version) \
                 SELECT '{id}', case_id, 'rep_gone', platform_id, mode, 'x', 'open', 'x', 1, 2, 'x', TRUE, TRUE, 'x', \
                 statement, 1 FROM reports WHERE case_id IN {bad} ORDER BY id LIMIT 1"
            )
        }),
        many(&|n| {
            format!(
                "INSERT INTO forwards (case_id, forwarded_at, response_due_at, outcome_due_at) \
                 VALUES ('gone-{n}', 1, 2, 2)"
            )
        }),
        many(&|n| {
            format!(
                "INSERT INTO flows (case_id, flow, at, platform_id, category, region, value, totalled) \
                 VALUES ('f-{n}', 'upwards', 1, 'p', 'c', 'moon', '', FALSE)"
            )
        }),
        many(&|n| {
            let id = if n % 2 == 0 { format!("nonsense-{n}") } else { JobId::random().to_string() };
            format!(
                "INSERT INTO outbox (id, kind, payload, created_at, run_at, attempts) \
                 VALUES ('{id}', 'mail', '{{', 1, 1, 0)"
            )
        }),
        many(&|n| {
            format!(
                "INSERT INTO shifts (id, staff_id, starts_at, ends_at) VALUES ('s-{n}', 'nobody', 1, 9999999999999999)"
            )
        }),
        vec!["UPDATE staff SET role = 'king' WHERE username LIKE 'advocate%'".to_owned()],
        vec!["UPDATE queue_counts SET queue = 'n' || queue".to_owned()],
    ];
    ends.concat()
}

/// Kinds of damage, each to all of the cases whose references begin with `BAD`.
fn damages() -> [Vec<String>; 3] {
    let bad = of("BAD");
    let mut strange = strange_rows();
    strange.push(format!("UPDATE cases SET queue = 'nowhere', region = 'moon' WHERE id IN {bad}"));
    [
        strange,
        vec![
            format!("UPDATE cases SET state = 'on_hold', held_until = 1, priority = 'p9' WHERE id IN {bad}"),
            format!("UPDATE alarms SET case_id = 'x' || id, next_at = 1 WHERE case_id IN {bad}"),
        ],
        vec![
            format!("UPDATE cases SET match_at = 1, mode = 'maybe' WHERE id IN {bad}"),
            format!("UPDATE blind_indexes SET kind = 'nothing', role = 'nobody' WHERE case_id IN {bad}"),
            format!("UPDATE key_wraps SET wrapped = (SELECT body FROM assessments LIMIT 1) WHERE owner IN {bad}"),
        ],
    ]
}

#[test]
fn no_damage_in_a_table_that_the_tick_reads_keeps_an_unrelated_emergency_from_ringing() {
    for statements in damages() {
        let statements = &statements;
        on_both(|world| async move {
            submit_many(&world, "BAD", urgent).await;
            world.staff(Role::Advocate).await;
            world.run_jobs().await;
            let (lead, good) = unrelated(&world).await;
            world.tamper(&statements.join(";"));
            world.pass(121);
            jobs::tick(Arc::clone(&world.app)).await.unwrap_or_else(|error| panic!("{statements:?}: {error}"));
            assert_eq!(paged(&world, &good).await, ["p0"], "{statements:?}");
            jobs::work_off(&world.app, "test").await.unwrap();
            let waiting = jobs_table::done_at.is_null().and(jobs_table::dead_at.is_null());
            let owed = jobs_table::table.filter(waiting).count();
            let owed = world.app.read(move |rx| Ok(owed.get_result::<i64>(rx.conn())?)).await.unwrap();
            assert_eq!(owed, 0, "what is owed is done, or laid aside: {statements:?}");
            // Whoever is called can begin, and nothing turns in circles: what was stepped over rests.
            lead.take(&good).await;
            jobs::tick(Arc::clone(&world.app)).await.unwrap();
        });
    }
}

#[test]
fn an_alarm_whose_case_cannot_be_read_rings_at_every_lead_who_may_see_it() {
    on_both(|world| async move {
        submit_many(&world, "BAD", urgent).await;
        let lead = world.staff(Role::Lead).await;
        crate::paging::reachable(&world, &lead, "lead@staff.example", 0).await;
        world.staff(Role::Advocate).await;
        let bad = of("BAD");
        world.tamper(&format!("UPDATE cases SET queue = 'nowhere' WHERE id IN {bad}"));
        world.pass(120);
        world.run_jobs().await;
        assert_eq!(rung(&world, "unreadable").await, MANY);
        let to_lead = format!("%{}%", lead.id);
        let mails = jobs_table::table.filter(jobs_table::kind.eq("mail").and(jobs_table::payload.like(to_lead)));
        let mails = world.app.read(move |rx| Ok(mails.count().get_result::<i64>(rx.conn())?)).await.unwrap();
        assert_eq!(usize::try_from(mails).unwrap(), MANY);
        // Again after five minutes, not at each tick.
        world.run_jobs().await;
        assert_eq!(rung(&world, "unreadable").await, MANY);
        world.pass(300);
        world.run_jobs().await;
        assert_eq!(rung(&world, "unreadable").await, 2 * MANY);
        // Told in the metrics and by the log; readiness says nothing that comes and goes with a case.
        let text = world.app.metrics.text(0, &[]);
        assert!(text.contains("recourse_job_rows_stepped_over{job=\"ring\"} 55"), "{text}");
        let ready = world.caller("").get("/readyz").await.expect(200).json();
        assert!(!ready.to_string().contains("jobs_stumble"), "{ready}");
        // Mended, they ring as they should and are in the way of nothing.
        world.tamper(&format!("UPDATE cases SET queue = 'emergency' WHERE id IN {bad}"));
        world.pass(300);
        world.run_jobs().await;
        let text = world.app.metrics.text(0, &[]);
        assert!(text.contains("recourse_job_rows_stepped_over{job=\"ring\"} 0"), "{text}");
        assert!(!paged(&world, &lead.case_of("BAD-3").await).await.is_empty(), "its record goes on");
    });
}

#[test]
fn a_case_that_somebody_has_locked_keeps_no_other_from_ringing() {
    on_both(|world| async move {
        let Some(url) = world.config.database_url.clone() else { return };
        world.platform("spark").await.submit(&urgent("LOCKED")).await;
        let (lead, good) = unrelated(&world).await;
        let locked = lead.case_of("LOCKED").await;
        let mut conn = PgConnection::establish(url.expose()).unwrap();
        conn.batch_execute(&format!("BEGIN; SELECT 1 FROM cases WHERE id = '{locked}' FOR UPDATE")).unwrap();
        world.pass(121);
        jobs::tick(Arc::clone(&world.app)).await.unwrap();
        assert_eq!(paged(&world, &good).await, ["p0"]);
        assert!(paged(&world, &locked).await.is_empty());
        conn.batch_execute("ROLLBACK").unwrap();
        world.pass(10);
        jobs::tick(Arc::clone(&world.app)).await.unwrap();
        assert_eq!(paged(&world, &locked).await, ["p0"]);
    });
}

#[test]
fn a_job_that_fails_as_a_whole_stops_no_other() {
    on_both(|world| async move {
        let (_, good) = unrelated(&world).await;
        world.tamper("ALTER TABLE queue_counts RENAME TO counts_gone; ALTER TABLE forwards RENAME TO forwards_gone");
        world.pass(121);
        assert!(jobs::tick(Arc::clone(&world.app)).await.is_err(), "and it is told");
        assert_eq!(paged(&world, &good).await, ["p0"]);
        let text = world.app.metrics.text(0, &[]);
        for job in ["settle", "count"] {
            assert!(text.contains(&format!("recourse_job_failures_total{{job=\"{job}\"}} 1")), "{text}");
            assert!(!text.contains(&format!("recourse_job_beat_timestamp_seconds{{job=\"{job}\"}}")), "{text}");
        }
        assert!(text.contains("recourse_job_beat_timestamp_seconds{job=\"ring\"}"), "{text}");
        world.tamper("ALTER TABLE counts_gone RENAME TO queue_counts");
        let ready = world.caller("").get("/readyz").await.expect(200).json();
        let failing = ready["reasons"].as_array().unwrap().iter().find(|reason| reason["code"] == "jobs_stumble");
        let failing = failing.unwrap_or_else(|| panic!("{ready}"))["detail"].as_str().unwrap();
        assert!(failing.contains(": count, look, settle."), "readiness names the loops: {failing}");
    });
}

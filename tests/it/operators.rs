//! What the operator sees: metrics and readiness.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use recourse::base::secret::Sensitive;
use recourse::base::time::Clock;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::{jobs, web};
use serde_json::{Value, json};

use crate::harness::client::{full, new_key, small};
use crate::harness::{World, on_both, on_both_with};

/// Serves the metrics of a world. Their address.
pub(crate) fn metrics_of(world: &World) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    actix_web::rt::spawn(web::serve_metrics(&world.app, listener).unwrap());
    format!("http://{address}/metrics")
}

pub(crate) async fn scrape(world: &World, url: &str) -> String {
    let answer = world.http.get(url).send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    answer.text().await.unwrap()
}

/// The value of a line, which must be there.
#[track_caller]
pub(crate) fn value(text: &str, line: &str) -> f64 {
    let found = text.lines().find_map(|told| told.strip_prefix(line)).unwrap_or_else(|| panic!("no {line} in {text}"));
    found.trim().parse().unwrap()
}

pub(crate) fn urgent(reference: &str) -> Value {
    let mut body = full(reference);
    body["answers"] = json!({"not_safe_now": "yes"});
    body
}

#[test]
fn the_metrics_tell_what_came_in_what_waits_and_how_long_answers_took() {
    on_both(|world| async move {
        let url = metrics_of(&world);
        let spark = world.platform("spark").await.caller;
        let (key, body) = (new_key(), urgent("M-1"));
        spark.post_with("/v1/reports", &key, None, &body).await.expect(201);
        spark.post_with("/v1/reports", &key, None, &body).await.expect(201);
        spark.post("/v1/reports", &json!({})).await.expect(422);
        spark.post("/v1/reports/batch", &json!({"reports": [small("M-2"), {}]})).await.expect(207);
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await.caller;
        trial.post("/v1/reports", &small("M-3")).await.expect(201);
        world.caller("").get("/v1/no/such/path").await.expect(404);
        world.pass(120);
        world.run_jobs().await;
        world.pass(5);
        jobs::tick(Arc::clone(&world.app)).await.unwrap();
        jobs::once(&world.app, "look_at_referrals").await.unwrap();

        let text = scrape(&world, &url).await;
        let is = |line: &str, wanted: f64| assert!((value(&text, line) - wanted).abs() < 0.1, "{line}: {text}");
        is(r#"recourse_reports_total{mode="live"}"#, 2.0);
        is(r#"recourse_reports_total{mode="test"}"#, 1.0);
        is(r#"recourse_refused_total{code="validation_failed"}"#, 2.0);
        is(r#"recourse_refused_total{code="not_found"}"#, 1.0);
        is(r#"recourse_request_seconds_count{method="POST",route="/v1/reports"}"#, 4.0);
        is(r#"recourse_request_seconds_count{method="GET",route="none"}"#, 1.0);
        let depth: f64 = text.lines().filter(|l| l.starts_with("recourse_queue_depth{")).map(last_number).sum();
        assert!((depth - 3.0).abs() < 0.1, "{text}");
        let oldest = text.lines().filter(|l| l.starts_with("recourse_queue_oldest_seconds{")).map(last_number);
        assert!((oldest.fold(0.0, f64::max) - 125.0).abs() < 0.1, "{text}");
        is(r#"recourse_services{state="all"}"#, 0.0);
        is(r#"recourse_referrals{state="late"}"#, 0.0);
        is("recourse_alarms_open", 1.0);
        is(r#"recourse_alarm_rings_total{rung="on_call"}"#, 1.0);
        is(r#"recourse_outbox_jobs{state="dead"}"#, 0.0);
        is(r#"recourse_rules{version="TSP-1"}"#, 1.0);
        is("recourse_rules_failed", 0.0);
        assert!(text.ends_with("# EOF\n"));
    });
}

fn last_number(line: &str) -> f64 {
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn the_metrics_name_nobody_and_ask_the_database_for_nothing() {
    on_both(|world| async move {
        let url = metrics_of(&world);
        let spark = world.platform("spark").await;
        let id = spark.submit(&urgent("SECRET-REFERENCE")).await;
        let lead = world.staff(Role::Lead).await;
        let case = lead.case_of("SECRET-REFERENCE").await;
        lead.case(&case).await;
        spark.caller.get(&format!("/v1/reports/{id}")).await.expect(200);
        world.caller("").get(&format!("/v1/triage/cases/{case}/made-up/{id}")).await;
        let odd = reqwest::Method::from_bytes(b"ODD").unwrap();
        world.http.request(odd, format!("{}/v1/reports", world.base)).send().await.unwrap();
        world.run_jobs().await;
        let before = scrape(&world, &url).await;
        for hidden in [&id, &case, &lead.id, &lead.username, "SECRET", "spark", "made-up", "ODD", "case_", "rep_"] {
            assert!(!before.contains(hidden), "{hidden} in {before}");
        }
        world.tamper("ALTER TABLE queue_counts RENAME TO a; ALTER TABLE outbox RENAME TO b");
        world.tamper("ALTER TABLE alarms RENAME TO c; ALTER TABLE events RENAME TO d");
        assert_eq!(scrape(&world, &url).await, before);
        assert_eq!(world.caller("").get("/metrics").await.status, 404, "not where platforms can ask");
    });
}

/// Why the service is degraded; its status must agree.
async fn reasons(world: &World) -> BTreeSet<String> {
    let ready = world.caller("").get("/readyz").await.expect(200).json();
    let reasons = ready["reasons"].as_array().unwrap();
    assert_eq!(ready["status"], if reasons.is_empty() { "ready" } else { "degraded" }, "{ready}");
    assert!(!ready.to_string().chars().any(|c| c.is_ascii_digit() && c != '1'), "no count: {ready}");
    reasons.iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect()
}

/// The loops that readiness names as late.
async fn late_loops(world: &World) -> String {
    let ready = world.caller("").get("/readyz").await.expect(200).json();
    let late = ready["reasons"].as_array().unwrap().iter().find(|reason| reason["code"] == "jobs_late");
    let told = late.map_or("", |reason| reason["detail"].as_str().unwrap());
    told.split_once(": ").map_or("", |(_, rest)| rest.split('.').next().unwrap()).to_owned()
}

/// Brings a world's clock close to the machine's, which a test then passes by a little: `PostgreSQL` compares the two.
fn meet_the_machine(world: &World) {
    let almost = Clock::machine().now().minus(Duration::from_secs(4));
    world.clock.advance(almost.since(world.clock.now()));
}

pub(crate) fn codes<const N: usize>(codes: [&str; N]) -> BTreeSet<String> {
    codes.map(str::to_owned).into()
}

/// Has a mail server set, at which nobody listens.
fn mailed(config: &mut recourse::config::Config) {
    config.mail.url = Some(Sensitive::new("smtp://127.0.0.1:1".to_owned()));
}

/// Past what an earlier answer is believed for.
const LATER: u64 = 2;

#[test]
fn readiness_knows_the_jobs_and_the_probe() {
    on_both_with(mailed, |world| async move {
        meet_the_machine(&world);
        jobs::begin(&world.app);
        jobs::tick(Arc::clone(&world.app)).await.unwrap();
        assert_eq!(reasons(&world).await, codes([]));
        world.platform("spark").await.submit(&urgent("R-1")).await;
        jobs::once(&world.app, "probe").await.unwrap();
        world.pass(LATER);
        assert_eq!(reasons(&world).await, codes([]));
        world.tamper("UPDATE outbox SET created_at = created_at - 121000000");
        assert_eq!(reasons(&world).await, codes([]), "an answer is kept for a moment");
        world.pass(LATER);
        assert_eq!(reasons(&world).await, codes(["probe_late"]));
        world.tamper("UPDATE outbox SET dead_at = run_at, lease_until = NULL WHERE kind <> 'probe'");
        world.pass(LATER);
        assert_eq!(reasons(&world).await, codes(["probe_late"]), "what hangs on a case is not told here");
        world.tamper("DELETE FROM outbox");
        world.pass(LATER);
        assert_eq!(reasons(&world).await, codes([]));
    });
}

#[test]
fn readiness_misses_a_tick_of_this_process_and_of_all() {
    on_both(|world| async move {
        assert!(!reasons(&world).await.contains("jobs_late"), "whoever runs the jobs has a minute to begin");
        world.clock.advance(Duration::from_secs(61));
        let all = reasons(&world).await;
        assert!(all.contains("jobs_late"), "{all:?}");
        jobs::tick(Arc::clone(&world.app)).await.unwrap();
        world.pass(LATER);
        assert!(!reasons(&world).await.contains("jobs_late"), "another process may run them");
        jobs::begin(&world.app);
        world.pass(62);
        let now = world.clock.now().micros();
        world.tamper(&format!("UPDATE queue_counts SET as_of = {now}"));
        assert_eq!(late_loops(&world).await, "deliveries, ring", "others run them, and this process should");
        jobs::tick(Arc::clone(&world.app)).await.unwrap();
        world.pass(LATER);
        assert_eq!(late_loops(&world).await, "deliveries", "what the tick is no part of");
    });
}

#[test]
fn readiness_knows_clocks_that_are_wrong() {
    on_both_with(mailed, |world| async move {
        let apart = if world.app.db.is_shared() { codes(["clock_differs"]) } else { codes([]) };
        assert_eq!(reasons(&world).await, apart, "the tests' clock stands days behind the server's");
        meet_the_machine(&world);
        assert!(!reasons(&world).await.contains("clock_differs"));
        jobs::tick(Arc::clone(&world.app)).await.unwrap();
        world.platform("spark").await.submit(&small("K-1")).await;
        world.pass(LATER);
        assert_eq!(reasons(&world).await, codes([]));
        // What came in at a time that has not come would tell that something came in.
        world.tamper("UPDATE events SET created_at = created_at + 20000000");
        world.tamper("UPDATE idempotency SET created_at = created_at + 20000000");
        world.pass(LATER);
        assert_eq!(reasons(&world).await, codes([]));
        // Forward and back look the same from the rows: they are of a time that has not come.
        jobs::once(&world.app, "probe").await.unwrap();
        world.tamper("UPDATE outbox SET created_at = created_at + 20000000 WHERE kind = 'probe'");
        world.pass(LATER);
        assert_eq!(reasons(&world).await, codes(["clock_leapt_back"]));
        jobs::once(&world.app, "probe").await.unwrap();
        world.pass(LATER);
        assert_eq!(reasons(&world).await, codes(["clock_leapt_back"]), "until that time has come");
    });
}

//! What happens when more comes in while something is under way.

use recourse::domain::ledger::audit;
use recourse::domain::people::staff::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::{Caller, Platform, Staff, full};
use crate::harness::{World, on_both};

async fn held(world: &World, reference: &str) -> (Platform, Staff, String, String) {
    let spark = world.platform("spark").await;
    let report = spark.submit(&full(reference)).await;
    let lead = world.staff(Role::Lead).await;
    let case = lead.case_of(reference).await;
    lead.take(&case).await;
    (spark, lead, case, report)
}

async fn add(spark: &Platform, report: &str, answers: Value) {
    let path = format!("/v1/reports/{report}/additions");
    spark.caller.post(&path, &json!({"answers": answers})).await.expect(201);
}

fn reviews(case: &Value) -> Vec<String> {
    let clocks = case["clocks"].as_array().unwrap();
    let of = |clock: &&Value| clock["kind"] == "human_review";
    clocks.iter().filter(of).map(|clock| clock["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_comes_in_after_the_review_is_read_too() {
    on_both(|world| async move {
        let (spark, lead, case, report) = held(&world, "T-1").await;
        assert_eq!(reviews(&lead.case(&case).await.0), ["met"]);
        lead.act(&case, "release", &json!({})).await.expect(200);
        add(&spark, &report, json!({"isolated": "yes"})).await;
        // Somebody who looks without holding the case has not reviewed it.
        let auditor = world.staff(Role::Auditor).await;
        auditor.case(&case).await;
        let mut seen = reviews(&lead.case(&case).await.0);
        seen.sort();
        assert_eq!(seen, ["met", "running"]);
        lead.act(&case, "claim", &json!({})).await.expect(200);
        lead.case(&case).await;
        lead.act(&case, "notes", &json!({"text": "She is alone there."})).await.expect(201);
        assert_eq!(reviews(&lead.case(&case).await.0), ["met", "met"]);
        // A second report of the same two is promised a reader of its own.
        lead.act(&case, "release", &json!({})).await.expect(200);
        let second = spark.caller.post("/v1/reports", &full("T-2")).await.expect(201).json();
        assert_eq!(second["acknowledgement"]["human_review_by"], "2026-11-22T19:04:02.123457Z");
        let (now, _) = lead.case(&case).await;
        assert!(reviews(&now).contains(&"running".to_owned()), "{now}");
    });
}

#[test]
fn a_head_is_no_reading_of_a_case() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&full("T-6")).await;
        let lead = world.staff(Role::Lead).await;
        let case = lead.case_of("T-6").await;
        let path = format!("/v1/triage/cases/{case}");
        let head = Caller::send(lead.caller.request(Method::HEAD, &path)).await.expect(405);
        assert_eq!(head.header("allow"), "GET");
        Caller::send(lead.caller.request(Method::HEAD, "/v1/triage/queues")).await.expect(200);
        let id = case.clone();
        let record = world.app.read(move |rx| audit::list(rx, &id)).await.unwrap();
        assert!(record.iter().all(|event| event.kind != "case_read"), "{record:?}");
    });
}

#[test]
fn a_case_set_aside_is_taken_up_when_it_becomes_more_urgent() {
    on_both(|world| async move {
        let (spark, lead, case, report) = held(&world, "T-3").await;
        let hold = json!({"action": "hold", "reason": "Waiting.", "until": "2026-11-22T12:00:00Z"});
        lead.act_seen(&case, "transitions", &hold).await.expect(200);
        add(&spark, &report, json!({"not_safe_now": "yes"})).await;
        let (now, _) = lead.case(&case).await;
        assert_eq!(
            (&now["state"], &now["priority"], &now["queue"]),
            (&json!("in_review"), &json!("p0"), &json!("emergency"))
        );
        lead.caller.post("/v1/triage/queues/emergency/claim", &json!({})).await.expect(200);
    });
}

#[test]
fn an_act_that_no_longer_answers_all_is_not_approved() {
    on_both(|world| async move {
        let (spark, lead, case, report) = held(&world, "T-4").await;
        let other = world.staff(Role::Lead).await;
        let lower = json!({"priority": "p3", "reason_code": "safety_confirmed", "text": "Safe with her sister."});
        let first = lead.act_seen(&case, "priority", &lower).await.expect(202).json();
        add(&spark, &report, json!({"isolated": "yes"})).await;
        let path = |act: &Value, what: &str| format!("pending/{}/{what}", act["pending"]["id"].as_str().unwrap());
        let refused = other.act(&case, &path(&first, "approve"), &json!({})).await.expect(409);
        assert_eq!(refused.code(), "act_outdated");
        other.act(&case, &path(&first, "refuse"), &json!({})).await.expect(200);
        // A raise in between is a judgement that the first proposal did not know.
        let second = lead.act_seen(&case, "priority", &lower).await.expect(202).json();
        let raise = json!({"priority": "p0", "reason_code": "immediate_danger", "text": "He is outside."});
        other.act_seen(&case, "priority", &raise).await.expect(200);
        other.act(&case, &path(&second, "approve"), &json!({})).await.expect(409);
        assert_eq!(lead.case(&case).await.0["priority"], "p0");
    });
}

#[test]
fn the_platform_sees_its_own_unanswered_requests_and_none_of_our_holds() {
    on_both(|world| async move {
        let (spark, lead, case, report) = held(&world, "T-5").await;
        let path = format!("/v1/reports/{report}");
        lead.act(&case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
        assert_eq!(spark.caller.get(&path).await.json()["status"], "awaiting_platform");
        let hold = json!({"action": "hold", "reason": "Waiting.", "until": "2026-11-22T12:00:00Z"});
        lead.act_seen(&case, "transitions", &hold).await.expect(200);
        let before = spark.caller.get(&path).await;
        assert_eq!(before.json()["status"], "awaiting_platform");
        world.pass(25 * 3600);
        world.run_jobs().await;
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        assert_eq!(lead.case(&case).await.0["state"], "in_review", "silence gives the case back");
        assert_eq!(spark.caller.get(&path).await.text, before.text);
        let request = spark.caller.get("/v1/requests").await.json()["data"][0]["id"].as_str().unwrap().to_owned();
        let done = json!({"state": "done", "subject_notified": false});
        spark.caller.post(&format!("/v1/requests/{request}/response"), &done).await.expect(200);
        assert_eq!(spark.caller.get(&path).await.json()["status"], "received");
    });
}

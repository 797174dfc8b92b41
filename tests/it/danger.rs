//! What is urgent reaches a person: pages, lowerings that no longer hold, and cases that nobody is left with.

use std::fs;

use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::domain::triage::Queue;
use recourse::{app, jobs};
use serde_json::{Value, json};

use crate::harness::client::{Platform, Staff, full, small};
use crate::harness::{World, on_both, on_both_with};

/// Why an alarm was opened for a case, in order; without those of its clocks.
async fn pages(world: &World, case: &str) -> Vec<String> {
    world.run_jobs().await;
    let chain = case.to_owned();
    let events = world.app.read(move |rx| recourse::domain::ledger::audit::list(rx, &chain)).await.unwrap();
    let reason = |details: &str| serde_json::from_str::<Value>(details).unwrap()["reason"].as_str().unwrap().to_owned();
    let opened = events.iter().filter(|event| event.kind == "alarm_opened").map(|event| reason(&event.details));
    opened.filter(|reason| !reason.ends_with("_soon") && !reason.ends_with("_passed")).collect()
}

async fn add(spark: &Platform, report: &str, body: Value) {
    spark.caller.post(&format!("/v1/reports/{report}/additions"), &body).await.expect(201);
}

async fn lead_with(world: &World, reference: &str) -> (Staff, String) {
    let lead = world.staff(Role::Lead).await;
    let case = lead.case_of(reference).await;
    lead.take(&case).await;
    (lead, case)
}

#[test]
fn what_comes_in_for_an_urgent_case_wakes_somebody_unless_it_is_held() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let report = spark.submit(&full("P-1")).await;
        let (lead, case) = lead_with(&world, "P-1").await;
        assert_eq!(pages(&world, &case).await, ["p1"]);
        add(&spark, &report, json!({"statement": "He came back."})).await;
        assert_eq!(pages(&world, &case).await, ["p1"], "the holder sees by herself what has come");
        lead.act(&case, "release", &json!({})).await.expect(200);
        add(&spark, &report, json!({"statement": "He is ringing the bell."})).await;
        assert_eq!(pages(&world, &case).await, ["p1", "released", "more_came_in"]);
        lead.act(&case, "claim", &json!({})).await.expect(200);
        let close = json!({"outcome": "supported_elsewhere", "reason": "As she wished."});
        world.read_by_another(&case).await;
        lead.confirm_support(&case).await;
        lead.act_seen(&case, "decision", &close).await.expect(200);
        spark.submit(&full("P-2")).await;
        assert_eq!(pages(&world, &case).await.last().unwrap(), "more_came_in");
        assert_eq!(pages(&world, &case).await.len(), 4, "a closed case that opens again pages once");
        // A hold that ends on an urgent case, and a platform that stays silent, wake somebody too.
        lead.act(&case, "claim", &json!({})).await.expect(200);
        lead.act(&case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
        world.pass(25 * 3600);
        assert_eq!(pages(&world, &case).await.last().unwrap(), "request_overdue");
        let lead = world.staff(Role::Lead).await;
        lead.act(&case, "claim", &json!({})).await.expect(200);
        let hold = json!({"action": "hold", "reason": "Waiting.", "until": "2026-11-22T22:00:00Z"});
        lead.act_seen(&case, "transitions", &hold).await.expect(200);
        world.pass(3 * 3600);
        assert_eq!(pages(&world, &case).await.last().unwrap(), "hold_ended");
    });
}

#[test]
fn what_is_not_urgent_and_what_is_a_trial_wakes_nobody() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let report = spark.submit(&small("P-3")).await;
        add(&spark, &report, json!({"statement": "Again."})).await;
        let lead = world.staff(Role::Lead).await;
        let case = lead.case_of("P-3").await;
        assert!(pages(&world, &case).await.is_empty());
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let mut body = full("P-4");
        body["answers"] = json!({"not_safe_now": "yes"});
        trial.submit(&body).await;
        let list = lead.caller.get("/v1/triage/cases?platform_report_ref=P-4&mode=test").await.json();
        assert_eq!(list["data"][0]["priority"], "p0");
        assert!(pages(&world, list["data"][0]["id"].as_str().unwrap()).await.is_empty());
    });
}

#[test]
fn the_same_danger_reported_again_voids_a_lowering() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let mut body = full("P-5");
        body["answers"] = json!({"not_safe_now": "yes"});
        let report = spark.submit(&body).await;
        let (lead, case) = lead_with(&world, "P-5").await;
        let lower =
            json!({"priority": "p3", "reason_code": "safety_confirmed", "text": "At her sister's, says so herself."});
        let act = lead.act_seen(&case, "priority", &lower).await.expect(202).json();
        let other = world.staff(Role::Lead).await;
        other.approve(&case, act["pending"]["id"].as_str().unwrap()).await.expect(200);
        add(&spark, &report, json!({"statement": "All quiet."})).await;
        assert_eq!(lead.case(&case).await.0["priority"], "p3", "words alone say nothing that the rules know");
        lead.act(&case, "release", &json!({})).await.expect(200);
        add(&spark, &report, json!({"answers": {"not_safe_now": "yes"}})).await;
        let (now, _) = lead.case(&case).await;
        assert_eq!((&now["priority"], &now["queue"]), (&json!("p0"), &json!("emergency")));
        assert_eq!(pages(&world, &case).await.last().unwrap(), "p0");
    });
}

#[test]
fn two_people_close_only_what_both_have_read() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&full("P-6")).await;
        let (lead, case) = lead_with(&world, "P-6").await;
        let unfounded = json!({"outcome": "unfounded", "reason": "Both accounts are ours, of a test."});
        let act = lead.act_seen(&case, "decision", &unfounded).await.expect(202).json();
        let path = |what: &str| format!("pending/{}/{what}", act["pending"]["id"].as_str().unwrap());
        spark.submit(&full("P-7")).await;
        let other = world.staff(Role::Lead).await;
        assert_eq!(other.act(&case, &path("approve"), &json!({})).await.expect(409).code(), "act_outdated");
        assert_ne!(other.case(&case).await.0["state"], "closed");
        other.act(&case, &path("refuse"), &json!({})).await.expect(200);
    });
}

#[test]
fn the_second_person_reads_what_they_sign() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&full("P-8")).await;
        let (lead, case) = lead_with(&world, "P-8").await;
        let lower = json!({"priority": "p3", "reason_code": "safety_confirmed", "text": "At her sister's."});
        lead.act_seen(&case, "priority", &lower).await.expect(202);
        world.pass(1);
        let two = json!({"action": "provide_information", "agreement": "two_person", "agreement_record": "A child may be at risk.", "details": "Please say when the account was made."});
        lead.act(&case, "platform-requests", &two).await.expect(202);
        let other = world.staff(Role::Lead).await;
        let pending = other.case(&case).await.0["pending"].clone();
        assert_eq!(pending[0]["proposal"]["priority"], "p3");
        assert_eq!(pending[0]["proposal"]["reason_code"], "safety_confirmed");
        assert_eq!(pending[0]["proposal"]["text"], "At her sister's.");
        let request = &pending[1]["proposal"]["request"];
        assert_eq!(request["agreement_record"], "A child may be at risk.");
        assert_eq!(request["details"], "Please say when the account was made.");
        // The auditor sees that something waits, and none of its words.
        let auditor = world.staff(Role::Auditor).await;
        let (seen, _) = auditor.case(&case).await;
        assert_eq!(seen["pending"].as_array().unwrap().len(), 2);
        assert!(seen["pending"][0].get("proposal").is_none(), "{seen}");
    });
}

#[test]
fn what_was_written_about_a_request_is_read_by_those_who_may_read_content() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&full("P-9")).await;
        let (lead, case) = lead_with(&world, "P-9").await;
        let ask = json!({"action": "provide_information", "agreement": "survivor", "agreement_record": "By chat, today.", "details": "When was it made?"});
        lead.act(&case, "platform-requests", &ask).await.expect(200);
        let id = spark.caller.get("/v1/requests").await.json()["data"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/requests/{id}/response");
        spark.caller.post(&path, &json!({"state": "acknowledged"})).await.expect(200);
        assert!(lead.case(&case).await.0["requests"][0]["answered_at"].is_null(), "to have seen it is no answer");
        spark.caller.post(&path, &json!({"state": "done", "note": "In May."})).await.expect(200);
        let words = lead.case(&case).await.0["requests"][0]["words"].clone();
        assert_eq!(
            words,
            json!({"details": "When was it made?", "agreement_record": "By chat, today.", "answer_note": "In May."})
        );
        let auditor = world.staff(Role::Auditor).await;
        assert!(auditor.case(&case).await.0["requests"][0].get("words").is_none());
    });
}

#[test]
fn a_case_that_its_holder_may_no_longer_see_is_free_at_once() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let report = spark.submit(&full("P-10")).await;
        let advocate = world.staff_with(Role::Advocate, vec![Queue::StalkingViolence]).await;
        let case = advocate.case_of("P-10").await;
        advocate.take(&case).await;
        add(&spark, &report, json!({"answers": {"not_safe_now": "yes"}})).await;
        advocate.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
        let lead = world.staff(Role::Lead).await;
        let taken = lead.caller.post("/v1/triage/queues/emergency/claim", &json!({})).await.expect(200).json();
        assert_eq!(taken["id"], json!(case));
    });
}

#[test]
fn what_has_become_urgent_is_kept_for_nobody() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let report = spark.submit(&small("P-11")).await;
        let away = world.staff(Role::Advocate).await;
        let lead = world.staff(Role::Lead).await;
        let case = lead.case_of("P-11").await;
        lead.act_seen(&case, "assign", &json!({"staff_id": away.id})).await.expect(200);
        lead.caller.post("/v1/triage/queues/stalking_violence/claim", &json!({})).await.expect(204);
        add(&spark, &report, json!({"answers": {"very_frightened": "yes"}})).await;
        let taken = lead.caller.post("/v1/triage/queues/stalking_violence/claim", &json!({})).await.expect(200).json();
        assert_eq!((&taken["id"], &taken["priority"]), (&json!(case), &json!("p1")));
    });
}

#[test]
fn after_a_wish_to_withdraw_and_after_a_newer_wish_nothing_new_is_asked_without_her() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let mut body = full("P-12");
        body["desired_outcome"] = json!("platform_action");
        let first = spark.submit(&body).await;
        let (lead, case) = lead_with(&world, "P-12").await;
        let ask = json!({"action": "provide_information"});
        lead.act(&case, "platform-requests", &ask).await.expect(200);
        spark.caller.post(&format!("/v1/reports/{first}/withdrawal"), &json!({})).await.expect(202);
        let refused = lead.act(&case, "platform-requests", &ask).await.expect(422);
        assert_eq!(refused.errors(), ["/agreement agreement_required"]);
        let fresh = json!({"action": "provide_information", "agreement": "survivor", "agreement_record": "Asked again, today."});
        lead.act(&case, "platform-requests", &fresh).await.expect(200);
        // Her newest wish counts, whichever report the request names.
        world.pass(1);
        let mut later = full("P-13");
        later["desired_outcome"] = json!("record_only");
        spark.submit(&later).await;
        let of_first = json!({"action": "provide_information", "report_id": first, "agreement": "survivor", "agreement_record": "Then."});
        assert_eq!(lead.act(&case, "platform-requests", &of_first).await.expect(422).errors(), ["/action record_only"]);
        world.pass(1);
        lead.act(&case, "platform-requests", &json!({"action": "preserve_evidence", "agreement": "survivor"}))
            .await
            .expect(200);
        let kept = lead.case(&case).await.0["requests"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(kept["agreement"], "not_needed", "nobody wrote down how she agreed");
    });
}

#[test]
fn an_outcome_says_of_the_platform_only_what_is_true() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&full("P-14")).await;
        let (lead, case) = lead_with(&world, "P-14").await;
        for outcome in ["platform_acted", "platform_refused", "platform_silent"] {
            let close = json!({"outcome": outcome, "reason": "So it seems."});
            assert_eq!(lead.act_seen(&case, "decision", &close).await.expect(409).code(), "transition_refused");
        }
        lead.act(&case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
        let id = spark.caller.get("/v1/requests").await.json()["data"][0]["id"].as_str().unwrap().to_owned();
        let decline = json!({"state": "declined", "reason_code": "not_found"});
        spark.caller.post(&format!("/v1/requests/{id}/response"), &decline).await.expect(200);
        let close = json!({"outcome": "platform_refused", "reason": "There is no such account, they say."});
        lead.act_seen(&case, "decision", &close).await.expect(200);
    });
}

#[test]
fn each_image_has_its_own_48_hours_and_they_outlive_the_case() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let image = |reference: &str| {
            let mut body = full(reference);
            body["category"] = json!("intimate_image_shared");
            body["desired_outcome"] = json!("platform_action");
            body["intimate_image"] = json!({"is_intimate_image": true, "is_subject_or_agent": true, "good_faith": true, "locator": "their profile", "contact": "via_recourse"});
            body
        };
        let first = spark.submit(&image("P-15")).await;
        world.pass(3600);
        let spark = world.platform("spark").await;
        spark.submit(&image("P-16")).await;
        let (lead, case) = lead_with(&world, "P-15").await;
        let clocks = |case: &Value| -> Vec<(String, String)> {
            let all = case["clocks"].as_array().unwrap().iter().filter(|clock| clock["kind"] == "intimate_image");
            all.map(|c| (c["due_at"].as_str().unwrap().to_owned(), c["state"].as_str().unwrap().to_owned())).collect()
        };
        let state = |due: &str, state: &str| (due.to_owned(), state.to_owned());
        let (one, two) = ("2026-11-23T19:04:02.123457Z", "2026-11-23T20:04:02.123457Z");
        assert_eq!(clocks(&lead.case(&case).await.0), [state(one, "running"), state(two, "running")]);
        let ask = json!({"action": "remove_image", "report_id": first});
        lead.act(&case, "platform-requests", &ask).await.expect(200);
        let request = spark.caller.get("/v1/requests").await.json()["data"][0].clone();
        assert_eq!(request["due_at"], one);
        let path = format!("/v1/requests/{}/response", request["id"].as_str().unwrap());
        spark.caller.post(&path, &json!({"state": "done"})).await.expect(200);
        let (now, _) = lead.case(&case).await;
        assert_eq!(clocks(&now), [state(one, "met"), state(two, "running")]);
        assert_eq!(now["intimate_image_clock"], two);
        let close = json!({"outcome": "supported_elsewhere", "reason": "With her service."});
        world.read_by_another(&case).await;
        lead.confirm_support(&case).await;
        lead.act_seen(&case, "decision", &close).await.expect(200);
        let (closed, _) = lead.case(&case).await;
        assert_eq!(clocks(&closed), [state(one, "met"), state(two, "running")]);
        let of = |kind: &str| closed["clocks"].as_array().unwrap().iter().find(|c| c["kind"] == kind).unwrap().clone();
        assert_eq!(of("re_review")["state"], "stopped");
        // Opened again, a first contact that was never made is due again.
        let reopen = json!({"action": "reopen", "reason": "She wrote again."});
        lead.act_seen(&case, "transitions", &reopen).await.expect(200);
        let (again, _) = lead.case(&case).await;
        let contact = |c: &&Value| c["kind"] == "first_contact_or_standby" && c["state"] == "running";
        assert_eq!(again["clocks"].as_array().unwrap().iter().filter(contact).count(), 1, "{again}");
    });
}

#[test]
fn cases_taken_in_without_rules_are_assessed_when_there_are_rules_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rules.toml");
    fs::write(&file, "version = \"mine\"\n[[floor]\n").unwrap();
    on_both_with(
        |config| config.rules_file = Some(file.clone()),
        |world| async move {
            let spark = world.platform("spark").await;
            let mut body = full("P-17");
            body["answers"] = json!({"not_safe_now": "yes"});
            spark.submit(&body).await;
            spark.submit(&small("P-18")).await;
            let lead = world.staff(Role::Lead).await;
            let (urgent, calm) = (lead.case_of("P-17").await, lead.case_of("P-18").await);
            let mut config = world.config.clone();
            config.rules_file = None;
            let mended = app::open(config, world.clock.clone()).await.unwrap();
            jobs::once(&mended, "reassess").await.unwrap();
            let (now, _) = lead.case(&urgent).await;
            assert_eq!((&now["priority"], &now["queue"]), (&json!("p0"), &json!("emergency")));
            let (still, _) = lead.case(&calm).await;
            assert_eq!((&still["priority"], &still["priority_source"]), (&json!("p1"), &json!("rules")));
            assert_eq!(pages(&world, &urgent).await, ["triage_failed", "p0"]);
        },
    );
}

#[test]
fn the_queues_of_a_rule_file_are_where_cases_go() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rules.toml");
    let text = include_str!("../../src/domain/triage/tsp-1.toml");
    let text = text
        .replace("fraud = \"fraud\"", "fraud = \"other\"")
        .replace("p0 = \"emergency\"", "p0 = \"stalking_violence\"");
    fs::write(&file, text).unwrap();
    on_both_with(
        |config| config.rules_file = Some(file.clone()),
        |world| async move {
            let spark = world.platform("spark").await;
            let mut fraud = small("Q-1");
            fraud["category"] = json!("romance_fraud");
            let report = spark.submit(&fraud).await;
            let mut body = full("Q-2");
            body["answers"] = json!({"not_safe_now": "yes"});
            spark.submit(&body).await;
            let lead = world.staff(Role::Lead).await;
            let (money, danger) = (lead.case_of("Q-1").await, lead.case_of("Q-2").await);
            assert_eq!(lead.case(&money).await.0["queue"], "other");
            assert_eq!(lead.case(&danger).await.0["queue"], "stalking_violence");
            // And after the rules have run again.
            add(&spark, &report, json!({"answers": {"not_safe_now": "yes"}})).await;
            assert_eq!(lead.case(&money).await.0["queue"], "stalking_violence");
        },
    );
}

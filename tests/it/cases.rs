//! Cases: priorities, clocks, the second person, requests with their guards.

use futures_util::future::join_all;
use recourse::domain::ledger::audit;
use recourse::domain::people::staff::Role;
use serde_json::{Value, json};

use crate::harness::client::{Staff, full, small};
use crate::harness::{World, on_both};

/// A case of the full example, held by a lead.
async fn held(world: &World, reference: &str) -> (Staff, String) {
    let spark = world.platform("spark").await;
    spark.submit(&full(reference)).await;
    let lead = world.staff(Role::Lead).await;
    let case = lead.case_of(reference).await;
    lead.take(&case).await;
    (lead, case)
}

pub(crate) fn clock(case: &Value, kind: &str) -> (String, String) {
    let found =
        case["clocks"].as_array().unwrap().iter().find(|clock| clock["kind"] == kind).cloned().unwrap_or_default();
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    (text("due_at"), text("state"))
}

#[test]
fn clocks_start_by_priority_and_tighten_with_a_raise() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let receipt = spark.caller.post("/v1/reports", &small("K-1")).await.expect(201).json();
        // Harassment belongs to the stalking group: a person within 24 hours, whatever the priority.
        assert_eq!(receipt["acknowledgement"]["human_review_by"], "2026-11-22T19:04:02.123457Z");
        let lead = world.staff(Role::Lead).await;
        let id = lead.case_of("K-1").await;
        let (case, _) = lead.case(&id).await;
        assert_eq!(case["priority"], "p4");
        assert_eq!(clock(&case, "human_review"), ("2026-11-22T19:04:02.123457Z".into(), "running".into()));
        assert_eq!(clock(&case, "re_review").0, "2026-12-21T19:04:02.123457Z");
        assert_eq!(clock(&case, "escalation_decision").0, "");
        world.pass(3600);
        let lead = lead_again(&world).await;
        let raise = json!({"priority": "p1", "reason_code": "professional_judgement", "text": "Her voice."});
        let raised = lead.act_seen(&id, "priority", &raise).await.expect(200).json();
        assert_eq!((&raised["priority"], &raised["priority_source"]), (&json!("p1"), &json!("raised")));
        let (case, _) = lead.case(&id).await;
        // Nobody has acted for a while: four hours from the raise, and not one.
        assert_eq!(clock(&case, "human_review").0, "2026-11-22T00:04:02.123457Z");
        assert_eq!(clock(&case, "escalation_decision").0, "2026-11-22T20:04:02.123457Z");
        assert_eq!(clock(&case, "re_review").0, "2026-11-24T20:04:02.123457Z");
        lead.take(&id).await;
        assert_eq!(clock(&lead.case(&id).await.0, "human_review").1, "met");
        world.pass(5 * 3600);
        assert_eq!(clock(&lead_again(&world).await.case(&id).await.0, "first_contact_or_standby").1, "breached");
    });
}

#[test]
fn a_p1_is_read_within_the_hour_while_someone_is_on_shift() {
    on_both(|world| async move {
        let (_, first) = held(&world, "K-2").await;
        let advocate = world.staff(Role::Advocate).await;
        assert_eq!(clock(&advocate.case(&first).await.0, "human_review").0, "2026-11-21T23:04:02.123457Z");
        let mut body = full("K-3");
        body["subject"]["platform_account_ref"] = json!("u_1");
        world.platform("spark").await.submit(&body).await;
        let second = advocate.case_of("K-3").await;
        assert_eq!(clock(&advocate.case(&second).await.0, "human_review").0, "2026-11-21T20:04:02.123457Z");
    });
}

/// Sessions end after half an hour without a call.
async fn lead_again(world: &World) -> Staff {
    world.staff(Role::Lead).await
}

#[test]
fn lowering_from_p1_needs_another_lead_and_is_voided_by_more() {
    on_both(|world| async move {
        let (lead, id) = held(&world, "D-1").await;
        let advocate = world.staff(Role::Advocate).await;
        let safeguarding = world.staff(Role::SafeguardingLead).await;
        let lower = json!({"priority": "p3", "reason_code": "safety_confirmed", "text": "She is with family; said so herself."});
        let pending = lead.act_seen(&id, "priority", &lower).await.expect(202).json();
        let act = pending["pending"]["id"].as_str().unwrap().to_owned();
        assert_eq!(lead.case(&id).await.0["priority"], "p1");
        let approve = format!("pending/{act}/approve");
        assert_eq!(lead.act(&id, &approve, &json!({})).await.expect(403).code(), "second_person_required");
        assert_eq!(advocate.act(&id, &approve, &json!({})).await.expect(403).code(), "role_not_allowed");
        let lowered = safeguarding.approve(&id, &act).await.expect(200).json();
        assert_eq!((&lowered["priority"], &lowered["priority_source"]), (&json!("p3"), &json!("lowered")));
        assert_eq!(safeguarding.act(&id, &approve, &json!({})).await.expect(409).code(), "act_decided");

        // The same answers again change nothing; one more point voids the lowering.
        let spark = world.platform("spark").await;
        let reports = spark.caller.get("/v1/reports").await.json();
        let path = format!("/v1/reports/{}/additions", reports["data"][0]["id"].as_str().unwrap());
        spark.caller.post(&path, &json!({"answers": {"repeated": "yes"}})).await.expect(201);
        assert_eq!(lead.case(&id).await.0["priority"], "p3");
        spark.caller.post(&path, &json!({"answers": {"isolated": "yes"}})).await.expect(201);
        let (case, _) = lead.case(&id).await;
        assert_eq!((&case["priority"], &case["priority_source"]), (&json!("p1"), &json!("rules")));
    });
}

#[test]
fn a_request_keeps_its_guards() {
    on_both(|world| async move {
        let (lead, id) = held(&world, "G-1").await;
        let hide = json!({"action": "hide_account", "single_contact_check": true});
        let refused = lead.act(&id, "platform-requests", &hide).await.expect(422);
        assert_eq!(refused.errors(), ["/agreement agreement_required"]);
        let unchecked = json!({"action": "hide_account", "agreement": "survivor", "agreement_record": "Today."});
        let refused = lead.act(&id, "platform-requests", &unchecked).await.expect(422);
        assert_eq!(refused.errors(), ["/single_contact_check single_contact_check_required"]);
        lead.act(&id, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
        let two = json!({"action": "provide_information", "agreement": "two_person", "agreement_record": "A child may be at risk."});
        let pending = lead.act(&id, "platform-requests", &two).await.expect(202).json();
        let spark = world.platform("spark").await;
        assert_eq!(spark.caller.get("/v1/requests").await.json()["data"].as_array().unwrap().len(), 1);
        let other = world.staff(Role::Lead).await;
        other.approve(&id, pending["pending"]["id"].as_str().unwrap()).await.expect(200);
        assert_eq!(spark.caller.get("/v1/requests").await.json()["data"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn on_record_only_allows_keeping_evidence_and_nothing_else() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let mut body = full("O-1");
        body["desired_outcome"] = json!("record_only");
        spark.submit(&body).await;
        let lead = world.staff(Role::Lead).await;
        let id = lead.case_of("O-1").await;
        lead.take(&id).await;
        let ask = json!({"action": "provide_information", "agreement": "survivor", "agreement_record": "Today."});
        assert_eq!(lead.act(&id, "platform-requests", &ask).await.expect(422).errors(), ["/action record_only"]);
        lead.act(&id, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
    });
}

#[test]
fn a_platform_answers_late_and_declines_an_image_for_two_reasons_only() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let mut body = full("I-1");
        body["category"] = json!("intimate_image_shared");
        body["desired_outcome"] = json!("platform_action");
        body["intimate_image"] = json!({"is_intimate_image": true, "is_subject_or_agent": true, "good_faith": true, "locator": "their profile, third picture", "contact": "via_recourse"});
        spark.submit(&body).await;
        let lead = world.staff(Role::Lead).await;
        let id = lead.case_of("I-1").await;
        lead.take(&id).await;
        world.pass(300);
        lead.act(&id, "platform-requests", &json!({"action": "remove_image"})).await.expect(200);
        let request = spark.caller.get("/v1/requests").await.json()["data"][0].clone();
        // However late we ask: 48 hours from the receipt.
        assert_eq!(request["due_at"], "2026-11-23T19:04:02.123457Z");
        world.pass(49 * 3600);
        world.run_jobs().await;
        let spark = world.platform("spark").await;
        let id_of = request["id"].as_str().unwrap();
        let read = spark.caller.get(&format!("/v1/requests/{id_of}")).await.expect(200);
        assert_eq!(read.json()["state"], "overdue");
        let path = format!("/v1/requests/{id_of}/response");
        let decline = |reason: &str| json!({"state": "declined", "reason_code": reason});
        assert_eq!(
            spark.caller.post(&path, &json!({"state": "declined"})).await.expect(422).json()["errors"][0]["pointer"],
            "/reason_code"
        );
        let refused = spark.caller.post(&path, &decline("policy_not_broken")).await.expect(422);
        assert_eq!(refused.errors(), ["/reason_code reason_not_allowed"]);
        spark.caller.post(&path, &decline("not_intimate_image")).await.expect(200);
        assert_eq!(spark.caller.post(&path, &json!({"state": "done"})).await.expect(409).code(), "transition_refused");
        let lead = world.staff(Role::Lead).await;
        assert_eq!(lead.case(&id).await.0["state"], "in_review");
        let types = spark.caller.get("/v1/events?type=request.overdue").await.json();
        assert_eq!(types["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_hold_ends_the_claim_and_a_job_takes_it_up_again() {
    on_both(|world| async move {
        // Not urgent: what has somebody woken is offered to everybody at once.
        world.platform("spark").await.submit(&small("H-1")).await;
        let lead = world.staff(Role::Lead).await;
        let id = lead.case_of("H-1").await;
        lead.take(&id).await;
        let hold = |until: &str| json!({"action": "hold", "reason": "Waiting for her sister.", "until": until});
        let late = lead.act_seen(&id, "transitions", &hold("2026-11-25T19:04:03Z")).await.expect(422);
        assert_eq!(late.errors(), ["/until out_of_range"]);
        lead.act_seen(&id, "transitions", &hold("2026-11-21T21:00:00Z")).await.expect(200);
        assert_eq!(lead.act(&id, "heartbeat", &json!({})).await.expect(409).code(), "claim_lost");
        lead.caller.post("/v1/triage/queues/stalking_violence/claim", &json!({})).await.expect(204);
        world.pass(2 * 3600);
        world.run_jobs().await;
        let other = world.staff(Role::Lead).await;
        assert_eq!(other.case(&id).await.0["state"], "in_review");
        // Offered first to whom it belongs, for as long as no deadline passes.
        let taken = other.caller.post("/v1/triage/queues/stalking_violence/claim", &json!({})).await;
        assert_eq!(taken.status, 204);
    });
}

#[test]
fn unfounded_needs_two_people_and_closing_keeps_the_grid() {
    on_both(|world| async move {
        let (lead, id) = held(&world, "U-1").await;
        let unfounded = json!({"outcome": "unfounded", "reason": "Both accounts are ours, of a test."});
        let pending = lead.act_seen(&id, "decision", &unfounded).await.expect(202).json();
        assert_eq!(lead.case(&id).await.0["pending"][0]["kind"], "close_unfounded");
        let other = world.staff(Role::Lead).await;
        let act = pending["pending"]["id"].as_str().unwrap();
        let closed = other.approve(&id, act).await.expect(200).json();
        assert_eq!((&closed["state"], &closed["outcome"]), (&json!("closed"), &json!("unfounded")));
        assert_eq!(other.act(&id, "claim", &json!({})).await.expect(409).code(), "transition_refused");
        other
            .act_seen(&id, "transitions", &json!({"action": "reopen", "reason": "It was not a test."}))
            .await
            .expect(200);
        // The platform's view never tells "unfounded" from "nothing was asked".
        let spark = world.platform("spark").await;
        let events = spark.caller.get("/v1/events").await.text;
        assert!(!events.contains("unfounded"));
        let outcome = json!({"outcome": "platform_acted", "reason": "Done."});
        other.take(&id).await;
        other.act_seen(&id, "decision", &outcome).await.expect(409);
    });
}

#[test]
fn every_reading_stands_in_the_chain_and_every_chain_verifies() {
    on_both(|world| async move {
        let (lead, id) = held(&world, "V-1").await;
        let auditor = world.staff(Role::Auditor).await;
        let (seen, _) = auditor.case(&id).await;
        assert!(seen["assessment"].is_null() && seen.get("notes").is_none());
        assert!(seen["reports"][0].get("content").is_none());
        let note = json!({"text": "Spoke through the portal.", "records": "safe_contact"});
        lead.act(&id, "notes", &note).await.expect(422);
        let note = json!({
            "text": "Spoke through the portal.", "records": "safe_contact", "channel": "portal",
            "channel_confirmed_safe": true,
        });
        lead.act(&id, "notes", &note).await.expect(201);
        assert_eq!(clock(&lead.case(&id).await.0, "first_contact_or_standby").1, "met");
        let (case, app) = (id.clone(), world.app.clone());
        let (reads, heads) = world
            .app
            .read(move |rx| {
                let events = audit::list(rx, &case)?;
                let reads: Vec<String> =
                    events.into_iter().filter(|e| e.kind == "case_read").map(|e| e.details).collect();
                let heads = audit::heads(rx, "", 100)?;
                for (chain, head) in &heads {
                    assert!(audit::verify(rx, &app.kit.keyring, chain, head)?, "{chain}");
                }
                Ok((reads, heads.len()))
            })
            .await
            .unwrap();
        assert!(heads >= 4, "platform, two colleagues and the case have a chain each");
        assert!(reads.iter().any(|d| d.contains("auditor") && d.contains("\"content\":false")), "{reads:?}");
        assert!(reads.iter().any(|d| d.contains("lead") && d.contains("\"content\":true")), "{reads:?}");
    });
}

#[test]
fn links_are_made_by_people_in_both_directions() {
    on_both(|world| async move {
        let (lead, one) = held(&world, "X-1").await;
        let spark = world.platform("spark").await;
        spark.submit(&small("X-2")).await;
        let two = lead.case_of("X-2").await;
        lead.act(&one, "links", &json!({"case_id": two})).await.expect(200);
        assert_eq!(lead.case(&two).await.0["links"], json!([one]));
        lead.act(&one, "links", &json!({"case_id": one})).await.expect(422);
        lead.act(&one, "links", &json!({"case_id": "case_00000000000000000000000000"})).await.expect(404);
    });
}

#[test]
fn links_made_crosswise_at_once_do_not_block_each_other() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&small("X-1")).await;
        spark.submit(&small("X-2")).await;
        let (here, there) = (world.staff(Role::Lead).await, world.staff(Role::Lead).await);
        let (one, two) = (here.case_of("X-1").await, here.case_of("X-2").await);
        let (to_one, to_two) = (json!({"case_id": one}), json!({"case_id": two}));
        for _ in 0..10 {
            let answers = join_all([
                here.act(&one, "links", &to_two),
                there.act(&two, "links", &to_one),
                here.act(&one, "links", &to_two),
                there.act(&two, "links", &to_one),
            ]);
            for answer in answers.await {
                answer.expect(200);
            }
        }
        let (seen, _) = here.case(&one).await;
        assert_eq!((&seen["links"], &here.case(&two).await.0["links"]), (&json!([two]), &json!([one])));
    });
}

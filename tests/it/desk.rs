//! What the desk does for each act of a colleague, whichever it is: the order of its refusals, and who is at work.

use diesel::prelude::*;
use recourse::base::time::Timestamp;
use recourse::db::schema::staff;
use recourse::domain::people::staff::Role;
use recourse::domain::triage::Queue;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::{Answer, Caller, Staff, new_key, small};
use crate::harness::{World, on_both};

/// An act on a case with the key, the version seen and the body that are given.
async fn act(who: &Staff, path: &str, key: Option<&str>, seen: Option<&str>, body: &Value) -> Answer {
    let mut request = who.caller.request(Method::POST, path).json(body);
    for (name, value) in [("Idempotency-Key", key), ("If-Match", seen)] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    Caller::send(request).await
}

#[test]
fn each_act_is_refused_in_one_order() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let lead = world.staff(Role::Lead).await;
        let case = lead.case_of("SPK-1").await;
        let outside = world.staff_with(Role::Lead, vec![Queue::Fraud]).await;
        let (auditor, advocate) = (world.staff(Role::Auditor).await, world.staff(Role::Advocate).await);
        let (_, tag) = lead.case(&case).await;
        let wrong = json!({"no_member": "of any body"});
        for name in ["assign", "priority", "transitions", "decision"] {
            let path = format!("/v1/triage/cases/{case}/{name}");
            let told = async |who, key, seen| act(who, &path, key, seen, &wrong).await.code();
            let (key, old) = (new_key(), "\"99\"");
            // All is wrong in the first call, and one thing less in each that follows.
            assert_eq!(told(&outside, None, None).await, "idempotency_key_missing", "{name}");
            assert_eq!(told(&outside, Some(&key), None).await, "not_found", "{name}");
            if name != "transitions" {
                assert_eq!(told(&auditor, Some(&key), None).await, "role_not_allowed", "{name}");
            }
            if name == "decision" {
                assert_eq!(told(&advocate, Some(&key), None).await, "claim_lost", "{name}");
                advocate.act(&case, "claim", &json!({})).await.expect(200);
            }
            let who = if name == "decision" { &advocate } else { &lead };
            assert_eq!(told(who, Some(&key), None).await, "precondition_required", "{name}");
            assert_eq!(told(who, Some(&key), Some(old)).await, "precondition_failed", "{name}");
            assert_eq!(told(who, Some(&key), Some(&every_version())).await, "bad_parameter", "{name}");
            let (_, seen) = who.case(&case).await;
            assert_eq!(seen, tag, "nothing of all this changes the case");
            assert_eq!(act(who, &path, Some(&key), Some(&tag), &wrong).await.status, 422, "{name}");
        }
    });
}

/// As many versions as a header holds.
fn every_version() -> String {
    (1..500).map(|version| format!("\"{version}\"")).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_list_of_versions_is_no_version_that_somebody_read() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let report = spark.submit(&small("SPK-1")).await;
        let lead = world.staff(Role::Lead).await;
        let case = lead.case_of("SPK-1").await;
        let (_, tag) = lead.case(&case).await;
        let version: i64 = tag.trim_matches('"').parse().unwrap();
        let raise = json!({"priority": "p2", "reason_code": "professional_judgement", "text": "Her voice."});
        let path = format!("/v1/triage/cases/{case}/priority");
        let lists = [
            every_version(),
            format!("{tag}, \"{}\"", version + 1),
            format!("\"{}\",W/{tag}", version - 1),
            format!("{version} , {}", version + 1),
            format!("\"{version}-gzip\", \"{}\"", i64::MAX),
        ];
        for list in &lists {
            let refused = act(&lead, &path, Some(&new_key()), Some(list), &raise).await.expect(400);
            assert_eq!(refused.code(), "bad_parameter", "{list}");
            assert!(
                refused.json()["detail"].as_str().unwrap().starts_with("`If-Match`: name the one version"),
                "{list}"
            );
        }
        assert_eq!(lead.case(&case).await.1, tag, "nothing was done");
        // What a proxy says twice is said once, and what is no version is not counted.
        let twice = format!("{tag}, W/{tag}, \"{version}-gzip\", \"x\"");
        act(&lead, &path, Some(&new_key()), Some(&twice), &raise).await.expect(200);
        // A platform need not say what it saw, and no list passes for having seen it.
        let path = format!("/v1/reports/{report}/additions");
        let more = json!({"statement": "He is here."});
        let many = spark.caller.post_with(&path, &new_key(), Some(&every_version()), &more).await;
        assert_eq!((many.status, many.code()), (400, "bad_parameter".to_owned()));
        spark.caller.post_with(&path, &new_key(), None, &more).await.expect(201);
    });
}

/// When the colleague last acted.
async fn acted_at(world: &World, who: &Staff) -> Option<Timestamp> {
    let row = staff::table.find(who.id.clone()).select(staff::acted_at);
    world.app.read(move |rx| Ok(row.first(rx.conn())?)).await.unwrap()
}

#[test]
fn who_acts_is_at_work_and_who_only_reads_is_not() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let who = world.staff(Role::Lead).await;
        let case = who.case_of("SPK-1").await;
        let on_case = |act: &str| format!("/v1/triage/cases/{case}/{act}");
        for path in ["/v1/triage/queues", "/v1/triage/pending", &format!("/v1/triage/cases/{case}")] {
            who.caller.get(path).await.expect(200);
        }
        assert_eq!(acted_at(&world, &who).await, None, "reading is no work yet");
        who.act(&case, "links", &json!({"case_id": case})).await.expect(422);
        assert_eq!(acted_at(&world, &who).await, None, "what failed leaves no trace");
        let key = new_key();
        who.caller.post_with(&on_case("claim"), &key, None, &json!({})).await.expect(200);
        let began = acted_at(&world, &who).await;
        assert_eq!(began, Some(world.clock.now()));
        world.pass(61);
        who.caller.post_with(&on_case("claim"), &key, None, &json!({})).await.expect(200);
        assert_eq!(acted_at(&world, &who).await, began, "an answer that is repeated is no work");
        Caller::send(who.caller.request(Method::POST, &on_case("heartbeat"))).await.expect(200);
        assert_eq!(acted_at(&world, &who).await, Some(world.clock.now()));
        world.pass(61);
        who.caller.post("/v1/triage/queues/stalking_violence/claim", &json!({})).await.expect(204);
        assert_eq!(acted_at(&world, &who).await, Some(world.clock.now()), "nor is work only what finds something");
    });
}

//! What is open to a colleague, compared with what the operations answer.

use std::collections::BTreeSet;
use std::time::Duration;

use recourse::domain::people::staff::Role;
use serde_json::{Value, json};

use crate::harness::client::{Answer, Platform, Staff, new_key, small};
use crate::harness::{World, on_both};

/// Everybody of the grid.
struct Stage {
    spark: Platform,
    boss: Staff,
    other: Staff,
    linked: String,
    /// Until when somebody sets a case aside.
    until: String,
}

/// Where a case stands for whom.
#[derive(Clone, Copy, Debug)]
struct Scene {
    state: &'static str,
    holder: Holder,
    read: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Holder {
    Nobody,
    Myself,
    Another,
}

impl Stage {
    async fn of(world: &World) -> Self {
        let spark = world.platform("spark").await;
        let (boss, other) = (world.staff(Role::Lead).await, world.staff(Role::Advocate).await);
        spark.submit(&small("linked")).await;
        let linked = boss.case_of("linked").await;
        let until = world.clock.now().plus(Duration::from_hours(2)).to_string();
        Self { spark, boss, other, linked, until }
    }

    /// A new case that stands as the scene has it, for this person.
    async fn case(&self, who: &Staff, scene: Scene) -> String {
        let reference = format!("ref-{}", new_key());
        self.spark.submit(&small(&reference)).await;
        let (boss, case) = (&self.boss, self.boss.case_of(&reference).await);
        let raise = json!({"priority": "p3", "reason_code": "professional_judgement", "text": "Her voice."});
        boss.act_seen(&case, "priority", &raise).await.expect(200);
        if scene.state != "received" {
            boss.take(&case).await;
        }
        match scene.state {
            "in_review" => boss.act(&case, "release", &json!({})).await.expect(200),
            "on_hold" => {
                let hold = json!({"action": "hold", "reason": "Tonight.", "until": self.until});
                boss.act_seen(&case, "transitions", &hold).await.expect(200)
            }
            "awaiting_platform" => {
                boss.act(&case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
                boss.act(&case, "release", &json!({})).await.expect(200)
            }
            "closed" => {
                let close = json!({"outcome": "supported_elsewhere", "reason": "She has help."});
                boss.confirm_support(&case).await;
                boss.act_seen(&case, "decision", &close).await.expect(200)
            }
            _ => boss.caller.get(&format!("/v1/triage/cases/{case}/offers")).await.expect(200),
        };
        match scene.holder {
            Holder::Nobody => {}
            Holder::Myself => drop(who.act(&case, "claim", &json!({})).await.expect(200)),
            Holder::Another => drop(self.other.act(&case, "claim", &json!({})).await.expect(200)),
        }
        if scene.read {
            who.case(&case).await;
        }
        case
    }

    /// Does what was offered, as whoever has not looked at the case itself.
    async fn does(&self, who: &Staff, case: &str, version: &str, offer: &Value) -> Answer {
        let moves = |action: &str| json!({"action": action, "reason": "So it is."});
        let change = |to: &str| json!({"priority": to, "reason_code": "professional_judgement", "text": "So it is."});
        let (path, body) = match offer["act"].as_str().unwrap() {
            act @ ("claim" | "release" | "pass") => (act, json!({})),
            "leave" => ("pass", json!({"knows_somebody": true})),
            "wishes" => ("wishes", json!({"how": "phone", "alone": "yes", "may_contact": false})),
            "hand_over" => ("hand-over", json!({"staff_id": self.other.id, "note": "So it is."})),
            act @ ("start" | "resume" | "reopen") => ("transitions", moves(act)),
            "hold" => ("transitions", json!({"action": "hold", "reason": "Tonight.", "until": self.until})),
            "note" => ("notes", json!({"text": "A note."})),
            "contact" => ("notes", json!({"text": "Spoke.", "records": "safe_contact", "channel": "incoming"})),
            "assign" => ("assign", json!({"staff_id": self.other.id})),
            "priority_raise" => ("priority", change("p2")),
            "priority_lower" => ("priority", change("p4")),
            "ask_platform" => ("platform-requests", json!({"action": "preserve_evidence"})),
            "decide" => ("decision", json!({"outcome": offer["outcome"], "reason": "So it is."})),
            "link" => ("links", json!({"case_id": self.linked})),
            other => panic!("{other} has no operation"),
        };
        let path = format!("/v1/triage/cases/{case}/{path}");
        who.caller.post_with(&path, &new_key(), Some(version), &body).await
    }
}

async fn offers(who: &Staff, case: &str) -> Vec<Value> {
    let answer = who.caller.get(&format!("/v1/triage/cases/{case}/offers")).await.expect(200).json();
    answer["data"].as_array().unwrap().clone()
}

fn scenes() -> Vec<Scene> {
    let mut all = Vec::new();
    for state in ["received", "in_review", "on_hold", "awaiting_platform", "closed"] {
        for holder in [Holder::Nobody, Holder::Myself, Holder::Another] {
            if holder != Holder::Nobody && ["on_hold", "closed"].contains(&state) {
                continue;
            }
            for read in [false, true] {
                all.push(Scene { state, holder, read });
            }
        }
    }
    all
}

/// Whether the grid has the scene for the role: what a lead is offered beside what an advocate is hangs on less.
fn is_of(role: Role, scene: Scene) -> bool {
    match role {
        Role::Advocate => true,
        Role::Lead => scene.read && (scene.holder == Holder::Myself || scene.state == "on_hold"),
        Role::SafeguardingLead | Role::Auditor | Role::Administrator => scene.read && scene.holder == Holder::Nobody,
    }
}

#[test]
fn what_is_offered_is_what_the_operations_do() {
    on_both(|world| async move {
        let stage = Stage::of(&world).await;
        for role in [Role::Advocate, Role::Lead, Role::Auditor] {
            let who = world.staff(role).await;
            let mut tried = BTreeSet::new();
            for scene in scenes().into_iter().filter(|scene| is_of(role, *scene)) {
                // What is closed changes nothing, so that all of it is tried on one case.
                let case = stage.case(&who, scene).await;
                let told = offers(&who, &case).await;
                assert_eq!(offers(&who, &case).await, told);
                let version = stage.boss.case(&case).await.1;
                for offer in told.iter().filter(|offer| offer["open"] == json!(false)) {
                    let answer = stage.does(&who, &case, &version, offer).await;
                    assert!([403, 409, 422].contains(&answer.status), "{role:?} {scene:?} {offer} {}", answer.text);
                    assert!(offer["why_not"].is_string(), "{offer}");
                }
                for offer in told.iter().filter(|offer| offer["open"] == json!(true)) {
                    // What is open to who has not read the case is open to who has.
                    if !tried.insert(format!("{} {:?} {offer}", scene.state, scene.holder)) {
                        continue;
                    }
                    let case = stage.case(&who, scene).await;
                    assert!(offers(&who, &case).await.contains(offer), "{role:?} {scene:?} {offer}");
                    let version = stage.boss.case(&case).await.1;
                    let answer = stage.does(&who, &case, &version, offer).await;
                    assert!(answer.status < 300, "{role:?} {scene:?} {offer} {}", answer.text);
                    assert_eq!(answer.status == 202, offer["second_person"] == json!(true), "{offer} {}", answer.text);
                }
            }
        }
    });
}

fn why(offers: &[Value], act: &str) -> Vec<Value> {
    let of = offers.iter().filter(|offer| offer["act"] == json!(act));
    of.map(|offer| if offer["open"] == json!(true) { json!("open") } else { offer["why_not"].clone() }).collect()
}

#[test]
fn the_reasons_are_those_that_hold() {
    on_both(|world| async move {
        let stage = Stage::of(&world).await;
        let (who, auditor) = (world.staff(Role::Advocate).await, world.staff(Role::Auditor).await);
        let scene = |state, holder, read| Scene { state, holder, read };
        let case = stage.case(&who, scene("in_review", Holder::Another, true)).await;
        let told = offers(&who, &case).await;
        assert_eq!(why(&told, "claim"), ["held_by_other"]);
        assert_eq!((why(&told, "hold"), why(&told, "assign")), (vec![json!("held_by_other")], vec![json!("role")]));
        assert!(why(&offers(&auditor, &case).await, "note").iter().all(|why| why == "role"));
        let case = stage.case(&who, scene("in_review", Holder::Nobody, true)).await;
        let told = offers(&who, &case).await;
        assert_eq!((why(&told, "claim"), why(&told, "hold")), (vec![json!("open")], vec![json!("not_held")]));
        assert_eq!((why(&told, "hand_over"), why(&told, "pass")), (vec![json!("not_held")], vec![json!("not_held")]));
        assert_eq!(why(&told, "leave"), ["open"]);
        assert_eq!((why(&told, "start"), why(&told, "reopen")), (vec![json!("not_held")], vec![json!("state")]));
        let case = stage.case(&who, scene("in_review", Holder::Myself, false)).await;
        let told = offers(&who, &case).await;
        assert_eq!((why(&told, "hold"), why(&told, "priority_lower")), (vec![json!("unread")], vec![json!("unread")]));
        who.case(&case).await;
        let told = offers(&who, &case).await;
        let of_outcome = |outcome: &str| {
            let found = told.iter().find(|offer| offer["outcome"] == json!(outcome)).unwrap();
            (found["open"].clone(), found["why_not"].clone(), found["second_person"].clone())
        };
        assert_eq!(of_outcome("platform_acted"), (json!(false), json!("not_on_record"), json!(false)));
        assert_eq!(of_outcome("withdrawn"), (json!(false), json!("not_on_record"), json!(false)));
        assert_eq!(of_outcome("unfounded"), (json!(true), Value::Null, json!(true)));
        assert_eq!(of_outcome("recorded_only"), (json!(true), Value::Null, json!(false)));
        let case = stage.case(&who, scene("closed", Holder::Nobody, true)).await;
        let told = offers(&who, &case).await;
        assert_eq!((why(&told, "claim"), why(&told, "reopen")), (vec![json!("closed")], vec![json!("open")]));
        assert_eq!(why(&told, "priority_lower"), ["closed"]);
    });
}

#[test]
fn what_waits_for_a_second_person_is_offered_to_those_who_may_sign_it() {
    on_both(|world| async move {
        let stage = Stage::of(&world).await;
        let (who, lead) = (world.staff(Role::Lead).await, world.staff(Role::Lead).await);
        let scene = Scene { state: "in_review", holder: Holder::Myself, read: true };
        let case = stage.case(&who, scene).await;
        let unfounded = json!({"outcome": "unfounded", "reason": "Both accounts are ours."});
        let pending = who.act_seen(&case, "decision", &unfounded).await.expect(202).json();
        let act = pending["pending"]["id"].as_str().unwrap().to_owned();
        let own = offers(&who, &case).await;
        assert_eq!(
            (why(&own, "approve"), why(&own, "refuse")),
            (vec![json!("second_person")], vec![json!("second_person")])
        );
        assert_eq!(why(&own, "withdraw"), ["open"]);
        assert_eq!(why(&offers(&stage.other, &case).await, "approve"), ["role"]);
        let told = offers(&lead, &case).await;
        assert_eq!((why(&told, "approve"), why(&told, "refuse")), (vec![json!("unread")], vec![json!("open")]));
        assert_eq!(why(&told, "withdraw"), ["proposer"]);
        let sign = |who: Staff| {
            let path = format!("pending/{act}/approve");
            let case = case.clone();
            async move { who.act(&case, &path, &json!({})).await }
        };
        assert_eq!(sign(lead.clone()).await.expect(409).code(), "unread");
        lead.case(&case).await;
        assert_eq!(why(&offers(&lead, &case).await, "approve"), ["open"]);
        // More has come in than was proposed about.
        let report = lead.case(&case).await.0["reports"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/reports/{report}/additions");
        stage.spark.caller.post(&path, &json!({"statement": "He came to my door."})).await.expect(201);
        assert_eq!(why(&offers(&lead, &case).await, "approve"), ["outdated"]);
        assert_eq!(sign(lead.clone()).await.expect(409).code(), "act_outdated");
        lead.act(&case, &format!("pending/{act}/refuse"), &json!({})).await.expect(200);
        assert_eq!(why(&offers(&lead, &case).await, "approve"), Vec::<Value>::new());
    });
}

#[test]
fn lowering_what_is_urgent_is_offered_as_something_that_waits_for_two() {
    on_both(|world| async move {
        let stage = Stage::of(&world).await;
        let who = world.staff(Role::Advocate).await;
        for (to, waits) in [("p2", false), ("p1", true)] {
            let case = stage.case(&who, Scene { state: "in_review", holder: Holder::Myself, read: true }).await;
            let raise = json!({"priority": to, "reason_code": "new_information", "text": "He has a key."});
            who.act_seen(&case, "priority", &raise).await.expect(200);
            let told = offers(&who, &case).await;
            let offer = told.iter().find(|offer| offer["act"] == json!("priority_lower")).unwrap();
            assert_eq!((&offer["open"], &offer["second_person"]), (&json!(true), &json!(waits)), "{to}: {offer}");
            let version = who.case(&case).await.1;
            let answer = stage.does(&who, &case, &version, offer).await;
            assert_eq!(answer.status, if waits { 202 } else { 200 }, "{to}: {}", answer.text);
            // At either end there is nothing further.
            let end = if waits {
                let raise = json!({"priority": "p0", "reason_code": "new_information", "text": "He is there."});
                who.act_seen(&case, "priority", &raise).await.expect(200);
                "priority_raise"
            } else {
                "priority_lower"
            };
            assert_eq!(why(&offers(&who, &case).await, end), ["no_further"]);
        }
    });
}

//! A p0 that one colleague would bury: taken and never read, closed unread, kept quiet by claims,
//! signed for with a second account.

use std::time::Duration;

use recourse::domain::casework::colleagues;
use recourse::domain::people::staff::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::TEST;
use crate::harness::client::{Answer, Caller, Staff, new_key, small};
use crate::harness::{World, on_both};
use crate::rights::{events, urgent};

/// Every way to end a case.
const OUTCOMES: [&str; 8] = [
    "withdrawn",
    "unable_to_contact",
    "recorded_only",
    "supported_elsewhere",
    "unfounded",
    "platform_acted",
    "platform_refused",
    "platform_silent",
];

/// Does what needs a version without reading the case: with the one that a claim or a heartbeat tells.
async fn blind(who: &Staff, case: &str, act: &str, body: &Value) -> Answer {
    let heartbeat = who.caller.request(Method::POST, &format!("/v1/triage/cases/{case}/heartbeat"));
    let mut tag = Caller::send(heartbeat).await.header("etag");
    if tag.is_empty() {
        let list = who.caller.get("/v1/triage/cases?limit=100").await.json();
        let row = list["data"].as_array().unwrap().iter().find(|row| row["id"] == json!(case)).cloned().unwrap();
        tag = format!("\"{}\"", row["version"]);
    }
    who.caller.post_with(&format!("/v1/triage/cases/{case}/{act}"), &new_key(), Some(&tag), body).await
}

pub(crate) fn closing(outcome: &str) -> Value {
    json!({"outcome": outcome, "reason": "As it is."})
}

fn is_unread(answer: &Answer, since: &Value) {
    assert_eq!((answer.status, answer.code().as_str()), (409, "unread"), "{}", answer.text);
    assert_eq!(&answer.json()["unread_since"], since, "{}", answer.text);
    assert!(answer.json()["detail"].as_str().unwrap().contains(since.as_str().unwrap()), "{}", answer.text);
}

/// A p0 of the platform, and its report.
pub(crate) async fn p0(world: &World, who: &Staff, reference: &str) -> (String, String) {
    let report = world.platform("spark").await.submit(&urgent(reference, "p0")).await;
    (who.case_of(reference).await, report)
}

/// How often it rang, and who heard the last time.
async fn rings(world: &World, case: &str) -> (usize, Value) {
    world.run_jobs().await;
    let all = events(world, case, "on_call_paged").await;
    (all.len(), all.last().cloned().unwrap_or_default())
}

#[test]
fn whoever_closes_has_read_the_newest_content_in_this_claim() {
    on_both(|world| async move {
        let (one, other) = (world.staff(Role::Advocate).await, world.staff(Role::SafeguardingLead).await);
        for urgency in ["p0", "p4"] {
            let body = if urgency == "p0" { urgent("B-p0", "p0") } else { small("B-p4") };
            let report = world.platform("spark").await.submit(&body).await;
            let case = one.case_of(&format!("B-{urgency}")).await;
            let since = other.case(&case).await.0["content_at"].clone();
            assert_eq!(since, json!(world.clock.now()));
            one.act(&case, "claim", &json!({})).await.expect(200);
            for outcome in OUTCOMES {
                is_unread(&blind(&one, &case, "decision", &closing(outcome)).await, &since);
                // Somebody else's reading is not theirs, and `*` is no version.
                let path = format!("/v1/triage/cases/{case}/decision");
                one.caller.post_with(&path, &new_key(), Some("*"), &closing(outcome)).await.expect(428);
            }
            // Nor is beginning a reading.
            blind(&one, &case, "transitions", &json!({"action": "start"})).await.expect(200);
            is_unread(&blind(&one, &case, "decision", &closing("unfounded")).await, &since);
            assert_eq!(other.case(&case).await.0["read_at"], Value::Null);
            assert_ne!(one.case(&case).await.0["read_at"], Value::Null);
            // What comes in is unread again, also in the same instant.
            let more = json!({"statement": "He is at the door."});
            let spark = world.platform("spark").await;
            spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
            let later = other.case(&case).await.0["content_at"].clone();
            assert!(later.as_str() > since.as_str(), "{later} after {since}");
            is_unread(&blind(&one, &case, "decision", &closing("unfounded")).await, &later);
            one.case(&case).await;
            // A claim of somebody else, a lapse and giving it back end what was read.
            one.act(&case, "release", &json!({})).await.expect(200);
            one.act(&case, "claim", &json!({})).await.expect(200);
            is_unread(&blind(&one, &case, "decision", &closing("unfounded")).await, &later);
            one.case(&case).await;
            world.pass(15 * 60);
            one.act(&case, "claim", &json!({})).await.expect(200);
            is_unread(&blind(&one, &case, "decision", &closing("unfounded")).await, &later);
            one.case(&case).await;
            blind(&one, &case, "decision", &closing("unfounded")).await.expect(202);
        }
    });
}

#[test]
fn an_answer_of_the_platform_is_content_and_a_clock_that_is_set_back_makes_nothing_read() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let one = world.staff(Role::Advocate).await;
        let (case, _) = p0(&world, &one, "B-1").await;
        one.take(&case).await;
        one.act(&case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
        let asked = spark.caller.get("/v1/requests").await.expect(200).json()["data"][0]["id"].clone();
        // The report came in by a clock that was an hour ahead.
        world.tamper("UPDATE cases SET content_at = content_at + 3600000000");
        let before = one.case(&case).await.0;
        let answer = json!({"state": "done", "note": "It was kept. He wrote: tonight."});
        let path = format!("/v1/requests/{}/response", asked.as_str().unwrap());
        spark.caller.post(&path, &answer).await.expect(200);
        let closed = blind(&one, &case, "decision", &closing("platform_acted")).await;
        assert_eq!(closed.code(), "unread", "{}", closed.text);
        let after = one.case(&case).await.0;
        assert!(after["content_at"].as_str() > before["content_at"].as_str(), "{before} {after}");
        blind(&one, &case, "decision", &closing("platform_acted")).await.expect(200);
    });
}

#[test]
fn nobody_sets_aside_lowers_or_weighs_what_they_have_not_read() {
    on_both(|world| async move {
        let one = world.staff(Role::Advocate).await;
        let (case, _) = p0(&world, &one, "B-2").await;
        one.act(&case, "claim", &json!({})).await.expect(200);
        let until = world.clock.now().plus(Duration::from_hours(72));
        let lower = json!({"priority": "p3", "reason_code": "safety_confirmed", "text": "She said so."});
        let mut calm = small("B-3");
        calm["category"] = json!("romance_fraud");
        calm["answers"] = json!({"escalating_last_30d": "yes", "threats": "yes"});
        world.platform("spark").await.submit(&calm).await;
        let low = one.case_of("B-3").await;
        let unread = [
            blind(&one, &case, "transitions", &json!({"action": "hold", "reason": "Later.", "until": until})).await,
            blind(&one, &case, "priority", &lower).await,
            blind(&one, &low, "priority", &json!({"priority": "p4", "reason_code": "new_information", "text": "x"}))
                .await,
            one.act(
                &case,
                "notes",
                &json!({"text": "Not safe.", "records": "standby", "look_again_by": world.clock.now().plus(Duration::from_hours(1))}),
            )
            .await,
            one.act(&case, "notes", &json!({"text": "No.", "records": "escalation_decision"})).await,
            one.act(&case, "notes", &json!({"text": "Seen.", "records": "re_review"})).await,
        ];
        for answer in unread {
            assert_eq!(answer.code(), "unread", "{}", answer.text);
        }
        // What helps her asks for nothing to be read first.
        let raise = json!({"priority": "p1", "reason_code": "immediate_danger", "text": "She rang."});
        blind(&one, &low, "priority", &raise).await.expect(200);
        one.act(&case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
        let reached = json!({"text": "She rang.", "records": "safe_contact", "channel": "incoming"});
        one.act(&case, "notes", &reached).await.expect(201);
        one.case(&case).await;
        blind(&one, &case, "transitions", &json!({"action": "hold", "reason": "She sleeps.", "until": until}))
            .await
            .expect(200);
    });
}

#[test]
fn a_claim_stills_an_urgent_alarm_for_five_minutes_and_no_longer() {
    on_both(|world| async move {
        let (one, lead) = (world.staff(Role::Advocate).await, world.staff(Role::Lead).await);
        let next = world.staff(Role::Advocate).await;
        world.on_rota(&next, 24).await;
        let (case, _) = p0(&world, &one, "B-4").await;
        one.act(&case, "claim", &json!({})).await.expect(200);
        // Reading is no act, an act no reading, a heartbeat and a claim anew neither.
        one.case(&case).await;
        world.pass(299);
        blind(&one, &case, "heartbeat", &json!({})).await.expect(200);
        one.act(&case, "claim", &json!({})).await.expect(200);
        assert_eq!(rings(&world, &case).await.0, 0);
        world.pass(1);
        let (count, last) = rings(&world, &case).await;
        assert_eq!((count, &last["rung"]), (1, &json!("lead")), "one rung higher: {last}");
        for who in [&next, &lead, &one] {
            assert!(last["people"].as_array().unwrap().contains(&json!(who.id)), "{last}");
        }
        let review = |case: &Value| {
            let clocks = case["clocks"].as_array().unwrap().clone();
            clocks.into_iter().find(|clock| clock["kind"] == "human_review").unwrap()["state"].clone()
        };
        assert_eq!(review(&one.case(&case).await.0), "running");
        // It rings on, and higher, whatever they do but work.
        for n in 2..4 {
            one.act(&case, "release", &json!({})).await.expect(200);
            assert_eq!(rings(&world, &case).await.0, 2 * n - 2, "given back it rings at once");
            one.act(&case, "claim", &json!({})).await.expect(200);
            world.pass(300);
            assert_eq!(rings(&world, &case).await.0, 2 * n - 1, "and taken again by the same person it rings on");
        }
        world.pass(1);
        one.case(&case).await;
        blind(&one, &case, "transitions", &json!({"action": "start"})).await.expect(200);
        assert_eq!(review(&one.case(&case).await.0), "breached", "met, and late");
        let before = rings(&world, &case).await.0;
        world.pass(60);
        assert_eq!(rings(&world, &case).await.0, before, "read and begun: it is theirs");
    });
}

#[test]
fn giving_back_and_taking_again_before_it_rings_keeps_nothing_quiet() {
    on_both(|world| async move {
        let next = world.staff(Role::Advocate).await;
        world.on_rota(&next, 24).await;
        let one = world.staff(Role::Advocate).await;
        let too = world.second_account(&one, Role::Lead).await;
        let (case, _) = p0(&world, &one, "B-9").await;
        one.act(&case, "claim", &json!({})).await.expect(200);
        let mut who = [&one, &too];
        for n in 1..4 {
            world.pass(200);
            who[0].act(&case, "release", &json!({})).await.expect(200);
            who[1].act(&case, "claim", &json!({})).await.expect(200);
            assert_eq!(rings(&world, &case).await.0, n, "it rings at once, although it was taken again");
            who.reverse();
        }
    });
}

#[test]
fn a_claim_by_the_queue_by_the_other_account_or_by_a_hand_over_is_no_more() {
    on_both(|world| async move {
        let next = world.staff(Role::Advocate).await;
        world.on_rota(&next, 24).await;
        let one = world.staff(Role::Advocate).await;
        let too = world.second_account(&one, Role::Lead).await;
        let (case, _) = p0(&world, &one, "B-5").await;
        let mut told = 0;
        for who in [&one, &too, &one, &too] {
            who.caller.post("/v1/triage/queues/emergency/claim", &json!({})).await.expect(200);
            world.pass(270);
            if told == 0 {
                assert_eq!(rings(&world, &case).await.0, 0);
            }
            who.act(&case, "release", &json!({})).await.expect(200);
            let now = rings(&world, &case).await.0;
            assert!(now > told, "{now} after {told}");
            told = now;
        }
        blind(&too, &case, "assign", &json!({"staff_id": one.id})).await.expect(200);
        one.act(&case, "claim", &json!({})).await.expect(200);
        world.pass(300);
        assert!(rings(&world, &case).await.0 > told);
        // Somebody else has their own five minutes.
        next.act(&case, "release", &json!({})).await.expect(409);
        one.act(&case, "release", &json!({})).await.expect(200);
        told = rings(&world, &case).await.0;
        next.take(&case).await;
        world.pass(300);
        assert_eq!(rings(&world, &case).await.0, told);
    });
}

#[test]
fn what_ends_help_for_somebody_in_danger_needs_two_people_who_have_read_it() {
    on_both(|world| async move {
        let one = world.staff(Role::Advocate).await;
        let lead = world.staff(Role::Lead).await;
        let too = world.second_account(&one, Role::SafeguardingLead).await;
        for (n, outcome) in ["unable_to_contact", "recorded_only", "supported_elsewhere"].into_iter().enumerate() {
            let (case, _) = p0(&world, &one, &format!("B-6-{n}")).await;
            one.take(&case).await;
            one.confirm_support(&case).await;
            let waits = one.act_seen(&case, "decision", &closing(outcome)).await.expect(202).json();
            let act = waits["pending"]["id"].as_str().unwrap().to_owned();
            let seen = one.case(&case).await.0;
            assert_eq!(seen["pending"][0]["kind"], "close_urgent");
            assert_eq!(seen["pending"][0]["proposal"]["outcome"], outcome);
            for verb in ["approve", "refuse"] {
                too.case(&case).await;
                let refused = too.act(&case, &format!("pending/{act}/{verb}"), &json!({})).await.expect(403);
                assert_eq!(refused.code(), "second_person_required");
            }
            let path = format!("pending/{act}/approve");
            is_unread(&lead.act(&case, &path, &json!({})).await, &seen["content_at"]);
            let closed = lead.approve(&case, &act).await.expect(200).json();
            assert_eq!((&closed["state"], &closed["outcome"]), (&json!("closed"), &json!(outcome)));
        }
        // Once somebody else has read it, one says alone that others help her.
        let (case, _) = p0(&world, &one, "B-7").await;
        lead.case(&case).await;
        one.take(&case).await;
        one.confirm_support(&case).await;
        one.act_seen(&case, "decision", &closing("supported_elsewhere")).await.expect(200);
    });
}

#[test]
fn what_two_lowered_is_closed_as_what_it_was_and_who_is_gone_has_proposed_nothing() {
    on_both(|world| async move {
        let one = world.staff(Role::Advocate).await;
        let lead = world.staff(Role::Lead).await;
        let (case, _) = p0(&world, &one, "B-8").await;
        one.take(&case).await;
        let lower = json!({"priority": "p3", "reason_code": "safety_confirmed", "text": "She said so."});
        let act = one.act_seen(&case, "priority", &lower).await.expect(202).json()["pending"]["id"].clone();
        lead.approve(&case, act.as_str().unwrap()).await.expect(200);
        assert_eq!(one.case(&case).await.0["priority"], "p3");
        let waits = one.act_seen(&case, "decision", &closing("recorded_only")).await.expect(202).json();
        let act = waits["pending"]["id"].as_str().unwrap().to_owned();
        // A change of role keeps the account: who proposed as an advocate does not sign as a lead.
        let name = one.username.clone();
        world.app.write(TEST, move |tx| colleagues::set_role(tx, &name, Role::Lead).map(drop)).await.unwrap();
        assert_eq!(one.approve(&case, &act).await.expect(403).code(), "second_person_required");
        let name = one.username.clone();
        world.app.write(TEST, move |tx| colleagues::close(tx, &name).map(drop)).await.unwrap();
        assert_eq!(lead.approve(&case, &act).await.expect(409).code(), "act_void");
    });
}

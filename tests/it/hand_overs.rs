//! Handing a case on: who may get it, who has it meanwhile, and who hears.

use std::time::Duration;

use recourse::domain::people::staff::Role;
use recourse::domain::triage::Queue;
use reqwest::Method;
use serde_json::{Value, json};

use crate::closed_out::night;
use crate::harness::client::{Answer, Caller, Staff, small};
use crate::harness::smtp::MailServer;
use crate::harness::{World, on_both};
use crate::paging::{reachable, with_server};
use crate::rights::{LOSSES, events, lose, urgent};
use crate::turned_away::{listen, statements};
use crate::walls::walled;

async fn hand_over(from: &Staff, case: &str, to: &str) -> Answer {
    from.act_seen(case, "hand-over", &json!({"staff_id": to, "note": "She waits for his answer."})).await
}

/// A report of this priority whose case the colleague has taken.
async fn taken(world: &World, who: &Staff, reference: &str, priority: &str) -> String {
    let body = if priority == "p2" { small(reference) } else { urgent(reference, priority) };
    world.platform("spark").await.submit(&body).await;
    let case = who.case_of(reference).await;
    who.take(&case).await;
    case
}

async fn heartbeat(who: &Staff, case: &str) -> Answer {
    Caller::send(who.caller.request(Method::POST, &format!("/v1/triage/cases/{case}/heartbeat"))).await
}

/// What is offered to somebody, or by them.
async fn offered(who: &Staff) -> Vec<Value> {
    let list = who.caller.get("/v1/triage/hand-overs").await.expect(200).json();
    list["data"].as_array().unwrap().clone()
}

/// To whom the mails of this subject went.
fn told(server: &MailServer, subject: &str) -> Vec<String> {
    let mails = server.mails().into_iter().filter(|mail| mail.subject == subject);
    mails.map(|mail| mail.to.split('@').next().unwrap().to_owned()).collect()
}

#[test]
fn whoever_holds_a_case_hands_it_on_with_a_note_and_it_is_kept_for_the_other() {
    with_server(&async |world, server| {
        let (one, other) = (world.staff(Role::Advocate).await, world.staff(Role::Advocate).await);
        let (third, lead) = (world.staff(Role::Advocate).await, world.staff(Role::Lead).await);
        for (who, name) in [(&one, "one"), (&other, "other"), (&lead, "lead")] {
            reachable(&world, who, &format!("{name}@staff.example"), 0).await;
        }
        let case = taken(&world, &one, "H-1", "p2").await;
        assert_eq!(hand_over(&third, &case, &other.id).await.expect(409).code(), "claim_lost");
        let wordless = json!({"staff_id": other.id, "note": " "});
        assert_eq!(one.act_seen(&case, "hand-over", &wordless).await.expect(422).errors(), ["/note required"]);
        let nobody = format!("stf_{}", "0".repeat(26));
        let behind = walled(&world, Role::Advocate).await;
        let behind_this = world.staff(Role::Advocate).await;
        behind_this.act(&case, "pass", &json!({"knows_somebody": true})).await.expect(200);
        for (to, code) in
            [(&one.id, "theirs_already"), (&nobody, "unknown_colleague"), (&behind_this.id, "unknown_colleague")]
        {
            assert_eq!(hand_over(&one, &case, to).await.expect(422).errors(), [format!("/staff_id {code}")]);
        }
        assert_eq!(told(server, "Something was handed to you"), Vec::<String>::new());
        // What the other gave back is theirs all the same once it is handed to them.
        one.act(&case, "release", &json!({})).await.expect(200);
        other.act(&case, "claim", &json!({})).await.expect(200);
        other.act(&case, "pass", &json!({})).await.expect(200);
        one.take(&case).await;
        // Notes of one instant stand in no order.
        world.pass(1);
        let answer = hand_over(&one, &case, &other.id).await.expect(200).json();
        assert_eq!((&answer["offered_until"], &answer["assigned_to"]), (&json!(null), &json!(other.id)));
        assert_eq!(events(&world, &case, "handed_over").await, [json!({"to": other.id, "until": null})]);
        let (seen, _) = other.case(&case).await;
        let note = seen["notes"].as_array().unwrap().last().unwrap();
        assert_eq!((&note["author"], &note["text"]), (&json!(one.id), &json!("She waits for his answer.")));
        assert_eq!(heartbeat(&one, &case).await.expect(409).code(), "claim_lost");
        let claim = "/v1/triage/queues/stalking_violence/claim";
        third.caller.post(claim, &json!({})).await.expect(204);
        assert_eq!(other.caller.post(claim, &json!({})).await.expect(200).json()["id"], json!(case));
        world.run_jobs().await;
        assert_eq!(told(server, "Something was handed to you"), ["other"]);
        // A lead does so without the claim, with words or without.
        for body in [json!({"staff_id": one.id}), json!({"staff_id": one.id, "note": "You know her."})] {
            other.act(&case, "release", &json!({})).await;
            lead.act_seen(&case, "assign", &body).await.expect(200);
        }
        let texts = lead.case(&case).await.0["notes"].to_string();
        assert_eq!(texts.matches("You know her.").count(), 1);
        world.run_jobs().await;
        assert_eq!(told(server, "Something was handed to you"), ["other", "one", "one"]);
        assert_eq!(one.act_seen(&case, "assign", &json!({"staff_id": other.id})).await.status, 403);
        drop(behind);
    });
}

#[test]
fn an_urgent_case_is_offered_to_somebody_at_work_and_stays_where_it_is_until_it_is_taken() {
    for (priority, queue, minutes) in [("p0", "emergency", 5), ("p1", "stalking_violence", 30)] {
        with_server(&async |world, server| {
            let (one, other) = (world.staff(Role::Advocate).await, world.staff(Role::Advocate).await);
            let (third, home) = (world.staff(Role::Advocate).await, world.staff(Role::Lead).await);
            for (who, name) in [(&one, "one"), (&other, "other"), (&third, "third"), (&home, "home")] {
                reachable(&world, who, &format!("{name}@staff.example"), 0).await;
            }
            let case = taken(&world, &one, "H-1", priority).await;
            world.run_jobs().await;
            assert_eq!(hand_over(&one, &case, &home.id).await.expect(422).errors(), ["/staff_id not_on_shift"]);
            world.on_rota(&other, 24).await;
            let answer = hand_over(&one, &case, &other.id).await.expect(200).json();
            let until = world.clock.now().plus(Duration::from_mins(minutes));
            assert_eq!((&answer["offered_until"], &answer["assigned_to"]), (&json!(until), &json!(one.id)));
            assert_eq!(events(&world, &case, "handed_over").await, [json!({"to": other.id, "until": until})]);
            let row = json!({"case_id": case, "queue": queue, "priority": priority, "to": other.id, "from": one.id, "until": until});
            assert_eq!((offered(&one).await, offered(&other).await), (vec![row.clone()], vec![row]));
            assert_eq!(offered(&third).await, Vec::<Value>::new());
            world.run_jobs().await;
            let mails = server.mails();
            let call: Vec<&str> =
                mails.iter().filter(|mail| mail.text.contains("handed to you")).map(|mail| mail.to.as_str()).collect();
            assert_eq!(call, ["other@staff.example"], "as an alarm is, and nobody else");
            let rung = events(&world, &case, "on_call_paged").await;
            assert_eq!(
                rung.last().unwrap(),
                &json!({"reason": "handed_over", "rung": "on_call", "people": [other.id]})
            );
            // Whoever has it works on; nobody but the other takes it.
            heartbeat(&one, &case).await.expect(200);
            assert_eq!(third.act(&case, "claim", &json!({})).await.expect(409).code(), "claimed_by_other");
            let claim = format!("/v1/triage/queues/{queue}/claim");
            third.caller.post(&claim, &json!({})).await.expect(204);
            let got = other.caller.post(&claim, &json!({})).await.expect(200).json();
            assert_eq!((&got["id"], &got["assigned_to"]), (&json!(case), &json!(other.id)));
            assert_eq!(heartbeat(&one, &case).await.expect(409).code(), "claim_lost");
            assert_eq!((offered(&one).await.len(), offered(&other).await.len()), (0, 0));
            // Nothing is left of it that could call or lapse.
            world.pass(60 * 60);
            world.run_jobs().await;
            assert_eq!(told(server, "It was not taken"), Vec::<String>::new());
            assert!(events(&world, &case, "claim_ended").await.iter().all(|ended| ended["what"] != "offer"));
        });
    }
}

#[test]
fn an_offer_that_nobody_takes_lapses_and_both_hear() {
    for (priority, minutes) in [("p0", 5), ("p1", 30)] {
        with_server(&async |world, server| {
            let (one, other) = (world.staff(Role::Advocate).await, world.staff(Role::Advocate).await);
            for (who, name) in [(&one, "one"), (&other, "other")] {
                reachable(&world, who, &format!("{name}@staff.example"), 0).await;
            }
            let case = taken(&world, &one, "H-1", priority).await;
            // Whoever acted a moment ago is at work.
            assert_eq!(hand_over(&one, &case, &other.id).await.expect(422).errors(), ["/staff_id not_on_shift"]);
            other.act(&case, "notes", &json!({"text": "I am here."})).await.expect(201);
            hand_over(&one, &case, &other.id).await.expect(200);
            for _ in 0..minutes {
                world.run_jobs().await;
                assert_eq!(offered(&other).await.len(), 1);
                world.pass(60);
                heartbeat(&one, &case).await.expect(200);
            }
            assert_eq!(other.act(&case, "claim", &json!({})).await.expect(409).code(), "claimed_by_other");
            world.run_jobs().await;
            assert_eq!(
                (told(server, "There is nothing to take"), told(server, "It was not taken")),
                (vec!["other".to_owned()], vec!["one".to_owned()])
            );
            let ended = json!({"staff": other.id, "what": "offer", "cause": "lapsed"});
            assert_eq!(events(&world, &case, "claim_ended").await, [ended]);
            heartbeat(&one, &case).await.expect(200);
            assert_eq!(offered(&one).await.len(), 0);
        });
    }
}

#[test]
fn an_offer_ends_with_the_claim_of_who_made_it_and_a_claim_that_lapses_rings() {
    on_both(|world| async move {
        let lead = world.staff(Role::Lead).await;
        for (i, how) in ["release", "pass", "hold", "assign", "close", "lapse", "again"].into_iter().enumerate() {
            let (one, other) = (world.staff(Role::Advocate).await, world.staff(Role::Advocate).await);
            world.on_rota(&other, 24).await;
            let lead = world.signed_in_again(&lead).await;
            let case = taken(&world, &one, &format!("H-{i}"), "p1").await;
            hand_over(&one, &case, &other.id).await.expect(200);
            let why = match how {
                "hold" => {
                    let until = world.clock.now().plus(Duration::from_hours(1));
                    let hold = json!({"action": "hold", "reason": "She is at work.", "until": until});
                    one.act_seen(&case, "transitions", &hold).await.expect(200);
                    "held"
                }
                "assign" => {
                    lead.act_seen(&case, "claim", &json!({})).await.expect(409);
                    lead.act_seen(&case, "assign", &json!({"staff_id": one.id})).await.expect(200);
                    "assigned"
                }
                "close" => {
                    world.read_by_another(&case).await;
                    let close = json!({"outcome": "supported_elsewhere", "reason": "With her service."});
                    one.confirm_support(&case).await;
                    one.act_seen(&case, "decision", &close).await.expect(200);
                    "case_closed"
                }
                "lapse" => {
                    world.pass(15 * 60);
                    world.run_jobs().await;
                    let opened = events(&world, &case, "alarm_opened").await;
                    assert_eq!(opened.last().unwrap()["reason"], "claim_lapsed");
                    assert_eq!(events(&world, &case, "on_call_paged").await.last().unwrap()["reason"], "claim_lapsed");
                    "lapsed"
                }
                "again" => {
                    world.on_rota(&lead, 24).await;
                    hand_over(&one, &case, &lead.id).await.expect(200);
                    assert_eq!(offered(&lead).await.len(), 1, "it is the other one's now");
                    "handed_over"
                }
                act => {
                    one.act(&case, act, &json!({})).await.expect(200);
                    "released"
                }
            };
            let ended = events(&world, &case, "claim_ended").await;
            assert_eq!(ended[0], json!({"staff": other.id, "what": "offer", "cause": why}), "{how}");
            assert_eq!(offered(&other).await, Vec::<Value>::new(), "{how}");
        }
    });
}

#[test]
fn an_offer_ends_with_the_right_of_either_in_the_same_transaction() {
    with_server(&async |world, server| {
        let lead = world.staff(Role::Lead).await;
        for (i, (loss, cause)) in LOSSES.into_iter().enumerate() {
            for receives in [true, false] {
                let (one, other) = (world.staff(Role::Advocate).await, world.staff(Role::Advocate).await);
                reachable(&world, &one, &format!("one-{i}-{receives}@staff.example"), 0).await;
                world.on_rota(&other, 24).await;
                let case = taken(&world, &one, &format!("H-{i}-{receives}"), "p1").await;
                hand_over(&one, &case, &other.id).await.expect(200);
                lose(&world, if receives { &other } else { &one }, loss).await;
                let ended = events(&world, &case, "claim_ended").await;
                let offer = ended.iter().find(|ended| ended["what"] == "offer").unwrap();
                assert_eq!(offer, &json!({"staff": other.id, "what": "offer", "cause": cause}), "{loss} {receives}");
                if receives {
                    // Whoever has it has it still, and hears.
                    heartbeat(&one, &case).await.expect(200);
                    assert_eq!(offered(&one).await.len(), 0);
                    world.run_jobs().await;
                    assert_eq!(told(server, "It was not taken").last().unwrap(), &format!("one-{i}-true"));
                } else {
                    assert_eq!(lead.case(&case).await.0["assigned_to"], Value::Null);
                    assert_eq!(offered(&other).await.len(), 0);
                }
            }
        }
    });
}

#[test]
fn nothing_is_offered_to_somebody_who_cannot_come_in() {
    on_both(|world| async move {
        let amina = night(&world).await;
        let one = world.staff(Role::Advocate).await;
        let case = taken(&world, &one, "H-1", "p1").await;
        let list = one.caller.get(&format!("/v1/triage/colleagues?case_id={case}")).await.expect(200).json();
        let row = list["data"].as_array().unwrap().iter().find(|row| row["username"] == "amina").unwrap().clone();
        assert_eq!(row["on_shift"], json!(true), "she stands on the rota");
        let id = row["id"].as_str().unwrap();
        hand_over(&one, &case, id).await.expect(200);
        amina.is_shut_out(&world).await;
        let ended = events(&world, &case, "claim_ended").await;
        assert_eq!(ended, [json!({"staff": id, "what": "offer", "cause": "session_ended"})]);
        assert_eq!(hand_over(&one, &case, id).await.expect(422).errors(), ["/staff_id not_on_shift"]);
    });
}

/// Those to whom a case can be handed, by name, and whether they are at work.
async fn takers(who: &Staff, case: &str) -> Vec<(String, bool)> {
    let list = who.caller.get(&format!("/v1/triage/colleagues?case_id={case}&limit=100")).await.expect(200).json();
    let row = |row: &Value| (row["username"].as_str().unwrap().to_owned(), row["on_shift"].as_bool().unwrap());
    list["data"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn the_colleagues_who_may_take_a_case_are_listed_and_whoever_is_walled_leaves_no_trace() {
    listen();
    on_both(|world| async move {
        let (one, other) = (world.staff(Role::Advocate).await, world.staff(Role::Advocate).await);
        let (lead, auditor) = (world.staff(Role::Lead).await, world.staff(Role::Auditor).await);
        world.staff_with(Role::Lead, vec![Queue::Fraud]).await;
        let known = world.staff(Role::Lead).await;
        world.on_rota(&other, 24).await;
        let (case, twin) = (taken(&world, &one, "H-1", "p1").await, taken(&world, &one, "H-2", "p1").await);
        let named = |who: &[(&Staff, bool)]| {
            let mut all: Vec<(String, bool)> =
                who.iter().map(|(who, at_work)| (who.username.clone(), *at_work)).collect();
            all.sort();
            all
        };
        let all = named(&[(&other, true), (&lead, false), (&known, false)]);
        for who in [&one, &lead, &auditor] {
            assert_eq!(takers(who, &case).await, all, "but for the one who has it");
        }
        let page = one.caller.get(&format!("/v1/triage/colleagues?case_id={case}&limit=1")).await.expect(200).json();
        assert_eq!(page["data"][0].as_object().unwrap().len(), 4, "{page}");
        let next = page["next_cursor"].as_str().unwrap();
        one.caller.get(&format!("/v1/triage/colleagues?case_id={case}&limit=1&cursor={next}")).await.expect(200);
        // Behind a wall.
        known.act(&case, "pass", &json!({"knows_somebody": true})).await.expect(200);
        let (without, rows) = statements(&world, takers(&one, &case)).await;
        assert_eq!(rows, named(&[(&other, true), (&lead, false)]));
        let (with, rows) = statements(&world, takers(&one, &twin)).await;
        assert_eq!(rows.len(), 3);
        let shape =
            |all: &[String]| all.iter().map(|text| text.split(" -- ").next().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(shape(&without), shape(&with), "the same is asked, whoever is left out");
        known.caller.get(&format!("/v1/triage/colleagues?case_id={case}")).await.expect(404);
        let nothing = format!("case_{}", "0".repeat(26));
        one.caller.get(&format!("/v1/triage/colleagues?case_id={nothing}")).await.expect(404);
        // Without a case it is the leads' list of who cannot sign in, as before.
        assert_eq!(one.caller.get("/v1/triage/colleagues").await.expect(403).code(), "role_not_allowed");
        let list = lead.caller.get("/v1/triage/colleagues").await.expect(200).json();
        assert!(list["data"][0].as_object().unwrap().contains_key("second_factor_closed_at"), "{list}");
    });
}

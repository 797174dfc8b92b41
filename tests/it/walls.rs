//! What must not be known: cases behind a wall, cases of other queues, other tenants' and other modes' things.

use diesel::prelude::*;
use recourse::base::time::Timestamp;
use recourse::db::schema::{outbox, staff_sessions};
use recourse::domain::casework::colleagues;
use recourse::domain::ledger::audit;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::triage::Queue;
use reqwest::Method;
use serde_json::{Value, json};

use crate::authorisation::ROLES;
use crate::harness::TEST;
use crate::harness::client::{Caller, Staff, full, new_key, small};
use crate::harness::operations::{Ids, call, documented, draft, told};
use crate::harness::{World, on_both};

/// Someone whose own number stands in the contract's example.
pub(crate) async fn walled(world: &World, role: Role) -> Staff {
    let who = world.staff(role).await;
    let name = who.username.clone();
    world
        .app
        .write(TEST, move |tx| {
            colleagues::declare(tx, &name, &Identifier::new(IdentifierKind::Phone, "+44 7700 900 123"))
        })
        .await
        .unwrap();
    who
}

/// How often a wall was met on a case: by its record, and by the jobs that tell the safeguarding lead.
pub(crate) async fn met(world: &World, case: &str) -> (usize, usize) {
    let case = case.to_owned();
    world
        .app
        .read(move |rx| {
            let events = audit::list(rx, &case)?.iter().filter(|event| event.kind == "wall_met").count();
            let jobs: Vec<String> =
                outbox::table.filter(outbox::kind.eq("tell_of_wall")).select(outbox::payload).load(rx.conn())?;
            Ok((events, jobs.iter().filter(|payload| payload.contains(&case)).count()))
        })
        .await
        .unwrap()
}

fn references(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|row| row["platform_report_ref"].as_str().unwrap()).collect()
}

#[test]
fn behind_a_wall_a_case_is_as_one_that_is_not_there() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        spark.submit(&full("SPK-1")).await;
        spark.submit(&small("SPK-2")).await;
        let (case, other) = (lead.case_of("SPK-1").await, lead.case_of("SPK-2").await);
        lead.take(&case).await;
        let unfounded = json!({"outcome": "unfounded", "reason": "It was another man."});
        let waits = lead.act_seen(&case, "decision", &unfounded).await.expect(202).json();
        let act = waits["pending"]["id"].as_str().unwrap().to_owned();
        crate::directory::stand(&world, vec![crate::directory::entry("lantern")], &["lantern"]).await;
        let services = lead.caller.get("/v1/triage/services").await.expect(200).json();
        let service = services["data"][0]["id"].as_str().unwrap().to_owned();
        let given = lead.act(&case, "consents", &crate::consents::given(&service)).await.expect(201).json();
        let consent = given["id"].as_str().unwrap().to_owned();
        let mut ids =
            Ids { id: case.clone(), act, other, colleague: lead.id.clone(), service, consent, ..Ids::default() };
        let mut draft = draft(&ids);
        draft["she_changed_this"] = json!(true);
        let draft = lead.act(&case, "referrals", &draft).await.expect(201).json();
        draft["id"].as_str().unwrap().clone_into(&mut ids.referral);
        ids.next_service.clone_from(&ids.service);
        let (before, tag) = lead.case(&case).await;
        for role in ROLES {
            let who = walled(&world, role).await;
            let mut calls = 0;
            for operation in documented().iter().filter(|o| o.path.starts_with("/v1/triage/cases/{id}")) {
                let answer = call(&who.caller, operation, &ids).await;
                let missing = call(&who.caller, operation, &Ids::missing(operation)).await;
                assert_eq!(answer.status, 404, "{operation:?} by a walled {role:?}");
                assert_eq!(told(&answer), told(&missing), "{operation:?} by a walled {role:?}");
                calls += 1;
            }
            assert!(calls >= 13, "the document has lost its operations on cases");
        }
        let (after, unchanged) = lead.case(&case).await;
        assert_eq!((before, tag), (after, unchanged), "a walled call changed the case");
        world.run_jobs().await;
        // Every meeting stands on the case's record, and the safeguarding lead is told once of each person. The
        // administrator sees no case at all, so no wall was met.
        let (events, jobs) = met(&world, &case).await;
        assert!(events >= 4 && jobs == 4, "{events} events, {jobs} jobs");
    });
}

#[test]
fn the_first_meeting_with_a_wall_is_told_at_the_next_tick() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        spark.submit(&full("SPK-1")).await;
        let case = lead.case_of("SPK-1").await;
        let who = walled(&world, Role::Advocate).await;
        assert_eq!(met(&world, &case).await, (0, 0));
        who.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
        assert_eq!(met(&world, &case).await, (0, 0), "what a wall needs written is not written while somebody waits");
        world.run_jobs().await;
        assert_eq!(met(&world, &case).await, (1, 1));
        let outside = world.staff_with(Role::Advocate, vec![Queue::Fraud]).await;
        outside.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
        world.run_jobs().await;
        assert_eq!(met(&world, &case).await, (1, 1), "a queue that is not one's own is no wall");
    });
}

/// When the colleague's session was last written.
async fn seen_at(world: &World, who: &Staff) -> Timestamp {
    let id = who.id.clone();
    let row = staff_sessions::table.filter(staff_sessions::staff_id.eq(id)).select(staff_sessions::seen_at);
    world.app.read(move |rx| Ok(row.first(rx.conn())?)).await.unwrap()
}

#[test]
fn every_case_that_is_not_found_costs_a_write_whether_a_wall_was_met_or_not() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&full("SPK-1")).await;
        let case = world.staff(Role::Lead).await.case_of("SPK-1").await;
        let nowhere = format!("case_{}", "0".repeat(26));
        let behind = walled(&world, Role::Advocate).await;
        let outside = world.staff_with(Role::Advocate, vec![Queue::Fraud]).await;
        for (who, id) in [(&behind, &case), (&behind, &nowhere), (&outside, &case), (&outside, &nowhere)] {
            // Within a minute of its last call, a session is not written otherwise.
            world.pass(1);
            who.caller.get(&format!("/v1/triage/cases/{id}")).await.expect(404);
            assert_eq!(seen_at(&world, who).await, world.clock.now());
            world.pass(1);
            who.act(id, "notes", &json!({"text": "Rang."})).await.expect(404);
            assert_eq!(seen_at(&world, who).await, world.clock.now());
        }
    });
}

#[test]
fn a_walled_colleague_neither_gets_nor_lists_the_case() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let who = walled(&world, Role::Advocate).await;
        let lead = world.staff(Role::Lead).await;
        let claim = "/v1/triage/queues/stalking_violence/claim";
        spark.submit(&full("SPK-1")).await;
        let case = lead.case_of("SPK-1").await;
        who.caller.post(claim, &json!({})).await.expect(204);
        for query in ["", "?queue=stalking_violence", "?platform_report_ref=SPK-1", "?state=received", "?priority=p1"] {
            let list = who.caller.get(&format!("/v1/triage/cases{query}")).await.expect(200);
            assert_eq!(list.json()["data"], json!([]), "{query}");
            let seen = lead.caller.get(&format!("/v1/triage/cases{query}")).await.expect(200);
            assert_eq!(seen.json()["data"][0]["id"], json!(case), "{query}");
        }
        // The less urgent case is theirs; the other stays for whoever may see it.
        spark.submit(&small("SPK-2")).await;
        let mine = who.caller.post(claim, &json!({})).await.expect(200).json();
        assert_ne!(mine["id"], json!(case));
        let theirs = lead.caller.post(claim, &json!({})).await.expect(200).json();
        assert_eq!(theirs["id"], json!(case));
        let by_holder = format!("/v1/triage/cases?assigned_to={}", lead.id);
        assert_eq!(who.caller.get(&by_holder).await.expect(200).json()["data"], json!([]));
        assert_eq!(met(&world, &case).await, (0, 0), "being passed over tells nobody anything");
    });
}

#[test]
fn a_case_is_not_handed_over_a_wall() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let who = walled(&world, Role::Advocate).await;
        spark.submit(&full("SPK-1")).await;
        let case = lead.case_of("SPK-1").await;
        let to_walled = lead.act_seen(&case, "assign", &json!({"staff_id": who.id})).await.expect(422);
        let nobody = format!("stf_{}", "0".repeat(26));
        let to_nobody = lead.act_seen(&case, "assign", &json!({"staff_id": nobody})).await.expect(422);
        assert_eq!(told(&to_walled), told(&to_nobody));
    });
}

#[test]
fn links_tell_nothing_of_cases_that_one_may_not_see() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let who = walled(&world, Role::Advocate).await;
        let mut child = small("SPK-3");
        child["reporter"]["age_band"] = json!("under_18");
        spark.submit(&full("SPK-1")).await;
        spark.submit(&small("SPK-2")).await;
        spark.submit(&child).await;
        let (hidden, plain) = (lead.case_of("SPK-1").await, lead.case_of("SPK-2").await);
        let young = lead.case_of("SPK-3").await;
        let missing = who.act(&plain, "links", &json!({"case_id": format!("case_{}", "0".repeat(26))})).await;
        for other in [&hidden, &young] {
            let answer = who.act(&plain, "links", &json!({"case_id": other})).await.expect(404);
            assert_eq!(told(&answer), told(&missing));
        }
        world.run_jobs().await;
        assert_eq!(met(&world, &hidden).await, (1, 1), "the wall stands before the other case of a link too");
        for other in [&hidden, &young] {
            lead.act(&plain, "links", &json!({"case_id": other})).await.expect(200);
        }
        assert_eq!(lead.case(&plain).await.0["links"].as_array().unwrap().len(), 2);
        assert_eq!(who.case(&plain).await.0["links"], json!([]));
    });
}

#[test]
fn platforms_and_modes_list_only_their_own() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let meetly = world.platform("meetly").await;
        let lead = world.staff(Role::Lead).await;
        // The same reference in each: they never meet.
        let mut ids = Vec::new();
        for platform in [&spark, &trial, &meetly] {
            ids.push(platform.submit(&full("REF-1")).await);
        }
        for (platform, id) in [&spark, &trial, &meetly].into_iter().zip(&ids) {
            let list = platform.caller.get("/v1/reports").await.expect(200).json();
            assert_eq!(references(&list), ["REF-1"]);
            assert_eq!(list["data"][0]["id"], json!(id));
            let events = platform.caller.get("/v1/events").await.expect(200).json();
            let named: Vec<&Value> =
                events["data"].as_array().unwrap().iter().map(|e| &e["data"]["report_id"]).collect();
            assert_eq!(named, [&json!(id)]);
        }
        // Live queues hold live cases only, and no trial is ever claimed in their place.
        let live = lead.caller.get("/v1/triage/cases").await.expect(200).json();
        assert_eq!(live["data"].as_array().unwrap().len(), 2);
        let tried = lead.caller.get("/v1/triage/cases?mode=test").await.expect(200).json();
        assert_eq!(tried["data"].as_array().unwrap().len(), 1);
        let claim = "/v1/triage/queues/stalking_violence/claim";
        for status in [200, 200, 204] {
            lead.caller.post(claim, &json!({})).await.expect(status);
        }
        lead.caller.post(&format!("{claim}?mode=test"), &json!({})).await.expect(200);
        let case = tried["data"][0]["id"].as_str().unwrap();
        lead.take(case).await;
        lead.act(case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
        for (platform, count) in [(&spark, 0), (&trial, 1), (&meetly, 0)] {
            let list = platform.caller.get("/v1/requests").await.expect(200).json();
            assert_eq!(list["data"].as_array().unwrap().len(), count);
        }
    });
}

#[test]
fn a_foreign_event_or_cursor_opens_nothing() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let meetly = world.platform("meetly").await;
        for n in 0..3 {
            spark.submit(&small(&format!("SPK-{n}"))).await;
        }
        meetly.submit(&small("MEE-1")).await;
        let page = spark.caller.get("/v1/reports?limit=1").await.expect(200).json();
        let cursor = page["next_cursor"].as_str().unwrap();
        let mine = meetly.caller.get(&format!("/v1/reports?cursor={cursor}")).await;
        assert!(!mine.text.contains("SPK-"), "{}", mine.text);
        let event =
            spark.caller.get("/v1/events").await.expect(200).json()["data"][0]["id"].as_str().unwrap().to_owned();
        let foreign = meetly.caller.get(&format!("/v1/events?after={event}")).await;
        let missing = meetly.caller.get(&format!("/v1/events?after=evt_{}", "0".repeat(26))).await;
        assert_eq!(foreign.status, missing.status);
        assert!(!foreign.text.contains("rep_") || foreign.text == missing.text, "{}", foreign.text);
    });
}

#[test]
fn what_a_colleague_sees_follows_their_queues_at_once() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let who = world.staff(Role::Advocate).await;
        spark.submit(&small("SPK-1")).await;
        let case = who.case_of("SPK-1").await;
        let name = who.username.clone();
        world.app.write(TEST, move |tx| colleagues::set_queues(tx, &name, &[Queue::Fraud])).await.unwrap();
        who.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
        assert_eq!(who.caller.get("/v1/triage/cases").await.expect(200).json()["data"], json!([]));
        who.caller.get("/v1/triage/cases?queue=stalking_violence").await.expect(404);
        let fraud = Caller::send(who.caller.request(Method::GET, "/v1/triage/queues")).await.expect(200).json();
        assert_eq!(fraud["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn words_are_read_only_by_those_whose_role_may() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let advocate = world.staff(Role::Advocate).await;
        let auditor = world.staff(Role::Auditor).await;
        let report = spark.submit(&full("SPK-1")).await;
        let case = advocate.case_of("SPK-1").await;
        advocate.act(&case, "notes", &json!({"text": "She is with her sister."})).await.expect(201);
        let path = format!("/v1/triage/cases/{case}");
        let words =
            ["outside my work", "447700900123", "I saw you leave", "u_9020", "with her sister", "very_frightened"];
        let read = advocate.caller.get(&path).await.expect(200).text;
        let audited = auditor.caller.get(&path).await.expect(200).text;
        for word in words {
            assert!(read.contains(word), "the advocate misses {word}");
            assert!(!audited.contains(word), "the auditor reads {word}");
            for path in ["/v1/reports".to_owned(), format!("/v1/reports/{report}"), "/v1/events".to_owned()] {
                let told = spark.caller.get(&path).await.expect(200).text;
                assert!(!told.contains(word) && !told.contains(&case), "{path} repeats {word}");
            }
        }
        let id = case.clone();
        let events = world.app.read(move |rx| audit::list(rx, &id)).await.unwrap();
        let reads: Vec<bool> = events
            .iter()
            .filter(|event| event.kind == "case_read")
            .map(|event| serde_json::from_str::<Value>(&event.details).unwrap()["content"] == json!(true))
            .collect();
        assert_eq!(reads, [true, false], "each reading stands on the record, with or without words");
    });
}

#[test]
fn an_answer_is_not_repeated_to_somebody_who_may_no_longer_see_the_case() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&full("SPK-1")).await;
        for loses in ["queues", "wall", "queue_claim", "any_claim"] {
            let who = world.staff(Role::Lead).await;
            let case = who.case_of("SPK-1").await;
            let (key, body) = (new_key(), json!({}));
            let queue = who.case(&case).await.0["queue"].as_str().unwrap().to_owned();
            let path = match loses {
                "queue_claim" => format!("/v1/triage/queues/{queue}/claim"),
                "any_claim" => "/v1/triage/claim".to_owned(),
                _ => format!("/v1/triage/cases/{case}/claim"),
            };
            let first = who.caller.post_with(&path, &key, None, &body).await.expect(200);
            let again = who.caller.post_with(&path, &key, None, &body).await.expect(200);
            assert_eq!(first.text, again.text);
            who.act(&case, "release", &body).await.expect(200);
            let name = who.username.clone();
            let lost = world.app.write(TEST, move |tx| match loses {
                "wall" => {
                    let own = Identifier::new(IdentifierKind::Phone, "+44 7700 900 123");
                    colleagues::declare(tx, &name, &own)
                }
                _ => colleagues::set_queues(tx, &name, &[Queue::Other]),
            });
            lost.await.unwrap();
            who.caller.post_with(&path, &key, None, &body).await.expect(404);
        }
    });
}

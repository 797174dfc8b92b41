//! What ends with a right to a case: whoever loses it keeps nothing of it, and the next person hears at once.

use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use recourse::db::schema::outbox;
use recourse::domain::casework::colleagues;
use recourse::domain::ledger::audit;
use recourse::domain::people::door;
use recourse::domain::people::staff::{self, Role};
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::triage::Queue;
use recourse::jobs;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::TEST;
use crate::harness::client::{Caller, Staff, full, small};
use crate::harness::{World, on_both};
use crate::paging::reachable;

/// The ways in which a colleague loses the right to a case while its words stay the same.
pub(crate) const LOSSES: [(&str, &str); 4] =
    [("close", "account_closed"), ("role", "role"), ("queues", "queue"), ("declare", "wall")];

pub(crate) async fn lose(world: &World, who: &Staff, loss: &str) {
    let (name, loss) = (who.username.clone(), loss.to_owned());
    let ended = world.app.write(TEST, move |tx| match loss.as_str() {
        "close" => colleagues::close(tx, &name),
        "role" => colleagues::set_role(tx, &name, Role::Auditor).map(|(_, ended)| ended),
        "queues" => colleagues::set_queues(tx, &name, &[Queue::Complaints]),
        "reset" => colleagues::reset(tx, &name, "$none$", &door::new_secret()),
        _ => colleagues::declare(tx, &name, &Identifier::new(IdentifierKind::Phone, "+44 7700 900 123")),
    });
    ended.await.unwrap();
}

/// The events of a kind on a case's record, as their details.
pub(crate) async fn events(world: &World, case: &str, kind: &'static str) -> Vec<Value> {
    let case = case.to_owned();
    let all = world.app.read(move |rx| audit::list(rx, &case)).await.unwrap();
    all.iter().filter(|event| event.kind == kind).map(|event| serde_json::from_str(&event.details).unwrap()).collect()
}

/// Whom the last ring of the case told.
async fn told(world: &World, case: &str) -> Vec<String> {
    let rings = events(world, case, "on_call_paged").await;
    let Some(last) = rings.last() else { return Vec::new() };
    last["people"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

pub(crate) fn urgent(reference: &str, priority: &str) -> Value {
    let mut body = full(reference);
    body["reporter"]["platform_account_ref"] = json!(reference);
    if priority == "p0" {
        body["answers"] = json!({"not_safe_now": "yes"});
    }
    body
}

/// Takes a case and closes it, when another has read it too.
async fn finish(world: &World, who: &Staff, case: &str) {
    who.take(case).await;
    world.read_by_another(case).await;
    let close = json!({"outcome": "supported_elsewhere", "reason": "With her service."});
    who.confirm_support(case).await;
    who.act_seen(case, "decision", &close).await.expect(200);
}

/// Gives somebody something of a case: a claim, a hold, or a hand-over.
async fn give(world: &World, lead: &Staff, who: &Staff, case: &str, what: &str) {
    match what {
        "hand_over" => {
            lead.act_seen(case, "assign", &json!({"staff_id": who.id})).await.expect(200);
        }
        _ => who.take(case).await,
    }
    if what == "hold" {
        let until = world.clock.now().plus(Duration::from_hours(20));
        let hold = json!({"action": "hold", "reason": "She is at work.", "until": until});
        who.act_seen(case, "transitions", &hold).await.expect(200);
    }
}

#[test]
fn whatever_somebody_has_of_a_case_ends_with_the_right_to_it_and_the_next_person_hears_at_once() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let next = world.staff(Role::Advocate).await;
        world.on_rota(&next, 24).await;
        for (priority, queue) in [("p0", "emergency"), ("p1", "stalking_violence")] {
            for what in ["claim", "hold", "hand_over"] {
                for (loss, cause) in LOSSES {
                    let reference = format!("R-{priority}-{what}-{loss}");
                    spark.submit(&urgent(&reference, priority)).await;
                    let case = lead.case_of(&reference).await;
                    let who = world.staff(Role::Advocate).await;
                    give(&world, &lead, &who, &case, what).await;
                    lose(&world, &who, loss).await;
                    // In the same transaction: free before any job has run.
                    let (now, _) = lead.case(&case).await;
                    assert_eq!(now["assigned_to"], Value::Null, "{reference}: {now}");
                    assert_ne!(now["state"], "on_hold", "{reference}");
                    let ended = events(&world, &case, "claim_ended").await;
                    assert_eq!(ended.len(), 1, "{reference}");
                    assert_eq!(ended[0], json!({"staff": who.id, "what": what, "cause": cause}), "{reference}");
                    jobs::tick(Arc::clone(&world.app)).await.unwrap();
                    assert_eq!(told(&world, &case).await, [next.id.as_str()], "{reference}: at once, and nobody else");
                    let taken = lead.caller.post(&format!("/v1/triage/queues/{queue}/claim"), &json!({})).await;
                    assert_eq!(taken.expect(200).json()["id"], json!(case), "{reference}: offered to the next one");
                    finish(&world, &lead, &case).await;
                }
            }
        }
    });
}

#[test]
fn what_wakes_nobody_is_free_in_its_queue_at_once() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        for (i, what) in ["claim", "hold", "hand_over"].into_iter().enumerate() {
            spark.submit(&small(&format!("Q-{i}"))).await;
            let case = lead.case_of(&format!("Q-{i}")).await;
            let who = world.staff(Role::Advocate).await;
            give(&world, &lead, &who, &case, what).await;
            lose(&world, &who, "close").await;
            let taken = lead.caller.post("/v1/triage/queues/stalking_violence/claim", &json!({})).await.expect(200);
            assert_eq!(taken.json()["id"], json!(case), "{what}");
            assert!(events(&world, &case, "alarm_opened").await.is_empty(), "{what}");
        }
    });
}

#[test]
fn a_report_or_an_addition_that_names_the_holder_takes_the_case_from_them_and_rings() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        for joins in [false, true] {
            let mut body = urgent(&format!("N-{joins}"), "p0");
            body["subject"]["identifiers"] = json!([]);
            let report = spark.submit(&body).await;
            let case = lead.case_of(&format!("N-{joins}")).await;
            let who = world.staff(Role::Advocate).await;
            lose(&world, &who, "declare").await;
            who.take(&case).await;
            let his = json!([{"type": "phone", "value": "+44 7700 900123"}]);
            if joins {
                let mut more = body.clone();
                more["platform_report_ref"] = json!("N-more");
                more["subject"]["identifiers"] = his;
                spark.submit(&more).await;
            } else {
                let path = format!("/v1/reports/{report}/additions");
                spark.caller.post(&path, &json!({"identifiers": his})).await.expect(201);
            }
            who.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
            let ended = events(&world, &case, "claim_ended").await;
            assert_eq!(ended, [json!({"staff": who.id, "what": "claim", "cause": "wall"})]);
            jobs::tick(Arc::clone(&world.app)).await.unwrap();
            assert_eq!(told(&world, &case).await, [lead.id.as_str()], "at once");
            lead.act(&case, "claim", &json!({})).await.expect(200);
        }
    });
}

/// A further session of the same colleague.
async fn second_device(world: &World, who: &Staff) -> Caller {
    let name = who.username.clone();
    let open = move |tx: &mut recourse::domain::unit::Unit<'_>| {
        let account = staff::account(tx, &name)?.unwrap();
        staff::open_session(tx, account, staff::Carrier::Api)
    };
    let opened = world.app.write(TEST, open).await.unwrap();
    Caller::new(world, opened.token.into_exposed())
}

async fn sign_out(caller: &Caller) {
    Caller::send(caller.request(Method::DELETE, "/v1/triage/sessions/current")).await.expect(204);
}

#[test]
fn signing_out_of_the_last_device_gives_claims_back_and_working_on_at_another_keeps_them() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        spark.submit(&urgent("S-1", "p0")).await;
        let case = lead.case_of("S-1").await;
        let who = world.staff(Role::Advocate).await;
        let other = second_device(&world, &who).await;
        who.take(&case).await;
        sign_out(&who.caller).await;
        assert_eq!(lead.case(&case).await.0["assigned_to"], json!(who.id), "she works on at the other device");
        sign_out(&other).await;
        assert_eq!(lead.case(&case).await.0["assigned_to"], Value::Null);
        jobs::tick(Arc::clone(&world.app)).await.unwrap();
        assert_eq!(told(&world, &case).await, [lead.id.as_str()]);
        // A device that was left alone half an hour ago is none at which somebody works on.
        let again = second_device(&world, &who).await;
        world.pass(31 * 60);
        let lead = world.staff(Role::Lead).await;
        let third = second_device(&world, &who).await;
        third.post(&format!("/v1/triage/cases/{case}/claim"), &json!({})).await.expect(200);
        again.get("/v1/triage/queues").await.expect(401);
        sign_out(&third).await;
        assert_eq!(lead.case(&case).await.0["assigned_to"], Value::Null);
    });
}

#[test]
fn new_credentials_end_what_only_a_session_can_keep_and_no_more() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let who = world.staff(Role::Advocate).await;
        for what in ["claim", "hold", "hand_over"] {
            let reference = format!("C-{what}");
            spark.submit(&urgent(&reference, "p1")).await;
            give(&world, &lead, &who, &lead.case_of(&reference).await, what).await;
        }
        lose(&world, &who, "reset").await;
        for (what, holder) in [("claim", Value::Null), ("hold", json!(who.id)), ("hand_over", Value::Null)] {
            let case = lead.case_of(&format!("C-{what}")).await;
            assert_eq!(lead.case(&case).await.0["assigned_to"], holder, "{what}");
        }
    });
}

#[test]
fn an_urgent_case_that_is_handed_over_rings_for_whom_it_was_handed_to() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let who = world.staff(Role::Advocate).await;
        spark.submit(&urgent("H-1", "p0")).await;
        let case = lead.case_of("H-1").await;
        lead.take(&case).await;
        lead.act_seen(&case, "assign", &json!({"staff_id": who.id})).await.expect(200);
        world.pass(120);
        jobs::tick(Arc::clone(&world.app)).await.unwrap();
        assert_eq!(told(&world, &case).await, [who.id.as_str()], "nobody else knows that it is theirs now");
    });
}

/// The pages that are owed to somebody.
async fn owed_to(world: &World, who: &Staff) -> usize {
    let id = who.id.clone();
    let open = outbox::done_at.is_null().and(outbox::dead_at.is_null());
    let mails = outbox::table.filter(outbox::kind.eq("mail").and(open)).select(outbox::payload);
    let payloads: Vec<String> = world.app.read(move |rx| Ok(mails.load(rx.conn())?)).await.unwrap();
    payloads.iter().filter(|payload| payload.contains(&id)).count()
}

#[test]
fn an_alarm_that_told_only_people_who_are_gone_rings_at_once_for_the_next_ones() {
    on_both(|world| async move {
        let lead = world.staff(Role::Lead).await;
        for (i, (loss, _)) in LOSSES.into_iter().enumerate() {
            let reference = format!("A-{i}");
            let (one, other) = (world.staff(Role::Advocate).await, world.staff(Role::Advocate).await);
            reachable(&world, &one, "one@staff.example", 24).await;
            reachable(&world, &other, "other@staff.example", 24).await;
            world.platform("spark").await.submit(&urgent(&reference, "p1")).await;
            let case = lead.case_of(&reference).await;
            world.pass(15 * 60);
            jobs::tick(Arc::clone(&world.app)).await.unwrap();
            assert_eq!(told(&world, &case).await.len(), 2);
            let rings = events(&world, &case, "on_call_paged").await.len();
            lose(&world, &one, loss).await;
            jobs::tick(Arc::clone(&world.app)).await.unwrap();
            assert_eq!(events(&world, &case, "on_call_paged").await.len(), rings, "{loss}: the other one was told");
            lose(&world, &other, loss).await;
            jobs::tick(Arc::clone(&world.app)).await.unwrap();
            assert_eq!(told(&world, &case).await, [lead.id.as_str()], "{loss}");
            // The mail that waited for them is sent to nobody.
            assert_eq!(owed_to(&world, &other).await, 1);
            jobs::work_off(&world.app, "test").await.unwrap();
            assert_eq!(owed_to(&world, &other).await, 0);
            finish(&world, &lead, &case).await;
        }
    });
}

#[test]
fn what_a_claim_and_the_end_of_its_right_leave_behind_side_by_side_is_ended_by_the_jobs() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let who = world.staff(Role::Advocate).await;
        let ends = [
            format!("UPDATE staff SET queues = 'fraud' WHERE id = '{}'", who.id),
            format!("UPDATE staff SET queues = 'emergency', active = FALSE WHERE id = '{}'", who.id),
        ];
        for (i, end) in ends.into_iter().enumerate() {
            spark.submit(&urgent(&format!("J-{i}"), "p0")).await;
            let case = lead.case_of(&format!("J-{i}")).await;
            world
                .rewrite(&format!("UPDATE staff SET queues = 'emergency', active = TRUE WHERE id = '{}'", who.id))
                .await;
            who.take(&case).await;
            world.rewrite(&end).await;
            jobs::tick(Arc::clone(&world.app)).await.unwrap();
            assert_eq!(lead.case(&case).await.0["assigned_to"], Value::Null);
            assert_eq!(told(&world, &case).await, [lead.id.as_str()]);
            lead.act(&case, "claim", &json!({})).await.expect(200);
        }
    });
}

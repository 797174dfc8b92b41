//! Not this one: a case is given back without a reason, and whoever knows somebody in it leaves it for good.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use futures_util::future::join;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use serde_json::{Value, json};

use crate::harness::client::{Staff, small};
use crate::harness::{World, on_both};
use crate::paging::{reachable, with_server};
use crate::rights::{events, urgent};

/// What the queue offers somebody; nothing when there is nothing.
async fn offered(who: &Staff, queue: &str) -> Option<String> {
    let answer = who.caller.post(&format!("/v1/triage/queues/{queue}/claim"), &json!({})).await;
    if answer.status == 204 {
        return None;
    }
    Some(answer.expect(200).json()["id"].as_str().unwrap().to_owned())
}

async fn knows_somebody(who: &Staff, case: &str) -> Value {
    who.act(case, "pass", &json!({"knows_somebody": true})).await.expect(200).json()
}

#[test]
fn the_queue_offers_a_case_that_was_given_back_to_others_and_to_that_person_after_twelve_hours() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let (one, other) = (world.staff(Role::Advocate).await, world.staff(Role::Advocate).await);
        spark.submit(&small("P-1")).await;
        let case = one.case_of("P-1").await;
        assert_eq!(offered(&one, "stalking_violence").await, Some(case.clone()));
        let answer = one.act(&case, "pass", &json!({})).await.expect(200).json();
        let again = world.clock.now().plus(std::time::Duration::from_hours(12));
        assert_eq!(answer, json!({"offered_again_at": again}));
        assert_eq!(one.case(&case).await.0["assigned_to"], Value::Null);
        assert_eq!(events(&world, &case, "passed").await, [json!({"wall": false})]);
        assert_eq!(offered(&one, "stalking_violence").await, None, "what was given back comes straight back");
        // What is behind it is offered all the same.
        spark.submit(&small("P-2")).await;
        let next = offered(&one, "stalking_violence").await;
        assert_eq!(next, Some(one.case_of("P-2").await));
        // Opened by its name it stays theirs to take.
        one.act(&case, "claim", &json!({})).await.expect(200);
        one.act(&case, "release", &json!({})).await.expect(200);
        assert_eq!(offered(&one, "stalking_violence").await, None);
        assert_eq!(offered(&other, "stalking_violence").await, Some(case.clone()), "others are offered it");
        other.act(&case, "release", &json!({})).await.expect(200);
        world.pass(12 * 3_600 - 1);
        let one = world.signed_in_again(&one).await;
        assert_eq!(offered(&one, "stalking_violence").await.filter(|id| *id == case), None);
        world.pass(1);
        assert_eq!(offered(&one, "stalking_violence").await, Some(case));
    });
}

#[test]
fn only_who_holds_a_case_gives_it_back_and_a_double_click_does_it_once() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let one = world.staff(Role::Advocate).await;
        spark.submit(&small("P-1")).await;
        let case = one.case_of("P-1").await;
        assert_eq!(one.act(&case, "pass", &json!({})).await.expect(409).code(), "claim_lost");
        one.act(&case, "claim", &json!({})).await.expect(200);
        assert_eq!(
            one.act(&case, "pass", &json!({"why": "tired"})).await.expect(422).errors(),
            ["/why unknown_member"]
        );
        let path = format!("/v1/triage/cases/{case}/pass");
        let first = one.caller.post_with(&path, "one-click", None, &json!({"knows_somebody": true})).await.expect(200);
        // The wall stands, and the answer to the second click is the first one's.
        let second = one.caller.post_with(&path, "one-click", None, &json!({"knows_somebody": true})).await.expect(200);
        assert_eq!(first.text, second.text);
        assert_eq!(events(&world, &case, "passed").await.len(), 1);
        one.act(&case, "pass", &json!({"knows_somebody": true})).await.expect(404);
    });
}

#[test]
fn whoever_knows_somebody_in_a_case_leaves_it_at_once_and_for_good() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let (one, reader) = (world.staff(Role::Advocate).await, world.staff(Role::Auditor).await);
        let second = world.second_account(&one, Role::Lead).await;
        spark.submit(&urgent("P-1", "p1")).await;
        spark.submit(&urgent("P-2", "p1")).await;
        let (case, other) = (lead.case_of("P-1").await, lead.case_of("P-2").await);
        one.take(&case).await;
        let lower = json!({"priority": "p3", "reason_code": "safety_confirmed", "text": "She said so."});
        one.act_seen(&case, "priority", &lower).await.expect(202);
        assert_eq!(knows_somebody(&one, &case).await, json!({"offered_again_at": null}));
        for who in [&one, &second] {
            who.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
            let list = who.caller.get("/v1/triage/cases").await.expect(200).json();
            assert_eq!(list["data"].as_array().unwrap().len(), 1, "by neither account: {list}");
        }
        let assign = lead.act_seen(&case, "assign", &json!({"staff_id": one.id})).await.expect(422);
        assert_eq!(assign.errors(), ["/staff_id unknown_colleague"]);
        // In the same transaction: what they had of it has ended, and the next person hears.
        let (seen, _) = lead.case(&case).await;
        assert_eq!((&seen["assigned_to"], &seen["pending"]), (&Value::Null, &json!([])));
        assert_eq!(events(&world, &case, "passed").await, [json!({"wall": true})]);
        assert_eq!(events(&world, &case, "claim_ended").await[0]["cause"], "wall");
        assert_eq!(events(&world, &case, "act_voided").await[0]["cause"], "wall");
        assert!(events(&world, &case, "alarm_opened").await.iter().any(|told| told["reason"] == "holder_gone"));
        // Nor does it take a claim; and it is the one case, and nobody else's.
        knows_somebody(&reader, &case).await;
        reader.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
        reader.caller.get(&format!("/v1/triage/cases/{other}")).await.expect(200);
        world.pass(13 * 3_600);
        let one = world.signed_in_again(&one).await;
        assert_eq!(offered(&one, "stalking_violence").await, Some(other));
        assert_eq!(offered(&one, "stalking_violence").await, None, "not after twelve hours either");
    });
}

#[test]
fn such_a_wall_outlives_the_renewal_of_names_and_the_check_finds_it_in_order() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let one = world.staff(Role::Advocate).await;
        spark.submit(&small("P-1")).await;
        let case = one.case_of("P-1").await;
        knows_somebody(&one, &case).await;
        let findings = async || {
            let case = case.clone();
            let owners = [case, one.id.clone()];
            let found = world.app.read(move |rx| recourse::domain::watch::soundness::names(rx, &owners)).await;
            found.unwrap().into_iter().map(|found| found.code).collect::<Vec<_>>()
        };
        assert_eq!(findings().await, Vec::<&str>::new());
        world
            .rewrite("UPDATE blind_indexes SET rules = 1; UPDATE declarations SET rules = 1; DELETE FROM renewals")
            .await;
        recourse::jobs::once(&world.app, "renewal").await.unwrap();
        assert_eq!(findings().await, Vec::<&str>::new());
        one.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
        // Whoever takes the name away past the service is found, and the case is not shown.
        world.tamper("DELETE FROM blind_indexes WHERE kind = 'case'");
        assert_eq!(findings().await, ["names_changed", "names_missing"]);
        one.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
        let id = case.parse().unwrap();
        let mend = move |tx: &mut recourse::domain::unit::Unit<'_>| recourse::domain::watch::renewal::mend(tx, &id);
        assert!(world.app.write(crate::harness::TEST, mend).await.unwrap());
        assert_eq!(findings().await, Vec::<&str>::new());
        one.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
    });
}

#[test]
fn a_safeguarding_lead_is_told_that_somebody_left_and_not_whoever_left() {
    with_server(&async |world, server| {
        let spark = world.platform("spark").await;
        let one = world.staff(Role::SafeguardingLead).await;
        let other = world.staff(Role::SafeguardingLead).await;
        reachable(&world, &one, "one@staff.example", 0).await;
        reachable(&world, &other, "other@staff.example", 0).await;
        spark.submit(&small("P-1")).await;
        let case = one.case_of("P-1").await;
        knows_somebody(&one, &case).await;
        world.run_jobs().await;
        let told = |server: &crate::harness::smtp::MailServer| {
            let mails = server.mails().into_iter().filter(|mail| mail.text.contains("stepped back"));
            mails.map(|mail| mail.to).collect::<Vec<_>>()
        };
        assert_eq!(told(server), ["other@staff.example"]);
        // When nobody is left who may hear of it, the operator does.
        knows_somebody(&other, &case).await;
        world.run_jobs().await;
        assert_eq!(told(server).len(), 1);
        assert!(
            server.mails().iter().any(|mail| mail.to == "operator@staff.example" && mail.text.contains("has left one"))
        );
    });
}

/// Takes the case and gives it back.
async fn give_back(who: &Staff, case: &str) {
    who.act(case, "claim", &json!({})).await.expect(200);
    who.act(case, "pass", &json!({})).await.expect(200);
}

async fn reasons(world: &World, case: &str) -> Vec<String> {
    let told = events(world, case, "alarm_opened").await;
    told.iter().map(|told| told["reason"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_case_that_three_people_gave_back_is_told_to_the_lead() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        spark.submit(&small("P-1")).await;
        let case = lead.case_of("P-1").await;
        let first = world.staff(Role::Advocate).await;
        let second = world.staff(Role::Advocate).await;
        give_back(&first, &case).await;
        give_back(&first, &case).await;
        // Two accounts are one person.
        give_back(&world.second_account(&first, Role::Advocate).await, &case).await;
        give_back(&second, &case).await;
        assert_eq!(reasons(&world, &case).await, Vec::<String>::new());
        give_back(&world.staff(Role::Advocate).await, &case).await;
        assert_eq!(reasons(&world, &case).await, ["passed_by_several"]);
        world.run_jobs().await;
        let rung = events(&world, &case, "on_call_paged").await;
        assert_eq!((&rung[0]["rung"], &rung[0]["people"]), (&json!("lead"), &json!([lead.id])));
        // What was given back long ago is not counted.
        spark.submit(&small("P-2")).await;
        let case = lead.case_of("P-2").await;
        give_back(&first, &case).await;
        give_back(&second, &case).await;
        world.pass(12 * 3_600);
        give_back(&world.staff(Role::Advocate).await, &case).await;
        assert_eq!(reasons(&world, &case).await, Vec::<String>::new());
        // A trial wakes nobody.
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        trial.submit(&small("P-3")).await;
        let fresh = world.signed_in_again(&lead).await;
        let list = fresh.caller.get("/v1/triage/cases?mode=test").await.expect(200).json();
        let case = list["data"][0]["id"].as_str().unwrap();
        for _ in 0..3 {
            give_back(&world.staff(Role::Advocate).await, case).await;
        }
        assert_eq!(reasons(&world, case).await, Vec::<String>::new());
    });
}

#[test]
fn an_urgent_case_that_everybody_at_work_gave_back_rings_at_the_lead_at_once() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let (one, other) = (world.staff(Role::Advocate).await, world.staff(Role::Advocate).await);
        let lead = world.staff(Role::Lead).await;
        world.on_rota(&other, 24).await;
        for (reference, leaves) in [("P-1", false), ("P-2", true)] {
            spark.submit(&urgent(reference, "p0")).await;
            let case = one.case_of(reference).await;
            one.take(&case).await;
            one.act(&case, "pass", &json!({})).await.expect(200);
            assert_eq!(reasons(&world, &case).await.last().unwrap(), "passed", "{reference}: another is on the rota");
            if leaves {
                // Whoever leaves without holding it is one fewer, too.
                knows_somebody(&other, &case).await;
            } else {
                give_back(&other, &case).await;
            }
            assert_eq!(reasons(&world, &case).await.last().unwrap(), "passed_by_all", "{reference}");
            world.run_jobs().await;
            let rung = events(&world, &case, "on_call_paged").await;
            assert_eq!(rung.last().unwrap()["rung"], "lead", "{reference}");
            assert!(rung.last().unwrap()["people"].as_array().unwrap().contains(&json!(lead.id)), "{reference}");
        }
    });
}

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Waits until so many wait for a row of this database.
async fn wait_for(beside: &mut PgConnection, count: i64) {
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while diesel::sql_query(waiting).get_result::<Waiting>(beside).unwrap().count < count {
        tokio::task::yield_now().await;
    }
}

#[test]
fn who_leaves_a_case_in_one_window_does_nothing_to_it_in_another() {
    on_both(|world| async move {
        // One who writes in SQLite is alone.
        if !world.app.db.is_shared() {
            return;
        }
        world.platform("spark").await.submit(&small("P-1")).await;
        let one = world.staff(Role::Advocate).await;
        let case = one.case_of("P-1").await;
        let mut beside = PgConnection::establish(world.config.database_url.as_ref().unwrap().expose()).unwrap();
        beside.batch_execute("BEGIN; SELECT 1 FROM cases FOR UPDATE").unwrap();
        let leaving = json!({"knows_somebody": true});
        let leaves = one.act(&case, "pass", &leaving);
        let path = format!("/v1/triage/cases/{case}/notes");
        let writes = async {
            wait_for(&mut beside, 1).await;
            let note = json!({"text": "From another window."});
            let release = async {
                // Both were let in, and wait for the case: first who leaves it, then who writes.
                wait_for(&mut beside, 2).await;
                beside.batch_execute("ROLLBACK").unwrap();
            };
            join(one.caller.post(&path, &note), release).await.0
        };
        let (left, wrote) = join(leaves, writes).await;
        left.expect(200);
        wrote.expect(404);
    });
}

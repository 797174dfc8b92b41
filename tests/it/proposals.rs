//! What waits for a second person ends with its case, and with the right of who proposed it.

use recourse::domain::people::staff::Role;
use recourse::domain::triage::Queue;
use serde_json::json;

use crate::harness::client::Staff;
use crate::harness::smtp::MailServer;
use crate::harness::{World, on_both};
use crate::paging::{reachable, with_server};
use crate::rights::{LOSSES, events, lose, urgent};

/// A p1 with a lowering that waits. The case and the act.
async fn proposed(world: &World, by: &Staff, reference: &str) -> (String, String) {
    world.platform("spark").await.submit(&urgent(reference, "p1")).await;
    let case = by.case_of(reference).await;
    by.take(&case).await;
    let lower = json!({"priority": "p3", "reason_code": "safety_confirmed", "text": "She said so."});
    let waits = by.act_seen(&case, "priority", &lower).await.expect(202).json();
    let act = waits["pending"]["id"].as_str().unwrap().to_owned();
    (case, act)
}

async fn is_void(world: &World, who: &Staff, (case, act): (&str, &str), why: &str) {
    for verb in ["approve", "refuse"] {
        let answer = who.act(case, &format!("pending/{act}/{verb}"), &json!({})).await.expect(409);
        assert_eq!(answer.code(), "act_void", "{verb}");
    }
    let (seen, _) = who.case(case).await;
    assert_eq!(seen["pending"], json!([]), "{seen}");
    let ended = seen["acts_ended"].as_array().unwrap().iter().find(|ended| ended["id"] == json!(act)).unwrap();
    assert_eq!((&ended["state"], &ended["void_cause"]), (&json!("void"), &json!(why)));
    assert_eq!(ended["ended_at"], json!(world.clock.now()), "{ended}");
    let told = events(world, case, "act_voided").await;
    assert_eq!(told.last().unwrap()["cause"], why, "{told:?}");
}

#[test]
fn a_proposal_ends_with_its_case() {
    on_both(|world| async move {
        let lead = world.staff(Role::Lead).await;
        let (one, second) = (world.staff(Role::Advocate).await, world.staff(Role::SafeguardingLead).await);
        let (case, act) = proposed(&world, &one, "V-1").await;
        let close = json!({"outcome": "supported_elsewhere", "reason": "With her service."});
        world.read_by_another(&case).await;
        one.confirm_support(&case).await;
        one.act_seen(&case, "decision", &close).await.expect(200);
        is_void(&world, &lead, (&case, &act), "case_closed").await;
        assert_eq!(lead.case(&case).await.0["priority"], "p1");
        // Nor does another begin when the case has ended.
        let lower = json!({"priority": "p3", "reason_code": "safety_confirmed", "text": "She said so."});
        let late = one.act_seen(&case, "priority", &lower).await.expect(409);
        assert_eq!(late.code(), "transition_refused");
        // Nor is it there again when the case is.
        let reopen = json!({"action": "reopen", "reason": "She wrote again."});
        one.act_seen(&case, "transitions", &reopen).await.expect(200);
        is_void(&world, &lead, (&case, &act), "case_closed").await;
        // Whatever waits beside the act that closes it goes too, and that act is approved.
        let (case, act) = proposed(&world, &one, "V-2").await;
        let unfounded = json!({"outcome": "unfounded", "reason": "It was another man."});
        let waits = one.act_seen(&case, "decision", &unfounded).await.expect(202).json();
        let closing = waits["pending"]["id"].as_str().unwrap();
        second.approve(&case, closing).await.expect(200);
        is_void(&world, &lead, (&case, &act), "case_closed").await;
        let (seen, _) = lead.case(&case).await;
        let approved =
            seen["acts_ended"].as_array().unwrap().iter().find(|ended| ended["id"] == json!(closing)).unwrap();
        assert_eq!((&approved["state"], &approved["decided_by"]), (&json!("approved"), &json!(second.id)));
    });
}

#[test]
fn a_proposal_ends_with_the_right_of_who_made_it_and_is_signed_by_those_only_who_have_one() {
    on_both(|world| async move {
        let lead = world.staff(Role::Lead).await;
        for (i, (loss, cause)) in LOSSES.into_iter().enumerate() {
            let one = world.staff(Role::Advocate).await;
            let (case, act) = proposed(&world, &one, &format!("V-{i}")).await;
            // It stands without the claim.
            one.act(&case, "release", &json!({})).await.expect(200);
            lose(&world, &one, loss).await;
            is_void(&world, &lead, (&case, &act), cause).await;
        }
        // What the case has become counts too: in `emergency` it is not theirs any more.
        let one = world.staff_with(Role::Advocate, vec![Queue::StalkingViolence]).await;
        let (case, act) = proposed(&world, &one, "V-9").await;
        let up = json!({"priority": "p0", "reason_code": "immediate_danger", "text": "He is at her door."});
        lead.act_seen(&case, "priority", &up).await.expect(200);
        is_void(&world, &lead, (&case, &act), "queue").await;
        let one = world.staff(Role::Advocate).await;
        let (case, act) = proposed(&world, &one, "V-10").await;
        for (loss, status) in [("role", 403), ("queues", 404), ("close", 401)] {
            let second = world.staff(Role::Lead).await;
            lose(&world, &second, loss).await;
            second.act(&case, &format!("pending/{act}/approve"), &json!({})).await.expect(status);
        }
        lead.approve(&case, &act).await.expect(200);
    });
}

#[test]
fn who_proposed_it_and_nobody_else_takes_it_back() {
    on_both(|world| async move {
        let one = world.staff(Role::Advocate).await;
        let (lead, own) = (world.staff(Role::Lead).await, world.second_account(&one, Role::Lead).await);
        let (case, act) = proposed(&world, &one, "V-1").await;
        let withdraw = format!("pending/{act}/withdraw");
        assert_eq!(lead.act(&case, &withdraw, &json!({})).await.expect(403).code(), "not_the_proposer");
        let (before, _) = lead.case(&case).await;
        // Without the claim, and by their other account.
        one.act(&case, "release", &json!({})).await.expect(200);
        own.act(&case, &withdraw, &json!({})).await.expect(200);
        assert_eq!(one.act(&case, &withdraw, &json!({})).await.expect(409).code(), "act_withdrawn");
        for verb in ["approve", "refuse"] {
            let answer = lead.act(&case, &format!("pending/{act}/{verb}"), &json!({})).await.expect(409);
            assert_eq!(answer.code(), "act_withdrawn", "{verb}");
        }
        let (seen, _) = lead.case(&case).await;
        assert_eq!((&seen["pending"], &seen["priority"]), (&json!([]), &before["priority"]));
        let ended = &seen["acts_ended"][0];
        assert_eq!((&ended["state"], &ended["decided_by"]), (&json!("withdrawn"), &json!(own.id)));
        assert_eq!(events(&world, &case, "act_withdrawn").await, [json!({"act": act, "act_kind": "lower_priority"})]);
        // What was decided is not taken back, nor is what is void.
        let (case, act) = proposed(&world, &one, "V-2").await;
        lead.act(&case, &format!("pending/{act}/refuse"), &json!({})).await.expect(200);
        let late = one.act(&case, &format!("pending/{act}/withdraw"), &json!({})).await.expect(409);
        assert_eq!(late.code(), "act_decided");
        // Somebody who writes that it was taken back, past the service, is found.
        let (case, act) = proposed(&world, &one, "V-3").await;
        world.tamper(&format!("UPDATE acts SET state = 'withdrawn' WHERE id = '{act}'"));
        let id = case.clone();
        let found = world.app.read(move |rx| recourse::domain::watch::soundness::records(rx, &[id])).await.unwrap();
        assert!(found.iter().any(|found| found.code == "row_changed" && found.id == act), "{found:?}");
    });
}

#[test]
fn the_list_of_what_waits_says_what_one_may_do_about_each() {
    on_both(|world| async move {
        let one = world.staff(Role::Advocate).await;
        let (lead, own) = (world.staff(Role::Lead).await, world.second_account(&one, Role::Lead).await);
        let (first, act) = proposed(&world, &one, "V-1").await;
        world.pass(1);
        let (second, _) = proposed(&world, &one, "V-2").await;
        for (who, is_yours, may_sign) in [(&one, true, false), (&own, true, false), (&lead, false, true)] {
            let list = who.caller.get("/v1/triage/pending").await.expect(200).json();
            let rows = list["data"].as_array().unwrap();
            let cases: Vec<&str> = rows.iter().map(|row| row["case_id"].as_str().unwrap()).collect();
            assert_eq!(cases, [&first, &second], "the oldest first");
            for row in rows {
                assert_eq!((&row["is_yours"], &row["may_sign"]), (&json!(is_yours), &json!(may_sign)), "{row}");
                assert_eq!((&row["priority"], &row["queue"]), (&json!("p1"), &json!("stalking_violence")));
            }
        }
        let auditor = world.staff(Role::Auditor).await;
        let list = auditor.caller.get("/v1/triage/pending").await.expect(200).json();
        assert_eq!((&list["data"][0]["is_yours"], &list["data"][0]["may_sign"]), (&json!(false), &json!(false)));
        // Behind a wall there is none, and one that cannot be read hides no other.
        lead.act(&first, "pass", &json!({"knows_somebody": true})).await.expect(200);
        let list = lead.caller.get("/v1/triage/pending").await.expect(200).json();
        assert_eq!((list["data"].as_array().unwrap().len(), &list["data"][0]["case_id"]), (1, &json!(second)));
        world.tamper(&format!("UPDATE acts SET kind = 'nothing' WHERE id = '{act}'"));
        let list = one.caller.get("/v1/triage/pending?limit=1").await.expect(200).json();
        assert_eq!((&list["data"][0]["case_id"], &list["next_cursor"]), (&json!(second), &json!(null)));
    });
}

/// To whom a second person's mail went so far.
fn asked(server: &MailServer) -> Vec<String> {
    let mails = server.mails().into_iter().filter(|mail| mail.text.contains("second person"));
    let mut to: Vec<String> = mails.map(|mail| mail.to.split('@').next().unwrap().to_owned()).collect();
    to.sort_unstable();
    to
}

#[test]
fn a_proposal_is_told_to_those_at_work_who_may_sign_and_to_all_who_may_when_none_is() {
    with_server(&async |world, server| {
        let one = world.staff(Role::Advocate).await;
        let own = world.second_account(&one, Role::Lead).await;
        let (lead, safeguarding) = (world.staff(Role::Lead).await, world.staff(Role::SafeguardingLead).await);
        let elsewhere = world.staff_with(Role::Lead, vec![Queue::Fraud]).await;
        let walled = crate::walls::walled(&world, Role::Lead).await;
        let all = [(&one, "one"), (&own, "own"), (&lead, "lead"), (&safeguarding, "safeguarding")];
        for (who, name) in all.into_iter().chain([(&elsewhere, "elsewhere"), (&walled, "walled")]) {
            reachable(&world, who, &format!("{name}@staff.example"), 0).await;
        }
        proposed(&world, &one, "V-1").await;
        world.run_jobs().await;
        assert_eq!(asked(server), ["lead", "safeguarding"], "nobody is at work who may sign");
        world.on_rota(&lead, 24).await;
        world.on_rota(&walled, 24).await;
        proposed(&world, &one, "V-2").await;
        world.run_jobs().await;
        assert_eq!(asked(server), ["lead", "lead", "safeguarding"]);
        // Whoever acted a moment ago is at work as well.
        let (case, act) = proposed(&world, &one, "V-3").await;
        world.run_jobs().await;
        safeguarding.act(&case, &format!("pending/{act}/refuse"), &json!({})).await.expect(200);
        let (case, act) = proposed(&world, &one, "V-4").await;
        // What waits no longer when the mail would go out is told to nobody.
        let (other, taken) = proposed(&world, &one, "V-5").await;
        one.act(&other, &format!("pending/{taken}/withdraw"), &json!({})).await.expect(200);
        world.run_jobs().await;
        assert_eq!(asked(server), ["lead", "lead", "lead", "lead", "safeguarding", "safeguarding"]);
        let told = server.mails().into_iter().find(|mail| mail.text.contains("second person")).unwrap();
        assert!(!told.text.contains(&case) && !told.text.contains(&act), "{}", told.text);
    });
}

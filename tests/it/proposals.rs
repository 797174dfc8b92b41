//! What waits for a second person ends with its case, and with the right of who proposed it.

use recourse::domain::people::staff::Role;
use recourse::domain::triage::Queue;
use serde_json::json;

use crate::harness::client::Staff;
use crate::harness::{World, on_both};
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

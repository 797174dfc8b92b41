//! Random walks: whatever colleagues and a platform do, in whatever order, what must always hold does.

use recourse::domain::case::state::{Action, State};
use recourse::domain::casework::requests::{AnswerState, RequestState};
use recourse::domain::ledger::audit;
use recourse::domain::people::staff::Role;
use recourse::domain::watch::soundness::{self, Finding};
use serde_json::{Value, json};

use crate::harness::client::{Staff, full, new_key};
use crate::harness::dice::Dice;
use crate::harness::{World, on_both};

#[test]
fn a_case_stays_whole_on_every_walk() {
    on_both(|world| async move {
        for seed in [11, 23, 47] {
            let mut dice = Dice(seed);
            let reference = format!("WALK-{seed}");
            let spark = world.platform("spark").await;
            spark.submit(&full_of(&reference)).await;
            let people = [
                world.staff(Role::Advocate).await,
                world.staff(Role::Lead).await,
                world.staff(Role::SafeguardingLead).await,
            ];
            let id = people[0].case_of(&reference).await;
            let (mut version, mut done) = (0, 0);
            for step in 0..40 {
                let who = &people[dice.roll(3)];
                let answer = one_step(&world, who, &id, &mut dice).await;
                assert!(
                    matches!(answer, 200..=299 | 403 | 404 | 409 | 412 | 422),
                    "seed {seed}, step {step}: {answer}"
                );
                done += i32::from(answer < 300);
                let (case, _) = people[2].case(&id).await;
                version = check(&case, version, (seed, step));
                assert_eq!(contradictions(&world).await, Vec::new(), "seed {seed}, step {step}");
            }
            assert!(done >= 8, "seed {seed}: a walk of {done} steps walks nowhere");
            let (chain, app) = (id.clone(), world.app.clone());
            let whole = world
                .app
                .read(move |rx| {
                    let heads = audit::heads(rx, "", 1_000)?;
                    let (_, head) = heads.iter().find(|(name, _)| *name == chain).cloned().unwrap();
                    audit::verify(rx, &app.kit.keyring, &chain, &head)
                })
                .await
                .unwrap();
            assert!(whole, "seed {seed}");
        }
    });
}

/// What the operator's check would say of the rows: nothing, whatever people did.
async fn contradictions(world: &World) -> Vec<Finding> {
    let look = world.app.read(move |rx| {
        let mut found = soundness::pairs(rx)?;
        found.extend(soundness::contradictions(rx, "", 1_000)?.0);
        Ok(found)
    });
    look.await.unwrap()
}

fn full_of(reference: &str) -> Value {
    let mut body = full(reference);
    body["reporter"]["platform_account_ref"] = json!(reference);
    body["desired_outcome"] = json!("platform_action");
    body
}

/// One thing that somebody may try. The status of the answer.
async fn one_step(world: &World, who: &Staff, id: &str, dice: &mut Dice) -> u16 {
    let (_, tag) = who.case(id).await;
    let call = |act: &str, body: Value| {
        let path = format!("/v1/triage/cases/{id}/{act}");
        let tag = tag.clone();
        async move { who.caller.post_with(&path, &new_key(), Some(&tag), &body).await.status }
    };
    match dice.roll(14) {
        0 | 1 => call("claim", json!({})).await,
        2 => call("release", json!({})).await,
        3 => call("heartbeat", json!({})).await,
        4 => call("transitions", json!({"action": "start"})).await,
        5 => call("transitions", json!({"action": "hold", "reason": "later", "until": "2026-11-22T12:00:00Z"})).await,
        6 => call("transitions", json!({"action": "resume"})).await,
        7 => call("transitions", json!({"action": "reopen", "reason": "more is known"})).await,
        8 => call("platform-requests", json!({"action": "preserve_evidence"})).await,
        9 => call("decision", json!({"outcome": "supported_elsewhere", "reason": "with her service"})).await,
        10 => {
            let to = ["p0", "p1", "p2", "p3"][dice.roll(4)];
            call("priority", json!({"priority": to, "reason_code": "new_information", "text": "as told"})).await
        }
        11 => call("notes", json!({"text": "seen again", "records": "re_review"})).await,
        12 => call("assign", json!({"staff_id": who.id})).await,
        _ => answer_one(world, dice).await,
    }
}

async fn answer_one(world: &World, dice: &mut Dice) -> u16 {
    let spark = world.platform("spark").await;
    let list = spark.caller.get("/v1/requests?limit=100").await.expect(200).json();
    let all = list["data"].as_array().unwrap();
    if all.is_empty() {
        return 204;
    }
    let request = &all[dice.roll(all.len())];
    let state = ["acknowledged", "done", "declined"][dice.roll(3)];
    let path = format!("/v1/requests/{}/response", request["id"].as_str().unwrap());
    spark.caller.post(&path, &json!({"state": state, "reason_code": "other"})).await.status
}

/// What holds of every case at every moment. Its version.
fn check(case: &Value, before: i64, at: (u64, i32)) -> i64 {
    let version = case["version"].as_i64().unwrap();
    assert!(version >= before, "{at:?}: the version went back");
    let running = case["clocks"].as_array().unwrap().iter().filter(|clock| clock["state"] == "running").count();
    let closed = case["state"] == "closed";
    assert!(!closed || running == 0, "{at:?}: a closed case has no running clock");
    assert!(closed || running > 0, "{at:?}: an open case is never without a clock");
    assert_eq!(closed, case["outcome"].is_string(), "{at:?}: an outcome belongs to a closed case");
    let claimed = case["claimed_until"].is_string();
    assert!(!claimed || (!closed && case["state"] != "on_hold" && case["assigned_to"].is_string()), "{at:?}: {case}");
    let open = case["requests"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| matches!(r["state"].as_str(), Some("open" | "acknowledged")))
        .count();
    assert!(case["state"] != "received" || open == 0, "{at:?}: who was asked is waited for");
    version
}

#[test]
fn the_table_of_states_has_no_dead_end_and_closed_is_left_by_reopening_only() {
    for state in State::ALL {
        assert!(Action::ALL.iter().any(|action| state.next(*action).is_some()), "{state:?}");
        for action in Action::ALL {
            let to = state.next(*action);
            assert!(*state != State::Closed || to.is_none() || *action == Action::Reopen, "{action:?}");
            assert!(to != Some(State::Received), "nothing goes back to where nobody has looked");
            assert!(to.is_none_or(|to| to != State::Closed || *action == Action::Close));
        }
    }
}

#[test]
fn an_answered_request_stays_answered() {
    for state in RequestState::ALL {
        for answer in AnswerState::ALL {
            let to = state.next(*answer);
            assert!(!matches!(state, RequestState::Done | RequestState::Declined) || to.is_none());
            assert!(to.is_none_or(|to| to != RequestState::Open));
        }
    }
    assert_eq!(RequestState::Overdue.next(AnswerState::Done), Some(RequestState::Done), "a late answer is taken");
}

//! Referrals in any order of steps, over days: none rests without a clock or an end. And what `recourse check` says of rows that
//! somebody changed.

use std::collections::BTreeSet;

use recourse::domain::people::staff::Role;
use recourse::domain::referrals::state::{Move, State};
use serde_json::{Value, json};

use crate::consents::given;
use crate::harness::client::full;
use crate::harness::dice::Dice;
use crate::harness::{World, on_both};
use crate::referrals::{HOUR, Scene, referral, said, tagged};
use crate::unsound::{findings, words};

/// Each state waits for something or has ended, and whatever moves it leads on towards an end.
#[test]
fn every_state_waits_or_has_ended_and_an_end_is_in_reach() {
    for state in State::ALL {
        let moves: Vec<State> = Move::ALL.iter().filter_map(|made| state.next(*made)).collect();
        assert_eq!(state.has_ended(), moves.is_empty(), "{state:?}");
        assert!(state.has_ended() || state.phase(false).is_some(), "{state:?} rests");
        assert!(!state.is_open() || !state.is_accepted(), "{state:?}");
        let mut reached = BTreeSet::from([*state]);
        while let Some(next) = reached
            .iter()
            .flat_map(|at| Move::ALL.iter().filter_map(|made| at.next(*made)))
            .find(|to| !reached.contains(to))
        {
            reached.insert(next);
        }
        assert!(reached.iter().any(|state| state.has_ended()), "{state:?} never ends");
        for accepted in [State::Accepted, State::Contacted] {
            assert!(!reached.contains(&accepted) || *state != State::Expired, "an expired one was accepted");
        }
    }
}

/// What is wrong with the referrals of a case by what its reader sees: each waits for something, or has ended.
fn rests(list: &Value) -> Vec<String> {
    let all = list["data"].as_array().unwrap().iter();
    let ended = |one: &Value| one["ended_at"].is_string();
    let waits = |one: &Value| !one["waits_for"].as_array().unwrap().is_empty();
    all.filter(|one| !waits(one) && !ended(one)).map(|one| one["state"].to_string()).collect()
}

async fn step(world: &World, scene: &mut Scene, dice: &mut Dice) {
    // Rows of one instant stand in the order of their ids, which no dice of ours throw.
    world.pass(1);
    let list = scene.list(&scene.lead).await;
    let data = list["data"].as_array().unwrap();
    // Mostly one that lives: those that ended soon are the most.
    let living: Vec<&Value> = data.iter().filter(|one| !one["ended_at"].is_string()).collect();
    let among = if living.is_empty() || dice.roll(4) == 0 { data.iter().collect() } else { living };
    let one = among.get(dice.roll(among.len().max(1))).map_or(Value::Null, |one| (*one).clone());
    let seen =
        (one["id"].as_str().unwrap_or("ref_00000000000000000000000000").to_owned(), format!("\"{}\"", one["version"]));
    let answers = ["receive", "accept", "decline", "contacted", "unable_to_contact", "close", "acknowledge"];
    let slug = ["harbour", "lantern", "nightline"][dice.roll(3)];
    // What a service says mostly goes with where it stands.
    let state = State::parse(one["state"].as_str().unwrap_or_default()).unwrap_or(State::Drafted);
    let fits: Vec<&str> =
        Move::ALL.iter().filter(|made| state.next(**made).is_some()).map(|made| made.as_str()).collect();
    let fits: Vec<&str> = answers.iter().copied().filter(|answer| fits.contains(answer)).collect();
    let answers = if fits.is_empty() || dice.roll(4) == 0 { answers.to_vec() } else { fits };
    let answer = match dice.roll(16) {
        0 | 1 => {
            let mut body = given(scene.service(slug));
            body["given_at"] = json!(world.clock.now());
            body["fallbacks"] = json!([scene.service(if slug == "harbour" { "lantern" } else { "harbour" })]);
            let consent = scene.lead.act(&scene.case, "consents", &body).await;
            let id = consent.json()["id"].as_str().unwrap_or("con_00000000000000000000000000").to_owned();
            scene.lead.act(&scene.case, "referrals", &referral(world, scene.service(slug), &id)).await
        }
        2 | 3 => scene.act(&scene.lead, &seen, "send", &json!({})).await,
        4..=9 => {
            let answer = answers[dice.roll(answers.len())];
            let more: &[(&str, Value)] = match answer {
                "decline" => &[("reason", json!("no_capacity"))],
                "close" => &[("outcome", json!(["supported", "not_reached", "other"][dice.roll(3)]))],
                _ => &[],
            };
            scene.lead.act(&scene.case, &format!("referrals/{}/by-phone", seen.0), &said(world, answer, more)).await
        }
        10 => scene.act(&scene.lead, &seen, "withdraw", &json!({"she_asked": dice.roll(2) == 0, "words": "No."})).await,
        11 => {
            let next = json!({"service_id": scene.service(slug), "label": "another"});
            scene.act(&scene.lead, &seen, "replace", &next).await
        }
        12 => {
            let consent = one["consent_id"].as_str().unwrap_or("con_00000000000000000000000000");
            let body = json!({"asked_how": "phone", "alone": "yes"});
            scene.lead.act(&scene.case, &format!("consents/{consent}/withdraw"), &body).await
        }
        13 => scene.lead.act_seen(&scene.case, "decision", &json!({"outcome": "recorded_only", "reason": "x"})).await,
        _ => {
            let hours = [1, 3, 26, 75][dice.roll(4)];
            scene.wait(world, hours * HOUR).await;
            scene.lead.act(&scene.case, "claim", &json!({})).await
        }
    };
    assert!(answer.status < 500, "{}", answer.text);
    if answer.status == 202 {
        world.read_by_another(&scene.case).await;
    }
    if matches!(answer.code().as_str(), "claim_lost" | "unread" | "transition_refused") {
        scene.lead.act_seen(&scene.case, "transitions", &json!({"action": "reopen", "reason": "more to do"})).await;
        scene.lead.act(&scene.case, "claim", &json!({})).await;
        scene.lead.case(&scene.case).await;
    }
}

#[test]
fn in_any_order_over_days_none_rests_without_a_clock_or_an_end() {
    on_both(|world| async move {
        let mut states = BTreeSet::new();
        for walk in [7, 19, 41] {
            let mut dice = Dice(walk);
            let mut report = full(&format!("WALK-{walk}"));
            report["reporter"]["platform_account_ref"] = json!(format!("u_walk_{walk}"));
            let mut scene = Scene::with(&world, &report).await;
            scene.sent(&world, "harbour", &["lantern"]).await;
            for at in 0..40 {
                step(&world, &mut scene, &mut dice).await;
                let list = scene.list(&scene.lead).await;
                assert_eq!(rests(&list), Vec::<String>::new(), "walk {walk}, step {at}: {list}");
                let all = list["data"].as_array().unwrap().iter();
                states.extend(all.map(|one| one["state"].to_string()));
            }
        }
        assert!(states.len() >= 7, "the walks led to {states:?} alone");
        let wrong: Vec<String> = words(&findings(&world).await)
            .into_iter()
            .filter(|word| word.contains("referral") || word.contains("clock"))
            .collect();
        assert_eq!(wrong, Vec::<String>::new());
    });
}

#[test]
fn check_names_one_without_a_clock_and_one_that_leads_elsewhere() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        let named = async |world: &World| {
            let found = findings(world).await;
            found.into_iter().filter(|one| one.table == "referrals").map(|one| (one.code, one.id)).collect::<Vec<_>>()
        };
        assert_eq!(named(&world).await, Vec::new());
        let theirs = scene.service("lantern");
        for (breaks, mends, code) in [
            (
                "UPDATE clocks SET stopped_at = 1 WHERE phase = 'receipt'".to_owned(),
                "UPDATE clocks SET stopped_at = NULL WHERE phase = 'receipt'".to_owned(),
                "referral_without_clock",
            ),
            (
                format!("UPDATE referrals SET service_id = '{theirs}'"),
                format!("UPDATE referrals SET service_id = '{}'", scene.service("harbour")),
                "row_changed",
            ),
            (
                "UPDATE referrals SET state = 'accepted'".to_owned(),
                "UPDATE referrals SET state = 'sent'".to_owned(),
                "row_changed",
            ),
            (
                "DELETE FROM case_standings".to_owned(),
                format!("INSERT INTO case_standings VALUES ('{}', TRUE, FALSE, NULL)", scene.case),
                "standing_contradicts",
            ),
        ] {
            world.tamper(&breaks);
            assert_eq!(named(&world).await, [(code, id.clone())], "{breaks}");
            world.tamper(&mends);
        }
        assert_eq!(named(&world).await, Vec::new());
    });
}

#[test]
fn a_raise_tightens_what_runs_and_the_board_is_for_leads() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        let due = async |scene: &Scene| {
            let list = scene.list(&scene.lead).await;
            list["data"][0]["waits_for"][0]["due_at"].as_str().unwrap().to_owned()
        };
        let before = due(&scene).await;
        let raise = json!({"priority": "p0", "reason_code": "immediate_danger", "text": "He is there."});
        scene.lead.act_seen(&scene.case, "priority", &raise).await.expect(200);
        let after = due(&scene).await;
        assert!(after < before, "{before} {after}");
        assert_eq!(after, world.clock.now().plus(std::time::Duration::from_mins(15)).to_string());
        let board = async |scene: &Scene, query: &str| {
            let list = scene.lead.caller.get(&format!("/v1/triage/referrals{query}")).await.expect(200).json();
            list["data"].as_array().unwrap().clone()
        };
        assert_eq!(board(&scene, "?state=sent&late=false").await[0]["id"], id.as_str());
        assert!(board(&scene, "?state=sent&late=true").await.is_empty());
        scene.wait(&world, HOUR).await;
        let late = board(&scene, "?state=sent&late=true").await;
        assert_eq!(
            (&late[0]["id"], &late[0]["late"], &late[0]["phase"]),
            (&json!(id), &json!(true), &json!("receipt"))
        );
        assert!(board(&scene, "?late=false").await.is_empty() && board(&scene, "?state=closed").await.is_empty());
        let outside = world.staff_with(Role::Lead, vec![recourse::domain::triage::Queue::Fraud]).await;
        assert_eq!(outside.caller.get("/v1/triage/referrals").await.expect(200).json()["data"], json!([]));
        for query in ["?state=lost", "?late=maybe", "?cursor=abc"] {
            scene.lead.caller.get(&format!("/v1/triage/referrals{query}")).await.expect(400);
        }
        // A page is followed by the next.
        let second = tagged(&{
            scene.lead.take(&scene.case).await;
            let consent = scene.consent(&world, "lantern", &[]).await;
            scene
                .lead
                .act(&scene.case, "referrals", &referral(&world, scene.service("lantern"), &consent))
                .await
                .expect(201)
        });
        let first = scene.lead.caller.get("/v1/triage/referrals?limit=1").await.expect(200).json();
        let cursor = first["next_cursor"].as_str().unwrap();
        let next = board(&scene, &format!("?limit=1&cursor={cursor}")).await;
        assert_eq!(next[0]["id"], second.0.as_str());
    });
}

#[test]
fn nothing_real_is_sent_without_documents_and_a_wish_through_the_app_stops_the_next_one() {
    crate::harness::on_both_with(
        |config| config.data_protection.owner = None,
        |world| async move {
            let scene = Scene::set(&world).await;
            let consent = scene.consent(&world, "harbour", &[]).await;
            let draft = scene.draft(&world, "harbour", &consent).await;
            let refused = scene.act(&scene.lead, &draft, "send", &json!({})).await.expect(409);
            assert_eq!(refused.code(), "no_policy");
        },
    );
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let (id, _) = scene.sent(&world, "harbour", &["lantern"]).await;
        scene.says(&world, &id, "accept", &[]).await.expect(200);
        let list = scene.spark.caller.get("/v1/reports?platform_report_ref=REF-1").await.expect(200).json();
        let report = list["data"][0]["id"].as_str().unwrap().to_owned();
        world.pass(60);
        scene.spark.caller.post(&format!("/v1/reports/{report}/withdrawal"), &json!({})).await.expect(202);
        world.run_jobs().await;
        let states = scene.states(&scene.lead).await;
        assert_eq!(states["harbour"], "accepted", "it ends none");
        let due = scene.clocks("escalation_decision").await;
        let four = world.clock.now().plus(std::time::Duration::from_hours(4)).to_string();
        assert_eq!(due, [four]);
        let events = crate::rights::events(&world, &scene.case, "alarm_opened").await;
        assert!(events.iter().any(|event| event["reason"] == "wish_with_referral"), "{events:?}");
    });
}

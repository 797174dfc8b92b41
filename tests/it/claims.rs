//! Many at once: claimers of one queue, and posts that are twins of each other.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use recourse::domain::people::staff::Role;
use recourse::domain::triage::Queue;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::{Answer, Caller, Staff, full, new_key, small};
use crate::harness::process::all_pages;
use crate::harness::{World, on_both, on_both_with};

const QUEUE: &str = "stalking_violence";
const CASES: usize = 200;
const CLAIMERS: usize = 64;

/// A report for the queue whose priority depends on its number: p1, p2 and lower.
fn ranked(number: usize) -> Value {
    let mut body = small(&format!("C-{number}"));
    body["category"] = json!("stalking_offline");
    body["answers"] = match number % 4 {
        0 => json!({"threat_to_kill": "yes"}),
        1 => json!({"repeated": "yes", "very_frightened": "yes"}),
        _ => json!({"repeated": "unknown"}),
    };
    body
}

async fn staffed(world: &World) -> Vec<Staff> {
    let mut all = Vec::new();
    for _ in 0..CLAIMERS {
        all.push(world.staff(Role::Advocate).await);
    }
    all
}

/// Claims one case after the other until there is none. What it got, with its turn among all claims.
async fn claim_all(staff: Staff, turns: Rc<Cell<usize>>) -> Vec<(usize, Value)> {
    let mut claimed = Vec::new();
    loop {
        let answer = staff.caller.post(&format!("/v1/triage/queues/{QUEUE}/claim"), &json!({})).await;
        match answer.status {
            200 => {
                turns.set(turns.get() + 1);
                claimed.push((turns.get(), answer.json()));
            }
            204 => return claimed,
            status => panic!("{status} {}", answer.text),
        }
    }
}

#[test]
fn sixty_four_claimers_share_a_queue_without_a_twin_or_a_gap() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        for first in (0..CASES).step_by(100) {
            let batch: Vec<Value> = (first..first + 100).map(ranked).collect();
            let answer = spark.caller.post("/v1/reports/batch", &json!({"reports": batch})).await.expect(207).json();
            assert!(answer["results"].as_array().unwrap().iter().all(|item| item["status"] == 201), "{answer}");
        }
        let staff = staffed(&world).await;
        let turns = Rc::new(Cell::new(0));
        let claimed: Vec<(usize, Value)> =
            join_all(staff.iter().map(|one| claim_all(one.clone(), Rc::clone(&turns)))).await.concat();
        let ids: BTreeSet<&str> = claimed.iter().map(|(_, case)| case["id"].as_str().unwrap()).collect();
        assert_eq!((claimed.len(), ids.len()), (CASES, CASES), "every case was claimed, and once");
        for (_, case) in &claimed {
            let (seen, _) = staff[0].case(case["id"].as_str().unwrap()).await;
            assert_eq!((&seen["assigned_to"], &seen["claimed_until"]), (&case["assigned_to"], &case["claimed_until"]));
        }
        in_order(claimed);
    });
}

/// Nobody overtakes by more than there are claimers: as many cases can be on their way at once.
fn in_order(mut claimed: Vec<(usize, Value)>) {
    claimed.sort_by_key(|(turn, _)| *turn);
    let mut ranked: Vec<&str> = claimed.iter().map(|(_, case)| case["priority"].as_str().unwrap()).collect();
    ranked.sort_unstable();
    let mut places = BTreeMap::<&str, (usize, usize)>::new();
    for (place, priority) in ranked.iter().enumerate() {
        places.entry(priority).or_insert((place, place)).1 = place;
    }
    assert!(places.len() > 1, "{places:?}");
    for (turn, case) in &claimed {
        let (first, last) = places[case["priority"].as_str().unwrap()];
        let right = turn + CLAIMERS >= first && *turn <= last + CLAIMERS + 1;
        assert!(right, "{} came at turn {turn}, and belongs to {first}..={last}", case["priority"]);
    }
}

#[test]
fn a_claim_that_lapses_goes_to_another_and_a_heartbeat_keeps_it() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&ranked(0)).await;
        let (first, second) = (world.staff(Role::Advocate).await, world.staff(Role::Advocate).await);
        let claim = format!("/v1/triage/queues/{QUEUE}/claim");
        let case = first.caller.post(&claim, &json!({})).await.expect(200).json();
        let id = case["id"].as_str().unwrap();
        for _ in 0..3 {
            world.pass(14 * 60);
            let heartbeat = format!("/v1/triage/cases/{id}/heartbeat");
            Caller::send(first.caller.request(Method::POST, &heartbeat)).await.expect(200);
            second.caller.post(&claim, &json!({})).await.expect(204);
            assert_eq!(second.act(id, "claim", &json!({})).await.expect(409).code(), "claimed_by_other");
        }
        world.pass(16 * 60);
        let taken = second.caller.post(&claim, &json!({})).await.expect(200).json();
        assert_eq!((&taken["id"], taken["assigned_to"].as_str()), (&case["id"], Some(second.id.as_str())));
        let start = json!({"action": "start"});
        assert_eq!(first.act_seen(id, "transitions", &start).await.expect(409).code(), "claim_lost");
        second.act_seen(id, "transitions", &start).await.expect(200);
    });
}

#[test]
fn a_case_handed_over_is_offered_to_one_alone_and_a_hold_ends_by_the_job() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&ranked(2)).await;
        let lead = world.staff(Role::Lead).await;
        let (one, other) = (world.staff(Role::Advocate).await, world.staff(Role::Advocate).await);
        let claim = format!("/v1/triage/queues/{QUEUE}/claim");
        let id = lead.case_of("C-2").await;
        lead.act_seen(&id, "assign", &json!({"staff_id": one.id})).await.expect(200);
        other.caller.post(&claim, &json!({})).await.expect(204);
        one.caller.post(&claim, &json!({})).await.expect(200);
        one.take(&id).await;

        let until = world.clock.now().plus(Duration::from_mins(25));
        let hold = json!({"action": "hold", "reason": "She is at work.", "until": until});
        one.act_seen(&id, "transitions", &hold).await.expect(200);
        world.run_jobs().await;
        assert_eq!(one.case(&id).await.0["state"], "on_hold");
        other.caller.post(&claim, &json!({})).await.expect(204);
        world.pass(1_501);
        world.run_jobs().await;
        assert_eq!(one.case(&id).await.0["state"], "in_review");
        other.caller.post(&claim, &json!({})).await.expect(204);
        one.caller.post(&claim, &json!({})).await.expect(200);
    });
}

/// Posts until the answer is none of "come again": 503, or 409 while a twin is on its way.
async fn insist(caller: &Caller, key: &str, body: &Value) -> Answer {
    for _ in 0..200 {
        let answer = caller.post_with("/v1/reports", key, None, body).await;
        let again = answer.status == 503 || answer.code() == "in_flight";
        if !again {
            return answer;
        }
    }
    panic!("never converges");
}

#[test]
fn two_thousand_identical_posts_are_one_report_and_one_answer() {
    on_both(|world| async move {
        let spark = world.platform("spark").await.caller;
        let (key, body) = (new_key(), full("T-1"));
        // A platform has four connections of a server: whose turn does not come in time repeats the call, as it is told to.
        let answers = join_all((0..2_000).map(|_| insist(&spark, &key, &body))).await;
        let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status != 201).collect();
        assert!(refused.is_empty(), "{} were refused, such as {:?}", refused.len(), refused.first());
        let bodies: BTreeSet<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
        assert_eq!(bodies.len(), 1);
        let fresh = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_empty()).count();
        assert_eq!(fresh, 1, "all but the one that did the work are marked");
        assert_eq!(all_pages(&spark, "/v1/reports").await.len(), 1);
        assert_eq!(all_pages(&world.staff(Role::Lead).await.caller, "/v1/triage/cases").await.len(), 1);
    });
}

#[test]
fn one_reference_under_many_keys_is_one_report() {
    on_both(|world| async move {
        let spark = world.platform("spark").await.caller;
        for body in [full("R-1"), small("R-2")] {
            let keys: Vec<String> = (0..64).map(|_| new_key()).collect();
            let answers = join_all(keys.iter().map(|key| insist(&spark, key, &body))).await;
            let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!((statuses[62], statuses[63]), (200, 201), "{statuses:?}");
            let ids: BTreeSet<String> = answers.iter().map(|answer| answer.json()["id"].to_string()).collect();
            assert_eq!(ids.len(), 1);
            let mut other = body.clone();
            other["statement"] = json!("Something else.");
            assert_eq!(insist(&spark, &new_key(), &other).await.expect(409).code(), "duplicate_reference");
        }
        assert_eq!(all_pages(&spark, "/v1/reports").await.len(), 2);
        assert_eq!(all_pages(&world.staff(Role::Lead).await.caller, "/v1/triage/cases").await.len(), 2);
    });
}

#[test]
fn reports_of_one_pair_at_once_join_one_case() {
    on_both(|world| async move {
        let spark = world.platform("spark").await.caller;
        let posts = (0..64).map(|n| {
            let spark = spark.clone();
            async move { insist(&spark, &new_key(), &full(&format!("P-{n}"))).await.expect(201) }
        });
        let ids: BTreeSet<String> =
            join_all(posts).await.iter().map(|answer| answer.json()["id"].to_string()).collect();
        assert_eq!(ids.len(), 64);
        let lead = world.staff(Role::Lead).await;
        let cases = all_pages(&lead.caller, "/v1/triage/cases").await;
        assert_eq!(cases.len(), 1);
        let (case, _) = lead.case(cases[0]["id"].as_str().unwrap()).await;
        assert_eq!(case["reports"].as_array().unwrap().len(), 64);
    });
}

#[test]
fn batches_at_once_store_each_report_once() {
    on_both_with(
        |config| config.postgres_connections = 4,
        |world| async move {
            let spark = world.platform("spark").await.caller;
            // Eight batches of 40, each sent twice at once with its key; neighbours share half of their reports.
            let posts = (0..16).map(|n| {
                let (spark, first) = (spark.clone(), n / 2 * 20);
                async move {
                    let key = format!("batch-{}", n / 2);
                    let reports: Vec<Value> = (first..first + 40).map(|n| small(&format!("B-{n}"))).collect();
                    let body = json!({"reports": reports});
                    for _ in 0..50 {
                        let answer = spark.post_with("/v1/reports/batch", &key, None, &body).await.expect(207).json();
                        let results = answer["results"].as_array().unwrap().clone();
                        assert_eq!(results.len(), 40);
                        if results.iter().all(|item| item["status"] == 201 || item["status"] == 200) {
                            return;
                        }
                        let again = |item: &Value| item["problem"]["retryable"] != json!(false);
                        assert!(results.iter().all(again), "{answer}");
                    }
                    panic!("never converges");
                }
            });
            join_all(posts).await;
            let listed = all_pages(&spark, "/v1/reports").await;
            let references: BTreeSet<String> = listed.iter().map(|r| r["platform_report_ref"].to_string()).collect();
            assert_eq!((listed.len(), references.len()), (180, 180));
        },
    );
}

#[test]
fn of_all_ones_queues_the_most_urgent_is_taken() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        // The most urgent comes last, and each stands in a queue of its own.
        for (reference, category) in [("A-1", "romance_fraud"), ("A-2", "spiking")] {
            let mut body = small(reference);
            body["category"] = json!(category);
            spark.submit(&body).await;
        }
        let mut urgent = full("A-3");
        urgent["answers"] = json!({"not_safe_now": "yes", "very_frightened": "yes"});
        spark.submit(&urgent).await;
        let (all, fraud) =
            (world.staff(Role::Advocate).await, world.staff_with(Role::Advocate, vec![Queue::Fraud]).await);
        let take = async |who: &Staff, query: &str, status: u16| {
            who.caller.post(&format!("/v1/triage/claim{query}"), &json!({})).await.expect(status)
        };
        take(&all, "?mode=test", 204).await;
        let first = take(&all, "", 200).await.json();
        assert_eq!(first["priority"], "p0");
        // Whoever has one queue on their list is offered that alone.
        let of_fraud = take(&fraud, "", 200).await.json();
        assert_eq!(of_fraud["queue"], "fraud");
        take(&fraud, "", 204).await;
        assert_ne!(take(&all, "", 200).await.json()["queue"], "fraud");
        take(&all, "", 204).await;
        // What lapses is taken by whoever asks next.
        world.pass(16 * 60);
        take(&fraud, "", 200).await;
        assert_eq!(take(&all, "", 200).await.json()["id"], first["id"]);
    });
}

//! A report of another group that joins a case is seen by those who work that group.

use std::fs;
use std::sync::Arc;

use recourse::app;
use recourse::domain::casework::colleagues;
use recourse::domain::ledger::audit;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::triage::Queue;
use recourse::jobs;
use serde_json::{Value, json};

use crate::harness::TEST;
use crate::harness::client::{Platform, Staff, full, small};
use crate::harness::process::all_pages;
use crate::harness::{World, on_both};

/// A report of one pair of accounts.
fn of_pair(pair: &str, reference: &str, category: &str) -> Value {
    let mut body = small(reference);
    body["category"] = json!(category);
    body["reporter"]["platform_account_ref"] = json!(format!("reporter-{pair}"));
    body["subject"] = json!({"platform_account_ref": format!("subject-{pair}")});
    body
}

/// Those who work one queue alone, in the order in which they are asked for.
async fn works<const N: usize>(world: &World, queues: [Queue; N]) -> Vec<Staff> {
    let mut all = Vec::new();
    for queue in queues {
        all.push(world.staff_with(Role::Advocate, vec![queue]).await);
    }
    all
}

/// The ids on a list of cases.
async fn listed(who: &Staff, query: &str) -> Vec<String> {
    let list = who.caller.get(&format!("/v1/triage/cases{query}")).await.expect(200).json();
    list["data"].as_array().unwrap().iter().map(|case| case["id"].as_str().unwrap().to_owned()).collect()
}

async fn add(spark: &Platform, report: &str, answers: Value) {
    let path = format!("/v1/reports/{report}/additions");
    spark.caller.post(&path, &json!({"answers": answers})).await.expect(201);
}

#[test]
fn fraud_first_and_an_assault_later_stands_in_both_queues() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let [fraud, sexual, image] = &works(&world, [Queue::Fraud, Queue::SexualHarm, Queue::ImageAbuse]).await[..]
        else {
            panic!()
        };
        world.on_rota(sexual, 24).await;
        spark.submit(&of_pair("a", "F-1", "romance_fraud")).await;
        let case = lead.case_of("F-1").await;
        sexual.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
        spark.submit(&of_pair("a", "F-2", "sexual_assault")).await;
        // Lists, by queue and by whatever a list asks for.
        for (who, queue) in [(fraud, "fraud"), (sexual, "sexual_harm"), (&lead, "fraud"), (&lead, "sexual_harm")] {
            for query in ["", "&state=received", "&priority=p1", "&platform_report_ref=F-2"] {
                assert_eq!(listed(who, &format!("?queue={queue}{query}")).await, [case.as_str()], "{queue}{query}");
            }
        }
        assert_eq!(listed(&lead, "").await, [case.as_str()], "once, for whoever sees both");
        let (seen, _) = sexual.case(&case).await;
        assert_eq!((&seen["queue"], &seen["also_in"]), (&json!("fraud"), &json!(["sexual_harm"])));
        assert_eq!(seen["reports"].as_array().unwrap().len(), 2);
        assert_eq!(listed(image, "").await, Vec::<String>::new());
        image.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
        // Counts, in both.
        world.run_jobs().await;
        for (who, depths) in [(fraud, vec![1]), (sexual, vec![1]), (image, vec![0])] {
            let counted = who.caller.get("/v1/triage/queues").await.expect(200).json();
            let all: Vec<i64> =
                counted["data"].as_array().unwrap().iter().map(|queue| queue["depth"].as_i64().unwrap()).collect();
            assert_eq!(all, depths, "{counted}");
        }
        // Whoever is on call for the group that joined is told.
        world.pass(15 * 60);
        jobs::tick(Arc::clone(&world.app)).await.unwrap();
        let chain = case.clone();
        let events = world.app.read(move |rx| audit::list(rx, &chain)).await.unwrap();
        let rung = events.iter().find(|event| event.kind == "on_call_paged").unwrap();
        assert!(rung.details.contains(&sexual.id), "{}", rung.details);
        // Claimed from either queue, by one.
        let taken = sexual.caller.post("/v1/triage/queues/sexual_harm/claim", &json!({})).await.expect(200).json();
        assert_eq!(taken["id"], json!(case));
        fraud.caller.post("/v1/triage/queues/fraud/claim", &json!({})).await.expect(204);
        assert_eq!(fraud.act(&case, "claim", &json!({})).await.expect(409).code(), "claimed_by_other");
        assert_eq!(listed(fraud, &format!("?assigned_to={}", sexual.id)).await, [case.as_str()]);
        assert_eq!(listed(sexual, "?assigned_to=me").await, [case.as_str()]);
        sexual.act_seen(&case, "transitions", &json!({"action": "start"})).await.expect(200);
        let close = json!({"outcome": "supported_elsewhere", "reason": "With her service."});
        world.read_by_another(&case).await;
        sexual.confirm_support(&case).await;
        sexual.act_seen(&case, "decision", &close).await.expect(200);
        assert_eq!(listed(sexual, "").await, Vec::<String>::new());
        assert_eq!(listed(sexual, "?queue=sexual_harm&state=closed").await, [case.as_str()]);
    });
}

#[test]
fn an_emergency_and_a_childs_case_stand_in_their_own_queue_alone() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::SafeguardingLead).await;
        let queues = [Queue::Fraud, Queue::SexualHarm, Queue::Emergency, Queue::Children];
        let [fraud, sexual, emergency, children] = &works(&world, queues).await[..] else { panic!() };
        spark.submit(&of_pair("b", "G-1", "romance_fraud")).await;
        let report = spark.submit(&of_pair("b", "G-2", "sexual_assault")).await;
        let case = lead.case_of("G-1").await;
        let see = async |who: &Staff| listed(who, "").await.len();
        assert_eq!([see(fraud).await, see(sexual).await, see(emergency).await, see(children).await], [1, 1, 0, 0]);
        sexual.take(&case).await;
        // p0: theirs who are there for emergencies, and nobody keeps it who is not.
        add(&spark, &report, json!({"not_safe_now": "yes"})).await;
        assert_eq!([see(fraud).await, see(sexual).await, see(emergency).await, see(children).await], [0, 0, 1, 0]);
        let (seen, _) = lead.case(&case).await;
        assert_eq!((&seen["also_in"], &seen["assigned_to"]), (&json!([]), &Value::Null));
        assert_eq!(listed(&lead, "?queue=sexual_harm").await, Vec::<String>::new());
        sexual.caller.post("/v1/triage/queues/sexual_harm/claim", &json!({})).await.expect(204);
        // Lowered by two, it is back in both.
        let lower = json!({"priority": "p2", "reason_code": "safety_confirmed", "text": "She is with her sister."});
        let waits = lead.act_seen(&case, "priority", &lower).await.expect(202).json();
        let second = world.staff(Role::Lead).await;
        let act = waits["pending"]["id"].as_str().unwrap();
        second.approve(&case, act).await.expect(200);
        assert_eq!([see(fraud).await, see(sexual).await, see(emergency).await, see(children).await], [1, 1, 0, 0]);
        // A child's: the children's alone, whatever else comes.
        let mut child = of_pair("b", "G-3", "sextortion");
        child["reporter"]["age_band"] = json!("under_18");
        spark.submit(&child).await;
        assert_eq!([see(fraud).await, see(sexual).await, see(emergency).await, see(children).await], [0, 0, 0, 1]);
        assert_eq!(lead.case(&case).await.0["also_in"], json!([]));
    });
}

#[test]
fn pages_of_a_queue_hold_its_own_cases_and_those_that_joined_it_in_one_order() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let [sexual] = &works(&world, [Queue::SexualHarm]).await[..] else { panic!() };
        for n in 0..9 {
            let pair = format!("p{n}");
            let first = if n % 3 == 0 { "romance_fraud" } else { "cyberflashing" };
            let mut body = of_pair(&pair, &format!("P-{n}"), first);
            body["answers"] = if n % 2 == 0 { json!({"very_frightened": "yes"}) } else { json!({}) };
            spark.submit(&body).await;
            if n % 3 == 0 {
                spark.submit(&of_pair(&pair, &format!("P-{n}-2"), "spiking")).await;
                spark.submit(&of_pair(&pair, &format!("P-{n}-3"), "doxxing")).await;
            }
            world.pass(1);
        }
        let whole = |list: Vec<Value>| -> Vec<String> {
            list.iter().map(|case| case["id"].as_str().unwrap().to_owned()).collect()
        };
        let path = "/v1/triage/cases?queue=sexual_harm";
        let expected = listed(&lead, "?queue=sexual_harm&limit=100").await;
        let mut by_small_pages = Vec::new();
        let mut next = format!("{path}&limit=2");
        loop {
            let page = sexual.caller.get(&next).await.expect(200).json();
            by_small_pages.extend(page["data"].as_array().unwrap().clone());
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            next = format!("{path}&limit=2&cursor={cursor}");
        }
        let ranks: Vec<(String, String)> =
            by_small_pages.iter().map(|case| (case["priority"].to_string(), case["next_due_at"].to_string())).collect();
        assert!(ranks.is_sorted(), "{ranks:?}");
        let ids = whole(by_small_pages);
        assert!(ids.len() >= 3 && ids == expected, "{ids:?} {expected:?}");
        let all = whole(all_pages(&lead.caller, "/v1/triage/cases").await);
        let once: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!((all.len(), once.len()), (9, 9), "each case once, whatever it stands in");
        // Claimed in that order, until there is none.
        let mut claimed = Vec::new();
        loop {
            let answer = sexual.caller.post("/v1/triage/queues/sexual_harm/claim", &json!({})).await;
            if answer.status == 204 {
                break;
            }
            claimed.push(answer.expect(200).json()["id"].as_str().unwrap().to_owned());
        }
        assert_eq!(claimed, expected);
    });
}

#[test]
fn acts_that_wait_are_listed_for_those_who_see_their_cases() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let [fraud, sexual] = &works(&world, [Queue::Fraud, Queue::SexualHarm]).await[..] else { panic!() };
        spark.submit(&of_pair("c", "W-1", "romance_fraud")).await;
        spark.submit(&of_pair("c", "W-2", "sexual_assault")).await;
        spark.submit(&full("W-3")).await;
        let lower = json!({"priority": "p3", "reason_code": "safety_confirmed", "text": "She said so."});
        let mut acts = Vec::new();
        for reference in ["W-1", "W-3"] {
            let case = lead.case_of(reference).await;
            let waits = lead.act_seen(&case, "priority", &lower).await.expect(202).json();
            acts.push((case, waits["pending"]["id"].as_str().unwrap().to_owned()));
            world.pass(1);
        }
        let seen = async |who: &Staff, query: &str| -> Vec<(String, String)> {
            let list = who.caller.get(&format!("/v1/triage/pending{query}")).await.expect(200);
            assert!(!list.text.contains("She said so"), "what it would do stands in the case");
            let text = |act: &Value, name: &str| act[name].as_str().unwrap().to_owned();
            list.json()["data"].as_array().unwrap().iter().map(|act| (text(act, "case_id"), text(act, "id"))).collect()
        };
        assert_eq!(seen(&lead, "").await, acts);
        for who in [fraud, sexual] {
            assert_eq!(seen(who, "").await, acts[..1], "their cases alone");
        }
        let first = lead.caller.get("/v1/triage/pending?limit=1").await.expect(200).json();
        let cursor = first["next_cursor"].as_str().unwrap();
        assert_eq!(seen(&lead, &format!("?limit=1&cursor={cursor}")).await, acts[1..]);
        lead.take(&acts[0].0).await;
        let close = json!({"outcome": "supported_elsewhere", "reason": "With her service."});
        world.read_by_another(&acts[0].0).await;
        lead.confirm_support(&acts[0].0).await;
        lead.act_seen(&acts[0].0, "decision", &close).await.expect(200);
        assert_eq!(seen(&lead, "").await, acts[1..]);
        assert_eq!(seen(&lead, "?state=void").await, acts[..1]);
        lead.caller.get("/v1/triage/pending?state=odd").await.expect(400);
    });
}

#[test]
fn when_the_rule_file_has_another_queue_open_cases_move_at_the_start_and_closed_ones_stay() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rules.toml");
    let text = include_str!("../../src/domain/triage/tsp-1.toml");
    fs::write(&file, text.replace("fraud = \"fraud\"", "fraud = \"other\"")).unwrap();
    let file = &file;
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let [fraud, other] = &works(&world, [Queue::Fraud, Queue::Other]).await[..] else { panic!() };
        let (mut urgent, closed) = (of_pair("one", "M-1", "romance_fraud"), of_pair("two", "M-2", "romance_fraud"));
        urgent["answers"] = json!({"very_frightened": "yes"});
        spark.submit(&urgent).await;
        spark.submit(&closed).await;
        let (urgent, closed) = (lead.case_of("M-1").await, lead.case_of("M-2").await);
        fraud.take(&urgent).await;
        lead.take(&closed).await;
        let close = json!({"outcome": "supported_elsewhere", "reason": "With her bank."});
        lead.confirm_support(&closed).await;
        lead.act_seen(&closed, "decision", &close).await.expect(200);
        let mut config = world.config.clone();
        config.rules_file = Some(file.clone());
        let started = app::open(config, world.clock.clone()).await.unwrap();
        jobs::once(&started, "requeue").await.unwrap();
        let (now, _) = lead.case(&urgent).await;
        assert_eq!(
            (&now["queue"], &now["priority"], &now["assigned_to"]),
            (&json!("other"), &json!("p1"), &json!(null))
        );
        assert_eq!(lead.case(&closed).await.0["queue"], "fraud");
        assert_eq!((listed(fraud, "").await, listed(other, "").await), (Vec::new(), vec![urgent.clone()]));
        let kinds = |id: String| world.app.read(move |rx| audit::list(rx, &id));
        let kinds: Vec<String> = kinds(urgent).await.unwrap().into_iter().map(|event| event.kind).collect();
        let moved = ["queue_changed", "claim_ended", "alarm_opened"].map(str::to_owned);
        assert!(kinds.windows(3).any(|three| three == moved), "{kinds:?}");
        // A second start finds nothing to do.
        jobs::once(&started, "requeue").await.unwrap();
        let (again, _) = lead.case(now["id"].as_str().unwrap()).await;
        assert_eq!(again["version"], now["version"]);
    });
}

#[test]
fn in_each_of_its_queues_a_case_is_hidden_by_walls_and_by_whoever_holds_it() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        for (n, category) in ["romance_fraud", "sexual_assault"].into_iter().enumerate() {
            let mut body = of_pair("a", &format!("W-{n}"), category);
            body["subject"]["identifiers"] = json!([{"type": "handle", "value": "@night.owl"}]);
            spark.submit(&body).await;
        }
        let case = lead.case_of("W-0").await;
        for queue in [Queue::Fraud, Queue::SexualHarm] {
            let [open, behind] = &works(&world, [queue, queue]).await[..] else { panic!() };
            let (name, known) = (behind.username.clone(), Identifier::new(IdentifierKind::Handle, "@night.owl"));
            world.app.write(TEST, move |tx| colleagues::declare(tx, &name, &known)).await.unwrap();
            for query in ["", "?category=romance_fraud", "?assigned_to=nobody"] {
                assert_eq!(listed(open, query).await, [case.as_str()], "{queue:?} {query}");
                assert_eq!(listed(behind, query).await, Vec::<String>::new(), "{queue:?} {query}");
            }
            lead.act(&case, "claim", &json!({})).await.expect(200);
            assert_eq!(listed(open, "?assigned_to=nobody").await, Vec::<String>::new(), "{queue:?}");
            assert_eq!(listed(open, "").await, [case.as_str()], "{queue:?}");
            lead.act(&case, "release", &json!({})).await.expect(200);
        }
    });
}

//! Lists of cases by what they hold, and how the database finds their rows.

use std::collections::BTreeSet;

use recourse::domain::people::staff::Role;
use recourse::domain::triage::Queue;
use serde_json::{Value, json};

use crate::harness::client::{Staff, small};
use crate::harness::{World, on_both};
use crate::indexed::plan;
use crate::turned_away::{listen, statements};

/// A report of one pair of accounts.
fn of_pair(reference: &str, category: &str) -> Value {
    let mut body = small(reference);
    body["category"] = json!(category);
    body["reporter"]["platform_account_ref"] = json!(format!("by-{}", &reference[..3]));
    body["subject"] = json!({"platform_account_ref": format!("of-{}", &reference[..3])});
    body
}

/// The ids on all pages of a list.
async fn listed(who: &Staff, query: &str) -> Vec<String> {
    let path = format!("/v1/triage/cases?limit=2&{query}");
    let (mut all, mut next) = (Vec::new(), path.clone());
    loop {
        let page = who.caller.get(&next).await.expect(200).json();
        all.extend(page["data"].as_array().unwrap().iter().map(|case| case["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { return all };
        next = format!("{path}&cursor={cursor}");
    }
}

fn as_set(ids: &[&String]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).clone()).collect()
}

#[test]
fn a_list_by_category_holds_what_is_of_it_wherever_it_stands() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let sexual = world.staff_with(Role::Advocate, vec![Queue::SexualHarm]).await;
        let mut of = Vec::new();
        for (reference, category) in
            [("F-1", "romance_fraud"), ("F-2", "romance_fraud"), ("F-3", "romance_fraud"), ("S-1", "spiking")]
        {
            spark.submit(&of_pair(reference, category)).await;
            of.push(lead.case_of(reference).await);
            world.pass(1);
        }
        // The second stands in the queue of what joined it too, and is of the category that opened it.
        spark.submit(&of_pair("F-2b", "sexual_assault")).await;
        let [f1, f2, f3, s1] = &of[..] else { panic!() };
        let frauds = listed(&lead, "category=romance_fraud").await;
        assert_eq!(frauds.iter().cloned().collect::<BTreeSet<_>>(), as_set(&[f1, f2, f3]));
        assert_eq!(frauds.len(), 3, "each once");
        assert_eq!(listed(&lead, "category=spiking").await, vec![s1.clone()]);
        assert_eq!(listed(&lead, "category=sexual_assault").await, Vec::<String>::new());
        // Of one queue, for somebody who sees no other.
        assert_eq!(listed(&sexual, "category=romance_fraud").await, vec![f2.clone()]);
        assert_eq!(listed(&sexual, "queue=sexual_harm&category=romance_fraud").await, vec![f2.clone()]);
        assert_eq!(listed(&lead, "queue=fraud&category=spiking").await, Vec::<String>::new());
        // Of one state, also the last one; of one priority; of one colleague.
        lead.take(f1).await;
        let closing = json!({"outcome": "supported_elsewhere", "reason": "She has help."});
        lead.confirm_support(f1).await;
        lead.act_seen(f1, "decision", &closing).await.expect(200);
        assert_eq!(listed(&lead, "state=closed&category=romance_fraud").await, vec![f1.clone()]);
        assert_eq!(listed(&lead, "state=closed&category=spiking").await, Vec::<String>::new());
        lead.act(f3, "claim", &json!({})).await.expect(200);
        assert_eq!(listed(&lead, "assigned_to=me&category=romance_fraud").await, vec![f3.clone()]);
        assert_eq!(listed(&lead, "assigned_to=me&category=spiking").await, Vec::<String>::new());
        assert_eq!(listed(&lead, "platform_report_ref=F-2&category=romance_fraud").await, vec![f2.clone()]);
        assert_eq!(listed(&lead, "platform_report_ref=F-2&category=spiking").await, Vec::<String>::new());
        lead.caller.get("/v1/triage/cases?category=no_such").await.expect(400);
    });
}

#[test]
fn a_cursor_continues_the_list_that_it_came_from_and_no_other() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        for n in 0..4 {
            spark.submit(&of_pair(&format!("C-{n}"), "romance_fraud")).await;
        }
        let lists = ["", "category=romance_fraud", "category=spiking", "assigned_to=nobody", "assigned_to=me"];
        for from in lists {
            let page = lead.caller.get(&format!("/v1/triage/cases?limit=2&{from}")).await.expect(200).json();
            let Some(cursor) = page["next_cursor"].as_str() else { continue };
            for to in lists {
                let next = format!("/v1/triage/cases?limit=2&{to}&cursor={cursor}").replace("&&", "&");
                let answer = lead.caller.get(&next).await;
                assert_eq!(answer.status, if from == to { 200 } else { 400 }, "{from} {to} {}", answer.text);
            }
        }
    });
}

#[test]
fn what_is_nobodys_is_what_the_person_may_take_now() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let (lead, other) = (world.staff(Role::Lead).await, world.staff(Role::Advocate).await);
        let mut of = Vec::new();
        for n in 0..6 {
            spark.submit(&of_pair(&format!("N-{n}"), "romance_fraud")).await;
            of.push(lead.case_of(&format!("N-{n}")).await);
        }
        let [free, held, kept, on_hold, waits, mine] = &of[..] else { panic!() };
        other.act(held, "claim", &json!({})).await.expect(200);
        lead.act_seen(kept, "assign", &json!({"staff_id": other.id})).await.expect(200);
        lead.take(on_hold).await;
        let until = world.clock.now().plus(std::time::Duration::from_hours(4)).to_string();
        lead.act_seen(on_hold, "transitions", &json!({"action": "hold", "reason": "Tonight.", "until": until}))
            .await
            .expect(200);
        lead.take(waits).await;
        lead.act(waits, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
        lead.act(mine, "claim", &json!({})).await.expect(200);
        let nobodys = |who: Staff| async move { listed(&who, "assigned_to=nobody").await.into_iter().collect() };
        let by = |who: &Staff| nobodys(who.clone());
        let set: BTreeSet<String> = by(&lead).await;
        assert_eq!(set, as_set(&[free]));
        // What is kept for somebody is free to them.
        let set: BTreeSet<String> = by(&other).await;
        assert_eq!(set, as_set(&[free, kept]));
        for (who, theirs) in [(&lead, vec![free]), (&other, vec![free, kept])] {
            let of_category = listed(who, "assigned_to=nobody&category=romance_fraud").await;
            assert_eq!(of_category.into_iter().collect::<BTreeSet<_>>(), as_set(&theirs), "by category too");
        }
        assert_eq!(listed(&lead, "assigned_to=nobody&state=on_hold").await, Vec::<String>::new());
        assert_eq!(listed(&lead, "assigned_to=nobody&state=closed").await, Vec::<String>::new());
        assert_eq!(listed(&lead, "assigned_to=nobody&category=spiking").await, Vec::<String>::new());
        assert_eq!(listed(&lead, "assigned_to=nobody&platform_report_ref=N-1").await, Vec::<String>::new());
        assert_eq!(listed(&lead, "assigned_to=nobody&platform_report_ref=N-0").await, vec![free.clone()]);
        // Claims that have run out hold nothing, whether or not a job has come by.
        world.pass(16 * 60);
        let set: BTreeSet<String> = by(&lead).await;
        assert_eq!(set, as_set(&[free, held, mine]));
    });
}

/// How SQLite finds the rows of a list.
async fn plans(world: &World, who: &Staff, query: &str) -> Vec<String> {
    let path = format!("/v1/triage/cases?{query}");
    let (heard, _) = statements(world, async { who.caller.get(&path).await.expect(200) }).await;
    let of_list = |text: &&String| text.starts_with("SELECT") && text.contains("`cases`.`id`");
    let mut steps = Vec::new();
    for statement in heard.iter().filter(of_list) {
        steps.extend(plan(world, statement).await);
    }
    steps
}

#[test]
fn every_list_walks_an_index_in_its_order() {
    listen();
    on_both(|world| async move {
        if world.app.db.is_shared() {
            return;
        }
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        spark.submit(&of_pair("F-1", "romance_fraud")).await;
        spark.submit(&of_pair("F-1b", "sexual_assault")).await;
        let lists = [
            ("", "cases_open", "case_queues_open"),
            ("queue=fraud", "cases_open", "case_queues_open"),
            ("priority=p1", "cases_open", "case_queues_open"),
            ("state=in_review", "cases_in_order", "case_queues_in_order"),
            ("assigned_to=nobody", "cases_in_order", "case_queues_in_order"),
            ("category=romance_fraud", "cases_by_category", "case_queues_by_category"),
            ("category=romance_fraud&state=closed", "cases_by_category", "case_queues_by_category"),
            ("category=romance_fraud&assigned_to=nobody", "cases_by_category", "case_queues_by_category"),
        ];
        for (query, own, others) in lists {
            let steps = plans(&world, &lead, query).await;
            let entered = |index: &str| steps.iter().filter(|step| step.contains(&format!("INDEX {index} ("))).count();
            assert!(entered(own) > 0 && entered(others) > 0, "{query}: {steps:#?}");
            let walks =
                steps.iter().filter(|step| step.contains("INDEX cases_") || step.contains("INDEX case_queues_"));
            assert_eq!(walks.count(), entered(own) + entered(others), "{query}: {steps:#?}");
            // What the walks found is made one and put in order, and so are the rows of the page; no walk needs an order made.
            let sorted = steps.iter().filter(|step| step.contains("TEMP B-TREE")).count();
            assert!(sorted <= 3 && !steps.iter().any(|step| step.starts_with("SCAN cases")), "{query}: {steps:#?}");
        }
    });
}

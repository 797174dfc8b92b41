//! How many statements a page takes: as many of a large case as of a small one.

use recourse::domain::people::staff::Role;
use serde_json::json;

use crate::harness::client::{Platform, Staff, small};
use crate::harness::tab::Tab;
use crate::harness::{World, on_both};
use crate::turned_away::{listen, statements};

/// The statements of a call, but for those that begin and end a transaction.
async fn counted(world: &World, who: &Staff, path: &str) -> Vec<String> {
    without_frames(&statements(world, async { who.caller.get(path).await.expect(200) }).await.0)
}

/// The statements of a page.
async fn counted_page(world: &World, tab: &Tab, path: &str) -> Vec<String> {
    let mut tab = tab.clone();
    without_frames(&statements(world, async move { tab.get(path).await.expect(200) }).await.0)
}

fn without_frames(heard: &[String]) -> Vec<String> {
    let is_frame =
        |text: &&String| ["BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"].iter().any(|verb| text.starts_with(verb));
    heard.iter().filter(|text| !is_frame(text)).cloned().collect()
}

/// A case with so many requests and links, which nobody holds any more.
async fn large(lead: &Staff, spark: &Platform, reference: &str, requests: usize, links: usize) -> String {
    spark.submit(&small(reference)).await;
    let case = lead.case_of(reference).await;
    lead.take(&case).await;
    lead.act(&case, "notes", &json!({"text": "A colleague's words."})).await.expect(201);
    lead.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(200);
    for _ in 0..requests {
        lead.act(&case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
    }
    for n in 0..links {
        let other = format!("{reference}-{n}");
        spark.submit(&small(&other)).await;
        let other = lead.case_of(&other).await;
        lead.act(&case, "links", &json!({"case_id": other})).await.expect(200);
    }
    lead.act(&case, "release", &json!({})).await.expect(200);
    case
}

#[test]
fn a_case_takes_as_many_statements_however_much_is_in_it() {
    listen();
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let few = large(&lead, &spark, "L-1", 1, 1).await;
        let many = large(&lead, &spark, "L-2", 200, 100).await;
        // Who declared something has walls to be asked for.
        let who = crate::walls::walled(&world, Role::Advocate).await;
        for reader in [&lead, &who] {
            let path = |case: &str| format!("/v1/triage/cases/{case}");
            let (case, _) = reader.case(&many).await;
            assert_eq!(case["links"].as_array().unwrap().len(), 100);
            assert_eq!(case["requests"].as_array().unwrap().len(), 100);
            let (of_few, of_many) =
                (counted(&world, reader, &path(&few)).await, counted(&world, reader, &path(&many)).await);
            // The report of the large one stands on a later page.
            assert!(of_many.len() <= of_few.len(), "{of_few:#?} {of_many:#?}");
            // Up to 25 of these prove three times who comes, find the case twice, and put the reading on record.
            assert!(of_few.len() <= 45, "{} {of_few:#?}", of_few.len());
        }
    });
}

#[test]
fn a_list_over_all_queues_takes_twelve_statements_at_most() {
    listen();
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        for (n, category) in ["harassment", "romance_fraud", "spiking", "cyberflashing"].into_iter().enumerate() {
            let mut body = small(&format!("Q-{n}"));
            body["category"] = json!(category);
            spark.submit(&body).await;
        }
        // One that stands in two queues.
        for (n, category) in ["romance_fraud", "spiking"].into_iter().enumerate() {
            let mut body = small(&format!("P-{n}"));
            body["category"] = json!(category);
            body["reporter"]["platform_account_ref"] = json!("one");
            body["subject"] = json!({"platform_account_ref": "other"});
            spark.submit(&body).await;
        }
        for query in ["", "?category=spiking", "?assigned_to=nobody", "?state=received", "?assigned_to=me"] {
            let heard = counted(&world, &lead, &format!("/v1/triage/cases{query}")).await;
            assert!(heard.len() <= 12, "{query} {} {heard:#?}", heard.len());
        }
    });
}

#[test]
fn the_page_of_the_queues_takes_twelve_statements_at_most() {
    listen();
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        for n in 0..5 {
            spark.submit(&small(&format!("Q-{n}"))).await;
        }
        lead.take(&lead.case_of("Q-1").await).await;
        for who in [&lead, &crate::walls::walled(&world, Role::Advocate).await] {
            let tab = Tab::of(&world, who).await;
            for path in ["/console", "/console?category=spiking", "/console/rows?shown="] {
                let heard = counted_page(&world, &tab, path).await;
                assert!(heard.len() <= 12, "{path} {} {heard:#?}", heard.len());
            }
        }
    });
}

#[test]
fn the_page_of_a_case_takes_thirty_statements_at_most() {
    listen();
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let few = large(&lead, &spark, "L-1", 1, 1).await;
        let many = large(&lead, &spark, "L-2", 200, 100).await;
        for who in [&lead, &crate::walls::walled(&world, Role::Advocate).await] {
            let tab = Tab::of(&world, who).await;
            let path = |case: &str| format!("/console/cases/{case}");
            let of_few = counted_page(&world, &tab, &path(&few)).await;
            let of_many = counted_page(&world, &tab, &path(&many)).await;
            assert!(of_many.len() <= of_few.len(), "{of_few:#?} {of_many:#?}");
            assert!(of_few.len() <= 30, "{} {of_few:#?}", of_few.len());
        }
    });
}

//! A case that is too long for one answer comes in pages, newest first, and nothing in it is lost or shown twice.

use std::collections::BTreeMap;

use recourse::base::id::CaseId;
use recourse::base::secret::Sensitive;
use recourse::db::Share;
use recourse::domain::casefile::{self, Page};
use recourse::domain::desk;
use recourse::domain::people::staff::Role;
use recourse::domain::unit::{Entry, Look};
use serde_json::{Value, json};

use crate::harness::client::{Staff, full, small};
use crate::harness::on_both;

/// How long a page may be.
const PAGE: usize = 256 * 1024;

/// Every page of a case.
pub(crate) async fn pages(lead: &Staff, case: &str) -> Vec<Value> {
    let (mut all, mut query) = (Vec::new(), String::new());
    loop {
        let answer = lead.caller.get(&format!("/v1/triage/cases/{case}{query}")).await.expect(200);
        assert!(answer.text.len() <= PAGE, "page {}: {}", all.len() + 1, answer.text.len());
        let page = answer.json();
        let next = page["next_cursor"].as_str().map(str::to_owned);
        all.push(page);
        let Some(next) = next else { return all };
        query = format!("?cursor={next}");
        assert!(all.len() < 100, "there is no end");
    }
}

/// The entries of a list on all pages, from the oldest to the newest.
fn entries(pages: &[Value], list: &str) -> Vec<Value> {
    pages.iter().rev().flat_map(|page| page[list].as_array().cloned().unwrap_or_default()).collect()
}

/// What the parts of each report say together, by its reference: the words, what was left out, the messages.
fn together(pages: &[Value]) -> BTreeMap<String, (String, String, Vec<String>)> {
    let mut all: BTreeMap<String, (String, String, Vec<String>)> = BTreeMap::new();
    for report in pages.iter().flat_map(|page| page["reports"].as_array().unwrap()) {
        let content = &report["content"];
        let known = all.entry(report["platform_report_ref"].as_str().unwrap().to_owned()).or_default();
        known.0.push_str(content["statement"].as_str().unwrap_or_default());
        for left in content["left_out"].as_array().unwrap() {
            known.1.push_str(left["value"].as_str().unwrap());
        }
        let messages = content["platform_context"]["messages"].as_array().cloned().unwrap_or_default();
        known.2.extend(messages.iter().map(|message| message["text"].as_str().unwrap().to_owned()));
    }
    all
}

#[test]
fn a_case_of_long_reports_comes_in_pages_and_nothing_is_lost() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        // One account reports another again and again: all of it lands in one case.
        let long = |n: usize| {
            let mut body = full(&format!("P-{n}"));
            let words = format!("{n} {}", "\"\\".repeat(50_000));
            body["statement"] = json!({ "said": words });
            body["verdict"] = json!("\"".repeat(20_000));
            body
        };
        let chat = |n: usize| {
            let mut body = full(&format!("P-{n}"));
            let message = |at: usize| json!({"from": "subject", "text": format!("{at} {}", "x".repeat(7_000))});
            body["platform_context"]["messages"] = (0..30).map(message).collect();
            body
        };
        let mut report = String::new();
        for n in 0..4 {
            world.pass(60);
            report = spark.submit(&if n % 2 == 0 { long(n) } else { chat(n) }).await;
        }
        world.pass(60);
        let more = json!({"statement": "\u{1}".repeat(30_000), "identifiers": "x".repeat(60_000)});
        spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
        let case = lead.case_of("P-0").await;
        let pages = pages(&lead, &case).await;
        assert!(pages.len() > 4, "{}", pages.len());
        // The newest is on the first page, the oldest on the last.
        assert!(!pages[0]["additions"].as_array().unwrap().is_empty());
        assert_eq!(pages.last().unwrap()["reports"][0]["platform_report_ref"], "P-0");
        let all = together(&pages);
        assert_eq!(all.len(), 4);
        for n in [0, 2] {
            let (words, left, _) = &all[&format!("P-{n}")];
            assert_eq!(*words, long(n)["statement"].to_string(), "{n}");
            assert!(left.contains(&long(n)["verdict"].to_string()), "{n}");
        }
        for n in [1, 3] {
            let told: Vec<usize> =
                all[&format!("P-{n}")].2.iter().map(|text| text.split(' ').next().unwrap().parse().unwrap()).collect();
            assert_eq!(told, (0..30).collect::<Vec<_>>());
        }
        // Parts say which they are, and stand one behind another.
        for page in &pages {
            for report in page["reports"].as_array().unwrap() {
                let part = &report["part"];
                assert!(part.is_null() || part["number"].as_u64() <= part["of"].as_u64(), "{part}");
            }
        }
        let added: String = pages
            .iter()
            .flat_map(|page| page["additions"].as_array().unwrap())
            .map(|added| added["statement"].as_str().unwrap_or_default())
            .collect();
        assert_eq!(added.chars().count(), 30_000);
        // What belongs to the case as a whole is on every page.
        assert!(pages.iter().all(|page| page["version"] == pages[0]["version"] && page["damaged"] == false));
    });
}

#[test]
fn many_entries_of_one_instant_are_each_shown_once() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        spark.submit(&small("N-1")).await;
        let case = lead.case_of("N-1").await;
        lead.take(&case).await;
        let first = pages(&lead, &case).await;
        assert_eq!((first.len(), &first[0]["next_cursor"]), (1, &Value::Null));
        for n in 0..110 {
            lead.act(&case, "notes", &json!({"text": format!("{n}")})).await.expect(201);
        }
        let pages = pages(&lead, &case).await;
        assert_eq!(pages.len(), 2);
        let mut told: Vec<usize> =
            entries(&pages, "notes").iter().map(|note| note["text"].as_str().unwrap().parse().unwrap()).collect();
        told.sort_unstable();
        assert_eq!(told, (0..110).collect::<Vec<_>>());
        assert_eq!(entries(&pages, "reports").len(), 1);
        // A cursor is of its case.
        spark.submit(&small("N-2")).await;
        let other = lead.case_of("N-2").await;
        let cursor = pages[0]["next_cursor"].as_str().unwrap();
        for query in [format!("?cursor={cursor}"), "?cursor=x".to_owned(), "?page=2".to_owned()] {
            let refused = lead.caller.get(&format!("/v1/triage/cases/{other}{query}")).await.expect(400);
            assert_eq!(refused.code(), "bad_parameter");
        }
    });
}

#[test]
fn who_reads_what_is_older_alone_has_not_read_the_case() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        for n in 0..4 {
            world.pass(1);
            let mut body = full(&format!("O-{n}"));
            body["statement"] = json!("x".repeat(120_000));
            spark.submit(&body).await;
        }
        let case = lead.case_of("O-0").await;
        let older = pages(&lead, &case).await[0]["next_cursor"].as_str().unwrap().to_owned();
        lead.act(&case, "claim", &json!({})).await.expect(200);
        let review = |page: &Value| {
            let clocks = page["clocks"].as_array().unwrap().clone();
            clocks.iter().find(|clock| clock["kind"] == "human_review").unwrap()["state"].clone()
        };
        let page = lead.caller.get(&format!("/v1/triage/cases/{case}?cursor={older}")).await.expect(200).json();
        assert_eq!(review(&page), "running");
    });
}

#[test]
fn what_is_said_while_a_page_is_read_stays_unread() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let report = spark.submit(&small("P-1")).await;
        let case = lead.case_of("P-1").await;
        lead.act(&case, "claim", &json!({})).await.expect(200);
        let listed = async || {
            let all = lead.caller.get("/v1/triage/cases?platform_report_ref=P-1").await.expect(200).json();
            all["data"][0].clone()
        };
        let bearer = || Sensitive::new(lead.caller.token.clone());
        let (id, who): (CaseId, _) = (case.parse().unwrap(), bearer());
        let named = id.clone();
        let reading =
            move |rx: &mut Look<'_>| desk::shown(rx, &who, &named, |rx, sight| casefile::view(rx, sight, None));
        let view = world.app.read(reading).await.unwrap();
        let version = view.summary.version;
        // The page is made, and is not on record yet, when she says more.
        world.pass(1);
        let more = json!({"statement": "He is at the door."});
        spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
        let who = bearer();
        let recording = move |entry: &mut Entry<'_>| {
            desk::look(entry, &who, &id, |tx, grant| casefile::record(tx, grant, Page::Newest, view))
        };
        let shown = world.app.enter(&Share::of("lead"), recording).await.unwrap();
        // It is shown as what it is, the older version, and what it does not hold is unread.
        assert_eq!((shown.summary.version, shown.additions.unwrap().len()), (version, 0));
        let now = listed().await;
        assert!(now["version"].as_i64().unwrap() > version && now["read_at"].is_null(), "{now}");
        let (page, _) = lead.case(&case).await;
        assert_eq!(page["additions"].as_array().unwrap().len(), 1);
        assert!(!page["read_at"].is_null() && listed().await["read_at"] == page["read_at"], "{page}");
    });
}

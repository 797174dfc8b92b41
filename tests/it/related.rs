//! Cases that may be about the same people.

use recourse::domain::people::staff::Role;
use recourse::domain::triage::Queue;
use serde_json::{Value, json};

use crate::harness::client::{Staff, small};
use crate::harness::on_both;
use crate::indexed::plan;
use crate::turned_away::{listen, statements};
use crate::walls::walled;

/// A report of one account about another, and perhaps a number of the subject.
fn about(reference: &str, reporter: &str, subject: &str, number: Option<&str>) -> Value {
    let mut body = small(reference);
    body["reporter"]["platform_account_ref"] = json!(reporter);
    body["subject"] = json!({"platform_account_ref": subject});
    if let Some(number) = number {
        body["subject"]["identifiers"] = json!([{"type": "phone", "value": number}]);
    }
    body
}

/// What is related with the case of a reference: the ids with the reasons.
async fn related(who: &Staff, case: &str) -> Vec<(String, Vec<String>)> {
    let answer = who.caller.get(&format!("/v1/triage/cases/{case}/related")).await.expect(200).json();
    let one = |row: &Value| {
        let why = row["why"].as_array().unwrap().iter().map(|why| why.as_str().unwrap().to_owned()).collect();
        (row["id"].as_str().unwrap().to_owned(), why)
    };
    answer["data"].as_array().unwrap().iter().map(one).collect()
}

fn entry(id: &str, why: &[&str]) -> (String, Vec<String>) {
    (id.to_owned(), why.iter().map(|why| (*why).to_owned()).collect())
}

#[test]
fn each_role_finds_what_is_theirs_to_find() {
    on_both(|world| async move {
        let (spark, meetly) = (world.platform("spark").await, world.platform("meetly").await);
        let number = Some("+447700912345");
        spark.submit(&about("R-1", "anna", "bert", number)).await;
        world.pass(1);
        spark.submit(&about("R-2", "cleo", "bert", None)).await;
        world.pass(1);
        // The subject reports the reporter; and himself, which mirrors nothing.
        spark.submit(&about("R-3", "bert", "anna", None)).await;
        spark.submit(&about("R-4", "bert", "bert", None)).await;
        world.pass(1);
        meetly.submit(&about("M-1", "dora", "b.b", Some("+44 7700 912345"))).await;
        spark.submit(&about("R-5", "emma", "finn", None)).await;
        let (advocate, lead, safe) = (
            world.staff(Role::Advocate).await,
            world.staff(Role::Lead).await,
            world.staff(Role::SafeguardingLead).await,
        );
        let mut of = Vec::new();
        for reference in ["R-1", "R-2", "R-3", "R-4", "M-1", "R-5"] {
            of.push(lead.case_of(reference).await);
        }
        let [one, two, mirror, himself, there, nobody] = &of[..] else { panic!() };
        let of_subject = [entry(himself, &["same_subject"]), entry(two, &["same_subject"])];
        assert_eq!(related(&advocate, one).await, of_subject);
        let mut with_mirror = vec![entry(mirror, &["mirror"])];
        with_mirror.extend(of_subject);
        let sorted = |mut list: Vec<(String, Vec<String>)>| {
            list.sort();
            list
        };
        assert_eq!(sorted(related(&lead, one).await), sorted(with_mirror.clone()));
        let mut with_others = with_mirror;
        with_others.push(entry(there, &["same_subject", "other_platform"]));
        assert_eq!(sorted(related(&safe, one).await), sorted(with_others));
        assert_eq!(related(&safe, one).await[0].0, *there, "the newest first");
        assert_eq!(related(&safe, nobody).await, Vec::new());
        assert_eq!(related(&lead, there).await, Vec::new());
        // Each look is on record, and no reading of the case.
        let told = lead.caller.get(&format!("/v1/triage/cases/{one}/timeline")).await.expect(200).json();
        let looks = told["data"].as_array().unwrap().iter().filter(|event| event["kind"] == "related_read");
        assert_eq!(looks.count(), 4);
        assert!(!told["data"].as_array().unwrap().iter().any(|event| event["kind"] == "case_read"));
    });
}

#[test]
fn a_trial_is_related_with_no_real_case() {
    on_both(|world| async move {
        use recourse::domain::people::platforms::Scope;
        use recourse::domain::terms::Mode;
        let (spark, trial) =
            (world.platform("spark").await, world.platform_with("spark", Mode::Test, Scope::ALL).await);
        // An account is one of a mode; a number is the same number in both.
        let number = Some("+447700912346");
        spark.submit(&about("R-1", "anna", "bert", number)).await;
        trial.submit(&about("R-2", "cleo", "bert", number)).await;
        let safe = world.staff(Role::SafeguardingLead).await;
        let case = safe.case_of("R-1").await;
        assert_eq!(related(&safe, &case).await, Vec::new());
    });
}

#[test]
fn what_a_person_must_not_know_of_is_not_in_it_and_takes_no_statement() {
    listen();
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&about("R-1", "anna", "bert", None)).await;
        // One behind the wall of the number that `walled` declares, and one in a queue that is not theirs.
        let who = walled(&world, Role::Advocate).await;
        let complaints = world.staff_with(Role::Advocate, vec![Queue::Complaints]).await;
        let safe = world.staff(Role::SafeguardingLead).await;
        let case = safe.case_of("R-1").await;
        who.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(200);
        let look = || async { who.caller.get(&format!("/v1/triage/cases/{case}/related")).await.expect(200) };
        look().await;
        let (without, none) = statements(&world, look()).await;
        let mut walled_off = about("R-2", "cleo", "bert", Some("+447700900123"));
        walled_off["statement"] = json!("He sent me letters.");
        spark.submit(&walled_off).await;
        let mut child = about("R-3", "dora", "bert", None);
        child["reporter"]["age_band"] = json!("under_18");
        spark.submit(&child).await;
        assert_eq!(related(&safe, &case).await.len(), 2);
        let (with, hidden) = statements(&world, look()).await;
        assert_eq!((with, hidden.text), (without, none.text));
        complaints.caller.get(&format!("/v1/triage/cases/{case}/related")).await.expect(404);
        let behind = safe.case_of("R-2").await;
        who.caller.get(&format!("/v1/triage/cases/{behind}/related")).await.expect(404);
    });
}

#[test]
fn many_of_one_subject_are_two_hundred_at_most_and_found_by_index() {
    listen();
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        for n in 0..205 {
            spark.submit(&about(&format!("R-{n}"), &format!("by-{n}"), "bert", None)).await;
        }
        let safe = world.staff(Role::SafeguardingLead).await;
        let case = safe.case_of("R-0").await;
        let (heard, list) = statements(&world, related(&safe, &case)).await;
        assert_eq!(list.len(), 200);
        assert!(heard.len() <= 30, "{heard:#?}");
        if !world.app.db.is_shared() {
            let found = heard.iter().find(|text| text.contains("AS `name`")).expect("the names were looked for");
            let steps = plan(&world, found).await;
            assert!(
                steps.iter().any(|step| step.contains("INDEX blind_indexes_compared (digest=? AND role=?")),
                "{steps:#?}"
            );
            assert!(
                !steps.iter().any(|step| step.starts_with("SCAN cases") || step.starts_with("SCAN name")),
                "{steps:#?}"
            );
        }
    });
}

#[test]
fn a_look_at_what_is_related_is_no_reading() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&about("R-1", "anna", "bert", None)).await;
        let lead = world.staff(Role::Lead).await;
        let case = lead.case_of("R-1").await;
        lead.act(&case, "claim", &json!({})).await.expect(200);
        related(&lead, &case).await;
        let mine = lead.caller.get("/v1/triage/cases?assigned_to=me").await.json();
        assert_eq!(mine["data"][0]["read_at"], Value::Null);
    });
}

#[test]
fn names_are_compared_for_two_years() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&about("R-1", "anna", "bert", None)).await;
        for (days, reference, is_found) in [(729, "R-2", true), (1, "R-3", false)] {
            world.pass(days * 86_400 + 1);
            world.platform("spark").await.submit(&about(reference, reference, "bert", None)).await;
            let who = world.staff(Role::Advocate).await;
            let (case, first) = (who.case_of(reference).await, who.case_of("R-1").await);
            let found = related(&who, &case).await;
            assert_eq!(found.contains(&entry(&first, &["same_subject"])), is_found, "{reference}: {found:?}");
            // Nor from the other side.
            let found = related(&who, &first).await;
            assert_eq!(found.contains(&entry(&case, &["same_subject"])), is_found, "{reference}: {found:?}");
        }
    });
}

#[test]
fn whoever_reports_themselves_mirrors_nobody() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let mut cases = Vec::new();
        // What a witness sends opens a case of its own.
        for (reference, relation) in [("R-1", "self"), ("R-2", "witness")] {
            let mut body = about(reference, "bert", "bert", None);
            body["reporter"]["relation"] = json!(relation);
            spark.submit(&body).await;
            cases.push(lead.case_of(reference).await);
        }
        assert_ne!(cases[0], cases[1]);
        assert_eq!(related(&lead, &cases[0]).await, [entry(&cases[1], &["same_subject"])]);
    });
}

//! What very many reports cost those that come after them: as many of one subject, and a log or a table that is long while the server
//! has not counted its rows yet, which is when it guesses worst.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::jobs;
use serde_json::{Value, json};

use crate::harness::client::{Platform, Staff};
use crate::harness::{World, on_both};
use crate::touched::touched;
use crate::turned_away::{listen, statements};

/// One more than are looked at of those who name somebody.
const MANY: usize = 201;

/// A report of violence by an account, which may be nobody's, about whoever has this number.
fn about(reference: &str, account: Option<&str>, number: &str) -> Value {
    let mut body = json!({
        "platform_report_ref": reference,
        "category": "physical_assault",
        "reporter": {"relation": "self"},
        "subject": {"identifiers": [{"type": "phone", "value": number}]},
        "statement": "He hit me."
    });
    if let Some(account) = account {
        body["reporter"]["platform_account_ref"] = json!(account);
    }
    body
}

async fn submit_all(platform: &Platform, reports: &[Value]) {
    for some in reports.chunks(100) {
        let answer = platform.caller.post("/v1/reports/batch", &json!({"reports": some})).await.expect(207).json();
        assert!(answer["results"].as_array().unwrap().iter().all(|result| result["status"] == json!(201)), "{answer}");
    }
}

async fn is_raised(lead: &Staff, reference: &str) -> bool {
    let case = lead.case_of(reference).await;
    let (case, _) = lead.case(&case).await;
    case["assessment"]["floors"].as_array().unwrap().iter().any(|floor| floor["code"] == json!("O17"))
}

async fn compare(world: &World) {
    jobs::once(&world.app, "compare").await.unwrap();
}

#[test]
fn however_often_trials_name_somebody_two_who_report_him_are_seen() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let lead = world.staff(Role::Lead).await;
        spark.submit(&about("L-1", Some("a1"), "+447700912340")).await;
        world.pass(121);
        let reports: Vec<Value> = (0..MANY).map(|n| about(&format!("T-{n}"), None, "+447700912340")).collect();
        submit_all(&trial, &reports).await;
        compare(&world).await;
        assert!(!is_raised(&lead, "L-1").await);
        spark.submit(&about("L-2", Some("a2"), "+447700912340")).await;
        compare(&world).await;
        assert_eq!(
            (is_raised(&lead, "L-1").await, is_raised(&lead, "L-2").await),
            (true, true),
            "{}",
            world.app.db.kind()
        );
    });
}

#[test]
fn a_damaged_case_of_the_same_subject_hides_no_other() {
    let on_both_databases = "UPDATE cases SET mode = 'maybe', match_at = NULL WHERE id = '{bad}'";
    let on_sqlite = [
        "UPDATE cases SET mode = x'ff', match_at = NULL WHERE id = '{bad}'",
        "UPDATE blind_indexes SET created_at = 'late' WHERE case_id = '{bad}'",
        "UPDATE blind_indexes SET case_id = x'ff' WHERE case_id = '{bad}'",
    ];
    for damage in [on_both_databases].iter().chain(&on_sqlite) {
        on_both(|world| async move {
            if world.app.db.is_shared() && *damage != on_both_databases {
                return;
            }
            let spark = world.platform("spark").await;
            let lead = world.staff(Role::Lead).await;
            for n in 0..3 {
                spark.submit(&about(&format!("S-{n}"), Some(&format!("a{n}")), "+447700912340")).await;
                world.pass(121);
            }
            let bad = lead.case_of("S-1").await;
            world.tamper(&damage.replace("{bad}", &bad));
            compare(&world).await;
            assert!(is_raised(&lead, "S-0").await && is_raised(&lead, "S-2").await, "{damage}");
        });
    }
}

#[test]
fn whoever_was_raised_is_not_written_about_again_for_each_who_comes_after() {
    listen();
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        for n in 0..4 {
            spark.submit(&about(&format!("S-{n}"), Some(&format!("a{n}")), "+447700912340")).await;
            world.pass(121);
        }
        compare(&world).await;
        let spark = world.platform("spark").await;
        spark.submit(&about("S-9", Some("a9"), "+447700912340")).await;
        let (heard, ()) = statements(&world, compare(&world)).await;
        let assessed = |text: &&String| text.starts_with("INSERT") && text.contains("assessments");
        assert_eq!(heard.iter().filter(assessed).count(), 1);
        let opened = |text: &&String| text.starts_with("SELECT") && text.contains("FROM") && text.contains("key_wraps");
        assert!(heard.iter().filter(opened).count() <= 3, "{heard:#?}");
        let lead = world.staff(Role::Lead).await;
        assert!(is_raised(&lead, "S-0").await && is_raised(&lead, "S-9").await);
    });
}

#[test]
fn what_was_out_of_sight_already_is_not_written_again() {
    listen();
    on_both(|world| async move {
        // Nobody has an account, so nobody may work on any of them.
        let spark = world.platform("spark").await;
        for n in 0..3 {
            spark.submit(&about(&format!("S-{n}"), Some(&format!("a{n}")), "+447700912340")).await;
        }
        jobs::once(&world.app, "find_unseen").await.unwrap();
        spark.submit(&about("S-9", Some("a9"), "+447700912341")).await;
        let (heard, done) = statements(&world, jobs::once(&world.app, "find_unseen")).await;
        done.unwrap();
        let of =
            |verb: &str| heard.iter().filter(|text| text.starts_with(verb) && text.contains("unseen_cases")).count();
        assert_eq!((of("INSERT"), of("UPDATE")), (1, 0), "{heard:#?}");
        // A day later all four are told again.
        world.pass(86_401);
        let (heard, done) = statements(&world, jobs::once(&world.app, "find_unseen")).await;
        done.unwrap();
        let of =
            |verb: &str| heard.iter().filter(|text| text.starts_with(verb) && text.contains("unseen_cases")).count();
        assert_eq!((of("INSERT"), of("UPDATE")), (0, 4), "{heard:#?}");
    });
}

/// How many rows of a table were read.
fn read(all: &BTreeMap<String, [i64; 3]>, table: &str) -> i64 {
    all.get(table).map_or(0, |counts| counts[1])
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Whether the server has counted the events.
async fn is_counted(world: &World) -> bool {
    let asked = "SELECT count(*) AS n FROM pg_stats WHERE schemaname = current_schema() AND tablename = 'events'";
    let counted = world.app.read(move |rx| Ok(diesel::sql_query(asked).get_result::<Counted>(rx.conn())?)).await;
    counted.unwrap().n > 0
}

#[test]
fn a_server_that_knows_nothing_of_its_tables_learns_and_looks_at_little() {
    on_both(|world| async move {
        let Some(url) = world.config.database_url.as_ref().map(|url| url.expose().clone()) else { return };
        let spark = world.platform("spark").await;
        let number = |n: usize| format!("+4477009{:05}", 12_000 + n);
        let reports: Vec<Value> =
            (0..300).map(|n| about(&format!("S-{n}"), Some(&format!("a{n}")), &number(n))).collect();
        submit_all(&spark, &reports).await;
        compare(&world).await;
        // Each time some get their places, until all have theirs.
        let events = "/v1/events?limit=1";
        for _ in 0..5 {
            spark.caller.get(events).await.expect(200);
        }
        // Each connection tells some seconds later what it wrote; `touched` has one tell at once.
        while !is_counted(&world).await {
            let (_, ()) = touched(&world, &url, compare(&world)).await;
            jobs::once(&world.app, "learn").await.unwrap();
        }
        let (asked, _) = touched(&world, &url, spark.caller.get(events)).await;
        // A page looks at two thousand entries for those that it shows: here at each of them, once.
        assert!(read(&asked, "events") < 310 && !asked.contains_key("events_in_time"), "{asked:#?}");

        spark.submit(&about("S-300", Some("a300"), &number(0))).await;
        let (compared, ()) = touched(&world, &url, compare(&world)).await;
        assert!(compared.contains_key("blind_indexes_compared"), "{compared:#?}");
        assert!(read(&compared, "cases") < 50 && read(&compared, "blind_indexes") < 50, "{compared:#?}");
    });
}

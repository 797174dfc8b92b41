//! What `recourse check` finds, and what it does not say.

use std::collections::BTreeSet;
use std::time::Duration;

use recourse::base::time::Clock;
use recourse::domain::paging::rota;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::{self, Role};
use recourse::domain::terms::Mode;
use recourse::jobs;
use serde_json::{Value, json};

use crate::harness::client::small;
use crate::harness::{TEST, World, on_both};
use crate::operators::{codes, urgent};

/// What `recourse check --json` says of the world's database, run on its own, and its exit code.
pub(crate) fn check(world: &World, settings: &[(&str, &str)]) -> (Option<i32>, Value) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_recourse"));
    command.args(["check", "--json", "--data"]).arg(world.dir()).current_dir(world.dir());
    command.envs(settings.iter().copied());
    if let Some(url) = &world.config.database_url {
        command.env("RECOURSE_DATABASE_URL", url.expose());
    }
    let output = command.output().unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

/// What is wrong, each as `table code`.
pub(crate) fn wrong(said: &Value, list: &str) -> BTreeSet<String> {
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let all = said[list].as_array().unwrap();
    assert!(all.iter().all(|finding| !text(finding, "detail").is_empty() && !text(finding, "id").is_empty()), "{said}");
    all.iter().map(|finding| format!("{} {}", text(finding, "table"), text(finding, "code"))).collect()
}

/// A database on which people have worked. Its cases.
pub(crate) async fn busy(world: &World) -> Vec<String> {
    let spark = world.platform("spark").await;
    let lead = world.staff(Role::SafeguardingLead).await;
    let mut cases = Vec::new();
    for n in 0..6 {
        let mut body = urgent(&format!("B-{n}"));
        body["reporter"]["platform_account_ref"] = json!(format!("reporter-{n}"));
        body["desired_outcome"] = json!("platform_action");
        let report = spark.submit(&body).await;
        let more = json!({"statement": "And then it went on."});
        spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
        let case = lead.case_of(&format!("B-{n}")).await;
        lead.take(&case).await;
        lead.act(&case, "notes", &json!({"text": "read in full"})).await.expect(201);
        cases.push(case);
    }
    lead.act_seen(&cases[0], "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
    let hold = json!({"action": "hold", "reason": "later", "until": "2026-11-22T12:00:00Z"});
    lead.act_seen(&cases[1], "transitions", &hold).await.expect(200);
    lead.act_seen(&cases[2], "release", &json!({})).await;
    let end = json!({"outcome": "supported_elsewhere", "reason": "with her service"});
    world.read_by_another(&cases[3]).await;
    lead.confirm_support(&cases[3]).await;
    lead.act_seen(&cases[3], "decision", &end).await.expect(200);
    world.platform_with("spark", Mode::Test, Scope::ALL).await.submit(&small("TRIAL")).await;
    world.pass(3_600);
    world.run_jobs().await;
    jobs::once(&world.app, "sign").await.unwrap();
    cases
}

#[test]
fn check_finds_nothing_on_a_busy_database_that_is_whole() {
    on_both(|world| async move {
        busy(&world).await;
        let (code, said) = check(&world, &[]);
        assert_eq!((code, wrong(&said, "problems")), (Some(0), codes([])), "{said}");
        assert_eq!(said["sound"], true);
        for scope in ["identity", "contact", "statement", "answers", "subject", "messages", "notes", "secret"] {
            let seals = &said["sealed"][scope];
            assert!(seals["opens"].as_i64() > Some(0), "{scope}: {said}");
            assert_eq!((&seals["erased"], &seals["wrong"]), (&json!(0), &json!(0)), "{scope}: {said}");
        }
    });
}

/// What somebody breaks, one after the other, and what is then found.
fn broken(cases: &[String]) -> [(String, &'static [&'static str]); 14] {
    let [first, second, third, fourth, fifth, sixth] = cases else { panic!("{cases:?}") };
    [
        (format!("UPDATE reports SET subject = identity WHERE case_id = '{first}'"), &["reports does_not_open"]),
        (
            format!(
                "UPDATE key_wraps SET wrapped = (SELECT identity FROM reports LIMIT 1) WHERE owner = '{second}' AND \
                     scope = 'contact'"
            ),
            &["key_wraps key_does_not_open"],
        ),
        (
            format!("UPDATE notes SET case_id = 'case_gone' WHERE case_id = '{second}'"),
            &["notes orphan", "notes row_gone"],
        ),
        (
            format!("UPDATE blind_indexes SET case_id = 'case_gone' WHERE case_id = '{second}'"),
            &["blind_indexes orphan", "cases names_changed"],
        ),
        (
            format!("UPDATE key_wraps SET owner = 'case_gone' WHERE owner = '{sixth}' AND scope = 'subject'"),
            &["key_wraps orphan"],
        ),
        ("UPDATE events SET report_id = 'rep_gone' WHERE report_id IS NOT NULL".to_owned(), &["events orphan"]),
        ("UPDATE requests SET report_id = 'rep_gone'".to_owned(), &["requests orphan"]),
        (
            format!("UPDATE assessments SET case_id = 'case_gone' WHERE case_id = '{second}'"),
            &["assessments orphan", "cases assessment_missing"],
        ),
        (format!("UPDATE cases SET sort_rank = sort_rank + 1 WHERE id = '{third}'"), &["cases out_of_place"]),
        (
            format!("UPDATE clocks SET stopped_at = 1 WHERE case_id = '{fifth}'"),
            &["cases no_clock", "clocks clock_contradicts"],
        ),
        (
            format!("UPDATE cases SET claimed_until = 99999999999999999, assigned_to = NULL WHERE id = '{sixth}'"),
            &["cases claim_without_holder", "cases claim_without_end"],
        ),
        (
            format!("UPDATE cases SET closed_at = 5, held_until = 5 WHERE id = '{sixth}'"),
            &["cases state_contradicts", "cases hold_contradicts"],
        ),
        (
            format!("DELETE FROM audit_events WHERE chain = '{fourth}'"),
            &[
                "additions row_not_recorded",
                "audit_events chain_broken",
                "cases outcome_not_recorded",
                "cases priority_not_recorded",
                "cases state_not_recorded",
                "notes row_not_recorded",
                "readings row_not_recorded",
                "reports report_not_recorded",
            ],
        ),
        ("UPDATE outbox SET dead_at = run_at".to_owned(), &["outbox dead_jobs", "outbox state_contradicts"]),
    ]
}

#[test]
fn check_finds_each_thing_that_is_broken_and_names_its_row() {
    on_both(|world| async move {
        let cases = busy(&world).await;
        let [first, _, third, fourth, fifth, sixth] = &cases[..] else { panic!("{cases:?}") };
        let (code, said) = check(&world, &[]);
        assert_eq!(code, Some(0), "{said}");
        world.tamper(&format!("DELETE FROM key_wraps WHERE owner = '{first}' AND scope = 'statement'"));
        let (code, said) = check(&world, &[]);
        let seals = &said["sealed"]["statement"];
        assert_eq!((code, &seals["wrong"], &seals["erased"]), (Some(1), &json!(0), &json!(2)), "not on record: {said}");
        let broken = broken(&cases);
        let mut expected = codes(["key_wraps key_gone"]);
        for (statement, found) in broken {
            world.tamper(&statement);
            expected.extend(found.iter().map(|finding| (*finding).to_owned()));
            let (code, said) = check(&world, &[]);
            let seen = wrong(&said, "problems");
            assert_eq!((code, said["sound"].as_bool()), (Some(1), Some(false)), "{statement}");
            assert!(found.iter().all(|finding| seen.contains(*finding)), "{statement}: {seen:?}");
        }
        let (_, said) = check(&world, &[]);
        assert_eq!(wrong(&said, "problems"), expected);
        for case in [third, fourth, fifth, sixth] {
            assert!(said.to_string().contains(case.as_str()), "{case}");
        }
        for hidden in ["And then it went on", "read in full", "reporter-1", "B-1"] {
            assert!(!said.to_string().contains(hidden), "{hidden}");
        }
    });
}

#[test]
fn check_says_who_cannot_be_paged() {
    on_both(|world| async move {
        let advocate = world.staff(Role::Advocate).await;
        let name = advocate.username.clone();
        let shift = world.app.write(TEST, move |tx| {
            let now = Clock::machine().now();
            rota::add(tx, &name, now, now.plus(Duration::from_hours(12)))
        });
        shift.await.unwrap();
        let (code, said) = check(&world, &[]);
        let gaps = codes(["staff no_address", "queue nobody_to_page"]);
        assert_eq!((code, wrong(&said, "notes")), (Some(0), gaps.clone()), "without a mail server it is a choice");
        let server = [("RECOURSE_MAIL__URL", "smtp://127.0.0.1:1")];
        let (code, said) = check(&world, &server);
        assert_eq!((code, wrong(&said, "problems")), (Some(1), gaps), "{said}");
        let name = advocate.username.clone();
        let set = move |tx: &mut recourse::domain::unit::Unit<'_>| staff::set_mail(tx, &name, Some("a@staff.example"));
        world.app.write(TEST, set).await.unwrap();
        let (code, said) = check(&world, &server);
        let left: Vec<&str> = said["problems"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap()).collect();
        assert_eq!((code, left), (Some(1), vec!["children"]), "an advocate does not see the children's queue");
    });
}

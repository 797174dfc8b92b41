//! `recourse check` finds whatever somebody with a hand in the database, a lost row or a half-restored backup leaves behind,
//! and names the row: each thing is broken by itself, found, and put back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use recourse::domain::casework::colleagues;
use recourse::domain::ledger::audit;
use recourse::domain::paging::owed::{self, Job};
use recourse::domain::paging::rota;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::watch::soundness::{self, Finding};
use recourse::statistics::sound;
use serde_json::json;

use crate::checking::{busy, check, wrong};
use crate::harness::TEST;
use crate::harness::client::full;
use crate::harness::{Database, World, databases, on_both, on_both_with};
use crate::webhooks::over_loopback;

/// What is wrong by now, in the world's own time.
pub(crate) async fn findings(world: &World) -> Vec<Finding> {
    let store = world.app.editions().clone();
    let look = world.app.read(move |rx| {
        let tables = sound::tables();
        let mut found = soundness::shape(rx)?;
        found.extend(soundness::orphans(rx, &tables)?);
        found.extend(soundness::unknown_codes(rx, &tables)?);
        found.extend(soundness::pairs(rx)?);
        let mut after = Some(String::new());
        while let Some(from) = after {
            let (some, last) = soundness::contradictions(rx, &from, 3)?;
            found.extend(some);
            after = last;
        }
        found.extend(soundness::unreadable(rx, &tables)?);
        let owners: Vec<String> = audit::heads(rx, "", 1_000)?.into_iter().map(|(id, _)| id).collect();
        found.extend(soundness::seals(rx, &tables, &owners, &mut BTreeMap::new())?);
        found.extend(sound::seals(rx, &store, &mut BTreeMap::new())?);
        found.extend(soundness::names(rx, &owners)?);
        Ok(found)
    });
    look.await.unwrap()
}

pub(crate) fn words(found: &[Finding]) -> BTreeSet<String> {
    found.iter().map(|finding| format!("{} {}", finding.table, finding.code)).collect()
}

/// Breaks rows of a table, looks, and puts them back as they were.
pub(crate) async fn broken(world: &World, table: &str, statement: &str) -> Vec<Finding> {
    world.tamper(&format!("CREATE TABLE kept AS SELECT * FROM {table}"));
    world.tamper(statement);
    let found = findings(world).await;
    world.tamper(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept"));
    found
}

/// A busy database, with something of everything. Its cases: the first with requests, one of them answered, the second on
/// hold, the third nobody's, the fourth closed, the fifth held, the sixth with an act that waits.
pub(crate) async fn full_of_life(world: &World) -> Vec<String> {
    let cases = busy(world).await;
    let spark = world.platform("spark").await;
    let lead = world.staff(Role::SafeguardingLead).await;
    // A case that a report of another group joined: it stands in two queues.
    for (reference, category) in [("Q-1", "romance_fraud"), ("Q-2", "sexual_assault")] {
        let mut body = full(reference);
        body["category"] = json!(category);
        body["answers"] = json!({});
        body["reporter"]["platform_account_ref"] = json!("somebody-else");
        spark.submit(&body).await;
    }
    for case in [&cases[0], &cases[4], &cases[5]] {
        lead.take(case).await;
    }
    lead.act_seen(&cases[0], "platform-requests", &json!({"action": "provide_information"})).await.expect(200);
    let asked = spark.caller.get("/v1/requests?limit=1").await.expect(200).json();
    let path = format!("/v1/requests/{}/response", asked["data"][0]["id"].as_str().unwrap());
    spark.caller.post(&path, &json!({"state": "done", "subject_notified": false, "note": "kept"})).await.expect(200);
    let lower = json!({"priority": "p3", "reason_code": "safety_confirmed", "text": "She is with family."});
    lead.act_seen(&cases[5], "priority", &lower).await.expect(202);
    // Nobody listens there, so what is sent waits for its next attempt.
    let hook = json!({"url": "http://127.0.0.1:9/hook", "types": ["report.received"]});
    spark.caller.post("/v1/webhook-endpoints", &hook).await.expect(201);
    world.take_for_proved();
    world.deliver().await;
    let (name, case) = (lead.username.clone(), cases[0].parse().unwrap());
    let number = Identifier::new(IdentifierKind::Phone, "+447700900555");
    let owed = world.app.write(TEST, move |tx| {
        let now = tx.now();
        rota::add(tx, &name, now, now.plus(Duration::from_hours(8)))?;
        colleagues::declare(tx, &name, &number)?;
        owed::owe(tx, &Job::TellOfWall { case }, now.plus(Duration::from_hours(8)), None)
    });
    owed.await.unwrap();
    lead.caller.get(&format!("/v1/triage/cases/case_{}", "0".repeat(26))).await.expect(404);
    cases
}

/// Table, what breaks it, the finding as `table code`, and what its id holds.
type Broken<'a> = (&'static str, String, &'static str, &'a str);

/// A time that never comes.
const FAR: i64 = 99_999_999_999_999_999;

/// Sets columns of a case.
fn of(set: &str, id: &str) -> String {
    format!("UPDATE cases SET {set} WHERE id = '{id}'")
}

/// What can be wrong with a case and what rings for it.
fn of_cases(cases: &[String]) -> Vec<Broken<'_>> {
    let [_, second, third, fourth, fifth, _] = cases else { panic!("{cases:?}") };
    vec![
        ("cases", of(&format!("claimed_until = {FAR}"), fifth), "cases claim_without_end", fifth),
        ("cases", of(&format!("reserved_until = {FAR}"), fifth), "cases reserved_without_end", fifth),
        ("cases", of(&format!("held_until = {FAR}"), second), "cases hold_without_end", second),
        ("cases", of("held_until = NULL", second), "cases hold_contradicts", second),
        ("cases", of("claimed_until = received_at + 4200000000", second), "cases claim_contradicts", second),
        ("cases", of("queue = 'complaints'", fifth), "cases wrong_queue", fifth),
        ("cases", of("queue = 'fraud'", third), "cases wrong_queue", third),
        ("case_queues", "DELETE FROM case_queues".to_owned(), "cases wrong_queue", ""),
        ("case_queues", "UPDATE case_queues SET sort_rank = sort_rank + 1".to_owned(), "cases out_of_place", ""),
        ("case_queues", "UPDATE case_queues SET queue = 'lost'".to_owned(), "case_queues unknown_code", ""),
        ("cases", of("priority = 'p4'", fifth), "cases priority_contradicts", fifth),
        ("cases", of("priority_source = 'raised'", fifth), "cases priority_contradicts", fifth),
        ("cases", of("outcome = NULL", fourth), "cases state_contradicts", fourth),
        ("cases", of("outcome = 'withdrawn'", fifth), "cases state_contradicts", fifth),
        ("cases", of("lowering_act = 'act_gone'", fifth), "cases orphan", fifth),
        ("alarms", format!("DELETE FROM alarms WHERE case_id = '{third}'"), "cases alarm_missing", third),
        ("alarms", "UPDATE alarms SET closed_at = opened_at".to_owned(), "cases alarm_missing", third),
        ("alarms", format!("UPDATE alarms SET next_at = {FAR}"), "cases alarm_asleep", third),
        (
            "clocks",
            format!("UPDATE clocks SET alarm_at = NULL WHERE case_id = '{fifth}'"),
            "cases clock_without_alarm",
            fifth,
        ),
        (
            "clocks",
            format!("UPDATE clocks SET alarm_at = {FAR} WHERE case_id = '{fifth}'"),
            "cases clock_without_alarm",
            fifth,
        ),
        ("clocks", "UPDATE clocks SET met_at = 5, stopped_at = 5".to_owned(), "clocks clock_contradicts", ""),
        ("clocks", "UPDATE clocks SET request_id = NULL".to_owned(), "clocks clock_contradicts", ""),
        (
            "assessments",
            format!("DELETE FROM assessments WHERE case_id = '{third}'"),
            "cases assessment_missing",
            third,
        ),
        ("blind_indexes", format!("DELETE FROM blind_indexes WHERE case_id = '{third}'"), "cases names_missing", third),
        ("blind_indexes", "DELETE FROM blind_indexes WHERE kind = 'account'".to_owned(), "cases names_missing", fourth),
        ("blind_indexes", "UPDATE blind_indexes SET used = 'match'".to_owned(), "cases names_missing", second),
        ("staff", "UPDATE staff SET active = FALSE".to_owned(), "cases holder_without_right", fifth),
        ("staff", "UPDATE staff SET role = 'auditor'".to_owned(), "cases holder_without_right", fifth),
        ("staff", "UPDATE staff SET queues = 'complaints'".to_owned(), "cases holder_without_right", fifth),
        (
            "staff_identifiers",
            format!(
                "UPDATE staff_identifiers SET digest = (SELECT digest FROM blind_indexes WHERE case_id = '{fifth}' AND used \
                 <> 'match' ORDER BY digest LIMIT 1) WHERE digest = (SELECT digest FROM staff_identifiers ORDER BY digest \
                 LIMIT 1)"
            ),
            "cases holder_without_right",
            fifth,
        ),
        (
            "clocks",
            format!("UPDATE clocks SET stopped_at = NULL, met_at = NULL WHERE case_id = '{fourth}'"),
            "clocks clock_outlives",
            "",
        ),
        (
            "alarms",
            format!("UPDATE alarms SET case_id = '{fourth}' WHERE case_id = '{third}' AND closed_at IS NULL"),
            "alarms alarm_outlives",
            "",
        ),
    ]
}

/// What can be wrong with the rows that hang on cases, platforms and colleagues.
fn of_what_hangs_on_them(cases: &[String]) -> Vec<Broken<'_>> {
    let [first, _, _, _, fifth, sixth] = cases else { panic!("{cases:?}") };
    vec![
        ("requests", "UPDATE requests SET answer = NULL".to_owned(), "requests answer_missing", ""),
        ("requests", "UPDATE requests SET answered_at = NULL".to_owned(), "requests answer_missing", ""),
        ("requests", "UPDATE requests SET state = 'done'".to_owned(), "requests answer_missing", ""),
        ("requests", "UPDATE requests SET state = 'declined'".to_owned(), "requests reason_missing", ""),
        ("requests", "UPDATE requests SET state = 'open'".to_owned(), "requests answer_contradicts", ""),
        ("acts", "UPDATE acts SET state = 'approved'".to_owned(), "acts act_contradicts", ""),
        ("acts", "UPDATE acts SET decided_at = 5".to_owned(), "acts act_contradicts", ""),
        ("acts", "UPDATE acts SET void_cause = 'wall'".to_owned(), "acts act_contradicts", ""),
        ("cases", of("state = 'closed', closed_at = 9999999999999999", sixth), "acts act_outlives", ""),
        (
            "reports",
            format!("UPDATE reports SET status = 'closed' WHERE case_id = '{fifth}'"),
            "reports status_contradicts",
            "",
        ),
        ("webhook_secrets", "DELETE FROM webhook_secrets".to_owned(), "webhook_endpoints no_secret", ""),
        ("webhook_secrets", "UPDATE webhook_secrets SET expires_at = 5".to_owned(), "webhook_endpoints no_secret", ""),
        (
            "webhook_endpoints",
            "UPDATE webhook_endpoints SET state = 'disabled'".to_owned(),
            "webhook_endpoints state_contradicts",
            "",
        ),
        (
            "webhook_endpoints",
            "UPDATE webhook_endpoints SET verified_at = NULL".to_owned(),
            "webhook_endpoints proof_contradicts",
            "",
        ),
        ("deliveries", "UPDATE deliveries SET next_at = NULL".to_owned(), "deliveries state_contradicts", ""),
        ("deliveries", "UPDATE deliveries SET event_id = 'evt_gone'".to_owned(), "deliveries orphan", ""),
        ("staff_identifiers", "DELETE FROM staff_identifiers".to_owned(), "declarations wall_missing", "stf_"),
        ("outbox", "UPDATE outbox SET payload = '{}'".to_owned(), "outbox unknown_code", ""),
        ("outbox", "UPDATE outbox SET done_at = 5, dead_at = 5".to_owned(), "outbox state_contradicts", ""),
        ("shifts", "UPDATE shifts SET ends_at = starts_at".to_owned(), "shifts shift_backwards", ""),
        ("notes", "UPDATE notes SET author = 'stf_gone'".to_owned(), "notes orphan", ""),
        ("acts", "UPDATE acts SET proposed_by = 'stf_gone'".to_owned(), "acts orphan", ""),
        (
            "key_wraps",
            format!("DELETE FROM key_wraps WHERE owner = '{sixth}' AND scope = 'statement'"),
            "key_wraps key_gone",
            sixth,
        ),
        ("key_wraps", format!("DELETE FROM key_wraps WHERE owner = '{sixth}'"), "key_wraps key_gone", sixth),
        (
            "requests",
            format!("UPDATE requests SET case_id = 'case_gone' WHERE case_id = '{first}'"),
            "requests orphan",
            "",
        ),
    ]
}

#[test]
fn each_contradiction_is_found_by_itself() {
    on_both_with(over_loopback, |world| async move {
        let cases = full_of_life(&world).await;
        assert_eq!(words(&findings(&world).await), BTreeSet::new());
        for (table, statement, wanted, row) in of_cases(&cases).into_iter().chain(of_what_hangs_on_them(&cases)) {
            let found = broken(&world, table, &statement).await;
            let named = found.iter().any(|one| format!("{} {}", one.table, one.code) == wanted && one.id.contains(row));
            assert!(named, "{statement}: {wanted} is not among {:?}", words(&found));
            assert!(found.iter().all(|one| !one.id.is_empty() && !one.detail.is_empty()));
        }
        assert_eq!(words(&findings(&world).await), BTreeSet::new(), "everything was put back");
    });
}

/// Every column of one closed list, as the tables have them.
const CODED: [(&str, &str, &str); 39] = [
    ("cases", "id", "mode"),
    ("cases", "id", "category"),
    ("cases", "id", "state"),
    ("cases", "id", "outcome"),
    ("cases", "id", "queue"),
    ("cases", "id", "priority"),
    ("cases", "id", "priority_source"),
    ("cases", "id", "computed_priority"),
    ("cases", "id", "raised_priority"),
    ("cases", "id", "region"),
    ("cases", "id", "also"),
    ("reports", "id", "mode"),
    ("reports", "id", "category"),
    ("reports", "id", "relation"),
    ("reports", "id", "desired_outcome"),
    ("reports", "id", "status"),
    ("reports", "id", "outcome"),
    ("requests", "id", "mode"),
    ("requests", "id", "action"),
    ("requests", "id", "state"),
    ("requests", "id", "agreement"),
    ("requests", "id", "reason_code"),
    ("acts", "id", "kind"),
    ("acts", "id", "state"),
    ("assessments", "id", "priority"),
    ("clocks", "id", "kind"),
    ("notes", "id", "records"),
    ("case_queues", "case_id", "state"),
    ("blind_indexes", "case_id", "used"),
    ("flows", "case_id", "flow"),
    ("flows", "case_id", "region"),
    ("staff", "id", "role"),
    ("staff", "id", "queues"),
    ("platform_clients", "id", "mode"),
    ("platform_clients", "id", "scopes"),
    ("events", "id", "type"),
    ("webhook_endpoints", "id", "state"),
    ("webhook_endpoints", "id", "types"),
    ("deliveries", "id", "state"),
];

#[test]
fn an_unknown_code_names_its_row_and_hides_nothing_else() {
    on_both_with(over_loopback, |world| async move {
        let cases = full_of_life(&world).await;
        for (table, id, column) in CODED {
            let statement =
                format!("UPDATE {table} SET {column} = 'nobody_knows' WHERE {id} = (SELECT min({id}) FROM {table})");
            let found = broken(&world, table, &statement).await;
            let named = found.iter().find(|one| one.table == table && one.code == "unknown_code");
            let named = named.unwrap_or_else(|| panic!("{statement}: not among {:?}", words(&found)));
            assert!(named.id.ends_with(&format!(" {column}")), "{}", named.id);
            assert!(!named.detail.contains("nobody_knows") && !named.id.contains("nobody_knows"));
        }
        // The command says it with the row, and goes on to the others: neither a case nor an account hides them.
        let (first, last) = (cases.iter().min().unwrap(), cases.iter().max().unwrap());
        world.tamper(&format!("UPDATE cases SET state = 'nobody_knows' WHERE id = '{first}'"));
        world.tamper(&format!("UPDATE cases SET sort_rank = sort_rank + 1 WHERE id = '{last}'"));
        world.tamper("UPDATE staff SET role = 'nobody_knows'");
        world.tamper("UPDATE notes SET case_id = 'case_gone'");
        let (code, said) = check(&world, &[]);
        let problems = wrong(&said, "problems");
        assert_eq!(code, Some(1), "{said}");
        for wanted in ["cases unknown_code", "cases out_of_place", "staff unknown_code", "notes orphan"] {
            assert!(problems.contains(wanted), "{wanted}: {problems:?}");
        }
        assert!(said.to_string().contains(&format!("{first} state")) && !said.to_string().contains("nobody_knows"));
    });
}

#[test]
fn what_the_migrations_made_is_missed_when_it_is_gone() {
    on_both(|world| async move {
        let lost: [(&str, &str, &str); 5] = [
            (
                "DROP INDEX reports_of_case",
                "CREATE INDEX reports_of_case ON reports (case_id)",
                "index reports_of_case of reports",
            ),
            (
                "DROP INDEX alarms_open",
                "CREATE UNIQUE INDEX alarms_open ON alarms (case_id) WHERE closed_at IS NULL",
                "unique index alarms_open of alarms",
            ),
            (
                "DROP INDEX alarms_open; CREATE INDEX alarms_open ON alarms (case_id) WHERE closed_at IS NULL",
                "DROP INDEX alarms_open; CREATE UNIQUE INDEX alarms_open ON alarms (case_id) WHERE closed_at IS NULL",
                "unique index alarms_open of alarms",
            ),
            (
                "DROP INDEX notes_of_case; CREATE INDEX notes_of_case ON notes (case_id)",
                "DROP INDEX notes_of_case; CREATE INDEX notes_of_case ON notes (case_id, at)",
                "index notes_of_case of notes (case_id,at)",
            ),
            ("ALTER TABLE shifts RENAME TO gone", "ALTER TABLE gone RENAME TO shifts", "shifts.starts_at"),
        ];
        assert_eq!(words(&shape(&world).await), BTreeSet::new());
        for (statement, back, wanted) in lost {
            world.tamper(statement);
            let found = shape(&world).await;
            assert!(found.iter().any(|one| one.id.contains(wanted)), "{statement}: {found:?}");
            world.tamper(back);
            assert_eq!(words(&shape(&world).await), BTreeSet::new(), "{back}");
        }
        world.tamper("DROP INDEX clocks_due");
        let (code, said) = check(&world, &[]);
        assert_eq!((code, wrong(&said, "problems")), (Some(1), ["schema index_missing".to_owned()].into()), "{said}");
    });
}

async fn shape(world: &World) -> Vec<Finding> {
    world.app.read(soundness::shape).await.unwrap()
}

#[test]
fn keys_and_references_of_the_server_are_missed_too() {
    if !databases().contains(&Database::Postgres) {
        return;
    }
    actix_web::rt::System::new().block_on(async {
        let world = World::begin(Database::Postgres, &|_| {}).await;
        world.tamper(
            "ALTER TABLE notes DROP CONSTRAINT notes_case_id_fkey; ALTER TABLE flows DROP CONSTRAINT flows_pkey",
        );
        world.tamper("ALTER TABLE cases ALTER COLUMN region TYPE text, ALTER COLUMN queue DROP NOT NULL");
        let found: Vec<String> =
            shape(&world).await.into_iter().map(|one| format!("{} {}", one.code, one.id)).collect();
        let wanted = [
            "column_missing cases.queue",
            "index_missing unique key of flows (case_id,flow)",
            "reference_missing notes.case_id to cases",
        ];
        assert_eq!(found, wanted);
    });
}

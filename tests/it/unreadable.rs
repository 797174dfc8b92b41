//! Rows that nothing can read: an id that is no text, a text where a number stands, nothing where something must. Each is
//! named, and hides no other; nobody's emergency waits for it.

use std::sync::Arc;

use recourse::domain::ledger::outbox;
use recourse::domain::people::staff::Role;
use recourse::jobs;
use serde_json::{Value, json};

use crate::checking::{check, wrong};
use crate::damage::{paged, urgent};
use crate::harness::client::small;
use crate::harness::{Database, World, databases};
use crate::unsound::{broken, full_of_life};
use crate::webhooks::over_loopback;

/// A world on `SQLite`, which keeps any bytes in any column.
fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(World) -> F) {
    actix_web::rt::System::new().block_on(async {
        test(World::begin(Database::Sqlite, &over_loopback).await).await;
    });
}

/// Tables with rows on a busy database, and one of their columns that name a row.
const TABLES: [(&str, &str); 24] = [
    ("acts", "id"),
    ("alarms", "id"),
    ("assessments", "id"),
    ("audit_events", "details"),
    ("blind_indexes", "case_id"),
    ("case_queues", "case_id"),
    ("cases", "id"),
    ("clocks", "id"),
    ("declarations", "id"),
    ("deliveries", "id"),
    ("events", "id"),
    ("idempotency", "scope"),
    ("key_wraps", "owner"),
    ("notes", "id"),
    ("outbox", "id"),
    ("platform_clients", "id"),
    ("platforms", "id"),
    ("reports", "id"),
    ("requests", "id"),
    ("shifts", "id"),
    ("staff", "id"),
    ("staff_identifiers", "staff_id"),
    ("webhook_endpoints", "id"),
    ("webhook_secrets", "id"),
];

/// What breaks one row of a table.
fn breaks(table: &str, column: &str, value: &str) -> String {
    format!("UPDATE {table} SET {column} = {value} WHERE ({column}) = (SELECT min({column}) FROM {table})")
}

#[test]
fn a_row_that_is_no_text_is_named_in_each_table_and_the_look_goes_on() {
    on_sqlite(|world| async move {
        full_of_life(&world).await;
        // Bytes, and a text of bytes that are none.
        for (value, tables) in [("x'ff'", &TABLES[..]), ("CAST(x'c328' AS TEXT)", &TABLES[..8]), ("NULL", &[])] {
            for (table, column) in tables {
                let found = broken(&world, table, &breaks(table, column, value)).await;
                let named = found.iter().find(|one| one.code == "unreadable_row" && one.table == *table);
                let named = named.unwrap_or_else(|| panic!("{table} {value}: {found:?}"));
                assert!(named.id.ends_with(&format!(" {column}")), "{}", named.id);
                assert!(
                    named.id.starts_with("rowid ") || named.id.starts_with("hex ") || *table == "audit_events",
                    "{}",
                    named.id
                );
            }
        }
        // Every other kind of column, and an id that is none of ours.
        for (table, set, column) in [
            ("cases", "received_at = 'yesterday'", "received_at"),
            ("cases", "child = 'no'", "child"),
            ("cases", "claimed_until = 'soon'", "claimed_until"),
            ("cases", "audit_head = 'head'", "audit_head"),
            ("cases", "id = 'case_short'", "id"),
            ("cases", "id = upper(id)", "id"),
            ("reports", "statement = 'plain words'", "statement"),
            ("platforms", "name = x'00ff'", "name"),
            ("clocks", "due_at = 1.5", "due_at"),
            ("staff", "username = x'ff'", "username"),
        ] {
            let id = format!("(SELECT min(id) FROM {table})");
            let found = broken(&world, table, &format!("UPDATE {table} SET {set} WHERE id = {id}")).await;
            let named = found.iter().any(|one| {
                one.code == "unreadable_row" && one.table == table && one.id.ends_with(&format!(" {column}"))
            });
            assert!(named, "{table} {set}: {found:?}");
        }
        // Letters of other scripts are text.
        let found = broken(&world, "platforms", "UPDATE platforms SET name = 'Zoë & 爱'").await;
        assert_eq!(found, [], "a name in any script");
    });
}

#[test]
fn check_goes_on_behind_many_such_rows_in_our_own_words() {
    on_sqlite(|world| async move {
        full_of_life(&world).await;
        for (table, column) in TABLES {
            world.tamper(&breaks(table, column, "x'ff'"));
        }
        // Something else, of each part of the look.
        world.tamper("UPDATE shifts SET ends_at = starts_at");
        world.tamper("UPDATE cases SET sort_rank = sort_rank + 1");
        world.tamper("UPDATE notes SET author = 'stf_gone'");
        world.tamper("UPDATE requests SET state = 'nobody_knows' WHERE id = (SELECT max(id) FROM requests WHERE typeof(id) = 'text')");
        // Of a case that can be read, and that has a key for it: otherwise it is the key that is missed.
        world.tamper(
            "UPDATE reports SET subject = identity WHERE id = (SELECT max(id) FROM reports WHERE typeof(id) = 'text' \
             AND subject IS NOT NULL AND case_id IN (SELECT id FROM cases WHERE typeof(id) = 'text'))",
        );
        let (code, report) = check(&world, &[]);
        let problems = wrong(&report, "problems");
        assert_eq!(code, Some(1), "{report}");
        for (table, _) in TABLES {
            assert!(problems.contains(&format!("{table} unreadable_row")), "{table}: {problems:?}");
        }
        for wanted in ["cases out_of_place", "notes orphan", "requests unknown_code", "reports does_not_open"] {
            assert!(problems.contains(wanted), "{wanted}: {problems:?}");
        }
        assert!(!problems.iter().any(|one| one.ends_with("cannot_be_read")), "{problems:?}");
        assert!(!report.to_string().to_lowercase().contains("utf-8"), "{report}");
    });
}

#[test]
fn no_row_that_cannot_be_read_keeps_an_emergency_from_ringing() {
    on_sqlite(|world| async move {
        full_of_life(&world).await;
        world.run_jobs().await;
        world.pass(3_600);
        world.platform("ember").await.submit(&urgent("GOOD")).await;
        let lead = world.staff(Role::Lead).await;
        let good = lead.case_of("GOOD").await;
        // The good one's rows are whole; of all others one in each table is not, and one more is due at once.
        for (table, column) in TABLES {
            let own = match table {
                "cases" => format!("id <> '{good}'"),
                "alarms" | "clocks" | "assessments" | "blind_indexes" | "reports" => format!("case_id <> '{good}'"),
                "staff" => format!("id <> '{}'", lead.id),
                "platforms" => "slug <> 'ember'".to_owned(),
                "platform_clients" => "platform_id <> (SELECT id FROM platforms WHERE slug = 'ember')".to_owned(),
                "key_wraps" | "idempotency" => format!("owner <> '{good}'"),
                _ => "1 = 1".to_owned(),
            };
            world.tamper(&format!(
                "UPDATE {table} SET {column} = x'ff' WHERE {column} = (SELECT min({column}) FROM {table} WHERE {own})"
            ));
        }
        world.tamper("UPDATE outbox SET run_at = 1, done_at = NULL WHERE typeof(id) = 'blob'");
        world.tamper("UPDATE clocks SET alarm_at = 1, met_at = NULL, stopped_at = NULL WHERE typeof(id) = 'blob'");
        world.tamper("UPDATE alarms SET next_at = 1, closed_at = NULL, case_id = x'fe' WHERE typeof(id) = 'blob'");
        world.tamper("UPDATE cases SET held_until = 1, claimed_until = 1, match_at = 1, state = 'on_hold' WHERE typeof(id) = 'blob'");
        world.tamper("UPDATE requests SET due_at = 1, state = 'open' WHERE typeof(id) = 'blob'");
        world.tamper("UPDATE deliveries SET next_at = 1, state = 'pending' WHERE typeof(id) = 'blob'");
        world.pass(121);
        let ticked = jobs::tick(Arc::clone(&world.app)).await;
        assert!(ticked.is_ok(), "{ticked:?}");
        assert_eq!(paged(&world, &good).await, ["p0"]);
        jobs::work_off(&world.app, "test").await.unwrap();
        let (waiting, _) = world.app.read(outbox::depth).await.unwrap();
        assert!(waiting <= 1, "what is owed later, and nothing else");
        world.deliver().await;
        jobs::once(&world.app, "sign").await.unwrap();
        jobs::once(&world.app, "tidy").await.unwrap();
        // They are told of, and colleagues go on.
        let text = world.app.metrics.text(0, &[]);
        let in_the_way = text.lines().filter(|line| line.starts_with("recourse_job_rows_stepped_over{"));
        assert!(in_the_way.clone().any(|line| !line.ends_with(" 0")), "{text}");
        lead.take(&good).await;
        world.platform("ember").await.submit(&small("LATER")).await;
        let list = lead.caller.get("/v1/triage/cases").await.expect(200).json();
        assert!(list["data"].as_array().unwrap().len() > 3, "{list}");
        lead.caller.get("/v1/triage/queues").await.expect(200);
        // Of two that wait the more urgent cannot be read: whoever claims has the other, and finds it in the list.
        world.tamper(&format!("UPDATE cases SET category = 'gone' WHERE id = '{good}'"));
        world.platform("ember").await.submit(&urgent("NEXT")).await;
        let next = lead.case_of("NEXT").await;
        world.tamper(&format!("UPDATE cases SET claimed_until = NULL, sort_rank = 1 WHERE id = '{good}'"));
        world.tamper(&format!("UPDATE cases SET sort_rank = 2 WHERE id = '{next}'"));
        let page = lead.caller.get("/v1/triage/cases?queue=emergency&limit=1").await.expect(200).json();
        assert_eq!((&page["data"][0]["id"], &page["has_more"]), (&json!(next), &json!(true)), "{page}");
        let claimed = lead.caller.post("/v1/triage/queues/emergency/claim", &json!({})).await.expect(200).json();
        assert_eq!(claimed["id"], json!(next), "{claimed}");
    });
}

#[test]
fn what_a_server_lets_in_without_its_constraints_is_named_too() {
    if !databases().contains(&Database::Postgres) {
        return;
    }
    actix_web::rt::System::new().block_on(async {
        let world = World::begin(Database::Postgres, &over_loopback).await;
        let cases = full_of_life(&world).await;
        let (first, last) = (cases.iter().min().unwrap(), cases.iter().max().unwrap());
        world.tamper("ALTER TABLE cases ALTER COLUMN received_at DROP NOT NULL");
        world.tamper(&format!("UPDATE cases SET received_at = NULL WHERE id = '{first}'"));
        // A case beside which a row cannot be read is named by that row alone, so not beside the last one.
        let clock = format!("(SELECT min(id) FROM clocks WHERE case_id = '{first}')");
        world.tamper(&format!("UPDATE clocks SET id = 'clk_' || upper(substr(id, 5)) WHERE id = {clock}"));
        world.tamper("UPDATE staff SET id = '' WHERE id = (SELECT min(id) FROM staff)");
        world.tamper(&format!("UPDATE cases SET sort_rank = sort_rank + 1 WHERE id = '{last}'"));
        let (code, report) = check(&world, &[]);
        assert_eq!(code, Some(1), "{report}");
        let named: Vec<String> = report["problems"].as_array().unwrap().iter().map(name).collect();
        assert!(named.contains(&format!("cases unreadable_row {first} received_at")), "{named:?}");
        assert!(named.contains(&format!("cases out_of_place {last}")), "{named:?}");
        assert!(
            named.iter().any(|one| one.starts_with("clocks unreadable_row clk_") && one.ends_with(" id")),
            "{named:?}"
        );
        assert!(named.iter().any(|one| one.starts_with("staff unreadable_row ctid (")), "{named:?}");
        assert_eq!(json!(false), report["sound"]);
    });
}

fn name(one: &Value) -> String {
    let text = |member: &str| one[member].as_str().unwrap();
    format!("{} {} {}", text("table"), text("code"), text("id"))
}

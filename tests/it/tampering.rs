//! Somebody with a hand in the database: what is sealed does not open elsewhere, what is erased is gone, and a changed
//! record is found.

use crate::harness::TEST;
use crate::harness::client::{full, new_key, small};
use crate::harness::{World, on_both};
use diesel::prelude::*;
use recourse::base::secret::sha256;
use recourse::db::schema::{audit_events, cases};
use recourse::domain::ledger::audit;
use recourse::domain::people::staff::Role;
use recourse::domain::unit::Unit;
use serde_json::{Value, json};
use std::process::Command;

#[test]
fn a_sealed_text_in_another_place_does_not_open() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::SafeguardingLead).await;
        // The first two share a case and its keys, the third has its own.
        for mut body in [full("S-1"), full("S-2"), small("S-3")] {
            body["statement"] = json!("the hidden words");
            spark.submit(&body).await;
        }
        for from in ["S-2", "S-3"] {
            let case = lead.case_of("S-1").await;
            assert!(lead.case(&case).await.0.to_string().contains("the hidden words"));
            let keep = "CREATE TABLE kept AS SELECT statement FROM reports WHERE platform_report_ref = 'S-1'";
            let swap = format!(
                "UPDATE reports SET statement = (SELECT o.statement FROM reports o WHERE o.platform_report_ref = \
                 '{from}') WHERE platform_report_ref = 'S-1'"
            );
            world.tamper(&format!("{keep}; {swap}"));
            let (seen, _) = lead.case(&case).await;
            let report =
                seen["reports"].as_array().unwrap().iter().find(|r| r["platform_report_ref"] == "S-1").unwrap();
            assert_eq!((&seen["damaged"], &report["content"]["statement"]), (&json!(true), &Value::Null), "{seen}");
            assert!(!report["content"]["reporter"].is_null(), "the rest is read: {seen}");
            let back = "UPDATE reports SET statement = (SELECT statement FROM kept) WHERE platform_report_ref = 'S-1'";
            world.tamper(&format!("{back}; DROP TABLE kept"));
        }
    });
}

#[test]
fn a_destroyed_key_erases_its_scope_and_nothing_else() {
    on_both(|world| async move {
        let spark = world.platform("spark").await.caller;
        let lead = world.staff(Role::SafeguardingLead).await;
        let (key, body) = (new_key(), full("E-1"));
        spark.post_with("/v1/reports", &key, None, &body).await.expect(201);
        let case = lead.case_of("E-1").await;
        world.tamper(&format!("DELETE FROM key_wraps WHERE owner = '{case}' AND scope = 'statement'"));
        let (read, _) = lead.case(&case).await;
        let content = &read["reports"][0]["content"];
        assert_eq!((&content["statement"], &content["platform_context"]), (&Value::Null, &Value::Null));
        assert_eq!(content["subject"]["display_name"], "J");
        assert_eq!(content["answers"]["repeated"], "yes");
        spark.post_with("/v1/reports", &key, None, &body).await.expect(201);
        world.tamper(&format!("DELETE FROM key_wraps WHERE owner = '{case}' AND scope = 'identity'"));
        let replay = spark.post_with("/v1/reports", &key, None, &body).await.expect(410);
        assert_eq!(replay.code(), "erased");
        assert_eq!(lead.case(&case).await.0["reports"][0]["content"]["reporter"], Value::Null);
    });
}

#[test]
fn a_report_after_an_erasure_opens_a_case_of_its_own() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::SafeguardingLead).await;
        let (mut case, mut number) = (String::new(), 0);
        for part in ["", " AND scope = 'answers'"] {
            for is_new in [true, false] {
                number += 1;
                let reference = format!("E-{number}");
                spark.submit(&full(&reference)).await;
                let landed = lead.case_of(&reference).await;
                assert_eq!(landed != case, is_new, "{reference}");
                case = landed;
            }
            assert_eq!(lead.case(&case).await.0["reports"].as_array().unwrap().len(), 2);
            world.tamper(&format!("DELETE FROM key_wraps WHERE owner = '{case}'{part}"));
        }
        // What stands on people's lowering cannot be weighed when nobody can read it any more.
        spark.submit(&full("E-5")).await;
        let case = lead.case_of("E-5").await;
        let lower = json!({"priority": "p3", "reason_code": "professional_judgement", "text": "It was long ago."});
        let act = lead.act_seen(&case, "priority", &lower).await.expect(202).json()["pending"]["id"].clone();
        let other = world.staff(Role::SafeguardingLead).await;
        other.approve(&case, act.as_str().unwrap()).await.expect(200);
        world.tamper(&format!("DELETE FROM key_wraps WHERE owner = '{case}' AND scope = 'notes'"));
        spark.submit(&full("E-6")).await;
        assert_ne!(lead.case_of("E-6").await, case);
    });
}

/// What `recourse check` says of the world's database, and its exit code.
fn check(world: &World) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recourse"));
    command.args(["check", "--data"]).arg(world.dir()).current_dir(world.dir());
    if let Some(url) = &world.config.database_url {
        command.env("RECOURSE_DATABASE_URL", url.expose());
    }
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// Rewrites a case's chain as somebody does who has the database and this source, but not the keyring: another actor
/// in every event, every link made anew by hashing alone, and the last one put on the case.
fn rewrite(tx: &mut Unit<'_>, case: &str) -> recourse::error::Result<()> {
    let mut previous = Vec::new();
    for event in audit::list(tx, case)? {
        let (seq, at) = (event.seq.to_be_bytes(), event.at.micros().to_be_bytes());
        let texts = [case, &event.actor_kind, "nobody", &event.kind, &event.details].map(str::as_bytes);
        let mut hashed = Vec::new();
        for part in [&previous[..], &seq, &at].into_iter().chain(texts) {
            hashed.extend(u64::try_from(part.len()).unwrap().to_be_bytes());
            hashed.extend(part);
        }
        previous = sha256(&hashed).to_vec();
        diesel::update(audit_events::table.find((case, event.seq)))
            .set((audit_events::actor.eq("nobody"), audit_events::hash.eq(&previous)))
            .execute(tx.conn())?;
    }
    diesel::update(cases::table.filter(cases::id.eq(case))).set(cases::audit_head.eq(previous)).execute(tx.conn())?;
    Ok(())
}

#[test]
fn a_record_rewritten_without_the_keyring_is_found_by_check() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        spark.submit(&small("A-1")).await;
        let case = lead.case_of("A-1").await;
        lead.case(&case).await;
        assert_eq!(check(&world).0, Some(0));
        let chain = case.clone();
        world.app.write(TEST, move |tx| rewrite(tx, &chain)).await.unwrap();
        let (code, said) = check(&world);
        assert!(code == Some(1) && said.contains(" 1 broken") && said.contains(&case), "{said}");
    });
}

#[test]
fn a_changed_record_is_found_by_check() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        spark.submit(&small("A-1")).await;
        spark.submit(&small("A-2")).await;
        let (case, other) = (lead.case_of("A-1").await, lead.case_of("A-2").await);
        lead.case(&case).await;
        let check = || check(&world);
        assert_eq!(check().0, Some(0));
        world.tamper(&format!("UPDATE audit_events SET actor = 'nobody' WHERE chain = '{case}' AND seq = 2"));
        let (code, said) = check();
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(" 1 broken") && said.contains(&case) && !said.contains(&other), "{said}");
        world.tamper(&format!("DELETE FROM audit_events WHERE chain = '{other}'"));
        let (code, said) = check();
        assert!(code == Some(1) && said.contains(" 2 broken") && said.contains(&other), "{said}");
    });
}

//! What holds a wall up, an emergency in sight and a case in somebody's hands, when it is gone: `check` says so, and the
//! service errs towards more pages.

use std::sync::Arc;

use recourse::domain::casework::colleagues;
use recourse::domain::ledger::audit;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::jobs;
use serde_json::{Value, json};

use crate::damage::{paged, urgent};
use crate::harness::TEST;
use crate::harness::client::{Staff, full, small};
use crate::harness::{World, on_both};
use crate::unsound::{findings, words};

async fn declare(world: &World, who: &Staff, kind: IdentifierKind, value: &str) {
    let (name, declared) = (who.username.clone(), Identifier::new(kind, value));
    world.app.write(TEST, move |tx| colleagues::declare(tx, &name, &declared)).await.unwrap();
}

/// The ids of what was found under a code.
async fn found(world: &World, code: &str) -> Vec<String> {
    let mut ids: Vec<String> =
        findings(world).await.into_iter().filter(|one| one.code == code).map(|one| one.id).collect();
    ids.sort();
    ids
}

#[test]
fn a_wall_that_lost_any_of_its_hashes_is_named_and_stands_again_when_it_is_declared_again() {
    on_both(|world| async move {
        let (amina, noor) = (world.staff(Role::Advocate).await, world.staff(Role::Advocate).await);
        declare(&world, &amina, IdentifierKind::Phone, "+44 7700 900123").await;
        declare(&world, &amina, IdentifierKind::Handle, "@night.owl").await;
        declare(&world, &noor, IdentifierKind::Email, "n.oor@gmail.com").await;
        assert_eq!(found(&world, "wall_missing").await, Vec::<String>::new());
        // One of several spellings is enough: the number ends like one that a report writes without its country.
        world.tamper(
            "DELETE FROM staff_identifiers WHERE digest = (SELECT digest FROM staff_identifiers WHERE kind = 'phone' ORDER BY digest LIMIT 1)",
        );
        let named = found(&world, "wall_missing").await;
        assert!(named.len() == 1 && named[0].starts_with(&amina.id), "{named:?}");
        world.tamper("DELETE FROM staff_identifiers");
        let named = found(&world, "wall_missing").await;
        assert_eq!(named.iter().filter(|id| id.starts_with(&noor.id)).count(), 1, "{named:?}");
        assert_eq!(named.len(), 3);
        for (who, kind, value) in [
            (&amina, IdentifierKind::Phone, "+44 7700 900123"),
            (&amina, IdentifierKind::Handle, "@night.owl"),
            (&noor, IdentifierKind::Email, "n.oor@gmail.com"),
        ] {
            declare(&world, who, kind, value).await;
        }
        assert_eq!(found(&world, "wall_missing").await, Vec::<String>::new());
        // A closed account's wall is handed on with its name, so it must stand too.
        let name = noor.username.clone();
        world.app.write(TEST, move |tx| colleagues::close(tx, &name)).await.unwrap();
        world.tamper(&format!("DELETE FROM staff_identifiers WHERE staff_id = '{}'", noor.id));
        assert_eq!(found(&world, "wall_missing").await.len(), 2, "both of what she declared, the second time too");
    });
}

/// A report that names its subject in each way there is.
fn naming(reference: &str) -> Value {
    let mut body = full(reference);
    body["reporter"]["country"] = json!("GB");
    body["reporter"]["device_ref"] = json!("AA:BB:CC:DD:EE:0F");
    body["subject"] = json!({"platform_account_ref": "He_1", "identifiers": [
        {"type": "phone", "value": "07700 900321"},
        {"type": "handle", "value": "Night.Owl"},
        {"type": "email", "value": "h.e@gmail.com"},
        {"type": "profile_url", "value": "https://social.example/night.owl?ref=1"},
    ]});
    body
}

#[test]
fn names_of_every_kind_are_missed_and_none_that_never_stood() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let report = spark.submit(&naming("N-1")).await;
        // Somebody who stands for nobody, somebody whom nobody can read, and nobody at all.
        let mut nobody = small("N-2");
        nobody["reporter"]["platform_account_ref"] = json!("unknown");
        nobody["subject"] = json!({"identifiers": [{"type": "phone", "value": "999"}]});
        spark.submit(&nobody).await;
        let mut odd = small("N-3");
        odd["subject"] = json!({"phone": "07700 900124", "identifiers": [{"phone": "+447700900125"}]});
        odd["contact"] = json!({"channels": [{"type": "whatsapp", "value": "+447700900126"}]});
        spark.submit(&odd).await;
        spark.submit(&small("N-4")).await;
        let more = json!({"statement": "His second number.", "subject": {"identifiers": [
            {"type": "phone", "value": "+49 30 901820"}, {"type": "phone", "value": "07700 900321"}]}});
        spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
        world.run_jobs().await;
        assert_eq!(found(&world, "names_missing").await, Vec::<String>::new());
        let lead = world.staff(Role::SafeguardingLead).await;
        let case = lead.case_of("N-1").await;
        for kind in ["account", "phone", "handle", "email", "profile_url", "device"] {
            world.tamper("CREATE TABLE kept AS SELECT * FROM blind_indexes");
            world.tamper(&format!("DELETE FROM blind_indexes WHERE kind = '{kind}' AND case_id = '{case}'"));
            let named = found(&world, "names_missing").await;
            world.tamper("DELETE FROM blind_indexes; INSERT INTO blind_indexes SELECT * FROM kept; DROP TABLE kept");
            assert_eq!(named, std::slice::from_ref(&case), "{kind}");
        }
        // What was erased has nobody to name, and what waits to be made anew is named for that.
        let scopes = "('identity', 'contact', 'subject')";
        world.tamper("CREATE TABLE kept AS SELECT * FROM blind_indexes");
        world.tamper("UPDATE blind_indexes SET rules = 1; DELETE FROM blind_indexes WHERE kind = 'account'");
        assert!(!found(&world, "names_missing").await.contains(&case), "the run to the new rules brings them back");
        world.tamper("DELETE FROM blind_indexes; INSERT INTO blind_indexes SELECT * FROM kept; DROP TABLE kept");
        world.tamper(&format!("DELETE FROM key_wraps WHERE owner = '{case}' AND scope IN {scopes}"));
        world.tamper(&format!("DELETE FROM blind_indexes WHERE case_id = '{case}'"));
        assert_eq!(found(&world, "names_missing").await, Vec::<String>::new());
    });
}

#[test]
fn a_case_whose_assessment_is_gone_is_treated_as_one_that_does_not_open() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let report = spark.submit(&small("A-1")).await;
        let case = lead.case_of("A-1").await;
        world.tamper("DELETE FROM assessments");
        assert_eq!(found(&world, "assessment_missing").await, std::slice::from_ref(&case));
        // It waits for its comparison, which cannot be made.
        world.run_jobs().await;
        let (seen, _) = lead.case(&case).await;
        assert_eq!((&seen["priority"], &seen["priority_source"]), (&json!("p1"), &json!("failure")));
        assert_eq!((&seen["damaged"], &seen["assessment"]), (&json!(true), &Value::Null));
        assert_eq!(paged(&world, &case).await, ["unreadable"]);
        lead.take(&case).await;
        // What comes in is taken, weighed by itself, and never for less.
        let more = json!({"statement": "He stands outside.", "answers": {"not_safe_now": "yes"}});
        spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
        assert_eq!(lead.case(&case).await.0["priority"], "p0");
        assert_eq!(found(&world, "assessment_missing").await, Vec::<String>::new());
    });
}

#[test]
fn an_urgent_case_whose_claim_ran_out_rings_for_the_next_person() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let (lead, other) = (world.staff(Role::Lead).await, world.staff(Role::Lead).await);
        spark.submit(&urgent("LAPSED")).await;
        spark.submit(&small("QUIET")).await;
        let (case, quiet) = (lead.case_of("LAPSED").await, lead.case_of("QUIET").await);
        lead.take(&case).await;
        lead.take(&quiet).await;
        // She reads it, so that no clock tells of it in the next minutes, and her telephone dies.
        lead.case(&case).await;
        world.pass(14 * 60);
        world.run_jobs().await;
        assert_eq!(paged(&world, &case).await, Vec::<String>::new());
        world.pass(60);
        // What would otherwise be found: an urgent case that is nobody's, and nothing rings.
        assert!(!words(&findings(&world).await).contains("cases alarm_missing"), "the tick has a moment");
        world.pass(121);
        assert_eq!(found(&world, "alarm_missing").await, std::slice::from_ref(&case));
        world.run_jobs().await;
        assert_eq!(found(&world, "alarm_missing").await, Vec::<String>::new());
        assert_eq!(paged(&world, &case).await, ["claim_lapsed"]);
        assert_eq!(paged(&world, &quiet).await, Vec::<String>::new(), "what wakes nobody wakes nobody");
        // Whoever had it may come back to it, and whoever takes it first has it.
        other.take(&case).await;
        lead.act(&case, "heartbeat", &json!({})).await.expect(409);
        let chain = case.clone();
        let events = world.app.read(move |rx| audit::list(rx, &chain)).await.unwrap();
        assert_eq!(events.iter().filter(|event| event.kind == "claimed").count(), 2);
        // A claim that is kept alive rings for nobody.
        for _ in 0..3 {
            world.pass(10 * 60);
            other.act(&case, "heartbeat", &json!({})).await.expect(200);
            jobs::tick(Arc::clone(&world.app)).await.unwrap();
        }
        assert!(!paged(&world, &case).await[1..].contains(&"claim_lapsed".to_owned()));
    });
}

#[test]
fn an_urgent_case_that_is_taken_off_hold_and_not_claimed_rings() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&urgent("HELD")).await;
        let (lead, other) = (world.staff(Role::Lead).await, world.staff(Role::Lead).await);
        let case = lead.case_of("HELD").await;
        lead.take(&case).await;
        lead.case(&case).await;
        let until = world.clock.now().plus(std::time::Duration::from_hours(20)).to_string();
        let hold = json!({"action": "hold", "reason": "She sleeps.", "until": until});
        lead.act_seen(&case, "transitions", &hold).await.expect(200);
        assert_eq!(found(&world, "alarm_missing").await, Vec::<String>::new());
        other.act_seen(&case, "transitions", &json!({"action": "resume"})).await.expect(200);
        world.pass(121);
        assert_eq!(found(&world, "alarm_missing").await, Vec::<String>::new());
        world.run_jobs().await;
        assert_eq!(paged(&world, &case).await, ["resumed"]);
    });
}

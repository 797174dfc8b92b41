//! Names made anew after the rules of identifiers changed: walls, pairs and matches of cases that were there before.

use diesel::prelude::*;
use recourse::db::schema::cases;
use recourse::domain::casework::colleagues;
use recourse::domain::ledger::audit;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::jobs;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::TEST;
use crate::harness::client::{Caller, Staff, small};
use crate::harness::{World, on_both};

/// Makes the database one of before: what names its cases was made by older rules, and no run to these has begun.
pub(crate) async fn age(world: &World) {
    world.rewrite("UPDATE blind_indexes SET rules = 1; DELETE FROM renewals;").await;
}

/// Older rules took the numbers of a case for nobody's.
pub(crate) async fn forget(world: &World, case: &str) {
    let kinds = "('phone', 'handle', 'email')";
    world.rewrite(&format!("DELETE FROM blind_indexes WHERE case_id = '{case}' AND kind IN {kinds}")).await;
}

pub(crate) async fn renew(world: &World) {
    jobs::once(&world.app, "renewal").await.unwrap();
}

async fn declare(world: &World, who: &Staff, kind: IdentifierKind, value: &'static str) {
    let name = who.username.clone();
    let declared = world.app.write(TEST, move |tx| colleagues::declare(tx, &name, &Identifier::new(kind, value)));
    declared.await.unwrap();
}

fn naming(reference: &str, number: &str) -> Value {
    let mut body = small(reference);
    body["reporter"] = json!({"relation": "self", "platform_account_ref": format!("by-{reference}"), "country": "GB"});
    body["subject"] = json!({"identifiers": [{"type": "phone", "value": number}]});
    body
}

fn of_pair(reference: &str, reporter: &str, subject: &str) -> Value {
    let mut body = small(reference);
    body["reporter"] = json!({"relation": "self", "platform_account_ref": reporter});
    body["subject"] = json!({"platform_account_ref": subject});
    body
}

async fn sees(who: &Staff, case: &str) -> bool {
    who.caller.get(&format!("/v1/triage/cases/{case}")).await.status == 200
}

async fn late(who: &Staff) -> Vec<Value> {
    let list = who.caller.get("/v1/triage/late-matches").await.expect(200).json();
    list["data"].as_array().unwrap().clone()
}

#[test]
fn a_wall_that_is_new_holds_at_once_and_whoever_had_the_case_loses_it() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let (lead, who) = (world.staff(Role::Lead).await, world.staff(Role::Advocate).await);
        declare(&world, &who, IdentifierKind::Phone, "+44 7700 900123").await;
        let mut urgent = naming("SPK-1", "٠٧٧٠٠٩٠٠١٢٣ ext. 5");
        urgent["answers"] = json!({"not_safe_now": "yes"});
        spark.submit(&urgent).await;
        let case = lead.case_of("SPK-1").await;
        age(&world).await;
        forget(&world, &case).await;
        // By the old rules it names nobody whom she declared.
        assert!(sees(&who, &case).await);
        who.act(&case, "claim", &json!({})).await.expect(200);
        renew(&world).await;
        assert!(!sees(&who, &case).await);
        let list = who.caller.get("/v1/triage/cases").await.expect(200).json();
        assert_eq!(list["data"], json!([]));
        let (seen, _) = lead.case(&case).await;
        assert_eq!((&seen["priority"], &seen["assigned_to"]), (&json!("p0"), &Value::Null));
        world.run_jobs().await;
        let id = case.clone();
        let events = world.app.read(move |rx| audit::list(rx, &id)).await.unwrap();
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        let at = |kind: &str| kinds.iter().rposition(|known| *known == kind).unwrap_or_else(|| panic!("{kinds:?}"));
        assert!(at("names_renewed") < at("claim_ended") && at("claim_ended") < at("on_call_paged"), "{kinds:?}");
        // A second run changes nothing.
        let before = events.len();
        age(&world).await;
        renew(&world).await;
        let id = case.clone();
        let after = world.app.read(move |rx| audit::list(rx, &id)).await.unwrap().len();
        assert_eq!(before, after);
    });
}

#[test]
fn walls_hold_before_during_and_after_a_run() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let (lead, who) = (world.staff(Role::Lead).await, world.staff(Role::Advocate).await);
        declare(&world, &who, IdentifierKind::Email, "k.example@gmail.com").await;
        let mut cases = Vec::new();
        for n in 0..3 {
            let mut body = small(&format!("SPK-{n}"));
            body["subject"] = json!({"identifiers": [{"type": "email", "value": "k.example@gmail.com"}]});
            spark.submit(&body).await;
            cases.push(lead.case_of(&format!("SPK-{n}")).await);
        }
        // As the first rules had it: one form on both sides, and no original.
        let first =
            Identifier::new(IdentifierKind::Email, "k.example@gmail.com").first_digest(&world.app.kit.keyring).unwrap();
        let hex = recourse::base::secret::hex(&first);
        let literal = if world.config.database_url.is_some() { format!("'\\x{hex}'") } else { format!("x'{hex}'") };
        world.rewrite(&format!(
            "DELETE FROM renewals; \
             DELETE FROM blind_indexes WHERE kind = 'email' AND digest <> {literal}; \
             INSERT INTO blind_indexes (digest, case_id, role, kind, created_at, used, rules) \
               SELECT {literal}, id, 'subject', 'email', received_at, 'both', 1 FROM cases \
               WHERE NOT EXISTS (SELECT 1 FROM blind_indexes WHERE case_id = cases.id AND digest = {literal}); \
             UPDATE blind_indexes SET rules = 1, used = 'both'; \
             DELETE FROM staff_identifiers; DELETE FROM declarations; \
             INSERT INTO staff_identifiers (digest, staff_id, kind, created_at, rules) VALUES ({literal}, '{}', 'email', 0, 1)",
            who.id
        )).await;
        let hidden = async || {
            let mut hidden = true;
            for case in &cases {
                hidden &= !sees(&who, case).await;
            }
            hidden
        };
        assert!(hidden().await);
        renew(&world).await;
        assert!(hidden().await, "an old declaration still stands before cases that were made anew");
        let mut body = small("SPK-new");
        body["subject"] = json!({"identifiers": [{"type": "email", "value": "k.example@gmail.com"}]});
        spark.submit(&body).await;
        assert!(!sees(&who, &lead.case_of("SPK-new").await).await, "and before new ones");
        // It is named by `check`, and declared again it meets every spelling.
        let notes = world.app.read(recourse::domain::watch::soundness::old_walls).await.unwrap();
        assert_eq!(notes.len(), 1, "{notes:?}");
        declare(&world, &who, IdentifierKind::Email, "k.example@gmail.com").await;
        assert!(hidden().await);
        body["platform_report_ref"] = json!("SPK-dots");
        body["subject"]["identifiers"][0]["value"] = json!("kexample@googlemail.com");
        spark.submit(&body).await;
        assert!(!sees(&who, &lead.case_of("SPK-dots").await).await);
        assert!(world.app.read(recourse::domain::watch::soundness::old_walls).await.unwrap().is_empty());
    });
}

#[test]
fn of_two_cases_that_become_one_pair_the_newer_loses_it_and_they_are_linked() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        spark.submit(&of_pair("P-1", "ann", "bob")).await;
        spark.submit(&of_pair("N-1", "cleo", "dan")).await;
        spark.submit(&of_pair("U-1", "unknown", "unknown")).await;
        let (older, alone, nobody) = (lead.case_of("P-1").await, lead.case_of("N-1").await, lead.case_of("U-1").await);
        // Their pairs are as another spelling made them, so that the next report of one opens a case anew.
        let as_before = |pair: &str, case: &str| {
            let bytes = if world.config.database_url.is_some() { format!("'\\x{pair}'") } else { format!("x'{pair}'") };
            world.tamper(&format!("UPDATE cases SET pair_digest = {bytes} WHERE id = '{case}'"));
        };
        as_before("00", &older);
        as_before("01", &alone);
        as_before("02", &nobody);
        world.pass(60);
        spark.submit(&of_pair("P-2", "ann", "bob")).await;
        let twin = lead.case_of("P-2").await;
        assert_ne!(twin, older);
        age(&world).await;
        renew(&world).await;
        assert_eq!(lead.case(&older).await.0["links"], json!([twin]));
        assert_eq!(lead.case(&twin).await.0["links"], json!([older]));
        // The next report of the pair joins the older one; each keeps its own reports.
        spark.submit(&of_pair("P-3", "ann", "bob")).await;
        assert_eq!(lead.case_of("P-3").await, older);
        assert_eq!(lead.case_of("P-2").await, twin);
        spark.submit(&of_pair("N-2", "cleo", "dan")).await;
        assert_eq!(lead.case_of("N-2").await, alone);
        // A pair with somebody who is nobody is empty.
        let pair = cases::table.filter(cases::id.eq(nobody.clone())).select(cases::pair_digest);
        let left: Option<Vec<u8>> = world.app.read(move |rx| Ok(pair.first(rx.conn())?)).await.unwrap();
        assert_eq!(left, None);
    });
}

#[test]
fn old_matches_page_nobody_and_are_listed_for_a_lead() {
    on_both(|world| async move {
        let (spark, meetly) = (world.platform("spark").await, world.platform("meetly").await);
        let lead = world.staff(Role::Lead).await;
        for (platform, reference, number) in [(&spark, "L-1", "+44 7700 900401"), (&meetly, "L-2", "٠٧٧٠٠٩٠٠٤٠١")]
        {
            let mut body = naming(reference, number);
            body["category"] = json!("physical_assault");
            body["answers"] = json!({});
            platform.submit(&body).await;
        }
        let (one, other) = (lead.case_of("L-1").await, lead.case_of("L-2").await);
        age(&world).await;
        // The second one's number was another man's by the old rules, and both had been compared.
        forget(&world, &other).await;
        world.tamper("UPDATE cases SET match_at = NULL");
        assert_eq!(late(&lead).await, Vec::<Value>::new());
        renew(&world).await;
        world.run_jobs().await;
        let listed = late(&lead).await;
        assert_eq!(listed.len(), 1, "{listed:?}");
        let mut pair = [listed[0]["case_id"].as_str().unwrap(), listed[0]["other_id"].as_str().unwrap()];
        pair.sort_unstable();
        let mut both = [one.as_str(), other.as_str()];
        both.sort_unstable();
        assert_eq!((pair, &listed[0]["code"]), (both, &json!("O17")));
        for case in [&one, &other] {
            assert_eq!(lead.case(case).await.0["priority"], "p4");
            let id = case.clone();
            let events = world.app.read(move |rx| audit::list(rx, &id)).await.unwrap();
            assert!(events.iter().all(|event| event.kind != "on_call_paged" && event.kind != "alarm_opened"));
        }
        // A colleague behind a wall, or who hands out no cases, learns of none of it.
        let advocate = world.staff(Role::Advocate).await;
        advocate.caller.get("/v1/triage/late-matches").await.expect(403);
        let walled = world.staff(Role::Lead).await;
        declare(&world, &walled, IdentifierKind::Phone, "+44 7700 900401").await;
        assert_eq!(late(&walled).await, Vec::<Value>::new());
        Caller::send(lead.caller.request(Method::GET, "/v1/triage/late-matches?cursor=nonsense")).await.expect(400);
        // Linked by a person, they leave the list.
        lead.act(&one, "links", &json!({"case_id": other})).await.expect(200);
        assert_eq!(late(&lead).await, Vec::<Value>::new());
    });
}

#[test]
fn one_case_that_cannot_be_read_stops_no_other_and_erased_ones_are_passed() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let (lead, who) = (world.staff(Role::Lead).await, world.staff(Role::Advocate).await);
        declare(&world, &who, IdentifierKind::Phone, "+44 7700 900123").await;
        let mut cases = Vec::new();
        for n in 0..4 {
            spark.submit(&naming(&format!("SPK-{n}"), "07700 900123")).await;
            cases.push(lead.case_of(&format!("SPK-{n}")).await);
        }
        age(&world).await;
        for case in &cases {
            forget(&world, case).await;
        }
        let blob = if world.config.database_url.is_some() { "'\\x00'" } else { "x'00'" };
        world.tamper(&format!("UPDATE reports SET subject = {blob} WHERE case_id = '{}'", cases[0]));
        world.tamper(&format!("DELETE FROM key_wraps WHERE owner = '{}'", cases[1]));
        renew(&world).await;
        // The first two stay as they stood: the one is damaged, the other erased.
        let list = who.caller.get("/v1/triage/cases").await.expect(200).json();
        let listed: Vec<&str> =
            list["data"].as_array().unwrap().iter().map(|case| case["id"].as_str().unwrap()).collect();
        let mut stand = [cases[0].as_str(), cases[1].as_str()];
        stand.sort_unstable_by_key(|id| listed.iter().position(|other| other == id));
        assert_eq!(listed, stand);
        let (run, older) = world
            .app
            .read(|rx| {
                Ok((recourse::domain::watch::renewal::run(rx)?, recourse::domain::watch::renewal::older(rx, 10)?))
            })
            .await
            .unwrap();
        let run = run.unwrap();
        assert_eq!((run.looked_at, run.failed, run.ended_at.is_some()), (4, 1, true));
        let older: Vec<String> = older.iter().map(ToString::to_string).collect();
        assert_eq!(older, [cases[0].clone()], "check names it");
    });
}

#[test]
fn a_run_that_was_stopped_goes_on_where_it_was() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        for n in 0..6 {
            spark.submit(&naming(&format!("SPK-{n}"), "07700 900123")).await;
        }
        age(&world).await;
        let first = world.app.read(|rx| recourse::domain::watch::renewal::next(rx, "", 2)).await.unwrap();
        world.app.write(TEST, recourse::domain::watch::renewal::begin).await.unwrap();
        let passed = first.clone();
        world.app.write(TEST, move |tx| recourse::domain::watch::renewal::pass(tx, "", &passed, 0)).await.unwrap();
        // A process that lags behind moves nothing back.
        let lagging = first[..1].to_vec();
        world.app.write(TEST, move |tx| recourse::domain::watch::renewal::pass(tx, "", &lagging, 0)).await.unwrap();
        renew(&world).await;
        let run = world.app.read(recourse::domain::watch::renewal::run).await.unwrap().unwrap();
        assert_eq!((run.looked_at, run.failed, run.ended_at.is_some()), (6, 0, true));
        let older = world.app.read(|rx| recourse::domain::watch::renewal::older(rx, 10)).await.unwrap();
        assert!(older.is_empty(), "what was stepped over is done at the end");
    });
}

#[test]
fn declarations_are_made_anew_from_their_originals() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let (lead, who) = (world.staff(Role::Lead).await, world.staff(Role::Advocate).await);
        declare(&world, &who, IdentifierKind::Phone, "+44 7700 900123").await;
        spark.submit(&naming("SPK-1", "07700 900123")).await;
        let case = lead.case_of("SPK-1").await;
        age(&world).await;
        // Rules of before knew other hashes.
        let zeros = if world.config.database_url.is_some() { "'\\x00'" } else { "x'00'" };
        world
            .rewrite(&format!(
                "DELETE FROM staff_identifiers; UPDATE declarations SET rules = 1; \
             INSERT INTO staff_identifiers (digest, staff_id, kind, created_at, declaration_id, rules) \
               SELECT {zeros}, staff_id, kind, 0, id, 1 FROM declarations"
            ))
            .await;
        assert!(sees(&who, &case).await);
        renew(&world).await;
        assert!(!sees(&who, &case).await);
        assert!(world.app.read(recourse::domain::watch::soundness::old_walls).await.unwrap().is_empty());
    });
}

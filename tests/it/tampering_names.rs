//! Somebody who can write to the database takes away, adds, changes or moves the keyed hashes by which walls know whom a case
//! names. The wall then holds for everybody who declared anything, and nothing that comes in makes it good.

use recourse::domain::casework::colleagues;
use recourse::domain::ledger::audit;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::watch::soundness;
use serde_json::{Value, json};

use crate::command_line::{recourse, said};
use crate::harness::client::{Platform, Staff, full, small};
use crate::harness::{TEST, World, on_both};
use crate::walls::walled;

/// Those who look: whom the case names, who declared somebody else, and who declared nobody.
struct Scene {
    spark: Platform,
    named: Staff,
    other: Staff,
    free: Staff,
    case: String,
    another: String,
}

impl Scene {
    async fn set(world: &World) -> Self {
        let spark = world.platform("spark").await;
        let free = world.staff(Role::SafeguardingLead).await;
        let named = walled(world, Role::Advocate).await;
        let other = world.staff(Role::Advocate).await;
        let (name, theirs) = (other.username.clone(), Identifier::new(IdentifierKind::Email, "k.example@gmail.com"));
        world.app.write(TEST, move |tx| colleagues::declare(tx, &name, &theirs)).await.unwrap();
        spark.submit(&full("N-1")).await;
        let mut body = small("N-2");
        body["reporter"]["platform_account_ref"] = json!("somebody-else");
        spark.submit(&body).await;
        let (case, another) = (free.case_of("N-1").await, free.case_of("N-2").await);
        Self { spark, named, other, free, case, another }
    }

    /// Whether each may open the case: whom it names, who declared somebody else, who declared nobody.
    async fn open(&self) -> [bool; 3] {
        let path = format!("/v1/triage/cases/{}", self.case);
        let mut all = [false; 3];
        for (who, may) in [&self.named, &self.other, &self.free].into_iter().zip(&mut all) {
            let status = who.caller.get(&path).await.status;
            assert!(status == 200 || status == 404, "{status}");
            *may = status == 200;
        }
        all
    }
}

/// Cases whose names are not those that the service wrote down.
async fn changed(world: &World) -> Vec<String> {
    let look = world.app.read(|rx| {
        let owners: Vec<String> = audit::heads(rx, "", 1_000)?.into_iter().map(|(id, _)| id).collect();
        soundness::names(rx, &owners)
    });
    look.await.unwrap().into_iter().filter(|one| one.code == "names_changed").map(|one| one.id).collect()
}

const AS_WRITTEN: [bool; 3] = [false, true, true];
const CHANGED: [bool; 3] = [false, false, true];

#[test]
fn a_wall_that_somebody_took_away_holds_for_all_who_declared_anything() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let (case, another) = (&scene.case, &scene.another);
        let first = format!(
            "(SELECT digest FROM blind_indexes WHERE case_id = '{case}' AND kind = 'phone' ORDER BY digest LIMIT 1)"
        );
        let of = |rest: &str| format!("UPDATE blind_indexes SET {rest} WHERE case_id = '{case}'");
        let edits = [
            format!("DELETE FROM blind_indexes WHERE case_id = '{case}'"),
            format!("DELETE FROM blind_indexes WHERE case_id = '{case}' AND kind = 'phone'"),
            format!("DELETE FROM blind_indexes WHERE case_id = '{case}' AND digest = {first}"),
            format!("UPDATE blind_indexes SET case_id = '{another}' WHERE case_id = '{case}' AND kind = 'phone'"),
            format!(
                "UPDATE blind_indexes SET digest = substr(digest, 1, 31) WHERE case_id = '{case}' AND kind = 'phone'"
            ),
            format!(
                "INSERT INTO blind_indexes (digest, case_id, role, kind, created_at, used, rules) SELECT digest, '{case}', \
                 'subject', kind, created_at, used, rules FROM blind_indexes WHERE case_id = '{another}'"
            ),
            of("used = 'match'"),
            of("kind = 'email'"),
            of("created_at = created_at - 86400000000"),
            of("rules = 1"),
            format!("UPDATE blind_indexes SET role = 'nobody' WHERE case_id = '{case}' AND digest = {first}"),
            format!(
                "UPDATE cases SET names_mac = (SELECT o.names_mac FROM cases o WHERE o.id = '{another}') WHERE id = '{case}'"
            ),
        ];
        assert_eq!((scene.open().await, changed(&world).await), (AS_WRITTEN, Vec::new()));
        for sql in edits {
            for table in ["blind_indexes", "cases"] {
                world.tamper(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}"));
            }
            world.tamper(&sql);
            assert_eq!(scene.open().await, CHANGED, "{sql}");
            assert!(changed(&world).await.contains(case), "{sql}");
            // The chains have gone on meanwhile, with where they end.
            world.tamper(
                "DELETE FROM blind_indexes; INSERT INTO blind_indexes SELECT * FROM kept_blind_indexes; UPDATE cases SET names_mac \
                 = (SELECT k.names_mac FROM kept_cases k WHERE k.id = cases.id); DROP TABLE kept_cases; DROP TABLE \
                 kept_blind_indexes",
            );
        }
        assert_eq!((scene.open().await, changed(&world).await), (AS_WRITTEN, Vec::new()));
    });
}

#[test]
fn whoever_claims_the_next_case_gets_none_whose_names_were_changed() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        world.tamper(&format!("DELETE FROM blind_indexes WHERE case_id = '{}'", scene.case));
        for queue in ["stalking_violence", "emergency", "harassment_hate"] {
            for who in [&scene.named, &scene.other] {
                let answer = who.caller.post(&format!("/v1/triage/queues/{queue}/claim"), &json!({})).await;
                let taken = if answer.status == 200 { answer.json()["id"].clone() } else { Value::Null };
                assert_ne!(taken, json!(scene.case), "{queue}");
            }
        }
        // Nobody who declared anything hears that there is such a case; who declared nobody does.
        world.pass(3_600);
        world.run_jobs().await;
        let chain = scene.case.clone();
        let events = world.app.read(move |rx| audit::list(rx, &chain)).await.unwrap();
        let paged: Vec<String> =
            events.into_iter().filter(|event| event.kind == "on_call_paged").map(|event| event.details).collect();
        assert!(!paged.is_empty() && paged.iter().all(|people| people.contains(&scene.free.id)), "{paged:?}");
        for who in [&scene.named, &scene.other] {
            assert!(!paged.iter().any(|people| people.contains(&who.id)), "{paged:?}");
        }
    });
}

#[test]
fn nothing_that_comes_in_makes_changed_names_good_and_what_is_sealed_does() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let erased = scene.another.clone();
        world.tamper(&format!("DELETE FROM blind_indexes WHERE case_id = '{}' AND kind = 'phone'", scene.case));
        world.tamper(&format!("UPDATE blind_indexes SET used = 'match' WHERE case_id = '{erased}'"));
        assert_eq!(scene.open().await, CHANGED);
        world.pass(60);
        // A report that joins, an addition and the jobs bring names, and leave the set as it is.
        scene.spark.submit(&full("N-3")).await;
        assert_eq!(scene.free.case_of("N-3").await, scene.case);
        let list = scene.free.caller.get("/v1/triage/cases?platform_report_ref=N-1").await.expect(200).json();
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        let more = json!({"statement": "His other number.", "subject": {"identifiers": [
            {"type": "phone", "value": "+44 7700 900777"}]}});
        let report = scene.free.case(&scene.case).await.0["reports"][0]["id"].as_str().unwrap().to_owned();
        scene.spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
        world.run_jobs().await;
        assert_eq!(scene.open().await, CHANGED);
        // The operator has them made anew: of one case, and of all others that need it. What nobody can read stays changed.
        world.tamper(&format!("DELETE FROM key_wraps WHERE owner = '{erased}'"));
        said(&world, &["admin", "case", "names", &scene.case]);
        assert_eq!((scene.open().await, changed(&world).await), (AS_WRITTEN, vec![erased.clone()]));
        let told = said(&world, &["admin", "case", "names"]);
        assert!(told.contains("the names of 0 cases are made anew, 1 cannot be"), "{told}");
        let output = recourse(&world, &["admin", "case", "names", &erased], "");
        assert!(!output.status.success());
        world.tamper(&format!("DELETE FROM blind_indexes WHERE case_id = '{}'", scene.case));
        let told = said(&world, &["admin", "case", "names"]);
        assert!(told.contains("the names of 1 cases are made anew, 1 cannot be"), "{told}");
        assert_eq!(scene.open().await, AS_WRITTEN);
        let nobody = format!("case_{}", "0".repeat(26));
        assert!(!recourse(&world, &["admin", "case", "names", &nobody], "").status.success());
    });
}

#[test]
fn a_pair_that_was_moved_to_another_case_is_found() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let found = async || -> Vec<String> {
            let look = world.app.read(|rx| {
                let owners: Vec<String> = audit::heads(rx, "", 1_000)?.into_iter().map(|(id, _)| id).collect();
                soundness::names(rx, &owners)
            });
            look.await.unwrap().into_iter().filter(|one| one.code == "pair_changed").map(|one| one.id).collect()
        };
        assert_eq!(found().await, Vec::<String>::new());
        world.tamper(&format!("CREATE TABLE kept AS SELECT pair_digest FROM cases WHERE id = '{}'", scene.case));
        world.tamper("UPDATE cases SET pair_digest = NULL");
        assert_eq!(found().await, Vec::<String>::new(), "a pair that was given up");
        let pair = "(SELECT pair_digest FROM kept)";
        world.tamper(&format!("UPDATE cases SET pair_digest = {pair} WHERE id = '{}'", scene.another));
        assert_eq!(found().await, std::slice::from_ref(&scene.another));
    });
}

//! Somebody who can write to the database changes rows of cases, takes rows away, or puts an older database back: the record
//! contradicts it, and so does the file beside the keyring.

use std::os::unix::fs::PermissionsExt as _;

use recourse::domain::casework::colleagues;
use recourse::domain::ledger::audit;
use recourse::domain::people::staff::{self, Role};
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::watch::soundness::{self, Finding};
use recourse::domain::webhooks;
use recourse::{app, jobs};
use serde_json::json;

use crate::checking::{check, wrong};
use crate::harness::client::{Caller, Platform, Staff, full, small};
use crate::harness::{TEST, World, on_both};

async fn contradicted(world: &World) -> Vec<Finding> {
    let look = world.app.read(|rx| {
        let owners: Vec<String> = audit::heads(rx, "", 1_000)?.into_iter().map(|(id, _)| id).collect();
        soundness::records(rx, &owners)
    });
    look.await.unwrap()
}

/// Two cases of one platform and one of another, walls, a rotated and a revoked credential, and a changed role.
async fn lived_in(world: &World) -> (Platform, Staff, String, String) {
    let spark = world.platform("spark").await;
    let ember = world.platform("ember").await;
    let lead = world.staff(Role::SafeguardingLead).await;
    spark.submit(&full("R-1")).await;
    spark.submit(&full("R-2")).await;
    let mut other = small("R-3");
    other["reporter"]["platform_account_ref"] = json!("somebody-else");
    spark.submit(&other).await;
    ember.submit(&small("R-4")).await;
    let (case, another) = (lead.case_of("R-1").await, lead.case_of("R-3").await);
    lead.take(&case).await;
    let number = Identifier::new(IdentifierKind::Phone, "+447700900123");
    let (name, client) = (lead.username.clone(), spark.client_id.parse().unwrap());
    let change = world.app.write(TEST, move |tx| {
        colleagues::declare(tx, &name, &number)?;
        webhooks::set_scopes(tx, &client, &[recourse::domain::people::platforms::Scope::ReportsRead])
    });
    change.await.unwrap();
    (spark, lead, case, another)
}

type Edits = Vec<(&'static str, String, &'static str)>;

fn of_people(spark: &Platform, lead: &Staff) -> Edits {
    let staff = |set: &str| format!("UPDATE staff SET {set} WHERE id = '{}'", lead.id);
    let client = |set: &str| format!("UPDATE platform_clients SET {set} WHERE id = '{}'", spark.client_id);
    vec![
        ("staff", staff("role = 'lead'"), "account_not_recorded"),
        ("staff", staff("active = FALSE"), "account_not_recorded"),
        ("staff_sessions", "UPDATE staff_sessions SET created_at = 1".to_owned(), "session_not_recorded"),
        ("platform_clients", client("mode = 'test'"), "client_not_recorded"),
        ("platform_clients", client("scopes = 'reports:write'"), "client_not_recorded"),
        ("platform_clients", client("epoch = 2"), "client_not_recorded"),
        ("platform_clients", client("revoked_at = 1"), "client_not_recorded"),
        ("platform_clients", client("id = 'plc_00000000000000000000000001'"), "client_not_recorded"),
        ("platform_clients", format!("DELETE FROM platform_clients WHERE id = '{}'", spark.client_id), "client_gone"),
    ]
}

/// Rows of accounts and credentials, as one would be whose proof fits: the record knows better than an older row.
#[test]
fn a_row_that_contradicts_the_record_is_found() {
    on_both(|world| async move {
        let (spark, lead, case, _) = lived_in(&world).await;
        assert_eq!(contradicted(&world).await, []);
        for (table, sql, wanted) in of_people(&spark, &lead) {
            world.tamper(&format!("CREATE TABLE kept AS SELECT * FROM {table}"));
            world.tamper(&sql);
            let found = contradicted(&world).await;
            assert!(found.iter().any(|one| one.code == wanted), "{sql}: {wanted} is not among {found:?}");
            world.tamper(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept"));
        }
        assert_eq!(contradicted(&world).await, [], "everything was put back");
        // Walls that are gone with their originals, and the command says all of it.
        world.tamper("DELETE FROM staff_identifiers; DELETE FROM declarations");
        world.tamper(&format!("UPDATE cases SET outcome = 'platform_acted' WHERE id = '{case}'"));
        let (code, said) = check(&world, &[]);
        let problems = wrong(&said, "problems");
        assert_eq!(code, Some(1), "{said}");
        for wanted in ["declarations walls_gone", "cases outcome_not_recorded"] {
            assert!(problems.contains(wanted), "{wanted}: {problems:?}");
        }
    });
}

/// What an older database would bring back.
const OLDER: [&str; 6] = ["platforms", "platform_clients", "staff", "staff_sessions", "audit_events", "audit_digests"];

#[test]
fn an_older_database_gives_no_right_back_and_is_told() {
    on_both(|world| async move {
        let (revoked, rotated) = (world.platform("spark").await, world.platform("ember").await);
        let (who, lead) = (world.staff(Role::Advocate).await, world.staff(Role::Lead).await);
        jobs::once(&world.app, "sign").await.unwrap();
        for table in OLDER {
            world.tamper(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}"));
        }
        world.pass(60);
        let (name, one, two) =
            (who.username.clone(), revoked.client_id.parse().unwrap(), rotated.client_id.parse().unwrap());
        let end = world.app.write(TEST, move |tx| {
            colleagues::close(tx, &name)?;
            // Twice: each time is missing from what comes back.
            webhooks::rotate_client(tx, &two)?;
            let new = webhooks::rotate_client(tx, &two)?.0;
            webhooks::revoke_client(tx, &one)?;
            Ok(new)
        });
        let new = end.await.unwrap();
        jobs::once(&world.app, "sign").await.unwrap();
        let file = world.app.high_water_file();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(check(&world, &[]).1["problems"], json!([]));
        for table in OLDER {
            world.tamper(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}"));
        }
        let status = async |token: &str, path: &str| world.caller(token).get(path).await.status;
        assert_eq!(
            status(&revoked.caller.token, "/v1/status").await,
            200,
            "it is good again, for nothing here knows better"
        );
        let (_, said) = check(&world, &[]);
        assert!(wrong(&said, "problems").contains("audit_digests digest_gone"), "{said}");
        // The next start knows better.
        app::open(world.config.clone(), world.clock.clone()).await.unwrap();
        for client in [&revoked, &rotated] {
            assert_eq!(status(&client.caller.token, "/v1/status").await, 401);
        }
        // A secret that was only replaced: the newest one holds, the older does not, and its endpoints and rights go on.
        let token = async |id: &str, secret: &str| {
            let request = world.caller("").request(reqwest::Method::POST, "/oauth/token").basic_auth(id, Some(secret));
            let form = request.header("Content-Type", "application/x-www-form-urlencoded");
            Caller::send(form.body("grant_type=client_credentials")).await.status
        };
        assert_eq!(token(&rotated.client_id, &rotated.client_secret).await, 401);
        assert_eq!(token(&revoked.client_id, &revoked.client_secret).await, 401);
        assert_eq!(token(&rotated.client_id, new.secret.expose()).await, 200);
        assert_eq!(status(&who.caller.token, "/v1/triage/queues").await, 401);
        assert_eq!(status(&lead.caller.token, "/v1/triage/queues").await, 200);
        let name = who.username.clone();
        assert!(world.app.read(move |rx| staff::account(rx, &name)).await.unwrap().is_none());
        assert_eq!(contradicted(&world).await, []);
        // Once a digest stands that is newer than all that the file knows, nothing is missing.
        world.pass(60);
        jobs::once(&world.app, "sign").await.unwrap();
        let problems = wrong(&check(&world, &[]).1, "problems");
        assert!(!problems.contains("audit_digests digest_gone"), "{problems:?}");
    });
}

#[test]
fn digests_that_are_taken_away_are_missed_and_a_broken_file_stops_nobody() {
    on_both(|world| async move {
        jobs::once(&world.app, "sign").await.unwrap();
        world.tamper("DELETE FROM audit_digests");
        let (code, said) = check(&world, &[]);
        assert_eq!((code, wrong(&said, "problems")), (Some(1), ["audit_digests digest_gone".to_owned()].into()));
        // What somebody else wrote is not learnt: neither a digest of a time to come, nor that an account was closed.
        let lead = world.staff(Role::Lead).await;
        jobs::once(&world.app, "sign").await.unwrap();
        let written = std::fs::read_to_string(world.app.high_water_file()).unwrap();
        world.tamper("UPDATE audit_digests SET at = 9000000000000000");
        world.tamper(&format!("UPDATE staff SET active = FALSE WHERE id = '{}'", lead.id));
        world.app.raise_high_water().await.unwrap();
        assert_eq!(std::fs::read_to_string(world.app.high_water_file()).unwrap(), written);
        world.tamper(&format!("DELETE FROM audit_digests; UPDATE staff SET active = TRUE WHERE id = '{}'", lead.id));
        std::fs::write(world.app.high_water_file(), "{ half a fi").unwrap();
        app::open(world.config.clone(), world.clock.clone()).await.unwrap();
        assert_eq!(check(&world, &[]).0, Some(0));
    });
}

#[test]
fn whose_walls_were_changed_by_somebody_else_is_shown_no_case_and_others_are() {
    on_both(|world| async move {
        let (spark, lead, _, another) = lived_in(&world).await;
        let other = world.staff(Role::Lead).await;
        let (name, number) = (other.username.clone(), Identifier::new(IdentifierKind::Email, "k.example@gmail.com"));
        world.app.write(TEST, move |tx| colleagues::declare(tx, &name, &number)).await.unwrap();
        let path = format!("/v1/triage/cases/{another}");
        let status = async |who: &Staff| who.caller.get(&path).await.status;
        let changed = async || -> Vec<String> {
            let found = world.app.read(soundness::proofs).await.unwrap();
            found.into_iter().filter(|one| one.code == "walls_changed").map(|one| one.id).collect()
        };
        let mine = format!("staff_id = '{}'", lead.id);
        let one = format!("(SELECT digest FROM staff_identifiers WHERE {mine} ORDER BY digest LIMIT 1)");
        let edits = [
            format!("DELETE FROM staff_identifiers WHERE {mine}"),
            format!("DELETE FROM staff_identifiers WHERE {mine} AND digest = {one}"),
            format!("DELETE FROM staff_identifiers WHERE {mine}; DELETE FROM declarations WHERE {mine}"),
            format!("UPDATE staff_identifiers SET digest = substr(digest, 1, 31) WHERE {mine} AND digest = {one}"),
            format!("UPDATE staff_identifiers SET staff_id = '{}' WHERE {mine} AND digest = {one}", spark.client_id),
            format!("UPDATE staff_identifiers SET declaration_id = NULL WHERE {mine}"),
        ];
        assert_eq!(changed().await, Vec::<String>::new());
        for sql in edits {
            assert_eq!((status(&lead).await, status(&other).await), (200, 200), "before {sql}");
            for table in ["staff_identifiers", "declarations"] {
                world.tamper(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}"));
            }
            world.tamper(&sql);
            assert_eq!((status(&lead).await, status(&other).await), (404, 200), "{sql}");
            assert_eq!(changed().await, std::slice::from_ref(&lead.id), "{sql}");
            for table in ["staff_identifiers", "declarations"] {
                world.tamper(&format!(
                    "DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}; DROP TABLE kept_{table}"
                ));
            }
        }
        // Nobody but who keeps the accounts makes it good: by having it declared again.
        world.tamper(&format!("DELETE FROM staff_identifiers WHERE {mine}"));
        jobs::tick(std::sync::Arc::clone(&world.app)).await.unwrap();
        jobs::once(&world.app, "tidy").await.unwrap();
        assert_eq!(status(&lead).await, 404);
        let (name, number) = (lead.username.clone(), Identifier::new(IdentifierKind::Phone, "+447700900123"));
        world.app.write(TEST, move |tx| colleagues::declare(tx, &name, &number)).await.unwrap();
        assert_eq!((status(&lead).await, changed().await.len()), (200, 0));
    });
}

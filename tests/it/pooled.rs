//! PostgreSQL behind a pooler that lends its sessions for one transaction each: nothing of a session may be counted on.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use futures_util::future::join_all;
use recourse::base::secret::Sensitive;
use recourse::domain::people::staff::Role;
use serde_json::{Value, json};

use crate::harness::client::{full, new_key, small};
use crate::harness::pooler::Pooler;
use crate::harness::process::{Service, all_pages};
use crate::harness::{Database, World, databases, fresh_database};
use crate::shares::readers_are_ended;

/// A database of its own, and a pooler with three sessions before it. Its URL through the pooler, and its own.
async fn pooled() -> Option<(Pooler, String, String)> {
    if !databases().contains(&Database::Postgres) {
        return None;
    }
    let direct = fresh_database();
    let (server, name) = direct.rsplit_once('/').unwrap();
    let port = server.rsplit_once(':').unwrap().1.parse().unwrap();
    let pooler = Pooler::start(port, 3).await?;
    let url = pooler.url(name);
    Some((pooler, url, direct))
}

#[test]
fn a_pooler_that_lends_sessions_changes_nothing_for_anybody() {
    actix_web::rt::System::new().block_on(async {
        let Some((_pooler, url, direct)) = pooled().await else { return };
        let settings = |config: &mut recourse::config::Config| {
            config.database_url = Some(Sensitive::new(url.clone()));
            config.postgres_connections = 12;
        };
        let world = World::begin(Database::Postgres, &settings).await;
        let spark = world.platform("spark").await;
        // Far more calls than sessions, of every kind, each of them twice.
        let calls: Vec<(String, Value)> = (0..48).map(|n| (new_key(), full(&format!("P-{n}")))).collect();
        for _ in 0..2 {
            let post = |(key, body)| spark.caller.post_with("/v1/reports", key, None, body);
            let answers = join_all(calls.iter().map(|(key, body)| post((key, body)))).await;
            assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
        }
        assert_eq!(all_pages(&spark.caller, "/v1/reports").await.len(), 48);
        let lead = world.staff(Role::SafeguardingLead).await;
        let case = lead.case_of("P-1").await;
        lead.take(&case).await;
        lead.act_seen(&case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
        world.pass(300);
        world.run_jobs().await;
        // The settings hold in every transaction, whoever had the session before.
        let mut other = PgConnection::establish(&direct).unwrap();
        other.batch_execute("BEGIN; LOCK TABLE reports IN ACCESS EXCLUSIVE MODE").unwrap();
        let late: Vec<Value> = (0..3).map(|n| small(&format!("L-{n}"))).collect();
        let answers = join_all(late.iter().map(|body| spark.caller.post("/v1/reports", body))).await;
        assert!(answers.iter().all(|answer| answer.status == 503), "a lock is waited for five seconds: {answers:?}");
        other.batch_execute("ROLLBACK").unwrap();
        spark.caller.get("/readyz").await.expect(200);
        readers_are_ended(&world).await;
    });
}

#[test]
fn the_program_starts_migrates_and_checks_behind_a_pooler() {
    actix_web::rt::System::new().block_on(async {
        let Some((_pooler, url, _)) = pooled().await else { return };
        let empty = url.rsplit_once('/').unwrap().0.to_owned() + "/pooled_anew";
        let mut anywhere = PgConnection::establish(&url).unwrap();
        anywhere.batch_execute("CREATE DATABASE pooled_anew").unwrap();
        let mut service = Service::new(Some(empty));
        service.up().await;
        let credential = service.credential("spark").await;
        let _ = service.lead().await;
        let spark = service.sign_in(&credential).await.caller;
        spark.post("/v1/reports", &small("S-1")).await.expect(201);
        service.kill();
        service.up().await;
        assert_eq!(all_pages(&spark, "/v1/reports").await.len(), 1);
        let check = service.run(&["check"]);
        assert_eq!(check.status.code(), Some(0), "{}", String::from_utf8_lossy(&check.stdout));
    });
}

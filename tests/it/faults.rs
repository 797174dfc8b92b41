//! A database that is locked, gone or full; rules and keys that cannot be used; a worker that dies. Nobody reads a
//! false 201, and the service mends itself when the fault ends.

use std::collections::BTreeMap;
use std::fs::{self};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::{PgConnection, SqliteConnection};
use futures_util::future::join_all;
use recourse::base::secret::Sensitive;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::domain::webhooks;
use serde_json::{Value, json};

use crate::harness::TEST;
use crate::harness::client::{Answer, Caller, new_key, small};
use crate::harness::postgres::{ClusterOptions, private_cluster};
use crate::harness::process::{Service, all_pages, now, pause};
use crate::harness::{Database, World, on_both, on_both_with};

/// The answer while the database cannot work.
#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"), "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|wait| wait > 0), "{answer:?}");
    assert_eq!(answer.json()["retryable"], true);
}

/// Nothing stays wrong. Jobs that the full disk had step over a row try it again when they begin, which takes a moment.
async fn assert_sound(service: &Service) {
    let begin = now();
    loop {
        let check = service.run(&["check"]);
        if check.status.code() == Some(0) {
            return;
        }
        let said = String::from_utf8_lossy(&check.stdout);
        let mut wrong = said.lines().filter(|line| line.starts_with("wrong: "));
        assert!(wrong.all(|line| line.contains("stumbles") && line.contains("stepped_over")), "{said}");
        assert!(begin.elapsed() < Duration::from_mins(1), "{said}");
        pause(Duration::from_millis(100)).await;
    }
}

/// Makes the same call until it is stored, a few times at the most.
async fn soon(caller: &Caller, key: &str, body: &Value) -> Answer {
    for _ in 0..40 {
        let answer = caller.post_with("/v1/reports", key, None, body).await;
        if answer.status != 503 {
            return answer;
        }
        pause(Duration::from_millis(50)).await;
    }
    panic!("the service does not mend itself")
}

/// A second connection that keeps everybody else from writing reports.
pub(crate) fn lock(world: &World) -> Box<dyn FnOnce()> {
    lock_table(world, "reports")
}

fn lock_table(world: &World, table: &str) -> Box<dyn FnOnce()> {
    if let Some(url) = &world.config.database_url {
        let mut conn = PgConnection::establish(url.expose()).unwrap();
        conn.batch_execute(&format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")).unwrap();
        return Box::new(move || conn.batch_execute("ROLLBACK").unwrap());
    }
    let file = world.dir().join("recourse.sqlite3");
    let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    conn.batch_execute("BEGIN IMMEDIATE").unwrap();
    Box::new(move || conn.batch_execute("ROLLBACK").unwrap())
}

#[test]
fn a_locked_database_is_503_for_all_who_wait_and_works_again_after() {
    on_both(|world| async move {
        let spark = world.platform("spark").await.caller;
        let calls: Vec<(String, Value)> = (0..6).map(|n| (new_key(), small(&format!("L-{n}")))).collect();
        let unlock = lock(&world);
        let begin = now();
        let post = |(key, body)| spark.post_with("/v1/reports", key, None, body);
        let answers = join_all(calls.iter().map(|(key, body)| post((key, body)))).await;
        answers.iter().for_each(assert_unavailable);
        let waited = begin.elapsed();
        assert!(waited < Duration::from_secs(15), "{waited:?}: those who wait must not wait for each other");
        unlock();
        for (key, body) in &calls {
            soon(&spark, key, body).await.expect(201);
        }
        assert_eq!(all_pages(&spark, "/v1/reports").await.len(), 6);
    });
}

#[test]
fn a_database_that_takes_no_writes_is_not_ready() {
    on_both(|world| async move {
        let anybody = world.caller("");
        anybody.get("/readyz").await.expect(200);
        world.pass(2);
        let unlock = lock_table(&world, "keyrings");
        assert_unavailable(&anybody.get("/readyz").await);
        anybody.get("/healthz").await.expect(200);
        unlock();
        anybody.get("/readyz").await.expect(200);
    });
}

#[test]
fn a_database_server_that_is_gone_is_503_and_comes_back_without_a_restart() {
    let Some(cluster) = private_cluster(&ClusterOptions { durable: true, ..ClusterOptions::default() }) else { return };
    let url = cluster.url("postgres");
    actix_web::rt::System::new().block_on(async move {
        let settings = |config: &mut recourse::config::Config| {
            config.database_url = Some(Sensitive::new(url.clone()));
            config.postgres_connections = 4;
        };
        let world = World::begin(Database::Postgres, &settings).await;
        let spark = world.platform("spark").await.caller;
        let mut stored = 0;
        for round in 0..2 {
            // Every connection of the pool is open when the server goes.
            let before: Vec<Value> = (0..8).map(|n| small(&format!("G-{round}-{n}"))).collect();
            let answers = join_all(before.iter().map(|body| spark.post("/v1/reports", body))).await;
            assert!(answers.iter().all(|answer| answer.status == 201));
            if round == 0 {
                cluster.stop_immediately();
            } else {
                cluster.kill();
            }
            let (key, body) = (new_key(), small(&format!("G-{round}-gone")));
            assert_unavailable(&spark.post_with("/v1/reports", &key, None, &body).await);
            assert_unavailable(&spark.get("/readyz").await);
            assert_eq!(
                spark.get("/healthz").await.status,
                200,
                "the process lives, and must not be restarted for this"
            );
            cluster.restart();
            soon(&spark, &key, &body).await.expect(201);
            soon(&spark, &key, &body).await.expect(201);
            spark.get("/readyz").await.expect(200);
            stored += 9;
        }
        assert_eq!(all_pages(&spark, "/v1/reports").await.len(), stored);
    });
}

/// Posts big reports until the disk is full; what was stored, and the call that was refused twice in a row. One refusal
/// is not the end: a checkpoint may make room, and then the same call is stored.
async fn fill(spark: &Caller) -> (BTreeMap<String, Value>, (String, Value)) {
    let mut ledger = BTreeMap::new();
    for number in 0..2_000 {
        let (key, mut body) = (new_key(), small(&format!("D-{number}")));
        body["statement"] = json!("x".repeat(19_000));
        let mut answer = spark.post_with("/v1/reports", &key, None, &body).await;
        if answer.status != 201 {
            assert_unavailable(&answer);
            answer = spark.post_with("/v1/reports", &key, None, &body).await;
        }
        if answer.status != 201 {
            assert_unavailable(&answer);
            return (ledger, (key, body));
        }
        ledger.insert(format!("D-{number}"), answer.json()["id"].clone());
    }
    panic!("the disk is never full")
}

/// Every 201 is there, and only what was answered 201.
async fn compare(spark: &Caller, mut ledger: BTreeMap<String, Value>, refused: (String, Value)) {
    let stored = |list: Vec<Value>| -> BTreeMap<String, Value> {
        list.iter().map(|r| (r["platform_report_ref"].as_str().unwrap().to_owned(), r["id"].clone())).collect()
    };
    let last = soon(spark, &refused.0, &refused.1).await.expect(201).json();
    ledger.insert(last["platform_report_ref"].as_str().unwrap().to_owned(), last["id"].clone());
    assert_eq!(stored(all_pages(spark, "/v1/reports").await), ledger);
}

#[test]
fn a_full_disk_is_503_and_loses_no_report_on_sqlite() {
    actix_web::rt::System::new().block_on(async {
        let mut service = Service::new(None);
        let credential = service.credential("spark").await;
        // A case that nobody may see would be a finding.
        service.lead().await;
        service.start_with_file_limit(4_096);
        service.ready().await;
        let spark = service.sign_in(&credential).await.caller;
        let (mut ledger, refused) = fill(&spark).await;
        assert!(ledger.len() > 10, "{}", ledger.len());
        // What is left takes small reports yet. One refusal is not the end here either: the log may be copied meanwhile, and then
        // the probe is right that there is room. So reports go on coming until it says that there is none.
        let begin = now();
        let mut ready = spark.get("/readyz").await;
        for number in 0.. {
            if ready.status != 200 || begin.elapsed() > Duration::from_mins(1) {
                break;
            }
            let reference = format!("E-{number}");
            let answer = spark.post("/v1/reports", &small(&reference)).await;
            if answer.status == 201 {
                ledger.insert(reference, answer.json()["id"].clone());
                continue;
            }
            assert_unavailable(&answer);
            pause(Duration::from_millis(20)).await;
            ready = spark.get("/readyz").await;
        }
        assert_unavailable(&ready);
        service.kill();
        service.up().await;
        compare(&spark, ledger, refused).await;
        assert_sound(&service).await;
    });
}

#[test]
fn a_full_disk_is_503_and_loses_no_report_on_postgres() {
    let limited = ClusterOptions { file_limit_kib: Some(3_072), wal_segsize_mb: Some(1), ..ClusterOptions::default() };
    let Some(cluster) = private_cluster(&limited) else { return };
    actix_web::rt::System::new().block_on(async move {
        let mut service = Service::new(Some(cluster.url("postgres")));
        let credential = service.credential("spark").await;
        // A case that nobody may see would be a finding.
        service.lead().await;
        service.up().await;
        let spark = service.sign_in(&credential).await.caller;
        let (mut ledger, (key, mut body)) = fill(&spark).await;
        assert!(ledger.len() > 10, "{}", ledger.len());
        // Nothing lifts this server's limit: the refused report is made small enough to fit, which is another call.
        assert_eq!(all_pages(&spark, "/v1/reports").await.len(), ledger.len());
        // Small writes fit yet, the probe's among them.
        spark.get("/readyz").await.expect(200);
        service.kill();
        service.up().await;
        let listed = all_pages(&spark, "/v1/reports").await;
        for report in &listed {
            let known = ledger.remove(report["platform_report_ref"].as_str().unwrap());
            assert_eq!(known.as_ref(), Some(&report["id"]), "only what was answered 201");
        }
        assert!(ledger.is_empty(), "lost: {ledger:?}");
        body["statement"] = json!("short");
        let answer = spark.post_with("/v1/reports", &key, None, &body).await;
        assert!([201, 503].contains(&answer.status), "{answer:?}");
        assert_sound(&service).await;
    });
}

#[test]
fn rules_that_do_not_parse_make_every_case_p1_and_page_the_on_call() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rules.toml");
    fs::write(&file, "version = \"mine\"\n[[floor]\n").unwrap();
    on_both_with(
        |config| config.rules_file = Some(file.clone()),
        |world| async move {
            let spark = world.platform("spark").await;
            spark.submit(&small("F-1")).await;
            let lead = world.staff(Role::Lead).await;
            let id = lead.case_of("F-1").await;
            let (case, _) = lead.case(&id).await;
            assert_eq!((&case["priority"], &case["priority_source"]), (&json!("p1"), &json!("failure")));
            world.run_jobs().await;
            let chain = id.clone();
            let events = world.app.read(move |rx| recourse::domain::ledger::audit::list(rx, &chain)).await.unwrap();
            let paged: Vec<&str> =
                events.iter().filter(|e| e.kind == "on_call_paged").map(|e| e.details.as_str()).collect();
            assert!(paged.iter().any(|details| details.contains("triage_failed")), "{paged:?}");
            let ready = world.caller("").get("/readyz").await.expect(200).json();
            assert_eq!((&ready["status"], &ready["ruleset"]), (&json!("degraded"), &json!("none")));
        },
    );
}

#[test]
fn a_revoked_client_is_out_at_once_and_a_token_after_ten_minutes() {
    on_both(|world| async move {
        let credential = world.credential("spark", Mode::Live, Scope::ALL).await;
        let spark = crate::harness::client::Platform::sign_in(&world, &credential).await.caller;
        spark.get("/v1/status").await.expect(200);
        world.pass(601);
        assert_eq!(spark.get("/v1/status").await.expect(401).code(), "credential_invalid");
        let spark = crate::harness::client::Platform::sign_in(&world, &credential).await.caller;
        let (key, body) = (new_key(), small("V-1"));
        spark.post_with("/v1/reports", &key, None, &body).await.expect(201);
        let client = credential.client.clone();
        world.app.write(TEST, move |tx| webhooks::revoke_client(tx, &client)).await.unwrap();
        for path in ["/v1/status", "/v1/reports", "/v1/events", "/v1/requests"] {
            spark.get(path).await.expect(401);
        }
        spark.post_with("/v1/reports", &key, None, &body).await.expect(401);
        spark.post("/v1/reports", &small("V-2")).await.expect(401);
    });
}

//! A database that is locked, gone or full; rules and keys that cannot be used; a worker that dies. Nobody reads a
//! false 201, and the service mends itself when the fault ends.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::{PgConnection, SqliteConnection};
use futures_util::future::join_all;
use recourse::base::id::StaffId;
use recourse::base::secret::Sensitive;
use recourse::db::schema::outbox as outbox_table;
use recourse::domain::outbox::{self, Job};
use recourse::domain::paging::Notice;
use recourse::domain::platforms::{self, Mode, Scope};
use recourse::domain::staff::Role;
use recourse::jobs;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::{Answer, Caller, full, new_key, small};
use crate::harness::postgres::{ClusterOptions, private_cluster};
use crate::harness::process::{Service, all_pages, attempt, now, pause};
use crate::harness::{Database, World, databases, fresh_database, on_both, on_both_with};

/// The answer while the database cannot work.
#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"), "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|wait| wait > 0), "{answer:?}");
    assert_eq!(answer.json()["retryable"], true);
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
fn lock(world: &World) -> Box<dyn FnOnce()> {
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
        service.start_with_file_limit(4_096);
        service.ready().await;
        let spark = service.sign_in(&credential).await.caller;
        let (mut ledger, refused) = fill(&spark).await;
        assert!(ledger.len() > 10, "{}", ledger.len());
        // What is left takes small reports yet, and then perhaps a few writes that are smaller still.
        for number in 0..2_000 {
            let reference = format!("E-{number}");
            let answer = spark.post("/v1/reports", &small(&reference)).await;
            if answer.status != 201 {
                assert_unavailable(&answer);
                break;
            }
            ledger.insert(reference, answer.json()["id"].clone());
        }
        let begin = now();
        let mut ready = spark.get("/readyz").await;
        while ready.status == 200 && begin.elapsed() < Duration::from_mins(1) {
            pause(Duration::from_millis(100)).await;
            ready = spark.get("/readyz").await;
        }
        assert_unavailable(&ready);
        service.kill();
        service.up().await;
        compare(&spark, ledger, refused).await;
        assert_eq!(service.run(&["check"]).status.code(), Some(0));
    });
}

#[test]
fn a_full_disk_is_503_and_loses_no_report_on_postgres() {
    let limited = ClusterOptions { file_limit_kib: Some(3_072), wal_segsize_mb: Some(1), ..ClusterOptions::default() };
    let Some(cluster) = private_cluster(&limited) else { return };
    actix_web::rt::System::new().block_on(async move {
        let mut service = Service::new(Some(cluster.url("postgres")));
        let credential = service.credential("spark").await;
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
        assert_eq!(service.run(&["check"]).status.code(), Some(0));
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
            let events = world.app.db.read(move |rx| recourse::domain::audit::list(rx, &chain)).await.unwrap();
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
        world.app.db.write(move |tx| platforms::revoke_client(tx, &client)).await.unwrap();
        for path in ["/v1/status", "/v1/reports", "/v1/events", "/v1/requests"] {
            spark.get(path).await.expect(401);
        }
        spark.post_with("/v1/reports", &key, None, &body).await.expect(401);
        spark.post("/v1/reports", &small("V-2")).await.expect(401);
    });
}

#[test]
fn more_than_one_batch_of_old_rows_is_forgotten() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let reports: Vec<Value> = (0..100).map(|n| small(&format!("OLD-{n}"))).collect();
        for round in 0..4 {
            let part: Vec<Value> = reports.iter().map(|report| renamed(report, round)).collect();
            spark.caller.post("/v1/reports/batch", &json!({"reports": part})).await.expect(207);
        }
        world.pass(31 * 24 * 3600);
        jobs::tidy(std::sync::Arc::clone(&world.app)).await.unwrap();
        let left = world.app.db.read(|rx| {
            let events: i64 = recourse::db::schema::events::table.count().get_result(rx.conn())?;
            let keys: i64 = recourse::db::schema::idempotency::table.count().get_result(rx.conn())?;
            Ok((events, keys))
        });
        assert_eq!(left.await.unwrap(), (0, 0));
    });
}

/// The same report under another reference.
fn renamed(report: &Value, round: u32) -> Value {
    let mut report = report.clone();
    report["platform_report_ref"] = json!(format!("{}-{round}", report["platform_report_ref"].as_str().unwrap()));
    report
}

#[test]
fn a_worker_that_dies_leaves_its_jobs_to_another() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let mut body = full("W-1");
        body["answers"] = json!({"not_safe_now": "yes"});
        spark.submit(&body).await;
        world.pass(120);
        jobs::tick(Arc::clone(&world.app)).await.unwrap();
        let db = &world.app.db;
        let dead = db.write(|tx| outbox::lease(tx, "dead", 10)).await.unwrap();
        assert!(!dead.is_empty());
        assert_eq!(jobs::work_off(&world.app, "living").await.unwrap(), 0, "the lease holds");
        world.pass(61);
        assert_eq!(jobs::work_off(&world.app, "living").await.unwrap(), dead.len());
        let id = dead[0].id.clone();
        assert!(!db.write(move |tx| outbox::finish(tx, &id, "dead")).await.unwrap(), "its lease is another's");
        assert_eq!(db.read(outbox::depth).await.unwrap(), (0, 0));
        let done: Vec<(i64, Option<String>)> = db
            .read(|rx| {
                Ok(outbox_table::table.select((outbox_table::attempts, outbox_table::lease_by)).load(rx.conn())?)
            })
            .await
            .unwrap();
        assert!(done.iter().all(|job| *job == (2, Some("living".to_owned()))), "{done:?}");
        let id = world.staff(Role::Lead).await.case_of("W-1").await;
        let events = db.read(move |rx| recourse::domain::audit::list(rx, &id)).await.unwrap();
        assert_eq!(events.iter().filter(|event| event.kind == "on_call_paged").count(), dead.len(), "once each");
    });
}

/// A job's kind, whether it is done, what was said of it last, and whether it is dead.
type Outcome = (String, bool, Option<String>, bool);

#[test]
fn a_job_that_meets_a_fault_says_so_and_holds_up_no_other() {
    // Nothing listens there, and nothing is sent: the colleague does not exist.
    let mail = |config: &mut recourse::config::Config| {
        config.mail.url = Some(Sensitive::new("smtp://127.0.0.1:1".to_owned()));
    };
    on_both_with(mail, |world| async move {
        let db = &world.app.db;
        let broken = Job::Mail { staff: StaffId::random(), notice: Notice::Wall };
        db.write(move |tx| outbox::enqueue(tx, &broken, tx.now(), None)).await.unwrap();
        let spark = world.platform("spark").await;
        let mut body = full("J-1");
        body["answers"] = json!({"not_safe_now": "yes"});
        spark.submit(&body).await;
        world.pass(120);
        world.run_jobs().await;
        let jobs = || async {
            db.read(|rx| {
                let of_job = (
                    outbox_table::kind,
                    outbox_table::done_at.is_not_null(),
                    outbox_table::last_error,
                    outbox_table::dead_at.is_not_null(),
                );
                Ok(outbox_table::table.order(outbox_table::created_at).select(of_job).load::<Outcome>(rx.conn())?)
            })
            .await
            .unwrap()
        };
        let reason = Some("a fault of this service: not found".to_owned());
        let all = jobs().await;
        assert_eq!(all[0], ("mail".to_owned(), false, reason.clone(), false));
        assert!(all.len() > 1 && all[1..].iter().all(|job| job.1), "{all:?}");
        for _ in 1..12 {
            assert!(!jobs().await[0].3, "it has attempts left");
            world.pass(2 * 3_600);
            jobs::work_off(&world.app, "test").await.unwrap();
        }
        assert_eq!(jobs().await[0], ("mail".to_owned(), false, reason, true));
    });
}

/// Leaves the note of a demo that is not there.
fn leave_note(service: &Service) {
    let platform = json!({"slug": "spark", "client_id": format!("plc_{}", "0".repeat(26)), "client_secret": "none"});
    let note = json!({"base_url": "http://127.0.0.1:1", "platforms": [platform], "staff": []});
    fs::create_dir_all(service.data()).unwrap();
    fs::write(service.data().join("demo.json"), note.to_string()).unwrap();
}

#[test]
fn the_demo_fills_no_database_that_has_people_already() {
    actix_web::rt::System::new().block_on(async {
        let urls = databases().into_iter().map(|database| match database {
            Database::Sqlite => None,
            Database::Postgres => Some(fresh_database()),
        });
        for url in urls.collect::<Vec<_>>() {
            let service = Service::new(url.clone());
            let _ = service.credential("spark").await;
            // The installation's own directory.
            let said = service.refused(&["demo", "--reports", "1"]);
            assert!(said.contains("is no demo; choose a fresh directory with --data"), "{said}");
            // A directory of its own, and the installation's database.
            let file = format!("sqlite://{}", service.data().join("recourse.sqlite3").display());
            let stranger = Service::new(Some(url.clone().unwrap_or(file)));
            let said = stranger.refused(&["demo", "--reports", "1"]);
            assert!(said.contains("holds platforms or staff and is no demo"), "{said}");
            assert!(!stranger.data().join("keyring.json").exists(), "nothing is made on the way");
            // An old demo's note makes neither of them a demo, nor a database in which nothing is.
            let empty = Service::new(url.as_ref().map(|_| fresh_database()));
            for elsewhere in [&service, &stranger, &empty] {
                leave_note(elsewhere);
                let said = elsewhere.refused(&["demo", "--reports", "1"]);
                assert!(said.contains("demo.json tells of a demo that is not in this database"), "{said}");
            }
            for elsewhere in [&stranger, &empty] {
                let left: Vec<_> = fs::read_dir(elsewhere.data()).unwrap().map(|e| e.unwrap().file_name()).collect();
                assert_eq!(left, ["demo.json"], "nothing is made on the way");
            }
            let app = service.open().await;
            let slugs = app.db.read(|rx| Ok(platforms::list(rx)?.into_iter().map(|(p, _)| p.slug).collect::<Vec<_>>()));
            assert_eq!(slugs.await.unwrap(), ["spark"]);
        }
    });
}

#[test]
fn a_service_does_not_start_on_keys_or_settings_that_are_wrong() {
    actix_web::rt::System::new().block_on(async {
        let mut service = Service::new(None);
        let _ = service.credential("spark").await;
        let _ = service.lead().await;
        let keyring = service.data().join("keyring.json");
        let _open = service.open().await;
        for name in ["keyring.json", "recourse.sqlite3", "recourse.sqlite3-wal", "recourse.sqlite3-shm"] {
            let mode = fs::metadata(service.data().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }

        fs::set_permissions(&keyring, Permissions::from_mode(0o640)).unwrap();
        assert!(service.refused(&["serve"]).contains("can be read by others; run: chmod 600"));
        fs::set_permissions(&keyring, Permissions::from_mode(0o600)).unwrap();

        let own = fs::read(&keyring).unwrap();
        fs::remove_file(&keyring).unwrap();
        let said = service.refused(&["serve"]);
        assert!(said.contains("is missing, but the database holds sealed rows"), "{said}");
        assert!(!keyring.exists(), "no new keyring is made over sealed rows");
        fs::write(&keyring, "{}").unwrap();
        fs::set_permissions(&keyring, Permissions::from_mode(0o600)).unwrap();
        assert!(service.refused(&["serve"]).contains("cannot be read as one"));

        let other = Service::new(None);
        let _ = other.credential("other").await;
        fs::copy(other.data().join("keyring.json"), &keyring).unwrap();
        assert!(service.refused(&["serve"]).contains("does not belong to this database"));

        fs::write(&keyring, own).unwrap();
        assert!(service.refused(&["work"]).contains("needs PostgreSQL"));
        assert!(service.refused(&["serve", "--no-jobs"]).contains("needs PostgreSQL"));
        service.up().await;
        assert!(attempt(service.caller("").request(Method::GET, "/readyz")).await.unwrap().status == 200);
        service.kill();
        service.set("RECOURSE_LIMTS__INGEST", "5");
        let said = service.refused(&["serve"]);
        assert!(said.contains("limts"), "{said}");
    });
}

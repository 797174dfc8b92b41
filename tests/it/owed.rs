//! Owed work and tidying: nothing is lost by a worker that dies, and nothing held up by a job that fails.

use crate::harness::TEST;
use crate::harness::client::{full, small};
use crate::harness::{World, on_both, on_both_with};
use diesel::prelude::*;
use recourse::base::id::{CaseId, StaffId};
use recourse::base::secret::Sensitive;
use recourse::db::schema::outbox as outbox_table;
use recourse::domain::ledger::outbox;
use recourse::domain::paging::Notice;
use recourse::domain::paging::owed::{self, Job};
use recourse::domain::people::staff::Role;
use recourse::jobs;
use serde_json::{Value, json};
use std::sync::Arc;

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
        jobs::once(&world.app, "tidy").await.unwrap();
        let left = world.app.read(|rx| {
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
        // Somebody who sees the case: that nobody does would be owed work, too.
        let lead = world.staff(Role::Lead).await;
        let mut body = full("W-1");
        body["answers"] = json!({"not_safe_now": "yes"});
        spark.submit(&body).await;
        world.pass(120);
        jobs::tick(Arc::clone(&world.app)).await.unwrap();
        let app = &world.app;
        let dead = app.write(TEST, |tx| crate::harness::lease(tx, "dead", 10)).await.unwrap();
        assert!(!dead.is_empty());
        assert_eq!(jobs::work_off(&world.app, "living").await.unwrap(), 0, "the lease holds");
        world.pass(61);
        assert_eq!(jobs::work_off(&world.app, "living").await.unwrap(), dead.len());
        let held = app.write(TEST, move |tx| outbox::finish(tx, &dead[0].lease)).await.unwrap();
        assert!(!held, "its lease is another's");
        assert_eq!(app.read(outbox::depth).await.unwrap(), (0, 0));
        let done: Vec<(i64, Option<String>)> = app
            .read(|rx| {
                Ok(outbox_table::table.select((outbox_table::attempts, outbox_table::lease_by)).load(rx.conn())?)
            })
            .await
            .unwrap();
        assert!(done.iter().all(|job| *job == (2, Some("living".to_owned()))), "{done:?}");
        let id = lead.case_of("W-1").await;
        let events = app.read(move |rx| recourse::domain::ledger::audit::list(rx, &id)).await.unwrap();
        assert_eq!(events.iter().filter(|event| event.kind == "on_call_paged").count(), 1, "once");
    });
}

/// What stands of each job: whether it is done, dead, said to have failed, and when it is due.
async fn standing(world: &World) -> Vec<(bool, bool, bool, i64)> {
    let of_job = (
        outbox_table::done_at.is_not_null(),
        outbox_table::dead_at.is_not_null(),
        outbox_table::last_error.is_not_null(),
        outbox_table::run_at,
    );
    let all = outbox_table::table.order(outbox_table::id).select(of_job);
    world.app.read(move |rx| Ok(all.load(rx.conn())?)).await.unwrap()
}

#[test]
fn a_worker_whose_lease_was_taken_over_ends_nothing() {
    on_both(|world| async move {
        let app = &world.app;
        for taken_over_by in ["other", "first"] {
            let job = Job::TellOfWall { case: CaseId::random() };
            app.write(TEST, move |tx| owed::owe(tx, &job, tx.now(), None)).await.unwrap();
            let late = app.write(TEST, |tx| crate::harness::lease(tx, "first", 10)).await.unwrap();
            world.pass(61);
            let held = app.write(TEST, move |tx| crate::harness::lease(tx, taken_over_by, 10)).await.unwrap();
            assert_eq!((late.len(), held.len()), (1, 1));
            let before = standing(&world).await;
            let ended = app.write(TEST, move |tx| {
                let finished = outbox::finish(tx, &late[0].lease)?;
                let failed = owed::fail(tx, &late[0], "too late")?;
                Ok([finished, failed, outbox::bury(tx, &late[0].lease, "too late")?])
            });
            assert_eq!(ended.await.unwrap(), [false; 3], "taken over by {taken_over_by}");
            assert_eq!(standing(&world).await, before, "taken over by {taken_over_by}");
            let ended = app.write(TEST, move |tx| {
                // Once it is ended, it is nobody's.
                Ok([outbox::bury(tx, &held[0].lease, "in time")?, outbox::finish(tx, &held[0].lease)?])
            });
            assert_eq!(ended.await.unwrap(), [true, false], "held by {taken_over_by}");
        }
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
        let app = &world.app;
        let broken = Job::Mail { staff: StaffId::random(), notice: Notice::Wall };
        app.write(TEST, move |tx| owed::owe(tx, &broken, tx.now(), None)).await.unwrap();
        let spark = world.platform("spark").await;
        let mut body = full("J-1");
        body["answers"] = json!({"not_safe_now": "yes"});
        spark.submit(&body).await;
        world.pass(120);
        world.run_jobs().await;
        let jobs = || async {
            app.read(|rx| {
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

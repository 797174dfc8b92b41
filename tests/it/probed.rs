//! What `/readyz` says of the way of a page: it is known from a probe, whether or not there is a case, and nothing in it comes or
//! goes with one.

use std::collections::BTreeSet;
use std::sync::Arc;

use recourse::base::secret::Sensitive;
use recourse::base::time::Clock;
use recourse::jobs;
use serde_json::Value;

use crate::damage::urgent;
use crate::harness::receiver::{Manner, Receiver};
use crate::harness::{World, on_both};
use crate::operators::codes;

/// Why the service is degraded.
async fn reasons(world: &World) -> BTreeSet<String> {
    world.pass(3);
    let ready = world.caller("").get("/readyz").await.expect(200).json();
    let codes = ready["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap().to_owned());
    codes.collect()
}

/// What the jobs do in so many minutes.
async fn minutes(world: &World, count: u64) {
    for _ in 0..count {
        jobs::once(&world.app, "probe").await.unwrap();
        for _ in 0..4 {
            jobs::tick(Arc::clone(&world.app)).await.unwrap();
            jobs::work_off(&world.app, "test").await.unwrap();
            world.pass(15);
        }
    }
}

/// A world whose pager answers as it is told, close to the machine's time: `PostgreSQL` compares the two.
fn with_pager(test: &impl AsyncFn(World, Receiver)) {
    for database in crate::harness::databases() {
        actix_web::rt::System::new().block_on(async {
            let pager = Receiver::start(Manner::Answer(200, "")).await;
            let url = format!("http://127.0.0.1:{}/ring", pager.port);
            let set = |config: &mut recourse::config::Config| config.pager.url = Some(Sensitive::new(url.clone()));
            let world = World::begin(database, &set).await;
            let hour = std::time::Duration::from_hours(1);
            world.clock.advance(Clock::machine().now().minus(hour).since(world.clock.now()));
            test(world, pager).await;
        });
    }
}

/// What is of the tests: their clock stands apart from the server's.
fn apart(world: &World) -> BTreeSet<String> {
    if world.app.db.is_shared() { codes(["clock_differs"]) } else { codes([]) }
}

#[test]
fn a_pager_that_refuses_is_late_with_a_case_and_without_one() {
    with_pager(&async |world, pager| {
        let late = || &apart(&world) | &codes(["probe_late"]);
        minutes(&world, 1).await;
        assert_eq!(reasons(&world).await, apart(&world));
        pager.turn(Manner::Answer(500, ""));
        minutes(&world, 5).await;
        assert_eq!(reasons(&world).await, late(), "nobody has reported anything");
        pager.turn(Manner::Answer(200, ""));
        minutes(&world, 2).await;
        assert_eq!(reasons(&world).await, apart(&world), "and well again");
        world.platform("spark").await.submit(&urgent("PROBE-1")).await;
        pager.turn(Manner::Answer(500, ""));
        minutes(&world, 5).await;
        assert_eq!(reasons(&world).await, late(), "each retry moves the time of the job, and it is late");
        let text = world.app.metrics.text(0, &[]);
        let oldest = text.lines().find(|line| line.starts_with("recourse_outbox_oldest_due_seconds")).unwrap();
        let oldest: u64 = oldest.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(oldest >= 120, "{text}");
        assert!(text.contains("recourse_outbox_jobs{state=\"failing\"} 2"), "a page and the probe: {text}");
    });
}

#[test]
fn no_case_moves_readiness() {
    with_pager(&async |world, pager| {
        for manner in [Manner::Answer(200, ""), Manner::Answer(503, "")] {
            pager.turn(manner);
            minutes(&world, 5).await;
            let before = reasons(&world).await;
            let spark = world.platform("spark").await;
            for n in 0..5 {
                spark.submit(&urgent(&format!("MOVES-{n}-{}", world.clock.now().micros()))).await;
                assert_eq!(reasons(&world).await, before);
            }
            for _ in 0..5 {
                minutes(&world, 1).await;
                assert_eq!(reasons(&world).await, before);
            }
            // Work that was given up, and work that is as late as can be, are for the metrics.
            world.tamper("UPDATE outbox SET dead_at = 1 WHERE kind = 'pager'");
            assert_eq!(reasons(&world).await, before);
            world.tamper("UPDATE outbox SET dead_at = NULL, run_at = 1, created_at = 1 WHERE kind = 'pager'");
            assert_eq!(reasons(&world).await, before);
            world.tamper("DELETE FROM outbox WHERE kind = 'pager'");
            world.tamper("UPDATE alarms SET closed_at = next_at");
            assert_eq!(reasons(&world).await, before);
        }
    });
}

#[test]
fn a_probe_calls_nobody_and_says_so() {
    with_pager(&async |world, pager| {
        minutes(&world, 3).await;
        let told: Vec<Value> =
            pager.take().iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect();
        assert_eq!(told.len(), 3);
        for probe in &told {
            assert_eq!((&probe["urgency"], &probe["rung"]), (&Value::from("none"), &Value::from("probe")), "{probe}");
        }
        assert!(!world.app.metrics.text(0, &[]).contains("recourse_alarm_rings_total{"), "no ring");
    });
}

#[test]
fn a_worker_that_hangs_is_late_without_a_case() {
    with_pager(&async |world, _| {
        jobs::once(&world.app, "probe").await.unwrap();
        world.pass(130);
        assert!(reasons(&world).await.contains("probe_late"), "nobody has done it");
        jobs::work_off(&world.app, "test").await.unwrap();
        assert!(!reasons(&world).await.contains("probe_late"));
    });
}

#[test]
fn readiness_says_from_the_start_when_pages_have_no_way_out_and_does_not_tell_when_one_rings() {
    on_both(|world| async move {
        jobs::tick(Arc::clone(&world.app)).await.unwrap();
        let wanted = &apart(&world) | &codes(["no_way_to_page"]);
        assert_eq!(reasons(&world).await, wanted);
        let spark = world.platform("spark").await;
        spark.submit(&urgent("P-1")).await;
        assert_eq!(reasons(&world).await, wanted);
        world.tamper("UPDATE alarms SET closed_at = next_at");
        assert_eq!(reasons(&world).await, wanted, "the same, whatever rings");
    });
}

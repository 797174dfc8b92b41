//! Cases of one subject that wait together are compared as one, and what comes of it is what each would have found by itself.

use std::ops::Range;
use std::sync::Arc;

use actix_web::rt::spawn;
use diesel::prelude::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use recourse::db::schema::{cases, platforms};
use recourse::domain::people::platforms::Scope;
use recourse::domain::terms::Mode;
use recourse::domain::unit::Look;
use recourse::domain::watch::matching;
use recourse::domain::watch::together::Together;
use recourse::domain::watch::waiting::{Places, in_turn};
use recourse::jobs;
use serde_json::{Value, json};

use crate::harness::client::Platform;
use crate::harness::{World, on_both};
use crate::turned_away::{listen, statements};

/// A report: of whom, by which other name as well, by which account, of what, and how many seconds after the one before.
type Report = (usize, Option<usize>, usize, &'static str, u64);

fn some_reports() -> impl Strategy<Value = Vec<Report>> {
    let one = (
        0..3_usize,
        prop::option::of(0..3_usize),
        0..5_usize,
        select(&["threats", "phishing", "threats"][..]),
        select(&[0, 0, 0, 50, 121][..]),
    );
    vec(one, 12)
}

/// A report as it is sent. The numbers and names are those of one round alone.
fn written(round: usize, at: usize, (subject, other, by, category, _): &Report) -> Value {
    let number = |of: usize| format!("+4477009{}", 12_000 + round * 100 + of);
    let mut numbers = vec![json!({"type": "phone", "value": number(subject * 10)})];
    numbers.extend(other.map(|other| json!({"type": "phone", "value": number(other * 10 + 1)})));
    json!({
        "platform_report_ref": format!("R-{round}-{at}"),
        "category": category,
        "reporter": {"relation": "self", "platform_account_ref": format!("r{round}-{by}")},
        "subject": {"platform_account_ref": format!("s{round}-{at}"), "identifiers": numbers},
        "statement": "He hit me."
    })
}

/// How many wait, after each of them was compared by itself, and after those before it.
async fn found_alike(world: &World) -> usize {
    let compared = |rx: &mut Look<'_>| {
        let mut together = Together::default();
        let waiting = in_turn(rx, &mut Places::new(), 500)?;
        for (_, case) in &waiting {
            let alone = matching::compare(rx, case, &mut Together::default())?;
            assert_eq!(matching::compare(rx, case, &mut together)?, alone);
        }
        Ok(waiting.len())
    };
    world.app.read(compared).await.unwrap()
}

/// Sends them, some as trials. A token lasts ten minutes.
async fn submit(world: &World, round: usize, reports: &[Report], places: Range<usize>) {
    let mut platforms: Option<[Platform; 2]> = None;
    for at in places {
        let gap = reports[at].4;
        world.pass(gap);
        let ready = platforms.take().filter(|_| gap < 100);
        let both = match ready {
            Some(both) => both,
            None => [world.platform("spark").await, world.platform_with("spark", Mode::Test, Scope::ALL).await],
        };
        both[usize::from(at % 5 == 4)].submit(&written(round, at, &reports[at])).await;
        platforms = Some(both);
    }
}

#[test]
fn whoever_is_compared_with_others_finds_what_it_finds_alone() {
    on_both(|world| async move {
        let mut runner = TestRunner::deterministic();
        for round in 0..20 {
            let reports = some_reports().new_tree(&mut runner).unwrap().current();
            submit(&world, round, &reports, 0..7).await;
            assert_eq!(found_alike(&world).await, 7);
            jobs::once(&world.app, "compare").await.unwrap();
            submit(&world, round, &reports, 7..12).await;
            assert_eq!(found_alike(&world).await, 5);
            jobs::once(&world.app, "compare").await.unwrap();
        }
    });
}

#[test]
fn a_burst_about_one_subject_is_looked_at_once() {
    listen();
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let reports: Vec<Value> = (0..40).map(|at| written(0, at, &(0, None, at, "threats", 0))).collect();
        spark.caller.post("/v1/reports/batch", &json!({"reports": reports})).await.expect(207);
        let (heard, done) = statements(&world, jobs::once(&world.app, "compare")).await;
        done.unwrap();
        let opened = |text: &&String| text.contains("max(") && text.contains("assessments");
        assert_eq!(heard.iter().filter(opened).count(), 1, "{heard:#?}");
        assert_eq!(found_alike(&world).await, 0);
    });
}

/// The cases that still wait, by platform.
async fn who_waits(world: &World) -> (i64, i64) {
    let counted = |rx: &mut Look<'_>| {
        let mut of = |name: &str| {
            let whose = platforms::table.filter(platforms::name.eq(name)).select(platforms::id).single_value();
            let waits = cases::table.filter(cases::match_at.is_not_null().and(cases::platform_id.nullable().eq(whose)));
            waits.count().get_result(rx.conn())
        };
        Ok((of("spark")?, of("meetly")?))
    };
    world.app.read(counted).await.unwrap()
}

#[test]
fn the_few_of_one_platform_are_compared_before_the_many_of_another() {
    on_both(|world| async move {
        let (spark, meetly) = (world.platform("spark").await, world.platform("meetly").await);
        for round in 0..2 {
            // Each two name a number of their own, so that none is found in a group.
            let pairs = (0..100).map(|at| written(round, at, &(at / 2, None, at, "threats", 0)));
            let reports: Vec<Value> = pairs.collect();
            spark.caller.post("/v1/reports/batch", &json!({"reports": reports})).await.expect(207);
        }
        let next = |mut places: Places| {
            let read = world.app.read(move |rx| Ok((in_turn(rx, &mut places, 16)?, places)));
            async { read.await.unwrap() }
        };
        let (first, places) = next(Places::new()).await;
        assert_eq!(first.len(), 16);
        // Whoever comes while others are worked on is among the next, and nobody is met twice.
        let told = [0, 1].map(|at| written(3, at, &(0, None, at, "threats", 0)));
        for report in &told {
            meetly.submit(report).await;
        }
        let (second, _) = next(places).await;
        assert_eq!((second.len(), second.iter().filter(|row| first.contains(row)).count()), (18, 0));
        let app = Arc::clone(&world.app);
        let job = spawn(async move { jobs::once(&app, "compare").await });
        let mut waiting = who_waits(&world).await;
        while waiting.1 > 0 && !job.is_finished() {
            waiting = who_waits(&world).await;
        }
        assert!(waiting.0 > 100, "{} of the many waited still", waiting.0);
        job.await.unwrap().unwrap();
        assert_eq!(who_waits(&world).await, (0, 0));
    });
}

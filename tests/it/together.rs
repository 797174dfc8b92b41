//! Cases of one subject that wait together are compared as one, and what comes of it is what each would have found by itself.

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use recourse::domain::people::platforms::Scope;
use recourse::domain::terms::Mode;
use recourse::domain::watch::matching;
use recourse::domain::watch::together::Together;
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
    let compared = |rx: &mut recourse::domain::unit::Look<'_>| {
        let mut together = Together::default();
        let waiting = matching::waiting(rx, None, 500)?;
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

//! What becomes of one loop is nothing to another.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{pending, select};

use super::beat::{Job, When};
use super::loops;
use crate::app::App;
use crate::base::time::{Clock, Timestamp};

static FAULTS: AtomicUsize = AtomicUsize::new(0);
static ROUNDS: AtomicUsize = AtomicUsize::new(0);

/// So that the loops come round many times while the test runs.
const AT_ONCE: When = When::Each(Duration::from_millis(1));

/// In an order in which a loop that kept others waiting would do so.
static LOOPS: [Job; 3] = [
    Job { name: "hangs", when: AT_ONCE, work: |_| pending().boxed_local() },
    Job {
        name: "panics",
        when: AT_ONCE,
        work: |_| {
            async {
                FAULTS.fetch_add(1, Ordering::Relaxed);
                panic!("a fault of this job")
            }
            .boxed_local()
        },
    },
    Job {
        name: "goes_on",
        when: AT_ONCE,
        work: |_| {
            async {
                ROUNDS.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            .boxed_local()
        },
    },
];

/// Until both loops that can have come round so often again.
async fn rounds(many: usize) {
    let all = || [&FAULTS, &ROUNDS].map(|count| count.load(Ordering::Relaxed));
    let before = all();
    while all().iter().zip(before).any(|(now, before)| *now < before + many) {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_loop_that_hangs_or_panics_stops_no_other_and_readiness_names_it() {
    actix_web::rt::System::new().block_on(hang_and_panic());
}

async fn hang_and_panic() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::standing_at(Timestamp::at_day(2026, 11, 27));
    let app = App::for_test(dir.path(), clock.clone()).await.unwrap();
    app.jobs_begin(LOOPS.iter().filter_map(|job| Some((job.name, job.span()?))));

    let mut all = Box::pin(loops(&LOOPS, &app));
    select(&mut all, Box::pin(rounds(3))).await;
    clock.advance(Duration::from_mins(2));
    select(&mut all, Box::pin(rounds(3))).await;

    let reasons = app.check_ready().await.unwrap();
    let told = |code: &str| reasons.iter().find(|reason| reason.code == code).map(|reason| reason.detail.to_string());
    let (late, stumbles) = (told("jobs_late").unwrap(), told("jobs_stumble").unwrap());
    assert!(late.contains("hangs") && !late.contains("panics") && !late.contains("goes_on"), "{late}");
    assert!(stumbles.contains("panics") && !stumbles.contains("hangs") && !stumbles.contains("goes_on"), "{stumbles}");
}

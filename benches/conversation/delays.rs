//! Part `receivers`: how soon receivers that are well hear of an event while others fail.

use std::sync::Arc;
use std::time::Duration;

use recourse::app::{self, App};
use recourse::base::id::{PlatformId, ReportId};
use recourse::base::time::Clock;
use recourse::domain::ledger::events::{self, EventType, Log, NewEvent};
use recourse::domain::terms::Mode;
use recourse::jobs::Courier;

use crate::postgres::Cluster;
use crate::receivers::{Manner, Receivers};
use crate::site::{config, platform};
use crate::{PLATFORMS, Plan, say};

const BAD: [Manner; 3] = [Manner::Fail, Manner::Hang, Manner::Break];

pub(crate) fn measure(name: &str, cluster: Option<&Cluster>, plan: &Plan) {
    let (mut well, mut ill) = (Vec::new(), Vec::new());
    for round in 0..plan.rounds {
        say(&format!("{name}: round {} of {}", round + 1, plan.rounds));
        well.push(round_of(cluster, &[], plan));
        ill.push(round_of(cluster, &BAD, plan));
    }
    let middle = |all: &[[Duration; 2]], at: usize| {
        let mut all: Vec<Duration> = all.iter().map(|one| one[at]).collect();
        all.sort_unstable();
        all[all.len() / 2]
    };
    let ratio = middle(&ill, 1).as_secs_f64() / middle(&well, 1).as_secs_f64();
    let line = |who: &str, all: &[[Duration; 2]], ratio: String| {
        println!("| {name} | {who} | {:.1?} | {:.1?} | {ratio} |", middle(all, 0), middle(all, 1));
    };
    line("ten are well", &well, String::new());
    line("three of ten fail", &ill, format!("{ratio:.2}"));
}

/// The median and the 99th percentile of the last seven receivers.
fn round_of(cluster: Option<&Cluster>, bad: &[Manner], plan: &Plan) -> [Duration; 2] {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let receivers = Receivers::start(PLATFORMS, bad);
    let dir = tempfile::Builder::new().prefix("recourse-conversation.").tempdir().unwrap();
    let config = config(dir.path(), cluster);
    runtime.block_on(async {
        let app = app::open(config, Clock::machine()).await.unwrap();
        let mut all = Vec::new();
        for (number, port) in receivers.ports.iter().enumerate() {
            all.push(platform(&app, number, Some(*port)).await.id);
        }
        let courier = tokio::spawn(Courier::new(&app, "bench").run());
        receivers.forget();
        let mut ticks = tokio::time::interval(plan.pace);
        for sequence in 1..=i64::try_from(plan.events).unwrap() {
            ticks.tick().await;
            emit(&app, &all, sequence).await;
        }
        let healthy = PLATFORMS - BAD.len();
        receivers.until(BAD.len(), healthy * plan.events).await;
        courier.abort();
    });
    let mut delays = receivers.delays(BAD.len());
    delays.sort_unstable();
    [delays[delays.len() / 2], delays[delays.len() * 99 / 100]]
}

/// One event of each platform, each in a transaction of its own, as reports come in.
async fn emit(app: &Arc<App>, all: &[PlatformId], sequence: i64) {
    let each = all.iter().cloned().map(|platform| {
        app.write(recourse::domain::unit::Caller::Command("bench"), move |tx| {
            let log = Log { platform: &platform, mode: Mode::Live };
            let new = NewEvent::new(log, EventType::ReportReceived, sequence, tx.now(), ReportId::random());
            events::insert(tx, &[new])
        })
    });
    for done in futures_util::future::join_all(each).await {
        done.unwrap();
    }
}

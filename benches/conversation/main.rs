//! How soon receivers of webhooks hear of an event while others fail, beside the same load when none does.
//!
//! `cargo bench --bench conversation` prints one Markdown table. Read the ratio: absolute numbers belong to the machine.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark measures time, prints, and stops at the first surprise"
)]

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/it/harness/postgres.rs"]
mod postgres;
mod receivers;

use std::sync::Arc;
use std::time::Duration;

use recourse::app::{self, App};
use recourse::base::id::{PlatformId, ReportId};
use recourse::base::secret::Sensitive;
use recourse::base::time::Clock;
use recourse::config::Config;
use recourse::domain::access;
use recourse::domain::events::{self, EventType, NewEvent};
use recourse::domain::platforms::{self, Mode, Scope};
use recourse::domain::webhooks::{self, NewEndpoint};
use recourse::jobs::Courier;

use postgres::{Cluster, ClusterOptions};
use receivers::{Manner, Receivers};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
cargo bench --bench conversation [-- --quick]

Ten platforms with an endpoint each; events come in at a steady rate. Once all ten receivers are well, once three of
them fail, hang and break off. The other seven are compared: the 99th percentile from the event to its arrival.

  --quick   a short run that only shows that everything works
  --help    this text
";

const PLATFORMS: usize = 10;
const BAD: [Manner; 3] = [Manner::Fail, Manner::Hang, Manner::Break];

/// How much to measure.
struct Plan {
    rounds: usize,
    /// Events of each platform in a round.
    events: usize,
    /// Between two events of a platform.
    pace: Duration,
}

fn main() {
    let mut plan = Plan { rounds: 3, events: 500, pace: Duration::from_millis(20) };
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => plan = Plan { rounds: 1, events: 50, ..plan },
            "--bench" => {}
            _ => {
                print!("{HELP}");
                std::process::exit(i32::from(argument != "--help"));
            }
        }
    }
    let cluster = postgres::private_cluster(&ClusterOptions { durable: true, ..ClusterOptions::default() });
    println!("| database | receivers | median | 99th percentile | ratio |\n|---|---|---|---|---|");
    measure("SQLite", None, &plan);
    if let Some(cluster) = &cluster {
        measure("PostgreSQL", Some(cluster), &plan);
    }
}

fn measure(name: &str, cluster: Option<&Cluster>, plan: &Plan) {
    let (mut well, mut ill) = (Vec::new(), Vec::new());
    for round in 0..plan.rounds {
        eprintln!("conversation: {name}, round {}", round + 1);
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
    let mut config = Config { data: dir.path().to_owned(), ..Config::default() };
    config.outbound.allow = vec!["127.0.0.1".to_owned()];
    config.database_url = cluster.map(|cluster| Sensitive::new(fresh(cluster)));
    runtime.block_on(async {
        let app = app::open(config, Clock::machine()).await.unwrap();
        let mut all = Vec::new();
        for (number, port) in receivers.ports.iter().enumerate() {
            all.push(platform(&app, number, *port).await);
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

fn fresh(cluster: &Cluster) -> String {
    use diesel::Connection;
    use diesel::connection::SimpleConnection;
    let name = format!("conversation_{}", recourse::base::secret::hex(&recourse::base::secret::random_bytes::<8>()));
    let mut conn = diesel::PgConnection::establish(&cluster.url("postgres")).unwrap();
    conn.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    cluster.url(&name)
}

async fn platform(app: &Arc<App>, number: usize, port: u16) -> PlatformId {
    let kit = Arc::clone(app);
    let made = app.db.write(move |tx| {
        let slug = format!("platform-{number}");
        let platform = platforms::add(tx, &slug, &slug)?;
        let client = platforms::add_client(tx, &platform, Mode::Live, Scope::ALL)?.client;
        let client = platforms::client(tx, &client)?.unwrap();
        let token = kit.tokens.issue(&client, Scope::ALL, tx.now())?;
        let token = kit.tokens.verify(&token, tx.now())?;
        let who = access::platform_acting(tx, &token, Scope::WebhooksManage)?;
        let types = vec![EventType::ReportReceived];
        webhooks::create(tx, &kit.kit, &who, &NewEndpoint { url: format!("http://127.0.0.1:{port}/"), types })?;
        Ok(platform.id)
    });
    made.await.unwrap()
}

/// One event of each platform, each in a transaction of its own, as reports come in.
async fn emit(app: &Arc<App>, all: &[PlatformId], sequence: i64) {
    let each = all.iter().cloned().map(|platform| {
        app.db.write(move |tx| {
            let about = (ReportId::random(), None);
            let new = NewEvent::new((&platform, Mode::Live), EventType::ReportReceived, sequence, tx.now(), about);
            events::insert(tx, &[new])
        })
    });
    for done in futures_util::future::join_all(each).await {
        done.unwrap();
    }
}

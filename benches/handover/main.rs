//! What handing over to services costs: leading somebody through a large directory and a small one, a service's list beside those of
//! others, a tick of the jobs beside many open referrals, what comes in beside late ones that no mail tells of, and the public directory.
//!
//! `cargo bench --bench handover` prints one Markdown table. Read the ratios: absolute numbers belong to the machine.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark measures time, prints, and stops at the first surprise"
)]

mod copies;
mod crash;
#[path = "../conversation/hole.rs"]
#[expect(dead_code, reason = "the conversation opens it again")]
mod hole;
#[path = "../spine/http.rs"]
mod http;
mod intake;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/it/harness/postgres.rs"]
mod postgres;
mod public;
mod reading;
#[expect(dead_code, reason = "the spine uses more of it")]
#[path = "../spine/service.rs"]
mod service;
mod site;
#[path = "../spine/table.rs"]
mod table;
mod ticks;

use std::time::Duration;

use postgres::{Cluster, ClusterOptions};
use service::Home;
use table::Table;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
cargo bench --bench handover [-- OPTIONS]

Measures referrals on SQLite and on PostgreSQL and prints a Markdown table: routing through 5,000 services and through 50, a
service's list beside a million referrals of others and beside a thousand, a tick of the jobs beside 100,000 open referrals and
beside none, intake beside 10,000 late ones with a mail server that says nothing, and the public directory beside a static file.
And it kills the server again and again while 10,000 referrals are sent, read and accepted, and counts what became of each.
PostgreSQL runs in a throw-away durable cluster (fsync on); without an initdb only SQLite is measured. Data are written to the
temporary directory (TMPDIR), which must lie on a real disk and have 20 GB free.

  --quick             a small run that only shows that everything works
  --only DATABASE     sqlite or postgres
  --only-part PART    routing, list, tick, intake, public or crash
  --help              this text
";

/// How much to measure.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) quick: bool,
    /// How many services there are in the small directory and in the large one.
    pub(crate) services: [usize; 2],
    /// How many referrals others have.
    pub(crate) others: [u64; 2],
    /// How many referrals are open beside a tick.
    pub(crate) open: u64,
    /// How many are late beside what comes in, on cases with fifty each.
    pub(crate) late: usize,
    /// How many are sent and accepted while the server is killed again and again.
    pub(crate) killed: usize,
    /// How often each thing is asked for.
    pub(crate) looks: usize,
    /// How often each side of a ratio of rates is measured, turn by turn.
    pub(crate) rounds: usize,
    /// How long a round takes.
    pub(crate) round: Duration,
    database: Option<String>,
    part: Option<String>,
}

impl Plan {
    fn of_arguments() -> Self {
        let mut plan = Self {
            quick: false,
            services: [50, 5_000],
            others: [1_000, 1_000_000],
            open: 100_000,
            late: 10_000,
            killed: 10_000,
            looks: 200,
            rounds: 7,
            round: Duration::from_secs(10),
            database: None,
            part: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => {
                    plan.quick = true;
                    plan.services = [50, 500];
                    plan.others = [100, 1_000];
                    plan.open = 1_000;
                    plan.late = 50;
                    plan.killed = 200;
                    plan.looks = 10;
                    plan.rounds = 1;
                    plan.round = Duration::from_secs(1);
                }
                "--only" => plan.database = arguments.next(),
                "--only-part" => plan.part = arguments.next(),
                // Cargo adds this one.
                "--bench" => {}
                "--help" | "-h" => {
                    print!("{HELP}");
                    std::process::exit(0);
                }
                other => {
                    eprint!("unknown option {other}\n\n{HELP}");
                    std::process::exit(2);
                }
            }
        }
        plan
    }

    fn wants_database(&self, key: &str) -> bool {
        self.database.as_deref().is_none_or(|only| only == key)
    }

    fn wants(&self, part: &str) -> bool {
        self.part.as_deref().is_none_or(|only| only == part)
    }
}

fn main() {
    let plan = Plan::of_arguments();
    let began = std::time::Instant::now();
    let mut table = Table::new();
    let cluster = plan.wants_database("postgres").then(cluster).flatten();
    let homes = [Some(Home::sqlite()), cluster.as_ref().map(Home::postgres)];
    for home in homes.iter().flatten().filter(|home| plan.wants_database(home.key())) {
        measure(home, &plan, &mut table);
    }
    if cluster.is_none() {
        table.note("PostgreSQL was not measured.");
    }
    table.note(&format!(
        "{} processors, shared by the service, the database and the client; {} s in all.",
        std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        began.elapsed().as_secs()
    ));
    if plan.quick {
        table.note("A quick run: its numbers mean nothing.");
    }
    print!("{table}");
}

/// All that is wanted on one database.
fn measure(home: &Home<'_>, plan: &Plan, table: &mut Table) {
    let name = home.name();
    if plan.wants("routing") || plan.wants("public") {
        reading::routing(home, plan, name, table);
    }
    if plan.wants("list") {
        reading::list(home, plan, name, table);
    }
    if plan.wants("tick") {
        ticks::measure(home, plan, name, table);
    }
    if plan.wants("intake") {
        intake::measure(home, plan, name, table);
    }
    if plan.wants("crash") {
        crash::measure(home, plan, name, table);
    }
}

fn cluster() -> Option<Cluster> {
    let cluster = postgres::private_cluster(&ClusterOptions { durable: true, ..ClusterOptions::default() });
    if cluster.is_none() {
        eprintln!("no initdb was found (or RECOURSE_TEST_POSTGRES=off): PostgreSQL is not measured");
    }
    cluster
}

/// Says on stderr what is being done.
pub(crate) fn say(text: &str) {
    eprintln!("handover: {text}");
}

/// The middle of a few numbers.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

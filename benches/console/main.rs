//! What the advocates' console costs: its pages beside the API's answers of the same rows, with many cases and with few;
//! consoles that stand open beside what comes in; and many people who press one key.
//!
//! `cargo bench --bench console` prints one Markdown table. Read the ratios: absolute numbers belong to the machine.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark measures time, prints, and stops at the first surprise"
)]

mod fill;
#[path = "../spine/http.rs"]
mod http;
mod pages;
mod people;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/it/harness/postgres.rs"]
mod postgres;
mod refresh;
#[expect(dead_code, reason = "the spine uses more of it")]
#[path = "../spine/service.rs"]
mod service;
#[path = "../spine/table.rs"]
mod table;
mod taking;
mod work;

use std::time::Duration;

use postgres::{Cluster, ClusterOptions};
use service::{Home, Service};
use table::Table;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
cargo bench --bench console [-- OPTIONS]

Measures the advocates' console on SQLite and on PostgreSQL and prints a Markdown table: its pages with many and with few
cases and beside the API's answers, open consoles beside what comes in, and 32 people who take cases at once. PostgreSQL
runs in a throw-away durable cluster (fsync on); without an initdb only SQLite is measured. Data are written to the
temporary directory (TMPDIR), which must lie on a real disk and have 20 GB free.

  --quick             a small run that only shows that everything works
  --only DATABASE     sqlite or postgres
  --only-part PART    pages, refresh or taking
  --help              this text
";

/// How much to measure.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) quick: bool,
    /// How many cases there are in the small and in the large place; one in twenty is open.
    pub(crate) cases: [u64; 2],
    /// How many of them somebody works on, so that their pages have all that a page has.
    pub(crate) worked_on: usize,
    /// How often each page is asked for.
    pub(crate) looks: usize,
    /// How often each side of a ratio of rates is measured, turn by turn.
    pub(crate) rounds: usize,
    /// How long reports come in with and without open consoles: each console asks in ten seconds once.
    pub(crate) round: Duration,
    /// How many cases are taken in a round.
    pub(crate) taken: usize,
    database: Option<String>,
    part: Option<String>,
}

impl Plan {
    fn of_arguments() -> Self {
        let mut plan = Self {
            quick: false,
            cases: [10_000, 1_000_000],
            worked_on: 40,
            looks: 200,
            rounds: 7,
            round: Duration::from_secs(10),
            taken: 640,
            database: None,
            part: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => {
                    plan.quick = true;
                    plan.cases = [4_000, 8_000];
                    plan.worked_on = 4;
                    plan.looks = 10;
                    plan.rounds = 1;
                    plan.taken = 64;
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

/// All that is wanted on one database. The large place serves all parts: what comes in and what is taken meets its cases.
fn measure(home: &Home<'_>, plan: &Plan, table: &mut Table) {
    let name = home.name();
    let large = place(home, plan.cases[1]);
    if plan.wants("pages") {
        let small = place(home, plan.cases[0]);
        pages::measure([&small, &large], plan, name, table);
        small.stop();
    }
    if plan.wants("taking") {
        taking::measure(&large, plan, name, table);
    }
    if plan.wants("refresh") {
        refresh::measure(&large, plan, name, table);
    }
    large.stop();
}

/// A service on a database with so many cases.
fn place(home: &Home<'_>, cases: u64) -> Service {
    let service = home.database().serve();
    let began = std::time::Instant::now();
    fill::upto(&service, cases);
    say(&format!("{}: {cases} cases, filled in {} s", home.name(), began.elapsed().as_secs()));
    service
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
    eprintln!("console: {text}");
}

/// The middle of a few numbers.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

//! How fast the way of a report is, beside what the bare database does on the same disk in the same run.
//!
//! `cargo bench --bench spine` prints one Markdown table. Read the ratios: absolute numbers belong to the machine.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark measures time, prints, and stops at the first surprise"
)]

mod bare;
mod claims;
mod fill;
mod http;
mod intake;
mod pages;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/it/harness/postgres.rs"]
mod postgres;
mod service;
mod statements;
mod table;

use std::time::Duration;

use postgres::{Cluster, ClusterOptions};
use service::Home;
use table::Table;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
cargo bench --bench spine [-- OPTIONS]

Measures the way of a report on SQLite and on PostgreSQL, beside the bare database on the same disk, and prints a
Markdown table. PostgreSQL runs in a throw-away durable cluster (fsync on); without an initdb only SQLite is measured.
Data are written to the temporary directory (TMPDIR), which must lie on a real disk.

  --quick             a small run that only shows that everything works (about half a minute)
  --only DATABASE     sqlite or postgres
  --only-part PART    intake or pages
  --help              this text
";

/// How much to measure.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) quick: bool,
    /// How often each side of a ratio is measured, turn by turn.
    pub(crate) rounds: usize,
    pub(crate) round: Duration,
    pub(crate) connections: usize,
    /// Open cases in the small and in the large queue.
    pub(crate) cases: [u64; 2],
    pub(crate) looks: usize,
    pub(crate) claims: usize,
    database: Option<String>,
    part: Option<String>,
}

impl Plan {
    fn of_arguments() -> Self {
        let mut plan = Self {
            quick: false,
            rounds: 3,
            round: Duration::from_millis(3_500),
            connections: 64,
            cases: [10_000, 1_000_000],
            looks: 200,
            claims: 1_600,
            database: None,
            part: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => {
                    plan.quick = true;
                    plan.rounds = 1;
                    plan.round = Duration::from_secs(1);
                    plan.cases = [1_000, 5_000];
                    plan.looks = 20;
                    plan.claims = 64;
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

    fn wants(&self, database: &str, part: &str) -> bool {
        self.database.as_deref().is_none_or(|only| only == database)
            && self.part.as_deref().is_none_or(|only| only == part)
    }
}

fn main() {
    let plan = Plan::of_arguments();
    let began = std::time::Instant::now();
    let mut table = Table::new();
    let cluster = plan.wants("postgres", plan.part.as_deref().unwrap_or("intake")).then(cluster).flatten();
    let homes = [Some(Home::sqlite()), cluster.as_ref().map(Home::postgres)];
    for home in homes.iter().flatten() {
        if plan.wants(home.key(), "intake") {
            intake::measure(home, &plan, &mut table);
        }
        if plan.wants(home.key(), "pages") {
            pages::measure(home, &plan, &mut table);
        }
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

fn cluster() -> Option<Cluster> {
    let cluster = postgres::private_cluster(&ClusterOptions { durable: true, ..ClusterOptions::default() });
    if cluster.is_none() {
        eprintln!("no initdb was found (or RECOURSE_TEST_POSTGRES=off): PostgreSQL is not measured");
    }
    cluster
}

/// Says on stderr what is being done.
pub(crate) fn say(text: &str) {
    eprintln!("spine: {text}");
}

/// The value below which `share` of them lie.
pub(crate) fn quantile(values: &mut [Duration], share: f64) -> Duration {
    values.sort_unstable();
    let at = (values.len() as f64 * share) as usize;
    values.get(at.min(values.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// The middle of a few numbers.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

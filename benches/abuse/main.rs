//! Whether anything that one platform does slows another's reports: seventeen kinds of abuse, each beside an idle client that uses
//! as much of a processor.
//!
//! `cargo bench --bench abuse` prints a Markdown table, and ends with 1 when a factor or the memory is past its bound, or when a
//! report of the other platform was not taken.

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

mod child;
#[expect(dead_code, reason = "other measurements use more of it")]
#[path = "../spine/http.rs"]
mod http;
mod kinds;
mod line;
mod measure;
mod other;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/it/harness/postgres.rs"]
mod postgres;
mod proc;
#[expect(dead_code, reason = "other measurements use more of it")]
#[path = "../conversation/site.rs"]
mod serving;
mod site;
mod table;

use std::process::ExitCode;

use kinds::Kind;
use measure::Pair;
use postgres::{Cluster, ClusterOptions};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
cargo bench --bench abuse [-- OPTIONS]

One platform abuses the service from one processor, in each of the ways below; another sends twenty reports a second, each timed
from when it should have been sent. Beside it stands the same with an idle client that uses as much of that processor. Each
measure has a service and a database of its own, with default limits. PostgreSQL runs in a throw-away durable cluster. Data
are written to the temporary directory (TMPDIR), which must lie on a real disk.

  --reports N         reports of each measure (3,000: two and a half minutes), at most 10,000
  --rounds N          how often each is measured; the median counts (3)
  --log N             events in a log that is filtered, walked or replayed (100,000)
  --only TEXT         the kinds whose names contain this; may be given again
  --databases LIST    sqlite,postgres
  --help              this text

Ends with 1 when the 99th percentile is more than twice that beside the idle client, when memory is past its bound, or when a
report was not answered 201.

";

/// How much to measure.
pub(crate) struct Plan {
    pub(crate) reports: usize,
    pub(crate) rounds: usize,
    pub(crate) log: usize,
    only: Vec<String>,
    databases: String,
}

impl Plan {
    fn of_arguments() -> Self {
        let mut plan =
            Self { reports: 3_000, rounds: 3, log: 100_000, only: Vec::new(), databases: "sqlite,postgres".to_owned() };
        let mut arguments = std::env::args().skip(1);
        let number = |text: Option<String>| text.and_then(|text| text.parse::<usize>().ok()).expect("a number");
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // The tokens last ten minutes.
                "--reports" => plan.reports = number(arguments.next()).clamp(2, 10_000),
                "--rounds" => plan.rounds = number(arguments.next()).max(1),
                "--log" => plan.log = number(arguments.next()),
                "--only" => plan.only.extend(arguments.next()),
                "--databases" => plan.databases = arguments.next().expect("a list"),
                // Cargo adds this one.
                "--bench" => {}
                "--help" | "-h" => {
                    print!("{HELP}");
                    for kind in kinds::ALL {
                        println!("  {}", kind.name);
                    }
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

    fn kinds(&self) -> Vec<&'static Kind> {
        let is_wanted = |kind: &&Kind| self.only.is_empty() || self.only.iter().any(|text| kind.name.contains(text));
        kinds::ALL.iter().filter(is_wanted).collect()
    }

    fn wants(&self, database: &str) -> bool {
        self.databases.split(',').any(|one| one == database)
    }
}

/// Every kind on one database. Whether all is within its bounds.
fn run(name: &str, cluster: Option<&Cluster>, plan: &Plan) -> bool {
    let mut is_well = true;
    println!("\n{name}, {} reports a measure, the median of {}:\n\n{}", plan.reports, plan.rounds, table::HEAD);
    for kind in plan.kinds() {
        let pairs: Vec<Pair> = (0..plan.rounds)
            .map(|round| {
                let pair = Pair::measure(cluster, kind, plan);
                eprintln!(
                    "abuse: {name}: {}: round {}: {}",
                    kind.name,
                    round + 1,
                    table::cells(std::slice::from_ref(&pair))
                );
                pair
            })
            .collect();
        println!("| {} {}", kind.name, table::cells(&pairs));
        is_well &= table::is_well(&pairs);
    }
    is_well
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(child::ARGUMENT) {
        child::run();
        return ExitCode::SUCCESS;
    }
    let plan = Plan::of_arguments();
    let mut is_well = true;
    if plan.wants("sqlite") {
        is_well &= run("SQLite", None, &plan);
    }
    if plan.wants("postgres") {
        let options = ClusterOptions { durable: true, ..ClusterOptions::default() };
        let cluster = postgres::private_cluster(&options).expect("an initdb");
        is_well &= run("PostgreSQL", Some(&cluster), &plan);
    }
    println!("\n{}", if is_well { "All within their bounds." } else { "Something is past its bound." });
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

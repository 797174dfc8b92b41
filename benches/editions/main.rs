//! What an edition costs: building one over ten million cases beside a bare group-by of the same rows, and serving its
//! pages beside a bare route that answers the same bytes.
//!
//! `cargo bench --bench editions` prints Markdown tables. Read the ratio: absolute numbers belong to the machine.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark measures time, prints, and stops at the first surprise"
)]

mod build;
#[path = "../spine/http.rs"]
#[expect(dead_code, reason = "the other benchmarks use more of it")]
mod http;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/it/harness/postgres.rs"]
mod postgres;
mod serve;
mod site;

use postgres::ClusterOptions;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
cargo bench --bench editions [-- [--quick] [--only-part PART]]

build  Fills the flows of a year with ten million cases, on SQLite and on PostgreSQL, and builds the edition of its last
       quarter, in turns with a bare group-by of the same rows.
serve  Publishes an edition and asks for its largest page, in turns with a bare route that answers the same bytes in the
       same process.

  --quick           a short run that only shows that everything works
  --only-part PART  build or serve
  --help            this text
";

/// How much to measure.
struct Plan {
    cases: i64,
    rounds: usize,
    /// Seconds that a round of `serve` lasts.
    seconds: u64,
}

fn main() {
    let mut plan = Plan { cases: 10_000_000, rounds: 3, seconds: 5 };
    let mut parts = vec!["build", "serve"];
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => plan = Plan { cases: 50_000, rounds: 1, seconds: 1 },
            "--only-part" => {
                let wanted = arguments.next().unwrap_or_default();
                parts.retain(|part| *part == wanted);
                assert!(!parts.is_empty(), "the parts are build and serve");
            }
            "--bench" => {}
            _ => {
                print!("{HELP}");
                std::process::exit(i32::from(argument != "--help"));
            }
        }
    }
    println!("| database | what | result | aim |\n|---|---|---|---|");
    if parts.contains(&"build") {
        build::measure("SQLite", None, &plan);
        let cluster = postgres::private_cluster(&ClusterOptions { durable: true, ..ClusterOptions::default() });
        match &cluster {
            Some(cluster) => build::measure("PostgreSQL", Some(cluster), &plan),
            None => say("no PostgreSQL was found"),
        }
    }
    if parts.contains(&"serve") {
        serve::measure(&plan);
    }
}

fn say(text: &str) {
    eprintln!("editions: {text}");
}

/// The one in the middle.
fn middle(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

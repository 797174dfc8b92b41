//! What trouble outside costs: how soon receivers of webhooks hear of an event while others fail, and how fast reports
//! come in while nobody outside answers, each beside the same load without the trouble.
//!
//! `cargo bench --bench conversation` prints Markdown tables. Read the ratio: absolute numbers belong to the machine.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark measures time, prints, and stops at the first surprise"
)]

mod dark;
mod delays;
mod hole;
#[path = "../spine/http.rs"]
mod http;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/it/harness/postgres.rs"]
mod postgres;
mod receivers;
mod site;

use std::time::Duration;

use postgres::ClusterOptions;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
cargo bench --bench conversation [-- [--quick] [--only-part PART]]

receivers  Ten platforms with an endpoint each; events come in at a steady rate. Once all ten receivers are well, once
           three of them fail, hang and break off. The other seven are compared: the 99th percentile from the event to
           its arrival.
intake     Ten platforms post reports to three services: one that has nobody to tell, one whose receivers and mail
           server are well, one whose receivers and mail server are black holes. Then these come back.

  --quick           a short run that only shows that everything works
  --only-part PART  receivers or intake
  --help            this text
";

const PLATFORMS: usize = 10;

/// How much to measure.
struct Plan {
    rounds: usize,
    /// Events of each platform in a round of `receivers`.
    events: usize,
    /// Between two events of a platform.
    pace: Duration,
    /// How long a round of `intake` lasts.
    span: Duration,
}

fn main() {
    let mut plan = Plan { rounds: 3, events: 500, pace: Duration::from_millis(20), span: Duration::from_secs(10) };
    let mut parts = vec!["receivers", "intake"];
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => plan = Plan { rounds: 1, events: 50, span: Duration::from_secs(2), ..plan },
            "--only-part" => {
                let wanted = arguments.next().unwrap_or_default();
                parts.retain(|part| *part == wanted);
                assert!(!parts.is_empty(), "the parts are receivers and intake");
            }
            "--bench" => {}
            _ => {
                print!("{HELP}");
                std::process::exit(i32::from(argument != "--help"));
            }
        }
    }
    let cluster = postgres::private_cluster(&ClusterOptions { durable: true, ..ClusterOptions::default() });
    let homes = [("SQLite", None), ("PostgreSQL", cluster.as_ref())];
    let homes = homes.into_iter().filter(|(name, cluster)| *name == "SQLite" || cluster.is_some());
    if parts.contains(&"receivers") {
        println!("| database | receivers | median | 99th percentile | ratio |\n|---|---|---|---|---|");
        homes.clone().for_each(|(name, cluster)| delays::measure(name, cluster, &plan));
    }
    if parts.contains(&"intake") {
        println!("\n| database | what | result |\n|---|---|---|");
        homes.for_each(|(name, cluster)| dark::measure(name, cluster, &plan));
    }
}

fn say(text: &str) {
    eprintln!("conversation: {text}");
}

//! Whether the time of an answer tells what the answer must not: a wall from a case that is not there, a name that has an account
//! from one that has none.
//!
//! `cargo bench --bench timing` asks both sides in an order that is drawn anew for each connection, over eight of them, after
//! as many calls of either side to warm up, and prints for each question the chance that an answer of one side took longer than
//! one of the other (the area under the curve, AUC): one half when time tells nothing, give or take the standard error that is
//! printed beside it. The limits of the service are lifted for it: at those that it has by default an outsider would need a
//! quarter of an hour for 20,000 answers a side with one session, and two hours and more for as many sign-ins.

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

#[expect(dead_code, reason = "other measurements use more of it")]
#[path = "../spine/http.rs"]
mod http;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/it/harness/postgres.rs"]
mod postgres;
#[expect(dead_code, reason = "other measurements use more of it")]
#[path = "../spine/service.rs"]
mod service;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use recourse::base::id::CaseId;
use recourse::base::secret::{Sensitive, random_bytes};
use recourse::domain::casework::colleagues;
use recourse::domain::people::door;
use recourse::domain::people::staff::{self, NewMember, Role};
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::unit::Caller;
use recourse::jobs;
use serde_json::{Value, json};

use http::{Connection, Request};
use postgres::ClusterOptions;
use service::{Database, Home};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
cargo bench --bench timing [-- OPTIONS]

Asks both sides of each question, in a drawn order, and says whether their times tell them apart, on SQLite and on PostgreSQL.

  --samples N         answers of each side (20,000)
  --sign-ins N        sign-ins of each side, which take a tenth of a second of a processor each (2,000)
  --only DATABASE     sqlite or postgres
  --question WORD     only those whose name begins so
  --help              this text
";

/// How far from one half an area may lie.
const NEAR: f64 = 0.02;
/// How many connections ask.
const CONNECTIONS: usize = 8;
/// The number that the colleague behind the wall has declared.
const NUMBER: &str = "+447700900123";

struct Plan {
    samples: usize,
    sign_ins: usize,
    only: Option<String>,
    question: Option<String>,
}

impl Plan {
    fn of_arguments() -> Self {
        let mut plan = Self { samples: 20_000, sign_ins: 2_000, only: None, question: None };
        let mut arguments = std::env::args().skip(1);
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok()).expect("a number");
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--samples" => plan.samples = number(arguments.next()),
                "--sign-ins" => plan.sign_ins = number(arguments.next()),
                "--only" => plan.only = arguments.next(),
                "--question" => plan.question = arguments.next(),
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
}

/// A question: how each side asks, by the number of the sample, and what both must hear.
struct Question {
    name: &'static str,
    status: u16,
    sides: [Box<dyn Fn() -> Request + Sync>; 2],
}

/// One report, which names the number or does not.
fn report(reference: &str, number: &str) -> String {
    let text = include_str!("../../src/web/examples/report.json");
    let mut body: Value = serde_json::from_str(text).unwrap();
    body["platform_report_ref"] = reference.into();
    body["reporter"]["platform_account_ref"] = format!("r-{reference}").into();
    body["subject"]["platform_account_ref"] = format!("s-{reference}").into();
    body["subject"]["identifiers"][0]["value"] = number.into();
    body.to_string()
}

/// Makes a colleague with the walls of this number, and signs them in.
fn advocate(database: &Database, declares: bool) -> String {
    let app = Arc::clone(&database.app);
    let username = if declares { "behind" } else { "amina" }.to_owned();
    let opened = async move {
        let password_hash = app.passwords.hash(Sensitive::new("correct horse battery".to_owned())).await.unwrap();
        let work = move |tx: &mut recourse::domain::unit::Unit<'_>| {
            let new = NewMember {
                username: username.clone(),
                role: if declares { Role::Advocate } else { Role::Lead },
                queues: Vec::new(),
                password_hash,
                is_given: false,
                totp_secret: door::new_secret(),
                same_person_as: None,
            };
            staff::add(tx, new)?;
            if declares {
                colleagues::declare(tx, &username, &Identifier::new(IdentifierKind::Phone, NUMBER))?;
            }
            let account = staff::account(tx, &username)?.unwrap();
            staff::open_session(tx, account, staff::Carrier::Api)
        };
        app.write(Caller::Command("bench"), work).await.unwrap().token.into_exposed()
    };
    database.block_on(opened)
}

/// The questions, put to a service with a case behind a wall among forty others.
fn questions(address: SocketAddr, platform: &str, lead: &str, behind: &str) -> Vec<Question> {
    let mut line = Connection::open(address);
    for n in 0..40 {
        let body = report(&format!("OTHER-{n}"), &format!("+4477009001{n:02}"));
        let mut request = Request::post("/v1/reports", platform, &body);
        assert_eq!(line.call(request.number(http::unique())).0, 201);
    }
    let mut request = Request::post("/v1/reports", platform, &report("WALLED", NUMBER));
    assert_eq!(line.call(request.number(http::unique())).0, 201);
    let found = Request::new("GET /v1/triage/cases?platform_report_ref=WALLED", lead, "", "").number(0).to_vec();
    let list: Value = serde_json::from_str(line.call(&found).1).unwrap();
    let walled = list["data"][0]["id"].as_str().unwrap().to_owned();
    let linked = linked(&mut line, lead, &walled);
    let ask =
        |name: &'static str, status: u16, make: fn(&str, &str) -> Request, hidden: String, none: fn() -> String| {
            let (one, other) = (behind.to_owned(), behind.to_owned());
            let sides: [Box<dyn Fn() -> Request + Sync>; 2] =
                [Box::new(move || make(&one, &hidden)), Box::new(move || make(&other, &none()))];
            Question { name, status, sides }
        };
    let nowhere = || CaseId::random().to_string();
    let look: fn(&str, &str) -> Request =
        |token, id| Request::new(&format!("GET /v1/triage/cases/{id}"), token, "", "");
    let claim: fn(&str, &str) -> Request =
        |token, id| Request::post(&format!("/v1/triage/cases/{id}/claim"), token, "{}");
    let search: fn(&str, &str) -> Request =
        |token, text| Request::new(&format!("GET /v1/triage/cases?platform_report_ref={text}"), token, "", "");
    vec![
        ask("read: a wall, no such case", 404, look, walled.clone(), nowhere),
        ask("claim: a wall, no such case", 404, claim, walled, nowhere),
        ask("search: a wall, no such reference", 200, search, "WALLED".to_owned(), || "ABSENT".to_owned()),
        link(behind, linked),
    ]
}

/// Two cases that are alike: the first is linked with the one behind the wall.
fn linked(line: &mut Connection, lead: &str, walled: &str) -> [String; 2] {
    let mut of = |reference: &str| {
        let path = format!("GET /v1/triage/cases?platform_report_ref={reference}");
        let found = Request::new(&path, lead, "", "").number(0).to_vec();
        let list: Value = serde_json::from_str(line.call(&found).1).unwrap();
        list["data"][0]["id"].as_str().unwrap().to_owned()
    };
    let both = [of("OTHER-10"), of("OTHER-11")];
    let body = json!({"case_id": walled}).to_string();
    let mut request = Request::post(&format!("/v1/triage/cases/{}/links", both[0]), lead, &body);
    let (status, text) = line.call(request.number(http::unique()));
    assert_eq!(status, 200, "{text}");
    both
}

/// Whether a link to a case behind a wall is told of by the time that a case takes which has it.
fn link(behind: &str, cases: [String; 2]) -> Question {
    let sides = cases.map(|id| -> Box<dyn Fn() -> Request + Sync> {
        let token = behind.to_owned();
        Box::new(move || Request::new(&format!("GET /v1/triage/cases/{id}"), &token, "", ""))
    });
    Question { name: "link: to a wall, no link", status: 200, sides }
}

fn sign_ins() -> Question {
    let make = |name: &'static str| -> Box<dyn Fn() -> Request + Sync> {
        Box::new(move || {
            let body = json!({"username": name, "password": "not this one", "code": "000000"}).to_string();
            Request::new("POST /v1/triage/sessions", "", "Content-Type: application/json\r\n", &body)
        })
    };
    Question { name: "sign-in: a name, no such name", status: 401, sides: [make("amina"), make("anina")] }
}

/// As many asks of either side, in an order that is drawn.
fn order(each: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..each * 2).map(|n| n % 2).collect();
    for last in (1..order.len()).rev() {
        let drawn = usize::from_le_bytes(random_bytes::<{ size_of::<usize>() }>()) % (last + 1);
        order.swap(last, drawn);
    }
    order
}

/// The times of both sides.
fn samples(address: SocketAddr, question: &Question, count: usize) -> [Vec<Duration>; 2] {
    let each = count.div_ceil(CONNECTIONS);
    let all = std::thread::scope(|scope| {
        let ask = || {
            let mut line = Connection::open(address);
            let mut took = [Vec::with_capacity(each), Vec::with_capacity(each)];
            for side in order(each) {
                let mut request = (question.sides[side])();
                let bytes = request.number(http::unique()).to_vec();
                let since = Instant::now();
                let (status, text) = line.call(&bytes);
                took[side].push(since.elapsed());
                assert_eq!(status, question.status, "{}: {text}", question.name);
            }
            took
        };
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let mut both = [Vec::new(), Vec::new()];
    for [one, other] in all {
        both[0].extend(one);
        both[1].extend(other);
    }
    both
}

/// How far the area lies from one half by chance alone, once in three times.
fn standard_error(both: &[Vec<Duration>; 2]) -> f64 {
    let (one, other) = (both[0].len() as f64, both[1].len() as f64);
    ((one + other + 1.0) / (12.0 * one * other)).sqrt()
}

/// The chance that one of the first took longer than one of the second; equal times count half.
fn area(both: &[Vec<Duration>; 2]) -> f64 {
    let mut all: Vec<(Duration, bool)> = both[0].iter().map(|time| (*time, true)).collect();
    all.extend(both[1].iter().map(|time| (*time, false)));
    all.sort_unstable_by_key(|(time, _)| *time);
    let (mut below, mut won) = (0.0, 0.0);
    for same in all.chunk_by(|a, b| a.0 == b.0) {
        let firsts = same.iter().filter(|(_, is_first)| *is_first).count() as f64;
        let seconds = same.len() as f64 - firsts;
        won += firsts * (below + seconds / 2.0);
        below += seconds;
    }
    won / (both[0].len() as f64 * both[1].len() as f64)
}

fn median(times: &[Duration]) -> f64 {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1_000.0
}

/// Puts all questions to a service on one database, and says whether none is answered by time.
fn run(home: &Home<'_>, plan: &Plan) -> bool {
    let database = home.database();
    let (platform, lead, behind) = (database.token.clone(), advocate(&database, false), advocate(&database, true));
    let service = database.serve();
    let app = Arc::clone(&service.database.app);
    // What looks for walls afterwards works meanwhile, as in real life.
    std::thread::spawn(move || actix_web::rt::System::new().block_on(jobs::run(app)));
    let mut all = questions(service.address, &platform, &lead, &behind);
    all.push(sign_ins());
    let mut near = true;
    for question in &all {
        let count = if question.status == 401 { plan.sign_ins } else { plan.samples };
        if count == 0 || plan.question.as_ref().is_some_and(|wanted| !question.name.starts_with(wanted)) {
            continue;
        }
        samples(service.address, question, count.min(200));
        let both = samples(service.address, question, count);
        let area = area(&both);
        near &= (area - 0.5).abs() < NEAR;
        println!(
            "| {} | {} | {} | {area:.4} | {:.4} | {:.3} ms | {:.3} ms |",
            home.name(),
            question.name,
            both[0].len(),
            standard_error(&both),
            median(&both[0]),
            median(&both[1])
        );
    }
    near
}

fn main() -> std::process::ExitCode {
    let plan = Plan::of_arguments();
    let wants = |key: &str| plan.only.as_deref().is_none_or(|only| only == key);
    println!(
        "| database | question | answers a side | AUC | standard error | median | median |\n|---|---|---|---|---|---|---|"
    );
    let mut near = true;
    if wants("sqlite") {
        near &= run(&Home::sqlite(), &plan);
    }
    if wants("postgres") {
        let options = ClusterOptions { durable: true, ..ClusterOptions::default() };
        let cluster = postgres::private_cluster(&options).expect("an initdb");
        near &= run(&Home::postgres(&cluster), &plan);
    }
    if near { std::process::ExitCode::SUCCESS } else { std::process::ExitCode::FAILURE }
}

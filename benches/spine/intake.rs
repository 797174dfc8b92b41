//! Durable intake over HTTP, beside the bare database that writes the same rows; and how soon a report is in its queue.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::bare::{Loop, PgBench};
use crate::http::{Connection, MARK, Request, report_body, unique};
use crate::service::{Database, Home, Service};
use crate::statements::{Common, Listener, Sizes, gist, of_a_report};
use crate::table::Table;
use crate::{Plan, median, quantile, say};

fn report(service: &Service) -> Request {
    Request::post("/v1/reports", &service.database.token, &report_body())
}

/// Posts one report to a service of its own and learns what it writes.
fn learn() -> Sizes {
    let listener = Listener::begin();
    let service = Home::sqlite().database().serve();
    let (mut connection, mut request) = (Connection::open(service.address), report(&service));
    // The first warms the service's caches; only the second is looked at, and a database of two rows has their sizes.
    listener.forget();
    let (status, answer) = connection.call(request.number(unique()));
    assert_eq!(status, 201, "{answer}");
    let mut heard: Vec<String> = listener.heard().iter().map(|text| gist(text)).collect();
    let sizes = Sizes::of(&service.database.place);
    drop(connection);
    service.stop();
    let ours: Vec<String> = of_a_report(&sizes).iter().map(|text| gist(text)).collect();
    // Several rows of a table are one statement here and on PostgreSQL; diesel gives them to SQLite one by one.
    heard.dedup();
    say(&format!("a report takes {} statements", heard.len()));
    if heard != ours {
        say(&format!("the service's statements are not those of the bare database any more: {heard:?}\n{ours:?}"));
    }
    sizes
}

/// The bare database, with the folder that its files stand in for as long as it runs.
#[expect(dead_code, reason = "a folder goes when its holder does")]
enum Bare<'h> {
    Loop(Box<Loop>, tempfile::TempDir),
    PgBench(PgBench, tempfile::TempDir),
    Nothing(&'h str),
}

impl<'h> Bare<'h> {
    fn of(home: &Home<'h>, database: Database, sizes: Sizes) -> Self {
        let statements = of_a_report(&sizes);
        let common = Common::new(&database, sizes);
        let (place, _, _, dir) = database.release();
        match home {
            Home::Sqlite => Self::Loop(Box::new(Loop::open(&place, &statements, common)), dir),
            Home::Postgres(_) => match PgBench::find(&place, &statements, &common) {
                Some(bench) => Self::PgBench(bench, dir),
                None => Self::Nothing("no pgbench was found"),
            },
        }
    }
}

pub(crate) fn measure(home: &Home<'_>, plan: &Plan, table: &mut Table) {
    let sizes = learn();
    let mut bare = Bare::of(home, home.database(), sizes);
    let service = home.database().serve();
    say(&format!("{}: warming up", home.name()));
    post(&service, plan.connections, plan.round.min(Duration::from_secs(2)));
    let (mut posted, mut ratios, mut grouped) = (Vec::new(), Vec::new(), Vec::new());
    let mut times = Vec::new();
    let mut other = Vec::new();
    for round in 1..=plan.rounds {
        say(&format!("{}: round {round} of {}", home.name(), plan.rounds));
        let (rate, mut took) = post(&service, plan.connections, plan.round);
        times.append(&mut took);
        posted.push(rate);
        match &mut bare {
            Bare::Loop(run, _) => {
                let alone = run.run(plan.round, 1);
                ratios.push(rate / alone);
                grouped.push(rate / run.run(plan.round, 64));
                other.push(alone);
            }
            Bare::PgBench(run, _) => {
                let alone = run.run(plan.round);
                ratios.push(rate / alone);
                other.push(alone);
            }
            Bare::Nothing(_) => {}
        }
    }
    let name = home.name();
    let took = format!("{} / {}", millis(quantile(&mut times, 0.5)), millis(quantile(&mut times, 0.99)));
    table.row(name, "durable intake over HTTP, 64 connections", &format!("{:.0} reports/s", median(&mut posted)), "");
    table.row(name, "its answers, p50 / p99", &took, "");
    let alone = format!("{:.2} ({:.0}/s)", median(&mut ratios), median(&mut other));
    match &bare {
        Bare::Loop(..) => {
            table.row(name, "intake ÷ bare loop, a commit for each report", &alone, "≥ 0.5");
            table.row(name, "intake ÷ bare loop, a commit for 64 reports", &format!("{:.2}", median(&mut grouped)), "");
        }
        Bare::PgBench(..) => table.row(name, "intake ÷ pgbench, 16 clients", &alone, "≥ 0.5"),
        Bare::Nothing(why) => table.note(&format!("{name}: no ratio, because {why}.")),
    }
    visible(&service, plan, name, table);
    service.stop();
}

/// Posts reports for a while: how many a second, and how long each took.
fn post(service: &Service, connections: usize, span: Duration) -> (f64, Vec<Duration>) {
    let times = Mutex::new(Vec::new());
    let count = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let began = Instant::now();
    let mut elapsed = Duration::ZERO;
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let (mut connection, mut request) = (Connection::open(service.address), report(service));
                let mut mine = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let sent = Instant::now();
                    let (status, answer) = connection.call(request.number(unique()));
                    assert_eq!(status, 201, "{answer}");
                    if !stop.load(Ordering::Relaxed) {
                        count.fetch_add(1, Ordering::Relaxed);
                        mine.push(sent.elapsed());
                    }
                }
                times.lock().unwrap().append(&mut mine);
            });
        }
        std::thread::sleep(span);
        stop.store(true, Ordering::Relaxed);
        elapsed = began.elapsed();
    });
    (count.into_inner() as f64 / elapsed.as_secs_f64(), times.into_inner().unwrap())
}

/// After each 201 the queue is looked at once: the report must be there.
fn visible(service: &Service, plan: &Plan, name: &str, table: &mut Table) {
    const WATCHERS: usize = 8;
    say(&format!("{name}: looking for each report after its 201"));
    let tokens = service.database.staff(WATCHERS);
    let times = Mutex::new((Vec::new(), Vec::new()));
    let missing = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for token in &tokens {
            let (times, missing) = (&times, &missing);
            scope.spawn(move || {
                let (mut connection, mut request) = (Connection::open(service.address), report(service));
                let path = format!("GET /v1/triage/cases?platform_report_ref=SPK-{MARK}");
                let mut look = Request::new(&path, token, "", "");
                let began = Instant::now();
                while began.elapsed() < plan.round {
                    let number = unique();
                    let sent = Instant::now();
                    assert_eq!(connection.call(request.number(number)).0, 201);
                    let posted = sent.elapsed();
                    let (status, answer) = connection.call(look.number(number));
                    let seen = sent.elapsed();
                    assert_eq!(status, 200, "{answer}");
                    if !answer.contains("\"id\":\"case_") {
                        missing.fetch_add(1, Ordering::Relaxed);
                    }
                    let mut times = times.lock().unwrap();
                    times.0.push(posted);
                    times.1.push(seen);
                }
            });
        }
    });
    let (mut posted, mut seen) = times.into_inner().unwrap();
    let looks = seen.len();
    let line = |times: &mut [Duration]| format!("{} / {}", millis(quantile(times, 0.5)), millis(quantile(times, 0.99)));
    table.row(name, "POST to its 201, 8 connections, p50 / p99", &line(&mut posted), "");
    table.row(name, "POST to seen in the queue, p50 / p99", &line(&mut seen), "");
    let result = format!("{} of {looks}", missing.into_inner());
    table.row(name, "not in the queue at the first look after 201", &result, "0");
}

/// A time for people.
pub(crate) fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

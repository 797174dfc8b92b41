//! Consoles that stand open and ask every ten seconds what has changed, beside reports that come in.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::http::{Connection, Request, report_body, unique};
use crate::people::{Advocate, attributes, page, platform_token};
use crate::service::Service;
use crate::table::Table;
use crate::{Plan, median, say};

/// So many colleagues have so many windows each: no account has more than ten sessions.
const COLLEAGUES: usize = 25;
const WINDOWS: usize = 8;
/// As the script of the page asks.
const EVERY: Duration = Duration::from_secs(10);
/// Connections by which reports come in.
const REPORTING: usize = 64;
/// Consoles of one thread: so few that none waits for the answer of another.
const IN_A_THREAD: usize = 10;

/// An open console.
struct Console {
    connection: Connection,
    cookie: String,
    /// Where its script asks.
    path: String,
    /// What it was told last.
    tag: String,
}

impl Console {
    /// Opens the page, and learns where its script asks.
    fn open(service: &Service, cookie: String) -> Self {
        let mut connection = Connection::open(service.address);
        let (status, answer) = connection.call(page("/console", &cookie, "").number(0));
        assert_eq!(status, 200, "{answer}");
        let path = attributes(answer, "data-refresh=\"").next().expect("the page says where").replace("&#38;", "&");
        Self { connection, cookie, path, tag: "\"\"".to_owned() }
    }

    /// Asks what has changed. Says whether anything has.
    fn refresh(&mut self) -> bool {
        let mut request = page(&self.path, &self.cookie, &format!("If-None-Match: {}\r\n", self.tag));
        let (status, answer) = self.connection.call(request.number(0));
        assert!(matches!(status, 200 | 304), "{status}: {answer}");
        self.tag = self.connection.header("etag").expect("it has a tag").to_owned();
        status == 200
    }
}

/// What was counted in one round.
#[derive(Default)]
struct Counted {
    refreshes: AtomicU64,
    changed: AtomicU64,
}

pub(crate) fn measure(service: &Service, plan: &Plan, name: &str, table: &mut Table) {
    let mut consoles: Vec<Console> = (0..COLLEAGUES)
        .map(|_| Advocate::new(&service.database))
        .flat_map(|who| (0..WINDOWS).map(move |_| who.another_browser(&service.database)))
        .map(|cookie| Console::open(service, cookie))
        .collect();
    // Nobody's first answers, and no first connection, is in the figures.
    post(service, Duration::from_secs(2));
    for console in &mut consoles {
        console.refresh();
    }
    let (mut ratios, mut alone, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    let counted = Counted::default();
    for round in 0..plan.rounds {
        say(&format!("{name}: reports with and without open consoles, round {} of {}", round + 1, plan.rounds));
        let mut rates = [0.0; 2];
        // The database grows as they come in, so each is first as often.
        for way in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
            rates[way] =
                if way == 0 { post(service, plan.round) } else { post_beside(service, plan, &mut consoles, &counted) };
        }
        ratios.push(rates[1] / rates[0]);
        alone.push(rates[0]);
        beside.push(rates[1]);
    }
    let result = format!("{:.2} ({:.0}, {:.0}/s)", median(&mut ratios), median(&mut beside), median(&mut alone));
    table.row(name, &format!("intake, {} open consoles ÷ none", consoles.len()), &result, "≥ 0.95");
    let (asked, changed) = (counted.refreshes.into_inner(), counted.changed.into_inner());
    let span = plan.round.as_secs_f64() * plan.rounds as f64;
    let result = format!("{:.1}/s, {changed} of {asked} with news", asked as f64 / span);
    table.row(name, "what they ask", &result, "");
}

/// Reports that come in while the consoles ask.
fn post_beside(service: &Service, plan: &Plan, consoles: &mut [Console], counted: &Counted) -> f64 {
    let stop = AtomicBool::new(false);
    let all = consoles.len();
    for console in &mut *consoles {
        // The service has closed the connections of those that were quiet.
        console.connection = Connection::open(service.address);
    }
    std::thread::scope(|scope| {
        for (thread, mine) in consoles.chunks_mut(IN_A_THREAD).enumerate() {
            let stop = &stop;
            scope.spawn(move || {
                let began = Instant::now();
                for turn in 0_usize.. {
                    // Evenly over the ten seconds, whichever thread has it.
                    let own = turn % mine.len() * (all / mine.len()) + thread;
                    let due = EVERY.mul_f64(own as f64 / all as f64) + EVERY * (turn / mine.len()) as u32;
                    std::thread::sleep(due.saturating_sub(began.elapsed()));
                    if stop.load(Ordering::Relaxed) || due >= plan.round {
                        break;
                    }
                    let at = turn % mine.len();
                    let is_new = mine[at].refresh();
                    counted.refreshes.fetch_add(1, Ordering::Relaxed);
                    counted.changed.fetch_add(u64::from(is_new), Ordering::Relaxed);
                }
            });
        }
        let rate = post(service, plan.round);
        stop.store(true, Ordering::Relaxed);
        rate
    })
}

/// Posts reports for a while: how many a second.
fn post(service: &Service, span: Duration) -> f64 {
    let (count, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let report = Request::post("/v1/reports", &platform_token(&service.database), &report_body());
    let (began, mut elapsed) = (Instant::now(), span);
    std::thread::scope(|scope| {
        for _ in 0..REPORTING {
            let (mut request, count, stop) = (report.clone(), &count, &stop);
            scope.spawn(move || {
                let mut connection = Connection::open(service.address);
                while !stop.load(Ordering::Relaxed) {
                    let (status, answer) = connection.call(request.number(unique()));
                    assert_eq!(status, 201, "{answer}");
                    if !stop.load(Ordering::Relaxed) {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        std::thread::sleep(span);
        stop.store(true, Ordering::Relaxed);
        elapsed = began.elapsed();
    });
    count.into_inner() as f64 / elapsed.as_secs_f64()
}

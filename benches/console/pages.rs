//! The queues and a case as pages and as the API answers them, with many cases and with few, one call after the other in
//! turns; and how much a browser loads.

use std::io::Write;
use std::time::Instant;

use flate2::{Compression, write::GzEncoder};

use crate::fill::RAREST;
use crate::http::{Connection, Request};
use crate::people::{Advocate, page};
use crate::service::Service;
use crate::table::Table;
use crate::{Plan, median, say, work};

/// The first calls warm caches and prepared statements.
const WARMING: usize = 30;
/// So many rows a page of the queues has.
const ROWS: usize = 25;

/// What is asked for, in the order of a turn.
const ASKED: [&str; 5] = ["queue page", "queue page of the rarest category", "case page", "API list", "API case"];
const QUEUE: usize = 0;
const RAREST_PAGE: usize = 1;
const CASE: usize = 2;
const LIST: usize = 3;
const API_CASE: usize = 4;

/// Somebody who asks a service for all of them in turns.
struct Asker {
    connection: Connection,
    /// For each that is asked the same, or one for each case.
    requests: [Vec<Request>; 5],
    times: [Vec<f64>; 5],
}

impl Asker {
    fn new(service: &Service, plan: &Plan) -> Self {
        let who = Advocate::new(&service.database);
        let cases = work::cases(service, &who, plan.worked_on);
        let page = |path: String| page(&path, &who.cookie, "");
        let api = |path: String| Request::new(&format!("GET {path}"), &who.token, "", "");
        let requests = [
            vec![page("/console".to_owned())],
            vec![page(format!("/console?category={RAREST}"))],
            cases.iter().map(|id| page(format!("/console/cases/{id}"))).collect(),
            vec![api("/v1/triage/cases".to_owned())],
            cases.iter().map(|id| api(format!("/v1/triage/cases/{id}"))).collect(),
        ];
        let times = [const { Vec::new() }; 5];
        Self { connection: Connection::open(service.address), requests, times }
    }

    fn ask(&mut self, what: usize, turn: usize) {
        let among = &mut self.requests[what];
        let at = turn % among.len();
        let request = among[at].number(0).to_vec();
        let sent = Instant::now();
        let (status, answer) = self.connection.call(&request);
        let took = sent.elapsed();
        assert_eq!(status, 200, "{answer}");
        let (rows, wanted) = match what {
            QUEUE | RAREST_PAGE => (answer.matches("data-case=\"").count(), ROWS),
            LIST => (answer.matches("\"id\":\"case_").count(), ROWS),
            _ => (answer.matches("outside my work").count(), 1),
        };
        assert_eq!(rows, wanted, "{}: {answer}", ASKED[what]);
        if turn >= WARMING {
            self.times[what].push(took.as_secs_f64());
        }
    }
}

/// Measures the pages of both places, the small one first.
pub(crate) fn measure(places: [&Service; 2], plan: &Plan, name: &str, table: &mut Table) {
    let mut askers = places.map(|service| Asker::new(service, plan));
    say(&format!("{name}: {} turns of all pages", plan.looks));
    for turn in 0..plan.looks + WARMING {
        for what in 0..ASKED.len() {
            for asker in &mut askers {
                asker.ask(what, turn);
            }
        }
    }
    let [small, large] = askers.each_mut().map(|asker| asker.times.each_mut().map(|times| median(times)));
    let [few, many] = plan.cases.map(short);
    for what in [QUEUE, RAREST_PAGE, CASE] {
        row(table, name, &format!("{}, {many} ÷ {few}", ASKED[what]), [large[what], small[what]], "≤ 1.5");
    }
    row(table, name, &format!("queue page ÷ API list of the same rows, {many}"), [large[QUEUE], large[LIST]], "≤ 2");
    row(table, name, &format!("case page ÷ API case, {many}"), [large[CASE], large[API_CASE]], "≤ 2");
    weigh(&mut askers[1], name, table);
}

fn row(table: &mut Table, name: &str, what: &str, [one, other]: [f64; 2], aim: &str) {
    let millis = |time: f64| format!("{:.1}", time * 1_000.0);
    let result = format!("{:.2} ({}, {} ms)", one / other, millis(one), millis(other));
    table.row(name, what, &result, aim);
}

fn short(cases: u64) -> String {
    match cases {
        1_000_000 => "1 million cases".to_owned(),
        cases => format!("{} thousand", cases / 1_000),
    }
}

/// How many bytes a browser loads that has nothing yet. The service packs none of its pages: a proxy before it may.
fn weigh(asker: &mut Asker, name: &str, table: &mut Table) {
    let shared: usize = ["/console/style.css", "/console/console.js"]
        .map(|path| packed(asker.connection.call(page(path, "", "").number(0)).1))
        .iter()
        .sum();
    let [queue, case] = [QUEUE, CASE].map(|what| {
        let request = asker.requests[what][0].number(0).to_vec();
        packed(asker.connection.call(&request).1) + shared
    });
    let kib = |bytes: usize| format!("{:.1}", bytes as f64 / 1_024.0);
    let result = format!("{}, {} KiB", kib(queue), kib(case));
    table.row(name, "queue page, case page, each with style and script, gzip", &result, "≤ 100 KiB");
}

fn packed(text: &str) -> usize {
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap().len()
}

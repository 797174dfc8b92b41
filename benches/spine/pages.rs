//! Pages of the queues with few and with many open cases, and the counting of the queues.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::sql_types::{BigInt, Text};
use diesel::{Connection as _, prelude::*};
use recourse::base::page::cursor;
use recourse::db::Place;
use recourse::jobs;

use crate::http::{Connection, Request};
use crate::intake::millis;
use crate::service::{Home, Service};
use crate::table::Table;
use crate::{Plan, claims, fill, quantile, say};

const QUEUE: &str = "stalking_violence";
/// A list: how it is called here, its query, and its name in cursors.
const LISTS: [(&str, &str, &str); 2] = [
    ("one queue", "queue=stalking_violence", "cases|live|stalking_violence||||"),
    ("all queues", "mode=live", "cases|live|||||"),
];

#[derive(QueryableByName)]
struct Spot {
    #[diesel(sql_type = BigInt)]
    sort_rank: i64,
    #[diesel(sql_type = Text)]
    id: String,
}

/// The case in the middle of a list.
fn middle(service: &Service, only: Option<&str>, cases: u64) -> Spot {
    let queue = only.map_or_else(String::new, |queue| format!("AND queue = '{queue}'"));
    // Of a hundred cases thirty are in the stalking queue.
    let offset = if only.is_some() { cases * 15 / 100 } else { cases / 2 };
    let query = diesel::sql_query(format!(
        "SELECT sort_rank, id FROM cases WHERE mode = 'live' AND state <> 'closed' {queue} ORDER BY sort_rank, id \
         LIMIT 1 OFFSET {offset}"
    ));
    match &service.database.place {
        Place::Sqlite(path) => {
            query.get_result(&mut SqliteConnection::establish(path.to_str().unwrap()).unwrap()).unwrap()
        }
        Place::Postgres(url) => query.get_result(&mut PgConnection::establish(url).unwrap()).unwrap(),
    }
}

/// The medians of a page's first and deep requests.
#[derive(Clone, Copy)]
struct Times {
    first: Duration,
    deep: Duration,
}

pub(crate) fn measure(home: &Home<'_>, plan: &Plan, table: &mut Table) {
    let name = home.name();
    let service = home.database().serve();
    let token = service.database.staff(1).remove(0);
    let mut all: Vec<[Times; 2]> = Vec::new();
    let mut before = 0;
    for cases in plan.cases {
        say(&format!("{name}: filling up to {cases} open cases"));
        fill::upto(&service.database, before, cases);
        before = cases;
        say(&format!("{name}: pages at {cases} open cases"));
        all.push(LISTS.map(|(_, query, list)| {
            let spot = middle(&service, query.contains(QUEUE).then_some(QUEUE), cases);
            let deep = cursor(list, &(spot.sort_rank, spot.id));
            let first = format!("GET /v1/triage/cases?{query}");
            look(&service, plan.looks, &token, [first.clone(), format!("{first}&cursor={deep}")])
        }));
    }
    let [few, many] = plan.cases.map(short);
    for (at, (what, ..)) in LISTS.iter().enumerate() {
        let (small, large) = (all[0][at], all[1][at]);
        let times = format!("{} / {}", millis(small.first), millis(large.first));
        table.row(name, &format!("first page of {what}, {few} / {many} open cases"), &times, "");
        table.row(name, &format!("first page of {what}, {many} ÷ {few}"), &ratio(large.first, small.first), "≤ 1.5");
        let deep = format!("page in the middle ÷ first page of {what}, {many}");
        table.row(name, &deep, &ratio(large.deep, large.first), "≤ 1.2");
    }
    let began = Instant::now();
    let app = Arc::clone(&service.database.app);
    service.database.block_on(async move { jobs::tick(app).await }).unwrap();
    let took = format!("{:.2} s", began.elapsed().as_secs_f64());
    table.row(name, &format!("counting the queues, {many} open cases"), &took, "≤ 5 s");
    claims::measure(&service, plan, name, table);
    service.stop();
}

fn ratio(one: Duration, other: Duration) -> String {
    format!("{:.2}", one.as_secs_f64() / other.as_secs_f64())
}

/// Asks for both pages in turn, so that other work on the machine meets both.
fn look(service: &Service, looks: usize, token: &str, pages: [String; 2]) -> Times {
    let mut connection = Connection::open(service.address);
    let mut requests = pages.map(|line| Request::new(&line, token, "", ""));
    let mut times = [Vec::new(), Vec::new()];
    for turn in 0..looks + 20 {
        for (request, times) in requests.iter_mut().zip(&mut times) {
            let sent = Instant::now();
            let (status, answer) = connection.call(request.number(0));
            let took = sent.elapsed();
            assert!(status == 200 && answer.contains("\"id\":\"case_"), "{status}: {answer}");
            // The first few warm caches and prepared statements.
            if turn >= 20 {
                times.push(took);
            }
        }
    }
    let [first, deep] = times.map(|mut times| quantile(&mut times, 0.5));
    Times { first, deep }
}

fn short(cases: u64) -> String {
    match cases {
        1_000_000 => "1 million".to_owned(),
        cases => format!("{} thousand", cases / 1_000),
    }
}

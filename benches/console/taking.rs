//! Many advocates who take the most urgent case at the same time: by the key of the page, and by their tool.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Instant;

use crate::fill::queue_of;
use crate::http::{Connection, Request, unique};
use crate::people::{Advocate, attributes, form, page};
use crate::service::Service;
use crate::table::Table;
use crate::{Plan, median, say};
use recourse::db::Place;

const ADVOCATES: usize = 32;

pub(crate) fn measure(service: &Service, plan: &Plan, name: &str, table: &mut Table) {
    let people: Vec<Advocate> = (0..ADVOCATES).map(|_| Advocate::new(&service.database)).collect();
    let each = plan.taken / ADVOCATES;
    let (mut ratios, mut pressed, mut called, mut twice) = (Vec::new(), Vec::new(), Vec::new(), 0);
    // The first round is not counted: it makes a key for each case that is taken, as reports do, and the cases keep it.
    for round in 0..=plan.rounds {
        say(&format!("{name}: {ADVOCATES} advocates take cases, round {round} of {}", plan.rounds));
        let mut rates = [0.0; 2];
        // Whichever comes first finds what the other left; so they take turns in that as well.
        for way in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
            give_back(service);
            let work: Vec<Vec<Vec<u8>>> = match way {
                0 => people.iter().map(|who| presses(service, who, each)).collect(),
                _ => people.iter().map(|who| calls(who, each)).collect(),
            };
            let (rate, taken) = take(service, work);
            let different: HashSet<&String> = taken.iter().collect();
            twice += taken.len() - different.len();
            rates[way] = rate;
        }
        if round == 0 {
            continue;
        }
        ratios.push(rates[0] / rates[1]);
        pressed.push(rates[0]);
        called.push(rates[1]);
    }
    let result = format!("{:.2} ({:.0}, {:.0}/s)", median(&mut ratios), median(&mut pressed), median(&mut called));
    table.row(name, &format!("{ADVOCATES} advocates press c ÷ their tools take cases"), &result, "≥ 0.7");
    table.row(name, "cases with two holders", &twice.to_string(), "0");
    assert_eq!(twice, 0, "a case has two holders");
}

/// Leaves every case as if nobody had taken it: both ways begin with the same queues.
fn give_back(service: &Service) {
    let freed = "UPDATE cases SET claimed_until = NULL, assigned_to = NULL WHERE claimed_until IS NOT NULL";
    service.database.batch(freed);
    if matches!(service.database.place, Place::Postgres(_)) {
        // What the old rows left behind is no cost of either way.
        service.database.batch("VACUUM cases");
    }
}

/// The form of the page so many times, each with a key that the service made for it.
fn presses(service: &Service, who: &Advocate, count: usize) -> Vec<Vec<u8>> {
    let (mut connection, mut list) = (Connection::open(service.address), page("/console", &who.cookie, ""));
    let mut keys: HashSet<String> = HashSet::new();
    while keys.len() < count {
        let (status, answer) = connection.call(list.number(0));
        assert_eq!(status, 200, "{answer}");
        keys.extend(attributes(answer, "name=\"key\" value=\"").map(str::to_owned));
    }
    let press = |key: String| form("/console/take", &who.cookie, &format!("key={key}&mode=live")).number(0).to_vec();
    keys.into_iter().take(count).map(press).collect()
}

/// The same by a tool, which takes from one queue at a time: of each as often as it has cases.
fn calls(who: &Advocate, count: usize) -> Vec<Vec<u8>> {
    let call = |_| {
        let number = unique();
        let path = format!("/v1/triage/queues/{}/claim", queue_of(number).as_str());
        Request::post(&path, &who.token, "").number(number).to_vec()
    };
    (0..count).map(call).collect()
}

/// Sends all of it, each person one after the other: how many a second, and the cases that were taken.
fn take(service: &Service, work: Vec<Vec<Vec<u8>>>) -> (f64, Vec<String>) {
    let taken = Mutex::new(Vec::new());
    let together = std::sync::Barrier::new(work.len() + 1);
    let mut began = Instant::now();
    std::thread::scope(|scope| {
        for requests in work {
            let (taken, together) = (&taken, &together);
            scope.spawn(move || {
                let mut connection = Connection::open(service.address);
                together.wait();
                let mine: Vec<String> = requests.iter().map(|request| one(&mut connection, request)).collect();
                taken.lock().unwrap().extend(mine);
            });
        }
        together.wait();
        began = Instant::now();
    });
    let (took, taken) = (began.elapsed(), taken.into_inner().unwrap());
    (taken.len() as f64 / took.as_secs_f64(), taken)
}

/// The case that was taken.
fn one(connection: &mut Connection, request: &[u8]) -> String {
    let (status, answer) = connection.call(request);
    match status {
        200 => {
            let case: serde_json::Value = serde_json::from_str(answer).unwrap();
            case["id"].as_str().unwrap().to_owned()
        }
        303 => {
            let place = connection.header("location").unwrap();
            place.split(['/', '?']).find(|part| part.starts_with("case_")).expect("there is one to take").to_owned()
        }
        other => panic!("{other}: {answer}"),
    }
}

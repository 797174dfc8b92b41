//! Many colleagues who take the most urgent case at the same time.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Instant;

use crate::http::{Connection, Request, unique};
use crate::service::Service;
use crate::table::Table;
use crate::{Plan, say};

const CLAIMERS: usize = 32;

pub(crate) fn measure(service: &Service, plan: &Plan, name: &str, table: &mut Table) {
    say(&format!("{name}: {CLAIMERS} claimers"));
    let tokens = service.database.staff(CLAIMERS);
    let claimed = Mutex::new(Vec::new());
    let began = Instant::now();
    std::thread::scope(|scope| {
        for token in &tokens {
            let claimed = &claimed;
            scope.spawn(move || {
                let mut connection = Connection::open(service.address);
                let mut request = Request::post("/v1/triage/queues/stalking_violence/claim", token, "");
                let mut mine = Vec::new();
                for _ in 0..plan.claims / CLAIMERS {
                    let (status, answer) = connection.call(request.number(unique()));
                    assert_eq!(status, 200, "{answer}");
                    let case: serde_json::Value = serde_json::from_str(answer).unwrap();
                    mine.push(case["id"].as_str().unwrap().to_owned());
                }
                claimed.lock().unwrap().append(&mut mine);
            });
        }
    });
    let took = began.elapsed();
    let claimed = claimed.into_inner().unwrap();
    let different: HashSet<&String> = claimed.iter().collect();
    let rate = format!("{:.0} claims/s", claimed.len() as f64 / took.as_secs_f64());
    table.row(name, "claim the next case, 32 claimers", &rate, "");
    table.row(name, "cases with two holders", &(claimed.len() - different.len()).to_string(), "0");
}

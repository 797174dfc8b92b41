//! Routing through a large directory and a small one, and a service's list beside those of others: one call after the other in turns.

use std::time::Instant;

use serde_json::json;

use crate::copies::{self, Copies};
use crate::http::{Connection, MARK, Request, unique};
use crate::service::{Home, Service};
use crate::site::{Lead, id_of, partner_token, place, platform_token};
use crate::table::Table;
use crate::{Plan, median, public, say};

/// The first calls warm caches and prepared statements.
const WARMING: usize = 30;

/// Somebody who asks for the same again and again.
struct Asker {
    connection: Connection,
    request: Request,
    times: Vec<f64>,
}

impl Asker {
    fn new(service: &Service, request: Request) -> Self {
        Self { connection: Connection::open(service.address), request, times: Vec::new() }
    }

    fn ask(&mut self, turn: usize, holds: &str) {
        let request = self.request.number(unique()).to_vec();
        let sent = Instant::now();
        let (status, answer) = self.connection.call(&request);
        let took = sent.elapsed();
        assert!(status == 200 && answer.contains(holds), "{status}: {answer}");
        if turn >= WARMING {
            self.times.push(took.as_secs_f64());
        }
    }
}

/// Asks both in turns, and gives the middle of each.
fn middles(mut askers: [Asker; 2], plan: &Plan, holds: &str) -> [f64; 2] {
    for turn in 0..plan.looks + WARMING {
        for asker in &mut askers {
            asker.ask(turn, holds);
        }
    }
    askers.each_mut().map(|asker| median(&mut asker.times))
}

fn row(table: &mut Table, name: &str, what: &str, [small, large]: [f64; 2], aim: &str) {
    let millis = |time: f64| format!("{:.2}", time * 1_000.0);
    table.row(name, what, &format!("{:.2} ({}, {} ms)", large / small, millis(large), millis(small)), aim);
}

pub(crate) fn routing(home: &Home<'_>, plan: &Plan, name: &str, table: &mut Table) {
    say(&format!("{name}: directories of {} and {} services", plan.services[0], plan.services[1]));
    let places = plan.services.map(|services| place(home, services));
    if plan.wants("routing") {
        let askers = places.each_ref().map(|service| {
            let mut lead = Lead::of(service);
            let case = lead.case(&platform_token(&service.database));
            let body = json!({"place": {"country": "GB", "region": "GB-ESX", "said_now": true}, "told": {"age": 30},
                "language": "en", "conflicts_asked": true});
            let headers = format!("Idempotency-Key: routing-{MARK}\r\nContent-Type: application/json\r\n");
            let line = format!("POST /v1/triage/cases/{case}/routing");
            Asker::new(service, Request::new(&line, &lead.token, &headers, &body.to_string()))
        });
        let of = middles(askers, plan, "service-");
        row(table, name, &format!("routing, {} services ÷ {}", plan.services[1], plan.services[0]), of, "≤ 3");
    }
    if plan.wants("public") {
        public::measure(&places[1], plan, name, table);
    }
    places.into_iter().for_each(Service::stop);
}

pub(crate) fn list(home: &Home<'_>, plan: &Plan, name: &str, table: &mut Table) {
    let places = plan.others.map(|others| {
        let (service, began) = (place(home, 50), Instant::now());
        let (mine, theirs) = (id_of(&service.database, "service-0"), id_of(&service.database, "service-1"));
        let mut lead = Lead::of(&service);
        let case = lead.case(&platform_token(&service.database));
        let consent = lead.consent(&case, &mine);
        let like = lead.sent(&case, &mine, &consent);
        let own = Copies { like: &like, service: &mine, state: "sent", count: 200, due: None };
        copies::add(&service, &own);
        // Of many services, as there are.
        let of_others = Copies { service: &theirs, state: "closed", count: others, ..own };
        copies::add(&service, &of_others);
        say(&format!("{name}: {others} referrals of others, filled in {} s", began.elapsed().as_secs()));
        service
    });
    let askers = places.each_ref().map(|service| {
        let token = partner_token(&service.database, "service-0");
        Asker::new(service, Request::new("GET /v1/partner/referrals", &token, "", ""))
    });
    let of = middles(askers, plan, "\"id\":\"ref_");
    let [few, many] = plan.others;
    row(table, name, &format!("a service's list, {many} referrals of others ÷ {few}"), of, "≤ 1.2");
    places.into_iter().for_each(Service::stop);
}

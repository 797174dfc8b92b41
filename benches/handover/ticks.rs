//! A tick of the jobs beside many open referrals of which none is due, and beside none.

use std::sync::Arc;
use std::time::Instant;

use recourse::jobs;

use crate::copies::{self, Copies};
use crate::service::{Home, Service};
use crate::site::{Lead, id_of, place, platform_token};
use crate::table::Table;
use crate::{Plan, median, say};

/// The first ticks do what is done once.
const WARMING: usize = 5;

pub(crate) fn measure(home: &Home<'_>, plan: &Plan, name: &str, table: &mut Table) {
    let places = [0, plan.open].map(|open| {
        let service = place(home, 50);
        let to = id_of(&service.database, "service-0");
        let mut lead = Lead::of(&service);
        let case = lead.case(&platform_token(&service.database));
        let consent = lead.consent(&case, &to);
        let like = lead.sent(&case, &to, &consent);
        if open > 0 {
            let due = Some(service.database.app.clock.now().micros() + 7 * 86_400_000_000);
            copies::add(&service, &Copies { like: &like, service: &to, state: "received", count: open, due });
        }
        say(&format!("{name}: {open} open referrals"));
        service
    });
    let mut times = [Vec::new(), Vec::new()];
    for turn in 0..plan.looks.min(60) + WARMING {
        for (service, times) in places.iter().zip(&mut times) {
            let app = Arc::clone(&service.database.app);
            let began = Instant::now();
            service.database.block_on(jobs::tick(app)).unwrap();
            if turn >= WARMING {
                times.push(began.elapsed().as_secs_f64());
            }
        }
    }
    let [none, many] = times.each_mut().map(|times| median(times));
    let millis = |time: f64| format!("{:.1}", time * 1_000.0);
    let result = format!("{:.2} ({}, {} ms)", many / none, millis(many), millis(none));
    table.row(name, &format!("a tick, {} open referrals ÷ none", plan.open), &result, "≤ 1.3");
    places.into_iter().for_each(Service::stop);
}

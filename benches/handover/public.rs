//! The public directory, beside a static file of the service, and beside a bare route of the same process that does nothing but answer
//! the same bytes.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};

use crate::http::{Connection, Request};
use crate::service::Service;
use crate::table::Table;
use crate::{Plan, median, say};

/// Connections that ask, each as soon as it was answered.
const CONNECTIONS: usize = 16;
const PATH: &str = "/v1/public/services?country=GB";
/// A file in memory, as long as the answer.
const FILE: &str = "/console/style.css";

pub(crate) fn measure(service: &Service, plan: &Plan, name: &str, table: &mut Table) {
    let mut connection = Connection::open(service.address);
    let (status, answer) = connection.call(Request::with(&format!("GET {PATH}"), "", "").number(0));
    assert_eq!(status, 200, "{answer}");
    let body = answer.to_owned();
    let bare = bare(body.clone());
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..plan.rounds {
        say(&format!("{name}: the public directory, round {} of {}", round + 1, plan.rounds));
        for way in if round % 2 == 0 { [0, 1, 2] } else { [2, 1, 0] } {
            let (address, path) = [(service.address, PATH), (service.address, FILE), (bare, "/page")][way];
            rates[way].push(rate(address, path, plan.round / 2));
        }
    }
    let [ours, file, bare] = rates.each_mut().map(|rates| median(rates));
    let result = |other: f64| format!("{:.2} ({ours:.0}, {other:.0}/s, {} KiB)", ours / other, body.len() / 1_024);
    table.row(name, "public services ÷ a static file", &result(file), "≥ 0.8");
    table.row(name, "public services ÷ a bare route", &result(bare), "–");
}

/// A server that does nothing but answer these bytes. Where it listens; it ends with the process.
fn bare(body: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(move || {
                let body = body.clone();
                let answer = move || {
                    let body = body.clone();
                    async move { HttpResponse::Ok().content_type("application/json").body(body) }
                };
                App::new().route("/page", web::get().to(answer))
            });
            server.disable_signals().listen(listener).unwrap().run().await.unwrap();
        });
    });
    address
}

fn rate(address: SocketAddr, path: &str, span: Duration) -> f64 {
    let stop = AtomicBool::new(false);
    let began = Instant::now();
    let ask = || {
        let mut connection = Connection::open(address);
        let mut request = Request::with(&format!("GET {path}"), "", "");
        let mut count = 0_usize;
        while !stop.load(Ordering::Relaxed) {
            let (status, _) = connection.call(request.number(0));
            assert_eq!(status, 200);
            count += 1;
        }
        count
    };
    let total: usize = std::thread::scope(|scope| {
        let hands: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(ask)).collect();
        std::thread::sleep(span);
        stop.store(true, Ordering::Relaxed);
        hands.into_iter().map(|hand| hand.join().unwrap()).sum()
    });
    total as f64 / began.elapsed().as_secs_f64()
}

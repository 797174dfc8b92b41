//! Part `serve`: the largest page of an edition, beside a bare route that answers the same bytes in the same process.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use recourse::domain::counting::{FlowKind, NewFlow};
use recourse::domain::terms::region::Region;
use recourse::jobs::editions as jobs;
use recourse::statistics::disclosure::rules;
use recourse::statistics::editions::{self, EditionId};

use crate::http::{Connection, Request};
use crate::site::{self, config, quarter};
use crate::{Plan, middle, say};

/// Connections that ask, each as soon as it was answered.
const CONNECTIONS: usize = 16;

pub(crate) fn measure(plan: &Plan) {
    let dir = tempfile::Builder::new().prefix("recourse-editions.").tempdir().unwrap();
    actix_web::rt::System::new().block_on(async {
        let (app, clock, ids) = site::open(config(dir.path(), None)).await;
        let mut rows = Vec::new();
        for number in 0..4_000_usize {
            rows.push(NewFlow {
                case_id: format!("bench-{number}"),
                flow: FlowKind::Intake,
                at: quarter().from(),
                platform_id: ids[number % ids.len()].clone(),
                category: ["stalking", "fraud", "image"][number % 3].to_owned(),
                region: Region::London,
                value: String::new(),
                totalled: false,
            });
        }
        for some in rows.chunks(1_000) {
            let some = some.to_vec();
            app.write(recourse::domain::unit::Caller::Command("bench"), move |tx| {
                recourse::domain::counting::append_all(tx, &some)
            })
            .await
            .unwrap();
        }
        let id = EditionId::of(quarter());
        clock.advance(editions::release_at(rules(), quarter()).since(clock.now()));
        jobs::build(&app, id, &|_| {}).await.unwrap();
        jobs::publish(&app, id).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = listener.local_addr().unwrap();
        actix_web::rt::spawn(recourse::web::serve(&app, listener).unwrap());
        let path = format!("/transparency/{id}/platform-category");
        let page = loop {
            let answer = reqwest::get(format!("http://{ours}{path}")).await.unwrap();
            if answer.status() == 200 {
                break answer.bytes().await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let bare = bare(&page);
        let seconds = plan.seconds;
        let rounds = plan.rounds.max(2);
        let measured = web::block(move || {
            let (mut of_ours, mut of_bare) = (Vec::new(), Vec::new());
            for round in 0..rounds * 2 {
                say(&format!("serve: round {} of {}", round + 1, rounds * 2));
                let both = [(ours, path.as_str(), &mut of_ours), (bare, "/page", &mut of_bare)];
                for (address, path, rates) in both {
                    rates.push(rate(address, path, Duration::from_secs(seconds)));
                }
            }
            (middle(of_ours), middle(of_bare))
        });
        let (of_ours, of_bare) = measured.await.unwrap();
        let size = page.len() / 1024;
        println!("| – | a bare route, {size} KiB, {CONNECTIONS} connections | {of_bare:.0} answers/s | |");
        println!("| – | the same page of an edition | {of_ours:.0} answers/s | |");
        println!("| – | page ÷ bare route | {:.2} | ≥ 0.8 |", of_ours / of_bare);
    });
}

/// A server that does nothing but answer these bytes. Where it listens.
fn bare(page: &web::Bytes) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let page = page.clone();
    let server = HttpServer::new(move || {
        let page = page.clone();
        App::new().route(
            "/page",
            web::get().to(move || {
                let page = page.clone();
                async move { HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page) }
            }),
        )
    });
    actix_web::rt::spawn(server.disable_signals().listen(listener).unwrap().run());
    address
}

fn rate(address: SocketAddr, path: &str, span: Duration) -> f64 {
    let stop = AtomicBool::new(false);
    let began = Instant::now();
    let ask = || {
        let mut connection = Connection::open(address);
        let mut request = Request::new(&format!("GET {path}"), "none", "", "");
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

//! Reports that come in beside many late referrals, of which no mail tells because the mail server says nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use recourse::app::App;
use recourse::base::secret::Sensitive;
use recourse::domain::casework;
use recourse::jobs;

use crate::hole::Hole;
use crate::http::{Connection, Request, report_body, unique};
use crate::service::{Home, Service};
use crate::site::{fill, platform_token, refer, settings};
use crate::table::Table;
use crate::{Plan, median, say};

/// Connections by which reports come in.
const REPORTING: usize = 64;
/// By so much all that is awaited is moved back.
const LATE: i64 = 8 * 86_400_000_000;

/// The jobs of a service, until they are told to end.
struct Working {
    end: tokio::sync::oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Working {
    fn begin(app: &Arc<App>) -> Self {
        let (end, ended) = tokio::sync::oneshot::channel();
        let app = Arc::clone(app);
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                tokio::select! {
                    () = jobs::run(app) => {}
                    _ = ended => {}
                }
            });
        });
        Self { end, thread }
    }

    fn stop(self) {
        self.end.send(()).unwrap();
        self.thread.join().unwrap();
    }
}

pub(crate) fn measure(home: &Home<'_>, plan: &Plan, name: &str, table: &mut Table) {
    let silent = Hole::mail();
    let url = format!("smtp://127.0.0.1:{}", silent.port);
    let places = [None, Some(url)].map(|url| {
        let is_late = url.is_some();
        let database = home.database_with(|config| {
            settings(config);
            config.mail.url = url.map(Sensitive::new);
            config.outbound.allow = vec!["127.0.0.1".to_owned()];
        });
        fill(&database, 50);
        let (service, began) = (database.serve(), Instant::now());
        // Without late ones as many are there and in time, and as many colleagues are at work: each report asks who is.
        refer(&service, plan.late);
        let late =
            format!("UPDATE clocks SET due_at = due_at - {LATE}, alarm_at = alarm_at - {LATE} WHERE kind = 'referral'");
        if is_late {
            service.database.batch(&late);
        }
        say(&format!(
            "{name}: {} referrals {}, made in {} s",
            plan.late,
            if is_late { "that are late" } else { "in time" },
            began.elapsed().as_secs()
        ));
        service
    });
    let begins = Instant::now();
    let working = places.each_ref().map(|service| Working::begin(&service.database.app));
    for service in &places {
        post(service, plan.round.min(Duration::from_secs(3)));
    }
    let (mut ratios, mut rates) = (Vec::new(), [Vec::new(), Vec::new()]);
    for round in 0..plan.rounds {
        say(&format!("{name}: intake with and without late referrals, round {} of {}", round + 1, plan.rounds));
        let mut both = [0.0; 2];
        for way in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
            both[way] = post(&places[way], plan.round);
            rates[way].push(both[way]);
        }
        say(&format!("{name}: {:.0} and {:.0}/s; some wait: {}", both[0], both[1], any_untold(&places[1])));
        ratios.push(both[1] / both[0]);
    }
    let [without, with] = rates.each_mut().map(|rates| median(rates));
    let result = format!("{:.2} ({with:.0}, {without:.0}/s)", median(&mut ratios));
    table.row(name, &format!("intake, {} late and mail a black hole ÷ without", plan.late), &result, "≥ 0.95");
    while any_untold(&places[1]) {
        std::thread::sleep(Duration::from_millis(500));
    }
    table.note(&format!(
        "{name}: somebody was told of all {} late ones within {} s.",
        plan.late,
        begins.elapsed().as_secs()
    ));
    working.into_iter().for_each(Working::stop);
    places.into_iter().for_each(Service::stop);
}

/// Whether a clock that is to be told of waits.
fn any_untold(service: &Service) -> bool {
    let look = service.database.app.read(|rx| casework::other_clocks_to_tell(rx, None, 1));
    !service.database.block_on(look).unwrap().is_empty()
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

//! Part `intake`: whether reports come in as fast while the mail server and every receiver are black holes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use recourse::app::{self, App};
use recourse::base::id::StaffId;
use recourse::base::time::Clock;
use recourse::domain::paging::Notice;
use recourse::domain::paging::owed::{self, Job};
use recourse::domain::people::door;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::{self, NewMember, Role};
use recourse::domain::webhooks;

use crate::hole::Hole;
use crate::http::{Connection, Request, report_body, unique};
use crate::postgres::{Cluster, free_ports};
use crate::site::{Platform, Serving, config, platform};
use crate::{PLATFORMS, Plan, say};

/// Connections that post, spread over the platforms.
const CONNECTIONS: usize = 40;
/// Mails that are owed at the beginning of each round.
const MAILS: usize = 100;
/// How long the backlog may take to drain before the benchmark gives up.
const PATIENCE: Duration = Duration::from_mins(5);

/// A service, whom it tells, and what was measured of it.
struct Site {
    name: &'static str,
    serving: Serving,
    app: Arc<App>,
    platforms: Vec<Platform>,
    receivers: Vec<Hole>,
    mail: Option<Hole>,
    duty: StaffId,
    rates: Vec<f64>,
    times: Vec<Duration>,
    /// In MiB.
    memory: Vec<u64>,
    posted: usize,
    owed: usize,
    _dir: tempfile::TempDir,
}

/// Whether what a service tells arrives.
#[derive(Clone, Copy, PartialEq)]
enum Outside {
    /// It has nobody to tell.
    Nobody,
    /// Everybody answers.
    Well,
    /// Nobody answers.
    Dark,
}

pub(crate) fn measure(name: &str, cluster: Option<&Cluster>, plan: &Plan) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let all = [("nobody to tell", Outside::Nobody), ("all well", Outside::Well), ("black holes", Outside::Dark)];
    let mut sites: Vec<Site> =
        all.iter().map(|(name, outside)| runtime.block_on(Site::start(name, *outside, cluster))).collect();
    for site in &mut sites {
        runtime.block_on(site.round(plan.span.min(Duration::from_secs(3))));
        site.settle(&runtime);
        site.rates.clear();
        site.times.clear();
    }
    for round in 0..plan.rounds * 2 {
        say(&format!("{name}: intake, round {} of {}", round + 1, plan.rounds * 2));
        let turn: Vec<usize> = if round % 2 == 0 { vec![0, 1, 2] } else { vec![2, 1, 0] };
        for at in turn {
            runtime.block_on(sites[at].round(plan.span));
            // What one has still to tell must not slow the next.
            sites[at].settle(&runtime);
            let memory = sites[at].serving.memory();
            sites[at].memory.push(memory);
        }
    }
    for site in &mut sites {
        site.tell(name);
    }
    let ratio = |one: f64, other: f64| format!("{:.2}", one / other);
    let [quiet, well, dark] = sites.as_mut_slice() else { unreachable!() };
    for other in [quiet, well] {
        let rates = dark.rates.iter().zip(&other.rates).map(|(dark, other)| other / dark).collect::<Vec<_>>();
        let tail = ratio(tail(&mut dark.times).as_secs_f64(), tail(&mut other.times).as_secs_f64());
        println!(
            "| {name} | quiet ({}) ÷ black holes: throughput; black holes ÷ quiet: p99 | {:.2}; {tail} |",
            other.name,
            middle(rates)
        );
    }
    drain(name, dark, &runtime);
}

impl Site {
    async fn start(name: &'static str, outside: Outside, cluster: Option<&Cluster>) -> Self {
        let dir = tempfile::Builder::new().prefix("recourse-conversation.").tempdir().unwrap();
        let mut config = config(dir.path(), cluster);
        config.listen = std::net::SocketAddr::from(([127, 0, 0, 1], free_ports().next().unwrap()));
        let tells = outside != Outside::Nobody;
        let mut receivers: Vec<Hole> = (0..PLATFORMS).filter(|_| tells).map(|_| Hole::receiver()).collect();
        let mut mail = tells.then(Hole::mail);
        if outside == Outside::Well {
            for hole in receivers.iter_mut().chain(&mut mail) {
                hole.open();
            }
        }
        let app = app::open(config.clone(), Clock::machine()).await.unwrap();
        let mut platforms = Vec::new();
        for number in 0..PLATFORMS {
            platforms.push(platform(&app, number, receivers.get(number).map(|hole| hole.port)).await);
        }
        let duty = duty(&app).await;
        let url = mail.as_ref().map(|hole| format!("smtp://127.0.0.1:{}", hole.port));
        let mut settings = vec![("RECOURSE_LOG", "error"), ("RECOURSE_LIMITS__INGEST", "1000000")];
        settings.extend(url.as_deref().map(|url| ("RECOURSE_MAIL__URL", url)));
        let log = std::fs::File::create(config.data.join("log.txt")).unwrap();
        let serving = Serving::start(&config, &settings, log.into());
        let (rates, times, memory) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            name,
            serving,
            app,
            platforms,
            receivers,
            mail,
            duty,
            rates,
            times,
            memory,
            posted: 0,
            owed: 0,
            _dir: dir,
        }
    }

    /// Posts reports for a while, with mails to be sent meanwhile.
    async fn round(&mut self, span: Duration) {
        if self.mail.is_some() {
            self.owe(MAILS).await;
        }
        let now = self.app.clock.now();
        let token = |platform: &Platform| self.app.tokens.issue(&platform.client, Scope::ALL, now).unwrap();
        let tokens: Vec<String> = self.platforms.iter().map(token).collect();
        let (address, stop) = (self.app.config.listen, AtomicBool::new(false));
        let began = Instant::now();
        let mut elapsed = span;
        let post = |number: usize| {
            let token = &tokens[number % tokens.len()];
            let (mut connection, mut request) =
                (Connection::open(address), Request::post("/v1/reports", token, &report_body()));
            let mut mine = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let sent = Instant::now();
                let (status, answer) = connection.call(request.number(unique()));
                assert_eq!(status, 201, "{answer}");
                mine.push(sent.elapsed());
            }
            mine
        };
        let times: Vec<Duration> = std::thread::scope(|scope| {
            let post = &post;
            let hands: Vec<_> = (0..CONNECTIONS).map(|number| scope.spawn(move || post(number))).collect();
            std::thread::sleep(span);
            stop.store(true, Ordering::Relaxed);
            elapsed = began.elapsed();
            hands.into_iter().flat_map(|hand| hand.join().unwrap()).collect()
        });
        self.rates.push(times.len() as f64 / elapsed.as_secs_f64());
        self.posted += times.len();
        self.times.extend(times);
    }

    async fn owe(&mut self, count: usize) {
        let job = Job::Mail { staff: self.duty.clone(), notice: Notice::Wall };
        let owed = self.app.write(recourse::domain::unit::Caller::Command("bench"), move |tx| {
            (0..count).try_for_each(|_| owed::owe(tx, &job, tx.now(), None))
        });
        owed.await.unwrap();
        self.owed += count;
    }

    /// Waits until nothing that could be told is left; a service in the dark has nothing that could be.
    fn settle(&self, runtime: &tokio::runtime::Runtime) {
        if self.receivers.first().is_some_and(Hole::is_open) {
            self.wait(runtime, "settle");
        }
    }

    fn wait(&self, runtime: &tokio::runtime::Runtime, what: &str) {
        let began = Instant::now();
        while !runtime.block_on(self.is_idle()) {
            assert!(began.elapsed() < PATIENCE, "{}: it does not {what}", self.name);
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Whether every event is on its way and none is due, and every mail was taken.
    async fn is_idle(&self) -> bool {
        let look = self.app.read(|rx| Ok(webhooks::behind(rx)?.is_empty() && webhooks::due(rx)?.is_empty()));
        look.await.unwrap() && self.mail.as_ref().is_none_or(|mail| mail.heard() >= self.owed)
    }

    fn arrived(&self) -> usize {
        self.receivers.iter().map(Hole::heard).sum()
    }

    fn tell(&mut self, database: &str) {
        let (rate, tail) = (middle(self.rates.clone()), tail(&mut self.times));
        println!("| {database} | {}: intake, its p99 | {rate:.0} reports/s, {tail:.1?} |", self.name);
        let memory: Vec<String> = self.memory.iter().map(u64::to_string).collect();
        println!("| {database} | {}: memory after each round | {} MiB |", self.name, memory.join(", "));
    }
}

async fn duty(app: &Arc<App>) -> StaffId {
    let new = NewMember {
        username: "duty".to_owned(),
        role: Role::Lead,
        queues: Vec::new(),
        password_hash: "$none$".to_owned(),
        is_given: false,
        totp_secret: door::new_secret(),
        same_person_as: None,
    };
    let made = app.write(recourse::domain::unit::Caller::Command("bench"), move |tx| {
        let member = staff::add(tx, new)?;
        staff::set_mail(tx, "duty", Some("duty@example.org"))?;
        Ok(member.id)
    });
    made.await.unwrap()
}

/// Opens the holes, and waits until everything that is due has arrived.
fn drain(name: &str, dark: &mut Site, runtime: &tokio::runtime::Runtime) {
    say(&format!("{name}: the receivers and the mail server are back"));
    let began = Instant::now();
    for hole in dark.receivers.iter_mut().chain(&mut dark.mail) {
        hole.open();
    }
    dark.wait(runtime, "drain");
    println!(
        "| {name} | once they are back: arrived, within; waiting for their next attempt; mails | {} of {} events, {:.0?}; \
         {}; {} of {} |",
        dark.arrived(),
        dark.posted,
        began.elapsed(),
        dark.posted.saturating_sub(dark.arrived()),
        dark.mail.as_ref().map_or(0, Hole::heard),
        dark.owed
    );
    println!("| {name} | memory after that | {} MiB |", dark.serving.memory());
}

fn tail(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

fn middle(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

//! The server dies by SIGKILL, again and again, while ten thousand referrals are sent, read and accepted: each arrives, one service
//! accepts it once, and none is left without a clock.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use recourse::db::Place;
use recourse::domain::directory;
use recourse::domain::people::partners::{self, PartnerScope};
use recourse::domain::terms::Mode;
use recourse::domain::unit::Caller;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::http::unique;
use crate::service::Home;
use crate::site::{Lead, id_of, place, platform_token, written};
use crate::table::Table;
use crate::{Plan, say};

/// As many referrals as a case may have.
const OF_A_CASE: usize = 100;
/// Hands that send, and hands that read and accept.
const SENDING: usize = 4;
const ANSWERING: usize = 2;
const FORM: &str = "application/x-www-form-urlencoded";
const GRANT: &str = "grant_type=client_credentials";
/// After so many steps at the least the server is killed again.
const STEPS: usize = 150;

/// The server as a process of its own.
struct Killed {
    address: SocketAddr,
    data: std::path::PathBuf,
    url: Option<String>,
    child: Option<Child>,
}

impl Killed {
    fn start(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recourse"));
        command.arg("serve").arg("--data").arg(&self.data).args(["--listen", &self.address.to_string()]);
        for limit in ["INGEST", "READ", "BULK", "TOKEN", "STAFF", "PORTAL"] {
            command.env(format!("RECOURSE_LIMITS__{limit}"), "1000000");
        }
        for name in ["IMPACT_ASSESSMENT", "POLICY_DOCUMENT", "AGREEMENT", "OWNER"] {
            command.env(format!("RECOURSE_DATA_PROTECTION__{name}"), "invented");
        }
        command.env("RECOURSE_DATA_PROTECTION__AGREED_ON", "2026-11-01");
        if let Some(url) = &self.url {
            command.env("RECOURSE_DATABASE_URL", url);
        }
        self.child = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    }

    fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// Who calls, and what they have come to.
#[derive(Clone)]
struct Hand {
    http: reqwest::Client,
    base: String,
    token: String,
    done: Arc<AtomicUsize>,
}

impl Hand {
    /// The call, made again until the server that answers it lives.
    async fn until(&self, make: impl Fn() -> RequestBuilder) -> (u16, String, Value) {
        loop {
            if let Ok(answer) = make().send().await {
                let (status, tag) = (answer.status().as_u16(), answer.headers().get("etag").cloned());
                let tag = tag.and_then(|tag| tag.to_str().ok().map(str::to_owned)).unwrap_or_default();
                if let (false, Ok(body)) = (status == 503, answer.json::<Value>().await)
                    && body["code"] != "in_flight"
                {
                    return (status, tag, body);
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn call(&self, method: Method, path: &str, tag: Option<&str>, body: Option<&Value>) -> (u16, String, Value) {
        let key = format!("crash-{}", unique());
        let make = || {
            let request = self.http.request(method.clone(), format!("{}{path}", self.base)).bearer_auth(&self.token);
            let request = if let Some(tag) = tag { request.header("If-Match", tag) } else { request };
            if let Some(body) = body { request.header("Idempotency-Key", &key).json(body) } else { request }
        };
        self.until(make).await
    }

    async fn post(&self, path: &str, tag: Option<&str>, body: &Value, wanted: u16) -> (String, Value) {
        let (status, tag, answer) = self.call(Method::POST, path, tag, Some(body)).await;
        assert_eq!(status, wanted, "{path}: {answer}");
        (tag, answer)
    }

    /// Drafts and sends all of a case.
    async fn send_all(&self, case: &str, consent: &str, service: &str, count: usize) {
        self.post(&format!("/v1/triage/cases/{case}/claim"), None, &json!({}), 200).await;
        self.call(Method::GET, &format!("/v1/triage/cases/{case}"), None, None).await;
        for _ in 0..count {
            let path = format!("/v1/triage/cases/{case}/referrals");
            let (tag, draft) = self.post(&path, None, &written(service, consent), 201).await;
            let id = draft["id"].as_str().unwrap();
            self.post(&format!("{path}/{id}/send"), Some(&tag), &json!({"knowing_closed": true}), 200).await;
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Reads and accepts what waits, until all is done.
    async fn answer_all(mut self, credential: (String, String), accepted: Arc<AtomicUsize>, stop: Arc<AtomicBool>) {
        while !stop.load(Ordering::Relaxed) {
            let url = format!("{}/oauth/token", self.base);
            let make = || {
                self.http
                    .post(&url)
                    .basic_auth(&credential.0, Some(&credential.1))
                    .header("Content-Type", FORM)
                    .body(GRANT)
            };
            let (_, _, answer) = self.until(make).await;
            answer["access_token"].as_str().expect("a token").clone_into(&mut self.token);
            for state in ["sent", "received"] {
                let path = format!("/v1/partner/referrals?limit=100&state={state}");
                let (_, _, list) = self.call(Method::GET, &path, None, None).await;
                for one in list["data"].as_array().cloned().unwrap_or_default() {
                    let path = format!("/v1/partner/referrals/{}", one["id"].as_str().unwrap());
                    let (status, _, read) = self.call(Method::GET, &path, None, None).await;
                    assert_eq!(status, 200, "{read}");
                    let accept = format!("{path}/accept");
                    let (status, _, said) = self.call(Method::POST, &accept, None, Some(&json!({}))).await;
                    assert_eq!(status, 200, "{said}");
                    accepted.fetch_add(1, Ordering::Relaxed);
                    self.done.fetch_add(1, Ordering::Relaxed);
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) fn measure(home: &Home<'_>, plan: &Plan, name: &str, table: &mut Table) {
    let began = Instant::now();
    let service = place(home, 1);
    let to = id_of(&service.database, "service-0");
    let (mut lead, token) = (Lead::of(&service), platform_token(&service.database));
    let cases: Vec<(String, String)> = (0..plan.killed.div_ceil(OF_A_CASE))
        .map(|_| {
            let case = lead.case(&token);
            let consent = lead.consent(&case, &to);
            (case, consent)
        })
        .collect();
    let add = service.database.app.write(Caller::Command("bench"), |tx| {
        let id = directory::id_of(tx, "service-0")?;
        partners::add(tx, &id, Mode::Live, PartnerScope::ALL)
    });
    let new = service.database.block_on(add).unwrap();
    let credential = (new.client.to_string(), new.secret.expose().clone());
    let (address, token) = (service.address, lead.token.clone());
    drop(lead);
    let (place, _, _, dir) = service.end().release();
    let url = if let Place::Postgres(url) = &place { Some(url.clone()) } else { None };
    let mut server = Killed { address, data: dir.path().to_owned(), url, child: None };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let work = Work { cases, to, token, credential, count: plan.killed };
    let kills = runtime.block_on(work.under(&mut server, name));
    let counted = count(&place);
    let all = i64::try_from(plan.killed).unwrap();
    assert_eq!(counted, [all, all, all, all, 0], "accepted, accepts, of different ones, clocks, clocks of before");
    let result = format!("{kills} kills in {} s", began.elapsed().as_secs());
    table.row(name, &format!("{all} referrals, each accepted once and none at rest"), &result, "all");
}

/// What is done while the server dies.
struct Work {
    /// Each with its consent.
    cases: Vec<(String, String)>,
    to: String,
    token: String,
    credential: (String, String),
    count: usize,
}

impl Work {
    /// Does it. How often the server was killed.
    async fn under(self, server: &mut Killed, name: &str) -> usize {
        server.start();
        let (done, accepted) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let stop = Arc::new(AtomicBool::new(false));
        let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        let base = format!("http://{}", server.address);
        let hand = Hand { http, base, token: self.token, done: Arc::clone(&done) };
        let mut hands = Vec::new();
        for number in 0..SENDING {
            let (hand, to) = (hand.clone(), self.to.clone());
            let mine: Vec<_> = self.cases.iter().skip(number).step_by(SENDING).cloned().collect();
            let each = OF_A_CASE.min(self.count);
            hands.push(tokio::spawn(async move {
                for (case, consent) in mine {
                    hand.send_all(&case, &consent, &to, each).await;
                }
            }));
        }
        for _ in 0..ANSWERING {
            let hand = hand.clone().answer_all(self.credential.clone(), Arc::clone(&accepted), Arc::clone(&stop));
            hands.push(tokio::spawn(hand));
        }
        let (mut kills, mut next) = (0, STEPS);
        // Each accept may be said by both hands: the second time it is the same answer.
        while !is_over(&done, &hands, self.count) {
            let so_far = done.load(Ordering::Relaxed);
            if so_far >= next {
                tokio::time::sleep(Duration::from_micros(unique() % 20_000)).await;
                server.kill();
                kills += 1;
                next = so_far + STEPS + usize::try_from(unique() % 200).unwrap();
                server.start();
                if kills % 10 == 0 {
                    say(&format!("{name}: {so_far} of {} steps, {kills} kills", 2 * self.count));
                }
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        settle(&hand, &self.credential).await;
        stop.store(true, Ordering::Relaxed);
        for hand in hands {
            hand.await.unwrap();
        }
        server.kill();
        kills
    }
}

/// Whether all was sent.
fn is_over(done: &AtomicUsize, hands: &[tokio::task::JoinHandle<()>], count: usize) -> bool {
    done.load(Ordering::Relaxed) >= count && hands.iter().take(SENDING).all(tokio::task::JoinHandle::is_finished)
}

/// Waits until nothing waits for the service's answer.
async fn settle(hand: &Hand, credential: &(String, String)) {
    let begin = Instant::now();
    loop {
        assert!(begin.elapsed() < Duration::from_mins(10), "some are never answered");
        let url = format!("{}/oauth/token", hand.base);
        let make = || {
            hand.http.post(&url).basic_auth(&credential.0, Some(&credential.1)).header("Content-Type", FORM).body(GRANT)
        };
        let (_, _, answer) = hand.until(make).await;
        let mut hand = hand.clone();
        answer["access_token"].as_str().expect("a token").clone_into(&mut hand.token);
        let mut waits = 0;
        for state in ["sent", "received"] {
            let path = format!("/v1/partner/referrals?limit=1&state={state}");
            let (_, _, list) = hand.call(Method::GET, &path, None, None).await;
            waits += list["data"].as_array().map_or(0, Vec::len);
        }
        if waits == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many were accepted, how often that was said, of how many, how many wait for the first contact, and how many for anything else.
fn count(place: &Place) -> [i64; 5] {
    let ask = |text: &str| {
        let rows: Vec<Counted> = match place {
            Place::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                diesel::sql_query(text).load(&mut conn).unwrap()
            }
            Place::Postgres(url) => {
                let mut conn = PgConnection::establish(url).unwrap();
                diesel::sql_query(text).load(&mut conn).unwrap()
            }
        };
        rows[0].n
    };
    [
        "SELECT count(*) AS n FROM referrals WHERE state = 'accepted' AND received_at IS NOT NULL",
        "SELECT count(*) AS n FROM referral_moves WHERE made = 'accept'",
        "SELECT count(DISTINCT referral_id) AS n FROM referral_moves WHERE made = 'accept'",
        "SELECT count(*) AS n FROM clocks WHERE phase = 'contact' AND met_at IS NULL AND stopped_at IS NULL",
        "SELECT count(*) AS n FROM clocks WHERE phase <> 'contact' AND met_at IS NULL AND stopped_at IS NULL",
    ]
    .map(ask)
}

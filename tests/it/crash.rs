//! The server dies by SIGKILL, again and again, while platforms post. No report that was answered 201 is lost, none is
//! doubled, and a call without an answer converges when it is made again with its key. What was on its way to a receiver
//! arrives.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use diesel::prelude::*;
use recourse::base::time::Clock;
use recourse::db::schema::reports;
use recourse::domain::webhooks;
use recourse::jobs::Courier;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::{Caller, full, new_key, small};
use crate::harness::postgres::{ClusterOptions, private_cluster};
use crate::harness::process::{Dice, Service, all_pages, attempt, now, pause};
use crate::harness::receiver::{Manner, Message, Receiver};
use crate::webhooks::over_loopback;

const SEED: u64 = 20_261_121;
const KILLS: u32 = 50;
const CLIENTS: u64 = 8;

#[test]
fn kills_during_intake_lose_and_double_nothing_on_sqlite() {
    actix_web::rt::System::new().block_on(kills_during_intake(Service::new(None)));
}

#[test]
fn kills_during_intake_lose_and_double_nothing_on_postgres() {
    let options = ClusterOptions { durable: true, ..ClusterOptions::default() };
    let Some(cluster) = private_cluster(&options) else { return };
    let service = Service::new(Some(cluster.url("postgres")));
    actix_web::rt::System::new().block_on(kills_during_intake(service));
}

/// A call as its client remembers it.
struct Entry {
    key: String,
    body: Value,
    /// The answer, byte for byte.
    answer: String,
    /// How often it got none.
    unanswered: u32,
    /// Whether the answer that came in the end was a replay: the kill fell between the commit and the answer.
    replayed: bool,
}

/// What the clients and the one who kills tell each other.
#[derive(Default)]
struct Shared {
    ledger: RefCell<Vec<Entry>>,
    stop: Cell<bool>,
}

async fn kills_during_intake(mut service: Service) {
    eprintln!("seed {SEED}");
    let mut dice = Dice::new(SEED);
    let credential = service.credential("spark").await;
    let lead = service.lead().await;
    service.up().await;
    let spark = service.sign_in(&credential).await.caller;
    let shared = Rc::new(Shared::default());
    let clients: Vec<_> =
        (0..CLIENTS).map(|n| actix_web::rt::spawn(post_on(n, spark.clone(), Rc::clone(&shared)))).collect();
    for _ in 0..KILLS {
        wait_for_work(&mut service, &shared, &mut dice).await;
        service.kill();
        service.start();
    }
    shared.stop.set(true);
    service.ready().await;
    for client in clients {
        client.await.unwrap();
    }
    let ledger = shared.ledger.take();
    let unanswered = ledger.iter().filter(|entry| entry.unanswered > 0).count();
    let replayed = ledger.iter().filter(|entry| entry.replayed).count();
    eprintln!("{} reports, {unanswered} not answered at first, {replayed} of them stored all the same", ledger.len());
    assert!(unanswered >= 25, "the kills must meet calls on their way");
    verify(&service, &spark, &lead, &ledger).await;
}

/// Lets the process live for a random while: a fifth of the starts are killed before they are done.
async fn wait_for_work(service: &mut Service, shared: &Shared, dice: &mut Dice) {
    if dice.below(5) == 0 {
        return pause(Duration::from_millis(dice.below(150))).await;
    }
    service.ready().await;
    let goal = shared.ledger.borrow().len() + usize::try_from(dice.below(16)).unwrap();
    let begin = now();
    while shared.ledger.borrow().len() < goal {
        assert!(begin.elapsed() < Duration::from_secs(30), "no call is answered:\n{}", service.said());
        pause(Duration::from_micros(500)).await;
    }
    // Not to wait for anything: the kill shall fall anywhere in a call.
    pause(Duration::from_micros(dice.below(5_000))).await;
}

/// Posts one report after the other, each until it is answered.
async fn post_on(client: u64, spark: Caller, shared: Rc<Shared>) {
    for number in 0.. {
        if shared.stop.get() {
            return;
        }
        let mut entry = Entry {
            key: new_key(),
            body: report(client, number),
            answer: String::new(),
            unanswered: 0,
            replayed: false,
        };
        loop {
            match send(&spark, &entry).await {
                Some((201, answer, replayed)) => {
                    (entry.answer, entry.replayed) = (answer, replayed);
                    break;
                }
                None | Some((503, ..)) => entry.unanswered += 1,
                Some((409, answer, _)) if answer.contains("in_flight") => entry.unanswered += 1,
                Some((status, answer, _)) => panic!("{status} {answer}"),
            }
            assert!(entry.unanswered < 4_000, "a call never converges");
            pause(Duration::from_millis(10)).await;
        }
        shared.ledger.borrow_mut().push(entry);
    }
}

async fn send(spark: &Caller, entry: &Entry) -> Option<(u16, String, bool)> {
    let request = spark.request(Method::POST, "/v1/reports").header("Idempotency-Key", &entry.key).json(&entry.body);
    let answer = attempt(request).await?;
    let replayed = answer.header("idempotency-replayed") == "true";
    Some((answer.status, answer.text, replayed))
}

/// Small ones and full ones; of these, some join the case of a pair that other clients report too.
fn report(client: u64, number: u64) -> Value {
    let reference = format!("K-{client}-{number}");
    if !number.is_multiple_of(3) {
        return small(&reference);
    }
    let mut body = full(&reference);
    body["reporter"]["platform_account_ref"] = json!(format!("u-{}", number / 6));
    body
}

async fn verify(service: &Service, spark: &Caller, lead: &Caller, ledger: &[Entry]) {
    for entry in ledger {
        let (status, answer, replayed) = send(spark, entry).await.unwrap();
        assert_eq!((status, replayed), (201, true), "{answer}");
        assert_eq!(answer, entry.answer, "a repeated call has the same answer, byte for byte");
    }
    let expected: BTreeMap<String, String> = ledger
        .iter()
        .map(|entry| {
            let id = serde_json::from_str::<Value>(&entry.answer).unwrap()["id"].as_str().unwrap().to_owned();
            (entry.body["platform_report_ref"].as_str().unwrap().to_owned(), id)
        })
        .collect();
    assert_eq!(expected.len(), ledger.len());
    let listed = all_pages(spark, "/v1/reports").await;
    assert_eq!(listed.len(), ledger.len(), "as many reports as the clients know of");
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let listed: BTreeMap<String, String> =
        listed.iter().map(|report| (text(report, "platform_report_ref"), text(report, "id"))).collect();
    assert_eq!(listed, expected, "each reference once, with the id that its client was told");

    let waiting = all_pages(lead, "/v1/triage/cases").await;
    let queued: BTreeSet<String> = waiting.iter().map(|case| text(case, "id")).collect();
    assert_eq!(queued.len(), waiting.len(), "no case stands in the list twice");
    let app = service.open().await;
    let stored: Vec<(String, String)> =
        app.read(|rx| Ok(reports::table.select((reports::id, reports::case_id)).load(rx.conn())?)).await.unwrap();
    assert_eq!(stored.len(), ledger.len());
    let cases: BTreeSet<String> = stored.into_iter().map(|(_, case)| case).collect();
    assert_eq!(cases, queued, "every case is in its queue, and none is empty");
    assert!(cases.len() < ledger.len(), "some reports joined a case");

    let check = service.run(&["check"]);
    let said = String::from_utf8_lossy(&check.stdout);
    assert_eq!(check.status.code(), Some(0), "{said}");
    assert!(said.contains(" 0 broken"), "{said}");
}

#[test]
fn a_killed_process_loses_no_delivery_on_sqlite() {
    actix_web::rt::System::new().block_on(killed_while_delivering(Service::new(None)));
}

#[test]
fn a_killed_process_loses_no_delivery_on_postgres() {
    let options = ClusterOptions { durable: true, ..ClusterOptions::default() };
    let Some(cluster) = private_cluster(&options) else { return };
    let service = Service::new(Some(cluster.url("postgres")));
    actix_web::rt::System::new().block_on(killed_while_delivering(service));
}

/// Kills a process three times while it delivers, and finishes its work with a clock that stands beyond its leases.
async fn killed_while_delivering(mut service: Service) {
    const REPORTS: usize = 120;
    service.set("RECOURSE_OUTBOUND__ALLOW", "[\"127.0.0.1\"]");
    let credential = service.credential("spark").await;
    service.up().await;
    let spark = service.sign_in(&credential).await;
    let receiver = Receiver::start(Manner::Answer(204, "")).await;
    let body = json!({"url": receiver.url(), "types": ["report.received"]});
    spark.caller.post("/v1/webhook-endpoints", &body).await.expect(201);
    receiver.until(1).await;
    let mut expected = BTreeSet::new();
    for kill in 0..3 {
        for number in 0..REPORTS / 3 {
            expected.insert(spark.submit(&small(&format!("D-{kill}-{number}"))).await);
        }
        receiver.until(receiver.count() + 1).await;
        service.kill();
        service.up().await;
    }
    service.kill();
    let later = Clock::standing_at(Clock::machine().now().plus(Duration::from_secs(90)));
    let app = service.open_at(later, over_loopback).await;
    Courier::new(&app, "later").work_off().await.unwrap();
    let messages = receiver.messages();
    let ids: BTreeSet<&str> = messages.iter().map(Message::id).collect();
    let reports: BTreeSet<String> = messages
        .iter()
        .filter(|message| message.kind() == "report.received")
        .map(|message| message.json()["data"]["report_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(reports, expected);
    assert_eq!(ids.len(), expected.len() + 1, "one id for each event, and the trial");
    let counts = app.read(webhooks::counts).await.unwrap();
    assert_eq!((counts.pending, counts.failed), (0, 0));
}

//! The server dies by SIGKILL, again and again, while referrals are sent, written about, read and answered: each arrives, is accepted
//! once, and a mail that comes twice is one by its id.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use recourse::domain::directory::{self, Agreement, WayIn};
use recourse::domain::people::partners::{self, PartnerScope};
use recourse::domain::terms::Mode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::TEST;
use crate::harness::client::{Answer, Caller, full, new_key, token};
use crate::harness::postgres::{ClusterOptions, private_cluster};
use crate::harness::process::{Dice, Service, attempt, now, pause};
use crate::harness::smtp::MailServer;

const SEED: u64 = 20_261_129;
const KILLS: usize = 15;
/// Cases, and referrals of each.
const CASES: usize = 6;
const EACH: usize = 50;

#[test]
fn kills_during_hand_overs_lose_and_double_none_on_sqlite() {
    actix_web::rt::System::new().block_on(kills(Service::new(None)));
}

#[test]
fn kills_during_hand_overs_lose_and_double_none_on_postgres() {
    let options = ClusterOptions { durable: true, ..ClusterOptions::default() };
    let Some(cluster) = private_cluster(&options) else { return };
    actix_web::rt::System::new().block_on(kills(Service::new(Some(cluster.url("postgres")))));
}

/// The call, made again until it is answered.
async fn until(make: impl Fn() -> reqwest::RequestBuilder) -> Answer {
    for _ in 0..4_000 {
        match attempt(make()).await {
            Some(answer) if answer.status == 503 || answer.code() == "in_flight" => {}
            Some(answer) => return answer,
            None => {}
        }
        pause(Duration::from_millis(10)).await;
    }
    panic!("a call never converges");
}

async fn post(caller: &Caller, path: &str, tag: Option<&str>, body: &Value) -> Answer {
    let key = new_key();
    let make = || {
        let request = caller.request(Method::POST, path).header("Idempotency-Key", &key).json(body);
        if let Some(tag) = tag { request.header("If-Match", tag) } else { request }
    };
    until(make).await
}

/// A service by the name of harbour, with an address and a machine. Its credential.
async fn harbour(service: &Service) -> (String, String) {
    let app = service.open().await;
    let now = app.clock.now();
    let mut entry = crate::directory::entry("harbour");
    entry.checked_at = now.minus(Duration::from_hours(24));
    let until = now.plus(Duration::from_hours(24 * 100));
    let made = app.write(TEST, move |tx| {
        directory::import(tx, vec![entry])?;
        let mail = Some("referrals@harbour.example".to_owned());
        directory::open(tx, "harbour", vec![WayIn::Api], Agreement { by: "Lena".to_owned(), until, mail })?;
        let id = directory::id_of(tx, "harbour")?;
        partners::add(tx, &id, Mode::Live, PartnerScope::ALL)
    });
    let new = made.await.unwrap();
    (new.client.to_string(), new.secret.expose().clone())
}

/// A case that the lead holds, with a consent to the service.
async fn case(spark: &Caller, lead: &Caller, harbour: &str, number: usize) -> (String, String) {
    let mut report = full(&format!("HC-{number}"));
    report["reporter"]["platform_account_ref"] = json!(format!("u-{number}"));
    post(spark, "/v1/reports", None, &report).await.expect(201);
    let list = lead.get(&format!("/v1/triage/cases?platform_report_ref=HC-{number}")).await.expect(200).json();
    let case = list["data"][0]["id"].as_str().unwrap().to_owned();
    post(lead, &format!("/v1/triage/cases/{case}/claim"), None, &json!({})).await.expect(200);
    lead.get(&format!("/v1/triage/cases/{case}")).await.expect(200);
    let mut given = crate::consents::given(harbour);
    given["given_at"] = json!(recourse::base::time::Clock::machine().now());
    let given = post(lead, &format!("/v1/triage/cases/{case}/consents"), None, &given).await.expect(201).json();
    (case, given["id"].as_str().unwrap().to_owned())
}

/// What those who send, answer and kill tell each other.
#[derive(Default)]
struct Shared {
    sent: RefCell<BTreeSet<String>>,
    accepted: RefCell<BTreeSet<String>>,
    stop: Cell<bool>,
}

/// Drafts and sends, one after the other.
async fn send_on(lead: Caller, harbour: String, (case, consent): (String, String), shared: Rc<Shared>) {
    for _ in 0..EACH {
        let path = format!("/v1/triage/cases/{case}/referrals");
        let body = json!({
            "service_id": harbour, "consent_id": consent, "place": {"country": "GB", "said_now": true},
            "summary": "She is stalked.", "handover": "they_contact", "label": "the garden club", "she_changed_this": true,
            "sheet": {
                "name_to_use": "Jo", "channels": [{"channel": "sms", "value": "+44 7700 900999"}],
                "safe_times": "mornings", "zone": "Europe/London", "if_somebody_else": "Say nothing.",
                "shared_with": "nobody", "never_contact": "nobody",
                "confirmed_at": recourse::base::time::Clock::machine().now(),
            },
        });
        let draft = post(&lead, &path, None, &body).await.expect(201);
        let id = draft.json()["id"].as_str().unwrap().to_owned();
        let sent = post(&lead, &format!("{path}/{id}/send"), Some(&draft.header("etag")), &json!({})).await.expect(200);
        assert_eq!(sent.json()["state"], "sent");
        shared.sent.borrow_mut().insert(id);
    }
}

/// Reads and accepts whatever waits, until it is told to stop.
async fn answer_on(harbour: Caller, shared: Rc<Shared>) {
    while !shared.stop.get() {
        for state in ["sent", "received"] {
            let path = format!("/v1/partner/referrals?limit=100&state={state}");
            let list = until(|| harbour.request(Method::GET, &path)).await.expect(200).json();
            for one in list["data"].as_array().unwrap() {
                let path = format!("/v1/partner/referrals/{}", one["id"].as_str().unwrap());
                let read = until(|| harbour.request(Method::GET, &path)).await.expect(200).json();
                assert_eq!(read["content"]["identity"]["name_to_use"], "Jo", "{read}");
                let said = post(&harbour, &format!("{path}/accept"), None, &json!({})).await.expect(200).json();
                shared.accepted.borrow_mut().insert(said["id"].as_str().unwrap().to_owned());
            }
        }
        pause(Duration::from_millis(20)).await;
    }
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

async fn kills(mut service: Service) {
    let Some(mails) = MailServer::start() else { return };
    eprintln!("seed {SEED}");
    let mut dice = Dice::new(SEED);
    service.set("RECOURSE_MAIL__URL", &mails.url());
    for (name, value) in [
        ("IMPACT_ASSESSMENT", "a"),
        ("POLICY_DOCUMENT", "b"),
        ("AGREEMENT", "c"),
        ("AGREED_ON", "2026-11-01"),
        ("OWNER", "d"),
    ] {
        service.set(&format!("RECOURSE_DATA_PROTECTION__{name}"), value);
    }
    let (credential, lead) = (service.credential("spark").await, service.lead().await);
    let (id, secret) = harbour(&service).await;
    service.up().await;
    let spark = service.sign_in(&credential).await.caller;
    let nobody = service.caller("");
    let answer = token(&nobody, &id, &secret, "").await.expect(200).json();
    let partner = service.caller(answer["access_token"].as_str().unwrap());
    let services = lead.get("/v1/triage/services").await.expect(200).json();
    let to = services["data"][0]["id"].as_str().unwrap().to_owned();
    let (shared, mut hands) = (Rc::new(Shared::default()), Vec::new());
    for number in 0..CASES {
        let case = case(&spark, &lead, &to, number).await;
        hands.push(actix_web::rt::spawn(send_on(lead.clone(), to.clone(), case, Rc::clone(&shared))));
    }
    let answering = actix_web::rt::spawn(answer_on(partner, Rc::clone(&shared)));
    let done = |shared: &Shared| shared.sent.borrow().len() + shared.accepted.borrow().len();
    for _ in 0..KILLS {
        let goal = (done(&shared) + usize::try_from(dice.below(40)).unwrap()).min(2 * CASES * EACH);
        let begin = now();
        while done(&shared) < goal {
            assert!(begin.elapsed() < Duration::from_mins(1), "no call is answered:\n{}", service.said());
            pause(Duration::from_millis(1)).await;
        }
        pause(Duration::from_micros(dice.below(20_000))).await;
        service.kill();
        service.start();
        service.ready().await;
    }
    for hand in hands {
        hand.await.unwrap();
    }
    let begin = now();
    while shared.accepted.borrow().len() < CASES * EACH {
        assert!(begin.elapsed() < Duration::from_mins(2), "{} are accepted", shared.accepted.borrow().len());
        pause(Duration::from_millis(20)).await;
    }
    shared.stop.set(true);
    answering.await.unwrap();
    service.kill();
    verify(&service, &mails, &shared).await;
}

/// Each was accepted once, none is left without an end or a clock, and no mail says more than another.
async fn verify(service: &Service, mails: &MailServer, shared: &Shared) {
    let all = i64::try_from(CASES * EACH).unwrap();
    assert_eq!(*shared.sent.borrow(), *shared.accepted.borrow());
    let app = service.open().await;
    for (wanted, text) in [
        (all, "SELECT count(*) AS n FROM referrals WHERE state = 'accepted' AND received_at IS NOT NULL"),
        (all, "SELECT count(*) AS n FROM referral_moves WHERE made = 'accept'"),
        (all, "SELECT count(DISTINCT referral_id) AS n FROM referral_moves WHERE made = 'accept'"),
        (all, "SELECT count(*) AS n FROM clocks WHERE phase = 'contact' AND met_at IS NULL AND stopped_at IS NULL"),
        (0, "SELECT count(*) AS n FROM clocks WHERE phase <> 'contact' AND met_at IS NULL AND stopped_at IS NULL"),
        (0, "SELECT count(*) AS n FROM outbox WHERE kind = 'tell_service' AND dead_at IS NOT NULL"),
    ] {
        let counted = app.read(move |rx| Ok(diesel::sql_query(text).load::<Counted>(rx.conn())?)).await.unwrap();
        assert_eq!(counted[0].n, wanted, "{text}");
    }
    let mails: Vec<_> = mails.mails().into_iter().filter(|mail| mail.to.starts_with("referrals@")).collect();
    let ids: BTreeSet<&str> = mails.iter().map(|mail| mail.id.as_str()).collect();
    eprintln!("{} mails of {all} referrals, {} of them a second time", mails.len(), mails.len() - ids.len());
    assert!(!mails.is_empty() && ids.len() <= CASES * EACH);
    assert!(mails.iter().all(|mail| mail.text == mails[0].text && mail.subject == mails[0].subject));
}

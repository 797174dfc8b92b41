//! A service with a directory, and referrals as colleagues make them.

use std::sync::Mutex;
use std::time::Duration;

use recourse::config::{Config, DataProtection};
use recourse::domain::directory::{self, Agreement, Entry, Kind, WayIn, files};
use recourse::domain::people::partners::{self, PartnerScope};
use recourse::domain::people::platforms::{self, Scope};
use recourse::domain::terms::Mode;
use recourse::domain::unit::Caller;
use serde_json::{Value, json};

use crate::http::{Connection, MARK, Request, report_body, unique};
use crate::service::{Database, Home, Service};

/// Hands that make referrals at once.
const HANDS: usize = 8;
/// So many referrals a case has at the most here.
pub(crate) const OF_A_CASE: usize = 50;

/// Settings under which something real is sent.
pub(crate) fn settings(config: &mut Config) {
    let named = || Some("invented, for this benchmark".to_owned());
    config.data_protection = DataProtection {
        impact_assessment: named(),
        policy_document: named(),
        agreement: named(),
        agreed_on: Some("2026-11-01".to_owned()),
        owner: named(),
    };
}

/// A served database with a directory of so many services, the first of which receives.
pub(crate) fn place(home: &Home<'_>, services: usize) -> Service {
    let service = home.database_with(settings).serve();
    fill(&service.database, services);
    service
}

pub(crate) fn fill(database: &Database, services: usize) {
    let now = database.app.clock.now();
    let assumed = files::Assumed { kind: Kind::Helpline, helps_with: Vec::new(), areas: Vec::new(), zone: None };
    let known = files::read(include_str!("../../src/demo/services.toml"), &assumed).unwrap().entries;
    let like = known.into_iter().find(|entry| entry.slug == "harbour").unwrap();
    let entry = |number: usize| {
        let slug = format!("service-{number}");
        Entry {
            name: slug.clone(),
            slug,
            public: true,
            checked_at: now.minus(Duration::from_hours(24)),
            ..like.clone()
        }
    };
    let entries: Vec<Entry> = (0..services).map(entry).collect();
    let filled = database.app.write(Caller::Command("bench"), move |tx| {
        directory::import(tx, entries)?;
        let until = now.plus(Duration::from_hours(24 * 100));
        // So many receive; the first by its machine too.
        for number in 0..services.min(50) {
            let mail = Some(format!("referrals@service-{number}.example"));
            let ways = if number == 0 { vec![WayIn::Api, WayIn::Phone] } else { vec![WayIn::Phone] };
            directory::open(tx, &format!("service-{number}"), ways, Agreement { by: "Lena".to_owned(), until, mail })?;
        }
        Ok(())
    });
    database.block_on(filled).unwrap();
    database.block_on(database.app.read_directory()).unwrap();
}

/// The id of a service.
pub(crate) fn id_of(database: &Database, slug: &'static str) -> String {
    let id = database.app.read(move |rx| directory::id_of(rx, slug));
    database.block_on(id).unwrap().to_string()
}

/// A token of a service's machine.
pub(crate) fn partner_token(database: &Database, slug: &'static str) -> String {
    let made = database.app.write(Caller::Command("bench"), move |tx| {
        let service = directory::id_of(tx, slug)?;
        let id = partners::add(tx, &service, Mode::Live, PartnerScope::ALL)?.client;
        Ok(partners::client(tx, &id)?.unwrap())
    });
    let client = database.block_on(made).unwrap();
    database.app.tokens.issue_to_partner(&client, PartnerScope::ALL, database.app.clock.now()).unwrap()
}

/// A token of the platform that is good from now on.
pub(crate) fn platform_token(database: &Database) -> String {
    let (app, id) = (&database.app, database.client.parse().unwrap());
    let client = database.block_on(app.read(move |rx| platforms::client(rx, &id))).unwrap().unwrap();
    app.tokens.issue(&client, Scope::ALL, app.clock.now()).unwrap()
}

fn expect(connection: &mut Connection, request: &[u8], wanted: u16) -> Value {
    let (status, answer) = connection.call(request);
    assert_eq!(status, wanted, "{answer}");
    serde_json::from_str(answer).unwrap()
}

/// Somebody who calls as a lead.
pub(crate) struct Lead {
    pub(crate) token: String,
    pub(crate) connection: Connection,
}

impl Lead {
    pub(crate) fn of(service: &Service) -> Self {
        let token = service.database.staff(1).remove(0);
        Self { token, connection: Connection::open(service.address) }
    }

    pub(crate) fn get(&mut self, path: &str) -> Value {
        let request = Request::new(&format!("GET {path}"), &self.token, "", "").number(0).to_vec();
        expect(&mut self.connection, &request, 200)
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value, tag: Option<&str>, wanted: u16) -> Value {
        let tag = tag.map_or_else(String::new, |tag| format!("If-Match: \"{tag}\"\r\n"));
        let headers = format!("Idempotency-Key: handover-{MARK}\r\nContent-Type: application/json\r\n{tag}");
        let request = Request::new(&format!("POST {path}"), &self.token, &headers, &body.to_string());
        let request = request.clone().number(unique()).to_vec();
        expect(&mut self.connection, &request, wanted)
    }

    /// A case that they hold and have read.
    pub(crate) fn case(&mut self, service_token: &str) -> String {
        let number = unique();
        let report = Request::post("/v1/reports", service_token, &report_body()).number(number).to_vec();
        expect(&mut self.connection, &report, 201);
        let found = self.get(&format!("/v1/triage/cases?platform_report_ref=SPK-{number:012}"));
        let case = found["data"][0]["id"].as_str().expect("it is in its queue").to_owned();
        self.post(&format!("/v1/triage/cases/{case}/claim"), &json!({}), None, 200);
        self.get(&format!("/v1/triage/cases/{case}"));
        case
    }

    /// What she agrees to, as of now.
    pub(crate) fn consent(&mut self, case: &str, service: &str) -> String {
        let body = json!({
            "service_id": service, "scopes": ["identity", "contact", "statement"], "given_by": "survivor",
            "given_at": recourse::base::time::Clock::machine().now(), "how": "phone", "alone": "yes", "interpreter": "none",
            "told": {"who": true, "what": true, "why": true, "until": true, "can_end": true},
            "channel_confirmed_safe": true, "words": "Yes, tell them what he did.",
        });
        let given = self.post(&format!("/v1/triage/cases/{case}/consents"), &body, None, 201);
        given["id"].as_str().unwrap().to_owned()
    }

    /// A referral that was sent.
    pub(crate) fn sent(&mut self, case: &str, service: &str, consent: &str) -> String {
        let path = format!("/v1/triage/cases/{case}/referrals");
        let draft = self.post(&path, &written(service, consent), None, 201);
        let id = draft["id"].as_str().unwrap().to_owned();
        let version = draft["version"].to_string();
        self.post(&format!("{path}/{id}/send"), &json!({"knowing_closed": true}), Some(&version), 200);
        id
    }
}

/// What a colleague writes in a draft.
pub(crate) fn written(service: &str, consent: &str) -> Value {
    json!({
        "service_id": service, "consent_id": consent, "place": {"country": "GB", "said_now": true},
        "summary": "She is stalked.", "handover": "they_contact", "label": "the garden club", "she_changed_this": true,
        "sheet": {
            "name_to_use": "Jo", "channels": [{"channel": "sms", "value": "+44 7700 900999"}],
            "safe_times": "mornings", "zone": "Europe/London", "if_somebody_else": "Say nothing.",
            "shared_with": "nobody", "never_contact": "nobody",
            "confirmed_at": recourse::base::time::Clock::machine().now(),
        },
    })
}

/// Makes so many referrals to the first service, fifty of each case.
pub(crate) fn refer(service: &Service, count: usize) {
    let to = id_of(&service.database, "service-0");
    let cases = Mutex::new(0..count.div_ceil(OF_A_CASE));
    std::thread::scope(|scope| {
        for _ in 0..HANDS {
            let (mut lead, token) = (Lead::of(service), platform_token(&service.database));
            let (cases, to) = (&cases, &to);
            scope.spawn(move || {
                loop {
                    let next = cases.lock().unwrap().next();
                    if next.is_none() {
                        break;
                    }
                    let case = lead.case(&token);
                    let consent = lead.consent(&case, to);
                    for _ in 0..OF_A_CASE.min(count) {
                        lead.sent(&case, to, &consent);
                    }
                }
            });
        }
    });
}

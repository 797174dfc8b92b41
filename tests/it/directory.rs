//! The directory of services: what files bring, until when it is relied on, who is told before that ends, and what somebody
//! with a hand in the database can make of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use recourse::base::secret::Sensitive;
use recourse::base::time::Timestamp;
use recourse::domain::directory::{self, Agreement, Entry, WayIn, files};
use recourse::domain::people::staff::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::checking::{check, wrong};
use crate::command_line::{recourse, refused, said};
use crate::harness::client::{Answer, Caller};
use crate::harness::smtp::MailServer;
use crate::harness::{TEST, World, databases, on_both};
use crate::paging::reachable;

/// Ninety days, in seconds.
const FRESH: u64 = 90 * 24 * 3_600;

/// An entry that may stand in a directory at the begin of a test.
pub(crate) fn entry(slug: &str) -> Entry {
    let text = format!(
        r#"
        slug = "{slug}"
        name = "{slug}"
        organisation = "Invented"
        kind = "helpline"
        helps_with = ["stalking", "victims"]
        areas = ["GB"]
        languages = ["en"]
        channels = [{{ channel = "phone", value = "01632 960 001" }}, {{ channel = "webchat", value = "https://{slug}.example" }}]
        cost = "free"
        on_bill = "no"
        hours = {{ text = "24/7", zone = "Europe/London" }}
        ways_in = ["none"]
        public = true
        sources = ["https://{slug}.example"]
        evidence = "read"
        checked_at = "2026-11-20"
        "#
    );
    toml::from_str(&text).unwrap()
}

/// Takes entries over, as a command does, and opens those by telephone that are to be open.
pub(crate) async fn stand(world: &World, entries: Vec<Entry>, open: &'static [&'static str]) {
    let until = world.clock.now().plus(std::time::Duration::from_hours(300 * 24));
    let import = move |tx: &mut recourse::domain::unit::Unit<'_>| {
        directory::check_all(&entries, tx.now())?;
        directory::import(tx, entries)?;
        for slug in open {
            let agreement = Agreement { by: "Lena and the service".to_owned(), until, mail: None };
            directory::open(tx, slug, vec![WayIn::Phone], agreement)?;
        }
        Ok(())
    };
    world.app.write(TEST, import).await.unwrap();
    world.app.read_directory().await.unwrap();
}

/// The public directory.
async fn public(world: &World, query: &str) -> Answer {
    world.caller("").get(&format!("/v1/public/services{query}")).await
}

fn names(answer: &Answer) -> Vec<String> {
    let data = answer.json()["data"].as_array().unwrap().clone();
    data.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn everybody_finds_help_by_country_region_and_category_emergency_first() {
    on_both(|world| async move {
        stand(&world, files::shipped().unwrap(), &[]).await;
        let sussex = public(&world, "?country=gb&region=GB-ESX&category=stalking_online").await.expect(200);
        let told = sussex.json();
        assert_eq!(told["emergency"][0]["number"], "999", "{told}");
        assert_eq!(told["emergency"].as_array().unwrap().len(), 1);
        let found = names(&sussex);
        assert_eq!(&found[..2], ["Safe Space Sussex", "Veritas Justice"], "the nearest first: {found:?}");
        assert!(found.contains(&"National Stalking Helpline".to_owned()), "{found:?}");
        let anywhere = names(&public(&world, "?country=GB&region=GB-GLG&category=stalking_online").await.expect(200));
        assert!(!anywhere.contains(&"Veritas Justice".to_owned()), "{anywhere:?}");
        // Nobody who was harmed is led to those for people who harm.
        let mut all = BTreeSet::new();
        let mut next = Some(String::new());
        while let Some(cursor) = next {
            let page = public(&world, &format!("?country=GB&limit=10{cursor}")).await.expect(200);
            assert!(names(&page).into_iter().all(|name| all.insert(name)), "twice");
            next = page.json()["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}"));
        }
        assert!(all.len() > 25 && !all.contains("Respect Phoneline") && !all.contains("Stop It Now"), "{all:?}");
        let unsaid = public(&world, "").await.expect(200).json();
        let labels: Vec<&str> =
            unsaid["emergency"].as_array().unwrap().iter().map(|l| l["country"].as_str().unwrap()).collect();
        assert_eq!(labels, ["GB", "EU", "US", "AU"], "each with its country, where none is said");
        for (query, status) in [
            ("?country=ZZ", 400),
            ("?region=GB", 400),
            ("?country=FR&region=GB-ESX", 400),
            ("?category=worry", 400),
            ("?countri=GB", 400),
            ("?cursor=abc", 400),
            ("?country=", 400),
        ] {
            public(&world, query).await.expect(status);
        }
        assert_eq!(public(&world, "?country=uk").await.expect(200).json()["emergency"][0]["country"], "GB");
    });
}

#[test]
fn an_answer_is_kept_until_the_minute_in_which_an_entry_expires() {
    on_both(|world| async move {
        stand(&world, vec![entry("lantern")], &["lantern"]).await;
        let lead = world.staff(Role::Lead).await;
        let first = public(&world, "?country=GB").await.expect(200);
        let doubt = |answer: &Answer| answer.json()["data"][0]["check_number"].as_bool().unwrap();
        assert!(!doubt(&first));
        let tag = first.header("etag");
        let again = |tag: String| {
            let request = world.caller("").request(Method::GET, "/v1/public/services?country=GB");
            Caller::send(request.header("If-None-Match", tag))
        };
        assert_eq!(again(tag.clone()).await.status, 304);
        // Looked up on 20 November at midnight: relied on until the begin of 18 February, and not a second longer.
        let end = Timestamp::parse("2026-11-20T00:00:00Z").unwrap().plus(std::time::Duration::from_secs(FRESH));
        let left = end.since(world.clock.now()).as_secs();
        world.pass(left);
        assert!(world.clock.now() < end && !doubt(&again(String::new()).await.expect(200)));
        assert_eq!(again(tag.clone()).await.status, 304);
        world.pass(1);
        assert!(world.clock.now() > end && doubt(&again(tag.clone()).await.expect(200)), "it has expired");
        let lead = world.signed_in_again(&lead).await;
        let seen = lead.caller.get("/v1/triage/services").await.expect(200).json();
        assert_eq!(seen["data"][0]["doubts"], json!(["expired"]), "{seen}");
        // Somebody looks it up.
        let id = seen["data"][0]["id"].as_str().unwrap();
        let path = format!("/v1/triage/services/{id}/check");
        let checked = lead.caller.post(&path, &json!({})).await.expect(200);
        assert_eq!((checked.json()["doubts"].clone(), checked.header("etag")), (json!([]), "\"3\"".to_owned()));
        world.app.read_directory().await.unwrap();
        assert!(!doubt(&again(tag).await.expect(200)));
    });
}

#[test]
fn a_lead_says_that_a_service_was_looked_up_and_nobody_else_does() {
    on_both(|world| async move {
        let mut other = entry("hearsay");
        (other.evidence, other.sources) = (directory::Evidence::GeneralKnowledge, Vec::new());
        stand(&world, vec![entry("lantern"), other], &[]).await;
        let (lead, advocate) = (world.staff(Role::Lead).await, world.staff(Role::Advocate).await);
        let list = advocate.caller.get("/v1/triage/services").await.expect(200).json();
        let of = |name: &str| list["data"].as_array().unwrap().iter().find(|one| one["slug"] == name).unwrap().clone();
        assert_eq!(of("hearsay")["doubts"], json!(["general_knowledge", "no_agreement", "no_way_in"]));
        assert_eq!(
            (of("hearsay")["check_number"].clone(), of("lantern")["is_public"].clone()),
            (json!(true), json!(true))
        );
        let path = format!("/v1/triage/services/{}", of("hearsay")["id"].as_str().unwrap());
        let check = format!("{path}/check");
        advocate.caller.post(&check, &json!({"source": "https://hearsay.example"})).await.expect(403);
        lead.caller.post("/v1/triage/services/svc_00000000000000000000000000/check", &json!({})).await.expect(404);
        for (body, error) in [
            (json!({}), "/sources required"),
            (json!({"source": "by telephone"}), "/sources/0 invalid_value"),
            (
                json!({"source": "https://hearsay.example", "expires_at": "2028-01-01T00:00:00Z"}),
                "/expires_at out_of_range",
            ),
            (
                json!({"source": "https://hearsay.example", "expires_at": "2026-11-01T00:00:00Z"}),
                "/expires_at out_of_range",
            ),
        ] {
            assert_eq!(lead.caller.post(&check, &body).await.expect(422).errors(), [error], "{body}");
        }
        let body = json!({"source": "https://hearsay.example"});
        let key = crate::harness::client::new_key();
        let first = lead.caller.post_with(&check, &key, None, &body).await.expect(200);
        assert_eq!(first.json()["evidence"], "read");
        assert_eq!(first.json()["checked_at"], world.clock.now().to_string());
        let second = lead.caller.post_with(&check, &key, None, &body).await.expect(200);
        assert_eq!((&second.text, second.header("idempotency-replayed")), (&first.text, "true".to_owned()));
        let read = advocate.caller.get(&path).await.expect(200);
        assert_eq!((read.json()["version"].clone(), read.header("etag")), (json!(2), "\"2\"".to_owned()));
        let narrowed =
            advocate.caller.get("/v1/triage/services?kind=helpline&need=stalking&country=GB&stale=false&limit=1").await;
        let narrowed = narrowed.expect(200).json();
        assert_eq!((narrowed["data"].as_array().unwrap().len(), narrowed["has_more"].clone()), (1, json!(true)));
        for query in ["?kind=refuge", "?need=love", "?country=England", "?cursor=x"] {
            advocate.caller.get(&format!("/v1/triage/services{query}")).await.expect(400);
        }
    });
}

#[test]
fn whoever_runs_it_opens_closes_and_retires_and_hears_what_is_to_be_looked_up() {
    on_both(|world| async move {
        assert!(said(&world, &["services", "list"]).contains("the directory is empty"));
        let far = recourse::base::time::Clock::machine().now();
        let mut fresh = entry("lantern");
        fresh.checked_at = far.minus(std::time::Duration::from_hours(24 * 80));
        let mut old = entry("nightline");
        old.checked_at = far.minus(std::time::Duration::from_hours(24 * 100));
        let import = |tx: &mut recourse::domain::unit::Unit<'_>| directory::import(tx, vec![fresh, old]);
        world.app.write(TEST, import).await.unwrap();
        let looked = recourse(&world, &["services", "check"], "");
        let told = String::from_utf8(looked.stdout).unwrap();
        assert_eq!(looked.status.code(), Some(1), "{told}");
        assert!(
            told.starts_with("2 services, 0 of them open to referrals; 1 expired, 1 end within a fortnight"),
            "{told}"
        );
        said(&world, &["services", "check", "nightline"]);
        assert!(recourse(&world, &["services", "check"], "").status.success());
        let stale = said(&world, &["services", "list", "--stale"]);
        assert!(stale.starts_with("lantern helpline until ") && !stale.contains("nightline"), "{stale}");
        let open = |until: &str| {
            recourse(&world, &["services", "open", "lantern", "--way", "inbox", "--by", "Lena", "--until", until], "")
        };
        for until in ["2020-01-01", "2100-01-01"] {
            let told = String::from_utf8(open(until).stderr).unwrap();
            assert!(told.contains("choose a time within the next 1098 days"), "{told}");
        }
        assert!(open("2027-06-30").status.success());
        let one = || {
            serde_json::from_str::<Value>(&said(&world, &["services", "list", "--json"])).unwrap()["data"][0].clone()
        };
        assert_eq!((one()["ways_in"].clone(), one()["doubts"].clone()), (json!(["inbox"]), json!([])));
        said(
            &world,
            &["services", "full", "lantern", "--until", &far.plus(std::time::Duration::from_hours(48)).to_string()],
        );
        assert!(said(&world, &["services", "list"]).contains("in: inbox full"));
        said(&world, &["services", "full", "lantern"]);
        said(&world, &["services", "close", "lantern"]);
        assert_eq!(one()["ways_in"], json!(["none"]));
        said(&world, &["services", "retire", "lantern"]);
        assert!(!said(&world, &["services", "list"]).contains("lantern"));
        assert!(
            refused(&world, &["services", "close", "lantern"])
                .contains("there is none called `lantern`; see `recourse services list`")
        );
        assert_eq!(check(&world, &[]).0, Some(0), "all of it is on record, and whole");
    });
}

#[test]
fn leads_and_operator_hear_once_a_fortnight_ahead() {
    for database in databases() {
        let Some(server) = MailServer::start() else { return };
        let url = server.url();
        actix_web::rt::System::new().block_on(async {
            let set = |config: &mut recourse::config::Config| {
                config.mail.url = Some(Sensitive::new(url.clone()));
                config.mail.operator = Some(Sensitive::new("ops@staff.example".to_owned()));
            };
            let world = World::begin(database, &set).await;
            let (lead, advocate) = (world.staff(Role::Lead).await, world.staff(Role::Advocate).await);
            reachable(&world, &lead, "lead@staff.example", 0).await;
            reachable(&world, &advocate, "amina@staff.example", 0).await;
            stand(&world, vec![entry("lantern"), entry("nightline")], &["lantern"]).await;
            world.run_jobs().await;
            let about = |server: &MailServer| {
                let all = server.mails().into_iter().filter(|mail| mail.subject.contains("directory"));
                let mut to: Vec<String> = all.map(|mail| mail.to).collect();
                to.sort();
                to
            };
            let end = Timestamp::parse("2026-11-20T00:00:00Z").unwrap().plus(std::time::Duration::from_secs(FRESH));
            let fortnight = std::time::Duration::from_hours(14 * 24);
            world.pass(end.minus(fortnight).since(world.clock.now()).as_secs());
            world.run_jobs().await;
            assert!(about(&server).is_empty(), "{:?}", about(&server));
            world.pass(1);
            world.run_jobs().await;
            let told = ["lead@staff.example", "ops@staff.example"];
            assert_eq!(about(&server), told, "one mail for both entries");
            world.pass(3 * 24 * 3_600);
            world.run_jobs().await;
            assert_eq!(about(&server), told, "and not again");
            let texts: String =
                server.mails().into_iter().filter(|mail| mail.to.starts_with("lead")).map(|mail| mail.text).collect();
            assert!(!texts.contains("lantern") && !texts.contains("stalking"), "{texts}");
        });
    }
}

#[test]
fn what_somebody_writes_into_the_database_leads_nobody_anywhere() {
    on_both(|world| async move {
        stand(&world, vec![entry("lantern"), entry("nightline")], &[]).await;
        let listed = async || {
            world.app.read_directory().await.unwrap();
            names(&public(&world, "?country=GB").await.expect(200))
        };
        assert_eq!(listed().await, ["lantern", "nightline"]);
        // Another number, under the revision that a change has.
        world.tamper("UPDATE services SET document = replace(document, '01632 960 001', '01632 960 666'), revision = revision + 10 WHERE slug = 'lantern'");
        assert_eq!(listed().await, ["nightline"], "the row is refused, and hides no other");
        let (code, report) = check(&world, &[]);
        assert!(code == Some(1) && wrong(&report, "problems").contains("services not_as_written"), "{report}");
        world.tamper("UPDATE services SET document = replace(document, '01632 960 666', '01632 960 001'), revision = revision + 10 WHERE slug = 'lantern'");
        assert_eq!(listed().await, ["lantern", "nightline"]);
        // A whole older row with its proof: the record knows of more.
        world.tamper("CREATE TABLE older AS SELECT * FROM services WHERE slug = 'lantern'");
        let app = Arc::clone(&world.app);
        let until = world.clock.now().plus(std::time::Duration::from_hours(24));
        app.write(TEST, move |tx| directory::set_full(tx, "lantern", Some(until))).await.unwrap();
        world.tamper("UPDATE services SET document = (SELECT document FROM older), full_until = (SELECT full_until FROM older), version = (SELECT version FROM older), mac = (SELECT mac FROM older), revision = revision + 10 WHERE slug = 'lantern'");
        world.tamper("DROP TABLE older");
        let (code, report) = check(&world, &[]);
        assert!(code == Some(1) && wrong(&report, "problems").contains("services row_changed"), "{report}");
    });
}

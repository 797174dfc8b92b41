//! Who is told of a case, when, and until when: the clock is moved through it, and the mail goes through a real server.

use std::io::{Read, Write};
use std::sync::Arc;

use recourse::base::secret::Sensitive;
use recourse::base::time::Timestamp;
use recourse::domain::casework::colleagues;
use recourse::domain::ledger::audit;
use recourse::domain::paging::{owed, rota};
use recourse::domain::people::staff::{self, Role};
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::jobs;
use serde_json::{Value, json};

use crate::harness::TEST;
use crate::harness::client::{Platform, Staff, full, small};
use crate::harness::smtp::{Mail, MailServer};
use crate::harness::{World, on_both};

/// Gives a colleague an address, and a shift of `hours` from now where there are any.
pub(crate) async fn reachable(world: &World, who: &Staff, address: &str, hours: u64) {
    let (name, address) = (who.username.clone(), address.to_owned());
    world
        .app
        .write(TEST, move |tx| {
            staff::set_mail(tx, &name, Some(&address))?;
            if hours > 0 {
                let now = tx.now();
                rota::add(tx, &name, now, now.plus(std::time::Duration::from_secs(hours * 3_600)))?;
            }
            Ok(())
        })
        .await
        .unwrap();
}

/// Changes what a colleague does here. Their shifts stay.
async fn become_one(world: &World, who: &Staff, role: Role) {
    let name = who.username.clone();
    world.app.write(TEST, move |tx| colleagues::set_role(tx, &name, role).map(drop)).await.unwrap();
}

/// A house with an advocate on the rota, another who is not, a lead, a lead behind a wall, and a safeguarding lead.
async fn house(world: &World) -> Staff {
    let on_call = world.staff(Role::Advocate).await;
    let off = world.staff(Role::Advocate).await;
    let lead = world.staff(Role::Lead).await;
    let walled = world.staff(Role::Lead).await;
    let safeguarding = world.staff(Role::SafeguardingLead).await;
    // An auditor now, with a shift from when they were none.
    let auditor = world.staff(Role::Advocate).await;
    reachable(world, &on_call, "oncall@staff.example", 24 * 30).await;
    reachable(world, &off, "off@staff.example", 0).await;
    reachable(world, &lead, "lead@staff.example", 0).await;
    reachable(world, &walled, "walled@staff.example", 24 * 30).await;
    reachable(world, &safeguarding, "safeguarding@staff.example", 0).await;
    reachable(world, &auditor, "auditor@staff.example", 24 * 30).await;
    become_one(world, &auditor, Role::Auditor).await;
    let name = walled.username.clone();
    let number = Identifier::new(IdentifierKind::Phone, "+447700900123");
    world.app.write(TEST, move |tx| colleagues::declare(tx, &name, &number)).await.unwrap();
    on_call
}

/// Moves the clock in steps and notes who was told when: `12:00 lead oncall`, in minutes and seconds from the begin.
async fn watch(world: &World, server: &MailServer, step: u64, until: u64) -> Vec<String> {
    let mut seen = server.mails().len();
    let mut lines = Vec::new();
    let begin = Timestamp::parse(crate::harness::BEGIN).unwrap();
    loop {
        world.run_jobs().await;
        let mails = server.mails();
        let mut told: Vec<&str> = mails[seen..].iter().map(|mail| mail.to.split('@').next().unwrap()).collect();
        seen = mails.len();
        told.sort_unstable();
        let at = world.clock.now().since(begin).as_secs();
        if !told.is_empty() {
            lines.push(format!("{}:{:02}:{:02} {}", at / 3_600, at / 60 % 60, at % 60, told.join(" ")));
        }
        if at >= until {
            return lines;
        }
        world.pass(step);
    }
}

/// Submits a report whose answers give it this priority.
async fn submit(world: &World, priority: &str) -> (Platform, String) {
    let spark = world.platform("spark").await;
    let mut body = full("PG-1");
    body["answers"] = match priority {
        "p0" => json!({"not_safe_now": "yes"}),
        "p1" => json!({"very_frightened": "yes"}),
        "p2" => json!({"escalating_last_30d": "yes", "threats": "yes"}),
        "p3" => json!({"recent_rejection": "yes"}),
        _ => json!({}),
    };
    if matches!(priority, "p2" | "p3" | "p4") {
        body["category"] = json!("romance_fraud");
        body["other_categories"] = json!([]);
    }
    let id = spark.submit(&body).await;
    (spark, id)
}

async fn priority_of(world: &World) -> String {
    let lead = world.staff(Role::Lead).await;
    let case = lead.case_of("PG-1").await;
    lead.case(&case).await.0["priority"].as_str().unwrap().to_owned()
}

pub(crate) fn with_server(test: &impl AsyncFn(World, &mut MailServer)) {
    let Some(mut server) = MailServer::start() else { return };
    for database in crate::harness::databases() {
        let url = server.url();
        actix_web::rt::System::new().block_on(async {
            let set = |config: &mut recourse::config::Config| {
                config.mail.url = Some(Sensitive::new(url.clone()));
                config.mail.operator = Some(Sensitive::new("operator@staff.example".to_owned()));
            };
            let world = World::begin(database, &set).await;
            test(world, &mut server).await;
        });
        server = MailServer::start().unwrap();
    }
}

#[test]
fn every_priority_tells_the_right_people_at_the_right_moments_until_somebody_takes_it() {
    let steps = [
        ("p0", 15, 2_400),
        ("p1", 300, 6 * 3_600),
        ("p2", 1_800, 60 * 3_600),
        ("p3", 3_600, 6 * 86_400),
        ("p4", 3_600, 9 * 86_400),
    ];
    for (priority, step, until) in steps {
        with_server(&async |world, server| {
            house(&world).await;
            // Long after anybody acted: nobody is at work but by the rota.
            submit(&world, priority).await;
            let lines = watch(&world, server, step, until).await;
            insta::assert_snapshot!(format!("ladder_of_{priority}"), lines.join("\n"));
            assert_eq!(priority_of(&world).await, priority);
            let ids: std::collections::BTreeSet<String> = server.mails().into_iter().map(|mail| mail.id).collect();
            assert_eq!(ids.len(), server.mails().len(), "each page was sent once");
        });
    }
}

#[test]
fn a_claim_ends_the_alarm_and_a_clock_that_passes_meanwhile_tells_the_holder_and_the_lead() {
    with_server(&async |world, server| {
        let on_call = house(&world).await;
        submit(&world, "p0").await;
        world.pass(120);
        world.run_jobs().await;
        assert_eq!(server.mails().len(), 1);
        let case = on_call.case_of("PG-1").await;
        on_call.take(&case).await;
        for _ in 0..60 {
            on_call.act(&case, "heartbeat", &json!({})).await;
            world.pass(30);
            world.run_jobs().await;
        }
        let mut told: Vec<String> =
            server.mails()[1..].iter().map(|mail| mail.to.replace("@staff.example", "")).collect();
        told.sort();
        // First contact and the decision to escalate are due at 30 minutes: told at 22:30 and at 30, no more.
        assert_eq!(told, ["lead", "oncall", "oncall"], "{told:?}");
    });
}

#[test]
fn when_nobody_is_on_the_rota_the_leads_are_told_at_once_and_the_reporter_is_told_honestly() {
    with_server(&async |world, server| {
        let lead = world.staff(Role::Lead).await;
        reachable(&world, &lead, "lead@staff.example", 0).await;
        // Who keeps accounts reads no report, whatever they did before.
        let keeper = world.staff(Role::Advocate).await;
        reachable(&world, &keeper, "keeper@staff.example", 8).await;
        become_one(&world, &keeper, Role::Administrator).await;
        let spark = world.platform("spark").await;
        let mut body = full("PG-1");
        body["answers"] = json!({"not_safe_now": "yes"});
        let answer = spark.caller.post("/v1/reports", &body).await.expect(201).json();
        assert_eq!(answer["acknowledgement"]["staffed"], false);
        let text = answer["acknowledgement"]["text"].as_str().unwrap();
        assert!(text.contains("Nobody is planned to be at work here just now"), "{text}");
        world.pass(120);
        world.run_jobs().await;
        let to: Vec<String> = server.mails().into_iter().map(|mail| mail.to).collect();
        assert_eq!(to, ["lead@staff.example"]);
        reachable(&world, &lead, "lead@staff.example", 8).await;
        // What is told does not depend on the report, only on the hour: the shift shows from the next one.
        world.pass(3_600);
        let spark = world.platform("spark").await;
        let calm = spark.caller.post("/v1/reports", &small("PG-2")).await.expect(201).json();
        assert_eq!(calm["acknowledgement"]["staffed"], true);
        assert!(!calm["acknowledgement"]["text"].as_str().unwrap().contains("Nobody"));
    });
}

#[test]
fn a_mail_server_in_trouble_delays_nobody_else_and_brings_no_flood_when_it_is_back() {
    with_server(&async |world, server| {
        for (name, shift) in [("refused-1", 24), ("slow-1", 24), ("later-1", 24), ("fine", 24)] {
            let who = world.staff(Role::Advocate).await;
            reachable(&world, &who, &format!("{name}@staff.example"), shift).await;
        }
        let lead = world.staff(Role::Lead).await;
        reachable(&world, &lead, "lead@staff.example", 0).await;
        submit(&world, "p0").await;
        world.pass(120);
        world.run_jobs().await;
        let to = |mails: &[Mail]| {
            let mut to: Vec<String> = mails.iter().map(|mail| mail.to.replace("@staff.example", "")).collect();
            to.sort();
            to
        };
        assert_eq!(to(&server.mails()), ["fine", "slow-1"]);
        // An address that is refused for good wakes nobody higher up where others on the rung have heard.
        world.run_jobs().await;
        assert_eq!(server.mails().len(), 2);
        let seen = server.mails().len();
        server.stop();
        for _ in 0..12 {
            world.pass(300);
            world.run_jobs().await;
        }
        server.restart();
        world.pass(3_000);
        world.run_jobs().await;
        let after = to(&server.mails()[seen..]);
        let mut once = after.clone();
        once.dedup();
        assert_eq!(after, once, "the last ring only, once for each");
        assert!(after.contains(&"fine".to_owned()) && after.contains(&"lead".to_owned()), "{after:?}");
    });
}

#[test]
fn a_worker_that_dies_after_sending_sends_the_same_mail_again_and_loses_none() {
    with_server(&async |world, server| {
        house(&world).await;
        submit(&world, "p0").await;
        world.pass(120);
        jobs::tick(Arc::clone(&world.app)).await.unwrap();
        // Leased by a worker that is killed before it could say that it was done.
        let leased = world.app.write(TEST, |tx| crate::harness::lease(tx, "dead", 10)).await.unwrap();
        assert_eq!(leased.len(), 2, "a mail and the log's line");
        jobs::work_off(&world.app, "living").await.unwrap();
        assert!(server.mails().is_empty());
        world.pass(61);
        jobs::work_off(&world.app, "living").await.unwrap();
        let mail = server.mails().pop().unwrap();
        let of_job = |job: &owed::Leased| mail.id == format!("<{}@localhost>", job.lease.id);
        assert!(leased.iter().any(of_job), "{}: the id that the first attempt would have had", mail.id);
        assert!(!mail.text.contains("PG-1") && !mail.subject.contains("case"), "{mail:?}");
    });
}

#[test]
fn an_image_is_told_of_at_4_24_36_and_44_hours_and_higher_up_as_time_runs_out() {
    with_server(&async |world, server| {
        let on_call = house(&world).await;
        let spark = world.platform("spark").await;
        let mut body = full("PG-1");
        body["category"] = json!("intimate_image_shared");
        body["desired_outcome"] = json!("platform_action");
        body["intimate_image"] = json!({"is_intimate_image": true, "is_subject_or_agent": true, "good_faith": true, "locator": "their profile", "contact": "via_recourse"});
        spark.submit(&body).await;
        let case = on_call.case_of("PG-1").await;
        for _ in 0..48 {
            // Somebody takes it again and again, so that nothing else goes on ringing.
            world.staff(Role::SafeguardingLead).await.take(&case).await;
            world.pass(3_600);
            world.run_jobs().await;
        }
        let chain = case.clone();
        let events = world.app.read(move |rx| audit::list(rx, &chain)).await.unwrap();
        let told: Vec<(String, String)> = events
            .iter()
            .filter(|event| ["alarm_opened", "on_call_paged"].contains(&event.kind.as_str()))
            .map(|event| serde_json::from_str::<Value>(&event.details).unwrap())
            .map(|d| (d["reason"].as_str().unwrap().to_owned(), d["rung"].as_str().unwrap_or_default().to_owned()))
            .collect();
        let firsts = [
            "intimate_image_4h",
            "intimate_image_24h",
            "intimate_image_36h",
            "intimate_image_44h",
            "intimate_image_passed",
        ];
        for reason in firsts {
            assert!(told.iter().any(|(told, _)| told == reason), "{reason} of {told:?}");
        }
        for (reason, rung) in [("intimate_image_36h", "lead"), ("intimate_image_44h", "safeguarding_lead")] {
            assert!(told.contains(&(reason.to_owned(), rung.to_owned())), "{reason} {rung} of {told:?}");
        }
        assert!(server.mails().iter().any(|mail| mail.to.starts_with("safeguarding")));
    });
}

#[test]
fn a_request_is_called_to_mind_before_it_is_due_and_once() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&full("PG-1")).await;
        let lead = world.staff(Role::Lead).await;
        let case = lead.case_of("PG-1").await;
        lead.take(&case).await;
        lead.act(&case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
        let of_type = async |kind: &str| {
            let spark = world.platform("spark").await;
            let list = spark.caller.get(&format!("/v1/events?type={kind}")).await.expect(200).json();
            list["data"].as_array().unwrap().len()
        };
        world.pass(20 * 3_600 - 1);
        world.run_jobs().await;
        assert_eq!(of_type("request.due_soon").await, 0);
        world.pass(1);
        world.run_jobs().await;
        world.run_jobs().await;
        assert_eq!((of_type("request.due_soon").await, of_type("request.overdue").await), (1, 0));
        world.pass(4 * 3_600 + 1);
        world.run_jobs().await;
        assert_eq!((of_type("request.due_soon").await, of_type("request.overdue").await), (1, 1));
    });
}

#[test]
fn a_leap_of_the_clock_rings_once_and_says_what_has_passed() {
    on_both(|world| async move {
        let (_, _) = submit(&world, "p1").await;
        let lead = world.staff(Role::Lead).await;
        let case = lead.case_of("PG-1").await;
        world.pass(30 * 86_400);
        world.run_jobs().await;
        let chain = case.clone();
        let events = world.app.read(move |rx| audit::list(rx, &chain)).await.unwrap();
        let paged: Vec<&str> =
            events.iter().filter(|e| e.kind == "on_call_paged").map(|e| e.details.as_str()).collect();
        assert_eq!(paged.len(), 1, "{paged:?}");
        assert!(paged[0].contains("_passed") && paged[0].contains("safeguarding_lead"), "{paged:?}");
    });
}

/// Answers one call with 200 and says what it was.
fn one_call() -> (String, std::thread::JoinHandle<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let call = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut text = String::new();
        let mut buffer = [0_u8; 4_096];
        while !text.ends_with('}') {
            let read = stream.read(&mut buffer).unwrap();
            text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        text
    });
    (url, call)
}

#[test]
fn the_operators_pager_is_told_of_each_ring_and_of_no_case() {
    for database in crate::harness::databases() {
        let (url, call) = one_call();
        actix_web::rt::System::new().block_on(async {
            let set = |config: &mut recourse::config::Config| {
                config.pager.url = Some(Sensitive::new(url.clone()));
                config.pager.token = Some(Sensitive::new("pager-token".to_owned()));
            };
            let world = World::begin(database, &set).await;
            submit(&world, "p0").await;
            world.pass(120);
            world.run_jobs().await;
        });
        let told = call.join().unwrap();
        assert!(told.starts_with("POST /hook ") && told.contains("authorization: Bearer pager-token"), "{told}");
        let body: Value = serde_json::from_str(told.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        assert_eq!((&body["urgency"], &body["rung"], &body["told"]), (&json!("now"), &json!("on_call"), &json!(0)));
        assert!(!told.contains("case_") && !told.contains("PG-1"), "{told}");
    }
}

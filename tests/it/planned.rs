//! What reporters are told of the rota: what is planned, from the full hour after a change, and nothing that anybody does. And who
//! hears when nobody of a shift comes.

use std::time::Duration;

use recourse::base::time::Timestamp;
use recourse::domain::casework::colleagues;
use recourse::domain::paging::rota;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use serde_json::{Value, json};

use crate::harness::client::{Platform, Staff, full, new_key, small};
use crate::harness::smtp::MailServer;
use crate::harness::{TEST, World, on_both};
use crate::paging::{reachable, with_server};

/// Those who watch: a platform that something is reported to, another, and a trial.
struct Watchers<'w> {
    world: &'w World,
    asked: std::cell::Cell<usize>,
}

impl<'w> Watchers<'w> {
    const fn of(world: &'w World) -> Self {
        Self { world, asked: std::cell::Cell::new(0) }
    }

    /// Signed in just now: tokens live ten minutes.
    async fn all(&self) -> [Platform; 3] {
        let spark = self.world.platform("spark").await;
        let meetly = self.world.platform("meetly").await;
        [spark, meetly, self.world.platform_with("meetly", Mode::Test, Scope::ALL).await]
    }

    /// What each is told now, singly and in a batch: all the same.
    async fn told(&self) -> bool {
        let mut told = Vec::new();
        for platform in &self.all().await {
            self.asked.set(self.asked.get() + 1);
            let number = self.asked.get();
            let one = platform.caller.post("/v1/reports", &small(&format!("W-{number}"))).await.expect(201).json();
            let batch = json!({"reports": [small(&format!("B-{number}"))]});
            let many = platform.caller.post("/v1/reports/batch", &batch).await.expect(207).json();
            for receipt in [&one, &many["results"][0]["report"]] {
                let said = &receipt["acknowledgement"];
                let staffed = said["staffed"].as_bool().unwrap_or_else(|| panic!("{many}"));
                let words = if staffed { "Somebody is planned to be" } else { "Nobody is planned to be" };
                let text = said["text"].as_str().unwrap();
                assert!(text.starts_with("If you are in danger now, call"), "whom to call comes first: {text}");
                assert!(text.contains(words), "{text}");
                told.push(staffed);
            }
        }
        assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
        told[0]
    }
}

/// Moves the clock to so many microseconds before or after the next full hour.
fn to_hour(world: &World, micros: i64) {
    let hour = 3_600_000_000;
    let now = world.clock.now().micros();
    let then = now - now.rem_euclid(hour) + hour + micros;
    world.clock.advance(Timestamp::from_micros(then).since(world.clock.now()));
}

#[test]
fn no_case_and_no_act_moves_what_reporters_are_told() {
    on_both(|world| async move {
        let watchers = Watchers::of(&world);
        let lead = world.staff(Role::Lead).await;
        assert!(!watchers.told().await);
        let mut body = full("PLAN-1");
        body["answers"] = json!({"not_safe_now": "yes"});
        world.platform("spark").await.submit(&body).await;
        assert!(!watchers.told().await, "an emergency");
        let case = lead.case_of("PLAN-1").await;
        for (act, body) in [
            ("claim", json!({})),
            ("heartbeat", json!({})),
            ("notes", json!({"text": "Rang."})),
            ("release", json!({})),
            ("claim", json!({})),
        ] {
            assert!(lead.act(&case, act, &body).await.status < 300, "{act}");
            assert!(!watchers.told().await, "{act}");
        }
        lead.act_seen(&case, "transitions", &json!({"action": "start"})).await.expect(200);
        world.pass(61);
        lead.case(&case).await;
        assert!(!watchers.told().await, "somebody is at work, and only that");
        world.run_jobs().await;
        assert!(!watchers.told().await, "the jobs");
    });
}

async fn add(world: &World, who: &Staff, hours: u64) -> recourse::base::id::ShiftId {
    let name = who.username.clone();
    let add = move |tx: &mut recourse::domain::unit::Unit<'_>| {
        let now = tx.now();
        rota::add(tx, &name, now, now.plus(Duration::from_hours(hours)))
    };
    world.app.write(TEST, add).await.unwrap().unwrap()
}

#[test]
fn a_change_of_the_rota_shows_from_the_next_full_hour() {
    on_both(|world| async move {
        let watchers = Watchers::of(&world);
        let who = world.staff(Role::Advocate).await;
        let covered = async || world.app.read(rota::is_covered).await.unwrap();
        // Added, also exactly on the hour.
        to_hour(&world, 0);
        let shift = add(&world, &who, 100).await;
        assert_eq!((covered().await, watchers.told().await), (true, false));
        to_hour(&world, -1);
        assert!(!watchers.told().await);
        world.clock.advance(Duration::from_micros(1));
        assert!(watchers.told().await);
        // Taken off: pages go elsewhere at once.
        world.pass(60);
        world.app.write(TEST, move |tx| rota::remove(tx, &shift)).await.unwrap();
        assert_eq!((covered().await, watchers.told().await), (false, true));
        to_hour(&world, -1);
        assert!(watchers.told().await);
        world.clock.advance(Duration::from_micros(1));
        assert!(!watchers.told().await);
        // The same again is a shift of its own.
        add(&world, &who, 100).await;
        to_hour(&world, 1);
        assert!(watchers.told().await);
    });
}

#[test]
fn what_becomes_of_an_account_shows_from_the_next_full_hour_too() {
    on_both(|world| async move {
        let watchers = Watchers::of(&world);
        let who = world.staff(Role::Advocate).await;
        add(&world, &who, 100).await;
        to_hour(&world, 1);
        assert!(watchers.told().await);
        let become_one = async |role: Role| {
            let name = who.username.clone();
            world.app.write(TEST, move |tx| colleagues::set_role(tx, &name, role).map(drop)).await.unwrap();
        };
        // There and back within the hour: nothing has changed.
        become_one(Role::Auditor).await;
        assert!(watchers.told().await);
        become_one(Role::Advocate).await;
        assert!(watchers.told().await);
        to_hour(&world, 1);
        assert!(watchers.told().await);
        become_one(Role::Auditor).await;
        assert!(watchers.told().await);
        to_hour(&world, 1);
        assert!(!watchers.told().await);
        become_one(Role::Advocate).await;
        assert!(!watchers.told().await);
        to_hour(&world, 1);
        assert!(watchers.told().await);
        let name = who.username.clone();
        world.app.write(TEST, move |tx| colleagues::close(tx, &name).map(drop)).await.unwrap();
        assert!(watchers.told().await, "that somebody has gone is told by the hour");
        to_hour(&world, 1);
        assert!(!watchers.told().await);
    });
}

#[test]
fn a_report_that_is_sent_again_has_the_answer_that_it_had() {
    on_both(|world| async move {
        let credential = world.credential("spark", Mode::Live, Scope::ALL).await;
        let spark = Platform::sign_in(&world, &credential).await;
        let who = world.staff(Role::Advocate).await;
        let acknowledged = |answer: &Value| answer["acknowledgement"].clone();
        let (key, body) = (new_key(), small("AGAIN-1"));
        let first = spark.caller.post_with("/v1/reports", &key, None, &body).await.expect(201).json();
        assert_eq!(first["acknowledgement"]["staffed"], false);
        add(&world, &who, 100).await;
        to_hour(&world, 1);
        let spark = Platform::sign_in(&world, &credential).await;
        let fresh = spark.caller.post("/v1/reports", &small("AGAIN-2")).await.expect(201).json();
        assert_eq!(fresh["acknowledgement"]["staffed"], true);
        let replayed = spark.caller.post_with("/v1/reports", &key, None, &body).await.expect(201).json();
        assert_eq!(replayed, first, "the same call");
        let known = spark.caller.post("/v1/reports", &body).await.expect(200).json();
        assert_eq!(acknowledged(&known), acknowledged(&first), "the same report by another call");
        let batch = json!({"reports": [body, small("AGAIN-2"), small("AGAIN-3")]});
        let results = spark.caller.post("/v1/reports/batch", &batch).await.expect(207).json();
        let told: Vec<Value> =
            (0..3).map(|n| acknowledged(&results["results"][n]["report"])["staffed"].clone()).collect();
        assert_eq!(told, [json!(false), json!(true), json!(true)]);
    });
}

/// Whom the mails went to that came since.
fn to(server: &MailServer, since: usize) -> Vec<String> {
    let mut to: Vec<String> =
        server.mails()[since..].iter().map(|mail| mail.to.replace("@staff.example", "")).collect();
    to.sort();
    to
}

#[test]
fn the_leads_are_paged_once_when_nobody_of_a_shift_comes() {
    with_server(&async |world, server| {
        let (lead, other) = (world.staff(Role::Lead).await, world.staff(Role::Advocate).await);
        let on_call = world.staff(Role::Advocate).await;
        reachable(&world, &lead, "lead@staff.example", 0).await;
        // Whoever was signed in yesterday is not here.
        world.pass(24 * 3_600);
        let since = server.mails().len();
        reachable(&world, &on_call, "oncall@staff.example", 8).await;
        reachable(&world, &other, "other@staff.example", 8).await;
        world.pass(15 * 60 - 1);
        world.run_jobs().await;
        assert_eq!(to(server, since), [""; 0]);
        world.pass(1);
        world.run_jobs().await;
        world.run_jobs().await;
        assert_eq!(to(server, since), ["lead"], "two shifts that begin together are one");
        let mail = server.mails().pop().unwrap();
        assert!(mail.subject.contains("rota") && !mail.text.contains(&on_call.username), "{mail:?}");
        world.pass(3_600);
        world.run_jobs().await;
        assert_eq!(to(server, since), ["lead"], "once for a shift");
    });
}

#[test]
fn nobody_is_paged_for_a_shift_that_somebody_works() {
    with_server(&async |world, server| {
        let (lead, on_call) = (world.staff(Role::Lead).await, world.staff(Role::Advocate).await);
        reachable(&world, &lead, "lead@staff.example", 0).await;
        reachable(&world, &on_call, "oncall@staff.example", 8).await;
        // Signed in as it began, and away from the screen since: the jobs come late.
        world.pass(2 * 3_600);
        world.run_jobs().await;
        assert_eq!(to(server, 0), [""; 0]);
    });
}

#[test]
fn where_there_is_no_lead_the_operator_hears_of_an_empty_shift() {
    with_server(&async |world, server| {
        let on_call = world.staff(Role::Advocate).await;
        world.pass(24 * 3_600);
        reachable(&world, &on_call, "oncall@staff.example", 8).await;
        world.pass(15 * 60);
        world.run_jobs().await;
        assert_eq!(to(server, 0), ["operator"]);
    });
}

#[test]
fn the_operator_is_told_at_a_start_that_there_is_no_rota() {
    with_server(&async |world, server| {
        let told = async || {
            let is_there = world.app.write(TEST, recourse::domain::paging::missed::tell_when_no_rota).await.unwrap();
            world.run_jobs().await;
            is_there
        };
        assert!(!told().await);
        assert!(!told().await, "at every start");
        assert_eq!(to(server, 0), ["operator", "operator"]);
        let who = world.staff(Role::Advocate).await;
        add(&world, &who, 8).await;
        assert!(told().await);
        assert_eq!(server.mails().len(), 2);
    });
}

//! The door under attack: codes that are guessed, clocks that are set back, floods, and whoever writes to the
//! database.

use std::time::Duration;

use futures_util::future::join_all;
use recourse::base::secret::Sensitive;
use recourse::domain::ledger::audit;
use recourse::domain::people::door;
use recourse::domain::people::staff::{self, NewMember, Role};
use recourse::domain::watch::soundness;
use recourse::jobs;
use serde_json::{Value, json};

use crate::command_line::said;
use crate::harness::client::{Answer, Caller};
use crate::harness::{TEST, World, on_both};

pub(crate) const PASSWORD: &str = "a harbour without ships";
pub(crate) const CHOSEN: &str = "copper kettle on the stove";

/// Somebody with a password and a second factor.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) id: String,
    secret: Sensitive<Vec<u8>>,
}

impl Person {
    /// A colleague who chose their password.
    pub(crate) async fn new(world: &World, name: &'static str, role: Role) -> Self {
        let totp_secret = door::new_secret();
        let password_hash = world.app.passwords.hash(Sensitive::new(PASSWORD.to_owned())).await.unwrap();
        let secret = totp_secret.clone();
        let (username, queues, is_given) = (name.to_owned(), Vec::new(), false);
        let new = NewMember { username, role, queues, password_hash, is_given, totp_secret, same_person_as: None };
        let added = world.app.write(TEST, move |tx| staff::add(tx, new)).await.unwrap();
        Self { name, id: added.id.to_string(), secret }
    }

    /// The code of the step that lies so many steps from the present one.
    pub(crate) fn code(&self, world: &World, steps: i64) -> String {
        let at = u64::try_from(world.clock.now().seconds() + steps * 30).unwrap();
        door::code_at(&self.secret, at).unwrap()
    }

    /// A code that does not hold now.
    pub(crate) fn wrong(&self, world: &World) -> String {
        let held = [self.code(world, 0), self.code(world, -1)];
        (0..3).map(|n| format!("{n:06}")).find(|code| !held.contains(code)).unwrap()
    }

    pub(crate) async fn tries(&self, world: &World, password: &str, code: &str) -> Answer {
        sign_in(world, &json!({"username": self.name, "password": password, "code": code})).await
    }

    /// Signs in as they should.
    pub(crate) async fn comes(&self, world: &World) -> Answer {
        self.tries(world, PASSWORD, &self.code(world, 0)).await
    }

    /// Ten wrong codes after the right password.
    pub(crate) async fn is_shut_out(&self, world: &World) {
        for _ in 0..10 {
            self.tries(world, PASSWORD, &self.wrong(world)).await.expect(401);
        }
    }

    /// What stands in their chain, by kind, with the details.
    pub(crate) async fn record(&self, world: &World) -> Vec<(String, Value)> {
        let id = self.id.clone();
        let events = world.app.read(move |rx| audit::list(rx, &id)).await.unwrap();
        events.into_iter().map(|event| (event.kind, serde_json::from_str(&event.details).unwrap())).collect()
    }

    pub(crate) async fn times(&self, world: &World, kind: &str) -> usize {
        self.record(world).await.iter().filter(|(of, _)| of == kind).count()
    }
}

pub(crate) async fn sign_in(world: &World, body: &Value) -> Answer {
    world.caller("").post("/v1/triage/sessions", body).await
}

pub(crate) fn caller(world: &World, session: &Answer) -> Caller {
    world.caller(session.json()["access_token"].as_str().unwrap())
}

#[test]
fn ten_wrong_codes_after_the_right_password_close_the_second_factor_and_a_lead_opens_it() {
    on_both(|world| async move {
        let amina = Person::new(&world, "amina", Role::Advocate).await;
        let open = caller(&world, &amina.comes(&world).await.expect(200));
        // From many places at once, as many as there are guesses: ten are looked at. Whoever is sent home because too many
        // wait (a slow machine hashes fewer in the time that anybody waits) was not looked at, and comes again.
        let wrong = amina.wrong(&world);
        let mut answers = Vec::new();
        while answers.len() < 14 {
            let came = join_all((answers.len()..14).map(|_| amina.tries(&world, PASSWORD, &wrong))).await;
            let before = answers.len();
            answers.extend(came.into_iter().filter(|answer| answer.code() != "unavailable"));
            assert!(answers.len() > before, "somebody's turn comes");
        }
        let codes: Vec<String> = answers.iter().map(Answer::code).collect();
        assert!(answers.iter().all(|answer| answer.status == 401), "{codes:?}");
        assert_eq!(codes.iter().filter(|code| *code == "credential_invalid").count(), 9, "{codes:?}");
        world.pass(60);
        let right = amina.comes(&world).await.expect(401);
        assert_eq!(right.code(), "second_factor_closed");
        // Right or wrong: whoever guesses goes on without an answer. And without the password nothing of it is told.
        let told = |answer: &Answer| answer.json()["detail"].clone();
        assert_eq!(told(&amina.tries(&world, PASSWORD, &wrong).await), told(&right));
        assert_eq!(amina.tries(&world, "another", &amina.code(&world, 0)).await.code(), "credential_invalid");
        open.get("/v1/triage/queues").await.expect(200);
        assert_eq!(amina.times(&world, "second_factor_closed").await, 1);
        // Who opens it: no advocate, not she herself, a lead.
        let path = format!("/v1/triage/colleagues/{}/open-second-factor", amina.id);
        let (advocate, lead) = (world.staff(Role::Advocate).await, world.staff(Role::Lead).await);
        assert_eq!(advocate.caller.post(&path, &json!({})).await.expect(403).code(), "role_not_allowed");
        let listed = lead.caller.get("/v1/triage/colleagues?limit=1").await.expect(200).json();
        assert_eq!((&listed["data"][0]["id"], &listed["has_more"]), (&json!(advocate.id), &json!(true)));
        let rest = format!("/v1/triage/colleagues?cursor={}", listed["next_cursor"].as_str().unwrap());
        let listed = lead.caller.get(&rest).await.expect(200).json();
        let of = |id: &str| listed["data"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone();
        assert!(of(&amina.id)["second_factor_closed_at"].is_string(), "{listed}");
        assert!(of(&lead.id)["second_factor_closed_at"].is_null(), "{listed}");
        let opened = lead.caller.post(&path, &json!({})).await.expect(200).json();
        assert!(opened["second_factor_closed_at"].is_null());
        amina.comes(&world).await.expect(200);
        assert_eq!(amina.times(&world, "second_factor_opened").await, 1);
        // And ten more close it again.
        world.pass(60);
        amina.is_shut_out(&world).await;
        assert_eq!(amina.comes(&world).await.code(), "second_factor_closed");
        assert!(said(&world, &["admin", "staff", "list"]).contains("(second factor closed since "));
        let by_operator = said(&world, &["admin", "staff", "open-second-factor", "amina"]);
        assert!(by_operator.contains("open again"), "{by_operator}");
        amina.comes(&world).await.expect(200);
    });
}

#[test]
fn no_lead_opens_their_own_second_factor() {
    on_both(|world| async move {
        let lena = Person::new(&world, "lena", Role::SafeguardingLead).await;
        let open = caller(&world, &lena.comes(&world).await.expect(200));
        lena.is_shut_out(&world).await;
        let path = format!("/v1/triage/colleagues/{}/open-second-factor", lena.id);
        assert_eq!(open.post(&path, &json!({})).await.expect(403).code(), "second_person_required");
        world.pass(60);
        assert_eq!(lena.comes(&world).await.code(), "second_factor_closed");
    });
}

#[test]
fn nobody_without_the_password_closes_it_nor_a_hand_that_slips() {
    on_both(|world| async move {
        let amina = Person::new(&world, "amina", Role::Advocate).await;
        for _ in 0..12 {
            amina.tries(&world, "wrong", &amina.wrong(&world)).await.expect(401);
        }
        // What is no code is no guess; and a code that was used is none.
        for _ in 0..11 {
            amina.tries(&world, PASSWORD, "").await.expect(401);
        }
        for _ in 0..9 {
            amina.tries(&world, PASSWORD, &amina.wrong(&world)).await.expect(401);
        }
        amina.comes(&world).await.expect(200);
        for _ in 0..11 {
            amina.comes(&world).await.expect(401);
        }
        for _ in 0..9 {
            amina.tries(&world, PASSWORD, &amina.wrong(&world)).await.expect(401);
        }
        world.pass(60);
        amina.comes(&world).await.expect(200);
        assert_eq!(amina.times(&world, "second_factor_closed").await, 0);
    });
}

#[test]
fn a_minute_of_refused_tries_is_one_event_with_their_count() {
    on_both(|world| async move {
        let amina = Person::new(&world, "amina", Role::Advocate).await;
        let nobody = |n: usize| json!({"username": format!("nobody-{n}"), "password": "wrong", "code": "000000"});
        for n in 0..5 {
            amina.tries(&world, "wrong", "000000").await.expect(401);
            sign_in(&world, &nobody(n)).await.expect(401);
        }
        amina.tries(&world, PASSWORD, &amina.wrong(&world)).await.expect(401);
        assert_eq!(amina.times(&world, "sign_in_failed").await, 0, "they are counted first");
        jobs::once(&world.app, "note_refusals").await.unwrap();
        assert_eq!(amina.times(&world, "sign_in_failed").await, 0, "the minute is not over");
        world.pass(61);
        for _ in 0..2 {
            jobs::once(&world.app, "note_refusals").await.unwrap();
        }
        let failed: Vec<Value> = amina
            .record(&world)
            .await
            .into_iter()
            .filter(|(kind, _)| kind == "sign_in_failed")
            .map(|(_, details)| details)
            .collect();
        assert_eq!(failed.iter().map(|details| &details["tries"]).collect::<Vec<_>>(), [&json!(6)], "{failed:?}");
        assert_eq!(failed[0]["since"], json!(crate::harness::BEGIN));
        // Written before a clock was set back, they are not kept waiting for the time that was.
        amina.tries(&world, "wrong", "000000").await.expect(401);
        world.clock.set_back(Duration::from_hours(24));
        jobs::once(&world.app, "note_refusals").await.unwrap();
        assert_eq!(amina.times(&world, "sign_in_failed").await, 2);
    });
}

#[test]
fn a_code_lives_thirty_seconds_and_as_long_again() {
    on_both(|world| async move {
        let amina = Person::new(&world, "amina", Role::Advocate).await;
        for (steps, status) in [(1, 401), (-2, 401), (2, 401), (-1, 200), (0, 200)] {
            let code = amina.code(&world, steps);
            assert_eq!(amina.tries(&world, PASSWORD, &code).await.status, status, "{steps} steps away");
            assert_eq!(amina.tries(&world, PASSWORD, &code).await.status, 401, "{steps} steps away, again");
        }
    });
}

#[test]
fn a_clock_that_is_set_back_lets_everybody_in_and_no_code_twice() {
    for ahead in [3_600, 26 * 3_600, 366 * 86_400] {
        on_both(|world| async move {
            let amina = Person::new(&world, "amina", Role::Advocate).await;
            // At the time that will come again she signs in a few times, and somebody looks over her shoulder.
            let mut seen = Vec::new();
            for _ in 0..3 {
                seen.push(amina.code(&world, 0));
                amina.comes(&world).await.expect(200);
                world.pass(30);
            }
            let was = world.clock.now();
            world.pass(ahead);
            let then = caller(&world, &amina.comes(&world).await.expect(200));
            world.clock.set_back(world.clock.now().since(was));
            amina.comes(&world).await.expect(200);
            amina.comes(&world).await.expect(401);
            // A session from far ahead would outlive its time by as much.
            let lives = then.get("/v1/triage/queues").await.status;
            assert_eq!(lives, if ahead > 7_200 { 401 } else { 200 }, "{ahead} s ahead");
            // All that was used stays used, when the time comes again and where the clock was.
            world.clock.set_back(Duration::from_secs(90));
            for code in &seen {
                amina.tries(&world, PASSWORD, code).await.expect(401);
                world.pass(30);
            }
            world.pass(ahead);
            amina.comes(&world).await.expect(401);
        });
    }
}

#[test]
fn a_session_keeps_its_half_hour_when_the_clock_is_set_back() {
    on_both(|world| async move {
        let amina = Person::new(&world, "amina", Role::Advocate).await;
        let session = caller(&world, &amina.comes(&world).await.expect(200));
        world.clock.set_back(Duration::from_hours(1));
        session.get("/v1/triage/queues").await.expect(200);
        world.pass(31 * 60);
        session.get("/v1/triage/queues").await.expect(401);
    });
}

#[test]
fn who_writes_to_the_database_opens_no_door() {
    for change in [
        "UPDATE sign_ins SET wrong_codes = 0",
        "UPDATE sign_ins SET closed_at = NULL",
        "UPDATE sign_ins SET used_codes = ''",
        "UPDATE sign_ins SET given_password = NOT given_password",
        "UPDATE sign_ins SET staff_id = NULL, id = 'sgn_11111111111111111111111111' WHERE staff_id IS NOT NULL",
    ] {
        on_both(|world| async move {
            let amina = Person::new(&world, "amina", Role::Advocate).await;
            amina.comes(&world).await.expect(200);
            amina.is_shut_out(&world).await;
            world.tamper(change);
            world.pass(60);
            assert_ne!(amina.comes(&world).await.status, 200, "{change}");
            let found = world.app.read(soundness::proofs).await.unwrap();
            assert_eq!(
                found.iter().map(|one| (one.table, one.id.as_str())).collect::<Vec<_>>(),
                [("sign_ins", &*amina.id)],
                "{change}"
            );
        });
    }
}

#[test]
fn a_flood_from_one_network_keeps_nobody_else_from_signing_in() {
    on_both(|world| async move {
        let amina = Person::new(&world, "amina", Role::Advocate).await;
        let from = |address: [u8; 4]| {
            let http = reqwest::Client::builder().local_address(std::net::IpAddr::from(address)).build().unwrap();
            Caller { http, base: world.base.clone(), token: String::new() }
        };
        let (flood, home) = (from([127, 0, 0, 1]), from([127, 0, 9, 1]));
        let order = std::sync::Mutex::new(Vec::new());
        let guess = async |n: usize| {
            let body = json!({"username": format!("nobody-{n}"), "password": "wrong", "code": "000000"});
            let status = flood.post("/v1/triage/sessions", &body).await.status;
            order.lock().unwrap().push(status);
        };
        let body = json!({"username": "amina", "password": PASSWORD, "code": amina.code(&world, 0)});
        let comes = async {
            // Behind the flood: it has said how many it keeps waiting.
            while order.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            let status = home.post("/v1/triage/sessions", &body).await.status;
            order.lock().unwrap().push(status);
        };
        tokio::join!(join_all((0..60).map(guess)), comes);
        let order = order.into_inner().unwrap();
        assert!(order.contains(&503), "one network keeps so many waiting and no more: {order:?}");
        let refused: Vec<usize> = (0..order.len()).filter(|at| order[*at] == 401).collect();
        let came = order.iter().position(|status| *status == 200).expect("she came in");
        let before = refused.iter().filter(|at| **at < came).count();
        assert!(before < refused.len() / 2 || before < 5, "she waited for {before} of {}: {order:?}", refused.len());
    });
}

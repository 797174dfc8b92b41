//! One's own password and one's own sessions: a password that was given and ends, one that is changed, sessions that are
//! seen and ended.

use recourse::base::secret::Sensitive;
use recourse::base::time::Clock;
use recourse::domain::people::door;
use recourse::domain::people::staff::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::command_line::{line, said};
use crate::door::{CHOSEN, PASSWORD, Person, caller, sign_in};
use crate::harness::client::Caller;
use crate::harness::on_both;

#[test]
fn a_password_that_was_given_ends_at_the_first_sign_in() {
    on_both(|world| async move {
        let made = said(&world, &["admin", "staff", "add", "noor", "--role", "advocate"]);
        let walk = async |made: &str| {
            let given = line(made, "password:").to_owned();
            let base32 = line(made, "totp secret:").split(' ').next().unwrap().to_owned();
            let code = || {
                let secret = Sensitive::new(totp_bytes(&base32));
                let now = u64::try_from(world.clock.now().seconds()).unwrap();
                door::code_at(&secret, now).unwrap()
            };
            let with = |password: &str, code: &str, new: Option<&str>| {
                let mut body = json!({"username": "noor", "password": password, "code": code});
                if let Some(new) = new {
                    body["new_password"] = json!(new);
                }
                body
            };
            let wrong = if code() == "000000" { "000001" } else { "000000" };
            sign_in(&world, &with(&given, wrong, None)).await.expect(401);
            sign_in(&world, &with("wrong", &code(), Some(CHOSEN))).await.expect(401);
            sign_in(&world, &with(&given, wrong, Some(CHOSEN))).await.expect(401);
            // Without a password of her own nobody is let in, and the code is not used up.
            let needed = sign_in(&world, &with(&given, &code(), None)).await.expect(422);
            assert_eq!(needed.errors(), ["/new_password required"]);
            for (chosen, why) in [
                ("short", "too_short"),
                ("password123456", "guessed_first"),
                ("noornoornoor1", "guessed_first"),
                (given.as_str(), "same_password"),
            ] {
                let refused = sign_in(&world, &with(&given, &code(), Some(chosen))).await.expect(422);
                assert_eq!(refused.errors(), [format!("/new_password {why}")]);
            }
            sign_in(&world, &with(&given, &code(), Some(CHOSEN))).await.expect(200);
            world.pass(60);
            sign_in(&world, &with(&given, &code(), Some("another kettle, not copper"))).await.expect(401);
            sign_in(&world, &with(CHOSEN, &code(), None)).await.expect(200);
            world.pass(60);
            // As another keyboard sends it, with letters in two parts and a space behind.
            let composed = "Straße in Köln um neun";
            sign_in(&world, &with(CHOSEN, &code(), Some(composed))).await.expect(200);
            world.pass(60);
            sign_in(&world, &with("Straße in Ko\u{308}ln um neun ", &code(), None)).await.expect(200);
            world.pass(60);
        };
        walk(&made).await;
        // What a reset gives is given too.
        walk(&said(&world, &["admin", "staff", "reset", "noor"])).await;
    });
}

/// The bytes of a base32 text without padding (RFC 4648).
fn totp_bytes(text: &str) -> Vec<u8> {
    let (mut bits, mut held, mut bytes) = (0_u32, 0_u32, Vec::new());
    for c in text.bytes() {
        let value = if c.is_ascii_uppercase() { c - b'A' } else { c - b'2' + 26 };
        bits = bits << 5 | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    bytes
}

#[test]
fn ones_own_password_is_changed_by_the_present_one_and_a_code() {
    on_both(|world| async move {
        let amina = Person::new(&world, "amina", Role::Advocate).await;
        let here = caller(&world, &amina.comes(&world).await.expect(200));
        world.pass(60);
        let elsewhere = caller(&world, &amina.comes(&world).await.expect(200));
        world.pass(60);
        let change = |password: &'static str, code: String, new: &'static str| {
            let body = json!({"password": password, "code": code, "new_password": new});
            here.request(Method::POST, "/v1/triage/password").json(&body)
        };
        for (request, why) in [
            (change("wrong", amina.code(&world, 0), CHOSEN), "/password not_proved"),
            (change(PASSWORD, amina.wrong(&world), CHOSEN), "/password not_proved"),
            (change(PASSWORD, amina.code(&world, 0), "amina"), "/new_password too_short"),
            (change(PASSWORD, amina.code(&world, 0), PASSWORD), "/new_password same_password"),
        ] {
            assert_eq!(Caller::send(request).await.expect(422).errors(), [why]);
        }
        Caller::send(change(PASSWORD, amina.code(&world, 0), CHOSEN)).await.expect(204);
        here.get("/v1/triage/queues").await.expect(200);
        elsewhere.get("/v1/triage/queues").await.expect(401);
        world.pass(60);
        amina.comes(&world).await.expect(401);
        amina.tries(&world, CHOSEN, &amina.code(&world, 0)).await.expect(200);
        assert_eq!(amina.times(&world, "password_chosen").await, 1);
        // Whoever has a session of hers and her password guesses no more codes here than at the door.
        for _ in 0..10 {
            Caller::send(change(CHOSEN, amina.wrong(&world), "another kettle, not copper")).await.expect(422);
        }
        world.pass(60);
        let closed =
            Caller::send(change(CHOSEN, amina.code(&world, 0), "another kettle, not copper")).await.expect(422);
        assert_eq!(closed.errors(), ["/code second_factor_closed"]);
        assert_eq!(amina.tries(&world, CHOSEN, &amina.code(&world, 0)).await.code(), "second_factor_closed");
    });
}

#[test]
fn sessions_are_seen_and_ended_by_their_owner_and_by_who_keeps_accounts() {
    on_both(|world| async move {
        // Commands go by the machine's clock.
        world.clock.advance(Clock::machine().now().since(world.clock.now()));
        let amina = Person::new(&world, "amina", Role::Advocate).await;
        let mut all = Vec::new();
        for _ in 0..12 {
            all.push(caller(&world, &amina.comes(&world).await.expect(200)));
            world.pass(30);
        }
        let list = async |caller: &Caller| {
            caller.get("/v1/triage/sessions").await.expect(200).json()["data"].as_array().unwrap().clone()
        };
        let end = async |caller: &Caller, path: &str| Caller::send(caller.request(Method::DELETE, path)).await;
        // Ten live at once: the oldest have ended.
        let sessions = list(&all[11]).await;
        assert_eq!(sessions.len(), 10);
        all[1].get("/v1/triage/queues").await.expect(401);
        all[2].get("/v1/triage/queues").await.expect(200);
        assert_eq!(sessions.iter().position(|one| one["current"] == true), Some(9), "{sessions:?}");
        // One of hers, and none of anybody else's.
        let oldest = format!("/v1/triage/sessions/{}", sessions[0]["id"].as_str().unwrap());
        let other = world.staff(Role::SafeguardingLead).await;
        end(&other.caller, &oldest).await.expect(404);
        all[2].get("/v1/triage/queues").await.expect(200);
        end(&all[11], &oldest).await.expect(204);
        end(&all[11], &oldest).await.expect(404);
        all[2].get("/v1/triage/queues").await.expect(401);
        end(&all[11], "/v1/triage/sessions").await.expect(204);
        assert_eq!(list(&all[11]).await.len(), 1);
        all[10].get("/v1/triage/queues").await.expect(401);
        other.caller.get("/v1/triage/queues").await.expect(200);
        // By the administrator, as `--json` and as people read it.
        let told: Value =
            serde_json::from_str(&said(&world, &["admin", "staff", "sessions", "amina", "--json"])).unwrap();
        let id = told["data"][0]["id"].as_str().unwrap();
        assert!(said(&world, &["admin", "staff", "sessions", "amina"]).starts_with(id));
        said(&world, &["admin", "staff", "sessions", "amina", "--end", id]);
        all[11].get("/v1/triage/queues").await.expect(401);
        assert_eq!(amina.times(&world, "sessions_ended").await, 3);
        world.pass(60);
        let newest = caller(&world, &amina.comes(&world).await.expect(200));
        said(&world, &["admin", "staff", "sessions", "amina", "--end", "all"]);
        newest.get("/v1/triage/queues").await.expect(401);
    });
}

#[test]
fn the_text_of_a_secret_is_read_as_it_is_written() {
    let secret = door::new_secret();
    assert_eq!(&totp_bytes(door::base32_secret(&secret).expose()), secret.expose());
}

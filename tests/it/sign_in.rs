//! Signing in: password and a one-time code, each code once, the same answer for every mistake.

use futures_util::future::join_all;
use recourse::base::secret::{Sensitive, new_token};
use recourse::domain::casework::colleagues;
use recourse::domain::people::door;
use recourse::domain::people::staff::{self, NewMember, Role};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::TEST;
use crate::harness::client::{Answer, Caller};
use crate::harness::{World, on_both, on_both_with};

const PASSWORD: &str = "correct horse battery";

async fn account(world: &World) -> Sensitive<Vec<u8>> {
    let totp_secret = door::new_secret();
    let password_hash = world.app.passwords.hash(Sensitive::new(PASSWORD.to_owned())).await.unwrap();
    let secret = totp_secret.clone();
    world
        .app
        .write(TEST, move |tx| {
            let new = NewMember {
                username: "amina".to_owned(),
                role: Role::Advocate,
                queues: Vec::new(),
                password_hash,
                is_given: false,
                totp_secret: secret,
                same_person_as: None,
            };
            staff::add(tx, new)
        })
        .await
        .unwrap();
    totp_secret
}

fn code(world: &World, secret: &Sensitive<Vec<u8>>) -> String {
    let seconds = u64::try_from(world.clock.now().seconds()).unwrap();
    door::code_at(secret, seconds).unwrap()
}

async fn sign_in(world: &World, body: &Value) -> Answer {
    world.caller("").post("/v1/triage/sessions", body).await
}

#[test]
fn a_code_works_once_and_a_session_ends() {
    on_both(|world| async move {
        let secret = account(&world).await;
        let body = json!({"username": "amina", "password": PASSWORD, "code": code(&world, &secret)});
        let session = sign_in(&world, &body).await.expect(200).json();
        assert_eq!((&session["role"], &session["expires_in"]), (&json!("advocate"), &json!(43_200)));
        assert_eq!(sign_in(&world, &body).await.expect(401).code(), "credential_invalid");
        let amina = world.caller(session["access_token"].as_str().unwrap());
        amina.get("/v1/triage/queues").await.expect(200);
        // Half an hour without a call ends it; calls keep it alive.
        for _ in 0..3 {
            world.pass(20 * 60);
            amina.get("/v1/triage/queues").await.expect(200);
        }
        world.pass(31 * 60);
        amina.get("/v1/triage/queues").await.expect(401);
        // Signing out ends it at once.
        let body = json!({"username": "amina", "password": PASSWORD, "code": code(&world, &secret)});
        let session = sign_in(&world, &body).await.expect(200).json();
        let amina = world.caller(session["access_token"].as_str().unwrap());
        let out = amina.request(reqwest::Method::DELETE, "/v1/triage/sessions/current");
        crate::harness::client::Caller::send(out).await.expect(204);
        amina.get("/v1/triage/queues").await.expect(401);
    });
}

#[test]
fn every_mistake_has_the_same_answer() {
    on_both(|world| async move {
        let secret = account(&world).await;
        let good = code(&world, &secret);
        let wrong = if good == "000000" { "000001" } else { "000000" };
        let mut answers = Vec::new();
        for (name, password, code) in
            [("amina", "wrong", good.as_str()), ("amina", PASSWORD, wrong), ("nobody", PASSWORD, &good)]
        {
            let answer =
                sign_in(&world, &json!({"username": name, "password": password, "code": code})).await.expect(401);
            let mut body = answer.json();
            body.as_object_mut().unwrap().remove("instance");
            answers.push(body);
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
        // A failed attempt with a wrong password does not use the code up.
        sign_in(&world, &json!({"username": "amina", "password": PASSWORD, "code": good})).await.expect(200);
    });
}

#[test]
fn two_at_once_with_one_code_open_one_session() {
    on_both(|world| async move {
        let secret = account(&world).await;
        let body = json!({"username": "amina", "password": PASSWORD, "code": code(&world, &secret)});
        let (one, other) = tokio::join!(sign_in(&world, &body), sign_in(&world, &body));
        let mut both = [one.status, other.status];
        both.sort_unstable();
        assert_eq!(both, [200, 401]);
    });
}

#[test]
fn limits_are_told_and_hold_for_each_credential() {
    let settings = |config: &mut recourse::config::Config| {
        config.limits.read = 3;
        config.limits.token = 5;
    };
    on_both_with(settings, |world| async move {
        let spark = world.platform("spark").await;
        let orbit = world.platform("orbit").await;
        let mut throttled = None;
        for _ in 0..20 {
            let answer = spark.caller.get("/v1/status").await;
            assert_eq!(answer.header("ratelimit-policy"), "\"read\";q=3;w=1");
            if answer.status == 429 {
                throttled = Some(answer);
                break;
            }
        }
        let throttled = throttled.expect("the limit of three a second was never reached");
        assert_eq!(throttled.code(), "quota_exceeded");
        assert_eq!(throttled.header("retry-after"), "1");
        assert!(throttled.header("ratelimit").starts_with("\"read\";r=0;t="));
        orbit.caller.get("/v1/status").await.expect(200);
    });
}

#[test]
fn names_that_are_made_up_do_not_get_round_the_limit() {
    on_both_with(
        |config| config.limits.token = 1,
        |world| async move {
            let sign_in = |n: usize| {
                let body = json!({"username": format!("nobody-{n}"), "password": "wrong", "code": "000000"});
                let caller = world.caller("");
                async move { caller.post("/v1/triage/sessions", &body).await }
            };
            let token = |n: usize| {
                let request = world.caller("").request(Method::POST, "/oauth/token");
                let request = request.basic_auth(format!("plc_{n}"), Some("wrong"));
                let request = request.header("Content-Type", "application/x-www-form-urlencoded");
                Caller::send(request.body("grant_type=client_credentials"))
            };
            let answers = join_all((0..80).map(token)).await;
            let throttled = answers.iter().find(|answer| answer.status == 429).expect("never limited");
            assert_eq!(throttled.code(), "quota_exceeded");
            assert!(answers.iter().any(|answer| answer.status == 401), "ten a second pass");
            let answers = join_all((0..40).map(sign_in)).await;
            assert!(answers.iter().any(|answer| answer.status == 429), "never limited");
        },
    );
}

#[test]
fn made_up_credentials_are_limited_and_those_of_colleagues_in_the_same_network_are_not() {
    on_both_with(
        |config| config.limits.portal = 1,
        |world| async move {
            let lead = world.staff(Role::Lead).await.caller;
            let guess = || {
                let caller = world.caller(new_token("rcs_staff").expose());
                async move { caller.get("/v1/triage/queues").await.status }
            };
            let answers = join_all((0..80).map(|_| guess())).await;
            assert!(answers.iter().all(|status| [401, 429].contains(status)), "{answers:?}");
            assert!(answers.contains(&401) && answers.contains(&429), "{answers:?}");
            lead.get("/v1/triage/queues").await.expect(200);
        },
    );
}

#[test]
fn a_session_that_has_ended_is_nobody_whatever_it_asks() {
    on_both(|world| async move {
        let lead = world.staff(Role::Lead).await.caller;
        lead.get("/v1/triage/cases/nonsense").await.expect(404);
        lead.post("/v1/triage/queues/nonsense/claim", &json!({})).await.expect(404);
        lead.get("/v1/triage/cases?nonsense=1").await.expect(400);
        world.pass(31 * 60);
        lead.get("/v1/triage/cases/nonsense").await.expect(401);
        lead.post("/v1/triage/cases/nonsense/claim", &json!({})).await.expect(401);
        lead.post("/v1/triage/queues/nonsense/claim", &json!({})).await.expect(401);
        lead.get("/v1/triage/cases?nonsense=1").await.expect(401);
    });
}

#[test]
fn a_revoked_client_and_an_old_token_count_for_nothing_at_once() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.caller.get("/v1/status").await.expect(200);
        let id = spark.client_id.parse().unwrap();
        world.app.write(TEST, move |tx| recourse::domain::webhooks::rotate_client(tx, &id)).await.unwrap();
        assert_eq!(spark.caller.get("/v1/status").await.expect(401).code(), "credential_invalid");
        let again = world.platform("spark").await;
        world.pass(599);
        again.caller.get("/v1/status").await.expect(200);
        world.pass(1);
        again.caller.get("/v1/status").await.expect(401);
    });
}

#[test]
fn a_platform_token_ends_after_ten_minutes() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        world.pass(599);
        spark.caller.get("/v1/status").await.expect(200);
        world.pass(2);
        let late = spark.caller.get("/v1/status").await.expect(401);
        assert_eq!(late.code(), "credential_invalid");
    });
}

#[test]
fn the_first_code_of_a_new_second_factor_holds() {
    on_both(|world| async move {
        let secret = account(&world).await;
        let body = json!({"username": "amina", "password": PASSWORD, "code": code(&world, &secret)});
        sign_in(&world, &body).await.expect(200);
        let fresh = door::new_secret();
        let hash = world.app.passwords.hash(Sensitive::new(PASSWORD.to_owned())).await.unwrap();
        let new = fresh.clone();
        world.app.write(TEST, move |tx| colleagues::reset(tx, "amina", &hash, &new)).await.unwrap();
        let chosen = "copper kettle on the stove";
        let first =
            json!({"username": "amina", "password": PASSWORD, "code": code(&world, &fresh), "new_password": chosen});
        sign_in(&world, &first).await.expect(200);
        let again = json!({"username": "amina", "password": chosen, "code": code(&world, &fresh)});
        assert_eq!(sign_in(&world, &again).await.status, 401, "and once");
        let old = json!({"username": "amina", "password": PASSWORD, "code": code(&world, &secret)});
        sign_in(&world, &old).await.expect(401);
    });
}

/// A code as somebody types it.
type Typed = fn(&str) -> String;

#[test]
fn names_and_codes_hold_as_people_type_them() {
    on_both(|world| async move {
        let secret = account(&world).await;
        let in_digits = |code: &str, zero: char| -> String {
            let digit = |c: char| char::from_u32(u32::from(zero) + c.to_digit(10).unwrap()).unwrap();
            code.chars().map(digit).collect()
        };
        let typed: [(&str, Typed); 7] = [
            ("Amina", |code| format!("{} {}", &code[..3], &code[3..])),
            ("amina ", |code| format!("{code} ")),
            ("AMINA", |code| format!("{}-{}", &code[..3], &code[3..])),
            ("Am\u{130}na", |code| format!("{}\u{A0}{}", &code[..3], &code[3..])),
            ("\u{FEFF}amina", |code| format!(" {code}\n")),
            ("amina", |code| code.chars().flat_map(|c| [c, ' ']).collect()),
            ("\u{FF41}mina", |code| format!("{}\u{2009}{}", &code[..3], &code[3..])),
        ];
        for (name, code_as) in typed {
            world.pass(60);
            let code = code_as(&code(&world, &secret));
            let password = format!(" {PASSWORD}\n");
            let body = json!({"username": name, "password": password, "code": code});
            let session = sign_in(&world, &body).await.expect(200).json();
            assert_eq!(session["role"], "advocate", "{name:?} {code:?}");
        }
        for zero in ['\u{660}', '\u{6F0}', '\u{966}', '\u{FF10}'] {
            world.pass(60);
            let code = in_digits(&code(&world, &secret), zero);
            sign_in(&world, &json!({"username": "amina", "password": PASSWORD, "code": code})).await.expect(200);
        }
        // What is another name or code stays so.
        world.pass(60);
        let good = code(&world, &secret);
        for (name, code) in
            [("ami na", good.clone()), ("amina\u{0}", format!("{good}0")), ("amina", format!("x{good}"))]
        {
            let answer = sign_in(&world, &json!({"username": name, "password": PASSWORD, "code": code})).await;
            assert_eq!(answer.status, 401, "{name:?}");
        }
    });
}

#[test]
fn spellings_of_one_name_share_one_limit() {
    on_both_with(
        |config| config.limits.token = 1,
        |world| async move {
            let names = ["amina", "Amina", "AMINA", "aMina", "amIna", "amiNa", "aminA", "AmInA", " amina", "amina "];
            let guess = |name: &'static str| {
                let body = json!({"username": name, "password": "wrong", "code": "000000"});
                let caller = world.caller("");
                async move { caller.post("/v1/triage/sessions", &body).await.status }
            };
            let answers = join_all(names.map(guess)).await;
            assert!(answers.contains(&429), "{answers:?}");
        },
    );
}

#[test]
fn a_client_may_be_named_beside_http_basic() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let orbit = world.platform("orbit").await;
        let (id, secret) = (spark.client_id.as_str(), spark.client_secret.as_str());
        for (form, status, told) in [
            (format!("client_id={id}"), 200, ""),
            (format!("client_id={id}&client_secret="), 200, ""),
            ("client_id=&client_secret=".to_owned(), 200, ""),
            (format!("client_id={}", orbit.client_id), 400, "another client"),
            (format!("client_id={id}&client_secret={secret}"), 400, "one way only"),
            (format!("client_secret={secret}"), 400, "one way only"),
        ] {
            let request = world.caller("").request(Method::POST, "/oauth/token").basic_auth(id, Some(secret));
            let request = request.header("Content-Type", "application/x-www-form-urlencoded");
            let answer =
                Caller::send(request.body(format!("grant_type=client_credentials&{form}"))).await.expect(status);
            assert!(answer.json()["error_description"].as_str().unwrap_or_default().contains(told), "{}", answer.text);
            assert!(status == 200 || answer.json()["error"] == "invalid_request", "{}", answer.text);
        }
    });
}

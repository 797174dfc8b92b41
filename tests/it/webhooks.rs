//! Endpoints: made, tried, rotated, switched off and on, replayed to.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diesel::prelude::*;
use ed25519_dalek::{Signature, VerifyingKey};
use recourse::config::Config;
use recourse::db::schema::{deliveries, webhook_endpoints, webhook_secrets};
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::{Answer, Caller, Platform, new_key, small};
use crate::harness::receiver::{Manner, Message, Receiver};
use crate::harness::{World, on_both_with};
use crate::operators::{metrics_of, scrape, value};

/// Receivers of the tests listen on this machine.
pub(crate) fn over_loopback(config: &mut Config) {
    config.outbound.allow = vec!["127.0.0.1".to_owned()];
}

/// The same, for tests that wait until a receiver's time has run out. A busy machine must not run out of it, too.
pub(crate) fn impatient(config: &mut Config) {
    over_loopback(config);
    config.outbound.total_ms = 2_000;
}

/// An endpoint at this receiver, which has shown that it wants events.
pub(crate) async fn endpoint(world: &World, platform: &Platform, receiver: &Receiver, types: &[&str]) -> Value {
    let body = json!({"url": receiver.url(), "types": types});
    let made = platform.caller.post("/v1/webhook-endpoints", &body).await.expect(201);
    world.deliver().await;
    receiver.take();
    made.json()
}

pub(crate) async fn see(platform: &Platform, endpoint: &Value) -> Value {
    let path = format!("/v1/webhook-endpoints/{}", endpoint["id"].as_str().unwrap());
    platform.caller.get(&path).await.expect(200).json()
}

/// The event with its deliveries.
pub(crate) async fn event(platform: &Platform, id: &str) -> Value {
    platform.caller.get(&format!("/v1/events/{id}")).await.expect(200).json()
}

async fn act(platform: &Platform, endpoint: &Value, act: &str, tag: Option<&str>, body: &Value) -> Answer {
    let path = format!("/v1/webhook-endpoints/{}/{act}", endpoint["id"].as_str().unwrap());
    platform.caller.post_with(&path, &new_key(), tag, body).await
}

/// How many of a message's signatures the secret and the public key hold for.
fn signed_by(message: &Message, keys: &Value) -> (usize, usize) {
    let timestamp: i64 = message.headers["webhook-timestamp"].parse().unwrap();
    let oracle = standardwebhooks::Webhook::new(keys["secret"].as_str().unwrap()).unwrap();
    let expected = oracle.sign(message.id(), timestamp, message.body.as_bytes()).unwrap();
    let public = STANDARD.decode(keys["public_key"].as_str().unwrap().strip_prefix("whpk_").unwrap()).unwrap();
    let public = VerifyingKey::from_bytes(&public.try_into().unwrap()).unwrap();
    let text = format!("{}.{timestamp}.{}", message.id(), message.body);
    let all: Vec<&str> = message.headers["webhook-signature"].split(' ').collect();
    let holds = |signature: &&&str| {
        let bytes = STANDARD.decode(signature.strip_prefix("v1a,").unwrap()).unwrap();
        public.verify_strict(text.as_bytes(), &Signature::from_slice(&bytes).unwrap()).is_ok()
    };
    let shared = all.iter().filter(|signature| **signature == expected).count();
    (shared, all.iter().filter(|signature| signature.starts_with("v1a,")).filter(holds).count())
}

#[test]
fn an_endpoint_is_made_tried_seen_and_removed() {
    on_both_with(over_loopback, |world| async move {
        let spark = world.platform("spark").await;
        let receiver = Receiver::start(Manner::Say(200, "thank you".to_owned())).await;
        let body = json!({"url": receiver.url(), "types": ["report.closed", "report.received", "report.closed"]});
        let key = new_key();
        let made = spark.caller.post_with("/v1/webhook-endpoints", &key, None, &body).await.expect(201);
        let new = made.json();
        assert_eq!(made.header("location"), format!("/v1/webhook-endpoints/{}", new["id"].as_str().unwrap()));
        assert_eq!(new["types"], json!(["report.closed", "report.received"]));
        assert_eq!((&new["state"], &new["verified_at"]), (&json!("unproved"), &Value::Null));
        assert!(new["secret"].as_str().unwrap().starts_with("whsec_"));
        // The same call is the same endpoint, with the same secret.
        let again = spark.caller.post_with("/v1/webhook-endpoints", &key, None, &body).await.expect(201);
        assert_eq!((again.text, again.headers["idempotency-replayed"].to_str().unwrap()), (made.text, "true"));
        // It is asked whether it wants events, whatever types these are.
        assert_eq!(world.deliver().await, 1);
        let trial = receiver.take().remove(0);
        assert_eq!((trial.kind(), signed_by(&trial, &new)), ("webhook.challenge".to_owned(), (1, 1)));
        assert_eq!(trial.headers["content-type"], "application/json");
        let seen = see(&spark, &new).await;
        assert_eq!(seen["verified_at"], "2026-11-21T19:04:02.123457Z");
        assert_eq!((&seen["secret"], &seen["public_keys"][0]["public_key"]), (&Value::Null, &new["public_key"]));
        let told = event(&spark, trial.id()).await;
        assert_eq!((&told["type"], &told["data"]["id"]), (&json!("webhook.challenge"), &new["id"]));
        let way = &told["deliveries"][0];
        assert_eq!(
            (&way["state"], &way["attempts"], &way["last_status"]),
            (&json!("delivered"), &json!(1), &json!(200))
        );
        let repeated = json!({"challenge": trial.challenge()}).to_string();
        assert_eq!((&way["last_response"], &way["last_error"]), (&json!(repeated), &Value::Null));
        let asked = act(&spark, &new, "test", None, &json!({})).await.expect(202).json();
        world.deliver().await;
        let test = receiver.take().remove(0);
        assert_eq!(
            (test.kind(), test.id(), &test.json()["data"]["id"]),
            ("webhook.test".to_owned(), asked["event_id"].as_str().unwrap(), &new["id"])
        );
        let way = event(&spark, test.id()).await["deliveries"][0].clone();
        assert_eq!((&way["state"], &way["last_response"]), (&json!("delivered"), &json!("thank you")));
        let list = spark.caller.get("/v1/webhook-endpoints").await.expect(200).json();
        assert_eq!(list["data"], json!([seen]));
        // Only what was last seen is removed.
        let remove = |tag: Option<&'static str>| {
            let path = format!("/v1/webhook-endpoints/{}", new["id"].as_str().unwrap());
            let request = spark.caller.request(Method::DELETE, &path);
            Caller::send(tag.into_iter().fold(request, |request, tag| request.header("If-Match", tag)))
        };
        remove(None).await.expect(428);
        remove(Some("\"7\"")).await.expect(412);
        remove(Some("\"1\"")).await.expect(204);
        remove(Some("\"1\"")).await.expect(404);
        spark.submit(&small("W-1")).await;
        assert_eq!((world.deliver().await, receiver.count()), (0, 0));
        let kept = world.app.read(|rx| Ok(deliveries::table.count().get_result::<i64>(rx.conn())?)).await.unwrap();
        assert_eq!(kept, 0);
    });
}

#[test]
fn an_endpoint_hears_of_what_happens_from_then_on_and_of_what_it_asked_for() {
    on_both_with(over_loopback, |world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&small("W-1")).await;
        let receiver = Receiver::start(Manner::Answer(204, "")).await;
        let other = Receiver::start(Manner::Answer(204, "")).await;
        endpoint(&world, &spark, &receiver, &[]).await;
        endpoint(&world, &spark, &other, &["request.created"]).await;
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let meetly = world.platform("meetly").await;
        for platform in [&trial, &meetly] {
            platform.submit(&small("W-2")).await;
        }
        let report = spark.submit(&small("W-3")).await;
        let lead = world.staff(Role::Lead).await;
        let case = lead.case_of("W-3").await;
        lead.take(&case).await;
        lead.act(&case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
        world.deliver().await;
        let log = spark.caller.get(&format!("/v1/events?report_id={report}")).await.expect(200).json();
        let expected: Vec<(String, Value)> = log["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| {
                let body = json!({"type": entry["type"], "timestamp": entry["timestamp"], "data": entry["data"]});
                (entry["id"].as_str().unwrap().to_owned(), body)
            })
            .collect();
        let of = |messages: Vec<Message>| {
            let mut all: Vec<_> = messages.iter().map(|m| (m.id().to_owned(), m.json())).collect();
            all.sort_by_key(|(id, _)| expected.iter().position(|(known, _)| known == id));
            all
        };
        assert_eq!(of(receiver.take()), expected, "what the log says, and nothing else");
        let asked_for: Vec<_> =
            expected.iter().filter(|(_, body)| body["type"] == "request.created").cloned().collect();
        assert_eq!((of(other.take()), asked_for.len()), (asked_for.clone(), 1));
        assert_eq!(world.deliver().await, 0, "once");
    });
}

#[test]
fn there_are_ten_endpoints_at_the_most_and_nobody_reads_anothers() {
    on_both_with(over_loopback, |world| async move {
        let spark = world.platform("spark").await;
        let body = json!({"url": "https://hooks.spark-dating.com/canary-in-a-path"});
        for _ in 0..10 {
            spark.caller.post("/v1/webhook-endpoints", &body).await.expect(201);
        }
        let eleventh = spark.caller.post("/v1/webhook-endpoints", &body).await.expect(422);
        assert_eq!(eleventh.errors(), [" too_many_endpoints"]);
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        trial.caller.post("/v1/webhook-endpoints", &body).await.expect(201);
        let strange = json!({"url": "https://hooks.spark-dating.com/", "types": ["report.eaten"]});
        let refused = spark.caller.post("/v1/webhook-endpoints", &strange).await.expect(422);
        assert_eq!(refused.errors(), ["/types/0 invalid_value"]);
        // Where an endpoint is may hold a token, and what signs is a secret: both are stored sealed.
        let rows: Vec<(Vec<u8>, String)> = world
            .app
            .read(|rx| {
                let columns = (webhook_endpoints::url, webhook_endpoints::host);
                Ok(webhook_endpoints::table.select(columns).load(rx.conn())?)
            })
            .await
            .unwrap();
        assert!(
            rows.iter().all(|(url, host)| !url.windows(6).any(|w| w == b"canary") && host == "hooks.spark-dating.com")
        );
    });
}

#[test]
fn old_and_new_keys_sign_side_by_side_until_the_overlap_ends() {
    on_both_with(over_loopback, |world| async move {
        let spark = world.platform("spark").await;
        let receiver = Receiver::start(Manner::Answer(204, "")).await;
        let first = endpoint(&world, &spark, &receiver, &[]).await;
        let too_long = act(&spark, &first, "rotate", Some("\"1\""), &json!({"overlap_hours": 169})).await.expect(422);
        assert_eq!(too_long.errors(), ["/overlap_hours out_of_range"]);
        act(&spark, &first, "rotate", None, &json!({})).await.expect(428);
        act(&spark, &first, "rotate", Some("\"9\""), &json!({})).await.expect(412);
        let second = act(&spark, &first, "rotate", Some("\"1\""), &json!({})).await.expect(200);
        assert_eq!(second.header("etag"), "\"2\"");
        let second = second.json();
        assert_eq!(second["public_keys"][1]["expires_at"], "2026-11-22T19:04:02.123457Z");
        let send = async || {
            let spark = world.platform("spark").await;
            act(&spark, &first, "test", None, &json!({})).await.expect(202);
            world.deliver().await;
            receiver.take().remove(0)
        };
        let both = send().await;
        assert_eq!((signed_by(&both, &first), signed_by(&both, &second)), ((1, 1), (1, 1)));
        world.pass(24 * 3600 - 1);
        assert_eq!(signed_by(&send().await, &first), (1, 1));
        world.pass(1);
        let one = send().await;
        assert_eq!((signed_by(&one, &first), signed_by(&one, &second)), ((0, 0), (1, 1)));
        assert_eq!(one.headers["webhook-signature"].split(' ').count(), 2);
        let spark = world.platform("spark").await;
        let third = act(&spark, &first, "rotate", Some("\"2\""), &json!({"overlap_hours": 0})).await.expect(200).json();
        let one = send().await;
        assert_eq!((signed_by(&one, &second), signed_by(&one, &third)), ((0, 0), (1, 1)));
        let spark = world.platform("spark").await;
        // Every key that is said to sign does, and what would be too many is refused in words.
        let mut generations = vec![third];
        for version in 3..10 {
            let tag = format!("\"{version}\"");
            let next = act(&spark, &first, "rotate", Some(&tag), &json!({"overlap_hours": 1})).await.expect(200).json();
            generations.push(next);
        }
        let message = send().await;
        for generation in &generations {
            assert_eq!(signed_by(&message, generation), (1, 1));
        }
        let said = spark.caller.get("/v1/webhook-endpoints").await.expect(200).json();
        assert_eq!(said["data"][0]["public_keys"].as_array().unwrap().len(), 8);
        assert_eq!(message.headers["webhook-signature"].split(' ').count(), 16);
        let refused = act(&spark, &first, "rotate", Some("\"10\""), &json!({"overlap_hours": 1})).await.expect(422);
        assert_eq!(refused.errors(), ["/overlap_hours too_many_keys"]);
        assert_eq!(signed_by(&send().await, &generations[0]), (1, 1), "nothing was changed");
        // A key that leaked ends at once all the same.
        let spark = world.platform("spark").await;
        let last = act(&spark, &first, "rotate", Some("\"10\""), &json!({"overlap_hours": 0})).await.expect(200).json();
        let message = send().await;
        assert_eq!((signed_by(&message, &generations[7]), signed_by(&message, &last)), ((0, 0), (1, 1)));
        let kept: i64 = world.app.read(|rx| Ok(webhook_secrets::table.count().get_result(rx.conn())?)).await.unwrap();
        assert_eq!(kept, 1);
    });
}

#[test]
fn a_replay_repeats_id_and_bytes_to_whoever_wants_the_event() {
    on_both_with(over_loopback, |world| async move {
        let spark = world.platform("spark").await;
        let receiver = Receiver::start(Manner::Answer(204, "")).await;
        endpoint(&world, &spark, &receiver, &[]).await;
        for number in 0..3 {
            spark.submit(&small(&format!("W-{number}"))).await;
            world.pass(60);
        }
        world.deliver().await;
        let mut first = receiver.take();
        first.sort_by_key(|message| message.json()["timestamp"].as_str().unwrap().to_owned());
        world.pass(60);
        let replay = async |path: &str, body: Value| {
            let count = spark.caller.post(path, &body).await.expect(202).json()["deliveries"].as_u64().unwrap();
            world.deliver().await;
            (count, receiver.take())
        };
        let path = format!("/v1/events/{}/replay", first[1].id());
        let (count, again) = replay(&path, json!({})).await;
        assert_eq!((count, again.len()), (1, 1));
        assert_eq!((again[0].id(), &again[0].body), (first[1].id(), &first[1].body));
        assert_ne!(again[0].headers["webhook-timestamp"], first[1].headers["webhook-timestamp"], "signed anew");
        // An endpoint that came later is sent what was before it, too.
        let late = Receiver::start(Manner::Answer(204, "")).await;
        endpoint(&world, &spark, &late, &["report.received"]).await;
        let (since, until) = ("2026-11-21T19:05:00Z", "2026-11-21T19:07:00Z");
        let range = json!({"since": since, "until": until, "types": ["report.received"]});
        let (count, again) = replay("/v1/events/replay", range).await;
        let ids = |messages: &[Message]| messages.iter().map(|m| m.id().to_owned()).collect::<BTreeSet<_>>();
        assert_eq!((count, ids(&again)), (4, ids(&first[1..])));
        assert_eq!(ids(&late.take()), ids(&first[1..]));
        assert_eq!(replay("/v1/events/replay", json!({"failed": true})).await.0, 0);
        for wrong in [
            json!({}),
            json!({"failed": false}),
            json!({"since": since}),
            json!({"since": until, "until": since}),
            json!({"failed": true, "since": since, "until": until}),
        ] {
            let refused = spark.caller.post("/v1/events/replay", &wrong).await.expect(422);
            assert_eq!(refused.errors(), ["/since bad_range"], "{wrong}");
        }
        let listed = |query: &'static str| {
            let caller = spark.caller.clone();
            async move {
                caller.get(&format!("/v1/events?{query}")).await.expect(200).json()["data"].as_array().unwrap().len()
            }
        };
        assert_eq!(listed("type=report.received&delivery=delivered").await, 3);
        assert_eq!((listed("delivery=pending").await, listed("delivery=failed").await), (0, 0));
        assert_eq!(listed("since=2026-11-21T19:05:00Z&until=2026-11-21T19:06:00Z").await, 1);
        // A time that was told can be given back: it finds what it was told of.
        let all = spark.caller.get("/v1/events?limit=100").await.expect(200).json()["data"].clone();
        for event in all.as_array().unwrap() {
            let at = event["timestamp"].as_str().unwrap();
            let found = spark.caller.get(&format!("/v1/events?since={at}&limit=100")).await.expect(200).json();
            assert_eq!(found["data"][0]["timestamp"], at);
            assert!(found["data"].as_array().unwrap().contains(event), "{event}");
        }
    });
}

#[test]
fn the_metrics_tell_what_becomes_of_webhooks() {
    on_both_with(over_loopback, |world| async move {
        let url = metrics_of(&world);
        let (spark, flame) = (world.platform("spark").await, world.platform("flame").await);
        let well = Receiver::start(Manner::Answer(204, "")).await;
        let ill = Receiver::start(Manner::Answer(204, "")).await;
        endpoint(&world, &spark, &well, &[]).await;
        endpoint(&world, &flame, &ill, &[]).await;
        let told = async |state: [&str; 3], deliveries: [&str; 2], late: &str| {
            recourse::jobs::tick(Arc::clone(&world.app)).await.unwrap();
            let text = scrape(&world, &url).await;
            let gauges = |name: &str, labels: &[&str]| -> Vec<String> {
                labels.iter().map(|label| value(&text, &format!("{name}{{state=\"{label}\"}}")).to_string()).collect()
            };
            assert_eq!(gauges("recourse_webhook_endpoints", &["well", "failing", "disabled"]), state, "{text}");
            assert_eq!(gauges("recourse_webhook_deliveries", &["pending", "failed"]), deliveries, "{text}");
            assert_eq!(value(&text, "recourse_webhook_oldest_due_seconds").to_string(), late, "{text}");
            text
        };
        told(["2", "0", "0"], ["0", "0"], "0").await;
        let steps = [(500, ["1", "1", "0"], "1"), (429, ["1", "1", "0"], "2"), (410, ["1", "0", "1"], "3")];
        for (status, endpoints, pending) in steps {
            ill.turn(Manner::Answer(status, ""));
            spark.submit(&small(&format!("M-{status}"))).await;
            flame.submit(&small(&format!("M-{status}"))).await;
            world.deliver().await;
            told(endpoints, [pending, "0"], "0").await;
        }
        // What waits at an endpoint that nobody calls is not late.
        let waited = world.clock.now().minus(Duration::from_secs(400)).micros();
        world.tamper(&format!("UPDATE deliveries SET next_at = {waited} WHERE next_at IS NOT NULL"));
        told(["1", "0", "1"], ["3", "0"], "0").await;
        world.tamper("UPDATE webhook_endpoints SET state = 'active'");
        let text = told(["1", "1", "0"], ["3", "0"], "400").await;
        for (outcome, count) in [("taken", "5"), ("failed", "1"), ("strained", "1"), ("gone", "1")] {
            let line = format!("recourse_webhook_attempts_total{{outcome=\"{outcome}\"}}");
            assert_eq!(value(&text, &line).to_string(), count, "{text}");
        }
        assert!(!text.contains("spark") && !text.contains("whe_"), "{text}");
    });
}

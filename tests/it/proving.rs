//! A receiver is sent events once it has shown that it wants them, and not before.

use std::collections::BTreeSet;

use recourse::base::time::Timestamp;
use recourse::domain::webhooks;
use serde_json::{Value, json};

use crate::command_line::said;
use crate::harness::client::{Platform, small};
use crate::harness::receiver::{Manner, Message, Receiver};
use crate::harness::{World, on_both_with};
use crate::webhooks::{event, impatient, over_loopback, see};

/// An endpoint that was made and not called yet.
async fn made(platform: &Platform, receiver: &Receiver) -> Value {
    let body = json!({"url": receiver.url(), "types": ["report.received"]});
    platform.caller.post("/v1/webhook-endpoints", &body).await.expect(201).json()
}

async fn act(platform: &Platform, endpoint: &Value, act: &str) -> Value {
    let path = format!("/v1/webhook-endpoints/{}/{act}", endpoint["id"].as_str().unwrap());
    platform.caller.post(&path, &json!({})).await.json()
}

/// Moves the clock to the next attempt at an event.
async fn until_next(world: &World, platform: &Platform, id: &str) -> Value {
    let way = event(platform, id).await["deliveries"][0].clone();
    let next = Timestamp::parse(way["next_at"].as_str().unwrap()).unwrap();
    world.clock.advance(next.since(world.clock.now()));
    way
}

#[test]
fn nothing_but_the_challenge_reaches_a_receiver_that_has_not_repeated_it() {
    on_both_with(over_loopback, |world| async move {
        let spark = world.platform("spark").await;
        let receiver = Receiver::unwilling(Manner::Answer(204, "")).await;
        spark.submit(&small("P-before")).await;
        let endpoint = made(&spark, &receiver).await;
        assert_eq!((&endpoint["state"], &endpoint["verified_at"]), (&json!("unproved"), &Value::Null));
        let reports = [spark.submit(&small("P-1")).await, spark.submit(&small("P-2")).await];
        assert_eq!(world.deliver().await, 1);
        let asked = receiver.take().remove(0);
        let word = asked.challenge().unwrap();
        assert_eq!(word.len(), 43, "as many bits as a key");
        assert_eq!(
            asked.json(),
            json!({"type": "webhook.challenge", "timestamp": endpoint["created_at"], "data": {"challenge": word}})
        );
        let oracle = standardwebhooks::Webhook::new(endpoint["secret"].as_str().unwrap()).unwrap();
        let at = asked.headers["webhook-timestamp"].parse().unwrap();
        let signature = oracle.sign(asked.id(), at, asked.body.as_bytes()).unwrap();
        assert!(asked.headers["webhook-signature"].split(' ').any(|one| one == signature));

        // Whatever is asked for, nothing else goes there; and the word stands nowhere but in the message.
        assert_eq!(act(&spark, &endpoint, "test").await["event_id"], asked.id(), "the challenge that waits, at once");
        let log = spark.caller.get("/v1/events?limit=100").await.expect(200);
        for entry in log.json()["data"].as_array().unwrap() {
            spark
                .caller
                .post(&format!("/v1/events/{}/replay", entry["id"].as_str().unwrap()), &json!({}))
                .await
                .expect(202);
        }
        let range = json!({"since": "2026-11-21T00:00:00Z", "until": "2026-11-23T00:00:00Z"});
        spark.caller.post("/v1/events/replay", &range).await.expect(202);
        spark.caller.post("/v1/events/replay", &json!({"failed": true})).await.expect(202);
        world.deliver().await;
        let again = receiver.take();
        assert!(again.iter().all(|one| (one.id(), &one.body) == (asked.id(), &asked.body)), "the same bytes");
        assert!(!again.is_empty() && !log.text.contains(&word));
        assert_eq!(see(&spark, &endpoint).await["state"], "unproved");
        let listed: Value = serde_json::from_str(&said(&world, &["admin", "webhook", "list", "--json"])).unwrap();
        assert_eq!(listed["data"][0]["state"], "unproved");
        let counts = world.app.read(webhooks::counts).await.unwrap();
        assert_eq!((counts.endpoints, counts.unproved, counts.disabled), (1, 1, 0));

        // Once it has, it hears of all that happened since it was made.
        receiver.turn(Manner::Say(200, json!({"challenge": word}).to_string()));
        act(&spark, &endpoint, "test").await;
        world.deliver().await;
        let seen = see(&spark, &endpoint).await;
        assert_eq!((&seen["state"], &seen["failing_since"]), (&json!("active"), &Value::Null));
        assert!(seen["verified_at"].is_string());
        let heard: BTreeSet<String> = receiver
            .take()
            .iter()
            .filter(|message| message.kind() == "report.received")
            .map(|message| message.json()["data"]["report_id"].as_str().unwrap().to_owned())
            .collect();
        assert!(reports.iter().all(|report| heard.contains(report)), "{heard:?}");
        act(&spark, &endpoint, "test").await;
        world.deliver().await;
        assert_eq!(receiver.take().iter().map(Message::kind).collect::<Vec<_>>(), ["webhook.test"]);
    });
}

#[test]
fn only_a_success_whose_json_repeats_the_word_is_a_proof() {
    on_both_with(impatient, |world| async move {
        let spark = world.platform("spark").await;
        let receiver = Receiver::unwilling(Manner::Answer(204, "")).await;
        let endpoint = made(&spark, &receiver).await;
        world.deliver().await;
        let asked = receiver.take().remove(0);
        let (id, word) = (asked.id().to_owned(), asked.challenge().unwrap());
        let repeated = json!({"challenge": word}).to_string();
        let far = json!({"pad": "x".repeat(5_000), "challenge": word}).to_string();
        let wrong = [
            (Manner::Say(200, String::new()), "challenge_not_repeated"),
            (Manner::Say(200, word.clone()), "challenge_not_repeated"),
            (Manner::Say(200, json!({"challenge": format!("{word} ")}).to_string()), "challenge_not_repeated"),
            (Manner::Say(200, json!({"challenge": word[1..]}).to_string()), "challenge_not_repeated"),
            (Manner::Say(200, json!({word.clone(): true}).to_string()), "challenge_not_repeated"),
            (Manner::Say(200, far), "challenge_not_repeated"),
            (Manner::Say(500, repeated.clone()), "status"),
            (Manner::Say(302, repeated.clone()), "redirect"),
        ];
        for (manner, error) in wrong {
            let spark = world.platform("spark").await;
            until_next(&world, &spark, &id).await;
            receiver.turn(manner.clone());
            assert_eq!(world.deliver().await, 1, "{manner:?}");
            let spark = world.platform("spark").await;
            let way = event(&spark, &id).await["deliveries"][0].clone();
            assert_eq!(way["last_error"], error, "{manner:?}");
            assert_eq!(see(&spark, &endpoint).await["state"], "unproved", "{manner:?}");
        }
        // By the schedule: the last of ten attempts takes it.
        let spark = world.platform("spark").await;
        let way = until_next(&world, &spark, &id).await;
        assert_eq!(way["attempts"], 9);
        receiver.turn(Manner::Say(200, repeated));
        assert_eq!(world.deliver().await, 1);
        let spark = world.platform("spark").await;
        assert_eq!(see(&spark, &endpoint).await["state"], "active");
        assert!(receiver.take().iter().all(|message| message.id() == id), "one challenge for all attempts");
    });
}

#[test]
fn a_challenge_that_failed_for_good_is_made_anew_and_words_are_not_those_of_others() {
    on_both_with(over_loopback, |world| async move {
        let spark = world.platform("spark").await;
        let receiver = Receiver::unwilling(Manner::Answer(400, "webhook-delivery: abort-message\r\n")).await;
        let endpoint = made(&spark, &receiver).await;
        let other = made(&spark, &receiver).await;
        assert_eq!(world.deliver().await, 2);
        let asked = receiver.take();
        let words: BTreeSet<String> = asked.iter().filter_map(Message::challenge).collect();
        assert_eq!(words.len(), 2);
        // The word of one endpoint proves nothing for the other.
        let of_other = event(&spark, asked[0].id()).await["deliveries"][0]["endpoint_id"] == other["id"];
        let (own, strange) = if of_other { (&asked[1], &asked[0]) } else { (&asked[0], &asked[1]) };
        receiver.turn(Manner::Say(200, json!({"challenge": strange.challenge()}).to_string()));
        let anew = act(&spark, &endpoint, "test").await["event_id"].clone();
        assert_ne!(anew, json!(own.id()), "what failed for good is not tried again");
        world.deliver().await;
        assert_eq!(see(&spark, &endpoint).await["state"], "unproved");
        // However often one asks, one challenge waits.
        for _ in 0..5 {
            assert_eq!(act(&spark, &endpoint, "test").await["event_id"], anew);
        }
        let word = receiver.take().pop().unwrap().challenge().unwrap();
        receiver.turn(Manner::Say(202, json!({"data": {"challenge": word}}).to_string()));
        world.deliver().await;
        assert_eq!(
            (see(&spark, &endpoint).await["state"].clone(), see(&spark, &other).await["state"].clone()),
            (json!("active"), json!("unproved"))
        );
    });
}

#[test]
fn who_proved_it_once_is_not_asked_again_and_who_did_not_is() {
    on_both_with(over_loopback, |world| async move {
        let spark = world.platform("spark").await;
        let willing = Receiver::start(Manner::Answer(410, "")).await;
        let unwilling = Receiver::unwilling(Manner::Answer(410, "")).await;
        let (proved, unproved) = (made(&spark, &willing).await, made(&spark, &unwilling).await);
        spark.submit(&small("P-1")).await;
        world.deliver().await;
        for endpoint in [&proved, &unproved] {
            let seen = see(&spark, endpoint).await;
            assert_eq!((&seen["state"], &seen["disabled_reason"]), (&json!("disabled"), &json!("gone")));
        }
        willing.turn(Manner::Answer(204, ""));
        unwilling.turn(Manner::Answer(204, ""));
        willing.take();
        unwilling.take();
        assert_eq!(act(&spark, &proved, "enable").await["state"], "active");
        assert_eq!(act(&spark, &unproved, "enable").await["state"], "unproved");
        world.pass(10);
        world.deliver().await;
        let kinds = |receiver: &Receiver| receiver.take().iter().map(Message::kind).collect::<Vec<_>>();
        assert_eq!(kinds(&willing), ["report.received"]);
        assert_eq!(kinds(&unwilling), ["webhook.challenge"]);
        // What ends the one ends the other.
        let told = said(&world, &["admin", "client", "revoke", &spark.client_id]);
        for endpoint in [&proved, &unproved] {
            assert!(told.contains("switched off") && told.contains(endpoint["id"].as_str().unwrap()), "{told}");
        }
        world.pass(60);
        assert_eq!(world.deliver().await, 0);
    });
}

//! Deliveries: every event reaches every endpoint that wants it, whatever receivers and workers do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use recourse::base::id::{DeliveryId, ReportId};
use recourse::domain::ledger::events::{self, EventType, Log, NewEvent};
use recourse::domain::ledger::outbox;
use recourse::domain::people::platforms;
use recourse::domain::terms::Mode;
use recourse::domain::webhooks::{self, ATTEMPTS};
use recourse::jobs::Courier;
use serde_json::{Value, json};

use crate::harness::TEST;
use crate::harness::client::{Platform, small};
use crate::harness::receiver::{Manner, Receiver};
use crate::harness::{World, on_both_with};
use crate::webhooks::{endpoint, event, impatient, over_loopback, see};

/// A platform with an endpoint, and one event on its way to it. The event's id.
async fn one(world: &World, receiver: &Receiver) -> (Platform, Value) {
    let spark = world.platform("spark").await;
    let made = endpoint(world, &spark, receiver, &[]).await;
    (spark, made)
}

/// Signs in anew: tokens end while the clock moves.
async fn spark(world: &World) -> Platform {
    world.platform("spark").await
}

async fn way(world: &World, id: &str) -> Value {
    event(&spark(world).await, id).await["deliveries"][0].clone()
}

#[test]
fn whatever_is_no_success_is_tried_again() {
    on_both_with(impatient, |world| async move {
        let receiver = Receiver::start(Manner::Answer(204, "")).await;
        let (spark, _) = one(&world, &receiver).await;
        let bad = [
            (Manner::Answer(500, ""), "status", json!(500)),
            (Manner::Answer(404, ""), "status", json!(404)),
            (Manner::Answer(301, "location: /elsewhere\r\n"), "redirect", json!(301)),
            (Manner::Say(503, "x".repeat(10_000)), "status", json!(503)),
            (Manner::Hang, "timeout", Value::Null),
            (Manner::Drip, "timeout", Value::Null),
            (Manner::Reset, "broken_answer", Value::Null),
            (Manner::Babble, "broken_answer", Value::Null),
        ];
        for (number, (manner, error, status)) in bad.into_iter().enumerate() {
            receiver.turn(manner.clone());
            spark.submit(&small(&format!("D-{number}"))).await;
            assert_eq!(world.deliver().await, 1, "{manner:?}");
            let id = receiver.take().remove(0).id().to_owned();
            let told = event(&spark, &id).await["deliveries"][0].clone();
            assert_eq!((&told["state"], &told["last_error"]), (&json!("pending"), &json!(error)), "{manner:?} {told}");
            assert_eq!(told["last_status"], status, "{manner:?}");
            assert!(told["last_response"].as_str().is_none_or(|text| text.len() <= 4_096), "{manner:?}");
            // Not before its time, and then again under the same id.
            assert_eq!(world.deliver().await, 0, "{manner:?}");
            receiver.turn(Manner::Answer(200, ""));
            world.pass(61);
            assert_eq!(world.deliver().await, 1, "{manner:?}");
            assert_eq!(receiver.take().remove(0).id(), id);
        }
        // A success is a success, whatever becomes of its body.
        receiver.turn(Manner::Lie);
        spark.submit(&small("D-lie")).await;
        world.deliver().await;
        let id = receiver.take().remove(0).id().to_owned();
        assert_eq!(event(&spark, &id).await["deliveries"][0]["state"], "delivered");
    });
}

#[test]
fn ten_attempts_in_three_days_then_it_is_laid_aside_and_can_be_replayed() {
    on_both_with(over_loopback, |world| async move {
        let receiver = Receiver::start(Manner::Answer(204, "")).await;
        let (platform, _) = one(&world, &receiver).await;
        receiver.turn(Manner::Answer(500, ""));
        platform.submit(&small("D-1")).await;
        let begin = world.clock.now();
        let steps = [0_u64, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
        let mut before = begin;
        for (attempt, step) in (1..).zip(steps) {
            assert_eq!(world.deliver().await, 1, "attempt {attempt}");
            let waited = world.clock.now().since(before);
            let most = Duration::from_millis(step * 1_200 + 1);
            assert!(waited >= Duration::from_millis(step * 800) && waited <= most, "{attempt}: {waited:?}");
            before = world.clock.now();
            let id = receiver.messages()[0].id().to_owned();
            let told = way(&world, &id).await;
            assert_eq!(told["attempts"], attempt);
            if attempt < ATTEMPTS {
                let next = recourse::base::time::Timestamp::parse(told["next_at"].as_str().unwrap()).unwrap();
                world.clock.advance(next.since(world.clock.now()).saturating_sub(Duration::from_millis(1)));
                assert_eq!(world.deliver().await, 0, "not before its time");
                world.clock.advance(Duration::from_millis(2));
            } else {
                assert_eq!((&told["state"], &told["next_at"]), (&json!("failed"), &Value::Null));
            }
        }
        let ids: BTreeSet<String> = receiver.take().iter().map(|message| message.id().to_owned()).collect();
        assert_eq!(ids.len(), 1, "every attempt has the event's id");
        world.pass(30 * 3600);
        assert_eq!(world.deliver().await, 0);
        let platform = spark(&world).await;
        let failed = platform.caller.get("/v1/events?delivery=failed").await.expect(200).json();
        assert_eq!(failed["data"][0]["id"], json!(ids.first().unwrap()));
        receiver.turn(Manner::Answer(204, ""));
        let replayed = platform.caller.post("/v1/events/replay", &json!({"failed": true})).await.expect(202).json();
        assert_eq!(replayed["deliveries"], 1);
        world.deliver().await;
        assert_eq!(receiver.take().remove(0).id(), ids.first().unwrap());
        assert_eq!(way(&world, ids.first().unwrap()).await["state"], "delivered");
    });
}

#[test]
fn a_receiver_that_asks_for_patience_is_given_it() {
    on_both_with(over_loopback, |world| async move {
        let receiver = Receiver::start(Manner::Answer(204, "")).await;
        let (platform, _) = one(&world, &receiver).await;
        let asked = [
            (Manner::Answer(429, "retry-after: 600\r\n"), 600),
            (Manner::Answer(503, "retry-after: Sat, 21 Nov 2026 19:10:02 GMT\r\n"), 360),
            (Manner::Answer(429, ""), 60),
            (Manner::Answer(502, ""), 60),
            (Manner::Answer(504, "retry-after: 1\r\n"), 60),
            (Manner::Answer(429, "retry-after: 99999999\r\n"), 3_600),
        ];
        for (number, (manner, seconds)) in asked.into_iter().enumerate() {
            receiver.turn(manner.clone());
            platform.submit(&small(&format!("D-{number}"))).await;
            world.deliver().await;
            let id = receiver.take().remove(0).id().to_owned();
            let told = event(&platform, &id).await["deliveries"][0].clone();
            let next = recourse::base::time::Timestamp::parse(told["next_at"].as_str().unwrap()).unwrap();
            assert_eq!(next.since(world.clock.now()).as_secs(), seconds, "{manner:?}");
        }
        receiver.turn(Manner::Answer(400, "webhook-delivery: abort-message\r\n"));
        platform.submit(&small("D-abort")).await;
        world.deliver().await;
        let id = receiver.take().remove(0).id().to_owned();
        let told = event(&platform, &id).await["deliveries"][0].clone();
        assert_eq!((&told["state"], &told["last_error"]), (&json!("failed"), &json!("not_wanted")));
    });
}

#[test]
fn a_receiver_that_is_gone_is_called_no_more_until_it_is_switched_on() {
    on_both_with(over_loopback, |world| async move {
        let receiver = Receiver::start(Manner::Answer(204, "")).await;
        let (platform, made) = one(&world, &receiver).await;
        receiver.turn(Manner::Answer(410, ""));
        platform.submit(&small("D-1")).await;
        world.deliver().await;
        let seen = see(&platform, &made).await;
        assert_eq!((&seen["state"], &seen["disabled_reason"]), (&json!("disabled"), &json!("gone")));
        assert_eq!(world.app.read(outbox::depth).await.unwrap().0, 1, "somebody is to be told");
        jobs(&world).await;
        receiver.turn(Manner::Answer(204, ""));
        receiver.take();
        platform.submit(&small("D-2")).await;
        world.pass(8 * 3600);
        assert_eq!((world.deliver().await, receiver.count()), (0, 0));
        let platform = spark(&world).await;
        let path = |act: &str| format!("/v1/webhook-endpoints/{}/{act}", made["id"].as_str().unwrap());
        assert_eq!(platform.caller.post(&path("test"), &json!({})).await.expect(409).code(), "endpoint_disabled");
        let pending = platform.caller.get("/v1/events?delivery=pending").await.expect(200).json();
        assert_eq!(pending["data"].as_array().unwrap().len(), 1, "what waits can be seen");
        let on = platform.caller.post(&path("enable"), &json!({})).await.expect(200).json();
        assert_eq!((&on["state"], &on["failing_since"]), (&json!("active"), &Value::Null));
        assert_eq!(world.deliver().await, 2, "what waited, and what came meanwhile");
        assert_eq!(receiver.count(), 2);
    });
}

async fn jobs(world: &World) {
    recourse::jobs::work_off(&world.app, "test").await.unwrap();
}

#[test]
fn five_days_of_nothing_but_failures_end_it_with_a_notice_after_one() {
    on_both_with(over_loopback, |world| async move {
        let receiver = Receiver::start(Manner::Answer(204, "")).await;
        let (_, made) = one(&world, &receiver).await;
        receiver.turn(Manner::Answer(500, ""));
        let mut notices = Vec::new();
        for hour in (0..=120).step_by(4) {
            let platform = spark(&world).await;
            platform.submit(&small(&format!("D-{hour}"))).await;
            world.deliver().await;
            let (waiting, _) = world.app.read(outbox::depth).await.unwrap();
            if waiting > 0 {
                notices.push(hour);
            }
            jobs(&world).await;
            let state = see(&platform, &made).await["state"].clone();
            assert_eq!(state, if hour < 120 { "active" } else { "disabled" }, "{hour}");
            world.pass(4 * 3600);
        }
        assert_eq!(notices, [24, 120]);
        // One success in between begins the count anew.
        let platform = spark(&world).await;
        let path = format!("/v1/webhook-endpoints/{}/enable", made["id"].as_str().unwrap());
        platform.caller.post(&path, &json!({})).await.expect(200);
        receiver.turn(Manner::Answer(204, ""));
        world.deliver().await;
        assert_eq!(see(&platform, &made).await["failing_since"], Value::Null);
    });
}

/// Puts `count` events of a platform into its log.
async fn emit(world: &World, slug: &'static str, count: usize) {
    let emitted = world.app.write(TEST, move |tx| {
        let platform = platforms::find(tx, slug)?.unwrap();
        let now = tx.now();
        let log = Log { platform: &platform.id, mode: Mode::Live };
        let new = |sequence| NewEvent::new(log, EventType::ReportReceived, sequence, now, ReportId::random());
        let all: Vec<NewEvent> = (1..=i64::try_from(count).unwrap()).map(new).collect();
        all.chunks(500).try_for_each(|some| events::insert(tx, some))
    });
    emitted.await.unwrap();
}

#[test]
fn a_receiver_that_hangs_holds_four_calls_and_delays_nobody() {
    on_both_with(over_loopback, |world| async move {
        let (slow, quick) = (Receiver::start(Manner::Hang).await, Receiver::start(Manner::Answer(204, "")).await);
        // Beside another platform its deliveries take turns: what hangs holds none.
        world.platform("meetly").await;
        let platform = world.platform("spark").await;
        world.app.count_platforms().await;
        assert!(world.app.serves_several());
        for receiver in [&slow, &quick] {
            let body = json!({"url": receiver.url(), "types": ["report.received"]});
            platform.caller.post("/v1/webhook-endpoints", &body).await.expect(201);
        }
        emit(&world, "spark", 60).await;
        let courier = actix_web::rt::spawn(Courier::new(&world.app, "one").run());
        quick.until(61).await;
        assert!(slow.count() < 61, "the other one has answered nothing");
        courier.abort();
        assert_eq!((slow.most(), quick.most() <= 4), (4, true));
    });
}

#[test]
fn a_receiver_that_fails_is_tried_one_by_one() {
    on_both_with(over_loopback, |world| async move {
        let (bad, quick) =
            (Receiver::start(Manner::Answer(500, "")).await, Receiver::start(Manner::Answer(204, "")).await);
        let platform = world.platform("spark").await;
        let body = json!({"url": bad.url(), "types": ["report.received"]});
        let made = platform.caller.post("/v1/webhook-endpoints", &body).await.expect(201).json();
        world.deliver().await;
        let test = format!("/v1/webhook-endpoints/{}/test", made["id"].as_str().unwrap());
        platform.caller.post(&test, &json!({})).await.expect(202);
        world.deliver().await;
        bad.turn(Manner::Hang);
        let body = json!({"url": quick.url(), "types": ["report.received"]});
        platform.caller.post("/v1/webhook-endpoints", &body).await.expect(201);
        emit(&world, "spark", 60).await;
        let courier = actix_web::rt::spawn(Courier::new(&world.app, "one").run());
        quick.until(61).await;
        bad.until(3).await;
        courier.abort();
        assert_eq!((bad.count(), bad.most()), (3, 1), "one was repeated and one failed before, and one waits");
    });
}

#[test]
fn what_a_dead_worker_held_is_sent_again_under_the_same_id() {
    on_both_with(over_loopback, |world| async move {
        let receiver = Receiver::start(Manner::Answer(204, "")).await;
        let (platform, _) = one(&world, &receiver).await;
        receiver.turn(Manner::Hang);
        platform.submit(&small("D-1")).await;
        let dead = actix_web::rt::spawn(Courier::new(&world.app, "dead").run());
        receiver.until(1).await;
        dead.abort();
        assert!(dead.await.unwrap_err().is_cancelled());
        receiver.turn(Manner::Answer(204, ""));
        assert_eq!(world.deliver().await, 0, "its lease has not ended");
        world.pass(61);
        assert_eq!(world.deliver().await, 1);
        let ids: Vec<String> = receiver.take().iter().map(|message| message.id().to_owned()).collect();
        assert_eq!((ids.len(), &ids[0]), (2, &ids[1]));
        let told = event(&platform, &ids[0]).await["deliveries"][0].clone();
        assert_eq!((&told["state"], &told["attempts"]), (&json!("delivered"), &json!(2)));
    });
}

const SLUGS: [&str; 10] = ["p-0", "p-1", "p-2", "p-3", "p-4", "p-5", "p-6", "p-7", "p-8", "p-9"];
const EACH: usize = 1_000;

#[test]
fn ten_thousand_events_arrive_though_receivers_fail_and_workers_die() {
    on_both_with(impatient, |world| async move {
        let mut receivers = Vec::new();
        for slug in SLUGS {
            let receiver = Receiver::start(Manner::Answer(204, "")).await;
            let platform = world.platform(slug).await;
            endpoint(&world, &platform, &receiver, &[]).await;
            receivers.push(receiver);
        }
        for (receiver, manner) in receivers.iter().zip([Manner::Answer(500, ""), Manner::Hang, Manner::Reset]) {
            receiver.turn(manner);
        }
        for slug in SLUGS {
            emit(&world, slug, EACH).await;
        }
        let healthy = &receivers[3..];
        let arrived = |of: &[Receiver]| of.iter().map(Receiver::count).sum::<usize>();
        for kill in 1..=4_usize {
            let courier = actix_web::rt::spawn(Courier::new(&world.app, &format!("worker-{kill}")).run());
            let goal = healthy.len() * EACH * kill / 5;
            while arrived(healthy) < goal {
                let next = healthy.iter().map(|one| Box::pin(one.until(one.count() + 1)));
                futures_util::future::select_all(next).await;
            }
            courier.abort();
            let _ = courier.await;
            world.pass(61);
        }
        for receiver in &receivers {
            receiver.turn(Manner::Answer(204, ""));
        }
        for _ in 0..4 {
            world.pass(24 * 3600);
            world.deliver().await;
        }
        for (slug, receiver) in SLUGS.into_iter().zip(&receivers) {
            let mut bodies = BTreeMap::new();
            for message in receiver.messages() {
                let known = bodies.insert(message.id().to_owned(), message.body.clone());
                assert!(known.is_none_or(|known| known == message.body), "a repeated id has the same bytes");
            }
            let sequences: BTreeSet<i64> = bodies
                .values()
                .map(|body| serde_json::from_str::<Value>(body).unwrap()["data"]["sequence"].as_i64().unwrap())
                .collect();
            assert_eq!((bodies.len(), sequences.len()), (EACH, EACH), "{slug}: each event under one id");
        }
        let counts = world.app.read(webhooks::counts).await.unwrap();
        assert_eq!((counts.pending, counts.failed, counts.disabled), (0, 0, 0));
    });
}

#[test]
fn the_waits_of_a_delivery_are_its_own() {
    let waits: BTreeSet<Duration> =
        (0..50).filter_map(|_| webhooks::wait(&DeliveryId::random(), 3, None, false)).collect();
    assert!(waits.len() > 25, "what failed together does not come back together");
}

//! One caller's bodies and one caller's tokens: what they take of turns, memory and limits is their own share.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use futures_util::future::join;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::domain::webhooks;
use reqwest::Method;
use serde_json::json;

use crate::harness::client::{Caller, Platform, new_key, small};
use crate::harness::process::{Service, now};
use crate::harness::{Database, TEST, World, databases, fresh_database, on_both, on_both_with};

/// Begins to send a batch of eight MiB, and goes no further: as one does who sends slowly.
fn begin_batch(world: &World, platform: &Platform) -> TcpStream {
    let head = format!(
        "POST /v1/reports/batch HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{{",
        platform.caller.token,
        new_key(),
        8 * 1024 * 1024
    );
    let mut stream = TcpStream::connect(world.base.trim_start_matches("http://")).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Waits for the first answer on any of these, which is left out from then on.
fn first_answered(all: &mut Vec<TcpStream>) -> String {
    for stream in all.iter() {
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    }
    for _ in 0..1_000 {
        for place in 0..all.len() {
            let mut answer = [0; 4_096];
            match all[place].read(&mut answer) {
                Ok(length) => {
                    drop(all.remove(place));
                    return String::from_utf8_lossy(&answer[..length]).into_owned();
                }
                Err(error) => assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}"),
            }
        }
    }
    panic!("nobody is answered");
}

#[test]
fn whoever_fills_their_share_of_memory_waits_for_themselves() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let other = world.platform("other").await;
        let lead = world.staff(Role::Lead).await;
        // Four fit. The fifth, whichever comes last, is told so.
        let mut slow: Vec<TcpStream> = (0..5).map(|_| begin_batch(&world, &spark)).collect();
        let refused = first_answered(&mut slow);
        assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 1"), "{refused}");
        let refused = spark.caller.post("/v1/reports", &small("S-1")).await.expect(503);
        assert_eq!(refused.code(), "unavailable");
        // Nobody else notices: another platform, its batches, a colleague.
        other.submit(&small("O-1")).await;
        other.caller.post("/v1/reports/batch", &json!({"reports": [small("O-2")]})).await.expect(207);
        lead.caller.get("/v1/triage/cases").await.expect(200);
        let case = lead.case_of("O-1").await;
        lead.take(&case).await;
        // What they let go of is there again.
        drop(slow);
        let mut taken = false;
        for n in 0..1_000 {
            taken = spark.caller.post("/v1/reports", &small(&format!("T-{n}"))).await.status == 201;
            if taken {
                break;
            }
        }
        assert!(taken, "what a broken connection held is held still");
    });
}

#[test]
fn large_bodies_of_every_operation_are_read_and_refused_as_short_ones_are() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        spark.submit(&small("L-1")).await;
        let case = lead.case_of("L-1").await;
        lead.take(&case).await;
        let long = "\u{1f642}".repeat(20_000);
        lead.act(&case, "notes", &json!({"text": long})).await.expect(201);
        let longer = json!({"text": format!("{long}x")});
        assert_eq!(lead.act(&case, "notes", &longer).await.expect(422).errors(), ["/text bad_length"]);
        let list = vec![1; 100_000];
        for path in ["/v1/webhook-endpoints", "/v1/events/replay"] {
            let refused = spark.caller.post(path, &json!({"types": list.clone()})).await.expect(422);
            assert!(refused.text.len() < 64 * 1024, "{}", refused.text.len());
        }
        let body = json!({"username": "x".repeat(100_000), "password": "p", "code": "1"});
        world.caller("").post("/v1/triage/sessions", &body).await.expect(401);
        let any = json!({"x": list});
        let report = spark.submit(&small("L-2")).await;
        spark.caller.post(&format!("/v1/reports/{report}/withdrawal"), &any).await.expect(202);
    });
}

#[test]
fn a_void_token_uses_up_nobodys_limit_but_its_networks() {
    on_both_with(
        |config| {
            config.limits.ingest = 10;
            config.limits.read = 10;
        },
        |world| async move {
            let old = world.platform("spark").await;
            let revoked = world.platform_with("spark", Mode::Test, Scope::ALL).await;
            old.caller.get("/v1/status").await.expect(200);
            let (rotating, revoking) = (old.client_id.parse().unwrap(), revoked.client_id.parse().unwrap());
            let new = world.app.write(TEST, move |tx| webhooks::rotate_client(tx, &rotating)).await.unwrap();
            world.app.write(TEST, move |tx| webhooks::revoke_client(tx, &revoking)).await.unwrap();
            let owner = Platform::sign_in(&world, &new.0).await;
            // The owner's first call with the new token tells of the new epoch.
            owner.caller.get("/v1/status").await.expect(200);
            world.pass(2);
            for round in 0..15 {
                for void in [&old, &revoked] {
                    let answer = void.caller.post("/v1/reports", &small("V")).await;
                    assert!([401, 429].contains(&answer.status), "{round}: {}", answer.text);
                    let answer = void.caller.get("/v1/status").await;
                    assert!([401, 429].contains(&answer.status), "{round}: {}", answer.text);
                }
            }
            // All of the owner's are there: nine more after this one.
            let answer = owner.caller.post("/v1/reports", &small("S-1")).await.expect(201);
            assert!(answer.header("ratelimit").contains("r=9"), "{}", answer.header("ratelimit"));
        },
    );
}

/// The service looks at a credential once a second, so a token that was void a moment ago seems to count until the first
/// transaction refuses it.
#[test]
fn a_token_that_has_just_become_void_uses_up_one_call_at_most() {
    on_both_with(
        |config| config.limits.ingest = 20,
        |world| async move {
            let old = world.platform("spark").await;
            old.caller.get("/v1/status").await.expect(200);
            let rotating = old.client_id.parse().unwrap();
            let new = world.app.write(TEST, move |tx| webhooks::rotate_client(tx, &rotating)).await.unwrap();
            let owner = Platform::sign_in(&world, &new.0).await;
            // The clock stands still: what was seen of the credential stays good.
            for n in 0..40 {
                let answer = old.caller.post("/v1/reports", &small(&format!("V-{n}"))).await;
                assert!([401, 429].contains(&answer.status), "{n}: {}", answer.text);
            }
            let answer = owner.caller.post("/v1/reports", &small("S-1")).await.expect(201);
            let left = answer.header("ratelimit");
            assert!(left.contains("r=19") || left.contains("r=18"), "{left}");
        },
    );
}

#[test]
fn whoever_calls_past_a_limit_waits_for_the_refusal() {
    on_both_with(
        |config| config.limits.read = 1,
        |world| async move {
            let spark = world.platform("spark").await.caller;
            spark.get("/v1/status").await.expect(200);
            let begin = now();
            for _ in 0..3 {
                spark.get("/v1/status").await.expect(429);
            }
            assert!(begin.elapsed() >= Duration::from_millis(300), "{:?}", begin.elapsed());
        },
    );
}

/// Sends a body without end to `path`, as quickly as it can. How much was taken until the connection ended.
fn pour(base: &str, path: &str, token: &str) -> usize {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        new_key(),
        u64::MAX / 2
    );
    let mut stream = TcpStream::connect(base.trim_start_matches("http://")).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let piece = vec![b' '; 64 * 1024];
    let mut poured = 0;
    while poured < MOST_POURED && stream.write_all(&piece).is_ok() {
        poured += piece.len();
    }
    poured
}

/// More than what is let go by of a refused body and what lies between two sockets.
const MOST_POURED: usize = 64 * 1024 * 1024;

#[test]
fn who_goes_on_sending_what_was_refused_is_cut_off() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        for (path, token) in
            [("/v1/reports", ""), ("/v1/reports/batch", spark.caller.token.as_str()), ("/healthz", ""), ("/x", "")]
        {
            let (base, path, token) = (world.base.clone(), path.to_owned(), token.to_owned());
            let pouring = tokio::task::spawn_blocking(move || (pour(&base, &path, &token), path));
            let (poured, path) = pouring.await.unwrap();
            assert!(poured < MOST_POURED, "{path}: {poured}");
        }
        // Whoever sends no more than anybody may hears why it was refused, and not that the connection is gone.
        let long = " ".repeat(8 * 1024 * 1024);
        for (token, status) in [("", 401), (spark.caller.token.as_str(), 413)] {
            let caller = world.caller(token);
            let request = caller.request(Method::POST, "/v1/reports").header("Idempotency-Key", new_key());
            let request = request.header("Content-Type", "application/json").body(long.clone());
            Caller::send(request).await.expect(status);
        }
    });
}

#[test]
fn long_bodies_of_one_caller_come_at_a_pace_however_many_connections_bring_them() {
    on_both(|world| async move {
        // A trial's body of another kind is refused once it is there, and not read: what takes time is its coming alone.
        let spark = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let long = "1".repeat(4 * 1024 * 1024);
        let send = async || {
            let request = spark.caller.request(Method::POST, "/v1/reports/batch").header("Idempotency-Key", new_key());
            Caller::send(request.header("Content-Type", "text/plain").body(long.clone())).await.expect(415);
        };
        #[expect(clippy::disallowed_methods, reason = "measures the pace of a real connection")]
        let since = Instant::now();
        join(send(), send()).await;
        // Seven of the eight megabytes come at sixteen a second.
        assert!(since.elapsed() > Duration::from_millis(400), "{:?}", since.elapsed());
        spark.submit(&small("M-1")).await;
    });
}

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[test]
fn beside_others_a_call_that_waits_for_a_lock_keeps_no_report_of_the_same_platform_waiting() {
    if !databases().contains(&Database::Postgres) {
        return;
    }
    actix_web::rt::System::new().block_on(async {
        let mut service = Service::new(Some(fresh_database()));
        service.up().await;
        let credential = service.credential("spark").await;
        service.credential("meetly").await;
        // There are several when it starts.
        service.kill();
        service.up().await;
        let spark = service.sign_in(&credential).await;
        let report = spark.submit(&small("M-1")).await;
        let mut other = PgConnection::establish(service.database_url().unwrap()).unwrap();
        other.batch_execute("BEGIN; SELECT 1 FROM cases FOR UPDATE").unwrap();
        let (caller, path) = (spark.caller.clone(), format!("/v1/reports/{report}/additions"));
        let held =
            actix_web::rt::spawn(
                async move { caller.post(&path, &json!({"statement": "He came back."})).await.status },
            );
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND \
                       datname = current_database()";
        while diesel::sql_query(waiting).get_result::<Waiting>(&mut other).unwrap().count == 0 {
            assert!(!held.is_finished());
            tokio::task::yield_now().await;
        }
        spark.caller.post("/v1/reports", &small("M-2")).await.expect(201);
        assert!(!held.is_finished(), "the report waited for it");
        other.batch_execute("ROLLBACK").unwrap();
        assert_eq!(held.await.unwrap(), 201);
    });
}

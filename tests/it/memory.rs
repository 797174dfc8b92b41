//! Memory stays flat, whatever bodies come. It is the process's own, and the same on both databases, so one is looked at.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::{Caller, Platform, new_key, small};
use crate::harness::process::Service;
use crate::harness::say;

/// A round of everything that is made to cost memory, two calls beside each other of each.
async fn round(platform: &Platform, round: usize) {
    let numbers = format!("{{\"reports\":[1{}]}}", ",1".repeat(4_000_000));
    let wrapped = format!("{{\"reports\":[1{}]}}", ",1e9".repeat(1_900_000));
    let nested = format!("{{\"x\":[[]{}]}}", ",[[]]".repeat(400_000));
    let files = |n: usize| {
        let mut report = small(&format!("M-{round}-{n}"));
        report["attachments"] = vec![json!({"a": [1, 2]}); 20_000].into();
        report
    };
    let batch =
        |n: usize| json!({"reports": (0..10).map(|item| files(n * 10 + item)).collect::<Vec<Value>>()}).to_string();
    let send = |path: &'static str, body: String| {
        let request = platform.caller.request(Method::POST, path).header("Idempotency-Key", new_key());
        Caller::send(request.header("Content-Type", "application/json").body(body))
    };
    for (path, body) in [("/v1/reports/batch", numbers), ("/v1/reports/batch", wrapped), ("/v1/reports", nested)] {
        let answers = join_all((0..2).map(|_| send(path, body.clone()))).await;
        for answer in answers {
            assert!([400, 413, 422, 503].contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
        }
    }
    for answer in join_all((0..2).map(|n| send("/v1/reports/batch", batch(n)))).await {
        answer.expect(207);
    }
}

#[test]
fn memory_is_flat_under_batches_and_lists_without_end() {
    actix_web::rt::System::new().block_on(async {
        let mut service = Service::new(None);
        service.up().await;
        let mut spark = service.sign_in(&service.credential("spark").await).await;
        // What takes long gives way to all else that runs on the machine.
        spark.caller.http = reqwest::Client::builder().timeout(Duration::from_mins(5)).build().unwrap();
        spark.submit(&small("M-0")).await;
        let idle = service.peak_memory();
        round(&spark, 1).await;
        let first = service.peak_memory();
        round(&spark, 2).await;
        let last = service.peak_memory();
        say(&format!("peak memory: {idle} KiB idle, {first} KiB after one round, {last} KiB after two\n"));
        assert!(last < idle + 200 * 1024, "{idle} {last}");
        assert!(last < first + 48 * 1024, "{first} {last}");
    });
}

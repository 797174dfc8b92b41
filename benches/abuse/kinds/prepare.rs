//! What an abuser makes ready before it begins, by calls of its own.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{bodies, reads};
use crate::child::Given;
use crate::http::{Request, unique};
use crate::line::{self, Answer, Line};

/// What must be there.
pub(super) enum Needs {
    Nothing,
    /// Every event of the log has its place.
    Places,
    /// Ten endpoints that have shown that they want events.
    Endpoints,
    /// Some thousand reports; and the log as above.
    Reports,
}

/// Batches of a hundred reports.
const BATCHES: usize = 30;
/// As many endpoints as a platform may have.
const ENDPOINTS: usize = 10;

/// Makes it ready.
pub(super) async fn prepare(needs: &Needs, given: &Given) {
    match needs {
        Needs::Nothing => {}
        Needs::Places => places(given).await,
        Needs::Endpoints => {
            places(given).await;
            endpoints(given).await;
        }
        Needs::Reports => {
            let mut batch = bodies::batches(given).remove(0);
            for _ in 0..BATCHES {
                patiently(given, &mut batch).await;
            }
            places(given).await;
        }
    }
}

/// The answer to a call, when it is neither refused for being one too many nor for coming at a bad time.
async fn patiently(given: &Given, request: &mut Request) -> Answer {
    let mut line = Line::to(given.address);
    loop {
        let answer = line.call(request.number(unique())).await;
        match answer.status {
            200..=299 => return answer,
            429 | 503 => tokio::time::sleep(Duration::from_millis(100)).await,
            status => panic!("while making ready: {status} {}", String::from_utf8_lossy(&answer.body)),
        }
    }
}

/// Reads the log to its end.
async fn places(given: &Given) {
    let mut next = String::new();
    loop {
        let mut request = Request::new(&format!("GET /v1/events?limit=100{next}"), &given.token, "", "");
        let page = patiently(given, &mut request).await;
        let Some(cursor) = reads::cursor(&page.body) else { return };
        next = format!("&after={cursor}");
    }
}

/// Makes endpoints at a receiver of its own, and waits until each is called.
async fn endpoints(given: &Given) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::task::spawn_local(receive(stream));
        }
    });
    for n in 0..ENDPOINTS {
        let body = json!({"url": format!("http://127.0.0.1:{port}/{n}")}).to_string();
        patiently(given, &mut Request::post("/v1/webhook-endpoints", &given.token, &body)).await;
    }
    loop {
        let mut list = Request::new("GET /v1/webhook-endpoints", &given.token, "", "");
        let all: Value = serde_json::from_slice(&patiently(given, &mut list).await.body).unwrap();
        let all = all["data"].as_array().unwrap();
        if all.iter().all(|one| one["state"] == "active") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Takes what is delivered, and repeats what it is asked to.
async fn receive(mut stream: TcpStream) {
    while let Some((head, mut body)) = line::head(&mut stream).await {
        let length = line::member(&head, "content-length").and_then(|value| value.parse::<usize>().ok()).unwrap_or(0);
        while body.len() < length {
            if stream.read_buf(&mut body).await.is_ok_and(|count| count > 0) {
                continue;
            }
            return;
        }
        let event: Value = serde_json::from_slice(&body).unwrap_or_default();
        let said = json!({"challenge": event["data"]["challenge"]}).to_string();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{said}", said.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

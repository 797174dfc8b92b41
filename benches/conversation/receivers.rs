//! Receivers on a thread of their own, which note how old each event is when it arrives.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use recourse::base::time::{Clock, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How a receiver behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    Take,
    Fail,
    Hang,
    Break,
}

type Delays = Arc<Mutex<Vec<Duration>>>;

/// All receivers of a round. Their thread ends with the process.
pub(crate) struct Receivers {
    pub(crate) ports: Vec<u16>,
    delays: Vec<Delays>,
}

impl Receivers {
    /// So many receivers, of which the first behave as `bad` says.
    pub(crate) fn start(count: usize, bad: &[Manner]) -> Self {
        let listeners: Vec<TcpListener> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports = listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        let delays: Vec<Delays> = (0..count).map(|_| Delays::default()).collect();
        let (notes, bad) = (delays.clone(), bad.to_vec());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                for (number, listener) in listeners.into_iter().enumerate() {
                    listener.set_nonblocking(true).unwrap();
                    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                    let manner = bad.get(number).copied().unwrap_or(Manner::Take);
                    let note = Arc::clone(&notes[number]);
                    tokio::spawn(async move {
                        while let Ok((stream, _)) = listener.accept().await {
                            tokio::spawn(serve(stream, manner, Arc::clone(&note)));
                        }
                    });
                }
                std::future::pending::<()>().await;
            });
        });
        Self { ports, delays }
    }

    pub(crate) fn forget(&self) {
        self.delays.iter().for_each(|delays| delays.lock().unwrap().clear());
    }

    /// How old the events were that came to all but the first `skip`.
    pub(crate) fn delays(&self, skip: usize) -> Vec<Duration> {
        self.delays[skip..].iter().flat_map(|delays| delays.lock().unwrap().clone()).collect()
    }

    /// Waits until so many have come to all but the first `skip`.
    pub(crate) async fn until(&self, skip: usize, count: usize) {
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        for _ in 0..6_000 {
            ticks.tick().await;
            if self.delays(skip).len() >= count {
                return;
            }
        }
        panic!("{} of {count} events came within a minute", self.delays(skip).len());
    }
}

async fn serve(mut stream: TcpStream, manner: Manner, note: Delays) {
    let (mut text, mut some) = (String::new(), [0; 4096]);
    while let Ok(read @ 1..) = stream.read(&mut some).await {
        text.push_str(std::str::from_utf8(&some[..read]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() < length.unwrap_or(0) {
            continue;
        }
        let event: serde_json::Value = serde_json::from_str(body).unwrap();
        let created = Timestamp::parse(event["timestamp"].as_str().unwrap()).unwrap();
        if event["type"] == "webhook.challenge" {
            text.clear();
            let said = serde_json::json!({"challenge": event["data"]["challenge"]}).to_string();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{said}", said.len());
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
            continue;
        }
        if event["type"] != "webhook.test" {
            note.lock().unwrap().push(Clock::machine().now().since(created));
        }
        text.clear();
        let status = match manner {
            Manner::Take => "204 No Content",
            Manner::Fail => "500 Internal Server Error",
            Manner::Hang => std::future::pending().await,
            Manner::Break => return,
        };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

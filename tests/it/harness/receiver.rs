//! Receivers of webhooks over loopback, well-behaved or not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::contract;
use super::process::pause;

/// How a receiver answers.
#[derive(Clone, Debug)]
pub(crate) enum Manner {
    /// With this status and these further header lines.
    Answer(u16, &'static str),
    /// With a body.
    Say(u16, String),
    /// Not at all, until the caller goes away.
    Hang,
    /// By closing the connection at once.
    Reset,
    /// One byte at a time, without end.
    Drip,
    /// With fewer bytes than it promised.
    Lie,
    /// With something that is no HTTP.
    Babble,
}

/// A message as it came.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Message {
    pub(crate) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The word to repeat, where this asks for one.
    pub(crate) fn challenge(&self) -> Option<String> {
        let message: Value = serde_json::from_str(&self.body).ok()?;
        let word = message["data"]["challenge"].as_str().map(str::to_owned);
        word.filter(|_| message["type"] == "webhook.challenge")
    }
}

struct State {
    manner: Manner,
    /// Whether it repeats challenges, however it answers all else.
    willing: bool,
    messages: Vec<Message>,
    /// How many calls wait for an answer, and how many ever did at once.
    waiting: usize,
    most: usize,
    connections: usize,
}

/// A receiver with a port of its own.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
    changed: Arc<watch::Sender<()>>,
}

impl Receiver {
    /// One that wants events, and answers them in this manner.
    pub(crate) async fn start(manner: Manner) -> Self {
        Self::begin(manner, true).await
    }

    /// One that answers a challenge as it answers everything.
    pub(crate) async fn unwilling(manner: Manner) -> Self {
        Self::begin(manner, false).await
    }

    async fn begin(manner: Manner, willing: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State { manner, willing, messages: Vec::new(), waiting: 0, most: 0, connections: 0 };
        let receiver = Self { port, state: Arc::new(Mutex::new(state)), changed: Arc::new(watch::Sender::new(())) };
        let own = receiver.clone();
        actix_web::rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                own.state.lock().unwrap().connections += 1;
                let own = own.clone();
                actix_web::rt::spawn(async move { own.serve(stream).await });
            }
        });
        receiver
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook?token=canary-of-a-receiver", self.port)
    }

    pub(crate) fn turn(&self, manner: Manner) {
        self.state.lock().unwrap().manner = manner;
    }

    /// Everything that came, in order, which must be as the API document says.
    #[track_caller]
    pub(crate) fn messages(&self) -> Vec<Message> {
        let all = self.state.lock().unwrap().messages.clone();
        for message in &all {
            contract::check_webhook(&message.headers, &message.body);
        }
        all
    }

    /// What came since the last call.
    pub(crate) fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.state.lock().unwrap().messages)
    }

    pub(crate) fn count(&self) -> usize {
        self.state.lock().unwrap().messages.len()
    }

    /// How many calls waited for an answer at once.
    pub(crate) fn most(&self) -> usize {
        self.state.lock().unwrap().most
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// Waits until so many messages have come.
    pub(crate) async fn until(&self, count: usize) {
        let mut changed = self.changed.subscribe();
        while self.count() < count {
            changed.changed().await.unwrap();
        }
    }

    async fn serve(&self, mut stream: TcpStream) {
        let mut read = Vec::new();
        while let Some(message) = request(&mut stream, &mut read).await {
            let manner = {
                let mut state = self.state.lock().unwrap();
                let asked = message.challenge().filter(|_| state.willing);
                state.messages.push(message);
                state.waiting += 1;
                state.most = state.most.max(state.waiting);
                let repeat = asked.map(|word| Manner::Say(200, serde_json::json!({"challenge": word}).to_string()));
                repeat.unwrap_or_else(|| state.manner.clone())
            };
            self.changed.send_replace(());
            let on = answer(&mut stream, &manner).await;
            self.state.lock().unwrap().waiting -= 1;
            if !on {
                return;
            }
        }
    }
}

/// The next request of a connection; nothing when the caller went away.
async fn request(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<Message> {
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(read[..end].to_vec()).unwrap();
            let headers: BTreeMap<String, String> = head
                .lines()
                .skip(1)
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect();
            let length: usize = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
            if read.len() >= end + 4 + length {
                let body = String::from_utf8(read[end + 4..end + 4 + length].to_vec()).unwrap();
                read.drain(..end + 4 + length);
                return Some(Message { headers, body });
            }
        }
        let mut some = [0; 4096];
        match stream.read(&mut some).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => read.extend_from_slice(&some[..count]),
        }
    }
}

/// Whether the connection goes on.
async fn answer(stream: &mut TcpStream, manner: &Manner) -> bool {
    let text = match manner {
        Manner::Answer(status, more) => format!("HTTP/1.1 {status} X\r\n{more}content-length: 0\r\n\r\n"),
        Manner::Say(status, body) => format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len()),
        Manner::Hang => {
            let mut rest = [0; 64];
            let _ = stream.read(&mut rest).await;
            return false;
        }
        Manner::Reset => return false,
        Manner::Drip => {
            let _ = stream.write_all(b"HTTP/1.1 200 X\r\ncontent-").await;
            while stream.write_all(b"x").await.is_ok() {
                pause(std::time::Duration::from_millis(5)).await;
            }
            return false;
        }
        Manner::Lie => {
            let _ = stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 1000\r\n\r\nshort").await;
            return false;
        }
        Manner::Babble => {
            let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
            return false;
        }
    };
    stream.write_all(text.as_bytes()).await.is_ok()
}

//! A client that costs little, because it shares the processors with what it measures: blocking keep-alive
//! connections, and requests whose bytes are ready but for a few digits.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};

/// Stands where a request's own number goes.
pub(crate) const MARK: &str = "@@@@@@@@@@@@";

/// The bytes of a request, with places for its number.
#[derive(Clone)]
pub(crate) struct Request {
    bytes: Vec<u8>,
    places: Vec<usize>,
}

impl Request {
    /// With a token. `headers` end each with a line break.
    pub(crate) fn new(line: &str, token: &str, headers: &str, body: &str) -> Self {
        Self::with(line, &format!("Authorization: Bearer {token}\r\n{headers}"), body)
    }

    /// The same from somebody who shows what these headers say.
    pub(crate) fn with(line: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        let text = format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
        let places = text.match_indices(MARK).map(|(at, _)| at).collect();
        Self { bytes: text.into_bytes(), places }
    }

    /// The same for a POST with a key of its own and a JSON body.
    pub(crate) fn post(path: &str, token: &str, body: &str) -> Self {
        let headers = format!("Idempotency-Key: spine-{MARK}\r\nContent-Type: application/json\r\n");
        Self::new(&format!("POST {path}"), token, &headers, body)
    }

    /// Puts a number into its places.
    pub(crate) fn number(&mut self, number: u64) -> &[u8] {
        let digits = format!("{number:012}");
        for at in &self.places {
            self.bytes[*at..*at + MARK.len()].copy_from_slice(digits.as_bytes());
        }
        &self.bytes
    }
}

/// The contract's example, with its own reference, accounts and number in every report.
pub(crate) fn report_body() -> String {
    let text = include_str!("../../src/web/examples/report.json");
    let mut body: serde_json::Value = serde_json::from_str(text).unwrap();
    body["platform_report_ref"] = format!("SPK-{MARK}").into();
    body["reporter"]["platform_account_ref"] = format!("r_{MARK}").into();
    body["subject"]["platform_account_ref"] = format!("s_{MARK}").into();
    body["subject"]["identifiers"][0]["value"] = format!("+44{MARK}").into();
    body.to_string()
}

/// A number of twelve digits that was not given out before. They come in no order, as ids do.
pub(crate) fn unique() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let count = u128::from(COUNT.fetch_add(1, Ordering::Relaxed));
    // The factor shares no divisor with the modulus, so that no two counts meet.
    (count * 618_033_988_749 % 1_000_000_000_000) as u64
}

/// A keep-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Where the head of the last answer ends.
    head: usize,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the service listens");
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_mins(1))).unwrap();
        Self { stream, buffer: Vec::with_capacity(16 * 1024), head: 0 }
    }

    /// Sends a request and reads the answer: its status and body.
    pub(crate) fn call(&mut self, request: &[u8]) -> (u16, &str) {
        self.stream.write_all(request).expect("the service reads");
        self.buffer.clear();
        let head = loop {
            self.read();
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        self.head = head;
        let status: u16 = std::str::from_utf8(&self.buffer[9..12]).unwrap().parse().unwrap();
        let length: usize = self.header("content-length").map_or(0, |length| length.parse().unwrap());
        let end = head + length;
        while self.buffer.len() < end {
            self.read();
        }
        (status, std::str::from_utf8(&self.buffer[head..end]).unwrap())
    }

    /// What the last answer says in this header.
    pub(crate) fn header(&self, wanted: &str) -> Option<&str> {
        std::str::from_utf8(&self.buffer[..self.head]).unwrap().lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    }

    fn read(&mut self) {
        let mut chunk = [0_u8; 8 * 1024];
        let count = self.stream.read(&mut chunk).expect("the service answers");
        assert!(count > 0, "the service closed a connection");
        self.buffer.extend_from_slice(&chunk[..count]);
    }
}

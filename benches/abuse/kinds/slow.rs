//! Connections that are held and hardly used.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::child::{Given, Tally};
use crate::http::{Request, unique};
use crate::line;

/// Between two bytes.
const PACE: Duration = Duration::from_millis(50);
/// Calls whose answers lie there at once.
const PIPELINED: usize = 32;
/// The longest body that a batch may have.
const LONGEST: usize = 8 * 1024 * 1024;

/// A connection on which little is received before the sender has to wait.
async fn narrow(address: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.set_recv_buffer_size(4 * 1024).ok()?;
    socket.connect(address).await.ok()
}

/// Asks for long answers, many at once, and takes them byte by byte.
pub(super) async fn read(given: &Given, tally: &Tally) {
    let calls = [
        Request::new("GET /v1/reports?limit=100", &given.token, "", "").number(0).to_vec(),
        Request::new("GET /openapi.json", &given.token, "", "").number(0).to_vec(),
    ];
    loop {
        let Some(mut stream) = narrow(given.address).await else { continue };
        let _ = stream.write_all(&calls.concat().repeat(PIPELINED / calls.len())).await;
        let status = line::head(&mut stream).await.map_or(0, |(head, _)| line::status(&head));
        tally.count(status);
        while stream.read_u8().await.is_ok() {
            tokio::time::sleep(PACE).await;
        }
    }
}

/// Announces a long body and sends it byte by byte, until it is told something.
pub(super) async fn body(given: &Given, tally: &Tally) {
    let head = format!(
        "POST /v1/reports/batch HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nIdempotency-Key: a-{}\r\n\
         Content-Type: application/json\r\nContent-Length: {LONGEST}\r\n\r\n{{",
        given.token,
        unique()
    );
    loop {
        drip(given, tally, head.as_bytes(), b" ").await;
    }
}

/// Sends the head of a call byte by byte, until it is told something.
pub(super) async fn head(given: &Given, tally: &Tally) {
    loop {
        drip(given, tally, b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nX-Long: ", b"x").await;
    }
}

/// Sends this, and then one byte after the other. Counts what comes back.
async fn drip(given: &Given, tally: &Tally, first: &[u8], byte: &[u8]) {
    let Ok(mut stream) = TcpStream::connect(given.address).await else { return tally.count(0) };
    let mut sent = stream.write_all(first).await;
    while sent.is_ok() {
        if let Ok(answer) = tokio::time::timeout(PACE, line::head(&mut stream)).await {
            return tally.count(answer.map_or(0, |(head, _)| line::status(&head)));
        }
        sent = stream.write_all(byte).await;
    }
    tally.count(0);
}

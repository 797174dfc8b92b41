//! A connection that expects nothing: who abuses a service hears refusals and is cut off, and goes on.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// An answer; the status is 0 where none came.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// A keep-alive connection, opened when it is needed.
pub(crate) struct Line {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

impl Line {
    pub(crate) const fn to(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// Sends a request and reads the answer. Afterwards the connection is as good as new, or another one.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Answer {
        let nothing = Answer { status: 0, body: Vec::new() };
        let opened = match self.stream.take() {
            Some(stream) => Ok(stream),
            None => TcpStream::connect(self.address).await,
        };
        let Ok(mut stream) = opened else { return nothing };
        let _ = stream.set_nodelay(true);
        let Ok(heard) = tokio::time::timeout(PATIENCE, exchange(&mut stream, request)).await else { return nothing };
        match heard {
            Some((answer, true)) => {
                self.stream = Some(stream);
                answer
            }
            Some((answer, false)) => answer,
            None => nothing,
        }
    }
}

/// The answer to a request, and whether the connection can be used again.
async fn exchange(stream: &mut TcpStream, request: &[u8]) -> Option<(Answer, bool)> {
    // Whoever is refused at the head of a long body may find the answer though the body did not go through.
    let is_sent = stream.write_all(request).await.is_ok();
    let (head, mut body) = head(stream).await?;
    let length = member(&head, "content-length").and_then(|value| value.parse::<usize>().ok()).unwrap_or(0);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    let is_kept = is_sent && !member(&head, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    Some((Answer { status: status(&head), body }, is_kept))
}

/// The head of the answer that comes next, and what came behind it.
pub(crate) async fn head(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::with_capacity(4 * 1024);
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Some((String::from_utf8_lossy(&bytes).into_owned(), rest));
        }
    }
}

/// The status in the head of an answer.
pub(crate) fn status(head: &str) -> u16 {
    head.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// A header of a request or of an answer.
pub(crate) fn member<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

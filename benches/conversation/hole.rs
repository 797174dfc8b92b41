//! A webhook receiver or mail server that says nothing until it is opened: the system takes the connection, and nobody
//! reads from it. Once its backlog is full, not even the connection is taken.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

type Heard = Arc<Mutex<HashSet<String>>>;

/// Where nothing comes out, until it is opened.
pub(crate) struct Hole {
    pub(crate) port: u16,
    listener: Option<TcpListener>,
    serve: fn(TcpStream, &Heard) -> std::io::Result<()>,
    heard: Heard,
}

impl Hole {
    /// A receiver of webhooks.
    pub(crate) fn receiver() -> Self {
        Self::new(take_events)
    }

    /// A mail server.
    pub(crate) fn mail() -> Self {
        Self::new(take_mails)
    }

    fn new(serve: fn(TcpStream, &Heard) -> std::io::Result<()>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { port, listener: Some(listener), serve, heard: Heard::default() }
    }

    /// From now on it answers. Its threads end with the process.
    pub(crate) fn open(&mut self) {
        let Some(listener) = self.listener.take() else { return };
        let (serve, heard) = (self.serve, Arc::clone(&self.heard));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let heard = Arc::clone(&heard);
                // A caller that gave up while nobody read ends its own thread only.
                std::thread::spawn(move || serve(stream, &heard));
            }
        });
    }

    pub(crate) const fn is_open(&self) -> bool {
        self.listener.is_none()
    }

    /// How many different events or mails it took.
    pub(crate) fn heard(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

fn take_events(stream: TcpStream, heard: &Heard) -> std::io::Result<()> {
    let (mut reader, mut writer) = (BufReader::new(stream.try_clone()?), stream);
    loop {
        let (mut id, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                if line.trim_end().is_empty() {
                    break;
                }
                continue;
            };
            match name {
                "webhook-id" => value.clone_into(&mut id),
                "content-length" => length = value.parse().unwrap(),
                _ => {}
            }
        }
        let mut body = String::new();
        (&mut reader).take(length).read_to_string(&mut body)?;
        // Each endpoint is asked once whether it wants events; that is no report.
        if body.contains("webhook.challenge") {
            let asked: serde_json::Value = serde_json::from_str(&body).unwrap();
            let said = serde_json::json!({"challenge": asked["data"]["challenge"]}).to_string();
            write!(writer, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{said}", said.len())?;
        } else {
            writer.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
            heard.lock().unwrap().insert(id);
        }
    }
}

fn take_mails(stream: TcpStream, heard: &Heard) -> std::io::Result<()> {
    let (reader, mut writer) = (BufReader::new(stream.try_clone()?), stream);
    writer.write_all(b"220 ready\r\n")?;
    let mut in_mail = false;
    for line in reader.lines() {
        let line = line?;
        if in_mail {
            if let Some(id) = line.strip_prefix("Message-ID: ") {
                heard.lock().unwrap().insert(id.to_owned());
            }
            if line != "." {
                continue;
            }
            in_mail = false;
        }
        let answer: &[u8] = match line.as_str() {
            "DATA" => {
                in_mail = true;
                b"354 go on\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        writer.write_all(answer)?;
    }
    Ok(())
}

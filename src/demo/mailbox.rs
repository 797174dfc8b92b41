//! The demo's mail server: it takes any mail on the loopback interface and keeps the last ones for the page. It speaks
//! just enough SMTP (RFC 5321) for that, and is no server for anything else.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::window::{Mail, Window};

/// A line longer than this ends the conversation.
const LONGEST: usize = 64 * 1024;

/// Takes mail until the demo ends.
pub(super) async fn serve(listener: TcpListener, window: Arc<Window>) {
    while let Ok((stream, _)) = listener.accept().await {
        let window = Arc::clone(&window);
        actix_web::rt::spawn(async move {
            if let Err(error) = converse(stream, &window).await {
                tracing::debug!(%error, "a mail conversation broke off");
            }
        });
    }
}

async fn converse(stream: TcpStream, window: &Window) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    say(&mut stream, "220 demo").await?;
    let mut to = String::new();
    loop {
        let Some(line) = read(&mut stream).await? else { return Ok(()) };
        let word = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            "EHLO" | "HELO" | "RSET" | "NOOP" | "MAIL" => say(&mut stream, "250 OK").await?,
            "RCPT" => {
                line.split(['<', '>']).nth(1).unwrap_or_default().clone_into(&mut to);
                say(&mut stream, "250 OK").await?;
            }
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                let Some(text) = body(&mut stream).await? else { return Ok(()) };
                window.keep_mail(Mail::read(&to, &text));
                say(&mut stream, "250 OK").await?;
            }
            "QUIT" => return say(&mut stream, "221 bye").await,
            _ => say(&mut stream, "502 not spoken here").await?,
        }
    }
}

async fn say(stream: &mut BufReader<TcpStream>, line: &str) -> std::io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.flush().await
}

async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await?;
    Ok((read > 0 && read < LONGEST).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The mail up to the line with a single dot; a doubled dot at a line's start stands for one.
async fn body(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut text = String::new();
    loop {
        let Some(line) = read(stream).await? else { return Ok(None) };
        if line == "." {
            return Ok(Some(text));
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push('\n');
        if text.len() > LONGEST {
            return Ok(None);
        }
    }
}

//! A page of the demo that shows what went out: the webhooks that the three apps were sent, and the mail to colleagues.
//! It plays the apps too: it verifies each delivery as they would, and answers what they are asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::header::HeaderMap;
use actix_web::{App as Pages, HttpRequest, HttpResponse, HttpServer, web};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Client;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::work::Desk;
use super::{PlatformNote, reports};
use crate::base::time::{Clock, Timestamp};

/// How many deliveries and mails are shown.
const KEPT: usize = 60;

/// A delivery that an app was sent.
#[derive(Clone, Debug)]
struct Call {
    at: String,
    id: String,
    platform: String,
    kind: String,
    about: String,
    verified: bool,
    reply: Option<String>,
}

/// A mail that a colleague was sent.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    at: String,
    to: String,
    subject: String,
    text: String,
}

impl Mail {
    /// The parts of a mail that the page shows.
    pub(super) fn read(to: &str, text: &str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let subject = head.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or_default();
        Self {
            at: clock_time(Clock::machine().now()),
            to: to.to_owned(),
            subject: subject.to_owned(),
            text: body.trim().to_owned(),
        }
    }
}

/// Everything that went out, the newest first.
#[derive(Debug, Default)]
pub(super) struct Window {
    calls: Mutex<VecDeque<Call>>,
    mails: Mutex<VecDeque<Mail>>,
    platforms: Mutex<Vec<PlatformNote>>,
    asked: Mutex<Option<UnboundedSender<Asked>>>,
}

/// What the app that answers by itself was asked: the delivery that said so, and the request.
type Asked = (String, String);

/// The app whose people answer by themselves. The others are the newcomer's to play.
pub(super) const ANSWERS: &str = "orbit";

#[derive(Template)]
#[template(path = "demo.html")]
struct Page {
    calls: Vec<Call>,
    mails: Vec<Mail>,
}

impl Window {
    /// Begins to play the apps.
    pub(super) fn play(self: &Arc<Self>, base_url: &str, platforms: &[PlatformNote]) {
        platforms.clone_into(&mut self.platforms.lock().unwrap_or_else(PoisonError::into_inner));
        let (asked, answers) = unbounded_channel();
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked);
        if let Some(platform) = self.platform(ANSWERS) {
            actix_web::rt::spawn(answer_all(Arc::clone(self), base_url.to_owned(), platform, answers));
        }
    }

    fn ask(&self, asked: Asked) {
        if let Some(worker) = self.asked.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            // Nobody listens only when the demo ends.
            let _ = worker.send(asked);
        }
    }

    pub(super) fn keep_mail(&self, mail: Mail) {
        keep(&self.mails, mail);
    }

    fn platform(&self, slug: &str) -> Option<PlatformNote> {
        let platforms = self.platforms.lock().unwrap_or_else(PoisonError::into_inner);
        platforms.iter().find(|platform| platform.slug == slug).cloned()
    }

    fn note_reply(&self, id: &str, reply: String) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(call) = calls.iter_mut().find(|call| call.id == id) {
            call.reply = Some(reply);
        }
    }
}

fn keep<T>(list: &Mutex<VecDeque<T>>, entry: T) {
    let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
    list.push_front(entry);
    list.truncate(KEPT);
}

fn clock_time(at: Timestamp) -> String {
    let text = at.to_string();
    text.split_once('T').map_or(text.clone(), |(_, time)| time.chars().take(8).collect::<String>() + " UTC")
}

/// Serves the page and the apps' receivers.
pub(super) fn serve(window: &Arc<Window>, listener: std::net::TcpListener) -> std::io::Result<actix_web::dev::Server> {
    let data = web::Data::from(Arc::clone(window));
    let server = HttpServer::new(move || {
        Pages::new()
            .app_data(data.clone())
            .route("/", web::get().to(page))
            .route("/hooks/{slug}", web::post().to(receive))
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

async fn page(window: web::Data<Window>) -> HttpResponse {
    let calls = window.calls.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
    let mails = window.mails.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
    match (Page { calls, mails }).render() {
        Ok(html) => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((
                "content-security-policy",
                "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
            ))
            .insert_header(("cache-control", "no-store"))
            .body(html),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// What an app's server does with a delivery: verify, repeat a challenge, remember, answer 204, and work later.
async fn receive(
    request: HttpRequest,
    slug: web::Path<String>,
    body: String,
    window: web::Data<Window>,
) -> HttpResponse {
    let Some(platform) = window.platform(&slug) else { return HttpResponse::NotFound().finish() };
    let id = header(request.headers(), "webhook-id").to_owned();
    let verified = platform.webhook_secret.as_deref().is_some_and(|secret| holds(secret, request.headers(), &body));
    let event: Value = serde_json::from_str(&body).unwrap_or_default();
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let call = Call {
        at: clock_time(Clock::machine().now()),
        id: id.clone(),
        platform: platform.slug.clone(),
        kind: text("/type"),
        about: text("/data/id"),
        verified,
        reply: None,
    };
    keep(&window.calls, call);
    if !verified {
        return HttpResponse::BadRequest().finish();
    }
    if text("/type") == "webhook.challenge" {
        return HttpResponse::Ok().json(json!({"challenge": text("/data/challenge")}));
    }
    if text("/type") == "request.created" && platform.slug == ANSWERS {
        window.ask((id, text("/data/request_id")));
    }
    HttpResponse::NoContent().finish()
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Standard Webhooks 1.0.0, `v1`: HMAC-SHA256 over `id.timestamp.body`.
fn holds(secret: &str, headers: &HeaderMap, body: &str) -> bool {
    let Some(Ok(key)) = secret.strip_prefix("whsec_").map(|text| STANDARD.decode(text)) else { return false };
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
    let signed = format!("{}.{}.{body}", header(headers, "webhook-id"), header(headers, "webhook-timestamp"));
    let mac = mac.chain_update(signed.as_bytes());
    header(headers, "webhook-signature")
        .split(' ')
        .filter_map(|entry| entry.strip_prefix("v1,"))
        .filter_map(|text| STANDARD.decode(text).ok())
        .any(|signature| mac.clone().verify_slice(&signature).is_ok())
}

/// Answers one request after the other, with one token for as long as it holds.
async fn answer_all(window: Arc<Window>, base: String, platform: PlatformNote, mut asked: UnboundedReceiver<Asked>) {
    let mut desk: Option<Desk> = None;
    while let Some((event, request)) = asked.recv().await {
        let done = match answer(&mut desk, &base, &platform, &request).await {
            Ok(done) => done,
            Err(error) => {
                // A token that has expired is asked for anew, once.
                desk = None;
                let again = answer(&mut desk, &base, &platform, &request).await;
                again.unwrap_or_else(|_| format!("it could not answer: {error}"))
            }
        };
        window.note_reply(&event, done);
    }
}

/// Looks a request up and answers it: what is to be kept is kept, and everything else is seen.
async fn answer(desk: &mut Option<Desk>, base: &str, platform: &PlatformNote, request: &str) -> anyhow::Result<String> {
    let desk = if let Some(desk) = desk {
        desk
    } else {
        let http = Client::builder().build()?;
        let token = reports::token(&http, base, platform).await?;
        desk.insert(Desk { http, base: base.to_owned(), token })
    };
    let url = format!("{base}/v1/requests/{request}");
    let asked: Value = desk.http.get(url).bearer_auth(&desk.token).send().await?.error_for_status()?.json().await?;
    let action = asked.pointer("/action").and_then(Value::as_str).unwrap_or_default();
    let (body, words) = match action {
        "preserve_evidence" => {
            (json!({"state": "done", "subject_notified": false, "note": "Kept as it is."}), "done, and nobody was told")
        }
        _ => (json!({"state": "acknowledged"}), "seen; its people are looking"),
    };
    desk.call(&format!("/v1/requests/{request}/response"), &body, None).await?;
    Ok(format!("{action}: {words}"))
}

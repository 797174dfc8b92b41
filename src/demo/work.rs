//! Working on the demo's cases: some claimed, some set aside, some asked of their platform and answered, some closed.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use indicatif::ProgressBar;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::reports::{progress, token, wait};
use super::window::ANSWERS;
use super::{Note, PlatformNote};
use crate::app::App;
use crate::base::secret::{hex, random_bytes};
use crate::base::time::Clock;
use crate::domain::people::staff;
use crate::domain::unit::Caller;

/// When somebody looks again whether contact is safe: within the time that every priority gives.
const AGAIN: Duration = Duration::from_mins(90);

/// A colleague at work.
pub(super) struct Desk {
    pub(super) http: Client,
    pub(super) base: String,
    pub(super) token: String,
}

impl Desk {
    /// Calls the API, waiting when the limit says so. The answer's body and entity tag.
    pub(super) async fn call(
        &self,
        path: &str,
        body: &Value,
        tag: Option<&str>,
    ) -> anyhow::Result<(StatusCode, Value, String)> {
        let key = hex(&random_bytes::<16>());
        loop {
            let mut sent = self
                .http
                .request(Method::POST, format!("{}{path}", self.base))
                .bearer_auth(&self.token)
                .header("Idempotency-Key", &key)
                .json(body);
            if let Some(tag) = tag {
                sent = sent.header("If-Match", tag);
            }
            let answer = sent.send().await?;
            if answer.status() == StatusCode::TOO_MANY_REQUESTS {
                wait(&answer).await;
                continue;
            }
            let status = answer.status();
            let tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).unwrap_or_default().to_owned();
            let text = answer.text().await?;
            if !status.is_success() {
                anyhow::bail!("{path}: {status}: {text}");
            }
            return Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null), tag));
        }
    }
}

impl Desk {
    /// Reads something, waiting when the limit says so. Its entity tag.
    async fn read(&self, path: &str) -> anyhow::Result<String> {
        loop {
            let answer = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token).send().await?;
            if answer.status() == StatusCode::TOO_MANY_REQUESTS {
                wait(&answer).await;
                continue;
            }
            let tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).unwrap_or_default().to_owned();
            answer.error_for_status()?;
            return Ok(tag);
        }
    }
}

/// A session for a colleague. It is opened from inside, so that no one-time code is used up before the newcomer tries
/// one.
async fn sit_down(app: &Arc<App>, note: &Note, role: &str) -> anyhow::Result<Desk> {
    let name = note.staff.iter().find(|staff| staff.role == role).map(|staff| staff.username.clone());
    let name = name.ok_or_else(|| anyhow!("the demo has no {role}"))?;
    let opened = app
        .write(Caller::Command("demo"), move |tx| {
            let account = staff::account(tx, &name)?.ok_or(crate::error::Error::NotFound)?;
            staff::open_session(tx, account, staff::Carrier::Api)
        })
        .await?;
    Ok(Desk { http: Client::builder().build()?, base: note.base_url.clone(), token: opened.token.into_exposed() })
}

/// Works through a fifth of the cases.
pub(super) async fn work(app: &Arc<App>, note: &Note, count: u32) -> anyhow::Result<()> {
    let advocate = sit_down(app, note, "advocate").await?;
    let safeguarding = sit_down(app, note, "safeguarding_lead").await?;
    let rounds = usize::try_from(count / 5)?.max(1);
    let bar = progress(rounds, "working on cases");
    let queues = ["emergency", "stalking_violence", "sexual_harm", "image_abuse", "fraud", "other", "complaints"];
    for (round, queue) in queues.iter().cycle().take(rounds).enumerate() {
        // Every eighth case is a child's, which the safeguarding lead takes.
        let (desk, queue) = if round % 8 == 7 { (&safeguarding, "children") } else { (&advocate, *queue) };
        one(desk, queue, round).await?;
        bar.inc(1);
    }
    bar.finish();
    answer(note, rounds).await
}

/// Takes the most urgent case of a queue and does one of the usual things with it.
async fn one(desk: &Desk, queue: &str, round: usize) -> anyhow::Result<()> {
    let (status, case, tag) = desk.call(&format!("/v1/triage/queues/{queue}/claim"), &json!({}), None).await?;
    if status != StatusCode::OK {
        return Ok(());
    }
    let id = text(&case, "/id");
    desk.read(&format!("/v1/triage/cases/{id}")).await?;
    let path = |act: &str| format!("/v1/triage/cases/{id}/{act}");
    let tag = if text(&case, "/state") == "received" {
        desk.call(&path("transitions"), &json!({"action": "start"}), Some(&tag)).await?.2
    } else {
        tag
    };
    match round % 5 {
        0 => {
            let keep = json!({"action": "preserve_evidence", "details": "Please keep the account and its messages as they are."});
            desk.call(&path("platform-requests"), &keep, None).await?;
        }
        1 => {
            let text = "Contact is not safe now: the device may be seen. She comes back by herself.";
            let again = Clock::machine().now().plus(AGAIN);
            let note = json!({"text": text, "records": "standby", "look_again_by": again});
            desk.call(&path("notes"), &note, None).await?;
        }
        2 => {
            let note =
                json!({"text": "Her local service rang: they have spoken with her.", "records": "support_confirmed"});
            desk.call(&path("notes"), &note, None).await?;
            let tag = desk.read(&format!("/v1/triage/cases/{id}")).await?;
            let closing =
                json!({"outcome": "supported_elsewhere", "reason": "With her local service; she has their number."});
            desk.call(&path("decision"), &closing, Some(&tag)).await?;
        }
        3 => {
            let closing =
                json!({"outcome": "recorded_only", "reason": "She wants it on record and nothing more for now."});
            desk.call(&path("decision"), &closing, Some(&tag)).await?;
        }
        _ => {
            desk.call(&path("release"), &json!({}), None).await?;
        }
    }
    Ok(())
}

/// Lets each platform answer half of what it was asked, save the one that answers by itself.
async fn answer(note: &Note, rounds: usize) -> anyhow::Result<()> {
    let bar: ProgressBar = progress(note.platforms.len(), "platforms answer");
    for platform in note.platforms.iter().filter(|platform| platform.slug != ANSWERS) {
        answer_of(note, platform, rounds).await?;
        bar.inc(1);
    }
    bar.finish();
    Ok(())
}

async fn answer_of(note: &Note, platform: &PlatformNote, rounds: usize) -> anyhow::Result<()> {
    let http = Client::builder().build()?;
    let token = token(&http, &note.base_url, platform).await?;
    let desk = Desk { http, base: note.base_url.clone(), token };
    let url = format!("{}/v1/requests?limit=100", desk.base);
    let list: Value = desk.http.get(url).bearer_auth(&desk.token).send().await?.error_for_status()?.json().await?;
    let asked = list.pointer("/data").and_then(Value::as_array).cloned().unwrap_or_default();
    for request in asked.iter().take(rounds).step_by(2) {
        let id = text(request, "/id");
        let done = json!({"state": "done", "subject_notified": false, "note": "Kept as it is."});
        desk.call(&format!("/v1/requests/{id}/response"), &done, None).await?;
    }
    Ok(())
}

/// A text of an answer; empty when it is absent.
fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

//! Posting the demo's reports: seventy fictional ones, varied in their references and accounts.

use std::net::SocketAddr;

use anyhow::{Context, anyhow};
use futures_util::StreamExt;
use futures_util::stream;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::{Note, PlatformNote};
use crate::base::secret::{hex, sha256};

/// Seventy realistic reports; the triage tests use the same.
const TEMPLATES: &str = include_str!("../../tests/data/reports.jsonl");
/// How many posts are under way at once.
const AT_ONCE: usize = 12;

/// A bar on a terminal, nothing elsewhere.
pub(super) fn progress(count: usize, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(count).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{msg:<24} {bar:40} {pos}/{len} {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}

/// Posts `count` reports, each through the platform that its reference names.
pub(super) async fn post(note: &Note, count: u32) -> anyhow::Result<()> {
    let http = Client::builder().build()?;
    let mut tokens = Vec::new();
    for platform in &note.platforms {
        tokens.push((platform.slug.as_str(), token(&http, &note.base_url, platform).await?));
    }
    let templates: Vec<Value> = TEMPLATES
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line)
                .map(|mut line| line.pointer_mut("/report").map(Value::take).unwrap_or_default())
        })
        .collect::<Result<_, _>>()?;
    let bodies: Vec<(usize, Value)> = templates
        .iter()
        .cycle()
        .take(usize::try_from(count)?)
        .enumerate()
        .map(|(i, template)| (i, vary(template, i / templates.len().max(1))))
        .collect();
    let bar = progress(bodies.len(), "posting reports");
    let posts = stream::iter(bodies).map(|(i, body)| {
        let slug = platform_of(&body);
        let token = tokens.iter().find(|(name, _)| *name == slug).map(|(_, token)| token.clone());
        let (http, base) = (http.clone(), note.base_url.clone());
        async move {
            let token = token.ok_or_else(|| anyhow!("no platform {slug}"))?;
            submit(&http, &base, &token, i, &body).await
        }
    });
    let mut posts = posts.buffer_unordered(AT_ONCE);
    while let Some(done) = posts.next().await {
        done?;
        bar.inc(1);
    }
    bar.finish();
    Ok(())
}

fn platform_of(body: &Value) -> &'static str {
    match body.pointer("/platform_report_ref").and_then(Value::as_str).and_then(|text| text.get(..3)) {
        Some("MTL") => "meetly",
        Some("ORB") => "orbit",
        _ => "spark",
    }
}

/// The template's story, told of other people: references and accounts differ from round to round, so that each opens its
/// own case.
fn vary(template: &Value, round: usize) -> Value {
    let mut body = template.clone();
    if round == 0 {
        return body;
    }
    let mark = hex(&sha256(format!("{round} {template}").as_bytes())).get(..6).unwrap_or_default().to_owned();
    for place in ["/platform_report_ref", "/reporter/platform_account_ref", "/subject/platform_account_ref"] {
        if let Some(Value::String(text)) = body.pointer_mut(place) {
            text.push('-');
            text.push_str(&mark);
        }
    }
    body
}

async fn submit(http: &Client, base: &str, token: &str, i: usize, body: &Value) -> anyhow::Result<()> {
    let url = format!("{base}/v1/reports");
    loop {
        let sent = http.post(&url).bearer_auth(token).header("Idempotency-Key", format!("demo-{i}")).json(body);
        let answer = sent.send().await?;
        match answer.status() {
            StatusCode::CREATED | StatusCode::OK => return Ok(()),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => wait(&answer).await,
            status => anyhow::bail!("{status}: {}", answer.text().await?),
        }
    }
}

/// Waits as long as the answer says.
pub(super) async fn wait(answer: &reqwest::Response) {
    let seconds = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(1);
    #[expect(clippy::disallowed_methods, reason = "a client that was told to wait waits")]
    actix_web::rt::time::sleep(std::time::Duration::from_secs(seconds)).await;
}

/// An access token for a platform.
pub(super) async fn token(http: &Client, base: &str, platform: &PlatformNote) -> anyhow::Result<String> {
    let answer = http
        .post(format!("{base}/oauth/token"))
        .basic_auth(&platform.client_id, Some(&platform.client_secret))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials")
        .send()
        .await?
        .error_for_status()?;
    let token: Value = answer.json().await.unwrap_or_else(|_| json!({}));
    let token = token.pointer("/access_token").and_then(Value::as_str);
    Ok(token.context("no access token was given")?.to_owned())
}

/// Has every platform sent what changes for it, and notes the secret that it verifies with.
pub(super) async fn subscribe(note: &mut Note, window: SocketAddr) -> anyhow::Result<()> {
    let http = Client::builder().build()?;
    for platform in &mut note.platforms {
        let token = token(&http, &note.base_url, platform).await?;
        let answer = http
            .post(format!("{}/v1/webhook-endpoints", note.base_url))
            .bearer_auth(&token)
            .header("Idempotency-Key", format!("demo-endpoint-{}", platform.slug))
            .json(&json!({"url": format!("http://{window}/hooks/{}", platform.slug)}))
            .send()
            .await?
            .error_for_status()?;
        let made: Value = answer.json().await?;
        platform.webhook_secret = made.pointer("/secret").and_then(Value::as_str).map(str::to_owned);
    }
    Ok(())
}

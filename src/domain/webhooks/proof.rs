//! Whether a receiver wants events at all. A new endpoint is asked to repeat a word that only what was sent to it tells; until
//! it does, nothing else goes there. So nobody can have this service call somebody who never asked for it.

use diesel::prelude::*;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::endpoints::Endpoint;
use super::{EndpointState, Leased, fan_out};
use crate::base::id::EventId;
use crate::base::secret::{base64_url, same};
use crate::base::time::Timestamp;
use crate::db::schema::{deliveries, events, webhook_endpoints};
use crate::domain::ledger::audit::{self, Event as Audited};
use crate::domain::ledger::events::{Event, EventType};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::Result;

/// The body of a `webhook.challenge`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookChallenge)]
pub struct Challenge {
    /// `webhook.challenge`.
    #[serde(rename = "type")]
    #[schema(value_type = String, pattern = "^webhook\\.challenge$")]
    kind: EventType,
    /// When the proof was asked for.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// What is to be repeated.
    data: ChallengeData,
}

/// What is to be repeated.
#[derive(Serialize, ToSchema)]
pub struct ChallengeData {
    /// Give it back in the JSON of a 2xx answer: `{"challenge": "…"}`.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    challenge: String,
}

crate::base::secret::silent! { ChallengeData }

/// The word of a challenge. It is made of the event's id under the keyring, so that every attempt sends the same one and no
/// row holds it.
fn word(rx: &Look<'_>, event: &EventId) -> String {
    base64_url(&rx.kit().keyring.keyed("webhook-challenge", &[event.as_str().as_bytes()]))
}

/// The body of an event that is a challenge, and the word that must come back; nothing for all others.
///
/// # Errors
/// `Internal` when it cannot be written as JSON.
pub(super) fn render(rx: &Look<'_>, event: &Event) -> Result<Option<(String, String)>> {
    let kind = EventType::WebhookChallenge;
    if event.kind != kind.as_str() {
        return Ok(None);
    }
    let word = word(rx, &event.id);
    let body = Challenge { kind, timestamp: event.created_at, data: ChallengeData { challenge: word.clone() } };
    Ok(Some((serde_json::to_string(&body).map_err(anyhow::Error::new)?, word)))
}

/// Whether an answer is JSON in which one of the texts is the word.
#[must_use]
pub fn repeats(answer: &[u8], word: &str) -> bool {
    fn holds(value: &Value, word: &str) -> bool {
        match value {
            Value::String(text) => same(text.as_bytes(), word.as_bytes()),
            Value::Array(all) => all.iter().any(|one| holds(one, word)),
            Value::Object(all) => all.values().any(|one| holds(one, word)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    serde_json::from_slice::<Value>(answer).is_ok_and(|value| holds(&value, word))
}

/// Asks an unproved endpoint now: by the challenge that waits for its next attempt, or else by a new one. The event's id.
pub(super) fn ask(tx: &mut Unit<'_>, endpoint: &Endpoint) -> Result<EventId> {
    let waiting = deliveries::table
        .inner_join(events::table)
        .filter(deliveries::endpoint_id.eq(&endpoint.id).and(deliveries::next_at.is_not_null()))
        .filter(events::type_.eq(EventType::WebhookChallenge.as_str()))
        .order(events::created_at.desc())
        .select((deliveries::id, events::id));
    let waiting: Option<(crate::base::id::DeliveryId, EventId)> = waiting.first(tx.conn()).optional()?;
    let Some((delivery, event)) = waiting else {
        return fan_out::send_to(tx, endpoint, EventType::WebhookChallenge);
    };
    diesel::update(deliveries::table.find(delivery)).set(deliveries::next_at.eq(tx.now())).execute(tx.conn())?;
    tx.owe();
    Ok(event)
}

/// Notes that an endpoint took something. If that was the challenge it is active from now on, and follows the log from where it
/// was made.
pub(super) fn taken(tx: &mut Unit<'_>, leased: &Leased) -> Result<()> {
    let unproved = webhook_endpoints::state.eq(EndpointState::Unproved);
    let is_challenge = events::table.find(&leased.event).filter(
        events::type_.eq(EventType::WebhookChallenge.as_str()).and(events::endpoint_id.eq(&leased.to.endpoint)),
    );
    if is_challenge.select(events::id).first::<EventId>(tx.conn()).optional()?.is_none() {
        return Ok(());
    }
    let proved = diesel::update(webhook_endpoints::table.find(&leased.to.endpoint).filter(unproved))
        .set((webhook_endpoints::state.eq(EndpointState::Active), webhook_endpoints::verified_at.eq(tx.now())))
        .execute(tx.conn())?;
    if proved == 1 {
        let proved = Audited::EndpointProved { endpoint: leased.to.endpoint.clone() };
        audit::record(tx, Owner::platform(&leased.to.platform), proved)?;
        tx.owe();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_text_of_the_json_repeats_the_word() {
        for answer in [r#"{"challenge":"w-1"}"#, r#"{"data":{"challenge":"w-1"}}"#, r#""w-1""#, r#"[0,["w-1"]]"#] {
            assert!(repeats(answer.as_bytes(), "w-1"), "{answer}");
        }
        let deep = format!("{}\"w-1\"{}", "[".repeat(1_000), "]".repeat(1_000));
        for answer in
            ["", "w-1", "challenge=w-1", r#"{"w-1":1}"#, r#"{"a":"w-12"}"#, r#"{"a":" w-1"}"#, r#"{"a":"w-1""#, &deep]
        {
            assert!(!repeats(answer.as_bytes(), "w-1"), "{answer}");
        }
    }
}

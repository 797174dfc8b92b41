//! Bodies: one JSON object in UTF-8, bounded, with a pointer to whatever is wrong. Input is never repeated.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use crate::base::secret::silent;
use crate::error::{Error, Refused, Result};

/// The longest body.
pub(super) const LONGEST: usize = 256 * 1024;
/// The longest batch: a hundred reports of usual length.
const LONGEST_BATCH: usize = 8 * 1024 * 1024;
/// How deep lists and objects may stand in each other.
const DEEPEST: usize = 128;

/// How long a body may take to arrive: actix itself has no bound for that, and slow bodies would hold connections.
const PATIENCE: Duration = Duration::from_secs(30);

/// A body as it came, within its bounds. Reading it as JSON comes later, after the replay was looked for.
pub(super) struct Raw(pub(super) Bytes);

impl Raw {
    /// The body as a `T`.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        parse(&self.0)
    }

    /// The body as a `T` that keeps parts of it as they are, whose depth is looked at when they are read.
    pub(super) fn parse_outside<T: DeserializeOwned>(&self) -> Result<T> {
        shape(&self.0)
    }
}

impl FromRequest for Raw {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bound = if request.path().ends_with("/batch") { LONGEST_BATCH } else { LONGEST };
        let media = request.headers().get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?").to_owned());
        let announced =
            request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let payload = payload.take();
        Box::pin(async move {
            let bytes = tokio::time::timeout(PATIENCE, read(payload, announced, bound)).await;
            let bytes = bytes.map_err(|_| Error::Refused(Refused::TooSlow))??;
            // A call without a body needs no media type.
            let json = media.as_deref().map_or(bytes.is_empty(), is_json);
            if json { Ok(Self(bytes)) } else { Err(Refused::MediaType.into()) }
        })
    }
}

fn is_json(media: &str) -> bool {
    let mut parts = media.split(';').map(|part| part.trim().to_lowercase());
    let right = parts.next().as_deref() == Some("application/json");
    right
        && parts.all(|part| {
            !part.starts_with("charset=") || part.trim_matches('"').ends_with("utf-8") || part == "charset=\"utf-8\""
        })
}

async fn read(mut payload: Payload, announced: Option<usize>, bound: usize) -> Result<Bytes> {
    if announced.is_some_and(|length| length > bound) {
        return Err(Refused::TooLarge.into());
    }
    let mut bytes = BytesMut::with_capacity(announced.unwrap_or(0).min(bound));
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Error::Refused(Refused::Malformed))?;
        if bytes.len() + chunk.len() > bound {
            return Err(Refused::TooLarge.into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// Reads JSON: text that is no JSON is malformed, JSON of the wrong shape is invalid at a place.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    // Here and not by the reader, which looks neither at the bytes nor at the depth of what it throws away.
    if is_too_deep(bytes) {
        return Err(Refused::Malformed.into());
    }
    shape(bytes)
}

fn shape<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let malformed = || Error::Refused(Refused::Malformed);
    std::str::from_utf8(bytes).map_err(|_| malformed())?;
    let mut text = serde_json::Deserializer::from_slice(bytes);
    let value = match serde_path_to_error::deserialize(&mut text) {
        Ok(value) => value,
        Err(error) if error.inner().classify() == Category::Data => {
            // What comes after the wrong place may be no JSON at all.
            serde_json::from_slice::<IgnoredAny>(bytes).map_err(|_| malformed())?;
            return Err(misshapen(&error));
        }
        Err(_) => return Err(malformed()),
    };
    text.end().map_err(|_| malformed())?;
    Ok(value)
}

/// Whether lists and objects stand in each other more than [`DEEPEST`] times. Brackets in strings do not count.
fn is_too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

/// The place and the rule, in our words: serde's own text repeats the input before it says what was expected.
pub(super) fn misshapen(error: &serde_path_to_error::Error<serde_json::Error>) -> Error {
    let told = error.inner().to_string();
    let mut pointer = String::new();
    for segment in error.path() {
        let step = match segment {
            serde_path_to_error::Segment::Seq { index } => index.to_string(),
            serde_path_to_error::Segment::Map { key } | serde_path_to_error::Segment::Enum { variant: key } => {
                key.clone()
            }
            serde_path_to_error::Segment::Unknown => continue,
        };
        if !is_plain(&step) {
            break;
        }
        pointer.push('/');
        pointer.push_str(&step);
    }
    let expected =
        told.rsplit_once("expected ").map(|(_, rest)| rest.split(" at line ").next().unwrap_or(rest).to_owned());
    let member = || told.split('`').nth(1).unwrap_or_default().to_owned();
    if told.starts_with("missing field") {
        return Error::invalid(&format!("{pointer}/{}", member()), "required", "this member is required");
    }
    if told.starts_with("unknown field") {
        return Error::invalid(&pointer, "unknown_member", "this member is not known; leave it out");
    }
    if told.starts_with("duplicate field") {
        if is_plain(&member()) {
            pointer = format!("{pointer}/{}", member());
        }
        return Error::invalid(&pointer, "duplicate_member", "this member stands twice");
    }
    let detail = expected.map_or_else(|| "this value has the wrong form".to_owned(), |what| format!("expected {what}"));
    Error::invalid(&pointer, "invalid_value", detail)
}

silent! { Raw }
/// A member's name is the caller's word: only plain ones are repeated.
fn is_plain(name: &str) -> bool {
    name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

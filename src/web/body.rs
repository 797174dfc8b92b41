//! Bodies: one JSON object in UTF-8, bounded, with a pointer to whatever is wrong. Input is never repeated.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::StreamExt;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Shared;
use super::aside::{SHORT, unless_passing};
use super::calls::UnderWay;
use super::extract::{Call, payer};
use super::limits::Policy;
use super::network::network;
use super::pieces::Queue;
use super::refusals::Known;
use super::row::{Body, Row};
use super::turns::Held;
use crate::base::json::{self, Manner};
use crate::base::secret::silent;
use crate::base::text::is_plain_word;
use crate::domain::intake::Sent;
use crate::domain::people::tokens::AccessToken;
use crate::domain::terms::Mode;
use crate::error::rules::Form;
use crate::error::{Error, Refused, Result};

/// How long a body may take to arrive: actix itself has no bound for that, and slow bodies would hold connections.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much of a refused body is let go by: as long as the longest batch may be, and a little more.
const LONGEST_PASSED: usize = 9 * 1024 * 1024;
/// How long that may take.
const PASSING: Duration = Duration::from_secs(1);
/// A body as it came, within its bounds. Reading it as JSON comes later, after the replay was looked for. Its memory counts
/// for whoever sent it, until it is dropped.
#[derive(Clone)]
pub(super) struct Raw(pub(super) Bytes, Media, Arc<Takes>);

/// What a body takes of what its sender has.
struct Takes {
    /// How long the whole of it is.
    length: usize,
    _memory: Held,
}

/// What the media type of a body says, and whether the body that it is a part of had to be put right.
#[derive(Clone, Default)]
struct Media {
    charset: Option<String>,
    is_mislabelled: bool,
    is_mended: bool,
}

impl Raw {
    /// A part of this body, which had to be put right to be read where `is_mended`.
    pub(super) fn part(&self, bytes: Bytes, is_mended: bool) -> Self {
        let media = Media { charset: None, is_mislabelled: self.1.is_mislabelled, is_mended };
        Self(bytes, media, Arc::clone(&self.2))
    }

    /// How long the body is that came; of a part the whole. A batch takes long, however short each of its reports is.
    pub(super) fn length(&self) -> usize {
        self.2.length
    }

    /// The body with what its media type says, for reports.
    pub(super) fn sent(&self) -> Sent<'_> {
        let Media { charset, is_mislabelled, is_mended } = &self.1;
        let (is_mislabelled, is_mended) = (*is_mislabelled, *is_mended);
        Sent { bytes: &self.0, charset: charset.as_deref(), is_mislabelled, is_mended }
    }

    /// Refuses a body that is neither empty nor an object, of a call that asks for nothing in it.
    pub(super) async fn says_nothing(&self, call: &Call) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        self.parse::<AnyObject>(call).await?.map(|_| ()).map_err(|_| Refused::Malformed.into())
    }

    /// The body as a `T`; read aside where it is not short. What is wrong with it is told within the transaction.
    ///
    /// # Errors
    /// Passing trouble, as [`unless_passing`] says.
    pub(super) async fn parse<T: DeserializeOwned + Send + 'static>(&self, call: &Call) -> Result<Result<T>> {
        let bytes = self.0.clone();
        if bytes.len() <= SHORT {
            return Ok(parse(&bytes));
        }
        unless_passing(call.shared.aside.run(&call.payer(), bytes.len(), move || parse(&bytes)).await)
    }
}

/// An object of which nothing is kept.
struct AnyObject;

impl<'de> Deserialize<'de> for AnyObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(Self)
    }
}

impl<'de> Visitor<'de> for AnyObject {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self)
    }
}

impl FromRequest for Raw {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let wanted = wanted_of(request);
        let is_form = matches!(Row::called(request).map(|row| row.body), Some(Body::Words(_)));
        let packed = request.headers().get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity");
        let media = request.headers().get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?").to_owned());
        let announced =
            request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let mut payload = payload.take();
        let (shared, whose) = (request.app_data::<web::Data<Shared>>().cloned(), payer(request));
        let (turn, request) = (turn(request), request.clone());
        Box::pin(async move {
            let (bound, is_lenient) = wanted?;
            let shared = shared.ok_or_else(|| anyhow::anyhow!("a body is read without the service's data"))?;
            let mut held = shared.aside.room(&whose);
            let bytes = async {
                if packed {
                    return Err(Refused::Encoding.into());
                }
                let queue = Queue { pieces: &shared.pieces, whose: &whose };
                let read = read(&mut payload, Length { announced, bound }, &mut held, &queue);
                tokio::time::timeout(PATIENCE, read).await.map_err(|_| Error::Refused(Refused::TooSlow))?
            };
            let bytes = match bytes.await {
                Ok(bytes) => bytes,
                Err(refused) => {
                    pass_over(&request, &mut payload).await;
                    return Err(refused);
                }
            };
            // A call without a body needs no media type.
            let (fits, charset) = match media.as_deref() {
                None => (bytes.is_empty(), None),
                Some(media) if is_form => is_of(media, "application/x-www-form-urlencoded"),
                Some(media) => is_of(media, "application/json"),
            };
            let is_mislabelled = !fits;
            if fits || is_lenient {
                // It begins when the body has come: who sends slowly keeps none.
                turn.await?;
                let takes = Takes { length: bytes.len(), _memory: held };
                Ok(Self(bytes, Media { charset, is_mislabelled, is_mended: false }, Arc::new(takes)))
            } else {
                Err(Refused::MediaType.into())
            }
        })
    }
}

/// A call that has come, in its request's extensions until it is answered.
pub(super) struct Begun {
    _call: UnderWay,
}

/// Waits for the turn of a call whose caller is known.
fn turn(request: &HttpRequest) -> impl Future<Output = Result<()>> + use<> {
    let request = request.clone();
    let shared = request.app_data::<web::Data<Shared>>().cloned();
    let whose = request.extensions().get::<Known>().map(|_| payer(&request));
    let is_long = Row::called(&request).is_some_and(|row| row.policy == Policy::Bulk);
    async move {
        if let Some((shared, whose)) = shared.zip(whose) {
            let call = shared.calls.begin(&whose, is_long).await?;
            request.extensions_mut().insert(Begun { _call: call });
        }
        Ok(())
    }
}

/// How long the body may be, and whether it is read under whatever media type, as what is told in real life is.
fn wanted_of(request: &HttpRequest) -> Result<(usize, bool)> {
    let is_live = |token: &AccessToken| token.mode == Mode::Live;
    match Row::called(request).map(|row| row.body) {
        Some(Body::Json(longest) | Body::Words(longest)) => Ok((longest, false)),
        Some(Body::Report(longest)) => Ok((longest, request.extensions().get::<AccessToken>().is_some_and(is_live))),
        Some(Body::None | Body::Form(_)) | None => Err(anyhow::anyhow!("JSON is read where no row says so").into()),
    }
}

/// Whether a media type is this one in UTF-8, and the encoding that it names.
fn is_of(media: &str, wanted: &str) -> (bool, Option<String>) {
    let mut parts = media.split(';').map(|part| part.trim().to_lowercase());
    let right = parts.next().as_deref() == Some(wanted);
    let named = |part: String| {
        let (name, value) = part.split_once('=')?;
        (name.trim() == "charset").then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    };
    let charsets: Vec<String> = parts.filter_map(named).collect();
    let is_utf8 = charsets.iter().all(|name| matches!(name.as_str(), "utf-8" | "utf8"));
    (right && is_utf8, charsets.into_iter().next())
}

/// How long a body is said to be, and how long it may be.
struct Length {
    announced: Option<usize>,
    bound: usize,
}

/// Reads a body, whose pieces wait for those of the same caller.
async fn read(payload: &mut Payload, length: Length, held: &mut Held, queue: &Queue<'_>) -> Result<Bytes> {
    let Length { announced, bound } = length;
    if announced.is_some_and(|length| length > bound) {
        return Err(Refused::TooLarge.into());
    }
    let announced = announced.unwrap_or(0);
    held.grow(announced)?;
    let mut bytes = BytesMut::with_capacity(announced);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Error::Refused(Refused::Malformed))?;
        if bytes.len() + chunk.len() > bound {
            return Err(Refused::TooLarge.into());
        }
        held.grow((bytes.len() + chunk.len()).saturating_sub(bytes.len().max(announced)))?;
        bytes.extend_from_slice(&chunk);
        if bytes.len() > SHORT {
            queue.rest_after(chunk.len(), bytes.len()).await?;
        }
    }
    Ok(bytes.freeze())
}

/// Lets go by what is left of a body that was refused, so that its sender hears why: for a second, as much as anybody may send,
/// and a piece at a time in turn with what else is served. What still comes then is not read: the connection ends with the
/// answer. (actix would read on for a second, as quickly as it comes and however much.)
pub(super) async fn pass_over(request: &HttpRequest, payload: &mut Payload) {
    let Some(shared) = request.app_data::<web::Data<Shared>>() else { return };
    // Of whoever is not known, as those whose credential does not hold, all of a network are one.
    let whose = Some(payer(request)).filter(|whose| !whose.is_empty()).unwrap_or_else(|| network(request));
    let queue = Queue { pieces: &shared.pieces, whose: &whose };
    let passing = async {
        let mut passed = 0;
        while passed < LONGEST_PASSED
            && let Some(Ok(piece)) = payload.next().await
        {
            passed += piece.len();
            if queue.rest_after(piece.len(), passed).await.is_err() {
                return;
            }
        }
    };
    // Who is slower has been given time enough.
    let _ = tokio::time::timeout(PASSING, passing).await;
}

/// Reads JSON: text that is no JSON is malformed, JSON of the wrong shape is invalid at a place.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let malformed = || Error::Refused(Refused::Malformed);
    let (text, _) =
        json::text(bytes, Manner::Exact).filter(|(text, _)| !json::is_too_deep(text)).ok_or_else(malformed)?;
    shape(&text)
}

/// Reads a text whose encoding and depth were looked at already: one that is no JSON is malformed, JSON of the wrong shape is
/// invalid at a place.
pub(super) fn shape<T: DeserializeOwned>(text: &str) -> Result<T> {
    let malformed = || Error::Refused(Refused::Malformed);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = match serde_path_to_error::deserialize(&mut reader) {
        Ok(value) => value,
        Err(error) => {
            // Some readers call a value of the wrong kind bad syntax, and what comes after it may be no JSON at all.
            serde_json::from_str::<IgnoredAny>(text).map_err(|_| malformed())?;
            return Err(misshapen(&error));
        }
    };
    reader.end().map_err(|_| malformed())?;
    Ok(value)
}

/// The place and the rule, in our words: serde's own text repeats the input before it says what was expected.
fn misshapen(error: &serde_path_to_error::Error<serde_json::Error>) -> Error {
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
        if !is_plain_word(&step) && !matches!(segment, serde_path_to_error::Segment::Seq { .. }) {
            break;
        }
        pointer.push('/');
        pointer.push_str(&step);
    }
    let expected = told.rsplit_once("expected ").map(|(_, rest)| rest.split(" at line ").next().unwrap_or(rest));
    let member = || told.split('`').nth(1).unwrap_or_default().to_owned();
    if told.starts_with("missing field") {
        return Error::invalid(&format!("{pointer}/{}", member()), Form::Required);
    }
    if told.starts_with("unknown field") {
        return Error::invalid(&pointer, Form::UnknownMember);
    }
    if told.starts_with("duplicate field") {
        if is_plain_word(&member()) {
            pointer = format!("{pointer}/{}", member());
        }
        return Error::invalid(&pointer, Form::Twice);
    }
    Error::invalid(&pointer, form(expected.unwrap_or_default()))
}

/// What a reader expected.
pub(super) fn form(expected: &str) -> Form {
    // A list of our own codes, each in backticks.
    if expected.starts_with('`') || expected.starts_with("one of `") {
        return Form::OneOf(expected.split('`').skip(1).step_by(2).map(str::to_owned).collect());
    }
    match expected {
        "a boolean" => Form::Boolean,
        "a string" | "string" | "str" => Form::Text,
        "a sequence" => Form::List,
        "a map" => Form::Object,
        text if text.starts_with("struct ") => Form::Object,
        "u8" | "u16" | "u32" | "u64" | "usize" | "i64" | "i32" => Form::WholeNumber,
        _ => Form::Undocumented,
    }
}

silent! { Raw Media Takes }

//! What handlers take from a request.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderName, IF_MATCH};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::Shared;
use super::body::form;
use super::gate::{Bearer, Payer, TraceId, of_network};
use super::row::{Caller, Precondition, Row};
use super::tags::Tags;
use crate::base::id::{CaseKind, Id, Kind};
use crate::base::secret::Sensitive;
use crate::db::Share;
use crate::domain::access::{Presented, PresentedPartner};
use crate::domain::desk::At;
use crate::domain::ledger::seen::Seen;
use crate::domain::people::tokens::{AccessToken, PartnerToken};
use crate::error::rules::{Form, Parameter};
use crate::error::{Error, Refused, Result, Unauthenticated};

/// A request with what every handler needs of it.
pub(super) struct Call {
    /// The service.
    pub(super) shared: web::Data<Shared>,
    /// The request's id.
    pub(super) trace: String,
    row: &'static Row,
    request: HttpRequest,
}

impl FromRequest for Call {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let shared = request.app_data::<web::Data<Shared>>().cloned();
        let trace = request.extensions().get::<TraceId>().map(|id| id.0.clone()).unwrap_or_default();
        let missing = || Error::Internal(anyhow::anyhow!("a handler stands without its data or its row"));
        let known = shared.zip(Row::called(request)).ok_or_else(missing);
        ready(known.map(|(shared, row)| Self { shared, trace, row, request: request.clone() }))
    }
}

impl Call {
    /// For whom the call counts.
    pub(super) fn payer(&self) -> String {
        payer(&self.request)
    }

    /// The request itself.
    pub(super) const fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// The query as a `T`. Unknown parameters are refused, so that a misspelt filter does not list everything.
    pub(super) fn query<T: DeserializeOwned>(&self) -> Result<T> {
        let text = self.request.query_string();
        if text.contains("%00") {
            return Err(Refused::Query { name: "query".to_owned(), wanted: Parameter::WithoutNul }.into());
        }
        let pairs = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(text.as_bytes()));
        let read = serde_path_to_error::deserialize(pairs).map_err(|error| misread(&error))?;
        // All names are known from here on, and may be repeated.
        match text.split('&').find_map(empty_or_broken) {
            Some(refused) => Err(refused.into()),
            None => Ok(read),
        }
    }

    /// An id of the path. A text that cannot be one is as unknown as one that is not there.
    pub(super) fn id<K: Kind>(&self, name: &str) -> Result<Id<K>> {
        self.request.match_info().get(name).and_then(|text| text.parse().ok()).ok_or(Error::NotFound)
    }

    /// The case of the path, with what the caller saw of it where the row asks for that.
    pub(super) fn at(&self) -> Result<At> {
        let case = self.id::<CaseKind>("id")?;
        let seen = if self.row.precondition == Precondition::None { Seen::Unasked } else { self.if_match()? };
        Ok(At { case, seen })
    }

    /// The `Idempotency-Key` that the row asks for: 1 to 255 printable ASCII characters.
    pub(super) fn idempotency_key(&self) -> Result<String> {
        if !self.row.keyed {
            return Err(anyhow::anyhow!("a key is taken where no row asks for one").into());
        }
        let name = HeaderName::from_static("idempotency-key");
        let key = self.request.headers().get(&name).ok_or(Refused::IdempotencyKeyMissing)?;
        let printable = |b: &u8| (0x20..0x7f).contains(b);
        let bytes = key.as_bytes();
        if bytes.is_empty() || bytes.len() > 255 || !bytes.iter().all(printable) {
            return Err(Refused::IdempotencyKeyMissing.into());
        }
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// Which version the caller saw, as far as the row asks for it.
    pub(super) fn if_match(&self) -> Result<Seen> {
        let is_required = match self.row.precondition {
            Precondition::Required => true,
            Precondition::Optional => false,
            Precondition::None => return Err(anyhow::anyhow!("a version is compared where no row asks for one").into()),
        };
        Ok(match Tags::of(self.request.headers(), IF_MATCH) {
            // Whatever there is, is not a version that somebody saw.
            Tags::Absent | Tags::Any if is_required => Seen::Unsaid,
            Tags::Absent | Tags::Any => Seen::Unasked,
            tags @ Tags::These(_) => Seen::of(&tags.versions()),
        })
    }

    /// The platform's token, whose signature the gate has checked, with the scope that the row asks for.
    pub(super) fn token(&self) -> Result<Presented> {
        let token = self.request.extensions().get::<AccessToken>().cloned();
        match (token, self.row.caller) {
            (Some(token), Caller::Platform(scope)) => Ok(Presented::new(token, scope)),
            _ => Err(Error::Unauthenticated(Unauthenticated::Missing)),
        }
    }

    /// The service's token, whose signature the gate has checked, with the scope that the row asks for.
    pub(super) fn partner(&self) -> Result<PresentedPartner> {
        let token = self.request.extensions().get::<PartnerToken>().cloned();
        match (token, self.row.caller) {
            (Some(token), Caller::Partner(scope)) => Ok(PresentedPartner::new(token, scope)),
            _ => Err(Error::Unauthenticated(Unauthenticated::Missing)),
        }
    }

    /// In whose turn the database works for this call: that of the platform or service and its mode, of the colleague's account, or of the
    /// network of whoever is not known.
    pub(super) fn share(&self) -> Share {
        let known = self.request.extensions().get::<Share>().cloned();
        known.unwrap_or_else(|| of_network(&self.request))
    }

    /// The colleague's bearer token.
    pub(super) fn bearer(&self) -> Result<Sensitive<String>> {
        let bearer = self.request.extensions().get::<Bearer>().cloned();
        bearer.map(|bearer| bearer.0).ok_or(Error::Unauthenticated(Unauthenticated::Missing))
    }
}

/// For whom a request counts that has passed the gate.
pub(super) fn payer(request: &HttpRequest) -> String {
    request.extensions().get::<Payer>().map(|payer| payer.0.clone()).unwrap_or_default()
}

/// What is wrong with a parameter of a known name that was read leniently: a filter that says nothing must not list
/// everything, and what is no text must not be looked for as another.
fn empty_or_broken(pair: &str) -> Option<Refused> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let name = percent_decode_str(name).decode_utf8_lossy();
    let is_escape = |rest: &str| rest.get(..2).is_some_and(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
    let is_text = value.split('%').skip(1).all(is_escape) && percent_decode_str(value).decode_utf8().is_ok();
    let wanted = match (&*name, value) {
        ("", "") => return None,
        (_, "") => Parameter::Value,
        ("limit", value) if value.bytes().all(|b| b == b'0') => Parameter::FromOne,
        _ if is_text => return None,
        _ => Parameter::Utf8,
    };
    Some(Refused::Query { name: name.into_owned(), wanted })
}

/// Which parameter is wrong, and what it must be. Names that the caller made up are not repeated: those that there are
/// are named in their place.
fn misread(error: &serde_path_to_error::Error<serde::de::value::Error>) -> Refused {
    let told = error.inner().to_string();
    let expected = told.rsplit_once("expected ").map_or("", |(_, expected)| expected);
    if told.starts_with("unknown field") {
        let known = expected.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        return Refused::Query { name: "query".to_owned(), wanted: Parameter::Known(known) };
    }
    // What comes after "field" is a field of ours, and so is a place that a reader got to.
    let named =
        told.split('`').nth(1).filter(|_| told.starts_with("duplicate field") || told.starts_with("missing field"));
    let name = named.map_or_else(|| error.path().to_string(), str::to_owned);
    let wanted = if told.starts_with("duplicate field") {
        Parameter::Once
    } else if told.starts_with("missing field") {
        Parameter::Given
    } else if told.starts_with("unknown variant") {
        Parameter::Form(form(expected))
    } else if told.contains("invalid digit") || told.contains("parse integer") || told.contains("number too") {
        Parameter::Form(Form::WholeNumber)
    } else if told.contains("`true` or `false`") {
        Parameter::Form(Form::Boolean)
    } else {
        Parameter::Documented
    };
    Refused::Query { name, wanted }
}

//! Access tokens: JWTs of type `at+jwt` (RFC 9068), signed with Ed25519, good for ten minutes.
//!
//! The signature says who asked and when. Whether that still counts is decided in the request's own transaction, by
//! the client's row: its epoch, platform or service, mode and scopes. A token is a platform's or a service's, and never both.

use std::collections::HashSet;
use std::time::Duration;

use ed25519_dalek::pkcs8::EncodePrivateKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::partners::{self, PartnerClient, PartnerScope};
use super::platforms::{Client, Scope, parse_scopes, scope_text};
use crate::base::id::{ClientId, PartnerClientId, PlatformId, ServiceId, request_trace_id};
use crate::base::secret::from_base64_url;
use crate::base::time::Timestamp;
use crate::domain::terms::Mode;
use crate::domain::vault::Keyring;
use crate::error::{Error, Result, Unauthenticated};

/// How long a token is good.
const LIFETIME: Duration = Duration::from_mins(10);
/// How far two machines' clocks may be apart.
const LEEWAY: i64 = 10;
const TYPE: &str = "at+jwt";
const ALGORITHM: &str = "EdDSA";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    client_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    svc: Option<String>,
    mode: Mode,
    scope: String,
    epoch: i64,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
}

/// All that the header of our tokens says. One with anything beside it is not ours: a `crit` that we do not understand must
/// be refused, and a `kid`, `jku` or `jwk` would only be an offer of another key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnHeader {
    alg: String,
    typ: String,
}

/// Whether the header of a token says what ours say, and nothing else.
fn has_own_header(text: &str) -> bool {
    let header = text.split_once('.').and_then(|(header, _)| from_base64_url(header));
    let own = header.and_then(|header| serde_json::from_slice::<OwnHeader>(&header).ok());
    own.is_some_and(|own| own.alg == ALGORITHM && own.typ == TYPE)
}

/// What a valid signature proves. It is not yet a right to anything: see `access::platform`.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The credential that asked for it.
    pub client: ClientId,
    /// Its platform.
    pub platform: PlatformId,
    /// Trial or real life.
    pub mode: Mode,
    /// What was granted.
    pub scopes: Vec<Scope>,
    /// The credential's epoch at that time.
    pub epoch: i64,
}

/// What a valid signature proves of a service's machine. It is not yet a right to anything: see `access::partner`.
#[derive(Clone, Debug)]
pub struct PartnerToken {
    /// The credential that asked for it.
    pub client: PartnerClientId,
    /// Its service.
    pub service: ServiceId,
    /// Trial or real life.
    pub mode: Mode,
    /// What was granted.
    pub scopes: Vec<PartnerScope>,
    /// The credential's epoch at that time.
    pub epoch: i64,
}

/// Whose token is made, and what it says beside.
struct Said<'a> {
    client: &'a str,
    platform: Option<String>,
    service: Option<String>,
    mode: Mode,
    scope: String,
    epoch: i64,
}

/// Signs and checks access tokens.
pub struct TokenSigner {
    issuer: String,
    sign: EncodingKey,
    check: DecodingKey,
    rules: Validation,
}

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSigner(…)")
    }
}

impl TokenSigner {
    /// A signer for tokens that `issuer` gives out and accepts.
    ///
    /// # Errors
    /// `Internal` when the signing key cannot be encoded.
    pub fn new(keyring: &Keyring, issuer: &str) -> Result<Self> {
        let key = keyring.token_key();
        let der = key.to_pkcs8_der().map_err(|_| anyhow::anyhow!("the signing key cannot be encoded"))?;
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_issuer(&[issuer]);
        rules.set_audience(&[issuer]);
        rules.required_spec_claims = HashSet::from(["exp", "aud", "iss", "sub"].map(str::to_owned));
        // Times are compared below with the injected clock.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        Ok(Self {
            issuer: issuer.to_owned(),
            sign: EncodingKey::from_ed_der(der.as_bytes()),
            check: DecodingKey::from_ed_der(key.verifying_key().as_bytes()),
            rules,
        })
    }

    /// A token for a platform's `client` with `scopes`, good from `now`.
    ///
    /// # Errors
    /// `Internal` when signing fails.
    pub fn issue(&self, client: &Client, scopes: &[Scope], now: Timestamp) -> Result<String> {
        let Client { id, platform_id, mode, epoch, .. } = client;
        let platform = Some(platform_id.to_string());
        let scope = scope_text(scopes);
        self.signed(Said { client: id.as_str(), platform, service: None, mode: *mode, scope, epoch: *epoch }, now)
    }

    /// A token for a service's `client` with `scopes`, good from `now`.
    ///
    /// # Errors
    /// `Internal` when signing fails.
    pub fn issue_to_partner(&self, client: &PartnerClient, scopes: &[PartnerScope], now: Timestamp) -> Result<String> {
        let PartnerClient { id, service_id, mode, epoch, .. } = client;
        let service = Some(service_id.to_string());
        let scope = partners::scope_text(scopes);
        self.signed(Said { client: id.as_str(), platform: None, service, mode: *mode, scope, epoch: *epoch }, now)
    }

    fn signed(&self, said: Said<'_>, now: Timestamp) -> Result<String> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.issuer.clone(),
            sub: said.client.to_owned(),
            client_id: said.client.to_owned(),
            plt: said.platform,
            svc: said.service,
            mode: said.mode,
            scope: said.scope,
            epoch: said.epoch,
            iat: now.seconds(),
            nbf: now.seconds(),
            exp: now.plus(LIFETIME).seconds(),
            jti: request_trace_id(),
        };
        Ok(jsonwebtoken::encode(&header, &claims, &self.sign).map_err(anyhow::Error::new)?)
    }

    /// What a platform's `text` proves at `now`.
    ///
    /// # Errors
    /// `Unauthenticated` for any token that was not signed here, is of another type or a service's, or is not good at `now`.
    pub fn verify(&self, text: &str, now: Timestamp) -> Result<AccessToken> {
        let claims = self.claims(text, now)?;
        let platform = claims.plt.filter(|_| claims.svc.is_none()).ok_or_else(refused)?;
        Ok(AccessToken {
            client: claims.client_id.parse().map_err(|_| refused())?,
            platform: platform.parse().map_err(|_| refused())?,
            mode: claims.mode,
            scopes: parse_scopes(&claims.scope).ok_or_else(refused)?,
            epoch: claims.epoch,
        })
    }

    /// What a service's `text` proves at `now`.
    ///
    /// # Errors
    /// As [`Self::verify`], for a platform's too.
    pub fn verify_partner(&self, text: &str, now: Timestamp) -> Result<PartnerToken> {
        let claims = self.claims(text, now)?;
        let service = claims.svc.filter(|_| claims.plt.is_none()).ok_or_else(refused)?;
        Ok(PartnerToken {
            client: claims.client_id.parse().map_err(|_| refused())?,
            service: service.parse().map_err(|_| refused())?,
            mode: claims.mode,
            scopes: partners::parse_scopes(&claims.scope).ok_or_else(refused)?,
            epoch: claims.epoch,
        })
    }

    fn claims(&self, text: &str, now: Timestamp) -> Result<Claims> {
        if !has_own_header(text) {
            return Err(refused());
        }
        let claims = jsonwebtoken::decode::<Claims>(text, &self.check, &self.rules).map_err(|_| refused())?.claims;
        let seconds = now.seconds();
        let begun = claims.nbf.max(claims.iat) <= seconds.saturating_add(LEEWAY);
        if !begun || claims.exp <= seconds || claims.sub != claims.client_id {
            return Err(refused());
        }
        Ok(claims)
    }
}

const fn refused() -> Error {
    Error::Unauthenticated(Unauthenticated::Invalid)
}

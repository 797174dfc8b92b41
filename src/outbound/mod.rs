//! What goes out: calls to addresses that others chose, mail to colleagues, the operator's pager. What is said is decided
//! in the domain; here is only how it leaves.
//!
//! Calls reach the public internet over https and nothing else, save for what the operator allows by name; no redirect,
//! proxy or second look-up leads them anywhere that was not checked.

mod address;
mod mail;
mod pager;
mod resolve;
mod smtp;
mod target;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Response, redirect, tls};
use serde::{Deserialize, Serialize};

pub use address::is_public;
pub use mail::{MailSettings, Mailer, mail_address};
pub use pager::{Pager, PagerSettings, Ring};
pub use smtp::NotSent;
pub use target::{Rules, Target};

use resolve::{NoAddress, NotPublic, Resolver};

use crate::base::code::codes;

/// How much of an answer is kept.
pub const KEPT: usize = 4 * 1024;
/// How much of an answer is read, so that its connection can serve again.
const READ: usize = 64 * 1024;

/// The settings of outgoing calls.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Hosts, with or without a port, that may be called over http, at any port and on private addresses.
    pub allow: Vec<String>,
    /// Address blocks that are never called, beside those that are not public: this service's own, for instance.
    pub deny: Vec<ipnet::IpNet>,
    /// Ports that may be called.
    pub ports: Vec<u16>,
    /// The name server to ask; the system's when absent.
    pub nameserver: Option<SocketAddr>,
    /// Milliseconds until a connection must stand.
    pub connect_ms: u64,
    /// Milliseconds until a call must be answered in full.
    pub total_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            ports: vec![443],
            nameserver: None,
            connect_ms: 5_000,
            total_ms: 15_000,
        }
    }
}

impl Settings {
    const fn connect(&self) -> Duration {
        Duration::from_millis(self.connect_ms)
    }
}

/// What a receiver answered.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The beginning of the body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({})", self.status)
    }
}

codes! {
    /// Why there is no answer.
    pub enum Trouble {
        /// The URL may not be called.
        Url = "url_not_allowed",
        /// The host has an address that may not be called.
        Address = "address_not_allowed",
        /// The host has no address.
        Name = "no_address",
        /// No connection could be made: nobody listens, or the certificate does not hold.
        Connect = "no_connection",
        /// It took too long.
        Timeout = "timeout",
        /// The connection broke, or what came is no HTTP.
        Broken = "broken_answer",
    }
}

/// Makes outgoing calls.
pub struct Outbound {
    settings: Settings,
    rules: Arc<Rules>,
    guarded: OnceLock<Option<Client>>,
    trusted: OnceLock<Option<Client>>,
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outbound")
    }
}

impl Outbound {
    /// A caller with these settings. Nothing is opened before the first call.
    #[must_use]
    pub const fn new(settings: Settings, rules: Arc<Rules>) -> Self {
        Self { settings, rules, guarded: OnceLock::new(), trusted: OnceLock::new() }
    }

    /// Posts a body, and reads the answer as far as it is kept.
    ///
    /// # Errors
    /// Why there is no answer. The rules are asked again: they may have changed since the URL was stored.
    pub async fn post(&self, url: &str, headers: HeaderMap, body: String) -> Result<Answer, Trouble> {
        let target = self.rules.target(url).map_err(|_| Trouble::Url)?;
        let client = self.client(target.trusted).ok_or(Trouble::Connect)?;
        let sent = client.post(target.url).headers(headers).body(body).send().await;
        let mut response = sent.map_err(|error| trouble(&error))?;
        let peer = response.remote_addr().map(|peer| peer.ip());
        if !target.trusted && peer.is_some_and(|peer| !self.rules.may_connect(peer)) {
            return Err(Trouble::Address);
        }
        let body = beginning(&mut response).await;
        Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), body })
    }

    fn client(&self, trusted: bool) -> Option<&Client> {
        let slot = if trusted { &self.trusted } else { &self.guarded };
        slot.get_or_init(|| {
            let built = self.build(trusted);
            if let Err(error) = &built {
                tracing::error!(%error, "outgoing calls cannot be made: are the system's CA certificates installed?");
            }
            built.ok()
        })
        .as_ref()
    }

    fn build(&self, trusted: bool) -> reqwest::Result<Client> {
        Client::builder()
            .user_agent("Recourse")
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .https_only(!trusted)
            .tls_version_min(tls::Version::TLS_1_2)
            .connect_timeout(self.settings.connect())
            .timeout(Duration::from_millis(self.settings.total_ms))
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(4)
            .dns_resolver(Resolver::new(&self.settings, &self.rules, !trusted))
            .build()
    }
}

/// The beginning of the body. The status has been told: a body that breaks off or does not end changes nothing.
async fn beginning(response: &mut Response) -> Vec<u8> {
    let (mut kept, mut read) = (Vec::new(), 0);
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = KEPT.saturating_sub(kept.len());
        kept.extend(chunk.iter().take(room));
        read += chunk.len();
        if read >= READ {
            break;
        }
    }
    kept
}

fn trouble(error: &reqwest::Error) -> Trouble {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if inner.is::<NotPublic>() {
            return Trouble::Address;
        }
        if inner.is::<NoAddress>() {
            return Trouble::Name;
        }
        cause = inner.source();
    }
    match error {
        error if error.is_timeout() => Trouble::Timeout,
        error if error.is_connect() => Trouble::Connect,
        _ => Trouble::Broken,
    }
}

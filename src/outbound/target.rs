//! Which URLs may be called: plain https names of the public internet, and what the operator allows beside them.

use std::net::IpAddr;

use url::{Host, Url};

use super::Settings;
use super::address::is_public;
use crate::error::rules::Url as Refusal;

/// The longest URL.
const LONGEST: usize = 2_048;

/// Names that never lead to a receiver on the internet: reserved by the IETF or used inside networks.
const INSIDE: [&str; 15] = [
    "arpa",
    "corp",
    "example",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "test",
    "alt",
];

/// A URL that may be called.
#[derive(Clone)]
pub struct Target {
    pub(super) url: Url,
    /// Whether the operator allowed this host by name, so that it may lie anywhere.
    pub(super) trusted: bool,
}

impl std::fmt::Debug for Target {
    /// Paths and queries may hold a receiver's token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({})", self.host())
    }
}

impl Target {
    /// The host, for logs.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

/// What the operator's settings say of outgoing calls.
#[derive(Clone, Debug)]
pub struct Rules {
    allow: Vec<(String, Option<u16>)>,
    ports: Vec<u16>,
    deny: Vec<ipnet::IpNet>,
}

impl Rules {
    /// The rules of these settings.
    ///
    /// # Errors
    /// A sentence about an entry of `outbound.allow` that is no host.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let allow = settings.allow.iter().map(|entry| allowed(entry)).collect::<Option<Vec<_>>>();
        let allow = allow.ok_or("outbound.allow lists hosts, each with or without a port: hooks.internal:9000")?;
        if settings.ports.contains(&0) {
            return Err("outbound.ports lists ports from 1 to 65535".to_owned());
        }
        if settings.connect_ms == 0 || settings.total_ms == 0 {
            return Err("outbound.connect_ms and outbound.total_ms must be at least 1".to_owned());
        }
        Ok(Self { allow, ports: settings.ports.clone(), deny: settings.deny.clone() })
    }

    /// The URL as something that may be called.
    ///
    /// # Errors
    /// Why it may not.
    pub fn target(&self, text: &str) -> Result<Target, Refusal> {
        let plain = text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        let url = Url::parse(text).ok().filter(|_| plain).ok_or(Refusal::Malformed)?;
        let host = url.host().ok_or(Refusal::Malformed)?;
        let name = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err(Refusal::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(Refusal::Fragment);
        }
        let trusted = self.allow.iter().any(|(host, at)| host == name && at.is_none_or(|at| at == port));
        let scheme = url.scheme() == "https" || (trusted && url.scheme() == "http");
        if !scheme {
            return Err(Refusal::Scheme);
        }
        if !trusted {
            match host {
                Host::Ipv4(_) | Host::Ipv6(_) => return Err(Refusal::Address),
                Host::Domain(domain) if !is_outside(domain) => return Err(Refusal::Host),
                Host::Domain(_) if !self.ports.contains(&port) => return Err(Refusal::Port),
                Host::Domain(_) => {}
            }
        }
        // What the parser had to read into the host, such as escapes and other scripts' digits, is somebody's disguise.
        let written = authority(text).split(':').next().unwrap_or_default();
        if !written.eq_ignore_ascii_case(name.split(':').next().unwrap_or_default()) {
            return Err(Refusal::Malformed);
        }
        Ok(Target { url, trusted })
    }

    /// Whether a connection to this address may be made for a host that the operator did not name.
    #[must_use]
    pub fn may_connect(&self, address: IpAddr) -> bool {
        is_public(address) && !self.deny.iter().any(|block| block.contains(&address))
    }
}

/// What stands between `//` and the path, as it was written.
fn authority(text: &str) -> &str {
    let rest = text.split_once("//").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// An entry of the allow-list: a host, and a port when only that one is meant.
fn allowed(entry: &str) -> Option<(String, Option<u16>)> {
    let url = Url::parse(&format!("x://{entry}")).ok()?;
    let bare = url.username().is_empty() && matches!(url.path(), "" | "/") && url.query().is_none();
    let host = url.host_str().filter(|host| bare && !host.is_empty())?;
    Some((host.to_ascii_lowercase(), url.port()))
}

/// Whether a name can lead to a host of the public internet.
fn is_outside(name: &str) -> bool {
    let labels: Vec<&str> = name.split('.').collect();
    let plain = |label: &&str| {
        let inner = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        inner && !label.is_empty() && label.len() <= 63
    };
    let last = labels.last().copied().unwrap_or_default();
    let inside = INSIDE.contains(&last) || last.bytes().all(|b| b.is_ascii_digit());
    labels.len() >= 2 && name.len() <= 253 && labels.iter().all(plain) && !inside
}

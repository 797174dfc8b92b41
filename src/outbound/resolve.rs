//! Names to addresses, once for each connection: what was checked is what is connected to.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{Rules, Settings};

/// An address among the answers is not one to connect to.
#[derive(Debug, thiserror::Error)]
#[error("an address of the host is not public")]
pub(super) struct NotPublic;

/// The host has no address, or nobody says which.
#[derive(Debug, thiserror::Error)]
#[error("the host has no address")]
pub(super) struct NoAddress;

/// Resolves for the calls of one kind.
#[derive(Clone)]
pub(super) struct Resolver {
    shared: Arc<Shared>,
    /// Whether every answer must be public. Hosts that the operator named may lie anywhere.
    guarded: bool,
}

struct Shared {
    nameserver: Option<SocketAddr>,
    patience: Duration,
    rules: Arc<Rules>,
    inner: OnceLock<Option<TokioResolver>>,
}

impl Resolver {
    pub(super) fn new(settings: &Settings, rules: &Arc<Rules>, guarded: bool) -> Self {
        let shared = Shared {
            nameserver: settings.nameserver,
            patience: settings.connect(),
            rules: Arc::clone(rules),
            inner: OnceLock::new(),
        };
        Self { shared: Arc::new(shared), guarded }
    }

    async fn addresses(&self, host: &str) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
        // Made at the first call: it belongs to the runtime that calls.
        let resolver = self.shared.inner.get_or_init(|| self.shared.open().ok()).as_ref().ok_or(NoAddress)?;
        // The dot keeps the machine's search list out, so that a name means the same everywhere.
        let name = if self.guarded { format!("{host}.") } else { host.to_owned() };
        let answer = resolver.lookup_ip(name).await.map_err(|_| NoAddress)?;
        let all: Vec<_> = answer.iter().collect();
        if all.is_empty() {
            return Err(NoAddress.into());
        }
        if self.guarded && !all.iter().all(|address| self.shared.rules.may_connect(*address)) {
            return Err(NotPublic.into());
        }
        Ok(Box::new(all.into_iter().map(|address| SocketAddr::new(address, 0))))
    }
}

impl Shared {
    fn open(&self) -> Result<TokioResolver, NetError> {
        let mut builder = match self.nameserver {
            None => TokioResolver::builder_tokio()?,
            Some(server) => {
                let at_port = |mut connection: ConnectionConfig| {
                    connection.port = server.port();
                    connection
                };
                let ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(at_port).to_vec();
                let server = NameServerConfig::new(server.ip(), true, ways);
                let config = ResolverConfig::from_name_servers(vec![server]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        let options: &mut ResolverOpts = builder.options_mut();
        // Both families are asked for, because one bad answer among all is enough to refuse.
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.timeout = self.patience;
        options.attempts = 1;
        builder.build()
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move { resolver.addresses(name.as_str()).await })
    }
}

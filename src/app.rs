//! Wiring: the only place that puts settings, database, keyring and rules together.

mod readiness;

use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};

use crate::base::time::Clock;
use crate::config::Config;
use crate::db::{self, Db};
use crate::domain::Kit;
use crate::domain::editions::Store;
use crate::domain::platforms::TokenSigner;
use crate::domain::staff::Passwords;
use crate::domain::triage::Engine;
use crate::domain::vault::{self, Keyring, KeyringError};
use crate::metrics::Metrics;
use crate::outbound::{Mailer, Outbound, Pager, Rules};
use readiness::Pulse;
pub use readiness::Reason;

/// Everything a handler or a job works with.
#[derive(Debug)]
pub struct App {
    /// The settings.
    pub config: Config,
    /// The clock.
    pub clock: Clock,
    /// The database.
    pub db: Db,
    /// Keyring and rules.
    pub kit: Kit,
    /// Signs and checks access tokens.
    pub tokens: TokenSigner,
    /// Calls receivers of webhooks.
    pub outbound: Outbound,
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// Writes mail, where a server is set.
    pub mailer: Option<Mailer>,
    /// The operator's pager, where one is set.
    pub pager: Option<Pager>,
    /// What the operator's monitoring reads.
    pub metrics: Metrics,
    editions: Store,
    pulse: Pulse,
}

impl App {
    /// Where editions stand.
    #[must_use]
    pub const fn editions(&self) -> &Store {
        &self.editions
    }
}

/// Opens the database, migrates it, opens the keyring and loads the rules.
///
/// # Errors
/// A sentence that says what is wrong and what to do.
pub async fn open(config: Config, clock: Clock) -> anyhow::Result<Arc<App>> {
    let place = config.place().map_err(|reason| anyhow!(reason))?;
    make_data_directory(&config)?;
    let applied = tokio::task::spawn_blocking({
        let place = place.clone();
        move || db::migrate::up(&place)
    })
    .await??;
    if !applied.is_empty() {
        tracing::info!(count = applied.len(), "migrations applied");
    }
    let file = config.keyring_file();
    let keyring = Keyring::open(&file, db::look(&place, &clock, vault::sealed_rows_exist).await?)?;
    let db = Db::open(&place, config.sizes(), clock.clone(), keyring.chain_key())?;
    let fingerprint = keyring.id();
    if !db.write(move |tx| vault::settle_keyring(tx, &fingerprint)).await? {
        return Err(KeyringError::Foreign(file).into());
    }
    let triage = load_rules(&config);
    let tokens = TokenSigner::new(&keyring, &config.base_url())?;
    let idempotency_kept = Duration::from_secs(config.idempotency_days * 24 * 3600);
    let rules = Arc::new(Rules::new(&config.outbound).map_err(|reason| anyhow!(reason))?);
    let outbound = Outbound::new(config.outbound.clone(), Arc::clone(&rules));
    let kit = Kit { keyring, triage, idempotency_kept, outbound: rules };
    let mailer = Mailer::new(&config.mail).map_err(|reason| anyhow!(reason))?;
    let pager = Pager::new(&config.pager).map_err(|reason| anyhow!(reason))?;
    if mailer.is_none() {
        tracing::info!("no mail server is set: pages stand in the log only");
    }
    let (passwords, metrics, pulse) = (Passwords::new()?, Metrics::new(&kit.triage), Pulse::begin(clock.now()));
    let editions = Store::new(config.editions_folder(), config.data.join("auditor"));
    Ok(Arc::new(App { config, clock, db, kit, tokens, outbound, passwords, mailer, pager, metrics, editions, pulse }))
}

/// Makes the data directory when there is none. Nobody else on the machine may look into it.
///
/// # Errors
/// A sentence that names the directory.
pub fn make_data_directory(config: &Config) -> anyhow::Result<()> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&config.data);
    made.with_context(|| format!("the data directory {} cannot be made", config.data.display()))
}

/// A rule file that cannot be read never stops intake: the engine then answers p1 and pages, until it is mended.
fn load_rules(config: &Config) -> Engine {
    let engine = match &config.rules_file {
        None => Engine::from_rules_text(None),
        Some(file) => match std::fs::read_to_string(file) {
            Ok(text) => Engine::from_rules_text(Some(&text)),
            Err(error) => Engine::without_rules(format!("the rule file {} cannot be read: {error}", file.display())),
        },
    };
    if let Some(reason) = engine.failure() {
        tracing::error!(reason, "the triage rules cannot be used: every case is p1 and the on-call is paged");
    }
    engine
}

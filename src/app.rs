//! Wiring: the only place that puts settings, database, keyring and rules together.

use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};

use crate::base::time::Clock;
use crate::config::Config;
use crate::db::{self, Db};
use crate::domain::Kit;
use crate::domain::platforms::TokenSigner;
use crate::domain::staff::Passwords;
use crate::domain::triage::Engine;
use crate::domain::vault::{self, Keyring, KeyringError};
use crate::error::Error;
use crate::outbound::{Outbound, Rules};

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
}

/// Opens the database, migrates it, opens the keyring and loads the rules.
///
/// # Errors
/// A sentence that says what is wrong and what to do.
pub async fn open(config: Config, clock: Clock) -> anyhow::Result<Arc<App>> {
    let place = config.place().map_err(|reason| anyhow!(reason))?;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&config.data)
        .with_context(|| format!("the data directory {} cannot be made", config.data.display()))?;
    let applied = tokio::task::spawn_blocking({
        let place = place.clone();
        move || db::migrate::up(&place)
    })
    .await??;
    if !applied.is_empty() {
        tracing::info!(count = applied.len(), "migrations applied");
    }
    let db = Db::open(&place, config.sizes(), clock.clone())?;
    let keyring = open_keyring(&config, &db).await?;
    let triage = load_rules(&config);
    let tokens = TokenSigner::new(&keyring, &config.base_url())?;
    let idempotency_kept = Duration::from_secs(config.idempotency_days * 24 * 3600);
    let rules = Arc::new(Rules::new(&config.outbound).map_err(|reason| anyhow!(reason))?);
    let outbound = Outbound::new(config.outbound.clone(), Arc::clone(&rules));
    let kit = Kit { keyring, triage, idempotency_kept, outbound: rules };
    Ok(Arc::new(App { config, clock, db, kit, tokens, outbound, passwords: Passwords::new()? }))
}

async fn open_keyring(config: &Config, db: &Db) -> anyhow::Result<Keyring> {
    let file = config.keyring_file();
    let sealed = db.read(vault::sealed_rows_exist).await?;
    let keyring = Keyring::open(&file, sealed)?;
    let fingerprint = keyring.id();
    let own = db.write(move |tx| vault::settle_keyring(tx, &fingerprint)).await?;
    if own { Ok(keyring) } else { Err(KeyringError::Foreign(file).into()) }
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

impl App {
    /// Whether the database answers.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    pub async fn check_ready(&self) -> Result<(), Error> {
        self.db.read(|rx| vault::sealed_rows_exist(rx).map(|_| ())).await
    }
}

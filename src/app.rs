//! Wiring: the only place that puts settings, database, keyring and rules together.

mod guarded;
mod high_water;
mod occupied;
mod readiness;
mod rules;

use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::time::{Instant, interval_at};

use crate::base::time::Clock;
use crate::config::Config;
use crate::db::standing::{Standing, look_at};
use crate::db::{self, Db, Place, Share};
use crate::domain::directory::{Book, Books};
use crate::domain::people::door::Passwords;
use crate::domain::people::platforms;
use crate::domain::people::tokens::TokenSigner;
use crate::domain::referrals::routing;
use crate::domain::unit::{Caller, Entry, Kit, Look, Unit};
use crate::domain::vault::{self, Keyring, KeyringError};
use crate::error::Result;
use crate::metrics::Metrics;
use crate::outbound::{Mailer, Outbound, Pager, Rules};
use crate::statistics::editions::Store;
pub use guarded::look as look_at_files;
pub use high_water::Mark;
pub use occupied::Occupied;
use readiness::Pulse;
pub use readiness::Reason;

/// How often it is looked how many platforms there are.
const COUNT: Duration = Duration::from_mins(10);

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
    pub kit: Arc<Kit>,
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
    /// The rules by which services are proposed.
    pub routing: routing::Rules,
    /// The directory of services, as it was read last.
    pub directory: Books,
    editions: Store,
    pulse: Pulse,
    serves_several: AtomicBool,
    /// Kept for as long as this process serves.
    _occupied: Option<Occupied>,
}

impl App {
    /// Whether several platforms were connected when they were last counted.
    #[must_use]
    pub fn serves_several(&self) -> bool {
        self.serves_several.load(Ordering::Relaxed)
    }

    /// Reads the directory of services, where it has changed since it was read last.
    ///
    /// # Errors
    /// What the database says.
    pub async fn read_directory(self: &Arc<Self>) -> Result<Arc<Book>> {
        let app = Arc::clone(self);
        self.read(move |rx| app.directory.now(rx)).await
    }

    /// Counts the platforms with a credential that holds. Where they cannot be counted it stays as it was.
    pub async fn count_platforms(&self) {
        match self.read(platforms::are_several).await {
            Ok(are_several) => {
                self.serves_several.store(are_several, Ordering::Relaxed);
                self.db.serve_several(are_several);
            }
            Err(error) => tracing::debug!(%error, "the platforms could not be counted"),
        }
    }

    /// Counts them again now and then, and tells what came of it, until the process ends.
    pub async fn follow_platforms(&self, tell: impl Fn(bool)) {
        let mut ticks = interval_at(Instant::now() + COUNT, COUNT);
        loop {
            ticks.tick().await;
            self.count_platforms().await;
            tell(self.serves_several());
        }
    }

    /// Where editions stand.
    #[must_use]
    pub const fn editions(&self) -> &Store {
        &self.editions
    }

    /// Runs `work` in one transaction for a job or a command, and commits it durably or leaves no trace.
    ///
    /// # Errors
    /// What `work` returned, or `Unavailable` when the database could not do it; then nothing was stored.
    pub async fn write<T, F>(&self, caller: Caller, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Unit<'_>) -> Result<T> + Send + 'static,
    {
        let kit = Arc::clone(&self.kit);
        self.db.write(&share(caller), move |tx| Unit::run(tx, &kit, caller, work)).await
    }

    /// One on a database of its own, for tests of what needs no more of the program.
    #[cfg(test)]
    pub(crate) async fn for_test(data: &std::path::Path, clock: Clock) -> anyhow::Result<Arc<Self>> {
        open(Config { data: data.to_owned(), ..Config::default() }, clock).await
    }

    /// Runs `work` in a transaction that writes, for somebody who has a credential and is not proved yet: it begins with the
    /// access rules. It waits in the line of whoever calls.
    ///
    /// # Errors
    /// As [`App::write`].
    pub async fn enter<T, F>(&self, share: &Share, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Entry<'_>) -> Result<T> + Send + 'static,
    {
        let kit = Arc::clone(&self.kit);
        self.db.write(share, move |tx| Entry::run(tx, &kit, work)).await
    }

    /// Runs `work` on one consistent snapshot, for the service itself: a job, a command, what it says of itself.
    ///
    /// # Errors
    /// What `work` returned, or `Unavailable`.
    pub async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Look<'_>) -> Result<T> + Send + 'static,
    {
        self.read_for(&Share::house(), work).await
    }

    /// Runs `work` on one consistent snapshot, in the turn of whoever calls.
    ///
    /// # Errors
    /// As [`App::read`].
    pub async fn read_for<T, F>(&self, share: &Share, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Look<'_>) -> Result<T> + Send + 'static,
    {
        let kit = Arc::clone(&self.kit);
        self.db.read(share, move |rx| work(&mut Look::begin(rx.lend(), &kit))).await
    }
}

/// Each job waits in a line of its own, so that none is behind another.
fn share(caller: Caller) -> Share {
    match caller {
        Caller::Job(name) => Share::of(name),
        Caller::Command(_) => Share::house(),
    }
}

/// What a command may do where nothing stands yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beginning {
    /// As `Allowed`, for the one process that serves an `SQLite` file.
    Alone,
    /// Begin: make the data directory, the database and the keyring, and bring an older database to this version.
    Allowed,
    /// Nothing: it looks at a world, or works in one.
    Never,
}

/// Opens the service, and begins where nothing stands yet: makes the data directory, the database and the keyring.
///
/// # Errors
/// A sentence that says what is wrong and what to do. Nothing was made then.
pub async fn open(config: Config, clock: Clock) -> anyhow::Result<Arc<App>> {
    begun(enter(config, clock, Beginning::Allowed).await?).await
}

/// Opens the service for a process that serves and works: no other does so on the same `SQLite` database.
///
/// # Errors
/// As [`open`]; also the name of the process that has it.
pub async fn open_alone(config: Config, clock: Clock) -> anyhow::Result<Arc<App>> {
    begun(enter(config, clock, Beginning::Alone).await?).await
}

/// Opens the service where it stands already, for commands that look or administer.
///
/// # Errors
/// As [`open`]; also when nothing stands there, or what stands there is older than this version.
pub async fn open_existing(config: Config, clock: Clock) -> anyhow::Result<Arc<App>> {
    enter(config, clock, Beginning::Never).await
}

/// Before anybody is let in: what an older database gave back is taken away again.
async fn begun(app: Arc<App>) -> anyhow::Result<Arc<App>> {
    app.hold_high_water().await?;
    app.count_platforms().await;
    Ok(app)
}

async fn enter(config: Config, clock: Clock, beginning: Beginning) -> anyhow::Result<Arc<App>> {
    // Settings first: what is refused for them leaves nothing behind.
    let place = config.place().map_err(|reason| anyhow!(reason))?;
    let rules = Arc::new(Rules::new(&config.outbound).map_err(|reason| anyhow!(reason))?);
    let mailer = Mailer::new(&config.mail).map_err(|reason| anyhow!(reason))?;
    let pager = Pager::new(&config.pager).map_err(|reason| anyhow!(reason))?;
    let passwords = Passwords::new()?;

    for found in guarded::look(&config, &place)? {
        tracing::warn!(place = found.id, code = found.code, "{}", found.detail);
    }
    // Before anything is changed, if there is anything; otherwise as soon as there is.
    let mut occupied = if beginning == Beginning::Alone { Occupied::early(&place)? } else { None };
    let (keyring, is_new) = bring_together(&config, &place, &mut occupied, &clock, beginning).await?;
    let db = Db::open(&place, config.sizes(), clock.clone(), keyring.chain_key())?;
    let fingerprint = keyring.id();
    if !db.write(&Share::house(), move |tx| vault::remember_keyring(tx, &fingerprint)).await? {
        let file = config.keyring_file();
        if is_new {
            // Another process began at the same moment; nothing was sealed under this one.
            let _ = std::fs::remove_file(&file);
        }
        return Err(KeyringError::Foreign(file).into());
    }
    let triage = rules::triage(&config);
    let (routing, referrals, periods) = (rules::routing(&config), rules::referrals(&config), rules::periods(&config));
    let tokens = TokenSigner::new(&keyring, &config.base_url())?;
    let idempotency_kept = Duration::from_secs(config.idempotency_days * 24 * 3600);
    let outbound = Outbound::new(config.outbound.clone(), Arc::clone(&rules));
    let policy_is_named = config.data_protection.is_named();
    let kit = Arc::new(Kit { keyring, triage, referrals, periods, policy_is_named, idempotency_kept, outbound: rules });
    if mailer.is_none() {
        tracing::info!("no mail server is set: pages stand in the log only");
        if config.mail.operator.is_some() {
            tracing::warn!("mail.operator is set and mail.url is not: nobody is written to");
        }
    }
    let (metrics, pulse) = (Metrics::new(&kit.triage), Pulse::begin(clock.now()));
    let editions = Store::new(config.editions_folder(), config.data.join("auditor"));
    Ok(Arc::new(App {
        config,
        clock,
        db,
        kit,
        tokens,
        outbound,
        passwords,
        mailer,
        pager,
        metrics,
        routing,
        directory: Books::default(),
        editions,
        pulse,
        serves_several: AtomicBool::new(true),
        _occupied: occupied,
    }))
}

/// Brings database and keyring together, and says whether the keyring is new. One of them without the other is told as
/// what it is, before anything is made.
async fn bring_together(
    config: &Config,
    place: &Place,
    occupied: &mut Option<Occupied>,
    clock: &Clock,
    beginning: Beginning,
) -> anyhow::Result<(Keyring, bool)> {
    let file = config.keyring_file();
    let keyring = if Keyring::is_there(&file)? { Some(Keyring::open(&file)?) } else { None };
    match (stand(place).await?, &keyring) {
        (Standing::Nothing, Some(_)) => return Err(KeyringError::Alone(file, place.to_string()).into()),
        (Standing::Nothing, None) if beginning == Beginning::Never => return Err(nothing_here(place)),
        (Standing::Nothing, None) => {}
        (Standing::Ours { pending, unknown }, _) => {
            let known = db::look(place, clock, vault::known_keyring).await?;
            match (&keyring, known.id) {
                (None, _) if known.sealed => return Err(KeyringError::Missing(file).into()),
                (None, Some(_)) => return Err(KeyringError::Gone(file).into()),
                (None, None) if beginning == Beginning::Never => {
                    anyhow::bail!("{place} has no keyring yet: the first `recourse serve` makes it")
                }
                (Some(keyring), Some(id)) if id != keyring.id() => return Err(KeyringError::Foreign(file).into()),
                _ => {}
            }
            if beginning == Beginning::Never && !pending.is_empty() {
                anyhow::bail!(
                    "{place} is {} migrations behind this version: back it up and run `recourse migrate`, or start the \
                     service, which does the same",
                    pending.len()
                );
            }
            if unknown > 0 {
                return Err(too_new(place, unknown));
            }
        }
    }
    if beginning != Beginning::Never {
        refuse_missing_folder(config, place)?;
        make_data_directory(config)?;
        if beginning == Beginning::Alone && occupied.is_none() {
            *occupied = Occupied::take(place)?;
        }
        migrate(place).await?;
    }
    match keyring {
        Some(keyring) => Ok((keyring, false)),
        None => Ok((Keyring::begin(&file)?, true)),
    }
}

/// What stands at the place.
async fn stand(place: &Place) -> anyhow::Result<Standing> {
    let place = place.clone();
    tokio::task::spawn_blocking(move || look_at(&place)).await?.map_err(|reason| anyhow!(reason))
}

/// Brings the database to this version.
async fn migrate(place: &Place) -> anyhow::Result<()> {
    let place = place.clone();
    let applied = tokio::task::spawn_blocking(move || db::migrate::up(&place)).await??;
    if !applied.is_empty() {
        tracing::info!(count = applied.len(), "migrations applied");
    }
    Ok(())
}

/// The answer of commands that would have to begin, and must not.
#[must_use]
pub fn nothing_here(place: &Place) -> anyhow::Error {
    anyhow!(
        "nothing of Recourse stands in {place}: the first `recourse serve` makes it. If it should be there, look at --data, \
         RECOURSE_DATA and RECOURSE_DATABASE_URL"
    )
}

/// The answer of a program that knows less than the database: what it would write, a newer one may take for something
/// else.
#[must_use]
pub fn too_new(place: &Place, unknown: usize) -> anyhow::Error {
    anyhow!(
        "{place} is {unknown} migrations ahead of this program: use the newer program that made them. There is no way back \
         but the backup from before the upgrade"
    )
}

/// The data directory is made; the folder of a database file that was put elsewhere is its owner's to make.
///
/// # Errors
/// A sentence that names the folder.
pub fn refuse_missing_folder(config: &Config, place: &Place) -> anyhow::Result<()> {
    let Place::Sqlite(file) = place else { return Ok(()) };
    match file.parent() {
        Some(folder) if folder != config.data && !folder.as_os_str().is_empty() && !folder.is_dir() => {
            anyhow::bail!(
                "the folder {} of the database file does not exist: make it, or name another",
                folder.display()
            )
        }
        _ => Ok(()),
    }
}

/// Makes the data directory when there is none. Nobody else on the machine may look into it.
///
/// # Errors
/// A sentence that names the directory.
pub fn make_data_directory(config: &Config) -> anyhow::Result<()> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&config.data);
    made.with_context(|| {
        format!("the data directory {} cannot be made: name another with --data, or make it", config.data.display())
    })
}

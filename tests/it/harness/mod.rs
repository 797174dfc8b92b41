//! The world of a test: a service of its own on a database of its own, with a clock that the test moves.

pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod contract;
pub(crate) mod dice;
pub(crate) mod editions;
pub(crate) mod hands;
pub(crate) mod operations;
pub(crate) mod payloads;
pub(crate) mod pooler;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod proofs;
pub(crate) mod receiver;
pub(crate) mod smtp;
pub(crate) mod tab;

use std::future::Future;
use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use recourse::app::{self, App};
use recourse::base::secret::Sensitive;
use recourse::base::time::{Clock, Timestamp};
use recourse::config::{Config, DataProtection, Limits};
use recourse::domain::directory;
use recourse::domain::ledger::outbox;
use recourse::domain::paging::{owed, rota};
use recourse::domain::people::door;
use recourse::domain::people::partners::{self, PartnerScope};
use recourse::domain::people::platforms::{self, NewCredential, Scope};
use recourse::domain::people::staff::{self, NewMember, Role};
use recourse::domain::terms::Mode;
use recourse::domain::triage::Queue;
use recourse::{db, jobs, web};
use tempfile::TempDir;

use client::{Caller, Partner, Platform, Staff};

/// When every test begins: at no round instant, as nothing does.
pub(crate) const BEGIN: &str = "2026-11-21T19:04:02.123457Z";

/// Who writes in a test where nobody comes with a credential.
pub(crate) const TEST: recourse::domain::unit::Caller = recourse::domain::unit::Caller::Job("test");

/// A service on a database of its own.
pub(crate) struct World {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Clock,
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    pub(crate) config: Config,
    dir: TempDir,
}

/// Leases up to `limit` of the jobs that are due, as a worker of this name does.
pub(crate) fn lease(
    tx: &mut recourse::domain::unit::Unit<'_>,
    worker: &str,
    limit: i64,
) -> recourse::error::Result<Vec<owed::Leased>> {
    let due = outbox::due(tx, &outbox::Full::default(), limit)?;
    owed::lease(tx, worker, &due)
}

/// Says something past the test runner's capture: whoever runs the tests must see what they covered.
pub(crate) fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Which databases this machine lets the tests use. The first call says so.
pub(crate) fn databases() -> Vec<Database> {
    static SAID: OnceLock<()> = OnceLock::new();
    let mut all = vec![Database::Sqlite];
    all.extend(postgres::cluster().map(|_| Database::Postgres));
    SAID.get_or_init(|| {
        let names: Vec<&str> = all.iter().map(|database| database.name()).collect();
        let hint = if all.len() == 1 { " (no initdb found: see CONTRIBUTING.md)" } else { "" };
        say(&format!("tests run on {}{hint}\n", names.join(" and ")));
    });
    all
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// Runs a test on each database, in a world of its own.
pub(crate) fn on_both<F, Fut>(test: F)
where
    F: Fn(World) -> Fut,
    Fut: Future<Output = ()>,
{
    on_both_with(|_| {}, test);
}

/// The same, with settings of its own.
pub(crate) fn on_both_with<F, Fut>(settings: impl Fn(&mut Config), test: F)
where
    F: Fn(World) -> Fut,
    Fut: Future<Output = ()>,
{
    for database in databases() {
        let system = actix_web::rt::System::new();
        system.block_on(async {
            let world = World::begin(database, &settings).await;
            test(world).await;
        });
    }
}

/// Documents of data protection as an operator names them, without which nothing real is handed over.
pub(crate) fn documents() -> DataProtection {
    DataProtection {
        impact_assessment: Some("DPIA 3, in the trustees' folder".to_owned()),
        policy_document: Some("Appropriate policy document 2".to_owned()),
        agreement: Some("Sharing agreement 1".to_owned()),
        agreed_on: Some("2026-11-01".to_owned()),
        owner: Some("Lena, safeguarding lead".to_owned()),
    }
}

impl World {
    /// A fresh service.
    pub(crate) async fn begin(database: Database, settings: &impl Fn(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config {
            data: dir.path().to_owned(),
            limits: Limits {
                ingest: 100_000,
                read: 100_000,
                bulk: 100_000,
                token: 100_000,
                staff: 100_000,
                portal: 100_000,
                public: 100_000,
            },
            workers: Some(2),
            postgres_connections: 8,
            data_protection: documents(),
            ..Config::default()
        };
        if database == Database::Postgres {
            config.database_url = Some(Sensitive::new(fresh_database()));
        }
        settings(&mut config);
        let clock = Clock::standing_at(Timestamp::parse(BEGIN).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        config.listen = listener.local_addr().unwrap();
        let base = config.base_url();
        let app = app::open(config.clone(), clock.clone()).await.unwrap();
        actix_web::rt::spawn(web::serve(&app, listener).unwrap());
        let http = reqwest::Client::builder().timeout(Duration::from_mins(1)).build().unwrap();
        Self { app, clock, base, http, config, dir }
    }

    /// The same service again, on another data directory and database: what was restored.
    pub(crate) async fn again(&self, dir: TempDir, database_url: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let config = Config {
            data: dir.path().to_owned(),
            database_url: database_url.map(Sensitive::new),
            listen: listener.local_addr().unwrap(),
            ..self.config.clone()
        };
        let (base, clock) = (config.base_url(), self.clock.clone());
        let app = app::open(config.clone(), clock.clone()).await.unwrap();
        actix_web::rt::spawn(web::serve(&app, listener).unwrap());
        Self { app, clock, base, http: self.http.clone(), config, dir }
    }

    /// The data directory.
    pub(crate) fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// A platform with a live credential of every scope.
    pub(crate) async fn platform(&self, slug: &'static str) -> Platform {
        self.platform_with(slug, Mode::Live, Scope::ALL).await
    }

    /// A platform (made when it is not there yet) with a credential of its own, signed in.
    pub(crate) async fn platform_with(&self, slug: &'static str, mode: Mode, scopes: &'static [Scope]) -> Platform {
        let new = self.credential(slug, mode, scopes).await;
        Platform::sign_in(self, &new).await
    }

    /// A credential of a platform.
    pub(crate) async fn credential(&self, slug: &'static str, mode: Mode, scopes: &'static [Scope]) -> NewCredential {
        self.app
            .write(TEST, move |tx| {
                let platform = match platforms::find(tx, slug)? {
                    Some(platform) => platform,
                    None => platforms::add(tx, slug, slug)?,
                };
                platforms::add_client(tx, &platform, mode, scopes)
            })
            .await
            .unwrap()
    }

    /// A service's machine with a new credential, signed in. The service stands in the directory.
    pub(crate) async fn partner(&self, slug: &'static str, mode: Mode, scopes: &'static [PartnerScope]) -> Partner {
        let add = move |tx: &mut recourse::domain::unit::Unit<'_>| {
            let service = directory::id_of(tx, slug)?;
            partners::add(tx, &service, mode, scopes)
        };
        Partner::sign_in(self, &self.app.write(TEST, add).await.unwrap()).await
    }

    /// A colleague with the usual queues of the role, signed in.
    pub(crate) async fn staff(&self, role: Role) -> Staff {
        self.staff_with(role, Vec::new()).await
    }

    /// A colleague with these queues, signed in from inside.
    pub(crate) async fn staff_with(&self, role: Role, queues: Vec<Queue>) -> Staff {
        self.hire(role, queues, None).await
    }

    /// A further account of somebody, signed in.
    pub(crate) async fn second_account(&self, of: &Staff, role: Role) -> Staff {
        self.hire(role, Vec::new(), Some(of.username.clone())).await
    }

    /// A further safeguarding lead reads a case, so that it is known to two.
    pub(crate) async fn read_by_another(&self, case: &str) {
        self.staff(Role::SafeguardingLead).await.case(case).await;
    }

    /// Somebody whose session has ended, signed in again.
    pub(crate) async fn signed_in_again(&self, who: &Staff) -> Staff {
        let name = who.username.clone();
        let open = move |tx: &mut recourse::domain::unit::Unit<'_>| {
            let account = staff::account(tx, &name)?.unwrap();
            staff::open_session(tx, account, staff::Carrier::Api)
        };
        let opened = self.app.write(TEST, open).await.unwrap();
        Staff { caller: Caller::new(self, opened.token.into_exposed()), ..who.clone() }
    }

    async fn hire(&self, role: Role, queues: Vec<Queue>, same_person_as: Option<String>) -> Staff {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let username = format!("{}-{}", role.as_str(), COUNT.fetch_add(1, Ordering::Relaxed));
        let name = username.clone();
        let totp_secret = door::new_secret();
        let opened = self
            .app
            .write(TEST, move |tx| {
                let password_hash = "$none$".to_owned();
                let (username, is_given) = (name.clone(), false);
                let new = NewMember { username, role, queues, password_hash, is_given, totp_secret, same_person_as };
                staff::add(tx, new)?;
                let account = staff::account(tx, &name)?.unwrap();
                staff::open_session(tx, account, staff::Carrier::Api)
            })
            .await
            .unwrap();
        Staff { caller: Caller::new(self, opened.token.into_exposed()), id: opened.member.id.to_string(), username }
    }

    /// Puts a colleague on the rota from now on.
    pub(crate) async fn on_rota(&self, who: &Staff, hours: u64) {
        let name = who.username.clone();
        let add = move |tx: &mut recourse::domain::unit::Unit<'_>| {
            let now = tx.now();
            rota::add(tx, &name, now, now.plus(Duration::from_hours(hours)))
        };
        self.app.write(TEST, add).await.unwrap();
    }

    /// Somebody with any bearer token, or none.
    pub(crate) fn caller(&self, token: &str) -> Caller {
        Caller::new(self, token.to_owned())
    }

    /// Runs the clock-driven jobs once, and the outbox until it is empty.
    pub(crate) async fn run_jobs(&self) {
        jobs::tick(Arc::clone(&self.app)).await.unwrap();
        jobs::work_off(&self.app, "test").await.unwrap();
    }

    /// Delivers all that is due. How many attempts that took.
    pub(crate) async fn deliver(&self) -> usize {
        jobs::Courier::new(&self.app, "test").work_off().await.unwrap()
    }

    /// Takes every endpoint for one that showed that it wants events, where nobody listens that could.
    pub(crate) fn take_for_proved(&self) {
        self.tamper("UPDATE webhook_endpoints SET state = 'active', verified_at = created_at WHERE state = 'unproved'");
    }

    /// A change by somebody with a hand in the database, past every rule that the database itself keeps.
    pub(crate) fn tamper(&self, statement: &str) {
        if let Some(url) = &self.config.database_url {
            let mut conn = PgConnection::establish(url.expose()).unwrap();
            conn.batch_execute("SET session_replication_role = replica").unwrap();
            conn.batch_execute(statement).unwrap();
        } else {
            let file = self.dir().join("recourse.sqlite3");
            let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
            conn.batch_execute("PRAGMA foreign_keys = OFF").unwrap();
            conn.batch_execute(statement).unwrap();
        }
    }

    /// Moves the clock.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// The URL of a new `PostgreSQL` database, copied from a migrated one.
pub(crate) fn fresh_database() -> String {
    static TEMPLATE: OnceLock<()> = OnceLock::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let cluster = postgres::cluster().expect("a PostgreSQL cluster");
    TEMPLATE.get_or_init(|| {
        admin(cluster, "CREATE DATABASE recourse_template");
        db::migrate::up(&db::Place::Postgres(cluster.url("recourse_template"))).unwrap();
    });
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    admin(cluster, &format!("CREATE DATABASE {name} TEMPLATE recourse_template"));
    cluster.url(&name)
}

/// The URL of a new `PostgreSQL` database in which nothing is.
pub(crate) fn empty_database() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let cluster = postgres::cluster().expect("a PostgreSQL cluster");
    let name = format!("empty_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    admin(cluster, &format!("CREATE DATABASE {name}"));
    cluster.url(&name)
}

/// One statement at a time: a template must not be in use while it is copied.
fn admin(cluster: &postgres::Cluster, statement: &str) {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = TURN.lock().unwrap();
    let mut conn = PgConnection::establish(&cluster.url("postgres")).unwrap();
    conn.batch_execute(statement).unwrap();
}

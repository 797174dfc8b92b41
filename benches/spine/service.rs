//! The service under measurement: in this process, on a loopback port, as `recourse serve` runs it.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use recourse::app::{self, App};
use recourse::base::secret::Sensitive;
use recourse::base::time::Clock;
use recourse::config::{Config, Limits};
use recourse::db::Place;
use recourse::domain::people::door;
use recourse::domain::people::platforms::{self, Scope};
use recourse::domain::people::staff::{self, NewMember, Role};
use recourse::domain::terms::Mode;
use recourse::web;
use tempfile::TempDir;

use crate::postgres::Cluster;

/// Where databases are made.
pub(crate) enum Home<'c> {
    Sqlite,
    Postgres(&'c Cluster),
}

impl<'c> Home<'c> {
    pub(crate) const fn sqlite() -> Self {
        Self::Sqlite
    }

    pub(crate) const fn postgres(cluster: &'c Cluster) -> Self {
        Self::Postgres(cluster)
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// The name on the command line.
    pub(crate) const fn key(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// An empty database with one platform, which nothing serves yet.
    pub(crate) fn database(&self) -> Database {
        self.database_with(|_| {})
    }

    /// The same under other settings.
    pub(crate) fn database_with(&self, settings: impl FnOnce(&mut Config)) -> Database {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let dir = tempfile::Builder::new().prefix("recourse-spine.").tempdir().unwrap();
        let mut config = Config {
            data: dir.path().to_owned(),
            limits: Limits {
                public: 1_000_000,
                ingest: 1_000_000,
                read: 1_000_000,
                bulk: 1_000_000,
                token: 1_000_000,
                staff: 1_000_000,
                portal: 1_000_000,
            },
            ..Config::default()
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        config.listen = listener.local_addr().unwrap();
        if let Self::Postgres(cluster) = self {
            let name = format!("spine_{}", COUNT.fetch_add(1, Ordering::Relaxed));
            let mut conn = PgConnection::establish(&cluster.url("postgres")).unwrap();
            conn.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
            config.database_url = Some(Sensitive::new(cluster.url(&name)));
        }
        settings(&mut config);
        let place = config.place().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let app = runtime.block_on(app::open(config, Clock::machine())).unwrap();
        let (platform, client, token) = runtime.block_on(platform(&app));
        Database { runtime, app, listener: Some(listener), platform, client, token, place, dir }
    }
}

async fn platform(app: &Arc<App>) -> (String, String, String) {
    let (platform, client) = app
        .write(recourse::domain::unit::Caller::Command("bench"), |tx| {
            let platform = platforms::add(tx, "spark", "Spark")?;
            let id = platforms::add_client(tx, &platform, Mode::Live, Scope::ALL)?.client;
            Ok((platform.id, platforms::client(tx, &id)?.unwrap()))
        })
        .await
        .unwrap();
    let token = app.tokens.issue(&client, Scope::ALL, app.clock.now()).unwrap();
    (platform.to_string(), client.id.to_string(), token)
}

/// A database that the service opened once.
pub(crate) struct Database {
    runtime: tokio::runtime::Runtime,
    pub(crate) app: Arc<App>,
    /// Until somebody serves on it.
    listener: Option<TcpListener>,
    pub(crate) platform: String,
    pub(crate) client: String,
    /// A platform's access token with every scope, good for ten minutes.
    pub(crate) token: String,
    pub(crate) place: Place,
    dir: TempDir,
}

impl Database {
    /// Serves it.
    pub(crate) fn serve(mut self) -> Service {
        // Given away, not shared: when a signal ends the service, clients are refused and the benchmark ends too.
        let listener = self.listener.take().unwrap();
        let address = listener.local_addr().unwrap();
        let app = Arc::clone(&self.app);
        let (send, handle) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = web::serve(&app, listener).unwrap();
                send.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        let handle = handle.recv().unwrap();
        Service { database: self, address, handle, thread }
    }

    /// A connection past the service.
    pub(crate) fn batch(&self, sql: &str) {
        let done = match &self.place {
            Place::Sqlite(path) => SqliteConnection::establish(path.to_str().unwrap()).unwrap().batch_execute(sql),
            Place::Postgres(url) => PgConnection::establish(url).unwrap().batch_execute(sql),
        };
        done.unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    pub(crate) fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    /// Leads with every queue that a lead has, signed in.
    pub(crate) fn staff(&self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.block_on(lead(&self.app))).collect()
    }

    /// Closes the service's connections and leaves the files.
    pub(crate) fn release(self) -> (Place, String, String, TempDir) {
        (self.place, self.platform, self.client, self.dir)
    }
}

async fn lead(app: &Arc<App>) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let username = format!("lead-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let new = NewMember {
        username: username.clone(),
        role: Role::Lead,
        queues: Vec::new(),
        password_hash: "$none$".to_owned(),
        is_given: false,
        totp_secret: door::new_secret(),
        same_person_as: None,
    };
    let opened = app.write(recourse::domain::unit::Caller::Command("bench"), move |tx| {
        staff::add(tx, new)?;
        let account = staff::account(tx, &username)?.unwrap();
        staff::open_session(tx, account, staff::Carrier::Api)
    });
    opened.await.unwrap().token.into_exposed()
}

/// A database that is served.
pub(crate) struct Service {
    pub(crate) database: Database,
    pub(crate) address: SocketAddr,
    handle: actix_web::dev::ServerHandle,
    thread: JoinHandle<()>,
}

impl Service {
    /// Ends the service and forgets its data.
    pub(crate) fn stop(self) {
        drop(self.end());
    }

    /// Ends the service.
    pub(crate) fn end(self) -> Database {
        self.database.block_on(self.handle.stop(false));
        self.thread.join().unwrap();
        self.database
    }
}

//! A service with ten platforms, set up in this process and, where intake is measured, run as one of its own.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use diesel::Connection;
use diesel::connection::SimpleConnection;
use recourse::app::App;
use recourse::base::id::PlatformId;
use recourse::base::secret::{Sensitive, hex, random_bytes};
use recourse::config::Config;
use recourse::db::Share;
use recourse::domain::access::{self, Presented};
use recourse::domain::ledger::events::EventType;
use recourse::domain::people::platforms::{self, Client, Scope};
use recourse::domain::terms::Mode;
use recourse::domain::unit::Caller;
use recourse::domain::webhooks::{self, NewEndpoint};

use crate::postgres::Cluster;

/// The settings of a service on a database of its own.
pub(crate) fn config(data: &Path, cluster: Option<&Cluster>) -> Config {
    let mut config = Config { data: data.to_owned(), ..Config::default() };
    config.outbound.allow = vec!["127.0.0.1".to_owned()];
    config.database_url = cluster.map(|cluster| Sensitive::new(fresh(cluster)));
    config
}

fn fresh(cluster: &Cluster) -> String {
    let name = format!("conversation_{}", hex(&random_bytes::<8>()));
    let mut conn = diesel::PgConnection::establish(&cluster.url("postgres")).unwrap();
    conn.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    cluster.url(&name)
}

/// A platform that reports.
pub(crate) struct Platform {
    pub(crate) id: PlatformId,
    pub(crate) client: Client,
}

/// A platform, with an endpoint at the port where there is one.
pub(crate) async fn platform(app: &Arc<App>, number: usize, port: Option<u16>) -> Platform {
    let made = app.write(Caller::Command("bench"), move |tx| {
        let slug = format!("platform-{number}");
        let platform = platforms::add(tx, &slug, &slug)?;
        let client = platforms::add_client(tx, &platform, Mode::Live, Scope::ALL)?.client;
        Ok(Platform { id: platform.id, client: platforms::client(tx, &client)?.unwrap() })
    });
    let made = made.await.unwrap();
    if let Some(port) = port {
        let now = app.clock.now();
        let token = app.tokens.issue(&made.client, Scope::ALL, now).unwrap();
        let token = Presented::new(app.tokens.verify(&token, now).unwrap(), Some(Scope::WebhooksManage));
        let share = Share::of("bench");
        let hooked = app.enter(&share, move |entry| {
            let (tx, who) = access::platform_acting(entry, &token)?;
            let types = vec![EventType::ReportReceived];
            webhooks::create(tx, &who, &NewEndpoint { url: format!("http://127.0.0.1:{port}/"), types })
        });
        hooked.await.unwrap();
    }
    made
}

/// The service as `recourse serve` runs it. It ends with this value.
pub(crate) struct Serving(Child);

impl Serving {
    /// Starts it with these settings in its environment, and waits until it listens.
    pub(crate) fn start(config: &Config, settings: &[(&str, &str)], log: Stdio) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recourse"));
        command.arg("serve").arg("--data").arg(&config.data).args(["--listen", &config.listen.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).current_dir(&config.data);
        command.env("RECOURSE_OUTBOUND__ALLOW", r#"["127.0.0.1"]"#).envs(settings.iter().copied());
        if let Some(url) = &config.database_url {
            command.env("RECOURSE_DATABASE_URL", url.expose());
        }
        let serving = Self(command.spawn().unwrap());
        for _ in 0..3_000 {
            if std::net::TcpStream::connect(config.listen).is_ok() {
                return serving;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("the service does not listen on {}", config.listen);
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.0.id()
    }

    /// Resident memory in MiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

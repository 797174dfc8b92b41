//! A service with twenty platforms that has committed to the last quarter of a year.

use std::path::Path;
use std::sync::Arc;

use diesel::Connection;
use diesel::connection::SimpleConnection;
use recourse::app::{self, App};
use recourse::base::secret::{Sensitive, hex, random_bytes};
use recourse::base::time::{Clock, Timestamp};
use recourse::config::Config;
use recourse::domain::counting::Quarter;
use recourse::domain::people::platforms::{self, Scope};
use recourse::domain::terms::Mode;
use recourse::jobs::editions as jobs;

use crate::postgres::Cluster;

pub(crate) const PLATFORMS: usize = 20;

pub(crate) fn quarter() -> Quarter {
    "2026-q4".parse().unwrap()
}

/// The settings of a service on a database of its own.
pub(crate) fn config(data: &Path, cluster: Option<&Cluster>) -> Config {
    let mut config = Config { data: data.to_owned(), ..Config::default() };
    config.limits.public = u32::MAX;
    config.database_url = cluster.map(|cluster| {
        let name = format!("editions_{}", hex(&random_bytes::<8>()));
        let mut conn = diesel::PgConnection::establish(&cluster.url("postgres")).unwrap();
        conn.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        Sensitive::new(cluster.url(&name))
    });
    config
}

/// The service and the ids of its platforms, in the middle of the quarter.
pub(crate) async fn open(config: Config) -> (Arc<App>, Clock, Vec<String>) {
    let clock = Clock::standing_at(Timestamp::parse("2026-11-01T00:00:00.123457Z").unwrap());
    let app = app::open(config, clock.clone()).await.unwrap();
    let connect = app.write(recourse::domain::unit::Caller::Command("bench"), |tx| {
        let mut ids = Vec::new();
        for number in 0..PLATFORMS {
            let platform = platforms::add(tx, &format!("app-{number:02}"), &format!("App {number:02}"))?;
            platforms::add_client(tx, &platform, Mode::Live, Scope::ALL)?;
            ids.push(platform.id.to_string());
        }
        Ok(ids)
    });
    let ids = connect.await.unwrap();
    jobs::commit_due(&app).await.unwrap();
    (app, clock, ids)
}

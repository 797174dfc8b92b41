//! A database with the two tenants, and the service on it: the real program, a process of its own, with the limits that it has
//! when nobody sets any.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;

use recourse::app::{self, App};
use recourse::base::id::ReportId;
use recourse::base::time::Clock;
use recourse::domain::ledger::events::{self, EventType, Log, NewEvent};
use recourse::domain::people::platforms::{self, Client, Scope};
use recourse::domain::terms::Mode;
use recourse::domain::unit::Caller;
use recourse::domain::webhooks;

use crate::child::Given;
use crate::kinds::Kind;
use crate::postgres::{Cluster, free_ports};
use crate::serving::{self, Serving};

/// Events that are added in one transaction.
const ADDED_AT_ONCE: usize = 1_000;

/// A service that runs, and what its two tenants have.
pub(crate) struct Site {
    pub(crate) serving: Serving,
    pub(crate) address: SocketAddr,
    /// The other tenant's token.
    pub(crate) other: String,
    /// What the abuser has.
    pub(crate) given: Given,
    _dir: tempfile::TempDir,
}

impl Site {
    /// A new one, with so many events in the abuser's log if this abuse reads or replays a log.
    pub(crate) fn start(cluster: Option<&Cluster>, kind: &Kind, log: usize) -> Self {
        let dir = tempfile::Builder::new().prefix("recourse-abuse.").tempdir().unwrap();
        let mut config = serving::config(dir.path(), cluster);
        config.listen = SocketAddr::from(([127, 0, 0, 1], free_ports().next().unwrap()));
        let address = config.listen;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (other, given) = runtime.block_on(async {
            let app = app::open(config.clone(), Clock::machine()).await.unwrap();
            let other = platform(&app, "other").await;
            let abuser = platform(&app, "abuser").await;
            fill(&app, &abuser[0], log.min(kind.log)).await;
            let given = Given {
                kind: kind.name.to_owned(),
                address,
                token: token(&app, &abuser[0]),
                void: token(&app, &abuser[1]),
                client: abuser[0].id.to_string(),
            };
            let revoked = abuser[1].id.clone();
            app.write(Caller::Command("bench"), move |tx| webhooks::revoke_client(tx, &revoked)).await.unwrap();
            (token(&app, &other[0]), given)
        });
        // What the service says to its log is said; what a machine does with the lines is its own.
        let serving = Serving::start(&config, &[], Stdio::null());
        Self { serving, address, other, given, _dir: dir }
    }
}

/// Two credentials of a new platform, in real life, with every scope.
async fn platform(app: &Arc<App>, slug: &'static str) -> [Client; 2] {
    let made = app.write(Caller::Command("bench"), move |tx| {
        let platform = platforms::add(tx, slug, slug)?;
        let one = platforms::add_client(tx, &platform, Mode::Live, Scope::ALL)?.client;
        let two = platforms::add_client(tx, &platform, Mode::Live, Scope::ALL)?.client;
        Ok([platforms::client(tx, &one)?.unwrap(), platforms::client(tx, &two)?.unwrap()])
    });
    made.await.unwrap()
}

/// A token, good for ten minutes.
fn token(app: &App, client: &Client) -> String {
    app.tokens.issue(client, Scope::ALL, app.clock.now()).unwrap()
}

/// Events as many reports leave them, a few for each.
async fn fill(app: &Arc<App>, whose: &Client, count: usize) {
    for begin in (0..count).step_by(ADDED_AT_ONCE) {
        let platform = whose.platform_id.clone();
        let added = app.write(Caller::Command("bench"), move |tx| {
            let (now, log) = (tx.now(), Log { platform: &platform, mode: Mode::Live });
            let event = |_| NewEvent::new(log, EventType::ReportReceived, 1, now, ReportId::random());
            let new: Vec<NewEvent> = (begin..count.min(begin + ADDED_AT_ONCE)).map(event).collect();
            events::insert(tx, &new)
        });
        added.await.unwrap();
    }
}

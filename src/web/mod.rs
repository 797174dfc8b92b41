//! HTTP: thin callers of the domain. One table of endpoints drives routing, credentials, limits and their tests.

mod aside;
mod body;
mod browsers;
mod calls;
mod carried;
mod catalogue;
mod console;
mod cookies;
mod desk;
mod directory;
mod door;
pub mod endpoints;
mod epochs;
mod extract;
mod form_calls;
mod forms;
mod gate;
mod health;
mod idempotent;
mod inbox;
mod limits;
mod lists;
mod marks;
mod metrics;
mod named;
mod network;
pub mod openapi;
mod origins;
mod page;
mod page_errors;
mod partner;
mod pieces;
mod platform;
pub mod problem;
mod public;
mod refusals;
mod row;
mod sending;
mod sign_in;
mod surfaces;
mod tags;
mod triage;
mod turns;

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{App as Actix, HttpServer, web};

use crate::app::App;
use crate::error::Error;
use aside::Aside;
use calls::Calls;
use endpoints::Body;
use epochs::Epochs;
pub use limits::Limiter;
pub use metrics::serve_metrics;
pub use public::{Public, site_pages};
use turns::Turns;

/// What handlers share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) app: Arc<App>,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) public: Arc<Public>,
    pub(crate) answers: Arc<public::services::Answers>,
    pub(crate) aside: Aside,
    pub(crate) calls: Calls,
    pieces: Turns,
    pub(crate) epochs: Arc<Epochs>,
}

/// Mounts every endpoint of the table.
fn configure(config: &mut web::ServiceConfig, shared: &Shared) {
    config.app_data(web::Data::new(shared.clone()));
    let mut paths: Vec<_> = endpoints::by_path().into_iter().collect();
    // They are tried in this order, and to compare letters takes less than to match a pattern; programs ask more often than people.
    paths.sort_by_key(|(path, _)| (path.contains('{'), !path.starts_with("/v1/")));
    for (path, rows) in paths {
        let mut resource = web::resource(path);
        for row in &rows {
            resource = resource.route(row.route().method(row.method.clone()));
            if row.has_head() {
                resource = resource.route(row.route().method(Method::HEAD));
            }
            if let Body::Form(longest) = row.body {
                resource = resource.app_data(web::FormConfig::default().limit(longest));
            }
        }
        resource = resource.default_service(web::to(wrong_method)).app_data(web::Data::new(rows));
        config.service(resource.wrap(from_fn(gate::enter)));
    }
    config.default_service(web::to(no_such_path));
}

async fn wrong_method() -> Result<&'static str, Error> {
    Err(crate::error::Refused::Method.into())
}

async fn no_such_path() -> Result<&'static str, Error> {
    Err(Error::NotFound)
}

/// Who has not called for a while needs no place in the limiter's memory.
async fn forget_idle(limiter: Arc<Limiter>) {
    let mut ticks = tokio::time::interval(std::time::Duration::from_mins(1));
    loop {
        ticks.tick().await;
        limiter.forget_idle();
    }
}

/// Serves on `listener` until a signal ends the process.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(app: &Arc<App>, listener: TcpListener) -> std::io::Result<actix_web::dev::Server> {
    let limiter = Arc::new(Limiter::new(&app.config.limits));
    let shared = Shared {
        app: Arc::clone(app),
        limiter,
        public: Arc::default(),
        answers: Arc::default(),
        aside: Aside::new()?,
        calls: Calls::of(app),
        pieces: pieces::pieces(),
        epochs: Arc::default(),
    };
    actix_web::rt::spawn(shared.calls.clone().follow(Arc::clone(app)));
    actix_web::rt::spawn(forget_idle(Arc::clone(&shared.limiter)));
    actix_web::rt::spawn(public::follow(Arc::clone(&shared.public), Arc::clone(app)));
    let workers = app.config.workers;
    let mut server = HttpServer::new(move || {
        let shared = shared.clone();
        Actix::new().wrap(from_fn(gate::frame)).configure(move |config| configure(config, &shared))
    })
    .backlog(4_096)
    // Five seconds, the usual patience, answer 408 to calls that only wait their turn behind thousands of others.
    .client_request_timeout(std::time::Duration::from_secs(30))
    // A refused body that is not read in its bounds ends its connection: nobody takes a serving thread's time by sending on.
    .client_disconnect_timeout(std::time::Duration::ZERO)
    .shutdown_timeout(10)
    .keep_alive(std::time::Duration::from_secs(75));
    if let Some(workers) = workers {
        server = server.workers(workers);
    }
    Ok(server.listen(listener)?.run())
}

//! The metrics, on a port of their own: what they count is the operator's alone (docs/threat-model.md).

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::{App as Actix, HttpResponse, HttpServer, web};

use crate::app::App;

/// Serves `GET /metrics` on `listener`.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve_metrics(app: &Arc<App>, listener: TcpListener) -> std::io::Result<actix_web::dev::Server> {
    let shared = web::Data::from(Arc::clone(app));
    let server = HttpServer::new(move || Actix::new().app_data(shared.clone()).route("/metrics", web::get().to(told)));
    // Signals are for the server of the API, or for whoever runs the jobs.
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

async fn told(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .insert_header(("cache-control", "no-store"))
        .body(app.metrics.text(app.db.writes_under_way(), &app.kit.keyring.refused()))
}

//! Serving, and working the jobs.

use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use recourse::app::App;
use recourse::base::output::remark;
use recourse::config::{Config, LogFormat};
use recourse::domain::paging::missed;
use recourse::domain::unit::Caller;
use recourse::{jobs, web};

/// Serves HTTP until a signal comes.
pub(super) async fn serve(config: Config, with_jobs: bool) -> anyhow::Result<ExitCode> {
    let listen = config.listen;
    // Before anything is made: a port that is taken leaves nothing behind.
    let listener = TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
    let app = super::open_alone(config).await?;
    if !with_jobs && !app.db.is_shared() {
        anyhow::bail!("--no-jobs needs PostgreSQL: a second process on an SQLite file would starve");
    }
    metrics(&app)?;
    no_rota(&app).await?;
    let server = web::serve(&app, listener)?;
    if with_jobs {
        actix_web::rt::spawn(jobs::run(Arc::clone(&app)));
    }
    tracing::info!(address = %listen, database = app.db.kind(), "serving");
    // Whoever reads the log by machine has the line above.
    if app.config.log_format == LogFormat::Text {
        remark(format_args!("Recourse serves http://{listen} on {}.", app.db.kind()));
    }
    server.await?;
    Ok(ExitCode::SUCCESS)
}

/// Runs the jobs until a signal comes.
pub(super) async fn work(config: Config) -> anyhow::Result<ExitCode> {
    let app = super::open_alone(config).await?;
    if !app.db.is_shared() {
        anyhow::bail!("`work` needs PostgreSQL: on SQLite, `serve` runs the jobs itself");
    }
    metrics(&app)?;
    no_rota(&app).await?;
    tokio::select! {
        () = jobs::run(Arc::clone(&app)) => {}
        () = app.follow_platforms(|_| ()) => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells the operator when there is no rota: in the log at every start, and by mail.
async fn no_rota(app: &Arc<App>) -> anyhow::Result<()> {
    if !app.write(Caller::Command("serve"), missed::tell_when_no_rota).await? {
        tracing::warn!(
            "there is no rota: reporters are told that nobody is planned to be at work, and pages go to the leads; plan shifts \
             with `recourse admin rota add` or `load`"
        );
    }
    Ok(())
}

/// Serves the metrics beside, where an address is set for them.
fn metrics(app: &Arc<App>) -> anyhow::Result<()> {
    let Some(address) = app.config.metrics_listen else { return Ok(()) };
    let listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address} for the metrics"))?;
    actix_web::rt::spawn(web::serve_metrics(app, listener)?);
    tracing::info!(%address, "serving metrics");
    Ok(())
}

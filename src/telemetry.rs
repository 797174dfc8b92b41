//! Log lines: what happened and how long it took, with ids and codes. No body, no statement, no contact, no secret.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Begins logging to the standard error. `RECOURSE_LOG` holds the filter, such as `info` or `recourse=debug`.
pub fn init(format: LogFormat, quiet: bool) {
    // The demo and the commands talk to a person at a terminal, who does not want to be paged.
    let usual = if quiet { "warn,on_call=off" } else { "info" };
    let filter = EnvFilter::try_from_env("RECOURSE_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    // A second start in one process, as tests make it, keeps the first.
    let _ = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}

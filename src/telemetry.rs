//! Log lines: what happened and how long it took, with ids and codes. No body, no statement, no contact, no secret.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Begins logging to the standard error. `RECOURSE_LOG` holds the filter, such as `info` or `recourse=debug`.
pub fn init(format: LogFormat, quiet: bool) {
    let filter = filter(std::env::var("RECOURSE_LOG").ok().as_deref(), quiet);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true);
    // A log that nobody reads any more must not stop the work: left to itself, the library would panic over it.
    let lines = lines.with_ansi(std::io::stderr().is_terminal()).log_internal_errors(false);
    // A second start in one process, as tests make it, keeps the first.
    let _ = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}

/// The filter that was given, or the usual one. A page reaches the log whatever else is filtered, unless the filter
/// itself says what to do with pages.
fn filter(given: Option<&str>, quiet: bool) -> EnvFilter {
    // The demo and the commands talk to a person at a terminal, who does not want to be paged.
    let usual = if quiet { "warn,on_call=off" } else { "info" };
    let text = given.filter(|text| EnvFilter::try_new(text).is_ok()).unwrap_or(usual);
    let target = |directive: &str| directive.split(['=', '[']).next().unwrap_or_default() == "on_call";
    if quiet || text.split(',').any(target) {
        return EnvFilter::new(text);
    }
    EnvFilter::new(format!("{text},on_call=warn"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::filter;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Whether a page is logged under this filter.
    fn pages(given: Option<&str>, quiet: bool) -> bool {
        let lines = Lines::default();
        let out = lines.clone();
        let log = tracing_subscriber::fmt().with_env_filter(filter(given, quiet)).with_writer(move || out.clone());
        tracing::subscriber::with_default(log.finish(), || tracing::warn!(target: "on_call", "page the on-call"));
        !lines.0.lock().unwrap().is_empty()
    }

    #[test]
    fn a_page_is_logged_unless_the_filter_names_pages_or_a_person_is_at_the_terminal() {
        for given in [None, Some("info"), Some("recourse=debug"), Some("error"), Some("off"), Some("on_call_x=off")] {
            assert!(pages(given, false), "{given:?}");
        }
        for given in ["on_call=off", "info,on_call=error"] {
            assert!(!pages(Some(given), false), "{given}");
        }
        assert!(!pages(None, true));
    }
}

//! Log lines: what happened and how long it took, with ids and codes. No body, no statement, no contact, no secret.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogFormat;

/// Begins logging to the standard error. `RECOURSE_LOG` holds the filter, such as `info` or `recourse=debug`.
///
/// # Errors
/// A sentence when the filter is none: whoever asks for lines must not go without them unawares.
pub fn init(format: LogFormat, quiet: bool) -> Result<(), String> {
    let given = std::env::var("RECOURSE_LOG").ok().filter(|text| !text.trim().is_empty()).map(|text| tidy(&text));
    if given.as_deref().is_some_and(|text| !is_filter(text)) {
        let form = "RECOURSE_LOG is no log filter: write off, error, warn, info, debug or trace, or such as \
                    info,recourse=debug";
        return Err(form.to_owned());
    }
    let filter = filter(given.as_deref(), quiet);
    let lines = layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    // A log that nobody reads any more must not stop the work: left to itself, the library would panic over it.
    let lines = lines.log_internal_errors(false);
    let log = tracing_subscriber::registry().with(filter);
    // A second start in one process, as tests make it, keeps the first.
    let _ = match format {
        LogFormat::Text => log.with(lines).try_init(),
        LogFormat::Json => log.with(lines.json()).try_init(),
    };
    Ok(())
}

/// A filter without the blanks that people write behind commas, which the library does not know.
fn tidy(text: &str) -> String {
    text.split(',').map(str::trim).collect::<Vec<_>>().join(",")
}

/// Whether a text is a filter. A bare word is a level or one of ours: the library takes a misspelt level for the name of
/// a program that writes nothing.
fn is_filter(text: &str) -> bool {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    const OURS: [&str; 4] = ["recourse", "on_call", "pages", "webhooks"];
    let is_one = |part: &str| {
        let ours = OURS.contains(&part.split("::").next().unwrap_or_default());
        let is_pair = |(program, level): (&str, &str)| {
            program.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_') && !level.is_empty()
        };
        part.split_once('=').is_some_and(is_pair) || ours || LEVELS.contains(&part.to_ascii_lowercase().as_str())
    };
    !text.contains('[') && text.split(',').all(is_one) && text.parse::<Targets>().is_ok()
}

/// The filter that was given, or the usual one. A page reaches the log whatever else is filtered, unless the filter
/// itself says what to do with pages.
fn filter(given: Option<&str>, quiet: bool) -> Targets {
    // The demo and the commands talk to a person at a terminal, who does not want to be paged.
    let usual = if quiet { "warn,on_call=off" } else { "info" };
    let text = given.unwrap_or(usual);
    let target = |directive: &str| directive.split('=').next().unwrap_or_default() == "on_call";
    let filter: Targets = text.parse().unwrap_or_default();
    if quiet || text.split(',').any(target) { filter } else { filter.with_target("on_call", Level::WARN) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::layer;
    use tracing_subscriber::layer::SubscriberExt;

    use super::{filter, is_filter, tidy};

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
        let log =
            tracing_subscriber::registry().with(filter(given, quiet)).with(layer().with_writer(move || out.clone()));
        tracing::subscriber::with_default(log, || tracing::warn!(target: "on_call", "page the on-call"));
        !lines.0.lock().unwrap().is_empty()
    }

    #[test]
    fn a_filter_is_one_that_lets_something_through() {
        for given in ["info", "WARN", "off", "recourse=debug", "info,on_call=off", "warn, on_call=trace", "hyper=info"]
        {
            assert!(is_filter(&tidy(given)), "{given}");
        }
        for given in [
            "@@@",
            "inof",
            "recourse=debg",
            "info;debug",
            "=",
            "recourse=debug,verbose",
            "info,,debug",
            "[x]=info",
            "recourse=",
            "*=debug",
        ] {
            assert!(!is_filter(&tidy(given)), "{given}");
        }
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

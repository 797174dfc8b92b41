//! The operator's rule files. One that cannot be used stops nothing, and is told.

use crate::config::Config;
use crate::domain::referrals::routing;
use crate::domain::terms::periods::Periods;
use crate::domain::triage::{Engine, ReferralSpans};

/// A rule file of routing that cannot be read leaves the built-in rules in force, and is told.
pub(super) fn routing(config: &Config) -> routing::Rules {
    let Some(file) = &config.routing_file else { return routing::Rules::built_in() };
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
    let rules = text.and_then(|text| routing::Rules::parse(&text));
    rules.unwrap_or_else(|reason| {
        let reason = format!("{}: {reason}", file.display());
        tracing::error!(reason, "the rules of routing cannot be used: the built-in ones are in force");
        routing::Rules::in_place_of(reason)
    })
}

/// A file of spans that cannot be read leaves the built-in ones in force, and is told.
pub(super) fn referrals(config: &Config) -> ReferralSpans {
    let Some(file) = &config.referrals_file else { return ReferralSpans::built_in() };
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
    let spans = text.and_then(|text| ReferralSpans::parse(&text));
    spans.unwrap_or_else(|reason| {
        let reason = format!("{}: {reason}", file.display());
        tracing::error!(reason, "the spans of referrals cannot be used: the built-in ones are in force");
        ReferralSpans::in_place_of(reason)
    })
}

/// While a file of periods cannot be read nothing is destroyed, and it is told.
pub(super) fn periods(config: &Config) -> Periods {
    let Some(file) = &config.periods_file else { return Periods::built_in() };
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
    let periods = text.and_then(|text| Periods::parse(&text));
    periods.unwrap_or_else(|reason| {
        let reason = format!("{}: {reason}", file.display());
        tracing::error!(reason, "the periods cannot be used: nothing is destroyed until they are mended");
        Periods::unusable(reason)
    })
}

/// A rule file that cannot be read never stops intake: the engine then answers p1 and pages, until it is mended.
pub(super) fn triage(config: &Config) -> Engine {
    let engine = match &config.rules_file {
        None => Engine::from_rules_text(None),
        Some(file) => match std::fs::read_to_string(file) {
            Ok(text) => Engine::from_rules_text(Some(&text)),
            Err(error) => Engine::without_rules(format!("the rule file {} cannot be read: {error}", file.display())),
        },
    };
    if let Some(reason) = engine.failure() {
        tracing::error!(reason, "the triage rules cannot be used: every case is p1 and the on-call is paged");
    }
    engine
}

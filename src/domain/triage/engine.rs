//! Assesses a case, whatever happens: a rule file that cannot be read and a fault while reading the facts both give p1.
//!
//! Owns the assessment and the safe way out. It must not know a single rule, and it never lowers anything.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::condition::{Bits, View};
use super::facts::Facts;
use super::priority::Priority;
use super::rules::{Level, Rules};

/// A row that fired, for the explanation.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FiredFloor {
    /// The code of the row, for example `O11b`.
    pub code: String,
    /// The priority it gives at least.
    pub floor: Priority,
    /// Why, in plain words for an advocate.
    pub text: String,
}

/// A key answered yes that has points.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Contribution {
    /// The answer key.
    pub key: String,
    /// Its points.
    pub weight: u32,
}

/// What the rules say about a case, and why. Stored sealed: `Debug` shows only what may stand in the clear.
///
/// Codes and keys are plain text, so that an old assessment can be read under any later rule set.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Assessment {
    /// The version of the rules, or `none` when they failed.
    pub ruleset: String,
    /// The computed priority: the most urgent of the floors and the points band. People's raises are not in it.
    pub priority: Priority,
    /// Every row that fired, in file order.
    pub floors: Vec<FiredFloor>,
    /// The points of all keys answered yes.
    pub points_known: u32,
    /// The points if every key that is not surely a no were yes.
    pub points_if_unknown_yes: u32,
    /// The keys answered yes that have points, the heaviest first, then by key.
    pub contributions: Vec<Contribution>,
    /// Keys that, alone set to yes, would fire a `p0` row that does not fire now.
    pub critical_unknowns: Vec<String>,
    /// Why the rules gave no answer; the case is then p1 and the on-call is paged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl fmt::Debug for Assessment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assessment")
            .field("ruleset", &self.ruleset)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}

/// The rules in use, or the reason why there are none.
#[derive(Clone, Debug)]
pub struct Engine {
    loaded: Result<Rules, String>,
}

impl Engine {
    /// Takes the text of a rule file, or the built-in rules when there is none. A file that cannot be read makes an
    /// engine that answers p1: reports are accepted all the same (TSP-1, rule 5).
    #[must_use]
    pub fn from_rules_text(text: Option<&str>) -> Self {
        let loaded = match text {
            Some(text) => Rules::parse(text),
            None => Rules::loaded().cloned().map_err(Clone::clone),
        };
        Self { loaded: loaded.map_err(|error| error.to_string()) }
    }

    /// An engine without rules, for the reason given: it answers p1.
    #[must_use]
    pub const fn without_rules(reason: String) -> Self {
        Self { loaded: Err(reason) }
    }

    /// Assesses a case. It always answers: on any failure with p1 and the reason.
    #[must_use]
    pub fn assess(&self, facts: &Facts) -> Assessment {
        match &self.loaded {
            Ok(rules) => guarded(&|| assess(rules, facts)),
            Err(reason) => failed(reason),
        }
    }

    /// The rules for clocks and queues: those loaded, or the built-in ones when the file is broken.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        match &self.loaded {
            Ok(rules) => rules,
            Err(_) => Rules::builtin(),
        }
    }

    /// Why there are no rules, for health checks and the page to the on-call.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.loaded.as_ref().err().map(String::as_str)
    }
}

/// Answers p1 when the work panics. What a panic says is not passed on: it could hold what a person wrote.
pub(super) fn guarded(work: &dyn Fn() -> Assessment) -> Assessment {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| failed("the rules stopped with a fault while reading this case"))
}

fn failed(reason: &str) -> Assessment {
    Assessment {
        ruleset: "none".to_owned(),
        priority: Priority::P1,
        floors: Vec::new(),
        points_known: 0,
        points_if_unknown_yes: 0,
        contributions: Vec::new(),
        critical_unknowns: Vec::new(),
        failure: Some(reason.to_owned()),
    }
}

fn assess(rules: &Rules, facts: &Facts) -> Assessment {
    let view = View::of(facts);
    let fired = rules.fired(&view, Bits::ALL);
    let points_known = points(rules, view.yes);
    let priority = priority(rules, fired, points_known);
    Assessment {
        ruleset: rules.version().to_owned(),
        priority,
        floors: floors(rules, &view, fired, priority),
        points_known,
        points_if_unknown_yes: points(rules, Bits::ALL.without(view.firm_no)),
        contributions: contributions(rules, &view),
        critical_unknowns: critical_unknowns(rules, &view, fired),
        failure: None,
    }
}

fn points(rules: &Rules, keys: Bits) -> u32 {
    rules.weights.iter().filter(|weight| keys.covers(weight.bit)).map(|weight| weight.points).sum()
}

fn priority(rules: &Rules, fired: Bits, points: u32) -> Priority {
    let mut priority = rules.band(points);
    let mut lifted = false;
    for row in rules.rows.iter().filter(|row| fired.covers(row.bit)) {
        match row.level {
            Level::At(floor) => priority = priority.min(floor),
            Level::OneUp => lifted = true,
            Level::ByPerson => {}
        }
    }
    if lifted { priority.one_up() } else { priority }
}

fn floors(rules: &Rules, view: &View, fired: Bits, priority: Priority) -> Vec<FiredFloor> {
    let rows = rules.rows.iter().filter(|row| fired.covers(row.bit));
    rows.map(|row| FiredFloor {
        code: row.code.clone(),
        floor: if let Level::At(floor) = row.level { floor } else { priority },
        text: row.text(view),
    })
    .collect()
}

fn contributions(rules: &Rules, view: &View) -> Vec<Contribution> {
    let known = rules.weights.iter().filter(|weight| view.yes.covers(weight.bit));
    known.map(|weight| Contribution { key: weight.key.as_str().to_owned(), weight: weight.points }).collect()
}

fn critical_unknowns(rules: &Rules, view: &View, fired: Bits) -> Vec<String> {
    let settled = view.yes.with(view.firm_no);
    let not_yet = rules.p0_rows.without(fired);
    let open = rules.p0_keys.iter().filter(|(_, key)| !settled.covers(*key));
    open.filter(|(_, key)| rules.fired(&view.supposing(*key), rules.p0_scope).meets(not_yet))
        .map(|(key, _)| key.as_str().to_owned())
        .collect()
}

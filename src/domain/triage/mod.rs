//! Orders the queues: reads a published rule file and says, for the facts of a case, how urgent it is and why.
//!
//! Owns the rule file's shape, the engine, the priorities, the spans of the clocks and the choice of a queue. It knows
//! the taxonomy and nothing else: no storage, no time of day, no HTTP, and not a single floor code, answer key or
//! weight by name: those are data. It predicts nothing, and only people lower a priority; both are the callers' duty
//! to show and to keep.
//! Source: the contract "TSP-1".

mod compile;
mod condition;
mod engine;
mod facts;
mod file;
mod priority;
mod queue;
mod referral_spans;
mod rules;
mod spans;

pub use engine::{Assessment, Contribution, Engine, FiredFloor};
pub use facts::{Declarations, Facts, Signal, child_rule_holds, intimate_image_clock_applies, merge_answers};
pub use priority::Priority;
pub use queue::Queue;
pub use referral_spans::{Phase, PhaseSpans, ReferralSpans};
pub use rules::{Rules, RulesError};
pub use spans::Spans;

#[cfg(test)]
mod tests;

//! Rows of the table, and the judgement.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::measure::{Measure, Pair};

/// How many times as long a report may take.
const FACTOR: f64 = 2.0;
/// How much more memory than before an abuse may take, in MiB: all bodies have 256, and what is made of some of them as much.
const MEMORY: u64 = 512;
/// How much more in its second half than in its first, in MiB.
const GROWTH: u64 = 64;

pub(crate) const HEAD: &str = "\
| abuse | its calls a second, with answers | p50, p99 | idle: p50, p99 | factor of p99 (each round) | other's answers | \
MiB before, peak, after (growth) | processors: client, service (idle) |
|---|---|---|---|---|---|---|---|";

/// Whether these are within their bounds.
pub(crate) fn is_well(pairs: &[Pair]) -> bool {
    let is_taken = |measure: &Measure| measure.heard.statuses.keys().all(|status| *status == 201);
    let is_flat = |measure: &Measure| {
        let memory = &measure.memory;
        memory.peak < memory.before + MEMORY && memory.growth < GROWTH
    };
    let all_well = pairs.iter().all(|pair| is_taken(&pair.abused) && is_taken(&pair.idle) && is_flat(&pair.abused));
    all_well && middle(pairs, Pair::factor) <= FACTOR
}

/// What a row says of these rounds, but for its name.
pub(crate) fn cells(pairs: &[Pair]) -> String {
    let abused = |of: fn(&Measure) -> f64| middle(pairs, |pair| of(&pair.abused));
    let idle = |of: fn(&Measure) -> f64| middle(pairs, |pair| of(&pair.idle));
    let half = |measure: &Measure| millis(measure.quantile(0.5));
    let tail = |measure: &Measure| millis(measure.quantile(0.99));
    let each: Vec<String> = pairs.iter().map(|pair| format!("{:.2}", pair.factor())).collect();
    let most = |of: fn(&Measure) -> u64| pairs.iter().map(|pair| of(&pair.abused)).max().unwrap_or(0);
    let told = all(pairs.iter().flat_map(|pair| [&pair.abused.heard.statuses, &pair.idle.heard.statuses]));
    format!(
        "| {:.0}: {} | {:.1}, {:.1} ms | {:.1}, {:.1} ms | {:.2} ({}) | {told} | {}, {}, {} ({}) | {:.2}, {:.2} ({:.2}) |",
        abused(|measure| measure.rate),
        all(pairs.iter().map(|pair| &pair.abused.counts)),
        abused(half),
        abused(tail),
        idle(half),
        idle(tail),
        middle(pairs, Pair::factor),
        each.join(", "),
        most(|measure| measure.memory.before),
        most(|measure| measure.memory.peak),
        most(|measure| measure.memory.after),
        most(|measure| measure.memory.growth),
        abused(|measure| measure.beside),
        abused(|measure| measure.service),
        idle(|measure| measure.service),
    )
}

/// Answers by their status, of all of these.
fn all<'a>(counts: impl Iterator<Item = &'a BTreeMap<u16, u64>>) -> String {
    let mut sum = BTreeMap::new();
    counts.flatten().for_each(|(status, count)| *sum.entry(*status).or_insert(0) += count);
    let shown: Vec<String> = sum.into_iter().map(|(status, count)| format!("{status}×{count}")).collect();
    shown.join(" ")
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// The median of what `of` says of each round.
fn middle(pairs: &[Pair], of: impl Fn(&Pair) -> f64) -> f64 {
    let mut values: Vec<f64> = pairs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

//! How often the best guess about one case is right, for somebody who knows everything else. A draw of the discrete
//! Laplace distribution tells as much as an honest answer that is turned round at random: for each table the guesser's
//! odds are multiplied by exp(ε) or divided by it. What follows is calculated from these, table by table, and is the
//! most that can be learned: "fewer than" and the nearest five only hide more.

use std::collections::BTreeMap;

use super::Rules;
use crate::domain::counting::FlowKind;

/// How many guesses of a hundred are right when this is known of a case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guesses {
    /// Everything that is published of a case: each table once.
    pub all: f64,
    /// Everything, and the case was corrected.
    pub corrected: f64,
    /// Everything, and each edition in which the case stands was replaced.
    pub replaced: f64,
    /// Corrected and replaced.
    pub both: f64,
}

impl Guesses {
    /// By these rules.
    #[must_use]
    pub fn of(rules: &Rules) -> Self {
        let spent = |corrections: bool| -> Vec<u32> {
            let counts = |flow: FlowKind| corrections || flow != FlowKind::Correction;
            let tables = rules.tables.iter().filter(|table| counts(table.flow));
            tables.map(|table| table.epsilon_hundredths).collect()
        };
        let (once, corrected) = (spent(false), spent(true));
        Self {
            all: right_of_hundred(&once),
            corrected: right_of_hundred(&corrected),
            replaced: right_of_hundred(&once.repeat(2)),
            both: right_of_hundred(&corrected.repeat(2)),
        }
    }
}

/// How many guesses of a hundred are right, after draws with these ε, in hundredths.
#[must_use]
pub fn right_of_hundred(spent: &[u32]) -> f64 {
    // How likely each sum of steps is when she reported; a step is + or − ε, in hundredths.
    let mut sums = BTreeMap::from([(0_i32, 1.0_f64)]);
    for hundredths in spent {
        let step = i32::try_from(*hundredths).unwrap_or(i32::MAX);
        let up = 1.0 / (1.0 + (-f64::from(*hundredths) / 100.0).exp());
        let mut next = BTreeMap::new();
        for (sum, chance) in sums {
            *next.entry(sum.saturating_add(step)).or_insert(0.0) += chance * up;
            *next.entry(sum.saturating_sub(step)).or_insert(0.0) += chance * (1.0 - up);
        }
        sums = next;
    }
    // When she did not, the same sum is so much less likely. The guesser says what is likelier.
    let best = |(sum, chance): (i32, f64)| chance * (-f64::from(sum) / 100.0).exp().max(1.0);
    50.0 * sums.into_iter().map(best).sum::<f64>()
}

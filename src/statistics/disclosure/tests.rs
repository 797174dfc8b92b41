//! The promises of the method, checked exactly where they can be, and by trial where an outsider would try.

use proptest::prelude::*;

use super::*;
use crate::domain::counting::{Response, Standing};
use crate::domain::terms::region::Region;

const ALL: [u32; 2] = [50, 25];

/// What pages and documents say of the best guess, calculated in another way: every outcome of every draw, one by one.
#[test]
fn the_best_guess_is_right_as_often_as_it_is_told() {
    let one_by_one = |spent: &[u32]| -> f64 {
        let outcomes = 0_u32..1 << spent.len();
        let each = |outcome: u32| {
            let chances = spent.iter().enumerate().map(|(at, hundredths)| {
                let up = 1.0 / (1.0 + (-f64::from(*hundredths) / 100.0).exp());
                if outcome >> at & 1 == 1 { (up, 1.0 - up) } else { (1.0 - up, up) }
            });
            let (with, without) = chances.fold((1.0, 1.0), |(a, b), (x, y)| (a * x, b * y));
            f64::max(with, without)
        };
        50.0 * outcomes.map(each).sum::<f64>()
    };
    let tables: Vec<u32> = rules().tables.iter().map(|table| table.epsilon_hundredths).collect();
    let (lifetime, corrected) = (&tables[..7], &tables[..]);
    assert_eq!(rules().tables[7].name, "corrections");
    let told = Guesses::of(rules());
    let expected = [
        (told.all, lifetime.to_vec(), "69.0"),
        (told.corrected, corrected.to_vec(), "70.1"),
        (told.replaced, lifetime.repeat(2), "75.9"),
        (told.both, corrected.repeat(2), "76.6"),
        (right_of_hundred(&[50]), vec![50], "62.2"),
        (right_of_hundred(&[25]), vec![25], "56.2"),
    ];
    let document = include_str!("../../../docs/transparency.md");
    for (told, spent, words) in expected {
        assert!((told - one_by_one(&spent)).abs() < 1e-9, "{told} for {spent:?}");
        assert_eq!(format!("{told:.1}"), words);
        assert!(document.contains(&format!("| {words}")), "docs/transparency.md does not say {words}");
    }
}

/// exp(epsilon), rounded down to 18 digits.
fn bound(epsilon_hundredths: u32) -> u128 {
    if epsilon_hundredths == 50 { 1_648_721_270_700_128_146 } else { 1_284_025_416_687_741_484 }
}

const DIGITS: u128 = 1_000_000_000_000_000_000;

/// T1: sum, symmetry, the largest ratio of neighbours, and what is cut off, in whole numbers.
#[test]
fn the_perturbation_tables_keep_their_promise_exactly() {
    for epsilon in ALL {
        let table = Perturbation::of(epsilon).unwrap();
        let weights = table.weights();
        let sum: u128 = weights.iter().skip(1).map(|w| u128::from(*w) * 2).sum::<u128>() + u128::from(weights[0]);
        assert_eq!(sum, 1 << 63);
        for pair in weights.windows(2) {
            let (inner, outer) = (u128::from(pair[0]), u128::from(pair[1]));
            assert!(inner * DIGITS <= outer * bound(epsilon), "{epsilon}: {inner} to {outer}");
            assert!(outer * DIGITS <= inner * bound(epsilon), "{epsilon}: {outer} to {inner}");
        }
        // What one count can give and its neighbour cannot: the outermost weight, below a hundred millionth.
        assert!(u128::from(*weights.last().unwrap()) * 100_000_000 <= 1 << 63);
        assert_eq!(table.furthest(), if epsilon == 50 { 40 } else { 80 });
        // Up and down alike, also as drawn: the first number of each move, and the last before the next.
        let mut at: u128 = 0;
        let furthest = table.furthest();
        for z in -furthest..=furthest {
            let weight = u128::from(weights[usize::try_from(z.abs()).unwrap()]);
            assert_eq!(table.step(u64::try_from(at).unwrap()), z);
            at += weight;
            assert_eq!(table.step(u64::try_from(at - 1).unwrap()), z);
        }
        assert_eq!(at, 1 << 63);
    }
}

fn rule(epsilon_hundredths: u32) -> &'static TableRule {
    rules().tables.iter().find(|table| table.epsilon_hundredths == epsilon_hundredths && !table.is_signed()).unwrap()
}

/// How probable each published figure is for a count, in parts of 2^63, from the tables alone.
fn published(table: &TableRule, count: i64) -> std::collections::BTreeMap<Option<i64>, u128> {
    let perturbation = Perturbation::of(table.epsilon_hundredths).unwrap();
    let furthest = perturbation.furthest();
    let mut all = std::collections::BTreeMap::new();
    for z in -furthest..=furthest {
        let weight = perturbation.weights()[usize::try_from(z.abs()).unwrap()];
        *all.entry(Noised(count + z).figure(table).value()).or_insert(0) += u128::from(weight);
    }
    all
}

/// T4: whoever files fakes until a count stands at a threshold, and looks, is right at most 63.5 times in 100.
#[test]
fn filing_fakes_does_not_prove_that_somebody_reported() {
    for table in &rules().tables {
        let mut best = 0.0_f64;
        for fakes in 0..=40 {
            let (absent, present) = (published(table, fakes), published(table, fakes + 1));
            let mut apart: u128 = 0;
            for figure in absent.keys().chain(present.keys()).collect::<std::collections::BTreeSet<_>>() {
                let (one, other) = (absent.get(figure).unwrap_or(&0), present.get(figure).unwrap_or(&0));
                apart += one.abs_diff(*other);
                // Never proved: no figure of any weight is possible for one count and not for the other.
                let (less, more) = (one.min(other), one.max(other));
                assert!(*less > 0 || *more < (1 << 63) / 100_000_000, "{}: {figure:?} at {fakes}", table.name);
            }
            #[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "a share, printed to three digits")]
            let right = 0.5 + apart as f64 / (1_u128 << 65) as f64;
            best = best.max(right);
        }
        let most = if table.epsilon_hundredths == 50 { 0.635 } else { 0.57 };
        assert!(best <= most, "{}: right {best}", table.name);
        assert!(best > 0.53, "{}: the attack must have teeth: {best}", table.name);
    }
}

/// The largest ratio of chances that trials of two neighbouring counts prove, as its logarithm: each event's chance is
/// bounded by the Chernoff inequality, which is wider than the exact interval and so never claims too much.
fn proven_epsilon(trials: u32, one: &[i64], other: &[i64]) -> f64 {
    let mut events: Vec<(f64, f64)> = Vec::new();
    let values: std::collections::BTreeSet<i64> = one.iter().chain(other).copied().collect();
    let share = |all: &[i64], holds: &dyn Fn(i64) -> bool| {
        let count = all.iter().filter(|value| holds(**value)).count();
        f64::from(u32::try_from(count).unwrap()) / f64::from(trials)
    };
    for value in values {
        let all: [&dyn Fn(i64) -> bool; 3] = [&|x| x == value, &|x| x <= value, &|x| x >= value];
        for holds in all {
            let (p, q) = (share(one, holds), share(other, holds));
            events.extend([(p, q), (q, p)]);
        }
    }
    let allowed = (4_000.0_f64).ln() / f64::from(trials);
    events.into_iter().map(|(p, q)| (edge(p, allowed, false) / edge(q, allowed, true)).ln()).fold(0.0, f64::max)
}

/// The furthest chance whose divergence from a seen share is still allowed.
fn edge(seen: f64, allowed: f64, up: bool) -> f64 {
    let divergence = |p: f64| {
        let part = |seen: f64, p: f64| if seen == 0.0 { 0.0 } else { seen * (seen / p).ln() };
        part(seen, p) + part(1.0 - seen, 1.0 - p)
    };
    let (mut near, mut far) = (seen, if up { 1.0 - 1e-12 } else { 1e-12 });
    for _ in 0..60 {
        let middle = f64::midpoint(near, far);
        if divergence(middle) > allowed { far = middle } else { near = middle }
    }
    near.max(1e-12)
}

type Publish<'a> = &'a dyn Fn(&Drawer, i64) -> i64;

/// Many editions of one cell, each with a secret of its own.
fn trials(count: u32, cases: i64, publish: Publish<'_>) -> Vec<i64> {
    (0..count)
        .map(|number| {
            let mut secret = [7_u8; 32];
            secret[..4].copy_from_slice(&number.to_be_bytes());
            let snapshot = crate::base::secret::sha256(&cases.to_be_bytes());
            publish(&Drawer::new(&EditionSecret::new(secret), &snapshot, "2026-q3", "1"), cases)
        })
        .collect()
}

/// T2: the trial of an auditor who sees only what comes out. Four bad builds must be found out, the true one not.
#[test]
fn an_auditor_finds_out_every_bad_build_and_not_the_true_one() {
    const TRIALS: u32 = 60_000;
    let table = rule(50);
    let wide = rule(25);
    let step = |drawer: &Drawer| drawer.step(table, &["spark", "stalking"]);
    let with = |publish: Publish<'_>| {
        let epsilon =
            |one, other| proven_epsilon(TRIALS, &trials(TRIALS, one, publish), &trials(TRIALS, other, publish));
        epsilon(0, 1).max(epsilon(17, 18))
    };
    let honest = with(&|drawer, count| drawer.noise(table, &["spark", "stalking"], Count::new(count)).value());
    assert!(honest <= 0.5, "the true build: {honest}");
    assert!(honest > 0.3, "an audit that would find nothing: {honest}");
    let normal = |drawer: &Drawer| {
        // A sum of four even draws, rounded: near enough to a rounded normal of the same spread.
        let all: i64 = (0..4).map(|n| drawer.step(wide, &["n", ["a", "b", "c", "d"][n]]).clamp(-3, 3)).sum();
        all / 2
    };
    let bad: [(&str, Publish<'_>); 4] = [
        ("a rounded normal", &|drawer, count| count + normal(drawer)),
        ("zeros left as they are", &|drawer, count| if count == 0 { 0 } else { count + step(drawer) }),
        ("an epsilon of 1 by mistake", &|drawer, count| count + step(drawer) / 2),
        ("noise cut at 6", &|drawer, count| count + step(drawer).clamp(-6, 6)),
    ];
    for (name, publish) in bad {
        let found = with(publish);
        assert!(found > 0.5, "{name} was not found out: {found}");
    }
}

/// T5, the draws: the same snapshot and secret give the same; one case more moves nearly all of them.
#[test]
fn one_changed_case_changes_the_draws_and_nothing_else_does() {
    let secret = EditionSecret::new([3; 32]);
    let cells: Vec<String> = (0..400).map(|n| format!("platform-{n}")).collect();
    let draws = |snapshot: [u8; 32], edition: &str| -> Vec<i64> {
        let drawer = Drawer::new(&secret, &snapshot, edition, "1");
        cells.iter().map(|cell| drawer.step(rule(50), &[cell, "stalking"])).collect()
    };
    let first = draws([1; 32], "2026-q3");
    assert_eq!(first, draws([1; 32], "2026-q3"));
    for other in [draws([2; 32], "2026-q3"), draws([1; 32], "2026-q4")] {
        let same = first.iter().zip(&other).filter(|(one, other)| one == other).count();
        // Independent draws agree 13 times in 100; unrelated keys must not do better.
        assert!(same < 400 * 19 / 100, "{same} of 400 draws are the same");
    }
}

#[test]
fn the_rules_are_the_closed_list_of_the_method() {
    let all = rules();
    let listed: Vec<(&str, u32, i64)> =
        all.tables.iter().map(|table| (table.code.as_str(), table.epsilon_hundredths, table.threshold)).collect();
    let expected = [
        ("N", 25, 30),
        ("P", 25, 30),
        ("PC", 50, 15),
        ("PL", 50, 15),
        ("PO", 50, 15),
        ("PR", 25, 30),
        ("CR", 25, 30),
        ("K", 25, 30),
    ];
    assert_eq!(listed, expected);
    let lifetime: u32 =
        all.tables.iter().filter(|table| !table.is_signed()).map(|table| table.epsilon_hundredths).sum();
    assert_eq!(lifetime, 250, "what is ever published of one case");
    for table in &all.tables {
        let variance: f64 = if table.epsilon_hundredths == 50 { 7.835 } else { 31.834 };
        let least = 5.0 * variance.sqrt();
        let threshold = f64::from(u32::try_from(table.threshold).unwrap());
        assert!(threshold >= least && threshold < least + 5.0, "{}: five deviations are {least}", table.name);
        assert!(Perturbation::of(table.epsilon_hundredths).is_some());
    }
    let codes = |dimension| all.dimension(dimension).unwrap().values.iter().map(|v| v.code.clone()).collect::<Vec<_>>();
    assert_eq!(codes(Dimension::Region), Region::ALL.iter().map(|r| r.as_str()).collect::<Vec<_>>());
    assert_eq!(codes(Dimension::Response), Response::ALL.iter().map(|r| r.as_str()).collect::<Vec<_>>());
    assert_eq!(codes(Dimension::Outcome), Standing::ALL.iter().map(|r| r.as_str()).collect::<Vec<_>>());
    assert_eq!(codes(Dimension::Category).len(), 8);
    assert!(Rules::read("surprise = 1").is_err());
}

/// A second, plain way from buckets to quantiles: T8's reference, which knows nothing but the noised buckets.
fn reference(buckets: &[i64], part: f64) -> Option<f64> {
    let ends = [1.0, 6.0, 24.0, 72.0, 168.0, 336.0, 720.0_f64];
    let total: i64 = buckets.iter().sum();
    let share = |k: usize| {
        let first: i64 = buckets[..k].iter().sum();
        #[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "small counts")]
        let share = first as f64 / total as f64;
        share.clamp(0.0, 1.0)
    };
    let k = (1..=8).find(|k| share(*k) >= part)?;
    match k {
        1 => Some(1.0),
        8 => None,
        _ => {
            let within = ((part - share(k - 1)) / (share(k) - share(k - 1))).clamp(0.0, 1.0);
            Some((ends[k - 2].ln() + within * (ends[k - 1].ln() - ends[k - 2].ln())).exp())
        }
    }
}

proptest! {
    /// T8: what is said of response times follows from the noised histogram, and its ranges hold the value.
    #[test]
    fn response_times_are_those_of_the_noised_histogram(buckets in proptest::collection::vec(-5_i64..120, 8)) {
        let table = rules().table("platform-response").unwrap();
        let noised = buckets.iter().map(|count| Noised(*count)).collect();
        let times = Histogram::new(noised, table, rules().gates).response_times();
        let total: i64 = buckets.iter().sum();
        prop_assert_eq!(times.within_72h.is_some(), total >= 50);
        prop_assert_eq!(times.median.is_some(), total >= 100);
        prop_assert_eq!(times.p90.is_some(), total >= 200);
        if let Some(share) = times.within_72h {
            prop_assert!(0 <= share.low && share.low <= share.value && share.value <= share.high && share.high <= 100);
            let first: i64 = buckets[..4].iter().sum();
            let exact = (first * 100).clamp(0, total * 100);
            prop_assert!((share.value * total - exact).abs() <= total / 2 + 1);
        }
        for (told, part) in [(times.median, 0.5), (times.p90, 0.9)] {
            let Some(TimeInterval { value: about, low, high }) = told else { continue };
            prop_assert!(low <= about && about <= high);
            match (about, reference(&buckets, part)) {
                (Time::Hours(hours), Some(exact)) => {
                    let hours = f64::from(i32::try_from(hours).unwrap());
                    prop_assert!((hours - exact).abs() <= 0.5 + exact * 0.002, "{} and {}", hours, exact);
                }
                (Time::AfterDay30, None) => {}
                (about, exact) => prop_assert!(false, "{:?} and {:?}", about, exact),
            }
        }
    }

    /// Below the threshold nothing is told, and above it only the nearest multiple.
    #[test]
    fn figures_are_low_or_the_nearest_five(noised in -400_i64..4_000, at in 0_usize..8) {
        let table = &rules().tables[at];
        match Noised(noised).figure(table) {
            Figure::Low => prop_assert!(noised < table.threshold && (!table.is_signed() || noised > -table.threshold)),
            Figure::Value(value) => {
                prop_assert!(value % 5 == 0 && (value - noised).abs() <= 2);
                prop_assert!(value >= table.threshold || (table.is_signed() && value <= -table.threshold));
            }
        }
    }
}

#[test]
fn a_count_cannot_be_printed() {
    assert_eq!(format!("{:?}", Count::new(3)), "Count(…)");
    assert_eq!(format!("{:?}", EditionSecret::new([1; 32])), "EditionSecret(…)");
}

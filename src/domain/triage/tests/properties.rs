//! The engine agrees with the oracle on any facts, and nothing ever lowers a priority.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{codes, oracle};
use crate::domain::terms::taxonomy::{CategoryCode, KeyCode, taxonomy};
use crate::domain::terms::words::Answer;
use crate::domain::triage::{Engine, Facts, Priority, Signal, merge_answers};

/// Random facts by name: `Facts` itself shows nothing when a case fails.
#[derive(Clone, Debug)]
struct Told {
    categories: Vec<CategoryCode>,
    answers: Vec<(KeyCode, Answer)>,
    child: bool,
    doubtful_no: bool,
    signals: Vec<Signal>,
}

impl Told {
    fn facts(&self) -> Facts {
        Facts {
            categories: self.categories.iter().copied().collect(),
            answers: self.answers.iter().copied().collect(),
            child: self.child,
            doubtful_no: self.doubtful_no,
            signals: self.signals.iter().copied().collect(),
        }
    }
}

fn key() -> impl Strategy<Value = KeyCode> {
    let keys: Vec<KeyCode> = taxonomy().answer_keys().iter().map(|answer_key| answer_key.key).collect();
    prop::sample::select(keys)
}

fn category() -> impl Strategy<Value = CategoryCode> {
    let codes: Vec<CategoryCode> = taxonomy().categories().iter().map(|category| category.code).collect();
    prop::sample::select(codes)
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        3 => Just(Answer::Yes),
        1 => Just(Answer::No),
        1 => Just(Answer::Unknown),
        1 => Just(Answer::NotAsked),
        1 => Just(Answer::Declined),
    ]
}

fn answers(most: usize) -> impl Strategy<Value = Vec<(KeyCode, Answer)>> {
    prop::collection::vec((key(), answer()), 0..most)
}

fn told() -> impl Strategy<Value = Told> {
    let signals = prop::sample::subsequence(Signal::ALL.to_vec(), 0..=4);
    // Short lists keep the rare combinations apart, long ones bring them together.
    let answers = prop_oneof![answers(6), answers(20), answers(80)];
    let parts = (prop::collection::vec(category(), 0..4), answers, prop::bool::weighted(0.2), any::<bool>(), signals);
    parts.prop_map(|(categories, answers, child, doubtful_no, signals)| Told {
        categories,
        answers,
        child,
        doubtful_no,
        signals,
    })
}

fn check(engine: &Engine, facts: &Facts) -> Result<(), TestCaseError> {
    let found = engine.assess(facts);
    let (fired, known, priority) = oracle::assess(facts);
    let mut listed: Vec<_> = found.floors.iter().map(|floor| (floor.code.as_str(), floor.floor)).collect();
    let in_order = codes(&found);
    prop_assert!(in_order.is_sorted(), "{in_order:?} is not in file order");
    listed.sort_unstable();
    prop_assert_eq!(listed, fired);
    prop_assert_eq!(found.points_known, known);
    prop_assert_eq!(found.priority, priority);
    prop_assert_eq!(found.points_if_unknown_yes, possible(facts));
    prop_assert_eq!(found.critical_unknowns.iter().map(String::as_str).collect::<BTreeSet<_>>(), critical(facts));
    let weights: Vec<_> = found.contributions.iter().map(|one| (u32::MAX - one.weight, one.key.as_str())).collect();
    prop_assert!(weights.is_sorted());
    prop_assert_eq!(found.contributions.iter().map(|one| one.weight).sum::<u32>(), known);
    prop_assert!(found.failure.is_none());
    Ok(())
}

fn firm_no(facts: &Facts, key: &str) -> bool {
    !facts.doubtful_no && facts.answers.get(&KeyCode::parse(key).unwrap()) == Some(&Answer::No)
}

fn possible(facts: &Facts) -> u32 {
    oracle::points().iter().filter(|(key, _)| !firm_no(facts, key)).map(|(_, weight)| weight).sum()
}

/// By the definition: each key alone set to yes, and everything judged anew.
fn critical(facts: &Facts) -> BTreeSet<&'static str> {
    let urgent = |facts: &Facts| -> BTreeSet<&str> {
        let fired = oracle::assess(facts).0;
        fired
            .into_iter()
            .filter(|(code, floor)| *floor == Priority::P0 && *code != "O20")
            .map(|(code, _)| code)
            .collect()
    };
    let now = urgent(facts);
    let keys = taxonomy().answer_keys().iter().map(|answer_key| answer_key.key);
    let open = keys.filter(|key| !firm_no(facts, key.as_str()));
    open.filter(|key| {
        let mut supposed = facts.clone();
        supposed.answers.insert(*key, Answer::Yes);
        !urgent(&supposed).is_subset(&now)
    })
    .map(KeyCode::as_str)
    .collect()
}

/// Every fact alone and every two together: no chance is left to chance.
#[test]
fn agrees_with_the_oracle_on_every_pair_of_facts() {
    let engine = Engine::from_rules_text(None);
    let mut single: Vec<Facts> = vec![Facts { child: true, ..Facts::default() }];
    for answer_key in taxonomy().answer_keys() {
        single.push(Facts { answers: BTreeMap::from([(answer_key.key, Answer::Yes)]), ..Facts::default() });
    }
    for category in taxonomy().categories() {
        single.push(Facts { categories: BTreeSet::from([category.code]), ..Facts::default() });
    }
    for signal in Signal::ALL.iter().copied() {
        single.push(Facts { signals: BTreeSet::from([signal]), ..Facts::default() });
    }
    for one in &single {
        for other in &single {
            let mut both = one.clone();
            both.answers.extend(&other.answers);
            both.categories.extend(&other.categories);
            both.signals.extend(&other.signals);
            both.child |= other.child;
            let (found, (fired, known, priority)) = (engine.assess(&both), oracle::assess(&both));
            assert_eq!((found.points_known, found.priority), (known, priority));
            assert_eq!(codes(&found), fired.iter().map(|(code, _)| *code).collect::<Vec<_>>());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_oracle(told in told()) {
        check(&Engine::from_rules_text(None), &told.facts())?;
    }

    #[test]
    fn nothing_added_lowers_a_priority(told in told(), key in key(), code in category(), signal in prop::sample::select(Signal::ALL.to_vec())) {
        let engine = Engine::from_rules_text(None);
        let facts = told.facts();
        let before = engine.assess(&facts);
        let mut more = vec![facts.clone(), facts.clone(), facts.clone(), facts.clone()];
        more[0].answers.insert(key, Answer::Yes);
        more[1].categories.insert(code);
        more[2].signals.insert(signal);
        more[3].child = true;
        for facts in more {
            let after = engine.assess(&facts);
            prop_assert!(after.priority <= before.priority);
            prop_assert!(after.points_known >= before.points_known);
        }
    }

    #[test]
    fn only_yes_fires_and_only_no_is_a_no(told in told(), key in key()) {
        let engine = Engine::from_rules_text(None);
        let with = |answer| {
            let mut facts = told.facts();
            facts.doubtful_no = false;
            facts.answers.insert(key, answer);
            engine.assess(&facts)
        };
        let no = with(Answer::No);
        for open in [Answer::Unknown, Answer::NotAsked, Answer::Declined].map(with) {
            prop_assert_eq!(codes(&open), codes(&no));
            prop_assert_eq!((open.priority, open.points_known), (no.priority, no.points_known));
            prop_assert!(open.points_if_unknown_yes >= no.points_if_unknown_yes);
            prop_assert!(no.critical_unknowns.iter().all(|key| open.critical_unknowns.contains(key)));
        }
    }

    #[test]
    fn a_doubtful_no_counts_as_unknown(told in told()) {
        let engine = Engine::from_rules_text(None);
        let mut doubtful = told.facts();
        doubtful.doubtful_no = true;
        let mut unknown = doubtful.clone();
        for answer in unknown.answers.values_mut().filter(|answer| **answer == Answer::No) {
            *answer = Answer::Unknown;
        }
        let (doubtful, unknown) = (engine.assess(&doubtful), engine.assess(&unknown));
        prop_assert_eq!(doubtful.points_if_unknown_yes, unknown.points_if_unknown_yes);
        prop_assert_eq!(doubtful.critical_unknowns, unknown.critical_unknowns);
    }

    #[test]
    fn a_yes_sticks_and_otherwise_the_latest_counts(earlier in answers(30), later in answers(30)) {
        let earlier: BTreeMap<_, _> = earlier.into_iter().collect();
        let later: BTreeMap<_, _> = later.into_iter().collect();
        let mut joined = earlier.clone();
        merge_answers(&mut joined, &later);
        for answer_key in taxonomy().answer_keys() {
            let at = |answers: &BTreeMap<_, _>| answers.get(&answer_key.key).copied().unwrap_or_default();
            let (before, after) = (at(&earlier), at(&later));
            let stays = before == Answer::Yes || after == Answer::NotAsked;
            let expected = if stays { before } else { after };
            prop_assert_eq!(at(&joined), expected);
        }
        let mut again = joined.clone();
        merge_answers(&mut again, &later);
        prop_assert_eq!(again, joined, "joining the same answers twice changes nothing");
    }

    #[test]
    fn what_is_stored_reads_back(told in told()) {
        let facts = told.facts();
        let read: Facts = serde_json::from_str(&serde_json::to_string(&facts).unwrap()).unwrap();
        prop_assert!(read == facts);
        let assessment = Engine::from_rules_text(None).assess(&facts);
        let read: crate::domain::triage::Assessment =
            serde_json::from_str(&serde_json::to_string(&assessment).unwrap()).unwrap();
        prop_assert!(read == assessment);
    }
}

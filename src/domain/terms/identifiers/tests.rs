//! The pairs beside the rules, and what holds of every value.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pairs {
    group: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    kinds: String,
    why: String,
    #[serde(default)]
    same: Vec<[String; 2]>,
    #[serde(default)]
    doubt: Vec<[String; 2]>,
    #[serde(default)]
    different: Vec<[String; 2]>,
    #[serde(default)]
    nobody: Vec<String>,
}

impl Group {
    fn kinds(&self) -> [IdentifierKind; 2] {
        let mut kinds = self.kinds.split(' ').map(|kind| IdentifierKind::parse(kind).unwrap());
        let first = kinds.next().unwrap();
        [first, kinds.next().unwrap_or(first)]
    }
}

fn pairs() -> Vec<Group> {
    toml::from_str::<Pairs>(include_str!("pairs.toml")).unwrap().group
}

/// `GB: 07700 900123` is a number that somebody in Britain wrote.
fn written(kind: IdentifierKind, text: &str) -> Identifier {
    match text.split_once(": ").filter(|(country, _)| country.len() == 2 && kind == IdentifierKind::Phone) {
        Some((country, value)) => Identifier::new(kind, value).in_country(Some(country)),
        None => Identifier::new(kind, text),
    }
}

fn is_match(one: &Identifier, other: &Identifier) -> bool {
    !one.forms().exact.is_disjoint(&other.forms().exact)
}

/// Whether the wall of whoever declared the one stands before a case that names the other; nothing when it cannot be
/// declared.
fn is_walled(declared: &Identifier, named: &Identifier) -> Option<bool> {
    let declared_alone = Identifier::new(declared.kind, declared.value());
    if declared.country.is_some() || declared_alone.is_of_no_country() || declared_alone.is_nobody() {
        return None;
    }
    Some(!declared_alone.forms().declared.is_disjoint(&named.forms().broad))
}

/// Both ways round, as far as they can be declared.
fn walls(one: &Identifier, other: &Identifier) -> Vec<bool> {
    [is_walled(one, other), is_walled(other, one)].into_iter().flatten().collect()
}

#[test]
fn every_pair_is_taken_as_it_should_be() {
    let (mut wrong, mut counts) = (Vec::new(), [0, 0, 0, 0]);
    for group in pairs() {
        let [first, second] = group.kinds();
        let expected = [(&group.same, true, true), (&group.doubt, false, true), (&group.different, false, false)];
        for (pairs, matches, meets) in expected {
            for [left, right] in pairs {
                let (one, other) = (written(first, left), written(second, right));
                let found = walls(&one, &other);
                counts[usize::from(!matches)] += 1;
                counts[2 + usize::from(!meets)] += usize::from(!found.is_empty());
                if is_match(&one, &other) != matches {
                    wrong.push(format!("{}: {left} / {right}: a match should be {matches}", group.why));
                }
                if found.iter().any(|found| *found != meets) {
                    wrong.push(format!("{}: {left} / {right}: a wall should be {meets}", group.why));
                }
                if meets && matches && group.kinds.contains("phone") && found.is_empty() && !both_inside(left, right) {
                    wrong.push(format!("{}: {left} / {right}: neither can be declared", group.why));
                }
            }
        }
        for value in &group.nobody {
            let forms = written(first, value).forms();
            if !forms.exact.is_empty() || !forms.broad.is_empty() || !forms.declared.is_empty() {
                wrong.push(format!("{}: {value} stands for somebody: {:?}", group.why, forms.broad));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(counts.iter().all(|count| *count >= 150), "same and not, for a match and at a wall: {counts:?}");
}

fn both_inside(left: &str, right: &str) -> bool {
    [left, right].iter().all(|text| text.get(2..4) == Some(": "))
}

/// Values as people and programs write them, and wholly arbitrary ones.
fn value() -> impl Strategy<Value = String> {
    let spelled: Vec<String> = pairs()
        .into_iter()
        .flat_map(|group| {
            let sides = group.same.into_iter().chain(group.doubt).chain(group.different).flatten();
            sides.chain(group.nobody).collect::<Vec<_>>()
        })
        .collect();
    let noise = prop::sample::select(vec![
        "", " ", "+", "\u{200B}", "é", "e\u{301}", "/", "#", "?id=", "@", ".", "0", "(0)", "x", "ß", "İ", "%41", "&",
        ";",
    ]);
    let mixed = (prop::sample::select(spelled.clone()), noise.clone(), 0_usize..40, noise).prop_map(
        |(text, inside, at, end)| {
            let at = text.char_indices().map(|(at, _)| at).nth(at).unwrap_or(0);
            format!("{}{inside}{}{end}", &text[..at], &text[at..])
        },
    );
    prop_oneof![4 => mixed, 2 => prop::sample::select(spelled), 1 => ".{0,60}", 1 => "[-+0-9 ().#/x]{0,30}", 1 => "[a-z./?=#&@%0-9]{0,40}"]
}

fn kind() -> impl Strategy<Value = IdentifierKind> {
    prop::sample::select(IdentifierKind::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn making_alike_twice_changes_nothing(kind in kind(), text in value()) {
        let once = Identifier::new(kind, &text).forms().exact;
        for (kind, form) in &once {
            let again = Identifier::new(IdentifierKind::parse(kind).unwrap(), form).forms().exact;
            prop_assert_eq!(&again, &BTreeSet::from([(*kind, form.clone())]), "{} of {:?}", form, text);
        }
    }

    #[test]
    fn what_is_one_for_a_match_is_one_at_a_wall(kind in kind(), other in kind(), text in value(), second in value()) {
        let (one, other) = (Identifier::new(kind, &text), Identifier::new(other, &second));
        if is_match(&one, &other) {
            prop_assert!(walls(&one, &other).iter().all(|found| *found));
        }
        // And every value is itself.
        if !one.forms().exact.is_empty() {
            prop_assert!(walls(&one, &one).iter().all(|found| *found));
        }
    }
}

#[test]
fn a_long_value_takes_no_long_time() {
    for text in [
        "(0)".repeat(200),
        "1/".repeat(250),
        "+1 ".repeat(160),
        "a@".repeat(250),
        "x.y/".repeat(120),
        "é\u{301}".repeat(250),
        "a,".repeat(250),
        "night🦉".repeat(80),
        "fb://f?href=".repeat(40),
    ] {
        for kind in IdentifierKind::ALL {
            let begun = crate::base::time::Clock::machine();
            let at = begun.now();
            let _ = Identifier::new(*kind, &text).in_country(Some("BR")).forms();
            assert!(begun.now().since(at) < std::time::Duration::from_millis(500), "{kind:?}");
        }
    }
}

/// Which of many words is the name, nobody can say: each is looked up, and none is declared.
#[test]
fn each_word_of_a_sentence_is_looked_up_at_a_wall() {
    let of = |text: &str| Identifier::new(IdentifierKind::Handle, text);
    let sentence = of("the man whom they call night_owl, from Leeds");
    assert_eq!(is_walled(&of("Night_Owl"), &sentence), Some(true));
    assert_eq!(is_walled(&of("dayowl"), &sentence), Some(false));
    assert_eq!(is_walled(&sentence, &of("a woman whom they call dayowl")), Some(false), "words are not declared");
    assert_eq!(is_walled(&of("instagram"), &of("dayowl on instagram")), Some(false));
}

#[test]
fn a_number_in_a_field_for_a_name_counts_at_a_wall() {
    let of = |text: &str| Identifier::new(IdentifierKind::Handle, text);
    for (number, named) in [
        ("+447700901001", "07700901001"),
        ("+447700901002", "WhatsApp 07700901002"),
        ("+447700901003", "whatsapp: 07700 901 003"),
    ] {
        let declared = Identifier::new(IdentifierKind::Phone, number);
        assert_eq!(is_walled(&declared, &of(named)), Some(true), "{named}");
        assert!(!is_match(&declared, &of(named)), "{named}");
    }
    // And the other way round: declared without its country, in a field for a name.
    for named in ["+447700901001", "07700 901001"] {
        assert_eq!(
            is_walled(&of("07700 901001"), &Identifier::new(IdentifierKind::Phone, named)),
            Some(true),
            "{named}"
        );
    }
    let declared = Identifier::new(IdentifierKind::Phone, "+447700901001");
    for named in ["07700901002", "0901001", "ann07700901001", "facebook.com/07700901001"] {
        assert_eq!(is_walled(&declared, &of(named)), Some(false), "{named}");
    }
}

//! Any sequence of reports and of wishes that were told: what is safe was said by her, and nothing since has taken it away.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::standing::Standing;
use super::told::Told;
use crate::base::time::Timestamp;
use crate::domain::case::contacts::{Heard, Said};
use crate::domain::casework::notes::Way;
use crate::domain::terms::contact::{ChannelBody, ContactBody};
use crate::domain::terms::words::{Channel, Source};

/// A way by its kind, and the number of its number where it has one.
type WayOf = (Channel, Option<u8>);

/// Something that was said of contact: `ContactBody` itself shows nothing when a case fails.
#[derive(Clone, Debug)]
enum Step {
    Hers { now: bool, may: bool, ways: Vec<WayOf>, never: Vec<Channel> },
    Others { ways: Vec<WayOf>, never: Vec<Channel> },
    Unreadable,
    Told { ways: Vec<WayOf>, never: Vec<WayOf> },
}

fn channel() -> impl Strategy<Value = Channel> {
    prop::sample::select(Channel::ALL.to_vec())
}

fn way() -> impl Strategy<Value = WayOf> {
    (channel(), prop::option::weighted(0.8, 1..=3_u8))
}

fn ways() -> impl Strategy<Value = Vec<WayOf>> {
    prop::collection::vec(way(), 0..5)
}

fn step() -> impl Strategy<Value = Step> {
    let never = || prop::collection::vec(channel(), 0..2);
    prop_oneof![
        6 => (prop::bool::weighted(0.8), prop::bool::weighted(0.9), ways(), never())
            .prop_map(|(now, may, ways, never)| Step::Hers { now, may, ways, never }),
        3 => (ways(), never()).prop_map(|(ways, never)| Step::Others { ways, never }),
        1 => Just(Step::Unreadable),
        2 => (ways(), prop::collection::vec(way(), 0..2)).prop_map(|(ways, never)| Step::Told { ways, never }),
    ]
}

/// A way as somebody writes it; `how` chooses one of the spellings of a number.
fn written(way: WayOf, how: usize) -> ChannelBody {
    let (kind, number) = way;
    let value = number.map(|number| match (kind, how % 3) {
        (Channel::Email, 0) => format!("ann{number}@example.org"),
        (Channel::Email, _) => format!("Ann{number}@Example.org"),
        (Channel::Phone | Channel::Sms, 0) => format!("+44770090045{number}"),
        (Channel::Phone | Channel::Sms, 1) => format!("+44 (0)7700 900 45{number}"),
        (Channel::Phone | Channel::Sms, _) => format!("\u{202b}0044 7700-90045{number}\u{202c}"),
        (Channel::Portal | Channel::Platform, _) => format!("room-{number}"),
    });
    ChannelBody { kind, value }
}

fn all_written(ways: &[WayOf], how: usize) -> Vec<ChannelBody> {
    ways.iter().map(|way| written(*way, how)).collect()
}

fn body(now: bool, may_contact: bool, ways: &[WayOf], never: &[Channel]) -> ContactBody {
    ContactBody {
        source: Some(if now { Source::SaidNow } else { Source::Profile }),
        may_contact,
        channels: ways.iter().enumerate().map(|(how, way)| written(*way, how)).collect(),
        never: never.to_vec(),
        voicemail_safe: None,
        device_shared: None,
    }
}

fn takes(standing: &mut Standing, step: &Step) {
    let at = Timestamp::from_micros(1);
    let said = |hers, heard| Said { report: None, at, hers, country: None, heard };
    match step {
        Step::Hers { now, may, ways, never } => {
            standing.said(&said(true, Heard::Wishes(Box::new(body(*now, *may, ways, never)))));
        }
        Step::Others { ways, never } => {
            standing.said(&said(false, Heard::Wishes(Box::new(body(true, true, ways, never)))));
        }
        Step::Unreadable => standing.said(&said(false, Heard::Unreadable)),
        Step::Told { ways, never } => {
            let told = Told {
                how: Way::Phone,
                may_contact: !ways.is_empty(),
                channels: all_written(ways, 2),
                never: all_written(never, 1),
                hours: None,
                said: None,
                voicemail_safe: None,
                device_shared: None,
                country: None,
                number: 0,
                beside: Vec::new(),
            };
            // What is listed and forbidden at once is refused before it is written down.
            standing.told(&told, None, at);
        }
    }
}

/// The ways that are safe, by kind and number.
fn safe(steps: &[Step]) -> BTreeSet<WayOf> {
    let mut standing = Standing::default();
    for step in steps {
        takes(&mut standing, step);
    }
    let number = |value: &str| {
        let digits: Vec<u8> = value.bytes().filter(u8::is_ascii_digit).collect();
        digits.last().map(|digit| digit - b'0')
    };
    let in_force = standing.in_force(false);
    assert_eq!(in_force.may_contact, !in_force.channels.is_empty());
    assert!(in_force.channels.len() <= 10 && in_force.never.len() <= 25);
    in_force.channels.iter().map(|way| (way.kind, way.value.as_deref().and_then(number))).collect()
}

/// Whether a later list of hers leaves the way as safe as it was.
fn lists(ways: &[WayOf], way: WayOf) -> bool {
    ways.iter().any(|(kind, value)| *kind == way.0 && (value.is_none() || *value == way.1))
}

/// The same, as it is written in the decision.
fn should_be_safe(steps: &[Step], way: WayOf) -> bool {
    let told = steps.iter().rposition(|step| matches!(step, Step::Told { .. }));
    let speaks = |step: &Step| matches!(step, Step::Hers { now, may, .. } if *now || !*may);
    let Some(base) = told.or_else(|| steps.iter().position(speaks)) else { return false };
    let listed = match &steps[base] {
        Step::Told { ways, .. } => ways.contains(&way),
        Step::Hers { may, ways, .. } => *may && ways.contains(&way),
        Step::Others { .. } | Step::Unreadable => false,
    };
    let since = if told.is_some() { &steps[base + 1..] } else { steps };
    let is_taken = |(at, step): (usize, &Step)| match step {
        Step::Hers { now, may, ways, never } => {
            let is_base = told.is_none() && at == base;
            never.contains(&way.0) || !may || (*now && !is_base && !lists(ways, way))
        }
        Step::Others { never, .. } => never.contains(&way.0),
        Step::Unreadable => true,
        Step::Told { .. } => false,
    };
    listed && !since.iter().enumerate().any(is_taken)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_024, ..ProptestConfig::default() })]

    #[test]
    fn a_way_is_safe_when_she_listed_it_and_nothing_has_taken_it_away(steps in prop::collection::vec(step(), 0..7)) {
        let expected: BTreeSet<WayOf> = Channel::ALL
            .iter()
            .flat_map(|kind| [None, Some(1), Some(2), Some(3)].map(|value| (*kind, value)))
            .filter(|way| should_be_safe(&steps, *way))
            .collect();
        prop_assert_eq!(safe(&steps), expected);
    }

    #[test]
    fn nothing_that_comes_through_a_platform_loosens(steps in prop::collection::vec(step(), 1..7), one in step()) {
        let spoken = steps.iter().any(|step| matches!(step, Step::Told { .. } | Step::Hers { now: true, .. }));
        prop_assume!(spoken && !matches!(one, Step::Told { .. }));
        let before = safe(&steps);
        let after = safe(&[steps, vec![one]].concat());
        prop_assert!(after.is_subset(&before), "{:?} before, {:?} after", before, after);
    }
}

//! A night at the console by keyboard alone: letters lead, the tabulator goes through forms, and nothing is pointed at.

use crate::console_stories::{alone, night, pair, together};
use crate::harness::hands::Hands;

#[test]
fn by_keys_alone_from_signing_in_to_a_decision_a_hold_and_another_case() {
    night(Hands::Keys, alone);
}

#[test]
fn by_keys_alone_two_lower_a_priority_hand_a_case_over_race_and_look_for_mirrors() {
    pair(Hands::Keys, together);
}

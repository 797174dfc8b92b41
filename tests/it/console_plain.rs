//! The same night where pages run no script: by links, buttons and fields, as they stand there.

use crate::console_stories::{alone, night, pair, together};
use crate::harness::hands::Hands;

#[test]
fn without_a_script_from_signing_in_to_a_decision_a_hold_and_another_case() {
    night(Hands::Plain, alone);
}

#[test]
fn without_a_script_two_lower_a_priority_hand_a_case_over_race_and_look_for_mirrors() {
    pair(Hands::Plain, together);
}

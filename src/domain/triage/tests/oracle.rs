//! The contract's tables, written a second time and by hand, without the rule file or the engine.

use std::collections::BTreeSet;

use crate::domain::terms::words::Answer;
use crate::domain::triage::{Facts, Priority, Signal};

/// A case as the oracle sees it.
pub(super) struct Case {
    yes: BTreeSet<&'static str>,
    categories: BTreeSet<&'static str>,
    groups: BTreeSet<&'static str>,
    child: bool,
    signals: BTreeSet<Signal>,
}

impl Case {
    pub(super) fn of(facts: &Facts) -> Self {
        let categories: BTreeSet<_> = facts.categories.iter().map(|code| code.as_str()).collect();
        let a_child = ["under_18_on_platform", "grooming", "child_sexual_abuse"].iter().any(|c| categories.contains(c));
        Self {
            yes: facts.answers.iter().filter(|(_, a)| **a == Answer::Yes).map(|(key, _)| key.as_str()).collect(),
            groups: facts.categories.iter().map(|code| code.group().as_str()).collect(),
            child: facts.child || a_child,
            signals: facts.signals.clone(),
            categories,
        }
    }

    fn yes(&self, key: &str) -> bool {
        self.yes.contains(key)
    }

    fn category(&self, code: &str) -> bool {
        self.categories.contains(code)
    }

    fn any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.yes(key))
    }
}

type Row = (&'static str, Priority, fn(&Case) -> bool);

use Priority::{P0, P1, P2, P3, P4};

/// Every row but O18, O18b, O19 and O20, which depend on others.
const ROWS: &[Row] = &[
    ("O01", P0, |c| c.yes("not_safe_now") || c.yes("perpetrator_nearby") || c.yes("held_against_will")),
    ("O02", P0, |c| c.yes("threat_to_kill_specific_or_recent") || c.yes("threat_of_serious_harm_specific_or_recent")),
    ("O02b", P1, |c| c.yes("threat_to_kill") || c.yes("threat_of_serious_harm")),
    ("O03", P0, |c| {
        c.yes("strangulation_last_72h")
            || (c.yes("strangulation") && (c.yes("symptoms_now") || c.yes("lost_consciousness")))
    }),
    ("O03b", P1, |c| c.yes("strangulation")),
    ("O04", P0, |c| c.yes("weapon_last_7d")),
    ("O04b", P1, |c| c.yes("weapon")),
    ("O05", P0, |c| {
        c.yes("suicide_plan_or_means")
            || (c.yes("suicidal_thoughts")
                && (c.category("sextortion")
                    || c.category("intimate_image_threat")
                    || c.category("romance_fraud")
                    || c.category("investment_fraud")))
    }),
    ("O05b", P1, |c| c.yes("suicidal_thoughts") || c.category("survivor_at_risk_of_suicide")),
    ("O06", P0, |c| {
        (c.yes("perpetrator_suicide_threat") || c.yes("last_resort_talk"))
            && c.any(&["weapon", "weapon_last_7d", "children_involved", "perpetrator_has_access"])
    }),
    ("O06b", P1, |c| c.yes("perpetrator_suicide_threat") || c.yes("last_resort_talk")),
    ("O07", P0, |c| c.child && (c.yes("meeting_planned") || c.yes("contact_continuing") || c.category("sextortion"))),
    ("O07b", P1, |c| c.child),
    ("O08", P0, |c| {
        (c.category("sexual_assault") || c.category("spiking"))
            && c.any(&["not_safe_now", "perpetrator_nearby", "unwell_now", "spiked_within_24h"])
    }),
    ("O08b", P1, |c| c.category("sexual_assault") || c.category("spiking")),
    ("O09", P0, |c| c.yes("order_breached") && c.yes("perpetrator_nearby")),
    ("O09b", P1, |c| c.yes("order_breached")),
    ("O10", P1, |c| c.any(&["at_home_work_or_school_last_72h", "unlawful_entry", "tracker_or_spyware_found"])),
    ("O11", P0, |c| c.yes("believes_will_be_killed")),
    ("O11b", P1, |c| c.yes("very_frightened")),
    ("O12", P1, |c| {
        (c.yes("recent_separation") || c.yes("recent_rejection"))
            && c.yes("coercive_control")
            && (c.yes("physical_violence") || c.yes("sexual_violence"))
    }),
    ("O13", P1, |c| {
        c.any(&["honour_based_abuse", "forced_marriage", "threat_to_out", "immigration_threat"])
            || c.category("honour_based_abuse")
    }),
    ("O14", P0, |c| (c.category("trafficking") || c.yes("trafficking_signs")) && c.yes("in_transit_or_held")),
    ("O14b", P1, |c| c.category("trafficking") || c.yes("trafficking_signs") || c.yes("documents_taken")),
    ("O15", P0, |c| c.yes("image_deadline_24h")),
    ("O15b", P1, |c| {
        c.category("intimate_image_shared")
            || c.category("intimate_image_deepfake")
            || c.category("intimate_image_threat")
            || c.category("sextortion")
            || c.yes("image_threat_with_deadline")
    }),
    ("O16", P1, |c| c.yes("money_moving_now") || c.yes("remote_access_to_device")),
    ("O17", P1, |c| c.signals.contains(&Signal::IndependentReporters)),
    ("O21", P1, |c| c.signals.contains(&Signal::MirrorReports)),
    ("O22", P1, |c| c.any(&["released_or_hearing_within_7d", "found_new_address", "sudden_silence"])),
    ("O23", P0, |c| {
        c.yes("firearm_access")
            && c.any(&[
                "threats",
                "threat_to_kill",
                "threat_of_serious_harm",
                "perpetrator_suicide_threat",
                "recent_separation",
            ])
    }),
    ("O23b", P1, |c| c.yes("firearm_access")),
    ("O24", P0, |c| c.yes("child_handover_within_72h") && c.any(&["threats", "threat_to_kill", "physical_violence"])),
    ("O24b", P1, |c| c.yes("children_in_household") && c.any(&["threats", "physical_violence", "coercive_control"])),
    ("O25", P1, |c| c.yes("harm_to_animals") && c.yes("coercive_control")),
    ("O27", P1, |c| c.signals.contains(&Signal::Unreadable)),
];

/// The points as the contract writes them.
const POINTS: &str = "repeated 1 · ten_or_more_in_30d 2 · over_two_weeks 1 · over_three_months 2 · \
    more_than_three_visits_a_week 3 · new_accounts_after_block 2 · several_channels 1 · \
    earlier_harassment_of_anyone 2 · escalating_last_30d 3 · \
    knows_home_or_work 1 · loitered_or_turned_up 3 · tracking_or_account_takeover 3 · property_damage 2 · \
    unlawful_entry 3 · gifts_or_deliveries 1 · \
    threats 3 · physical_violence 3 · sexual_violence 4 · strangulation 5 · weapon 4 · known_past_violence 2 · \
    harm_to_animals 2 · \
    coercive_control 3 · recent_separation 2 · recent_rejection 2 · jealous_monitoring 1 · economic_abuse 2 · \
    child_contact_dispute 1 · \
    perpetrator_suicide_threat 3 · last_resort_talk 4 · recent_loss_or_trigger 2 · substance_misuse 1 · \
    uses_other_people 2 · harasses_third_parties 2 · \
    very_frightened 3 · isolated 1 · pregnant_or_new_baby 2 · disability_or_dependence 2 · \
    insecure_immigration_status 2 · threat_to_out 2 · suicidal_thoughts 3 · shares_home_or_money 2 · \
    image_threat 2 · image_shared 3 · image_deepfake 2 · image_demand 3 · \
    money_sent 1 · money_sent_over_a_month_income 3 · crypto 2 · remote_access_to_device 2 · \
    identity_documents_given 2 · asked_to_travel_carry_or_receive 3 · does_not_accept_fraud 2";

/// Key and points, as the contract lists them.
pub(super) fn points() -> Vec<(&'static str, u32)> {
    POINTS
        .split(" · ")
        .map(|entry| {
            let (key, weight) = entry.trim().split_once(' ').unwrap();
            (key, weight.parse().unwrap())
        })
        .collect()
}

/// The codes that fire, in the order of the contract, and the priority.
pub(super) fn assess(facts: &Facts) -> (Vec<(&'static str, Priority)>, u32, Priority) {
    let case = Case::of(facts);
    let mut fired: Vec<_> = ROWS.iter().filter(|row| (row.2)(&case)).map(|row| (row.0, row.1)).collect();
    if case.yes("escalating_last_30d") {
        let among = |code: &str| ("O02".."O13").contains(&code);
        let serious = case.groups.contains("stalking")
            || case.groups.contains("violence")
            || fired.iter().any(|(code, _)| among(code));
        fired.push(if serious { ("O18", P1) } else { ("O18b", P2) });
    }
    let known = points().iter().filter(|(key, _)| case.yes(key)).map(|(_, weight)| weight).sum();
    let band = match known {
        0..=1 => P4,
        2..=5 => P3,
        6..=11 => P2,
        _ => P1,
    };
    let mut priority = fired.iter().map(|(_, floor)| *floor).fold(band, Priority::min);
    if case.signals.contains(&Signal::ContactLost) {
        priority = match priority {
            P0 | P1 => P0,
            P2 => P1,
            P3 => P2,
            P4 => P3,
        };
        fired.push(("O20", priority));
    }
    fired.sort_unstable();
    (fired, known, priority)
}

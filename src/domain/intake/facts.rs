//! What triage and the flows are told of a report.

use std::collections::{BTreeMap, BTreeSet};

use super::body::{IntimateImage, Relation, ReportBody};
use super::found::Found;
use super::reader::Taken;
use crate::domain::terms::region::Region;
use crate::domain::terms::taxonomy::{CategoryCode, KeyCode};
use crate::domain::terms::words::Answer;
use crate::domain::triage::{Declarations, Facts, Rules, Signal};

/// What the rules are told of a report.
pub(super) fn of_report(rules: &Rules, taken: &Taken<ReportBody>) -> Facts {
    let body = &taken.body;
    let codes = std::iter::once(&body.category).chain(&body.other_categories);
    Facts {
        categories: codes.filter_map(|code| CategoryCode::parse(code)).collect(),
        answers: answers(&body.answers),
        child: body.names_a_child(),
        doubtful_no: body.has_doubtful_no(),
        signals: signals(rules, &taken.found),
    }
}

/// That something could not be read which may have been a matter of life and death.
pub(super) fn signals(rules: &Rules, found: &Found) -> BTreeSet<Signal> {
    let hides = found.hides_danger(|key| rules.could_fire_p0(key));
    hides.then_some(Signal::Unreadable).into_iter().collect()
}

/// Where the person harmed lives: the reporter, unless somebody else was harmed.
pub(super) fn region(body: &ReportBody) -> Region {
    let own = body.reporter.relation == Relation::SelfReported;
    let of_survivor = body.survivor.as_ref().and_then(|survivor| survivor.region.as_deref());
    Region::of(if own { body.reporter.region.as_deref() } else { of_survivor })
}

pub(super) fn declarations(image: &IntimateImage) -> Declarations {
    let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    Declarations {
        is_intimate_image: image.is_intimate_image,
        is_subject_or_agent: image.is_subject_or_agent,
        good_faith: image.good_faith,
        has_locator: given(&image.locator),
        has_contact: given(&image.contact),
    }
}

/// Answers whose keys the taxonomy knows.
pub(super) fn answers(given: &BTreeMap<String, Answer>) -> BTreeMap<KeyCode, Answer> {
    given.iter().filter_map(|(key, answer)| Some((KeyCode::parse(key)?, *answer))).collect()
}

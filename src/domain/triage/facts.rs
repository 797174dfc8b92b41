//! What triage is told about a case: categories, answers and what the system itself has noticed.
//!
//! Owns how answers of several reports become one. It must not know floors, weights or priorities.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::code::codes;
use crate::domain::terms::taxonomy::{CategoryCode, KeyCode};
use crate::domain::terms::words::Answer;

codes! {
    /// Something the system has noticed. Never set by a caller (TSP-1, O17, O20, O21, O27).
    pub enum Signal {
        /// Two or more independent reporters of the same subject, each with a category of sexual harm or violence.
        IndependentReporters = "independent_reporters",
        /// The subject has reported the reporter.
        MirrorReports = "mirror_reports",
        /// An urgent survivor has not been heard from past the agreed check-in.
        ContactLost = "contact_lost",
        /// Something in a live report could not be read, and could have fired a `p0` row.
        Unreadable = "unreadable",
    }
}

/// Everything triage knows about a case. Stored sealed: `Debug` shows none of it.
#[derive(Clone, Eq, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Facts {
    /// `category` and `other_categories` of every report of the case.
    pub categories: BTreeSet<CategoryCode>,
    /// The answers, joined with [`merge_answers`].
    pub answers: BTreeMap<KeyCode, Answer>,
    /// An age band of the reporter or of the survivor is `under_18` or `unsure`. The child categories count by
    /// themselves and need no flag.
    pub child: bool,
    /// The device is or may be shared, or someone other than the survivor answered: a `no` then counts as unknown
    /// where unknowns are counted, because people minimise under watch.
    pub doubtful_no: bool,
    /// What the system has noticed.
    pub signals: BTreeSet<Signal>,
}

impl Facts {
    /// Whether the child rule holds for these facts.
    #[must_use]
    pub fn is_child(&self) -> bool {
        child_rule_holds(self.child, &self.categories)
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").finish_non_exhaustive()
    }
}

/// Whether the child rule holds: an age band of `under_18` or `unsure` (`child_age`), or a category that the taxonomy
/// marks with `child_rule`.
#[must_use]
pub fn child_rule_holds(child_age: bool, categories: &BTreeSet<CategoryCode>) -> bool {
    child_age || categories.iter().any(|code| code.category().is_some_and(|category| category.child_rule))
}

/// Joins later answers of a case into the earlier ones: a yes sticks, otherwise the latest counts, and not having asked
/// again takes nothing back (TSP-1, rule 6).
pub fn merge_answers(earlier: &mut BTreeMap<KeyCode, Answer>, later: &BTreeMap<KeyCode, Answer>) {
    for (key, answer) in later {
        let joined = earlier.entry(*key).or_default();
        if *joined != Answer::Yes && *answer != Answer::NotAsked {
            *joined = *answer;
        }
    }
}

/// The five declarations that start the statutory clock of an intimate image.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "five separate declarations, each made or not")]
pub struct Declarations {
    /// It is an intimate image.
    pub is_intimate_image: bool,
    /// The reporter is the person shown, or acts for them.
    pub is_subject_or_agent: bool,
    /// The report is made in good faith.
    pub good_faith: bool,
    /// It says where the image is (a text that is not blank).
    pub has_locator: bool,
    /// It says how to answer (a text that is not blank; `via_recourse` counts).
    pub has_contact: bool,
}

/// Whether the statutory 48 hours run for this category: the taxonomy marks it with `intimate_image_clock`, and all
/// five declarations are made, whoever the reporter is. Ask it for each category of the report.
#[must_use]
pub fn intimate_image_clock_applies(category: CategoryCode, made: &Declarations) -> bool {
    category.category().is_some_and(|category| category.intimate_image_clock)
        && made.is_intimate_image
        && made.is_subject_or_agent
        && made.good_faith
        && made.has_locator
        && made.has_contact
}

//! What one run of the comparisons has found of whole groups: a hundred cases of one subject, which wait together, are compared as
//! one. Each by itself would have two hundred others opened for it, and find what the first one found.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use super::naming::Digest;
use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::domain::terms::Mode;

/// How many groups are remembered, of some two hundred cases each.
const GROUPS: usize = 16;

/// A subject as several cases know it: the names that they share, each of them named by more than one.
#[derive(PartialEq, Eq)]
pub(super) struct Shared {
    pub(super) mode: Mode,
    pub(super) names: BTreeSet<Digest>,
}

/// Cases that were looked at beside each other, each with the instant since which it waited.
pub(super) type Beside = BTreeMap<CaseId, Option<Timestamp>>;

/// The groups of which nothing is to be raised any more.
#[derive(Default)]
pub struct Together(VecDeque<(Shared, Beside)>);

impl Together {
    /// Whether a case that waits since then was among them: nobody has named anyone in it later. Those who share no other name with
    /// anyone would be put beside the same cases again.
    pub(super) fn has(&self, subject: &Shared, case: &CaseId, since: Timestamp) -> bool {
        self.0.iter().any(|(known, beside)| known == subject && beside.get(case) == Some(&Some(since)))
    }

    /// Remembers a group, in place of the oldest when there are too many.
    pub(super) fn remember(&mut self, subject: Shared, beside: Beside) {
        self.0.retain(|(known, _)| *known != subject);
        self.0.push_front((subject, beside));
        self.0.truncate(GROUPS);
    }
}

impl fmt::Debug for Together {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Together").field("groups", &self.0.len()).finish()
    }
}

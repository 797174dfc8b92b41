//! The shape of a rule file, exactly as it is written. Unknown members are errors.
//!
//! Owns the words of the format and nothing of their meaning: [`super::compile`] checks and understands them.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::facts::Signal;
use super::queue::Queue;
use super::spans::{ImageClock, Span, Spans};
use crate::domain::terms::taxonomy::Group;
use crate::domain::terms::words::Answer;

/// A name with its place in the text, so that a message can say the line.
pub(super) type Name = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    pub(super) format: u32,
    pub(super) version: String,
    pub(super) purpose: String,
    pub(super) floor: Vec<FloorRow>,
    /// Group of points to key to weight; the groups are for the reader.
    pub(super) points: BTreeMap<String, BTreeMap<Name, u32>>,
    pub(super) bands: Bands,
    pub(super) clocks: Clocks,
    pub(super) promise: BTreeMap<Group, Span>,
    pub(super) intimate_image_clock: ImageClock,
    pub(super) queues: QueueTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FloorRow {
    pub(super) code: Name,
    pub(super) floor: Name,
    pub(super) when: Option<When>,
    #[serde(default)]
    pub(super) by_person: bool,
    pub(super) text: String,
    pub(super) note: Option<NoteRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoteRow {
    pub(super) key: Name,
    pub(super) is: Vec<Answer>,
    pub(super) text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    pub(super) all_yes: Option<Vec<Name>>,
    pub(super) any_yes: Option<Vec<Name>>,
    pub(super) any_category: Option<Vec<Name>>,
    pub(super) any_group: Option<Vec<Name>>,
    pub(super) child: Option<bool>,
    pub(super) signal: Option<Signal>,
    pub(super) any_fired: Option<Vec<Name>>,
    pub(super) none_fired: Option<Vec<Name>>,
    pub(super) any_of: Option<Vec<When>>,
    pub(super) all_of: Option<Vec<When>>,
}

/// The fewest points of each priority; `p0` has none, on purpose.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bands {
    pub(super) p1: u32,
    pub(super) p2: u32,
    pub(super) p3: u32,
    pub(super) p4: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clocks {
    pub(super) p0: Spans,
    pub(super) p1: Spans,
    pub(super) p2: Spans,
    pub(super) p3: Spans,
    pub(super) p4: Spans,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QueueTable {
    pub(super) child_rule: Queue,
    pub(super) p0: Queue,
    pub(super) groups: BTreeMap<Group, Queue>,
}

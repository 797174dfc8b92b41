//! A rule file that has been read and checked: what it says about floors, points, clocks and queues.
//!
//! Owns the compiled rules and the questions others may ask of them. It must not know how the file is written
//! ([`super::compile`]) or how failure is met ([`super::engine`]).

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use super::compile;
use super::condition::{Bits, Condition, View};
use super::engine::{Assessment, FiredFloor};
use super::facts::Signal;
use super::file::{Bands, Clocks};
use super::priority::Priority;
use super::queue::{Queue, Queues};
use super::spans::{ImageClock, Spans};
use crate::domain::terms::taxonomy::{Group, KeyCode};
use crate::domain::terms::words::Answer;

const BUILTIN: &str = include_str!("tsp-1.toml");

/// Why a rule file was refused: which line or row, what is wrong with it, and what to do.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("the rule file cannot be used: {0}")]
pub struct RulesError(pub(super) String);

/// What a row gives when it fires.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Level {
    /// That priority at least.
    At(Priority),
    /// One level more urgent than all else gives.
    OneUp,
    /// Whatever a person decides; it never fires from facts.
    ByPerson,
}

#[derive(Clone, Debug)]
pub(super) struct Note {
    pub(super) key: Bits,
    pub(super) is: Vec<Answer>,
    pub(super) text: String,
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) code: String,
    pub(super) level: Level,
    /// This row in sets of rows.
    pub(super) bit: Bits,
    pub(super) when: Option<Condition>,
    pub(super) text: String,
    pub(super) note: Option<Note>,
}

impl Row {
    /// The sentence for an advocate, with its note when the answer calls for it.
    pub(super) fn text(&self, view: &View) -> String {
        match &self.note {
            Some(note) if note.is.iter().any(|answer| view.answered(note.key, *answer)) => {
                format!("{} {}", self.text, note.text)
            }
            _ => self.text.clone(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Weight {
    pub(super) key: KeyCode,
    pub(super) bit: Bits,
    pub(super) points: u32,
}

/// A rule set: the built-in TSP-1 or an operator's file.
#[derive(Clone, Debug)]
pub struct Rules {
    pub(super) version: String,
    pub(super) purpose: String,
    /// In file order.
    pub(super) rows: Vec<Row>,
    /// By weight, the heaviest first, then by key.
    pub(super) weights: Vec<Weight>,
    pub(super) bands: Bands,
    pub(super) clocks: Clocks,
    pub(super) promise: BTreeMap<Group, Duration>,
    pub(super) image_clock: ImageClock,
    pub(super) queues: Queues,
    /// The `p0` rows.
    pub(super) p0_rows: Bits,
    /// The `p0` rows and every row they refer to.
    pub(super) p0_scope: Bits,
    /// Every key that could fire one, in taxonomy order.
    pub(super) p0_keys: Vec<(KeyCode, Bits)>,
}

static LOADED: LazyLock<Result<Rules, RulesError>> = LazyLock::new(|| Rules::parse(BUILTIN));
static STRICTEST: LazyLock<Rules> = LazyLock::new(Rules::strictest);

impl Rules {
    /// Reads a rule file.
    ///
    /// # Errors
    /// When it is not valid TOML of this format, or names a key, category, group or floor that does not exist. The
    /// message says which line, what is wrong and what to do.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        compile::rules(text)
    }

    /// The rule set that is compiled in.
    #[must_use]
    pub fn builtin() -> &'static Self {
        Self::loaded().unwrap_or(&STRICTEST)
    }

    /// The rule set that is compiled in, or why it cannot be read (a test proves that it can).
    pub(super) fn loaded() -> Result<&'static Self, &'static RulesError> {
        LOADED.as_ref()
    }

    /// The version that is stored with each assessment, for example `TSP-1`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether a row fires by this signal and by nothing else.
    #[must_use]
    pub fn is_of_signal(&self, code: &str, signal: Signal) -> bool {
        let bits = Bits::of_signal(signal).unwrap_or_default();
        let row = self.rows.iter().find(|row| row.code == code);
        row.and_then(|row| row.when.as_ref()).is_some_and(|when| when.is_signal_alone(bits))
    }

    /// The further sentence that an answer added to the text of a floor; nothing where none did.
    #[must_use]
    pub fn note_of(&self, floor: &FiredFloor) -> Option<&str> {
        let row = self.rows.iter().find(|row| row.code == floor.code);
        let note = row.and_then(|row| row.note.as_ref()).map(|note| note.text.as_str());
        note.filter(|note| floor.text.ends_with(note))
    }

    /// The published statement of what the rules are for, shown wherever a priority is.
    #[must_use]
    pub fn purpose(&self) -> &str {
        &self.purpose
    }

    /// How long each clock of a priority runs.
    #[must_use]
    pub const fn clocks(&self, priority: Priority) -> &Spans {
        match priority {
            Priority::P0 => &self.clocks.p0,
            Priority::P1 => &self.clocks.p1,
            Priority::P2 => &self.clocks.p2,
            Priority::P3 => &self.clocks.p3,
            Priority::P4 => &self.clocks.p4,
        }
    }

    /// Within what time platforms and reporters are told that a person will have read a report of this group. It
    /// depends on nothing else, so that no date tells anyone a priority.
    #[must_use]
    pub fn promise(&self, group: Group) -> Duration {
        // Each group has one, checked when the file is read.
        self.promise.get(&group).copied().unwrap_or(STRICTEST_SPAN)
    }

    /// Within what time a person must have read it: the earlier of the promise and the clock.
    #[must_use]
    pub fn human_review(&self, priority: Priority, group: Group, staffed: bool) -> Duration {
        let spans = self.clocks(priority);
        let clock = if staffed { spans.human_review_staffed } else { spans.human_review_unstaffed };
        clock.min(self.promise(group))
    }

    /// How long the statutory clock of an intimate image runs from the moment of receipt.
    #[must_use]
    pub const fn intimate_image_span(&self) -> Duration {
        self.image_clock.span
    }

    /// When that clock raises an alarm, from the moment of receipt, the earliest first.
    #[must_use]
    pub fn intimate_image_alarms(&self) -> &[Duration] {
        &self.image_clock.alarms
    }

    /// Whether a yes to this question could fire a `p0` row, by itself or with other facts.
    #[must_use]
    pub fn could_fire_p0(&self, key: KeyCode) -> bool {
        self.p0_keys.iter().any(|(known, _)| *known == key)
    }

    /// The queue of a case: the child rule first, then p0, then the group of the main category.
    #[must_use]
    pub fn queue(&self, child: bool, priority: Priority, main_group: Group) -> Queue {
        self.queues.queue(child, priority, main_group)
    }

    /// The priority when a person has raised it to `raise` (TSP-1, rule 1 and O19): the more urgent of the two, where a
    /// row that raises by one level raises the person's priority too.
    #[must_use]
    pub fn with_raise(&self, assessment: &Assessment, raise: Priority) -> Priority {
        let lifts =
            |row: &Row| row.level == Level::OneUp && assessment.floors.iter().any(|floor| floor.code == row.code);
        let raise = if self.rows.iter().any(lifts) { raise.one_up() } else { raise };
        assessment.priority.min(raise)
    }

    /// The rows among `scope` that fire, judged in file order.
    pub(super) fn fired(&self, view: &View, scope: Bits) -> Bits {
        let mut fired = Bits::default();
        for row in &self.rows {
            if scope.covers(row.bit) && row.when.as_ref().is_some_and(|when| when.holds(view, fired)) {
                fired = fired.with(row.bit);
            }
        }
        fired
    }

    /// The priority that points alone give; never `p0`.
    pub(super) const fn band(&self, points: u32) -> Priority {
        if points >= self.bands.p1 {
            Priority::P1
        } else if points >= self.bands.p2 {
            Priority::P2
        } else if points >= self.bands.p3 {
            Priority::P3
        } else {
            Priority::P4
        }
    }

    /// Stands in when even the built-in file cannot be read: no rows, every case at least p1, the shortest clocks.
    fn strictest() -> Self {
        let spans = || Spans {
            page_first: Some(STRICTEST_SPAN),
            page_repeat: None,
            human_review_staffed: STRICTEST_SPAN,
            human_review_unstaffed: STRICTEST_SPAN,
            first_contact: STRICTEST_SPAN,
            escalation_decision: Some(STRICTEST_SPAN),
            re_review: STRICTEST_SPAN,
        };
        Self {
            version: "none".to_owned(),
            purpose: "No rules could be read, so every case is urgent until a person has seen it.".to_owned(),
            rows: Vec::new(),
            weights: Vec::new(),
            bands: Bands { p1: 0, p2: 0, p3: 0, p4: 0 },
            clocks: Clocks { p0: spans(), p1: spans(), p2: spans(), p3: spans(), p4: spans() },
            promise: BTreeMap::new(),
            image_clock: ImageClock { span: Duration::from_hours(48), alarms: vec![STRICTEST_SPAN] },
            queues: Queues { child_rule: Queue::Children, p0: Queue::Emergency, groups: BTreeMap::new() },
            p0_rows: Bits::default(),
            p0_scope: Bits::default(),
            p0_keys: Vec::new(),
        }
    }
}

/// Only used when there is no rule file at all.
const STRICTEST_SPAN: Duration = Duration::from_mins(15);

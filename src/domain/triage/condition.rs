//! A row's condition, compiled to bit sets so that asking it costs next to nothing.
//!
//! Owns the sets, the view of the facts they are asked of, and the asking. It must not know levels or points.

use super::facts::{Facts, Signal};
use crate::domain::terms::taxonomy::{Group, taxonomy};
use crate::domain::terms::words::Answer;

/// A set of at most 128 positions: answer keys, categories, groups, signals or rows.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub(super) struct Bits(u128);

impl Bits {
    /// Every position.
    pub(super) const ALL: Self = Self(u128::MAX);

    /// The set of that one position, or `None` past 127.
    pub(super) fn one(position: usize) -> Option<Self> {
        1u128.checked_shl(u32::try_from(position).ok()?).map(Self)
    }

    pub(super) fn of_group(group: Group) -> Option<Self> {
        Self::one(Group::ALL.iter().position(|other| *other == group)?)
    }

    pub(super) fn of_signal(signal: Signal) -> Option<Self> {
        Self::one(Signal::ALL.iter().position(|other| *other == signal)?)
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    fn add(&mut self, other: Option<Self>) {
        // Positions come from the taxonomy, and a rule file is refused when the taxonomy does not fit.
        *self = self.with(other.unwrap_or_default());
    }
}

/// The facts of a case as sets.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct View {
    /// Keys answered yes.
    pub(super) yes: Bits,
    /// Keys answered with a no that can be relied on.
    pub(super) firm_no: Bits,
    no: Bits,
    unknown: Bits,
    declined: Bits,
    categories: Bits,
    groups: Bits,
    child: bool,
    signals: Bits,
}

impl View {
    pub(super) fn of(facts: &Facts) -> Self {
        let taxonomy = taxonomy();
        let mut view = Self { child: facts.is_child(), ..Self::default() };
        for (key, answer) in &facts.answers {
            let key = taxonomy.key_position(*key).and_then(Bits::one);
            match answer {
                Answer::Yes => view.yes.add(key),
                Answer::No => view.no.add(key),
                Answer::Unknown => view.unknown.add(key),
                Answer::Declined => view.declined.add(key),
                Answer::NotAsked => {}
            }
        }
        if !facts.doubtful_no {
            view.firm_no = view.no;
        }
        for code in &facts.categories {
            view.categories.add(taxonomy.category_position(*code).and_then(Bits::one));
            view.groups.add(Bits::of_group(code.group()));
        }
        for signal in &facts.signals {
            view.signals.add(Bits::of_signal(*signal));
        }
        view
    }

    /// These facts, were that key answered yes too.
    pub(super) const fn supposing(self, key: Bits) -> Self {
        Self { yes: self.yes.with(key), ..self }
    }

    /// Whether that one key has that answer.
    pub(super) const fn answered(&self, key: Bits, answer: Answer) -> bool {
        match answer {
            Answer::Yes => self.yes.covers(key),
            Answer::No => self.no.covers(key),
            Answer::Unknown => self.unknown.covers(key),
            Answer::Declined => self.declined.covers(key),
            Answer::NotAsked => !self.yes.with(self.no).with(self.unknown).with(self.declined).covers(key),
        }
    }
}

/// A compiled condition. All of its parts must hold; an empty part asks for nothing (the file cannot say "none of").
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub(super) struct Condition {
    pub(super) all_yes: Bits,
    pub(super) any_yes: Bits,
    pub(super) any_category: Bits,
    pub(super) any_group: Bits,
    pub(super) child: bool,
    pub(super) signal: Bits,
    pub(super) any_fired: Bits,
    pub(super) none_fired: Bits,
    pub(super) any_of: Vec<Self>,
    pub(super) all_of: Vec<Self>,
}

impl Condition {
    /// Whether it holds for these facts, given the rows that have fired so far.
    pub(super) fn holds(&self, view: &View, fired: Bits) -> bool {
        view.yes.covers(self.all_yes)
            && asks_any(self.any_yes, view.yes)
            && asks_any(self.any_category, view.categories)
            && asks_any(self.any_group, view.groups)
            && (view.child || !self.child)
            && view.signals.covers(self.signal)
            && asks_any(self.any_fired, fired)
            && !self.none_fired.meets(fired)
            && (self.any_of.is_empty() || self.any_of.iter().any(|part| part.holds(view, fired)))
            && self.all_of.iter().all(|part| part.holds(view, fired))
    }

    /// Whether it asks for this signal and for nothing else.
    pub(super) fn is_signal_alone(&self, signal: Bits) -> bool {
        *self == Self { signal, ..Self::default() }
    }

    /// Every answer key it asks about, in whatever depth.
    pub(super) fn keys(&self) -> Bits {
        self.parts().fold(self.all_yes.with(self.any_yes), |keys, part| keys.with(part.keys()))
    }

    /// Every row it refers to, in whatever depth.
    pub(super) fn rows(&self) -> Bits {
        self.parts().fold(self.any_fired.with(self.none_fired), |rows, part| rows.with(part.rows()))
    }

    /// Every row that must not have fired, in whatever depth.
    pub(super) fn forbidden_rows(&self) -> Bits {
        self.parts().fold(self.none_fired, |rows, part| rows.with(part.forbidden_rows()))
    }

    fn parts(&self) -> impl Iterator<Item = &Self> {
        self.any_of.iter().chain(&self.all_of)
    }
}

const fn asks_any(asked: Bits, there: Bits) -> bool {
    asked.is_empty() || asked.meets(there)
}

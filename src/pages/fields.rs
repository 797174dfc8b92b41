//! The fields of forms: each with its label, what it asks for, what was written in it, and what is wrong with that.

use askama::Template;

/// A field.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/field.html")]
pub struct Field {
    /// Its name: that of the member of the API.
    pub name: String,
    /// What it asks for.
    pub label: String,
    /// What helps to answer it.
    pub hint: Option<String>,
    /// What is wrong with what was written.
    pub wrong: Option<String>,
    /// What it is.
    pub kind: Kind,
}

/// What a field is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Some lines of words.
    Words {
        /// What was written.
        value: String,
        /// How many lines it shows.
        rows: u8,
    },
    /// One line.
    Line {
        /// What was written.
        value: String,
        /// The kind of line, in HTML's terms.
        input: &'static str,
        /// What a browser may fill in, in HTML's terms.
        autocomplete: &'static str,
    },
    /// One of a few, all in sight.
    Radios(Vec<Choice>),
    /// One of many.
    List(Vec<Choice>),
    /// Any of a few, all in sight.
    Ticks(Vec<Choice>),
    /// What the form carries, and nobody sees.
    Hidden {
        /// What it is.
        value: &'static str,
    },
    /// A yes.
    Tick {
        /// Whether it was given.
        is_on: bool,
    },
}

/// Something to choose.
#[derive(Clone, Debug)]
pub struct Choice {
    /// As it is sent.
    pub value: String,
    /// As it is read.
    pub label: String,
    /// What it means, or why it cannot be chosen.
    pub hint: Option<String>,
    /// Whether it is chosen.
    pub is_chosen: bool,
    /// Whether it can be.
    pub is_open: bool,
}

impl Choice {
    /// One that can be chosen, and is when `chosen` names it.
    #[must_use]
    pub fn of(value: &str, label: impl Into<String>, chosen: Option<&str>) -> Self {
        let is_chosen = chosen == Some(value);
        Self { value: value.to_owned(), label: label.into(), hint: None, is_chosen, is_open: true }
    }

    /// With what it means.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// One that cannot be chosen now, and why.
    #[must_use]
    pub fn closed(self, why: impl Into<String>) -> Self {
        Self { hint: Some(why.into()), is_open: false, is_chosen: false, ..self }
    }
}

impl Field {
    /// A field of this kind.
    #[must_use]
    pub fn of(name: &str, label: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.to_owned(), label: label.into(), hint: None, wrong: None, kind }
    }

    /// Some lines of words.
    #[must_use]
    pub fn words(name: &str, label: impl Into<String>, value: String) -> Self {
        Self::of(name, label, Kind::Words { value, rows: 6 })
    }

    /// One line of text.
    #[must_use]
    pub fn line(name: &str, label: impl Into<String>, value: String) -> Self {
        Self::of(name, label, Kind::Line { value, input: "text", autocomplete: "off" })
    }

    /// With what helps to answer it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// With what is wrong with it.
    #[must_use]
    pub fn wrong(self, wrong: Option<String>) -> Self {
        Self { wrong, ..self }
    }

    /// What describes the field, by the ids of the texts.
    #[must_use]
    pub fn described_by(&self) -> Option<String> {
        let hint = self.hint.as_ref().map(|_| format!("{}-hint", self.name));
        let wrong = self.wrong.as_ref().map(|_| format!("{}-error", self.name));
        let all: Vec<String> = hint.into_iter().chain(wrong).collect();
        (!all.is_empty()).then(|| all.join(" "))
    }

    /// Whether it is a group of controls.
    #[must_use]
    pub const fn is_group(&self) -> bool {
        matches!(self.kind, Kind::Radios(_) | Kind::Ticks(_))
    }

    /// The id of the control that a link to the field leads to.
    #[must_use]
    pub fn target(&self) -> String {
        if self.is_group() { format!("{}-0", self.name) } else { self.name.clone() }
    }
}

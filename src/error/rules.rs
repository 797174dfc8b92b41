//! Every rule that the content of a request can break, as closed lists. A rule says which one it is, with the numbers and
//! codes that belong to it, and has no sentence: what is said of it stands in `words`, which matches each list without a
//! default, so that a rule without words does not compile.
//!
//! A key is finer than its code. The code is for programs, stable, and says what kind of mistake it is; several rules may
//! share one. The key says what to do.

mod casework;
mod consents;
mod directory;
mod form;
mod referring;
mod settings;
mod typed;

pub use casework::{Asking, Casework};
pub use consents::Consents;
pub use directory::Directory;
pub use form::{Form, Parameter};
pub use referring::Referring;
pub use settings::{Chosen, Hooks, Names, Publishing, Shifts, Url};
pub use typed::{Typed, Unread};

/// A rule of content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// How a body is written.
    Form(Form),
    /// Work on a case.
    Casework(Casework),
    /// What a platform is asked, and what it answers.
    Asking(Asking),
    /// What a survivor agrees to.
    Consents(Consents),
    /// Hand-overs to services.
    Referring(Referring),
    /// The directory of services.
    Directory(Directory),
    /// The rota.
    Shifts(Shifts),
    /// Names of platforms and colleagues, and what colleagues declare.
    Names(Names),
    /// An address that is called.
    Url(Url),
    /// Webhooks and the event log.
    Hooks(Hooks),
    /// Editions.
    Publishing(Publishing),
    /// A password that somebody chooses.
    Chosen(Chosen),
    /// What an operator types, pipes in, or hands over in a file.
    Typed(Typed),
}

impl Rule {
    /// The code: stable snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form(rule) => rule.code(),
            Self::Casework(rule) => rule.code(),
            Self::Asking(rule) => rule.code(),
            Self::Consents(rule) => rule.code(),
            Self::Referring(rule) => rule.code(),
            Self::Directory(rule) => rule.code(),
            Self::Shifts(rule) => rule.code(),
            Self::Names(rule) => rule.code(),
            Self::Url(rule) => rule.code(),
            Self::Hooks(rule) => rule.code(),
            Self::Publishing(rule) => rule.code(),
            Self::Chosen(rule) => rule.code(),
            Self::Typed(rule) => rule.code(),
        }
    }
}

impl From<Form> for Rule {
    fn from(rule: Form) -> Self {
        Self::Form(rule)
    }
}

impl From<Casework> for Rule {
    fn from(rule: Casework) -> Self {
        Self::Casework(rule)
    }
}

impl From<Asking> for Rule {
    fn from(rule: Asking) -> Self {
        Self::Asking(rule)
    }
}

impl From<Referring> for Rule {
    fn from(rule: Referring) -> Self {
        Self::Referring(rule)
    }
}

impl From<Consents> for Rule {
    fn from(rule: Consents) -> Self {
        Self::Consents(rule)
    }
}

impl From<Directory> for Rule {
    fn from(rule: Directory) -> Self {
        Self::Directory(rule)
    }
}

impl From<Shifts> for Rule {
    fn from(rule: Shifts) -> Self {
        Self::Shifts(rule)
    }
}

impl From<Names> for Rule {
    fn from(rule: Names) -> Self {
        Self::Names(rule)
    }
}

impl From<Url> for Rule {
    fn from(rule: Url) -> Self {
        Self::Url(rule)
    }
}

impl From<Hooks> for Rule {
    fn from(rule: Hooks) -> Self {
        Self::Hooks(rule)
    }
}

impl From<Publishing> for Rule {
    fn from(rule: Publishing) -> Self {
        Self::Publishing(rule)
    }
}

impl From<Typed> for Rule {
    fn from(rule: Typed) -> Self {
        Self::Typed(rule)
    }
}

impl From<Chosen> for Rule {
    fn from(rule: Chosen) -> Self {
        Self::Chosen(rule)
    }
}

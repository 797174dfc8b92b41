//! What a caller has seen of a thing before they change it: nobody overwrites what they never read.

use crate::error::rules::Parameter;
use crate::error::{Refused, Result};

/// Which version of a thing the caller saw, as they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// They need not say, and did not.
    Unasked,
    /// They must say, and did not.
    Unsaid,
    /// This one; none that there is, where what they said names no version.
    Version(Option<i64>),
    /// More than one. Whoever has read a thing knows one version of it, and a list of all that there may be says no more
    /// than that nobody looked.
    Several,
}

impl Seen {
    /// What somebody saw who names these versions. One that is named twice is one.
    #[must_use]
    pub fn of(versions: &[i64]) -> Self {
        match versions {
            [] => Self::Version(None),
            [first, others @ ..] if others.iter().all(|other| other == first) => Self::Version(Some(*first)),
            [..] => Self::Several,
        }
    }

    /// Agrees when what they saw is the version that there is.
    ///
    /// # Errors
    /// `PreconditionRequired` when they must say what they saw and did not; `PreconditionFailed` when it has changed;
    /// `Parameter` when they named several versions.
    pub fn holds(&self, version: i64) -> Result<()> {
        match self {
            Self::Unasked => Ok(()),
            Self::Unsaid => Err(Refused::PreconditionRequired.into()),
            Self::Version(seen) if *seen == Some(version) => Ok(()),
            Self::Version(_) => Err(Refused::PreconditionFailed.into()),
            Self::Several => Err(Refused::Parameter { name: "If-Match", wanted: Parameter::OneVersion }.into()),
        }
    }
}

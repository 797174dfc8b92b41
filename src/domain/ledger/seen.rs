//! What a caller has seen of a thing before they change it: nobody overwrites what they never read.

use crate::error::{Refused, Result};

/// Which version of a thing the caller saw, as they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// They need not say, and did not.
    Unasked,
    /// They must say, and did not.
    Unsaid,
    /// One of these.
    Versions(Vec<i64>),
}

impl Seen {
    /// Agrees when what they saw is the version that there is.
    ///
    /// # Errors
    /// `PreconditionRequired` when they must say what they saw and did not; `PreconditionFailed` when it has changed.
    pub fn holds(&self, version: i64) -> Result<()> {
        match self {
            Self::Unasked => Ok(()),
            Self::Unsaid => Err(Refused::PreconditionRequired.into()),
            Self::Versions(seen) if seen.contains(&version) => Ok(()),
            Self::Versions(_) => Err(Refused::PreconditionFailed.into()),
        }
    }
}

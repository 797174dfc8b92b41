//! What somebody brings to the door, and what becomes of it.

use crate::base::secret::{Sensitive, silent};
use crate::error::Result;

/// What somebody brought to the door. Passwords are compared and hashed before: that is too slow for a transaction.
pub struct Attempt {
    /// Their name, as it was typed.
    pub username: String,
    /// The code, as it was typed.
    pub code: Sensitive<String>,
    /// The hash that the password was compared with; none when there is no such account.
    pub compared: Option<String>,
    /// Whether the password was the one of that hash.
    pub is_right: bool,
    /// The hash of a password of their own, which they choose with this.
    pub chosen: Option<String>,
}

silent! { Attempt }

/// What became of it.
#[derive(Debug)]
pub enum Tried<T> {
    /// They are who they say.
    Proved(T),
    /// Name, password or code is wrong.
    Refused,
    /// All is right, and the password is one that was given: it ends now, and they chose no other. The code holds still.
    MustChoose,
    /// The password is right, and the second factor is closed.
    Closed,
    /// The password is right, and the code was one wrong one too many: the second factor is closed from now on.
    ClosedNow,
}

impl<T> Tried<T> {
    /// The same, with what follows for whoever is proved.
    ///
    /// # Errors
    /// What `then` says.
    pub(in crate::domain) fn and<U>(self, then: impl FnOnce(T) -> Result<U>) -> Result<Tried<U>> {
        Ok(match self {
            Self::Proved(who) => Tried::Proved(then(who)?),
            Self::Refused => Tried::Refused,
            Self::MustChoose => Tried::MustChoose,
            Self::Closed => Tried::Closed,
            Self::ClosedNow => Tried::ClosedNow,
        })
    }
}

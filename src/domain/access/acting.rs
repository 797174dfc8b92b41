//! Who acts: a colleague whose session was proved.

use std::ops::Deref;

use crate::domain::people::staff::{Member, Sitting};

/// A colleague whose session was proved in this transaction. Nothing outside this room can make one: who was looked up
/// by name or id can be handed a case, and acts on none.
#[derive(Clone, Debug)]
pub struct Acting {
    pub(super) member: Member,
    pub(super) sitting: Sitting,
}

impl Acting {
    /// How long they sit here, and what they like of pages.
    #[must_use]
    pub const fn sitting(&self) -> &Sitting {
        &self.sitting
    }
}

impl Deref for Acting {
    type Target = Member;

    fn deref(&self) -> &Member {
        &self.member
    }
}

//! Who acts: a colleague whose session was proved.

use std::ops::Deref;

use super::walls::Walls;
use crate::domain::people::staff::{Member, Session, Sitting};

/// A colleague whose session was proved in this transaction. Nothing outside this room can make one: who was looked up
/// by name or id can be handed a case, and acts on none.
#[derive(Clone, Debug)]
pub struct Acting {
    pub(super) member: Member,
    pub(super) sitting: Sitting,
    pub(super) walls: Walls,
}

impl Acting {
    /// Whom a session proves.
    pub(super) fn of(session: Session) -> Self {
        let Session { member, sitting, declared, .. } = session;
        Self { member, sitting, walls: Walls::of_declared(declared) }
    }

    /// How long they sit here, and what they like of pages.
    #[must_use]
    pub const fn sitting(&self) -> &Sitting {
        &self.sitting
    }

    /// Between them and whom they declared, as it stood when their session was proved in this transaction.
    pub(in crate::domain) const fn walls(&self) -> &Walls {
        &self.walls
    }
}

impl Deref for Acting {
    type Target = Member;

    fn deref(&self) -> &Member {
        &self.member
    }
}

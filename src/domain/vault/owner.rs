//! Who has rows of their own: a chain of the record, data keys, answers that are kept. A new kind of owner is a variant
//! here, and the compiler asks for the rest.

use std::str::FromStr;

use crate::base::code::codes;
use crate::base::id::{BadId, CaseId, PlatformId, ServiceId, StaffId};
use crate::db::{Rx, dialect};
use crate::error::Result;

use super::Scope;

/// Whose something is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A platform's.
    Platform(PlatformId),
    /// A case's.
    Case(CaseId),
    /// A staff account's.
    Staff(StaffId),
    /// A help service's.
    Service(ServiceId),
}

codes! {
    /// The kinds of owners, each by the table that its rows stand in. Whoever locks rows of several kinds locks them in the order of this list.
    pub enum OwnerKind {
        /// Platforms.
        Platform = "platforms",
        /// Cases.
        Case = "cases",
        /// Staff accounts.
        Staff = "staff",
        /// Help services.
        Service = "services",
    }
}

impl Owner {
    /// A platform.
    #[must_use]
    pub fn platform(id: &PlatformId) -> Self {
        Self::Platform(id.clone())
    }

    /// A case.
    #[must_use]
    pub fn case(id: &CaseId) -> Self {
        Self::Case(id.clone())
    }

    /// A staff account.
    #[must_use]
    pub fn staff(id: &StaffId) -> Self {
        Self::Staff(id.clone())
    }

    /// A help service.
    #[must_use]
    pub fn service(id: &ServiceId) -> Self {
        Self::Service(id.clone())
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> OwnerKind {
        match self {
            Self::Platform(_) => OwnerKind::Platform,
            Self::Case(_) => OwnerKind::Case,
            Self::Staff(_) => OwnerKind::Staff,
            Self::Service(_) => OwnerKind::Service,
        }
    }

    /// Its id: the name of its chain, and of its keys.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Platform(id) => id.as_str(),
            Self::Case(id) => id.as_str(),
            Self::Staff(id) => id.as_str(),
            Self::Service(id) => id.as_str(),
        }
    }

    /// Its id, to keep.
    #[must_use]
    pub fn into_id(self) -> String {
        match self {
            Self::Platform(id) => id.into_text(),
            Self::Case(id) => id.into_text(),
            Self::Staff(id) => id.into_text(),
            Self::Service(id) => id.into_text(),
        }
    }

    /// Locks its row until the transaction ends: whoever writes for it comes after whoever has begun.
    ///
    /// # Errors
    /// What the database says; a wait past its patience is passing trouble.
    pub fn lock(&self, rx: &mut Rx<'_>) -> Result<()> {
        Ok(dialect::lock(rx.conn(), self.kind().table(), self.id())?)
    }
}

impl FromStr for Owner {
    type Err = BadId;

    fn from_str(text: &str) -> std::result::Result<Self, BadId> {
        OwnerKind::ALL.iter().copied().find_map(|kind| kind.named(text)).ok_or(BadId)
    }
}

impl OwnerKind {
    /// Where their rows stand. Each has the head of its chain.
    #[must_use]
    pub const fn table(self) -> &'static str {
        self.as_str()
    }

    /// Under which of its keys an answer is kept that repeats what a call on it did. A case's is erased with whoever
    /// reported.
    #[must_use]
    pub const fn answers_under(self) -> Scope {
        match self {
            Self::Case => Scope::Identity,
            Self::Platform | Self::Staff | Self::Service => Scope::Secret,
        }
    }

    /// The owner of this kind with this id.
    fn named(self, id: &str) -> Option<Owner> {
        match self {
            Self::Platform => id.parse().map(Owner::Platform).ok(),
            Self::Case => id.parse().map(Owner::Case).ok(),
            Self::Staff => id.parse().map(Owner::Staff).ok(),
            Self::Service => id.parse().map(Owner::Service).ok(),
        }
    }
}

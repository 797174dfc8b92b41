//! Whose account somebody comes to the door with.

use crate::base::id::{PartnerAccountId, ServiceId, StaffId};
use crate::base::time::Timestamp;
use crate::domain::ledger::audit::Event;
use crate::domain::vault::{Owner, Sealed, Secret};

/// Whose account it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::domain) enum Holder {
    /// A colleague's.
    Staff(StaffId),
    /// Of somebody at a service.
    Partner {
        /// The account.
        account: PartnerAccountId,
        /// The service.
        service: ServiceId,
    },
}

impl Holder {
    /// The id of the account.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Staff(id) => id.as_str(),
            Self::Partner { account, .. } => account.as_str(),
        }
    }

    /// By whose keys its second factor is sealed, and in whose record its door stands.
    pub(super) fn owner(&self) -> Owner {
        match self {
            Self::Staff(id) => Owner::staff(id),
            Self::Partner { service, .. } => Owner::service(service),
        }
    }

    /// So many tries were refused.
    pub(super) fn refused(&self, tries: i64, since: Timestamp) -> Event {
        match self {
            Self::Staff(_) => Event::SignInFailed { tries, since },
            Self::Partner { account, .. } => Event::PartnerSignInFailed { account: account.clone(), tries, since },
        }
    }

    /// Its second factor is closed.
    pub(super) fn closed(&self, wrong_codes: i64) -> Event {
        match self {
            Self::Staff(_) => Event::SecondFactorClosed { wrong_codes },
            Self::Partner { account, .. } => Event::PartnerFactorClosed { account: account.clone(), wrong_codes },
        }
    }

    /// Its second factor is open again.
    pub(super) fn opened(&self) -> Event {
        match self {
            Self::Staff(_) => Event::SecondFactorOpened,
            Self::Partner { account, .. } => Event::PartnerFactorOpened { account: account.clone() },
        }
    }
}

/// An account with what is compared at the door.
pub(in crate::domain) struct Arriving<'a> {
    /// Whose.
    pub(in crate::domain) holder: Holder,
    /// The stored hash of its password.
    pub(in crate::domain) password_hash: &'a str,
    /// Its second factor, sealed as `totp` under its id.
    pub(in crate::domain) totp_secret: &'a Sealed<Secret>,
}

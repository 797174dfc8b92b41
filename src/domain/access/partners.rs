//! Services: a machine of theirs whose token counts, and what it may ask for. It sees no case; what of one was handed over to its
//! service is for `referrals` to say.

use super::Proved;
use crate::base::id::{PartnerClientId, ServiceId};
use crate::domain::people::partners::{self, PartnerClient, PartnerScope};
use crate::domain::people::tokens::PartnerToken;
use crate::domain::terms::Mode;
use crate::domain::unit::{Actor, Entry, Look, Unit};
use crate::error::{Error, Forbidden, Result, Unauthenticated};

/// A service whose credential counts in this transaction, within its scope. Nothing outside this room can make one.
#[derive(Clone, Debug)]
pub struct Partner {
    _proved: Proved,
    /// The credential.
    pub client: PartnerClientId,
    /// The service.
    pub service: ServiceId,
    /// Trial or real life.
    pub mode: Mode,
}

/// A token as it comes to an operation: what its signature proves, and the scope that the operation asks for. Whether it
/// still counts is for [`partner`] to say.
#[derive(Clone, Debug)]
pub struct PresentedPartner {
    token: PartnerToken,
    scope: PartnerScope,
}

impl PresentedPartner {
    /// A token before an operation that asks for `scope`.
    #[must_use]
    pub const fn new(token: PartnerToken, scope: PartnerScope) -> Self {
        Self { token, scope }
    }
}

/// Lets a service in: its token's epoch must be the credential's present one, which makes a revocation hold at once. Service,
/// mode and scopes are those of the credential's row; a token that says otherwise does not count.
///
/// # Errors
/// `Unauthenticated` for a revoked or outdated token, and for one of another service or mode than its credential; `Forbidden` when
/// the scope was not granted.
pub fn partner(rx: &mut Look<'_>, presented: &PresentedPartner) -> Result<Partner> {
    let PresentedPartner { token, scope } = presented;
    let alive = |client: &PartnerClient| {
        let current = client.revoked_at.is_none() && client.epoch == token.epoch;
        current && client.mode == token.mode && client.service_id == token.service
    };
    let Some(client) = partners::client(rx, &token.client)?.filter(alive) else {
        return Err(Error::Unauthenticated(Unauthenticated::Invalid));
    };
    if !client.scopes().contains(scope) || !token.scopes.contains(scope) {
        return Err(Error::Forbidden(Forbidden::Scope(scope.as_str())));
    }
    let PartnerClient { id, service_id, mode, .. } = client;
    Ok(Partner { _proved: Proved, client: id, service: service_id, mode })
}

/// Lets a service into a transaction that writes, by the rules of [`partner`]: from here on its credential acts.
///
/// # Errors
/// As [`partner`].
pub fn partner_acting<'e, 'u>(
    entry: &'e mut Entry<'u>,
    presented: &PresentedPartner,
) -> Result<(&'e mut Unit<'u>, Partner)> {
    let partner = partner(entry, presented)?;
    let tx = entry.open(Actor::service(partner.client.as_str()));
    Ok((tx, partner))
}

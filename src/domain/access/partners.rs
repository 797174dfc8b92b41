//! Services: a machine of theirs whose token counts, and what it may ask for; and people of theirs whose session counts. Neither sees
//! a case; what of one was handed over to their service is for `referrals` to say.

use std::ops::Deref;

use super::Proved;
use crate::base::id::{PartnerClientId, ServiceId};
use crate::base::secret::{Sensitive, silent};
use crate::domain::people::partners::accounts::{self, Account, Session};
use crate::domain::people::partners::{self, PartnerClient, PartnerScope};
use crate::domain::people::tokens::PartnerToken;
use crate::domain::terms::Mode;
use crate::domain::unit::{Actor, Entry, Look, Unit};
use crate::error::{Error, Forbidden, Result, Unauthenticated};

/// Who comes of a service.
#[derive(Clone)]
pub enum Agent {
    /// A machine of theirs, by this credential.
    Machine(PartnerClientId),
    /// Somebody there, by their own account.
    Person(Account),
}

silent! { Agent }

impl Agent {
    /// The id of the credential or the account.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Machine(id) => id.as_str(),
            Self::Person(account) => account.id.as_str(),
        }
    }
}

/// A service whose credential counts in this transaction, within its scope, or somebody there whose session does. Nothing outside this
/// room can make one.
#[derive(Clone, Debug)]
pub struct Partner {
    _proved: Proved,
    /// Who comes.
    pub agent: Agent,
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
    Ok(Partner { _proved: Proved, agent: Agent::Machine(id), service: service_id, mode })
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
    let tx = entry.open(Actor::service(partner.agent.id()));
    Ok((tx, partner))
}

/// Somebody of a service before the inbox, whose session was proved in this transaction. Nothing outside this room can make one.
#[derive(Clone, Debug)]
pub struct Reader {
    partner: Partner,
    session: Session,
}

impl Reader {
    fn of(session: Session) -> Self {
        let (agent, service) = (Agent::Person(session.account.clone()), session.account.service.clone());
        Self { partner: Partner { _proved: Proved, agent, service, mode: Mode::Live }, session }
    }

    /// Their account.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.session.account
    }

    /// Their session.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }
}

impl Deref for Reader {
    type Target = Partner;

    fn deref(&self) -> &Partner {
        &self.partner
    }
}

/// Lets somebody of a service in, by the token of their session.
///
/// # Errors
/// `Unauthenticated` when it has ended.
pub fn reader(rx: &mut Look<'_>, token: &Sensitive<String>) -> Result<Reader> {
    let session = accounts::session_of(rx, token)?.ok_or(Error::Unauthenticated(Unauthenticated::Invalid))?;
    Ok(Reader::of(session))
}

/// Lets somebody of a service into a transaction that writes, and keeps their session awake: from here on they act.
///
/// # Errors
/// As [`reader`].
pub fn reader_acting<'e, 'u>(
    entry: &'e mut Entry<'u>,
    token: &Sensitive<String>,
) -> Result<(&'e mut Unit<'u>, Reader)> {
    let who = reader(entry, token)?;
    let tx = entry.open(Actor::service(who.account().id.as_str()));
    if who.session.is_stale {
        accounts::touch(tx, &who.session.id)?;
    }
    Ok((tx, who))
}

/// Ends the session of this token.
///
/// # Errors
/// As [`reader`].
pub fn reader_leaves(entry: &mut Entry<'_>, token: &Sensitive<String>) -> Result<()> {
    let (tx, _) = reader_acting(entry, token)?;
    accounts::end_session(tx, token)
}

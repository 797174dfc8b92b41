//! Signing in, from every surface of colleagues, and choosing a password.

use actix_web::HttpMessage;

use super::desk;
use super::extract::Call;
use super::limits::Policy;
use super::network::network;
use super::refusals::Known;
use crate::base::secret::{Sensitive, silent};
use crate::domain::casework::colleagues;
use crate::domain::people::door::{self, Attempt, Tried};
use crate::domain::people::partners::accounts;
use crate::domain::people::staff::{self, Carrier, Opened};
use crate::error::rules::Chosen;
use crate::error::{Error, Result, Unauthenticated};

/// What a colleague signs in with.
pub(super) struct Credentials {
    /// Their name, as it was typed.
    pub(super) username: String,
    /// Their password.
    pub(super) password: Sensitive<String>,
    /// The present code of their second factor.
    pub(super) code: Sensitive<String>,
    /// A password of their own, which they choose with this.
    pub(super) new_password: Option<Sensitive<String>>,
}

/// What a colleague who is signed in chooses another password with.
pub(super) struct Choice {
    /// The present one.
    pub(super) password: Sensitive<String>,
    /// The present code of their second factor.
    pub(super) code: Sensitive<String>,
    /// The new one.
    pub(super) new_password: Sensitive<String>,
}

/// Opens a session. Each try counts against the limit of its network and name, also one with which something is wrong. A
/// wrong name, password and code have one answer, after the same work.
///
/// # Errors
/// `RateLimited`; then what is wrong with the credentials; `Unauthenticated` when they are not right; `Invalid` when all is
/// right but the password was given, and no new one is chosen with it.
pub(super) async fn sign_in(call: &Call, carrier: Carrier, with: Result<Credentials>) -> Result<Opened> {
    let name = with.as_ref().map_or_else(|_| String::new(), |with| door::typed::name(&with.username));
    count(call, &name)?;
    let with = with?;
    let (app, looked_up) = (&call.shared.app, with.username.clone());
    let account = app.read_for(&call.share(), move |rx| staff::account(rx, &looked_up)).await?;
    if let Some(account) = &account {
        call.request().extensions_mut().insert(Known(account.member.id.to_string()));
    }
    let attempt = attempt(call, with, account.map(|account| account.password_hash)).await?;
    opened(app.enter(&call.share(), move |entry| colleagues::sign_in(entry, &attempt, carrier)).await?)
}

/// Opens a session of somebody at a service, by the rules of [`sign_in`].
///
/// # Errors
/// As [`sign_in`].
pub(super) async fn sign_in_to_inbox(call: &Call, with: Credentials) -> Result<accounts::Opened> {
    count(call, &door::typed::name(&with.username))?;
    let (app, looked_up) = (&call.shared.app, with.username.clone());
    let known = app.read_for(&call.share(), move |rx| accounts::password_hash(rx, &looked_up)).await?;
    if let Some((id, _)) = &known {
        call.request().extensions_mut().insert(Known(id.to_string()));
    }
    let attempt = attempt(call, with, known.map(|(_, hash)| hash)).await?;
    opened(app.enter(&call.share(), move |entry| accounts::come_in(entry, &attempt)).await?)
}

/// What came of it; a wrong name, password and code have one answer.
fn opened<T>(tried: Tried<T>) -> Result<T> {
    match tried {
        Tried::Proved(opened) => Ok(opened),
        Tried::Refused => Err(Error::Unauthenticated(Unauthenticated::Invalid)),
        Tried::MustChoose => Err(Error::invalid("/new_password", Chosen::Given)),
        Tried::Closed | Tried::ClosedNow => Err(Error::Unauthenticated(Unauthenticated::SecondFactorClosed)),
    }
}

/// Chooses another password. It counts as signing in does.
///
/// # Errors
/// `Unauthenticated` when the session has ended; `Invalid` when the new password will not do, or when the present one and
/// the code are not right.
pub(super) async fn choose_password(call: &Call, with: Result<Choice>) -> Result<()> {
    let (app, bearer) = (&call.shared.app, call.bearer()?);
    let account = desk::read(call, bearer.clone(), |rx, who| staff::account_of(rx, &who.id)).await?;
    let account = account.ok_or(Error::Unauthenticated(Unauthenticated::Invalid))?;
    count(call, &account.member.username)?;
    let Choice { password, code, new_password } = with?;
    let username = account.member.username;
    let with = Credentials { username, password, code, new_password: Some(new_password) };
    let attempt = attempt(call, with, Some(account.password_hash)).await?;
    match app.enter(&call.share(), move |entry| colleagues::choose_password(entry, &bearer, &attempt)).await? {
        Tried::Proved(()) => Ok(()),
        Tried::Refused | Tried::MustChoose => Err(Error::invalid("/password", Chosen::NotProved)),
        Tried::Closed | Tried::ClosedNow => Err(Error::invalid("/code", Chosen::Closed)),
    }
}

/// Counts a try against the limit of its network and name. What is left of it is told where no credential has one of its own.
fn count(call: &Call, name: &str) -> Result<()> {
    let key = format!("{} {}", network(call.request()), name.chars().take(64).collect::<String>());
    let verdict = call.shared.limiter.check(Policy::Token, &key);
    if call.bearer().is_err() {
        call.request().extensions_mut().insert(verdict);
    }
    verdict.into_result()
}

/// Compares the password, and hashes the one that is chosen: both, whatever the first is, so that time does not tell.
async fn attempt(call: &Call, with: Credentials, compared: Option<String>) -> Result<Attempt> {
    let passwords = &call.shared.app.passwords;
    let network = network(call.request());
    let present = door::typed::password(&with.password);
    let chosen = match with.new_password.map(|chosen| door::typed::password(&chosen)) {
        None => None,
        Some(chosen) => {
            door::judge_chosen(&chosen, &present, &door::typed::name(&with.username))?;
            Some(passwords.hash_for(&network, chosen).await?)
        }
    };
    let is_right = passwords.check(&network, present, compared.clone()).await?;
    Ok(Attempt { username: with.username, code: with.code, compared, is_right, chosen })
}

silent! { Credentials Choice }

//! Signing in, from every surface of colleagues.

use actix_web::HttpMessage;

use super::extract::Call;
use super::gate::network;
use super::limits::Policy;
use super::refusals::Known;
use crate::base::secret::{Sensitive, silent};
use crate::domain::people::staff::{self, Opened};
use crate::error::{Error, Result, Unauthenticated};

/// What a colleague signs in with.
pub(super) struct Credentials {
    /// Their name, as it was typed.
    pub(super) username: String,
    /// Their password.
    pub(super) password: Sensitive<String>,
    /// The present code of their second factor.
    pub(super) code: Sensitive<String>,
}

/// Opens a session. Each try counts against the limit of its network and name, also one with which something is wrong. A
/// wrong name, password and code have one answer, after the same work.
///
/// # Errors
/// `RateLimited`; then what is wrong with the credentials; `Unauthenticated` when they are not right.
pub(super) async fn sign_in(call: &Call, with: Result<Credentials>) -> Result<Opened> {
    let name = with.as_ref().map_or_else(|_| String::new(), |with| staff::typed::name(&with.username));
    let key = format!("{} {}", network(call.request().peer_addr()), name.chars().take(64).collect::<String>());
    let verdict = call.shared.limiter.check(Policy::Token, &key);
    call.request().extensions_mut().insert(verdict);
    verdict.into_result()?;
    let Credentials { username, password, code } = with?;
    let (app, looked_up) = (&call.shared.app, username.clone());
    let account = app.read(move |rx| staff::account(rx, &looked_up)).await?;
    if let Some(account) = &account {
        call.request().extensions_mut().insert(Known(account.member.id.to_string()));
    }
    let hash = account.map(|account| account.password_hash);
    let right = app.passwords.check(staff::typed::password(&password), hash).await?;
    let opened = app.enter(move |entry| {
        if right {
            staff::sign_in(entry, &username, code.expose())
        } else {
            staff::sign_in_failed(entry, &username).map(|()| None)
        }
    });
    opened.await?.ok_or(Error::Unauthenticated(Unauthenticated::Invalid))
}

silent! { Credentials }

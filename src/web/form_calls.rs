//! A form as a call: who sends it, under which key, and what they saw of the case when it was made.

use super::browsers::Away;
use super::extract::Call;
use super::forms::{Form, FormKey};
use super::refusals::Known;
use crate::base::id::CaseKind;
use crate::domain::desk::{At, Visit};
use crate::domain::ledger::idempotency::Keyed;
use crate::domain::ledger::seen::Seen;
use crate::error::{Error, Refused, Result};
use actix_web::HttpMessage;

/// Who comes with the form, and its key. One that was made for another account is nobody's here.
///
/// # Errors
/// `Unauthenticated` for somebody who is not signed in any more; `Unavailable` where nobody can look that up; `IdempotencyKeyMissing` for a form that carries no key of ours, or
/// one that was made for somebody else.
pub(super) fn visit(call: &Call, form: &Form) -> Result<Visit> {
    let bearer = call.bearer()?;
    if let Some(Away(why)) = call.request().extensions().get::<Away>().cloned() {
        return Err(Error::Unavailable(why));
    }
    let keyring = &call.shared.app.kit.keyring;
    let known = call.request().extensions().get::<Known>().map(|known| known.0.clone()).unwrap_or_default();
    let key = FormKey::read(keyring, form.text("key")).filter(|key| key.holder == known);
    let key = key.ok_or(Refused::IdempotencyKeyMissing)?;
    let route = call.request().match_pattern().unwrap_or_default();
    let operation = format!("{} {route}", call.request().method());
    let content = form.content();
    let keyed = Keyed::new(keyring, operation, &[key.random.as_bytes()], &[call.request().path().as_bytes(), &content]);
    Ok(Visit { bearer, keyed: Ok(keyed) })
}

/// The case of the path, with the version of it that the form was made for.
///
/// # Errors
/// `NotFound` for a path that can name no case.
pub(super) fn at(call: &Call, form: &Form) -> Result<At> {
    let case = call.id::<CaseKind>("id")?;
    let seen = form.text("version").parse().map_or(Seen::Unsaid, |version: i64| Seen::of(&[version]));
    Ok(At { case, seen })
}

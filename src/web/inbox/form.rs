//! The one form of a page of the inbox: shown, sent, and shown again with what is wrong and what was written.

use actix_web::{HttpResponse, ResponseError as _};
use askama::Template;

use super::seat::Seated;
use crate::domain::ledger::idempotency::Answer;
use crate::error::{Conflict, Error, Refused, Result};
use crate::pages::fields::Field;
use crate::pages::shell::Shell;
use crate::web::door;
use crate::web::extract::Call;
use crate::web::forms::Form;
use crate::web::marks::mark;
use crate::web::page::answer;
use crate::web::page_errors::{self, Kept};
use crate::web::surfaces::INBOX;
use crate::words;

/// What a form asks for, and says.
pub(super) struct Asked {
    pub(super) title: &'static str,
    /// What to know before.
    pub(super) lead: Vec<String>,
    pub(super) fields: Vec<Field>,
    pub(super) happens: &'static str,
    pub(super) told: &'static str,
    pub(super) stays: &'static str,
    pub(super) button: &'static str,
    /// A second button, which sends the form with this field.
    pub(super) other: Option<(&'static str, &'static str)>,
    /// Where it goes.
    pub(super) action: String,
    /// Where whoever does not send it goes on.
    pub(super) back: (String, &'static str),
}

/// What stands in the way.
struct Trouble {
    title: &'static str,
    detail: String,
}

#[derive(Template)]
#[template(path = "inbox/form.html")]
struct FormPage {
    shell: Shell,
    asked: Asked,
    errors: Vec<(String, String)>,
    trouble: Option<Trouble>,
    key: String,
    is_unsent: bool,
}

/// The page of a form. A key that was not used yet stays: sending the form again is the same call.
pub(super) fn shown(
    call: &Call,
    seated: &Seated,
    mut asked: Asked,
    form: &Form,
    error: Option<&Error>,
) -> Result<HttpResponse> {
    let errors = match error {
        Some(Error::Invalid(wrong)) => mark(&mut asked.fields, wrong, field),
        Some(_) | None => Vec::new(),
    };
    let trouble = error.filter(|error| !matches!(error, Error::Invalid(_))).map(words::trouble);
    let is_used = matches!(error, Some(Error::Refused(Refused::IdempotencyKeyReused)));
    let key = form.given("key").filter(|_| !is_used).map_or_else(|| seated.key(call), str::to_owned);
    let here =
        if asked.action.ends_with("/capacity") || asked.action.ends_with("/known") { &*asked.action } else { "" };
    let page = FormPage {
        shell: seated.shell(call, asked.title, here),
        trouble: trouble.map(|said| Trouble { title: said.title, detail: said.detail.into_owned() }),
        errors,
        key,
        is_unsent: error.is_some() || form.words().next().is_some(),
        asked,
    };
    let status = error.map_or(actix_web::http::StatusCode::OK, Error::status_code);
    answer(HttpResponse::build(status), &page)
}

/// The field at which something is wrong.
fn field(pointer: &str) -> String {
    match pointer.trim_matches('/') {
        "reason" => "decline_reason".to_owned(),
        other => other.to_owned(),
    }
}

/// Whether the form itself is shown again after this, with what is wrong.
pub(super) const fn is_shown_again(error: &Error) -> bool {
    matches!(error, Error::Invalid(_) | Error::Conflict(_) | Error::Refused(Refused::IdempotencyKeyReused))
}

/// The page of an error with what was written. The same form can be sent again where that may help.
pub(super) fn trouble(call: &Call, form: &Form, error: &Error) -> HttpResponse {
    let kept = Kept::of(form, call.request().path());
    let may_help = matches!(
        error,
        Error::Unavailable(_) | Error::Throttled { .. } | Error::Internal(_) | Error::Conflict(Conflict::InFlight)
    );
    let kept = if may_help { kept } else { kept.without_again() };
    page_errors::of(&INBOX, error, &kept, &call.trace)
}

/// The way on after an act.
pub(super) fn to(path: String) -> Answer {
    Answer { status: 303, headers: vec![("location".to_owned(), path)], body: String::new() }
}

/// The form again where it can be shown; otherwise what was written, on the page by which somebody signs in or on that of the error.
pub(super) fn or_kept(call: &Call, form: &Form, shown: Result<HttpResponse>) -> Result<HttpResponse> {
    match shown {
        Ok(page) => Ok(page),
        Err(Error::Unauthenticated(_)) => door::with_words(call, form),
        Err(error) => Ok(trouble(call, form, &error)),
    }
}

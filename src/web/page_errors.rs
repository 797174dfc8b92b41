//! Errors as pages, for people who come with a browser.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use askama::Template;

use super::browsers;
use super::forms::Form;
use super::limits::whole_seconds;
use super::surfaces::{CONSOLE, Surface, Who};
use crate::error::{Error, Forbidden, Unauthenticated};
use crate::pages::shell::Shell;
use crate::words;

/// The page of an error, or the way to sign in. The cause of a fault is logged here, once.
pub(super) fn response(request: &HttpRequest, error: &Error, reference: &str) -> HttpResponse {
    if matches!(error, Error::Unauthenticated(Unauthenticated::Missing | Unauthenticated::Invalid)) {
        return browsers::to_sign_in(request);
    }
    of(Surface::of(request.path()).unwrap_or(&CONSOLE), error, &Kept::default(), reference)
}

/// What is kept of what somebody had written.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The words, by what their fields are called.
    pub(super) written: Vec<(String, String)>,
    /// The form that sends them once more.
    pub(super) again: Option<Again>,
    /// The case that they are of.
    pub(super) case: Option<String>,
}

impl Kept {
    /// What stands in a form that goes to this path: shown where it is words, and sent once more by a button.
    pub(super) fn of(form: &Form, action: &str) -> Self {
        let written = form.words().map(|(name, text)| (words_of(name), text.to_owned())).collect();
        let again = Again { action: action.to_owned(), fields: form.all(), label: "Send it again" };
        let parts: Vec<&str> = action.split('/').take(4).collect();
        let case = matches!(parts.as_slice(), ["", _, "cases", _]).then(|| parts.join("/"));
        Self { written, again: Some(again), case }
    }

    /// The same, without the button: sending it again would do no good.
    pub(super) fn without_again(self) -> Self {
        Self { again: None, ..self }
    }
}

/// What a field is called where its form is not at hand.
fn words_of(name: &str) -> String {
    match name {
        "text" | "note" => "What you wrote".to_owned(),
        "reason" => "Your reason".to_owned(),
        other => other.replace('_', " "),
    }
}

/// The page of an error, with what was written.
pub(super) fn of(surface: &Surface, error: &Error, kept: &Kept, reference: &str) -> HttpResponse {
    let mut response = HttpResponse::build(error.status_code());
    match error {
        Error::Internal(cause) => tracing::error!(cause = format!("{cause:#}"), "a fault"),
        Error::Unavailable(reason) => {
            tracing::warn!(%reason, "not available");
            response.insert_header((header::RETRY_AFTER, HeaderValue::from_static("1")));
        }
        Error::Throttled { retry_after, .. } => {
            response.insert_header((header::RETRY_AFTER, HeaderValue::from(whole_seconds(*retry_after))));
        }
        Error::Unauthenticated(_)
        | Error::Forbidden(_)
        | Error::NotFound
        | Error::Erased
        | Error::Conflict(_)
        | Error::Refused(_)
        | Error::Invalid(_) => {}
    }
    let said = words::trouble(error);
    let again = kept.again.as_ref().map(|again| Again {
        action: again.action.clone(),
        fields: again.fields.clone(),
        label: again.label,
    });
    let page = Trouble {
        shell: surface.shell(said.title),
        detail: match (surface.who, error) {
            // Cases and queues are none of theirs.
            (Who::Reader, Error::NotFound) => {
                "There is nothing here that you can open. The address may be wrong.".to_owned()
            }
            _ => said.detail.into_owned(),
        },
        written: kept.written.clone(),
        again,
        back: match &kept.case {
            _ if matches!(error, Error::Forbidden(Forbidden::DeclareFirst)) => {
                ("/inbox/known".to_owned(), "Say whom you know")
            }
            Some(path) if !matches!(error, Error::NotFound | Error::Erased) => (path.clone(), "Go on to the case"),
            Some(_) | None => (surface.home.to_owned(), "Go on to the first page"),
        },
        reference: reference.to_owned(),
    };
    response.content_type("text/html; charset=utf-8");
    match page.render() {
        Ok(body) => response.body(body),
        Err(error) => {
            tracing::error!(%error, "a page cannot be made");
            response.finish()
        }
    }
}

/// The page that says what went wrong, with what somebody had written.
#[derive(Debug, Template)]
#[template(path = "pages/trouble.html")]
struct Trouble {
    /// Around it.
    shell: Shell,
    /// What to do about it.
    detail: String,
    /// What was written, by the names of its fields.
    written: Vec<(String, String)>,
    /// A form that sends it once more.
    again: Option<Again>,
    /// Where to go on, and what it is called.
    back: (String, &'static str),
    /// The request's id.
    reference: String,
}

/// A form that sends what was written once more, as it was.
#[derive(Debug)]
pub(super) struct Again {
    /// Where it goes.
    pub(super) action: String,
    /// What it sends.
    pub(super) fields: Vec<(String, String)>,
    /// What its button says.
    pub(super) label: &'static str,
}

//! Signing in and out with a browser.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue, SET_COOKIE};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::page;
use super::seat::Seated;
use crate::base::secret::Sensitive;
use crate::base::time::Timestamp;
use crate::domain::people::staff::{Carrier, Opened, Sitting};
use crate::error::{Error, Result, Unauthenticated};
use crate::pages::shell::Shell;
use crate::web::body::Raw;
use crate::web::browsers::see;
use crate::web::carried;
use crate::web::cookies;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::{Form, LONGEST};
use crate::web::limits::Policy;
use crate::web::page_errors::Again;
use crate::web::row::{Body, Caller, Row};
use crate::web::sign_in::{Credentials, sign_in};
use crate::web::surfaces::CONSOLE;
use crate::words;

/// How somebody comes to the door.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Coming {
    /// Where they go on.
    next: String,
    /// Whether they have signed out just now.
    out: String,
}

/// The page by which people sign in.
#[derive(Default, Template)]
#[template(path = "console/sign_in.html")]
struct SignInPage {
    shell: Shell,
    username: String,
    next: String,
    /// What they had written, sealed.
    carried: Option<String>,
    /// What is wrong: the field, and the words.
    wrong: Option<(&'static str, String)>,
    /// Whether a new password is asked for.
    must_choose: bool,
    is_out: bool,
    /// Whether the browser may hold back the cookie of somebody who is signed in, since they come from elsewhere.
    is_from_elsewhere: bool,
}

fn sign_in_page() -> SignInPage {
    SignInPage { shell: CONSOLE.shell("Sign in"), ..SignInPage::default() }
}

async fn show(call: Call) -> Result<HttpResponse> {
    let Coming { next, out } = serde_urlencoded::from_str(call.request().query_string()).unwrap_or_default();
    let site = call.request().headers().get(HeaderName::from_static("sec-fetch-site"));
    let next = CONSOLE.next(&next).unwrap_or_default().to_owned();
    let is_from_elsewhere = !next.is_empty() && site.is_none_or(|site| site == "cross-site");
    page(&SignInPage { next, is_out: !out.is_empty(), is_from_elsewhere, ..sign_in_page() })
}

/// The page by which somebody signs in again whose session has ended while they wrote: with what they wrote.
pub(in crate::web) fn with_words(call: &Call, form: &Form) -> Result<HttpResponse> {
    let carried = carried::seal(call, form)?;
    let page = SignInPage { carried, next: next_of(call.request().path()), ..sign_in_page() };
    super::wrong(&Error::Unauthenticated(Unauthenticated::Invalid), &page)
}

/// The page of a case whose form somebody sent: where they go on when what they wrote cannot come back.
fn next_of(path: &str) -> String {
    CONSOLE.next(path).map(|path| path.split('/').take(4).collect::<Vec<_>>().join("/")).unwrap_or_default()
}

/// What somebody had written, when they have signed in again.
#[derive(Template)]
#[template(path = "console/again.html")]
struct AgainPage {
    shell: Shell,
    form: Again,
    written: Vec<(String, String)>,
    others: Vec<(String, String)>,
}

async fn enter(call: Call, raw: Raw) -> Result<HttpResponse> {
    let form = Form::read(&raw.0)?;
    let secret = |name| Sensitive::new(form.text(name).to_owned());
    let with = Credentials {
        username: form.text("username").to_owned(),
        password: secret("password"),
        code: secret("code"),
        new_password: form.given("new_password").map(|chosen| Sensitive::new(chosen.to_owned())),
    };
    match sign_in(&call, Carrier::Page, Ok(with)).await {
        Ok(opened) => let_in(&call, &form, &opened),
        // What they had written stays with them: it is in this form alone.
        Err(
            error @ (Error::Unauthenticated(_) | Error::Invalid(_) | Error::Throttled { .. } | Error::Unavailable(_)),
        ) => turn_away(&form, &error),
        Err(error) => Err(error),
    }
}

fn let_in(call: &Call, form: &Form, opened: &Opened) -> Result<HttpResponse> {
    let brought = form.given("carried").and_then(|text| carried::open(call, &opened.member.id, text));
    let mut response = if let Some(carried) = brought {
        page(&again(carried.path, &carried.fields))?
    } else {
        let next = CONSOLE.next(form.text("next")).unwrap_or(CONSOLE.home);
        see(&CONSOLE.arrived_for(next))
    };
    response.headers_mut().append(SET_COOKIE, cookies::set(&opened.token));
    Ok(response)
}

/// The form that was not sent, filled with what was written in it.
fn again(path: String, fields: &[(String, String)]) -> AgainPage {
    let written: Vec<(String, String)> =
        Form::of(fields.to_vec()).words().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let is_written = |name: &str| written.iter().any(|(other, _)| other == name);
    let others = fields.iter().filter(|(name, _)| !is_written(name)).cloned().collect();
    AgainPage {
        shell: CONSOLE.shell("What you wrote"),
        form: Again { action: path, fields: Vec::new(), label: "Go back to the form" },
        written,
        others,
    }
}

fn turn_away(form: &Form, error: &Error) -> Result<HttpResponse> {
    let (field, said) = match error {
        Error::Unauthenticated(Unauthenticated::SecondFactorClosed) => {
            ("code", words::trouble(error).detail.into_owned())
        }
        Error::Unauthenticated(_) => (
            "username",
            "The name, the password or the code is not right. A code works once: wait for the next one.".to_owned(),
        ),
        Error::Invalid(wrong) => {
            let first = wrong.named.first();
            let said = first.map(|broken| words::page_rule(&broken.rule).into_owned()).unwrap_or_default();
            ("new_password", format!("Choose a password of your own: {said}"))
        }
        Error::Throttled { .. }
        | Error::Forbidden(_)
        | Error::NotFound
        | Error::Erased
        | Error::Conflict(_)
        | Error::Refused(_)
        | Error::Unavailable(_)
        | Error::Internal(_) => ("username", words::trouble(error).detail.into_owned()),
    };
    let page = SignInPage {
        username: form.text("username").to_owned(),
        next: CONSOLE.next(form.text("next")).unwrap_or_default().to_owned(),
        carried: form.given("carried").map(str::to_owned),
        must_choose: matches!(error, Error::Invalid(_)),
        wrong: Some((field, said)),
        ..sign_in_page()
    };
    super::wrong(error, &page)
}

/// The page that says that the browser did not keep the cookie.
#[derive(Template)]
#[template(path = "console/arrived.html")]
struct ArrivedPage {
    shell: Shell,
    is_by_https: bool,
    base: String,
}

/// Where somebody arrives who has signed in. When the browser sends no cookie now, it never will: then nobody is sent back
/// and forth.
async fn arrive(call: Call) -> Result<HttpResponse> {
    let Coming { next, .. } = serde_urlencoded::from_str(call.request().query_string()).unwrap_or_default();
    let next = CONSOLE.next(&next).unwrap_or(CONSOLE.home).to_owned();
    let known = match cookies::session(call.request()) {
        Some(token) => desk::unnoticed(&call, token, |_, _| Ok(())).await,
        None => Err(Error::Unauthenticated(Unauthenticated::Missing)),
    };
    match known {
        Ok(()) => Ok(see(&next)),
        Err(Error::Unauthenticated(_)) => {
            let config = &call.shared.app.config;
            let shell = CONSOLE.shell("Not signed in");
            page(&ArrivedPage { shell, is_by_https: config.is_by_https(), base: config.base_url() })
        }
        Err(error) => Err(error),
    }
}

/// What a browser forgets of this service when somebody signs out. Its cache holds no page, and clearing it can take minutes.
const CLEARED: &str = "\"cookies\", \"storage\"";

async fn leave(call: Call, raw: Raw) -> Result<HttpResponse> {
    drop(raw);
    if let Ok(bearer) = call.bearer() {
        match desk::sign_out(&call, bearer).await {
            Ok(()) | Err(Error::Unauthenticated(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let mut response = see("/console/sign-in?out=1");
    let headers = response.headers_mut();
    headers.append(SET_COOKIE, cookies::ended());
    headers.insert(HeaderName::from_static("clear-site-data"), HeaderValue::from_static(CLEARED));
    Ok(response)
}

/// What an administrator sees in place of cases.
#[derive(Template)]
#[template(path = "console/administrator.html")]
struct AdministratorPage {
    shell: Shell,
}

/// The page of somebody who keeps accounts and sees no case.
pub(super) async fn administrator(call: &Call, bearer: Sensitive<String>) -> Result<HttpResponse> {
    let seated = desk::read(call, bearer, |rx, who| Ok(Seated::of(rx, who))).await?;
    page(&AdministratorPage { shell: seated.shell(call, "Administration", "/console") })
}

/// Until when a session lasts.
#[derive(Serialize)]
struct Until {
    idle: Timestamp,
    ends: Timestamp,
}

/// Somebody says that they are still there.
async fn stay(call: Call, raw: Raw) -> Result<HttpResponse> {
    drop(raw);
    let Sitting { idle_at, expires_at, .. } = desk::stay(&call, call.bearer()?).await?;
    Ok(HttpResponse::Ok().json(Until { idle: idle_at, ends: expires_at }))
}

pub(super) fn rows() -> Vec<Row> {
    let words = |longest| Body::Words(longest);
    let door = Row::page("/console/sign-in", Method::POST, enter, Caller::Anyone).counting(Policy::Token);
    vec![
        Row::page("/console/sign-in", Method::GET, show, Caller::Anyone),
        door.reading(words(carried::LONGEST + LONGEST)),
        Row::page("/console/arrived", Method::GET, arrive, Caller::Anyone),
        Row::page("/console/sign-out", Method::POST, leave, Caller::Browser).reading(words(LONGEST)),
        Row::page("/console/stay", Method::POST, stay, Caller::Browser).reading(words(1_024)).for_script(),
    ]
}

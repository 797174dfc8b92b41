//! Signing in and out with a browser, on every surface.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue, SET_COOKIE};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::inbox;
use super::page::{page, wrong};
use crate::base::secret::Sensitive;
use crate::base::time::Timestamp;
use crate::domain::people::staff::{Carrier, Sitting};
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
use crate::web::sign_in::{Credentials, sign_in, sign_in_to_inbox};
use crate::web::surfaces::{CONSOLE, Surface, Who};
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
#[template(path = "pages/sign_in.html")]
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

/// The surface that a call is of.
fn surface(call: &Call) -> &'static Surface {
    Surface::of(call.request().path()).unwrap_or(&CONSOLE)
}

fn sign_in_page(surface: &Surface) -> SignInPage {
    SignInPage { shell: surface.shell("Sign in"), ..SignInPage::default() }
}

async fn show(call: Call) -> Result<HttpResponse> {
    let surface = surface(&call);
    let Coming { next, out } = serde_urlencoded::from_str(call.request().query_string()).unwrap_or_default();
    let site = call.request().headers().get(HeaderName::from_static("sec-fetch-site"));
    let next = surface.next(&next).unwrap_or_default().to_owned();
    let is_from_elsewhere = !next.is_empty() && site.is_none_or(|site| site == "cross-site");
    page(&SignInPage { next, is_out: !out.is_empty(), is_from_elsewhere, ..sign_in_page(surface) })
}

/// The page by which somebody signs in again whose session has ended while they wrote: with what they wrote.
pub(super) fn with_words(call: &Call, form: &Form) -> Result<HttpResponse> {
    let carried = carried::seal(call, form)?;
    let surface = surface(call);
    let page = SignInPage { carried, next: next_of(surface, call.request().path()), ..sign_in_page(surface) };
    wrong(&Error::Unauthenticated(Unauthenticated::Invalid), &page)
}

/// The page of what a form was sent for: where they go on when what they wrote cannot come back.
fn next_of(surface: &Surface, path: &str) -> String {
    let parts = match surface.who {
        Who::Colleague => 4,
        Who::Reader => 3,
    };
    surface.next(path).map(|path| path.split('/').take(parts).collect::<Vec<_>>().join("/")).unwrap_or_default()
}

/// What somebody had written, when they have signed in again.
#[derive(Template)]
#[template(path = "pages/again.html")]
struct AgainPage {
    shell: Shell,
    form: Again,
    written: Vec<(String, String)>,
    others: Vec<(String, String)>,
}

/// A session that was opened: its token, and whose it is.
struct Opened {
    token: Sensitive<String>,
    whose: String,
}

/// Opens a session of the surface's.
async fn open(call: &Call, who: Who, with: Credentials) -> Result<Opened> {
    Ok(match who {
        Who::Colleague => {
            let opened = sign_in(call, Carrier::Page, Ok(with)).await?;
            Opened { token: opened.token, whose: opened.member.id.into_text() }
        }
        Who::Reader => {
            let opened = sign_in_to_inbox(call, with).await?;
            Opened { token: opened.token, whose: opened.account.into_text() }
        }
    })
}

async fn enter(call: Call, raw: Raw) -> Result<HttpResponse> {
    let (surface, form) = (surface(&call), Form::read(&raw.0)?);
    let secret = |name| Sensitive::new(form.text(name).to_owned());
    let with = Credentials {
        username: form.text("username").to_owned(),
        password: secret("password"),
        code: secret("code"),
        new_password: form.given("new_password").map(|chosen| Sensitive::new(chosen.to_owned())),
    };
    match open(&call, surface.who, with).await {
        Ok(opened) => let_in(&call, &form, &opened),
        // What they had written stays with them: it is in this form alone.
        Err(
            error @ (Error::Unauthenticated(_) | Error::Invalid(_) | Error::Throttled { .. } | Error::Unavailable(_)),
        ) => turn_away(surface, &form, &error),
        Err(error) => Err(error),
    }
}

fn let_in(call: &Call, form: &Form, opened: &Opened) -> Result<HttpResponse> {
    let surface = surface(call);
    let brought = form.given("carried").and_then(|text| carried::open(call, &opened.whose, text));
    let brought = brought.filter(|carried| surface.holds(&carried.path));
    let mut response = if let Some(carried) = brought {
        page(&again(surface, carried.path, &carried.fields))?
    } else {
        let next = surface.next(form.text("next")).unwrap_or(surface.home);
        see(&surface.arrived_for(next))
    };
    response.headers_mut().append(SET_COOKIE, cookies::set(surface, &opened.token));
    Ok(response)
}

/// The form that was not sent, filled with what was written in it.
fn again(surface: &Surface, path: String, fields: &[(String, String)]) -> AgainPage {
    let written: Vec<(String, String)> =
        Form::of(fields.to_vec()).words().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let is_written = |name: &str| written.iter().any(|(other, _)| other == name);
    let others = fields.iter().filter(|(name, _)| !is_written(name)).cloned().collect();
    AgainPage {
        shell: surface.shell("What you wrote"),
        form: Again { action: path, fields: Vec::new(), label: "Go back to the form" },
        written,
        others,
    }
}

fn turn_away(surface: &Surface, form: &Form, error: &Error) -> Result<HttpResponse> {
    let (field, said) = match error {
        Error::Unauthenticated(Unauthenticated::SecondFactorClosed) => {
            let told = match surface.who {
                Who::Colleague => words::trouble(error).detail.into_owned(),
                Who::Reader => {
                    "Ten wrong codes came with your password. Call whoever gave you the account: they open it again \
                                when they hear your voice."
                        .to_owned()
                }
            };
            ("code", told)
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
        next: surface.next(form.text("next")).unwrap_or_default().to_owned(),
        carried: form.given("carried").map(str::to_owned),
        must_choose: matches!(error, Error::Invalid(_)),
        wrong: Some((field, said)),
        ..sign_in_page(surface)
    };
    wrong(error, &page)
}

/// The page that says that the browser did not keep the cookie.
#[derive(Template)]
#[template(path = "pages/arrived.html")]
struct ArrivedPage {
    shell: Shell,
    is_by_https: bool,
    base: String,
}

/// Where somebody arrives who has signed in. When the browser sends no cookie now, it never will: then nobody is sent back
/// and forth.
async fn arrive(call: Call) -> Result<HttpResponse> {
    let surface = surface(&call);
    let Coming { next, .. } = serde_urlencoded::from_str(call.request().query_string()).unwrap_or_default();
    let next = surface.next(&next).unwrap_or(surface.home).to_owned();
    let known = match (cookies::session(call.request(), surface), surface.who) {
        (Some(token), Who::Colleague) => desk::unnoticed(&call, token, |_, _| Ok(())).await,
        (Some(token), Who::Reader) => inbox::calls::unnoticed(&call, token).await,
        (None, _) => Err(Error::Unauthenticated(Unauthenticated::Missing)),
    };
    match known {
        Ok(()) => Ok(see(&next)),
        Err(Error::Unauthenticated(_)) => {
            let config = &call.shared.app.config;
            let shell = surface.shell("Not signed in");
            page(&ArrivedPage { shell, is_by_https: config.is_by_https(), base: config.base_url() })
        }
        Err(error) => Err(error),
    }
}

/// What a browser forgets of this service when somebody signs out. Its cache holds no page, and clearing it can take minutes.
const CLEARED: &str = "\"cookies\", \"storage\"";

async fn leave(call: Call, raw: Raw) -> Result<HttpResponse> {
    drop(raw);
    let surface = surface(&call);
    if let Ok(bearer) = call.bearer() {
        let ended = match surface.who {
            Who::Colleague => desk::sign_out(&call, bearer).await,
            Who::Reader => inbox::calls::sign_out(&call, bearer).await,
        };
        match ended {
            Ok(()) | Err(Error::Unauthenticated(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let mut response = see(&format!("{}/sign-in?out=1", surface.home));
    let headers = response.headers_mut();
    headers.append(SET_COOKIE, cookies::ended(surface));
    headers.insert(HeaderName::from_static("clear-site-data"), HeaderValue::from_static(CLEARED));
    Ok(response)
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
    let bearer = call.bearer()?;
    let Sitting { idle_at, expires_at, .. } = match surface(&call).who {
        Who::Colleague => desk::stay(&call, bearer).await?,
        Who::Reader => inbox::calls::stay(&call, bearer).await?,
    };
    Ok(HttpResponse::Ok().json(Until { idle: idle_at, ends: expires_at }))
}

/// The door of a surface, for those who come by it.
pub(super) fn rows(surface: &Surface, caller: Caller) -> Vec<Row> {
    let path = |leaf: &str| format!("{}/{leaf}", surface.home);
    let words = |longest| Body::Words(longest);
    let door = Row::page(&path("sign-in"), Method::POST, enter, Caller::Anyone).counting(Policy::Token);
    vec![
        Row::page(&path("sign-in"), Method::GET, show, Caller::Anyone),
        door.reading(words(carried::LONGEST + LONGEST)),
        Row::page(&path("arrived"), Method::GET, arrive, Caller::Anyone),
        Row::page(&path("sign-out"), Method::POST, leave, caller).reading(words(LONGEST)),
        Row::page(&path("stay"), Method::POST, stay, caller).reading(words(1_024)).for_script(),
    ]
}

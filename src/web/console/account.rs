//! One's own account: the sessions that live, and whether letters are keys.

use actix_web::HttpResponse;
use actix_web::http::Method;
use askama::Template;

use super::page;
use super::seat::Seated;
use crate::base::id::SessionId;
use crate::base::secret::Sensitive;
use crate::domain::people::staff::{Carrier, Living};
use crate::error::{Error, Result};
use crate::pages::shell::Shell;
use crate::pages::spans::{Moment, Writer};
use crate::web::body::Raw;
use crate::web::browsers::see;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::{Form, LONGEST};
use crate::web::row::{Body, Caller, Row};

/// A session, as its owner sees it.
struct Session {
    id: String,
    what: &'static str,
    began: Moment,
    seen: Moment,
    ends: Moment,
    is_this: bool,
}

#[derive(Template)]
#[template(path = "console/account.html")]
struct AccountPage {
    shell: Shell,
    name: String,
    role: &'static str,
    sessions: Vec<Session>,
    letter_keys: bool,
    key: String,
}

async fn show(call: Call) -> Result<HttpResponse> {
    let bearer = call.bearer()?;
    let seated = desk::read(&call, bearer.clone(), |rx, who| Ok(Seated::of(rx, who))).await?;
    let (living, this) = desk::sessions(&call, bearer).await?;
    let writer = seated.writer(&call);
    let mut shell = seated.shell(&call, "Your account", "/console/account");
    shell.done = done(call.request().query_string());
    page(&AccountPage {
        shell,
        name: seated.member.username.clone(),
        role: super::seat::role(seated.member.role),
        sessions: living.into_iter().map(|session| view(writer, session, &this)).collect(),
        letter_keys: seated.sitting.letter_keys,
        key: seated.key(&call),
    })
}

fn view(writer: Writer, session: Living, this: &SessionId) -> Session {
    let Living { id, created_at, seen_at, expires_at, carrier } = session;
    let what = match carrier {
        Carrier::Page => "A browser",
        Carrier::Api => "A tool",
    };
    let (began, seen, ends) = (writer.write(created_at), writer.write(seen_at), writer.write(expires_at));
    Session { is_this: id == *this, id: id.to_string(), what, began, seen, ends }
}

fn done(query: &str) -> Option<String> {
    let said = match query.strip_prefix("done=")? {
        "ended" => "The session has ended.",
        "others-ended" => "Your other sessions have ended.",
        "keys-on" => "Letters are keys.",
        "keys-off" => "Letters are no keys any more. Everything has a link or a button.",
        _ => return None,
    };
    Some(said.to_owned())
}

/// What a form of this page asks for. Nothing of a case hangs on it, so it may come twice.
async fn change(call: Call, raw: Raw) -> Result<HttpResponse> {
    let form = Form::read(&raw.0)?;
    let bearer = call.bearer()?;
    let done = match (form.given("end"), form.given("letter_keys")) {
        (Some("others"), None) => {
            desk::end_sessions(&call, bearer, None).await?;
            "others-ended"
        }
        (Some(id), None) => {
            let id: SessionId = id.parse().map_err(|_| Error::NotFound)?;
            match desk::end_sessions(&call, bearer, Some(id)).await {
                // It has ended already.
                Ok(()) | Err(Error::NotFound) => "ended",
                Err(error) => return Err(error),
            }
        }
        (None, Some(wanted)) => {
            desk::set_letter_keys(&call, bearer, wanted == "on").await?;
            if wanted == "on" { "keys-on" } else { "keys-off" }
        }
        (Some(_), Some(_)) | (None, None) => return Err(crate::error::Refused::Malformed.into()),
    };
    Ok(see(&format!("/console/account?done={done}")))
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

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::page("/console/account", Method::GET, show, Caller::Browser),
        Row::page("/console/account", Method::POST, change, Caller::Browser).reading(Body::Words(LONGEST)),
    ]
}

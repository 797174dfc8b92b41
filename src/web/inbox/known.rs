//! Whom somebody of a service knows: nothing that names those is shown to them. It is said before anything is read, be it that they
//! know nobody.

use actix_web::HttpResponse;
use actix_web::http::Method;

use super::form::{Asked, is_shown_again, or_kept, shown, trouble};
use super::seat::Seated;
use super::{calls, words};
use crate::domain::directory;
use crate::domain::terms::identifiers::{Identifier, IdentifierKind};
use crate::error::{Error, Result};
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::body::Raw;
use crate::web::browsers::see;
use crate::web::door;
use crate::web::extract::Call;
use crate::web::form_calls::visit;
use crate::web::forms::{Form, LONGEST};
use crate::web::row::{Body, Caller, Row};

const PATH: &str = "/inbox/known";
/// The kinds that people know of each other.
const KINDS: [IdentifierKind; 4] =
    [IdentifierKind::Phone, IdentifierKind::Email, IdentifierKind::Handle, IdentifierKind::ProfileUrl];

async fn show(call: Call) -> Result<HttpResponse> {
    form_page(&call, &Form::default(), None).await
}

async fn form_page(call: &Call, form: &Form, error: Option<&Error>) -> Result<HttpResponse> {
    let seated = calls::read(call, call.bearer()?, |rx, who| Ok(Seated::of(rx, who))).await?;
    let is_said = seated.account.declared_at.is_some();
    let mut lead = vec![
        "People close to you, and people you know from elsewhere: where one of them is named, nothing is shown to you, and nobody learns that there was anything."
            .to_owned(),
    ];
    match (call.request().query_string(), seated.account.declared_at) {
        ("done=said", _) => lead.insert(0, "It is noted. Add the next one, or go on.".to_owned()),
        (_, Some(at)) => {
            lead.push(format!("You said so first {}. Add whom you know since.", seated.writer(call).write(at).clock));
        }
        (_, None) => lead.push("Nothing opens to you before you have said this.".to_owned()),
    }
    let choice = |kind: IdentifierKind| Choice::of(kind.as_str(), words::identifier(kind), form.given("kind"));
    let asked = Asked {
        title: "Whom you know",
        lead,
        fields: vec![
            Field::of("kind", "What do you know of them?", Kind::Radios(KINDS.into_iter().map(choice).collect())),
            Field::line("value", "Which is it?", form.text("value").to_owned())
                .hint("A telephone with its country: +44 …. Only a keyed hash of it is kept, which nobody can read."),
        ],
        happens: "What names them is not there for you from now on, whatever came before.",
        told: "Nobody.",
        stays: "It is not taken away again here. Ask whoever runs the service.",
        button: "Add them",
        other: (!is_said).then_some(("nobody", "I know nobody of those")),
        action: PATH.to_owned(),
        back: ("/inbox".to_owned(), "Back to what came"),
    };
    shown(call, &seated, asked, form, error)
}

/// Takes what was said. It may come twice: who is known stays known.
async fn send(call: Call, raw: Raw) -> Result<HttpResponse> {
    let form = Form::read(&raw.0)?;
    if call.bearer().is_err() {
        return door::with_words(&call, &form);
    }
    if form.is_on("again") {
        let form = form.without("again");
        let shown = form_page(&call, &form, None).await;
        return or_kept(&call, &form, shown);
    }
    match act(&call, &form).await {
        Ok(()) if form.is_on("nobody") => Ok(see("/inbox")),
        Ok(()) => Ok(see("/inbox/known?done=said")),
        Err(Error::Unauthenticated(_)) => door::with_words(&call, &form),
        Err(error) if is_shown_again(&error) => {
            let shown = form_page(&call, &form, Some(&error)).await;
            or_kept(&call, &form, shown)
        }
        Err(error) => Ok(trouble(&call, &form, &error)),
    }
}

async fn act(call: &Call, form: &Form) -> Result<()> {
    let visit = visit(call, form)?;
    visit.keyed?;
    let known = if form.is_on("nobody") {
        None
    } else {
        form.require(&["kind", "value"])?;
        let kind: Option<IdentifierKind> = form.code("kind")?;
        kind.map(|kind| Identifier::new(kind, form.text("value").trim()))
    };
    calls::write(call, visit.bearer, move |tx, who| directory::declare_own(tx, who, known.as_ref())).await
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::page(PATH, Method::GET, show, Caller::Reader),
        Row::page(PATH, Method::POST, send, Caller::Reader).reading(Body::Words(LONGEST)),
    ]
}

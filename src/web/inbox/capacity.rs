//! Whether there is room.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::Method;

use super::calls;
use super::form::{Asked, is_shown_again, or_kept, shown, trouble};
use super::seat::Seated;
use crate::domain::directory;
use crate::error::{Error, Result};
use crate::pages::fields::{Choice, Field, Kind};
use crate::web::body::Raw;
use crate::web::browsers::see;
use crate::web::door;
use crate::web::extract::Call;
use crate::web::form_calls::visit;
use crate::web::forms::{Form, LONGEST};
use crate::web::row::{Body, Caller, Row};

const PATH: &str = "/inbox/capacity";
/// For how many days there is no room, at most as many as the directory takes.
const DAYS: [u64; 6] = [1, 3, 7, 14, 30, 89];

async fn show(call: Call) -> Result<HttpResponse> {
    form_page(&call, &Form::default(), None).await
}

async fn form_page(call: &Call, form: &Form, error: Option<&Error>) -> Result<HttpResponse> {
    let (seated, full_until) =
        calls::read(call, call.bearer()?, |rx, who| Ok((Seated::of(rx, who), directory::capacity(rx, who)?))).await?;
    let writer = seated.writer(call);
    let stands = full_until.map_or_else(
        || "You take people now.".to_owned(),
        |until| format!("You take nobody until {}.", writer.write(until).clock),
    );
    let said = call.request().query_string() == "done=said";
    let days = |days: u64| {
        let label = if days == 1 { "No room for 1 day".to_owned() } else { format!("No room for {days} days") };
        Choice::of(&days.to_string(), label, form.given("days"))
    };
    let room = Choice::of("0", "There is room", form.given("days"));
    let choices = std::iter::once(room).chain(DAYS.into_iter().map(days)).collect();
    let asked = Asked {
        title: "Room",
        lead: if said { vec!["It is noted.".to_owned(), stands] } else { vec![stands] },
        fields: vec![Field::of("days", "Is there room from now on?", Kind::Radios(choices))],
        happens: "While there is no room, nobody is led to you and nothing is sent. What was sent stays with you.",
        told: "Whoever looks for a service sees it.",
        stays: "Nothing: say otherwise here at any time.",
        button: "Say so",
        other: None,
        action: PATH.to_owned(),
        back: ("/inbox".to_owned(), "Back to what came"),
    };
    shown(call, &seated, asked, form, error)
}

/// Takes what was said. It may come twice: it says how things are.
async fn send(call: Call, raw: Raw) -> Result<HttpResponse> {
    let form = Form::read(&raw.0)?;
    if call.bearer().is_err() {
        return door::with_words(&call, &form);
    }
    match act(&call, &form).await {
        Ok(()) => Ok(see("/inbox/capacity?done=said")),
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
    form.require(&["days"])?;
    let days: Option<u64> = form.text("days").parse().ok().filter(|days| *days == 0 || DAYS.contains(days));
    let days = days.ok_or_else(|| Error::invalid("/days", crate::error::rules::Form::Undocumented))?;
    calls::write(call, visit.bearer, move |tx, who| {
        let until = (days > 0).then(|| tx.now().plus(Duration::from_hours(days * 24)));
        directory::set_capacity(tx, who, until)
    })
    .await
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::page(PATH, Method::GET, show, Caller::Reader),
        Row::page(PATH, Method::POST, send, Caller::Reader).reading(Body::Words(LONGEST)),
    ]
}

//! Who could help: what is told of her is asked, and services are proposed by published rules. Nothing of it is stored, and it is sent
//! as a form so that no address tells who she is.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use askama::Template;

use super::seat::Seated;
use super::words::plain;
use super::{acts, door};
use crate::base::id::CaseKind;
use crate::domain::access::Sight;
use crate::domain::directory::{Audience, Kind, Open, Service};
use crate::domain::referrals::routing::{
    self, Access, Ask, Care, Conflicts, Emergency, Place, Proposal, Proposed, Question, Told,
};
use crate::domain::terms::Mode;
use crate::domain::terms::places;
use crate::domain::unit::Look;
use crate::error::rules::Form as Rule;
use crate::error::{Error, Result, Violations};
use crate::pages::fields::{Choice, Field, Kind as FieldKind};
use crate::pages::shell::Shell;
use crate::pages::spans::Writer;
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::forms::{Form, LONGEST};
use crate::web::marks::mark;
use crate::web::page::answer;
use crate::web::row::{Body, Caller, Row};

/// A service that is proposed.
struct Line {
    name: String,
    why: String,
    ways: Vec<String>,
    open: String,
    labels: Vec<String>,
    is_referable: bool,
}

/// An emergency line, and what to know before.
struct Danger {
    line: Emergency,
    care: Vec<&'static str>,
}

/// What is proposed.
struct Found {
    emergency: Vec<Danger>,
    ask: Vec<&'static str>,
    services: Vec<Line>,
    for_one_group: Vec<Line>,
    through_lead: Vec<Line>,
    left_out: Vec<(String, String)>,
    rules: String,
}

#[derive(Template)]
#[template(path = "console/routing.html")]
struct RoutingPage {
    shell: Shell,
    path: String,
    key: String,
    fields: Vec<Field>,
    errors: Vec<(String, String)>,
    found: Option<Found>,
}

fn fields(form: &Form) -> Vec<Field> {
    let line = |name: &str, label: &str| Field::line(name, label, form.text(name).to_owned());
    let tick = |name: &str, label: &str| Field::of(name, label, FieldKind::Tick { is_on: form.is_on(name) });
    let ticks = |name: &'static str, label: &str, all: Vec<&'static str>| {
        let chosen = form.chosen(name);
        let choice = |value: &'static str| Choice::of(value, plain(value), chosen.contains(&value).then_some(value));
        Field::of(name, label, FieldKind::Ticks(all.into_iter().map(choice).collect()))
    };
    vec![
        line("country", "In which country is she now? (if she says)").hint("Two letters: GB."),
        line("region", "In which part of it?").hint("Its code: GB-LND, GB-ESX."),
        tick("said_now", "She said so now"),
        line("age", "How old is she? (if she says)"),
        ticks(
            "groups",
            "To which groups does she say she belongs?",
            Audience::ALL.iter().map(|one| one.as_str()).collect(),
        )
        .hint("What she did not tell is not known."),
        tick("same_community", "She asks for people of her own community"),
        line("language", "In which language does she want to speak?").hint("Two letters: en, pl."),
        tick("no_voice", "She cannot speak, or somebody would hear her"),
        tick(
            "conflicts_asked",
            "She was asked whether he, or somebody close to him, works for a service or the police",
        ),
        ticks("conflict_kinds", "For which do they work?", Kind::ALL.iter().map(|one| one.as_str()).collect()),
    ]
}

fn question(form: &Form) -> Result<Question> {
    let mut wrong = Violations::default();
    let mut read = |name: &str, rule, known: fn(&str) -> Option<String>| {
        let given = form.given(name).map(|text| known(text.trim()));
        if given == Some(None) {
            wrong.add(format!("/{name}"), rule);
        }
        given.flatten()
    };
    let (country, region) =
        (read("country", Rule::Country, places::country), read("region", Rule::Region, places::region));
    let age = form.given("age").map(|age| age.trim().parse::<u8>().ok().filter(|age| *age <= 120));
    if age == Some(None) {
        wrong.add("/age", Rule::WholeNumber);
    }
    let mut groups = Vec::new();
    for group in form.chosen("groups") {
        groups.extend(Audience::parse(group));
    }
    let kinds = form.chosen("conflict_kinds").into_iter().filter_map(Kind::parse).collect();
    let language = form.given("language").map(|language| language.trim().to_owned());
    if language.as_ref().is_some_and(|tag| tag.len() > 100) {
        wrong.add("/language", Rule::Locale);
    }
    wrong.into_result()?;
    let of_region = region.as_deref().and_then(|region| region.split('-').next()).map(str::to_owned);
    if country.is_some() && of_region.is_some() && country != of_region {
        return Err(Error::invalid("/region", Rule::Region));
    }
    Ok(Question {
        place: Place { country: country.or(of_region), region, said_now: form.is_on("said_now") },
        told: Told { age: age.flatten(), age_band: None, groups, same_community: form.is_on("same_community") },
        language,
        access: if form.is_on("no_voice") { vec![Access::NoVoice] } else { Vec::new() },
        conflicts: Conflicts { asked: form.is_on("conflicts_asked"), services: Vec::new(), kinds },
    })
}

async fn show(call: Call) -> Result<HttpResponse> {
    asked(&call, &Form::default(), false).await
}

async fn send(call: Call, raw: Raw) -> Result<HttpResponse> {
    let form = Form::read(&raw.0)?;
    if call.bearer().is_err() {
        return door::with_words(&call, &form);
    }
    let form = form.without("again");
    match asked(&call, &form, true).await {
        Err(Error::Unauthenticated(_)) => door::with_words(&call, &form),
        Err(error @ (Error::Unavailable(_) | Error::Throttled { .. } | Error::Internal(_))) => {
            Ok(acts::trouble(&call, &form, &error))
        }
        answered => answered,
    }
}

/// The form with what was written in it and, where it was sent, what is proposed.
async fn asked(call: &Call, form: &Form, is_sent: bool) -> Result<HttpResponse> {
    let id = call.id::<CaseKind>("id")?;
    let path = format!("/console/cases/{id}");
    let (app, told) = (Arc::clone(&call.shared.app), form.clone());
    let work = move |rx: &mut Look<'_>, sight: &Sight| {
        let is_trial = sight.case().mode == Mode::Test;
        let seated = Seated::of(rx, sight.who());
        let found = if is_sent {
            let book = app.directory.now(rx)?;
            match routing::propose(rx, sight, &book, &app.routing, || question(&told)) {
                Err(Error::Invalid(wrong)) => Some(Err(wrong)),
                found => Some(Ok(found?)),
            }
        } else {
            None
        };
        Ok((seated, is_trial, found))
    };
    let (seated, is_trial, found) = desk::read_of(call, call.bearer()?, id, work).await?;
    let writer = seated.writer(call);
    let mut shell = seated.shell(call, "Who could help", "");
    shell.is_trial = is_trial;
    let mut fields = fields(form);
    let (errors, found) = match found {
        Some(Err(wrong)) => {
            let name = |pointer: &str| {
                let last = pointer.rsplit('/').next().unwrap_or_default();
                if last == "conflicts" { "conflicts_asked".to_owned() } else { last.to_owned() }
            };
            (mark(&mut fields, &wrong, name), None)
        }
        Some(Ok(proposal)) => (Vec::new(), Some(proposed(proposal, writer))),
        None => (Vec::new(), None),
    };
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = RoutingPage { shell, path, key: seated.key(call), fields, errors, found };
    answer(HttpResponse::build(status), &page)
}

fn proposed(proposal: Proposal, writer: Writer) -> Found {
    let lines = |some: Vec<Proposed>| some.iter().map(|one| line(one, writer)).collect();
    let ask = proposal.ask.iter().map(|ask| match ask {
        Ask::Country => "in which country she is now",
        Ask::Region => "in which part of it",
        Ask::Age => "how old she is",
        Ask::Conflicts => "whether he, or somebody close to him, works for one of them",
    });
    let left_out = proposal.left_out.iter();
    Found {
        ask: ask.collect(),
        left_out: left_out.map(|(service, why)| (service.entry.name.clone(), plain(why.as_str()))).collect(),
        emergency: proposal.emergency.into_iter().map(danger).collect(),
        services: lines(proposal.services),
        for_one_group: lines(proposal.for_one_group),
        through_lead: lines(proposal.through_safeguarding_lead),
        rules: proposal.rules,
    }
}

fn danger(line: Emergency) -> Danger {
    let care = line.care.iter().map(|care| match care {
        Care::HerChoice => "her choice: they may share immigration status",
        Care::AskForAnotherForce => "she can ask for officers of another force",
    });
    Danger { care: care.collect(), line }
}

fn line(one: &Proposed, writer: Writer) -> Line {
    let mut labels: Vec<String> = one.labels.iter().map(|label| plain(label.as_str())).collect();
    if one.doubts.iter().any(|doubt| doubt.asks_to_check()) {
        labels.push("Check the number".to_owned());
    }
    Line {
        name: one.service.entry.name.clone(),
        why: one.why.clone(),
        ways: ways(&one.service),
        open: match (one.opening.now, one.opening.opens_at) {
            (Open::Yes, _) if one.opening.always => "Open at every hour".to_owned(),
            (Open::Yes, _) => "Open now".to_owned(),
            (Open::No, Some(at)) => format!("Closed until {}", writer.write(at).clock),
            (Open::No, None) => "Closed now".to_owned(),
            (Open::Unknown, _) => "Nobody knows whether it is open: ring first".to_owned(),
        },
        labels,
        is_referable: one.doubts.is_empty(),
    }
}

fn ways(service: &Service) -> Vec<String> {
    let way = |channel: &str, value: &Option<String>| match value {
        Some(value) => format!("{}: {value}", plain(channel)),
        None => plain(channel),
    };
    service.entry.channels.iter().map(|one| way(one.channel.as_str(), &one.value)).collect()
}

pub(super) fn rows() -> Vec<Row> {
    const PATH: &str = "/console/cases/{id}/routing";
    vec![
        Row::page(PATH, Method::GET, show, Caller::Browser),
        Row::page(PATH, Method::POST, send, Caller::Browser).reading(Body::Words(LONGEST)),
    ]
}

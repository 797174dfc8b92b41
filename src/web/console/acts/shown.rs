//! A form as it is shown: its fields, what sending it does, and what is wrong with what was written.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError as _};
use askama::Template;

use super::super::{events, queues, words};
use super::Leaf;
use super::facts::Facts;
use crate::domain::casefile::timeline::TimelineEntry;
use crate::error::{Conflict, Error, Refused, Result};
use crate::pages::fields::Field;
use crate::pages::shell::Shell;
use crate::pages::spans::{Moment, Writer};
use crate::web::extract::Call;
use crate::web::forms::Form;
use crate::web::marks::mark;
use crate::words as sayings;

/// What a form asks for, and what sending it does.
pub(super) struct Parts {
    pub(super) title: String,
    pub(super) fields: Vec<Field>,
    pub(super) happens: String,
    pub(super) told: String,
    pub(super) stays: String,
    pub(super) button: String,
    /// Whether it is done with care: its button says so.
    pub(super) is_grave: bool,
}

/// A form that is about to be shown.
pub(super) struct Shown {
    leaf: Leaf,
    facts: Facts,
    form: Form,
    error: Option<Error>,
}

/// The case above the form.
struct CaseLine {
    path: String,
    category: String,
    priority: String,
    level: &'static str,
    state: String,
    platform: String,
    region: &'static str,
    holder: String,
    claim: Option<Moment>,
    version: i64,
}

/// What stands in the way.
struct Trouble {
    title: String,
    detail: String,
    lines: Vec<String>,
}

/// What happened since the form was made.
struct Since {
    at: Moment,
    who: String,
    what: String,
}

/// The words of a form whose case its author does not hold any more, as a note.
struct AsNote {
    key: String,
    text: String,
    /// Whether the case is nobody's, to be taken again.
    is_free: bool,
}

#[derive(Template)]
#[template(path = "console/form.html")]
struct FormPage {
    shell: Shell,
    case: CaseLine,
    mode: &'static str,
    leaf: &'static str,
    parts: Parts,
    errors: Vec<(String, String)>,
    trouble: Option<Trouble>,
    since: Vec<Since>,
    as_note: Option<AsNote>,
    /// The key of the form that takes another case, where somebody was quicker.
    another: Option<String>,
    key: String,
    seen: i64,
    is_unsent: bool,
}

impl Shown {
    /// A form with these values.
    pub(super) const fn of(leaf: Leaf, facts: Facts, form: Form) -> Self {
        Self { leaf, facts, form, error: None }
    }

    /// The same, after this came of sending it.
    pub(super) fn with(self, error: Option<Error>) -> Self {
        Self { error, ..self }
    }

    /// The page. A key that was not used yet stays: sending the form again is the same call.
    pub(super) fn page(self, call: &Call) -> Result<HttpResponse> {
        let Self { leaf, facts, form, error } = self;
        let writer = facts.seated.writer(call);
        let mut parts = leaf.parts(call, &facts, &form);
        let errors = match &error {
            Some(Error::Invalid(wrong)) => mark(&mut parts.fields, wrong, |pointer| leaf.field(&form, pointer)),
            Some(_) | None => Vec::new(),
        };
        let is_used = matches!(error, Some(Error::Refused(Refused::IdempotencyKeyReused)));
        let key = form.given("key").filter(|_| !is_used).map_or_else(|| facts.seated.key(call), str::to_owned);
        let mut shell = facts.seated.shell(call, &parts.title, "");
        shell.is_trial = facts.case.mode == crate::domain::terms::Mode::Test;
        let page = FormPage {
            shell,
            trouble: error.as_ref().and_then(|error| trouble(error, &facts, &form, writer)),
            since: since(&facts, &form, error.as_ref(), writer),
            as_note: as_note(call, &facts, &form, error.as_ref()),
            another: matches!(error, Some(Error::Conflict(Conflict::ClaimedByOther))).then(|| facts.seated.key(call)),
            mode: facts.case.mode.as_str(),
            case: line(&facts, writer),
            leaf: leaf.as_str(),
            is_unsent: error.is_some() || form.words().next().is_some(),
            errors,
            key,
            seen: facts.since.seen,
            parts,
        };
        let status = error.as_ref().map_or(StatusCode::OK, Error::status_code);
        crate::web::page::answer(HttpResponse::build(status), &page)
    }
}

/// What happened since the form was made: only where that is why it was not done.
fn since(facts: &Facts, form: &Form, error: Option<&Error>, writer: Writer) -> Vec<Since> {
    let is_stale = matches!(
        error,
        Some(Error::Refused(Refused::PreconditionFailed | Refused::PreconditionRequired) | Error::Conflict(_))
    );
    let is_back = error.is_none() && form.given("seen").is_some();
    if !is_stale && !is_back {
        return Vec::new();
    }
    let told = |entry: &TimelineEntry| Since {
        at: writer.write(entry.at),
        who: events::who(entry),
        what: events::what(entry, &facts.since.colleagues),
    };
    facts.since.data.iter().map(told).collect()
}

fn line(facts: &Facts, writer: Writer) -> CaseLine {
    let case = &facts.case;
    let is_mine = case.is_held_by(&facts.seated.member.id, writer.now);
    CaseLine {
        path: format!("/console/cases/{}", case.id),
        category: words::category(case.category),
        priority: words::priority(case.priority),
        level: case.priority.as_str(),
        state: words::plain(words::state(case.state)),
        platform: facts.platform.clone(),
        region: words::region(case.region),
        holder: queues::holder(&facts.names, writer, case),
        claim: case.claimed_until.filter(|_| is_mine).map(|until| writer.write(until)),
        version: case.version,
    }
}

/// What is said above a form that could not be done.
fn trouble(error: &Error, facts: &Facts, form: &Form, writer: Writer) -> Option<Trouble> {
    if matches!(error, Error::Invalid(_)) {
        return None;
    }
    let said = sayings::trouble(error);
    let mut lines = Vec::new();
    if let Error::Conflict(Conflict::ClaimLost | Conflict::ClaimedByOther) = error {
        lines.push(format!("Held now by: {}.", queues::holder(&facts.names, writer, &facts.case)));
    }
    if matches!(error, Error::Conflict(_)) && form.words().next().is_some() {
        lines.push("What you wrote stands below, and was not sent.".to_owned());
    }
    Some(Trouble { title: said.title.to_owned(), detail: said.detail.into_owned(), lines })
}

/// What was written in a form whose case its author does not hold any more.
fn as_note(call: &Call, facts: &Facts, form: &Form, error: Option<&Error>) -> Option<AsNote> {
    let is_lost = matches!(error, Some(Error::Conflict(Conflict::ClaimLost)));
    let text = form.words().map(|(_, text)| text).collect::<Vec<_>>().join("\n\n");
    let is_free = facts.case.is_free_for(&facts.seated.member.id, facts.seated.now);
    is_lost.then(|| AsNote { key: facts.seated.key(call), text, is_free })
}

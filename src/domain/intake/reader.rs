//! Reads reports and additions. A detail that nobody needs never stops a report of danger, and what cannot be read
//! never makes it look less dangerous than it may be (docs/decisions/0020).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::body::{
    AdditionBody, AgeBand, DesiredOutcome, IntimateImage, Relation, ReportBody, Reporter, Source, Survivor,
};
use super::chat;
use super::contact;
use super::dates;
use super::found::Found;
use super::members::{Codes, Members, Read, beyond, code, plainest};
use super::opened::{Object, Sent, open};
use super::places::{country, locale, region};
use super::said::{account, age, answers, yes_no_unknown};
use super::subject;
use crate::base::json::Json;
use crate::domain::terms::Mode;
use crate::domain::terms::taxonomy::{CategoryCode, taxonomy};
use crate::domain::terms::words::Answer;
use crate::error::rules::Form;
use crate::error::{Refused, Result};

/// The longest report, without its chat and its attachments, in bytes; with as much of the chat as fits beside the rest.
pub const LONGEST: usize = 256 * 1024;
/// The longest statement, in characters.
const STATEMENT: usize = 20_000;
/// So many other categories.
const OTHERS: usize = 10;
/// So many files are thrown away before a trial is refused for them.
const ATTACHMENTS: usize = 100;
/// So many items of a list that is too long are read in a live report all the same.
pub(super) const KEPT: usize = 100;

/// The categories in their plainest spelling.
pub(super) static CATEGORIES: LazyLock<BTreeMap<String, CategoryCode>> =
    LazyLock::new(|| taxonomy().categories().iter().map(|row| (plainest(row.code.as_str()), row.code)).collect());

/// A body that was read, with all that was found wrong with it.
#[derive(Debug)]
pub struct Taken<T> {
    /// What it says.
    pub body: T,
    /// What in it does not keep the contract.
    pub found: Found,
}

impl<T> Taken<T> {
    /// This, when a body of this mode is to be taken: a trial without any finding, a live one with what is required.
    ///
    /// # Errors
    /// `Invalid` with every finding.
    pub fn accept(self, mode: Mode) -> Result<Self> {
        self.found.verdict(mode).map(|()| self)
    }
}

/// Reads a report.
///
/// # Errors
/// `Malformed` for what is no JSON, `TooLarge` for more than fits, `Invalid` for JSON that is no object.
pub fn read_report<'a>(sent: impl Into<Sent<'a>>, mode: Mode) -> Result<Taken<ReportBody>> {
    let Object { members, length, mut found } = open(&sent.into(), mode)?;
    let room = if length <= LONGEST { LONGEST } else { room(&members, mode)? };
    let mut members = Members::new("", members);
    let platform_report_ref = reference(&mut members, &mut found);
    let category = category(&mut members, &mut found);
    let other_categories = other_categories(&mut members, &mut found);
    let statement = statement(&mut members, &mut found);
    let reporter = reporter(&mut members, &mut found);
    let survivor = survivor(&mut members, &mut found);
    let subject = subject::subject(&mut members, &mut found);
    let answers = answers(&mut members, &mut found);
    let contact = contact::contact(&mut members, &mut found);
    let wish = members.code("desired_outcome", Codes(DesiredOutcome::ALL, DesiredOutcome::as_str), &mut found);
    let mut body = ReportBody {
        platform_report_ref,
        category,
        other_categories,
        occurred: dates::occurred(&mut members, &mut found),
        reported_at: dates::time(&mut members, "reported_at", &mut found),
        reporter,
        survivor,
        subject,
        statement,
        answers,
        desired_outcome: wish.or_if_unusable(Some(DesiredOutcome::RecordOnly)),
        contact,
        platform_context: chat::context(&mut members, room, &mut found),
        intimate_image: intimate_image(&mut members, &mut found),
        attachments: attachments(&mut members, &mut found),
    };
    members.finish(&mut found);
    if found.contact_is_barred() {
        // A wish may have stood where nobody looks for it.
        body.contact = Some(contact::barred());
    }
    take_what_stands_elsewhere(&mut body, &mut found);
    Ok(Taken { body, found })
}

/// What was said where the contract has no place for it: a yes is an answer, another category may be the worst of all, and an
/// age that may be a child's is one.
fn take_what_stands_elsewhere(body: &mut ReportBody, found: &mut Found) {
    for key in found.answered_elsewhere() {
        body.answers.insert(key.as_str().to_owned(), Answer::Yes);
    }
    let is_told = |code: &str| body.category == code || body.other_categories.iter().any(|other| other == code);
    if found.categories_elsewhere().iter().any(|code| !is_told(code.as_str())) {
        found.danger_unread();
    }
    let names_a_child = body.names_a_child();
    let age = body.survivor.as_mut().map_or(&mut body.reporter.age_band, |survivor| &mut survivor.age_band);
    let is_open = matches!(age, None | Some(AgeBand::NotGiven)) && found.has_unverified_age();
    if (found.may_be_child() || is_open) && !names_a_child {
        *age = Some(AgeBand::Unsure);
    }
}

/// Reads an addition.
///
/// # Errors
/// As [`read_report`]; `Invalid` with every finding for one that is empty or, in a trial, not of the right form.
pub fn read_addition<'a>(sent: impl Into<Sent<'a>>, mode: Mode) -> Result<Taken<AdditionBody>> {
    let Object { members, mut found, .. } = open(&sent.into(), mode)?;
    let mut members = Members::new("", members);
    let statement = words(&mut members, &mut found);
    let mut answers = answers(&mut members, &mut found);
    let identifiers = subject::identifiers(&mut members, &mut found);
    members.finish(&mut found);
    answers.extend(found.answered_elsewhere().iter().map(|key| (key.as_str().to_owned(), Answer::Yes)));
    if !found.categories_elsewhere().is_empty() {
        found.danger_unread();
    }
    let body = AdditionBody { statement, answers, identifiers };
    let is_empty = body.statement.is_none() && body.answers.is_empty() && body.identifiers.is_empty();
    if is_empty && !found.has_left_out() {
        found.refuse("", &Form::NothingAdded);
    }
    Taken { body, found }.accept(mode)
}

/// How many bytes the chat of a long report may have beside the rest of it.
fn room(members: &[(String, Json)], mode: Mode) -> Result<usize> {
    let without_chat = |value: &Json| {
        if let Json::Object(inner) = value {
            let rest = inner.iter().filter(|(name, _)| name != "messages");
            rest.map(|(name, value)| name.len() + value.to_text().len() + 4).sum()
        } else {
            value.to_text().len()
        }
    };
    let size = |(name, value): &(String, Json)| match name.as_str() {
        // Thrown away unread.
        "attachments" => 0,
        "platform_context" => without_chat(value) + name.len(),
        _ => name.len() + value.to_text().len() + 4,
    };
    let rest: usize = members.iter().map(size).sum();
    let too_large = rest > LONGEST || mode == Mode::Test;
    if too_large { Err(Refused::TooLarge.into()) } else { Ok(LONGEST - rest) }
}

/// The platform's own name of the report, without which it can never be found again. One that cannot be kept is none.
fn reference(members: &mut Members, found: &mut Found) -> String {
    const NAME: &str = "platform_report_ref";
    let place = members.place(NAME);
    let given = match members.take(NAME, found) {
        None | Some(Json::Null) => {
            found.refuse(&place, &Form::Required);
            return String::new();
        }
        Some(Json::Text(text)) => text,
        Some(Json::Number(number)) => {
            found.read_anyway(&place, &Form::Reference);
            number
        }
        Some(_) => {
            found.refuse(&place, &Form::Reference);
            return String::new();
        }
    };
    let text = given.trim();
    if !(1..=255).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        found.refuse(&place, &Form::Reference);
    } else if text != given || !text.is_ascii() {
        found.read_anyway(&place, &Form::Reference);
    }
    text.to_owned()
}

fn category(members: &mut Members, found: &mut Found) -> String {
    let place = members.place("category");
    let Some(value) = members.take("category", found) else {
        found.refuse(&place, &Form::Required);
        return String::new();
    };
    let value = match value {
        Json::List(mut items) if items.len() == 1 => {
            found.read_anyway(&place, &Form::Category);
            items.pop().unwrap_or(Json::Null)
        }
        value @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) | Json::Object(_)) => {
            value
        }
    };
    known_category(&value, &place, found).map_or_else(|| "not_sure".to_owned(), |code| code.as_str().to_owned())
}

/// A category. One that nobody can read may have been the worst of all.
fn known_category(value: &Json, place: &str, found: &mut Found) -> Option<CategoryCode> {
    let given = if let Json::Text(text) = value { text.as_str() } else { "" };
    if let Some(exact) = CategoryCode::parse(given) {
        return Some(exact);
    }
    if let Some(plain) = CATEGORIES.get(&plainest(given)) {
        found.read_anyway(place, &Form::Category);
        return Some(*plain);
    }
    found.leave_out(place, &Form::Category, value);
    found.danger_unread();
    None
}

fn other_categories(members: &mut Members, found: &mut Found) -> Vec<String> {
    let place = members.place("other_categories");
    let mut all = members.list("other_categories", found);
    if (OTHERS + 1..=KEPT).contains(&all.len()) {
        found.read_anyway(&place, &Form::TooMany(OTHERS));
    }
    if all.len() > KEPT {
        let rest = all.split_off(KEPT);
        let more = rest.len();
        found.leave_out_many(&place, &Form::TooMany(OTHERS), &Json::List(rest), more);
        found.danger_unread();
    }
    let mut codes: Vec<String> = Vec::new();
    for (i, value) in all.iter().enumerate().filter(|(_, value)| !value.is_nothing()) {
        let code = known_category(value, &format!("{place}/{i}"), found).map(|code| code.as_str().to_owned());
        let beyond = codes.len() >= OTHERS;
        codes.extend(code.filter(|code| !beyond || !codes.contains(code)));
    }
    codes
}

/// What they said: whole, however long it is. A body is bounded.
fn words(members: &mut Members, found: &mut Found) -> Option<String> {
    let words = members.words("statement", found)?;
    if beyond(&words, STATEMENT).is_some() {
        found.read_anyway("/statement", &Form::TooLong(STATEMENT));
    }
    Some(words)
}

fn statement(members: &mut Members, found: &mut Found) -> String {
    let words = words(members, found);
    if words.is_none() {
        found.refuse("/statement", &Form::NoWords);
    }
    words.unwrap_or_default()
}

fn reporter(members: &mut Members, found: &mut Found) -> Reporter {
    let given = match members.take("reporter", found) {
        // One in a list.
        Some(Json::List(mut items)) if items.len() == 1 => {
            found.read_anyway("/reporter", &Form::Reporter);
            items.pop()
        }
        given => given,
    };
    let mut inner = match given {
        Some(Json::Object(inner)) => Members::new("/reporter", inner),
        Some(Json::Text(word)) if !word.trim().is_empty() => {
            found.read_anyway("/reporter", &Form::Reporter);
            Members::new("/reporter", vec![("relation".to_owned(), Json::Text(word))])
        }
        None | Some(Json::Null) => {
            found.refuse("/reporter", &Form::Required);
            return nobody();
        }
        Some(_) => {
            found.refuse("/reporter", &Form::Reporter);
            return nobody();
        }
    };
    let relation = relation(&mut inner, found);
    let reporter = Reporter {
        relation,
        platform_account_ref: account(&mut inner, "platform_account_ref", found),
        age_band: age(&mut inner, found),
        country: country(&mut inner, "country", found),
        region: region(&mut inner, "region", found),
        country_source: inner.code("country_source", Codes(Source::ALL, Source::as_str), found).known(),
        locale: locale(&mut inner, "locale", found),
        device_ref: account(&mut inner, "device_ref", found),
        payment_ref: account(&mut inner, "payment_ref", found),
        network_ref: account(&mut inner, "network_ref", found),
    };
    inner.finish(found);
    reporter
}

/// Who sends it. A word that nobody knows, and one that is there and says nothing, make a witness, in whose name the least
/// may be done.
fn relation(inner: &mut Members, found: &mut Found) -> Relation {
    let place = inner.place("relation");
    let Some(value) = inner.take("relation", found) else {
        found.refuse(&place, &Form::Required);
        return Relation::Witness;
    };
    if value.is_nothing() {
        found.leave_out(&place, &Form::Required, &value);
        return Relation::Witness;
    }
    code(&value, &place, Codes(Relation::ALL, Relation::as_str), found).known().unwrap_or(Relation::Witness)
}

/// Stands where a report that is refused has no reporter.
const fn nobody() -> Reporter {
    Reporter {
        relation: Relation::Witness,
        platform_account_ref: None,
        age_band: None,
        country: None,
        region: None,
        country_source: None,
        locale: None,
        device_ref: None,
        payment_ref: None,
        network_ref: None,
    }
}

/// The person harmed. One of whom nobody can read anything may be a child.
fn survivor(members: &mut Members, found: &mut Found) -> Option<Survivor> {
    let mut inner = match members.object("survivor", found) {
        Read::Absent => return None,
        Read::Unusable => {
            return Some(Survivor { age_band: Some(AgeBand::Unsure), country: None, region: None, knows: None });
        }
        Read::Is(inner) => inner,
    };
    let survivor = Survivor {
        age_band: age(&mut inner, found),
        country: country(&mut inner, "country", found),
        region: region(&mut inner, "region", found),
        knows: yes_no_unknown(&mut inner, "knows", found).known(),
    };
    inner.finish(found);
    Some(survivor)
}

fn intimate_image(members: &mut Members, found: &mut Found) -> Option<IntimateImage> {
    let mut inner = members.object("intimate_image", found).known()?;
    let mut declared = |name| inner.boolean(name, found).known().unwrap_or(false);
    let (is_intimate_image, is_subject_or_agent) = (declared("is_intimate_image"), declared("is_subject_or_agent"));
    let good_faith = declared("good_faith");
    let image = IntimateImage {
        is_intimate_image,
        is_subject_or_agent,
        good_faith,
        locator: inner.text("locator", 2_000, found).known(),
        contact: inner.text("contact", 320, found).known(),
        signature: inner.text("signature", 200, found).known(),
    };
    inner.finish(found);
    Some(image)
}

/// How many files were sent along. They are thrown away unread.
fn attachments(members: &mut Members, found: &mut Found) -> usize {
    let mut own = Found::default();
    let count = members.list("attachments", &mut own).len();
    if count > ATTACHMENTS {
        own.read_anyway(&members.place("attachments"), &Form::TooMany(ATTACHMENTS));
    }
    found.absorb(own);
    count
}

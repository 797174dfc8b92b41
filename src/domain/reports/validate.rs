//! The rules of a report's content that its shape alone does not say. Every broken rule is named with its place.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::body::{AdditionBody, ContactBody, IdentifierBody, Occurred, PlatformContext, ReportBody, SubjectBody};
use crate::domain::taxonomy::{CategoryCode, KeyCode};
use crate::domain::triage::Answer;
use crate::error::{Result, Violations};

const STATEMENT: usize = 20_000;

/// Checks a report and returns every broken rule.
///
/// # Errors
/// `Invalid` with a pointer for each.
pub fn validate(body: &ReportBody) -> Result<()> {
    let mut v = Violations::default();
    reference(&mut v, &body.platform_report_ref);
    categories(&mut v, body);
    statement(&mut v, &body.statement);
    answers(&mut v, &body.answers);
    if let Some(occurred) = &body.occurred {
        dates(&mut v, occurred);
    }
    if let Some(at) = &body.reported_at {
        instant(&mut v, "/reported_at", at);
    }
    reporter(&mut v, body);
    if let Some(subject) = &body.subject {
        self::subject(&mut v, subject);
    }
    if let Some(contact) = &body.contact {
        self::contact(&mut v, contact);
    }
    if let Some(context) = &body.platform_context {
        self::context(&mut v, context);
    }
    if let Some(image) = &body.intimate_image {
        text(&mut v, "/intimate_image/locator", image.locator.as_deref(), 2_000);
        text(&mut v, "/intimate_image/contact", image.contact.as_deref(), 320);
        text(&mut v, "/intimate_image/signature", image.signature.as_deref(), 200);
    }
    v.into_result()
}

/// Checks an addition.
pub(super) fn validate_addition(body: &AdditionBody) -> Result<()> {
    let mut v = Violations::default();
    let empty = body.statement.is_none() && body.answers.is_empty() && body.identifiers.is_empty();
    v.require(!empty, "", "nothing_added", "send at least one of statement, answers and identifiers");
    if let Some(words) = &body.statement {
        statement(&mut v, words);
    }
    answers(&mut v, &body.answers);
    identifiers(&mut v, "/identifiers", &body.identifiers);
    v.into_result()
}

fn reference(v: &mut Violations, reference: &str) {
    let printable = reference.bytes().all(|b| (0x20..0x7f).contains(&b));
    let right = printable && (1..=255).contains(&reference.len()) && reference.trim() == reference;
    v.require(
        right,
        "/platform_report_ref",
        "bad_reference",
        "use 1 to 255 printable ASCII characters, without spaces at either end",
    );
}

fn categories(v: &mut Violations, body: &ReportBody) {
    const UNKNOWN: &str = "use a code of GET /v1/categories; `not_sure` is always right";
    v.require(CategoryCode::parse(&body.category).is_some(), "/category", "unknown_category", UNKNOWN);
    v.require(body.other_categories.len() <= 10, "/other_categories", "too_many", "at most 10");
    for (i, code) in body.other_categories.iter().enumerate().take(10) {
        let known = CategoryCode::parse(code).is_some();
        v.require(known, &format!("/other_categories/{i}"), "unknown_category", UNKNOWN);
    }
}

fn statement(v: &mut Violations, statement: &str) {
    v.require(!statement.trim().is_empty(), "/statement", "required", "say in their words what happened");
    v.require(statement.chars().count() <= STATEMENT, "/statement", "too_long", "at most 20,000 characters");
    v.require(
        !statement.contains('\0'),
        "/statement",
        "control_character",
        "the text holds a NUL character; send plain text",
    );
}

fn answers(v: &mut Violations, answers: &BTreeMap<String, Answer>) {
    for key in answers.keys() {
        if KeyCode::parse(key).is_none() {
            v.add(pointer("/answers", key), "unknown_answer_key", "use a key of GET /v1/categories");
        }
    }
}

/// A pointer to a member the caller named. A name that is not a plain word is not repeated.
pub(super) fn pointer(parent: &str, member: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if member.len() <= 64 && member.bytes().all(plain) { format!("{parent}/{member}") } else { parent.to_owned() }
}

fn dates(v: &mut Violations, occurred: &Occurred) {
    const FORM: &str = "use a date (2026-11-02), a month (2026-11) or an RFC 3339 time";
    let from = span(&occurred.from);
    v.require(from.is_some(), "/occurred/from", "bad_date", FORM);
    let Some(to) = &occurred.to else { return };
    let to = span(to);
    v.require(to.is_some(), "/occurred/to", "bad_date", FORM);
    if let (Some((start, _)), Some((_, end))) = (from, to) {
        v.require(start <= end, "/occurred/to", "dates_reversed", "`to` lies before `from`");
    }
}

/// The first and the last instant that a date, a month or a time can mean.
fn span(text: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some((at.to_utc(), at.to_utc()));
    }
    let month = format!("{text}-01");
    let (first, days) = match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(day) if text.len() == 10 => (day, 1),
        _ if text.len() == 7 => (NaiveDate::parse_from_str(&month, "%Y-%m-%d").ok()?, 31),
        _ => return None,
    };
    let start = first.and_hms_opt(0, 0, 0)?.and_utc();
    Some((start, start.checked_add_days(chrono::Days::new(days))?))
}

fn instant(v: &mut Violations, pointer: &str, text: &str) {
    v.require(
        DateTime::parse_from_rfc3339(text).is_ok(),
        pointer,
        "bad_time",
        "use an RFC 3339 time, such as 2026-11-21T19:04:00Z",
    );
}

fn reporter(v: &mut Violations, body: &ReportBody) {
    let reporter = &body.reporter;
    account(v, "/reporter/platform_account_ref", reporter.platform_account_ref.as_deref());
    for (pointer, value) in [
        ("/reporter/device_ref", &reporter.device_ref),
        ("/reporter/payment_ref", &reporter.payment_ref),
        ("/reporter/network_ref", &reporter.network_ref),
    ] {
        account(v, pointer, value.as_deref());
    }
    country(v, "/reporter/country", reporter.country.as_deref());
    region(v, "/reporter/region", reporter.region.as_deref());
    if let Some(locale) = &reporter.locale {
        let plain = locale.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        v.require(
            plain && (2..=35).contains(&locale.len()),
            "/reporter/locale",
            "bad_locale",
            "use a BCP 47 tag, such as en-GB",
        );
    }
    if let Some(survivor) = &body.survivor {
        country(v, "/survivor/country", survivor.country.as_deref());
        region(v, "/survivor/region", survivor.region.as_deref());
    }
}

fn country(v: &mut Violations, pointer: &str, code: Option<&str>) {
    let right = code.is_none_or(|code| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()));
    v.require(right, pointer, "bad_country", "use an ISO 3166-1 alpha-2 code, such as GB");
}

fn region(v: &mut Violations, pointer: &str, code: Option<&str>) {
    let right = code.is_none_or(|code| {
        code.split_once('-').is_some_and(|(country, part)| {
            let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
            country.len() == 2 && country.bytes().all(upper) && (1..=3).contains(&part.len()) && part.bytes().all(upper)
        })
    });
    v.require(right, pointer, "bad_region", "use an ISO 3166-2 code, such as GB-ESX");
}

fn account(v: &mut Violations, pointer: &str, account: Option<&str>) {
    let right = account.is_none_or(|a| (1..=255).contains(&a.len()) && !a.chars().any(char::is_control));
    v.require(right, pointer, "bad_account", "use 1 to 255 characters without control characters");
}

fn subject(v: &mut Violations, subject: &SubjectBody) {
    account(v, "/subject/platform_account_ref", subject.platform_account_ref.as_deref());
    text(v, "/subject/display_name", subject.display_name.as_deref(), 200);
    identifiers(v, "/subject/identifiers", &subject.identifiers);
}

fn identifiers(v: &mut Violations, parent: &str, identifiers: &[IdentifierBody]) {
    v.require(identifiers.len() <= 20, parent, "too_many", "at most 20");
    for (i, identifier) in identifiers.iter().enumerate().take(20) {
        let pointer = format!("{parent}/{i}/value");
        v.require(
            !identifier.value.trim().is_empty(),
            &pointer,
            "required",
            "leave the identifier out if there is none",
        );
        text(v, &pointer, Some(&identifier.value), 500);
    }
}

fn contact(v: &mut Violations, contact: &ContactBody) {
    v.require(contact.channels.len() <= 10, "/contact/channels", "too_many", "at most 10");
    v.require(contact.never.len() <= 10, "/contact/never", "too_many", "at most 10");
    for (i, channel) in contact.channels.iter().enumerate().take(10) {
        text(v, &format!("/contact/channels/{i}/value"), channel.value.as_deref(), 320);
    }
}

fn context(v: &mut Violations, context: &PlatformContext) {
    if let Some(at) = &context.matched_at {
        v.require(span(at).is_some(), "/platform_context/matched_at", "bad_date", "use a date or an RFC 3339 time");
    }
    v.require(context.messages.len() <= 200, "/platform_context/messages", "too_many", "at most 200");
    for (i, message) in context.messages.iter().enumerate().take(200) {
        if let Some(at) = &message.at {
            instant(v, &format!("/platform_context/messages/{i}/at"), at);
        }
        text(v, &format!("/platform_context/messages/{i}/text"), Some(&message.text), 8_000);
    }
}

fn text(v: &mut Violations, pointer: &str, text: Option<&str>, longest: usize) {
    let Some(text) = text else { return };
    if text.chars().count() > longest {
        v.add(pointer, "too_long", format!("at most {longest} characters"));
    }
    v.require(!text.contains('\0'), pointer, "control_character", "the text holds a NUL character; send plain text");
}

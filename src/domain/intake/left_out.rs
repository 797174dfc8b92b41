//! What could not be used, as it came: sealed under the scope of its place, so that it is erased with the rest of it.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::result::Error as DieselError;

use super::body::{ChannelBody, IdentifierBody};
use super::contact;
use super::found::{Found, LeftOut};
use super::members::Members;
use super::subject;
use crate::base::id::CaseId;
use crate::base::json::{self, Json};
use crate::base::text::is_plain_word;
use crate::db::schema::left_out;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Answers, Contact, Identity, Keys, Owner, Scope, ScopeKind, Sealed, Statement, Subject};
use crate::error::{Error, Result};

const FIELD: &str = "left_out";

/// The scope of a place.
fn scope_of(pointer: &str) -> Scope {
    let first = pointer.split('/').nth(1).unwrap_or_default();
    match first {
        "reporter" | "survivor" => Scope::Identity,
        "contact" => Scope::Contact,
        "subject" | "identifiers" => Scope::Subject,
        "answers" => Scope::Answers,
        _ if pointer == "/intimate_image/contact" => Scope::Contact,
        _ => Scope::Statement,
    }
}

/// Keeps what was left out of a report or addition, whose id is `source`.
pub(super) fn store(tx: &mut Unit<'_>, case: &CaseId, source: &str, all: &[LeftOut]) -> Result<()> {
    let mut by_scope: BTreeMap<Scope, Vec<&LeftOut>> = BTreeMap::new();
    for left in all {
        by_scope.entry(scope_of(&left.pointer)).or_default().push(left);
    }
    for (scope, left) in by_scope {
        let body = match scope {
            Scope::Identity => sealed::<Identity>(tx.keys(Owner::case(case))?, source, &left)?,
            Scope::Contact => sealed::<Contact>(tx.keys(Owner::case(case))?, source, &left)?,
            Scope::Subject => sealed::<Subject>(tx.keys(Owner::case(case))?, source, &left)?,
            Scope::Answers => sealed::<Answers>(tx.keys(Owner::case(case))?, source, &left)?,
            Scope::Statement | Scope::Messages | Scope::Notes | Scope::Secret => {
                sealed::<Statement>(tx.keys(Owner::case(case))?, source, &left)?
            }
        };
        let row = (
            left_out::source.eq(source),
            left_out::scope.eq(scope.as_str()),
            left_out::case_id.eq(case),
            left_out::body.eq(body),
        );
        diesel::insert_into(left_out::table).values(row).execute(tx.conn())?;
    }
    Ok(())
}

fn sealed<S: ScopeKind>(keys: &mut Keys<'_>, source: &str, left: &[&LeftOut]) -> Result<Vec<u8>> {
    Ok(keys.sealing::<S>()?.seal(FIELD, source, &left)?.into_stored())
}

fn opened<S: ScopeKind>(keys: &mut Keys<'_>, source: &str, body: Vec<u8>) -> Result<Vec<LeftOut>> {
    let key = keys.existing::<S>();
    match key.and_then(|key| key.open(FIELD, source, &Sealed::from_stored(body))) {
        Ok(left) => Ok(left.into_exposed()),
        Err(Error::Erased) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// What was left out of the reports and additions of a case, by their ids.
pub(in crate::domain) fn of_case(rx: &mut Look<'_>, case: &CaseId) -> Result<BTreeMap<String, Vec<LeftOut>>> {
    let rows: Vec<(String, String, Vec<u8>)> = left_out::table
        .filter(left_out::case_id.eq(case))
        .order((left_out::source, left_out::scope))
        .select((left_out::source, left_out::scope, left_out::body))
        .load(rx.conn())?;
    let mut all: BTreeMap<String, Vec<LeftOut>> = BTreeMap::new();
    for (source, scope, body) in rows {
        let left = of_scope(rx.keys(Owner::case(case))?, &source, &scope, body)?;
        all.entry(source).or_default().extend(left);
    }
    Ok(all)
}

/// What was left out of one report or addition of the case.
pub(in crate::domain) fn of_source(rx: &mut Look<'_>, case: &CaseId, source: &str) -> Result<Vec<LeftOut>> {
    let rows: Vec<(String, Vec<u8>)> = left_out::table
        .filter(left_out::source.eq(source))
        .order(left_out::scope)
        .select((left_out::scope, left_out::body))
        .load(rx.conn())?;
    let mut all = Vec::new();
    for (scope, body) in rows {
        all.extend(of_scope(rx.keys(Owner::case(case))?, source, &scope, body)?);
    }
    Ok(all)
}

/// The same of several reports or additions of the case, in one statement. Where a row cannot be read they are read one by one.
pub(in crate::domain) fn of_sources(
    rx: &mut Look<'_>,
    case: &CaseId,
    sources: &[String],
) -> Result<BTreeMap<String, Result<Vec<LeftOut>>>> {
    let rows: QueryResult<Vec<(String, String, Vec<u8>)>> = left_out::table
        .filter(left_out::source.eq_any(sources.to_vec()))
        .order((left_out::source, left_out::scope))
        .select((left_out::source, left_out::scope, left_out::body))
        .load(rx.conn());
    if matches!(rows, Err(DieselError::DeserializationError(_))) {
        return Ok(sources.iter().map(|source| (source.clone(), of_source(rx, case, source))).collect());
    }
    let mut all: BTreeMap<String, Result<Vec<LeftOut>>> = BTreeMap::new();
    for (source, scope, body) in rows? {
        let left = of_scope(rx.keys(Owner::case(case))?, &source, &scope, body);
        let known = all.entry(source).or_insert_with(|| Ok(Vec::new()));
        match (known.as_mut(), left) {
            (Ok(known), Ok(left)) => known.extend(left),
            (Ok(_), Err(error)) => *known = Err(error),
            (Err(_), _) => {}
        }
    }
    Ok(all)
}

fn of_scope(keys: &mut Keys<'_>, source: &str, scope: &str, body: Vec<u8>) -> Result<Vec<LeftOut>> {
    match Scope::parse(scope) {
        Some(Scope::Identity) => opened::<Identity>(keys, source, body),
        Some(Scope::Contact) => opened::<Contact>(keys, source, body),
        Some(Scope::Subject) => opened::<Subject>(keys, source, body),
        Some(Scope::Answers) => opened::<Answers>(keys, source, body),
        Some(Scope::Statement | Scope::Messages | Scope::Notes | Scope::Secret) | None => {
            opened::<Statement>(keys, source, body)
        }
    }
}

/// Whom the values name that were left out: ways to reach the reporter, and identifiers of the subject beyond those that
/// are kept. Walls hold for them too.
pub(super) fn named_in(all: &[LeftOut]) -> (Vec<ChannelBody>, Vec<IdentifierBody>) {
    let (mut reach, mut beyond) = (Vec::new(), Vec::new());
    for left in all {
        let Some(value) = json::read(&left.value) else { continue };
        let mut found = Found::default();
        if left.pointer == "/contact" {
            let _ = contact::contact(&mut Members::new("", vec![("contact".to_owned(), value)]), &mut found);
            reach.extend_from_slice(found.reach());
        } else if left.pointer.ends_with("/identifiers") {
            let mut members = Members::new("", vec![("identifiers".to_owned(), value)]);
            beyond.extend(subject::identifiers(&mut members, &mut found));
            beyond.extend_from_slice(found.named_beyond());
        }
    }
    (reach, beyond)
}

/// So many pieces of the texts that were left out are looked at, and each is so long: what an identifier may have. A longer
/// text is looked at in pieces, of which neighbours share so much, lest a name be cut.
const PIECES: usize = 100;
const LONGEST: usize = 500;
const SHARED: usize = 100;

/// The texts in the values that may name somebody: of the subject, of the accounts, of ways to reach the reporter, and of
/// members that nobody knows, with their names. Of every text first the beginning, then the end, then what is between.
pub(super) fn texts_in(all: &[LeftOut]) -> Vec<String> {
    let mut texts = Vec::new();
    let names = ["/subject", "/identifiers", "/contact", "/reporter/platform_account_ref", "/intimate_image"];
    for left in all {
        let is_unknown = left.code == "unknown_member" || left.code == "unknown_answer_key";
        if is_unknown || names.iter().any(|place| left.pointer.starts_with(place)) {
            // Of what was too large to be kept there is the beginning of its JSON.
            collect(&json::read(&left.value).unwrap_or_else(|| Json::Text(left.value.clone())), &mut texts);
        }
    }
    let pieces: Vec<Vec<String>> = texts.iter().map(|text| pieces(text)).collect();
    let longest = pieces.iter().map(Vec::len).max().unwrap_or_default();
    let rounds = (0..longest).flat_map(|round| pieces.iter().filter_map(move |pieces| pieces.get(round)));
    rounds.take(PIECES).cloned().collect()
}

fn collect(value: &Json, texts: &mut Vec<String>) {
    if texts.len() >= PIECES {
        return;
    }
    match value {
        Json::Text(text) | Json::Number(text) => {
            let text: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
            if !text.trim().is_empty() {
                texts.push(text.trim().to_owned());
            }
        }
        Json::List(items) => {
            for item in items {
                collect(item, texts);
            }
        }
        Json::Object(members) => {
            for (name, member) in members {
                if !is_plain_word(name) {
                    texts.push(name.clone());
                }
                collect(member, texts);
            }
        }
        Json::Null | Json::Bool(_) => {}
    }
}

/// The pieces of a text: the first, the last, and those between.
fn pieces(text: &str) -> Vec<String> {
    let signs: Vec<char> = text.chars().collect();
    if signs.len() <= LONGEST {
        return vec![text.to_owned()];
    }
    let piece = |signs: &[char]| signs.iter().take(LONGEST).collect::<String>();
    let last = signs.get(signs.len() - LONGEST..).unwrap_or_default();
    let starts = (0..signs.len() - LONGEST).step_by(LONGEST - SHARED);
    let mut all: Vec<String> = starts.map(|at| piece(signs.get(at..).unwrap_or_default())).take(PIECES).collect();
    all.insert(all.len().min(1), piece(last));
    all
}

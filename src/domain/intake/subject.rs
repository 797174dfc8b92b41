//! Whom a report is about.

use super::body::{IdentifierBody, SubjectBody};
use super::found::Found;
use super::members::{Codes, Members, Read, beyond, code, object, one_of, plainest, text};
use super::reader::KEPT;
use super::said::account;
use crate::base::json::Json;
use crate::domain::terms::identifiers::IdentifierKind;
use crate::error::rules::Form;

/// So many identifiers.
const MOST: usize = 20;
/// The longest of them, in characters.
const LONGEST: usize = 500;

/// What apps call the types of an identifier, without case and signs.
const OTHER_TYPES: [(IdentifierKind, &str); 6] = [
    (
        IdentifierKind::Phone,
        "mobile mobilephone mobilenumber cell cellphone cellular cellnumber tel telephone telephonenumber telefon telefono phonenumber \
         phoneno number landline homephone workphone msisdn sms whatsapp wa signal viber imessage handy mobil",
    ),
    (IdentifierKind::Email, "mail emailaddress mailaddress emailid correo courriel"),
    (
        IdentifierKind::Handle,
        "username user userid nick nickname screenname displayname alias account accountname social socialmedia name im pseudonym",
    ),
    (IdentifierKind::ProfileUrl, "url link web website homepage profile profilelink permalink uri href"),
    (IdentifierKind::Device, "imei imsi mac macaddress deviceid udid idfa androidid serial serialnumber"),
    (
        IdentifierKind::Payment,
        "iban card cardnumber creditcard bank bankaccount accountnumber sortcode wallet bitcoin btc eth crypto cryptowallet upi pix",
    ),
];
/// Services, as apps write them where a type belongs.
const SERVICES: &str = "instagram insta ig facebook fb messenger snapchat snap telegram tg twitter x tiktok discord kik reddit threads linkedin \
    youtube twitch vk bluesky onlyfans steam tinder badoo okcupid pinterest spotify soundcloud github paypal venmo cashapp";

pub(super) fn subject(members: &mut Members, found: &mut Found) -> Option<SubjectBody> {
    let mut inner = match members.take("subject", found)? {
        Json::Object(inner) => Members::new("/subject", inner),
        value @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_)) => {
            if !value.is_nothing() {
                found.leave_out("/subject", &Form::Object, &value);
            } else if !matches!(value, Json::Null | Json::Text(_)) {
                found.read_anyway("/subject", &Form::Object);
            }
            return None;
        }
    };
    let subject = SubjectBody {
        platform_account_ref: account(&mut inner, "platform_account_ref", found),
        display_name: inner.text("display_name", 200, found).known(),
        identifiers: identifiers(&mut inner, found),
    };
    inner.finish(found);
    Some(subject)
}

/// The identifiers. Those beyond the bound go to the advocate, and are compared with what colleagues declared.
pub(super) fn identifiers(members: &mut Members, found: &mut Found) -> Vec<IdentifierBody> {
    let place = members.place("identifiers");
    let mut all = members.list("identifiers", found);
    let beyond = all.get(MOST..).unwrap_or_default().to_vec();
    if !beyond.is_empty() {
        let more = beyond.len();
        found.leave_out_many(&place, &Form::TooMany(MOST), &Json::List(beyond), more);
    }
    all.truncate(KEPT);
    let items = all.into_iter().enumerate().filter(|(_, value)| *value != Json::Null);
    let mut kept: Vec<IdentifierBody> =
        items.filter_map(|(i, value)| identifier(value, &format!("{place}/{i}"), found)).collect();
    if kept.len() > MOST {
        found.also_named(kept.split_off(MOST));
    }
    kept
}

/// An identifier. Of one whose kind nobody knows the value says what it is: a colleague whom it names must not meet the
/// case, whatever the app calls it.
fn identifier(value: Json, place: &str, found: &mut Found) -> Option<IdentifierBody> {
    let whole = value.clone();
    let mut inner = match value {
        Json::Text(_) | Json::Number(_) => {
            found.read_anyway(place, &Form::Object);
            Members::new(place, vec![("value".to_owned(), value)])
        }
        Json::Null | Json::Bool(_) | Json::List(_) | Json::Object(_) => object(value, place, found).known()?,
    };
    let given = inner.take("type", found);
    let meant = given.as_ref().and_then(meant);
    let kind = given.as_ref().map_or(Read::Absent, |value| match meant {
        Some(Meant::Kind(kind)) => {
            found.read_anyway(&format!("{place}/type"), &one_of(Codes(IdentifierKind::ALL, IdentifierKind::as_str)));
            Read::Is(kind)
        }
        Some(Meant::Service(_)) => {
            found.read_anyway(&format!("{place}/type"), &one_of(Codes(IdentifierKind::ALL, IdentifierKind::as_str)));
            Read::Absent
        }
        None => code(value, &format!("{place}/type"), Codes(IdentifierKind::ALL, IdentifierKind::as_str), found),
    });
    let value_place = inner.place("value");
    let value = inner.take("value", found).map_or(Read::Absent, |value| text(value, &value_place, usize::MAX, found));
    inner.finish(found);
    let value = match value {
        // Half of it may name somebody else.
        Read::Is(value) if beyond(&value, LONGEST).is_some() => {
            found.leave_out(&value_place, &Form::TooLong(LONGEST), &whole);
            return None;
        }
        Read::Is(value) => value,
        Read::Absent => {
            found.leave_out(&value_place, &Form::NoIdentifier, &whole);
            return None;
        }
        Read::Unusable => return None,
    };
    if kind == Read::Absent && meant.is_none() && matches!(whole, Json::Object(_)) {
        found.read_anyway(&format!("{place}/type"), &Form::Required);
    }
    let looks_like = kind_of(&value);
    let value = match meant {
        Some(Meant::Service(name)) if looks_like == IdentifierKind::Handle => at_service(name, value),
        _ => value,
    };
    let kind = match (kind.known(), meant) {
        // Whoever writes a name where a number belongs has no other place for it.
        (Some(IdentifierKind::Phone | IdentifierKind::Email), Some(_)) => looks_like,
        (known, _) => known.unwrap_or(looks_like),
    };
    Some(IdentifierBody { kind, value })
}

/// What a word that is no type plainly means.
#[derive(Clone, Copy)]
enum Meant {
    /// One of the types.
    Kind(IdentifierKind),
    /// A service, at which somebody has a name or is a number.
    Service(&'static str),
}

fn meant(given: &Json) -> Option<Meant> {
    let Json::Text(word) = given else { return None };
    let word = plainest(word).replace('.', "");
    if IdentifierKind::ALL.iter().any(|kind| plainest(kind.as_str()) == word) {
        return None;
    }
    let of = |(_, words): &(IdentifierKind, &str)| words.split(' ').any(|known| known == word);
    let service = || SERVICES.split(' ').find(|known| *known == word);
    OTHER_TYPES.iter().find(|row| of(row)).map(|(kind, _)| Meant::Kind(*kind)).or_else(|| service().map(Meant::Service))
}

/// A name at a service, as people write it: without the service it would be one with the same name elsewhere.
fn at_service(service: &str, name: String) -> String {
    let is_plain = !name.contains(['/', ':']) && name.chars().count() + service.len() + 2 <= LONGEST;
    if is_plain { format!("{service}: {}", name.trim()) } else { name }
}

/// What the value looks like.
pub(super) fn kind_of(value: &str) -> IdentifierKind {
    let text = value.trim();
    let is_digits = text.chars().all(|c| c.is_numeric() || " +-()./".contains(c));
    if text.contains("://") || text.starts_with("www.") {
        IdentifierKind::ProfileUrl
    } else if is_digits {
        IdentifierKind::Phone
    } else if text.trim_start_matches('@').contains('@') {
        IdentifierKind::Email
    } else {
        IdentifierKind::Handle
    }
}

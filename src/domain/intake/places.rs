//! Countries, regions and languages, as phones and apps write them.

use super::found::Found;
use super::members::Members;
use crate::base::json::Json;
use crate::domain::terms::places;
use crate::error::rules::Form;

/// The longest language tag: those of Android name calendars and units too.
const LONGEST_LOCALE: usize = 100;

/// A country. `UK` is read as `GB`; one that does not exist is none.
pub(super) fn country(members: &mut Members, name: &str, found: &mut Found) -> Option<String> {
    in_a_form(members, name, found, &Form::Country, places::country)
}

/// A part of a country.
pub(super) fn region(members: &mut Members, name: &str, found: &mut Found) -> Option<String> {
    in_a_form(members, name, found, &Form::Region, places::region)
}

/// A language tag; those of POSIX and of Java (`en_GB`, `zh_TW_#Hant`) are read too.
pub(super) fn locale(members: &mut Members, name: &str, found: &mut Found) -> Option<String> {
    in_a_form(members, name, found, &Form::Locale, |text| if is_tag(text) { Some(text.to_owned()) } else { tag(text) })
}

/// A text of a form; what can be brought into it is, and what cannot is left out. Only case and form may have to be
/// mended for the one, so `UK` is nobody's mistake.
fn in_a_form(
    members: &mut Members,
    name: &str,
    found: &mut Found,
    rule: &Form,
    form: fn(&str) -> Option<String>,
) -> Option<String> {
    let place = members.place(name);
    let value = members.take(name, found)?;
    if matches!(&value, Json::Null) || matches!(&value, Json::Text(text) if text.trim().is_empty()) {
        return None;
    }
    let Json::Text(text) = &value else {
        found.leave_out(&place, &Form::Text, &value);
        return None;
    };
    let mended = form(text.trim());
    match &mended {
        None => found.leave_out(&place, rule, &value),
        Some(mended)
            if mended == text
                || text.strip_prefix("UK").is_some_and(|rest| mended.strip_prefix("GB") == Some(rest)) => {}
        Some(_) => found.read_anyway(&place, rule),
    }
    mended
}

fn is_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    let part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    // Longer ones stand in no registry: `POSIX`, `English` and `null` are no languages.
    let named = (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic());
    text.len() <= LONGEST_LOCALE && named && parts.all(part)
}

/// The tag of a locale as POSIX (`de_DE.UTF-8`) or Java (`iw_IL`, `zh_TW_#Hant`, `en_UA_#u-fw-mon`) writes it: language,
/// script and country. What else it says is of no use here.
fn tag(text: &str) -> Option<String> {
    let text = text.split(['.', '@']).next()?;
    let (plain, more) = text.split_once('#').unwrap_or((text, ""));
    let is_script = |part: &str| part.len() == 4 && part.bytes().all(|b| b.is_ascii_alphabetic());
    let is_country = |part: &str| {
        (part.len() == 2 && part.bytes().all(|b| b.is_ascii_alphabetic()))
            || (part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut parts = plain.split(['_', '-']).filter(|part| !part.is_empty());
    // Java keeps three codes that were renamed in 1989.
    let language = match parts.next()?.to_lowercase().as_str() {
        "iw" => "he".to_owned(),
        "in" => "id".to_owned(),
        "ji" => "yi".to_owned(),
        language => language.to_owned(),
    };
    let parts: Vec<&str> = parts.collect();
    let script = parts
        .iter()
        .copied()
        .find(|part| is_script(part))
        .or_else(|| more.split(['_', '-']).next().filter(|part| is_script(part)));
    let country = parts.iter().copied().find(|part| is_country(part)).map(str::to_uppercase);
    let tag: Vec<String> = std::iter::once(language).chain(script.map(str::to_owned)).chain(country).collect();
    let tag = tag.join("-");
    is_tag(&tag).then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Reader = fn(&mut Members, &str, &mut Found) -> Option<String>;

    /// What a member is read as, and the code of what was found.
    fn read(reader: Reader, text: &str) -> (Option<String>, Option<&'static str>) {
        let mut found = Found::default();
        let mut members = Members::new("", vec![("x".to_owned(), Json::Text(text.to_owned()))]);
        let read = reader(&mut members, "x", &mut found);
        (read, found.broken().first().map(|broken| broken.code))
    }

    #[test]
    fn places_are_read_as_they_are_meant() {
        let table: [(Reader, &str, Option<&str>, bool); 39] = [
            (country, "GB", Some("GB"), true),
            (country, "UK", Some("GB"), true),
            (country, "XK", Some("XK"), true),
            (country, "gb", Some("GB"), false),
            (country, "uk", Some("GB"), false),
            (country, " de ", Some("DE"), false),
            (country, "ZZ", None, false),
            (country, "EN", None, false),
            (country, "GBR", None, false),
            (country, "England", None, false),
            (country, "\u{131}t", None, false),
            (country, "  ", None, true),
            (region, "GB-ESX", Some("GB-ESX"), true),
            (region, "UK-ESX", Some("GB-ESX"), true),
            (region, "gb_esx", Some("GB-ESX"), false),
            (region, "US-CA", Some("US-CA"), true),
            (region, "ESX", None, false),
            (region, "ZZ-ESX", None, false),
            (region, "GB-", None, false),
            (region, "", None, true),
            (locale, "en-GB", Some("en-GB"), true),
            (locale, "en", Some("en"), true),
            (locale, "en-UA-u-fw-mon-ms-metric-mu-celsius", Some("en-UA-u-fw-mon-ms-metric-mu-celsius"), true),
            (locale, "en_GB", Some("en-GB"), false),
            (locale, "zh_TW_#Hant", Some("zh-Hant-TW"), false),
            (locale, "en_UA_#u-fw-mon-ms-metric-mu-celsius", Some("en-UA"), false),
            (locale, "sr_RS_#Latn_u-co-search", Some("sr-Latn-RS"), false),
            (locale, "iw_IL", Some("he-IL"), false),
            (locale, "de_DE.UTF-8", Some("de-DE"), false),
            (locale, "es_419", Some("es-419"), false),
            (locale, "", None, true),
            (locale, "C", None, false),
            (locale, "POSIX", None, false),
            (locale, "C.UTF-8", None, false),
            (locale, "en_US_POSIX", Some("en-US"), false),
            (locale, "English", None, false),
            (locale, "null", None, false),
            (locale, "gsw-CH", Some("gsw-CH"), true),
            (locale, "English (United Kingdom)", None, false),
        ];
        for (reader, given, expected, is_right) in table {
            let (read, code) = read(reader, given);
            assert_eq!((read.as_deref(), code.is_none()), (expected, is_right), "{given}: {code:?}");
        }
    }
}

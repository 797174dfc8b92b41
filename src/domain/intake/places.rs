//! Countries, regions and languages, as phones and apps write them.

use super::found::Found;
use super::members::Members;
use crate::base::json::Json;
use crate::error::rules::Form;

/// ISO 3166-1 alpha-2 as of 2026, and `XK`, which everybody uses for Kosovo.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT \
    BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH \
    ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT \
    HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS \
    LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI \
    NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG \
    SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG \
    UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// The longest language tag: those of Android name calendars and units too.
const LONGEST_LOCALE: usize = 100;

/// A country. `UK` is read as `GB`; one that does not exist is none.
pub(super) fn country(members: &mut Members, name: &str, found: &mut Found) -> Option<String> {
    in_a_form(members, name, found, &Form::Country, |text| existing(&text.to_ascii_uppercase()))
}

/// A part of a country.
pub(super) fn region(members: &mut Members, name: &str, found: &mut Found) -> Option<String> {
    in_a_form(members, name, found, &Form::Region, |text| {
        let text = text.to_ascii_uppercase().replace('_', "-");
        let (country, part) = text.split_once('-')?;
        let right = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        right.then(|| existing(country)).flatten().map(|country| format!("{country}-{part}"))
    })
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

fn existing(code: &str) -> Option<String> {
    let code = if code == "UK" { "GB" } else { code };
    COUNTRIES.split(' ').any(|known| known == code).then(|| code.to_owned())
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
        assert_eq!(COUNTRIES.split(' ').count(), 250);
    }
}

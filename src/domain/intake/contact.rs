//! How a person may be reached. A wish that nobody can read may have been "not by phone": then nobody reaches her by
//! any way until a person has asked.

use super::body::{Channel, ChannelBody, ContactBody, Source, YesNoUnknown};
use super::found::Found;
use super::members::{Codes, Members, Read, code, object, text};
use super::said::yes_no_unknown;
use crate::base::json::Json;
use crate::domain::terms::identifiers::{folded, is_address, is_number};
use crate::error::rules::Form;

/// So many ways are kept.
const MOST: usize = 10;
/// The longest address or number, in characters.
const LONGEST: usize = 320;

/// So many digits has a number with its country, and so many one without.
const LONGEST_ABROAD: usize = 15;
const LONGEST_AT_HOME: usize = 12;

/// The contact wishes.
pub(super) fn contact(members: &mut Members, found: &mut Found) -> Option<ContactBody> {
    let place = members.place("contact");
    let whole = members.take("contact", found)?;
    let mut own = Found::default();
    let read = match object(whole.clone(), &place, &mut own) {
        Read::Is(inner) => Some(wishes(&mut own, inner, &place)),
        Read::Absent | Read::Unusable => None,
    };
    let reach = read.iter().flat_map(|wishes| wishes.channels.iter().cloned()).collect();
    found.take_contact(own, &whole, reach);
    if found.contact_is_barred() { Some(barred()) } else { read }
}

fn wishes(own: &mut Found, mut inner: Members, place: &str) -> ContactBody {
    let source = inner.code("source", Codes(Source::ALL, Source::as_str), own).known();
    let may_contact = inner.boolean("may_contact", own).known().unwrap_or(false);
    let channels = inner.list("channels", own);
    if channels.len() > MOST {
        own.leave_out(&format!("{place}/channels"), &Form::TooMany(MOST), &Json::Null);
    }
    let channels = channels.into_iter().take(MOST).enumerate();
    let channels = channels.filter_map(|(i, value)| channel(value, &format!("{place}/channels/{i}"), own)).collect();
    let mut never: Vec<Channel> = Vec::new();
    let all = inner.list("never", own);
    if all.len() > MOST {
        own.read_anyway(&format!("{place}/never"), &Form::TooMany(MOST));
    }
    for (i, value) in all.into_iter().enumerate() {
        let at = format!("{place}/never/{i}");
        match code(&value, &at, Codes(Channel::ALL, Channel::as_str), own) {
            Read::Is(way) if never.contains(&way) => {}
            Read::Is(way) => never.push(way),
            // Whoever wrote it meant some way.
            Read::Absent => own.leave_out(&at, &Form::Channel, &Json::Null),
            Read::Unusable => {}
        }
    }
    let voicemail_safe = inner.boolean("voicemail_safe", own).known();
    let device_shared = yes_no_unknown(&mut inner, "device_shared", own).known();
    inner.finish(own);
    ContactBody { source, may_contact, channels, never, voicemail_safe, device_shared }
}

fn channel(value: Json, place: &str, own: &mut Found) -> Option<ChannelBody> {
    let mut inner = object(value, place, own).known()?;
    let kind = inner
        .take("type", own)
        .map(|value| code(&value, &format!("{place}/type"), Codes(Channel::ALL, Channel::as_str), own));
    let value_place = inner.place("value");
    let value = inner.take("value", own).map_or(Read::Absent, |value| {
        let mut of_value = Found::default();
        let read = text(value.clone(), &value_place, LONGEST, &mut of_value);
        // What an app cut in half is marked by this.
        let is_half = matches!(&read, Read::Is(value) if value.contains('\u{fffd}'));
        let is_wish = matches!((&read, &kind), (Read::Is(value), Some(Read::Is(way))) if !leads_to_her(*way, value));
        if of_value.broken().is_empty() && !is_half && !is_wish {
            return read;
        }
        // Half an address, or a number without what stood before it, reaches somebody else.
        own.leave_out(&value_place, &Form::ChannelValue, &value);
        Read::Unusable
    });
    inner.finish(own);
    match kind {
        Some(Read::Is(kind)) => Some(ChannelBody { kind, value: value.known() }),
        Some(Read::Unusable) => None,
        None | Some(Read::Absent) => {
            own.leave_out(place, &Form::Channel, &Json::Null);
            None
        }
    }
}

/// Whether the value is an address or number of this way, and nothing else. "do not call" is none, and whatever is said
/// beside a number may be a wish.
fn leads_to_her(way: Channel, value: &str) -> bool {
    match way {
        Channel::Email => is_address(value) && is_address_alone(value),
        Channel::Phone | Channel::Sms => is_number(value) && is_number_alone(value),
        Channel::Portal | Channel::Platform => true,
    }
}

/// Whether nothing stands beside the number but what it is (`Mobile: `) and its extension: `07700 900456 no`, `NO: 07700
/// 900456`, hours and a second number may all be wishes.
fn is_number_alone(value: &str) -> bool {
    let text = folded(value);
    let begins = |c: char| c.is_ascii_digit() || c == '+' || c == '(';
    let (front, number) = text.split_at(text.find(begins).unwrap_or(text.len()));
    let is_label = |word: &str| word != "no";
    let mut labels = front.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let ends = |c: char| c.is_alphabetic() || ";,:#*=_~[]'".contains(c);
    let (number, rest) = number.split_at(number.find(ends).unwrap_or(number.len()));
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    // With its country a number has at most 15 digits (E.164), without it hardly more than 12.
    let most = if number.starts_with('+') {
        LONGEST_ABROAD + 1
    } else if number.starts_with('0') && ["00", "011", "010"].iter().any(|abroad| number.starts_with(abroad)) {
        LONGEST_ABROAD + 4
    } else {
        LONGEST_AT_HOME
    };
    let signs = number.char_indices().skip(1).filter(|(_, c)| *c == '(' || *c == '+');
    let is_one = signs.into_iter().all(|(at, c)| c == '(' && number.get(..at).map_or(0, digits) <= 4);
    labels.all(is_label) && !front.contains('#') && digits(number) <= most && is_one && is_extension(rest)
}

/// `ext. 5`, `;ext=204`, `x12`, or nothing.
fn is_extension(rest: &str) -> bool {
    let word = rest.trim_start_matches([';', ',', ' ', '#']);
    let digits = word.trim_start_matches(char::is_alphabetic);
    let inner = digits.trim_start_matches(['.', ':', '=', ' ']).trim_end();
    let is_inner = (1..=6).contains(&inner.len()) && inner.chars().all(|c| c.is_ascii_digit());
    rest.trim().is_empty() || (word.len() > digits.len() && is_inner)
}

/// Whether nothing stands beside the address but a name that it has itself, as in `Ann <ann@example.org>`.
fn is_address_alone(value: &str) -> bool {
    let text = folded(value);
    let (name, address) = text.rsplit_once('<').unwrap_or(("", &text));
    let address = address.strip_prefix("mailto:").unwrap_or(address);
    let local = address.split('@').next().unwrap_or_default();
    let is_plain = |c: char| c.is_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c);
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.all(|word| local.contains(word)) && local.chars().all(is_plain)
}

/// No contact, by any way, on a device that may not be hers alone.
pub(super) fn barred() -> ContactBody {
    ContactBody {
        source: None,
        may_contact: false,
        channels: Vec::new(),
        never: Channel::ALL.to_vec(),
        voicemail_safe: Some(false),
        device_shared: Some(YesNoUnknown::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_beside_a_number_or_an_address_may_be_a_wish() {
        for number in [
            "+447700900456",
            "07700 900 456",
            "+44 (0)7700 900-456",
            "(0)7700-900456",
            "(07700) 900456",
            "(212) 555-0123",
            "030/1234567",
            "Mobile: 07700 900456",
            "tel:+44-7700-900456",
            "+44 7700 900456 ext. 5",
            "+447700900456;ext=204",
            "07700900456 x12",
            "011 44 7700 900456",
            "٠٧٧٠٠٩٠٠٤٥٦",
            "60123",
        ] {
            assert!(leads_to_her(Channel::Phone, number), "{number}");
        }
        for wish in [
            "07700 900456 no",
            "no 07700 900456",
            "NO: 07700900456",
            "Phone no 07700900456",
            "#no sms 07700900456",
            "07700900456 #no sms",
            "07700900456 (18:00-20:00)",
            "07700900456 (18-20)",
            "07700900456, 9-17",
            "07700900456 18-20",
            "07700900456 07700900457",
            "+447700900456 +447700900457",
            "07700900456 / 07700900457",
            "07700900456 work",
            "07700900456; 5",
        ] {
            assert!(!leads_to_her(Channel::Sms, wish), "{wish}");
        }
        for address in [
            "ann@example.org",
            "mailto:ann@example.org",
            "Ann <ann@example.org>",
            "<ann@example.org>",
            "o'neil+x@example.org",
        ] {
            assert!(leads_to_her(Channel::Email, address), "{address}");
        }
        for wish in [
            "DO NOT USE <ann@example.org>",
            "\"never at night\" <ann@example.org>",
            "\"do not write\"@example.org",
            "not-safe:ann@example.org",
            "nein <ann@example.org>",
        ] {
            assert!(!leads_to_her(Channel::Email, wish), "{wish}");
        }
    }
}

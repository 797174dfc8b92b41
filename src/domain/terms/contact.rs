//! How a person may be reached, as it was said.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::identifiers::{folded, is_address, is_number};
use super::words::{Channel, Source, YesNoUnknown};
use crate::base::secret::silent;

/// So many ways are kept.
pub(in crate::domain) const MOST: usize = 10;
/// The longest address or number, in characters.
pub(in crate::domain) const LONGEST: usize = 320;

/// So many digits has a number with its country, and so many one without.
const LONGEST_ABROAD: usize = 15;
const LONGEST_AT_HOME: usize = 12;

/// Whether and how the person may be reached. Only what was said now is ever used, and confirmed again first.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactBody {
    /// Said now, or from a profile; absent counts as a profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Whether we may contact them at all; absent means no.
    #[serde(default)]
    pub may_contact: bool,
    /// Ways that are safe.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10)]
    pub channels: Vec<ChannelBody>,
    /// Ways that are not safe.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10)]
    pub never: Vec<Channel>,
    /// Whether a voicemail may be left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voicemail_safe: Option<bool>,
    /// Whether someone else uses or sees the device; unknown counts as yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_shared: Option<YesNoUnknown>,
}

/// One way to reach them.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelBody {
    /// Which way.
    #[serde(rename = "type")]
    pub kind: Channel,
    /// The address or number, where the way has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 320)]
    pub value: Option<String>,
}

/// Whether the value is an address or number of this way, and nothing else. "do not call" is none, and whatever is said
/// beside a number may be a wish.
pub(in crate::domain) fn leads_to_her(way: Channel, value: &str) -> bool {
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

silent! { ContactBody ChannelBody }

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

//! Bytes that say what they are and are no UTF-8: the two orders of UTF-16 and UTF-32, ISO-2022-JP, and what a media type
//! names.

use encoding_rs::{Encoding, ISO_2022_JP, UTF_16BE, UTF_16LE};

/// The text of bytes in another encoding than UTF-8; nothing when they are to be read as UTF-8. `label` is what the sender
/// calls the encoding: it is believed only of what cannot be UTF-8, since programs often name the wrong one.
#[must_use]
pub fn other_than_utf8(bytes: &[u8], label: Option<&str>) -> Option<String> {
    if let Some(text) = of_four_bytes(bytes) {
        return Some(text);
    }
    let encoding = match *bytes {
        [0xff, 0xfe, ..] => UTF_16LE,
        [0xfe, 0xff, ..] => UTF_16BE,
        // The first sign of JSON is ASCII: its other half is zero.
        [first, 0, ..] if first != 0 => UTF_16LE,
        [0, second, ..] if second != 0 => UTF_16BE,
        // Its escapes are ASCII, and none of them may stand in JSON.
        _ if is_japanese(bytes) => ISO_2022_JP,
        _ if std::str::from_utf8(bytes).is_ok() => return None,
        _ => Encoding::for_label(label?.as_bytes()).filter(|named| *named != encoding_rs::UTF_8)?,
    };
    // The mark of the order, also when it stands twice.
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    Some(text.trim_start_matches('\u{feff}').to_owned())
}

/// The text of UTF-32, with its mark or known by the zeros of its first sign.
fn of_four_bytes(bytes: &[u8]) -> Option<String> {
    let unit = match *bytes {
        [0xff, 0xfe, 0, 0, ..] => u32::from_le_bytes,
        [0, 0, 0xfe, 0xff, ..] => u32::from_be_bytes,
        [first, 0, 0, 0, ..] if first != 0 => u32::from_le_bytes,
        [0, 0, 0, last, ..] if last != 0 => u32::from_be_bytes,
        _ => return None,
    };
    let (units, rest) = bytes.as_chunks::<4>();
    let signs = units.iter().map(|four| char::from_u32(unit(*four)).unwrap_or('\u{fffd}'));
    let text: String = signs.chain((!rest.is_empty()).then_some('\u{fffd}')).collect();
    Some(text.trim_start_matches('\u{feff}').to_owned())
}

/// Whether an escape of ISO-2022-JP stands in it.
fn is_japanese(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|three| matches!(three, b"\x1b$B" | b"\x1b$@"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_encodings_are_read_as_they_are() {
        let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
        let little: Vec<u8> = units("\u{feff}{\"é\"}").iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units("\u{feff}{\"é\"}").iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for bytes in [&little[..], &little[2..], &big[..], &big[2..]] {
            assert_eq!(other_than_utf8(bytes, None).as_deref(), Some("{\"é\"}"), "{bytes:?}");
        }
        let four =
            |text: &str, unit: fn(u32) -> [u8; 4]| text.chars().flat_map(|c| unit(c.into())).collect::<Vec<u8>>();
        let little = four("\u{feff}{\"é\"}", u32::to_le_bytes);
        let big = four("\u{feff}{\"é\"}", u32::to_be_bytes);
        for bytes in [&little[..], &little[4..], &big[..], &big[4..]] {
            assert_eq!(other_than_utf8(bytes, None).as_deref(), Some("{\"é\"}"), "{bytes:?}");
        }
        assert_eq!(other_than_utf8(&little[4..14], None).as_deref(), Some("{\"\u{fffd}"));
        let japanese = b"{\"a\":\"\x1b$B$O$$\x1b(B\"}";
        for label in [Some("iso-2022-jp"), None] {
            assert_eq!(other_than_utf8(japanese, label).as_deref(), Some("{\"a\":\"はい\"}"));
        }
        assert_eq!(other_than_utf8(b"caf\xe9 \x93x\x94", Some("iso-8859-1")).as_deref(), Some("café “x”"));
        assert_eq!(other_than_utf8("café".as_bytes(), Some("utf-16")), None, "a wrong name for what is UTF-8");
        assert_eq!(other_than_utf8(b"caf\xe9", None), None);
        assert_eq!(other_than_utf8(b"caf\xe9", Some("nonsense")), None);
        assert_eq!(other_than_utf8(b"", Some("utf-16")), None);
    }
}

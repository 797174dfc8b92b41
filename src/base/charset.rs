//! Bytes that say what they are and are no UTF-8: the two orders of UTF-16, and what a media type names.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// The text of bytes in another encoding than UTF-8; nothing when they are to be read as UTF-8. `label` is what the sender
/// calls the encoding: it is believed only of what cannot be UTF-8, since programs often name the wrong one.
#[must_use]
pub fn other_than_utf8(bytes: &[u8], label: Option<&str>) -> Option<String> {
    let encoding = match *bytes {
        [0xff, 0xfe, ..] => UTF_16LE,
        [0xfe, 0xff, ..] => UTF_16BE,
        // The first sign of JSON is ASCII: its other half is zero.
        [first, 0, ..] if first != 0 => UTF_16LE,
        [0, second, ..] if second != 0 => UTF_16BE,
        _ if std::str::from_utf8(bytes).is_ok() => return None,
        _ => Encoding::for_label(label?.as_bytes()).filter(|named| *named != encoding_rs::UTF_8)?,
    };
    // The mark of the order, also when it stands twice.
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    Some(text.trim_start_matches('\u{feff}').to_owned())
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
        assert_eq!(other_than_utf8(b"caf\xe9 \x93x\x94", Some("iso-8859-1")).as_deref(), Some("café “x”"));
        assert_eq!(other_than_utf8("café".as_bytes(), Some("utf-16")), None, "a wrong name for what is UTF-8");
        assert_eq!(other_than_utf8(b"caf\xe9", None), None);
        assert_eq!(other_than_utf8(b"caf\xe9", Some("nonsense")), None);
        assert_eq!(other_than_utf8(b"", Some("utf-16")), None);
    }
}

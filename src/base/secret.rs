//! Secrets and words that must not be printed: random tokens, their stored hashes, and a wrapper without a mouth.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::base::id::{base32, is_base32};

/// `N` bytes from the operating system's random source.
///
/// A machine that cannot give random bytes cannot run this service safely, so the process ends there.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::error!(%error, "the operating system gave no random bytes");
        std::process::abort();
    }
    bytes
}

/// Something a person said, or a secret. Its `Debug` names the type and never the content; [`Sensitive::expose`] is
/// the only way in, and easy to search for. It cannot be serialised, so that no answer holds it by mistake.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the code that has a reason to read it.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Takes the value out.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive(…)")
    }
}

/// Gives types that carry people's words a `Debug` that names the type and never the content.
macro_rules! silent {
    ($($name:ident)*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

pub(crate) use silent;

/// SHA-256. A plain fast hash is right for tokens of 112 bits and more (OWASP ASVS 5.0, 6.5.2).
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// HMAC-SHA-256 of `parts` under `key`, for one purpose. Purpose and parts are length-prefixed, so that moving a byte
/// from one part to the next makes another hash.
#[must_use]
pub fn keyed(key: &[u8; 32], purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
    // A key of the hash's block size or less is used as it is; 32 bytes always fit.
    let mut block = [0_u8; 64];
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Base64 without padding, for stored material.
#[must_use]
pub fn base64_text(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

/// The bytes of [`base64_text`].
#[must_use]
pub fn from_base64_text(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text).ok()
}

/// Base64 for URLs, without padding.
#[must_use]
pub fn base64_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of [`base64_url`].
#[must_use]
pub fn from_base64_url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Whether two byte strings are equal, in a time that does not tell where they differ.
#[must_use]
pub fn same(left: &[u8], right: &[u8]) -> bool {
    subtle::ConstantTimeEq::ct_eq(left, right).into()
}

/// How many characters of a token carry its 200 random bits.
const TOKEN_BODY: usize = 40;
/// How many characters carry the CRC-32 that tells a mistyped or truncated token from a wrong one.
const TOKEN_CHECK: usize = 7;

/// A new token: `prefix_`, 40 characters of the id alphabet (200 bits) and a 7-character checksum over all before it.
///
/// The prefix and the checksum let secret scanners find a leaked token without false alarms.
#[must_use]
pub fn new_token(prefix: &str) -> Sensitive<String> {
    let high = u128::from_be_bytes(random_bytes::<16>());
    let low = u128::from_be_bytes(random_bytes::<16>());
    let body = format!("{prefix}_{}{}", base32(high, TOKEN_BODY / 2), base32(low, TOKEN_BODY / 2));
    let check = checksum(&body);
    Sensitive::new(body + &check)
}

/// Whether the text has the shape of a token with this prefix and its checksum holds. It says nothing of its validity.
#[must_use]
pub fn looks_like_token(prefix: &str, text: &str) -> bool {
    let shape = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    let Some(rest) = shape.filter(|rest| rest.len() == TOKEN_BODY + TOKEN_CHECK && is_base32(rest)) else {
        return false;
    };
    let (_, check) = rest.split_at(TOKEN_BODY);
    text.strip_suffix(check).is_some_and(|body| checksum(body) == check)
}

fn checksum(body: &str) -> String {
    base32(u128::from(crc32fast::hash(body.as_bytes())), TOKEN_CHECK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_carries_prefix_and_checksum() {
        let token = new_token("rcs_live").into_exposed();
        assert!(looks_like_token("rcs_live", &token));
        assert!(!looks_like_token("rcs_test", &token));
        let mut mistyped = token.clone();
        let last = mistyped.pop().unwrap();
        mistyped.push(if last == '0' { '1' } else { '0' });
        assert!(!looks_like_token("rcs_live", &mistyped));
        assert!(!looks_like_token("rcs_live", &token[..token.len() - 1]));
    }

    #[test]
    fn debug_never_shows_the_content() {
        assert_eq!(format!("{:?}", Sensitive::new("outside my work")), "Sensitive(…)");
    }
}

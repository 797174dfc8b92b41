//! What somebody else keeps for us for a while: sealed, so that only its owner's next call opens it, and nothing of it is kept
//! here. What an advocate wrote goes so into the sign-in page when their session has ended.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::keyring::Keyring;
use super::sealed::{Scope, SealedAt, open_at, seal_at};
use crate::base::secret::{Sensitive, base64_url, from_base64_url};
use crate::error::Result;

/// Seals a value that comes back in a call of this owner's, as text for a form.
///
/// # Errors
/// `Internal` when the value cannot be written as JSON.
pub fn carry<T: Serialize>(keyring: &Keyring, owner: &str, field: &str, value: &T) -> Result<String> {
    Ok(base64_url(&seal_at(&key(keyring), owner, &at(field, owner), value)?))
}

/// Opens what was sealed for this owner; nothing when it was sealed for anybody else, or was changed.
#[must_use]
pub fn carried<T: DeserializeOwned>(keyring: &Keyring, owner: &str, field: &str, text: &str) -> Option<Sensitive<T>> {
    open_at(&key(keyring), owner, &at(field, owner), &from_base64_url(text)?).ok()
}

const fn at<'a>(field: &'a str, row: &'a str) -> SealedAt<'a> {
    SealedAt { scope: Scope::Notes, field, row }
}

fn key(keyring: &Keyring) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(keyring.keyed("carried", &[]))
}

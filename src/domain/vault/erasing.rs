//! What stands in the place of a sealed value that was destroyed on purpose: a keyed hash over where it stood. Only the service
//! makes one, so that nobody with the database alone can empty a value and have it pass for one that was erased. The place can be
//! read as erased also when its owner has a new key since.

use zeroize::Zeroizing;

use super::keyring::Keyring;
use super::sealed::SealedAt;
use crate::base::secret::{keyed, same};

/// The form of such a value: this byte, and the hash. What is sealed begins otherwise.
const FORM: u8 = 2;

/// The key under which these hashes are made. It comes from the index key, and serves nothing else.
pub(super) struct ErasingKey(Zeroizing<[u8; 32]>);

impl ErasingKey {
    pub(super) fn of(keyring: &Keyring) -> Self {
        Self(Zeroizing::new(keyring.keyed("erased", &[])))
    }

    fn hash(&self, owner: &str, at: &SealedAt<'_>) -> [u8; 32] {
        keyed(&self.0, "erased-value", &[&at.of(owner)])
    }

    /// Whether the value there was destroyed on purpose.
    pub(super) fn is_erased(&self, owner: &str, at: &SealedAt<'_>, stored: &[u8]) -> bool {
        matches!(stored.split_first(), Some((&FORM, hash)) if same(hash, &self.hash(owner, at)))
    }
}

/// What takes the place of a value of this owner.
pub(in crate::domain) fn in_place_of(keyring: &Keyring, owner: &str, at: &SealedAt<'_>) -> Vec<u8> {
    let mut stored = vec![FORM];
    stored.extend_from_slice(&ErasingKey::of(keyring).hash(owner, at));
    stored
}

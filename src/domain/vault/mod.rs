//! Sealed content. What a person said, who they are, how to reach them and whom they reported is encrypted under a
//! random data key of its owner (a case, a platform, a staff account) and scope; the keyring wraps those keys.
//! Destroying a wrapped key erases everything that was sealed under it, wherever the ciphertext was copied to; a backup
//! that still holds the wrap is erased when that backup is.

mod carried;
mod erasing;
mod keyring;
mod keys;
mod owner;
mod proof;
mod sealed;
pub mod stated;
mod tables;

pub use carried::{carried, carry};
pub(in crate::domain) use erasing::in_place_of;
pub use keyring::{Keyring, KeyringError};
pub use keys::{Keys, KnownKeyring, Opened, known_keyring, probe_writing, remember_keyring, sealed_rows_exist};
pub(in crate::domain) use keys::{destroy, is_erased};
pub use owner::{Owner, OwnerKind};
pub(in crate::domain) use proof::refuse;
pub use proof::{Covered, Proved};
pub use sealed::{
    Answers, Contact, Damaged, DataKey, Identity, Messages, Notes, Scope, ScopeKind, Sealed, SealedAt, Secret,
    Statement, Subject,
};
pub(in crate::domain) use tables::TABLES;

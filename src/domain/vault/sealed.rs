//! Sealed values and the keys of one scope. A value sealed for one scope cannot be opened with another's key: the
//! types differ, and so does the associated data that the cipher authenticates.

use std::marker::PhantomData;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Binary;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::erasing::ErasingKey;
use crate::base::code::codes;
use crate::base::secret::{Sensitive, random_bytes};
use crate::error::{Error, Result};

/// The form of a sealed value: this byte, 24 bytes of nonce, the ciphertext with its tag.
const FORM: u8 = 1;
const NONCE: usize = 24;

codes! {
    /// What kind of content a data key protects. Each can be erased by itself.
    pub enum Scope as KeyScope {
        /// Who reported.
        Identity = "identity",
        /// How, and whether, to reach them.
        Contact = "contact",
        /// What they said, and what the platform sent along.
        Statement = "statement",
        /// Their answers, and the assessments made of them.
        Answers = "answers",
        /// Whom they reported.
        Subject = "subject",
        /// Messages between survivor and staff, and between us and a platform.
        Messages = "messages",
        /// What staff wrote.
        Notes = "notes",
        /// Secrets of accounts.
        Secret = "secret",
    }
}

/// A scope as a type.
pub trait ScopeKind: 'static {
    /// Which scope it is.
    const SCOPE: Scope;
}

macro_rules! scopes {
    ($($name:ident)*) => {$(
        #[doc = concat!("The scope `", stringify!($name), "` as a type.")]
        #[derive(Debug)]
        pub enum $name {}
        impl ScopeKind for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )*};
}

scopes! { Identity Contact Statement Answers Subject Messages Notes Secret }

/// Ciphertext of one field. `Debug` shows its scope and nothing else.
#[derive(AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub struct Sealed<S: ScopeKind>(Vec<u8>, PhantomData<fn() -> S>);

impl<S: ScopeKind> std::fmt::Debug for Sealed<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed<{}>", S::SCOPE.as_str())
    }
}

impl<S: ScopeKind> Sealed<S> {
    /// A value read from a column that more than one scope shares.
    #[must_use]
    pub const fn from_stored(bytes: Vec<u8>) -> Self {
        Self(bytes, PhantomData)
    }

    /// The ciphertext.
    pub(in crate::domain) fn stored(&self) -> &[u8] {
        &self.0
    }

    /// The ciphertext, for a column that more than one scope shares.
    #[must_use]
    pub fn into_stored(self) -> Vec<u8> {
        self.0
    }
}

impl<S: ScopeKind, DB: Backend> ToSql<Binary, DB> for Sealed<S>
where
    [u8]: ToSql<Binary, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.as_slice().to_sql(out)
    }
}

impl<S: ScopeKind, DB: Backend> FromSql<Binary, DB> for Sealed<S>
where
    Vec<u8>: FromSql<Binary, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Vec::from_sql(bytes)?, PhantomData))
    }
}

/// The open data key of one owner and scope.
pub struct DataKey<S: ScopeKind> {
    key: Zeroizing<[u8; 32]>,
    owner: String,
    erasing: ErasingKey,
    scope: PhantomData<fn() -> S>,
}

impl<S: ScopeKind> std::fmt::Debug for DataKey<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataKey<{}>", S::SCOPE.as_str())
    }
}

impl<S: ScopeKind> DataKey<S> {
    pub(super) const fn new(key: Zeroizing<[u8; 32]>, owner: String, erasing: ErasingKey) -> Self {
        Self { key, owner, erasing, scope: PhantomData }
    }

    /// Seals `value` for the column `field` of the row `row`. It opens there and nowhere else.
    ///
    /// # Errors
    /// `Internal` when the value cannot be written as JSON.
    pub fn seal<T: Serialize>(&self, field: &str, row: &str, value: &T) -> Result<Sealed<S>> {
        let at = SealedAt { scope: S::SCOPE, field, row };
        Ok(Sealed(seal_at(&self.key, &self.owner, &at, value)?, PhantomData))
    }

    /// Opens what was sealed for this column and row.
    ///
    /// # Errors
    /// `Erased` when it was destroyed on purpose, and the owner has another key since; [`Damaged`] when the value was tampered with,
    /// moved from another row, or is of another shape.
    pub fn open<T: DeserializeOwned>(&self, field: &str, row: &str, sealed: &Sealed<S>) -> Result<Sensitive<T>> {
        let at = SealedAt { scope: S::SCOPE, field, row };
        if self.erasing.is_erased(&self.owner, &at, &sealed.0) {
            return Err(Error::Erased);
        }
        open_at(&self.key, &self.owner, &at, &sealed.0)
    }
}

/// Something sealed does not open: it was changed, moved, or is of no form that this program knows. The words say where it
/// stands and never what it holds.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Damaged(pub(super) String);

impl Damaged {
    /// Whether the error says that something sealed does not open. What was erased on purpose is no damage.
    #[must_use]
    pub fn is(error: &Error) -> bool {
        matches!(error, Error::Internal(cause) if cause.is::<Self>())
    }

    pub(in crate::domain) fn error(words: String) -> Error {
        Error::Internal(anyhow::Error::new(Self(words)))
    }
}

/// Where a value of an owner is sealed. It opens there and nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct SealedAt<'a> {
    /// Under which of the owner's keys.
    pub scope: Scope,
    /// What the value is called there. A column that was renamed keeps its old name here.
    pub field: &'a str,
    /// What names the row.
    pub row: &'a str,
}

impl SealedAt<'_> {
    /// The place, as the cipher authenticates it.
    pub(super) fn of(&self, owner: &str) -> Vec<u8> {
        format!("{owner}|{}|{}|{}", self.scope.as_str(), self.field, self.row).into_bytes()
    }
}

/// Seals a value as JSON.
pub(super) fn seal_at<T: Serialize>(key: &[u8; 32], owner: &str, at: &SealedAt<'_>, value: &T) -> Result<Vec<u8>> {
    let plain = Zeroizing::new(serde_json::to_vec(value).map_err(anyhow::Error::new)?);
    encrypt(key, &plain, &at.of(owner))
}

/// Opens a value that is JSON.
pub(super) fn open_at<T: DeserializeOwned>(
    key: &[u8; 32],
    owner: &str,
    at: &SealedAt<'_>,
    sealed: &[u8],
) -> Result<Sensitive<T>> {
    let plain = decrypt(key, sealed, &at.of(owner))?;
    let (scope, row) = (at.scope.as_str(), at.row);
    let value = serde_json::from_slice(&plain)
        .map_err(|_| Damaged::error(format!("sealed {scope} of {row} has an unknown shape")))?;
    Ok(Sensitive::new(value))
}

/// XChaCha20-Poly1305: its 192-bit nonce may be drawn at random for every value.
pub(super) fn encrypt(key: &[u8; 32], plain: &[u8], place: &[u8]) -> Result<Vec<u8>> {
    let nonce = random_bytes::<NONCE>();
    let cipher = XChaCha20Poly1305::new(key.into());
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: place })
        .map_err(|_| anyhow::anyhow!("sealing failed"))?;
    let mut bytes = Vec::with_capacity(1 + NONCE + sealed.len());
    bytes.push(FORM);
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(&sealed);
    Ok(bytes)
}

/// The plain bytes; an error says where the value stands, never what it holds.
pub(super) fn decrypt(key: &[u8; 32], bytes: &[u8], place: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let damaged = || Damaged::error(format!("sealed value at {} does not open", String::from_utf8_lossy(place)));
    let (form, rest) = bytes.split_first().ok_or_else(damaged)?;
    let (nonce, sealed) = rest.split_at_checked(NONCE).ok_or_else(damaged)?;
    let nonce = <[u8; NONCE]>::try_from(nonce).map_err(|_| damaged())?;
    if *form != FORM {
        return Err(damaged());
    }
    let cipher = XChaCha20Poly1305::new(key.into());
    let plain = cipher.decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: place }).map_err(|_| damaged())?;
    Ok(Zeroizing::new(plain))
}

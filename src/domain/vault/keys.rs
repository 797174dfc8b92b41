//! Data keys as rows: one key for an owner and scope, and a wrap for each who can open it.

use std::collections::BTreeMap;

use diesel::prelude::*;
use zeroize::Zeroizing;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::erasing::ErasingKey;
use super::keyring::Keyring;
use super::owner::Owner;
use super::sealed::{Damaged, DataKey, Scope, ScopeKind, SealedAt, decrypt, encrypt, open_at, seal_at};
use crate::base::secret::{Sensitive, hex, random_bytes};
use crate::base::time::Timestamp;
use crate::db::dialect::native;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{key_wraps, keyrings};
use crate::db::{Rx, Tx};
use crate::error::{Error, Result};

/// The keyring as a recipient of wraps. Team keys and passkeys will be other kinds.
const KEYRING: &str = "keyring";

#[derive(Insertable)]
#[diesel(table_name = key_wraps)]
struct Wrap {
    owner: String,
    scope: String,
    recipient_kind: &'static str,
    recipient: String,
    wrapped: Vec<u8>,
    created_at: Timestamp,
}

/// What came of trying to open a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It opens.
    Yes,
    /// It was destroyed on purpose, and what stands in its place says so.
    Destroyed,
    /// Its key is not there.
    Erased,
    /// It does not open.
    No,
}

/// The open data keys of one owner. New scopes get their key when something is first sealed for them.
pub struct Keys<'k> {
    keyring: &'k Keyring,
    owner: String,
    open: BTreeMap<Scope, Zeroizing<[u8; 32]>>,
    loaded: BTreeMap<String, (String, Vec<u8>)>,
    fresh: Vec<Scope>,
}

impl std::fmt::Debug for Keys<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.owner)
    }
}

impl<'k> Keys<'k> {
    /// The keys of an owner that was made just now and has none yet.
    #[must_use]
    pub fn of_new(keyring: &'k Keyring, owner: Owner) -> Self {
        Self::named(keyring, owner.into_id())
    }

    const fn named(keyring: &'k Keyring, owner: String) -> Self {
        Self { keyring, owner, open: BTreeMap::new(), loaded: BTreeMap::new(), fresh: Vec::new() }
    }

    /// The keys that an owner has.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(rx: &mut Rx<'_>, keyring: &'k Keyring, owner: Owner) -> Result<Self> {
        Self::load_named(rx, keyring, owner.into_id())
    }

    /// The keys of what is no [`Owner`], such as an edition, by its name.
    ///
    /// # Errors
    /// What the database says.
    pub fn load_named(rx: &mut Rx<'_>, keyring: &'k Keyring, name: String) -> Result<Self> {
        let rows: Vec<(String, String, Vec<u8>)> = key_wraps::table
            .filter(key_wraps::owner.eq(&name).and(key_wraps::recipient_kind.eq(KEYRING)))
            .select((key_wraps::scope, key_wraps::recipient, key_wraps::wrapped))
            .load(rx.conn())?;
        let mut keys = Self::named(keyring, name);
        keys.loaded = rows.into_iter().map(|(scope, recipient, wrapped)| (scope, (recipient, wrapped))).collect();
        Ok(keys)
    }

    /// The key of a scope, for opening.
    ///
    /// # Errors
    /// `Erased` when the scope has no key: its content was erased, or never was.
    pub fn existing<S: ScopeKind>(&mut self) -> Result<DataKey<S>> {
        Ok(DataKey::new(self.unwrapped(S::SCOPE)?, self.owner.clone(), ErasingKey::of(self.keyring)))
    }

    fn unwrapped(&mut self, scope: Scope) -> Result<Zeroizing<[u8; 32]>> {
        if let Some(key) = self.open.get(&scope) {
            return Ok(key.clone());
        }
        let (recipient, wrapped) = self.loaded.get(scope.as_str()).ok_or(Error::Erased)?;
        let wrapping = recipient.parse().ok().and_then(|version| self.keyring.version(version));
        let wrapping = wrapping.ok_or_else(|| Damaged::error(format!("the keyring has no version {recipient}")))?;
        let plain = decrypt(wrapping, wrapped, place(&self.owner, scope).as_bytes())?;
        let key = <[u8; 32]>::try_from(plain.as_slice())
            .map_err(|_| Damaged::error("a data key has a wrong length".to_owned()))?;
        let key = Zeroizing::new(key);
        self.open.insert(scope, key.clone());
        Ok(key)
    }

    /// The keys of each of these owners.
    ///
    /// # Errors
    /// What the database says.
    pub fn load_many(rx: &mut Rx<'_>, keyring: &'k Keyring, owners: &[String]) -> Result<BTreeMap<String, Self>> {
        type Row = (Perhaps<String>, Perhaps<String>, Perhaps<String>, Perhaps<Vec<u8>>);
        let rows: Vec<Row> = key_wraps::table
            .filter(key_wraps::owner.eq_any(owners).and(key_wraps::recipient_kind.eq(KEYRING)))
            .select((key_wraps::owner, key_wraps::scope, key_wraps::recipient, key_wraps::wrapped))
            .load(rx.conn())?;
        let mut all: BTreeMap<String, Self> =
            owners.iter().map(|owner| (owner.clone(), Self::named(keyring, owner.clone()))).collect();
        for (owner, scope, recipient, wrapped) in rows {
            // What cannot be read opens nothing.
            if let (Some(keys), Some(scope)) = (owner.0.and_then(|owner| all.get_mut(&owner)), scope.0) {
                keys.loaded.insert(scope, (recipient.0.unwrap_or_default(), wrapped.0.unwrap_or_default()));
            }
        }
        Ok(all)
    }

    /// Whether there is a key of the scope.
    pub(in crate::domain) fn has(&self, scope: Scope) -> bool {
        self.loaded.contains_key(scope.as_str())
    }

    /// The scopes whose key is here and does not open.
    pub fn unopenable(&mut self) -> Vec<String> {
        let here: Vec<String> = self.loaded.keys().cloned().collect();
        let opens = |keys: &mut Self, name: &String| {
            Scope::ALL
                .iter()
                .copied()
                .find(|scope| scope.as_str() == name)
                .is_some_and(|scope| keys.unwrapped(scope).is_ok())
        };
        here.into_iter().filter(|name| !opens(self, name)).collect()
    }

    /// Whether a value of the scope opens in this column and row, without looking at what it says.
    pub fn try_open(&mut self, at: &SealedAt<'_>, sealed: &[u8]) -> Opened {
        if ErasingKey::of(self.keyring).is_erased(&self.owner, at, sealed) {
            return Opened::Destroyed;
        }
        match self.unwrapped(at.scope) {
            Ok(key) if decrypt(&key, sealed, &at.of(&self.owner)).is_ok() => Opened::Yes,
            Err(Error::Erased) => Opened::Erased,
            _ => Opened::No,
        }
    }

    /// The key of a scope, for sealing; made when there is none, and stored with the unit of work.
    ///
    /// # Errors
    /// `Internal` when an existing key does not open.
    pub fn sealing<S: ScopeKind>(&mut self) -> Result<DataKey<S>> {
        Ok(DataKey::new(self.made(S::SCOPE)?, self.owner.clone(), ErasingKey::of(self.keyring)))
    }

    fn made(&mut self, scope: Scope) -> Result<Zeroizing<[u8; 32]>> {
        match self.unwrapped(scope) {
            Err(Error::Erased) => {
                let key = Zeroizing::new(random_bytes::<32>());
                self.open.insert(scope, key.clone());
                self.fresh.push(scope);
                Ok(key)
            }
            found => found,
        }
    }

    /// Seals `value`, under the key that is there: for a column that more than one scope shares.
    ///
    /// # Errors
    /// `Erased` when the scope has no key.
    pub fn seal<T: Serialize>(&mut self, at: &SealedAt<'_>, value: &T) -> Result<Vec<u8>> {
        let key = self.unwrapped(at.scope)?;
        seal_at(&key, &self.owner, at, value)
    }

    /// Opens what [`Keys::seal`] sealed.
    ///
    /// # Errors
    /// `Erased` when the scope has no key; [`Damaged`] when it does not open.
    pub fn open<T: DeserializeOwned>(&mut self, at: &SealedAt<'_>, sealed: &[u8]) -> Result<Sensitive<T>> {
        let key = self.unwrapped(at.scope)?;
        if ErasingKey::of(self.keyring).is_erased(&self.owner, at, sealed) {
            return Err(Error::Erased);
        }
        open_at(&key, &self.owner, at, sealed)
    }

    /// Stores a key for the scope now. Where nothing orders those who seal for an owner first, one makes the key, and the
    /// others wait for its commit and use it.
    ///
    /// # Errors
    /// What the database says.
    pub fn store_now(&mut self, scope: Scope, rx: &mut Rx<'_>) -> Result<()> {
        match self.unwrapped(scope) {
            Err(Error::Erased) => {}
            found => return found.map(drop),
        }
        self.made(scope)?;
        self.fresh.retain(|fresh| *fresh != scope);
        let wrap = self.wrap(scope, rx.now())?;
        let added = native!(rx.conn(), |c| diesel::insert_into(key_wraps::table)
            .values(&wrap)
            .on_conflict_do_nothing()
            .execute(c))?;
        if added == 0 {
            self.open.remove(&scope);
            self.loaded = Self::load_named(rx, self.keyring, self.owner.clone())?.loaded;
        }
        Ok(())
    }

    /// Stores the wraps of the keys that were made for all these owners, in one statement.
    ///
    /// # Errors
    /// What the database says.
    pub fn store<'a>(all: impl Iterator<Item = &'a mut Self>, rx: &mut Rx<'_>) -> Result<()>
    where
        'k: 'a,
    {
        let mut rows = Vec::new();
        for keys in all {
            for scope in std::mem::take(&mut keys.fresh) {
                rows.push(keys.wrap(scope, rx.now())?);
            }
        }
        if !rows.is_empty() {
            native!(rx.conn(), |c| diesel::insert_into(key_wraps::table).values(&rows).execute(c))?;
        }
        Ok(())
    }

    /// A key that was made, wrapped.
    fn wrap(&self, scope: Scope, now: Timestamp) -> Result<Wrap> {
        let (version, wrapping) =
            self.keyring.current().ok_or_else(|| anyhow::anyhow!("the keyring has no sealing key"))?;
        let key = self.open.get(&scope).ok_or(Error::Erased)?;
        Ok(Wrap {
            owner: self.owner.clone(),
            scope: scope.as_str().to_owned(),
            recipient_kind: KEYRING,
            recipient: version.to_string(),
            wrapped: encrypt(wrapping, key.as_slice(), place(&self.owner, scope).as_bytes())?,
            created_at: now,
        })
    }
}

fn place(owner: &str, scope: Scope) -> String {
    format!("wrap|{owner}|{}", scope.as_str())
}

/// Whether who an owner is cannot be read any more: it was erased.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn is_erased(rx: &mut Rx<'_>, owner: &Owner) -> Result<bool> {
    let identity = key_wraps::owner.eq(owner.id()).and(key_wraps::scope.eq(Scope::Identity.as_str()));
    let any: Option<String> = key_wraps::table.filter(identity).select(key_wraps::owner).first(rx.conn()).optional()?;
    Ok(any.is_none())
}

/// Destroys an owner's keys: that of one scope, or all. What they sealed opens nowhere any more, wherever it was copied to.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn destroy(rx: &mut Rx<'_>, owner: &Owner, scope: Option<Scope>) -> Result<()> {
    let theirs = key_wraps::table.filter(key_wraps::owner.eq(owner.id()));
    match scope {
        Some(scope) => diesel::delete(theirs.filter(key_wraps::scope.eq(scope.as_str()))).execute(rx.conn())?,
        None => diesel::delete(theirs).execute(rx.conn())?,
    };
    Ok(())
}

/// Whether anything was sealed in this database yet.
///
/// # Errors
/// What the database says.
pub fn sealed_rows_exist(rx: &mut Rx<'_>) -> Result<bool> {
    Ok(key_wraps::table.select(key_wraps::owner).first::<String>(rx.conn()).optional()?.is_some())
}

/// The keyring that a database was set up with.
#[derive(Clone, Debug)]
pub struct KnownKeyring {
    /// Its [`Keyring::id`]; nothing when the database was never opened with one.
    pub id: Option<String>,
    /// Whether anything was sealed, so that no other keyring will do.
    pub sealed: bool,
}

/// The keyring that this database was set up with.
///
/// # Errors
/// What the database says.
pub fn known_keyring(rx: &mut Rx<'_>) -> Result<KnownKeyring> {
    let id = keyrings::table.select(keyrings::id).first(rx.conn()).optional()?;
    Ok(KnownKeyring { id, sealed: sealed_rows_exist(rx)? })
}

/// Puts a row in and takes it out again. Nobody ever sees it, and yet the commit must reach the disk: a full one is
/// found out, which a change of no row would not do.
///
/// # Errors
/// What the database says.
pub fn probe_writing(tx: &mut Tx<'_>) -> Result<()> {
    let id = format!("probe-{}", hex(&random_bytes::<16>()));
    let row = (keyrings::id.eq(&id), keyrings::created_at.eq(tx.now()));
    diesel::insert_into(keyrings::table).values(row).execute(tx.conn())?;
    diesel::delete(keyrings::table.find(&id)).execute(tx.conn())?;
    Ok(())
}

/// Remembers the keyring of a new database by its [`Keyring::id`]. The answer says whether this keyring is the database's own.
///
/// # Errors
/// What the database says.
pub fn remember_keyring(tx: &mut Tx<'_>, keyring: &str) -> Result<bool> {
    let known: Option<String> = keyrings::table.select(keyrings::id).first(tx.conn()).optional()?;
    if let Some(known) = known {
        return Ok(known == keyring);
    }
    let row = (keyrings::id.eq(keyring), keyrings::created_at.eq(tx.now()));
    diesel::insert_into(keyrings::table).values(row).execute(tx.conn())?;
    Ok(true)
}

//! The keyring file: the few keys that open all others. It is made on the first start, readable by its owner alone,
//! and belongs in a backup apart from the database's.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::proof::Refusals;
use crate::base::secret::{self, base64_text, from_base64_text, hex, random_bytes, sha256};
use crate::db::ChainKey;

type Key = Zeroizing<[u8; 32]>;

/// Why there is no keyring to work with.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The database holds sealed rows and the file that opens them is gone.
    #[error(
        "the keyring {0} is missing, but the database holds sealed rows that only it can open; \
         restore it from its backup (a new one would make every case unreadable)"
    )]
    Missing(PathBuf),
    /// The database was set up with a keyring, holds nothing sealed yet, and the file is gone.
    #[error(
        "the keyring {0} is missing, but the database was set up with one: restore it from its backup, or begin with an \
         empty database (nothing was sealed yet)"
    )]
    Gone(PathBuf),
    /// The keyring is here, and its database is not.
    #[error(
        "the keyring {0} is here, but its database is not: nothing of Recourse stands in {1}. Restore the database from \
         its backup, or name the right one (database_url, --data); to begin anew, move the keyring away first, and keep \
         it as long as any backup of the old database"
    )]
    Alone(PathBuf, String),
    /// Others than the owner may read the file.
    #[error("the keyring {0} can be read by others; run: chmod 600 {0}")]
    Exposed(PathBuf),
    /// The file is not a keyring.
    #[error("the keyring {0} cannot be read as one; restore it from its backup")]
    Damaged(PathBuf),
    /// The database was sealed with another keyring.
    #[error("the keyring {0} does not belong to this database; restore the one that does")]
    Foreign(PathBuf),
    /// The file belongs to somebody else.
    #[error(
        "the keyring {0}: Permission denied. The file or its folder belongs to another user: run this as the service's own \
         user, or give both back to it (chown)"
    )]
    NotOurs(PathBuf),
    /// The file cannot be made or read.
    #[error("the keyring {0}: {1}")]
    Io(PathBuf, io::Error),
}

impl KeyringError {
    /// Of what the file system says.
    fn of(path: &Path, error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::PermissionDenied {
            Self::NotOurs(path.into())
        } else {
            Self::Io(path.into(), error)
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyringFile {
    about: String,
    /// Wraps data keys, by version; the highest wraps new ones.
    sealing: BTreeMap<u32, String>,
    /// Keyed hashes: blind indexes and fingerprints. Apart from the sealing keys on purpose.
    index: String,
    /// Seed of the Ed25519 key that signs access tokens, and nothing else.
    signing: String,
    /// Seed of the Ed25519 key that signs audit digests. Apart from the one of tokens: what a caller has signed by the hour
    /// must never be something that could stand as proof.
    digest_signing: String,
}

/// The keys in memory. Its `Debug` shows none of them.
pub struct Keyring {
    sealing: BTreeMap<u32, Key>,
    index: Key,
    signing: Key,
    digest_signing: Key,
    /// What was not written under it and was refused.
    pub(super) refusals: Mutex<Refusals>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring(…)")
    }
}

impl Keyring {
    /// Whether there is a file, whatever is in it.
    ///
    /// # Errors
    /// `Io` when this user may not look.
    pub fn is_there(path: &Path) -> Result<bool, KeyringError> {
        path.try_exists().map_err(|error| KeyringError::of(path, error))
    }

    /// Reads the file.
    ///
    /// # Errors
    /// A [`KeyringError`] that says what to do.
    pub fn open(path: &Path) -> Result<Self, KeyringError> {
        match fs::metadata(path) {
            Ok(about) if about.permissions().mode() & 0o077 != 0 => Err(KeyringError::Exposed(path.into())),
            Ok(_) => Self::read(path),
            Err(error) => Err(KeyringError::of(path, error)),
        }
    }

    /// Makes the file of a new database, and reads it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn begin(path: &Path) -> Result<Self, KeyringError> {
        Self::make(path).map_err(|error| KeyringError::of(path, error))?;
        Self::read(path)
    }

    fn make(path: &Path) -> io::Result<()> {
        let file = KeyringFile {
            about: "Recourse keyring. Whoever has this file and the database can read every case. Back it up apart \
                    from the database."
                .to_owned(),
            sealing: BTreeMap::from([(1, base64_text(&random_bytes::<32>()))]),
            index: base64_text(&random_bytes::<32>()),
            signing: base64_text(&random_bytes::<32>()),
            digest_signing: base64_text(&random_bytes::<32>()),
        };
        let text = Zeroizing::new(serde_json::to_string_pretty(&file).map_err(io::Error::other)?);
        // Written aside and linked into place, so that two first starts cannot overwrite each other's keys and a
        // crash leaves no half keyring.
        let aside = path.with_extension(format!("new-{}", hex(&random_bytes::<4>())));
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
        out.write_all(text.as_bytes())?;
        out.sync_all()?;
        let linked = fs::hard_link(&aside, path);
        fs::remove_file(&aside)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        match path.parent() {
            Some(folder) if folder.as_os_str().is_empty() => Ok(()),
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }

    fn read(path: &Path) -> Result<Self, KeyringError> {
        let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| KeyringError::of(path, error))?);
        let damaged = || KeyringError::Damaged(path.into());
        let file: KeyringFile = serde_json::from_str(&text).map_err(|_| damaged())?;
        let mut sealing = BTreeMap::new();
        for (version, key) in &file.sealing {
            sealing.insert(*version, read_key(key).ok_or_else(damaged)?);
        }
        if sealing.is_empty() {
            return Err(damaged());
        }
        let index = read_key(&file.index).ok_or_else(damaged)?;
        let signing = read_key(&file.signing).ok_or_else(damaged)?;
        let digest_signing = read_key(&file.digest_signing).ok_or_else(damaged)?;
        Ok(Self { sealing, index, signing, digest_signing, refusals: Mutex::default() })
    }

    /// A name for this keyring that tells nothing of its keys: the database remembers which one it was sealed with. It
    /// covers every key, so that a file in which one was exchanged is another keyring.
    #[must_use]
    pub fn id(&self) -> String {
        let versions: Vec<[u8; 4]> = self.sealing.keys().map(|version| version.to_be_bytes()).collect();
        let sealing = versions.iter().zip(self.sealing.values()).flat_map(|(version, key)| [&version[..], &key[..]]);
        let parts: Vec<&[u8]> = sealing.chain([&self.signing[..], &self.digest_signing[..]]).collect();
        hex(&sha256(&self.keyed("keyring-id", &parts)))
    }

    /// The key that wraps new data keys, with its version.
    pub(super) fn current(&self) -> Option<(u32, &[u8; 32])> {
        self.sealing.last_key_value().map(|(version, key)| (*version, &**key))
    }

    /// The wrapping key of a version.
    pub(super) fn version(&self, version: u32) -> Option<&[u8; 32]> {
        self.sealing.get(&version).map(|key| &**key)
    }

    /// [`secret::keyed`] under the index key.
    #[must_use]
    pub fn keyed(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        secret::keyed(&self.index, purpose, parts)
    }

    /// The key that ties the events of audit chains. It comes from the index key, and serves nothing else.
    #[must_use]
    pub fn chain_key(&self) -> ChainKey {
        ChainKey::new(self.keyed("audit-chain", &[]))
    }

    /// The key that signs access tokens.
    #[must_use]
    pub fn token_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.signing)
    }

    /// The key that signs audit digests.
    #[must_use]
    pub fn digest_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.digest_signing)
    }
}

fn read_key(text: &str) -> Option<Key> {
    let bytes = Zeroizing::new(from_base64_text(text)?);
    <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new)
}

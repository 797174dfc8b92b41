//! The manifest of an edition: what belongs to it, how it was made, and what came before. It is signed, and names the
//! manifest before it, so that no edition can be changed, taken out or slipped in unseen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::bundle::{Build, Bundle};
use super::calendar::Calendar;
use super::files::File;
use super::storage;
use super::{EditionId, Span};
use crate::base::secret::{hex, sha256};
use crate::base::time::Timestamp;
use crate::domain::vault::Keyring;
use crate::statistics::disclosure::rules;
use crate::statistics::disclosure::{params_sha256, perturbation_sha256};

/// The manifest's name in an edition.
pub(super) const MANIFEST: &str = "manifest.json";
/// The name of its signature.
pub const SIGNATURE: &str = "manifest.json.sig";

/// A file of an edition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its path within the edition.
    pub path: String,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// How many rows a table has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// A stretch of time: from the first instant to before the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

/// Which edition another one stands for, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supersedes {
    /// The edition that no longer holds.
    pub edition: EditionId,
    /// Why.
    pub reason: String,
}

/// Who signs the manifest; the signature itself stands in a file beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// Always `Ed25519`.
    pub algorithm: String,
    /// The public key, in hexadecimal.
    pub public_key: String,
    /// Where the signature stands, in base64.
    pub file: String,
}

/// The manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The edition.
    pub edition: EditionId,
    /// The quarter it tells of.
    pub period: Period,
    /// When it is published.
    pub published_at: Timestamp,
    /// The version of the method.
    pub method_version: String,
    /// The commit that the program was built from.
    pub code_commit: String,
    /// The hash of the rules.
    pub params_sha256: String,
    /// The hash of the perturbation tables.
    pub ptable_sha256: String,
    /// A keyed hash of what was counted.
    pub snapshot_commitment: String,
    /// The hash of the secret, as it was published before the quarter ended.
    pub key_commitment: String,
    /// Every attempt to build it.
    pub build_attempts: Vec<Build>,
    /// The tables, with the span of each.
    pub plan: BTreeMap<String, Span>,
    /// Every file of it but this one and its signature.
    pub files: Vec<FileEntry>,
    /// What each table may have told of any one case.
    pub budget: BTreeMap<String, f64>,
    /// The edition it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<Supersedes>,
    /// The manifest that was published before.
    pub previous_manifest_sha256: Option<String>,
    /// Who signs it.
    pub signature: Signed,
}

impl Manifest {
    /// The manifest of a bundle's files.
    ///
    /// # Errors
    /// A sentence when the bundle does not hold together.
    pub(super) fn of(bundle: &Bundle, files: &[File]) -> anyhow::Result<Self> {
        let secret = bundle.edition_secret().ok_or_else(|| anyhow::anyhow!("the bundle has no secret"))?;
        let quarter = bundle.imprint.edition.quarter();
        let spent = |table: &&String| rules().table(table).map(|rule| (rule.name.clone(), rule.epsilon()));
        Ok(Self {
            edition: bundle.imprint.edition,
            period: Period { from: quarter.from(), until: quarter.until() },
            published_at: bundle.imprint.published_at,
            method_version: rules().method_version.clone(),
            code_commit: bundle.code_commit.clone(),
            params_sha256: params_sha256(),
            ptable_sha256: perturbation_sha256(),
            snapshot_commitment: bundle.snapshot.commitment(secret.expose()),
            key_commitment: secret.commitment(),
            build_attempts: bundle.builds.clone(),
            plan: bundle.imprint.plan.clone(),
            files: files.iter().map(entry).collect(),
            budget: bundle.imprint.plan.keys().filter_map(|table| spent(&table)).collect(),
            supersedes: bundle
                .imprint
                .replaces
                .as_ref()
                .map(|(edition, reason)| Supersedes { edition: *edition, reason: reason.clone() }),
            previous_manifest_sha256: bundle.previous_manifest_sha256.clone(),
            signature: Signed {
                algorithm: "Ed25519".to_owned(),
                public_key: bundle.public_key.clone(),
                file: SIGNATURE.to_owned(),
            },
        })
    }

    /// As it is written.
    ///
    /// # Errors
    /// When it cannot be.
    pub(super) fn text(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

fn entry(file: &File) -> FileEntry {
    FileEntry {
        path: file.path.clone(),
        sha256: hex(&sha256(&file.bytes)),
        bytes: u64::try_from(file.bytes.len()).unwrap_or(u64::MAX),
        rows: file.rows,
    }
}

/// The key that signs editions. It comes from the keyring and signs nothing else.
#[must_use]
pub fn signer(keyring: &Keyring) -> SigningKey {
    SigningKey::from_bytes(&keyring.keyed("edition-signing", &[]))
}

/// The signature of a manifest, as it is written.
pub(super) fn sign(key: &SigningKey, manifest: &[u8]) -> String {
    STANDARD.encode(key.sign(manifest).to_bytes()) + "\n"
}

/// The key that verifies editions, written as 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Of whoever signs with this key.
    #[must_use]
    pub fn of(signer: &SigningKey) -> Self {
        Self(signer.verifying_key())
    }

    /// Reads it.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let byte = |at: usize| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok();
        let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
        let bytes: [u8; 32] = bytes.filter(|_| text.len() == 64)?.try_into().ok()?;
        VerifyingKey::from_bytes(&bytes).ok().map(Self)
    }

    /// Whether it signed this manifest.
    #[must_use]
    pub fn holds(&self, manifest: &[u8], signature: &[u8]) -> bool {
        // Nothing but the signature and its line's end: not a byte of the file may be another.
        let text = std::str::from_utf8(signature).ok().and_then(|text| text.strip_suffix('\n')).unwrap_or_default();
        let bytes = STANDARD.decode(text).unwrap_or_default();
        Signature::from_slice(&bytes).is_ok_and(|signature| self.0.verify_strict(manifest, &signature).is_ok())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0.as_bytes()))
    }
}

/// Something that is wrong with published files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The file, or the edition.
    pub place: String,
    /// What is wrong, and what it means.
    pub what: &'static str,
}

/// Whether the editions in a folder are as they were published: every byte of every file, every signature, and the chain
/// from each manifest to the one before. It needs nothing but the files and the key. The editions in order, and what is
/// wrong.
///
/// # Errors
/// When the folder cannot be read.
pub fn verify(folder: &Path, key: &PublicKey) -> std::io::Result<(Vec<EditionId>, Vec<Flaw>)> {
    let (all, mut flaws) = read_all(folder, key)?;
    let calendar = fs::read(folder.join(storage::CALENDAR)).ok();
    let calendar: Option<Calendar> = calendar.and_then(|text| serde_json::from_slice(&text).ok());
    let promised = calendar.iter().flat_map(|calendar| &calendar.editions);
    for entry in promised {
        let Some(read) = all.iter().find(|read| read.manifest.edition == entry.edition) else { continue };
        let kept = read.manifest.key_commitment == entry.key_commitment
            && read.manifest.plan == entry.plan
            && read.manifest.published_at >= entry.release_at;
        if !kept {
            let what = "it is not what the calendar beside it had committed to";
            flaws.push(Flaw { place: format!("{}/{MANIFEST}", entry.edition), what });
        }
    }
    Ok((all.into_iter().map(|read| read.manifest.edition).collect(), flaws))
}

/// An edition as it was read.
pub(super) struct Read {
    pub(super) manifest: Manifest,
    pub(super) hash: String,
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

/// The editions of a folder in the order of their chain, and what is wrong. One of which a file is wrong is left out; it
/// keeps its place in the chain, so that what follows it is not blamed for it.
pub(super) fn read_all(folder: &Path, key: &PublicKey) -> std::io::Result<(Vec<Read>, Vec<Flaw>)> {
    let (mut loose, mut flaws, mut faulty) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (id, place) in editions_in(folder)? {
        match read_edition(&place, key) {
            Ok((read, wrong)) => {
                let whole = wrong.is_empty() && read.manifest.edition == id;
                if read.manifest.edition != id {
                    flaws.push(Flaw { place: id.to_string(), what: "the folder has the name of another edition" });
                }
                flaws.extend(wrong.into_iter().map(|(path, what)| Flaw { place: format!("{id}/{path}"), what }));
                // The same manifest in a folder of another name is a copy, and stands in no chain.
                if read.manifest.edition == id {
                    faulty.extend((!whole).then(|| read.hash.clone()));
                    loose.push(read);
                }
            }
            Err(what) => flaws.push(Flaw { place: format!("{id}/{MANIFEST}"), what }),
        }
    }
    let (mut chained, unlinked) = chain(loose);
    for id in unlinked {
        let what =
            "no edition here is the one that it says was published before: one was changed, taken out or slipped in";
        flaws.push(Flaw { place: format!("{id}/{MANIFEST}"), what });
    }
    chained.retain(|read| !faulty.contains(&read.hash));
    Ok((chained, flaws))
}

/// Editions in the order of their chain, and those at which it is broken: what follows one of these is in order again.
fn chain(mut loose: Vec<Read>) -> (Vec<Read>, Vec<EditionId>) {
    let (mut chained, mut unlinked): (Vec<Read>, _) = (Vec::with_capacity(loose.len()), Vec::new());
    while !loose.is_empty() {
        let before = chained.last().map(|read| read.hash.clone());
        let next = loose.iter().position(|read| read.manifest.previous_manifest_sha256 == before);
        let at = next.unwrap_or_else(|| {
            let is_first = |read: &Read| {
                let previous = read.manifest.previous_manifest_sha256.as_ref();
                !loose.iter().any(|other| Some(&other.hash) == previous)
            };
            loose.iter().position(is_first).unwrap_or(0)
        });
        let read = loose.remove(at);
        unlinked.extend(next.is_none().then_some(read.manifest.edition));
        chained.push(read);
    }
    (chained, unlinked)
}

/// The manifest of an edition that waits for its day, when it is whole.
///
/// # Errors
/// What is wrong with it.
pub fn check_staged(folder: &Path, key: &PublicKey) -> Result<Manifest, &'static str> {
    let (read, wrong) = read_edition(folder, key)?;
    if wrong.is_empty() { Ok(read.manifest) } else { Err("what was built is not whole any more; build it again") }
}

/// The folders of editions, by name.
fn editions_in(folder: &Path) -> std::io::Result<Vec<(EditionId, PathBuf)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
            all.push((id, entry.path()));
        }
    }
    all.sort();
    Ok(all)
}

type Wrong = Vec<(String, &'static str)>;

/// An edition as it stands, and which of its files are not as its manifest says.
fn read_edition(folder: &Path, key: &PublicKey) -> Result<(Read, Wrong), &'static str> {
    let text = fs::read(folder.join(MANIFEST)).map_err(|_| "there is no manifest that can be read")?;
    let signature = fs::read(folder.join(SIGNATURE)).map_err(|_| "there is no signature that can be read")?;
    if !key.holds(&text, &signature) {
        return Err("the signature does not hold for this key: the manifest was changed, or somebody else made it");
    }
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| "the manifest cannot be read")?;
    let (mut files, mut wrong) = (BTreeMap::new(), Vec::new());
    for file in &manifest.files {
        let bytes = if is_within(&file.path) { fs::read(folder.join(&file.path)).ok() } else { None };
        match bytes {
            None => wrong.push((file.path.clone(), "it is missing")),
            Some(bytes) if hex(&sha256(&bytes)) != file.sha256 => {
                wrong.push((file.path.clone(), "it is not what was signed"));
            }
            Some(bytes) => {
                files.insert(file.path.clone(), bytes);
            }
        }
    }
    let mut there = Vec::new();
    list(folder, "", &mut there).map_err(|_| "its folder cannot be read")?;
    let known =
        |path: &String| path == MANIFEST || path == SIGNATURE || manifest.files.iter().any(|file| file.path == *path);
    let strange = there.into_iter().filter(|path| !known(path));
    wrong.extend(strange.map(|path| (path, "it does not belong to the edition")));
    let hash = hex(&sha256(&text));
    files.insert(MANIFEST.to_owned(), text);
    files.insert(SIGNATURE.to_owned(), signature);
    Ok((Read { manifest, hash, files }, wrong))
}

/// Whether a path stays within the folder of its edition.
#[must_use]
pub fn is_within(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// The paths of all files of an edition's folder, in order.
///
/// # Errors
/// When the folder cannot be read.
pub fn paths(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut all = Vec::new();
    list(folder, "", &mut all)?;
    all.sort();
    Ok(all)
}

/// The paths of all files below a folder.
fn list(folder: &Path, within: &str, all: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{within}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{path}/"), all)?;
        } else {
            all.push(path);
        }
    }
    Ok(())
}

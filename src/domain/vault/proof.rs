//! Proofs of rows. Whoever can write to the database can write a row that grants something: an account, a credential, a
//! session. So what a row grants counts only beside a keyed hash over it, and the key is the keyring's. What does not fit
//! is refused where it is read, told once in the log, and found by `recourse check`. Nothing makes a proof for a row that
//! has none.
//!
//! A proof says what stood in the row when the service wrote it, and not that it was the last thing that the service wrote
//! there: a whole older row with its proof fits. What has come since stands in the chains.

use std::collections::{BTreeMap, BTreeSet};

use super::Keyring;
use crate::base::code::codes;
use crate::base::secret::same;

/// How many refused rows are remembered as told.
const TOLD: usize = 1_000;

/// What a proof covers, part by part, in the order of the table's columns.
#[expect(missing_debug_implementations, reason = "it holds hashes of secrets")]
pub struct Covered {
    parts: Vec<Vec<u8>>,
}

impl Covered {
    /// What a row of `table` grants: it fits in no other table.
    #[must_use]
    pub fn by(table: &str) -> Self {
        Self { parts: vec![table.as_bytes().to_vec()] }
    }

    /// A text or bytes.
    #[must_use]
    pub fn and(mut self, part: impl AsRef<[u8]>) -> Self {
        self.parts.push(part.as_ref().to_vec());
        self
    }

    /// A number, a time in microseconds, or a truth.
    #[must_use]
    pub fn number(self, part: impl Into<i64>) -> Self {
        self.and(part.into().to_be_bytes())
    }

    /// What may be absent; absence is another thing than emptiness.
    #[must_use]
    pub fn perhaps(self, part: Option<&[u8]>) -> Self {
        match part {
            None => self.and([0]),
            Some(part) => self.and([1]).and(part),
        }
    }

    /// The keyed hash.
    #[must_use]
    pub fn proof(&self, keyring: &Keyring) -> Vec<u8> {
        let parts: Vec<&[u8]> = self.parts.iter().map(Vec::as_slice).collect();
        keyring.keyed("row-proof", &parts).to_vec()
    }

    /// Whether the keyed hash that stands there is the one of this.
    #[must_use]
    pub fn fits(&self, keyring: &Keyring, mac: &[u8]) -> bool {
        same(&self.proof(keyring), mac)
    }
}

codes! {
    /// What stands beside a proof, by its table.
    pub enum Proved {
        /// An account.
        Account = "staff",
        /// A session.
        Session = "staff_sessions",
        /// A credential.
        Credential = "platform_clients",
        /// A service's credential.
        PartnerCredential = "partner_clients",
        /// An account of somebody at a service.
        PartnerAccount = "partner_accounts",
        /// A session of theirs.
        PartnerSession = "partner_sessions",
        /// What the door remembers of an account.
        Door = "sign_ins",
        /// All that a colleague declared.
        Declared = "staff_identifiers",
        /// All whom a case names.
        Names = "blind_indexes",
        /// A help service.
        Service = "services",
    }
}

/// What was refused under a keyring while the process lives: each row told once, all of them counted.
#[derive(Default)]
pub(super) struct Refusals {
    told: BTreeSet<String>,
    counts: BTreeMap<Proved, u64>,
}

/// Says that a row is refused, once for each row while the process lives: a row that somebody made is used again and again.
/// The log has the table and our own id, and nothing that somebody else wrote there.
pub(in crate::domain) fn refuse(keyring: &Keyring, proved: Proved, id: &str) {
    let id = if is_ours(id) { id } else { "none of ours" };
    let Ok(mut refusals) = keyring.refusals.lock() else { return };
    let count = refusals.counts.entry(proved).or_default();
    *count = count.saturating_add(1);
    let is_new = refusals.told.len() < TOLD && refusals.told.insert(format!("{} {id}", proved.as_str()));
    drop(refusals);
    if is_new {
        tracing::error!(
            table = proved.as_str(),
            id,
            "a row was changed outside the service or cannot be read, and is refused: run recourse check"
        );
    }
}

/// Whether a text has the form of our ids: a short prefix and 26 letters and digits.
fn is_ours(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    id.split_once('_').is_some_and(|(prefix, rest)| {
        prefix.len() <= 4 && rest.len() == 26 && prefix.chars().chain(rest.chars()).all(plain)
    })
}

impl Keyring {
    /// How often rows were refused since the process began, because they were not written under this keyring.
    #[must_use]
    pub fn refused(&self) -> Vec<(Proved, u64)> {
        let counts = self.refusals.lock().map(|refusals| refusals.counts.clone()).unwrap_or_default();
        Proved::ALL.iter().map(|proved| (*proved, counts.get(proved).copied().unwrap_or_default())).collect()
    }
}

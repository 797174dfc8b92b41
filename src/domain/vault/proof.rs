//! Proofs of rows. Whoever can write to the database can write a row that grants something: an account, a credential, a
//! session. So what a row grants counts only beside a keyed hash over it, and the key is the keyring's. What does not fit
//! is refused where it is read, told once in the log, and found by `recourse check`. Nothing makes a proof for a row that
//! has none.
//!
//! A proof says what stood in the row when the service wrote it, and not that it was the last thing that the service wrote
//! there: a whole older row with its proof fits. What has come since stands in the chains.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::Keyring;
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

/// Says that a row is refused, once for each row while the process lives: a row that somebody made is used again and again.
pub(in crate::domain) fn refuse(table: &'static str, id: &str) {
    static ONCE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let name = format!("{table} {id}");
    let is_new = ONCE.lock().map_or(true, |mut told| told.len() < TOLD && told.insert(name));
    if is_new {
        tracing::error!(
            table,
            id,
            "a row was changed outside the service or cannot be read, and is refused: run recourse check"
        );
    }
}

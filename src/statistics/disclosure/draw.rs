//! The draws: which way and how far each figure is moved. The same snapshot and secret always give the same draws; one
//! case more or less gives wholly new ones, so that nothing can be learnt by comparing.

use std::sync::LazyLock;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::rules::{PERTURBATION, TableRule};
use super::{Count, Noised};
use crate::base::secret::{hex, random_bytes, sha256, silent};

/// Sets table, cell and the values of a cell apart.
const APART: u8 = 0x1f;

/// The secret of an edition: made before its period ends, and kept from everybody but its auditor.
#[derive(Clone)]
pub struct EditionSecret(Zeroizing<[u8; 32]>);

silent! { EditionSecret Drawer }

impl EditionSecret {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self::new(random_bytes::<32>())
    }

    /// These bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, to be sealed or handed to the auditor.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// What is published of it before the period ends: whoever knows the secret later can tell that it is the same.
    #[must_use]
    pub fn commitment(&self) -> String {
        hex(&sha256(&*self.0))
    }
}

/// How often, out of 2^63, a figure is moved by each number of steps.
#[derive(Debug)]
pub struct Perturbation {
    epsilon_hundredths: u32,
    /// By the size of the move, from none; up and down alike.
    weights: Vec<u64>,
    /// For each move from the furthest down to the furthest up: how many of the 2^63 lie at or below it.
    cumulative: Vec<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    table: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    epsilon_hundredths: u32,
    weights: Vec<u64>,
}

static TABLES: LazyLock<Vec<Perturbation>> = LazyLock::new(|| {
    let file: File = toml::from_str(PERTURBATION).unwrap_or(File { table: Vec::new() });
    file.table.into_iter().map(|entry| Perturbation::new(entry.epsilon_hundredths, entry.weights)).collect()
});

impl Perturbation {
    /// A table with these weights, by the size of the move.
    #[must_use]
    pub fn new(epsilon_hundredths: u32, weights: Vec<u64>) -> Self {
        let down = weights.iter().skip(1).rev();
        let cumulative = down
            .chain(&weights)
            .scan(0_u64, |sum, weight| {
                *sum = sum.saturating_add(*weight);
                Some(*sum)
            })
            .collect();
        Self { epsilon_hundredths, weights, cumulative }
    }

    /// The table of this epsilon, in hundredths.
    #[must_use]
    pub fn of(epsilon_hundredths: u32) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.epsilon_hundredths == epsilon_hundredths)
    }

    /// The weights, by the size of the move.
    #[must_use]
    pub fn weights(&self) -> &[u64] {
        &self.weights
    }

    /// The furthest move.
    #[must_use]
    pub fn furthest(&self) -> i64 {
        i64::try_from(self.weights.len()).unwrap_or(1) - 1
    }

    /// The move that a number below 2^63 stands for.
    #[must_use]
    pub fn step(&self, number: u64) -> i64 {
        let at = self.cumulative.partition_point(|sum| *sum <= number);
        i64::try_from(at).unwrap_or(0) - self.furthest()
    }
}

/// Draws for one edition.
pub struct Drawer {
    key: Zeroizing<[u8; 32]>,
}

impl Drawer {
    /// For an edition whose snapshot has this digest.
    #[must_use]
    pub fn new(secret: &EditionSecret, snapshot: &[u8; 32], edition: &str, method_version: &str) -> Self {
        let mut key = Zeroizing::new([0_u8; 32]);
        let info = [edition.as_bytes(), &[APART], method_version.as_bytes()].concat();
        // It fails only for more than 255 blocks.
        let _ = Hkdf::<Sha256>::new(Some(snapshot), secret.expose()).expand(&info, &mut *key);
        Self { key }
    }

    /// Moves the count of a cell. Each cell is moved by itself; asked again, it is moved in the same way.
    #[must_use]
    pub fn noise(&self, table: &TableRule, cell: &[&str], count: Count) -> Noised {
        Noised(count.0 + self.step(table, cell))
    }

    /// How a cell is moved, for the auditor's list.
    #[must_use]
    pub fn step(&self, table: &TableRule, cell: &[&str]) -> i64 {
        let mut block = [0_u8; 64];
        block.iter_mut().zip(self.key.iter()).for_each(|(to, from)| *to = *from);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(table.name.as_bytes());
        for value in cell {
            mac.update(&[APART]);
            mac.update(value.as_bytes());
        }
        let hash: [u8; 32] = mac.finalize().into_bytes().into();
        let number = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte)) >> 1;
        Perturbation::of(table.epsilon_hundredths).map_or(0, |perturbation| perturbation.step(number))
    }
}

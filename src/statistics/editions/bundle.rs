//! The auditor's bundle: everything that the files of an edition are made of. It is never served; whoever has it can
//! take the noise off.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{EditionId, Snapshot, Span};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::statistics::disclosure::EditionSecret;

/// A platform of the register: connected before the period ended, whether it had cases or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its short name.
    pub slug: String,
    /// Its name for people.
    pub name: String,
}

/// An attempt to build the edition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// When.
    pub at: Timestamp,
    /// What was counted: attempts that agree in it have the same figures.
    pub snapshot_commitment: String,
}

/// Published figures of an earlier edition, for the lines over time. Absent is "fewer than".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Past {
    /// Which.
    pub edition: EditionId,
    /// All platforms together.
    pub national: Option<i64>,
    /// By platform.
    pub platforms: BTreeMap<String, Option<i64>>,
}

/// A move of one figure, for the auditor to compare with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draw {
    /// The table.
    pub table: String,
    /// The cell's values.
    pub cell: Vec<String>,
    /// How far, and which way.
    pub step: i64,
}

/// What a page may say of its edition beside its figures. Pages are made of this and of tables: no true count and no
/// secret is within their reach.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imprint {
    /// The edition.
    pub edition: EditionId,
    /// Where it is published: the address of the site.
    pub site: String,
    /// When it is published.
    pub published_at: Timestamp,
    /// The platforms.
    pub register: Vec<Listed>,
    /// The tables, with the span of each.
    pub plan: BTreeMap<String, Span>,
    /// Earlier figures.
    pub history: Vec<Past>,
    /// The edition that this one replaces, and why.
    pub replaces: Option<(EditionId, String)>,
}

/// The bundle.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// What its pages say.
    pub imprint: Imprint,
    /// The commit that the program was built from.
    pub code_commit: String,
    /// The hash of the rules.
    pub params_sha256: String,
    /// The hash of the perturbation tables.
    pub ptable_sha256: String,
    /// The secret, in hexadecimal.
    pub secret: String,
    /// The counts.
    pub snapshot: Snapshot,
    /// How each figure was moved; follows from secret and snapshot.
    pub draws: Vec<Draw>,
    /// The attempts.
    pub builds: Vec<Build>,
    /// SHA-256 of the manifest of the edition published before.
    pub previous_manifest_sha256: Option<String>,
    /// Who signs, in hexadecimal.
    pub public_key: String,
}

silent! { Bundle }

impl Bundle {
    /// The secret of the edition; nothing when it is not one.
    #[must_use]
    pub fn edition_secret(&self) -> Option<EditionSecret> {
        let byte = |at: usize| u8::from_str_radix(self.secret.get(at * 2..at * 2 + 2)?, 16).ok();
        let bytes: Option<Vec<u8>> = (0..self.secret.len() / 2).map(byte).collect();
        Some(EditionSecret::new(bytes?.try_into().ok()?))
    }
}

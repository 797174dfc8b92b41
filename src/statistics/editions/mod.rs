//! Editions: immutable published sets of statistics, one for each quarter. The secret of an edition is committed to
//! before its quarter ends; its figures are drawn once, from a snapshot that its signed manifest names; and what stands
//! on the shelf never changes.
//!
//! `commit` and `count` are the only ones that know the database. Everything after the snapshot is a function of the
//! auditor's bundle, so that the auditor gets the same bytes ([`files::all`]).

mod announce;
mod bundle;
mod calendar;
mod commit;
mod count;
mod csv;
mod files;
mod label;
mod manifest;
mod pages;
mod platform;
mod prose;
mod shelf;
mod snapshot;
mod storage;
mod successor;
mod tables;
mod times;
mod views;

pub use announce::{forgotten, remember, replace};
pub use bundle::{Build, Bundle, Draw, Imprint, Listed, Past};
pub use calendar::{Calendar, CalendarEntry, plan, release_at};
pub use commit::{Committed, adopt, all, commit, commit_due, find, is_on_record, mark_published, secret, unpublished};
pub use count::{Around, count, note_attempt, settle_and_close};
pub use files::{File, all as all_files, data_only, finish};
pub use manifest::{FileEntry, Flaw, Manifest, PublicKey, SIGNATURE, check_staged, is_within, paths, signer, verify};
pub use platform::PlatformRecord;
pub use shelf::{Edition, PublishedFigure, Shelf};
pub use snapshot::{Cell, Snapshot, Span};
pub use storage::{Store, Turn, read_calendar, write_calendar};
pub use successor::{Successor, predecessor};
pub use tables::{Axis, Table, TableCell, tables};

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::counting::Quarter;

/// An edition's name: its quarter, or its quarter with `-r` for the one replacement that it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EditionId {
    quarter: Quarter,
    replacement: bool,
}

impl EditionId {
    /// The edition of a quarter.
    #[must_use]
    pub const fn of(quarter: Quarter) -> Self {
        Self { quarter, replacement: false }
    }

    /// What it tells of.
    #[must_use]
    pub const fn quarter(self) -> Quarter {
        self.quarter
    }

    /// Whether it replaces an earlier edition of its quarter.
    #[must_use]
    pub const fn is_replacement(self) -> bool {
        self.replacement
    }

    /// The edition that replaces it.
    #[must_use]
    pub const fn replacement(self) -> Self {
        Self { replacement: true, ..self }
    }
}

impl fmt::Display for EditionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.quarter, if self.replacement { "-r" } else { "" })
    }
}

/// The text names no edition.
#[derive(Debug, thiserror::Error)]
#[error("write an edition as 2026-q3, or 2026-q3-r for its replacement")]
pub struct BadEdition;

impl FromStr for EditionId {
    type Err = BadEdition;

    fn from_str(text: &str) -> Result<Self, BadEdition> {
        let (quarter, replacement) = match text.strip_suffix("-r") {
            Some(quarter) => (quarter, true),
            None => (text, false),
        };
        Ok(Self { quarter: quarter.parse().map_err(|_| BadEdition)?, replacement })
    }
}

impl Serialize for EditionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EditionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

//! Rows that the clock has made due, in the order of their times. A job walks them a few at a time and works on each by
//! itself, so that one that is damaged keeps no other waiting.

use crate::base::id::{Id, Kind};
use crate::error::{Error, Result};

/// A row that is due: since when, in microseconds, and its id as text, so that one that cannot be read hides no other.
pub type DueRow = (i64, String);

/// The place behind which a walk goes on; the begin of all when there is none.
pub(super) fn place(after: Option<&DueRow>) -> (i64, &str) {
    after.map_or((i64::MIN, ""), |(at, id)| (*at, id.as_str()))
}

/// The id of a row that is due.
///
/// # Errors
/// `Internal` when it is none: the row was changed outside the service.
pub(super) fn id<K: Kind>(text: &str) -> Result<Id<K>> {
    text.parse().map_err(|_| Error::Internal(anyhow::anyhow!("an id in the database is none of ours")))
}

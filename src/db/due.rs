//! Rows that the clock has made due, in the order of their times. A job walks them a few at a time and works on each by
//! itself, so that one that is damaged keeps no other waiting.

use diesel::QueryResult;

use crate::base::id::{Id, Kind};
use crate::db::perhaps::Perhaps;
use crate::error::{Error, Result};

/// A row that is due: since when, in microseconds, and its id as text, so that one that cannot be read hides no other.
pub type DueRow = (i64, String);

/// A row as it is loaded.
pub(super) type Loaded = (Perhaps<i64>, Perhaps<String>);

/// What stands for all rows whose ids cannot be read: it is worked on in vain, which is told.
const UNREADABLE: &str = "one whose id cannot be read";

/// The next rows of a walk: `limit` of them, or a few more. Those whose ids cannot be read are passed over, however many
/// they are; one stands for them at the walk's end.
pub(crate) fn walk(limit: i64, mut load: impl FnMut(i64) -> QueryResult<Vec<Loaded>>) -> Result<Vec<DueRow>> {
    let mut asked = limit;
    loop {
        let loaded = load(asked)?;
        let (count, is_end) = (loaded.len(), i64::try_from(loaded.len()).is_ok_and(|count| count < asked));
        let mut some: Vec<DueRow> = loaded.into_iter().filter_map(|(at, id)| at.0.zip(id.0)).collect();
        if is_end && some.len() < count {
            // Nothing stands behind it.
            some.push((i64::MAX, UNREADABLE.to_owned()));
        }
        if is_end || !some.is_empty() {
            return Ok(some);
        }
        asked = asked.saturating_mul(4);
    }
}

/// The place behind which a walk goes on; the begin of all when there is none.
pub(crate) fn place(after: Option<&DueRow>) -> (i64, &str) {
    after.map_or((i64::MIN, ""), |(at, id)| (*at, id.as_str()))
}

/// The id of a row that is due.
///
/// # Errors
/// `Internal` when it is none: the row was changed outside the service.
pub(crate) fn id<K: Kind>(text: &str) -> Result<Id<K>> {
    text.parse().map_err(|_| Error::Internal(anyhow::anyhow!("an id in the database is none of ours")))
}

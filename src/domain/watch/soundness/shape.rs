//! Whether the database has what the migrations make.

use super::Finding;
use crate::db::shape::{Part, missing};
use crate::domain::unit::Look;
use crate::error::Result;

/// Tables, columns, keys and indexes that are missing, or are not as the migrations made them.
///
/// # Errors
/// What the database says.
pub fn shape(rx: &mut Look<'_>) -> Result<Vec<Finding>> {
    let found = missing(rx)?.into_iter().map(|part| match part {
        Part::Column(id) => Finding {
            code: "column_missing",
            table: "schema",
            id,
            detail: "the migrations made this column so, and it is gone or changed: restore the database from a backup",
        },
        Part::Index(id) => Finding {
            code: "index_missing",
            table: "schema",
            id,
            detail: "without it the service is slow, or what must be once can be twice: make it again as it stands in \
                     migrations/",
        },
        Part::Reference(id) => Finding {
            code: "reference_missing",
            table: "schema",
            id,
            detail: "without it a row can lose its owner unseen: make it again as it stands in migrations/",
        },
    });
    Ok(found.collect())
}

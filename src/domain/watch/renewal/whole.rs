//! Whether a case is named by all whom its content names.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::case::{Name, merged};
use crate::base::id::CaseId;
use crate::db::schema::blind_indexes;
use crate::domain::case;
use crate::domain::intake;
use crate::domain::terms::identifiers::{RULES, Use};
use crate::domain::unit::Look;
use crate::error::Result;

/// Whether every keyed hash that the rules make of the case's content stands, for what it is for. One that stands under
/// older rules waits for the run, or was passed by it and is named for that.
///
/// # Errors
/// `Erased` when nobody can read any more whom it names; `Internal` when something sealed does not open.
pub fn is_whole(rx: &mut Look<'_>, id: &CaseId) -> Result<bool> {
    let Some(case) = case::find(rx, id)? else { return Ok(true) };
    let rows: Vec<(Vec<u8>, String, Use, i64)> = blind_indexes::table
        .filter(blind_indexes::case_id.eq(id))
        .select((blind_indexes::digest, blind_indexes::role, blind_indexes::used, blind_indexes::rules))
        .load(rx.conn())?;
    if rows.iter().any(|(.., rules)| *rules < RULES) {
        return Ok(true);
    }
    let stands: BTreeMap<Name, Use> = rows.into_iter().map(|(digest, role, used, _)| ((digest, role), used)).collect();
    // Without the hashes of the first rules, which a case has only when a wall stood on them as it came in.
    let anew = intake::anew(rx, &case, false)?;
    let is_covered = |(name, (used, ..)): (&Name, &(Use, _, _))| {
        stands.get(name).is_some_and(|there| there == used || *there == Use::Both)
    };
    Ok(merged(&anew).iter().all(is_covered))
}

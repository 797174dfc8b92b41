//! Whether a case is named by all whom its content names.

use std::collections::BTreeMap;

use super::case::{names, pair_of};
use crate::base::id::CaseId;
use crate::domain::case;
use crate::domain::case::named::{self, Key};
use crate::domain::intake;
use crate::domain::terms::identifiers::{RULES, Use};
use crate::domain::unit::Look;
use crate::error::Result;

/// What of a case's names and of its pair its content makes otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Every keyed hash that the rules make of the content stands, for what it is for.
    pub names: bool,
    /// The two accounts whose reports join it are those of its own report, or it has given them up.
    pub pair: bool,
}

/// Whether the names and the pair of the case are those that the rules make of its content. One whose names stand under
/// older rules waits for the run, or was passed by it and is named for that.
///
/// # Errors
/// `Internal` when something sealed does not open.
pub fn is_whole(rx: &mut Look<'_>, id: &CaseId) -> Result<Whole> {
    let whole = Whole { names: true, pair: true };
    let Some(case) = case::find(rx, id)? else { return Ok(whole) };
    let rows = named::of(rx, id)?.all;
    if rows.iter().any(|name| name.rules < RULES) {
        return Ok(whole);
    }
    let stands: BTreeMap<Key, Use> = rows.iter().map(|name| (name.key(), name.used)).collect();
    // Without the hashes of the first rules, which a case has only when a wall stood on them as it came in.
    let anew = intake::anew(rx, &case, false)?;
    let pair = pair_of(rx, id)?;
    Ok(Whole {
        names: names(rx, id, &anew)?
            .iter()
            .all(|name| stands.get(&name.key()).is_some_and(|there| *there == name.used || *there == Use::Both)),
        pair: anew.lost || pair.is_none() || pair == anew.pair.map(|pair| pair.to_vec()),
    })
}

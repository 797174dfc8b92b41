//! Which cases name somebody, the newest first: what a comparison looks at beside the case that it is of.

use std::collections::BTreeSet;

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::db::perhaps::{Perhaps, first_readable, readable};
use crate::db::schema::{blind_indexes, cases as table};
use crate::domain::case::named::COMPARED;
use crate::domain::terms::Mode;
use crate::domain::terms::identifiers::Use;
use crate::domain::unit::Look;
use crate::error::Result;

/// How many other cases of one subject are looked at: beyond that nothing more is learnt.
const OTHERS: usize = 200;
const OTHERS_AT_ONCE: i64 = 200;

/// A keyed hash of a name.
pub(super) type Digest = Vec<u8>;
/// Where a case stands among those that name somebody.
type Place = (Timestamp, CaseId);

/// The cases that name one of these in the role: of all the newest. Each name is gone through by itself, in the order of an index, and
/// what mode its cases are of is asked afterwards: asked together, a database that knows little of its tables looks at every case.
pub(super) fn named_by(rx: &mut Look<'_>, mode: Mode, role: &str, digests: &BTreeSet<Digest>) -> Result<Vec<CaseId>> {
    let mut all: Vec<Place> = Vec::new();
    for digest in digests {
        let (mut last, mut found) = (None, 0);
        loop {
            let (page, is_end) = page_of(rx, role, digest, last.as_ref())?;
            last = page.last().cloned();
            let among = table::id.eq_any(page.iter().map(|(_, id)| id));
            // Written so, the mode leads to no index: SQLite would look at every case of the mode.
            let of_mode = table::table.filter(among.and(table::mode.concat("").eq(mode))).select(table::id);
            let of_mode: BTreeSet<CaseId> = readable(of_mode.load(rx.conn())?).into_iter().collect();
            found += of_mode.len();
            all.extend(page.into_iter().filter(|(_, id)| of_mode.contains(id)));
            if is_end || found >= OTHERS {
                break;
            }
        }
    }
    all.sort_unstable_by(|one, other| other.cmp(one));
    all.truncate(OTHERS);
    Ok(all.into_iter().map(|(_, id)| id).collect::<BTreeSet<_>>().into_iter().collect())
}

/// Whether a name is compared with those of other cases. As a literal: a database finds the index of those by the words of its condition.
fn is_compared() -> SqlLiteral<Bool> {
    sql(&format!("blind_indexes.used <> '{}'", Use::Wall.as_str()))
}

/// The next cases of any mode that name this one in the role, the newest first, as far as they can be read; and whether none stand
/// behind them.
fn page_of(rx: &mut Look<'_>, role: &str, digest: &Digest, after: Option<&Place>) -> Result<(Vec<Place>, bool)> {
    let since = rx.now().minus(COMPARED);
    let mut is_end = false;
    let page = first_readable(OTHERS_AT_ONCE, |limit| {
        let mut page = blind_indexes::table
            .filter(blind_indexes::digest.eq(digest).and(blind_indexes::role.eq(role)))
            .filter(blind_indexes::created_at.ge(since).and(is_compared()))
            .order((blind_indexes::created_at.desc(), blind_indexes::case_id.desc()))
            .limit(limit)
            .select((blind_indexes::created_at, blind_indexes::case_id))
            .into_boxed();
        if let Some((at, id)) = after {
            let behind = blind_indexes::created_at.lt(at).or(blind_indexes::case_id.lt(id));
            page = page.filter(blind_indexes::created_at.le(at).and(behind));
        }
        let loaded: Vec<(Perhaps<Timestamp>, Perhaps<CaseId>)> = page.load(rx.conn())?;
        is_end = i64::try_from(loaded.len()).is_ok_and(|count| count < limit);
        Ok(loaded.into_iter().map(|(at, id)| at.0.zip(id.0)).collect())
    })?;
    Ok((page, is_end))
}

/// Those of a case's names in the role by which another case, of any mode, names somebody too.
pub(super) fn shared(
    rx: &mut Look<'_>,
    role: &str,
    id: &CaseId,
    digests: &BTreeSet<Digest>,
) -> Result<BTreeSet<Digest>> {
    let since = rx.now().minus(COMPARED);
    let mut shared = BTreeSet::new();
    for digest in digests {
        let other = blind_indexes::table
            .filter(blind_indexes::digest.eq(digest).and(blind_indexes::role.eq(role)))
            .filter(blind_indexes::created_at.ge(since).and(is_compared()))
            .filter(blind_indexes::case_id.ne(id))
            .order((blind_indexes::created_at.desc(), blind_indexes::case_id.desc()))
            .select(blind_indexes::case_id)
            .first::<Perhaps<CaseId>>(rx.conn())
            .optional()?;
        if other.is_some() {
            shared.insert(digest.clone());
        }
    }
    Ok(shared)
}

//! Where the chains end. The head of each stands on its owner's own row, so that no writer waits for another's chain.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::db::perhaps::Perhaps;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::{Owner, OwnerKind};
use crate::error::Result;

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many events the chain has.
    pub seq: i64,
    /// The last event's hash; empty for a chain without events.
    pub hash: Vec<u8>,
}

/// The same statement on the table of any kind of owner. Each has `id`, `audit_seq` and `audit_head`.
macro_rules! on_table {
    ($kind:expr, |$table:ident| $statement:expr) => {
        match $kind {
            OwnerKind::Platform => {
                use crate::db::schema::platforms as $table;
                $statement
            }
            OwnerKind::Case => {
                use crate::db::schema::cases as $table;
                $statement
            }
            OwnerKind::Staff => {
                use crate::db::schema::staff as $table;
                $statement
            }
            OwnerKind::Service => {
                use crate::db::schema::services as $table;
                $statement
            }
        }
    };
}

/// Where the owner's chain ends.
pub(super) fn find(rx: &mut Look<'_>, owner: &Owner) -> Result<Head> {
    let (id, conn) = (owner.id(), rx.conn());
    let (seq, hash) =
        on_table!(owner.kind(), |t| t::table.find(id).select((t::audit_seq, t::audit_head)).first(conn)?);
    Ok(Head { seq, hash })
}

/// The owner's chain ends there now.
pub(super) fn set(tx: &mut Unit<'_>, owner: Owner, Head { seq, hash }: Head) -> Result<()> {
    let (kind, id, conn) = (owner.kind(), owner.into_id(), tx.conn());
    on_table!(kind, |t| diesel::update(t::table.find(id))
        .set((t::audit_seq.eq(seq), t::audit_head.eq(hash)))
        .execute(conn)?);
    Ok(())
}

/// Up to `limit` chains after the id `after`, with their heads, in order of their ids. One whose id cannot be read hides
/// no other.
pub fn heads(rx: &mut Look<'_>, after: &str, limit: i64) -> Result<Vec<(String, Head)>> {
    type Row = (Perhaps<String>, Perhaps<i64>, Perhaps<Vec<u8>>);
    let mut all: Vec<Row> = Vec::new();
    for kind in OwnerKind::ALL.iter().copied() {
        all.extend(on_table!(kind, |t| t::table
            .filter(t::id.gt(after))
            .order(t::id)
            .limit(limit)
            .select((t::id, t::audit_seq, t::audit_head))
            .load::<Row>(rx.conn())?));
    }
    let head =
        |(id, seq, hash): Row| Some((id.0?, Head { seq: seq.0.unwrap_or_default(), hash: hash.0.unwrap_or_default() }));
    let mut all: Vec<(String, Head)> = all.into_iter().filter_map(head).collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(all)
}

/// Where the chains of these owners end: of those that are there.
///
/// # Errors
/// What the database says.
pub fn heads_of(rx: &mut Look<'_>, owners: &[String]) -> Result<BTreeMap<String, Head>> {
    type Row = (Perhaps<String>, Perhaps<i64>, Perhaps<Vec<u8>>);
    let mut all = BTreeMap::new();
    for kind in OwnerKind::ALL.iter().copied() {
        let rows = on_table!(kind, |t| t::table
            .filter(t::id.eq_any(owners))
            .select((t::id, t::audit_seq, t::audit_head))
            .load::<Row>(rx.conn())?);
        let head = |(id, seq, hash): Row| {
            Some((id.0?, Head { seq: seq.0.unwrap_or_default(), hash: hash.0.unwrap_or_default() }))
        };
        all.extend(rows.into_iter().filter_map(head));
    }
    Ok(all)
}

/// How many chains there are: one for each owner.
///
/// # Errors
/// What the database says.
pub fn chains(rx: &mut Look<'_>) -> Result<i64> {
    let mut all = 0;
    for kind in OwnerKind::ALL.iter().copied() {
        all += on_table!(kind, |t| t::table.count().get_result::<i64>(rx.conn())?);
    }
    Ok(all)
}

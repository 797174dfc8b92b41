//! The end of a record: its events go when they were kept long enough, and where the chain had come to stays, under the chain's key.
//! What is appended later goes on from there.

use diesel::prelude::*;

use super::heads::{self, Head};
use crate::base::secret::{keyed, same};
use crate::db::perhaps::Perhaps;
use crate::db::schema::{audit_ends, audit_events};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::Result;

fn mac(rx: &Look<'_>, chain: &str, head: &Head) -> Vec<u8> {
    let key = rx.kit().keyring.chain_key();
    keyed(key.expose(), "audit-end", &[chain.as_bytes(), &head.seq.to_be_bytes(), &head.hash]).to_vec()
}

/// What stands before the first event that the chain still has: where it had come to when its events went, or nothing at all. `None`
/// where somebody else wrote that they went.
pub(super) fn before_first(rx: &mut Look<'_>, chain: &str) -> Result<Option<Head>> {
    type Row = (Perhaps<i64>, Perhaps<Vec<u8>>, Perhaps<Vec<u8>>);
    let row: Option<Row> = audit_ends::table
        .find(chain)
        .select((audit_ends::seq, audit_ends::hash, audit_ends::mac))
        .first(rx.conn())
        .optional()?;
    let Some((seq, hash, mac_of_row)) = row else { return Ok(Some(Head { seq: 0, hash: Vec::new() })) };
    let (Some(seq), Some(hash), Some(written)) = (seq.0, hash.0, mac_of_row.0) else { return Ok(None) };
    let head = Head { seq, hash };
    Ok(same(&written, &mac(rx, chain, &head)).then_some(head))
}

/// Whether events of the chain have gone.
pub(in crate::domain) fn has_ended(rx: &mut Look<'_>, chain: &str) -> Result<bool> {
    Ok(before_first(rx, chain)?.is_some_and(|head| head.seq > 0))
}

/// Whether the chain passed through that head, or its events went later than that.
///
/// # Errors
/// What the database says.
pub fn passed(rx: &mut Look<'_>, chain: &str, head: &Head) -> Result<bool> {
    let event = audit_events::table.find((chain, head.seq)).select(audit_events::hash);
    let link: Option<Vec<u8>> = event.first(rx.conn()).optional()?;
    if let Some(link) = link {
        return Ok(link == head.hash);
    }
    Ok(before_first(rx, chain)?.is_some_and(|gone| gone.seq > head.seq || gone == *head))
}

/// Has all events of the chain go, whose owner's row is locked. It must be whole.
pub(in crate::domain) fn end(tx: &mut Unit<'_>, owner: &Owner) -> Result<()> {
    let (chain, head, now) = (owner.id(), heads::find(tx, owner)?, tx.now());
    let written = mac(tx, chain, &head);
    diesel::delete(audit_ends::table.find(chain)).execute(tx.conn())?;
    let row = (
        audit_ends::chain.eq(chain),
        audit_ends::seq.eq(head.seq),
        audit_ends::hash.eq(&head.hash),
        audit_ends::ended_at.eq(now),
        audit_ends::mac.eq(written),
    );
    diesel::insert_into(audit_ends::table).values(row).execute(tx.conn())?;
    diesel::delete(audit_events::table.filter(audit_events::chain.eq(chain))).execute(tx.conn())?;
    Ok(())
}

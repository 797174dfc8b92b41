//! A chain read from its end. A page of it is a stretch of numbers, so that each costs the same however long the chain is.

use diesel::prelude::*;
use serde_json::{Map, Value};

use crate::base::time::Timestamp;
use crate::db::perhaps::Perhaps;
use crate::db::schema::audit_events as table;
use crate::domain::unit::Look;
use crate::domain::vault::Owner;
use crate::error::Result;

/// An event of a chain, for whoever reads what happened.
#[derive(Clone, Debug)]
pub struct Past {
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// The kind of who acted.
    pub actor_kind: String,
    /// Who acted.
    pub actor: String,
    /// What happened.
    pub kind: String,
    /// The ids and codes of it.
    pub details: Map<String, Value>,
}

impl Past {
    /// A text of it.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.details.get(name).and_then(Value::as_str)
    }
}

/// The columns of an event, damaged or not.
#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct Row {
    seq: Perhaps<i64>,
    at: Perhaps<Timestamp>,
    actor_kind: Perhaps<String>,
    actor: Perhaps<String>,
    kind: Perhaps<String>,
    details: Perhaps<String>,
}

/// The row as an event; nothing where it cannot be read.
fn read(row: Row) -> Option<Past> {
    Some(Past {
        seq: row.seq.0?,
        at: row.at.0?,
        actor_kind: row.actor_kind.0?,
        actor: row.actor.0?,
        kind: row.kind.0?,
        details: serde_json::from_str(&row.details.0?).ok()?,
    })
}

/// The number of a chain's last event; 0 where there is none.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn newest_seq(rx: &mut Look<'_>, owner: &Owner) -> Result<i64> {
    // A number that is none stands behind all numbers in SQLite.
    let theirs = table::table.filter(table::chain.eq(owner.id()).and(table::seq.lt(i64::MAX)));
    let newest = theirs.order(table::seq.desc()).select(table::seq).first(rx.conn()).optional()?;
    Ok(newest.unwrap_or_default())
}

/// The number of a chain's last event, 0 where there is none, and the last events up to `limit`, the newest first: those that can
/// be read.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn newest(rx: &mut Look<'_>, owner: &Owner, limit: i64) -> Result<(i64, Vec<Past>)> {
    let rows: Vec<Row> = table::table
        .filter(table::chain.eq(owner.id()).and(table::seq.lt(i64::MAX)))
        .order(table::seq.desc())
        .limit(limit)
        .select(Row::as_select())
        .load(rx.conn())?;
    let seq = rows.first().and_then(|row| row.seq.0).unwrap_or_default();
    Ok((seq, rows.into_iter().filter_map(read).collect()))
}

/// The events of a chain with the numbers behind `after` up to `upto`, the newest first: those that can be read.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn between(rx: &mut Look<'_>, owner: &Owner, after: i64, upto: i64) -> Result<Vec<Past>> {
    let rows: Vec<Row> = table::table
        .filter(table::chain.eq(owner.id()).and(table::seq.gt(after)).and(table::seq.le(upto)))
        .order(table::seq.desc())
        .select(Row::as_select())
        .load(rx.conn())?;
    Ok(rows.into_iter().filter_map(read).collect())
}

/// The events of a chain of some kinds, the oldest first: those that can be read.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn of_kinds(rx: &mut Look<'_>, owner: &Owner, kinds: &[&str]) -> Result<Vec<Past>> {
    let rows: Vec<Row> = table::table
        .filter(table::chain.eq(owner.id()).and(table::seq.lt(i64::MAX)).and(table::kind.eq_any(kinds.to_vec())))
        .order(table::seq)
        .select(Row::as_select())
        .load(rx.conn())?;
    Ok(rows.into_iter().filter_map(read).collect())
}

/// The newest events of a chain behind a number, but for those of some kinds, the newest first.
///
/// # Errors
/// What the database says.
pub(in crate::domain) fn since(
    rx: &mut Look<'_>,
    owner: &Owner,
    after: i64,
    but: &[&str],
    limit: i64,
) -> Result<Vec<Past>> {
    let rows: Vec<Row> = table::table
        .filter(table::chain.eq(owner.id()).and(table::seq.gt(after)).and(table::seq.lt(i64::MAX)))
        .filter(table::kind.ne_all(but.to_vec()))
        .order(table::seq.desc())
        .limit(limit)
        .select(Row::as_select())
        .load(rx.conn())?;
    Ok(rows.into_iter().filter_map(read).collect())
}

//! Rows that nobody can read, and rows that refer to what is not there.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{Finding, NAMED, Row};
use crate::db::dialect::native;
use crate::db::perhaps::{Perhaps, readable};
use crate::db::readable::{self, Looked};
use crate::domain::unit::Look;
use crate::domain::vault::OwnerKind;
use crate::domain::vault::stated::{Holds, OpenedBy, Table};
use crate::error::Result;

#[derive(QueryableByName)]
struct Ids {
    #[diesel(sql_type = Text)]
    id: Perhaps<String>,
    #[diesel(sql_type = Text)]
    ids: Perhaps<String>,
}

/// Rows of these tables that nobody can read.
///
/// # Errors
/// What the database says.
pub fn unreadable(rx: &mut Look<'_>, tables: &[&'static Table]) -> Result<Vec<Finding>> {
    let detail = "the column holds what the service never writes there, so nothing can read the row, and nothing works on \
                  it: put the row back from a backup";
    let finding = |one: readable::Unreadable| Finding {
        code: "unreadable_row",
        table: one.table,
        id: format!("{} {}", one.row, one.column),
        detail,
    };
    let looked: Vec<Looked> = tables.iter().map(|table| Looked { name: table.name, prefix: prefix(table) }).collect();
    Ok(readable::unreadable(rx, &looked, NAMED)?.into_iter().map(finding).collect())
}

/// How the ids of a table begin, where they are ours.
fn prefix(table: &Table) -> Option<&'static str> {
    table.columns.iter().find_map(|(_, holds)| if let Holds::Id(prefix) = holds { Some(*prefix) } else { None })
}

/// Rows of these tables that refer to what exists nowhere.
///
/// # Errors
/// What the database says.
pub fn orphans(rx: &mut Look<'_>, tables: &[&'static Table]) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for table in tables {
        for (column, holds) in table.columns {
            let rows = if let Holds::RefersToEach(to) = holds {
                some_gone(rx, table, column, to)?
            } else if let Some(nowhere) = nowhere(holds, column, tables) {
                gone(rx, table, column, &nowhere)?
            } else {
                continue;
            };
            found.extend(rows.into_iter().map(|id| Finding {
                code: "orphan",
                table: table.name,
                id,
                detail: "its owner is gone: somebody changed rows outside the service; compare with a backup",
            }));
        }
    }
    Ok(found)
}

/// The condition that what a column of the row `c` refers to is nowhere; nothing for a column that refers to nothing.
fn nowhere(holds: &Holds, column: &str, tables: &[&'static Table]) -> Option<String> {
    let owners = OwnerKind::ALL.iter().map(|kind| kind.table()).collect::<Vec<_>>();
    let none = |named: &str, table: &str| format!("NOT EXISTS (SELECT 1 FROM {table} r WHERE {named} = c.{column})");
    let by_id = |tables: &[&str]| tables.iter().map(|table| none("r.id", table)).collect::<Vec<_>>();
    let all = match holds {
        Holds::Refers(to) => by_id(to),
        Holds::RefersOr(to, words) => {
            let mut all = by_id(to);
            all.push(format!("c.{column} NOT IN ('{}')", words.join("', '")));
            all
        }
        Holds::Owner => by_id(&owners),
        Holds::HasKeys => {
            let mut all = by_id(&owners);
            let others = tables.iter().filter(|table| matches!(table.opened_by, OpenedBy::Itself));
            for table in others.filter(|table| !owners.contains(&table.name)) {
                let sealed = table.columns.iter().filter_map(|(_, holds)| {
                    if let Holds::Sealed(sealing) = holds { Some(sealing.at_of(table)) } else { None }
                });
                all.extend(sealed.map(|name| none(&name, table.name)));
            }
            all
        }
        // Each of several ids in one text is looked for by itself.
        Holds::RefersToEach(_)
        | Holds::Id(_)
        | Holds::Code(_)
        | Holds::Codes(_)
        | Holds::Sealed(_)
        | Holds::Digest(_)
        | Holds::Text(_) => return None,
    };
    Some(all.join(" AND "))
}

/// The rows whose column names nothing.
fn gone(rx: &mut Look<'_>, table: &Table, column: &str, nowhere: &str) -> Result<Vec<String>> {
    // Names of the statements, and nothing else, stand in it.
    let statement = format!(
        "SELECT DISTINCT CAST(c.{} AS TEXT) AS id FROM {} c WHERE c.{column} IS NOT NULL AND {nowhere} ORDER BY 1 \
         LIMIT {NAMED}",
        table.row, table.name
    );
    let rows: Vec<Row> = native!(rx.conn(), |c| diesel::sql_query(statement).load(c))?;
    Ok(rows.into_iter().filter_map(|row| row.id.0).collect())
}

/// The rows of whose several names one at the least names nothing.
fn some_gone(rx: &mut Look<'_>, table: &Table, column: &str, to: &str) -> Result<Vec<String>> {
    let known: Vec<Row> = native!(rx.conn(), |c| diesel::sql_query(format!("SELECT id FROM {to}")).load(c))?;
    let known: BTreeSet<String> = readable(known.into_iter().map(|row| row.id).collect()).into_iter().collect();
    let statement = format!(
        "SELECT CAST({} AS TEXT) AS id, {column} AS ids FROM {} WHERE {column} IS NOT NULL ORDER BY 1",
        table.row, table.name
    );
    let rows: Vec<Ids> = native!(rx.conn(), |c| diesel::sql_query(statement).load(c))?;
    let is_gone = |ids: &str| ids.split(' ').any(|id| !id.is_empty() && !known.contains(id));
    let rows = rows.into_iter().filter_map(|row| row.id.0.zip(row.ids.0));
    Ok(rows.filter(|(_, ids)| is_gone(ids)).map(|(id, _)| id).take(NAMED).collect())
}

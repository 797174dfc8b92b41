//! Totals by quarter, brought up to date by a job: nobody who counts a case waits for a number that others count too.

use std::collections::BTreeMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::{CubeCell, FlowKind, Quarter};
use crate::base::time::Timestamp;
use crate::db::dialect;
use crate::db::perhaps::{Perhaps, first_readable};
use crate::db::schema::{flow_totals, flows};
use crate::domain::terms::region::Region;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;

/// A row as it is loaded.
type Loaded = (Perhaps<String>, (FlowKind, Timestamp, Region), (Perhaps<String>, Perhaps<String>, Perhaps<String>));
type Row = (String, FlowKind, Timestamp, String, String, Region, String);

/// Adds up to `limit` rows to the totals, and says how many.
///
/// # Errors
/// What the database says.
pub fn add_up(tx: &mut Unit<'_>, limit: i64) -> Result<usize> {
    dialect::bar_totals(tx.conn())?;
    let rows: Vec<Row> = first_readable(limit, |limit| {
        let loaded: Vec<Loaded> = flows::table
            // As a literal: SQLite finds the index of those that wait by the words of its condition.
            .filter(sql::<Bool>("totalled = FALSE"))
            // A row that cannot be read keeps no other from being added; the build of an edition finds that totals differ.
            .filter(flows::flow.eq_any(FlowKind::ALL).and(flows::region.eq_any(Region::ALL)))
            .order(flows::flow)
            .limit(limit)
            .select((
                flows::case_id,
                (flows::flow, flows::at, flows::region),
                (flows::platform_id, flows::category, flows::value),
            ))
            .load(tx.conn())?;
        let read = |(case, (flow, at, region), (platform, category, value)): Loaded| {
            Some((case.0?, flow, at, platform.0?, category.0?, region, value.0?))
        };
        Ok(loaded.into_iter().map(read).collect())
    })?;
    let mut sums: BTreeMap<_, i64> = BTreeMap::new();
    let mut added: BTreeMap<FlowKind, Vec<String>> = BTreeMap::new();
    for (case, flow, at, platform, category, region, value) in &rows {
        *sums.entry((*flow, Quarter::of(*at).to_string(), platform, category, *region, value)).or_default() += 1;
        added.entry(*flow).or_default().push(case.clone());
    }
    for ((flow, quarter, platform, category, region, value), more) in sums {
        let row = flow_totals::table.find((flow, &quarter, platform, category, region, value));
        let known = diesel::update(row).set(flow_totals::cases.eq(flow_totals::cases + more)).execute(tx.conn())?;
        if known == 0 {
            let new = (
                flow_totals::flow.eq(flow),
                flow_totals::quarter.eq(&quarter),
                flow_totals::platform_id.eq(platform),
                flow_totals::category.eq(category),
                flow_totals::region.eq(region),
                flow_totals::value.eq(value),
                flow_totals::cases.eq(more),
            );
            diesel::insert_into(flow_totals::table).values(new).execute(tx.conn())?;
        }
    }
    for (flow, cases) in added {
        diesel::update(flows::table.filter(flows::flow.eq(flow).and(flows::case_id.eq_any(cases))))
            .set(flows::totalled.eq(true))
            .execute(tx.conn())?;
    }
    Ok(rows.len())
}

/// Whether the totals of a quarter are what a full count finds. Rows that wait to be added up are no agreement.
///
/// # Errors
/// What the database says.
pub fn agree(rx: &mut Look<'_>, flow: FlowKind, quarter: Quarter, counted: &[CubeCell]) -> Result<bool> {
    let mut totals: Vec<CubeCell> = flow_totals::table
        .filter(flow_totals::flow.eq(flow).and(flow_totals::quarter.eq(quarter.to_string())))
        .select((
            flow_totals::platform_id,
            flow_totals::category,
            flow_totals::region,
            flow_totals::value,
            flow_totals::cases,
        ))
        .load(rx.conn())?;
    totals.sort();
    Ok(totals == counted)
}

/// How many cases of a quarter were not counted, because enough of the same account were.
///
/// # Errors
/// What the database says.
pub fn capped(rx: &mut Look<'_>, quarter: Quarter) -> Result<i64> {
    let of_quarter = flow_totals::flow.eq(FlowKind::Capped).and(flow_totals::quarter.eq(quarter.to_string()));
    let all: Vec<i64> = flow_totals::table.filter(of_quarter).select(flow_totals::cases).load(rx.conn())?;
    Ok(all.into_iter().sum())
}

//! What the clock, or another case, does to cases: holds that end, requests that are overdue, comparisons, rights that
//! ended, and what a start does to them.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::beat::Beat;
use super::rows::{each_row, each_row_in_turn, or_else};
use crate::domain::casework;
use crate::domain::casework::requests;
use crate::domain::casework::rights;
use crate::domain::ledger::stumbles;
use crate::domain::paging;
use crate::domain::watch::matching;
use crate::domain::watch::together::Together;
use crate::domain::watch::waiting;
use crate::error::Result;

pub(super) async fn end_holds(beat: &Beat) -> Result<()> {
    let call = async |case: &str| beat.write_row(case, paging::call_for_unreadable).await;
    let work = async |case: &str| or_else(beat, case, casework::end_hold, call).await;
    each_row(beat, casework::holds_ended, work).await.map(drop)
}

pub(super) async fn mark_overdue(beat: &Beat) -> Result<()> {
    let call = async |request: &str| {
        let id = request.to_owned();
        let case = beat.read(move |rx| requests::case_of(rx, &id)).await?;
        beat.write_row(&case, paging::call_for_unreadable).await
    };
    let work = async |request: &str| or_else(beat, request, requests::mark_overdue, call).await;
    each_row(beat, requests::overdue, work).await.map(drop)
}

/// Compares what came in with what is there, of each platform in its turn: one after the other, so that each knows what the one
/// before it found.
pub(super) async fn compare(beat: &Beat) -> Result<()> {
    let together = Arc::new(Mutex::new(Together::default()));
    let work = async |case: &str| {
        let id = case.to_owned();
        let mut turn = Arc::clone(&together).lock_owned().await;
        let read = beat.read_patiently(move |rx| Ok((matching::compare(rx, &id, &mut turn)?, turn))).await;
        let (found, turn) = read?;
        drop(turn);
        let id = case.to_owned();
        beat.write(move |tx| matching::raise(tx, &id, &found)).await
    };
    each_row_in_turn(beat, waiting::in_turn, work).await.map(drop)
}

/// Takes cases from those whose right to them ended at the very moment in which they took them.
pub(super) async fn end_unfit(beat: &Beat) -> Result<()> {
    let work = async |case: &str| {
        let id = case.to_owned();
        if beat.read(move |rx| rights::is_unfit(rx, &id)).await? {
            beat.write_row(case, rights::end_unfit).await?;
        }
        Ok(())
    };
    each_row(beat, rights::kept, work).await.map(drop)
}

/// Has each row that was in the way of a job tried once more: the start may bring what mends it.
pub(super) async fn try_anew(beat: &Beat) -> Result<()> {
    beat.write(stumbles::begin_anew).await
}

/// Assesses again what came in while the rules were broken. Done at start: that is when rules are read. What cannot be
/// assessed again stays p1.
pub(super) async fn reassess(beat: &Beat) -> Result<()> {
    let work = async |case: &str| beat.write_row(case, casework::reassess_failed).await;
    each_row(beat, casework::without_rules, work).await.map(drop)
}

/// Puts open cases where the rule file in force wants them. Done at start: that is when rules are read.
pub(super) async fn requeue(beat: &Beat) -> Result<()> {
    const LOOKED_AT: i64 = 500;
    // Without rules nobody knows where a case belongs.
    let mut next = beat.app.kit.triage.failure().is_none().then(String::new);
    while let Some(after) = next {
        let (wrong, last) = beat.read(move |rx| casework::out_of_queue(rx, &after, LOOKED_AT)).await?;
        next = last;
        for case in wrong {
            if let Err(error) = beat.write_row(&case, casework::place_anew).await {
                tracing::error!(%error, case, "a case could not be put into the queue of the rules");
            }
        }
    }
    Ok(())
}

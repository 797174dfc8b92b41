//! What must reach a person, or the record: alarms, clocks, claims that ran out in silence, cases that nobody sees,
//! sign-ins that were refused.

use super::beat::Beat;
use super::rows::{each_row, each_row_resting, or_else};
use crate::domain::casework;
use crate::domain::directory::stale;
use crate::domain::paging;
use crate::domain::paging::{missed, unseen};
use crate::domain::people::door;
use crate::domain::referrals;
use crate::domain::unit::Look;
use crate::error::Result;

/// Ends claims that ran out in silence, and has somebody told.
pub(super) async fn end_claims(beat: &Beat) -> Result<()> {
    let call = async |case: &str| beat.write_row(case, paging::call_for_unreadable).await;
    let work = async |case: &str| or_else(beat, case, casework::lapse, call).await;
    each_row(beat, casework::claims_lapsed, work).await.map(drop)
}

/// Ends offers that nobody took, and has both told.
pub(super) async fn end_offers(beat: &Beat) -> Result<()> {
    let call = async |case: &str| beat.write_row(case, paging::call_for_unreadable).await;
    let work = async |case: &str| or_else(beat, case, casework::lapse_offer, call).await;
    each_row(beat, casework::offers_lapsed, work).await.map(drop)
}

/// Tells of the clocks of cases in which somebody is in danger now, each as soon as it is due.
pub(super) async fn tell_of_clocks(beat: &Beat) -> Result<()> {
    each_row(beat, casework::urgent_clocks_to_tell, async |clock| tell_of_clock(beat, clock).await).await.map(drop)
}

/// Tells of those of all other cases. Where very many are due at once, as after a clock that leapt, whoever reports does not wait for
/// them all.
pub(super) async fn tell_of_other_clocks(beat: &Beat) -> Result<()> {
    each_row_resting(beat, casework::other_clocks_to_tell, async |clock| tell_of_clock(beat, clock).await)
        .await
        .map(drop)
}

async fn tell_of_clock(beat: &Beat, clock: &str) -> Result<()> {
    let call = async |clock: &str| {
        let id = clock.to_owned();
        let case = beat.read(move |rx| casework::case_of_clock(rx, &id)).await?;
        beat.write_row(&case, paging::call_for_unreadable).await
    };
    or_else(beat, clock, referrals::tell_of_clock, call).await
}

/// Looks of those who were turned away whether a wall was the reason, and has it told.
pub(super) async fn look_for_walls(beat: &Beat) -> Result<()> {
    let work = async |row: &str| beat.write_row(row, paging::look_for_wall).await;
    each_row(beat, paging::were_turned_away, work).await.map(drop)
}

/// Looks whether anybody has signed in of the shifts that began a quarter of an hour ago, and has the leads paged.
pub(super) async fn look_at_shifts(beat: &Beat) -> Result<()> {
    let work = async |row: &str| beat.write_row(row, missed::look_at_shift).await;
    each_row(beat, missed::begun, work).await.map(drop)
}

/// Rings the alarms that are due. One whose case cannot be read rings at every lead.
pub(super) async fn ring(beat: &Beat) -> Result<()> {
    let blind = async |case: &str| beat.write_row(case, paging::ring_unreadable).await;
    let work = async |case: &str| or_else(beat, case, paging::ring_case, blind).await;
    each_row(beat, paging::due, work).await.map(drop)
}

/// Makes one event a minute of the sign-ins of an account that were refused.
pub(super) async fn note_refusals(beat: &Beat) -> Result<()> {
    let work = async |row: &str| beat.write_row(row, door::note_refusals).await;
    each_row(beat, door::refusals_due, work).await.map(drop)
}

/// Has leads and operator told of entries of the directory that end within a fortnight.
pub(super) async fn look_at_services(beat: &Beat) -> Result<()> {
    let app = std::sync::Arc::clone(&beat.app);
    let look = move |rx: &mut Look<'_>| {
        let (book, now) = (app.directory.now(rx)?, rx.now());
        Ok((stale::counts(&book, now), stale::untold(&book, now)))
    };
    let (counts, untold) = beat.read(look).await?;
    beat.app.metrics.services(&counts);
    if untold.is_empty() { Ok(()) } else { beat.write(move |tx| stale::tell(tx, &untold)).await }
}

/// Looks for cases that nobody may work on, and has them told.
pub(super) async fn find_unseen(beat: &Beat) -> Result<()> {
    let look = |rx: &mut Look<'_>| {
        let (found, known) = (unseen::find(rx)?, unseen::known(rx)?);
        Ok(unseen::is_news(&found, &known, rx.now()).then_some(found))
    };
    match beat.read(look).await? {
        Some(found) => beat.write(move |tx| unseen::note_and_tell(tx, &found)).await,
        None => Ok(()),
    }
}

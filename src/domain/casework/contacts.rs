//! Contact with her, as notes record it: by a way that is safe by the wishes in force, or because she came to us; that
//! somebody waits, and until when; and what was done anyway.

use std::time::Duration;

use diesel::prelude::*;

use super::notes::{NewNote, Reached, Records};
use super::wishes;
use crate::base::id::CaseId;
use crate::base::time::Timestamp;
use crate::db::schema::notes;
use crate::domain::case::clocks::{self, Clock, ClockKind, longest_standby};
use crate::domain::case::{Case, report};
use crate::domain::ledger::audit::{self, Event};
use crate::domain::paging::{self, Call, Rung};
use crate::domain::terms::words::Channel;
use crate::domain::triage::Priority;
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::rules::Casework;
use crate::error::{Error, Result, Violations};

/// How far ahead the next look at a less urgent case may lie.
const LATEST_LOOK: Duration = Duration::from_hours(7 * 24);
const AN_HOUR: u64 = 3_600;
/// Why a lead is paged when somebody waits with contact on a p0.
const WAITS: &str = "standby";

impl Reached {
    /// The channel of the wishes; nothing when she came to us.
    const fn channel(self) -> Option<Channel> {
        match self {
            Self::Incoming => None,
            Self::Portal => Some(Channel::Portal),
            Self::Email => Some(Channel::Email),
            Self::Phone => Some(Channel::Phone),
            Self::Sms => Some(Channel::Sms),
            Self::Platform => Some(Channel::Platform),
        }
    }
}

/// What a note of a contact, or of waiting with it, needs, and what no other note has.
pub(super) fn note_is_sound(note: &NewNote, case: &Case, now: Timestamp) -> Result<()> {
    let mut v = Violations::default();
    let (safe, unsafe_) = (note.records == Some(Records::SafeContact), note.records == Some(Records::UnsafeContact));
    let incoming = note.channel == Some(Reached::Incoming);
    v.require(
        !safe || incoming || note.channel_confirmed_safe,
        "/channel_confirmed_safe",
        Casework::ChannelNotConfirmed,
    );
    v.require(note.channel.is_some() || !(safe || unsafe_), "/channel", Casework::NoChannel);
    v.require(note.channel.is_none() || safe || unsafe_, "/channel", Casework::NotOfThisNote);
    v.require(!(unsafe_ && incoming), "/channel", Casework::SheCame);
    let waits = note.records == Some(Records::Standby);
    v.require(note.look_again_by.is_none() || waits, "/look_again_by", Casework::NotOfThisNote);
    if waits && case.state.is_open() {
        let bound = longest_standby(case.priority);
        let latest = bound.unwrap_or(LATEST_LOOK);
        let hours = latest.as_secs() / AN_HOUR;
        v.require(bound.is_none() || note.look_again_by.is_some(), "/look_again_by", Casework::NoLookAgain(hours));
        let in_time = note.look_again_by.is_none_or(|by| by > now && by <= now.plus(latest));
        v.require(in_time, "/look_again_by", Casework::LookAgainOutOfRange(hours));
    }
    v.into_result()
}

/// Whether a note may say that she was contacted. Nobody reaches her while her wishes could not be read: they may have been
/// "not by phone"; whoever has asked her says so. Otherwise the wishes in force list the way. Nobody reached her who came to
/// us.
///
/// # Errors
/// `Invalid` at `/wishes_asked` or at `/channel`.
pub(super) fn is_open(tx: &mut Unit<'_>, case: &CaseId, note: &NewNote) -> Result<()> {
    if !matches!(note.records, Some(Records::SafeContact | Records::CoercionCheck)) {
        return Ok(());
    }
    let channel = note.channel.and_then(Reached::channel);
    let she_came = note.channel == Some(Reached::Incoming);
    if report::contact_is_barred(tx, case)? {
        if note.wishes_asked {
            report::lift_bar(tx, case)?;
        } else if !she_came {
            return Err(Error::invalid("/wishes_asked", Casework::ContactBarred));
        }
    }
    match channel {
        Some(channel) if !wishes::in_force(tx, case)?.safe_channels().contains(&channel) => {
            Err(Error::invalid("/channel", Casework::ChannelNotSafe))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether contact has failed, or was not safe, since then, as notes record it.
pub(in crate::domain) fn failed_since(rx: &mut Look<'_>, case: &CaseId, since: Timestamp) -> Result<bool> {
    let failed = [Records::Standby, Records::UnsafeContact];
    let any = notes::table.filter(notes::case_id.eq(case).and(notes::records.eq_any(failed)).and(notes::at.ge(since)));
    Ok(any.select(notes::id).first::<String>(rx.conn()).optional()?.is_some())
}

/// What follows from a contact: clocks are met, and the next one that was agreed begins.
pub(super) fn was_made(tx: &mut Unit<'_>, case: &Case, note: &NewNote) -> Result<()> {
    for kind in [ClockKind::FirstContactOrStandby, ClockKind::CheckIn, ClockKind::LookAgain] {
        clocks::meet(tx, &case.id, kind, None)?;
    }
    match note.check_in_by {
        Some(by) if case.state.is_open() => {
            let agreed = Clock::begin(&case.id, ClockKind::CheckIn, tx.now(), by);
            clocks::insert(tx, &[agreed])
        }
        Some(_) | None => Ok(()),
    }
}

/// What follows when somebody waits with contact: they look again in time, and of a p0 a lead hears the first time.
pub(super) fn waits(tx: &mut Unit<'_>, case: &Case, note: &NewNote) -> Result<()> {
    let waited = clocks::of_case(tx, &case.id)?.iter().any(|clock| clock.kind == ClockKind::LookAgain && clock.runs());
    for kind in [ClockKind::FirstContactOrStandby, ClockKind::LookAgain] {
        clocks::meet(tx, &case.id, kind, None)?;
    }
    if !case.state.is_open() {
        return Ok(());
    }
    let now = tx.now();
    if let Some(by) = note.look_again_by {
        clocks::insert(tx, &[Clock::begin(&case.id, ClockKind::LookAgain, now, by)])?;
    }
    if case.priority != Priority::P0 {
        return Ok(());
    }
    // Whoever has waited since it was less urgent waits for the first time.
    let told = Event::AlarmOpened { reason: WAITS.to_owned() };
    let is_told = waited && audit::times_since(tx, &Owner::case(&case.id), &told, Timestamp::from_micros(0))? > 0;
    if is_told { Ok(()) } else { paging::call(tx, case, Call { reason: WAITS, at: now, least: Rung::Lead }) }
}

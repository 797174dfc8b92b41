//! Whether what hangs on a case is what its record says: additions, notes, requests, acts of two, and who has read it.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use serde_json::Value;

use super::Finding;
use super::records::{CHANGED, GONE, Told, UNRECORDED, finding};
use crate::base::id::CaseId;
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::{acts, additions, consent_changes, consents, legal_holds, notes, readings, requests};
use crate::domain::unit::Look;
use crate::error::Result;

/// A row by its id, and a word of it that the record has too.
type Said = (Perhaps<String>, Perhaps<Option<String>>);

/// What is there and is not on record, is on record and not there, or says something else.
pub(super) fn of_what_hangs(rx: &mut Look<'_>, id: &CaseId, events: &[Told]) -> Result<Vec<Finding>> {
    let there = readable(additions::table.filter(additions::case_id.eq(id)).select(additions::id).load(rx.conn())?);
    let mut found = compared("additions", &told_of(events, "addition_received", "addition"), &there);
    let there = readable(requests::table.filter(requests::case_id.eq(id)).select(requests::id).load(rx.conn())?);
    found.extend(compared("requests", &told_of(events, "request_made", "request"), &there));
    found.extend(of_consents(rx, id, events)?);
    found.extend(of_holds(rx, id, events)?);
    found.extend(of_notes(rx, id, events)?);
    found.extend(of_acts(rx, id, events)?);
    found.extend(of_readings(rx, id, events)?);
    Ok(found)
}

/// The members of all events of a kind.
fn told_of<'a>(events: &'a [Told], kind: &str, member: &str) -> BTreeSet<&'a str> {
    events.iter().filter(|told| told.kind() == kind).filter_map(|told| told.text(member)).collect()
}

fn compared(table: &'static str, recorded: &BTreeSet<&str>, there: &[String]) -> Vec<Finding> {
    let stands: BTreeSet<&str> = there.iter().map(String::as_str).collect();
    let unrecorded = stands.difference(recorded).map(|id| finding("row_not_recorded", table, id, UNRECORDED));
    let gone = recorded.difference(&stands).map(|id| finding("row_gone", table, id, GONE));
    unrecorded.chain(gone).collect()
}

/// What a survivor agreed to, and how often she took something back of each.
fn of_consents(rx: &mut Look<'_>, id: &CaseId, events: &[Told]) -> Result<Vec<Finding>> {
    let there = consents::table.filter(consents::case_id.eq(id)).select(consents::id);
    let there: Vec<String> = readable(there.load(rx.conn())?);
    let mut found = compared("consents", &told_of(events, "consent_given", "consent"), &there);
    let changes = consent_changes::table.filter(consent_changes::case_id.eq(id)).select(consent_changes::consent_id);
    let changes: Vec<String> = readable(changes.load(rx.conn())?);
    let kinds = ["consent_narrowed", "consent_withdrawn"];
    for consent in &there {
        let stands = changes.iter().filter(|one| *one == consent).count();
        let told = events.iter().filter(|told| kinds.contains(&told.kind()) && told.text("consent") == Some(consent));
        let told = told.count();
        if stands < told {
            found.push(finding("row_gone", "consent_changes", consent, GONE));
        } else if stands > told {
            found.push(finding("row_not_recorded", "consent_changes", consent, UNRECORDED));
        }
    }
    Ok(found)
}

/// What was placed so that nothing is destroyed, and whether it was ended.
fn of_holds(rx: &mut Look<'_>, id: &CaseId, events: &[Told]) -> Result<Vec<Finding>> {
    let of_case = legal_holds::table.filter(legal_holds::case_id.eq(id));
    let there: Vec<String> = readable(of_case.select(legal_holds::id).load(rx.conn())?);
    let mut found = compared("legal_holds", &told_of(events, "hold_placed", "hold"), &there);
    let ended = of_case.filter(legal_holds::ended_at.is_not_null()).select(legal_holds::id);
    let ended: BTreeSet<String> = readable(ended.load(rx.conn())?).into_iter().collect();
    let recorded = told_of(events, "hold_ended", "hold");
    let differs = there.iter().filter(|hold| ended.contains(*hold) != recorded.contains(hold.as_str()));
    found.extend(differs.map(|hold| finding("row_changed", "legal_holds", hold, CHANGED)));
    Ok(found)
}

/// What a note records opens ways, so it is compared as well.
fn of_notes(rx: &mut Look<'_>, id: &CaseId, events: &[Told]) -> Result<Vec<Finding>> {
    let rows: Vec<Said> =
        notes::table.filter(notes::case_id.eq(id)).select((notes::id, notes::records)).load(rx.conn())?;
    let rows = whole(rows);
    let ids: Vec<String> = rows.iter().map(|(id, _)| id.clone()).collect();
    let mut found = compared("notes", &told_of(events, "note_written", "note"), &ids);
    let written = events.iter().filter(|told| told.kind() == "note_written");
    let recorded: BTreeMap<&str, Option<&str>> =
        written.filter_map(|told| Some((told.text("note")?, told.text("records")))).collect();
    let differs =
        rows.iter().filter(|(id, records)| recorded.get(id.as_str()).is_some_and(|of| *of != records.as_deref()));
    found.extend(differs.map(|(id, _)| finding("row_changed", "notes", id, CHANGED)));
    Ok(found)
}

fn of_acts(rx: &mut Look<'_>, id: &CaseId, events: &[Told]) -> Result<Vec<Finding>> {
    let rows: Vec<Said> =
        acts::table.filter(acts::case_id.eq(id)).select((acts::id, acts::state.nullable())).load(rx.conn())?;
    let rows = whole(rows);
    let ids: Vec<String> = rows.iter().map(|(id, _)| id.clone()).collect();
    let mut found = compared("acts", &told_of(events, "act_proposed", "act"), &ids);
    let decided = events.iter().filter(|told| told.kind() == "act_decided");
    let decided: BTreeMap<&str, Option<bool>> = decided
        .filter_map(|told| Some((told.text("act")?, told.details.get("approved").and_then(Value::as_bool))))
        .collect();
    let taken_back = told_of(events, "act_withdrawn", "act");
    for (id, state) in &rows {
        let signed = decided.get(id.as_str()).copied().flatten();
        let is_as_recorded = match state.as_deref() {
            Some("approved") => signed == Some(true),
            Some("refused") => signed == Some(false),
            Some("pending") => signed.is_none() && !taken_back.contains(id.as_str()),
            Some("withdrawn") => taken_back.contains(id.as_str()),
            Some(_) | None => true,
        };
        if !is_as_recorded {
            found.push(finding("row_changed", "acts", id, CHANGED));
        }
    }
    Ok(found)
}

/// Somebody who is said to have read a case, and of whom the record has no reading.
fn of_readings(rx: &mut Look<'_>, id: &CaseId, events: &[Told]) -> Result<Vec<Finding>> {
    let readers: Vec<String> =
        readable(readings::table.filter(readings::case_id.eq(id)).select(readings::staff_id).load(rx.conn())?);
    // Who looked at what happened has not read by it what was said.
    let with_content = |told: &&Told| {
        told.details.get("content").and_then(Value::as_bool) == Some(true) && told.details.get("part").is_none()
    };
    let recorded: BTreeSet<&str> = events
        .iter()
        .filter(|told| told.kind() == "case_read")
        .filter(with_content)
        .map(|told| told.event.actor.as_str())
        .collect();
    let made_up = readers.iter().filter(|who| !recorded.contains(who.as_str()));
    Ok(made_up.map(|who| finding("row_not_recorded", "readings", &format!("{id} {who}"), UNRECORDED)).collect())
}

/// Those that can be read. The others are named by themselves.
fn whole(rows: Vec<Said>) -> Vec<(String, Option<String>)> {
    rows.into_iter().filter_map(|(id, word)| Some((id.0?, word.0?))).collect()
}

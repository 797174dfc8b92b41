//! Whether rows say what the record says of them. Each chain is verified by itself; here what stands in the rows of its owner is
//! compared with what happened, so that a row which somebody changed past the service is found.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use serde_json::Value;

use super::{Finding, recorded};
use crate::base::id::{CaseId, PlatformId, ServiceId, StaffId};
use crate::db::perhaps::{Perhaps, readable};
use crate::db::schema::{
    declarations, partner_clients, platform_clients, reports, services, staff, staff_identifiers, staff_sessions,
};
use crate::domain::case;
use crate::domain::ledger::audit::{self, Recorded};
use crate::domain::unit::Look;
use crate::domain::vault::Owner;
use crate::error::Result;

pub(super) const CHANGED: &str = "the row does not say what the record says: somebody changed it outside the service. Compare with the \
                       case's audit chain, and put it back from a backup";
pub(super) const UNRECORDED: &str = "the record knows nothing of it: somebody wrote the row outside the service, or moved it here. Find out \
                          who can write to the database";
pub(super) const GONE: &str = "the record says that it came, and there is no such row: somebody removed it outside the service. Put it back \
                    from a backup";

/// Rows of these owners that contradict what was recorded of them. What cannot be read is named elsewhere.
///
/// # Errors
/// What the database says.
pub fn records(rx: &mut Look<'_>, owners: &[String]) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for owner in owners {
        match against(rx, owner) {
            Err(error) if error.is_of_a_row() => {}
            told => found.extend(told?),
        }
    }
    Ok(found)
}

fn against(rx: &mut Look<'_>, owner: &str) -> Result<Vec<Finding>> {
    let Ok(parsed) = owner.parse::<Owner>() else { return Ok(Vec::new()) };
    // Of what ended nobody knows any more what was recorded.
    if audit::has_ended(rx, owner)? {
        return Ok(Vec::new());
    }
    let events: Vec<Told> = audit::list(rx, owner)?.into_iter().map(Told::of).collect();
    match parsed {
        Owner::Case(id) => of_case(rx, &id, &events),
        Owner::Staff(id) => of_account(rx, &id, &events),
        Owner::Platform(id) => of_platform(rx, &id, &events),
        Owner::Service(id) => of_service(rx, &id, &events),
    }
}

/// An event with its members.
pub(super) struct Told {
    pub(super) event: Recorded,
    pub(super) details: Value,
}

impl Told {
    fn of(event: Recorded) -> Self {
        let details = serde_json::from_str(&event.details).unwrap_or_default();
        Self { event, details }
    }

    pub(super) fn kind(&self) -> &str {
        &self.event.kind
    }

    pub(super) fn text(&self, member: &str) -> Option<&str> {
        self.details.get(member).and_then(Value::as_str)
    }
}

/// The member of the last of these events that has it.
fn last<'a>(events: &'a [Told], members: &[(&str, &str)]) -> Option<&'a str> {
    events.iter().rev().find_map(|told| {
        let (_, member) = members.iter().find(|(kind, _)| *kind == told.kind())?;
        told.text(member)
    })
}

pub(super) fn finding(code: &'static str, table: &'static str, id: &str, detail: &'static str) -> Finding {
    Finding { code, table, id: id.to_owned(), detail }
}

/// A service has one event of its own for each version: an older row, put back with its proof, has fewer.
fn of_service(rx: &mut Look<'_>, id: &ServiceId, events: &[Told]) -> Result<Vec<Finding>> {
    let version: Option<i64> = services::table.find(id).select(services::version).first(rx.conn()).optional()?;
    let own = events.iter().filter(|told| told.kind().starts_with("service_")).count();
    let differs = version.is_some_and(|version| usize::try_from(version) != Ok(own));
    let mut found: Vec<Finding> =
        differs.then(|| finding("row_changed", "services", id.as_str(), CHANGED)).into_iter().collect();
    let rows: Vec<CredentialRow> = partner_clients::table
        .filter(partner_clients::service_id.eq(id))
        .select((
            partner_clients::id,
            partner_clients::mode,
            partner_clients::scopes,
            partner_clients::epoch,
            partner_clients::revoked_at,
        ))
        .load(rx.conn())?;
    let all = readable(partner_clients::table.select(partner_clients::id).load(rx.conn())?);
    found.extend(of_credentials("partner_clients", "partner", &rows, events, &all.into_iter().collect()));
    Ok(found)
}

fn of_case(rx: &mut Look<'_>, id: &CaseId, events: &[Told]) -> Result<Vec<Finding>> {
    let Some(case) = case::find(rx, id)? else { return Ok(Vec::new()) };
    let moved = events.iter().rev().find(|told| told.kind() == "case_moved");
    let state = moved.map_or(Some("received"), |told| told.text("to"));
    let outcome = moved.and_then(|told| told.text("outcome"));
    let priority = last(events, &[("priority_changed", "to"), ("case_opened", "priority")]);
    let queue = last(events, &[("queue_changed", "to"), ("case_opened", "queue")]);
    // A priority that changes takes its case to another queue without a word of its own.
    let ruled = rx.kit().triage.rules().queue(case.child, case.priority, case.category.group());
    let differs = [
        ("state_not_recorded", state != Some(case.state.as_str())),
        ("outcome_not_recorded", outcome != case.outcome.map(case::Outcome::as_str)),
        ("priority_not_recorded", priority != Some(case.priority.as_str())),
        ("queue_not_recorded", queue != Some(case.queue.as_str()) && case.queue != ruled),
    ];
    let wrong = differs.into_iter().filter(|(_, differs)| *differs);
    let mut found: Vec<Finding> = wrong.map(|(code, _)| finding(code, "cases", id.as_str(), CHANGED)).collect();
    found.extend(of_reports(rx, &case, events)?);
    found.extend(recorded::of_what_hangs(rx, id, events)?);
    Ok(found)
}

/// Whether the case has the reports that came to it, each of the platform whose client sent it.
fn of_reports(rx: &mut Look<'_>, case: &case::Case, events: &[Told]) -> Result<Vec<Finding>> {
    let there: Vec<(String, String, String)> = reports::table
        .filter(reports::case_id.eq(&case.id))
        .select((reports::id, reports::platform_id, reports::mode))
        .load(rx.conn())?;
    let arrived = events.iter().filter(|told| ["case_opened", "report_joined"].contains(&told.kind()));
    let arrived: BTreeMap<&str, &str> =
        arrived.filter_map(|told| Some((told.text("report")?, told.event.actor.as_str()))).collect();
    let senders: Vec<&str> = arrived.values().copied().collect();
    let clients: Vec<(String, String, String)> = platform_clients::table
        .filter(platform_clients::id.eq_any(senders))
        .select((platform_clients::id, platform_clients::platform_id, platform_clients::mode))
        .load(rx.conn())?;
    let sender =
        |id: &str| clients.iter().find(|(client, ..)| client == id).map(|(_, platform, mode)| (platform, mode));
    let own = (case.platform_id.as_str(), case.mode.as_str());
    let mut found = Vec::new();
    for (id, platform, mode) in &there {
        let Some(client) = arrived.get(id.as_str()) else {
            found.push(finding("report_not_recorded", "reports", id, UNRECORDED));
            continue;
        };
        let is_theirs = sender(client).is_none_or(|by| by == (platform, mode));
        if !is_theirs || own != (platform.as_str(), mode.as_str()) {
            found.push(finding("platform_not_recorded", "reports", id, CHANGED));
        }
    }
    let there: BTreeSet<&str> = there.iter().map(|(id, ..)| id.as_str()).collect();
    let gone = arrived.keys().filter(|id| !there.contains(*id));
    found.extend(gone.map(|id| finding("report_gone", "reports", id, GONE)));
    Ok(found)
}

fn of_account(rx: &mut Look<'_>, id: &StaffId, events: &[Told]) -> Result<Vec<Finding>> {
    let row: Option<(String, bool)> =
        staff::table.find(id).select((staff::role, staff::active)).first(rx.conn()).optional()?;
    let Some((role, active)) = row else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let given = last(events, &[("staff_changed", "role"), ("staff_added", "role")]);
    let is_closed = events.iter().any(|told| told.kind() == "staff_closed");
    if given != Some(role.as_str()) || active == is_closed {
        found.push(finding("account_not_recorded", "staff", id.as_str(), CHANGED));
    }
    let signed_in: BTreeSet<i64> =
        events.iter().filter(|told| told.kind() == "signed_in").map(|told| told.event.at.micros()).collect();
    let sessions: Vec<(Perhaps<String>, Perhaps<i64>)> = staff_sessions::table
        .filter(staff_sessions::staff_id.eq(id))
        .select((staff_sessions::id, staff_sessions::created_at))
        .load(rx.conn())?;
    for (session, at) in sessions {
        if let (Some(session), Some(at)) = (session.0, at.0)
            && !signed_in.contains(&at)
        {
            found.push(finding("session_not_recorded", "staff_sessions", &session, UNRECORDED));
        }
    }
    let declared = events.iter().any(|told| told.kind() == "wall_declared");
    let hashes: i64 =
        staff_identifiers::table.filter(staff_identifiers::staff_id.eq(id)).count().get_result(rx.conn())?;
    let originals: i64 = declarations::table.filter(declarations::staff_id.eq(id)).count().get_result(rx.conn())?;
    if declared && (hashes, originals) == (0, 0) {
        found.push(finding("walls_gone", "declarations", id.as_str(), GONE));
    }
    Ok(found)
}

/// A credential: its id, mode, scopes, epoch, and since when it is void.
type CredentialRow = (String, String, String, i64, Option<i64>);

fn of_platform(rx: &mut Look<'_>, id: &PlatformId, events: &[Told]) -> Result<Vec<Finding>> {
    let rows: Vec<CredentialRow> = platform_clients::table
        .filter(platform_clients::platform_id.eq(id))
        .select((
            platform_clients::id,
            platform_clients::mode,
            platform_clients::scopes,
            platform_clients::epoch,
            platform_clients::revoked_at,
        ))
        .load(rx.conn())?;
    let all = readable(platform_clients::table.select(platform_clients::id).load(rx.conn())?);
    Ok(of_credentials("platform_clients", "client", &rows, events, &all.into_iter().collect()))
}

/// Whether the credentials of an owner are as their events, which begin with `named`, say. `all` are those of all owners.
fn of_credentials(
    table: &'static str,
    named: &str,
    rows: &[CredentialRow],
    events: &[Told],
    all: &BTreeSet<String>,
) -> Vec<Finding> {
    let kind = |what: &str| [named, what].join("_");
    let mut found = Vec::new();
    for (client, mode, scopes, epoch, revoked_at) in rows {
        let of: Vec<&Told> = events.iter().filter(|told| told.text("client") == Some(client)).collect();
        let newest =
            |what: &str, member: &str| of.iter().rev().find(|t| t.kind() == kind(what)).and_then(|t| t.text(member));
        let Some(given) = newest("added", "mode") else {
            found.push(finding("client_not_recorded", table, client, UNRECORDED));
            continue;
        };
        let count = |what: &str| of.iter().filter(|told| told.kind() == kind(what)).count();
        let (rotated, revoked) = (count("rotated"), count("revoked"));
        let last_scopes = newest("scopes_changed", "scopes").or_else(|| newest("added", "scopes"));
        let is_as_recorded = given == mode
            && last_scopes.is_none_or(|given| given == scopes)
            && i64::try_from(1 + rotated + revoked).is_ok_and(|recorded| recorded == *epoch)
            && (revoked > 0) == revoked_at.is_some();
        if !is_as_recorded {
            found.push(finding("client_not_recorded", table, client, CHANGED));
        }
    }
    let added = events.iter().filter(|told| told.kind() == kind("added")).filter_map(|told| told.text("client"));
    let gone = added.filter(|client| !all.contains(*client));
    found.extend(gone.map(|client| finding("client_gone", table, client, GONE)));
    found
}

//! What happened in a case: its record and its notes as one, the newest first. A look at it is a reading of the case and on
//! record as one, but nobody has read by it what she said.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::content::part;
use super::queues;
use crate::base::id::{CaseId, StaffId};
use crate::base::page::{cursor, read_cursor};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::domain::access::{self, Act, Acting, Grant, Read, Sight};
use crate::domain::casework::notes::{self, NoteView};
use crate::domain::ledger::audit::{self, Event, Past};
use crate::domain::people::staff::{self, Role};
use crate::domain::unit::{Look, Unit};
use crate::domain::vault::Owner;
use crate::error::rules::Parameter;
use crate::error::{Error, Forbidden, Refused, Result};

/// So many events are on a page.
const ON_A_PAGE: i64 = 50;
/// Readings change nothing for whoever works on the case.
const READINGS: [&str; 2] = ["case_read", "related_read"];

/// Who did something.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Who {
    /// `staff`, `platform`, `operator` or `system`.
    #[schema(example = "staff")]
    pub kind: String,
    /// The colleague.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub staff_id: Option<StaffId>,
    /// Their name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// Something that happened in a case.
#[derive(Serialize, ToSchema)]
pub struct TimelineEntry {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// By whom.
    pub who: Who,
    /// What: a kind of event, such as `case_moved`.
    #[schema(example = "case_moved")]
    pub kind: String,
    /// The ids, codes and times of it. Colleagues in it are named in `colleagues`.
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
    /// The note that was written; absent for roles that may not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub note: Option<NoteView>,
}

/// What happened in a case: at most 50 events, the newest first.
#[derive(Serialize, ToSchema)]
pub struct TimelineList {
    /// What happened, the newest first.
    #[schema(max_items = 50)]
    pub data: Vec<TimelineEntry>,
    /// The names of the colleagues in it, by their ids.
    #[schema(value_type = BTreeMap<String, String>)]
    pub colleagues: BTreeMap<StaffId, String>,
    /// The number of the record's last event: by it somebody asks later what happened since.
    pub seen: i64,
    /// The `cursor` of the next page, which goes on with what is older; null where there is none.
    pub next_cursor: Option<String>,
    /// Whether a part of it cannot be read and is absent: whoever runs the service can say more by `recourse check`.
    pub damaged: bool,
    /// Whether words of colleagues are among it.
    #[serde(skip)]
    content: bool,
}

/// Which part of what happened.
#[derive(Clone, Debug)]
pub enum Part {
    /// The newest, or what comes behind a cursor.
    From(Option<String>),
    /// What happened since this number, readings and the words of notes aside: the newest 50.
    Since(i64),
}

/// What happened in a case. It may be shown when [`record`] has put the reading on record.
///
/// # Errors
/// `Parameter` for a cursor of another case.
pub fn timeline(rx: &mut Look<'_>, sight: &Sight, wanted: &Part) -> Result<TimelineList> {
    match wanted {
        Part::From(after) => beside(rx, sight, after.as_deref(), Beside::default()),
        Part::Since(seq) => since(rx, sight, *seq),
    }
}

/// What else was read of the case for the same page.
#[derive(Default)]
pub struct Beside {
    /// Colleagues of it, who are named too.
    pub named: Vec<StaffId>,
    /// Notes that are open already.
    pub notes: Vec<NoteView>,
    /// The links as its view has them.
    pub links: Option<Vec<CaseId>>,
}

/// The newest of what happened, or what comes behind a cursor, for a page on which more of the case stands: nothing of that is read
/// twice.
///
/// # Errors
/// As [`timeline`].
pub fn beside(rx: &mut Look<'_>, sight: &Sight, after: Option<&str>, beside: Beside) -> Result<TimelineList> {
    let (case, who) = (&sight.case().id, sight.who());
    let owner = Owner::case(case);
    let list = format!("timeline|{case}");
    let (seen, upto, mut events) = if let Some(text) = after {
        let upto = read_cursor(&list, text).ok_or(Refused::Parameter { name: "cursor", wanted: Parameter::Cursor })?;
        let seen = audit::newest_seq(rx, &owner)?;
        let upto = i64::clamp(upto, 0, seen);
        (seen, upto, audit::between(rx, &owner, (upto - ON_A_PAGE).max(0), upto)?)
    } else {
        let (seen, events) = audit::newest(rx, &owner, ON_A_PAGE)?;
        (seen, seen, events)
    };
    let from = (upto - ON_A_PAGE).max(0);
    // Where one is missing, the newest reach back further than the page.
    events.retain(|event| event.seq > from);
    let content = access::allows(who.role, sight.case().queue, Act::ReadContent);
    // Numbers follow each other: what is missing between them cannot be read.
    let mut damaged = i64::try_from(events.len()).is_ok_and(|count| count < upto - from);
    let Beside { named, notes: open, links } = beside;
    let notes = if content { notes_of(rx, case, &events, open, &mut damaged)? } else { BTreeMap::new() };
    let links = links.filter(|links| queues::are_all(links));
    let mut told = told(rx, who, events, Known { named, notes, links })?;
    (told.seen, told.damaged, told.content) = (seen, damaged, content);
    told.next_cursor = (from > 0).then(|| cursor(&list, &from));
    Ok(told)
}

/// What happened in a case since this number, readings aside: the newest 50, without the words of notes. For whoever comes
/// with a form that was made when the record ended there.
///
/// # Errors
/// What the database says.
pub fn since(rx: &mut Look<'_>, sight: &Sight, seq: i64) -> Result<TimelineList> {
    let owner = Owner::case(&sight.case().id);
    let seen = audit::newest_seq(rx, &owner)?;
    let events = audit::since(rx, &owner, seq, &READINGS, ON_A_PAGE)?;
    Ok(TimelineList { seen, ..told(rx, sight.who(), events, Known::default())? })
}

/// The notes that were written in these events.
fn notes_of(
    rx: &mut Look<'_>,
    case: &CaseId,
    events: &[Past],
    open: Vec<NoteView>,
    damaged: &mut bool,
) -> Result<BTreeMap<String, NoteView>> {
    let written = events.iter().filter(|event| event.kind == "note_written");
    let ids: Vec<String> = written.filter_map(|event| Some(event.details.get("note")?.as_str()?.to_owned())).collect();
    let mut all: BTreeMap<String, NoteView> = open.into_iter().map(|note| (note.id.to_string(), note)).collect();
    all.retain(|id, _| ids.contains(id));
    let ids: Vec<String> = ids.into_iter().filter(|id| !all.contains_key(id)).collect();
    if ids.is_empty() {
        return Ok(all);
    }
    let mut read = notes::several(rx, case, &ids)?;
    for id in ids {
        match read.remove(&id) {
            Some(note) => all.extend(part(note, damaged)?.map(|note| (id, note))),
            None => *damaged = true,
        }
    }
    Ok(all)
}

/// What is known of what the events name.
#[derive(Default)]
struct Known {
    named: Vec<StaffId>,
    notes: BTreeMap<String, NoteView>,
    /// All the links that the person may know of, where they were read.
    links: Option<Vec<CaseId>>,
}

/// The events as this person may know of them, with the names of colleagues.
fn told(rx: &mut Look<'_>, who: &Acting, events: Vec<Past>, known: Known) -> Result<TimelineList> {
    let Known { named, mut notes, links } = known;
    let others: Vec<CaseId> = events.iter().filter_map(linked_with).collect();
    // Asked whether or not there is any: what is left out must not be what takes time.
    let known: BTreeSet<CaseId> = match links {
        Some(links) => links.into_iter().collect(),
        None => queues::known(rx, &others, who)?,
    };
    let is_shown = |event: &Past| {
        let of_wall = event.kind == "wall_met" && who.role != Role::SafeguardingLead;
        !of_wall && (event.kind != "case_linked" || linked_with(event).is_some_and(|other| known.contains(&other)))
    };
    let mut data = Vec::new();
    let mut ids: BTreeSet<StaffId> = named.into_iter().collect();
    for event in events.into_iter().filter(is_shown) {
        let Past { at, actor_kind, actor, kind, mut details, .. } = event;
        // That a wall was the reason says whom the case names.
        if who.role != Role::SafeguardingLead && details.get("cause").is_some_and(|cause| cause == "wall") {
            details.remove("cause");
        }
        let staff_id: Option<StaffId> = actor.parse().ok().filter(|_| actor_kind == "staff");
        ids.extend(staff_id.clone());
        ids.extend(details.values().flat_map(colleagues));
        let note = details.get("note").and_then(Value::as_str).and_then(|id| notes.remove(id));
        data.push(TimelineEntry { at, who: Who { kind: actor_kind, staff_id, username: None }, kind, details, note });
    }
    let colleagues = staff::names(rx, &ids.into_iter().collect::<Vec<_>>())?;
    for entry in &mut data {
        entry.who.username = entry.who.staff_id.as_ref().and_then(|id| colleagues.get(id)).cloned();
    }
    Ok(TimelineList { data, colleagues, seen: 0, next_cursor: None, damaged: false, content: false })
}

/// The other case of a link.
fn linked_with(event: &Past) -> Option<CaseId> {
    (event.kind == "case_linked").then(|| event.details.get("other")?.as_str()?.parse().ok()).flatten()
}

/// The colleagues whom a value of an event names: one, or a list of them.
fn colleagues(value: &Value) -> Vec<StaffId> {
    let one = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
    let list = value.as_array().into_iter().flatten().filter_map(one);
    one(value).into_iter().chain(list).collect()
}

/// Puts on record that somebody looks at what happened, and gives it back as it may be shown. It counts as no reading of what
/// she said.
///
/// # Errors
/// `Forbidden` when it holds words that they may not read any more.
pub fn record(tx: &mut Unit<'_>, grant: Grant<Read>, view: TimelineList) -> Result<TimelineList> {
    let (case, who) = grant.into_parts();
    let content = view.content;
    if content && !access::allows(who.role, case.queue, Act::ReadContent) {
        return Err(Error::Forbidden(Forbidden::Role));
    }
    let read = Event::CaseRead { role: who.role.as_str(), content, part: Some("timeline") };
    audit::record(tx, Owner::case(&case.id), read)?;
    Ok(view)
}

silent! { TimelineEntry TimelineList Beside }

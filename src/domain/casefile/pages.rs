//! A case in pages. What was said in it is shown newest first, and as much of it as a page holds: acts that wait for a second
//! person before all else, then reports, additions, requests and notes in one row. Within a page each list runs from old to
//! new, so that a case which fits on one page reads as it happened.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde::{Deserialize, Serialize};

use super::content::{self, ReportInCase};
use super::parts::{self, PAGE};
use super::read::{self, RequestInCase};
use crate::base::id::CaseId;
use crate::base::page::{cursor, read_cursor};
use crate::base::time::Timestamp;
use crate::db::among::Search;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{acts as act_rows, additions, notes as note_rows, reports, requests};
use crate::db::together::Together;
use crate::db::written::{Written, written};
use crate::domain::casework::acts::{self, ActState, ActView};
use crate::domain::casework::notes::{self, NoteView};
use crate::domain::intake::{Added, several_additions};
use crate::domain::unit::Look;
use crate::error::rules::Parameter;
use crate::error::{Refused, Result};

/// So many entries are on a page at most, however short they are.
const MOST: usize = 100;
/// So many of each list are looked at for it, and one more.
const LOOKED_AT: i64 = 101;

/// Whose reading of what: whether content is shown.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) case: &'a CaseId,
    pub(super) content: bool,
}

/// What of the case is on one page, each list from old to new.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) reports: Vec<ReportInCase>,
    pub(super) additions: Vec<Added>,
    pub(super) requests: Vec<RequestInCase>,
    pub(super) notes: Vec<NoteView>,
    pub(super) pending: Vec<ActView>,
    /// The cursor of the next page.
    pub(super) next: Option<String>,
    /// Whether something does not open, or cannot be read, and is absent.
    pub(super) damaged: bool,
}

/// The lists that an entry may stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum List {
    Pending,
    Reports,
    Additions,
    Requests,
    Notes,
}

/// All of them: a statement that finds entries of several gives each the number that its list has here.
const LISTS: [List; 5] = [List::Pending, List::Reports, List::Additions, List::Requests, List::Notes];

/// Where an entry stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    list: List,
    at: i64,
    id: String,
    /// How large what is sealed of it is, in bytes.
    #[serde(skip)]
    size: usize,
}

impl Place {
    /// Acts that wait come first, then the newest.
    fn order(&self) -> (bool, Reverse<(i64, &str)>) {
        (self.list != List::Pending, Reverse((self.at, &self.id)))
    }
}

/// An entry that is to be shown, or a part of one.
enum Entry {
    Report(Box<ReportInCase>),
    Addition(Box<Added>),
    Request(Box<RequestInCase>),
    Note(NoteView),
    Act(Box<ActView>),
}

impl Entry {
    fn length(&self) -> usize {
        match self {
            Self::Report(entry) => parts::length(entry),
            Self::Addition(entry) => parts::length(entry),
            Self::Request(entry) => parts::length(entry),
            Self::Note(entry) => parts::length(entry),
            Self::Act(entry) => parts::length(entry),
        }
    }

    /// The entry in parts that fit on a page each.
    fn parts(self) -> Vec<Self> {
        if self.length() <= PAGE {
            return vec![self];
        }
        match self {
            Self::Report(report) => {
                parts::of_report(*report).into_iter().map(|part| Self::Report(Box::new(part))).collect()
            }
            Self::Addition(added) => {
                parts::of_addition(*added).into_iter().map(|part| Self::Addition(Box::new(part))).collect()
            }
            // Their texts are bounded by what a colleague or a platform may write.
            Self::Request(_) | Self::Note(_) | Self::Act(_) => vec![self],
        }
    }
}

/// A page of the case, from the cursor on.
///
/// # Errors
/// `Parameter` for a cursor of another case.
pub(super) fn page(rx: &mut Look<'_>, reading: Reading<'_>, after: Option<&str>) -> Result<Entries> {
    let list = format!("case|{}", reading.case);
    // An entry, and the part of it that is next.
    let from: Option<(Place, usize)> = match after {
        Some(text) => {
            Some(read_cursor(&list, text).ok_or(Refused::Parameter { name: "cursor", wanted: Parameter::Cursor })?)
        }
        None => None,
    };
    let (mut entries, mut room, mut count) = (Entries::default(), PAGE, 0);
    let places = places(rx, reading, from.as_ref().map(|(place, _)| place), &mut entries.damaged)?;
    let mut rest = places.as_slice();
    for round in 0.. {
        let (size, entries_left) = (room.max(LEAST) << round.min(ROUNDS), (MOST - count).max(FEWEST));
        let (some, after) = rest.split_at(fitting(rest, size, entries_left));
        let mut opened = opened(rx, reading, some, &mut entries.damaged)?;
        for place in some {
            let first = from.as_ref().filter(|(from, _)| from.id == place.id).map_or(0, |(_, part)| *part);
            let Some(entry) = opened.remove(&place.id) else { continue };
            for (number, part) in entry.parts().into_iter().enumerate().skip(first) {
                let length = part.length();
                if count > 0 && (length > room || count >= MOST) {
                    entries.next = Some(cursor(&list, &(place, number)));
                    return Ok(entries.oldest_first());
                }
                room = room.saturating_sub(length);
                count += 1;
                entries.add(part);
            }
        }
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    Ok(entries.oldest_first())
}

/// Of what was sealed and is no more, nothing is shown: each round of a page takes in twice what the one before might have.
const ROUNDS: usize = 10;
/// A round takes in so much at least, and so many entries, though the page is nearly full: what it takes in may not open.
const LEAST: usize = PAGE / 8;
const FEWEST: usize = 10;

/// How many of the places come next: as many as may fit on the rest of a page, by the size of what is sealed, and one more.
fn fitting(places: &[Place], room: usize, entries: usize) -> usize {
    let taken = |used: &mut usize, place: &Place| {
        *used = used.saturating_add(place.size);
        Some(*used)
    };
    let fit = places.iter().scan(0, taken).take_while(|used| *used <= room).count();
    (fit.min(entries) + 1).min(places.len())
}

impl Entries {
    fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Report(entry) => self.reports.push(*entry),
            Entry::Addition(entry) => self.additions.push(*entry),
            Entry::Request(entry) => self.requests.push(*entry),
            Entry::Note(entry) => self.notes.push(entry),
            Entry::Act(entry) => self.pending.push(*entry),
        }
    }

    fn oldest_first(mut self) -> Self {
        self.reports.reverse();
        self.additions.reverse();
        self.requests.reverse();
        self.notes.reverse();
        self.pending.reverse();
        self
    }
}

/// The places of the entries from `from` on, in order: as many as a page may hold, and one more.
fn places(rx: &mut Look<'_>, reading: Reading<'_>, from: Option<&Place>, damaged: &mut bool) -> Result<Vec<Place>> {
    // Behind every id and instant.
    let begin = Place { list: List::Pending, at: i64::MAX, id: "~".to_owned(), size: 0 };
    let upto = from.unwrap_or(&begin);
    let waits = upto.list == List::Pending;
    let (case, behind) = (reading.case, if waits { &begin } else { upto });
    let mut lists = vec![reports_upto(case, behind), requests_upto(case, behind)];
    if waits {
        lists.push(acts_upto(case, upto));
    }
    if reading.content {
        lists.extend([additions_upto(case, behind), notes_upto(case, behind)]);
    }
    let rows: Vec<Row> = Together::of(lists).load(rx.conn())?;
    let all = rows.len();
    let place = |(list, at, id, size): Row| {
        let size = size.0.and_then(|size| usize::try_from(size).ok()).filter(|_| reading.content);
        let list = LISTS.iter().copied().find(|one| number(*one) == list)?;
        Some(Place { list, at: at.0?, id: id.0?, size: size.unwrap_or_default() })
    };
    // Those that cannot be read hide no other.
    let mut places: Vec<Place> = rows.into_iter().filter_map(place).collect();
    *damaged |= places.len() < all;
    places.sort_by(|one, other| one.order().cmp(&other.order()));
    Ok(places)
}

/// Which list an entry stands in, when it came, its id, and how large what is sealed of it is, where they can be read.
type Row = (i64, Perhaps<i64>, Perhaps<String>, Perhaps<i64>);

/// The number of a list.
fn number(list: List) -> i64 {
    LISTS.iter().zip(0..).find(|(one, _)| **one == list).map_or(-1, |(_, number)| number)
}

/// The number of a list, as a column.
fn numbered(list: List) -> Written<BigInt> {
    written(&format!("CAST({} AS BIGINT)", number(list)))
}

/// How large some columns of a row are together.
fn size_of(columns: &[&str]) -> Written<BigInt> {
    let each: Vec<String> = columns.iter().map(|column| format!("COALESCE(LENGTH({column}), 0)")).collect();
    written(&format!("CAST({} AS BIGINT)", each.join(" + ")))
}

fn reports_upto(case: &CaseId, upto: &Place) -> Search {
    let (at, size) = (Timestamp::from_micros(upto.at), ["statement", "identity", "answers", "contact", "subject"]);
    let size = size.map(|column| format!("reports.{column}"));
    let size: Vec<&str> = size.iter().map(String::as_str).collect();
    let theirs = reports::table
        .filter(reports::case_id.eq(case.clone()))
        .filter(reports::received_at.lt(at).or(reports::received_at.eq(at).and(reports::id.le(upto.id.clone()))))
        .order((reports::received_at.desc(), reports::id.desc()))
        .limit(LOOKED_AT)
        .select((numbered(List::Reports), reports::received_at, reports::id, size_of(&size)));
    Box::new(theirs)
}

fn additions_upto(case: &CaseId, upto: &Place) -> Search {
    let at = Timestamp::from_micros(upto.at);
    let size = size_of(&["additions.statement", "additions.answers", "additions.subject"]);
    let theirs = additions::table
        .filter(additions::case_id.eq(case.clone()))
        .filter(additions::received_at.lt(at).or(additions::received_at.eq(at).and(additions::id.le(upto.id.clone()))))
        .order((additions::received_at.desc(), additions::id.desc()))
        .limit(LOOKED_AT)
        .select((numbered(List::Additions), additions::received_at, additions::id, size));
    Box::new(theirs)
}

fn requests_upto(case: &CaseId, upto: &Place) -> Search {
    let at = Timestamp::from_micros(upto.at);
    let size = size_of(&["requests.details", "requests.answer"]);
    let theirs = requests::table
        .filter(requests::case_id.eq(case.clone()))
        .filter(requests::made_at.lt(at).or(requests::made_at.eq(at).and(requests::id.le(upto.id.clone()))))
        .order((requests::made_at.desc(), requests::id.desc()))
        .limit(LOOKED_AT)
        .select((numbered(List::Requests), requests::made_at, requests::id, size));
    Box::new(theirs)
}

fn notes_upto(case: &CaseId, upto: &Place) -> Search {
    let at = Timestamp::from_micros(upto.at);
    let theirs = note_rows::table
        .filter(note_rows::case_id.eq(case.clone()))
        .filter(note_rows::at.lt(at).or(note_rows::at.eq(at).and(note_rows::id.le(upto.id.clone()))))
        .order((note_rows::at.desc(), note_rows::id.desc()))
        .limit(LOOKED_AT)
        .select((numbered(List::Notes), note_rows::at, note_rows::id, size_of(&["notes.body"])));
    Box::new(theirs)
}

fn acts_upto(case: &CaseId, upto: &Place) -> Search {
    let at = Timestamp::from_micros(upto.at);
    let theirs = act_rows::table
        .filter(act_rows::case_id.eq(case.clone()).and(act_rows::state.eq(ActState::Pending)))
        .filter(act_rows::proposed_at.lt(at).or(act_rows::proposed_at.eq(at).and(act_rows::id.le(upto.id.clone()))))
        .order((act_rows::proposed_at.desc(), act_rows::id.desc()))
        .limit(LOOKED_AT)
        .select((numbered(List::Pending), act_rows::proposed_at, act_rows::id, size_of(&["acts.body"])));
    Box::new(theirs)
}

/// The entries of these places, opened, by their ids: in a statement or two for each list. One that does not open, or cannot be
/// read, is absent and hides no other; one that was erased is gone.
fn opened(
    rx: &mut Look<'_>,
    reading: Reading<'_>,
    places: &[Place],
    damaged: &mut bool,
) -> Result<BTreeMap<String, Entry>> {
    let mut all = BTreeMap::new();
    for list in LISTS {
        let of_it = places.iter().filter(|place| place.list == list);
        let ids: Vec<String> = of_it.map(|place| place.id.clone()).collect();
        if !ids.is_empty() {
            all.extend(of_list(rx, reading, list, &ids, damaged)?);
        }
    }
    Ok(all)
}

fn of_list(
    rx: &mut Look<'_>,
    reading: Reading<'_>,
    list: List,
    ids: &[String],
    damaged: &mut bool,
) -> Result<Vec<(String, Entry)>> {
    let Reading { case, content } = reading;
    let mut all = Vec::with_capacity(ids.len());
    match list {
        List::Reports => {
            let reports = content::several(rx, reading, ids, damaged)?;
            all.extend(reports.into_iter().map(|entry| (entry.id.to_string(), Entry::Report(Box::new(entry)))));
        }
        List::Requests => {
            let requests = read::requests(rx, reading, ids, damaged)?;
            all.extend(requests.into_iter().map(|entry| (entry.id.to_string(), Entry::Request(Box::new(entry)))));
        }
        List::Additions => {
            for (id, entry) in several_additions(rx, case, ids)? {
                all.extend(content::part(entry, damaged)?.map(|entry| (id, Entry::Addition(Box::new(entry)))));
            }
        }
        List::Notes => {
            for (id, entry) in notes::several(rx, case, ids)? {
                all.extend(content::part(entry, damaged)?.map(|entry| (id, Entry::Note(entry))));
            }
        }
        List::Pending => {
            for (id, whole) in acts::waiting(rx, case, ids, content)? {
                // Who may not read why, or cannot, reads that something waits.
                let act = match content::part(whole, damaged)? {
                    None if content => {
                        let bare = acts::waiting(rx, case, std::slice::from_ref(&id), false)?.remove(&id);
                        bare.map(|bare| content::part(bare, damaged)).transpose()?.flatten()
                    }
                    whole => whole,
                };
                all.extend(act.map(|entry| (id, Entry::Act(Box::new(entry)))));
            }
        }
    }
    Ok(all)
}

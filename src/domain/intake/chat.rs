//! The messages between the two accounts. Of a chat that is too long the newest that fit are kept.

use chrono::{DateTime, Utc};

use super::body::{Author, ContextMessage, PlatformContext};
use super::dates;
use super::found::Found;
use super::members::{Codes, Members, Read, beyond, object};
use crate::base::json::Json;
use crate::error::rules::Form;

/// So many messages are kept.
const MOST: usize = 200;
/// The longest message, in characters.
const LONGEST: usize = 8_000;

/// What the platform knows of the two accounts. `room` is how many bytes the messages may have.
pub(super) fn context(members: &mut Members, room: usize, found: &mut Found) -> Option<PlatformContext> {
    let mut inner = members.object("platform_context", found).known()?;
    let matched_at = dates::date(&mut inner, "matched_at", found);
    let still_matched = inner.boolean("still_matched", found).known();
    let place = inner.place("messages");
    let all = inner.list("messages", found);
    inner.finish(found);
    let (kept, dropped) = newest_that_fit(all, room);
    if dropped > 0 {
        let told = Json::Text(format!("{dropped} older messages were not kept"));
        found.leave_out_many(&place, &Form::TooManyMessages(MOST), &told, dropped);
    }
    let messages = kept.into_iter().filter_map(|(i, value)| message(value, &format!("{place}/{i}"), found)).collect();
    Some(PlatformContext { matched_at, still_matched, messages })
}

/// A message; one that nobody can read as such goes to the advocate as it came.
fn message(value: Json, place: &str, found: &mut Found) -> Option<ContextMessage> {
    let whole = value.clone();
    let mut inner = match object(value, place, found) {
        Read::Is(inner) => inner,
        Read::Absent | Read::Unusable => return None,
    };
    let mut own = Found::default();
    let at = dates::time(&mut inner, "at", &mut own);
    let from = inner.code("from", Codes(Author::ALL, Author::as_str), &mut own).known();
    let text = inner.words("text", &mut own).map(|text| match beyond(&text, LONGEST) {
        None => text,
        Some(beginning) => {
            own.leave_out(&format!("{place}/text"), &Form::TooLong(LONGEST), &Json::Text(text.clone()));
            beginning.to_owned()
        }
    });
    inner.finish(&mut own);
    let Some((from, text)) = from.zip(text) else {
        found.leave_out(place, &Form::Message, &whole);
        return None;
    };
    found.absorb(own);
    Some(ContextMessage { at, from, text })
}

/// The newest messages that fit, with their places, in the order in which they came; and how many did not.
fn newest_that_fit(all: Vec<Json>, room: usize) -> (Vec<(usize, Json)>, usize) {
    let times = times(&all);
    let known = || times.iter().flatten();
    let falls = matches!((known().next(), known().next_back()), (Some(first), Some(last)) if first > last);
    let mut order: Vec<(Option<DateTime<Utc>>, usize, Json)> =
        times.iter().copied().zip(all).enumerate().map(|(i, (at, value))| (at, i, value)).collect();
    let count = order.len();
    // Without a time of its own, a message is as old as its place in the list says.
    order.sort_by_key(|(at, i, _)| std::cmp::Reverse((*at, if falls { count - i } else { *i })));
    let mut left = room;
    let mut kept: Vec<(usize, Json)> = Vec::new();
    for (_, i, value) in order {
        let size = value.to_text().len() + 1;
        if kept.len() < MOST && size <= left {
            left -= size;
            kept.push((i, value));
        }
    }
    kept.sort_by_key(|(i, _)| *i);
    let dropped = count - kept.len();
    (kept, dropped)
}

/// When each was written: what it says, or what the one before it says.
fn times(all: &[Json]) -> Vec<Option<DateTime<Utc>>> {
    let own: Vec<Option<DateTime<Utc>>> = all.iter().map(written_at).collect();
    let mut last = own.iter().flatten().next().copied();
    own.into_iter()
        .map(|at| {
            last = at.or(last);
            last
        })
        .collect()
}

fn written_at(message: &Json) -> Option<DateTime<Utc>> {
    let Json::Object(members) = message else { return None };
    let (_, at) = members.iter().find(|(name, _)| name == "at")?;
    let Json::Text(text) = at else { return None };
    DateTime::parse_from_rfc3339(text.trim()).ok().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(times: impl Iterator<Item = Option<usize>>) -> Vec<Json> {
        let at = |minute: usize| format!("2026-11-20T{:02}:{:02}:00Z", minute / 60, minute % 60);
        times
            .map(|minute| {
                let at = minute.map(|minute| ("at".to_owned(), Json::Text(at(minute))));
                Json::Object(at.into_iter().chain([("text".to_owned(), Json::Text("x".to_owned()))]).collect())
            })
            .collect()
    }

    fn places(all: Vec<Json>, room: usize) -> Vec<usize> {
        newest_that_fit(all, room).0.into_iter().map(|(i, _)| i).collect()
    }

    #[test]
    fn the_newest_are_kept_whichever_way_the_list_runs() {
        let rising = chat((0..205).map(Some));
        assert_eq!(places(rising.clone(), 1_000_000), (5..205).collect::<Vec<_>>());
        let falling = chat((0..205).rev().map(Some));
        assert_eq!(places(falling, 1_000_000), (0..200).collect::<Vec<_>>());
        let timeless = chat((0..205).map(|_| None));
        assert_eq!(places(timeless, 1_000_000), (5..205).collect::<Vec<_>>());
        let sparse = chat((0..205).map(|i| (i % 50 == 0).then_some(300 - i)));
        assert_eq!(places(sparse, 1_000_000), (0..200).collect::<Vec<_>>());
        let mixed = chat([30, 10, 20].into_iter().map(Some));
        let size = mixed[0].to_text().len() + 1;
        assert_eq!(places(mixed, size * 2), [0, 2]);
        assert_eq!(newest_that_fit(rising, size * 3 + 1).1, 202);
    }
}

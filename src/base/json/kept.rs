//! Reads a text of JSON as far as it is kept: so many values in all, and so many entries of each list and object. What is
//! beyond is read past and takes no memory, and the place is named.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::{Json, KEPT, LONG_NUMBER, is_too_deep};
use crate::base::secret::silent;

/// So many values are kept of a body: a report with 200 messages has a tenth of that.
pub const MOST_VALUES: usize = 50_000;
/// So many entries are kept of one list or object; of the outermost all for which there is room.
pub const MOST_ENTRIES: usize = 2 * HALF;
const HALF: usize = 2_500;

/// A text that was read, as far as it is kept.
pub struct Kept {
    /// The value.
    pub value: Json,
    /// The members of the object in which something was passed over, since there was more than is kept; an empty name stands
    /// for members that were passed over themselves, and for what is no object.
    pub cut: Vec<String>,
}

/// The value that the text is, as far as so many values and so many entries of each list and object are kept; nothing when
/// it is no JSON, or nested too deep. What is beyond is read past, and takes no memory.
#[must_use]
pub fn read_within(text: &str, most: usize) -> Option<Kept> {
    if is_too_deep(text) {
        return None;
    }
    let room = Room { left: Cell::new(most), is_cut: Cell::new(false), cut: RefCell::default() };
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Seed { depth: 0, room: &room }.deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    let mut cut = room.cut.into_inner();
    if room.is_cut.get() {
        cut.push(String::new());
    }
    Some(Kept { value, cut })
}

/// The same of a text of ours, or a part of a body.
#[must_use]
pub fn read(text: &str) -> Option<Json> {
    read_within(text, MOST_VALUES).map(|kept| kept.value)
}

/// Reads a list of which at most `MOST` entries are wanted. One more is read, so that it shows that there are too many, and
/// what comes behind it is read past.
///
/// # Errors
/// What the reader says of text that is no such list.
pub fn few<'de, D, T, const MOST: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(Few::<T, MOST>(PhantomData))
}

struct Few<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Few<T, MOST> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while items.len() <= MOST {
            let Some(item) = list.next_element()? else { return Ok(items) };
            items.push(item);
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(items)
    }
}

/// What may still be kept of a text.
struct Room {
    /// So many values.
    left: Cell<usize>,
    /// Whether something was passed over.
    is_cut: Cell<bool>,
    /// The members of the outermost object in which that was so.
    cut: RefCell<Vec<String>>,
}

impl Room {
    const fn is_full(&self) -> bool {
        self.left.get() == 0
    }

    fn take(&self) {
        self.left.set(self.left.get().saturating_sub(1));
    }

    fn give_back(&self, values: usize) {
        self.left.set(self.left.get() + values);
    }
}

/// Reads a value that stands so deep.
#[derive(Clone, Copy)]
struct Seed<'r> {
    depth: usize,
    room: &'r Room,
}

impl Seed<'_> {
    const fn within(self) -> Self {
        Self { depth: self.depth + 1, room: self.room }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        self.room.take();
        if self.depth > KEPT {
            return IgnoredAny::deserialize(deserializer).map(|_| Json::Text("…".to_owned()));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Number::from_f64(value).map_or(Json::Null, |number| Json::Number(number.to_string())))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    // Of a list that is too long the first half and the last: a chat runs either way.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let (mut items, mut beyond) = (Vec::new(), 0_usize);
        while !self.room.is_full() {
            let Some(item) = list.next_element_seed(self.within())? else { break };
            if items.len() < MOST_ENTRIES {
                items.push(item);
                continue;
            }
            if let Some(oldest) = items.get_mut(HALF + beyond % HALF) {
                self.room.give_back(values(oldest));
                *oldest = item;
            }
            beyond += 1;
        }
        if let Some(last) = items.get_mut(HALF..).filter(|_| beyond > 0) {
            last.rotate_left(beyond % HALF);
            self.room.is_cut.set(true);
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            self.room.is_cut.set(true);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        // What a body needs may stand behind thousands of members that somebody made up.
        while !self.room.is_full() && (self.depth == 0 || members.len() < MOST_ENTRIES) {
            let Some(name) = map.next_key::<String>()? else { break };
            let value = map.next_value_seed(self.within())?;
            if self.depth == 0 && self.room.is_cut.take() {
                self.room.cut.borrow_mut().push(name.clone());
            }
            members.push((name, value));
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            self.room.is_cut.set(true);
        }
        Ok(match members.as_slice() {
            [(name, Json::Text(digits))] if name == LONG_NUMBER => Json::Number(digits.clone()),
            _ => Json::Object(members),
        })
    }
}

/// How many values it is, with all that is in it.
fn values(value: &Json) -> usize {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => 1,
        Json::List(items) => 1 + items.iter().map(values).sum::<usize>(),
        Json::Object(members) => 1 + members.iter().map(|(_, value)| values(value)).sum::<usize>(),
    }
}

silent! { Kept }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_is_too_much_a_part_is_kept_and_the_place_is_named() {
        let list = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        let kept = |text: &str, most: usize| {
            let kept = read_within(text, most).unwrap();
            (kept.value, kept.cut)
        };
        let (value, cut) = kept(&format!("{{\"a\":[{}],\"b\":[1]}}", list(MOST_ENTRIES + 3)), MOST_VALUES);
        let Json::Object(members) = value else { panic!() };
        let Json::List(items) = &members[0].1 else { panic!() };
        let number = |at: usize| items[at].to_text();
        assert_eq!((items.len(), cut), (MOST_ENTRIES, vec!["a".to_owned()]));
        assert_eq!(
            [number(0), number(HALF - 1), number(HALF), number(MOST_ENTRIES - 1)],
            [0, HALF - 1, HALF + 3, MOST_ENTRIES + 2].map(|n| n.to_string())
        );
        // Neither the number of values in all nor that of members is without a bound, however they are nested.
        let (value, cut) = kept(&format!("{{\"a\":[{0}],\"b\":[{0}],\"c\":1}}", list(50)), 60);
        assert!(values(&value) <= 62 && cut == ["b", ""], "{} {cut:?}", values(&value));
        let nested = format!("[{}]", vec![format!("[{}]", list(1_000)); 1_000].join(","));
        assert!(values(&kept(&nested, 2_000).0) <= 2_002);
        let many: Vec<String> = (0..=MOST_ENTRIES).map(|n| format!("\"n{n}\":0")).collect();
        let (value, cut) = kept(&format!("{{\"a\":{{{}}}}}", many.join(",")), MOST_VALUES);
        assert_eq!((values(&value), cut), (MOST_ENTRIES + 2, vec!["a".to_owned()]));
    }

    #[test]
    fn of_a_list_of_few_one_more_is_read() {
        #[derive(serde::Deserialize)]
        struct Body {
            #[serde(deserialize_with = "few::<_, _, 2>")]
            a: Vec<u8>,
        }
        let read = |text: &str| serde_json::from_str::<Body>(text).map(|body| body.a.len()).ok();
        assert_eq!([r#"{"a":[]}"#, r#"{"a":[1,2]}"#, r#"{"a":[1,2,3,4,"x"]}"#].map(read), [Some(0), Some(2), Some(3)]);
        assert_eq!([r#"{"a":[1,2,3,4"#, r#"{"a":1}"#].map(read), [None, None]);
    }
}

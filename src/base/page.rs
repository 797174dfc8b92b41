//! Pages of a list: a bounded length, and an opaque mark of where the last page ended.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::secret::{base64_url, from_base64_url};

/// How many entries a page holds when the caller does not say.
const DEFAULT_LIMIT: u32 = 25;
/// How many it holds at the most; a larger wish is coerced to this.
const MAX_LIMIT: u32 = 100;
/// How long the entries of a page may be together, in bytes, where they hold what somebody wrote: with the rest of the
/// answer 64 KiB.
const LONGEST: usize = 60 * 1024;

/// A page's length, 1 to 100.
#[derive(Clone, Copy, Debug)]
pub struct Limit(u32);

impl Limit {
    /// The nearest allowed length to what was asked for.
    #[must_use]
    pub fn coerce(asked: Option<u64>) -> Self {
        let asked = asked.map_or(DEFAULT_LIMIT, |asked| u32::try_from(asked).unwrap_or(MAX_LIMIT));
        Self(asked.clamp(1, MAX_LIMIT))
    }

    /// The length.
    #[must_use]
    pub fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(1)
    }

    /// One more than the length, for queries: the extra row tells that there is a next page.
    #[must_use]
    pub fn with_probe(self) -> i64 {
        i64::from(self.0) + 1
    }
}

/// Which part of an entry this is, when it is too long for one page. The texts and lists of its parts belong one behind
/// another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PartOfEntry)]
pub struct Part {
    /// Which, from 1.
    pub number: usize,
    /// Of how many.
    pub of: usize,
}

/// A mark's content together with the list it belongs to, so that a mark of one list is refused by another.
#[derive(Serialize, Deserialize)]
struct Mark<K> {
    #[serde(rename = "l")]
    list: String,
    #[serde(rename = "k")]
    key: K,
}

/// The opaque cursor that continues `list` after `key`.
///
/// `list` names the list and its filters. The mark holds only what the caller has already seen in the page.
#[must_use]
pub fn cursor<K: Serialize>(list: &str, key: &K) -> String {
    let mark = Mark { list: list.to_owned(), key };
    base64_url(&serde_json::to_vec(&mark).unwrap_or_default())
}

/// What a cursor of `list` holds; nothing when it is damaged or belongs to another list.
#[must_use]
pub fn read_cursor<K: DeserializeOwned>(list: &str, text: &str) -> Option<K> {
    let mark: Mark<K> = serde_json::from_slice(&from_base64_url(text)?).ok()?;
    (mark.list == list).then_some(mark.key)
}

/// One page of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// The entries, in order.
    pub data: Vec<T>,
    /// The cursor of the next page, when there is one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts `rows`, of which one more than `limit` may have been read, to a page whose cursor continues after its last.
    pub fn cut<K: Serialize>(mut rows: Vec<T>, limit: Limit, list: &str, key: impl Fn(&T) -> K) -> Self {
        let more = rows.len() > limit.get();
        rows.truncate(limit.get());
        let next = if more { rows.last().map(|last| cursor(list, &key(last))) } else { None };
        Self { data: rows, next }
    }

    /// The same for entries that may be long: fewer where they would be longer than a page may be, and one at least. `size`
    /// says how many bytes an entry has in the answer.
    pub fn cut_short<K: Serialize>(
        mut rows: Vec<T>,
        limit: Limit,
        list: &str,
        key: impl Fn(&T) -> K,
        size: impl Fn(&T) -> usize,
    ) -> Self {
        let taken = |used: &mut usize, row: &T| {
            *used += size(row);
            Some(*used)
        };
        let fitting = rows.iter().scan(0, taken).take_while(|used| *used <= LONGEST).count().max(1);
        // One more than fits tells that there is a next page.
        rows.truncate(fitting + 1);
        let limit = Limit(u32::try_from(fitting).unwrap_or(MAX_LIMIT).min(limit.0));
        Self::cut(rows, limit, list, key)
    }

    /// This page with each entry turned into something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { data: self.data.into_iter().map(f).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_list() {
        let text = cursor("reports", &(5_i64, "rep_x"));
        assert_eq!(read_cursor::<(i64, String)>("reports", &text), Some((5, "rep_x".to_owned())));
        assert_eq!(read_cursor::<(i64, String)>("requests", &text), None);
        assert_eq!(read_cursor::<(i64, String)>("reports", "%%"), None);
    }

    #[test]
    fn a_page_of_long_entries_is_shorter_and_goes_on_after_its_last() {
        let key = |row: &usize| *row;
        let page = |rows: Vec<usize>, size| Page::cut_short(rows, Limit(3), "l", key, move |_| size);
        let told = |page: Page<usize>| (page.data.len(), page.next.and_then(|next| read_cursor::<usize>("l", &next)));
        assert_eq!(told(page((0..4).collect(), 10)), (3, Some(2)));
        assert_eq!(told(page((0..3).collect(), LONGEST / 3)), (3, None));
        assert_eq!(told(page((0..3).collect(), LONGEST / 2)), (2, Some(1)));
        assert_eq!(told(page((0..2).collect(), LONGEST + 1)), (1, Some(0)));
        assert_eq!(told(page(Vec::new(), 1)), (0, None));
    }

    #[test]
    fn limits_are_coerced() {
        assert_eq!(Limit::coerce(Some(0)).get(), 1);
        assert_eq!(Limit::coerce(Some(5_000)).get(), 100);
        assert_eq!(Limit::coerce(Some(u64::MAX)).get(), 100);
        assert_eq!(Limit::coerce(None).get(), 25);
    }
}

//! What in a body does not keep the contract: where, which rule, and what was left out for it.
//!
//! A trial is refused for any of it, so that an engineer sees it. A live report is refused only when it lacks what is
//! required; everything else is named in the answer, and what could not be used goes to the advocate as it came.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{ChannelBody, IdentifierBody};
use super::hints;
use crate::base::json::Json;
use crate::base::secret::silent;
use crate::base::text::is_plain_word;
use crate::domain::terms::Mode;
use crate::domain::terms::taxonomy::{CategoryCode, KeyCode};
use crate::error::rules::Form;
use crate::error::{Result, Violations};

/// The longest place that is named, in bytes. Of one that is deeper, the place around it is.
const LONGEST_PLACE: usize = 128;
/// So many values are kept as they came, and so many bytes of them: a body is not larger either.
const KEPT: usize = 200;
const KEPT_BYTES: usize = 256 * 1024;
/// The names of so many unknown members are looked at.
const HEEDED: usize = 5_000;
/// So much is kept of a value that does not fit any more, in characters.
const BEGINNING: usize = 200;

/// A value that could not be used, as it came. The advocate reads it before anything else.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct LeftOut {
    /// Where it stood.
    #[schema(example = "/reporter/region")]
    pub pointer: String,
    /// Which rule it broke.
    #[schema(example = "bad_region")]
    pub code: String,
    /// The value, as JSON text.
    #[schema(example = "\"East Sussex\"")]
    pub value: String,
}

silent! { LeftOut }

/// What the sender is told of one rule: the first place where it was broken, and how many more there are.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    /// The first place.
    pub pointer: String,
    /// The rule's code.
    pub code: &'static str,
    /// How many more places.
    pub more: usize,
}

/// All that was found in one body.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself, and none is a state")]
#[derive(Debug, Default)]
pub struct Found {
    violations: Violations,
    broken: Vec<Broken>,
    refuses: bool,
    left_out: Vec<LeftOut>,
    // The rule for which something was left out first: also when there is no room to keep what it was.
    first_left: Option<&'static str>,
    kept_bytes: usize,
    unread_keys: BTreeSet<KeyCode>,
    unread: bool,
    reach: Vec<ChannelBody>,
    also_named: Vec<IdentifierBody>,
    contact_barred: bool,
    age_unread: bool,
    age_unverified: bool,
    heeded: usize,
    answers_elsewhere: BTreeSet<KeyCode>,
    categories_elsewhere: Vec<CategoryCode>,
    // Each place once for a rule, however many readers stumble over it.
    counted: HashSet<(String, &'static str)>,
}

/// The place, or the nearest one around it whose pointer is not too long to be named.
fn reachable(pointer: &str) -> &str {
    let mut place = pointer;
    while place.len() > LONGEST_PLACE {
        place = place.rsplit_once('/').map_or("", |(around, _)| around);
    }
    place
}

impl Found {
    /// Notes something that is read for what it says, although the contract has another form for it.
    pub(super) fn read_anyway(&mut self, pointer: &str, rule: &Form) {
        self.count(pointer, rule, 1);
    }

    /// Notes something without which the report cannot be taken.
    pub(super) fn refuse(&mut self, pointer: &str, rule: &Form) {
        self.refuses = true;
        self.count(pointer, rule, 1);
    }

    /// Notes a value that cannot be used, and keeps it for the advocate.
    pub(super) fn leave_out(&mut self, pointer: &str, rule: &Form, value: &Json) {
        self.leave_out_many(pointer, rule, value, 1);
    }

    /// Notes `times` values of one place that cannot be used, and keeps what tells of them for the advocate.
    pub(super) fn leave_out_many(&mut self, pointer: &str, rule: &Form, value: &Json, times: usize) {
        hints::heed_within(pointer, value, self);
        self.leave(pointer, rule, value, times);
    }

    fn leave(&mut self, pointer: &str, rule: &Form, value: &Json, times: usize) {
        self.count(pointer, rule, times);
        self.first_left = self.first_left.or(Some(rule.code()));
        self.keep(LeftOut {
            pointer: reachable(pointer).to_owned(),
            code: rule.code().to_owned(),
            value: value.to_text(),
        });
    }

    /// Notes a member that nobody knows. What may name somebody is not repeated: the place is where it stands, and the
    /// advocate gets it with its name.
    pub(super) fn leave_out_unknown(&mut self, at: &str, name: &str, rule: &Form, value: &Json) {
        hints::heed(at, name, value, self);
        if is_plain_word(name) {
            return self.leave(&format!("{at}/{name}"), rule, value, 1);
        }
        // Two of one place are two.
        self.counted.remove(&(reachable(at).to_owned(), rule.code()));
        self.leave(at, rule, &Json::Object(vec![(name.to_owned(), value.clone())]), 1);
    }

    fn count(&mut self, pointer: &str, rule: &Form, times: usize) {
        let pointer = reachable(pointer);
        let is_new = self.counted.insert((pointer.to_owned(), rule.code()));
        let Some(times) = times.checked_sub(usize::from(!is_new)).filter(|times| *times > 0) else { return };
        if let Some(broken) = self.broken.iter_mut().find(|broken| broken.code == rule.code()) {
            broken.more += times;
        } else {
            let more = times.saturating_sub(1);
            self.broken.push(Broken { pointer: pointer.to_owned(), code: rule.code(), more });
        }
        self.violations.add(pointer, rule.clone());
    }

    /// An answer that nobody can read: were it a yes to a question of life and death, nobody would know.
    pub(super) fn answer_unread(&mut self, key: KeyCode) {
        self.unread_keys.insert(key);
    }

    /// Something else that could have said the same.
    pub(super) const fn danger_unread(&mut self) {
        self.unread = true;
    }

    /// Something that may have said that the person harmed is a child.
    pub(super) const fn age_unread(&mut self) {
        self.age_unread = true;
    }

    /// Counts a member whose name is looked at. With too many of them nobody looks any more, and anything may have stood there.
    pub(super) const fn heeds_one_more(&mut self) -> bool {
        self.heeded += 1;
        if self.heeded > HEEDED {
            self.danger_unread();
            self.bar_contact();
        }
        self.heeded <= HEEDED
    }

    /// An app that has not checked an age.
    pub(super) const fn age_unverified(&mut self) {
        self.age_unverified = true;
    }

    /// Whether nobody has checked the age: it is in doubt where the report does not say it.
    pub(super) const fn has_unverified_age(&self) -> bool {
        self.age_unverified
    }

    /// A plain yes to a question, where no answers belong.
    pub(super) fn answer_elsewhere(&mut self, key: KeyCode) {
        self.answers_elsewhere.insert(key);
    }

    /// The questions of such answers.
    pub(super) const fn answered_elsewhere(&self) -> &BTreeSet<KeyCode> {
        &self.answers_elsewhere
    }

    /// A category, where none belongs.
    pub(super) fn category_elsewhere(&mut self, category: CategoryCode) {
        if !self.categories_elsewhere.contains(&category) {
            self.categories_elsewhere.push(category);
        }
    }

    /// Such categories.
    pub(super) fn categories_elsewhere(&self) -> &[CategoryCode] {
        &self.categories_elsewhere
    }

    /// Whether something may have said so.
    pub(super) const fn may_be_child(&self) -> bool {
        self.age_unread
    }

    /// Takes over what was found in a part.
    pub(super) fn absorb(&mut self, own: Self) {
        self.refuses |= own.refuses;
        self.unread |= own.unread;
        self.contact_barred |= own.contact_barred;
        self.age_unread |= own.age_unread;
        self.age_unverified |= own.age_unverified;
        self.heeded += own.heeded;
        self.answers_elsewhere.extend(own.answers_elsewhere);
        own.categories_elsewhere.into_iter().for_each(|category| self.category_elsewhere(category));
        self.first_left = self.first_left.or(own.first_left);
        self.unread_keys.extend(own.unread_keys);
        self.counted.extend(own.counted);
        self.violations.absorb(own.violations);
        for broken in own.broken {
            match self.broken.iter_mut().find(|known| known.code == broken.code) {
                Some(known) => known.more += broken.more + 1,
                None => self.broken.push(broken),
            }
        }
        for left in own.left_out {
            self.keep(left);
        }
    }

    /// Takes over what was found in the contact. Anything in it that could not be used, or was said twice, bars every
    /// way to reach the person, and the whole of it goes to the advocate as it came. `reach` are the ways that could be
    /// read: they are compared with what colleagues declared, and never used.
    pub(super) fn take_contact(&mut self, mut own: Self, whole: &Json, reach: Vec<ChannelBody>) {
        let twice = own.broken.iter().find(|broken| broken.code == "duplicate_member").map(|broken| broken.code);
        let code = own.first_left.or(twice);
        own.left_out.clear();
        self.absorb(own);
        if let Some(code) = code {
            self.keep(LeftOut { pointer: "/contact".to_owned(), code: code.to_owned(), value: whole.to_text() });
            self.reach = reach;
            self.contact_barred = true;
        }
    }

    /// Keeps a value as it came; of one for which there is no room, its beginning.
    fn keep(&mut self, mut left: LeftOut) {
        if self.left_out.len() >= KEPT {
            return;
        }
        if self.kept_bytes + left.value.len() > KEPT_BYTES {
            left.value = left.value.chars().take(BEGINNING).chain(['…']).collect();
        }
        self.kept_bytes += left.value.len();
        self.left_out.push(left);
    }

    /// Something that nobody can read may have been a wish not to be reached.
    pub(super) const fn bar_contact(&mut self) {
        self.contact_barred = true;
    }

    /// Notes identifiers of the subject beyond those that are kept.
    pub(super) fn also_named(&mut self, identifiers: Vec<IdentifierBody>) {
        self.also_named.extend(identifiers);
    }

    /// Identifiers of the subject beyond those that are kept: they are compared with what colleagues declared.
    #[must_use]
    pub fn named_beyond(&self) -> &[IdentifierBody] {
        &self.also_named
    }

    /// Whether something could not be used.
    pub(super) const fn has_left_out(&self) -> bool {
        self.first_left.is_some()
    }

    /// Fails when a body of this mode is not to be taken. Every finding is named, whichever it failed for.
    pub(super) fn verdict(&self, mode: Mode) -> Result<()> {
        if self.refuses || mode == Mode::Test { self.violations.clone().into_result() } else { Ok(()) }
    }

    /// Every broken rule with its place: the first of them, and how many more.
    ///
    /// # Errors
    /// `Invalid` when there is any.
    pub fn complete(&self) -> Result<()> {
        self.violations.clone().into_result()
    }

    /// What the sender of a live report is told: one entry for each rule.
    #[must_use]
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// What could not be used.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Ways to reach the person that could be read, of a contact that is barred.
    #[must_use]
    pub fn reach(&self) -> &[ChannelBody] {
        &self.reach
    }

    /// Whether nobody may contact the person by any way until somebody has asked.
    #[must_use]
    pub const fn contact_is_barred(&self) -> bool {
        self.contact_barred
    }

    /// Whether what could not be read may have said that the case is p0; `could_fire_p0` says which answers could.
    #[must_use]
    pub fn hides_danger(&self, could_fire_p0: impl Fn(KeyCode) -> bool) -> bool {
        self.unread || self.unread_keys.iter().any(|key| could_fire_p0(*key))
    }
}

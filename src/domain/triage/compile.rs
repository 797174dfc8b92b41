//! From the rule file as it is written to rules that can be asked: resolves every name and refuses what could not work.
//!
//! Owns the checks and their messages. Each message says where, what is wrong, and what to do about it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use super::condition::{Bits, Condition};
use super::facts::Signal;
use super::file::{Bands, FloorRow, Name, NoteRow, QueueTable, RuleFile, When};
use super::priority::Priority;
use super::queue::Queues;
use super::rules::{Level, Note, Row, Rules, RulesError, Weight};
use super::spans::{ImageClock, Span};
use crate::domain::terms::taxonomy::{CategoryCode, Group, KeyCode, taxonomy};

/// The format this program reads; a file of another one is refused rather than guessed at.
const FORMAT: u32 = 1;
/// High enough for any rule set, and low enough that no sum of points can overflow.
const HEAVIEST: u32 = 1000;

/// Reads the text of a rule file.
pub(super) fn rules(text: &str) -> Result<Rules, RulesError> {
    let file: RuleFile = toml::from_str(text).map_err(|error| RulesError(error.to_string()))?;
    if file.format != FORMAT {
        return refuse(format!("it says format {}, but this program reads format {FORMAT}", file.format));
    }
    if file.version.trim().is_empty() || file.purpose.trim().is_empty() {
        return refuse("version and purpose may not be empty: name the rule set and say what it is for".to_owned());
    }
    check_bands(&file.bands)?;
    check_image_clock(&file.intimate_image_clock)?;
    let rows = rows(text, file.floor)?;
    let p0_rows = rows_at_p0(&rows);
    let p0_scope = with_referred(&rows, p0_rows);
    Ok(Rules {
        version: file.version,
        purpose: file.purpose,
        weights: weights(text, file.points)?,
        bands: file.bands,
        clocks: file.clocks,
        promise: promises(file.promise)?,
        image_clock: file.intimate_image_clock,
        queues: queues(file.queues)?,
        p0_rows,
        p0_scope,
        p0_keys: keys_of(&rows, p0_scope),
        rows,
    })
}

fn refuse<T>(problem: String) -> Result<T, RulesError> {
    Err(RulesError(problem))
}

fn check_bands(bands: &Bands) -> Result<(), RulesError> {
    if bands.p1 > bands.p2 && bands.p2 > bands.p3 && bands.p3 > bands.p4 && bands.p4 == 0 {
        return Ok(());
    }
    refuse("[bands]: p1 must need more points than p2, p2 more than p3, and p4 must start at 0".to_owned())
}

fn check_image_clock(clock: &ImageClock) -> Result<(), RulesError> {
    if clock.alarms.last().is_some_and(|last| *last < clock.span) {
        return Ok(());
    }
    refuse("[intimate_image_clock]: give at least one alarm, each shorter than the span".to_owned())
}

fn rows_at_p0(rows: &[Row]) -> Bits {
    let at_p0 = rows.iter().filter(|row| row.level == Level::At(Priority::P0));
    at_p0.fold(Bits::default(), |set, row| set.with(row.bit))
}

/// The rows of the set and all they refer to; rows refer only upwards, so one walk from the end finds them.
fn with_referred(rows: &[Row], set: Bits) -> Bits {
    rows.iter().rev().fold(set, |found, row| match &row.when {
        Some(when) if found.covers(row.bit) => found.with(when.rows()),
        _ => found,
    })
}

fn keys_of(rows: &[Row], scope: Bits) -> Vec<(KeyCode, Bits)> {
    let in_scope = rows.iter().filter(|row| scope.covers(row.bit)).filter_map(|row| row.when.as_ref());
    let keys = in_scope.fold(Bits::default(), |keys, when| keys.with(when.keys()));
    let all = taxonomy().answer_keys().iter().enumerate();
    all.filter_map(|(position, answer_key)| Some((answer_key.key, Bits::one(position)?)))
        .filter(|(_, bit)| keys.covers(*bit))
        .collect()
}

fn rows(text: &str, written: Vec<FloorRow>) -> Result<Vec<Row>, RulesError> {
    let mut rows: Vec<Row> = Vec::with_capacity(written.len());
    for row in written {
        let compiled = Compiler { text, code: row.code.get_ref().clone(), earlier: &rows }.row(row)?;
        rows.push(compiled);
    }
    if rows.is_empty() {
        return refuse("it has no [[floor]] rows".to_owned());
    }
    let unreadable = Bits::of_signal(Signal::Unreadable).unwrap_or_default();
    let minds = |row: &Row| {
        matches!(row.level, Level::At(Priority::P0 | Priority::P1))
            && row.when.as_ref().is_some_and(|when| when.is_signal_alone(unreadable))
    };
    if !rows.iter().any(minds) {
        return refuse("no row of p1 has `when.signal = \"unreadable\"`: add one like O27 of TSP-1".to_owned());
    }
    Ok(rows)
}

/// Compiles one row, knowing those before it.
struct Compiler<'a> {
    text: &'a str,
    code: String,
    earlier: &'a [Row],
}

impl Compiler<'_> {
    fn row(&self, row: FloorRow) -> Result<Row, RulesError> {
        let place = row.code.span();
        if self.code.trim().is_empty() || row.text.trim().is_empty() {
            return self.refuse(place, "code and text may not be empty");
        }
        if self.earlier.iter().any(|earlier| earlier.code == self.code) {
            return self.refuse(place, "another row already has this code: give this one its own");
        }
        let Some(bit) = Bits::one(self.earlier.len()) else {
            return self.refuse(place, "a rule file holds at most 128 rows: join some");
        };
        let level = self.level(&row.floor)?;
        let when = match (level, row.by_person, row.when) {
            (Level::ByPerson, true, None) => None,
            (Level::ByPerson, ..) | (_, true, _) => {
                return self.refuse(place, "floor = \"any\" and by_person = true go together, with no `when`");
            }
            (_, false, None) => return self.refuse(place, "it has no `when`: say when it fires"),
            (_, false, Some(when)) => Some(self.condition(&place, when)?),
        };
        if let Some(when) = &when {
            self.check_forbidden(&place, level, when)?;
        }
        let note = row.note.map(|note| self.note(note)).transpose()?;
        Ok(Row { code: self.code.clone(), level, bit, when, text: row.text, note })
    }

    fn level(&self, floor: &Name) -> Result<Level, RulesError> {
        match floor.get_ref().as_str() {
            "one_up" => Ok(Level::OneUp),
            "any" => Ok(Level::ByPerson),
            name => match Priority::parse(name) {
                Some(priority) => Ok(Level::At(priority)),
                None => self.refuse(floor.span(), &format!("`{name}` is not a floor: use p0 to p4, one_up or any")),
            },
        }
    }

    fn condition(&self, place: &Range<usize>, when: When) -> Result<Condition, RulesError> {
        let parts = (when.any_of.is_some(), when.all_of.is_some());
        let condition = Condition {
            all_yes: self.names(place, when.all_yes, key_bit)?,
            any_yes: self.names(place, when.any_yes, key_bit)?,
            any_category: self.names(place, when.any_category, category_bit)?,
            any_group: self.names(place, when.any_group, group_bit)?,
            child: when.child.unwrap_or(false),
            signal: when.signal.and_then(Bits::of_signal).unwrap_or_default(),
            any_fired: self.rows(place, when.any_fired)?,
            none_fired: self.rows(place, when.none_fired)?,
            any_of: self.parts(place, when.any_of)?,
            all_of: self.parts(place, when.all_of)?,
        };
        if when.child == Some(false) {
            return self.refuse(place.clone(), "`child = false` would lower a child's case: leave the line out");
        }
        if condition.is_nothing()
            || (parts.0 && condition.any_of.is_empty())
            || (parts.1 && condition.all_of.is_empty())
        {
            return self.refuse(place.clone(), "a condition is empty: name what must hold");
        }
        Ok(condition)
    }

    fn parts(&self, place: &Range<usize>, parts: Option<Vec<When>>) -> Result<Vec<Condition>, RulesError> {
        parts.into_iter().flatten().map(|part| self.condition(place, part)).collect()
    }

    fn names(&self, place: &Range<usize>, names: Option<Vec<Name>>, bit: NameBit) -> Result<Bits, RulesError> {
        let Some(names) = names else { return Ok(Bits::default()) };
        if names.is_empty() {
            return self.refuse(place.clone(), "a list is empty: name what must hold, or leave the line out");
        }
        names.iter().try_fold(Bits::default(), |set, name| match bit(name.get_ref()) {
            Ok(bit) => Ok(set.with(bit)),
            Err(problem) => self.refuse(name.span(), &problem),
        })
    }

    fn rows(&self, place: &Range<usize>, names: Option<Vec<Name>>) -> Result<Bits, RulesError> {
        let Some(names) = names else { return Ok(Bits::default()) };
        if names.is_empty() {
            return self.refuse(place.clone(), "a list of rows is empty: name one, or leave the line out");
        }
        names.iter().try_fold(Bits::default(), |set, name| {
            if let Some(row) = self.earlier.iter().find(|row| row.code == *name.get_ref()) {
                return Ok(set.with(row.bit));
            }
            let problem = format!("`{}` is not a floor above this row: correct it or move it up", name.get_ref());
            self.refuse(name.span(), &problem)
        })
    }

    /// "Unless another row has fired" must never let a further yes lower a priority: the other row has to be at least
    /// as urgent, and nothing else may lean on a row that can go out again (TSP-1, rule 2).
    fn check_forbidden(&self, place: &Range<usize>, level: Level, when: &Condition) -> Result<(), RulesError> {
        let forbidden = when.forbidden_rows();
        let wanted = when.rows().without(forbidden);
        for row in self.earlier {
            let as_urgent = matches!((row.level, level), (Level::At(other), Level::At(own)) if other <= own);
            if forbidden.covers(row.bit) && !as_urgent {
                let problem = format!("none_fired names {}, which is less urgent than this row", row.code);
                return self.refuse(place.clone(), &problem);
            }
            let goes_out = row.when.as_ref().is_some_and(|when| !when.forbidden_rows().is_empty());
            if wanted.covers(row.bit) && goes_out {
                let problem =
                    format!("any_fired names {}, which has a none_fired of its own: name other rows", row.code);
                return self.refuse(place.clone(), &problem);
            }
        }
        Ok(())
    }

    fn note(&self, note: NoteRow) -> Result<Note, RulesError> {
        if note.is.is_empty() || note.text.trim().is_empty() {
            return self.refuse(note.key.span(), "a note needs the answers it is for, and a text");
        }
        match key_bit(note.key.get_ref()) {
            Ok(key) => Ok(Note { key, is: note.is, text: note.text }),
            Err(problem) => self.refuse(note.key.span(), &problem),
        }
    }

    fn refuse<T>(&self, place: Range<usize>, problem: &str) -> Result<T, RulesError> {
        refuse(format!("line {}, floor {}: {problem}", line(self.text, &place), self.code))
    }
}

impl Condition {
    fn is_nothing(&self) -> bool {
        let sets = [self.all_yes, self.any_yes, self.any_category, self.any_group, self.signal, self.any_fired];
        let asks = sets.iter().any(|set| !set.is_empty()) || !self.none_fired.is_empty() || self.child;
        !asks && self.any_of.is_empty() && self.all_of.is_empty()
    }
}

type NameBit = fn(&str) -> Result<Bits, String>;

fn key_bit(name: &str) -> Result<Bits, String> {
    let key = KeyCode::parse(name).and_then(|key| taxonomy().key_position(key));
    key.and_then(Bits::one).ok_or_else(|| format!("`{name}` is not an answer key: use one of answer_keys.toml"))
}

fn category_bit(name: &str) -> Result<Bits, String> {
    let category = CategoryCode::parse(name).and_then(|code| taxonomy().category_position(code));
    category.and_then(Bits::one).ok_or_else(|| format!("`{name}` is not a category: use one of categories.toml"))
}

fn group_bit(name: &str) -> Result<Bits, String> {
    let group = Group::parse(name).and_then(Bits::of_group);
    group.ok_or_else(|| format!("`{name}` is not a group of categories: use one of categories.toml"))
}

fn weights(text: &str, points: BTreeMap<String, BTreeMap<Name, u32>>) -> Result<Vec<Weight>, RulesError> {
    let mut weights = Vec::new();
    let mut seen = BTreeSet::new();
    for (group, keys) in points {
        for (name, weight) in keys {
            let at =
                |problem: &str| RulesError(format!("line {}, points.{group}: {problem}", line(text, &name.span())));
            let bit = key_bit(name.get_ref()).map_err(|problem| at(&problem))?;
            let key = KeyCode::parse(name.get_ref()).ok_or_else(|| at("not an answer key"))?;
            if !seen.insert(key) {
                return Err(at(&format!("`{key}` has points in two groups: keep one")));
            }
            if weight == 0 || weight > HEAVIEST {
                return Err(at(&format!("`{key}` must weigh from 1 to {HEAVIEST}")));
            }
            weights.push(Weight { key, bit, points: weight });
        }
    }
    weights.sort_by(|one, other| other.points.cmp(&one.points).then(one.key.cmp(&other.key)));
    Ok(weights)
}

fn promises(written: BTreeMap<Group, Span>) -> Result<BTreeMap<Group, Duration>, RulesError> {
    let missing = Group::ALL.iter().find(|group| !written.contains_key(group));
    match missing {
        Some(group) => {
            refuse(format!("[promise]: the group `{}` is missing: say within what time it is read", group.as_str()))
        }
        None => Ok(written.into_iter().map(|(group, span)| (group, span.0)).collect()),
    }
}

fn queues(written: QueueTable) -> Result<Queues, RulesError> {
    let QueueTable { child_rule, p0, groups } = written;
    match Group::ALL.iter().find(|group| !groups.contains_key(group)) {
        Some(group) => {
            refuse(format!("[queues.groups]: the group `{}` is missing: say which queue it goes to", group.as_str()))
        }
        None => Ok(Queues { child_rule, p0, groups }),
    }
}

fn line(text: &str, place: &Range<usize>) -> usize {
    text.get(..place.start).map_or(0, |before| before.matches('\n').count()) + 1
}

//! Reads the two embedded data files into a [`Taxonomy`].
//!
//! Owns the shape of the files; knows nothing of who uses the result.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{AnswerKey, Category, CategoryCode, DsaMapping, Group, KeyCode, KeyGroup, Taxonomy};

pub(super) const CATEGORIES: &str = include_str!("categories.toml");
pub(super) const ANSWER_KEYS: &str = include_str!("answer_keys.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CategoryFile {
    category: Vec<CategoryRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CategoryRow {
    code: String,
    group: Group,
    label: String,
    meaning: String,
    dsa: Vec<DsaMapping>,
    osa_kinds: Vec<String>,
    osa_note: Option<String>,
    au: Option<String>,
    #[serde(default)]
    child_rule: bool,
    #[serde(default)]
    intimate_image_clock: bool,
    #[serde(default = "exported_unless_said")]
    exported: bool,
}

const fn exported_unless_said() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerKeyFile {
    answer_key: Vec<AnswerKeyRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerKeyRow {
    key: String,
    group: KeyGroup,
    question: String,
}

/// Reads the text of both files. The error says what is wrong and where.
pub(super) fn parse(categories: &str, answer_keys: &str) -> Result<Taxonomy, String> {
    let categories: CategoryFile = toml::from_str(categories).map_err(|error| format!("categories.toml: {error}"))?;
    let answer_keys: AnswerKeyFile =
        toml::from_str(answer_keys).map_err(|error| format!("answer_keys.toml: {error}"))?;
    let categories: Vec<Category> = categories.category.into_iter().map(category).collect();
    let answer_keys: Vec<AnswerKey> = answer_keys.answer_key.into_iter().map(answer_key).collect();
    let category_index = index(categories.iter().map(|category| category.code.as_str()).collect())?;
    let key_index = index(answer_keys.iter().map(|answer_key| answer_key.key.as_str()).collect())?;
    Ok(Taxonomy { categories, answer_keys, category_index, key_index })
}

// Codes are leaked so that they are plain `&'static str` everywhere: once per process, a few kilobytes.
fn category(row: CategoryRow) -> Category {
    Category {
        code: CategoryCode(row.code.leak()),
        label: row.label,
        group: row.group,
        meaning: row.meaning,
        dsa: row.dsa,
        osa_kinds: row.osa_kinds,
        osa_note: row.osa_note,
        au: row.au,
        child_rule: row.child_rule,
        intimate_image_clock: row.intimate_image_clock,
        exported: row.exported,
    }
}

fn answer_key(row: AnswerKeyRow) -> AnswerKey {
    AnswerKey { key: KeyCode(row.key.leak()), question: row.question, group: row.group }
}

fn index(names: Vec<&'static str>) -> Result<BTreeMap<&'static str, usize>, String> {
    let mut index = BTreeMap::new();
    for (position, name) in names.into_iter().enumerate() {
        if index.insert(name, position).is_some() {
            return Err(format!("`{name}` stands twice: remove one of the two"));
        }
    }
    Ok(index)
}

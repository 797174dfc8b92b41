//! The rule file of routing: its shape, its reader, and what of it holds for a case.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::directory::{Kind, Mark, Need, Service, places_of};
use crate::domain::terms::taxonomy::{CategoryCode, Group, KeyCode};
use crate::domain::terms::words::Answer;
use crate::domain::triage::{Facts, Priority};

/// The built-in rules.
const BUILT_IN: &str = include_str!("routing.toml");
/// The format this program reads.
const FORMAT: u32 = 1;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    version: String,
    purpose: String,
    needs: Needs,
    rule: Vec<Rule>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Needs {
    groups: BTreeMap<Group, Vec<Need>>,
    #[serde(default)]
    categories: BTreeMap<CategoryCode, Vec<Need>>,
}

/// A rule: when it holds, and which services it proposes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) code: String,
    #[serde(default)]
    when: When,
    offer: Offer,
    #[serde(default = "three")]
    pub(super) most: usize,
    pub(super) text: String,
}

const fn three() -> usize {
    3
}

/// The parts about answers and categories are one: any of them is enough. The others hold beside them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct When {
    any_yes: Vec<KeyCode>,
    any_category: Vec<CategoryCode>,
    any_group: Vec<Group>,
    at_least: Option<Priority>,
    areas: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Offer {
    needs: Vec<Need>,
    kinds: Vec<Kind>,
    marks: Vec<Mark>,
    without: Vec<Mark>,
    services: Vec<String>,
}

/// The rules of routing.
#[derive(Clone, Debug)]
pub struct Rules {
    version: String,
    purpose: String,
    needs: Needs,
    rows: Vec<Rule>,
    failure: Option<String>,
}

static LOADED: LazyLock<Rules> = LazyLock::new(|| {
    Rules::parse(BUILT_IN).unwrap_or_else(|reason| Rules {
        version: String::new(),
        purpose: String::new(),
        needs: Needs::default(),
        rows: Vec::new(),
        failure: Some(reason),
    })
});

impl Rules {
    /// The built-in rules.
    #[must_use]
    pub fn built_in() -> Self {
        LOADED.clone()
    }

    /// The built-in rules in place of some that cannot be used, and why.
    #[must_use]
    pub fn in_place_of(reason: String) -> Self {
        Self { failure: Some(reason), ..Self::built_in() }
    }

    /// Reads a rule file.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        if file.format != FORMAT {
            return Err(format!("it says format {}, and this program reads format {FORMAT}", file.format));
        }
        if let Some(group) = Group::ALL.iter().find(|group| !file.needs.groups.contains_key(group)) {
            return Err(format!("[needs.groups]: the group `{}` is missing", group.as_str()));
        }
        if file.version.trim().is_empty() || file.purpose.trim().is_empty() {
            return Err("version and purpose may not be empty".to_owned());
        }
        for (at, rule) in file.rule.iter().enumerate() {
            rule.check(file.rule.get(..at).unwrap_or_default())?;
        }
        let File { version, purpose, needs, rule: rows, .. } = file;
        Ok(Self { version, purpose, needs, rows, failure: None })
    }

    /// Which rules they are.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What they are for.
    #[must_use]
    pub fn purpose(&self) -> &str {
        &self.purpose
    }

    /// Why the operator's file is not in use; nothing while it is, or there is none.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// What a category makes somebody need, the most important first.
    #[must_use]
    pub fn needs_of(&self, category: CategoryCode) -> &[Need] {
        let own = self.needs.categories.get(&category);
        own.or_else(|| self.needs.groups.get(&category.group())).map(Vec::as_slice).unwrap_or_default()
    }

    /// The rules that hold, in order, each with its place.
    pub(super) fn holding(&self, facts: &Facts, priority: Priority, region: Option<&str>) -> Vec<(usize, &Rule)> {
        self.rows.iter().enumerate().filter(|(_, rule)| rule.holds(facts, priority, region)).collect()
    }
}

impl Rule {
    fn check(&self, earlier: &[Self]) -> Result<(), String> {
        let of = |problem: &str| Err(format!("rule `{}`: {problem}", self.code));
        if self.code.trim().is_empty() || self.text.trim().is_empty() {
            return of("code and text may not be empty");
        }
        if earlier.iter().any(|other| other.code == self.code) {
            return of("another rule has this code");
        }
        let Offer { needs, kinds, marks, services, .. } = &self.offer;
        if needs.is_empty() && kinds.is_empty() && marks.is_empty() && services.is_empty() {
            return of("it offers nothing: name needs, kinds, marks or services");
        }
        if !(1..=3).contains(&self.most) {
            return of("most is 1, 2 or 3");
        }
        let known = |area: &String| places_of(std::slice::from_ref(area)).is_some();
        match self.when.areas.iter().find(|area| !known(area)) {
            Some(area) => of(&format!("`{area}` is no area of areas.toml, country or part of one")),
            None => Ok(()),
        }
    }

    fn holds(&self, facts: &Facts, priority: Priority, region: Option<&str>) -> bool {
        let When { any_yes, any_category, any_group, at_least, areas } = &self.when;
        let asks_of_facts = !(any_yes.is_empty() && any_category.is_empty() && any_group.is_empty());
        let is_yes = |key: &KeyCode| facts.answers.get(key) == Some(&Answer::Yes);
        let fits = any_yes.iter().any(is_yes)
            || any_category.iter().any(|code| facts.categories.contains(code))
            || facts.categories.iter().any(|code| any_group.contains(&code.group()));
        let there = |region: &str| {
            let country = region.split('-').next().unwrap_or_default();
            places_of(areas).is_some_and(|places| places.hold(country, Some(region)).is_some())
        };
        (fits || !asks_of_facts)
            && at_least.is_none_or(|least| priority <= least)
            && (areas.is_empty() || region.is_some_and(there))
    }

    /// Whether it proposes the service.
    pub(super) fn offers(&self, service: &Service) -> bool {
        let (Offer { needs, kinds, marks, without, services }, entry) = (&self.offer, &service.entry);
        (needs.is_empty() || entry.helps_with.iter().any(|need| needs.contains(need)))
            // What a service for children is beside that says its name: to a child it is all of them.
            && (kinds.is_empty() || kinds.contains(&entry.kind) || entry.kind == Kind::Child)
            && (marks.is_empty() || entry.marks.iter().any(|mark| marks.contains(mark)))
            && !entry.marks.iter().any(|mark| without.contains(mark))
            && (services.is_empty() || services.contains(&entry.slug))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_rules_are_read() {
        let rules = Rules::built_in();
        assert_eq!(rules.failure(), None);
        assert_eq!(rules.version(), "routing-1");
        let codes: Vec<&str> = rules.rows.iter().map(|rule| rule.code.as_str()).collect();
        assert_eq!(codes.last(), Some(&"any_crime"), "whatever it was, somebody helps");
        for category in crate::domain::terms::taxonomy::taxonomy().categories() {
            assert!(!rules.needs_of(category.code).is_empty(), "{}", category.code);
        }
    }

    #[test]
    fn what_could_not_work_is_refused_by_its_name() {
        let with = |change: fn(String) -> String| Rules::parse(&change(BUILT_IN.to_owned())).unwrap_err();
        assert!(with(|text| text.replace("code = \"hate\"", "code = \"bank\"")).contains("rule `bank`: another"));
        assert!(with(|text| text.replace("\"scotland\"", "\"skotland\"")).contains("`skotland` is no area"));
        assert!(with(|text| text.replace("most = 2", "most = 9")).contains("most is 1, 2 or 3"));
        assert!(with(|text| text.replace("format = 1", "format = 2")).contains("format 2"));
        assert!(with(|text| text.replace("hate = [\"hate\"]", "")).contains("the group `hate` is missing"));
        assert!(with(|text| text.replace("when.any_group", "when.any_grup")).contains("any_grup"));
        assert!(Rules::in_place_of("broken".to_owned()).failure().is_some());
    }
}

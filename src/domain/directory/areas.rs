//! Where a service helps: countries, their parts, and areas that have a name among people.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::terms::places;
use crate::domain::terms::region::Region;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    area: Vec<Area>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Area {
    code: String,
    regions: Vec<Region>,
    subdivisions: Vec<String>,
}

/// The subdivisions of each named area; a test reads the file, so that it is never empty.
static NAMED: LazyLock<BTreeMap<String, BTreeSet<String>>> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("areas.toml")).unwrap_or(File { area: Vec::new() });
    let parts = |area: Area| {
        let within = area.regions.into_iter().flat_map(Region::subdivisions).map(str::to_owned);
        (area.code, within.chain(area.subdivisions).collect())
    };
    file.area.into_iter().map(parts).collect()
});

/// The names of areas.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMED.keys().map(String::as_str)
}

/// The places of these codes; nothing where one of them is not known.
#[must_use]
pub fn places_of(codes: &[String]) -> Option<Places> {
    codes.iter().all(|code| is_known(code)).then(|| Places::of(codes))
}

/// Whether an entry of the directory may name this: a country, a part of one, or an area.
#[must_use]
pub(super) fn is_known(code: &str) -> bool {
    let same = |read: Option<String>| read.as_deref() == Some(code);
    NAMED.contains_key(code) || same(places::country(code)) || same(places::region(code))
}

/// Whether an area holds somebody's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holds {
    /// It does, and it is of so many parts: fewer are nearer. A whole country is of more than any of its areas.
    Wholly(usize),
    /// It is a part of their country, and nobody knows in which part they are.
    Perhaps(usize),
}

impl Holds {
    /// Of how many parts the area is: fewer are nearer.
    #[must_use]
    pub const fn parts(self) -> usize {
        match self {
            Self::Wholly(parts) => parts,
            // After every area that is known to hold the place.
            Self::Perhaps(parts) => COUNTRY + parts,
        }
    }
}

/// More parts than any area has.
const COUNTRY: usize = 1_000;

/// Where a service helps, ready to be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    countries: BTreeSet<String>,
    parts: BTreeSet<String>,
}

impl Places {
    /// The places of these codes. One that is not known is left out.
    #[must_use]
    pub fn of(codes: &[String]) -> Self {
        let mut places = Self::default();
        for code in codes {
            match NAMED.get(code) {
                Some(parts) => places.parts.extend(parts.iter().cloned()),
                None if code.contains('-') => drop(places.parts.insert(code.clone())),
                None => drop(places.countries.insert(code.clone())),
            }
        }
        places
    }

    /// The countries in which it helps, wholly or in parts.
    #[must_use]
    pub fn countries(&self) -> BTreeSet<&str> {
        let of_parts = self.parts.iter().filter_map(|part| part.split_once('-')).map(|(country, _)| country);
        self.countries.iter().map(String::as_str).chain(of_parts).collect()
    }

    /// Whether it holds a place in a country, where the part of it may be known.
    #[must_use]
    pub fn hold(&self, country: &str, region: Option<&str>) -> Option<Holds> {
        if region.is_some_and(|region| self.parts.contains(region)) {
            return Some(Holds::Wholly(self.parts.len()));
        }
        if self.countries.contains(country) {
            return Some(Holds::Wholly(COUNTRY));
        }
        let of_country = || self.parts.iter().any(|part| part.split_once('-').is_some_and(|(of, _)| of == country));
        (region.is_none() && of_country()).then_some(Holds::Perhaps(self.parts.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_whole() {
        let file: File = toml::from_str(include_str!("areas.toml")).unwrap();
        assert_eq!(NAMED.len(), file.area.len(), "an area stands twice");
        for (code, parts) in NAMED.iter() {
            assert!(!parts.is_empty(), "{code}");
            assert!(parts.iter().all(|part| places::region(part).as_ref() == Some(part)), "{code}");
        }
        let sussex: Vec<&str> = NAMED["sussex"].iter().map(String::as_str).collect();
        assert_eq!(sussex, ["GB-BNH", "GB-ESX", "GB-WSX"]);
        assert!(NAMED["england"].is_superset(&NAMED["london"]) && !NAMED["england"].contains("GB-GLG"));
    }

    #[test]
    fn the_nearest_area_is_the_smallest() {
        let of = |codes: &[&str]| Places::of(&codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>());
        let (sussex, england, country) = (of(&["sussex"]), of(&["england", "wales"]), of(&["GB"]));
        let at = Some("GB-ESX");
        let all = [sussex.hold("GB", at), england.hold("GB", at), country.hold("GB", at)];
        assert!(all.iter().all(Option::is_some) && all.is_sorted(), "{all:?}");
        assert_eq!(sussex.hold("GB", Some("GB-KEN")), None);
        assert!(matches!(sussex.hold("GB", None), Some(Holds::Perhaps(3))));
        assert_eq!(sussex.hold("FR", None), None);
        assert_eq!(of(&["FR", "GB-KEN"]).countries(), ["FR", "GB"].into());
    }
}

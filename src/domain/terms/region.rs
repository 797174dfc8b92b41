//! Where people live, as coarse as it is published: the twelve ITL1 regions of the United Kingdom, or elsewhere.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::base::code::codes;

codes! {
    /// A region of the United Kingdom (International Territorial Level 1, 2025), or elsewhere.
    pub enum Region {
        /// North East.
        NorthEast = "north_east",
        /// North West.
        NorthWest = "north_west",
        /// Yorkshire and The Humber.
        YorkshireAndTheHumber = "yorkshire_and_the_humber",
        /// East Midlands.
        EastMidlands = "east_midlands",
        /// West Midlands.
        WestMidlands = "west_midlands",
        /// East of England.
        EastOfEngland = "east_of_england",
        /// London.
        London = "london",
        /// South East.
        SouthEast = "south_east",
        /// South West.
        SouthWest = "south_west",
        /// Wales.
        Wales = "wales",
        /// Scotland.
        Scotland = "scotland",
        /// Northern Ireland.
        NorthernIreland = "northern_ireland",
        /// Another country, or nobody said.
        OutsideOrUnknown = "outside_or_unknown",
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    region: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: Region,
    #[serde(rename = "name")]
    _name: String,
    subdivisions: Vec<String>,
}

/// The region of each subdivision; a test reads the file, so that it is never empty.
static SUBDIVISIONS: LazyLock<BTreeMap<String, Region>> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("regions.toml")).unwrap_or(File { region: Vec::new() });
    let of = |entry: Entry| entry.subdivisions.into_iter().map(move |code| (code, entry.code));
    file.region.into_iter().flat_map(of).collect()
});

impl Region {
    /// The subdivisions (ISO 3166-2) that lie in it.
    pub fn subdivisions(self) -> impl Iterator<Item = &'static str> {
        SUBDIVISIONS.iter().filter(move |(_, region)| **region == self).map(|(code, _)| code.as_str())
    }

    /// The region that a subdivision (ISO 3166-2) lies in.
    #[must_use]
    pub fn of(subdivision: Option<&str>) -> Self {
        subdivision.and_then(|code| SUBDIVISIONS.get(code).copied()).unwrap_or(Self::OutsideOrUnknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subdivision_lies_in_one_region() {
        let file: File = toml::from_str(include_str!("regions.toml")).unwrap();
        let all: usize = file.region.iter().map(|entry| entry.subdivisions.len()).sum();
        assert_eq!(SUBDIVISIONS.len(), all, "a subdivision stands twice");
        let named: Vec<Region> = file.region.iter().map(|entry| entry.code).collect();
        assert_eq!(named, Region::ALL[..12], "the twelve regions, in order");
        let known = [
            ("GB-ESX", Region::SouthEast),
            ("GB-CMD", Region::London),
            ("GB-NEL", Region::YorkshireAndTheHumber),
            ("GB-LIN", Region::EastMidlands),
            ("GB-HRT", Region::EastOfEngland),
            ("GB-GLG", Region::Scotland),
            ("GB-CRF", Region::Wales),
            ("GB-BFS", Region::NorthernIreland),
            ("GB-CON", Region::SouthWest),
            ("GB-MAN", Region::NorthWest),
            ("GB-DUR", Region::NorthEast),
            ("GB-BIR", Region::WestMidlands),
        ];
        for (code, region) in known {
            assert_eq!(Region::of(Some(code)), region, "{code}");
        }
        for unknown in [None, Some(""), Some("GB-ENG"), Some("FR-75"), Some("gb-esx")] {
            assert_eq!(Region::of(unknown), Region::OutsideOrUnknown, "{unknown:?}");
        }
    }
}

//! Answers as they are sent: each key once, so that a yes is never lost to a later no.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, Visitor};

use crate::domain::triage::Answer;

/// Reads answers and refuses a key that stands twice.
pub(super) fn once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Answer>, D::Error> {
    deserializer.deserialize_map(Once)
}

struct Once;

impl<'de> Visitor<'de> for Once {
    type Value = BTreeMap<String, Answer>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut answers = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            if answers.contains_key(&key) {
                return Err(A::Error::custom(format!("duplicate field `{key}`")));
            }
            answers.insert(key, map.next_value()?);
        }
        Ok(answers)
    }
}

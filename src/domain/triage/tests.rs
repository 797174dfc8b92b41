//! Triage against the contract: the seventy reports, an oracle written by hand, and the ways a rule file can be broken.

mod broken;
mod oracle;
mod properties;
mod reports;
mod tables;

use super::Facts;
use crate::domain::terms::taxonomy::{CategoryCode, KeyCode};
use crate::domain::terms::words::Answer;

/// Facts from names, all answered yes.
fn yes(categories: &[&str], keys: &[&str]) -> Facts {
    Facts {
        categories: categories.iter().map(|code| CategoryCode::parse(code).unwrap()).collect(),
        answers: keys.iter().map(|key| (KeyCode::parse(key).unwrap(), Answer::Yes)).collect(),
        ..Facts::default()
    }
}

/// The codes of the rows that fired.
fn codes(assessment: &super::Assessment) -> Vec<&str> {
    assessment.floors.iter().map(|floor| floor.code.as_str()).collect()
}

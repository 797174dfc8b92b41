//! What pages call what people said: a word or two for each code, the same on every surface.

use crate::domain::terms::taxonomy::{CategoryCode, taxonomy};
use crate::domain::terms::words::{Answer, Relation};

/// A category, by its short name for a person.
pub(super) fn category(code: CategoryCode) -> String {
    let named = taxonomy().categories().iter().find(|category| category.code == code);
    named.map_or_else(|| plain(code.as_str()), |category| category.label.clone())
}

/// A code without a word of its own.
pub(super) fn plain(code: &str) -> String {
    let text = code.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

/// Who sent a report.
pub(super) const fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::SelfReported => "by the survivor",
        Relation::ActingFor => "by somebody acting for the survivor",
        Relation::ParentOrCarer => "by a parent or carer",
        Relation::Witness => "by a witness",
        Relation::PlatformStaff => "by the platform’s own staff",
    }
}

/// An answer.
pub(super) const fn answer(answer: Answer) -> &'static str {
    match answer {
        Answer::Yes => "yes",
        Answer::No => "no",
        Answer::Unknown => "not known",
        Answer::NotAsked => "not asked",
        Answer::Declined => "rather not say",
    }
}

/// The question behind an answer key.
pub(super) fn question(key: &str) -> String {
    let named = taxonomy().answer_keys().iter().find(|known| known.key.as_str() == key);
    named.map_or_else(|| plain(key), |known| known.question.clone())
}

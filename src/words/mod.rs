//! What is said of each code, to whoever reads it. The domain says which rule was broken, with its numbers and codes; the
//! words are here, one catalogue for each kind of reader.
//!
//! Today there are two, in English. One is for whoever builds on the JSON API or types commands: it speaks of members, calls and
//! headers. The other is for whoever is at a page, and speaks of what stands there.

mod page_rules;
mod pages;
mod problems;
mod rules;

pub use page_rules::page_rule;
pub use pages::trouble;
pub use problems::{Said, problem};
pub use rules::rule;

//! What is said of each code, to whoever reads it. The domain says which rule was broken, with its numbers and codes; the
//! words are here, one catalogue for each kind of reader.
//!
//! Today there is one: English, for whoever builds on the JSON API or types commands. It speaks of members, calls and
//! headers, which a person in a browser never meets. Pages get a catalogue of their own, in the reader's language.

mod pages;
mod problems;
mod rules;

pub use pages::trouble;
pub use problems::{Said, problem};
pub use rules::rule;

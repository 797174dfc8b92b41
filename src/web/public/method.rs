//! How the figures are made, in plain words and in the numbers of the rules.

use askama::Template;

use super::site::head;
use crate::domain::counting::FlowKind;
use crate::pages::frame::Head;
use crate::statistics::disclosure::{Cadence, Guesses, Rules, rules};

#[derive(Template)]
#[template(path = "public/method.html")]
struct Method {
    head: Head,
    rules: &'static Rules,
    guesses: Guesses,
}

/// The page.
pub(super) fn page() -> anyhow::Result<String> {
    let words = "How each figure is counted, moved at random, rounded and published.";
    let head = head("How the figures are made", words, "/transparency/method");
    Ok(Method { head, rules: rules(), guesses: Guesses::of(rules()) }.render()?)
}

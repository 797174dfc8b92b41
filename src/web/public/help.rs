//! Whom to ring: emergency numbers and help lines, from the data file. The page is made when it is served, because numbers
//! change and signed pages do not: they lead here.

use askama::Template;

use super::site::head;
use crate::domain::terms::acknowledgement as terms;
use crate::pages::frame::Head;

/// A number to ring.
struct Line {
    label: &'static str,
    number: &'static str,
    /// The number as telephones take it.
    dial: String,
    /// When and how.
    notes: Vec<&'static str>,
}

#[derive(Template)]
#[template(path = "public/help.html")]
struct Help {
    head: Head,
    emergency: Vec<Line>,
    /// For one kind of trouble.
    special: Vec<Line>,
    checked: &'static str,
}

/// The page.
pub(super) fn page() -> anyhow::Result<String> {
    let line = |label, number: &'static str, notes| Line { label, number, dial: number.replace(' ', ""), notes };
    let emergency = terms::emergency_lines().iter().map(|one| {
        let notes = one.silent.iter().chain(&one.text).map(String::as_str).collect();
        line(&one.label, &one.number, notes)
    });
    let special = terms::help_lines().iter().map(|one| line(&one.label, &one.number, vec![&one.about]));
    Ok(Help {
        head: head("Whom to ring", "Emergency numbers by country, and help lines.", Head::HELP),
        emergency: emergency.collect(),
        special: special.collect(),
        checked: terms::lines_checked(),
    }
    .render()?)
}

//! The first page of an edition: what it found, and the way to everything in it.

use askama::Template;

use super::{cite, head, times};
use crate::pages::figures::Section;
use crate::pages::frame::Head;
use crate::pages::writing;
use crate::statistics::editions::bundle::{Imprint, Listed};
use crate::statistics::editions::tables::Table;
use crate::statistics::editions::times::of_platforms;
use crate::statistics::editions::{EditionId, prose, views};

struct TableLink {
    path: String,
    title: String,
    finding: String,
}

#[derive(Template)]
#[template(path = "editions/edition.html")]
struct EditionPage<'p> {
    head: Head,
    edition: EditionId,
    replaces: Option<(EditionId, String)>,
    period: String,
    published: String,
    finding: String,
    sections: Vec<Section>,
    tables: Vec<TableLink>,
    platforms: &'p [Listed],
    citation: String,
}

/// The page.
pub(super) fn page(imprint: &Imprint, tables: &[Table]) -> anyhow::Result<String> {
    let period = imprint.edition.quarter().in_words();
    let national = tables.iter().find(|table| table.rule.name == "national");
    let finding = national.map(|table| prose::finding(imprint.edition, table)).unwrap_or_default();
    let over_time = national.and_then(|table| views::over_time(imprint, table));
    let over_time =
        over_time.map(|section| Section { heading: "All platforms together, by quarter".to_owned(), ..section });
    let link = |name: &str, title: &str, finding: String| TableLink {
        path: format!("/transparency/{}/{name}", imprint.edition),
        title: title.to_owned(),
        finding,
    };
    let mut links = Vec::new();
    for table in tables {
        links.push(link(&table.rule.name, &table.rule.title, prose::finding(imprint.edition, table)));
        if table.rule.name == "platform-response" {
            let platforms = of_platforms(table);
            links.push(link("response-times", "Response times", times::finding(imprint, table, &platforms)));
        }
    }
    let title = format!("Statistics, {period}");
    let page = EditionPage {
        head: head(imprint, title, &format!("{finding}. Edition {}.", imprint.edition), "", None),
        edition: imprint.edition,
        replaces: imprint.replaces.clone(),
        published: writing::day(imprint.published_at),
        finding,
        sections: over_time.into_iter().collect(),
        tables: links,
        platforms: &imprint.register,
        citation: cite(imprint, &format!("Harm reported through dating apps, {period}"), ""),
        period,
    };
    Ok(page.render()?)
}

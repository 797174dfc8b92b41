//! The page of a table, and of one value of one of its dimensions.

use askama::Template;

use super::{cite, head};
use crate::pages::figures::Section;
use crate::pages::frame::Head;
use crate::pages::writing;
use crate::statistics::disclosure::ValueRule;
use crate::statistics::editions::bundle::Imprint;
use crate::statistics::editions::tables::{Axis, Table};
use crate::statistics::editions::{EditionId, Span, prose, views};

pub(super) struct Filter {
    name: &'static str,
    title: String,
    values: Vec<ValueRule>,
    chosen: String,
}

#[derive(Template)]
#[template(path = "editions/table.html")]
pub(super) struct TablePage {
    pub(super) head: Head,
    pub(super) edition: EditionId,
    pub(super) replaces: Option<(EditionId, String)>,
    pub(super) table: String,
    pub(super) title: String,
    pub(super) period: String,
    pub(super) finding: String,
    pub(super) sure: String,
    pub(super) filters: Vec<Filter>,
    pub(super) back: Option<(String, String)>,
    pub(super) sections: Vec<Section>,
    pub(super) downloads: Vec<(String, &'static str)>,
    pub(super) citation: String,
}

/// The whole table.
pub(super) fn whole(imprint: &Imprint, table: &Table) -> anyhow::Result<String> {
    let (name, title) = (&table.rule.name, &table.rule.title);
    let period = prose::period(imprint.edition, table.span);
    let finding = prose::finding(imprint.edition, table);
    let note = match table.axes.as_slice() {
        [_, columns] => format!("In each picture, from left to right: {}.", listed(&columns.values)),
        _ if table.rule.is_signed() => {
            "Cases that were counted and then turned out to be abuse of the service: −35 says \
                                        that about 35 were. Earlier editions are not changed."
                .to_owned()
        }
        _ => String::new(),
    };
    let mut sections = vec![Section {
        heading: String::new(),
        note,
        charts: views::charts_of(imprint, table),
        grid: views::grid(imprint, table),
    }];
    if let Some(section) = views::over_time(imprint, table) {
        sections.push(Section {
            heading: "By quarter".to_owned(),
            note: "Editions are never restated: each quarter stands as it was published.".to_owned(),
            ..section
        });
    }
    let page = TablePage {
        head: head(imprint, format!("{title}, {period}"), &format!("{finding}."), name, Some(name)),
        edition: imprint.edition,
        replaces: imprint.replaces.clone(),
        table: name.clone(),
        title: title.clone(),
        finding,
        sure: sure(table),
        filters: filters(table, None),
        back: None,
        sections,
        downloads: downloads(name, !table.rule.is_signed()),
        citation: cite(imprint, &format!("{title}, {period}"), name),
        period,
    };
    Ok(page.render()?)
}

fn listed(values: &[ValueRule]) -> String {
    let titles: Vec<&str> = values.iter().map(|value| value.title.as_str()).collect();
    titles.join(" · ")
}

/// The figures of one value of the dimension at `place`.
pub(super) fn one(imprint: &Imprint, table: &Table, place: usize, code: &str) -> anyhow::Result<String> {
    let (name, title) = (&table.rule.name, &table.rule.title);
    let period = prose::period(imprint.edition, table.span);
    let axis = table.axes.get(place).ok_or_else(|| anyhow::anyhow!("{name} has no dimension {place}"))?;
    let value = axis.title_of(code).to_owned();
    let (chart, grid) =
        views::slice(imprint, table, place, code).ok_or_else(|| anyhow::anyhow!("{name} has one dimension"))?;
    let shown = grid.rows.iter().flat_map(|row| &row.cells).filter(|cell| cell.value != "low").count();
    let finding = format!(
        "{value}: {} of {} figures are large enough to be shown {}",
        writing::number(shown),
        grid.rows.len(),
        prose::in_period(imprint.edition, table.span)
    );
    let path = format!("{name}/{}/{code}", axis.dimension.as_str());
    let back = Some((format!("/transparency/{}/{name}", imprint.edition), "The whole table".to_owned()));
    let page = TablePage {
        head: head(imprint, format!("{value}: {title}, {period}"), &format!("{finding}."), &path, Some(name)),
        edition: imprint.edition,
        replaces: imprint.replaces.clone(),
        table: name.clone(),
        title: title.clone(),
        finding,
        sure: sure(table),
        filters: filters(table, Some((place, code))),
        back,
        sections: vec![Section { heading: String::new(), note: String::new(), charts: vec![chart], grid }],
        downloads: downloads(name, !table.rule.is_signed()),
        citation: cite(imprint, &format!("{title}: {value}, {period}"), &path),
        period,
    };
    Ok(page.render()?)
}

fn sure(table: &Table) -> String {
    let span = match table.span {
        Span::Quarter => "",
        Span::Year => " This table tells of a whole year.",
    };
    format!(
        "Each figure was moved at random, usually by no more than {} up or down, and rounded to the nearest {}; below {} only \
         “fewer than” is shown. Figures are moved separately, so parts need not add up.{span}",
        table.rule.usual_noise(),
        table.rule.round_to,
        table.rule.threshold
    )
}

/// The files of a table.
pub(super) fn downloads(name: &str, has_picture: bool) -> Vec<(String, &'static str)> {
    let mut all = vec![
        (format!("{name}.csv"), "CSV"),
        (format!("{name}.csv-metadata.json"), "What the columns of the CSV mean (CSVW)"),
        (format!("{name}.json"), "JSON"),
    ];
    if has_picture {
        all.push((format!("{name}.svg"), "Picture (SVG), to embed or print"));
    }
    all
}

fn filters(table: &Table, chosen: Option<(usize, &str)>) -> Vec<Filter> {
    if table.axes.len() < 2 {
        return Vec::new();
    }
    let filter = |(place, axis): (usize, &Axis)| Filter {
        name: axis.dimension.as_str(),
        title: axis.title.clone(),
        values: axis.values.clone(),
        chosen: chosen.filter(|(at, _)| *at == place).map(|(_, code)| code.to_owned()).unwrap_or_default(),
    };
    table.axes.iter().enumerate().map(filter).collect()
}

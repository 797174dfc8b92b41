//! The pages of an edition: made once, with it, and never changed. They work without a script.

use askama::Template;

use super::bundle::{Imprint, Listed};
use super::files::File;
use super::prose::{self, Citation};
use super::tables::Table;
use super::times;
use super::times_page;
use super::views::{self, Grid};
use super::{EditionId, Span};
use crate::statistics::disclosure::ValueRule;

/// What every page has in its head.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// The page's name.
    pub(super) title: String,
    /// One sentence for search engines.
    pub(super) description: String,
    /// Where its style sheet stands.
    pub(super) style: String,
    /// Its data, without the ending; they are linked as CSV and JSON.
    pub(super) data: Option<String>,
    /// Its own path.
    pub(super) path: String,
    /// The edition that the page's own one replaces, and why.
    pub(super) replaces: Option<(EditionId, String)>,
}

impl Head {
    /// The paths that stand on every page.
    pub(super) const NAV: [(&'static str, &'static str); 5] = [
        ("/transparency", "Statistics"),
        ("/transparency/method", "Method"),
        ("/transparency/calendar", "Calendar"),
        ("/transparency/changes", "Changes"),
        ("/transparency/verify", "Verify"),
    ];

    /// Whether the page is the one at this path of the list.
    pub(super) fn is_at(&self, path: &str) -> bool {
        self.path == path
    }
}

/// A chart, or several, with the table beside.
pub(super) struct Section {
    pub(super) heading: String,
    pub(super) note: String,
    pub(super) charts: Vec<String>,
    pub(super) grid: Grid,
}

impl Section {
    pub(super) fn new(heading: &str, note: &str, charts: Vec<String>, grid: Grid) -> Self {
        Self { heading: heading.to_owned(), note: note.to_owned(), charts, grid }
    }
}

struct TableLink {
    path: String,
    title: String,
    finding: String,
}

pub(super) struct Filter {
    name: &'static str,
    title: String,
    values: Vec<ValueRule>,
    chosen: String,
}

#[derive(Template)]
#[template(path = "public/edition.html")]
struct EditionPage<'p> {
    head: Head,
    edition: EditionId,
    period: String,
    published: String,
    finding: String,
    sections: Vec<Section>,
    tables: Vec<TableLink>,
    platforms: &'p [Listed],
    citation: Citation,
}

#[derive(Template)]
#[template(path = "public/table.html")]
pub(super) struct TablePage {
    pub(super) head: Head,
    pub(super) edition: EditionId,
    pub(super) table: String,
    pub(super) title: String,
    pub(super) period: String,
    pub(super) finding: String,
    pub(super) sure: String,
    pub(super) filters: Vec<Filter>,
    pub(super) back: Option<(String, String)>,
    pub(super) sections: Vec<Section>,
    pub(super) downloads: Vec<(String, &'static str)>,
    pub(super) citation: Citation,
}

/// Every page.
pub(super) fn of_edition(imprint: &Imprint, tables: &[Table]) -> anyhow::Result<Vec<File>> {
    let mut files = vec![File::new("index.html", index(imprint, tables)?)];
    for table in tables {
        files.push(File::new(format!("{}.html", table.rule.name), whole(imprint, table)?));
        if table.axes.len() == 2 {
            for (place, axis) in table.axes.iter().enumerate() {
                for value in &axis.values {
                    let page = one(imprint, table, place, &value.code)?;
                    let path = format!("{}/{}/{}.html", table.rule.name, axis.dimension.as_str(), value.code);
                    files.push(File::new(path, page));
                }
            }
        }
        if table.rule.name == "platform-response" {
            let (page, picture) = times_page::page(imprint, table)?;
            files.push(File::new("response-times.html", page));
            files.push(File::new("response-times.svg", picture));
        }
    }
    Ok(files)
}

/// What the head of a page of this edition holds.
pub(super) fn head(imprint: &Imprint, title: String, description: &str, path: &str, data: Option<&str>) -> Head {
    let within = format!("/transparency/{}", imprint.edition);
    Head {
        title,
        description: description.to_owned(),
        style: format!("{within}/style.css"),
        data: data.map(|data| format!("{within}/{data}")),
        path: if path.is_empty() { within } else { format!("{within}/{path}") },
        replaces: imprint.replaces.clone(),
    }
}

fn index(imprint: &Imprint, tables: &[Table]) -> anyhow::Result<String> {
    let period = imprint.edition.quarter().in_words();
    let national = tables.iter().find(|table| table.rule.name == "national");
    let finding = national.map(|table| prose::finding(imprint.edition, table)).unwrap_or_default();
    let sections = national.and_then(|table| views::over_time(imprint, table)).map(|lines| Section {
        heading: "All platforms together, by quarter".to_owned(),
        note: String::new(),
        charts: lines.charts,
        grid: lines.grid,
    });
    let link = |name: &str, title: &str, finding: String| TableLink {
        path: format!("/transparency/{}/{name}", imprint.edition),
        title: title.to_owned(),
        finding,
    };
    let mut links = Vec::new();
    for table in tables {
        links.push(link(&table.rule.name, &table.rule.title, prose::finding(imprint.edition, table)));
        if table.rule.name == "platform-response" {
            let platforms = times::of_platforms(table);
            links.push(link("response-times", "Response times", times_page::finding(imprint, table, &platforms)));
        }
    }
    let title = format!("Statistics, {period}");
    let page = EditionPage {
        head: head(imprint, title, &format!("{finding}. Edition {}.", imprint.edition), "", None),
        edition: imprint.edition,
        published: prose::day(imprint.published_at),
        finding,
        sections: sections.into_iter().collect(),
        tables: links,
        platforms: &imprint.register,
        citation: cite(imprint, &format!("Harm reported through dating apps, {period}"), ""),
        period,
    };
    Ok(page.render()?)
}

/// How to cite a page of this edition.
pub(super) fn cite(imprint: &Imprint, title: &str, path: &str) -> Citation {
    let path = if path.is_empty() { String::new() } else { format!("/{path}") };
    let address = format!("{}/transparency/{}{path}", imprint.site, imprint.edition);
    Citation::of(imprint.edition, imprint.published_at, title, &address)
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
    let filter = |(place, axis): (usize, &crate::statistics::editions::Axis)| Filter {
        name: axis.dimension.as_str(),
        title: axis.title.clone(),
        values: axis.values.clone(),
        chosen: chosen.filter(|(at, _)| *at == place).map(|(_, code)| code.to_owned()).unwrap_or_default(),
    };
    table.axes.iter().enumerate().map(filter).collect()
}

fn whole(imprint: &Imprint, table: &Table) -> anyhow::Result<String> {
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
    if let Some(lines) = views::over_time(imprint, table) {
        sections.push(Section {
            heading: "By quarter".to_owned(),
            note: "Editions are never restated: each quarter stands as it was published.".to_owned(),
            charts: lines.charts,
            grid: lines.grid,
        });
    }
    let page = TablePage {
        head: head(imprint, format!("{title}, {period}"), &format!("{finding}."), name, Some(name)),
        edition: imprint.edition,
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

fn one(imprint: &Imprint, table: &Table, place: usize, code: &str) -> anyhow::Result<String> {
    let (name, title) = (&table.rule.name, &table.rule.title);
    let period = prose::period(imprint.edition, table.span);
    let axis = table.axes.get(place).ok_or_else(|| anyhow::anyhow!("{name} has no dimension {place}"))?;
    let value = axis.title_of(code).to_owned();
    let (chart, grid) =
        views::slice(imprint, table, place, code).ok_or_else(|| anyhow::anyhow!("{name} has one dimension"))?;
    let shown = grid.rows.iter().flat_map(|row| &row.cells).filter(|cell| cell.value != "low").count();
    let finding = format!(
        "{value}: {} of {} figures are large enough to be shown {}",
        prose::number(shown),
        grid.rows.len(),
        prose::in_period(imprint.edition, table.span)
    );
    let path = format!("{name}/{}/{code}", axis.dimension.as_str());
    let back = Some((format!("/transparency/{}/{name}", imprint.edition), "The whole table".to_owned()));
    let page = TablePage {
        head: head(imprint, format!("{value}: {title}, {period}"), &format!("{finding}."), &path, Some(name)),
        edition: imprint.edition,
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

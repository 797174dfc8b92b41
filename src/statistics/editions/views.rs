//! What a page shows of a table: the charts and the table beside them. Both are made of the same cells, so that a chart
//! never says what its table does not.

use super::Span;
use super::bundle::Imprint;
use super::prose;
use super::tables::{Axis, Table, TableCell};
use crate::pages::charts::{self, About, Bar, Column, Panel, Point, Series, Shown};
use crate::pages::figures::{Grid, GridCell, GridRow, Section};
use crate::statistics::disclosure::{Dimension, Figure, TableRule};

/// A figure as charts and tables show it.
pub(super) fn shown(figure: Figure, rule: &TableRule) -> Shown {
    match figure {
        Figure::Value(value) => Shown::Value(value),
        Figure::Low => Shown::Low { below: rule.threshold },
    }
}

fn key(cell: &TableCell) -> String {
    cell.values.join("|")
}

fn most(cells: &[TableCell]) -> i64 {
    cells.iter().filter_map(|cell| cell.figure.value()).map(i64::abs).max().unwrap_or(0)
}

/// What a chart is called, and what can be read from it.
fn about(imprint: &Imprint, table: &Table, part: &str, of: &str) -> About {
    let period = prose::period(imprint.edition, table.span);
    let of = if of.is_empty() { String::new() } else { format!(", {of}") };
    About {
        id: format!("{}-{part}", table.rule.name),
        title: format!("{}{of}, {period}", table.rule.title),
        description: format!(
            "Each figure was moved at random, usually by no more than {}, and rounded to the nearest {}. Hatched: fewer than {}. \
             The table beside it has the same figures.",
            table.rule.usual_noise(),
            table.rule.round_to,
            table.rule.threshold
        ),
    }
}

/// The whole table. Its rows lead to pages of their own where it has two dimensions.
pub(super) fn grid(imprint: &Imprint, table: &Table) -> Grid {
    let period = prose::period(imprint.edition, table.span);
    let caption = format!("{}, {period}", table.rule.title);
    let most = most(&table.cells);
    let cell = |cell: &TableCell| GridCell::of(&key(cell), shown(cell.figure, table.rule), most);
    match table.axes.as_slice() {
        [rows, columns] => Grid {
            caption,
            corner: rows.title.clone(),
            columns: columns.values.iter().map(|value| value.title.clone()).collect(),
            rows: rows
                .values
                .iter()
                .map(|row| GridRow {
                    id: row.code.clone(),
                    title: row.title.clone(),
                    link: Some(view_path(imprint, table, rows, &row.code)),
                    cells: table.slice(0, &row.code).map(cell).collect(),
                })
                .collect(),
        },
        axes => Grid {
            caption,
            corner: axes.first().map_or_else(|| "Counted".to_owned(), |axis| axis.title.clone()),
            columns: vec!["Cases".to_owned()],
            rows: table
                .cells
                .iter()
                .map(|one| GridRow {
                    id: one.values.first().cloned().unwrap_or_default(),
                    title: title_of(axes, one),
                    link: None,
                    cells: vec![cell(one)],
                })
                .collect(),
        },
    }
}

fn title_of(all: &[Axis], cell: &TableCell) -> String {
    match (all.first(), cell.values.first()) {
        (Some(first), Some(code)) => first.title_of(code).to_owned(),
        _ => "All platforms".to_owned(),
    }
}

/// Where the page of one value of a table stands.
fn view_path(imprint: &Imprint, table: &Table, axis: &Axis, code: &str) -> String {
    format!("/transparency/{}/{}/{}/{code}", imprint.edition, table.rule.name, axis.dimension.as_str())
}

/// The charts of a whole table: one for a list, one for each row of a table with two dimensions.
pub(super) fn charts_of(imprint: &Imprint, table: &Table) -> Vec<String> {
    match table.axes.as_slice() {
        [_, _] => {
            let panels = panels(table);
            let top = charts::common_top(&panels);
            let chart = |panel: &Panel| {
                let about = about(imprint, table, &panel.key, &panel.label);
                charts::columns(&about, panel, top)
            };
            panels.iter().map(chart).collect()
        }
        // A correction may be below none, which no bar shows.
        _ if table.rule.is_signed() || table.cells.is_empty() => Vec::new(),
        axes => {
            let bar = |cell: &TableCell| Bar {
                key: key(cell),
                label: title_of(axes, cell),
                shown: shown(cell.figure, table.rule),
                noise: table.rule.usual_noise(),
            };
            let bars: Vec<Bar> = table.cells.iter().map(bar).collect();
            vec![charts::hbar_range(&about(imprint, table, "bars", ""), &bars)]
        }
    }
}

fn panels(table: &Table) -> Vec<Panel> {
    let [rows, columns] = table.axes.as_slice() else { return Vec::new() };
    let column = |cell: &TableCell| Column {
        key: key(cell),
        label: cell.values.get(1).map(|code| short(columns, code)).unwrap_or_default(),
        shown: shown(cell.figure, table.rule),
    };
    rows.values
        .iter()
        .map(|row| Panel {
            key: row.code.clone(),
            label: row.title.clone(),
            columns: table.slice(0, &row.code).map(column).collect(),
        })
        .collect()
}

/// A name short enough to stand under a column.
fn short(axis: &Axis, code: &str) -> String {
    let known = [
        ("within_1h", "1 h"),
        ("within_6h", "6 h"),
        ("within_24h", "24 h"),
        ("within_72h", "3 d"),
        ("within_7d", "7 d"),
        ("within_14d", "14 d"),
        ("within_30d", "30 d"),
        ("none_by_day_30", "none"),
        ("platform_acted", "acted"),
        ("platform_refused", "declined"),
        ("platform_silent", "silent"),
        ("supported_elsewhere", "elsewhere"),
        ("recorded_only", "record"),
        ("open_at_day_90", "open"),
        ("north_east", "NE"),
        ("north_west", "NW"),
        ("yorkshire_and_the_humber", "Yorks"),
        ("east_midlands", "E Mid"),
        ("west_midlands", "W Mid"),
        ("east_of_england", "East"),
        ("south_east", "SE"),
        ("south_west", "SW"),
        ("northern_ireland", "NI"),
        ("outside_or_unknown", "other"),
    ];
    let listed = known.iter().find(|(known, _)| *known == code).map(|(_, short)| (*short).to_owned());
    listed.unwrap_or_else(|| match axis.dimension {
        Dimension::Category => code.to_owned(),
        Dimension::Platform | Dimension::Response | Dimension::Outcome | Dimension::Region => {
            axis.title_of(code).to_owned()
        }
    })
}

/// The chart of a table as one picture, for downloads and embedding, where it has one.
pub(super) fn sheet(imprint: &Imprint, table: &Table) -> Option<String> {
    match table.axes.as_slice() {
        [_, _] => Some(charts::column_sheet(&about(imprint, table, "sheet", ""), &panels(table))),
        _ => charts_of(imprint, table).into_iter().next(),
    }
}

/// One value of one dimension: its bars and its table.
pub(super) fn slice(imprint: &Imprint, table: &Table, place: usize, code: &str) -> Option<(String, Grid)> {
    let (own, other) = (table.axes.get(place)?, table.axes.get(1 - place)?);
    let title = own.title_of(code).to_owned();
    let cells: Vec<TableCell> = table.slice(place, code).cloned().collect();
    let other_code = |cell: &TableCell| cell.values.get(1 - place).cloned().unwrap_or_default();
    let bar = |cell: &TableCell| Bar {
        key: key(cell),
        label: other.title_of(&other_code(cell)).to_owned(),
        shown: shown(cell.figure, table.rule),
        noise: table.rule.usual_noise(),
    };
    let bars: Vec<Bar> = cells.iter().map(bar).collect();
    let chart = charts::hbar_range(&about(imprint, table, code, &title), &bars);
    let most = most(&cells);
    let row = |cell: &TableCell| GridRow {
        id: other_code(cell),
        title: other.title_of(&other_code(cell)).to_owned(),
        link: Some(view_path(imprint, table, other, &other_code(cell))),
        cells: vec![GridCell::of(&key(cell), shown(cell.figure, table.rule), most)],
    };
    let grid = Grid {
        caption: format!("{}: {title}, {}", table.rule.title, prose::period(imprint.edition, table.span)),
        corner: other.title.clone(),
        columns: vec!["Cases".to_owned()],
        rows: cells.iter().map(row).collect(),
    };
    Some((chart, grid))
}

/// Earlier figures of all platforms together, or of each, with this edition's, without a heading. Nothing when there are
/// none before.
pub(super) fn over_time(imprint: &Imprint, table: &Table) -> Option<Section> {
    let by_platform = match table.rule.name.as_str() {
        "national" => false,
        "platforms" => true,
        _ => return None,
    };
    if imprint.history.is_empty() || table.span != Span::Quarter {
        return None;
    }
    let figure = |value: Option<i64>| value.map_or(Figure::Low, Figure::Value);
    let series = |cell: &TableCell| {
        let code = cell.values.first().map_or("", String::as_str);
        // A platform that was not connected yet has no figure, which is not "fewer than".
        let before = imprint.history.iter().map(|past| {
            let told = if by_platform { past.platforms.get(code).copied() } else { Some(past.national) };
            (past.edition.quarter(), told.map(figure))
        });
        let now = std::iter::once((imprint.edition.quarter(), Some(cell.figure)));
        let point = |(quarter, figure): (crate::domain::counting::Quarter, Option<Figure>)| Point {
            key: if code.is_empty() { quarter.to_string() } else { format!("{code}|{quarter}") },
            label: quarter.to_string(),
            shown: figure.map_or(Shown::Nothing, |figure| shown(figure, table.rule)),
            noise: table.rule.usual_noise(),
        };
        Series {
            key: code.to_owned(),
            label: title_of(&table.axes, cell),
            points: before.chain(now).map(point).collect(),
        }
    };
    let all: Vec<Series> = table.cells.iter().map(series).collect();
    let top = charts::common_line_top(&all);
    let chart = |series: &Series| {
        let part = format!("over-time-{}", series.key);
        charts::line(&about(imprint, table, &part, &format!("{}, by quarter", series.label)), series, top)
    };
    let charts = all.iter().map(chart).collect();
    Some(Section { heading: String::new(), note: String::new(), charts, grid: lines_grid(table, &all) })
}

fn lines_grid(table: &Table, all: &[Series]) -> Grid {
    let cell = |point: &Point| match point.shown {
        Shown::Nothing => GridCell { text: "not connected".to_owned(), ..GridCell::of(&point.key, point.shown, 0) },
        Shown::Value(_) | Shown::Low { .. } => GridCell::of(&point.key, point.shown, 0),
    };
    let caption = format!("{}, by quarter", table.rule.title);
    // One list reads better downwards.
    if let ([], [only]) = (table.axes.as_slice(), all) {
        let row = |point: &Point| GridRow {
            id: format!("time-{}", point.key),
            title: point.label.clone(),
            link: None,
            cells: vec![cell(point)],
        };
        let rows = only.points.iter().map(row).collect();
        return Grid { caption, corner: "Quarter".to_owned(), columns: vec!["Cases".to_owned()], rows };
    }
    let row = |series: &Series| GridRow {
        id: format!("time-{}", series.key),
        title: series.label.clone(),
        link: None,
        cells: series.points.iter().map(cell).collect(),
    };
    let quarters = all.first().map(|series| series.points.iter().map(|point| point.label.clone()).collect());
    Grid {
        caption,
        corner: table.axes.first().map_or_else(|| "Counted".to_owned(), |axis| axis.title.clone()),
        columns: quarters.unwrap_or_default(),
        rows: all.iter().map(row).collect(),
    }
}

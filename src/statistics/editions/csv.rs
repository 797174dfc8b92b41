//! Tables as CSV (RFC 4180) with metadata after CSV on the Web, so that a spreadsheet and a program read the same.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Span;
use super::bundle::Imprint;
use super::files::File;
use super::label::{self, Label};
use super::prose;
use super::tables::Table;
use crate::base::sheet::is_value;
use crate::statistics::disclosure::Figure;

/// A spreadsheet takes UTF-8 for something else unless a file begins with this; programs skip it.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// What a spreadsheet takes for the beginning of a formula, also in the width of East Asian letters.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// A table: for each dimension its code and its name, then the figure, a code where there is none, and the label.
pub(super) fn table(imprint: &Imprint, table: &Table) -> anyhow::Result<File> {
    let label = Label::of(imprint, table.span).cells();
    let mut rows = vec![header(table)];
    for cell in &table.cells {
        let mut row = Vec::new();
        for (axis, value) in table.axes.iter().zip(&cell.values) {
            row.push(value.clone());
            row.push(harmless(axis.title_of(value)));
        }
        row.push(cell.figure.value().map(|value| value.to_string()).unwrap_or_default());
        row.push(if cell.figure == Figure::Low { "low".to_owned() } else { String::new() });
        row.push(table.rule.threshold.to_string());
        row.extend(label.clone());
        rows.push(row);
    }
    write(&format!("{}.csv", table.rule.name), &rows)
}

fn header(table: &Table) -> Vec<String> {
    let mut names = Vec::new();
    for axis in &table.axes {
        names.push(axis.dimension.as_str().to_owned());
        names.push(format!("{}_name", axis.dimension.as_str()));
    }
    names.extend(["cases", "code", "threshold"].iter().chain(&label::COLUMNS).map(ToString::to_string));
    names
}

/// A name as a cell that no spreadsheet takes for a formula, a number or a date.
pub(super) fn harmless(name: &str) -> String {
    if is_odd(name) { format!("'{name}") } else { name.to_owned() }
}

fn is_odd(name: &str) -> bool {
    name.starts_with(FORMULA) || is_value(name)
}

/// The name that such a cell stands for.
pub(super) fn meant(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|name| is_odd(name)).unwrap_or(cell)
}

/// A CSV with this value in every row of its last column, which has this name; one more column where it has another.
///
/// # Errors
/// When the file is no table.
pub(super) fn with_last(bytes: &[u8], name: &str, value: &str) -> anyhow::Result<Vec<u8>> {
    let (mut rows, mut has_room) = (Vec::new(), false);
    for row in ::csv::ReaderBuilder::new().has_headers(false).from_reader(bytes).records() {
        let mut row: Vec<String> = row?.iter().map(str::to_owned).collect();
        let is_head = rows.is_empty();
        has_room = if is_head { row.last().is_some_and(|last| last == name) } else { has_room };
        if has_room {
            row.pop();
        }
        row.push(if is_head { name } else { value }.to_owned());
        rows.push(row);
    }
    Ok(write(name, &rows)?.bytes)
}

/// Rows as a file; the first is the header.
pub(super) fn write(path: &str, rows: &[Vec<String>]) -> anyhow::Result<File> {
    let begin = BYTE_ORDER_MARK.as_bytes().to_vec();
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(begin);
    for row in rows {
        writer.write_record(row)?;
    }
    let bytes = writer.into_inner().ok().context("a table in memory cannot be written")?;
    Ok(File { path: path.to_owned(), bytes, rows: u64::try_from(rows.len().saturating_sub(1)).ok() })
}

/// The metadata of a table.
pub(super) fn metadata(imprint: &Imprint, table: &Table) -> anyhow::Result<String> {
    let mut columns = Vec::new();
    for axis in &table.axes {
        let name = axis.dimension.as_str();
        columns.push(column(name, &axis.title, "string", true));
        columns.push(column(&format!("{name}_name"), &format!("{}, in words", axis.title), "string", true));
    }
    let about = format!("Cases, moved at random and rounded; empty below {}", table.rule.threshold);
    columns.push(column("cases", &about, "integer", false));
    columns.push(column("code", "low: fewer than the threshold, none among them", "string", false));
    columns.push(column("threshold", "Figures below it are not shown", "integer", true));
    columns.extend(label::columns());
    let key: Vec<&str> = table.axes.iter().map(|axis| axis.dimension.as_str()).collect();
    let title = format!("{}, {}", table.rule.title, prose::period(imprint.edition, table.span));
    document(imprint, &About { file: format!("{}.csv", table.rule.name), title, span: table.span }, &columns, &key)
}

/// A column of a CSV.
pub(super) fn column(name: &str, about: &str, datatype: &str, required: bool) -> Value {
    json!({
        "name": name,
        "titles": name,
        "dc:description": about,
        "datatype": datatype,
        "required": required,
    })
}

/// What a CSV is.
pub(super) struct About {
    /// Its name.
    pub(super) file: String,
    /// What it holds.
    pub(super) title: String,
    /// How much time it tells of.
    pub(super) span: Span,
}

/// The metadata of a CSV with these columns.
pub(super) fn document(imprint: &Imprint, about: &About, columns: &[Value], key: &[&str]) -> anyhow::Result<String> {
    let mut schema = json!({ "columns": columns.to_vec() });
    if let Some(members) = schema.as_object_mut().filter(|_| !key.is_empty()) {
        members.insert("primaryKey".to_owned(), json!(key));
    }
    let (first_day, last_day) = label::days(imprint.edition, about.span);
    let mut document = json!({
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": about.file,
        "dc:title": about.title,
        "dc:temporal": format!("{first_day}/{last_day}"),
        "dc:license": {"@id": prose::LICENCE},
        "dc:issued": imprint.published_at.to_string(),
        "dialect": {"lineTerminators": ["\r\n"], "encoding": "utf-8", "header": true},
        "tableSchema": schema,
    });
    if let (Some(members), Some((before, _))) = (document.as_object_mut(), &imprint.replaces) {
        members.insert("dc:replaces".to_owned(), json!({"@id": format!("/transparency/{before}")}));
    }
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::{harmless, meant};

    #[test]
    fn a_name_that_a_spreadsheet_would_change_is_marked_and_read_back() {
        for (name, cell) in [
            ("1-2", "'1-2"),
            ("1E10", "'1E10"),
            ("5 May", "'5 May"),
            ("TRUE", "'TRUE"),
            ("=1+1", "'=1+1"),
            ("Spark", "Spark"),
            ("9gag", "9gag"),
            ("'n Lekker", "'n Lekker"),
        ] {
            assert_eq!(harmless(name), cell);
            assert_eq!(meant(cell), name);
        }
    }
}

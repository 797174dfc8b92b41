//! Tables as CSV (RFC 4180) with metadata after CSV on the Web, so that a spreadsheet and a program read the same.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::bundle::Imprint;
use super::files::File;
use super::tables::Table;
use super::{Span, prose};
use crate::domain::disclosure::Figure;

/// A table: for each dimension its code and its name, then the figure, and a code where there is none.
pub(super) fn table(table: &Table) -> anyhow::Result<File> {
    let mut rows = vec![header(table)];
    for cell in &table.cells {
        let mut row = Vec::new();
        for (axis, value) in table.axes.iter().zip(&cell.values) {
            row.push(value.clone());
            row.push(axis.title_of(value).to_owned());
        }
        row.push(cell.figure.value().map(|value| value.to_string()).unwrap_or_default());
        row.push(if cell.figure == Figure::Low { "low".to_owned() } else { String::new() });
        row.push(table.rule.threshold.to_string());
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
    names.extend(["cases", "code", "threshold"].map(str::to_owned));
    names
}

/// Rows as a file; the first is the header.
pub(super) fn write(path: &str, rows: &[Vec<String>]) -> anyhow::Result<File> {
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
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
    let key: Vec<&str> = table.axes.iter().map(|axis| axis.dimension.as_str()).collect();
    let period = match table.span {
        Span::Quarter => imprint.edition.quarter().in_words(),
        Span::Year => imprint.edition.quarter().year().to_string(),
    };
    let title = format!("{}, {period}", table.rule.title);
    document(imprint, (&format!("{}.csv", table.rule.name), &title), &columns, &key)
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

/// The metadata of a CSV with these columns.
pub(super) fn document(
    imprint: &Imprint,
    (url, title): (&str, &str),
    columns: &[Value],
    key: &[&str],
) -> anyhow::Result<String> {
    let mut schema = json!({ "columns": columns.to_vec() });
    if let Some(members) = schema.as_object_mut().filter(|_| !key.is_empty()) {
        members.insert("primaryKey".to_owned(), json!(key));
    }
    let document = json!({
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": url,
        "dc:title": title,
        "dc:license": {"@id": prose::LICENCE},
        "dc:issued": imprint.published_at.to_string(),
        "dialect": {"lineTerminators": ["\r\n"], "encoding": "utf-8", "header": true},
        "tableSchema": schema,
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

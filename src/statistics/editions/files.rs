//! The files of an edition: a function of its bundle and nothing else, so that an auditor's rebuild gives the same bytes.

use ed25519_dalek::SigningKey;
use serde::Serialize;

use super::bundle::{Bundle, Imprint};
use super::csv;
use super::label::Label;
use super::manifest::{self, MANIFEST, Manifest, SIGNATURE};
use super::pages;
use super::prose;
use super::tables::{self, Table};
use super::times;
use super::views;
use crate::pages::charts;
use crate::pages::frame::STYLE;
use crate::statistics::disclosure::Figure;
use crate::statistics::disclosure::rules;

const TABLE_SCHEMA: &str = include_str!("schemas/table.schema.json");
const TIMES_SCHEMA: &str = include_str!("schemas/response-times.schema.json");
const MANIFEST_SCHEMA: &str = include_str!("schemas/manifest.schema.json");

/// A file of an edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path within the edition.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// How many rows a table has.
    pub rows: Option<u64>,
}

impl File {
    /// A file that is no table.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), bytes: text.into(), rows: None }
    }
}

/// A table as JSON; the shape is the contract's.
#[derive(Serialize)]
struct TableJson<'t> {
    #[serde(flatten)]
    label: Label,
    table: &'t str,
    dimensions: Vec<DimensionJson<'t>>,
    epsilon: f64,
    threshold: i64,
    round_to: i64,
    cells: Vec<CellJson<'t>>,
}

#[derive(Serialize)]
struct DimensionJson<'t> {
    name: &'static str,
    values: Vec<&'t str>,
}

#[derive(Serialize)]
struct CellJson<'t> {
    key: std::collections::BTreeMap<&'static str, &'t str>,
    value: Option<i64>,
    code: Option<&'static str>,
}

/// Every file of the edition, its unsigned manifest last.
///
/// # Errors
/// A sentence when the bundle does not hold together.
pub fn all(bundle: &Bundle) -> anyhow::Result<Vec<File>> {
    let tables = tables::tables(rules(), bundle)?;
    let imprint = &bundle.imprint;
    let mut files = data_files(imprint, &tables)?;
    for table in &tables {
        if let Some(sheet) = views::sheet(imprint, table) {
            let title = format!("{}, {}", table.rule.title, prose::period(imprint.edition, table.span));
            let picture = charts::captioned(&charts::standalone(&sheet), &prose::caption(imprint, &title));
            files.push(File::new(format!("{}.svg", table.rule.name), picture));
        }
    }
    files.extend(pages::of_edition(imprint, &tables)?);
    files.push(File::new("style.css", STYLE));
    files.push(File::new("schemas/table.schema.json", TABLE_SCHEMA));
    files.push(File::new("schemas/response-times.schema.json", TIMES_SCHEMA));
    files.push(File::new("schemas/manifest.schema.json", MANIFEST_SCHEMA));
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let manifest = Manifest::of(bundle, &files)?.text()?;
    files.push(File::new(MANIFEST, manifest));
    Ok(files)
}

/// The tables alone, as JSON and CSV with its metadata: what programs read of an edition. For attacks on the figures, which
/// build thousands of editions and look at no page.
///
/// # Errors
/// A sentence when the bundle does not hold together.
pub fn data_only(bundle: &Bundle) -> anyhow::Result<Vec<File>> {
    data_files(&bundle.imprint, &tables::tables(rules(), bundle)?)
}

fn data_files(imprint: &Imprint, tables: &[Table]) -> anyhow::Result<Vec<File>> {
    let mut files = Vec::new();
    for table in tables {
        let name = &table.rule.name;
        files.push(File::new(format!("{name}.json"), serde_json::to_string_pretty(&json(imprint, table))? + "\n"));
        files.push(csv::table(imprint, table)?);
        files.push(File::new(format!("{name}.csv-metadata.json"), csv::metadata(imprint, table)?));
        if name == "platform-response" {
            files.extend(times::files(imprint, table)?);
        }
    }
    Ok(files)
}

/// Adds the signature of the manifest, which stands last.
#[must_use]
pub fn finish(mut files: Vec<File>, key: &SigningKey) -> Vec<File> {
    if let Some(manifest) = files.iter().find(|file| file.path == MANIFEST) {
        let signature = manifest::sign(key, &manifest.bytes);
        files.push(File::new(SIGNATURE, signature));
    }
    files
}

fn json<'t>(imprint: &Imprint, table: &'t Table) -> TableJson<'t> {
    let cell = |cell: &'t tables::TableCell| CellJson {
        key: table
            .axes
            .iter()
            .map(|axis| axis.dimension.as_str())
            .zip(cell.values.iter().map(String::as_str))
            .collect(),
        value: cell.figure.value(),
        code: (cell.figure == Figure::Low).then_some("low"),
    };
    TableJson {
        label: Label::of(imprint, table.span),
        table: &table.rule.name,
        dimensions: table
            .axes
            .iter()
            .map(|axis| DimensionJson {
                name: axis.dimension.as_str(),
                values: axis.values.iter().map(|value| value.code.as_str()).collect(),
            })
            .collect(),
        epsilon: table.rule.epsilon(),
        threshold: table.rule.threshold,
        round_to: table.rule.round_to,
        cells: table.cells.iter().map(cell).collect(),
    }
}

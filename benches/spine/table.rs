//! The Markdown table that the benchmark prints.

use std::fmt;

/// Rows in the order they were measured, and remarks below them.
pub(crate) struct Table {
    rows: Vec<[String; 4]>,
    notes: Vec<String>,
}

impl Table {
    pub(crate) const fn new() -> Self {
        Self { rows: Vec::new(), notes: Vec::new() }
    }

    pub(crate) fn row(&mut self, database: &str, what: &str, result: &str, aim: &str) {
        crate::say(&format!("{database}: {what}: {result}"));
        self.rows.push([database, what, result, aim].map(str::to_owned));
    }

    pub(crate) fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["Database", "What", "Result", "Aim"].map(str::to_owned);
        let width = |column: usize| {
            self.rows.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap_or_default()
        };
        let widths = [width(0), width(1), width(2), width(3)];
        let line = |f: &mut fmt::Formatter<'_>, row: &[String; 4]| {
            for (cell, width) in row.iter().zip(widths) {
                write!(f, "| {cell:width$} ")?;
            }
            writeln!(f, "|")
        };
        line(f, &head)?;
        line(f, &widths.map(|width| "-".repeat(width)))?;
        for row in &self.rows {
            line(f, row)?;
        }
        writeln!(f)?;
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        Ok(())
    }
}

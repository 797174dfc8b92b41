//! The tables of an edition: each count of the fixed domain moved once, and shown as it may be.

use std::collections::HashMap;

use super::bundle::{Bundle, Draw, Listed};
use super::{Cell, Span};
use crate::statistics::disclosure::{
    Count, Dimension, Drawer, Figure, Noised, Perturbation, Rules, TableRule, ValueRule,
};

/// A dimension of a table, with its values.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Which.
    pub dimension: Dimension,
    /// Its name for people.
    pub title: String,
    /// Its values, in order.
    pub values: Vec<ValueRule>,
}

impl Axis {
    /// The name of a value for people.
    #[must_use]
    pub fn title_of(&self, code: &str) -> &str {
        self.values.iter().find(|value| value.code == code).map_or("", |value| &value.title)
    }
}

/// A cell of a table.
#[derive(Clone, Debug)]
pub struct TableCell {
    /// Its value of each dimension.
    pub values: Vec<String>,
    /// The moved count: for what is computed of it, never to be shown.
    pub noised: Noised,
    /// The figure.
    pub figure: Figure,
}

/// A table of an edition.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its rules.
    pub rule: &'static TableRule,
    /// How much time it tells of.
    pub span: Span,
    /// Its dimensions.
    pub axes: Vec<Axis>,
    /// Every cell of the fixed domain, in order.
    pub cells: Vec<TableCell>,
}

impl Table {
    /// The cells that have `code` in the dimension at `place`.
    pub fn slice(&self, place: usize, code: &str) -> impl Iterator<Item = &TableCell> {
        self.cells.iter().filter(move |cell| cell.values.get(place).is_some_and(|value| value == code))
    }

    /// The axis of a dimension, with its place.
    #[must_use]
    pub fn axis(&self, dimension: Dimension) -> Option<(usize, &Axis)> {
        self.axes.iter().enumerate().find(|(_, axis)| axis.dimension == dimension)
    }
}

/// Every table of the plan, in the order of the rules.
///
/// # Errors
/// A sentence when the bundle does not hold together.
pub fn tables(rules: &'static Rules, bundle: &Bundle) -> anyhow::Result<Vec<Table>> {
    let secret = bundle.edition_secret().ok_or_else(|| anyhow::anyhow!("the bundle's secret is not 64 hex digits"))?;
    let id = bundle.imprint.edition.to_string();
    let drawer = Drawer::new(&secret, &bundle.snapshot.digest(), &id, &rules.method_version);
    // Without a table of chances nothing is drawn, and nothing may be published.
    for rule in &rules.tables {
        anyhow::ensure!(
            Perturbation::of(rule.epsilon_hundredths).is_some(),
            "there is no perturbation table for {}",
            rule.name
        );
    }
    let planned = |rule: &'static TableRule| bundle.imprint.plan.get(&rule.name).map(|span| (rule, *span));
    rules.tables.iter().filter_map(planned).map(|(rule, span)| table(rules, bundle, &drawer, rule, span)).collect()
}

fn table(
    rules: &'static Rules,
    bundle: &Bundle,
    drawer: &Drawer,
    rule: &'static TableRule,
    span: Span,
) -> anyhow::Result<Table> {
    let axes: Vec<Axis> = rule.dimensions.iter().map(|name| axis(rules, *name, &bundle.imprint.register)).collect();
    let mut counts: HashMap<Vec<String>, Count> = HashMap::new();
    for cell in bundle.snapshot.cells().iter().filter(|cell| cell.flow == rule.flow && cell.span == span) {
        let key = rule.dimensions.iter().map(|dimension| value_of(cell, *dimension).to_owned()).collect();
        let sum = counts.entry(key).or_default();
        *sum = sum.plus(Count::new(cell.cases));
    }
    let mut cells = Vec::new();
    for values in domain(&axes) {
        let key: Vec<&str> = values.iter().map(String::as_str).collect();
        let count = counts.remove(&values).unwrap_or_default();
        let noised = drawer.noise(rule, &key, if rule.is_signed() { Count::default().minus(count) } else { count });
        cells.push(TableCell { figure: noised.figure(rule), noised, values });
    }
    // A case outside the fixed values would be in no table, or in a row that appears because it exists.
    anyhow::ensure!(counts.is_empty(), "the snapshot has cases outside the fixed values of {}", rule.name);
    Ok(Table { rule, span, axes, cells })
}

fn axis(rules: &Rules, dimension: Dimension, register: &[Listed]) -> Axis {
    match rules.dimension(dimension) {
        Some(fixed) => Axis { dimension, title: fixed.title.clone(), values: fixed.values.clone() },
        None => Axis {
            dimension,
            title: "Platform".to_owned(),
            values: register
                .iter()
                .map(|listed| ValueRule { code: listed.slug.clone(), title: listed.name.clone() })
                .collect(),
        },
    }
}

fn value_of(cell: &Cell, dimension: Dimension) -> &str {
    match dimension {
        Dimension::Platform => &cell.platform,
        Dimension::Category => &cell.category,
        Dimension::Response | Dimension::Outcome => &cell.value,
        Dimension::Region => cell.region.as_str(),
    }
}

/// Every combination of the axes' values, the last axis moving first. A table without dimensions has one cell.
fn domain(axes: &[Axis]) -> Vec<Vec<String>> {
    axes.iter().fold(vec![Vec::new()], |so_far, axis| {
        so_far
            .iter()
            .flat_map(|head| {
                axis.values.iter().map(|value| {
                    let mut key = head.clone();
                    key.push(value.code.clone());
                    key
                })
            })
            .collect()
    })
}

/// How each figure of the tables was moved, for the auditor.
///
/// # Errors
/// As [`tables`].
pub(super) fn draws(rules: &'static Rules, bundle: &Bundle) -> anyhow::Result<Vec<Draw>> {
    let secret = bundle.edition_secret().ok_or_else(|| anyhow::anyhow!("the bundle's secret is not 64 hex digits"))?;
    let id = bundle.imprint.edition.to_string();
    let drawer = Drawer::new(&secret, &bundle.snapshot.digest(), &id, &rules.method_version);
    let mut draws = Vec::new();
    for table in tables(rules, bundle)? {
        for cell in table.cells {
            let key: Vec<&str> = cell.values.iter().map(String::as_str).collect();
            let step = drawer.step(table.rule, &key);
            draws.push(Draw { table: table.rule.name.clone(), cell: cell.values, step });
        }
    }
    Ok(draws)
}

//! The pages of an edition: made once, with it, and never changed. They work without a script. Each file has what one kind of
//! page says; how a page looks stands in `crate::pages`.

mod front;
mod table;
mod times;

use super::bundle::Imprint;
use super::files::File;
use super::prose;
use super::tables::Table;
use crate::pages::frame::Head;

/// Every page.
pub(super) fn of_edition(imprint: &Imprint, tables: &[Table]) -> anyhow::Result<Vec<File>> {
    let mut files = vec![File::new("index.html", front::page(imprint, tables)?)];
    for table in tables {
        files.push(File::new(format!("{}.html", table.rule.name), table::whole(imprint, table)?));
        if table.axes.len() == 2 {
            for (place, axis) in table.axes.iter().enumerate() {
                for value in &axis.values {
                    let page = table::one(imprint, table, place, &value.code)?;
                    let path = format!("{}/{}/{}.html", table.rule.name, axis.dimension.as_str(), value.code);
                    files.push(File::new(path, page));
                }
            }
        }
        if table.rule.name == "platform-response" {
            let (page, picture) = times::page(imprint, table)?;
            files.push(File::new("response-times.html", page));
            files.push(File::new("response-times.svg", picture));
        }
    }
    Ok(files)
}

/// What the head of a page of this edition holds.
fn head(imprint: &Imprint, title: String, description: &str, path: &str, data: Option<&str>) -> Head {
    let within = format!("/transparency/{}", imprint.edition);
    Head {
        title,
        description: description.to_owned(),
        style: format!("{within}/style.css"),
        data: data.map(|data| format!("{within}/{data}")),
        path: if path.is_empty() { within } else { format!("{within}/{path}") },
        site: Some(imprint.site.clone()),
    }
}

/// How to cite a page of this edition.
fn cite(imprint: &Imprint, title: &str, path: &str) -> String {
    let path = if path.is_empty() { String::new() } else { format!("/{path}") };
    let address = format!("{}/transparency/{}{path}", imprint.site, imprint.edition);
    prose::citation(imprint.edition, imprint.published_at, title, &address)
}

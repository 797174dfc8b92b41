//! The page of response times: made of the noised buckets of one table, and of nothing else.

use askama::Template;

use super::table::{TablePage, downloads};
use super::{cite, head};
use crate::pages::charts::{self, About, Axis as Scale, Dot, Interval as Drawn};
use crate::pages::figures::{Grid, GridCell, GridRow, Section};
use crate::pages::writing;
use crate::statistics::disclosure::{Time, TimeInterval};
use crate::statistics::editions::bundle::Imprint;
use crate::statistics::editions::prose;
use crate::statistics::editions::tables::Table;
use crate::statistics::editions::times::{OfPlatform, of_platforms};

/// The sentence that stands over the page.
pub(super) fn finding(imprint: &Imprint, table: &Table, platforms: &[OfPlatform]) -> String {
    let when = prose::in_period(imprint.edition, table.span);
    let medians: Vec<Time> = platforms.iter().filter_map(|one| one.times.median.map(|median| median.value)).collect();
    let soon = medians.iter().filter(|median| **median <= Time::Hours(72)).count();
    if medians.is_empty() {
        return format!("No platform had enough cases to say how soon it answers {when}");
    }
    format!(
        "Half of the cases had an answer within three days on {} of the {} platforms with enough cases to say, {when}",
        writing::number(soon),
        writing::number(medians.len())
    )
}

/// The page, and its chart as a picture.
pub(super) fn page(imprint: &Imprint, table: &Table) -> anyhow::Result<(String, String)> {
    let platforms = of_platforms(table);
    let period = prose::period(imprint.edition, table.span);
    let finding = finding(imprint, table, &platforms);
    let about = About {
        id: "response-times".to_owned(),
        title: format!("Answered within 72 hours, {period}"),
        description:
            "The share of all cases that the platform was told of, unanswered ones among them, with its 95 % range. \
                      The table beside it has the same figures."
                .to_owned(),
    };
    let dots: Vec<Dot> = platforms.iter().map(dot).collect();
    let ticks = [0, 25, 50, 75, 100].map(|percent| (percent, format!("{percent} %"))).to_vec();
    let chart = charts::dot_interval(&about, &dots, &Scale { max: 100, ticks });
    let picture = charts::captioned(&charts::standalone(&chart), &prose::caption(imprint, &about.title));
    let sections = vec![
        Section {
            heading: "Answered within 72 hours".to_owned(),
            note: "Of all cases that the platform was told of. Who never answers counts as not answered; an automatic \
                   acknowledgement counts as no answer."
                .to_owned(),
            charts: vec![chart],
            grid: shares(&platforms, &period),
        },
        Section {
            heading: "How long it took".to_owned(),
            note: "The time within which half of the cases, and nine in ten, had an answer, with its 95 % range."
                .to_owned(),
            charts: Vec::new(),
            grid: quantiles(&platforms, &period),
        },
    ];
    let title = "Response times".to_owned();
    let page = TablePage {
        head: head(imprint, format!("{title}, {period}"), &format!("{finding}."), "response-times", Some("response-times")),
        edition: imprint.edition,
        replaces: imprint.replaces.clone(),
        table: "response-times".to_owned(),
        sure: "Made from the table of first answers, whose figures were moved at random, and from nothing else. A share is said \
               from 50 cases on, a median from 100, nine in ten from 200."
            .to_owned(),
        filters: Vec::new(),
        back: Some((
            format!("/transparency/{}/platform-response", imprint.edition),
            "The table that these are made from".to_owned(),
        )),
        sections,
        downloads: downloads("response-times", true),
        citation: cite(imprint, &format!("{title}, {period}"), "response-times"),
        finding,
        period,
        title,
    };
    Ok((page.render()?, picture))
}

fn dot(platform: &OfPlatform) -> Dot {
    let shown = platform.times.within_72h.map_or(Drawn::Nothing, |share| Drawn::Known {
        value: share.value,
        low: share.low,
        high: share.high,
        text: format!("{} % ({} to {} %)", share.value, share.low, share.high),
    });
    Dot { key: platform.slug.clone(), label: platform.name.clone(), shown }
}

fn shares(platforms: &[OfPlatform], period: &str) -> Grid {
    let row = |platform: &OfPlatform| {
        let share = platform.times.within_72h;
        let value = share.map_or_else(|| "none".to_owned(), |share| share.value.to_string());
        let text = share.map_or_else(
            || "too few to say".to_owned(),
            |share| format!("{} % ({} to {} %)", share.value, share.low, share.high),
        );
        GridRow {
            id: platform.slug.clone(),
            title: platform.name.clone(),
            link: None,
            cells: vec![GridCell { key: platform.slug.clone(), value, text, shade: 0 }],
        }
    };
    Grid {
        caption: format!("Answered within 72 hours, {period}"),
        corner: "Platform".to_owned(),
        columns: vec!["Share, with its range".to_owned()],
        rows: platforms.iter().map(row).collect(),
    }
}

fn quantiles(platforms: &[OfPlatform], period: &str) -> Grid {
    let cell = |slug: &str, name: &str, told: Option<TimeInterval>| {
        let text = told.map_or_else(|| "too few to say".to_owned(), prose::with_range);
        GridCell { key: format!("{slug}|{name}"), value: String::new(), text, shade: 0 }
    };
    let row = |platform: &OfPlatform| GridRow {
        id: format!("time-{}", platform.slug),
        title: platform.name.clone(),
        link: None,
        cells: vec![
            cell(&platform.slug, "median", platform.times.median),
            cell(&platform.slug, "p90", platform.times.p90),
        ],
    };
    Grid {
        caption: format!("Time to the first answer, {period}"),
        corner: "Platform".to_owned(),
        columns: vec!["Half of the cases".to_owned(), "Nine in ten".to_owned()],
        rows: platforms.iter().map(row).collect(),
    }
}

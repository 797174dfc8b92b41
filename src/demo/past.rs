//! Two years that the demo has behind it: invented cases on twenty invented platforms, written straight to what is
//! counted, and the editions that were published of them. The clock is moved through those years, so that everything is
//! committed to, built and published by the service's own rules, in its own order.

use std::sync::Arc;

use indicatif::ProgressBar;

use super::reports::progress;
use crate::app::{self, App};
use crate::base::time::{Clock, Timestamp};
use crate::config::Config;
use crate::domain::counting::{self, FlowKind, NewFlow, Quarter, Response, Standing};
use crate::domain::people::platforms::{self, Scope};
use crate::domain::terms::Mode;
use crate::domain::terms::region::Region;
use crate::domain::terms::taxonomy::Group;
use crate::domain::unit::Caller;
use crate::error::Result;
use crate::jobs;
use crate::statistics::disclosure::rules;
use crate::statistics::editions::{EditionId, release_at};

/// How many quarters lie behind.
const QUARTERS: usize = 8;
/// How many cases are counted in each.
const CASES: u64 = 3_050;
/// How many of a thousand cases their platform is told of.
const FORWARDED: u64 = 960;
/// Rows of one statement.
const ROWS: usize = 1_000;
const DAY: std::time::Duration = std::time::Duration::from_hours(24);

/// The other platforms, with how many cases each has beside the others, and how fast its people are.
const PLATFORMS: [(&str, &str, u64, usize); 20] = [
    ("spark", "Spark", 130, 0),
    ("meetly", "Meetly", 115, 1),
    ("orbit", "Orbit", 100, 2),
    ("amberline", "Amberline", 105, 0),
    ("bramble", "Bramble", 95, 1),
    ("campfire", "Campfire", 110, 2),
    ("duet", "Duet", 90, 1),
    ("ember", "Ember", 120, 0),
    ("fable", "Fable", 100, 1),
    ("gather", "Gather", 85, 2),
    ("harbour", "Harbour", 105, 1),
    ("inkling", "Inkling", 14, 1),
    ("juniper", "Juniper", 100, 0),
    ("kindred", "Kindred", 125, 2),
    ("lantern", "Lantern", 90, 1),
    ("marlow", "Marlow", 110, 0),
    ("nightjar", "Nightjar", 95, 2),
    ("quill", "Quill", 30, 0),
    ("tandem", "Tandem", 115, 1),
    ("willow", "Willow", 100, 1),
];
const CATEGORIES: [(Group, u64); 8] = [
    (Group::Stalking, 165),
    (Group::Violence, 120),
    (Group::Sexual, 105),
    (Group::Image, 125),
    (Group::Fraud, 190),
    (Group::Hate, 85),
    (Group::Child, 70),
    (Group::Other, 140),
];
/// How soon answers come on quick, usual and slow platforms.
const RESPONSES: [[u64; 8]; 3] = [
    [120, 150, 180, 160, 120, 90, 80, 100],
    [90, 110, 140, 160, 160, 110, 95, 135],
    [75, 85, 100, 130, 150, 140, 110, 210],
];
const STANDINGS: [[u64; 6]; 3] =
    [[320, 120, 90, 160, 170, 140], [240, 140, 130, 160, 180, 150], [170, 140, 210, 170, 160, 150]];
const REGIONS: [u64; 13] = [40, 110, 80, 72, 88, 92, 190, 135, 84, 46, 80, 28, 60];

/// Invented chance that is the same on every machine (`SplitMix64`, Steele, Lea and Flood 2014).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound.max(1)
    }

    /// Which of these weights.
    fn of(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        let here = |weight: &u64| {
            let here = left < *weight;
            left = left.saturating_sub(*weight);
            here
        };
        weights.iter().position(here).unwrap_or(0)
    }
}

/// Nobody acts on the instant: how late each step comes.
const LATE: std::time::Duration = std::time::Duration::from_micros(123_457);

/// Lives through the years. Afterwards nothing is open any more.
pub(super) async fn live(config: &Config, now: Timestamp) -> anyhow::Result<()> {
    let mut last = Quarter::of(now);
    while release_at(rules(), last) > now {
        last = Quarter::of(last.from().minus(DAY));
    }
    let mut quarters = vec![last];
    while quarters.len() < QUARTERS {
        let begin = quarters.last().map_or(now, |quarter| quarter.from());
        quarters.push(Quarter::of(begin.minus(DAY)));
    }
    quarters.reverse();
    let begin = quarters.first().map_or(now, |quarter| quarter.from());
    let clock = Clock::standing_at(begin.minus(30 * DAY));
    let app = app::open(config.clone(), clock.clone()).await?;
    let ids = connect(&app).await?;
    write(&app, &quarters, &ids, now).await?;
    publish(&app, &clock, &quarters, now).await
}

/// Connects the platforms. The id of each.
async fn connect(app: &Arc<App>) -> Result<Vec<String>> {
    app.write(Caller::Command("demo"), |tx| {
        let mut ids = Vec::new();
        for (slug, name, ..) in PLATFORMS {
            let platform = platforms::add(tx, slug, name)?;
            platforms::add_client(tx, &platform, Mode::Live, Scope::ALL)?;
            ids.push(platform.id.to_string());
        }
        Ok(ids)
    })
    .await
}

/// Writes the cases of every quarter, and what became of them until now.
async fn write(app: &Arc<App>, quarters: &[Quarter], ids: &[String], now: Timestamp) -> anyhow::Result<()> {
    let bar: ProgressBar = progress(quarters.len(), "two years of cases");
    let mut chance = Chance(20_261_125);
    for (number, quarter) in quarters.iter().enumerate() {
        let days = quarter.until().since(quarter.from()).as_secs() / DAY.as_secs();
        let mut rows = Vec::new();
        for case in 0..CASES + 40 * u64::try_from(number)? {
            let day = quarter.from().plus(DAY * u32::try_from(chance.below(days))?);
            case_of(&mut chance, ids, &format!("demo-{quarter}-{case}"), day, &mut rows);
        }
        rows.retain(|row| row.at <= now);
        for some in rows.chunks(ROWS) {
            let some = some.to_vec();
            app.write(Caller::Command("demo"), move |tx| counting::append_all(tx, &some)).await?;
        }
        bar.inc(1);
    }
    bar.finish();
    Ok(())
}

fn case_of(chance: &mut Chance, ids: &[String], id: &str, day: Timestamp, rows: &mut Vec<NewFlow>) {
    let at = chance.of(&PLATFORMS.map(|(_, _, weight, _)| weight));
    let pace = PLATFORMS.get(at).map_or(1, |(.., pace)| *pace);
    let category =
        CATEGORIES.get(chance.of(&CATEGORIES.map(|(_, weight)| weight))).map_or(Group::Other, |(group, _)| *group);
    let region = Region::ALL.get(chance.of(&REGIONS)).copied().unwrap_or(Region::OutsideOrUnknown);
    let row = |flow: FlowKind, at_day: Timestamp, value: &str| NewFlow {
        case_id: id.to_owned(),
        flow,
        at: at_day,
        platform_id: ids.get(at).cloned().unwrap_or_default(),
        category: category.as_str().to_owned(),
        region,
        value: value.to_owned(),
        totalled: false,
    };
    rows.push(row(FlowKind::Intake, day, ""));
    let told = day.plus(DAY * u32::try_from(chance.below(3)).unwrap_or(0));
    let responses = RESPONSES.get(pace).copied().unwrap_or_default();
    let standings = STANDINGS.get(pace).copied().unwrap_or_default();
    if chance.below(1_000) < FORWARDED {
        let response = Response::ALL.get(chance.of(&responses)).copied().unwrap_or(Response::NoneByDay30);
        let standing = Standing::ALL.get(chance.of(&standings)).copied().unwrap_or(Standing::OpenAtDay90);
        rows.push(row(FlowKind::Response, told.plus(30 * DAY), response.as_str()));
        rows.push(row(FlowKind::Outcome, told.plus(90 * DAY), standing.as_str()));
    }
    if chance.below(1_000) < 12 {
        rows.push(row(FlowKind::Correction, day.plus(20 * DAY), "removed"));
    }
}

/// Commits to each quarter when it begins, and builds and publishes its edition on its day.
async fn publish(app: &Arc<App>, clock: &Clock, quarters: &[Quarter], now: Timestamp) -> anyhow::Result<()> {
    let releases = quarters.iter().map(|quarter| (release_at(rules(), *quarter), Some(*quarter)));
    let mut steps: Vec<(Timestamp, Option<Quarter>)> = releases.collect();
    // Also to the quarters that were over and wait for their day.
    let mut begun = quarters.first().copied();
    while let Some(quarter) = begun.filter(|quarter| quarter.from() <= now) {
        steps.push((quarter.from(), None));
        begun = Some(quarter.next());
    }
    steps.sort();
    let bar = progress(steps.len(), "publishing editions");
    for (at, released) in steps {
        clock.advance(at.plus(LATE).since(clock.now()));
        match released {
            None => drop(jobs::editions::commit_due(app).await?),
            Some(quarter) => {
                let id = EditionId::of(quarter);
                jobs::editions::build(app, id, &|_| {}).await?;
                jobs::editions::publish(app, id).await?;
                jobs::editions::commit_due(app).await?;
            }
        }
        bar.inc(1);
    }
    bar.finish();
    Ok(())
}

//! Editions for tests: invented cases written straight to what is counted, and bundles as an auditor is given them.

use super::TEST;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use recourse::base::secret::hex;
use recourse::base::time::Timestamp;
use recourse::domain::counting::{self, FlowKind, NewFlow, Quarter, Response, Standing};
use recourse::domain::people::platforms::{self, Scope};
use recourse::domain::terms::Mode;
use recourse::domain::terms::region::Region;
use recourse::jobs::editions as jobs;
use recourse::statistics::disclosure::rules;
use recourse::statistics::disclosure::{params_sha256, perturbation_sha256};
use recourse::statistics::editions::{self, Bundle, Cell, EditionId, Imprint, Listed, Snapshot, Span};

use super::World;
use super::dice::Dice;

/// The quarter in which every test begins.
pub(crate) fn quarter() -> Quarter {
    "2026-q4".parse().unwrap()
}

/// Moves the clock to just after an instant: nobody acts on it.
pub(crate) fn advance_to(world: &World, at: Timestamp) {
    let late = at.plus(std::time::Duration::from_micros(123_457));
    world.clock.advance(late.since(world.clock.now()));
}

/// Connects platforms for real life. Their ids.
pub(crate) async fn connect(world: &World, count: usize) -> Vec<String> {
    let made = world.app.write(TEST, move |tx| {
        let mut ids = Vec::new();
        for number in 0..count {
            let platform = platforms::add(tx, &format!("app-{number:02}"), &format!("App {number:02}"))?;
            platforms::add_client(tx, &platform, Mode::Live, Scope::ALL)?;
            ids.push(platform.id.to_string());
        }
        Ok(ids)
    });
    made.await.unwrap()
}

/// Invented cases of a quarter in all flows, written straight to what is counted.
pub(crate) async fn count_cases(world: &World, ids: &[String], quarter: Quarter, cases: usize) {
    let mut dice = Dice(u64::try_from(cases).unwrap() + 7);
    let categories = ["stalking", "violence", "sexual", "image", "fraud", "hate", "child", "other"];
    let mut rows = Vec::new();
    for number in 0..cases {
        // The first platforms have more.
        let platform = dice.roll(ids.len()).min(dice.roll(ids.len()));
        let (category, region) = (categories[dice.roll(8).min(dice.roll(8))], Region::ALL[dice.roll(13)]);
        let response = Response::ALL[dice.roll(8)].as_str();
        let standing = Standing::ALL[dice.roll(6)].as_str();
        for (flow, value) in [(FlowKind::Intake, ""), (FlowKind::Response, response), (FlowKind::Outcome, standing)] {
            rows.push(NewFlow {
                case_id: format!("test-{quarter}-{number}"),
                flow,
                at: quarter.from().plus(std::time::Duration::from_hours(24 * u64::try_from(dice.roll(80)).unwrap())),
                platform_id: ids[platform].clone(),
                category: category.to_owned(),
                region,
                value: value.to_owned(),
                totalled: false,
            });
        }
    }
    for some in rows.chunks(900) {
        let some = some.to_vec();
        world.app.write(TEST, move |tx| counting::append_all(tx, &some)).await.unwrap();
    }
}

pub(crate) async fn build(world: &World, id: EditionId) -> anyhow::Result<Bundle> {
    jobs::build(&world.app, id, &|_| {}).await.map(|(bundle, _)| bundle)
}

/// Commits to the quarter that runs, counts cases in it, and publishes its edition on its day.
pub(crate) async fn published(world: &World, ids: &[String], cases: usize) -> EditionId {
    jobs::commit_due(&world.app).await.unwrap();
    let quarter = Quarter::of(world.clock.now());
    count_cases(world, ids, quarter, cases).await;
    let id = EditionId::of(quarter);
    advance_to(world, editions::release_at(rules(), quarter));
    build(world, id).await.unwrap();
    jobs::publish(&world.app, id).await.unwrap();
    id
}

/// Every file below a folder, by path.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, all);
            } else {
                all.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(folder, folder, &mut all);
    all
}

pub(crate) fn listed(slugs: &[&str]) -> Vec<Listed> {
    slugs.iter().map(|slug| Listed { slug: (*slug).to_owned(), name: slug.to_uppercase() }).collect()
}

pub(crate) fn cell(platform: &str, category: &str, cases: i64) -> Cell {
    let (flow, span, value) = (FlowKind::Intake, Span::Quarter, String::new());
    let (platform, category) = (platform.to_owned(), category.to_owned());
    Cell { flow, span, platform, category, region: Region::London, value, cases }
}

/// A bundle of every quarterly table, as an auditor might be given.
pub(crate) fn bundle_of(slugs: &[&str], cells: Vec<Cell>) -> Bundle {
    let id = EditionId::of(quarter());
    let names = ["national", "platforms", "platform-category", "platform-response", "platform-outcome"];
    Bundle {
        imprint: Imprint {
            edition: id,
            site: "https://recourse.example".to_owned(),
            published_at: editions::release_at(rules(), quarter()),
            register: listed(slugs),
            plan: names.iter().map(|name| ((*name).to_owned(), Span::Quarter)).collect(),
            history: Vec::new(),
            replaces: None,
        },
        code_commit: "test".to_owned(),
        params_sha256: params_sha256(),
        ptable_sha256: perturbation_sha256(),
        secret: hex(&[9; 32]),
        snapshot: Snapshot::new(cells),
        draws: Vec::new(),
        builds: Vec::new(),
        previous_manifest_sha256: None,
        public_key: "0".repeat(64),
    }
}

//! What outsiders do with the published files, with programs of their own that share no code with the service: attack
//! them, and validate them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use recourse::base::secret::{hex, random_bytes};
use recourse::domain::counting::{FlowKind, Quarter};
use recourse::domain::terms::region::Region;
use recourse::statistics::editions::{self, Bundle, Cell, File, Span};
use serde_json::{Value, json};

use crate::harness::dice::Dice;
use crate::harness::editions::{bundle_of, connect, listed, published};
use crate::harness::{Database, World};

const CATEGORIES: [&str; 8] = ["stalking", "violence", "sexual", "image", "fraud", "hate", "child", "other"];

/// A program of the audit, or nothing where its libraries are not installed and need not be.
fn program(name: &str) -> Option<Command> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/test-tools/bin/python");
    let able = Command::new(&python).args(["-c", "import scipy, csvw, jsonschema"]).output();
    if !able.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "scripts/test installs what the audit calculates with");
        crate::harness::say("not attacked by the audit (scripts/test installs what it calculates with)\n");
        return None;
    }
    let mut command = Command::new(python);
    command.arg(root.join("tests/audit").join(name));
    Some(command)
}

/// What a program of the audit says of a folder.
pub(crate) fn run(name: &str, what: &str, folder: &Path) -> Option<Value> {
    let output = program(name)?.arg(what).arg(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_str(said.lines().last().unwrap()).unwrap())
}

fn write(folder: &Path, files: &[File]) {
    for file in files {
        let place = folder.join(&file.path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, &file.bytes).unwrap();
    }
}

fn slugs(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("app-{number:03}")).collect()
}

/// An edition with a secret of its own.
fn edition(slugs: &[String], quarter: &str, plan: &[(&str, Span)], cells: Vec<Cell>) -> Bundle {
    let names: Vec<&str> = slugs.iter().map(String::as_str).collect();
    let base = bundle_of(&names, cells);
    let quarter: Quarter = quarter.parse().unwrap();
    let mut bundle = Bundle { secret: hex(&random_bytes::<32>()), ..base };
    bundle.imprint.edition = editions::EditionId::of(quarter);
    bundle.imprint.register = listed(&names);
    bundle.imprint.plan = plan.iter().map(|(name, span)| ((*name).to_owned(), *span)).collect();
    bundle
}

/// T4, by an outsider: somebody who knows everything but whether one person reported, and may have filed fakes until the
/// count stands where it tells the most, guesses from one published table.
#[test]
fn an_attacker_proves_nothing_and_guesses_hardly_better_than_by_a_coin() {
    if program("attack.py").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let slugs = slugs(350);
    let mut dice = Dice(77);
    let mut cases = Vec::new();
    for round in 0..12 {
        let (mut cells, mut truth) = (Vec::new(), Vec::new());
        for slug in &slugs {
            for category in CATEGORIES {
                // Where it tells the most: one below what is shown, or below what is rounded up. And anywhere.
                let known = [14, 14, 17, 22, dice.roll(40)][dice.roll(5)];
                let present = dice.roll(2);
                let count = i64::try_from(known + present).unwrap();
                let (flow, span, value) = (FlowKind::Intake, Span::Quarter, String::new());
                let (platform, category) = (slug.clone(), category.to_owned());
                cells.push(Cell { flow, span, platform, category, region: Region::London, value, cases: count });
                truth.push((known, present));
            }
        }
        let bundle = edition(&slugs, "2026-q4", &[("platform-category", Span::Quarter)], cells);
        let file = editions::data_only(&bundle).unwrap().into_iter().find(|file| file.path == "platform-category.json");
        let name = format!("edition-{round}.json");
        fs::write(folder.path().join(&name), file.unwrap().bytes).unwrap();
        for (cell, (known, present)) in truth.into_iter().enumerate() {
            cases.push(json!({"file": name, "cell": cell, "known": known, "present": present}));
        }
    }
    fs::write(folder.path().join("truth.json"), json!({"cases": cases}).to_string()).unwrap();
    let found = run("attack.py", "guess", folder.path()).unwrap();
    assert_eq!((&found["proved"], &found["certain"]), (&json!(0), &json!(0)), "{found}");
    let right = found["right_at_edges"].as_f64().unwrap();
    assert!(right <= 0.635, "{found}");
    assert!(right >= 0.55, "an attack without teeth: {found}");
}

/// T3: eight editions, attacked together by linear programmes over the cube that all tables are made of.
#[test]
fn no_cell_can_be_worked_out_from_eight_editions() {
    if program("attack.py").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let slugs = slugs(12);
    let mut dice = Dice(5);
    let plan = [
        ("national", Span::Quarter),
        ("platforms", Span::Quarter),
        ("platform-category", Span::Quarter),
        ("platform-region", Span::Quarter),
        ("category-region", Span::Quarter),
    ];
    for number in 0..8 {
        let mut cells: Vec<Cell> = Vec::new();
        for _ in 0..6_000 {
            let (platform, category) = (dice.roll(12).min(dice.roll(12)), dice.roll(8).min(dice.roll(8)));
            let region = Region::ALL[dice.roll(13)];
            let (slug, category) = (&slugs[platform], CATEGORIES[category]);
            let same = |cell: &&mut Cell| cell.platform == *slug && cell.category == category && cell.region == region;
            match cells.iter_mut().find(same) {
                Some(cell) => cell.cases += 1,
                None => cells.push(Cell {
                    flow: FlowKind::Intake,
                    span: Span::Quarter,
                    platform: slug.clone(),
                    category: category.to_owned(),
                    region,
                    value: String::new(),
                    cases: 1,
                }),
            }
        }
        let quarter = format!("20{}-q{}", 26 + number / 4, 1 + number % 4);
        let bundle = edition(&slugs, &quarter, &plan, cells);
        let is_table = |file: &File| plan.iter().any(|(name, _)| file.path == format!("{name}.json"));
        let tables: Vec<File> = editions::data_only(&bundle).unwrap().into_iter().filter(is_table).collect();
        write(&folder.path().join(&quarter), &tables);
    }
    let found = run("attack.py", "intervals", folder.path()).unwrap();
    assert_eq!((&found["editions"], &found["unprotected"]), (&json!(8), &json!(0)), "{found}");
    assert!(found["narrowest"].as_f64() >= Some(10.0), "{found}");
    let found = run("attack.py", "difference", folder.path()).unwrap();
    assert_eq!(found["weak"], json!([]), "{found}");
    assert_eq!((&found["copies_differ"], &found["repeated"]), (&json!(0), &json!(0)), "{found}");
}

/// T10: tables are what their metadata and schemas say, in the eyes of validators that others wrote.
#[test]
fn validators_of_others_find_nothing_wrong_with_the_tables() {
    if program("validate.py").is_none() {
        return;
    }
    actix_web::rt::System::new().block_on(async {
        let world = World::begin(Database::Sqlite, &|_| {}).await;
        let ids = connect(&world, 5).await;
        let id = published(&world, &ids, 1_600).await;
        let place: PathBuf = world.dir().join(format!("editions/{id}"));
        let csv = run("validate.py", "csvw", &place).unwrap();
        assert!(csv["files"].as_u64() >= Some(9), "{csv}");
        let json = run("validate.py", "json", &place).unwrap();
        assert!(json["files"].as_u64() >= Some(10), "{json}");
        // They have teeth: one figure that is no number, one code that does not exist.
        let table = place.join("platforms.csv");
        let text = fs::read_to_string(&table).unwrap();
        fs::write(&table, text.replacen("\r\napp-00,App 00,", "\r\napp-00,App 00,many", 1)).unwrap();
        assert!(!program("validate.py").unwrap().arg("csvw").arg(&place).output().unwrap().status.success());
        let table = place.join("platforms.json");
        let text = fs::read_to_string(&table).unwrap();
        fs::write(&table, text.replacen("\"round_to\": 5", "\"round_to\": 3", 1)).unwrap();
        assert!(!program("validate.py").unwrap().arg("json").arg(&place).output().unwrap().status.success());
    });
}

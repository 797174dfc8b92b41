//! Part `build`: an edition over a year of cases, beside a bare group-by of the finest cube of the same rows.

use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use recourse::jobs::editions as jobs;
use recourse::statistics::editions::EditionId;

use crate::postgres::Cluster;
use crate::site::{self, config, quarter};
use crate::{Plan, middle, say};

/// What a bare group-by gives back: it is read, as the build reads it.
#[derive(QueryableByName)]
struct Cell {
    #[diesel(sql_type = Text)]
    platform_id: String,
    #[diesel(sql_type = BigInt)]
    cases: i64,
}

enum Bare {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Bare {
    fn run(&mut self, statement: &str) {
        match self {
            Self::Sqlite(conn) => conn.batch_execute(statement).unwrap(),
            Self::Postgres(conn) => conn.batch_execute(statement).unwrap(),
        }
    }

    fn count(&mut self, statement: &str) -> i64 {
        let rows: Vec<Cell> = match self {
            Self::Sqlite(conn) => diesel::sql_query(statement).load(conn).unwrap(),
            Self::Postgres(conn) => diesel::sql_query(statement).load(conn).unwrap(),
        };
        assert!(rows.iter().all(|row| !row.platform_id.is_empty()));
        rows.iter().map(|row| row.cases).sum()
    }
}

pub(crate) fn measure(name: &str, cluster: Option<&Cluster>, plan: &Plan) {
    let dir = tempfile::Builder::new().prefix("recourse-editions.").tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = config(dir.path(), cluster);
    let (app, clock, ids) = runtime.block_on(site::open(config.clone()));
    let file = dir.path().join("recourse.sqlite3");
    let mut bare = config.database_url.as_ref().map_or_else(
        || Bare::Sqlite(SqliteConnection::establish(file.to_str().unwrap()).unwrap()),
        |url| Bare::Postgres(PgConnection::establish(url.expose()).unwrap()),
    );
    say(&format!("{name}: filling in {} cases", plan.cases));
    fill(&mut bare, &ids, plan.cases);
    clock.advance(quarter().until().since(clock.now()));
    let (mut builds, mut groups) = (Vec::new(), Vec::new());
    for round in 0..plan.rounds {
        say(&format!("{name}: round {} of {}", round + 1, plan.rounds));
        let began = Instant::now();
        let counted: i64 = statements().iter().map(|statement| bare.count(statement)).sum();
        groups.push(began.elapsed().as_secs_f64());
        assert!(counted >= plan.cases);
        let began = Instant::now();
        runtime.block_on(jobs::build(&app, EditionId::of(quarter()), &|_| {})).unwrap();
        builds.push(began.elapsed().as_secs_f64());
    }
    let (build, group) = (middle(builds), middle(groups));
    let millions = plan.cases as f64 / 1_000_000.0;
    println!("| {name} | a bare group-by of the finest cube, {millions} million cases | {group:.2} s | |");
    println!("| {name} | building the edition | {build:.2} s | |");
    println!("| {name} | building ÷ group-by | {:.2} | ≤ 3 |", build / group);
    println!("| {name} | memory of the whole process at its highest | {} MiB | < 500 |", highest());
}

/// The highest resident memory of this process so far, in MiB.
fn highest() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// The counts that the edition of a year's last quarter is made of: the quarter's and the year's.
fn statements() -> Vec<String> {
    let (from, until) = (quarter().from().micros(), quarter().until().micros());
    let year = quarter().first_of_year().from().micros();
    let of = |flow: &str, from: i64| {
        format!(
            "SELECT platform_id, category, region, value, count(*) AS cases FROM flows WHERE flow = '{flow}' AND at >= {from} \
             AND at < {until} GROUP BY platform_id, category, region, value"
        )
    };
    vec![of("intake", from), of("intake", year), of("response", year), of("outcome", year), of("correction", year)]
}

/// Cases over a year: all in the intake, a fifth in each later flow.
fn fill(bare: &mut Bare, ids: &[String], cases: i64) {
    let year = quarter().first_of_year().from().micros();
    let days = 86_400_000_000_i64;
    let list = |words: &[String]| words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(",");
    let words = |all: &[&str]| all.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let categories = words(&["stalking", "violence", "sexual", "image", "fraud", "hate", "child", "other"]);
    let regions =
        words(&["london", "north_west", "south_east", "wales", "scotland", "outside_or_unknown", "east_midlands"]);
    let buckets = words(&["within_1h", "within_6h", "within_24h", "within_72h", "within_7d", "none_by_day_30"]);
    let standings = words(&["platform_acted", "platform_refused", "supported_elsewhere", "open_at_day_90"]);
    for (flow, every, values) in [("intake", 1, words(&[""])), ("response", 5, buckets), ("outcome", 5, standings)] {
        let pick = |all: &[String], salt: i64| match bare {
            Bare::Postgres(_) => format!("(ARRAY[{}])[1 + (x * {salt} / 7) % {}]", list(all), all.len()),
            Bare::Sqlite(_) => {
                let arms: Vec<String> =
                    all.iter().enumerate().map(|(at, word)| format!("WHEN {at} THEN '{word}'")).collect();
                format!("CASE (x * {salt} / 7) % {} {} END", all.len(), arms.join(" "))
            }
        };
        let columns = format!(
            "'{flow}', {year} + (x % 365) * {days}, {}, {}, {}, {}",
            pick(ids, 31),
            pick(&categories, 17),
            pick(&regions, 13),
            pick(&values, 11)
        );
        let rows = cases / every;
        let statement = match bare {
            Bare::Postgres(_) => format!(
                "INSERT INTO flows SELECT 'case_' || lpad(x::text, 26, '0'), {columns}, TRUE FROM generate_series(1::bigint, {rows}) x"
            ),
            Bare::Sqlite(_) => format!(
                "INSERT INTO flows WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < {rows}) \
                 SELECT printf('case_%026d', x), {columns}, TRUE FROM c"
            ),
        };
        bare.run(&statement);
    }
    let mut part = quarter().first_of_year();
    while part <= quarter() {
        let (from, until) = (part.from().micros(), part.until().micros());
        bare.run(&format!(
            "INSERT INTO flow_totals SELECT flow, '{part}', platform_id, category, region, value, count(*) FROM flows \
             WHERE at >= {from} AND at < {until} GROUP BY flow, platform_id, category, region, value"
        ));
        part = part.next();
    }
    if let Bare::Postgres(_) = bare {
        bare.run("VACUUM ANALYZE flows");
    } else {
        bare.run("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)");
    }
}

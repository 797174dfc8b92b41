//! For each job: a damaged row, in whatever table it reads, stops nothing but itself. A job that is added fails here until
//! it has a line in the table.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use recourse::base::id::RequestId;
use recourse::db::schema::reports;
use recourse::domain::casework::colleagues;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::triage::Queue;
use recourse::jobs;
use serde_json::{Value, json};

use crate::damage::{strange_rows, urgent};
use crate::harness::client::{Platform, Staff};
use crate::harness::{TEST, World, on_both_with};
use crate::job_lines::{DAMAGES, FAR, LINES, Line, ON_SQLITE};
use crate::webhooks::over_loopback;

#[derive(QueryableByName)]
pub(crate) struct Counted {
    #[diesel(sql_type = BigInt)]
    pub(crate) n: i64,
}

/// What the statement counts.
async fn counted(world: &World, statement: String) -> i64 {
    let all = world.app.read(move |rx| Ok(diesel::sql_query(statement).load::<Counted>(rx.conn())?));
    all.await.unwrap()[0].n
}

/// The world in which the jobs are tried.
struct House {
    world: World,
    lead: Staff,
    auditor: Staff,
    damages: Vec<&'static str>,
}

impl House {
    async fn begin(world: World) -> Self {
        let lead = world.staff_with(Role::SafeguardingLead, vec![Queue::Emergency, Queue::Children]).await;
        let auditor = world.staff(Role::Auditor).await;
        for (who, number) in [(&lead, "+44 7700 900777"), (&auditor, "+44 7700 900778")] {
            let (name, number) = (who.username.clone(), Identifier::new(IdentifierKind::Phone, number));
            world.app.write(TEST, move |tx| colleagues::declare(tx, &name, &number)).await.unwrap();
        }
        let mut services = ["lantern", "nightline"].map(crate::directory::entry);
        for service in &mut services {
            service.expires_at = Some(world.clock.now().plus(std::time::Duration::from_hours(24)));
        }
        crate::directory::stand(&world, services.to_vec(), &[]).await;
        let on_sqlite: &[&str] = if world.app.db.is_shared() { &[] } else { &ON_SQLITE };
        let damages = DAMAGES.iter().chain(on_sqlite).copied().collect();
        let house = Self { world, lead, auditor, damages };
        house.submit_all().await;
        house
    }

    /// A sound case for each job, and one for each kind of damage. The reports of the last are told to two endpoints, where
    /// nobody listens.
    async fn submit_all(&self) {
        let spark = self.world.platform("spark").await;
        let (last, others) = LINES.split_last().unwrap();
        self.submit(&spark, others).await;
        for port in [9, 10] {
            let hook = json!({"url": format!("http://127.0.0.1:{port}/hook"), "types": ["report.received"]});
            spark.caller.post("/v1/webhook-endpoints", &hook).await.expect(201);
        }
        self.world.take_for_proved();
        self.submit(&spark, std::slice::from_ref(last)).await;
        self.world.deliver().await;
    }

    async fn submit(&self, spark: &Platform, lines: &[Line]) {
        let references = lines.iter().flat_map(|line| {
            let bad = (0..self.damages.len()).map(|n| format!("BAD-{}-{n}", line.job));
            bad.chain([format!("GOOD-{}", line.job)])
        });
        let all: Vec<Value> = references
            .map(|reference| {
                let mut body = urgent(&reference);
                body["subject"] = json!({"platform_account_ref": format!("subject-of-{reference}")});
                body
            })
            .collect();
        for some in all.chunks(100) {
            let done = spark.caller.post("/v1/reports/batch", &json!({"reports": some})).await.expect(207).json();
            assert!(done["results"].as_array().unwrap().iter().all(|one| one["status"] == 201), "{done}");
        }
    }

    /// The case of a report, whether or not anybody may see it by now.
    async fn case_of(&self, reference: String) -> String {
        let case = reports::table.filter(reports::platform_report_ref.eq(reference)).select(reports::case_id);
        self.world.app.read(move |rx| Ok(case.first(rx.conn())?)).await.unwrap()
    }

    /// A statement of the table, about this case.
    fn about(&self, line: &Line, case: &str, statement: &str) -> String {
        let bad = format!("(SELECT case_id FROM reports WHERE platform_report_ref LIKE 'BAD-{}-%')", line.job);
        let request = RequestId::random().to_string();
        let words = [("{case}", case), ("{bad}", &bad), ("{request}", &request), ("{far}", FAR)];
        let people = [("{lead}", self.lead.id.as_str()), ("{auditor}", self.auditor.id.as_str())];
        words.iter().chain(&people).fold(statement.to_owned(), |text, (word, value)| text.replace(word, value))
    }

    async fn try_one(&self, line: &Line) {
        let good = self.case_of(format!("GOOD-{}", line.job)).await;
        let mut all = vec![self.about(line, &good, line.due)];
        for (n, damage) in self.damages.iter().enumerate() {
            let bad = self.case_of(format!("BAD-{}-{n}", line.job)).await;
            all.extend([line.due, damage].map(|statement| self.about(line, &bad, statement)));
        }
        let on_sqlite: &[&str] = if self.world.app.db.is_shared() { &[] } else { line.on_sqlite };
        all.extend(line.broken.iter().chain(on_sqlite).map(|statement| self.about(line, &good, statement)));
        self.world.tamper(&all.join(";"));
        let done = self.about(line, &good, line.done);
        let ran = match line.job {
            "outbox" => jobs::work_off(&self.world.app, "test").await.map(drop),
            "deliveries" => jobs::Courier::new(&self.world.app, "test").work_off().await.map(drop),
            job => jobs::once(&self.world.app, job).await,
        };
        assert!(ran.is_ok(), "{}: {ran:?}", line.job);
        assert!(counted(&self.world, done).await > 0, "{} stopped before the sound one", line.job);
    }
}

#[test]
fn a_damaged_row_in_any_table_that_a_job_reads_stops_nothing_but_itself() {
    on_both_with(over_loopback, |world| async move {
        assert_eq!(jobs::names().collect::<Vec<_>>(), LINES.map(|line| line.job), "each job has a line, in order");
        let house = House::begin(world).await;
        house.world.tamper(&strange_rows().join(";"));
        for line in &LINES {
            house.try_one(line).await;
        }
    });
}

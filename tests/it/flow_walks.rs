//! Random walks over what is counted: whatever people do and however late the jobs come.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::prelude::*;
use recourse::db::schema::flow_totals;
use recourse::domain::counting::cube;
use recourse::domain::counting::{FlowKind, Quarter};
use recourse::jobs;
use serde_json::json;

use crate::flows::{ASK, DAY, DAY_SPAN, closing, does, lead, reported, rows, wished};
use crate::harness::dice::Dice;
use crate::harness::{World, on_both};

/// What a walk knows of a case: the day on which it was counted, and when its platform was told.
#[derive(Default)]
struct Known {
    counted: Option<String>,
    told: Option<recourse::base::time::Timestamp>,
}

/// T6: whatever people do, in whatever order and however late, each case stands once in each flow, on the day of the act
/// that put it there, and the totals of the job are the full count.
#[test]
fn on_every_walk_each_case_is_counted_once_in_each_flow() {
    on_both(|world| async move {
        for seed in [5, 17] {
            let mut dice = Dice(seed);
            let mut cases = Vec::new();
            for number in 0..6 {
                cases.push(reported(&world, &wished(&format!("W-{seed}-{number}"))).await);
            }
            let mut known: BTreeMap<String, Known> = cases.iter().map(|id| (id.clone(), Known::default())).collect();
            for _ in 0..45 {
                let id = &cases[dice.roll(6)];
                step(&world, &mut dice, id, known.get_mut(id).unwrap()).await;
            }
            world.pass(100 * DAY);
            world.run_jobs().await;
            for row in rows(&world).await.into_iter().filter(|row| known.contains_key(&row.0)) {
                let known = &known[&row.0];
                let expected = match row.1 {
                    FlowKind::Intake => known.counted.clone(),
                    FlowKind::Response => known.told.map(|at| at.plus(30 * DAY_SPAN).to_string()[..10].to_owned()),
                    FlowKind::Outcome => known.told.map(|at| at.plus(90 * DAY_SPAN).to_string()[..10].to_owned()),
                    FlowKind::Correction | FlowKind::Capped => continue,
                };
                assert_eq!(Some(row.2.clone()), expected, "seed {seed}: {row:?}");
            }
            let all = rows(&world).await;
            let count = |flow| all.iter().filter(|row| row.1 == flow && known.contains_key(&row.0)).count();
            assert_eq!(count(FlowKind::Intake), known.values().filter(|one| one.counted.is_some()).count());
            assert_eq!(count(FlowKind::Response), known.values().filter(|one| one.told.is_some()).count());
            assert_eq!(count(FlowKind::Outcome), known.values().filter(|one| one.told.is_some()).count());
            assert!(count(FlowKind::Response) >= 2, "seed {seed}: a walk that tells no platform");
        }
        totals_are_the_full_count(&world).await;
    });
}

async fn step(world: &World, dice: &mut Dice, id: &str, known: &mut Known) {
    let today = world.clock.now().to_string()[..10].to_owned();
    let outcomes = ["supported_elsewhere", "recorded_only", "withdrawn", "unable_to_contact"];
    match dice.roll(8) {
        0 => {
            let until = world.clock.now().plus(DAY_SPAN).to_string();
            let hold = json!({"action": "hold", "reason": "later", "until": until});
            if does(world, id, "transitions", &hold).await == 200 {
                known.counted.get_or_insert(today);
            }
        }
        1 | 2 => {
            if does(world, id, "platform-requests", &ASK()).await == 200 {
                known.counted.get_or_insert(today);
                known.told.get_or_insert(world.clock.now());
            }
        }
        3 => {
            let outcome = outcomes[dice.roll(4)];
            if does(world, id, "decision", &closing(outcome)).await == 200 && outcome != "withdrawn" {
                known.counted.get_or_insert(today);
            }
        }
        4 => {
            let again = json!({"action": "reopen", "reason": "more came in"});
            lead(world).await.act_seen(id, "transitions", &again).await;
        }
        5 => {
            let resume = json!({"action": "resume", "reason": "back"});
            lead(world).await.act_seen(id, "transitions", &resume).await;
        }
        6 => world.pass(u64::try_from(dice.roll(20)).unwrap() * DAY + 1),
        _ => world.run_jobs().await,
    }
}

async fn totals_are_the_full_count(world: &World) {
    let quarters: Vec<Quarter> = {
        let all: Vec<String> = world
            .app
            .read(|rx| Ok(flow_totals::table.select(flow_totals::quarter).distinct().load(rx.conn())?))
            .await
            .unwrap();
        all.iter().map(|text| text.parse().unwrap()).collect()
    };
    assert!(quarters.len() >= 2, "the walks cross a quarter");
    for quarter in quarters {
        for flow in FlowKind::ALL {
            let agree = world.app.read(move |rx| {
                let counted = cube(rx, *flow, quarter.from(), quarter.until())?;
                recourse::domain::counting::agree(rx, *flow, quarter, &counted)
            });
            assert!(agree.await.unwrap(), "{flow:?} of {quarter}");
        }
    }
    jobs::tick(Arc::clone(&world.app)).await.unwrap();
}

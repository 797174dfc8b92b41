//! Legal holds: what they keep, who places and ends them, and what a restored database knows of them.

use recourse::domain::case::holds::{self, HoldReason};
use recourse::domain::people::staff::Role;
use recourse::jobs;
use serde_json::{Value, json};

use crate::command_line::recourse;
use crate::harness::client::small;
use crate::harness::{TEST, on_both};
use crate::referrals::Scene;
use crate::retention::{DAY, MONTH, NOTICE, YEAR, close, erased, kept, pass, said};
use crate::unsound::findings;

#[test]
fn a_hold_keeps_all_of_a_case_also_its_contact_sheets_and_for_a_year_after() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        scene.says(&world, &id, "decline", &[("reason", json!("no_capacity"))]).await.expect(200);
        let owed: Vec<String> = scene.owed(&scene.lead).await.into_iter().map(|(id, _)| id).collect();
        let told = json!({"text": "She knows.", "records": "safe_contact", "channel": "incoming", "tells": owed});
        scene.lead.act(&scene.case, "notes", &told).await.expect(201);
        close(&world, &scene.lead, &scene.case).await;
        // It was announced: somebody who hears of it in time places a hold.
        pass(&world, 25 * DAY).await;
        assert!(kept(&world, &scene.case).await["kept"]["erase_at"].is_string());
        let case = scene.case.parse().unwrap();
        let hold =
            world.app.write(TEST, move |tx| holds::place(tx, &case, HoldReason::Proceedings, None)).await.unwrap();
        let view = kept(&world, &scene.case).await;
        assert_eq!((&view["kept"]["held"], &view["kept"]["erase_at"]), (&json!(true), &Value::Null));
        for _ in 0..3 {
            pass(&world, 4 * YEAR).await;
            jobs::once(&world.app, "tidy").await.unwrap();
        }
        assert_eq!(erased(&world, &scene.case).await, Vec::<String>::new());
        let view = kept(&world, &scene.case).await;
        assert!(view["reports"][0]["content"]["contact"].is_object(), "{view}");
        let lead = world.staff(Role::SafeguardingLead).await;
        assert!(scene.list(&lead).await["data"][0]["sheet"].is_object());
        assert_eq!(findings(&world).await, []);
        // When it has ended, her contact goes at once, and her words a year later.
        world.app.write(TEST, move |tx| holds::end(tx, &hold)).await.unwrap();
        jobs::once(&world.app, "tidy").await.unwrap();
        assert_eq!(scene.list(&lead).await["data"][0]["sheet"], Value::Null);
        pass(&world, 1).await;
        pass(&world, NOTICE).await;
        assert_eq!(erased(&world, &scene.case).await, ["contact"]);
        pass(&world, 300 * DAY).await;
        pass(&world, NOTICE).await;
        assert_eq!(erased(&world, &scene.case).await, ["contact"]);
        pass(&world, 2 * MONTH).await;
        pass(&world, NOTICE).await;
        assert_eq!(erased(&world, &scene.case).await, ["contact", "content"]);
        // There is nothing left to be held.
        let case = scene.case.parse().unwrap();
        let late = world.app.write(TEST, move |tx| holds::place(tx, &case, HoldReason::Claim, None)).await;
        assert!(matches!(late, Err(recourse::error::Error::Invalid(_))), "{late:?}");
    });
}

#[test]
fn whoever_runs_the_service_places_a_hold_and_a_restored_database_has_it_again() {
    const OLDER: [&str; 4] = ["cases", "case_keepings", "legal_holds", "audit_events"];
    on_both(|world| async move {
        let lead = world.staff(Role::SafeguardingLead).await;
        world.platform("spark").await.submit(&small("HOLD-1")).await;
        let case = lead.case_of("HOLD-1").await;
        lead.take(&case).await;
        close(&world, &lead, &case).await;
        pass(&world, 25 * DAY).await;
        let leaving = said(&world, &["admin", "case", "leaving"]);
        assert!(leaving.contains(&format!("{case} contact on 20")), "{leaving}");
        for table in OLDER {
            world.tamper(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}"));
        }
        let placed = said(&world, &["admin", "case", "hold", &case, "--why", "preservation"]);
        assert!(placed.contains("nothing of") && placed.contains("hld_"), "{placed}");
        assert_eq!(said(&world, &["admin", "case", "leaving"]), "");
        // A backup of before is put back: the next start knows better.
        for table in OLDER {
            world.tamper(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}"));
        }
        assert_eq!(kept(&world, &case).await["kept"]["held"], json!(false));
        recourse::app::open(world.config.clone(), world.clock.clone()).await.unwrap();
        assert_eq!(kept(&world, &case).await["kept"]["held"], json!(true));
        pass(&world, 30 * DAY).await;
        assert_eq!(erased(&world, &case).await, Vec::<String>::new());
        for table in OLDER {
            world.tamper(&format!("DROP TABLE kept_{table}"));
        }
        assert_eq!(findings(&world).await, []);
        let listed: Value = serde_json::from_str(&said(&world, &["admin", "case", "holds", "--json"])).unwrap();
        let hold = listed["data"][0].clone();
        assert_eq!((&hold["case_id"], &hold["why"]), (&json!(case), &json!("preservation")));
        let id = hold["id"].as_str().unwrap();
        assert!(said(&world, &["admin", "case", "end-hold", id]).contains(&case));
        assert_eq!(said(&world, &["admin", "case", "holds"]), "");
        assert_eq!(kept(&world, &case).await["kept"]["held"], json!(false));
        // It is remembered that it was ended.
        recourse::app::open(world.config.clone(), world.clock.clone()).await.unwrap();
        assert_eq!(kept(&world, &case).await["kept"]["held"], json!(false));
        for wrong in [
            ["admin", "case", "end-hold", id].as_slice(),
            &["admin", "case", "hold", "case_00000000000000000000000000", "--why", "claim"],
            &["admin", "case", "hold", &case, "--why", "because"],
            &["admin", "case", "hold", &case, "--why", "claim", "--until", "2020-01-01"],
        ] {
            let output = recourse(&world, wrong, "");
            assert!(!output.status.success(), "{wrong:?}");
            assert!(output.stderr.len() > 40, "{wrong:?} says what to do");
        }
    });
}

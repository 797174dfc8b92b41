//! Rows that a job cannot work on: it steps over them, tries them later and later, and `recourse check` names them.

use diesel::prelude::*;
use recourse::domain::people::staff::Role;
use recourse::jobs;
use serde_json::Value;

use crate::checking::check;
use crate::damage::urgent;
use crate::harness::{World, on_both};
use crate::jobs::Counted;

/// How often the job has tried the row in vain; nothing when none stands in its way.
async fn attempts(world: &World) -> Option<i64> {
    let all = world.app.read(|rx| {
        let all = diesel::sql_query("SELECT attempts AS n FROM stumbles WHERE job = 'end_holds'");
        Ok(all.load::<Counted>(rx.conn())?)
    });
    let all = all.await.unwrap();
    assert!(all.len() < 2, "one row is in the way");
    all.first().map(|row| row.n)
}

/// What `recourse check` says of rows that a job steps over.
fn stepped_over(world: &World) -> Vec<(String, String)> {
    let (_, said) = check(world, &[]);
    let text = |one: &Value, member: &str| one[member].as_str().unwrap().to_owned();
    let found = said["problems"].as_array().unwrap().iter().filter(|one| one["code"] == "stepped_over");
    found.map(|one| (text(one, "id"), text(one, "detail"))).collect()
}

#[test]
fn a_row_that_is_stepped_over_is_tried_later_and_later_and_named_by_check_until_it_is_mended() {
    on_both(|world| async move {
        let lead = world.staff(Role::Lead).await;
        world.platform("spark").await.submit(&urgent("HELD")).await;
        let case = lead.case_of("HELD").await;
        let set = |columns: &str| world.tamper(&format!("UPDATE cases SET {columns} WHERE id = '{case}'"));
        set("state = 'on_hold', held_until = 1, priority = 'p9'");
        let tried_after = async |seconds: u64| {
            world.pass(seconds);
            jobs::once(&world.app, "end_holds").await.unwrap();
            attempts(&world).await
        };
        // It rests for ten seconds, then for twenty, then for forty, and for five minutes at the most.
        for (seconds, tried) in
            [(0, 1), (9, 1), (1, 2), (19, 2), (1, 3), (39, 3), (1, 4), (80, 5), (160, 6), (300, 7), (300, 8)]
        {
            assert_eq!(tried_after(seconds).await, Some(tried), "after {seconds} seconds more");
        }
        assert!(world.app.metrics.text(0, &[]).contains("recourse_job_rows_stepped_over{job=\"end_holds\"} 1"));
        let told = stepped_over(&world);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].0, format!("end_holds {case}"));
        assert!(told[0].1.contains("mend"), "{told:?}");
        // A start tries it at once, whatever process noted it.
        jobs::once(&world.app, "try_anew").await.unwrap();
        assert_eq!(tried_after(0).await, Some(9));
        set("priority = 'p0'");
        assert_eq!(tried_after(300).await, None, "it is mended");
        assert_eq!(stepped_over(&world), []);
        assert!(world.app.metrics.text(0, &[]).contains("recourse_job_rows_stepped_over{job=\"end_holds\"} 0"));
        // What is due no more is forgotten by and by.
        set("state = 'on_hold', held_until = 1, priority = 'p9'");
        assert_eq!(tried_after(0).await, Some(1));
        set("held_until = NULL");
        assert_eq!(tried_after(599).await, Some(1));
        assert_eq!(tried_after(1).await, None);
    });
}

#[test]
fn what_is_known_of_rows_in_the_way_may_be_gone_and_the_others_are_worked_on() {
    on_both(|world| async move {
        let lead = world.staff(Role::Lead).await;
        world.platform("spark").await.submit(&urgent("BAD-1")).await;
        world.platform("spark").await.submit(&urgent("GOOD-1")).await;
        world.tamper("UPDATE cases SET state = 'on_hold', held_until = 1");
        let (bad, good) = (lead.case_of("BAD-1").await, lead.case_of("GOOD-1").await);
        world.tamper(&format!(
            "UPDATE cases SET priority = 'p9' WHERE id = '{bad}'; ALTER TABLE stumbles RENAME TO gone"
        ));
        jobs::once(&world.app, "end_holds").await.unwrap();
        assert_eq!(lead.case(&good).await.0["state"], "in_review");
        assert!(world.app.metrics.text(0, &[]).contains("recourse_job_rows_stepped_over{job=\"end_holds\"} 1"));
    });
}

//! The end of a case's record: when its events go, how its chain goes on, and on whose word.

use recourse::domain::ledger::audit;
use recourse::domain::people::staff::Role;
use recourse::jobs;
use serde_json::{Value, json};

use crate::command_line::recourse;
use crate::harness::client::full;
use crate::harness::{World, on_both};
use crate::referrals::Scene;
use crate::retention::{DAY, NOTICE, YEAR, close, erased, kept, pass, said};

/// How many events the record of a case has.
async fn recorded(world: &World, case: &str) -> usize {
    let case = case.to_owned();
    world.app.read(move |rx| audit::list(rx, &case)).await.unwrap().len()
}

#[test]
fn the_record_goes_seven_years_after_the_words_and_its_chain_goes_on_from_there() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        scene.says(&world, &id, "accept", &[]).await.expect(200);
        scene.says(&world, &id, "close", &[("outcome", json!("supported"))]).await.expect(200);
        close(&world, &scene.lead, &scene.case).await;
        for span in [25 * DAY, NOTICE, 6 * YEAR, NOTICE] {
            pass(&world, span).await;
        }
        assert_eq!(erased(&world, &scene.case).await, ["contact", "content"]);
        jobs::once(&world.app, "sign").await.unwrap();
        // Whoever looks a day before leaves an event behind the digest.
        pass(&world, 7 * YEAR - NOTICE - DAY).await;
        assert_eq!(kept(&world, &scene.case).await["kept"]["erase_at"], Value::Null);
        jobs::once(&world.app, "sign").await.unwrap();
        pass(&world, DAY).await;
        assert!(kept(&world, &scene.case).await["kept"]["erase_at"].is_string());
        let leaving = said(&world, &["admin", "case", "leaving"]);
        assert!(leaving.contains(&format!("{} record on ", scene.case)), "{leaving}");
        pass(&world, NOTICE - 1).await;
        assert!(recorded(&world, &scene.case).await > 20);
        pass(&world, 1).await;
        assert_eq!(recorded(&world, &scene.case).await, 0);
        // Against the digest of eight days ago, and against one of now.
        said(&world, &["check"]);
        jobs::once(&world.app, "sign").await.unwrap();
        said(&world, &["check"]);
        // The chain goes on: what is read now stands in it, and it is whole.
        let view = kept(&world, &scene.case).await;
        assert!(view["kept"]["record_ended_at"].is_string(), "{view}");
        assert_eq!((recorded(&world, &scene.case).await, &view["damaged"]), (1, &json!(false)));
        scene.lead = world.signed_in_again(&scene.lead).await;
        assert_eq!(scene.list(&scene.lead).await["data"][0]["state"], "closed");
        pass(&world, YEAR).await;
        said(&world, &["check"]);
        // Nobody else can say that events had come to their end.
        world.tamper("UPDATE audit_ends SET seq = seq + 1");
        world.tamper(&format!("DELETE FROM audit_events WHERE chain = '{}'", scene.case));
        let found = recourse(&world, &["check"], "");
        assert!(String::from_utf8_lossy(&found.stdout).contains("chain_broken"), "{found:?}");
    });
}

#[test]
fn no_record_goes_because_a_row_says_that_the_words_went_long_ago() {
    on_both(|world| async move {
        let lead = world.staff(Role::SafeguardingLead).await;
        world.platform("spark").await.submit(&full("FORGED-1")).await;
        let case = lead.case_of("FORGED-1").await;
        lead.take(&case).await;
        close(&world, &lead, &case).await;
        // Whoever has the database would have the service take away what they did.
        world.tamper("UPDATE case_keepings SET contact_erased_at = 1, erased_at = 1");
        pass(&world, 1).await;
        assert!(kept(&world, &case).await["kept"]["erase_at"].is_string());
        for _ in 0..2 {
            pass(&world, NOTICE).await;
        }
        assert!(recorded(&world, &case).await > 3);
        assert_eq!(kept(&world, &case).await["kept"]["record_ended_at"], Value::Null);
        assert_eq!(erased(&world, &case).await, Vec::<String>::new());
    });
}

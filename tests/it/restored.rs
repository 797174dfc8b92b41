//! The high-water file beside the keyring: a start without it, and with an older one.

use std::fs;

use recourse::domain::people::staff::Role;
use recourse::domain::unit::Caller as By;
use recourse::domain::webhooks;

use crate::command_line::recourse;
use crate::harness::process::Service;
use crate::harness::{Database, World, databases, fresh_database, on_both};
use crate::operators::{metrics_of, scrape, value};

#[test]
fn a_start_without_the_file_says_so_and_one_with_an_older_file_takes_nothing_away() {
    for database in databases() {
        let service = Service::new((database == Database::Postgres).then(fresh_database));
        actix_web::rt::System::new().block_on(lost_and_older(service));
    }
}

async fn lost_and_older(mut service: Service) {
    service.start();
    service.ready().await;
    let file = service.data().join("highwater.json");
    let (kept, gone) = (service.credential("spark").await, service.credential("ember").await);
    let app = service.open().await;
    app.raise_high_water().await.unwrap();
    let older = fs::read_to_string(&file).unwrap();
    let (rotate, revoke) = (kept.client.clone(), gone.client.clone());
    let change = app.write(By::Command("test"), move |tx| {
        webhooks::revoke_client(tx, &revoke)?;
        Ok(webhooks::rotate_client(tx, &rotate)?.0)
    });
    let new = change.await.unwrap();
    app.raise_high_water().await.unwrap();
    let newest = fs::read_to_string(&file).unwrap();
    assert_ne!(newest, older);
    assert!(!service.said().contains("high-water"), "{}", service.said());
    drop(app);
    assert_eq!(service.terminate(), Some(0));
    // Without the file nothing is known of what came back: the start says so, and everybody is served.
    fs::remove_file(&file).unwrap();
    service.start();
    service.ready().await;
    assert!(service.said().contains("the high-water file beside the keyring is missing"), "{}", service.said());
    service.sign_in(&new).await;
    assert_eq!(service.terminate(), Some(0));
    assert_eq!(of_clients(&fs::read_to_string(&file).unwrap()), of_clients(&newest));
    // An older file takes nothing away from a newer database, and learns what that knows.
    fs::write(&file, &older).unwrap();
    service.start();
    service.ready().await;
    service.sign_in(&new).await;
    let told = service.said();
    for word in ["is older than the high-water file", "had the older one again", "was good again"] {
        assert!(!told.contains(word), "{told}");
    }
    assert_eq!(of_clients(&fs::read_to_string(&file).unwrap()), of_clients(&newest));
}

/// What the file says of credentials.
fn of_clients(file: &str) -> serde_json::Value {
    let file: serde_json::Value = serde_json::from_str(file).unwrap();
    assert_eq!(file["clients"].as_object().unwrap().len(), 2);
    file["clients"].clone()
}

#[test]
fn refused_rows_are_counted_by_table_and_the_log_has_nothing_that_somebody_wrote_there() {
    on_both(|world| async move {
        let url = metrics_of(&world);
        let who = world.staff(Role::Advocate).await;
        let spark = world.platform("spark").await;
        let counted = async |table: &str| {
            let line = format!("recourse_refused_rows_total{{table=\"{table}\"}}");
            value(&scrape(&world, &url).await, &line)
        };
        for table in ["staff", "staff_sessions", "platform_clients", "sign_ins", "staff_identifiers", "blind_indexes"] {
            assert!(counted(table).await < 0.5, "{table}");
        }
        world.tamper(&format!("UPDATE staff SET role = 'safeguarding_lead' WHERE id = '{}'", who.id));
        world.tamper(&format!("UPDATE platform_clients SET epoch = 7 WHERE id = '{}'", spark.client_id));
        for _ in 0..3 {
            who.caller.get("/v1/triage/queues").await.expect(401);
        }
        spark.caller.get("/v1/status").await.expect(401);
        assert!(counted("staff").await > 2.5, "each time");
        assert!(counted("platform_clients").await > 0.5);
        assert!(counted("blind_indexes").await < 0.5);
        let text = scrape(&world, &url).await;
        assert!(!text.contains(&who.id) && !text.contains(&spark.client_id), "{text}");
        // The log names a row by our own id, and never by a text that somebody put there.
        let log = |world: &World| {
            let output = recourse(world, &["admin", "platform", "list"], "");
            String::from_utf8(output.stderr).unwrap()
        };
        let told = log(&world);
        assert!(told.contains("is refused") && told.contains(&spark.client_id), "{told}");
        world.tamper("UPDATE platform_clients SET id = 'call 0900 now'");
        let told = log(&world);
        assert!(told.contains("is refused") && told.contains("none of ours") && !told.contains("0900"), "{told}");
    });
}

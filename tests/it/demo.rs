//! The demo as a newcomer starts it: both ends of the conversation are there to see.

use std::time::Duration;

use recourse::base::secret::Sensitive;
use recourse::domain::people::platforms::NewCredential;
use serde_json::{Value, json};

use crate::harness::process::{Service, pause};

#[test]
fn the_demo_shows_what_went_out_and_what_came_back() {
    actix_web::rt::System::new().block_on(async {
        let mut service = Service::new(None);
        for round in ["filled", "started again"] {
            service.start_demo(24);
            service.ready().await;
            let (mut seen, mut note) = (String::new(), Value::Null);
            for _ in 0..600 {
                pause(Duration::from_millis(100)).await;
                let text = std::fs::read_to_string(service.data().join("demo.json")).unwrap_or_default();
                note = serde_json::from_str(&text).unwrap_or_default();
                let Some(window) = note["window"].as_str() else { continue };
                let Ok(answer) = service.http.get(format!("http://{window}/")).send().await else { continue };
                seen = answer.text().await.unwrap();
                if round == "started again" || (seen.contains("report.received") && seen.contains("webhook.challenge"))
                {
                    break;
                }
            }
            assert!(seen.contains("What went out"), "{round}: {seen}");
            assert!(!seen.contains("signature not verified"), "{round}");
            assert!(round == "started again" || seen.contains("signature verified"), "{seen}");
            let slugs: Vec<&str> =
                note["platforms"].as_array().unwrap().iter().map(|p| p["slug"].as_str().unwrap()).collect();
            assert_eq!(slugs, ["spark", "meetly", "orbit"]);
            // Each has a credential for trials beside the live one.
            for platform in note["platforms"].as_array().unwrap() {
                for (place, mode) in [("", "live"), ("/test", "test")] {
                    let known = |name: &str| platform.pointer(&format!("{place}/{name}")).unwrap().as_str().unwrap();
                    let new = NewCredential {
                        client: known("client_id").parse().unwrap(),
                        secret: Sensitive::new(known("client_secret").to_owned()),
                    };
                    let status = service.sign_in(&new).await.caller.get("/v1/status").await.expect(200).json();
                    assert_eq!((&status["mode"], &status["platform"]["slug"]), (&json!(mode), &platform["slug"]));
                }
            }
            // Two years lie behind it, and anybody can verify them.
            let base = note["base_url"].as_str().unwrap();
            // The pages are read from the shelf while the service begins.
            let get = async |path: &str| {
                for _ in 0..300 {
                    let answer = service.http.get(format!("{base}{path}")).send().await.unwrap();
                    if answer.status() == 200 {
                        return answer.text().await.unwrap();
                    }
                    pause(Duration::from_millis(100)).await;
                }
                panic!("{path} is not shown");
            };
            let calendar: Value = serde_json::from_str(&get("/transparency/calendar.json").await).unwrap();
            let key =
                recourse::statistics::editions::PublicKey::read(calendar["public_key"].as_str().unwrap()).unwrap();
            let (published, flaws) =
                recourse::statistics::editions::verify(&service.data().join("editions"), &key).unwrap();
            assert_eq!((published.len(), flaws.len()), (8, 0), "{round}: {flaws:?}");
            let newest = get(&format!("/transparency/{}/platform-category", published[7])).await;
            assert!(newest.contains("Amberline") && newest.contains("<svg"), "{round}");
            service.kill();
        }
    });
}

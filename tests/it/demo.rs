//! The demo as a newcomer starts it: both ends of the conversation are there to see.

use std::time::Duration;

use serde_json::Value;

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
                if round == "started again" || (seen.contains("report.received") && seen.contains("webhook.test")) {
                    break;
                }
            }
            assert!(seen.contains("What went out"), "{round}: {seen}");
            assert!(!seen.contains("signature not verified"), "{round}");
            assert!(round == "started again" || seen.contains("signature verified"), "{seen}");
            let slugs: Vec<&str> =
                note["platforms"].as_array().unwrap().iter().map(|p| p["slug"].as_str().unwrap()).collect();
            assert_eq!(slugs, ["spark", "meetly", "orbit"]);
            service.kill();
        }
    });
}

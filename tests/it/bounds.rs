//! Bounds on what a platform sends and on what it is told.

use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use serde_json::{Value, json};

use crate::case_pages::pages;
use crate::harness::client::{full, small};
use crate::harness::on_both;
use crate::lenient::{not_accepted, taken, with};

#[test]
fn of_a_long_chat_the_newest_that_fit_are_kept() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let message = |n: usize, text: &str| json!({"from": "subject", "at": format!("2026-11-20T{:02}:{:02}:00Z", n / 60, n % 60), "text": format!("{n} {text}")});
        let chat = |reference: &str, count: usize, text: &str| {
            with(reference, &[("/platform_context/messages", (0..count).map(|n| message(n, text)).collect())])
        };
        let kept = |case: &Value| -> Vec<String> {
            let all = case["reports"][0]["content"]["platform_context"]["messages"].as_array().unwrap();
            all.iter().map(|m| m["text"].as_str().unwrap().split(' ').next().unwrap().to_owned()).collect()
        };
        let (case, named) = taken(&spark, &lead, &chat("C-1", 201, "x")).await;
        assert_eq!(
            (named, kept(&case).len(), kept(&case)[0].as_str()),
            (vec!["/platform_context/messages too_many".to_owned()], 200, "1")
        );
        let left = &case["reports"][0]["content"]["left_out"][0];
        assert_eq!(left["value"], "\"1 older messages were not kept\"");
        let long = chat("C-2", 40, &"x".repeat(7_990));
        let answer = spark.caller.post("/v1/reports", &long).await.expect(201).json();
        assert_eq!(
            (&answer["not_accepted"][0]["code"], &answer["not_accepted"][0]["more"]),
            (&json!("too_many"), &json!(7))
        );
        // It comes in parts, on two pages.
        let all = pages(&lead, &lead.case_of("C-2").await).await;
        let messages: Vec<String> = all.iter().flat_map(kept).collect();
        assert_eq!((all.len(), messages.len(), messages[0].as_str()), (2, 32, "8"));
        let batch = json!({"reports": [long, chat("C-3", 200, &"\u{e01}".repeat(2_000))]});
        let results = spark.caller.post("/v1/reports/batch", &batch).await.expect(207).json();
        assert_eq!((&results["results"][0]["status"], &results["results"][1]["status"]), (&json!(200), &json!(201)));
        // What is too large without its chat is too large; and so is what nobody can write.
        let mut wordy = chat("C-4", 2, "x");
        wordy["statement"] = json!("x".repeat(256 * 1024));
        assert_eq!(spark.caller.post("/v1/reports", &wordy).await.expect(413).code(), "too_large");
        let endless = chat("C-5", 260, &"x".repeat(8_000 + 200));
        assert_eq!(spark.caller.post("/v1/reports", &endless).await.expect(413).code(), "too_large");
        // A file is thrown away, however large; the report is not.
        let mut photo = small("C-6");
        photo["attachments"] = json!([{"data": "x".repeat(1_000_000)}, {}]);
        let answer = spark.caller.post("/v1/reports", &photo).await.expect(201).json();
        assert_eq!(
            (not_accepted(&answer), &answer["not_accepted"][0]["more"]),
            (vec!["/attachments/0 attachments_not_accepted".to_owned()], &json!(1))
        );
    });
}

#[test]
fn what_is_told_of_a_broken_report_is_bounded() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let lead = world.staff(Role::Lead).await;
        let mut body = full("B-1");
        for n in 0..2_000 {
            body[format!("unknown_{n:056}")] = json!(n);
        }
        body["attachments"] = json!(vec![0; 5_000]);
        body["other_categories"] = json!(vec!["?"; 5_000]);
        body["subject"]["identifiers"] = json!(vec![json!({"type": "handle", "value": "@nightowl"}); 500]);
        let answer = spark.caller.post("/v1/reports", &body).await.expect(201);
        assert!(answer.text.len() < 16 * 1024, "{}", answer.text.len());
        let told = answer.json()["not_accepted"].as_array().unwrap().clone();
        let more = |code: &str| told.iter().find(|one| one["code"] == code).map(|one| one["more"].clone());
        assert_eq!(
            (more("unknown_member"), more("attachments_not_accepted")),
            (Some(json!(1_999)), Some(json!(4_999)))
        );
        let codes: std::collections::BTreeSet<String> = told.iter().map(|one| one["code"].to_string()).collect();
        assert_eq!(codes.len(), told.len(), "one entry for each rule");
        let (case, _) = lead.case(&lead.case_of("B-1").await).await;
        let content = &case["reports"][0]["content"];
        assert!(content["left_out"].as_array().unwrap().len() <= 200);
        assert_eq!(content["subject"]["identifiers"].as_array().unwrap().len(), 20);
        body["platform_report_ref"] = json!("B-2");
        let refused = trial.caller.post("/v1/reports", &body).await.expect(422);
        assert!(refused.text.len() < 64 * 1024 && refused.errors().len() == 50, "{}", refused.text.len());
        let batch: Vec<Value> = (0..4).map(|_| body.clone()).collect();
        let answer = trial.caller.post("/v1/reports/batch", &json!({"reports": batch})).await.expect(207);
        assert!(answer.text.len() < 4 * 64 * 1024, "{}", answer.text.len());
    });
}

#[test]
fn a_wish_that_stands_where_nobody_looks_for_it_bars_contact_and_what_may_be_danger_is_p1() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let safe = json!({"source": "said_now", "may_contact": true, "channels": [{"type": "phone", "value": "+447700900555"}], "device_shared": "no"});
        let parts = [
            (true, false, "do_not_contact", json!(true)),
            (true, false, "contacts", json!({"may_contact": false})),
            (false, true, "age", json!(12)),
            (false, true, "is_minor", json!(true)),
            (false, true, "answers", json!({"safe_now": "no"})),
            (false, false, "age", json!(34)),
            (false, false, "app_language", json!("en")),
        ];
        for (i, (barred, urgent, part, content)) in parts.into_iter().enumerate() {
            let mut body = small(&format!("W-{i}"));
            body["contact"] = safe.clone();
            body[part] = content;
            let (case, _) = taken(&spark, &lead, &body).await;
            let told = &case["reports"][0]["content"]["contact"]["may_contact"];
            assert_eq!((&case["contact_barred"], told), (&json!(barred), &json!(!barred)), "{part}");
            assert_eq!(case["priority"] == "p1", urgent, "{part}: {}", case["priority"]);
        }
        let mut body = small("W-ADD");
        body["contact"] = safe;
        let report = spark.submit(&body).await;
        let more = json!({"statement": "He saw my phone.", "contact": {"may_contact": false}});
        spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
        assert_eq!(lead.case(&lead.case_of("W-ADD").await).await.0["contact_barred"], true);
        // Half an emoji in an address reaches somebody else.
        let half = r#"{"platform_report_ref":"W-HALF","category":"harassment","reporter":{"relation":"self"},"statement":"x","contact":{"may_contact":true,"channels":[{"type":"email","value":"\ud83d@example.org"}]}}"#;
        let request =
            spark.caller.request(reqwest::Method::POST, "/v1/reports").header("Content-Type", "application/json");
        let request = request.header("Idempotency-Key", crate::harness::client::new_key()).body(half);
        crate::harness::client::Caller::send(request).await.expect(201);
        assert_eq!(lead.case(&lead.case_of("W-HALF").await).await.0["contact_barred"], true);
        // Who reports may stand there in other shapes.
        for (i, reporter) in [json!([{"relation": "self"}]), json!("self")].into_iter().enumerate() {
            let mut body = small(&format!("R-{i}"));
            body["reporter"] = reporter;
            spark.caller.post("/v1/reports", &body).await.expect(201);
        }
    });
}

#[test]
fn a_parameter_that_says_nothing_lists_nothing_and_is_named() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&small("Q-1")).await;
        let lead = world.staff(Role::Lead).await;
        let value = "leave it out, or give it a value";
        let text = "write it in UTF-8, each byte that is no letter or digit as %XX";
        for (query, name, detail) in [
            ("limit=0", "limit", "use a whole number from 1"),
            ("limit=000", "limit", "use a whole number from 1"),
            ("%6cimit=0", "limit", "use a whole number from 1"),
            ("limit=", "limit", ""),
            ("platform_report_ref=", "platform_report_ref", value),
            ("cursor=", "cursor", value),
            ("platform_report_ref=%ff", "platform_report_ref", text),
            ("platform_report_ref=Q-1%", "platform_report_ref", text),
            ("platform_report_ref=%zz", "platform_report_ref", text),
            ("limit=5&platform_report_ref=%c3%28", "platform_report_ref", text),
        ] {
            for (caller, path) in [(&spark.caller, "/v1/reports"), (&lead.caller, "/v1/triage/cases")] {
                let answer = caller.get(&format!("{path}?{query}")).await.expect(400);
                assert_eq!(answer.code(), "bad_parameter", "{query}");
                let told = answer.json()["detail"].as_str().unwrap().to_owned();
                assert!(told.contains(&format!("`{name}`")) && told.contains(detail), "{query}: {told}");
            }
        }
        for query in ["", "?", "?&", "?limit=1&", "?platform_report_ref=Q-1", "?platform_report_ref=Z%C3%B6e+1"] {
            spark.caller.get(&format!("/v1/reports{query}")).await.expect(200);
        }
    });
}

//! A live report is never refused for a detail that nobody needs, and never looks less dangerous for what cannot be read.

use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::{Answer, Caller, Platform, Staff, full, new_key, small};
use crate::harness::on_both;

async fn post_raw(platform: &Platform, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = platform.caller.request(Method::POST, path).header("Idempotency-Key", new_key());
    Caller::send(request.header("Content-Type", "application/json").body(body)).await
}

/// The smallest report with these members set, each named by its pointer.
pub(crate) fn with(reference: &str, changes: &[(&str, Value)]) -> Value {
    let mut body = small(reference);
    for (pointer, value) in changes {
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        if !parent.is_empty() && body.pointer(parent).is_none() {
            body[parent.trim_start_matches('/')] = json!({});
        }
        body.pointer_mut(parent).unwrap()[member] = value.clone();
    }
    body
}

/// Pointers and codes of `not_accepted`, such as `/reporter/locale bad_locale`.
pub(crate) fn not_accepted(answer: &Value) -> Vec<String> {
    let all = answer["not_accepted"].as_array().unwrap();
    all.iter().map(|one| format!("{} {}", one["pointer"].as_str().unwrap(), one["code"].as_str().unwrap())).collect()
}

/// The case of a report that must be taken, with what the sender was told.
pub(crate) async fn taken(spark: &Platform, lead: &Staff, body: &Value) -> (Value, Vec<String>) {
    let answer = spark.caller.post("/v1/reports", body).await.expect(201).json();
    let case = lead.case_of(body["platform_report_ref"].as_str().unwrap()).await;
    (lead.case(&case).await.0, not_accepted(&answer))
}

#[test]
fn what_phones_and_programs_send_is_taken_and_named() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let cases: Vec<(&str, Value, &[&str])> = vec![
            ("/other_categories", json!(null), &[]),
            ("/answers", json!(null), &[]),
            ("/subject/identifiers", json!(null), &[]),
            ("/contact/channels", json!(null), &[]),
            ("/contact/may_contact", json!(null), &[]),
            ("/platform_context/messages", json!(null), &[]),
            ("/answers", json!([]), &["/answers invalid_value"]),
            ("/reporter/region", json!(""), &[]),
            ("/reporter/locale", json!(""), &[]),
            ("/reporter/platform_account_ref", json!(""), &[]),
            ("/reporter/country", json!("UK"), &[]),
            ("/reporter/locale", json!("en_GB"), &["/reporter/locale bad_locale"]),
            ("/reporter/locale", json!("zh_TW_#Hant"), &["/reporter/locale bad_locale"]),
            ("/reporter/locale", json!("en_UA_#u-fw-mon-ms-metric-mu-celsius"), &["/reporter/locale bad_locale"]),
            ("/reporter/country", json!("gb"), &["/reporter/country bad_country"]),
            ("/reporter/country", json!("ZZ"), &["/reporter/country bad_country"]),
            ("/reporter/region", json!("ESX"), &["/reporter/region bad_region"]),
            ("/reporter/platform_account_ref", json!("\u{e01}".repeat(90)), &[]),
            ("/subject/platform_account_ref", json!("\u{436}".repeat(200)), &[]),
            ("/subject/platform_account_ref", json!("\u{1f642}".repeat(255)), &[]),
            ("/reporter/platform_account_ref", json!(5512), &["/reporter/platform_account_ref bad_account"]),
            ("/occurred", json!({"from": "2026-11-02T20:30:00-08:00", "to": "2026-11-02"}), &[]),
            ("/occurred", json!({"from": "2026-11-03", "to": "2026-11-03T07:00:00+13:00"}), &[]),
            ("/occurred", json!({"from": "2026-10-31T23:30:00-07:00", "to": "2026-10"}), &[]),
            ("/occurred", json!({"from": "last week"}), &["/occurred/from bad_date"]),
            ("/occurred", json!({"from": "2026-11-20", "to": "2026-11-02"}), &["/occurred/to dates_reversed"]),
            ("/reported_at", json!(1_763_751_840), &["/reported_at bad_time"]),
            ("/statement", json!("x".repeat(20_001)), &["/statement too_long"]),
            ("/statement", json!(["He is", "outside."]), &["/statement invalid_value"]),
            ("/verdict", json!("guilty"), &["/verdict unknown_member"]),
            ("/reporter/nickname", json!("J"), &["/reporter/nickname unknown_member"]),
            ("/other_categories", json!(vec!["hate"; 11]), &["/other_categories too_many"]),
            ("/answers/repeated", json!("perhaps"), &["/answers/repeated invalid_value"]),
            ("/subject", json!("J"), &["/subject invalid_value"]),
            ("/subject/display_name", json!("x".repeat(201)), &["/subject/display_name too_long"]),
            ("/subject/platform_account_ref", json!("x".repeat(256)), &["/subject/platform_account_ref bad_account"]),
            (
                "/subject/identifiers",
                json!([{"type": "handle", "value": "x".repeat(501)}]),
                &["/subject/identifiers/0/value too_long"],
            ),
            (
                "/platform_context/messages",
                json!([{"from": "subject", "text": "x".repeat(8_001)}]),
                &["/platform_context/messages/0/text too_long"],
            ),
        ];
        for (n, (pointer, value, told)) in cases.into_iter().enumerate() {
            let (case, named) = taken(&spark, &lead, &with(&format!("D-{n}"), &[(pointer, value.clone())])).await;
            assert_eq!(named, told, "{pointer} {value}");
            assert_eq!(
                (&case["priority"], &case["contact_barred"]),
                (&json!("p4"), &json!(false)),
                "{pointer} {value}"
            );
        }
        // The number of the country is found, and the words are whole.
        let answer = spark.caller.post("/v1/reports", &with("D-uk", &[("/reporter/country", json!("uk"))])).await;
        assert_eq!(answer.json()["acknowledgement"]["emergency"][0]["number"], "999");
        let list = with("D-list", &[("/statement", json!(["He is", "outside."]))]);
        let (case, _) = taken(&spark, &lead, &list).await;
        assert_eq!(case["reports"][0]["content"]["statement"], "He is\noutside.");
        // Two numbers of accounts that a machine number would make one are two.
        for (reference, account) in [("D-n1", "12345678901234567890"), ("D-n2", "12345678901234567891")] {
            let body = small(reference).to_string();
            let with = format!(
                "\"subject\":{{\"platform_account_ref\":{account}}},\"reporter\":{{\"platform_account_ref\":7,"
            );
            post_raw(&spark, "/v1/reports", body.replace("\"reporter\":{", &with)).await.expect(201);
        }
        assert_ne!(lead.case_of("D-n1").await, lead.case_of("D-n2").await);
    });
}

#[test]
fn texts_that_are_cut_or_marked_are_taken() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let text = |reference: &str| small(reference).to_string();
        let bodies: Vec<(&str, Vec<u8>, &str)> = vec![
            ("T-1", [b"\xef\xbb\xbf", text("T-1").as_bytes()].concat(), ""),
            ("T-2", text("T-2").replace("said no.", "said no\\ud83d").into_bytes(), "/statement broken_text"),
            (
                "T-3",
                text("T-3")
                    .replace("\"reporter\":{", "\"subject\":{\"display_name\":\"\\udc95J\"},\"reporter\":{")
                    .into_bytes(),
                "/subject/display_name broken_text",
            ),
            ("T-4", text("T-4").replace("said no.", "said no\n.").into_bytes(), " malformed"),
            (
                "T-5",
                {
                    let body = text("T-5");
                    let at = body.find("said no").unwrap();
                    [&body.as_bytes()[..at], b"\xf0\x9f\x98", &body.as_bytes()[at..]].concat()
                },
                " malformed,/statement broken_text",
            ),
        ];
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        for (reference, body, told) in bodies {
            let expected = if told.is_empty() {
                201
            } else if told.starts_with('/') {
                422
            } else {
                400
            };
            post_raw(&trial, "/v1/reports", body.clone()).await.expect(expected);
            let batch =
                [b"{\"reports\":[", body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body), b"],\"sent_by\":\"x\"}"]
                    .concat();
            let answer = post_raw(&spark, "/v1/reports", body).await.expect(201).json();
            assert_eq!(not_accepted(&answer).join(","), told, "{reference}");
            let again = post_raw(&spark, "/v1/reports/batch", batch).await.expect(207).json();
            assert_eq!(again["results"][0]["status"], 200, "{reference}: the same report, in a batch: {again}");
        }
        let (case, _) = lead.case(&lead.case_of("T-2").await).await;
        assert!(case["reports"][0]["content"]["statement"].as_str().unwrap().ends_with("said no\u{fffd}"));
        let (case, _) = lead.case(&lead.case_of("T-3").await).await;
        assert_eq!(case["reports"][0]["content"]["subject"]["display_name"], "\u{fffd}J");
    });
}

#[test]
fn an_answer_that_cannot_be_read_is_never_a_no() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let plain = [
            json!("yes"),
            json!(true),
            json!(1),
            json!("1"),
            json!("TRUE"),
            json!("Yes "),
            json!("y"),
            json!("yes\u{200b}"),
            json!("ｙｅｓ"),
            json!("ja"),
            json!("نعم"),
            json!("on"),
        ];
        let unread = [json!("perhaps"), json!(2), json!([true]), json!({"value": "yes"}), json!(1.5)];
        let open = [
            json!("no"),
            json!(false),
            json!(0),
            json!(null),
            json!(""),
            json!("unknown"),
            json!("declined"),
            json!("nein"),
        ];
        let mut n = 0;
        for (values, priority) in [(&plain[..], "p0"), (&unread[..], "p1"), (&open[..], "p4")] {
            for value in values {
                n += 1;
                let body = with(&format!("A-{n}"), &[("/answers/not_safe_now", value.clone())]);
                let (case, named) = taken(&spark, &lead, &body).await;
                assert_eq!(case["priority"], priority, "{value}: {named:?}");
                let has_o27 = case["assessment"]["floors"].to_string().contains("O27");
                assert_eq!(has_o27, priority == "p1", "{value}");
            }
        }
        // A yes is not lost: to a second answer, another spelling, a second map.
        let text = small("A-twice").to_string();
        for (n, answers) in [
            "\"answers\":{\"not_safe_now\":\"yes\",\"not_safe_now\":\"no\"}",
            "\"answers\":{\"not_safe_now\":\"no\",\"notSafeNow\":\"yes\"}",
            "\"answers\":{\"not_safe_now\":\"no\"},\"answers\":{\"not_safe_now\":\"yes\"}",
            "\"answers\":{\"not_safe_now\":\"yes\"},\"answers\":null",
            "\"Answers\":{\"Not-Safe-Now\":\"YES\"}",
        ]
        .into_iter()
        .enumerate()
        {
            let body = text.replace("A-twice", &format!("A-twice-{n}")).replacen('{', &format!("{{{answers},"), 1);
            let answer = post_raw(&spark, "/v1/reports", body).await.expect(201).json();
            assert!(!not_accepted(&answer).is_empty(), "{answers}");
            let (case, _) = lead.case(&lead.case_of(&format!("A-twice-{n}")).await).await;
            assert_eq!(case["priority"], "p0", "{answers}");
        }
    });
}

#[test]
fn only_what_is_needed_is_required() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        for (member, told) in [
            ("platform_report_ref", "/platform_report_ref required"),
            ("category", "/category required"),
            ("statement", "/statement required"),
            ("reporter", "/reporter required"),
        ] {
            let mut body = full("N-1");
            body.as_object_mut().unwrap().remove(member);
            body["reported_at"] = json!("soon");
            let answer = spark.caller.post("/v1/reports", &body).await.expect(422);
            assert_eq!(answer.errors(), [told, "/reported_at bad_time"], "all that is wrong is said");
        }
        for (pointer, value, told) in [
            ("/platform_report_ref", json!(""), "/platform_report_ref bad_reference"),
            ("/platform_report_ref", json!("x".repeat(256)), "/platform_report_ref bad_reference"),
            ("/platform_report_ref", json!({"id": 1}), "/platform_report_ref bad_reference"),
            ("/statement", json!([]), "/statement required"),
            ("/statement", json!("  "), "/statement required"),
            ("/reporter", json!(7), "/reporter invalid_value"),
            ("/reporter", json!({}), "/reporter/relation required"),
        ] {
            let answer = spark.caller.post("/v1/reports", &with("N-2", &[(pointer, value)])).await.expect(422);
            assert_eq!(answer.errors(), [told]);
        }
        for reference in [json!(4711), json!(" N-3 "), json!("Fall-7-\u{e4}")] {
            let body = with("N-3", &[("/platform_report_ref", reference.clone())]);
            let answer = spark.caller.post("/v1/reports", &body).await.expect(201).json();
            assert_eq!(not_accepted(&answer), ["/platform_report_ref bad_reference"]);
            let kept = answer["platform_report_ref"].as_str().unwrap().to_owned();
            assert_eq!(kept, reference.as_str().map_or_else(|| reference.to_string(), |text| text.trim().to_owned()));
        }
        // The same report is the same report, whatever of it cannot be used; and another one is another.
        let odd = with("N-4", &[("/reporter/region", json!("Sussex")), ("/answers/repeated", json!("perhaps"))]);
        let first = spark.caller.post("/v1/reports", &odd).await.expect(201).json();
        assert_eq!(spark.caller.post("/v1/reports", &odd).await.expect(200).json()["id"], first["id"]);
        let other = with("N-4", &[("/reporter/region", json!("Kent")), ("/answers/repeated", json!("perhaps"))]);
        assert_eq!(spark.caller.post("/v1/reports", &other).await.expect(409).json()["report_id"], first["id"]);
        let tried = spark.caller.post("/v1/reports?validate_only=true", &odd).await.expect(200).json();
        let told: Vec<&str> =
            tried["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        assert_eq!((&tried["valid"], told), (&json!(false), vec!["/reporter/region", "/answers/repeated"]));
    });
}

#[test]
fn additions_are_taken_like_reports() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let lead = world.staff(Role::Lead).await;
        let report = spark.submit(&small("M-1")).await;
        let path = format!("/v1/reports/{report}/additions");
        let body = json!({"statement": "He has a key.", "answers": {"held_against_will": "perhaps", "nonsense": "no"}, "identifiers": [{"type": "pager", "value": "@nightowl"}], "mood": "bad"});
        let answer = spark.caller.post(&path, &body).await.expect(201).json();
        let told = [
            "/answers/held_against_will invalid_value",
            "/answers/nonsense unknown_answer_key",
            "/mood unknown_member",
        ];
        assert_eq!(not_accepted(&answer), told, "the kind of the identifier is the second of its rule");
        assert_eq!(answer["not_accepted"][0]["more"], 1);
        let (case, _) = lead.case(&lead.case_of("M-1").await).await;
        assert_eq!(
            (&case["priority"], &case["additions"][0]["left_out"].as_array().unwrap().len()),
            (&json!("p1"), &4)
        );
        assert_eq!(case["additions"][0]["identifiers"], json!([{"type": "handle", "value": "@nightowl"}]));
        // Words under another name are words for the advocate.
        world.pass(1);
        spark.caller.post(&path, &json!({"statment": "He is at the door."})).await.expect(201);
        let (case, _) = lead.case(&lead.case_of("M-1").await).await;
        assert_eq!(case["additions"][1]["left_out"][0]["value"], "\"He is at the door.\"");
        assert_eq!(spark.caller.post(&path, &json!({"answers": {}})).await.expect(422).errors(), [" nothing_added"]);
        let other = trial.submit(&small("M-1")).await;
        let refused = trial.caller.post(&format!("/v1/reports/{other}/additions"), &body).await.expect(422);
        assert_eq!(refused.errors().len(), 4);
    });
}

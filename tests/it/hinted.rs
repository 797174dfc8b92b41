//! What an app says where the contract has no place for it: heeded in a live report, refused in a trial.

use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::{Answer, Caller, Platform, Staff, new_key, small};
use crate::harness::on_both;
use crate::lenient::{not_accepted, taken, with};

/// A calm report of an adult who may be reached.
fn calm(reference: &str) -> Value {
    let mut body = small(reference);
    body["reporter"]["age_band"] = json!("18_plus");
    body["contact"] = json!({"source": "said_now", "may_contact": true, "device_shared": "no",
        "channels": [{"type": "email", "value": "ann@example.org"}]});
    body
}

/// The report with a member at a place, under which objects may have to be made.
fn said(reference: &str, pointer: &str, value: &Value) -> Value {
    let mut body = calm(reference);
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let mut at = &mut body;
    for part in parent.split('/').skip(1) {
        if at[part].is_null() {
            at[part] = json!({});
        }
        at = &mut at[part];
    }
    at[name] = value.clone();
    body
}

/// Priority, whether contact is barred, and the queue.
async fn weight(spark: &Platform, lead: &Staff, body: &Value) -> (String, bool, String) {
    let (case, _) = taken(spark, lead, body).await;
    let text = |member: &str| case[member].as_str().unwrap().to_owned();
    (text("priority"), case["contact_barred"] == true, text("queue"))
}

async fn post_raw(platform: &Platform, path: &str, media: &str, body: Vec<u8>) -> Answer {
    let request = platform.caller.request(Method::POST, path).header("Idempotency-Key", new_key());
    Caller::send(request.header("Content-Type", media).body(body)).await
}

#[test]
fn danger_is_heeded_wherever_an_app_says_it() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let lead = world.staff(Role::Lead).await;
        for (n, (pointer, value, priority)) in [
            ("/not_safe_now", json!("yes"), "p0"),
            ("/reporter/notSafeNow", json!(true), "p0"),
            ("/contact/not_safe_now", json!("yes"), "p0"),
            ("/platform_context/answers", json!({"not_safe_now": "yes"}), "p0"),
            ("/subject/more/answers/not_safe_now", json!("yes"), "p0"),
            ("/responses", json!([{"key": "not_safe_now", "value": "yes"}]), "p1"),
            ("/responses", json!([{"key": "not_safe_now", "value": "no"}]), "p4"),
            ("/answers[not_safe_now]", json!("yes"), "p1"),
            ("/weapon", json!("perhaps"), "p1"),
            ("/weapon", json!("no"), "p4"),
            ("/not_safe_now", json!("not_asked"), "p4"),
            ("/safe_now", json!("no"), "p1"),
            ("/is_safe", json!(false), "p1"),
            ("/is_safe", json!(true), "p4"),
            ("/urgent", json!(true), "p1"),
            ("/priority", json!("p0"), "p1"),
            ("/priority", json!("low"), "p4"),
            ("/life_threatening", json!(true), "p1"),
            ("/suicidal", json!("Y"), "p1"),
            ("/details/in_danger", json!(true), "p1"),
            ("/meta/reason", json!("sexual_assault"), "p1"),
            ("/meta/reason", json!("harassment"), "p4"),
            ("/reporter/country", json!({"not_safe_now": "yes"}), "p0"),
            ("/app/version", json!("7.1"), "p4"),
        ]
        .into_iter()
        .enumerate()
        {
            let body = said(&format!("D-{n}"), pointer, &value);
            let (is, _, _) = weight(&spark, &lead, &body).await;
            assert_eq!(is, priority, "{pointer} {value}");
            trial.caller.post("/v1/reports", &body).await.expect(422);
        }
        let report = spark.submit(&calm("D-more")).await;
        let path = format!("/v1/reports/{report}/additions");
        spark.caller.post(&path, &json!({"not_safe_now": "yes"})).await.expect(201);
        let (case, _) = lead.case(&lead.case_of("D-more").await).await;
        assert_eq!(
            (&case["priority"], &case["additions"][0]["answers"]["not_safe_now"]),
            (&json!("p0"), &json!("yes"))
        );
    });
}

#[test]
fn a_child_is_one_wherever_an_app_says_it() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let grown = ["over_18", "is_adult", "adult", "is_18_plus", "isOver18", "of_age", "legal_age", "age_confirmed"];
        let young = ["minor", "teen", "kid", "juvenile", "u18", "isUnder18", "MINOR", "16_17", "under_age"];
        let mut cases: Vec<(String, Value, bool)> = Vec::new();
        for name in grown {
            cases.push((format!("/reporter/{name}"), json!(false), true));
            cases.push((format!("/reporter/{name}"), json!("yes"), false));
        }
        for name in young {
            cases.push((format!("/reporter/{name}"), json!(true), true));
            cases.push((format!("/reporter/{name}"), json!("no"), false));
        }
        for (pointer, value, is_child) in [
            ("/victim/age", json!(15), true),
            ("/user/age_band", json!("under_18"), true),
            ("/reporter/profile/is_minor", json!(true), true),
            ("/reporter/yob", json!(2011), true),
            ("/reporter/yob", json!(1980), false),
            ("/reporter/years_old", json!(15), true),
            ("/reporter/alter", json!(15), true),
            ("/reporter/edad", json!("34"), false),
            ("/reporter/AGE", json!(15), true),
            ("/reporter/DOB", json!("2011-05-05"), true),
            ("/subject/age", json!(15), false),
            ("/subject/is_minor", json!(true), false),
            ("/offender/age", json!(16), false),
            // Her age is said: nobody has checked it, and that says no more.
            ("/reporter/age_verified", json!(false), false),
        ] {
            cases.push((pointer.to_owned(), value, is_child));
        }
        for (n, (pointer, value, is_child)) in cases.into_iter().enumerate() {
            let (_, _, queue) = weight(&spark, &lead, &said(&format!("C-{n}"), &pointer, &value)).await;
            assert_eq!(queue == "children", is_child, "{pointer} {value}");
        }
        let unchecked = with("C-unchecked", &[("/reporter/age_verified", json!(false))]);
        assert_eq!(weight(&spark, &lead, &unchecked).await.2, "children");
        let report = spark.submit(&calm("C-more")).await;
        spark.caller.post(&format!("/v1/reports/{report}/additions"), &json!({"is_minor": true})).await.expect(201);
        let (case, _) = lead.case(&lead.case_of("C-more").await).await;
        assert_eq!((&case["priority"], &case["queue"]), (&json!("p1"), &json!("children")));
    });
}

#[test]
fn a_wish_not_to_be_reached_is_one_wherever_an_app_says_it() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let mut cases: Vec<(String, Value, bool)> = Vec::new();
        for name in [
            "deviceShared",
            "shared_device",
            "device_is_shared",
            "do_not_email",
            "do_not_text",
            "no_sms",
            "dont_phone",
            "do_not_write_to_me",
            "do_not_notify",
            "unsafe_to_message",
            "partner_reads_my_phone",
            "dnc",
            "opt_out",
            "DONOTCALL",
            "nosms",
            "leave_me_alone",
            "nicht_anrufen",
        ] {
            cases.push((format!("/{name}"), json!(true), true));
            cases.push((format!("/platform_context/{name}"), json!("yes"), true));
        }
        for name in ["safe_to_email", "reachable", "email_ok", "may_text"] {
            cases.push((format!("/reporter/{name}"), json!(false), true));
            cases.push((format!("/reporter/{name}"), json!(true), false));
        }
        for (pointer, value, is_barred) in [
            ("/no_sms", json!(false), false),
            ("/CONTACT_ME", json!("no"), true),
            ("/kontakt", json!(false), true),
            ("/safety", json!({"device_shared": "yes"}), true),
            ("/safety", json!({"may_contact": false}), true),
            ("/subject/do_not_contact", json!(true), true),
            ("/subject/contact", json!("07700 900456"), false),
            ("/subject/phone_no", json!("07700 900456"), false),
            ("/reporter/email", json!("ann@example.org"), false),
            ("/platform_context/contact_count", json!(3), false),
        ] {
            cases.push((pointer.to_owned(), value, is_barred));
        }
        for value in ["07700 900456 no", "07700900456 (18:00-20:00)", "07700900456 07700900457"] {
            cases.push(("/contact/channels".to_owned(), json!([{"type": "phone", "value": value}]), true));
        }
        for value in ["DO NOT USE <ann@example.org>", "\"do not write\"@example.org", "not-safe:ann@example.org"] {
            cases.push(("/contact/channels".to_owned(), json!([{"type": "email", "value": value}]), true));
        }
        for (n, (pointer, value, is_barred)) in cases.into_iter().enumerate() {
            let (priority, barred, _) = weight(&spark, &lead, &said(&format!("W-{n}"), &pointer, &value)).await;
            assert_eq!((barred, priority.as_str()), (is_barred, "p4"), "{pointer} {value}");
        }
        let report = spark.submit(&calm("W-more")).await;
        spark.caller.post(&format!("/v1/reports/{report}/additions"), &json!({"do_not_email": true})).await.expect(201);
        let (case, _) = lead.case(&lead.case_of("W-more").await).await;
        assert_eq!(case["contact_barred"], true);
    });
}

#[test]
fn a_report_is_found_in_what_programs_put_around_it() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let lead = world.staff(Role::Lead).await;
        let urgent = |n: usize| with(&format!("B-{n}"), &[("/answers/not_safe_now", json!("yes"))]).to_string();
        let japanese = |n: usize| {
            let text = urgent(n).replace("\"yes\"", "\"?\"").into_bytes();
            let at = text.iter().position(|byte| *byte == b'?').unwrap();
            [&text[..at], b"\x1b$B$O$$\x1b(B", &text[at + 1..]].concat()
        };
        let wide = |n: usize| urgent(n).chars().flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<u8>>();
        let bodies: Vec<Vec<u8>> = vec![
            format!("{{\"data\": {}}}", urgent(0)).into(),
            format!("{{\"v\": 1, \"report\": {}}}", urgent(1)).into(),
            format!("{};", urgent(2)).into(),
            format!("{}\n{}", urgent(3), urgent(3)).into(),
            urgent(4).replacen('{', "{ /* x */ // y\n", 1).into(),
            urgent(5).replace("\"yes\"", "TRUE").into(),
            wide(6),
            japanese(7),
        ];
        for (n, body) in bodies.into_iter().enumerate() {
            let media = "application/json; charset=iso-2022-jp";
            let media = if n == 7 { media } else { "application/json" };
            let refused = post_raw(&trial, "/v1/reports", media, body.clone()).await;
            assert!([400, 415, 422].contains(&refused.status), "{n}: {}", refused.text);
            let answer = post_raw(&spark, "/v1/reports", media, body).await.expect(201).json();
            assert_eq!(not_accepted(&answer)[0], " malformed", "{n}");
            let (case, _) = lead.case(&lead.case_of(&format!("B-{n}")).await).await;
            assert_eq!(case["priority"], "p0", "{n}");
        }
        for body in ["{\"data\": {\"x\": 1}}", "{\"data\": 5}", "{\"report\": {\"data\": {}}}"] {
            post_raw(&spark, "/v1/reports", "application/json", body.into()).await.expect(422);
        }
        for (n, batch) in [
            format!("[{}, {}]", urgent(20), urgent(21)),
            format!("[{}]", urgent(22)),
            format!("{{\"Reports\": [{}]}}", urgent(23)),
            format!("{{\"reports\": {}}}", urgent(24)),
            urgent(25),
        ]
        .into_iter()
        .enumerate()
        {
            let refused = post_raw(&trial, "/v1/reports/batch", "application/json", batch.clone().into()).await;
            assert!([400, 422].contains(&refused.status), "{n}: {}", refused.text);
            let answer =
                post_raw(&spark, "/v1/reports/batch", "application/json", batch.into()).await.expect(207).json();
            let results = answer["results"].as_array().unwrap();
            assert_eq!(results.len(), if n == 0 { 2 } else { 1 });
            assert!(results.iter().all(|one| one["status"] == 201), "{n}: {answer}");
        }
    });
}

//! Bodies that are no JSON as they stand, and what in them may name somebody: a live one is read for what it is plainly
//! meant to be, and told; a trial is refused.

use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use reqwest::Method;
use serde_json::json;

use crate::harness::client::{Answer, Caller, Platform, new_key, small};
use crate::harness::on_both;
use crate::lenient::{not_accepted, taken, with};

async fn post_as(platform: &Platform, path: &str, media: Option<&str>, body: Vec<u8>) -> Answer {
    let mut request = platform.caller.request(Method::POST, path).header("Idempotency-Key", new_key());
    if let Some(media) = media {
        request = request.header("Content-Type", media);
    }
    Caller::send(request.body(body)).await
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

const JSON: Option<&str> = Some("application/json");

/// Each body of the reference `M-n`, its media type, and what is told of it.
fn bodies() -> Vec<(Vec<u8>, Option<&'static str>, &'static str)> {
    let text = |n: usize| small(&format!("M-{n}")).to_string();
    let said = |n: usize, by: &str| text(n).replace("said no.", by).into_bytes();
    let put = |n: usize, members: &str| text(n).replacen('{', &format!("{{{members},"), 1).into_bytes();
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let marked = |n: usize| format!("\u{feff}{}", text(n));
    vec![
        (put(0, &format!("\"trace\":{}", deep(129))), JSON, " malformed,/trace unknown_member"),
        (
            put(1, &format!("\"attachments\":[{}]", deep(200_000))),
            JSON,
            "/attachments/0 attachments_not_accepted, malformed",
        ),
        (said(2, r"said it\'s no."), JSON, " malformed"),
        (said(3, r"said no \u12"), JSON, " malformed,/statement broken_text"),
        (format!("\u{feff}{}", marked(4)).into_bytes(), JSON, " malformed"),
        (utf16(&marked(5), u16::to_le_bytes), JSON, " malformed"),
        (utf16(&marked(6), u16::to_be_bytes), Some("application/json; charset=utf-16"), " malformed, media_type"),
        (utf16(&text(7), u16::to_le_bytes), JSON, " malformed"),
        (text(8).replacen('}', ",}", 1).into_bytes(), JSON, " malformed"),
        ([text(9).as_bytes(), b"\0\0 \r\n\0"].concat(), JSON, " malformed"),
        (put(10, "\"score\":NaN"), JSON, " malformed,/score unknown_member"),
        (put(11, "\"answers\":{\"not_safe_now\":NaN}"), JSON, " malformed,/answers/not_safe_now invalid_value"),
        (text(12).into_bytes(), Some("text/plain"), " media_type"),
        (text(13).into_bytes(), None, " media_type"),
        (text(14).into_bytes(), Some("application/x-www-form-urlencoded"), " media_type"),
        (text(15).into_bytes(), Some("application/json; charset=utf-16"), " media_type"),
        (
            said(16, "said caf\u{e9}.")
                .iter()
                .copied()
                .filter(|b| *b != 0xc3)
                .map(|b| if b == 0xa9 { 0xe9 } else { b })
                .collect(),
            Some("application/json; charset=iso-8859-1"),
            " malformed, media_type",
        ),
        (json!(text(17)).to_string().into_bytes(), JSON, " malformed"),
        (format!("[{}]", text(18)).into_bytes(), JSON, " malformed"),
        (put(19, "\"subject\":{\"platform_account_ref\":0042}"), JSON, " malformed"),
        (said(20, r"drew \o/ on C:\Users."), JSON, " malformed"),
    ]
}

#[test]
fn a_live_report_is_read_for_what_it_is_plainly_meant_to_be() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let lead = world.staff(Role::Lead).await;
        let statement =
            |n: usize, by: &str| small(&format!("M-{n}"))["statement"].as_str().unwrap().replace("said no.", by);
        for (n, (body, media, told)) in bodies().into_iter().enumerate() {
            let refused = post_as(&trial, "/v1/reports", media, body.clone()).await;
            assert!([400, 415, 422].contains(&refused.status), "{n}: {}", refused.text);
            let answer = post_as(&spark, "/v1/reports", media, body.clone()).await.expect(201).json();
            assert_eq!(not_accepted(&answer).join(","), told, "{n}");
            assert_eq!(answer["platform_report_ref"], format!("M-{n}"));
            // The same bytes once more are the same report, whatever the key.
            let again = post_as(&spark, "/v1/reports", media, body).await.expect(200).json();
            assert_eq!(again["id"], answer["id"], "{n}");
            let (case, _) = lead.case(&lead.case_of(&format!("M-{n}")).await).await;
            let words = case["reports"][0]["content"]["statement"].as_str().unwrap();
            let expected = match n {
                2 => statement(n, "said it's no."),
                3 => statement(n, "said no \u{fffd}"),
                16 => statement(n, "said caf\u{e9}."),
                20 => statement(n, r"drew \o/ on C:\Users."),
                _ => statement(n, "said no."),
            };
            assert_eq!(
                (words, &case["priority"]),
                (expected.as_str(), &json!(if n == 11 { "p1" } else { "p4" })),
                "{n}"
            );
            let account = &case["reports"][0]["content"]["subject"]["platform_account_ref"];
            assert!(n != 19 || account == "0042", "{account}");
        }
        for (body, media, code) in [
            ("report=he+is+outside", Some("application/x-www-form-urlencoded"), "media_type"),
            ("He is outside.", Some("text/plain"), "media_type"),
            ("", None, "malformed"),
            ("{'statement': 'He is outside.'}", JSON, "malformed"),
        ] {
            let refused = post_as(&spark, "/v1/reports", media, body.into()).await;
            assert_eq!(refused.code(), code, "{body}");
        }
        // Elsewhere nothing is guessed.
        let id = lead.case_of("M-2").await;
        let note = lead
            .caller
            .request(Method::POST, &format!("/v1/triage/cases/{id}/notes"))
            .header("Idempotency-Key", new_key());
        let note = note.header("Content-Type", "text/plain").body(json!({"text": "Read."}).to_string());
        Caller::send(note).await.expect(415);
        let endpoint = json!({"url": "https://hooks.example.org/"}).to_string().into_bytes();
        post_as(&spark, "/v1/webhook-endpoints", None, endpoint).await.expect(415);
    });
}

#[test]
fn additions_and_items_are_read_like_reports() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let report = spark.submit(&small("A-1")).await;
        let path = format!("/v1/reports/{report}/additions");
        let more = br#"{"statement": "He\'s here.", "answers": {"not_safe_now": "yes",}}"#;
        let answer = post_as(&spark, &path, Some("text/plain"), more.to_vec()).await.expect(201).json();
        assert_eq!(not_accepted(&answer), [" malformed", " media_type"]);
        let (case, _) = lead.case(&lead.case_of("A-1").await).await;
        assert_eq!((&case["priority"], &case["additions"][0]["statement"]), (&json!("p0"), &json!("He's here.")));
        // One item that a program broke takes no other with it, and is read itself.
        let items = [small("B-1").to_string().replace("said no.", r"said it\'s no."), small("B-2").to_string()];
        let batch = format!("{{\"reports\": [{}, {},]}}", items[0], items[1]);
        let key = new_key();
        for (status, code) in [(201, "malformed"), (201, "malformed")] {
            let request = spark.caller.request(Method::POST, "/v1/reports/batch").header("Idempotency-Key", &key);
            let answer =
                Caller::send(request.header("Content-Type", "application/json").body(batch.clone())).await.expect(207);
            for item in answer.json()["results"].as_array().unwrap() {
                assert_eq!(
                    (&item["status"], &item["report"]["not_accepted"][0]["code"]),
                    (&json!(status), &json!(code))
                );
            }
        }
        let again = spark.caller.post("/v1/reports", &small("B-2")).await.expect(200).json();
        assert_eq!(again["platform_report_ref"], "B-2", "read either way, it is the same report");
    });
}

#[test]
fn two_reports_with_broken_references_are_two() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let body = |half: &str, words: &str| {
            small("R-X").to_string().replace("R-X", &format!("R-{half}")).replace("said no.", words).into_bytes()
        };
        let long = "x".repeat(252);
        let mut known = Vec::new();
        for (half, words) in
            [("\\ud83d", "One."), ("\\udc95", "Two."), ("\\ud83d", "Three."), (&format!("{long}\\ud83d"), "Four.")]
        {
            let answer = post_as(&spark, "/v1/reports", JSON, body(half, words)).await.expect(201).json();
            assert_eq!(
                not_accepted(&answer),
                ["/platform_report_ref broken_text", "/platform_report_ref bad_reference"]
            );
            let again = post_as(&spark, "/v1/reports", JSON, body(half, words)).await.expect(200).json();
            assert_eq!((&again["id"], &again["platform_report_ref"]), (&answer["id"], &answer["platform_report_ref"]));
            let reference = answer["platform_report_ref"].as_str().unwrap().to_owned();
            assert!(reference.starts_with("R-") && reference.chars().count() <= 255, "{reference}");
            let escaped: String = url::form_urlencoded::byte_serialize(reference.as_bytes()).collect();
            let found =
                spark.caller.get(&format!("/v1/reports?platform_report_ref={escaped}")).await.expect(200).json();
            assert_eq!(found["data"][0]["id"], answer["id"]);
            known.push(reference);
        }
        known.dedup();
        assert_eq!(known.len(), 4);
    });
}

#[test]
fn words_in_the_place_of_a_number_are_a_wish() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let lead = world.staff(Role::Lead).await;
        let contact = |kind: &str, value: &str| json!({"source": "said_now", "may_contact": true, "channels": [{"type": "portal"}, {"type": kind, "value": value}]});
        for (n, (kind, value, barred)) in [
            ("phone", "do not call", true),
            ("sms", "nope", true),
            ("phone", "+44 7700 900456 (not after six)", true),
            ("phone", "\u{1f4f5}07700900456", true),
            ("email", "please don't", true),
            ("email", "ann@example.org he reads this", true),
            ("phone", "+44 (0)7700 900-456", false),
            ("sms", "\u{660}\u{667}\u{667}\u{660}\u{660}\u{669}\u{660}\u{660}\u{664}\u{665}\u{666}", false),
            ("email", "Ann <ann@example.org>", false),
            ("platform", "in the app, after ten", false),
        ]
        .into_iter()
        .enumerate()
        {
            let body = with(&format!("W-{n}"), &[("/contact", contact(kind, value))]);
            let (case, named) = taken(&spark, &lead, &body).await;
            assert_eq!(case["contact_barred"], json!(barred), "{value}");
            assert_eq!(
                named.first().map(String::as_str),
                barred.then_some("/contact/channels/1/value invalid_value"),
                "{value}"
            );
            trial.caller.post("/v1/reports", &body).await.expect(if barred { 422 } else { 201 });
            let left = case["reports"][0]["content"]["left_out"].to_string();
            assert!(!barred || left.contains(&value.replace('"', "")), "the advocate reads it: {left}");
        }
    });
}

#[test]
fn a_name_that_may_be_somebodys_is_not_repeated_and_a_place_counts_once() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let lead = world.staff(Role::Lead).await;
        let mut body = with("K-1", &[("/answers/07700900123", json!("yes")), ("/answers/Amina_K", json!("no"))]);
        body["answers"]["is_he_armed"] = json!("no");
        body["contact_07700900123"] = json!("x");
        body["subject"] = json!({"Amina Khan": "his sister"});
        let (case, named) = taken(&spark, &lead, &body).await;
        assert_eq!(named, ["/subject unknown_member", "/answers unknown_answer_key"]);
        let answer = spark.caller.post("/v1/reports", &body).await.expect(200).json();
        let more = |code: &str| {
            let all = answer["not_accepted"].as_array().unwrap();
            all.iter().find(|one| one["code"] == code).unwrap()["more"].clone()
        };
        assert_eq!((more("unknown_answer_key"), more("unknown_member")), (json!(2), json!(1)));
        assert!(!answer.to_string().contains("07700900123") && !answer.to_string().contains("Amina"));
        let left = case["reports"][0]["content"]["left_out"].to_string();
        for name in ["07700900123", "Amina_K", "Amina Khan", "his sister", "contact_07700900123"] {
            assert!(left.contains(name), "the advocate reads the name too: {left}");
        }
        let refused = trial.caller.post("/v1/reports", &body).await.expect(422);
        assert!(!refused.text.contains("07700900123") && !refused.text.contains("Amina"), "{}", refused.text);
        for (n, (pointer, value, code, more)) in [
            ("/other_categories", json!(vec!["hate"; 150]), "too_many", 49),
            ("/other_categories", json!(vec!["hate"; 11]), "too_many", 0),
            ("/reporter/relation", json!([]), "required", 0),
            ("/contact", json!({"never": "evenings"}), "invalid_value", 1),
        ]
        .into_iter()
        .enumerate()
        {
            let body = with(&format!("K-m-{n}"), &[(pointer, value)]);
            let answer = spark.caller.post("/v1/reports", &body).await.expect(201).json();
            let all = answer["not_accepted"].as_array().unwrap();
            assert_eq!(
                (all.len(), &all[0]["code"], &all[0]["more"]),
                (1, &json!(code), &json!(more)),
                "{pointer}: {answer}"
            );
        }
    });
}

#[test]
fn a_type_is_read_for_what_it_plainly_means() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let lead = world.staff(Role::Lead).await;
        for (n, (given, value, kind, kept)) in [
            ("mobile", "07700 900123", "phone", "07700 900123"),
            ("WhatsApp", "+447700900123", "phone", "+447700900123"),
            ("cell", "nightowl", "handle", "nightowl"),
            ("Telephone", "07700900123", "phone", "07700900123"),
            ("e-mail", "ann@example.org", "email", "ann@example.org"),
            ("mail", "ann@example.org", "email", "ann@example.org"),
            ("insta", "@nightowl", "handle", "insta: @nightowl"),
            ("Instagram", "https://instagram.com/nightowl", "profile_url", "https://instagram.com/nightowl"),
            ("telegram", "+447700900123", "phone", "+447700900123"),
            ("username", "nightowl", "handle", "nightowl"),
            ("url", "dating.example/u/ann", "profile_url", "dating.example/u/ann"),
            ("iban", "DE12500105170648489890", "payment", "DE12500105170648489890"),
            ("pigeon", "nightowl", "handle", "nightowl"),
        ]
        .into_iter()
        .enumerate()
        {
            let body =
                with(&format!("T-{n}"), &[("/subject", json!({"identifiers": [{"type": given, "value": value}]}))]);
            let (case, named) = taken(&spark, &lead, &body).await;
            let read = &case["reports"][0]["content"]["subject"]["identifiers"][0];
            assert_eq!((&read["type"], &read["value"]), (&json!(kind), &json!(kept)), "{given}");
            assert_eq!(named, ["/subject/identifiers/0/type invalid_value"], "{given}");
            trial.caller.post("/v1/reports", &body).await.expect(422);
        }
    });
}

#[test]
fn what_may_have_been_a_matter_of_life_and_death_is_p1() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        // What could have fired no p0 row stays what it is; what could have, whichever way it was garbled, is p1.
        for (n, (pointer, value, priority)) in [
            ("/answers/repeated", json!("perhaps"), "p4"),
            ("/answers/is_he_nice", json!("no"), "p4"),
            ("/answers/is_he_armed", json!("yes"), "p1"),
            ("/answers", json!("yes"), "p1"),
            ("/answers", json!(["not_safe_now"]), "p1"),
            ("/category", json!("rudeness"), "p1"),
            ("/category", json!(7), "p1"),
            ("/category", json!(null), "p1"),
            ("/category", json!("Sexual-Assault"), "p1"),
            ("/category", json!(["sexual_assault"]), "p1"),
            ("/reporter/birth_date", json!("2012-02-01"), "p1"),
            ("/reporter/birth_date", json!("1990-02-01"), "p4"),
            ("/other_categories", json!(["rudeness"]), "p1"),
            ("/reporter/age_band", json!("perhaps"), "p1"),
            ("/survivor", json!("my sister"), "p1"),
        ]
        .into_iter()
        .enumerate()
        {
            let (case, named) = taken(&spark, &lead, &with(&format!("A-o-{n}"), &[(pointer, value.clone())])).await;
            assert_eq!((&case["priority"], named.len()), (&json!(priority), 1), "{pointer} {value}");
            let is_plain = value == "Sexual-Assault" || value == json!(["sexual_assault"]);
            let expected = if is_plain { "sexual_assault" } else { "not_sure" };
            assert!(pointer != "/category" || case["category"] == expected, "{case}");
            let is_young = pointer.ends_with("birth_date") && priority == "p1";
            let child = pointer.ends_with("age_band") || pointer == "/survivor" || is_young;
            assert_eq!(case["queue"] == "children", child, "{pointer} {value}");
        }
    });
}

#[test]
fn an_age_is_read_in_any_digits_and_in_doubt_it_is_a_childs() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        for (n, (age, queue)) in [
            (json!(17), "children"),
            (json!("16"), "children"),
            (json!(34), "stalking_violence"),
            (json!("18+"), "stalking_violence"),
            (json!(0), "children"),
            (json!(true), "children"),
            (json!("\u{661}\u{666}"), "children"),
            (json!("\u{663}\u{664}"), "stalking_violence"),
        ]
        .into_iter()
        .enumerate()
        {
            let (case, _) =
                taken(&spark, &lead, &with(&format!("A-age-{n}"), &[("/reporter/age_band", age.clone())])).await;
            assert_eq!(case["queue"], queue, "{age}");
        }
    });
}

//! What colleagues declare of themselves: a number, an address or an account is met however a report writes it.

use crate::harness::client::{Staff, small};
use crate::harness::{World, on_both};
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// `recourse admin staff declare`: whether it was taken, and what it said of what was wrong.
fn declare(world: &World, who: &Staff, kind: &str, value: &str) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recourse"));
    command.args(["admin", "staff", "declare", &who.username, "--kind", kind, "--data"]).arg(world.dir());
    if let Some(url) = &world.config.database_url {
        command.env("RECOURSE_DATABASE_URL", url.expose());
    }
    command.current_dir(world.dir()).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    writeln!(running.stdin.take().unwrap(), "{value}").unwrap();
    let ended = running.wait_with_output().unwrap();
    (ended.status.success(), String::from_utf8(ended.stderr).unwrap())
}

#[test]
fn whoever_is_named_in_what_nobody_can_read_does_not_meet_the_case() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let (lead, who) = (world.staff(Role::Lead).await, world.staff(Role::Lead).await);
        assert!(declare(&world, &who, "phone", "+44 7700 900123").0);
        assert!(declare(&world, &who, "account", "spark amina_1").0);
        let parts = [
            (true, "subject", json!("+447700900123")),
            (true, "subject", json!("amina_1")),
            (true, "subject", json!([{"identifiers": [{"type": "phone", "value": "+447700900123"}]}])),
            (true, "subject", json!({"platform_account_ref": ["amina_1"]})),
            (true, "subject", json!({"platform_account_ref": "amina_1\u{0}"})),
            (true, "subject", json!({"phone": "07700 900123"})),
            (true, "subject", json!({"identifiers": [{"phone": "+447700900123"}]})),
            (true, "subject", json!({"identifiers": [{"type": "phone", "value": {"e164": "+447700900123"}}]})),
            (true, "identifiers", json!([{"type": "phone", "value": "+447700900123"}])),
            (true, "contact", json!({"channels": ["+447700900123"]})),
            (true, "contact", json!({"channels": [{"type": "whatsapp", "value": "+447700900123"}]})),
            (false, "subject", json!({"phone": "07700 900124"})),
            (false, "subject", json!([{"identifiers": [{"type": "phone", "value": "+447700900124"}]}])),
        ];
        for (i, (walled, part, content)) in parts.into_iter().enumerate() {
            let mut body = small(&format!("SPK-{i}"));
            body["reporter"]["country"] = json!("GB");
            body[part] = content;
            let report = spark.submit(&body).await;
            let case = lead.case_of(&format!("SPK-{i}")).await;
            let path = format!("/v1/triage/cases/{case}");
            who.caller.get(&path).await.expect(if walled { 404 } else { 200 });
            if !walled {
                let more = json!({"statement": "His number.", "subject": {"phone": "07700 900123"}});
                spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
                who.caller.get(&path).await.expect(404);
            }
        }
    });
}

#[test]
fn a_number_or_address_is_met_however_the_report_writes_it() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let (lead, who) = (world.staff(Role::Lead).await, world.staff(Role::Lead).await);
        let (taken, said) = declare(&world, &who, "phone", "07700 900123");
        assert!(!taken && said.contains("write the number with its country, as +44"), "{said}");
        for (kind, value) in [("phone", "0044 (0)7700 900123"), ("email", "K.Example@example.org")] {
            assert!(declare(&world, &who, kind, value).0, "{kind}");
        }
        let subject = |value: &str| ("subject", json!({"identifiers": [{"type": "phone", "value": value}]}));
        let channel = |kind: &str, value: &str| ("contact", json!({"channels": [{"type": kind, "value": value}]}));
        let image = |contact: &str| ("intimate_image", json!({"is_intimate_image": true, "contact": contact}));
        let parts = [
            (true, subject("+44 7700 900-123")),
            (true, subject("07700 900123")),
            (true, subject("٠٧٧٠٠٩٠٠١٢٣")),
            (true, subject("+44 7700 900123 ext. 5")),
            (true, subject("Mobile 07700 900123 or 07700 900111")),
            (true, subject("https://wa.me/447700900123")),
            (true, subject("447700900123")),
            (true, channel("phone", "(07700) 900123")),
            (true, channel("sms", "07700900123")),
            (true, channel("email", "k.example+app@Example.org")),
            (true, image("07700 900 123")),
            (true, image("k.example@example.org")),
            (false, image("via_recourse")),
            (false, subject("07700 900124")),
            (false, ("statement", json!("His number is 07700 900123."))),
        ];
        for (i, (walled, (part, content))) in parts.into_iter().enumerate() {
            let mut body = small(&format!("SPK-{i}"));
            body["reporter"]["country"] = json!("GB");
            body[part] = content;
            spark.submit(&body).await;
            let case = lead.case_of(&format!("SPK-{i}")).await;
            who.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(if walled { 404 } else { 200 });
        }
        // Written without its country a number may be his: from another country, or from nobody knows where. An addition is
        // read like the report it belongs to.
        for (reference, country, value, status) in [
            ("ADD-1", json!("GB"), "07700 900123", 404),
            ("ADD-2", json!("DE"), "07700 900123", 404),
            ("ADD-3", Value::Null, "07700 900123", 404),
            ("ADD-4", json!("US"), "011 44 7700 900123", 404),
            ("ADD-5", json!("US"), "011 49 7700 900123", 200),
            ("ADD-6", Value::Null, "07700 900124", 200),
        ] {
            let mut body = small(reference);
            body["reporter"]["country"] = country;
            let report = spark.submit(&body).await;
            let path = format!("/v1/triage/cases/{}", lead.case_of(reference).await);
            who.caller.get(&path).await.expect(200);
            let more = json!({"identifiers": [{"type": "phone", "value": value}]});
            spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
            who.caller.get(&path).await.expect(status);
        }
    });
}

#[test]
fn an_account_on_a_platform_is_met_in_real_life_and_in_trials() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let meetly = world.platform("meetly").await;
        let (lead, who) = (world.staff(Role::Lead).await, world.staff(Role::Lead).await);
        for (value, wrong) in [("u 77", "there is none of the name before the space"), ("spark", "a space")] {
            let (taken, said) = declare(&world, &who, "account", value);
            assert!(!taken && said.contains(wrong), "{said}");
        }
        assert!(declare(&world, &who, "account", "spark u 77").0);
        let as_subject = ("subject", json!({"platform_account_ref": "u 77"}));
        let as_reporter = ("reporter", json!({"relation": "self", "platform_account_ref": "u 77"}));
        let other = ("subject", json!({"platform_account_ref": "u 78"}));
        let reports = [
            (&spark, "live", &as_subject, 404),
            (&spark, "live", &as_reporter, 404),
            (&trial, "test", &as_subject, 404),
            (&spark, "live", &other, 200),
            (&meetly, "live", &as_subject, 200),
        ];
        for (i, (platform, mode, (part, content), status)) in reports.into_iter().enumerate() {
            let mut body = small(&format!("ACC-{i}"));
            body[part] = content.clone();
            platform.submit(&body).await;
            let list = format!("/v1/triage/cases?mode={mode}&platform_report_ref=ACC-{i}");
            let case = lead.caller.get(&list).await.expect(200).json()["data"][0]["id"].clone();
            who.caller.get(&format!("/v1/triage/cases/{}", case.as_str().unwrap())).await.expect(status);
        }
    });
}

/// Cases that a colleague meets or not, by what she declared and what stands in the report.
type Met<'a> = (&'a str, serde_json::Value, bool);

#[test]
fn a_name_is_met_with_words_around_it_and_in_long_texts() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let (lead, who) = (world.staff(Role::Lead).await, world.staff(Role::Lead).await);
        let words = [
            ("handle", "nightowl"),
            ("handle", "the_void"),
            ("handle", "D.K."),
            ("handle", "07700 900777"),
            ("account", "spark guest"),
            ("account", "spark amina_1"),
        ];
        for (kind, value) in words {
            let (taken, said) = declare(&world, &who, kind, value);
            assert!(taken, "{value}: {said}");
        }
        for (kind, value) in [("handle", "unknown"), ("handle", "-"), ("account", "spark n/a")] {
            assert!(!declare(&world, &who, kind, value).0, "{value}");
        }
        let named = |kind: &str, value: &str| json!({"identifiers": [{"type": kind, "value": value}]});
        let long = |front: usize, back: usize| format!("{}nightowl {}", "lorem ".repeat(front), "ipsum ".repeat(back));
        let parts: Vec<Met<'_>> = vec![
            ("subject", named("handle", "nightowl on instagram"), true),
            ("subject", named("handle", "nightowl1 / nightowl"), true),
            ("subject", named("handle", "\u{1f989}nightowl\u{1f989}"), true),
            ("subject", named("insta", "nightowl"), true),
            ("subject", named("profile_url", "tg://resolve?domain=nightowl"), true),
            ("subject", named("phone", "@nightowl"), true),
            ("subject", named("handle", "The_Void"), true),
            ("subject", named("handle", "d.k."), true),
            ("subject", named("phone", "+44 7700 900777"), true),
            ("subject", json!({"platform_account_ref": "guest"}), true),
            ("subject", named("handle", &long(0, 200)), true),
            ("subject", named("handle", &long(200, 0)), true),
            ("subject", named("handle", &long(160, 300)), true),
            ("subject", json!({"display_name": long(150, 150)}), true),
            ("subject", json!({"nightowl on insta": true}), true),
            ("subject", json!({"about": "her account here is amina_1, I think"}), true),
            ("intimate_image", json!({"contact": "07700 900111, ".repeat(40) + "07700 900777"}), true),
            ("subject", named("handle", "dayowl on instagram"), false),
            ("subject", named("insta", "nightowls"), false),
            ("subject", named("handle", "unknown"), false),
            ("subject", named("phone", "+44 7700 900778"), false),
            ("subject", json!({"platform_account_ref": "guest7"}), false),
        ];
        for (i, (part, content, walled)) in parts.into_iter().enumerate() {
            let mut body = small(&format!("NAME-{i}"));
            body[part] = content;
            spark.submit(&body).await;
            let case = lead.case_of(&format!("NAME-{i}")).await;
            let answer = who.caller.get(&format!("/v1/triage/cases/{case}")).await;
            assert_eq!(answer.status, if walled { 404 } else { 200 }, "{body}");
        }
    });
}

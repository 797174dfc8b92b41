//! What the system notices across cases: independent reporters, mirror reports, and a survivor who is not heard from.

use std::sync::Arc;

use futures_util::future::join;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::jobs;
use serde_json::{Value, json};

use crate::harness::client::{Platform, Staff};
use crate::harness::{World, on_both};

/// A report of violence by `reporter` about the account `subject`, which alone is p4.
fn about(reference: &str, reporter: &str, subject: &str) -> Value {
    json!({
        "platform_report_ref": reference,
        "category": "physical_assault",
        "reporter": {"relation": "self", "platform_account_ref": reporter, "country": "GB"},
        "subject": {"platform_account_ref": subject},
        "statement": "He hit me."
    })
}

async fn floors(lead: &Staff, reference: &str) -> Vec<String> {
    let case = lead.case_of(reference).await;
    let (case, _) = lead.case(&case).await;
    let floors = case["assessment"]["floors"].as_array().unwrap();
    floors.iter().map(|floor| floor["code"].as_str().unwrap().to_owned()).collect()
}

async fn has(lead: &Staff, reference: &str, code: &str) -> bool {
    floors(lead, reference).await.contains(&code.to_owned())
}

async fn submit(platform: &Platform, body: &Value) {
    platform.submit(body).await;
}

#[test]
fn two_first_reports_at_once_raise_both_always() {
    on_both(|world| async move {
        let (spark, meetly) = (world.platform("spark").await, world.platform("meetly").await);
        let lead = world.staff(Role::Lead).await;
        for round in 0..25 {
            // One subject on two platforms, known by the number both reporters give, written in two ways.
            let (one, other, number) = (format!("A-{round}"), format!("B-{round}"), 12_340 + round);
            let mut here = about(&one, &format!("u{round}"), "x");
            here["subject"] = json!({"identifiers": [{"type": "phone", "value": format!("+44 7700 9{number}")}]});
            let mut there = about(&other, &format!("v{round}"), "y");
            there["subject"] = json!({"identifiers": [{"type": "phone", "value": format!("07700 9{number}")}]});
            // Two workers compare at the same time as the reports come in.
            let compare = || jobs::tick(Arc::clone(&world.app));
            let (posts, ticks) =
                join(join(submit(&spark, &here), submit(&meetly, &there)), join(compare(), compare())).await;
            let ((), ()) = posts;
            // A worker that loses a race says so, and is run again by its next tick.
            let _ = ticks;
            jobs::tick(Arc::clone(&world.app)).await.unwrap();
            assert!(has(&lead, &one, "O17").await && has(&lead, &other, "O17").await, "round {round}");
            let case = lead.case_of(&one).await;
            assert_eq!(lead.case(&case).await.0["priority"], "p1");
        }
    });
}

#[test]
fn one_person_with_many_accounts_is_one_reporter() {
    on_both(|world| async move {
        // From one network, each from another account and device.
        for n in 0..6 {
            let spark = world.platform("spark").await;
            let mut body = about(&format!("N-{n}"), &format!("n{n}"), "villain");
            body["reporter"]["network_ref"] = json!("81.2.69.7");
            body["reporter"]["device_ref"] = json!(format!("3f2504e0-4f89-11d3-9a0c-0305e82c330{n}"));
            submit(&spark, &body).await;
            // Not so soon after each other that they would be a burst.
            world.pass(121);
        }
        world.run_jobs().await;
        let spark = world.platform("spark").await;
        // A burst that says nothing of its network.
        for n in 0..6 {
            submit(&spark, &about(&format!("Q-{n}"), &format!("q{n}"), "target")).await;
        }
        world.run_jobs().await;
        let spark = world.platform("spark").await;
        for (field, value) in [("device_ref", "AA:BB:CC:DD:EE:0F"), ("payment_ref", "pm_1NvPm2LkdIwHu7ix")] {
            for n in 0..2 {
                let mut body = about(&format!("{field}-{n}"), &format!("{field}{n}"), field);
                body["reporter"][field] = json!(value);
                submit(&spark, &body).await;
            }
        }
        world.run_jobs().await;
        let lead = world.staff(Role::Lead).await;
        for reference in ["N-0", "N-5", "Q-0", "Q-5", "device_ref-0", "device_ref-1", "payment_ref-1"] {
            assert!(!has(&lead, reference, "O17").await, "{reference}");
        }
        // Somebody from elsewhere is independent of all of them.
        let mut other = about("N-9", "elsewhere", "villain");
        other["reporter"]["network_ref"] = json!("81.2.69.8");
        submit(&spark, &other).await;
        world.run_jobs().await;
        for reference in ["N-0", "N-5", "N-9"] {
            assert!(has(&lead, reference, "O17").await, "{reference}");
        }
    });
}

#[test]
fn only_grave_reports_of_the_same_life_and_of_these_two_years_count() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let mut fraud = about("F-1", "a1", "s1");
        fraud["category"] = json!("romance_fraud");
        submit(&spark, &fraud).await;
        submit(&spark, &about("F-2", "a2", "s1")).await;
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        let mut number = about("T-1", "a3", "s2");
        number["subject"] = json!({"identifiers": [{"type": "email", "value": "s2@example.org"}]});
        submit(&trial, &number).await;
        number["platform_report_ref"] = json!("T-2");
        number["reporter"]["platform_account_ref"] = json!("a4");
        submit(&spark, &number).await;
        submit(&spark, &about("Y-1", "a5", "s3")).await;
        world.run_jobs().await;
        world.pass(731 * 86_400);
        let spark = world.platform("spark").await;
        submit(&spark, &about("Y-2", "a6", "s3")).await;
        world.run_jobs().await;
        let lead = world.staff(Role::Lead).await;
        for reference in ["F-1", "F-2", "T-2", "Y-1", "Y-2"] {
            assert!(!has(&lead, reference, "O17").await, "{reference}");
        }
    });
}

#[test]
fn what_is_noticed_moves_nothing_that_a_platform_reads() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let first = spark.submit(&about("Z-1", "b1", "s9")).await;
        world.run_jobs().await;
        let path = format!("/v1/reports/{first}");
        let before = spark.caller.get(&path).await;
        let events = spark.caller.get("/v1/events").await.json()["data"].as_array().unwrap().len();
        submit(&spark, &about("Z-2", "b2", "s9")).await;
        world.run_jobs().await;
        let lead = world.staff(Role::Lead).await;
        assert!(has(&lead, "Z-1", "O17").await);
        let after = spark.caller.get(&path).await;
        assert_eq!((after.text.clone(), after.header("etag")), (before.text.clone(), before.header("etag")));
        let now = spark.caller.get("/v1/events").await.json()["data"].as_array().unwrap().len();
        assert_eq!(now, events + 1, "the second report's own event and nothing else");
    });
}

#[test]
fn mirror_reports_are_raised_and_a_senior_looks_before_anything_is_asked() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let mut hers = about("M-1", "anna", "boris");
        hers["desired_outcome"] = json!("platform_action");
        submit(&spark, &hers).await;
        world.run_jobs().await;
        let mut his = about("M-2", "boris", "anna");
        his["category"] = json!("harassment");
        submit(&spark, &his).await;
        world.run_jobs().await;
        let advocate = world.staff(Role::Advocate).await;
        for reference in ["M-1", "M-2"] {
            assert_eq!(floors(&advocate, reference).await, ["O21"], "{reference}");
        }
        let case = advocate.case_of("M-1").await;
        advocate.take(&case).await;
        let ask = json!({"action": "provide_information"});
        let refused = advocate.act(&case, "platform-requests", &ask).await.expect(422);
        assert_eq!(refused.errors(), ["/action mirror_reports"]);
        advocate.act(&case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
        advocate.act(&case, "release", &json!({})).await.expect(200);
        let lead = world.staff(Role::Lead).await;
        lead.act(&case, "claim", &json!({})).await.expect(200);
        lead.act(&case, "platform-requests", &ask).await.expect(200);
    });
}

#[test]
fn a_survivor_who_is_not_heard_from_is_raised_and_the_lead_is_told() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let mut body = about("C-1", "carla", "s7");
        body["answers"] = json!({"very_frightened": "yes"});
        submit(&spark, &body).await;
        let lead = world.staff(Role::Lead).await;
        let case = lead.case_of("C-1").await;
        lead.take(&case).await;
        let note = |by: &str| json!({"text": "She came by chat.", "records": "safe_contact", "channel": "incoming", "check_in_by": by});
        let bare = json!({"text": "By chat.", "check_in_by": "2026-11-22T08:00:00Z"});
        assert_eq!(lead.act(&case, "notes", &bare).await.expect(422).errors(), ["/check_in_by not_agreed"]);
        let past = lead.act(&case, "notes", &note("2026-11-21T08:00:00Z")).await.expect(422);
        assert_eq!(past.errors(), ["/check_in_by out_of_range"]);
        lead.act(&case, "notes", &note("2026-11-21T21:04:02Z")).await.expect(201);
        world.pass(3_600);
        let lead = world.staff(Role::Lead).await;
        // Heard from in time: a new time is agreed, and the old one no longer counts.
        lead.act(&case, "notes", &note("2026-11-22T00:04:02Z")).await.expect(201);
        world.pass(3 * 3_600);
        world.run_jobs().await;
        let lead = world.staff(Role::Lead).await;
        assert_eq!(lead.case(&case).await.0["priority"], "p1");
        world.pass(3_600);
        world.run_jobs().await;
        let lead = world.staff(Role::Lead).await;
        let (now, _) = lead.case(&case).await;
        assert_eq!((&now["priority"], &now["queue"]), (&json!("p0"), &json!("emergency")));
        assert!(has(&lead, "C-1", "O20").await);
        let chain = case.clone();
        let events = world.app.read(move |rx| recourse::domain::ledger::audit::list(rx, &chain)).await.unwrap();
        let last = events.iter().rev().find(|event| event.kind == "on_call_paged").unwrap();
        assert!(last.details.contains("check_in_passed") && last.details.contains("lead"), "{}", last.details);
    });
}

/// Whether two strangers who name the subject as `one` and `other` are noticed as two reporters of one man.
async fn are_one(world: &World, round: usize, kind: &str, [one, other]: [(&str, &str); 2]) -> bool {
    let (spark, meetly) = (world.platform("spark").await, world.platform("meetly").await);
    let references = [format!("{kind}-{round}-a"), format!("{kind}-{round}-b")];
    for (platform, reference, (country, value)) in [(&spark, &references[0], one), (&meetly, &references[1], other)] {
        let mut body = about(reference, &format!("reporter-{reference}"), "");
        body["reporter"]["country"] = json!(country);
        body["subject"] = json!({"identifiers": [{"type": kind, "value": value}]});
        submit(platform, &body).await;
    }
    world.run_jobs().await;
    let lead = world.staff(Role::Lead).await;
    let noticed = has(&lead, &references[0], "O17").await;
    assert_eq!(noticed, has(&lead, &references[1], "O17").await, "{one:?} / {other:?}");
    noticed
}

#[test]
fn one_man_in_many_spellings_is_one_and_two_men_are_two() {
    on_both(|world| async move {
        let pairs = [
            // In other digits, with an extension, beside another number, as dialled from abroad.
            ("phone", true, ("GB", "٠٧٧٠٠٩١٥٧٤٠"), ("GB", "+44 7700 915740")),
            ("phone", true, ("GB", "۰۷۷۰۰۹۳۱۳۴۳"), ("GB", "+44 7700 931343")),
            ("phone", true, ("GB", "０７７００９９９２５３"), ("GB", "07700 999253")),
            ("phone", true, ("GB", "+44 7700 900201 ext. 5"), ("GB", "+44 7700 900201")),
            ("phone", true, ("GB", "+44 7700 900202 / 07700 900203"), ("GB", "07700 900203")),
            ("phone", true, ("US", "011 44 7700 900204"), ("GB", "07700 900204")),
            ("phone", true, ("AU", "0011 44 7700 900205"), ("JP", "010 44 7700 900205")),
            ("phone", false, ("GB", "07700 900206"), ("DE", "07700 900206")),
            ("phone", false, ("GB", "116 123"), ("GB", "116123")),
            ("phone", false, ("GB", "0808 2000 247"), ("GB", "+44 808 2000 247")),
            ("email", true, ("GB", "a.n.n.1@gmail.com"), ("GB", "ann1+spark@googlemail.com")),
            ("email", true, ("GB", "ann2@bücher.example"), ("GB", "ann2@xn--bcher-kva.example")),
            ("email", false, ("GB", "ann.3@sparrow.example"), ("GB", "ann3@sparrow.example")),
            ("email", false, ("GB", "no-reply@sparrow.example"), ("GB", "noreply@sparrow.example")),
            ("handle", true, ("GB", "caf\u{65}\u{301}owl"), ("GB", "CAF\u{C9}OWL")),
            ("handle", true, ("GB", "night\u{200B}owl"), ("GB", "ｎｉｇｈｔｏｗｌ")),
            ("handle", false, ("GB", "nіghtbird"), ("GB", "nightbird")),
            ("handle", false, ("GB", "unknown"), ("GB", "Unknown")),
            (
                "profile_url",
                false,
                ("GB", "https://www.facebook.com/profile.php?id=1001"),
                ("GB", "https://www.facebook.com/profile.php?id=1002"),
            ),
            (
                "profile_url",
                true,
                ("GB", "https://www.facebook.com/profile.php?id=1003&ref=x"),
                ("GB", "https://m.facebook.com/people/Ann/1003"),
            ),
            ("profile_url", false, ("GB", "https://dating.example/#/u/1"), ("GB", "https://dating.example/#/u/2")),
        ];
        for (round, (kind, expected, one, other)) in pairs.into_iter().enumerate() {
            assert_eq!(are_one(&world, round, kind, [one, other]).await, expected, "{kind}: {one:?} / {other:?}");
        }
    });
}

#[test]
fn whoever_reports_himself_is_neither_a_second_reporter_nor_a_mirror() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        submit(&spark, &about("S-1", "ann", "ann")).await;
        let mut as_witness = about("S-2", "ann", "ann");
        as_witness["reporter"]["relation"] = json!("witness");
        submit(&spark, &as_witness).await;
        submit(&spark, &about("S-3", "bea", "ann")).await;
        // By a number, where an account is missing.
        let mut by_number = about("S-4", "", "");
        by_number["reporter"] = json!({"relation": "self", "country": "GB"});
        by_number["subject"] = json!({"identifiers": [{"type": "phone", "value": "+44 7700 900301"}]});
        by_number["contact"] = json!({"channels": [{"type": "sms", "value": "07700 900301"}]});
        submit(&spark, &by_number).await;
        let mut hers = about("S-5", "cleo", "");
        hers["subject"] = json!({"identifiers": [{"type": "phone", "value": "07700 900301"}]});
        submit(&spark, &hers).await;
        world.run_jobs().await;
        let lead = world.staff(Role::Lead).await;
        for reference in ["S-1", "S-2", "S-3", "S-4", "S-5"] {
            assert_eq!(floors(&lead, reference).await, Vec::<String>::new(), "{reference}");
        }
        // A second woman is one: and whoever shares a telephone with the man she reports is not he.
        let mut other = about("S-6", "dora", "ann");
        other["subject"]["identifiers"] = json!([{"type": "phone", "value": "+44 7700 900302"}]);
        other["contact"] = json!({"channels": [{"type": "sms", "value": "+44 7700 900302"}]});
        submit(&spark, &other).await;
        world.run_jobs().await;
        assert!(has(&lead, "S-3", "O17").await && has(&lead, "S-6", "O17").await);
        assert!(!has(&lead, "S-1", "O17").await);
    });
}

#[test]
fn what_stands_for_nobody_makes_nobody_one() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let values = [
            ("device_ref", "unknown"),
            ("device_ref", "00000000-0000-0000-0000-000000000000"),
            ("payment_ref", "n/a"),
            ("network_ref", nothing),
            ("network_ref", "192.168.0.1"),
            ("network_ref", "::ffff:10.0.0.1"),
            ("network_ref", "Vodafone"),
            ("device_ref", "iPhone15,2"),
            ("device_ref", "{deviceId}"),
            ("payment_ref", "apple_pay"),
        ];
        for (round, (field, value)) in values.into_iter().enumerate() {
            for n in 0..2 {
                let mut body = about(&format!("V-{round}-{n}"), &format!("v{round}-{n}"), &format!("man-{round}"));
                body["reporter"][field] = json!(value);
                submit(&spark, &body).await;
            }
        }
        // An app that names every account alike: nobody's reports join, and nobody is the same man.
        for n in 0..2 {
            submit(&spark, &about(&format!("U-{n}"), "unknown", "unknown")).await;
            submit(&spark, &about(&format!("W-{n}"), &format!("w{n}"), "unknown")).await;
        }
        world.run_jobs().await;
        let lead = world.staff(Role::Lead).await;
        for (round, value) in values.iter().enumerate() {
            assert!(has(&lead, &format!("V-{round}-0"), "O17").await, "{value:?}");
        }
        for reference in ["U-0", "U-1", "W-0", "W-1"] {
            assert_eq!(floors(&lead, reference).await, Vec::<String>::new(), "{reference}");
        }
        assert_ne!(lead.case_of("U-0").await, lead.case_of("U-1").await);
    });
}

#[test]
fn a_network_of_very_many_tells_nobody_apart() {
    on_both(|world| async move {
        let on_network = |reference: String, reporter: String, subject: &str, network: &str| {
            let mut body = about(&reference, &reporter, subject);
            body["reporter"]["network_ref"] = json!(network);
            body
        };
        for n in 0..20 {
            let subject = format!("man-{n}");
            let spark = world.platform("spark").await;
            submit(&spark, &on_network(format!("C-{n}"), format!("c{n}"), &subject, "100.12.7.9")).await;
            // One person with twenty accounts reports one man.
            submit(&spark, &on_network(format!("P-{n}"), format!("p{n}"), "her-man", "81.2.69.142")).await;
            world.pass(121);
        }
        let spark = world.platform("spark").await;
        submit(&spark, &on_network("C-other".to_owned(), "c-other".to_owned(), "man-7", "100.12.7.9")).await;
        world.run_jobs().await;
        let lead = world.staff(Role::Lead).await;
        assert!(has(&lead, "C-7", "O17").await && has(&lead, "C-other", "O17").await);
        assert!(!has(&lead, "P-0", "O17").await);
    });
}

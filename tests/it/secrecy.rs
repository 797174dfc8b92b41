//! What people said, who they are and what opens doors stands nowhere in the clear: not in the database's files, not
//! in the logs at their most talkative. And what was sealed opens in its own place only.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use recourse::base::secret::{Sensitive, hex};
use recourse::base::time::Clock;
use recourse::db::schema::outbox as outbox_table;
use recourse::domain::directory::{self, Agreement, WayIn};
use recourse::domain::paging;
use recourse::domain::people::door;
use recourse::domain::people::staff::{self, NewMember, Role};
use recourse::domain::unit::Unit;
use recourse::domain::vault::{Keyring, Sealed, Statement};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::TEST;
use crate::harness::client::{Caller, Staff, full, new_key, small};
use crate::harness::postgres::{ClusterOptions, private_cluster};
use crate::harness::process::{Service, now, pause};
use crate::harness::receiver::{Manner, Receiver};

/// A word that nothing but this test says; it is noted down, to be looked for.
fn word(said: &mut Vec<String>, part: &str) -> String {
    let word = format!("zq{}{}", part, &new_key()[..10]);
    said.push(word.clone());
    word
}

/// The files below `place` in which one of the words stands.
fn found(words: &[String], place: &Path) -> Vec<String> {
    let mut command = Command::new("grep");
    command.args(["-rliaF", "--exclude=keyring.json"]);
    for word in words {
        command.args(["-e", word]);
    }
    let output = command.arg(place).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[track_caller]
fn assert_secret(words: &[String], places: &[&Path]) {
    for place in places {
        let files = found(words, place);
        let leaked: Vec<&String> = words.iter().filter(|w| !found(&[(*w).clone()], place).is_empty()).collect();
        assert!(files.is_empty(), "{leaked:?} stand in {files:?}");
    }
}

#[test]
fn no_word_stands_in_sqlites_files_or_in_the_log() {
    actix_web::rt::System::new().block_on(async {
        let mut service = Service::new(None);
        service.set("RECOURSE_LOG", "trace");
        let words = use_everything(&mut service).await;
        let (data, log) = (service.data(), service.log.clone());
        assert!(data.join("recourse.sqlite3-wal").is_file(), "the log of SQLite's changes is searched too");
        assert_secret(&words, &[&data, &log]);
        assert!(!found(&["SPK-IN-THE-CLEAR".to_owned()], &data).is_empty(), "the search finds what is there");
        assert!(service.said().contains("TRACE"), "the log says all it can");
        service.kill();
        // Opening and closing the database moves the changes from the WAL into the file itself.
        service.run(&["check"]);
        assert_secret(&words, &[&data, &log]);
    });
}

#[test]
fn no_word_stands_in_postgres_files_or_in_the_log() {
    let Some(cluster) = private_cluster(&ClusterOptions::default()) else { return };
    actix_web::rt::System::new().block_on(async move {
        let mut service = Service::new(Some(cluster.url("postgres")));
        service.set("RECOURSE_LOG", "trace");
        service.set("RECOURSE_LOG_FORMAT", "json");
        let words = use_everything(&mut service).await;
        PgConnection::establish(&cluster.url("postgres")).unwrap().batch_execute("CHECKPOINT").unwrap();
        // The directory above holds the server's own log as well.
        assert!(service.said().contains("\"level\":\"TRACE\""), "the log says all it can");
        let (root, data, log) = (cluster.data_dir().parent().unwrap(), service.data(), service.log.clone());
        assert_secret(&words, &[root, &data, &log]);
        for part in ["base", "pg_wal"] {
            let files = found(&["SPK-IN-THE-CLEAR".to_owned()], &cluster.data_dir().join(part));
            assert!(!files.is_empty(), "the search finds what is there");
        }
    });
}

/// Drives every call that carries words or secrets. The words that must stand nowhere.
async fn use_everything(service: &mut Service) -> Vec<String> {
    let mut said = Vec::new();
    let credential = service.credential("spark").await;
    let colleague = account(service, &mut said).await;
    // Nothing listens there: what is said of a mail server that does not answer must not name it either.
    let (user, password) = (word(&mut said, "smtpuser"), word(&mut said, "smtppassword"));
    service.set("RECOURSE_MAIL__URL", &format!("smtp://{user}:{password}@127.0.0.1:1"));
    service.set("RECOURSE_MAIL__OPERATOR", &format!("{}@example.org", word(&mut said, "operator")));
    service.set("RECOURSE_OUTBOUND__ALLOW", "[\"127.0.0.1\"]");
    for document in ["IMPACT_ASSESSMENT", "POLICY_DOCUMENT", "AGREEMENT", "OWNER"] {
        service.set(&format!("RECOURSE_DATA_PROTECTION__{document}"), "named");
    }
    service.set("RECOURSE_DATA_PROTECTION__AGREED_ON", "2026-11-01");
    service.up().await;
    mail_was_tried(service).await;
    let platform = service.sign_in(&credential).await;
    said.extend([platform.client_secret.clone(), platform.caller.token.clone()]);
    let amina = sign_in(service, &mut said, colleague).await;
    let spark = &platform.caller;

    let body = report(&mut said);
    let key = new_key();
    let receipt = spark.post_with("/v1/reports", &key, None, &body).await.expect(201).json();
    spark.post_with("/v1/reports", &key, None, &body).await.expect(201);
    spark.post("/v1/reports", &body).await.expect(200);
    spark.post("/v1/reports?validate_only=true", &body).await.expect(200);
    let addition = json!({
        "statement": word(&mut said, "addition"),
        "identifiers": [{"type": "handle", "value": word(&mut said, "handle")}]
    });
    let of_report = format!("/v1/reports/{}", receipt["id"].as_str().unwrap());
    spark.post(&format!("{of_report}/additions"), &addition).await.expect(201);
    let mut second = small("SPK-2");
    second["statement"] = json!(word(&mut said, "batch"));
    let mut refused = second.clone();
    refused["category"] = json!(word(&mut said, "refused"));
    spark.post("/v1/reports/batch", &json!({"reports": [second, refused]})).await.expect(207);
    bad_input(spark, &mut said).await;
    work(spark, &amina, &mut said).await;
    webhooks(spark, &mut said).await;
    said
}

/// Looks until it is so, for half a minute.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let begin = now();
    while !is_so().await {
        assert!(begin.elapsed() < Duration::from_secs(30), "not yet: {what}");
        pause(Duration::from_millis(20)).await;
    }
}

/// The mail that is owed to the colleague was tried, and could not be sent.
async fn mail_was_tried(service: &Service) {
    let app = service.open().await;
    let tried = outbox_table::table.filter(outbox_table::last_error.is_not_null()).count();
    until("the mail was tried", async || {
        app.read(move |rx| Ok(tried.get_result::<i64>(rx.conn())?)).await.unwrap() > 0
    })
    .await;
}

/// Endpoints that take things and that cannot be reached, with a token in their URLs; and their secrets.
async fn webhooks(spark: &Caller, said: &mut Vec<String>) {
    let receiver = Receiver::start(Manner::Say(200, "thank you".to_owned())).await;
    for url in [receiver.url(), "http://127.0.0.1:1/hook".to_owned()] {
        let body = json!({"url": format!("{url}?token={}", word(said, "hook")), "types": ["report.closed"]});
        let made = spark.post("/v1/webhook-endpoints", &body).await.expect(201).json();
        let of_endpoint = format!("/v1/webhook-endpoints/{}", made["id"].as_str().unwrap());
        let test = spark.post(&format!("{of_endpoint}/test"), &json!({})).await.expect(202).json();
        let of_event = format!("/v1/events/{}", test["event_id"].as_str().unwrap());
        until("the event was sent", async || {
            let event = spark.get(&of_event).await.expect(200).json();
            event["deliveries"][0]["attempts"].as_i64().is_some_and(|attempts| attempts > 0)
        })
        .await;
        let tag = spark.get(&of_endpoint).await.expect(200).header("etag");
        let path = format!("{of_endpoint}/rotate");
        let rotated = spark.post_with(&path, &new_key(), Some(&tag), &json!({})).await.expect(200).json();
        for keys in [made, rotated] {
            said.push(keys["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap().to_owned());
        }
    }
    assert!(receiver.count() > 0);
}

/// A report with a word wherever one fits.
fn report(said: &mut Vec<String>) -> Value {
    let mut body = full("SPK-IN-THE-CLEAR");
    body["statement"] = json!(word(said, "statement"));
    body["reporter"]["platform_account_ref"] = json!(word(said, "reporter"));
    body["subject"]["platform_account_ref"] = json!(word(said, "subject"));
    body["subject"]["display_name"] = json!(word(said, "display"));
    said.push("7700900981".to_owned());
    let email = format!("{}@example.org", word(said, "mail"));
    body["subject"]["identifiers"] = json!([
        {"type": "phone", "value": "+447700900981"},
        {"type": "email", "value": email},
        {"type": "profile_url", "value": format!("https://example.org/{}", word(said, "url"))}
    ]);
    said.push("7700900982".to_owned());
    body["contact"]["never"] = json!([]);
    body["contact"]["channels"] = json!([
        {"type": "sms", "value": "+447700900982"},
        {"type": "email", "value": format!("{}@example.org", word(said, "reach"))}
    ]);
    body["platform_context"]["messages"][0]["text"] = json!(word(said, "message"));
    body["category"] = json!("intimate_image_shared");
    body["intimate_image"] = json!({
        "is_intimate_image": true, "is_subject_or_agent": true, "good_faith": true,
        "locator": format!("https://example.org/{}", word(said, "locator")),
        "contact": format!("{}@example.org", word(said, "imagecontact")),
        "signature": word(said, "signature")
    });
    body
}

/// Neither refusals nor what a receipt names as not taken may repeat what was sent.
async fn bad_input(spark: &Caller, said: &mut Vec<String>) {
    let mut unknown = small("BAD-1");
    unknown[word(said, "member")] = json!(word(said, "value"));
    let mut shape = small("BAD-2");
    shape["statement"] = json!([word(said, "shape")]);
    let mut nul = small("BAD-3");
    nul["statement"] = json!(format!("{}\0", word(said, "nul")));
    let mut reference = small("BAD-4");
    reference["platform_report_ref"] = json!(format!("\n{}\n!", word(said, "reference")));
    let mut answers = small("BAD-5");
    answers["answers"] = json!({"very_frightened": word(said, "answer")});
    for body in [unknown, shape, nul, reference, answers] {
        let answer = spark.post("/v1/reports", &body).await;
        assert!([201, 422].contains(&answer.status), "{answer:?}");
        assert!(answer.status == 422 || answer.json()["not_accepted"][0].is_object(), "{answer:?}");
        // The pointer names a member that is a plain word, and nothing else of the input.
        let repeated = said.iter().find(|word| answer.text.contains(word.as_str()) && !word.starts_with("zqmember"));
        assert_eq!(repeated, None, "{}", answer.text);
    }
    let torn = format!("{{\"statement\": \"{}", word(said, "torn"));
    let request = spark.request(Method::POST, "/v1/reports").header("Idempotency-Key", new_key());
    Caller::send(request.header("Content-Type", "application/json").body(torn)).await.expect(400);
    let guess = format!("rcs_live_{}", word(said, "guess"));
    let request = spark.request(Method::POST, "/oauth/token").basic_auth("client_none", Some(guess));
    let form = "application/x-www-form-urlencoded";
    let request = request.header("Content-Type", form).body("grant_type=client_credentials");
    assert!((400..500).contains(&Caller::send(request).await.status));
}

/// A colleague's way with the case, and the platform's answer.
async fn work(spark: &Caller, amina: &Staff, said: &mut Vec<String>) {
    let case = amina.case_of("SPK-IN-THE-CLEAR").await;
    amina.take(&case).await;
    let (read, _) = amina.case(&case).await;
    assert!(read.to_string().contains(said.iter().find(|word| word.starts_with("zqstatement")).unwrap()));
    amina.act(&case, "notes", &json!({"text": word(said, "note")})).await.expect(201);
    consent(amina, &case, said).await;
    referral(amina, &case, said).await;
    let ask = json!({
        "action": "hide_account", "agreement": "survivor", "agreement_record": word(said, "agreement"),
        "single_contact_check": true, "details": word(said, "details")
    });
    amina.act(&case, "platform-requests", &ask).await.expect(200);
    let asked = spark.get("/v1/requests").await.expect(200).json();
    let path = format!("/v1/requests/{}/response", asked["data"][0]["id"].as_str().unwrap());
    let done = json!({"state": "done", "subject_notified": false, "note": word(said, "platformnote")});
    spark.post(&path, &done).await.expect(200);
    let raise = json!({"priority": "p0", "reason_code": "other", "text": word(said, "raise")});
    let raised = amina.act_seen(&case, "priority", &raise).await;
    assert!(raised.status < 300 || raised.status == 422, "{raised:?}");
    amina.take(&case).await;
    let closing = json!({"outcome": "platform_acted", "reason": word(said, "decision")});
    amina.act_seen(&case, "decision", &closing).await.expect(200);
}

/// What she agreed to, and took back.
async fn consent(amina: &Staff, case: &str, said: &mut Vec<String>) {
    let services = amina.caller.get("/v1/triage/services").await.expect(200).json();
    let mut given = crate::consents::given(services["data"][0]["id"].as_str().unwrap());
    given["given_at"] = json!(Clock::machine().now().to_string());
    given["words"] = json!(word(said, "consentwords"));
    (given["alone"], given["alone_reason"]) = (json!("unknown"), json!(word(said, "alonereason")));
    let consent = amina.act(case, "consents", &given).await.expect(201).json();
    let path = format!("consents/{}/withdraw", consent["id"].as_str().unwrap());
    amina.act(case, &path, &json!({"asked_how": "phone", "alone": "yes"})).await.expect(200);
    amina.caller.get(&format!("/v1/triage/cases/{case}/consents")).await.expect(200);
}

/// A referral with all that a colleague writes of it, and what the service said.
async fn referral(amina: &Staff, case: &str, said: &mut Vec<String>) {
    let services = amina.caller.get("/v1/triage/services?limit=100").await.expect(200).json();
    let harbour = services["data"].as_array().unwrap().iter().find(|one| one["slug"] == "harbour").unwrap();
    let now = Clock::machine().now().to_string();
    let mut given = crate::consents::given(harbour["id"].as_str().unwrap());
    (given["given_at"], given["scopes"]) = (json!(now), json!(["contact", "statement", "subject"]));
    let consent = amina.act(case, "consents", &given).await.expect(201).json();
    let number = "+447700900888";
    said.push(number.trim_start_matches('+').to_owned());
    let new = json!({
        "service_id": harbour["id"], "consent_id": consent["id"], "place": {"country": "GB", "said_now": true},
        "summary": word(said, "refsummary"), "handover": "joint_call", "label": word(said, "reflabel"),
        "subject_reason": word(said, "refsubject"), "she_changed_this": true,
        "sheet": {
            "name_to_use": word(said, "refname"), "channels": [{"channel": "sms", "value": number}],
            "safe_times": word(said, "reftimes"), "zone": "Europe/London", "if_somebody_else": word(said, "refelse"),
            "shared_with": word(said, "refshared"), "never_contact": word(said, "refnever"),
            "interpreter": {"language": "pl", "not_from": word(said, "refnotfrom")},
            "access_needs": word(said, "refaccess"), "confirmed_at": now,
        },
    });
    let draft = amina.act(case, "referrals", &new).await.expect(201);
    let (id, tag) = crate::referrals::tagged(&draft);
    let path = |act: &str| format!("/v1/triage/cases/{case}/referrals/{id}/{act}");
    amina.caller.post_with(&path("send"), &new_key(), Some(&tag), &json!({})).await.expect(200);
    let no = json!({
        "answer": "decline", "who": word(said, "refwho"), "at": now, "reason": "other",
        "missing": word(said, "refmissing"), "words": word(said, "refwords"),
    });
    amina.caller.post(&path("by-phone"), &no).await.expect(200);
    amina.caller.get(&format!("/v1/triage/cases/{case}/referrals")).await.expect(200);
}

struct Secrets {
    password: String,
    totp: Sensitive<Vec<u8>>,
}

async fn account(service: &Service, said: &mut Vec<String>) -> Secrets {
    let app = service.open().await;
    let (password, totp) = (word(said, "password"), door::new_secret());
    said.extend([door::base32_secret(&totp).expose().clone(), hex(totp.expose())]);
    let password_hash = app.passwords.hash(Sensitive::new(password.clone())).await.unwrap();
    let secret = totp.clone();
    let address = format!("{}@example.org", word(said, "staffmail"));
    let added = app.write(TEST, move |tx| {
        let (username, role) = ("amina".to_owned(), Role::SafeguardingLead);
        let (queues, is_given, totp_secret, same_person_as) = (Vec::new(), true, secret, None);
        staff::add(tx, NewMember { username, role, queues, password_hash, is_given, totp_secret, same_person_as })?;
        staff::set_mail(tx, "amina", Some(&address))?;
        paging::tell_of_wall(tx, &recourse::base::id::Id::random(), "a wall")
    });
    added.await.unwrap();
    app.write(TEST, |tx| directory::import(tx, directory::files::shipped()?)).await.unwrap();
    let (mut harbour, today) = (crate::directory::entry("harbour"), Clock::machine().now());
    harbour.checked_at = today;
    let agreement = Agreement { by: "Lena".to_owned(), until: today.plus(Duration::from_hours(24 * 30)), mail: None };
    let open = move |tx: &mut Unit<'_>| {
        directory::import(tx, vec![harbour])?;
        directory::open(tx, "harbour", vec![WayIn::Phone], agreement).map(drop)
    };
    app.write(TEST, open).await.unwrap();
    Secrets { password, totp }
}

async fn sign_in(service: &Service, said: &mut Vec<String>, secrets: Secrets) -> Staff {
    let nobody = service.caller("");
    let wrong = json!({"username": "amina", "password": word(said, "wrong"), "code": "000000"});
    nobody.post("/v1/triage/sessions", &wrong).await.expect(401);
    let app = service.open().await;
    let now = u64::try_from(Clock::machine().now().seconds()).unwrap();
    let code = door::code_at(&secrets.totp, now).unwrap();
    let chosen = format!("copper kettle {}", word(said, "chosen"));
    let right = json!({"username": "amina", "password": secrets.password, "code": code, "new_password": chosen});
    let session = nobody.post("/v1/triage/sessions", &right).await.expect(200).json();
    let token = session["access_token"].as_str().unwrap().to_owned();
    said.push(token.clone());
    let member = app.read(|rx| staff::account(rx, "amina")).await.unwrap().unwrap().member;
    Staff { caller: service.caller(&token), id: member.id.to_string(), username: "amina".to_owned() }
}

#[test]
fn what_holds_secrets_does_not_print_them() {
    let dir = tempfile::tempdir().unwrap();
    let keyring = Keyring::begin(&dir.path().join("keyring.json")).unwrap();
    let file: Value = serde_json::from_slice(&fs::read(dir.path().join("keyring.json")).unwrap()).unwrap();
    let printed = format!("{keyring:?} {:?}", Sensitive::new("hidden".to_owned()));
    assert!(!printed.contains(file["index"].as_str().unwrap()) && !printed.contains("hidden"), "{printed}");
    let sealed: Sealed<Statement> = Sealed::from_stored(b"ciphertext".to_vec());
    let printed = format!("{sealed:?}");
    assert!(!printed.contains("ciphertext") && !printed.contains("99"), "{printed}");
}

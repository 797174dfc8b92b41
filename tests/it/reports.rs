//! Reports: what a platform can count on when it submits, repeats, adds and asks to withdraw.

use futures_util::future::join_all;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use serde_json::{Value, json};

use crate::harness::client::{full, new_key, small};
use crate::harness::on_both;

#[test]
fn seventy_reports_over_http_come_out_as_the_rules_say() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::SafeguardingLead).await;
        for (i, line) in include_str!("../data/reports.jsonl").lines().enumerate() {
            let line: Value = serde_json::from_str(line).unwrap();
            let (mut report, expect) = (line["report"].clone(), &line["expect"]);
            // Some of the seventy name the same two accounts; here each is looked at by itself.
            report["platform_report_ref"] = json!(format!("S-{i}"));
            if report["reporter"]["platform_account_ref"].is_string() {
                report["reporter"]["platform_account_ref"] = json!(format!("u-{i}"));
            }
            let receipt = spark.caller.post("/v1/reports", &report).await.expect(201);
            let told = receipt.text.to_lowercase();
            assert!(!told.contains("priority") && !told.contains("queue") && !told.contains("\"p0\""), "{told}");
            let (case, _) = lead.case(&lead.case_of(&format!("S-{i}")).await).await;
            assert_eq!(case["priority"], expect["priority"], "{report}");
            let floors: Vec<&str> =
                case["assessment"]["floors"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
            assert_eq!(json!(floors), expect["floors"], "{report}");
            assert_eq!(case["assessment"]["points_known"], expect["points_known"], "{report}");
            assert_eq!(case["queue"] == "children", expect["child_queue"] == true, "{report}");
            assert_eq!(case["intimate_image_clock"].is_string(), expect["intimate_image_clock"] == true, "{report}");
        }
    });
}

#[test]
fn the_same_call_is_answered_the_same_and_another_body_is_refused() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let key = new_key();
        let first = spark.caller.post_with("/v1/reports", &key, None, &small("R-1")).await.expect(201);
        let again = spark.caller.post_with("/v1/reports", &key, None, &small("R-1")).await.expect(201);
        assert_eq!(first.text, again.text);
        assert_eq!((first.header("etag"), first.header("location")), (again.header("etag"), again.header("location")));
        assert_eq!(
            (first.header("idempotency-replayed"), again.header("idempotency-replayed")),
            (String::new(), "true".into())
        );
        let other = spark.caller.post_with("/v1/reports", &key, None, &small("R-2")).await.expect(422);
        assert_eq!(other.code(), "idempotency_key_reused");
        // The key is the platform's own: another platform may use the same.
        let orbit = world.platform("orbit").await;
        orbit.caller.post_with("/v1/reports", &key, None, &small("R-1")).await.expect(201);
        // After the promise to remember ends, the key is new again; the reference is still known.
        world.pass(31 * 24 * 3600);
        let spark = crate::harness::client::Platform::sign_in(&world, &recredential(&world).await).await;
        let late = spark.caller.post_with("/v1/reports", &key, None, &small("R-1")).await.expect(200);
        assert_eq!(late.header("idempotency-replayed"), "");
        assert_eq!(late.json()["id"], first.json()["id"]);
    });
}

async fn recredential(world: &crate::harness::World) -> recourse::domain::people::platforms::NewCredential {
    world.credential("spark", Mode::Live, Scope::ALL).await
}

#[test]
fn a_refused_call_keeps_no_key() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let key = new_key();
        let mut broken = small("R-1");
        broken["statement"] = json!(" ");
        let refused = spark.caller.post_with("/v1/reports", &key, None, &broken).await.expect(422);
        assert_eq!(refused.errors(), ["/statement required"]);
        spark.caller.post_with("/v1/reports", &key, None, &small("R-1")).await.expect(201);
    });
}

#[test]
fn a_known_reference_is_the_same_report_or_a_conflict() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let first = spark.caller.post("/v1/reports", &full("R-1")).await.expect(201).json();
        let same = spark.caller.post("/v1/reports", &full("R-1")).await.expect(200);
        assert_eq!(same.json()["id"], first["id"]);
        assert_eq!(same.header("content-location"), format!("/v1/reports/{}", first["id"].as_str().unwrap()));
        let mut changed = full("R-1");
        changed["statement"] = json!("Something else.");
        let taken = spark.caller.post("/v1/reports", &changed).await.expect(409);
        assert_eq!((taken.code().as_str(), &taken.json()["report_id"]), ("duplicate_reference", &first["id"]));
        let batch = spark.caller.post("/v1/reports/batch", &json!({"reports": [changed]})).await.expect(207);
        assert_eq!(batch.json()["results"][0]["problem"]["report_id"], first["id"]);
        // Another platform's reference, and a trial's, are other references.
        world.platform("orbit").await.caller.post("/v1/reports", &full("R-1")).await.expect(201);
        let trial = world.platform_with("spark", Mode::Test, Scope::ALL).await;
        trial.caller.post("/v1/reports", &full("R-1")).await.expect(201);
        // Whoever lost the answer finds the report by the reference, and nobody else's.
        spark.caller.post("/v1/reports", &full("R-2")).await.expect(201);
        let found = spark.caller.get("/v1/reports?platform_report_ref=R-1").await.expect(200).json();
        assert_eq!((&found["data"][0]["id"], found["data"].as_array().unwrap().len()), (&first["id"], 1));
        assert_eq!((&found["has_more"], &found["next_cursor"]), (&json!(false), &json!(null)));
        for reference in ["R-3", "r-1"] {
            let path = format!("/v1/reports?platform_report_ref={reference}");
            assert_eq!(spark.caller.get(&path).await.expect(200).json()["data"], json!([]), "{reference}");
        }
        spark.caller.get("/v1/reports?platform_report_ref=").await.expect(400);
    });
}

#[test]
fn validate_only_runs_every_check_and_stores_nothing() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let path = "/v1/reports?validate_only=true";
        assert_eq!(
            spark.caller.post(path, &small("R-1")).await.expect(200).json(),
            json!({"valid": true, "errors": []})
        );
        let mut broken = small("R-1");
        broken["statement"] = json!("  ");
        broken["reporter"]["country"] = json!("England");
        let told = spark.caller.post(path, &broken).await.expect(200).json();
        assert_eq!(told["valid"], false);
        assert_eq!(told["errors"].as_array().unwrap().len(), 2);
        assert_eq!(spark.caller.get("/v1/reports").await.json()["data"], json!([]));
        spark.caller.post("/v1/reports", &small("R-1")).await.expect(201);
    });
}

#[test]
fn a_batch_answers_for_each_report_and_repeats_only_what_failed() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let mut broken = small("B-2");
        broken.as_object_mut().unwrap().remove("category");
        let batch = json!({"reports": [small("B-1"), broken, small("B-3"), small("B-1")]});
        let key = new_key();
        let first = spark.caller.post_with("/v1/reports/batch", &key, None, &batch).await.expect(207);
        let statuses: Vec<i64> =
            first.json()["results"].as_array().unwrap().iter().map(|r| r["status"].as_i64().unwrap()).collect();
        assert_eq!(statuses, [201, 422, 201, 200]);
        assert_eq!(first.json()["results"][1]["problem"]["errors"][0]["pointer"], "/category");
        let again = spark.caller.post_with("/v1/reports/batch", &key, None, &batch).await.expect(207);
        assert_eq!(again.json()["results"][0], first.json()["results"][0]);
        let other = json!({"reports": [small("B-9")]});
        spark.caller.post_with("/v1/reports/batch", &key, None, &other).await.expect(422);
        assert_eq!(spark.caller.get("/v1/reports").await.json()["data"].as_array().unwrap().len(), 2);
        spark.caller.post("/v1/reports/batch", &json!({"reports": []})).await.expect(422);
    });
}

#[test]
fn the_first_batches_of_a_platform_may_come_at_once() {
    on_both(|world| async move {
        for slug in ["spark", "orbit", "lumen"] {
            let spark = world.platform(slug).await;
            let batches: Vec<_> = (0..6).map(|n| json!({"reports": [small(&format!("FIRST-{n}"))]})).collect();
            let keys: Vec<String> = batches.iter().map(|_| new_key()).collect();
            let post = |n: usize| spark.caller.post_with("/v1/reports/batch", &keys[n], None, &batches[n]);
            for _ in 0..2 {
                let answers = join_all((0..batches.len()).map(post)).await;
                for answer in answers {
                    assert_eq!(answer.expect(207).json()["results"][0]["status"], 201);
                }
            }
        }
    });
}

#[test]
fn a_report_too_long_by_itself_is_too_long_in_a_batch() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let mut long = small("B-LONG");
        long["statement"] = json!("x".repeat(256 * 1024));
        let alone = spark.caller.post("/v1/reports", &long).await.expect(413);
        let batch = json!({"reports": [long, small("B-SHORT")]});
        let answer = spark.caller.post("/v1/reports/batch", &batch).await.expect(207).json();
        let (first, second) = (&answer["results"][0], &answer["results"][1]);
        assert_eq!((&first["status"], &first["problem"]["code"]), (&json!(413), &json!(alone.code())));
        assert_eq!(second["status"], 201, "{second}");
    });
}

#[test]
fn reports_of_the_same_two_accounts_join_and_others_do_not() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        for reference in ["J-1", "J-2"] {
            spark.submit(&full(reference)).await;
        }
        assert_eq!(lead.case_of("J-1").await, lead.case_of("J-2").await);
        let mut other_subject = full("J-3");
        other_subject["subject"]["platform_account_ref"] = json!("u_1");
        let mut witness = full("J-4");
        witness["reporter"]["relation"] = json!("witness");
        let mut nameless = full("J-5");
        nameless["subject"].as_object_mut().unwrap().remove("platform_account_ref");
        for body in [&other_subject, &witness, &nameless] {
            spark.submit(body).await;
        }
        let orbit = world.platform("orbit").await;
        orbit.submit(&full("J-6")).await;
        let mut cases = Vec::new();
        for reference in ["J-1", "J-3", "J-4", "J-5", "J-6"] {
            cases.push(lead.case_of(reference).await);
        }
        cases.sort();
        cases.dedup();
        assert_eq!(cases.len(), 5);
    });
}

#[test]
fn a_yes_sticks_and_an_addition_raises_and_reopens() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let report = spark.submit(&full("A-1")).await;
        let case = lead.case_of("A-1").await;
        lead.take(&case).await;
        let closing = json!({"outcome": "recorded_only", "reason": "Her wish."});
        let act = lead.act_seen(&case, "decision", &closing).await.expect(202).json()["pending"]["id"].clone();
        let second = world.staff(Role::SafeguardingLead).await;
        second.approve(&case, act.as_str().unwrap()).await.expect(200);
        let closed = spark.caller.get(&format!("/v1/reports/{report}")).await;
        assert_eq!(closed.json()["outcome"], "no_platform_action_sought");

        let more =
            json!({"answers": {"very_frightened": "no", "not_safe_now": "yes"}, "statement": "He is at the door."});
        spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
        let (now, _) = lead.case(&case).await;
        assert_eq!(
            (&now["state"], &now["priority"], &now["queue"]),
            (&json!("in_review"), &json!("p0"), &json!("emergency"))
        );
        let floors = now["assessment"]["floors"].to_string();
        assert!(floors.contains("O01") && floors.contains("O11b"), "{floors}");
        assert_eq!(now["additions"][0]["statement"], "He is at the door.");
        let open = spark.caller.get(&format!("/v1/reports/{report}")).await;
        assert_eq!(open.json()["status"], "received");
        assert_ne!(open.header("etag"), closed.header("etag"));
        let nothing = spark.caller.post(&format!("/v1/reports/{report}/additions"), &json!({})).await.expect(422);
        assert_eq!(nothing.errors(), [" nothing_added"]);
    });
}

#[test]
fn asking_to_withdraw_is_answered_alike_and_changes_nothing_the_platform_sees() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let report = spark.submit(&full("W-1")).await;
        let before = spark.caller.get(&format!("/v1/reports/{report}")).await;
        let path = format!("/v1/reports/{report}/withdrawal");
        let first = spark.caller.post(&path, &json!({})).await.expect(202);
        let second = spark.caller.post(&path, &json!({})).await.expect(202);
        assert_eq!(first.text, second.text);
        let after = spark.caller.get(&format!("/v1/reports/{report}")).await;
        assert_eq!((before.text, before.headers.get("etag")), (after.text, after.headers.get("etag")));
        let (case, _) = lead.case(&lead.case_of("W-1").await).await;
        assert_eq!(case["state"], "received");
        assert!(case["reports"][0]["withdrawal_asked_at"].is_string());
    });
}

#[test]
fn what_a_child_must_not_send_is_thrown_away_and_the_report_is_taken() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let mut body = small("C-1");
        body["reporter"]["age_band"] = json!("under_18");
        body["reporter"]["country"] = json!("GB");
        body["attachments"] = json!([{"data": "canary-attachment"}]);
        let receipt = spark.caller.post("/v1/reports", &body).await.expect(201).json();
        assert_eq!(receipt["not_accepted"][0]["code"], "child_material_not_accepted");
        assert_eq!(receipt["not_accepted"][0]["pointer"], "/attachments/0");
        assert!(receipt["not_accepted"][0]["report_to"]["url"].is_string());
        assert_eq!(receipt["acknowledgement"]["emergency"][0]["number"], "999");
    });
}

#[test]
fn a_walk_along_the_links_of_the_event_log_meets_every_event_once() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        for number in 0..6 {
            spark.submit(&small(&format!("EV-{number}"))).await;
        }
        let all = spark.caller.get("/v1/events").await.expect(200).json();
        let ids: Vec<&str> =
            all["data"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 6);
        let (mut met, mut next) = (vec![ids[0].to_owned()], format!("/v1/events?after={}&limit=2", ids[0]));
        while met.len() <= ids.len() {
            let page = spark.caller.get(&next).await.expect(200);
            met.extend(page.json()["data"].as_array().unwrap().iter().map(|e| e["id"].as_str().unwrap().to_owned()));
            let link = page.header("link");
            let Some((path, _)) = link.strip_prefix('<').and_then(|link| link.split_once('>')) else { break };
            path.clone_into(&mut next);
        }
        assert_eq!(met, ids);
        // A client that adds the cursor to the query it began with goes on too.
        let both = format!("/v1/events?after={}&cursor={}", ids[0], ids[4]);
        let rest = spark.caller.get(&both).await.expect(200).json();
        assert_eq!((rest["data"].as_array().unwrap().len(), &rest["data"][0]["id"]), (1, &all["data"][5]["id"]));
    });
}

#[test]
fn lists_are_paged_and_the_platform_reads_no_word_back() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        for i in 0..7 {
            spark.submit(&full(&format!("L-{i}"))).await;
            world.pass(1);
        }
        let (mut seen, mut path) = (Vec::new(), "/v1/reports?limit=3".to_owned());
        loop {
            let page = spark.caller.get(&path).await.expect(200);
            assert!(!page.text.contains("outside my work") && !page.text.contains("u_9020"), "{}", page.text);
            for report in page.json()["data"].as_array().unwrap() {
                seen.push(report["platform_report_ref"].as_str().unwrap().to_owned());
            }
            let Some(cursor) = page.json()["next_cursor"].as_str().map(str::to_owned) else { break };
            assert!(page.header("link").contains("rel=\"next\""));
            path = format!("/v1/reports?limit=3&cursor={cursor}");
        }
        assert_eq!(seen, ["L-6", "L-5", "L-4", "L-3", "L-2", "L-1", "L-0"]);
        let one = spark.caller.get("/v1/events?limit=2").await.json();
        assert_eq!(one["has_more"], true);
        let rest = format!("/v1/events?after={}", one["data"][1]["id"].as_str().unwrap());
        assert_eq!(spark.caller.get(&rest).await.json()["data"].as_array().unwrap().len(), 5);
    });
}

#[test]
fn an_event_is_counted_in_its_report_and_tells_nothing_of_the_others_in_the_case() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::Lead).await;
        let first = spark.submit(&full("E-1")).await;
        let second = spark.submit(&full("E-2")).await;
        let case = lead.case_of("E-1").await;
        assert_eq!(case, lead.case_of("E-2").await, "reports of the same two accounts share a case");
        lead.take(&case).await;
        for (report, due) in [(&second, "2026-11-21T19:09:02Z"), (&first, "2026-11-28T19:04:02Z")] {
            let ask = json!({"action": "preserve_evidence", "report_id": report, "due_at": due});
            lead.act(&case, "platform-requests", &ask).await.expect(200);
        }
        world.pass(6 * 60);
        world.run_jobs().await;
        lead.act(&case, "claim", &json!({})).await.expect(200);
        let closing = json!({"outcome": "recorded_only", "reason": "Kept for later."});
        let act = lead.act_seen(&case, "decision", &closing).await.expect(202).json()["pending"]["id"].clone();
        let other = world.staff(Role::SafeguardingLead).await;
        other.approve(&case, act.as_str().unwrap()).await.expect(200);
        let events = spark.caller.get("/v1/events").await.expect(200).json();
        let told = |report: &str| -> Vec<(String, i64)> {
            let mine = events["data"].as_array().unwrap().iter().filter(|e| e["data"]["report_id"] == report);
            mine.map(|e| (e["type"].as_str().unwrap().to_owned(), e["data"]["sequence"].as_i64().unwrap())).collect()
        };
        let numbered = |types: &[&str]| -> Vec<(String, i64)> {
            types.iter().zip(1..).map(|(kind, sequence)| ((*kind).to_owned(), sequence)).collect()
        };
        let asked = ["report.received", "report.status_changed", "request.created"];
        assert_eq!(told(&first), numbered(&[&asked[..], &["report.closed"]].concat()));
        assert_eq!(told(&second), numbered(&[&asked[..], &["request.overdue", "report.closed"]].concat()));
    });
}

//! Entity tags on their way through proxies: weak, with a coding behind them, in lists.

use recourse::domain::people::staff::Role;
use reqwest::Method;
use serde_json::json;

use crate::harness::client::{Answer, Caller, new_key, small};
use crate::harness::on_both;
use crate::harness::process::pause;

/// Reads with an `If-None-Match` on as many lines as are given.
async fn read(caller: &Caller, path: &str, lines: &[&str]) -> Answer {
    let request = caller.request(Method::GET, path);
    Caller::send(lines.iter().fold(request, |request, line| request.header("If-None-Match", *line))).await
}

#[test]
fn a_reader_who_has_it_is_told_so_whatever_a_proxy_did_to_the_tag() {
    on_both(|world| async move {
        let spark = world.platform("spark").await.caller;
        let report = spark.post("/v1/reports", &small("TAG-1")).await.expect(201).json();
        let lead = world.staff(Role::SafeguardingLead).await;
        let case = lead.case_of("TAG-1").await;
        lead.take(&case).await;
        lead.act_seen(&case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
        let request = spark.get("/v1/requests").await.expect(200).json()["data"][0]["id"].as_str().unwrap().to_owned();
        let report = format!("/v1/reports/{}", report["id"].as_str().unwrap());
        for path in [report, format!("/v1/requests/{request}"), "/transparency/method".to_owned()] {
            let mut first = spark.get(&path).await;
            // Pages are read while the service begins.
            while first.status == 503 {
                pause(std::time::Duration::from_millis(20)).await;
                first = spark.get(&path).await;
            }
            let first = first.expect(200);
            let tag = first.header("etag");
            let name = tag.trim_matches('"').to_owned();
            let known = [
                vec![tag.clone()],
                vec![format!("W/{tag}")],
                vec![format!("W/\"{name}-gzip\"")],
                vec![format!("\"{name};gzip\"")],
                vec![format!("\"other\", W/{tag}")],
                vec!["\"other\"".to_owned(), format!("W/{tag}")],
                vec!["*".to_owned()],
            ];
            for lines in known {
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                let answer = read(&spark, &path, &lines).await.expect(304);
                assert_eq!((answer.header("etag"), &*answer.text), (tag.clone(), ""), "{path} {lines:?}");
            }
            for line in [format!("\"{name}0\""), format!("W/\"0{name}\""), "W/\"\"".to_owned(), "\"other\"".to_owned()]
            {
                assert_eq!(read(&spark, &path, &[&line]).await.expect(200).text, first.text, "{path} {line}");
            }
        }
    });
}

#[test]
fn whoever_acts_names_the_version_that_was_seen_and_a_proxy_may_have_marked_it() {
    on_both(|world| async move {
        let spark = world.platform("spark").await.caller;
        let lead = world.staff(Role::SafeguardingLead).await;
        let forms: [fn(&str) -> String; 4] = [
            |tag| format!("W/{tag}"),
            |tag| format!("W/\"{}-gzip\"", tag.trim_matches('"')),
            |tag| format!("\"{};br\"", tag.trim_matches('"')),
            str::to_owned,
        ];
        for (n, form) in forms.iter().enumerate() {
            let reference = format!("TAG-{n}");
            spark.post("/v1/reports", &small(&reference)).await.expect(201);
            let case = lead.case_of(&reference).await;
            lead.act(&case, "claim", &json!({})).await.expect(200);
            let (_, tag) = lead.case(&case).await;
            let path = format!("/v1/triage/cases/{case}/transitions");
            let start = async |given: &str| {
                lead.caller.post_with(&path, &new_key(), Some(given), &json!({"action": "start"})).await
            };
            // `*` says that there is a case, and not which version of it was seen.
            for none in ["*", "", " , "] {
                assert_eq!(start(none).await.expect(428).code(), "precondition_required", "{none}");
            }
            for other in ["\"999\"", "W/\"999\"", "\"999-gzip\"", "W/\"\"", "\"*\"", "\u{fc}"] {
                assert_eq!(start(other).await.expect(412).code(), "precondition_failed", "{other}");
            }
            // Nor does a list, in which every version could stand.
            let several = start(&format!("\"999\", {tag}")).await.expect(400);
            assert_eq!(several.code(), "bad_parameter");
            start(&form(&tag)).await.expect(200);
        }
    });
}

#[test]
fn where_a_precondition_is_a_choice_a_star_is_none() {
    on_both(|world| async move {
        let spark = world.platform("spark").await.caller;
        let report = spark.post("/v1/reports", &small("TAG-1")).await.expect(201);
        let path = format!("/v1/reports/{}/additions", report.json()["id"].as_str().unwrap());
        let tag = format!("W/{}", report.header("etag"));
        for (given, status) in [(&*tag, 201), ("*", 201), ("", 201), ("W/\"999\"", 412)] {
            let more = json!({"statement": "And more."});
            spark.post_with(&path, &new_key(), Some(given), &more).await.expect(status);
        }
    });
}

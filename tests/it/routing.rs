//! Where somebody is led: eighty persons and places, each with what must be proposed, and what must not, whatever the rules
//! say. The persons stand in `tests/data/routing.jsonl`.

use recourse::domain::directory::{self, Audience, Entry, Kind, Mark, Need, files};
use recourse::domain::people::staff::Role;
use serde_json::{Value, json};

use crate::directory::{entry, stand};
use crate::harness::client::{Caller, Staff, full, new_key, small};
use crate::harness::{TEST, World, on_both, on_both_with};

/// One of the persons, by what a line says.
struct Person(Value);

fn persons() -> Vec<Person> {
    let lines = include_str!("../data/routing.jsonl").lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| Person(serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))).collect()
}

impl Person {
    fn name(&self) -> &str {
        self.0["name"].as_str().unwrap()
    }

    /// The report that brings them.
    fn report(&self, at: usize) -> Value {
        let mut body = small(&format!("RT-{at}"));
        body["category"] = self.0["category"].clone();
        for (member, value) in self.0["report"].as_object().into_iter().flatten() {
            body[member] = value.clone();
        }
        let yes = self.0["yes"].as_array().into_iter().flatten();
        let answers: serde_json::Map<String, Value> =
            yes.map(|key| (key.as_str().unwrap().to_owned(), json!("yes"))).collect();
        body["answers"] = Value::Object(answers);
        body
    }

    /// What a colleague asks.
    fn question(&self, ids: &impl Fn(&str) -> String) -> Value {
        let mut body = json!({
            "place": {"country": "GB", "region": "GB-ESX", "said_now": true}, "told": {}, "conflicts_asked": true,
        });
        for (member, value) in self.0["asks"].as_object().into_iter().flatten() {
            body[member] = value.clone();
        }
        if let Some(slugs) = self.0["conflicts"].as_array() {
            body["conflicts"] = slugs.iter().map(|slug| ids(slug.as_str().unwrap())).collect();
        }
        body
    }

    fn words(&self, member: &str) -> Vec<&str> {
        self.0[member].as_array().into_iter().flatten().map(|word| word.as_str().unwrap()).collect()
    }

    /// What of the answer is not as the line says.
    fn wrong(&self, answer: &Value) -> Vec<String> {
        let slugs = |list: &str| -> Vec<&str> {
            answer[list].as_array().unwrap().iter().map(|one| one["service"]["slug"].as_str().unwrap()).collect()
        };
        let (services, apart) = (slugs("services"), slugs("for_one_group"));
        let through_lead = slugs("through_safeguarding_lead");
        let mut wrong = Vec::new();
        let mut must = |holds: bool, what: String| {
            if !holds {
                wrong.push(what);
            }
        };
        must(services.len() <= 3, "more than three".to_owned());
        let first = self.words("first");
        must(services.starts_with(&first), format!("first {first:?}"));
        for slug in self.words("has") {
            must(services.contains(&slug), format!("has {slug}"));
        }
        for slug in self.words("apart") {
            must(apart.contains(&slug), format!("apart {slug}"));
        }
        for slug in self.words("through_lead") {
            must(through_lead.contains(&slug), format!("through the lead {slug}"));
        }
        must(
            through_lead.is_empty() || self.0.get("through_lead").is_some(),
            format!("through the lead {through_lead:?}"),
        );
        for slug in self.words("never") {
            must(!services.contains(&slug) && !apart.contains(&slug), format!("never {slug}"));
        }
        for (name, why) in self.0["left_out"].as_object().into_iter().flatten() {
            let found = answer["left_out"].as_array().unwrap().iter().find(|one| one["name"] == *name);
            must(found.is_some_and(|one| one["why"] == *why), format!("left out {name}: {why}"));
        }
        for (slug, labels) in self.0["labels"].as_object().into_iter().flatten() {
            let all = [&answer["services"], &answer["for_one_group"]];
            let found =
                all.into_iter().flat_map(|list| list.as_array().unwrap()).find(|one| one["service"]["slug"] == *slug);
            let has = |label: &Value| found.is_some_and(|one| one["labels"].as_array().unwrap().contains(label));
            must(found.is_some() && labels.as_array().unwrap().iter().all(has), format!("labels of {slug}: {labels}"));
        }
        if let Some(ask) = self.0.get("ask") {
            must(answer["ask"] == *ask, format!("ask {ask} and not {}", answer["ask"]));
        }
        let lines = answer["emergency"].as_array().unwrap();
        let numbers: Vec<&str> = lines.iter().map(|line| line["number"].as_str().unwrap()).collect();
        let wanted = self.0.get("emergency").map_or_else(|| vec!["999"], |_| self.words("emergency"));
        must(numbers == wanted, format!("emergency {numbers:?}"));
        let care = self.0.get("care").cloned().unwrap_or_else(|| json!([]));
        must(lines.iter().all(|line| line["care"] == care), format!("care {care}"));
        if wrong.is_empty() {
            return wrong;
        }
        let left_out =
            answer["left_out"].as_array().unwrap().iter().map(|one| format!("{} {}", one["name"], one["why"]));
        let left_out: Vec<String> = left_out.collect();
        vec![format!("{}: {wrong:?}; shown {services:?}, apart {apart:?}, left out {left_out:?}", self.name())]
    }
}

/// An entry with changes.
fn with(slug: &str, change: impl FnOnce(&mut Entry)) -> Entry {
    let mut entry = entry(slug);
    change(&mut entry);
    entry
}

/// What the program ships, and services that nobody has invented before.
fn everybody() -> Vec<Entry> {
    let mut all = files::shipped().unwrap();
    all.push(with("harbour", |one| {
        (one.kind, one.helps_with) = (Kind::Advocacy, vec![Need::Stalking, Need::DomesticAbuse]);
        one.ages.from = Some(18);
    }));
    all.push(with("lantern", |one| one.helps_with = vec![Need::Stalking]));
    all.push(with("kite", |one| {
        (one.kind, one.helps_with) = (Kind::Child, vec![Need::ChildSafety, Need::Stalking, Need::SexualViolence]);
        (one.ages.to, one.marks) = (Some(17), vec![Mark::TrainedForChildren]);
    }));
    all.push(with("quayside", |one| {
        (one.kind, one.areas, one.languages) = (Kind::Advocacy, vec!["FR".to_owned()], vec!["fr".to_owned()]);
        one.helps_with = vec![Need::Stalking, Need::DomesticAbuse];
    }));
    all.push(with("family-table", |one| {
        (one.helps_with, one.marks) = (vec![Need::HonourBasedAbuse, Need::DomesticAbuse], vec![Mark::WorksWithFamily]);
    }));
    all.push(with("border-desk", |one| {
        (one.helps_with, one.marks) = (vec![Need::HonourBasedAbuse], vec![Mark::SharesImmigrationStatus]);
    }));
    all.push(with("glasgow-centre", |one| {
        (one.kind, one.helps_with, one.areas) =
            (Kind::Medical, vec![Need::SexualViolence], vec!["scotland".to_owned()]);
        one.marks = vec![Mark::SexualAssaultReferralCentre];
        "Mo-Fr 09:00-10:00".clone_into(&mut one.hours.as_mut().unwrap().text);
    }));
    all.push(with("old-hands", |one| {
        one.helps_with = vec![Need::Stalking];
        one.expires_at = Some(recourse::base::time::Timestamp::parse("2026-11-21T00:00:00Z").unwrap());
    }));
    all.push(with("full-house", |one| one.helps_with = vec![Need::Stalking]));
    all.push(with("voices", |one| {
        (one.helps_with, one.kind, one.areas) = (vec![Need::Stalking], Kind::Advocacy, vec!["sussex".to_owned()]);
        one.channels.truncate(1);
    }));
    all.push(with("polska", |one| {
        (one.helps_with, one.languages) = (vec![Need::DomesticAbuse], vec!["pl".to_owned(), "en".to_owned()]);
    }));
    all.push(with("deaf-line", |one| {
        (one.helps_with, one.for_whom) = (vec![Need::Stalking], vec![Audience::Deaf]);
    }));
    all
}

/// A world with a directory, and its services' ids.
async fn set(world: &World) -> Staff {
    stand(world, everybody(), &["harbour", "lantern", "kite", "quayside"]).await;
    let until = world.clock.now().plus(std::time::Duration::from_hours(24));
    world.app.write(TEST, move |tx| directory::set_full(tx, "full-house", Some(until))).await.unwrap();
    world.staff(Role::SafeguardingLead).await
}

async fn ids(who: &Caller) -> std::collections::BTreeMap<String, String> {
    let mut all = std::collections::BTreeMap::new();
    let mut next = Some(String::new());
    while let Some(cursor) = next {
        let page = who.get(&format!("/v1/triage/services?limit=100{cursor}")).await.expect(200).json();
        for one in page["data"].as_array().unwrap() {
            all.insert(one["slug"].as_str().unwrap().to_owned(), one["id"].as_str().unwrap().to_owned());
        }
        next = page["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}"));
    }
    all
}

#[test]
fn eighty_persons_are_led_where_they_should_be_and_nowhere_else() {
    on_both(|world| async move {
        let (lead, spark) = (set(&world).await, world.platform("spark").await);
        let known = ids(&lead.caller).await;
        let all = persons();
        assert!(all.len() >= 80, "{}", all.len());
        let mut wrong = Vec::new();
        for (at, person) in all.iter().enumerate() {
            spark.submit(&person.report(at)).await;
            let case = lead.case_of(&format!("RT-{at}")).await;
            let path = format!("/v1/triage/cases/{case}/routing");
            let question = person.question(&|slug| known[slug].clone());
            let answer = lead.caller.post(&path, &question).await;
            assert_eq!(answer.status, 200, "{}: {}", person.name(), answer.text);
            wrong.extend(person.wrong(&answer.json()));
            assert!(answer.text.len() < 64 * 1024, "{}: {} bytes", person.name(), answer.text.len());
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

#[test]
fn what_is_asked_badly_is_named_and_nothing_is_stored_of_a_good_question() {
    on_both(|world| async move {
        let (lead, spark) = (set(&world).await, world.platform("spark").await);
        spark.submit(&full("RT-1")).await;
        let case = lead.case_of("RT-1").await;
        let path = format!("/v1/triage/cases/{case}/routing");
        let good = json!({"place": {"country": "GB", "region": "GB-ESX", "said_now": true}, "conflicts_asked": true});
        let but = |place: &str, value: Value| {
            let mut body = good.clone();
            *body.pointer_mut(place).unwrap() = value;
            body
        };
        let mut unasked = good.clone();
        unasked.as_object_mut().unwrap().remove("conflicts_asked");
        for (body, error) in [
            (unasked, "/conflicts_asked required"),
            (json!({"conflicts_asked": true}), "/place required"),
            (but("/place/country", json!("Atlantis")), "/place/country bad_country"),
            (but("/place/region", json!("Sussex")), "/place/region bad_region"),
            (but("/place/region", json!("FR-75")), "/place/region bad_region"),
            (but("/place/said_now", json!("yes")), "/place/said_now invalid_value"),
        ] {
            assert_eq!(lead.caller.post(&path, &body).await.expect(422).errors(), [error], "{body}");
        }
        let mut more = good.clone();
        for (member, value, error) in [
            ("told", json!({"age": 130}), "/told/age invalid_value"),
            ("told", json!({"age": -1}), "/told/age invalid_value"),
            ("told", json!({"groups": ["everyone"]}), "/told/groups/0 invalid_value"),
            ("told", json!({"sex": "f"}), "/told/sex unknown_member"),
            ("access", json!(["loud"]), "/access/0 invalid_value"),
            ("conflicts", json!(["svc_1"]), "/conflicts/0 invalid_value"),
        ] {
            more[member] = value;
            assert_eq!(lead.caller.post(&path, &more).await.expect(422).errors(), [error], "{more}");
            more.as_object_mut().unwrap().remove(member);
        }
        // Who may not read what was said hears neither what is wrong with a question nor an answer.
        let auditor = world.staff(Role::Auditor).await;
        assert_eq!(auditor.caller.post(&path, &json!({})).await.code(), "role_not_allowed");
        let before = lead.case(&case).await;
        let record = async || {
            let case = case.parse().unwrap();
            world
                .app
                .read(move |rx| recourse::domain::ledger::audit::heads_of(rx, &[String::clone(&case)]))
                .await
                .unwrap()
        };
        let head = record().await;
        let first = lead.caller.post_with(&path, &new_key(), None, &good).await.expect(200);
        let again = lead.caller.post_with(&path, &new_key(), None, &good).await.expect(200);
        assert_eq!(first.text, again.text);
        assert_eq!(
            (lead.case(&case).await.0["version"].clone(), record().await.len()),
            (before.0["version"].clone(), head.len())
        );
        assert!(
            first.header("cache-control").contains("no-store"),
            "nobody keeps it: {}",
            first.header("cache-control")
        );
    });
}

#[test]
fn a_case_that_nothing_opens_is_routed_with_the_most_care() {
    on_both(|world| async move {
        let (lead, spark) = (set(&world).await, world.platform("spark").await);
        spark.submit(&full("RT-1")).await;
        let case = lead.case_of("RT-1").await;
        world.tamper("UPDATE assessments SET body = body || body");
        let question =
            json!({"place": {"country": "GB", "region": "GB-ESX", "said_now": true}, "conflicts_asked": true});
        let path = format!("/v1/triage/cases/{case}/routing");
        let answer = lead.caller.post(&path, &question).await.expect(200).json();
        assert_eq!(answer["emergency"][0]["care"], json!(["her_choice_they_may_share_immigration_status"]), "{answer}");
        assert_eq!(answer["services"][0]["service"]["slug"], "voices", "the category of its row still leads somewhere");
    });
}

#[test]
fn a_rule_file_of_the_operators_own_is_in_force_and_a_broken_one_is_told() {
    let rules = include_str!("../../src/domain/referrals/routing/routing.toml").replace("\"routing-1\"", "\"ours-7\"");
    for (text, version, is_broken) in
        [(rules.clone(), "ours-7", false), (rules.replace("most = 2", "most = 0"), "routing-1", true)]
    {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("routing.toml");
        std::fs::write(&file, text).unwrap();
        on_both_with(
            |config| config.routing_file = Some(file.clone()),
            |world| async move {
                let (lead, spark) = (set(&world).await, world.platform("spark").await);
                spark.submit(&small("RT-1")).await;
                let case = lead.case_of("RT-1").await;
                let question = json!({"place": {"said_now": false}, "conflicts_asked": false});
                let answer =
                    lead.caller.post(&format!("/v1/triage/cases/{case}/routing"), &question).await.expect(200).json();
                assert_eq!((answer["rules"].as_str(), answer["services"].clone()), (Some(version), json!([])));
                let ready = world.caller("").get("/readyz").await.expect(200).json();
                let reasons = ready["reasons"].as_array().unwrap().clone();
                assert_eq!(reasons.iter().any(|reason| reason["code"] == "routing_broken"), is_broken, "{ready}");
            },
        );
    }
}

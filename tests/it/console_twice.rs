//! Every form of the console, sent twice and sent late: a double click does it once and leads to the same place, and what was
//! written over a case that has moved since does nothing and keeps its words.

use std::collections::BTreeSet;

use recourse::domain::ledger::audit;
use recourse::domain::people::staff::Role;
use recourse::web::endpoints;
use reqwest::Method;
use serde_json::json;

use crate::console_acts::{ACTS, Act, OTHERS, SECOND};
use crate::console_walks::sit;
use crate::harness::client::{Platform, Staff, small};
use crate::harness::tab::{Page, PageForm, Tab};
use crate::harness::{World, on_both};
use crate::rights::urgent;

fn acts() -> impl Iterator<Item = &'static Act> {
    ACTS.iter().chain(&SECOND)
}

#[test]
fn every_form_of_the_table_of_endpoints_is_tried() {
    let posts = endpoints::console().iter().filter(|row| row.method == Method::POST.as_str());
    let posts: BTreeSet<String> = posts.map(|row| row.path.clone()).collect();
    let tried = acts().map(|act| format!("/console/cases/{{id}}/{}", act.leaf));
    let tried: BTreeSet<String> = tried.chain(OTHERS.iter().map(|(path, _)| (*path).to_owned())).collect();
    assert_eq!(posts, tried);
}

/// Those who work in a test.
struct Stage {
    world: World,
    spark: Platform,
    who: Staff,
    other: Staff,
    lead: Staff,
    /// Two that receive by telephone.
    services: [String; 2],
    /// Of who does most of it, and of the lead.
    tabs: [Tab; 2],
}

/// A form as it stands before somebody, with what they write in it.
struct Ready {
    tab: Tab,
    case: String,
    form: PageForm,
    filled: Vec<(&'static str, String)>,
}

impl Ready {
    async fn send(&mut self) -> Page {
        let filled: Vec<(&str, &str)> = self.filled.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.tab.submit(&self.form, &filled).await
    }

    /// What was written in more than a word.
    fn words(&self) -> impl Iterator<Item = &str> {
        self.filled.iter().map(|(_, value)| value.as_str()).filter(|value| value.contains(' '))
    }
}

impl Stage {
    async fn of(world: World) -> Self {
        let spark = world.platform("spark").await;
        let (who, other) = (world.staff(Role::Advocate).await, world.staff(Role::Advocate).await);
        let lead = world.staff(Role::Lead).await;
        let tabs = [Tab::of(&world, &who).await, Tab::of(&world, &lead).await];
        let entries = ["harbour", "lantern"].map(crate::directory::entry).to_vec();
        crate::directory::stand(&world, entries, &["harbour", "lantern"]).await;
        let all = lead.caller.get("/v1/triage/services").await.expect(200).json();
        let services = [0, 1].map(|at| all["data"][at]["id"].as_str().unwrap().to_owned());
        Self { world, spark, who, other, lead, services, tabs }
    }

    /// A case that stands where this act is possible, the form of the act, and what is written in it.
    async fn ready(&self, act: &Act) -> Ready {
        let reference = format!("SPK-{}", act.name.replace(' ', "-"));
        let is_urgent = act.name == "lower" || act.leaf.starts_with("second");
        let body = if is_urgent { urgent(&reference, "p0") } else { small(&reference) };
        // Reports of their own people, so that none joins another's case.
        self.spark.submit(&body).await;
        let case = self.lead.case_of(&reference).await;
        let found = self.come(act, &case).await;
        let [own, of_lead] = &self.tabs;
        let mut tab = if ["assign", "approve", "refuse"].contains(&act.name) { of_lead.clone() } else { own.clone() };
        let path = format!("/console/cases/{case}");
        tab.open(&path).await.expect(200);
        let (page, end) = match act.leaf {
            leaf @ ("claim" | "start") => (path.clone(), format!("/{leaf}")),
            leaf => {
                let leaf = leaf.replace("{act}", &found);
                let page = leaf.strip_suffix("/approve").or(leaf.strip_suffix("/refuse"));
                let page = page.or(leaf.strip_suffix("/withdraw")).unwrap_or(&leaf);
                (format!("{path}/{page}"), format!("/{leaf}"))
            }
        };
        let form = tab.open(&page).await.expect(200).form(&end);
        self.world.pass(1);
        Ready { tab, case, form, filled: self.written(act, &found) }
    }

    /// Brings the case to where the act is possible. What the act is about, if it is about something else.
    async fn come(&self, act: &Act, case: &str) -> String {
        let who = &self.who;
        let until = self.world.clock.now().plus(std::time::Duration::from_hours(2));
        match act.name {
            "claim" | "assign" => {}
            "start" => drop(who.act(case, "claim", &json!({})).await.expect(200)),
            "resume" => {
                who.take(case).await;
                let hold = json!({"action": "hold", "reason": "Tonight.", "until": until});
                who.act_seen(case, "transitions", &hold).await.expect(200);
            }
            "reopen" => {
                who.take(case).await;
                let close = json!({"outcome": "supported_elsewhere", "reason": "She has help."});
                who.confirm_support(case).await;
                who.act_seen(case, "decision", &close).await.expect(200);
            }
            "link" => {
                self.spark.submit(&small("SPK-beside")).await;
                return self.lead.case_of("SPK-beside").await;
            }
            "approve" | "refuse" | "withdraw" => {
                who.take(case).await;
                let lower = json!({"priority": "p2", "reason_code": "safety_confirmed", "text": "She said so."});
                let waits = who.act_seen(case, "priority", &lower).await.expect(202).json();
                return waits["pending"]["id"].as_str().unwrap().to_owned();
            }
            "agree" => {
                who.take(case).await;
                self.world.pass(1);
            }
            "take back" | "refer" | "send" | "service said" | "recall" | "replace" => {
                return crate::console_referrals::handed_so_far(&self.world, &self.who, &self.services, act.name, case)
                    .await;
            }
            _ => who.take(case).await,
        }
        String::new()
    }

    /// What somebody fills in.
    fn written(&self, act: &Act, found: &str) -> Vec<(&'static str, String)> {
        let reason = ("reason", "She sleeps until ten.".to_owned());
        let text = ("text", "She rang from a box.".to_owned());
        match act.name {
            "note" => vec![text],
            "contact" => fixed([("records", "safe_contact"), ("channel", "incoming")]).chain([text]).collect(),
            "emergency" => {
                let told = [("to", "police"), ("why", "life"), ("asked_her", "unsafe"), ("told_her", "false")];
                fixed(told).chain([text]).collect()
            }
            "wishes" => {
                let told = [("how", "phone"), ("alone", "yes"), ("may_contact", "yes"), ("said", "Ask for Jo.")];
                fixed(told).chain([("phone", "+447700912001".to_owned())]).collect()
            }
            "hold" => fixed([("hours", "4")]).chain([reason]).collect(),
            "reopen" => vec![reason],
            "hand over" | "assign" => {
                vec![("staff_id", self.other.id.clone()), ("note", "She rings at nine.".to_owned())]
            }
            "raise" => fixed([("priority", "p2"), ("reason_code", "new_information")]).chain([text]).collect(),
            "lower" => fixed([("priority", "p2"), ("reason_code", "safety_confirmed")]).chain([text]).collect(),
            "ask" => fixed([("action", "preserve_evidence"), ("details", "All of last week.")]).collect(),
            "decide" => fixed([("outcome", "recorded_only")]).chain([reason]).collect(),
            "link" => vec![("case_id", found.to_owned())],
            "leave" => vec![("knows_somebody", "true".to_owned())],
            "take back" => {
                let told = fixed([("what", "all"), ("how", "phone"), ("alone", "yes")]);
                told.chain([("consent", found.to_owned())]).collect()
            }
            "agree" => crate::console_referrals::agreed(&self.services[0]),
            "refer" => crate::console_referrals::drafted(found),
            "send" => vec![("referral", found.to_owned())],
            "service said" => fixed([("answer", "accept"), ("who", "Ines of the service")])
                .chain([("referral", found.to_owned())])
                .collect(),
            "recall" => vec![("referral", found.to_owned()), ("words", "She is with her sister.".to_owned())],
            "replace" => {
                let to = ("service", self.services[1].clone());
                vec![("referral", found.to_owned()), to, ("label", "the book club".to_owned())]
            }
            _ => Vec::new(),
        }
    }
}

pub(crate) fn fixed<const N: usize>(
    all: [(&'static str, &'static str); N],
) -> impl Iterator<Item = (&'static str, String)> {
    all.into_iter().map(|(name, value)| (name, value.to_owned()))
}

/// What stands in the record of a case, readings aside.
async fn record(world: &World, case: &str) -> Vec<String> {
    let case = case.to_owned();
    let all = world.app.read(move |rx| audit::list(rx, &case)).await.unwrap();
    let kinds = all.into_iter().map(|event| event.kind);
    kinds.filter(|kind| !["case_read", "wall_met"].contains(&kind.as_str())).collect()
}

/// How often this stands in it.
fn count(record: &[String], kind: &str) -> usize {
    record.iter().filter(|known| *known == kind).count()
}

#[test]
fn a_double_click_does_it_once_and_leads_to_the_same_place() {
    on_both(|world| async move {
        let stage = Stage::of(world).await;
        for act in acts() {
            let mut ready = stage.ready(act).await;
            let before = record(&stage.world, &ready.case).await;
            // Two clicks at once, and a third that is late.
            let mut twin = Ready {
                tab: ready.tab.clone(),
                filled: ready.filled.clone(),
                case: ready.case.clone(),
                form: ready.form.clone(),
            };
            let (first, second) = futures_util::future::join(ready.send(), twin.send()).await;
            let place = first.expect(303).leads_to().unwrap().to_owned();
            assert!(place.starts_with("/console") && !place.starts_with("//"), "{}: {place}", act.name);
            assert_eq!(second.expect(303).leads_to(), Some(place.as_str()), "{}", act.name);
            let once = record(&stage.world, &ready.case).await;
            assert_eq!(count(&once, act.makes), count(&before, act.makes) + 1, "{}: {once:?}", act.name);
            stage.world.pass(1);
            assert_eq!(ready.send().await.expect(303).leads_to(), Some(place.as_str()), "{}", act.name);
            assert_eq!(record(&stage.world, &ready.case).await, once, "{}", act.name);
            // Where it leads there is a page.
            ready.tab.open(&place).await.expect(200);
        }
    });
}

#[test]
fn a_late_form_does_nothing_and_shows_what_happened_since_where_that_matters() {
    on_both(|world| async move {
        let stage = Stage::of(world).await;
        for act in acts() {
            let mut ready = stage.ready(act).await;
            let (case, name) = (ready.case.clone(), act.name);
            stage.other.act(&case, "notes", &json!({"text": "Meanwhile."})).await.expect(201);
            let before = record(&stage.world, &case).await;
            let page = ready.send().await;
            if !act.needs_seen {
                let place = page.expect(303);
                assert!(place.leads_to().unwrap().starts_with("/console"), "{name}");
                assert_eq!(
                    count(&record(&stage.world, &case).await, act.makes),
                    count(&before, act.makes) + 1,
                    "{name}"
                );
                continue;
            }
            let page = page.expect(412);
            assert_eq!(record(&stage.world, &case).await, before, "{name}");
            page.says("The case has changed since you opened this form").says("Nothing was done.");
            page.says(&format!("{} wrote a note", stage.other.username));
            for words in ready.words() {
                page.says(words);
            }
            // It can be sent again as it stands, and is done then.
            stage.world.pass(1);
            let again = page.form(&format!("/{}", act.leaf));
            for (field, value) in &ready.filled {
                assert!(again.fields.contains(&((*field).to_owned(), value.clone())), "{name}: {field} is lost");
            }
            let place = ready.tab.submit(&again, &[]).await.expect(303);
            assert!(place.leads_to().unwrap().starts_with("/console"), "{name}");
            assert_eq!(count(&record(&stage.world, &case).await, act.makes), count(&before, act.makes) + 1, "{name}");
        }
    });
}

#[test]
fn whoever_takes_the_most_urgent_twice_has_one_case() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        for n in 0..3 {
            spark.submit(&small(&format!("SPK-{n}"))).await;
        }
        let (who, mut tab) = sit(&world, Role::Advocate).await;
        let form = tab.open("/console").await.expect(200).form("/take");
        let mut twin = tab.clone();
        let (first, second) = futures_util::future::join(tab.submit(&form, &[]), twin.submit(&form, &[])).await;
        let place = first.expect(303).leads_to().unwrap().to_owned();
        assert!(place.starts_with("/console/cases/case_"), "{place}");
        assert_eq!(second.expect(303).leads_to(), Some(place.as_str()));
        assert_eq!(tab.submit(&form, &[]).await.expect(303).leads_to(), Some(place.as_str()));
        let mine = who.caller.get("/v1/triage/cases?assigned_to=me").await.expect(200).json();
        assert_eq!(mine["data"].as_array().unwrap().len(), 1, "{mine}");
        // The list made anew has another key, and takes another.
        let form = tab.open("/console").await.expect(200).form("/take");
        assert_ne!(tab.submit(&form, &[]).await.expect(303).leads_to(), Some(place.as_str()));
    });
}

#[test]
fn what_is_on_no_case_may_come_twice() {
    on_both(|world| async move {
        let (who, mut tab) = sit(&world, Role::Advocate).await;
        let other = Tab::of(&world, &who).await;
        let page = tab.open("/console/account").await.expect(200);
        let of = |name: &str, value: Option<&str>| {
            let is_it = |field: &(String, String)| field.0 == name && value.is_none_or(|value| field.1 == value);
            page.forms().into_iter().find(|form| form.fields.iter().any(is_it)).unwrap()
        };
        for (form, says) in [(of("end", Some("others")), "others-ended"), (of("letter_keys", None), "keys-off")] {
            for _ in 0..2 {
                let place = tab.submit(&form, &[]).await.expect(303);
                assert_eq!(place.leads_to(), Some(format!("/console/account?done={says}").as_str()));
            }
        }
        assert!(
            tab.open("/console/account").await.expect(200).body.contains("data-keys=\"off\""),
            "once off, it stays"
        );
        other.clone().get("/console").await.expect(303);
        // One session, by its own button.
        world.pass(1);
        let another = Tab::of(&world, &who).await;
        let page = tab.open("/console/account").await.expect(200);
        let ends = |form: &PageForm| form.fields.iter().any(|(name, value)| name == "end" && value != "others");
        let all: Vec<PageForm> = page.forms().into_iter().filter(ends).collect();
        assert_eq!(all.len(), 2, "this one and the other");
        for _ in 0..2 {
            let place = tab.submit(all.last().unwrap(), &[]).await.expect(303);
            assert_eq!(place.leads_to(), Some("/console/account?done=ended"));
        }
        another.clone().get("/console").await.expect(303);
        let out = tab.open("/console").await.expect(200).form("/sign-out");
        for _ in 0..2 {
            assert_eq!(tab.submit(&out, &[]).await.expect(303).leads_to(), Some("/console/sign-in?out=1"));
        }
        tab.get("/console").await.expect(303);
    });
}

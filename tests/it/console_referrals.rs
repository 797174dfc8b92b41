//! Referrals in the console: what she agrees to, what is handed over and what she is told, by pages alone.

use recourse::domain::people::staff::Role;
use recourse::domain::triage::Queue;
use serde_json::json;

use crate::console_twice::fixed;
use crate::harness::client::{Staff, full, new_key};
use crate::harness::tab::Tab;
use crate::harness::{World, on_both};
use crate::referrals::{Scene, referral, tagged};

/// What a colleague fills in when she agrees.
pub(crate) fn agreed(service: &str) -> Vec<(&'static str, String)> {
    let ticked = ["identity", "contact", "statement"].map(|share| ("scopes", share));
    let told = ["who", "what", "why", "until", "can_end"].map(|told| ("told", told));
    let rest = [
        ("given_by", "survivor"),
        ("how", "phone"),
        ("alone", "yes"),
        ("interpreter", "none"),
        ("channel_confirmed_safe", "true"),
        ("words", "Yes, they may ring me."),
    ];
    fixed(ticked).chain(fixed(told)).chain(fixed(rest)).chain([("service", service.to_owned())]).collect()
}

/// What a colleague fills in of a draft.
pub(crate) fn drafted(consent: &str) -> Vec<(&'static str, String)> {
    let written = [
        ("country", "GB"),
        ("said_now", "true"),
        ("summary", "Stalked at her work; wants an advocate."),
        ("handover", "they_contact"),
        ("label", "the garden club"),
        ("name_to_use", "Jo"),
        ("way_1", "phone"),
        ("value_1", "+44 7700 900999"),
        ("voicemail_1", "no"),
        ("safe_times", "weekdays from 10 to 12"),
        ("zone", "Europe/London"),
        ("if_somebody_else", "Say that you call about the allotment."),
        ("shared_with", "nobody"),
        ("never_contact", "her brother"),
        ("she_changed_this", "true"),
    ];
    fixed(written).chain([("consent", consent.to_owned())]).collect()
}

/// A consent of this case, and a referral on it as far as an act of this name wants it. What its form names: the one or the other.
pub(crate) async fn handed_so_far(world: &World, who: &Staff, services: &[String; 2], act: &str, case: &str) -> String {
    let [harbour, lantern] = services;
    who.take(case).await;
    world.pass(60);
    let mut given = crate::consents::given(harbour);
    (given["given_at"], given["fallbacks"]) = (json!(world.clock.now()), json!([lantern]));
    let consent = who.act(case, "consents", &given).await.expect(201).json();
    let consent = consent["id"].as_str().unwrap().to_owned();
    if ["take back", "refer"].contains(&act) {
        return consent;
    }
    let draft = who.act(case, "referrals", &referral(world, harbour, &consent)).await.expect(201);
    let (id, tag) = tagged(&draft);
    if act == "send" {
        return format!("{id}.{}", draft.json()["version"]);
    }
    let path = format!("/v1/triage/cases/{case}/referrals/{id}/send");
    let sent = who.caller.post_with(&path, &new_key(), Some(&tag), &json!({})).await.expect(200);
    format!("{id}.{}", sent.json()["version"])
}

/// The path of a case's page of referrals.
fn path(scene: &Scene) -> String {
    format!("/console/cases/{}/referrals", scene.case)
}

/// The value of the first choice of a field.
fn first_choice(page: &crate::harness::tab::Page, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let rest = page.body.split(&mark).nth(1).unwrap_or_else(|| panic!("nothing to choose of {name}: {}", page.words()));
    rest.split('"').next().unwrap().to_owned()
}

async fn sit(world: &World, scene: &Scene) -> Tab {
    Tab::of(world, &scene.lead).await
}

#[test]
fn from_what_she_agrees_to_until_she_is_told() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        let mut tab = sit(&world, &scene).await;
        let case = format!("/console/cases/{}", scene.case);
        tab.open(&case).await.expect(200).says("Referrals, and what she agreed to");
        tab.open(&path(&scene)).await.expect(200).says("Nothing was handed over.").says("Nothing is recorded.");
        // What is missing is named, and what was written stays.
        let form = tab.open(&format!("{case}/consent")).await.expect(200).form("/consent");
        let wrong = tab.submit(&form, &[("words", "Yes, they may."), ("how", "phone")]).await.expect(422);
        wrong.says("There is a problem");
        assert!(wrong.body.contains("Yes, they may."));
        let harbour = scene.service("harbour").to_owned();
        let fields = agreed(&harbour);
        let filled: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        // Told of all but one thing.
        let less: Vec<(&str, &str)> = filled.iter().copied().filter(|pair| *pair != ("told", "can_end")).collect();
        tab.submit(&form, &less).await.expect(422).says("What was she told?");
        let page = tab.follow(&form, &filled).await.expect(200);
        page.says("What she agreed to is recorded.").says("harbour: in force").says("Yes, they may ring me.");
        // A draft, with a mistake first.
        let drafting = tab.open(&format!("{case}/refer")).await.expect(200);
        let consent = first_choice(&drafting, "consent");
        let fields = drafted(&consent);
        let filled: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let bare: Vec<(&str, &str)> = filled.iter().copied().filter(|(name, _)| *name != "safe_times").collect();
        let wrong = tab.submit(&drafting.form("/refer"), &bare).await.expect(422);
        wrong.says("When is it safe?");
        assert!(wrong.body.contains("id=\"safe_times-error\""), "{}", wrong.words());
        let page = tab.follow(&wrong.form("/refer"), &filled).await.expect(200);
        page.says("It is drafted.").says("harbour: drafted, not sent").says("Say that you call about the allotment.");
        // A draft can be taken back, and another is drafted.
        let recall = tab.open(&format!("{case}/recall")).await.expect(200);
        let words = [("referral", first_choice(&recall, "referral")), ("words", "A mistake.".to_owned())];
        let words: Vec<(&str, &str)> = words.iter().map(|(name, value)| (*name, value.as_str())).collect();
        tab.follow(&recall.form("/recall"), &words).await.expect(200).says("harbour: taken back");
        let drafting = tab.open(&format!("{case}/refer")).await.expect(200);
        tab.follow(&drafting.form("/refer"), &filled).await.expect(200).says("It is drafted.");
        let sending = tab.open(&format!("{case}/send")).await.expect(200);
        let sent = tab.follow(&sending.form("/send"), &[("referral", &first_choice(&sending, "referral"))]).await;
        sent.says("It is sent.")
            .says("harbour: sent, not received")
            .says("Expected: that they receive it")
            .says("Ring them where it is urgent: 01632");
        // They say no by telephone; she is owed to know, and is told.
        world.pass(60);
        let saying = tab.open(&format!("{case}/service-said")).await.expect(200);
        let no = [
            ("referral", first_choice(&saying, "referral")),
            ("answer", "decline".to_owned()),
            ("who", "Ines of the service".to_owned()),
            ("decline_reason", "no_capacity".to_owned()),
        ];
        let no: Vec<(&str, &str)> = no.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let page = tab.follow(&saying.form("/service-said"), &no).await.expect(200);
        page.says("harbour: declined").says("Of the garden club : they could not take it on.").says("No room");
        let contact = tab.open(&format!("{case}/contact")).await.expect(200);
        contact.says("the garden club: they could not take it on");
        let told = [
            ("records", "safe_contact".to_owned()),
            ("channel", "incoming".to_owned()),
            ("text", "She rang.".to_owned()),
            ("tells", first_choice(&contact, "tells")),
        ];
        let told: Vec<(&str, &str)> = told.iter().map(|(name, value)| (*name, value.as_str())).collect();
        tab.follow(&contact.form("/contact"), &told).await.expect(200);
        scene.lead = world.signed_in_again(&scene.lead).await;
        assert!(scene.owed(&scene.lead).await.is_empty());
        // What she takes back holds.
        let back = tab.open(&format!("{case}/take-back")).await.expect(200);
        let all = [("consent", consent.as_str()), ("what", "all"), ("how", "phone"), ("alone", "yes")];
        let page = tab.follow(&back.form("/take-back"), &all).await.expect(200);
        page.says("What she took back is recorded").says("harbour: she took it back");
    });
}

#[test]
fn a_part_is_taken_back_one_is_replaced_shared_and_recalled() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        let mut tab = sit(&world, &scene).await;
        let case = format!("/console/cases/{}", scene.case);
        let (id, _) = scene.sent(&world, "harbour", &["lantern"]).await;
        let lantern = scene.service("lantern").to_owned();
        let form = tab.open(&format!("{case}/replace?referral={id}")).await.expect(200);
        assert!(form.body.contains(" checked"), "the link says which");
        let filled = [("service", lantern.as_str()), ("label", "the book club")];
        tab.follow(&form.form("/replace"), &filled).await.expect(200).says("It went to the other service.");
        assert_eq!(scene.states(&scene.lead).await["lantern"], "sent");
        world.pass(60);
        let accept = tab.open(&format!("{case}/service-said")).await.expect(200);
        // The newest stands first.
        let newest = first_choice(&accept, "referral");
        let yes = [("referral", newest.as_str()), ("answer", "accept"), ("who", "Lena")];
        tab.follow(&accept.form("/service-said"), &yes).await.expect(200).says("lantern: accepted");
        let share = tab.open(&format!("{case}/share")).await.expect(200);
        let nothing = first_choice(&share, "referral");
        tab.submit(&share.form("/share"), &[("referral", &nothing)])
            .await
            .expect(422)
            .says("Nothing has come in since");
        scene.spark.submit(&full("REF-2")).await;
        tab.open(&case).await.expect(200);
        let share = tab.open(&format!("{case}/share")).await.expect(200);
        let which = first_choice(&share, "referral");
        tab.follow(&share.form("/share"), &[("referral", &which)]).await.expect(200).says("is shared");
        // An older form of the same does nothing.
        let key = fresh(&mut tab).await;
        let nothing = [("referral", "ref_00000000000000000000000000.1"), ("key", key.as_str())];
        tab.submit(&share.form("/share"), &nothing).await.expect(404);
        let part = tab.open(&format!("{case}/take-back")).await.expect(200);
        let consent = first_choice(&part, "consent");
        let told =
            [("consent", consent.as_str()), ("what", "part"), ("scopes", "contact"), ("how", "phone"), ("alone", "no")];
        tab.follow(&part.form("/take-back"), &told).await.expect(200).says("How she is reached");
        let recall = tab.open(&format!("{case}/recall")).await.expect(200);
        let which = first_choice(&recall, "referral");
        tab.submit(&recall.form("/recall"), &[("referral", &which)]).await.expect(422).says("Why?");
        let words = [("referral", which.as_str()), ("words", "She is with her sister."), ("she_asked", "true")];
        tab.follow(&recall.form("/recall"), &words).await.expect(200).says("lantern: taken back");
        scene.lead = world.signed_in_again(&scene.lead).await;
        assert_eq!(scene.states(&scene.lead).await["lantern"], "withdrawn");
    });
}

/// A key for a form of this tab.
async fn fresh(tab: &mut Tab) -> String {
    let page = tab.get("/console/account").await.expect(200);
    page.form("/sign-out").fields.iter().find(|(name, _)| name == "key").unwrap().1.clone()
}

#[test]
fn a_childs_is_signed_on_a_page_by_somebody_else() {
    on_both(|world| async move {
        let mut child = full("REF-child");
        child["reporter"]["age_band"] = json!("under_18");
        let scene = Scene::with(&world, &child).await;
        let advocate = world.staff_with(Role::Advocate, vec![Queue::Children]).await;
        let mut body = crate::consents::given(scene.service("kite"));
        body["given_at"] = json!(world.clock.now());
        (body["given_by"], body["understood"]) = (json!("child"), json!("They help me, and I can stop it."));
        let consent = scene.lead.act(&scene.case, "consents", &body).await.expect(201).json();
        scene.lead.act(&scene.case, "release", &json!({})).await.expect(200);
        advocate.take(&scene.case).await;
        let body = referral(&world, scene.service("kite"), consent["id"].as_str().unwrap());
        advocate.act(&scene.case, "referrals", &body).await.expect(201);
        let case = format!("/console/cases/{}", scene.case);
        let mut own = Tab::of(&world, &advocate).await;
        let form = own.open(&format!("{case}/send")).await.expect(200);
        let which = first_choice(&form, "referral");
        let page = own.follow(&form.form("/send"), &[("referral", &which)]).await.expect(200);
        page.says("The safeguarding lead is asked to sign it.")
            .says("It waits for the safeguarding lead, who signs it.");
        let form = own.open(&format!("{case}/sign")).await.expect(200);
        let which = first_choice(&form, "referral");
        own.submit(&form.form("/sign"), &[("referral", &which)]).await.expect(403);
        let mut theirs = sit(&world, &scene).await;
        theirs.open(&case).await.expect(200);
        let form = theirs.open(&format!("{case}/sign")).await.expect(200).form("/sign");
        theirs.follow(&form, &[("referral", &which)]).await.expect(200).says("kite: sent, not received");
    });
}

#[test]
fn the_board_is_for_leads_and_says_what_is_late() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        let mut tab = sit(&world, &scene).await;
        scene.sent(&world, "harbour", &[]).await;
        tab.open("/console/referrals?late=true").await.expect(200).says("None stands here.");
        tab.open("/console/referrals").await.expect(200).says("harbour").says("that they receive it");
        let page = tab.open(&format!("/console/cases/{}", scene.case)).await.expect(200);
        assert!(!page.body.contains("A service is silent"));
        scene.wait(&world, 3 * 3_600).await;
        let mut tab = sit(&world, &scene).await;
        let page = tab.open("/console/referrals?late=true").await.expect(200);
        page.says("harbour").says("late");
        // Whoever opens the case at night reads by which telephone the service is rung.
        let page = tab.open(&format!("/console/cases/{}", scene.case)).await.expect(200);
        page.says("A service is silent").says("harbour. Ring ").says(", and write down at the referral what they say.");
        tab.open("/console/referrals?late=perhaps").await.expect(400);
        let advocate = world.staff(Role::Advocate).await;
        let mut theirs = Tab::of(&world, &advocate).await;
        theirs.get("/console/referrals").await.expect(403);
        let page = theirs.open("/console").await.expect(200);
        assert!(!page.body.contains("href=\"/console/referrals\""));
    });
}

#[test]
fn who_could_help_is_looked_up_on_a_page_and_stored_nowhere() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let mut tab = sit(&world, &scene).await;
        let case = format!("/console/cases/{}", scene.case);
        let form = tab.open(&format!("{case}/routing")).await.expect(200).form("/routing");
        let before = crate::rights::events(&world, &scene.case, "note_written").await.len();
        let page = tab
            .submit(&form, &[("country", "GB"), ("said_now", "true"), ("conflicts_asked", "true")])
            .await
            .expect(200);
        page.says("In danger now").says("999").says("Services");
        for (name, value) in
            [("country", "Atlantis"), ("region", "XX-99"), ("age", "null"), ("age", "-1"), ("age", "300")]
        {
            let page = tab.submit(&form, &[(name, value), ("conflicts_asked", "true")]).await.expect(422);
            page.says("There is a problem");
            assert!(page.body.contains(&format!("id=\"{name}-error\"")), "{name}: {}", page.words());
        }
        // Whoever was not asked of conflicts is asked.
        let page = tab.submit(&form, &[("country", "GB")]).await;
        assert!(page.status == 200 || page.status == 422, "{}", page.words());
        assert_eq!(crate::rights::events(&world, &scene.case, "note_written").await.len(), before);
        let missing = tab.get("/console/cases/case_00000000000000000000000000/routing").await;
        assert_eq!(missing.status, 404);
    });
}

#[test]
fn what_was_told_without_her_consent_is_looked_at_on_a_page() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let case = format!("/console/cases/{}", scene.case);
        let mut own = sit(&world, &scene).await;
        let plain = own.open(&format!("{case}/note")).await.expect(200);
        assert!(!plain.body.contains("disclosure_reviewed"), "there is nothing to look at");
        let emergency = own.open(&format!("{case}/emergency")).await.expect(200).form("/emergency");
        let told = [
            ("to", "police"),
            ("why", "life"),
            ("asked_her", "unsafe"),
            ("told_her", "false"),
            ("text", "He is at the door."),
        ];
        own.follow(&emergency, &told).await.expect(200);
        let other = world.staff(Role::SafeguardingLead).await;
        let mut theirs = Tab::of(&world, &other).await;
        theirs.open(&case).await.expect(200).says("Another person looks at what was disclosed");
        let form = theirs.open(&format!("{case}/note")).await.expect(200).form("/note");
        let looked = [("records", "disclosure_reviewed"), ("text", "It had to be.")];
        theirs.submit(&form, &looked).await.expect(422).says("There is a problem");
        let page = theirs.open(&format!("{case}/note")).await.expect(200);
        let which = page.body.split("<option value=\"note_").nth(1).unwrap().split('"').next().unwrap();
        let which = format!("note_{which}");
        let looked = [("records", "disclosure_reviewed"), ("text", "It had to be."), ("reviews", which.as_str())];
        // Nobody looks at their own.
        let own_form = own.open(&format!("{case}/note")).await.expect(200).form("/note");
        let refused = own.submit(&own_form, &looked).await;
        assert!(matches!(refused.status, 403 | 422), "{}", refused.words());
        theirs.follow(&page.form("/note"), &looked).await.expect(200);
        let page = theirs.open(&format!("{case}/note")).await.expect(200);
        assert!(!page.body.contains("disclosure_reviewed"));
    });
}

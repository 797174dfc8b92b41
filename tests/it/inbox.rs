//! The inbox: somebody at a service reads what was handed over and answers it, by pages alone.

use recourse::base::secret::Sensitive;
use recourse::domain::directory::{self, Agreement, WayIn};
use recourse::domain::people::door;
use recourse::domain::people::partners::accounts::{self, NewAccount};
use recourse::domain::terms::Mode;
use recourse::domain::unit::Unit;
use serde_json::{Value, json};

use crate::harness::tab::{Page, Tab};
use crate::harness::{TEST, World, on_both};
use crate::partners::ALL;
use crate::referrals::{Scene, referral, tagged};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// Somebody at a service: what they sign in with, and their tab.
pub(crate) struct Ines {
    pub(crate) name: &'static str,
    pub(crate) id: String,
    pub(crate) secret: Sensitive<Vec<u8>>,
    pub(crate) tab: Tab,
}

impl Ines {
    /// An account that nobody is signed in with yet.
    pub(crate) async fn hire(world: &World, slug: &'static str, name: &'static str, coordinates: bool) -> Self {
        let secret = door::new_secret();
        let password_hash = world.app.passwords.hash(Sensitive::new(PASSWORD.to_owned())).await.unwrap();
        let totp_secret = secret.clone();
        let add = move |tx: &mut Unit<'_>| {
            let service = directory::id_of(tx, slug)?;
            let (username, is_given) = (name.to_owned(), false);
            accounts::add(tx, NewAccount { service, username, coordinates, password_hash, is_given, totp_secret })
        };
        let id = world.app.write(TEST, add).await.unwrap().to_string();
        Self { name, id, secret, tab: Tab::of_nobody(world) }
    }

    /// Signed in by the page.
    pub(crate) async fn at_work(world: &World, slug: &'static str, name: &'static str, coordinates: bool) -> Self {
        let mut ines = Self::hire(world, slug, name, coordinates).await;
        ines.sign_in(world).await.says("What came");
        ines
    }

    /// The same, and they have said that they know nobody.
    pub(crate) async fn ready(world: &World, slug: &'static str, name: &'static str, coordinates: bool) -> Self {
        let mut ines = Self::at_work(world, slug, name, coordinates).await;
        let known = ines.tab.get("/inbox/known").await.expect(200).form("/known");
        assert_eq!(ines.tab.submit(&known, &[("nobody", "true")]).await.leads_to(), Some("/inbox"));
        ines
    }

    pub(crate) fn code(&self, world: &World) -> String {
        door::code_at(&self.secret, u64::try_from(world.clock.now().seconds()).unwrap()).unwrap()
    }

    pub(crate) async fn sign_in(&mut self, world: &World) -> Page {
        let form = self.tab.get("/inbox/sign-in").await.expect(200).form("/inbox/sign-in");
        let code = self.code(world);
        self.tab.follow(&form, &[("username", self.name), ("password", PASSWORD), ("code", &code)]).await
    }

    pub(crate) async fn read(&mut self, id: &str) -> Page {
        self.tab.get(&format!("/inbox/{id}")).await
    }

    /// Sends the form of an answer, with these fields.
    pub(crate) async fn says(&mut self, id: &str, leaf: &str, filled: &[(&str, &str)]) -> Page {
        let form = self.tab.get(&format!("/inbox/{id}/{leaf}")).await.expect(200).form(leaf);
        self.tab.follow(&form, filled).await
    }
}

/// Opens these ways in to a service, and no other.
pub(crate) async fn opens(world: &World, slug: &'static str, ways: &'static [WayIn]) {
    let until = world.clock.now().plus(std::time::Duration::from_hours(300 * 24));
    let open = move |tx: &mut Unit<'_>| {
        let agreement = Agreement { by: "Lena and the service".to_owned(), until, mail: None };
        directory::open(tx, slug, ways.to_vec(), agreement)
    };
    world.app.write(TEST, open).await.unwrap();
    world.app.read_directory().await.unwrap();
}

#[test]
fn one_is_walked_by_a_person_to_the_close() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        opens(&world, "harbour", &[WayIn::Inbox]).await;
        let consent = scene.consent(&world, "harbour", &[]).await;
        let body = referral(&world, scene.service("harbour"), &consent);
        // Nobody is there who could receive it.
        let refused = scene.lead.act(&scene.case, "referrals", &body).await.expect(422);
        assert_eq!(refused.errors(), ["/service_id nobody_receives"]);
        let mut ines = Ines::at_work(&world, "harbour", "ines", false).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        ines.tab
            .get("/inbox?state=sent")
            .await
            .expect(200)
            .says("Say first whom you know")
            .says("that somebody reads it");
        // It opens when they have said whom they know, be it nobody: until then nobody has received it.
        ines.read(&id).await.expect(403).says("Say first whom you know");
        assert_eq!(scene.states(&scene.lead).await["harbour"], "sent");
        let known = ines.tab.get("/inbox/known").await.expect(200).form("/known");
        ines.tab.submit(&known, &[]).await.expect(422).says("What do you know of them?");
        ines.tab.submit(&known, &[("nobody", "true")]).await.expect(303);
        let page = ines.read(&id).await.expect(200);
        page.says("Read, not answered").says("Say that you call about the allotment.").says("You contact her.");
        assert_eq!(scene.states(&scene.lead).await["harbour"], "received");
        let read = crate::rights::events(&world, &scene.case, "referral_read").await;
        assert_eq!((read.len(), &read[0]["scopes"]), (1, &json!("identity contact statement")));
        // Its answers. The same form twice is one answer.
        let accept = page.form("/accept");
        ines.tab.follow(&accept, &[]).await.expect(200).says("You have taken it on.");
        ines.tab.follow(&accept, &[]).await.expect(200).says("Taken on");
        world.pass(60);
        ines.says(&id, "unable-to-contact", &[("words", "She did not answer.")]).await.says("Not reached");
        world.pass(60);
        ines.says(&id, "contacted", &[]).await.says("In contact");
        ines.says(&id, "close", &[]).await.expect(422).says("How did it end?");
        world.pass(60);
        ines.says(&id, "close", &[("outcome", "supported"), ("words", "Ines met her.")]).await.says("Closed");
        ines.says(&id, "contacted", &[]).await.expect(409);
        scene.lead = world.signed_in_again(&scene.lead).await;
        let list = scene.list(&scene.lead).await;
        let steps = list["data"][0]["steps"].as_array().unwrap();
        let by = |step: &str| steps.iter().find(|one| one["step"] == step).unwrap();
        assert_eq!((&by("accept")["by"], &by("accept")["by_id"]), (&json!("service"), &json!(ines.id)));
        assert_eq!(by("close")["words"], "Ines met her.");
        // Its content is there for fourteen days.
        ines.read(&id).await.expect(200).says("allotment");
        world.pass(14 * 86_400);
        ines.sign_in(&world).await;
        let page = ines.read(&id).await.expect(200);
        assert!(!page.words().contains("allotment"), "{}", page.words());
    });
}

#[test]
fn what_one_took_on_opens_to_them_and_to_whoever_coordinates() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        opens(&world, "harbour", &[WayIn::Inbox, WayIn::Api]).await;
        let mut ines = Ines::ready(&world, "harbour", "ines", false).await;
        let mut omar = Ines::ready(&world, "harbour", "omar", false).await;
        let mut kim = Ines::ready(&world, "harbour", "kim", true).await;
        let machine = world.partner("harbour", Mode::Live, ALL).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        // Before anybody has taken it on, it is for whoever comes first.
        for who in [&mut ines, &mut omar, &mut kim] {
            who.read(&id).await.expect(200).says("allotment");
        }
        assert_ne!(machine.read(&id).await.expect(200).json()["content"], Value::Null);
        let late = omar.read(&id).await.form("/accept");
        ines.says(&id, "accept", &[]).await.says("You have taken it on.");
        ines.read(&id).await.says("allotment");
        // Nobody else has taken it on by pressing the same, and nobody else goes on with it.
        omar.tab.submit(&late, &[]).await.expect(409);
        omar.says(&id, "decline", &[("decline_reason", "no_capacity")]).await.expect(409);
        omar.says(&id, "contacted", &[]).await.expect(409);
        machine.says(&id, "close", &json!({"outcome": "supported"})).await.expect(409);
        assert!(!omar.read(&id).await.words().contains("Say that you are done"));
        kim.read(&id).await.says("allotment");
        let page = omar.read(&id).await.expect(200);
        page.says("It opens to whoever took it on");
        assert!(!page.words().contains("allotment"));
        assert_eq!(machine.read(&id).await.expect(200).json()["content"], Value::Null);
        // A hand in the database makes nobody the one who took it on, and nobody coordinate.
        world.tamper(&format!("UPDATE referral_moves SET by_id = '{}'", omar.id));
        assert!(!omar.read(&id).await.words().contains("allotment"));
        // When neither can come in any more, she is not left with nobody who can read it.
        for name in ["ines", "kim"] {
            assert!(!omar.read(&id).await.words().contains("allotment"), "{name}");
            world.app.write(TEST, move |tx| accounts::close(tx, name)).await.unwrap();
        }
        omar.read(&id).await.says("allotment");
        assert_eq!(kim.read(&id).await.leads_to().map(|to| to.split('?').next().unwrap()), Some("/inbox/sign-in"));
    });
}

#[test]
fn whom_somebody_knows_is_not_there_for_them_and_stays_for_the_others() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        opens(&world, "harbour", &[WayIn::Inbox]).await;
        let mut ines = Ines::ready(&world, "harbour", "ines", true).await;
        let mut omar = Ines::ready(&world, "harbour", "omar", false).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        let read = ines.read(&id).await.expect(200);
        let accept = read.form("/accept");
        ines.tab.follow(&accept, &[]).await.says("You have taken it on.");
        let known = ines.tab.get("/inbox/known").await.form("/known");
        for (kind, value) in [
            ("phone", "07700900123"),
            ("phone", "null"),
            ("phone", ""),
            ("", "+447700900123"),
            ("email", "a"),
            ("shoe", "x"),
        ] {
            let page = ines.tab.submit(&known, &[("kind", kind), ("value", value)]).await.expect(422);
            page.says("There is a problem");
        }
        // In the digits of another keyboard.
        let page = ines.tab.follow(&known, &[("kind", "phone"), ("value", "+٤٤ ٧٧٠٠ ٩٠٠١٢٣")]).await;
        page.says("It is noted.");
        let missing = format!("/inbox/ref_{}", "0".repeat(26));
        let (gone, none) = (ines.read(&id).await.expect(404), ines.tab.get(&missing).await.expect(404));
        let plain = |page: &Page| page.words().split("Reference for the operator").next().unwrap().to_owned();
        assert_eq!(plain(&gone), plain(&none));
        // Neither a form of it nor an answer that was given before.
        ines.tab.get(&format!("/inbox/{id}/close")).await.expect(404);
        ines.tab.submit(&accept, &[]).await.expect(404);
        ines.tab.get("/inbox").await.expect(200).says("Nothing stands here.");
        omar.tab.get("/inbox").await.expect(200).says("Taken on");
    });
}

#[test]
fn trials_and_other_services_are_not_there() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        opens(&world, "harbour", &[WayIn::Inbox, WayIn::Api]).await;
        opens(&world, "lantern", &[WayIn::Inbox]).await;
        let (mut ines, mut lena) =
            (Ines::ready(&world, "harbour", "ines", true).await, Ines::ready(&world, "lantern", "lena", true).await);
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        lena.read(&id).await.expect(404);
        lena.tab.get(&format!("/inbox/{id}/accept")).await.expect(404);
        lena.tab.get("/inbox").await.says("Nothing stands here.");
        // By the telephone alone nobody reads; by the inbox alone no trial is received.
        let trial = scene.on_trial(&world).await;
        let consent = trial.consent(&world, "lantern", &[]).await;
        let body = referral(&world, trial.service("lantern"), &consent);
        let refused = trial.lead.act(&trial.case, "referrals", &body).await.expect(422);
        assert_eq!(refused.errors(), ["/service_id nobody_receives"]);
        let machine = world.partner("harbour", Mode::Test, ALL).await;
        let consent = trial.consent(&world, "harbour", &[]).await;
        let drafted =
            trial.lead.act(&trial.case, "referrals", &referral(&world, trial.service("harbour"), &consent)).await;
        let (on_trial, tag) = tagged(&drafted.expect(201));
        trial.act(&trial.lead, &(on_trial.clone(), tag), "send", &json!({})).await.expect(200);
        machine.read(&on_trial).await.expect(200);
        ines.read(&on_trial).await.expect(404);
        let list = ines.tab.get("/inbox").await.expect(200);
        assert!(list.body.contains(&id) && !list.body.contains(&on_trial));
    });
}

#[test]
fn what_was_written_comes_back_when_a_session_has_ended() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        opens(&world, "harbour", &[WayIn::Inbox]).await;
        let mut ines = Ines::ready(&world, "harbour", "ines", true).await;
        let mut omar = Ines::ready(&world, "harbour", "omar", true).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        let form = ines.tab.get(&format!("/inbox/{id}/decline")).await.expect(200).form("/decline");
        // A quarter of an hour without a call, and it has ended; a call keeps it awake.
        world.pass(14 * 60);
        ines.tab.get("/inbox").await.expect(200);
        world.pass(14 * 60);
        ines.tab.get("/inbox").await.expect(200);
        world.pass(15 * 60);
        let written = [("decline_reason", "no_capacity"), ("words", "We are full until Monday. \u{1f494}")];
        let page = ines.tab.submit(&form, &written).await.expect(401);
        page.says("What you wrote is not lost.");
        let door = page.form("/inbox/sign-in");
        // It is sealed for whoever the form was made for.
        let code = omar.code(&world);
        let theirs = omar.tab.follow(&door, &[("username", "omar"), ("password", PASSWORD), ("code", &code)]).await;
        assert!(!theirs.words().contains("until Monday"), "{}", theirs.words());
        let code = ines.code(&world);
        let page = ines.tab.follow(&door, &[("username", "ines"), ("password", PASSWORD), ("code", &code)]).await;
        page.expect(200).says("What you wrote is back").says("We are full until Monday. \u{1f494}");
        assert_eq!(
            scene.states(&world.signed_in_again(&scene.lead).await).await["harbour"],
            "received",
            "it was read, and nothing was sent"
        );
        let back = ines.tab.get(&format!("/inbox/{id}/decline")).await.expect(200).form("/decline");
        ines.tab.follow(&back, &written).await.says("You have said no.");
        let scene_lead = world.signed_in_again(&scene.lead).await;
        assert_eq!(scene.states(&scene_lead).await["harbour"], "declined");
    });
}

#[test]
fn whether_there_is_room_is_said_on_a_page() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        opens(&world, "harbour", &[WayIn::Inbox]).await;
        let mut ines = Ines::at_work(&world, "harbour", "ines", false).await;
        let page = ines.tab.get("/inbox/capacity").await.expect(200);
        let form = page.says("You take people now.").form("/capacity");
        for wrong in ["", "2", "-1", "null", "1e9", "\u{663}"] {
            ines.tab.submit(&form, &[("days", wrong)]).await.expect(422).says("There is a problem");
        }
        ines.tab.follow(&form, &[("days", "7")]).await.expect(200).says("You take nobody until");
        let consent = scene.consent(&world, "harbour", &[]).await;
        let body = referral(&world, scene.service("harbour"), &consent);
        let refused = scene.lead.act(&scene.case, "referrals", &body).await.expect(422);
        assert_eq!(refused.errors(), ["/service_id full"]);
        let form = ines.tab.get("/inbox/capacity").await.form("/capacity");
        ines.tab.follow(&form, &[("days", "0")]).await.expect(200).says("You take people now.");
        scene.lead.act(&scene.case, "referrals", &body).await.expect(201);
    });
}

#[test]
fn what_one_service_took_on_and_gave_back_is_for_whoever_comes_first_at_the_next() {
    on_both(|world| async move {
        let mut scene = Scene::set(&world).await;
        opens(&world, "harbour", &[WayIn::Inbox]).await;
        opens(&world, "lantern", &[WayIn::Inbox]).await;
        let mut ines = Ines::ready(&world, "harbour", "ines", false).await;
        let mut luca = Ines::ready(&world, "lantern", "luca", false).await;
        Ines::ready(&world, "lantern", "lena", true).await;
        let (id, _) = scene.sent(&world, "harbour", &["lantern"]).await;
        ines.read(&id).await.expect(200);
        ines.says(&id, "accept", &[]).await.says("You have taken it on.");
        ines.says(&id, "decline", &[("decline_reason", "no_capacity")]).await.says("You have said no.");
        scene.lead = world.signed_in_again(&scene.lead).await;
        let list = scene.list(&scene.lead).await;
        let tag = format!("\"{}\"", list["data"][0]["version"]);
        let next = json!({"service_id": scene.service("lantern"), "label": "the book club"});
        let sent = scene.act(&scene.lead, &(id, tag), "replace", &next).await.expect(200).json();
        let next = sent["id"].as_str().unwrap();
        luca.read(next).await.expect(200).says("allotment");
        luca.says(next, "accept", &[]).await.says("You have taken it on.");
    });
}

#[test]
fn two_who_say_at_once_whom_they_know_are_both_heard() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        opens(&world, "harbour", &[WayIn::Inbox]).await;
        let mut ines = Ines::ready(&world, "harbour", "ines", true).await;
        let form = ines.tab.get("/inbox/known").await.form("/known");
        let (mut one, mut other) = (ines.tab.clone(), ines.tab.clone());
        let known = |value| [("kind", "email"), ("value", value)];
        let (first, second) = (known("a@mail.example"), known("b@mail.example"));
        let both = futures_util::future::join(one.submit(&form, &first), other.submit(&form, &second)).await;
        assert_eq!((both.0.status, both.1.status), (303, 303));
        let account = world.app.read(|rx| accounts::named(rx, "ines")).await.unwrap();
        let said = crate::rights::events(&world, scene.service("harbour"), "partner_declared").await;
        assert_eq!(said.iter().filter(|event| event["people"] == 1).count(), 2);
        assert!(recourse::domain::directory::declared_of(&account) >= 2, "one wall was lost");
    });
}

//! Accounts of people at services: how they come in, when they end, and what somebody with a hand in the database can make of them.

use recourse::domain::directory::{self, WayIn};
use recourse::domain::people::partners::accounts;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::domain::watch::soundness;

use crate::harness::process::Service;
use crate::harness::tab::Tab;
use crate::harness::{Database, TEST, databases, fresh_database, on_both};
use crate::inbox::{Ines, PASSWORD, opens};
use crate::partners::ALL;
use crate::referrals::Scene;

/// Whether the session of this tab lives.
async fn is_in(tab: &mut Tab) -> bool {
    tab.get("/inbox").await.status == 200
}

#[test]
fn ten_wrong_codes_close_a_second_factor_and_a_code_works_once() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        opens(&world, "harbour", &[WayIn::Inbox]).await;
        let mut ines = Ines::hire(&world, "harbour", "ines", false).await;
        let door = ines.tab.get("/inbox/sign-in").await.expect(200).form("/inbox/sign-in");
        let code = ines.code(&world);
        ines.tab.submit(&door, &[("username", "Ines "), ("password", PASSWORD), ("code", &code)]).await.expect(303);
        let used = ines.tab.submit(&door, &[("username", "ines"), ("password", PASSWORD), ("code", &code)]).await;
        let wrong = used.expect(401).words();
        // A name that is nobody's, a colleague's, and a wrong password are answered alike.
        world.staff(Role::Lead).await;
        for (name, password) in [("nobody", PASSWORD), ("lead-0", PASSWORD), ("ines", "wrong horse battery")] {
            world.pass(1);
            let page = ines.tab.submit(&door, &[("username", name), ("password", password), ("code", "000000")]).await;
            assert_eq!(page.expect(401).words(), wrong, "{name}");
        }
        for _ in 0..10 {
            world.pass(1);
            ines.tab
                .submit(&door, &[("username", "ines"), ("password", PASSWORD), ("code", "000000")])
                .await
                .expect(401);
        }
        world.pass(60);
        let code = ines.code(&world);
        let page = ines.tab.submit(&door, &[("username", "ines"), ("password", PASSWORD), ("code", &code)]).await;
        page.expect(401).says("Call whoever gave you the account");
        // Nobody can receive there any more.
        let consent = scene.consent(&world, "harbour", &[]).await;
        let body = crate::referrals::referral(&world, scene.service("harbour"), &consent);
        let refused = scene.lead.act(&scene.case, "referrals", &body).await.expect(422);
        assert_eq!(refused.errors(), ["/service_id nobody_receives"]);
        assert!(world.app.write(TEST, |tx| accounts::open_second_factor(tx, "ines")).await.unwrap());
        world.pass(60);
        ines.sign_in(&world).await.says("What came");
        // What was refused is one event of the service's record, and none of anybody else's.
        world.run_jobs().await;
        let events = crate::rights::events(&world, scene.service("harbour"), "partner_sign_in_failed").await;
        assert_eq!(events.iter().map(|event| event["tries"].as_u64().unwrap()).sum::<u64>(), 13, "{events:?}");
    });
}

#[test]
fn the_session_of_one_surface_opens_no_other() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        opens(&world, "harbour", &[WayIn::Inbox, WayIn::Api]).await;
        let mut ines = Ines::ready(&world, "harbour", "ines", true).await;
        let token = ines.tab.cookie.clone().unwrap().split_once('=').unwrap().1.to_owned();
        let colleague = Tab::of(&world, &scene.lead).await;
        let theirs = colleague.cookie.clone().unwrap().split_once('=').unwrap().1.to_owned();
        let mut nobody = Tab::of_nobody(&world);
        for cookie in
            [format!("__Host-recourse={token}"), format!("__Host-inbox={theirs}"), format!("__Host-recourse={theirs}")]
        {
            nobody.cookie = Some(cookie.clone());
            assert!(
                nobody.get("/inbox").await.leads_to().is_some_and(|to| to.starts_with("/inbox/sign-in")),
                "{cookie}"
            );
        }
        for cookie in
            [format!("__Host-recourse={token}"), format!("__Host-inbox={token}"), format!("__Host-inbox={theirs}")]
        {
            nobody.cookie = Some(cookie.clone());
            let page = nobody.get("/console").await;
            assert!(page.leads_to().is_some_and(|to| to.starts_with("/console/sign-in")), "{cookie}");
        }
        // Nor a program's operation, with either.
        for path in ["/v1/partner/referrals", "/v1/triage/cases", "/v1/reports/rep_00000000000000000000000000"] {
            world.caller(&token).get(path).await.expect(401);
        }
        // Both are signed in beside each other, and each out alone.
        let out = ines.tab.get("/inbox").await.form("/sign-out");
        ines.tab.submit(&out, &[]).await.expect(303);
        assert!(!is_in(&mut ines.tab).await);
        ines.tab.cookie = Some(format!("__Host-inbox={token}"));
        assert!(!is_in(&mut ines.tab).await, "signing out ends the session itself");
    });
}

#[test]
fn whoever_loses_an_account_is_out_at_once() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        opens(&world, "harbour", &[WayIn::Inbox]).await;
        opens(&world, "lantern", &[WayIn::Inbox]).await;
        let mut ines = Ines::ready(&world, "harbour", "ines", true).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        let accept = ines.read(&id).await.form("/accept");
        let hash = world.app.passwords.hash(recourse::base::secret::Sensitive::new(PASSWORD.to_owned())).await.unwrap();
        let totp = ines.secret.clone();
        world.app.write(TEST, move |tx| accounts::reset(tx, "ines", &hash, &totp)).await.unwrap();
        assert!(!is_in(&mut ines.tab).await);
        // The password was given anew: they choose one.
        world.pass(60);
        let door = ines.tab.get("/inbox/sign-in").await.form("/inbox/sign-in");
        let code = ines.code(&world);
        let with = [("username", "ines"), ("password", PASSWORD), ("code", code.as_str())];
        let asked = ines.tab.submit(&door, &with).await.expect(422);
        asked.says("A new password of your own");
        let chosen = [with.as_slice(), &[("new_password", "a garden full of turnips")]].concat();
        ines.tab.follow(&asked.form("/inbox/sign-in"), &chosen).await.says("What came");
        world.app.write(TEST, |tx| accounts::close(tx, "ines")).await.unwrap();
        ines.tab.submit(&accept, &[]).await.expect(401);
        assert!(!is_in(&mut ines.tab).await);
        // With the service go the accounts of its people.
        let mut lena = Ines::ready(&world, "lantern", "lena", true).await;
        world.app.write(TEST, |tx| directory::retire(tx, "lantern")).await.unwrap();
        assert!(!is_in(&mut lena.tab).await);
    });
}

#[test]
fn a_hand_in_the_database_makes_nobody_somebody() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        for slug in ["harbour", "lantern"] {
            opens(&world, slug, &[WayIn::Inbox]).await;
        }
        let mut ines = Ines::at_work(&world, "harbour", "ines", false).await;
        let (harbour, lantern) = (scene.service("harbour"), scene.service("lantern"));
        for (change, back) in [
            (format!("service_id = '{lantern}'"), format!("service_id = '{harbour}'")),
            ("coordinates = TRUE".to_owned(), "coordinates = FALSE".to_owned()),
            ("declared_at = 1".to_owned(), "declared_at = NULL".to_owned()),
            ("username = 'kim'".to_owned(), "username = 'ines'".to_owned()),
            ("password_hash = '$none$'".to_owned(), String::new()),
        ] {
            world.tamper("CREATE TABLE kept AS SELECT password_hash FROM partner_accounts");
            world.tamper(&format!("UPDATE partner_accounts SET {change}"));
            assert!(!is_in(&mut ines.tab).await, "{change}");
            let found = world.app.read(soundness::proofs).await.unwrap();
            assert!(
                found.iter().any(|one| one.table == "partner_accounts" && one.id == ines.id),
                "{change}: {found:?}"
            );
            let back =
                if back.is_empty() { "password_hash = (SELECT password_hash FROM kept)".to_owned() } else { back };
            world.tamper(&format!("UPDATE partner_accounts SET {back}; DROP TABLE kept"));
            assert!(is_in(&mut ines.tab).await, "{back}");
        }
        // A session that is moved to another account, or made to last, is none.
        let other = Ines::hire(&world, "lantern", "lena", true).await;
        for (change, back) in [
            (format!("account_id = '{}'", other.id), format!("account_id = '{}'", ines.id)),
            ("expires_at = expires_at + 1".to_owned(), "expires_at = expires_at - 1".to_owned()),
        ] {
            world.tamper(&format!("UPDATE partner_sessions SET {change}"));
            assert!(!is_in(&mut ines.tab).await, "{change}");
            let found = world.app.read(soundness::proofs).await.unwrap();
            assert!(found.iter().any(|one| one.table == "partner_sessions"), "{change}: {found:?}");
            world.tamper(&format!("UPDATE partner_sessions SET {back}"));
        }
        assert!(is_in(&mut ines.tab).await);
        // What the door remembers is proved as well.
        world.tamper(&format!("UPDATE sign_ins SET given_password = TRUE WHERE partner_id = '{}'", ines.id));
        let found = world.app.read(soundness::proofs).await.unwrap();
        assert!(found.iter().any(|one| one.table == "sign_ins" && one.id == ines.id), "{found:?}");
        world.pass(60);
        let form = ines.tab.get("/inbox/sign-in").await.form("/inbox/sign-in");
        let code = ines.code(&world);
        let with = [("username", "ines"), ("password", PASSWORD), ("code", code.as_str())];
        ines.tab.submit(&form, &with).await.expect(500);
    });
}

#[test]
fn one_damaged_row_keeps_nobody_else_from_reading_and_receiving() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        opens(&world, "harbour", &[WayIn::Inbox]).await;
        let mut ines = Ines::ready(&world, "harbour", "ines", false).await;
        let mut omar = Ines::ready(&world, "harbour", "omar", false).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        for column in ["id = 'broken'", "username = ''", "declared_at = -1", "totp_secret = password_hash"] {
            let column = if world.config.database_url.is_some() {
                column.replace("= password_hash", "= convert_to(password_hash, 'UTF8')")
            } else {
                column.to_owned()
            };
            for table in ["partner_accounts", "partner_sessions"] {
                world.tamper(&format!(
                    "DROP TABLE IF EXISTS kept_{table}; CREATE TABLE kept_{table} AS SELECT * FROM {table}"
                ));
            }
            world.tamper(&format!("UPDATE partner_accounts SET {column} WHERE username = 'ines'"));
            assert!(!is_in(&mut ines.tab).await, "{column}");
            omar.read(&id).await.expect(200).says("allotment");
            assert!(world.app.read(|rx| accounts::named(rx, "omar")).await.is_ok());
            world.app.raise_high_water().await.unwrap();
            world.tamper(
                "DELETE FROM partner_accounts; INSERT INTO partner_accounts SELECT * FROM kept_partner_accounts",
            );
            assert!(is_in(&mut ines.tab).await, "{column}");
        }
        // Nor does a row of the door: whoever has another account comes in, and referrals are still received.
        world.tamper(&format!("UPDATE sign_ins SET id = 'broken', closed_at = 1 WHERE partner_id = '{}'", ines.id));
        world.pass(60);
        omar.sign_in(&world).await.says("What came");
        scene.sent(&world, "harbour", &[]).await;
    });
}

#[test]
fn an_older_database_gives_no_closed_account_back() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        opens(&world, "harbour", &[WayIn::Inbox]).await;
        let mut ines = Ines::at_work(&world, "harbour", "ines", false).await;
        let tables = ["partner_accounts", "partner_sessions", "services", "audit_events"];
        for table in tables {
            world.tamper(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}"));
        }
        world.app.write(TEST, |tx| accounts::close(tx, "ines")).await.unwrap();
        world.app.raise_high_water().await.unwrap();
        for table in tables {
            world.tamper(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}"));
        }
        assert!(is_in(&mut ines.tab).await);
        recourse::app::open(world.config.clone(), world.clock.clone()).await.unwrap();
        assert!(!is_in(&mut ines.tab).await, "the next start knows better");
        drop(scene);
    });
}

#[test]
fn a_machine_that_is_void_leaves_nobody_without_an_answer() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        opens(&world, "harbour", &[WayIn::Inbox, WayIn::Api]).await;
        let machine = world.partner("harbour", Mode::Live, ALL).await;
        let mut omar = Ines::ready(&world, "harbour", "omar", false).await;
        let (id, _) = scene.sent(&world, "harbour", &[]).await;
        machine.read(&id).await.expect(200);
        machine.says(&id, "accept", &serde_json::json!({})).await.expect(200);
        assert!(!omar.read(&id).await.expect(200).words().contains("allotment"));
        let client = machine.client_id.parse().unwrap();
        let revoke =
            move |tx: &mut recourse::domain::unit::Unit<'_>| recourse::domain::people::partners::revoke(tx, &client);
        world.app.write(TEST, revoke).await.unwrap();
        omar.read(&id).await.expect(200).says("allotment");
    });
}

fn services() -> impl Iterator<Item = Service> {
    databases().into_iter().map(|database| {
        Service::new(match database {
            Database::Sqlite => None,
            Database::Postgres => Some(fresh_database()),
        })
    })
}

fn said(service: &Service, arguments: &[&str]) -> (bool, String) {
    let output = service.run(arguments);
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn accounts_are_kept_by_the_programs_own_commands() {
    for service in services() {
        drop(actix_web::rt::System::new().block_on(service.open()));
        let file = service.data().join("services.toml");
        std::fs::write(&file, include_str!("../../src/demo/services.toml")).unwrap();
        let (done, text) = said(&service, &["services", "import", file.to_str().unwrap()]);
        assert!(done, "{text}");
        let account = |arguments: &[&str]| said(&service, &[&["admin", "service", "account"], arguments].concat());
        let (done, text) = account(&["add", "nowhere", "ines"]);
        assert!(!done && text.contains("services list"), "{text}");
        let (done, text) = account(&["add", "harbour", "-ines"]);
        assert!(!done, "{text}");
        let (done, text) = account(&["add", "harbour", "Ines", "--coordinates"]);
        assert!(done && text.starts_with("username:    ines\npassword:    "), "{text}");
        assert!(text.contains("otpauth://") && text.contains("/inbox/known"), "{text}");
        let (done, text) = account(&["add", "harbour", "ines"]);
        assert!(!done && text.contains("this name is taken"), "{text}");
        let (done, text) = account(&["list", "harbour"]);
        assert!(done && text.contains(" ines coordinates; has not said whom they know"), "{text}");
        let (_, text) = account(&["list", "harbour", "--json"]);
        let listed: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(listed["data"][0]["coordinates"], true, "{text}");
        let (done, text) = account(&["reset", "ines"]);
        assert!(done && text.contains("totp secret: "), "{text}");
        let (done, text) = account(&["open-second-factor", "ines"]);
        assert!(done && text.contains("it was open"), "{text}");
        let (done, text) = account(&["close", "ines"]);
        assert!(
            done && text.contains("closed") && text.contains("nobody of this service can read the inbox now"),
            "{text}"
        );
        let (done, text) = account(&["close", "ines"]);
        assert!(!done && text.contains("admin service account list"), "{text}");
        let mark = std::fs::read_to_string(service.data().join("highwater.json")).unwrap();
        assert!(mark.contains("\"closed_partners\": [\n    \"ptn_"), "{mark}");
        let (_, text) = account(&["list", "harbour"]);
        assert_eq!(text, "");
        assert!(account(&["add", "harbour", "ines"]).0, "the name is free again");
    }
}

#[test]
fn a_colleague_of_the_same_name_is_somebody_else() {
    on_both(|world| async move {
        let scene = Scene::set(&world).await;
        let name: &'static str = Box::leak(scene.lead.username.clone().into_boxed_str());
        let mut theirs = Ines::at_work(&world, "harbour", name, false).await;
        assert!(is_in(&mut theirs.tab).await);
        let colleague = Tab::of(&world, &scene.lead).await.get("/console").await;
        colleague.expect(200);
    });
}

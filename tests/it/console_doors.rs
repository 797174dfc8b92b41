//! Signing in and out with a browser: whose cookie is anybody's, where somebody goes on, and what is left afterwards.

use recourse::base::secret::Sensitive;
use recourse::domain::people::door;
use recourse::domain::people::staff::{self, NewMember, Role};
use reqwest::Method;

use crate::harness::client::full;
use crate::harness::tab::Tab;
use crate::harness::{TEST, World, on_both};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// An account with a password, and the secret of its second factor.
pub(crate) async fn account(world: &World, name: &'static str, is_given: bool) -> Sensitive<Vec<u8>> {
    let totp_secret = door::new_secret();
    let password_hash = world.app.passwords.hash(Sensitive::new(PASSWORD.to_owned())).await.unwrap();
    let secret = totp_secret.clone();
    let add = move |tx: &mut recourse::domain::unit::Unit<'_>| {
        let (username, role, queues) = (name.to_owned(), Role::Advocate, Vec::new());
        staff::add(tx, NewMember { username, role, queues, password_hash, is_given, totp_secret, same_person_as: None })
    };
    world.app.write(TEST, add).await.unwrap();
    secret
}

pub(crate) fn code(world: &World, secret: &Sensitive<Vec<u8>>) -> String {
    let seconds = u64::try_from(world.clock.now().seconds()).unwrap();
    door::code_at(secret, seconds).unwrap()
}

#[test]
fn somebody_signs_in_is_led_on_and_signs_out() {
    on_both(|world| async move {
        let secret = account(&world, "amina", false).await;
        let mut tab = Tab::of_nobody(&world);
        let page = tab.get("/console?queue=children").await.expect(303);
        let door = page.leads_to().unwrap().to_owned();
        assert_eq!(door, "/console/sign-in?next=/console%3Fqueue%3Dchildren");
        let page = tab.get(&door).await.expect(200);
        let form = page.form("/sign-in");
        assert!(page.body.contains("type=\"password\" id=\"password\""), "nobody reads it over a shoulder");

        let wrong = tab.submit(&form, &[("username", "amina"), ("password", PASSWORD), ("code", "000000")]).await;
        wrong.expect(401).says("is not right").form("/sign-in");
        assert_eq!(tab.cookie, None);

        let code = code(&world, &secret);
        let page =
            tab.submit(&form, &[("username", "Amina"), ("password", PASSWORD), ("code", &code)]).await.expect(303);
        let set = page.headers["set-cookie"].to_str().unwrap().to_owned();
        for part in ["__Host-recourse=rcs_page_", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
            assert!(set.contains(part), "{set}");
        }
        assert!(!set.contains("Max-Age") && !set.contains("Expires") && !set.contains("Domain"), "{set}");
        let arrived = page.leads_to().unwrap().to_owned();
        assert_eq!(tab.get(&arrived).await.expect(303).leads_to(), Some("/console?queue=children"));
        let page = tab.get("/console").await.expect(200);
        page.says("amina").says("Take the most urgent");

        let page = tab.submit(&page.form("/sign-out"), &[]).await.expect(303);
        assert_eq!(page.leads_to(), Some("/console/sign-in?out=1"));
        assert_eq!(page.headers["clear-site-data"], "\"cookies\", \"storage\"");
        assert_eq!(tab.cookie, None);
        tab.get("/console/sign-in?out=1").await.expect(200).says("You are signed out");
    });
}

#[test]
fn a_given_password_is_changed_at_the_first_sign_in() {
    on_both(|world| async move {
        let secret = account(&world, "amina", true).await;
        let mut tab = Tab::of_nobody(&world);
        let form = tab.get("/console/sign-in").await.expect(200).form("/sign-in");
        let first = code(&world, &secret);
        let page =
            tab.submit(&form, &[("username", "amina"), ("password", PASSWORD), ("code", &first)]).await.expect(422);
        page.says("Choose a password of your own");
        world.pass(60);
        let next = code(&world, &secret);
        let own =
            [("username", "amina"), ("password", PASSWORD), ("code", &next), ("new_password", "a quite other phrase")];
        tab.submit(&page.form("/sign-in"), &own).await.expect(303);
        tab.get("/console").await.expect(200);
    });
}

#[test]
fn a_cookie_is_no_bearer_and_a_bearer_is_no_cookie() {
    on_both(|world| async move {
        let who = world.staff(Role::Advocate).await;
        let tab = Tab::of(&world, &who).await;
        let token = tab.cookie.clone().unwrap().split_once('=').unwrap().1.to_owned();
        world.caller(&token).get("/v1/triage/queues").await.expect(401);

        let api = who.caller.token.clone();
        let mut with_api = Tab { cookie: Some(format!("__Host-recourse={api}")), ..tab.clone() };
        with_api.get("/console").await.expect(303);
        // Nor where somebody with a hand in the database has changed what carries it.
        world.tamper("UPDATE staff_sessions SET kind = 'page' WHERE kind = 'api'");
        with_api.get("/console").await.expect(303);
        who.caller.get("/v1/triage/queues").await.expect(401);
    });
}

#[test]
fn a_browser_that_keeps_no_cookie_is_told_so_once() {
    on_both(|world| async move {
        let mut tab = Tab::of_nobody(&world);
        let page = tab.get("/console/arrived?next=/console").await.expect(200);
        page.says("did not keep the sign-in").says("Safari does not");
        // What another site wants to be gone on to is not.
        for bad in ["//elsewhere", "https://elsewhere/console", "/v1/triage/cases", "/console/sign-out"] {
            let path = format!("/console/sign-in?next={}", bad.replace('/', "%2F"));
            let page = tab.get(&path).await.expect(200);
            assert!(!page.body.contains("elsewhere") && !page.body.contains("/v1/"), "{bad}");
        }
    });
}

#[test]
fn who_comes_from_a_mail_is_offered_to_go_on() {
    on_both(|world| async move {
        let mut tab = Tab::of_nobody(&world);
        let asked =
            tab.request(Method::GET, "/console/sign-in?next=/console/second").header("Sec-Fetch-Site", "cross-site");
        tab.send(asked).await.expect(200).says("Already signed in? Continue");
        let asked =
            tab.request(Method::GET, "/console/sign-in?next=/console/second").header("Sec-Fetch-Site", "same-origin");
        assert!(!tab.send(asked).await.expect(200).body.contains("Already signed in"));
    });
}

#[test]
fn a_session_ends_when_nobody_does_anything_and_a_list_that_refreshes_is_nobody() {
    on_both(|world| async move {
        let who = world.staff(Role::Advocate).await;
        let mut tab = Tab::of(&world, &who).await;
        tab.get("/console").await.expect(200);
        for _ in 0..5 {
            world.pass(6 * 60);
            tab.get("/console/rows?shown=").await;
        }
        tab.get("/console").await.expect(303);
        tab.get("/console/rows?shown=").await.expect(401);

        let mut tab = Tab::of(&world, &who).await;
        for _ in 0..4 {
            world.pass(20 * 60);
            tab.post("/console/stay", &[]).await.expect(200);
        }
        // Twelve hours end it all the same.
        for _ in 0..31 {
            world.pass(20 * 60);
            tab.post("/console/stay", &[]).await.expect(200);
        }
        world.pass(20 * 60);
        tab.post("/console/stay", &[]).await.expect(401);
    });
}

#[test]
fn forms_come_from_pages_of_ours_alone() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&full("SPK-1")).await;
        let who = world.staff(Role::Advocate).await;
        let mut tab = Tab::of(&world, &who).await;
        let form = tab.get("/console").await.expect(200).form("/take");
        let fields = form.filled(&[]);
        let sent = |tab: &Tab, headers: &[(&'static str, String)]| {
            let request = tab.posting("/console/take", &fields);
            headers.iter().fold(request, |request, (name, value)| request.header(*name, value))
        };
        let site = |value: &str| vec![("Sec-Fetch-Site", value.to_owned())];
        let origin = |value: &str| vec![("Origin", value.to_owned())];
        let refused = [
            site("cross-site"),
            site("same-site"),
            site("none"),
            origin("null"),
            origin("https://elsewhere.example"),
            origin("http://127.0.0.1:1"),
            Vec::new(),
            vec![("Sec-Fetch-Site", "cross-site".to_owned()), ("Origin", world.base.clone())],
        ];
        for headers in refused {
            let request = sent(&tab, &headers);
            tab.send(request).await.expect(403).says("did not come from here");
        }
        // An older browser says where it comes from.
        let request = sent(&tab, &origin(&world.base));
        tab.send(request).await.expect(303);
    });
}

#[test]
fn sessions_are_seen_and_ended_and_letters_stop_being_keys() {
    on_both(|world| async move {
        let who = world.staff(Role::Advocate).await;
        let mut here = Tab::of(&world, &who).await;
        let mut there = Tab::of(&world, &who).await;
        let page = here.get("/console/account").await.expect(200);
        page.says("A browser").says("A tool").says("this one");
        assert!(page.body.contains("data-keys=\"on\""));
        let others =
            page.forms().into_iter().find(|form| form.fields.iter().any(|(_, value)| value == "others")).unwrap();
        here.follow(&others, &[]).await.expect(200).says("Your other sessions have ended.");
        there.get("/console").await.expect(303);
        who.caller.get("/v1/triage/queues").await.expect(401);

        let keys = here.get("/console/account").await.expect(200);
        let keys =
            keys.forms().into_iter().find(|form| form.fields.iter().any(|(name, _)| name == "letter_keys")).unwrap();
        let page = here.follow(&keys, &[]).await.expect(200);
        assert!(page.body.contains("data-keys=\"off\""));
        page.says("Switch letter keys on");
    });
}

//! What somebody wrote in the console, and what stands in a case, is nowhere but where it belongs: not with somebody else who signs
//! in at the same machine, not in titles and addresses, not in the log.

use recourse::base::secret::Sensitive;
use recourse::domain::people::staff::{self, Carrier, Role};
use recourse::web::endpoints;
use serde_json::json;

use crate::console_doors::{PASSWORD, account, code};
use crate::console_walks::{path_of, sit, take};
use crate::harness::client::{new_key, small};
use crate::harness::process::Service;
use crate::harness::tab::{Page, PageForm, Tab};
use crate::harness::{TEST, World, on_both};

/// Signs in by the page, with what it carries.
async fn sign_in(world: &World, form: &PageForm, name: &str, secret: &Sensitive<Vec<u8>>) -> Page {
    // A code counts once.
    world.pass(31);
    let with = code(world, secret);
    let mut tab = Tab::of_nobody(world);
    tab.submit(form, &[("username", name), ("password", PASSWORD), ("code", &with)]).await
}

#[test]
fn what_somebody_wrote_opens_for_them_alone_and_for_an_hour() {
    on_both(|world| async move {
        world.platform("spark").await.submit(&small("SPK-1")).await;
        let (author, other) = (account(&world, "amina", false).await, account(&world, "noor", false).await);
        let mut tab = Tab::of_nobody(&world);
        let form = tab.get("/console/sign-in").await.expect(200).form("/sign-in");
        let with = code(&world, &author);
        tab.follow(&form, &[("username", "amina"), ("password", PASSWORD), ("code", &with)]).await.expect(200);
        let path = path_of(&take(&mut tab).await);
        let form = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
        world.pass(31 * 60);
        let page = tab.submit(&form, &[("text", "Bei ihrer\r\nSchwester.")]).await.expect(401);
        assert!(!page.body.contains("Schwester"), "it is sealed");
        let sign = page.form("/sign-in");
        // Somebody else who signs in at this machine is led to the page of the case, without the words.
        let page = sign_in(&world, &sign, "noor", &other).await.expect(303);
        assert!(!page.body.contains("Schwester"));
        let page = sign_in(&world, &sign, "amina", &author).await.expect(200);
        page.says("What you wrote is back").says("The form has not been sent.");
        assert!(page.body.contains("Bei ihrer\nSchwester.</textarea>"));
        // Whoever changes a letter of it has nothing.
        let carried = sign.fields.iter().find(|(name, _)| name == "carried").unwrap().1.clone();
        let changed = format!("{}{}", if carried.starts_with('A') { 'B' } else { 'A' }, &carried[1..]);
        let changed = PageForm { fields: sign.filled(&[("carried", &changed)]), ..sign.clone() };
        sign_in(&world, &changed, "amina", &author).await.expect(303);
        world.pass(3_600 - 5 * 31);
        sign_in(&world, &sign, "amina", &author).await.expect(200).says("What you wrote is back");
        world.pass(60);
        sign_in(&world, &sign, "amina", &author).await.expect(303);
    });
}

#[test]
fn no_word_of_a_case_stands_in_a_title_or_an_address() {
    on_both(|world| async move {
        let mut body = small("SPK-1");
        body["statement"] = json!("kestrelwords of hers");
        body["subject"] = json!({"display_name": "kestrelname", "platform_account_ref": "kestrelref"});
        world.platform("spark").await.submit(&body).await;
        let (_, mut tab) = sit(&world, Role::Lead).await;
        let path = path_of(&take(&mut tab).await);
        let case = path.rsplit('/').next().unwrap().to_owned();
        let form = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
        let mut pages = vec![tab.follow(&form, &[("text", "kestrelnote of ours")]).await.expect(200)];
        pages.push(tab.submit(&form, &[("text", "kestrelnote of another kind")]).await.expect(422));
        let form = tab.open(&format!("{path}/hold")).await.expect(200).form("/hold");
        pages.push(tab.submit(&form, &[("reason", "kestrelreason of mine")]).await.expect(422));
        let missing = PageForm { action: form.action.replace(&case, "case_00000000000000000000000000"), ..form };
        pages.push(tab.submit(&missing, &[("reason", "kestrelreason of mine")]).await.expect(404));
        for row in endpoints::console().iter().filter(|row| row.method == "GET") {
            let at = row.path.replace("{id}", &case).replace("{act}", "act_00000000000000000000000000");
            let page = tab.get(&at).await;
            if let Some(to) = page.leads_to() {
                assert!(!to.contains("kestrel"), "{to}");
            }
            pages.push(page);
        }
        let known = ["kestrel", "Harassment", "harassment", "spark", case.as_str()];
        let mut titles = 0;
        for page in pages.iter().filter(|page| page.body.contains("<title>")) {
            let title = page.body.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
            assert!(!known.iter().any(|word| title.contains(word)), "{title}");
            titles += 1;
            for name in ["href=\"", "action=\"", "src=\"", "data-refresh=\""] {
                for address in page.body.split(name).skip(1).map(|rest| rest.split('"').next().unwrap()) {
                    assert!(!address.to_lowercase().contains("kestrel"), "{address}");
                }
            }
        }
        assert!(titles > 20, "{titles}");
        assert!(pages.iter().any(|page| page.body.contains("kestrelnote of ours")), "the words were on pages");
    });
}

#[test]
fn no_word_of_a_case_stands_in_the_log() {
    actix_web::rt::System::new().block_on(async {
        let mut service = Service::new(None);
        service.set("RECOURSE_LOG", "trace");
        let credential = service.credential("spark").await;
        let lead = service.lead().await;
        let app = service.open().await;
        let open = |tx: &mut recourse::domain::unit::Unit<'_>| {
            let account = staff::account(tx, "lead")?.unwrap();
            staff::open_session(tx, account, Carrier::Page)
        };
        let token = app.write(TEST, open).await.unwrap().token.into_exposed();
        drop(app);
        service.up().await;
        let word = |part: &str| format!("zq{part}{}", &new_key()[..10]);
        let (said, noted, refused, asked) = (word("said"), word("noted"), word("refused"), word("asked"));
        let mut body = small("SPK-1");
        body["statement"] = json!(format!("{said} of hers"));
        service.sign_in(&credential).await.submit(&body).await;
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let cookie = Some(format!("__Host-recourse={token}"));
        let mut tab = Tab { base: service.base.clone(), cookie, http };
        let page = take(&mut tab).await;
        assert!(page.body.contains(&said));
        let path = path_of(&page);
        let form = tab.open(&format!("{path}/note")).await.expect(200).form("/note");
        let page = tab.follow(&form, &[("text", &format!("{noted} of ours"))]).await.expect(200);
        assert!(page.body.contains(&noted));
        // What is refused is refused in many ways.
        let words = format!("{refused} of ours");
        tab.submit(&form, &[("text", &words)]).await.expect(422);
        let hold = tab.open(&format!("{path}/hold")).await.expect(200).form("/hold");
        tab.submit(&hold, &[("reason", &words), ("hours", &refused)]).await.expect(422);
        tab.submit(&hold, &[("reason", &words), ("hours", "4"), ("version", "0")]).await.expect(412);
        tab.submit(&hold, &[("reason", &words), ("key", &refused)]).await.expect(400);
        let missing =
            PageForm { action: form.action.replace(&path[15..], "case_00000000000000000000000000"), ..form.clone() };
        tab.submit(&missing, &[("text", &words)]).await.expect(404);
        let request = tab.posting(&form.action, &[]).header("Sec-Fetch-Site", "same-origin");
        tab.send(request.body([format!("text={refused}").as_bytes(), b"\xff"].concat())).await.expect(400);
        let mut nobody = Tab { cookie: None, ..tab.clone() };
        nobody.submit(&form, &[("text", &words)]).await.expect(401);
        nobody
            .submit(&nobody.clone().get("/console/sign-in").await.form("/sign-in"), &[("username", &refused)])
            .await
            .expect(401);
        tab.open(&format!("/console/find?q={asked}")).await.expect(200);
        tab.open(&format!("/console?cursor={asked}")).await;
        lead.get("/v1/triage/queues").await.expect(200);
        assert_eq!(service.terminate(), Some(0));
        let log = service.said();
        assert!(log.contains("TRACE") && log.contains("/console/cases/{id}/note"), "the log says all it can");
        for secret in [&said, &noted, &refused, &asked, &token, &path[15..].to_owned()] {
            assert!(
                !log.contains(secret.as_str()),
                "{secret}: {:?}",
                log.lines().find(|line| line.contains(secret.as_str()))
            );
        }
    });
}

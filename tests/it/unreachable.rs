//! Colleagues whom no mail reaches: they have no address, or theirs is refused. Somebody else is told in their place, and
//! nobody earlier than need be.

use recourse::domain::casework::colleagues;
use recourse::domain::ledger::audit;
use recourse::domain::ledger::outbox;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use serde_json::{Value, json};

use crate::harness::TEST;
use crate::harness::World;
use crate::harness::client::{Staff, full};
use crate::harness::smtp::MailServer;
use crate::paging::{reachable, with_server};

async fn submit_p0(world: &World) {
    let mut body = full("PG-1");
    body["answers"] = json!({"not_safe_now": "yes"});
    world.platform("spark").await.submit(&body).await;
}

/// The names before the at signs of the mails from the given one on.
fn to(server: &MailServer, from: usize) -> Vec<String> {
    let mut to: Vec<String> = server.mails()[from..].iter().map(|mail| mail.to.replace("@staff.example", "")).collect();
    to.sort();
    to
}

async fn dead(world: &World) -> i64 {
    world.app.read(outbox::depth).await.unwrap().1
}

/// How high each ring of the only case went.
async fn rungs(world: &World, lead: &Staff) -> Vec<String> {
    let case = lead.case_of("PG-1").await;
    let all = world.app.read(move |rx| audit::list(rx, &case)).await.unwrap();
    let rings = all.iter().filter(|event| event.kind == "on_call_paged");
    let rung = |details: &str| serde_json::from_str::<Value>(details).unwrap()["rung"].as_str().unwrap().to_owned();
    rings.map(|event| rung(&event.details)).collect()
}

#[test]
fn for_whoever_has_no_address_the_next_one_up_is_told_at_once_and_nothing_is_left_dead() {
    with_server(&async |world, server| {
        let on_call = world.staff(Role::Advocate).await;
        world.on_rota(&on_call, 24).await;
        let silent = world.staff(Role::Lead).await;
        let lead = world.staff(Role::Lead).await;
        reachable(&world, &lead, "lead@staff.example", 0).await;
        let high = world.staff(Role::SafeguardingLead).await;
        reachable(&world, &high, "high@staff.example", 0).await;
        submit_p0(&world).await;
        world.pass(120);
        world.run_jobs().await;
        assert_eq!(to(server, 0), ["lead"], "not {}, who would hear nothing", silent.username);
        world.run_jobs().await;
        assert_eq!((to(server, 0).len(), dead(&world).await), (1, 0), "nobody higher is told yet");
        // From now on she can be written to, and the lead sleeps until her ten minutes are over.
        reachable(&world, &on_call, "oncall@staff.example", 0).await;
        world.pass(300);
        world.run_jobs().await;
        assert_eq!(to(server, 1), ["oncall"]);
    });
}

#[test]
fn where_nobody_has_an_address_the_log_rings_by_its_ladder_and_nothing_is_left_dead() {
    with_server(&async |world, server| {
        let on_call = world.staff(Role::Advocate).await;
        world.on_rota(&on_call, 24).await;
        let lead = world.staff(Role::Lead).await;
        submit_p0(&world).await;
        world.pass(120);
        for _ in 0..4 {
            world.run_jobs().await;
            world.pass(300);
        }
        assert_eq!(rungs(&world, &lead).await, ["on_call", "on_call", "lead", "lead"]);
        assert_eq!((to(server, 0), dead(&world).await), (vec!["operator".to_owned(); 4], 0));
    });
}

#[test]
fn of_many_rings_that_nobody_hears_the_operator_is_told_once_in_five_minutes() {
    with_server(&async |world, server| {
        let lead = world.staff(Role::Lead).await;
        let spark = world.platform("spark").await;
        for n in 0..12 {
            let mut body = full(&format!("PG-{n}"));
            body["answers"] = json!({"not_safe_now": "yes"});
            body["reporter"]["platform_account_ref"] = json!(format!("reporter-{n}"));
            spark.submit(&body).await;
        }
        world.pass(120);
        world.run_jobs().await;
        assert_eq!(to(server, 0), ["operator"]);
        // Whoever takes the case of the first ring leaves eleven that ring.
        lead.take(&lead.case_of("PG-0").await).await;
        world.pass(300);
        world.run_jobs().await;
        assert_eq!(to(server, 0).len(), 2);
    });
}

#[test]
fn when_each_address_of_a_ring_is_refused_the_next_ones_up_are_told_at_once() {
    with_server(&async |world, server| {
        for name in ["refused-1", "refused-2"] {
            let who = world.staff(Role::Advocate).await;
            reachable(&world, &who, &format!("{name}@staff.example"), 24).await;
        }
        let lead = world.staff(Role::Lead).await;
        reachable(&world, &lead, "lead@staff.example", 0).await;
        submit_p0(&world).await;
        world.pass(120);
        world.run_jobs().await;
        world.run_jobs().await;
        assert_eq!(to(server, 0), ["lead"]);
        // The lead heard: the safeguarding leads are not called for the two who never do.
        world.run_jobs().await;
        assert_eq!(rungs(&world, &lead).await, ["on_call", "lead"]);
    });
}

#[test]
fn when_the_address_of_the_last_one_up_is_refused_the_operator_hears_at_once() {
    with_server(&async |world, server| {
        let on_call = world.staff(Role::Advocate).await;
        world.on_rota(&on_call, 24).await;
        let high = world.staff(Role::SafeguardingLead).await;
        reachable(&world, &high, "refused-1@staff.example", 0).await;
        submit_p0(&world).await;
        world.pass(120);
        for _ in 0..4 {
            world.run_jobs().await;
        }
        assert_eq!(to(server, 0), ["operator"]);
    });
}

#[test]
fn a_clock_of_a_case_whose_holder_hears_nothing_is_told_to_others() {
    for address in [None, Some("refused-1@staff.example")] {
        with_server(&async |world, server| {
            let holder = world.staff(Role::Advocate).await;
            let other = world.staff(Role::Advocate).await;
            reachable(&world, &other, "other@staff.example", 24).await;
            let lead = world.staff(Role::Lead).await;
            reachable(&world, &lead, "lead@staff.example", 0).await;
            if let Some(address) = address {
                reachable(&world, &holder, address, 0).await;
            }
            submit_p0(&world).await;
            let case = holder.case_of("PG-1").await;
            holder.take(&case).await;
            // First contact is due at 30 minutes; somebody is told at 22:30.
            for _ in 0..5 {
                holder.act(&case, "heartbeat", &json!({})).await.expect(200);
                world.pass(280);
                world.run_jobs().await;
            }
            world.run_jobs().await;
            let told = to(server, 0);
            assert!(!told.is_empty() && !told.contains(&"refused-1".to_owned()), "{address:?}: {told:?}");
        });
    }
}

#[test]
fn a_wall_is_told_to_nobody_whom_the_case_names_and_else_to_the_operator() {
    with_server(&async |world, server| {
        submit_p0(&world).await;
        let met = world.staff(Role::Lead).await;
        let case = met.case_of("PG-1").await;
        let silent = world.staff(Role::SafeguardingLead).await;
        let named = world.staff(Role::SafeguardingLead).await;
        reachable(&world, &named, "named@staff.example", 0).await;
        let other = world.staff(Role::Advocate).await;
        for who in [&met, &named, &other] {
            let name = who.username.clone();
            let number = Identifier::new(IdentifierKind::Phone, "+447700900123");
            world.app.write(TEST, move |tx| colleagues::declare(tx, &name, &number)).await.unwrap();
        }
        met.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
        world.run_jobs().await;
        assert_eq!(to(server, 0), ["operator"], "neither whom it names, nor {} who has no address", silent.username);
        let high = world.staff(Role::SafeguardingLead).await;
        reachable(&world, &high, "high@staff.example", 0).await;
        other.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
        world.run_jobs().await;
        assert_eq!(to(server, 1), ["high"]);
        assert_eq!(dead(&world).await, 0);
    });
}

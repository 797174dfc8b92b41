//! The matrix: every operation of the API document, called by everybody, on what is theirs, somebody else's and nobody's.

use std::collections::BTreeSet;

use recourse::domain::access::{self, Act};
use recourse::domain::people::partners::PartnerScope;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::domain::triage::Queue;
use recourse::web::endpoints::{self, Precondition};
use reqwest::Method;
use serde_json::json;

use crate::harness::client::Caller;
use crate::harness::operations::{Ids, Operation, call, documented, told};
use crate::harness::{World, on_both};
use crate::stage::Stage;

/// What an operation answers to those who call it on something of their own.
#[derive(Clone, Copy)]
enum Who {
    /// The same to everybody, whatever they bring.
    Anyone(u16),
    /// To a platform with the scope; 403 without it; 401 to all others.
    Platform(Option<Scope>, u16),
    /// 200 to a service with the scope; 403 without it; 401 to all others.
    Partner(PartnerScope),
    /// To advocate, lead, safeguarding lead, auditor, administrator; 401 to all others.
    Staff([u16; 5]),
}

pub(crate) const ROLES: [Role; 5] =
    [Role::Advocate, Role::Lead, Role::SafeguardingLead, Role::Auditor, Role::Administrator];

/// The policy, operation by operation. An administrator sees no case, so any case is "not there" for them.
const TABLE: [(&str, Who); 89] = {
    use PartnerScope::{ReferralsRead, ReferralsWrite};
    use Scope::{ReportsRead, ReportsWrite, RequestsWrite, WebhooksManage};
    use Who::{Anyone, Partner, Platform, Staff};
    [
        ("healthz", Anyone(200)),
        ("readyz", Anyone(200)),
        ("get_api_document", Anyone(200)),
        ("list_problems", Anyone(200)),
        ("issue_token", Anyone(401)),
        ("sign_in", Anyone(401)),
        ("get_status", Platform(None, 200)),
        ("list_categories", Platform(None, 200)),
        ("submit_report", Platform(Some(ReportsWrite), 201)),
        ("submit_reports", Platform(Some(ReportsWrite), 207)),
        ("list_reports", Platform(Some(ReportsRead), 200)),
        ("get_report", Platform(Some(ReportsRead), 200)),
        ("add_to_report", Platform(Some(ReportsWrite), 201)),
        ("ask_withdrawal", Platform(Some(ReportsWrite), 202)),
        ("list_requests", Platform(Some(RequestsWrite), 200)),
        ("get_request", Platform(Some(RequestsWrite), 200)),
        ("answer_request", Platform(Some(RequestsWrite), 200)),
        ("list_events", Platform(Some(ReportsRead), 200)),
        ("get_event", Platform(Some(ReportsRead), 200)),
        ("replay_event", Platform(Some(ReportsRead), 202)),
        ("replay_events", Platform(Some(ReportsRead), 202)),
        ("list_webhook_endpoints", Platform(Some(WebhooksManage), 200)),
        ("create_webhook_endpoint", Platform(Some(WebhooksManage), 201)),
        ("get_webhook_endpoint", Platform(Some(WebhooksManage), 200)),
        ("delete_webhook_endpoint", Platform(Some(WebhooksManage), 204)),
        ("rotate_webhook_endpoint", Platform(Some(WebhooksManage), 200)),
        ("test_webhook_endpoint", Platform(Some(WebhooksManage), 202)),
        ("enable_webhook_endpoint", Platform(Some(WebhooksManage), 200)),
        ("list_partner_referrals", Partner(ReferralsRead)),
        ("read_partner_referral", Partner(ReferralsRead)),
        ("accept_partner_referral", Partner(ReferralsWrite)),
        ("decline_partner_referral", Partner(ReferralsWrite)),
        ("contacted_partner_referral", Partner(ReferralsWrite)),
        ("unable_to_contact_partner_referral", Partner(ReferralsWrite)),
        ("close_partner_referral", Partner(ReferralsWrite)),
        ("acknowledge_partner_referral", Partner(ReferralsWrite)),
        ("set_capacity", Partner(ReferralsWrite)),
        //                 advocate, lead, safeguarding lead, auditor, administrator
        ("sign_out", Staff([204, 204, 204, 204, 204])),
        ("list_sessions", Staff([200, 200, 200, 200, 200])),
        ("end_other_sessions", Staff([204, 204, 204, 204, 204])),
        // Nobody's session is there for anybody else.
        ("end_session", Staff([404, 404, 404, 404, 404])),
        // A wrong password is told to whoever is signed in.
        ("change_password", Staff([422, 422, 422, 422, 422])),
        ("list_colleagues", Staff([403, 200, 200, 403, 403])),
        ("open_second_factor", Staff([403, 200, 200, 403, 403])),
        ("public_services", Anyone(200)),
        ("list_services", Staff([200, 200, 200, 200, 200])),
        ("get_service", Staff([200, 200, 200, 200, 200])),
        ("check_service", Staff([403, 200, 200, 403, 403])),
        ("list_consents", Staff([200, 200, 200, 200, 404])),
        ("record_consent", Staff([201, 201, 201, 403, 404])),
        ("narrow_consent", Staff([200, 200, 200, 403, 404])),
        ("withdraw_consent", Staff([200, 200, 200, 403, 404])),
        ("list_all_referrals", Staff([403, 200, 200, 403, 403])),
        ("list_referrals", Staff([200, 200, 200, 200, 404])),
        ("draft_referral", Staff([201, 201, 201, 403, 404])),
        ("send_referral", Staff([200, 200, 200, 403, 404])),
        // Nobody asked for a second person.
        ("sign_referral", Staff([403, 409, 409, 403, 404])),
        ("withdraw_referral", Staff([200, 200, 200, 403, 404])),
        ("answer_referral_by_phone", Staff([200, 200, 200, 403, 404])),
        ("replace_referral", Staff([200, 200, 200, 403, 404])),
        ("share_with_referral", Staff([200, 200, 200, 403, 404])),
        ("route_case", Staff([200, 200, 200, 403, 404])),
        ("list_queues", Staff([200, 200, 200, 200, 403])),
        ("claim_next", Staff([200, 200, 200, 403, 403])),
        ("claim_most_urgent", Staff([200, 200, 200, 403, 403])),
        ("list_late_matches", Staff([403, 200, 200, 403, 403])),
        ("list_cases", Staff([200, 200, 200, 200, 403])),
        ("get_case", Staff([200, 200, 200, 200, 404])),
        ("get_timeline", Staff([200, 200, 200, 200, 404])),
        ("list_related", Staff([200, 200, 200, 200, 404])),
        ("list_offers", Staff([200, 200, 200, 200, 404])),
        ("claim_case", Staff([200, 200, 200, 403, 404])),
        ("keep_claim", Staff([200, 200, 200, 403, 404])),
        ("release_case", Staff([200, 200, 200, 403, 404])),
        ("pass_case", Staff([200, 200, 200, 403, 404])),
        ("assign_case", Staff([403, 200, 200, 403, 404])),
        ("hand_over_case", Staff([200, 200, 200, 403, 404])),
        ("list_hand_overs", Staff([200, 200, 200, 200, 403])),
        ("move_case", Staff([200, 200, 200, 403, 404])),
        ("write_note", Staff([201, 201, 201, 403, 404])),
        ("record_wishes", Staff([200, 200, 200, 403, 404])),
        ("change_priority", Staff([200, 200, 200, 403, 404])),
        ("decide_case", Staff([200, 200, 200, 403, 404])),
        ("ask_platform", Staff([200, 200, 200, 403, 404])),
        ("link_cases", Staff([200, 200, 200, 403, 404])),
        ("list_acts", Staff([200, 200, 200, 200, 403])),
        ("approve_act", Staff([403, 200, 200, 403, 404])),
        ("refuse_act", Staff([403, 200, 200, 403, 404])),
        // Somebody else proposed it.
        ("withdraw_act", Staff([403, 403, 403, 403, 404])),
    ]
};

/// A platform's credential that lacks one scope.
async fn lacking(world: &World, scope: Scope) -> Caller {
    let others: Vec<Scope> = Scope::ALL.iter().copied().filter(|other| *other != scope).collect();
    world.platform_with("spark", Mode::Live, others.leak()).await.caller
}

async fn check_platform(world: &World, stage: &Stage, operation: &Operation, scope: Option<Scope>, own: u16) {
    let name = &operation.id;
    let ids = stage.fresh(operation).await;
    for role in ROLES {
        let answer = call(&world.staff(role).await.caller, operation, &ids).await;
        assert_eq!((answer.status, answer.code()), (401, "credential_invalid".to_owned()), "{name} by {role:?}");
    }
    if let Some(scope) = scope {
        let poor = lacking(world, scope).await;
        for ids in [&ids, &Ids::missing(operation)] {
            let answer = call(&poor, operation, ids).await;
            assert_eq!((answer.status, answer.code()), (403, "scope_missing".to_owned()), "{name} without {scope:?}");
        }
    }
    if operation.path.contains("{id}") {
        for (whose, caller) in [("another platform", &stage.meetly.caller), ("test mode", &stage.trial.caller)] {
            let foreign = call(caller, operation, &ids).await;
            assert_eq!(foreign.status, 404, "{name} by {whose}");
            let missing = call(caller, operation, &Ids::missing(operation)).await;
            assert_eq!(told(&foreign), told(&missing), "{name} by {whose}");
        }
        assert_eq!(call(&stage.spark.caller, operation, &Ids::missing(operation)).await.status, 404, "{name} missing");
    } else {
        for caller in [&stage.meetly.caller, &stage.trial.caller] {
            call(caller, operation, &ids).await.expect(own);
        }
    }
    assert_eq!(call(&stage.spark.caller, operation, &ids).await.status, own, "{name} by its platform");
}

async fn check_partner(world: &World, stage: &Stage, operation: &Operation, scope: PartnerScope) {
    let (name, ids) = (&operation.id, stage.fresh(operation).await);
    for role in ROLES {
        let answer = call(&world.staff(role).await.caller, operation, &ids).await;
        assert_eq!((answer.status, answer.code()), (401, "credential_invalid".to_owned()), "{name} by {role:?}");
    }
    for platform in [&stage.spark, &stage.trial, &stage.meetly] {
        let answer = call(&platform.caller, operation, &ids).await;
        assert_eq!((answer.status, answer.code()), (401, "credential_invalid".to_owned()), "{name} by a platform");
    }
    let others: Vec<PartnerScope> = PartnerScope::ALL.iter().copied().filter(|other| *other != scope).collect();
    let poor = world.partner("harbour", Mode::Live, others.leak()).await;
    for ids in [&ids, &Ids::missing(operation)] {
        let answer = call(&poor.caller, operation, ids).await;
        assert_eq!((answer.status, answer.code()), (403, "scope_missing".to_owned()), "{name} without {scope:?}");
    }
    for (slug, mode) in [("lantern", Mode::Live), ("harbour", Mode::Test)] {
        let other = world.partner(slug, mode, PartnerScope::ALL).await;
        let foreign = call(&other.caller, operation, &ids).await;
        if operation.path.contains("{id}") {
            let missing = call(&other.caller, operation, &Ids::missing(operation)).await;
            assert_eq!(foreign.status, 404, "{name} by {slug} {mode:?}");
            assert_eq!(told(&foreign), told(&missing), "{name} by {slug} {mode:?}");
        } else {
            foreign.expect(200);
        }
    }
    let own = call(&stage.harbour.as_ref().unwrap().caller, operation, &ids).await;
    assert_eq!(own.status, 200, "{name} by its service: {}", own.text);
}

async fn check_staff(world: &World, stage: &Stage, operation: &Operation, by_role: [u16; 5]) {
    let name = &operation.id;
    let on_case = operation.path.starts_with("/v1/triage/cases/{id}");
    let harbour = &stage.harbour.as_ref().unwrap().caller;
    for caller in [&stage.spark.caller, &stage.trial.caller, &stage.meetly.caller, harbour] {
        let answer = call(caller, operation, &stage.fresh(operation).await).await;
        assert_eq!((answer.status, answer.code()), (401, "credential_invalid".to_owned()), "{name} by a platform");
    }
    for (role, expected) in ROLES.into_iter().zip(by_role) {
        let who = world.staff(role).await;
        let ids = stage.fresh(operation).await;
        if on_case {
            let missing = call(&who.caller, operation, &Ids::missing(operation)).await;
            assert_eq!(missing.status, 404, "{name} by {role:?} on nothing");
        }
        if matches!(
            name.as_str(),
            "keep_claim"
                | "release_case"
                | "pass_case"
                | "hand_over_case"
                | "move_case"
                | "decide_case"
                | "ask_platform"
                | "record_consent"
                | "draft_referral"
                | "send_referral"
                | "replace_referral"
                | "share_with_referral"
        ) {
            let unheld = call(&who.caller, operation, &ids).await;
            let lost = if expected < 300 { 409 } else { expected };
            assert_eq!(unheld.status, lost, "{name} by {role:?} without a claim");
            who.act(&ids.id, "claim", &json!({})).await;
        }
        let on_referral = operation.path.contains("/referrals") && operation.method == Method::POST;
        if on_referral || matches!(name.as_str(), "decide_case" | "approve_act") {
            // Whoever closes or signs has read it, if they may.
            who.caller.get(&format!("/v1/triage/cases/{}", ids.id)).await;
        }
        let answer = call(&who.caller, operation, &ids).await;
        assert_eq!(answer.status, expected, "{name} by {role:?}: {}", answer.text);
        if expected == 404 {
            let missing = call(&who.caller, operation, &Ids::missing(operation)).await;
            assert_eq!(told(&answer), told(&missing), "{name} by {role:?}");
        }
    }
    if on_case || operation.path.contains("{queue}") {
        let elsewhere = world.staff_with(Role::SafeguardingLead, vec![Queue::Fraud]).await;
        let outside = call(&elsewhere.caller, operation, &stage.fresh(operation).await).await;
        assert_eq!(outside.status, 404, "{name} without the queue");
        if on_case {
            let missing = call(&elsewhere.caller, operation, &Ids::missing(operation)).await;
            assert_eq!(told(&outside), told(&missing), "{name} without the queue");
        }
    }
}

#[test]
fn every_operation_answers_everybody_as_the_table_says() {
    on_both(|world| async move {
        let mut stage = Stage::set(&world).await;
        let services = ["harbour", "lantern"].map(crate::directory::entry).to_vec();
        crate::directory::stand(&world, services, &["harbour", "lantern"]).await;
        stage.harbour = Some(world.partner("harbour", Mode::Live, PartnerScope::ALL).await);
        for operation in documented() {
            let (_, who) = TABLE.iter().find(|(id, _)| *id == operation.id).unwrap();
            let nothing = Ids::missing(&operation);
            let nobody = call(&world.caller(""), &operation, &nothing).await;
            match who {
                Who::Anyone(status) => assert_eq!(nobody.status, *status, "{operation:?} by nobody"),
                _ => {
                    assert_eq!((nobody.status, nobody.code()), (401, "credential_missing".to_owned()), "{operation:?}");
                }
            }
            for (name, caller) in &stage.broken {
                let answer = call(caller, &operation, &nothing).await;
                match who {
                    Who::Anyone(status) => assert_eq!(answer.status, *status, "{operation:?} with {name}"),
                    _ => assert_eq!(answer.code(), "credential_invalid", "{operation:?} with {name}"),
                }
            }
            match who {
                Who::Anyone(_) => {}
                Who::Partner(scope) => check_partner(&world, &stage, &operation, *scope).await,
                Who::Platform(scope, own) => check_platform(&world, &stage, &operation, *scope, *own).await,
                Who::Staff(by_role) => check_staff(&world, &stage, &operation, *by_role).await,
            }
        }
    });
}

#[test]
fn document_table_and_routes_name_the_same_operations() {
    let documented = documented();
    let ids: BTreeSet<&str> = documented.iter().map(|operation| operation.id.as_str()).collect();
    let rows: BTreeSet<&str> = TABLE.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, rows, "left: the document, right: the table of this test");
    assert_eq!(rows.len(), TABLE.len(), "a row stands twice");
    let described: BTreeSet<String> =
        documented.iter().map(|o| format!("{} {} {} {}", o.method, o.path, o.keyed, o.conditional)).collect();
    let routed: BTreeSet<String> = endpoints::all()
        .iter()
        .map(|row| {
            let conditional = row.precondition == Precondition::Required;
            format!("{} {} {} {conditional}", row.method, row.path, row.keyed)
        })
        .collect();
    assert_eq!(described, routed, "left: the document, right: the routes");
    assert_eq!(routed.len(), endpoints::all().len(), "an operation has two rows");
}

#[test]
fn the_policy_for_cases_is_as_written() {
    insta::assert_snapshot!(access::table());
}

#[test]
fn the_table_for_people_is_the_policy() {
    let table: Vec<Vec<&str>> = include_str!("../../docs/access.md")
        .lines()
        .skip_while(|line| !line.starts_with("| act |"))
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let roles: Vec<String> = Role::ALL.iter().map(|role| role.as_str().replace('_', " ")).collect();
    assert_eq!(table[0][1..], roles);
    let written = table[2..].iter().map(|row| {
        // What belongs to an act stands behind its name.
        let name = row[0].split([' ', ':', ',']).next().unwrap();
        [&[name], &row[1..]].concat()
    });
    let decided = Act::ALL.iter().map(|act| {
        let cell = |role: &Role| match [Queue::Children, Queue::Other].map(|queue| access::allows(*role, queue, *act)) {
            [true, true] if act.needs_claim() => "claim",
            [true, true] => "yes",
            [false, true] => "yes, not for children",
            [false, false] => "–",
            [true, false] => panic!("{} may do {} for children alone", role.as_str(), act.as_str()),
        };
        [vec![act.as_str()], Role::ALL.iter().map(cell).collect()].concat()
    });
    assert_eq!(written.collect::<Vec<_>>(), decided.collect::<Vec<_>>());
}
